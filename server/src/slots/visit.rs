//! Requests that need no slot, but count against the limits of their hosts: tests of a webhook and handshakes.

use std::net::IpAddr;

use super::*;

/// The permission to send one test or handshake. When this value is dropped, it no longer counts as in flight.
#[derive(Debug)]
pub struct Visit {
    slots: Arc<Slots>,
    hosts: Hosts,
    reached: Reached,
    ended: Option<Ended>,
}

impl Slots {
    /// Returns a permission if the limits of the hosts allow one more attempt now. Otherwise the caller may try again
    /// later.
    pub fn try_visit(self: &Arc<Self>, hosts: &Hosts, now: DateTime<Utc>) -> Option<Visit> {
        let mut state = self.lock();
        if state.hosts.blocking(hosts, now).is_some() {
            return None;
        }
        state.hosts.begin(hosts, now);
        Some(Visit { slots: self.clone(), hosts: hosts.clone(), reached: Reached::default(), ended: None })
    }

    /// Stores the addresses of a name that was just resolved for an attempt. Returns whether the attempt may connect.
    #[must_use]
    pub fn may_connect(&self, name: &str, addresses: &[IpAddr], now: DateTime<Utc>) -> bool {
        self.lock().hosts.resolved(name, addresses, now)
    }
}

impl Visit {
    /// Stores what the test or handshake has reached. Must be called before [`Visit::end`].
    pub fn set_reached(&mut self, reached: Reached) {
        self.reached = reached;
    }

    /// Stores how the test or handshake ended.
    pub fn end(mut self, accepted: bool, at: DateTime<Utc>) {
        self.ended = Some(Ended { accepted, at, reached: self.reached });
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut state = self.slots.lock();
        state.hosts.end(&self.hosts, self.ended);
        let must_wake = state.hosts.has_changed();
        drop(state);
        if must_wake {
            self.slots.woken.notify_one();
        }
    }
}
