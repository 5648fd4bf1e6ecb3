//! Limits for hosts that have not agreed to receive callbacks.
//!
//! Anyone can register a webhook with the URL of somebody else's server. So a new host gets few attempts at a time.
//! Each accepted callback raises both limits of its host. After [`LIFTED`] accepted callbacks, the host has no limit.
//! Failures lower the limits again. The limits hold on each node, for all webhooks and accounts together.
//!
//! A host is the name in a target URL or token URL, whatever the port. So a customer cannot get more attempts with many
//! ports of one server. But a customer can create any number of names for one address (a wildcard in DNS). So all names
//! that have accepted no callback yet also share the limits of their address. An accepted callback shows that the server
//! at this address knows the name, so the limits of the address then no longer apply to this name. A failure does not
//! lower the limits of an address. Otherwise a customer could slow down new hosts that share an address, for example
//! the address of a content delivery network.
//!
//! The owner of a name can let its own server accept callbacks, and then change the address of the name to that of
//! somebody else's server. So a host remembers the addresses at which it has accepted callbacks. When its name resolves to
//! a new address, its limits are lowered.
//!
//! A loopback or private address in a URL is a host together with its port. The operator has allowed this address, and
//! different ports usually belong to different servers.

use std::net::IpAddr;

use super::fair_queue::FairQueue;
use super::slot::Ended;
use super::*;

mod keys;

pub use keys::Hosts;
use keys::{key_of_address, key_of_name};

/// A host at this level has no limit.
const LIFTED: u32 = 1000;

/// All new hosts of one address have together this many times the limits of one new host.
const ADDRESS_FACTOR: usize = 4;

/// The highest level of an address. The limits of an address are never lifted, because a customer may create new names
/// for the address of a server that accepts the callbacks of others.
const MAX_ADDRESS_LEVEL: u32 = 48;

/// Maximum number of addresses of a host that are remembered. The oldest address is forgotten first.
const MAX_REMEMBERED_ADDRESSES: usize = 64;

/// The limits of a host are halved at most once in this time. Otherwise one failing webhook could keep a shared host at its lowest
/// level, although other webhooks at the host accept many callbacks.
const HALVING_INTERVAL: TimeDelta = TimeDelta::milliseconds(250);

/// While work waits for a host, the host is checked at least once in this time. Work of a deleted webhook takes no slot,
/// so no attempt that ends would cause the next check.
const CHECK_INTERVAL: TimeDelta = TimeDelta::seconds(1);
const MIN_CHECK_INTERVAL: TimeDelta = TimeDelta::milliseconds(10);

/// After each addition of this number of hosts, hosts that are like new hosts are removed.
const MAX_NEW_HOSTS: usize = 10_000;

/// Maximum number of hosts that are kept. If there are more, the hosts with the fewest accepted callbacks are removed.
/// They begin again as new hosts.
const MAX_KEPT_HOSTS: usize = 50_000;

/// The limits of a new host.
#[derive(Clone, Copy, Debug)]
pub struct NewHost {
    /// Maximum number of attempts in flight.
    pub attempts: usize,
    pub attempts_per_second: usize,
}

impl NewHost {
    pub const UNLIMITED: NewHost = NewHost { attempts: usize::MAX, attempts_per_second: usize::MAX };
}

#[derive(Debug)]
pub(super) struct HostLimits {
    new_host: NewHost,
    /// Hosts, and addresses of hosts that have accepted no callback yet.
    limits: HashMap<Arc<str>, Limit>,
    /// Hosts with waiting work, at which an attempt has ended.
    changed: HashSet<Arc<str>>,
    /// Hosts with waiting work, and the time of their next check.
    checks: BTreeSet<(DateTime<Utc>, Arc<str>)>,
    /// When there are this many hosts, some are removed.
    forget_at: usize,
}

#[derive(Debug)]
struct Limit {
    in_flight: usize,
    /// Each accepted callback raises the level by one, and each failure halves it.
    level: u32,
    halved_at: Option<DateTime<Utc>>,
    /// The number of attempts that may begin now. The number grows with time, up to the number of attempts of one second.
    /// An accepted callback returns the token that its attempt used, and adds the token by which it raises the maximum. So
    /// time limits only attempts that are not accepted.
    tokens: f64,
    counted_at: DateTime<Utc>,
    queue: FairQueue,
    check_at: Option<DateTime<Utc>>,
    /// The keys of the addresses whose limits also apply. The list is empty if the host has accepted a callback, or if
    /// its addresses are not known yet.
    addresses: Vec<Arc<str>>,
    accepted: bool,
    /// The keys of the addresses at which the host has accepted a callback.
    accepted_at: Vec<Arc<str>>,
    /// The keys of other addresses of a host that has accepted a callback. The level was lowered for each of them.
    other_addresses: Vec<Arc<str>>,
}

