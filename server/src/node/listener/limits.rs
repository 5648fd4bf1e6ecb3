//! The limits of the number of connections.
//!
//! When a limit is reached, a new connection displaces the oldest connection that has not sent a request yet. So silent
//! connections keep nobody away, and connections that have been used stay open. If all connections have been used, the
//! new connection is refused.

use std::collections::{BTreeMap, HashMap};
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
                "its address has too many connections; if this is normal load, raise --max-connections-per-address; if the address is \
                 your proxy, name it with --trusted-proxy"
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
    next_id: u64,
    /// All open connections, with the address that they count for. A connection of a trusted proxy counts for no address.
    open: HashMap<u64, Option<IpAddr>>,
    of_addresses: HashMap<IpAddr, usize>,
    /// The connections that have not sent a request yet, in the order in which they were accepted.
    unused: BTreeMap<u64, CancellationToken>,
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
        let address = address.map(network_of);
        let mut state = self.lock();
        let of_address = address.and_then(|address| state.of_addresses.get(&address).copied()).unwrap_or(0);
        if address.is_some() && of_address >= self.limits.per_address {
            // This searches at most all open connections, which takes microseconds.
            let oldest = state.unused.keys().copied().find(|id| state.open.get(id) == Some(&address));
            state.displace(oldest.ok_or(Refusal::Address)?);
        } else if state.open.len() >= self.limits.total {
            let oldest = state.unused.keys().next().copied();
            state.displace(oldest.ok_or(Refusal::Total)?);
        }
        let id = state.next_id;
        state.next_id += 1;
        state.open.insert(id, address);
        if let Some(address) = address {
            *state.of_addresses.entry(address).or_default() += 1;
        }
        let displaced = CancellationToken::new();
        state.unused.insert(id, displaced.clone());
        Ok(Admission { connections: self.clone(), id, displaced })
    }

    /// Closes the oldest connection that has not sent a request yet, so that its descriptor becomes free.
    pub(super) fn displace_one(&self) {
        let mut state = self.lock();
        if let Some(oldest) = state.unused.keys().next().copied() {
            state.displace(oldest);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn displace(&mut self, id: u64) {
        if let Some(displaced) = self.unused.get(&id) {
            displaced.cancel();
        }
        self.remove(id);
    }

    fn remove(&mut self, id: u64) {
        self.unused.remove(&id);
        let Some(Some(address)) = self.open.remove(&id) else { return };
        if let Some(count) = self.of_addresses.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                self.of_addresses.remove(&address);
            }
        }
    }
}

impl Admission {
    /// From now on, no other connection displaces this connection.
    pub(super) fn is_used(&self) {
        self.connections.lock().unused.remove(&self.id);
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
            used.is_used();
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
        first.is_used();
        let third = connections.admit(address(3)).expect("admitted");
        assert!(!first.displaced.is_cancelled() && second.displaced.is_cancelled());
        third.is_used();
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
            admission.is_used();
        }
        assert_eq!(connections.admit("2001:db8:1:1::2".parse().ok()).err(), Some(Refusal::Address));
        drop((proxies, networks));
        let state = connections.lock();
        assert!(state.open.is_empty() && state.of_addresses.is_empty() && state.unused.is_empty());
    }
}
