//! How often a caller may come: a generic cell rate algorithm for each access token, and for each address that fails to
//! authenticate. Limits count on one node and begin anew when it starts.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::Rate;

/// With more keys than this, those that have paid off what they owe are forgotten.
const REMEMBERED: usize = 10_000;

/// The limit for each key, if there is one.
pub struct Limit<K> {
    rate: Option<Rate>,
    even_at: Mutex<HashMap<K, DateTime<Utc>>>,
}

impl<K: Hash + Eq> Limit<K> {
    #[must_use]
    pub fn new(rate: Option<Rate>) -> Limit<K> {
        Limit { rate, even_at: Mutex::default() }
    }

    /// Counts one, or says in how many seconds there is room for it.
    pub fn take(&self, key: K, now: DateTime<Utc>) -> Result<(), u32> {
        let Some(rate) = self.rate else { return Ok(()) };
        let mut keys = self.lock();
        if keys.len() >= REMEMBERED {
            keys.retain(|_, even_at| *even_at > now);
        }
        let even_at = rate.admit(keys.get(&key).copied(), now).map_err(seconds)?;
        keys.insert(key, even_at);
        Ok(())
    }

    /// As [`Limit::take`], without counting.
    pub fn look(&self, key: &K, now: DateTime<Utc>) -> Result<(), u32> {
        let Some(rate) = self.rate else { return Ok(()) };
        rate.admit(self.lock().get(key).copied(), now).map(|_| ()).map_err(seconds)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, DateTime<Utc>>> {
        self.even_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whole seconds, rounded up, as Retry-After has them (RFC 9110 §10.2.3).
fn seconds(wait: TimeDelta) -> u32 {
    u32::try_from((wait + TimeDelta::milliseconds(999)).num_seconds()).unwrap_or(u32::MAX).max(1)
}

/// What stands for one caller without a token: an IPv4 address, or the /64 that an IPv6 host has to itself.
#[must_use]
pub fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::milliseconds(milliseconds)
    }

    #[test]
    fn so_many_come_at_once_and_then_at_the_rate() {
        let limit = Limit::new(Rate::new(4, TimeDelta::seconds(1)));
        let taken: Vec<bool> =
            [0, 0, 0, 0, 0, 249, 250, 251, 2000, 2000, 2000, 2000, 2000].map(|time| limit.take("a", at(time)).is_ok()).to_vec();
        let expected = [true, true, true, true, false, false, true, false, true, true, true, true, false];
        assert_eq!(taken, expected);
        assert!(limit.take("b", at(0)).is_ok(), "another key has a limit of its own");
    }

    #[test]
    fn the_wait_is_in_whole_seconds_and_enough() {
        let limit = Limit::new(Rate::new(1, TimeDelta::seconds(60)));
        assert_eq!(limit.take("a", at(0)), Ok(()));
        assert_eq!(limit.take("a", at(500)), Err(60));
        assert_eq!(limit.look(&"a", at(59_999)), Err(1));
        assert_eq!(limit.look(&"a", at(60_000)), Ok(()));
    }

    #[test]
    fn a_clock_that_is_set_back_shuts_nobody_out_and_a_moment_of_it_lets_nobody_in() {
        let limit = Limit::new(Rate::new(1, TimeDelta::seconds(10)));
        assert_eq!(limit.take("a", at(100_000)), Ok(()));
        assert_eq!(limit.take("a", at(99_500)), Err(10));
        assert_eq!(limit.take("a", at(0)), Ok(()));
        assert_eq!(limit.take("a", at(9_999)), Err(1));
    }

    #[test]
    fn without_a_rate_there_is_no_limit() {
        let limit = Limit::new(Rate::new(0, TimeDelta::seconds(1)));
        assert!((0..1000).all(|_| limit.take("a", at(0)).is_ok()));
    }

    #[test]
    fn with_too_many_keys_those_that_owe_nothing_are_forgotten_and_no_other() {
        let limit = Limit::new(Rate::new(1, TimeDelta::seconds(1)));
        for key in 0..=REMEMBERED {
            assert_eq!(limit.take(key, at(0)), Ok(()));
        }
        assert_eq!(limit.take(0, at(999)), Err(1));
        assert_eq!(limit.lock().len(), REMEMBERED + 1, "all of them owe");
        assert_eq!(limit.take(0, at(1000)), Ok(()));
        assert_eq!(limit.lock().len(), 1, "all others have paid off");
    }

    #[test]
    fn an_ipv6_host_is_its_network() {
        for (address, expected) in
            [("192.0.2.1", "192.0.2.1"), ("::ffff:192.0.2.1", "192.0.2.1"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::")]
        {
            assert_eq!(network_of(address.parse().expect("an address")), expected.parse::<IpAddr>().expect("an address"));
        }
    }
}