fn remember(addresses: &mut Vec<Arc<str>>, address: Arc<str>) {
    if !addresses.contains(&address) {
        if addresses.len() >= MAX_REMEMBERED_ADDRESSES {
            addresses.remove(0);
        }
        addresses.push(address);
    }
}

impl HostLimits {
    pub(super) fn new(new_host: NewHost) -> HostLimits {
        HostLimits { new_host, limits: HashMap::new(), changed: HashSet::new(), checks: BTreeSet::new(), forget_at: MAX_NEW_HOSTS }
    }
}

impl Default for HostLimits {
    fn default() -> HostLimits {
        HostLimits::new(NewHost::UNLIMITED)
    }
}

impl HostLimits {
    /// Returns the first limit that allows no further attempt now.
    pub(super) fn blocking(&mut self, hosts: &Hosts, now: DateTime<Utc>) -> Option<Arc<str>> {
        for key in hosts.0.iter() {
            let Some(host) = self.limits.get_mut(key) else { continue };
            if !host.has_room(key, self.new_host, now) {
                return Some(key.clone());
            }
            for address in host.addresses.clone() {
                if self.limits.get_mut(&address).is_some_and(|limit| !limit.has_room(&address, self.new_host, now)) {
                    return Some(address);
                }
            }
        }
        None
    }

    /// Returns whether each of the hosts has accepted a callback.
    pub(super) fn have_accepted(&self, hosts: &Hosts) -> bool {
        hosts.0.iter().all(|key| self.limits.get(key).is_some_and(|host| host.accepted))
    }

    /// Counts an attempt that begins.
    pub(super) fn begin(&mut self, hosts: &Hosts, now: DateTime<Utc>) {
        self.forget(now);
        for key in hosts.0.iter() {
            let host = self.entry(key, now);
            host.in_flight += 1;
            host.tokens = (host.tokens - 1.0).max(0.0);
            for address in host.addresses.clone() {
                let limit = self.entry(&address, now);
                limit.in_flight += 1;
                limit.tokens = (limit.tokens - 1.0).max(0.0);
            }
        }
    }

    /// Counts an attempt that has ended. `ended` is `None` if the attempt was not made.
    pub(super) fn end(&mut self, hosts: &Hosts, ended: Option<Ended>) {
        // The first host is that of the target URL, the last host is that of the token URL.
        let last = hosts.0.len().saturating_sub(1);
        for (position, key) in hosts.0.iter().enumerate() {
            let Some(host) = self.limits.get_mut(key) else { continue };
            host.in_flight -= 1;
            let address = ended.and_then(|ended| ended.reached.address).filter(|_| position == 0).map(key_of_address);
            match ended {
                Some(Ended { accepted: false, at, reached }) => {
                    if position == if reached.failed_at_token_url { last } else { 0 } {
                        host.failed(address, at);
                    }
                }
                Some(Ended { accepted: true, .. }) => {
                    host.level = (host.level + 1).min(LIFTED);
                    host.tokens += 2.0;
                    if let Some(address) = address {
                        remember(&mut host.accepted_at, address);
                    }
                }
                None => host.tokens += 1.0,
            }
            let is_first = ended.is_some_and(|ended| ended.accepted) && !host.accepted;
            host.accepted |= is_first;
            let (counted, addresses) = (1 + if is_first { host.in_flight } else { 0 }, host.addresses.clone());
            if is_first {
                host.addresses.clear();
            }
            self.note_change(key);
            for address in addresses {
                if let Some(limit) = self.limits.get_mut(&address) {
                    limit.in_flight -= counted;
                    if ended.is_none() {
                        limit.tokens += 1.0;
                    }
                    if is_first {
                        limit.level = (limit.level + 1).min(MAX_ADDRESS_LEVEL);
                        limit.tokens += 2.0;
                    }
                }
                self.note_change(&address);
            }
        }
    }

