//! The limits of the number of connections.
//!
//! When a limit is reached, a new connection displaces a connection without a request in progress: one that has not sent
//! a request yet, or else one that is idle after a response. So silent and idle connections do not prevent new
//! connections. If all connections have a request in progress, the new connection is refused.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use crate::http::rate_limit::network_of;

#[derive(Clone, Copy, Debug)]
pub(in crate::node) struct Limits {
    /// Maximum number of connections.
    pub(in crate::node) total: usize,
    /// Maximum number of connections of one IPv4 address or one /64 network of IPv6.
    pub(in crate::node) per_address: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Total,
    Address,
}

impl Refusal {
    /// The label in the metrics.
    pub(super) fn label(self) -> &'static str {
        match self {
            Refusal::Total => "total",
            Refusal::Address => "address",
        }
    }

    pub(super) fn advice(self) -> &'static str {
        match self {
            Refusal::Total => "there are too many connections; if this is normal load, raise --max-connections and the limit of open files",
            Refusal::Address => {
                "its address has too many connections; if this is normal load, raise --max-connections-per-address; if this is the \
                 address of your proxy, give it to --trusted-proxy"
            }
        }
    }
}

pub(super) struct Connections {
    limits: Limits,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    last_number: u64,
    /// All open connections.
    open: HashMap<u64, Open>,
    of_addresses: HashMap<IpAddr, usize>,
    /// The connections that have not sent a request yet.
    unused: Waiting,
    /// The connections that have no request in progress after a response.
    idle: Waiting,
}

struct Open {
    owner: Owner,
    /// `None` while a request is in progress.
    position: Option<Position>,
    displaced: CancellationToken,
}

/// The client that a connection counts for. A connection of a trusted proxy counts for itself alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Owner {
    Address(IpAddr),
    Proxy(u64),
}

#[derive(Clone, Copy)]
struct Position {
    used: bool,
    /// The number of the event after which the connection began to wait.
    number: u64,
}

/// The permission for one connection. The connection counts until this value is dropped, or until it is displaced.
pub(super) struct Admission {
    connections: Arc<Connections>,
    id: u64,
    displaced: CancellationToken,
}

impl Connections {
    pub(super) fn new(limits: Limits) -> Connections {
        Connections { limits, state: Mutex::default() }
    }

    /// Admits a connection from `address`, or from a trusted proxy if `address` is `None`.
    pub(super) fn admit(self: &Arc<Connections>, address: Option<IpAddr>) -> Result<Admission, Refusal> {
        let mut state = self.lock();
        state.last_number += 1;
        let id = state.last_number;
        let owner = address.map_or(Owner::Proxy(id), |address| Owner::Address(network_of(address)));
        if state.count_of(owner) >= self.limits.per_address {
            let first = state.unused.first_of(owner).or_else(|| state.idle.first_of(owner));
            state.displace(first.ok_or(Refusal::Address)?);
        } else if state.open.len() >= self.limits.total {
            let first = state.unused.first().or_else(|| state.idle.first());
            state.displace(first.ok_or(Refusal::Total)?);
        }
        let displaced = CancellationToken::new();
        state.open.insert(id, Open { owner, position: None, displaced: displaced.clone() });
        state.place(id, false);
        if let Owner::Address(address) = owner {
            *state.of_addresses.entry(address).or_default() += 1;
        }
        Ok(Admission { connections: self.clone(), id, displaced })
    }

    /// Closes a connection that has not sent a request yet, so that its descriptor becomes free.
    pub(super) fn displace_unused(&self) {
        let mut state = self.lock();
        if let Some(id) = state.unused.first() {
            state.displace(id);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Returns the number of open connections of a client.
    fn count_of(&self, owner: Owner) -> usize {
        match owner {
            Owner::Address(address) => self.of_addresses.get(&address).copied().unwrap_or(0),
            Owner::Proxy(_) => 0,
        }
    }

    /// From now on, other connections may displace this connection.
    fn place(&mut self, id: u64, used: bool) {
        self.last_number += 1;
        let position = Position { used, number: self.last_number };
        if let Some(open) = self.open.get_mut(&id) {
            open.position = Some(position);
            let waiting = if used { &mut self.idle } else { &mut self.unused };
            waiting.insert(open.owner, position.number, id);
        }
    }

    /// From now on, no other connection displaces this connection.
    fn unplace(&mut self, id: u64) {
        if let Some(open) = self.open.get_mut(&id)
            && let Some(Position { used, number }) = open.position.take()
        {
            let waiting = if used { &mut self.idle } else { &mut self.unused };
            waiting.remove(open.owner, number);
        }
    }

    fn displace(&mut self, id: u64) {
        if let Some(open) = self.open.get(&id) {
            open.displaced.cancel();
        }
        self.remove(id);
    }

    fn remove(&mut self, id: u64) {
        self.unplace(id);
        let Some(Open { owner: Owner::Address(address), .. }) = self.open.remove(&id) else { return };
        if let Some(count) = self.of_addresses.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                self.of_addresses.remove(&address);
            }
        }
    }
}

/// The connections that other connections may displace. The client that has the most of them loses its oldest one first.
/// So a client with many silent or idle connections does not displace those of clients with few.
#[derive(Default)]
struct Waiting {
    /// The identifiers of the connections of each client. The keys of the inner map are the numbers of their positions.
    of_owners: HashMap<Owner, BTreeMap<u64, u64>>,
    /// Each client with the number of its connections and the position of its oldest connection. The last item is the
    /// client that loses a connection first.
    order: BTreeSet<(usize, Reverse<u64>, Owner)>,
}

impl Waiting {
    fn insert(&mut self, owner: Owner, number: u64, id: u64) {
        self.change(owner, |connections| {
            connections.insert(number, id);
        });
    }

