//! Rate limits of callers, with the generic cell rate algorithm (GCRA). Each access token has a rate limit, and each IP
//! address has a rate limit for failed authentications. Each node counts only its own requests, and begins at zero when
//! the node starts.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::Rate;

/// When a limit has this number of keys, the keys whose theoretical arrival time has passed are removed.
const CLEANUP_AT_KEYS: usize = 10_000;

/// A rate limit for each key, or no limit.
pub struct Limit<K> {
    rate: Option<Rate>,
    theoretical_arrival_time: Mutex<HashMap<K, DateTime<Utc>>>,
}

impl<K: Hash + Eq> Limit<K> {
    #[must_use]
    pub fn new(rate: Option<Rate>) -> Limit<K> {
        Limit { rate, theoretical_arrival_time: Mutex::default() }
    }

    /// Counts one request. If the request exceeds the limit, does not count it, and returns the number of seconds to
    /// wait.
    pub fn take(&self, key: K, now: DateTime<Utc>) -> Result<(), u32> {
        let Some(rate) = self.rate else { return Ok(()) };
        let mut keys = self.lock();
        if keys.len() >= CLEANUP_AT_KEYS {
            keys.retain(|_, theoretical_arrival_time| *theoretical_arrival_time > now);
        }
        let theoretical_arrival_time = rate.admit(keys.get(&key).copied(), now).map_err(seconds)?;
        keys.insert(key, theoretical_arrival_time);
        Ok(())
    }

    /// Like [`Limit::take`], but does not count the request.
    pub fn check(&self, key: &K, now: DateTime<Utc>) -> Result<(), u32> {
        let Some(rate) = self.rate else { return Ok(()) };
        rate.admit(self.lock().get(key).copied(), now).map(|_| ()).map_err(seconds)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, DateTime<Utc>>> {
        self.theoretical_arrival_time.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns a wait in whole seconds, which is the unit of Retry-After (RFC 9110 §10.2.3). Rounds up.
fn seconds(wait: TimeDelta) -> u32 {
    u32::try_from((wait + TimeDelta::milliseconds(999)).num_seconds()).unwrap_or(u32::MAX).max(1)
}

/// Returns the key of a caller without a token. The key is the IPv4 address, or the /64 network of the IPv6 address.
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
    fn a_full_burst_is_allowed_and_then_the_rate() {
        let limit = Limit::new(Rate::new(4, TimeDelta::seconds(1)));
        let taken: Vec<bool> =
            [0, 0, 0, 0, 0, 249, 250, 251, 2000, 2000, 2000, 2000, 2000].map(|time| limit.take("a", at(time)).is_ok()).to_vec();
        let expected = [true, true, true, true, false, false, true, false, true, true, true, true, false];
        assert_eq!(taken, expected);
        assert!(limit.take("b", at(0)).is_ok(), "another key has its own limit");
    }

    #[test]
    fn the_wait_is_rounded_up_to_whole_seconds() {
        let limit = Limit::new(Rate::new(1, TimeDelta::seconds(60)));
        assert_eq!(limit.take("a", at(0)), Ok(()));
        assert_eq!(limit.take("a", at(500)), Err(60));
        assert_eq!(limit.check(&"a", at(59_999)), Err(1));
        assert_eq!(limit.check(&"a", at(60_000)), Ok(()));
    }

    #[test]
    fn a_clock_set_far_back_blocks_no_caller_and_one_set_slightly_back_admits_none() {
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
    fn with_too_many_keys_only_those_whose_time_has_passed_are_removed() {
        let limit = Limit::new(Rate::new(1, TimeDelta::seconds(1)));
        for key in 0..=CLEANUP_AT_KEYS {
            assert_eq!(limit.take(key, at(0)), Ok(()));
        }
        assert_eq!(limit.take(0, at(999)), Err(1));
        assert_eq!(limit.lock().len(), CLEANUP_AT_KEYS + 1, "the time of no key has passed");
        assert_eq!(limit.take(0, at(1000)), Ok(()));
        assert_eq!(limit.lock().len(), 1, "the time of all other keys has passed");
    }

    #[test]
    fn an_ipv6_address_counts_as_its_network() {
        for (address, expected) in
            [("192.0.2.1", "192.0.2.1"), ("::ffff:192.0.2.1", "192.0.2.1"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::")]
        {
            assert_eq!(network_of(address.parse().expect("an address")), expected.parse::<IpAddr>().expect("an address"));
        }
    }
}