    /// Stores the addresses of a name that was just resolved for an attempt. Returns whether the limits of these
    /// addresses allow the attempt to connect.
    pub(super) fn resolved(&mut self, name: &str, addresses: &[IpAddr], now: DateTime<Utc>) -> bool {
        let key = key_of_name(name);
        let host = self.entry(&key, now);
        let mut current: Vec<Arc<str>> = addresses.iter().map(|address| key_of_address(*address)).collect();
        current.sort_unstable();
        current.dedup();
        if host.accepted {
            host.note_addresses(current);
            return true;
        }
        let in_flight = host.in_flight;
        let previous_addresses = std::mem::replace(&mut host.addresses, current.clone());
        if previous_addresses != current {
            for address in &current {
                self.entry(address, now).in_flight += in_flight;
            }
            for address in &previous_addresses {
                if let Some(limit) = self.limits.get_mut(address) {
                    limit.in_flight -= in_flight;
                }
                self.note_change(address);
            }
        }
        // Attempts that began while the addresses were known have already used tokens of the addresses.
        let (is_new, new_host) = (previous_addresses != current, self.new_host);
        let may_connect = |limit: &mut Limit, key: &str| {
            limit.refill(key, new_host, now);
            (!is_new || limit.tokens >= 1.0) && limit.in_flight <= limit.max_in_flight(key, new_host)
        };
        let may_connect = current.iter().all(|address| may_connect(self.entry(address, now), address));
        // An attempt that may not connect returns this token when it ends.
        if is_new {
            current.iter().for_each(|address| self.entry(address, now).tokens -= in_flight as f64);
        }
        may_connect
    }

    /// Lets work wait for the host or address with this key.
    pub(super) fn wait(&mut self, key: &Arc<str>, account: &Arc<str>, work: WorkItem, now: DateTime<Utc>) {
        self.entry(key, now).queue.push(account, work);
        self.schedule_check(key, now);
    }

    /// Removes and returns work that no longer needs to wait for its host. Also returns work that no longer waits for
    /// another reason.
    pub(super) fn take_unblocked(&mut self, now: DateTime<Utc>) -> Vec<WorkItem> {
        let mut keys: HashSet<Arc<str>> = self.changed.drain().collect();
        // A check that seems to be much later was scheduled before the clock was set back.
        let is_due = |at: DateTime<Utc>| at <= now || at > now + CHECK_INTERVAL * 2;
        keys.extend(self.checks.iter().take_while(|(at, _)| is_due(*at)).map(|(_, key)| key.clone()));
        keys.extend(self.checks.iter().rev().take_while(|(at, _)| is_due(*at)).map(|(_, key)| key.clone()));
        let mut work_items = Vec::new();
        for key in keys {
            let Some(limit) = self.limits.get_mut(&key) else { continue };
            let count = limit.free(&key, self.new_host, now).min(limit.queue.len());
            work_items.extend((0..count).filter_map(|_| limit.queue.pop()));
            self.schedule_check(&key, now);
        }
        work_items
    }

    /// Returns the time at which [`HostLimits::take_unblocked`] may return work.
    pub(super) fn next_check(&self) -> Option<DateTime<Utc>> {
        if self.has_changed() { Some(DateTime::<Utc>::MIN_UTC) } else { self.checks.first().map(|(at, _)| *at) }
    }

    /// Returns whether an attempt has ended at a host for which work waits.
    pub(super) fn has_changed(&self) -> bool {
        !self.changed.is_empty()
    }

    fn note_change(&mut self, key: &Arc<str>) {
        if self.limits.get(key).is_some_and(|limit| limit.queue.len() > 0) {
            self.changed.insert(key.clone());
        }
    }

    fn entry(&mut self, key: &Arc<str>, now: DateTime<Utc>) -> &mut Limit {
        let new_host = self.new_host;
        self.limits.entry(key.clone()).or_insert_with(|| Limit::new(key, new_host, now))
    }

    fn schedule_check(&mut self, key: &Arc<str>, now: DateTime<Utc>) {
        let Some(limit) = self.limits.get_mut(key) else { return };
        let check_at = (limit.queue.len() > 0).then(|| now + limit.wait(key, self.new_host));
        let previous = std::mem::replace(&mut limit.check_at, check_at);
        if let Some(previous) = previous {
            self.checks.remove(&(previous, key.clone()));
        }
        if let Some(check_at) = check_at {
            self.checks.insert((check_at, key.clone()));
        }
    }

    /// Removes hosts if there are too many. A host is kept while it has attempts in flight, waiting work, or fewer
    /// attempts left than a new host. So no host gets more attempts because it is removed.
    fn forget(&mut self, now: DateTime<Utc>) {
        if self.limits.len() < self.forget_at {
            return;
        }
        let new_host = self.new_host;
        let may_be_removed = |key: &str, limit: &mut Limit| {
            limit.refill(key, new_host, now);
            limit.in_flight == 0 && limit.queue.len() == 0 && limit.tokens >= Limit::new(key, new_host, now).tokens
        };
        self.limits.retain(|key, limit| limit.level > 0 || !may_be_removed(key, limit));
        if self.limits.len() > MAX_KEPT_HOSTS {
            let mut levels: Vec<u32> = self.limits.values().map(|limit| limit.level).collect();
            let (_, &mut level, _) = levels.select_nth_unstable(self.limits.len() - MAX_KEPT_HOSTS / 2);
            self.limits.retain(|key, limit| limit.level > level || !may_be_removed(key, limit));
        }
        self.forget_at = self.limits.len() + MAX_NEW_HOSTS;
    }
}