    fn remove(&mut self, owner: Owner, number: u64) {
        self.change(owner, |connections| {
            connections.remove(&number);
        });
    }

    fn change(&mut self, owner: Owner, change: impl FnOnce(&mut BTreeMap<u64, u64>)) {
        let connections = self.of_owners.entry(owner).or_default();
        let rank = |connections: &BTreeMap<u64, u64>| Some((connections.len(), Reverse(*connections.first_key_value()?.0), owner));
        if let Some(before) = rank(connections) {
            self.order.remove(&before);
        }
        change(connections);
        match rank(connections) {
            Some(after) => drop(self.order.insert(after)),
            None => drop(self.of_owners.remove(&owner)),
        }
    }

    fn first(&self) -> Option<u64> {
        self.first_of(self.order.last()?.2)
    }

    fn first_of(&self, owner: Owner) -> Option<u64> {
        self.of_owners.get(&owner)?.values().next().copied()
    }
}

impl Admission {
    /// A request has begun. No other connection displaces this connection while it has a request in progress.
    pub(super) fn request_begins(&self) {
        self.connections.lock().unplace(self.id);
    }

    /// A request has ended. `is_idle` returns whether no request is in progress. It is called under the lock of
    /// [`Admission::request_begins`], because another request may begin at the same time.
    pub(super) fn request_ended(&self, is_idle: impl FnOnce() -> bool) {
        let mut state = self.connections.lock();
        if state.open.get(&self.id).is_some_and(|open| open.position.is_none()) && is_idle() {
            state.place(self.id, true);
        }
    }

    /// From now on, the connection does not count.
    pub(super) fn end(&self) {
        self.connections.lock().remove(self.id);
    }

    /// Waits until another connection has displaced this connection.
    pub(super) async fn displaced(&self) {
        self.displaced.cancelled().await;
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connections(total: usize, per_address: usize) -> Arc<Connections> {
        Arc::new(Connections::new(Limits { total, per_address }))
    }

    fn address(last: u8) -> Option<IpAddr> {
        Some([192, 0, 2, last].into())
    }

    #[test]
    fn the_oldest_unused_connection_of_the_address_makes_room_for_a_new_one() {
        let connections = connections(10, 2);
        let others = connections.admit(address(9)).expect("admitted");
        let [first, second, third] = [0; 3].map(|_| connections.admit(address(1)).expect("admitted"));
        assert_eq!([&others, &first, &second, &third].map(|admission| admission.displaced.is_cancelled()), [false, true, false, false]);
        for used in [&second, &third] {
            used.request_begins();
        }
        assert_eq!(connections.admit(address(1)).err(), Some(Refusal::Address));
        assert!(connections.admit(address(2)).is_ok());
        drop((first, second));
        assert!(connections.admit(address(1)).is_ok(), "one connection has ended");
    }

    #[test]
    fn the_oldest_unused_connection_of_any_address_makes_room_if_there_are_too_many_in_total() {
        let connections = connections(2, 2);
        let [first, second] = [1, 2].map(|last| connections.admit(address(last)).expect("admitted"));
        first.request_begins();
        let third = connections.admit(address(3)).expect("admitted");
        assert!(!first.displaced.is_cancelled() && second.displaced.is_cancelled());
        third.request_begins();
        assert_eq!(connections.admit(address(4)).err(), Some(Refusal::Total));
        drop(second);
        assert_eq!(connections.admit(address(4)).err(), Some(Refusal::Total), "a displaced connection counts no more");
    }

    #[test]
    fn connections_of_trusted_proxies_and_of_networks_are_counted_as_documented() {
        let connections = connections(5, 1);
        let proxies = [0; 2].map(|_| connections.admit(None).expect("admitted"));
        let networks = ["2001:db8:1:1::1", "2001:db8:1:2::1"].map(|text| connections.admit(text.parse().ok()).expect("admitted"));
        for admission in proxies.iter().chain(&networks) {
            admission.request_begins();
        }
        assert_eq!(connections.admit("2001:db8:1:1::2".parse().ok()).err(), Some(Refusal::Address));
        drop((proxies, networks));
        let state = connections.lock();
        assert!(state.open.is_empty() && state.of_addresses.is_empty());
        assert!(state.unused.order.is_empty() && state.idle.order.is_empty() && state.idle.of_owners.is_empty());
    }

    #[test]
    fn an_address_with_many_silent_connections_displaces_its_own() {
        let connections = connections(3, 3);
        let [modest, first, second] = [1, 2, 2].map(|last| connections.admit(address(last)).expect("admitted"));
        let _new = connections.admit(address(2)).expect("admitted");
        assert_eq!([&modest, &first, &second].map(|admission| admission.displaced.is_cancelled()), [false, true, false]);
    }

    #[test]
    fn unused_connections_are_displaced_first_and_then_the_one_that_is_idle_longest() {
        let connections = connections(3, 3);
        let [first, second, third] = [1, 2, 3].map(|last| connections.admit(address(last)).expect("admitted"));
        for served in [&second, &first] {
            served.request_begins();
            served.request_ended(|| true);
        }
        let order = |expected: [bool; 3]| {
            assert_eq!([&first, &second, &third].map(|admission| admission.displaced.is_cancelled()), expected);
        };
        let fourth = connections.admit(address(4)).expect("admitted");
        fourth.request_begins();
        order([false, false, true]);
        let fifth = connections.admit(address(5)).expect("admitted");
        fifth.request_begins();
        order([false, true, true]);
        first.request_begins();
        first.request_ended(|| false);
        assert_eq!(connections.admit(address(7)).err(), Some(Refusal::Total), "a request is in progress on each connection");
    }
}