impl Limit {
    fn new(key: &str, new_host: NewHost, now: DateTime<Utc>) -> Limit {
        let mut limit = Limit {
            in_flight: 0,
            level: 0,
            halved_at: None,
            tokens: 0.0,
            counted_at: now,
            queue: FairQueue::default(),
            check_at: None,
            addresses: Vec::new(),
            accepted: false,
            accepted_at: Vec::new(),
            other_addresses: Vec::new(),
        };
        limit.tokens = limit.max_tokens(key, new_host);
        limit
    }

    fn base(&self, key: &str, of_new_host: usize) -> usize {
        if key.starts_with('@') { of_new_host.saturating_mul(ADDRESS_FACTOR) } else { of_new_host }
    }

    fn max_in_flight(&self, key: &str, new_host: NewHost) -> usize {
        self.base(key, new_host.attempts).saturating_add(self.level as usize)
    }

    fn per_second(&self, key: &str, new_host: NewHost) -> f64 {
        (self.base(key, 1) + self.level as usize) as f64 * new_host.attempts_per_second as f64
    }

    fn max_tokens(&self, key: &str, new_host: NewHost) -> f64 {
        self.per_second(key, new_host).max(self.max_in_flight(key, new_host) as f64)
    }

    fn refill(&mut self, key: &str, new_host: NewHost, now: DateTime<Utc>) {
        // If the clock was set back, no time has passed.
        let seconds = (now - self.counted_at).as_seconds_f64().max(0.0);
        let tokens = self.tokens + seconds * self.per_second(key, new_host);
        self.tokens = tokens.min(self.max_tokens(key, new_host));
        self.counted_at = now;
    }

    /// Returns how many attempts may begin now.
    fn free(&mut self, key: &str, new_host: NewHost, now: DateTime<Utc>) -> usize {
        if self.level >= LIFTED {
            return usize::MAX;
        }
        self.refill(key, new_host, now);
        self.max_in_flight(key, new_host).saturating_sub(self.in_flight).min(self.tokens as usize)
    }

    fn has_room(&mut self, key: &str, new_host: NewHost, now: DateTime<Utc>) -> bool {
        self.free(key, new_host, now) > 0
    }

    /// Returns the time until the next check, if no attempt ends before that time.
    fn wait(&self, key: &str, new_host: NewHost) -> TimeDelta {
        if self.in_flight >= self.max_in_flight(key, new_host) {
            return CHECK_INTERVAL;
        }
        let seconds = (1.0 - self.tokens).max(0.0) / self.per_second(key, new_host);
        TimeDelta::microseconds((seconds * 1e6).ceil() as i64).clamp(MIN_CHECK_INTERVAL, CHECK_INTERVAL)
    }

    /// Lowers the level of a host that has accepted callbacks, if it has a new address, or only addresses at which it has
    /// not accepted a callback. The level is not lowered again for an address that is never used, for example the IPv6
    /// address of a host without IPv6.
    fn note_addresses(&mut self, current: Vec<Arc<str>>) {
        let all = current.len();
        let others: Vec<Arc<str>> = current.into_iter().filter(|address| !self.accepted_at.contains(address)).collect();
        if self.accepted_at.is_empty() || others.is_empty() {
            return;
        }
        if others.len() == all || others.iter().any(|address| !self.other_addresses.contains(address)) {
            self.level = self.level.min(MAX_ADDRESS_LEVEL);
        }
        others.into_iter().for_each(|address| remember(&mut self.other_addresses, address));
    }

    /// Lowers the level after a failure. `address` is the address to which the attempt was connected.
    fn failed(&mut self, address: Option<Arc<str>>, at: DateTime<Utc>) {
        if !self.accepted_at.is_empty() && address.is_some_and(|address| !self.accepted_at.contains(&address)) {
            self.level = self.level.min(MAX_ADDRESS_LEVEL);
        }
        self.halve(at);
    }

    fn halve(&mut self, at: DateTime<Utc>) {
        // If the clock was set back, the time since the last halving is negative.
        if self.halved_at.is_none_or(|halved_at| at - halved_at >= HALVING_INTERVAL || at < halved_at) {
            self.level /= 2;
            self.halved_at = Some(at);
        }
    }
}

#[cfg(test)]
mod tests;
