//! Rate limits of callers, with the generic cell rate algorithm (GCRA). Each access token has a rate limit, and each IP
//! address has a rate limit for failed authentications. Each node counts only its own requests, and begins at zero when
//! the node starts.
//!
//! Anyone can send requests from many addresses. So the cost of a request and the memory do not depend on the number of
//! keys: the counts are in two generations, and no request examines the entries of other keys.

use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::Rate;

mod generations;

use generations::Generations;

/// The default number of keys in a generation. Each of the two generations of a limit needs about 1 MiB.
const CAPACITY: usize = 28_000;

/// A rate limit for each key, or no limit.
pub struct Limit<K> {
    rate: Option<Rate>,
    counts: Mutex<Generations<K>>,
}

impl<K: Copy + Hash + Eq> Limit<K> {
    #[must_use]
    pub fn new(rate: Option<Rate>) -> Limit<K> {
        Limit::with_capacity(rate, CAPACITY)
    }

    /// Creates a limit that always remembers the `capacity` keys that were counted last. If there are more keys, the limit
    /// may forget some of them, and admit more of their requests.
    #[must_use]
    pub fn with_capacity(rate: Option<Rate>, capacity: usize) -> Limit<K> {
        let period = rate.map_or(TimeDelta::zero(), |rate| rate.period());
        Limit { rate, counts: Mutex::new(Generations::new(if rate.is_some() { capacity } else { 0 }, period)) }
    }

    /// Counts one request. If the request exceeds the limit, does not count it, and returns the number of seconds to
    /// wait.
    pub fn take(&self, key: K, now: DateTime<Utc>) -> Result<(), u32> {
        let Some(rate) = self.rate else { return Ok(()) };
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let theoretical_arrival_time = rate.admit(counts.get(&key), now).map_err(seconds)?;
        counts.insert(key, theoretical_arrival_time, now);
        Ok(())
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
    use std::cell::Cell;
    use std::hash::Hasher;

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
        assert_eq!(limit.take("a", at(59_999)), Err(1));
        assert_eq!(limit.take("a", at(60_000)), Ok(()));
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

    thread_local! {
        /// The number of keys that were hashed. A look-up and an insertion hash one key. A table that grows hashes all of its keys.
        static HASHED: Cell<usize> = const { Cell::new(0) };
    }

    #[derive(Clone, Copy, PartialEq, Eq)]
    struct CountedKey(usize);

    impl Hash for CountedKey {
        fn hash<H: Hasher>(&self, state: &mut H) {
            HASHED.set(HASHED.get() + 1);
            self.0.hash(state);
        }
    }

    #[test]
    fn the_work_for_a_request_does_not_depend_on_the_number_of_keys() {
        const KEYS: usize = 200_000;
        for rate in [Rate::new(1, TimeDelta::minutes(1)), Rate::new(100, TimeDelta::seconds(1))] {
            let limit = Limit::new(rate);
            // The keys arrive within a minute and within some milliseconds. Then each key arrives a second time.
            for (number, time) in (0..KEYS).chain(0..KEYS).map(|number| (number, at(number as i64 / 4))) {
                HASHED.set(0);
                generations::EXAMINED.set(0);
                let _ = limit.take(CountedKey(number), time);
                let (hashed, examined) = (HASHED.get(), generations::EXAMINED.get());
                assert!(hashed <= 3 && examined <= 1, "request {number} hashed {hashed} keys and examined {examined} entries");
            }
            let counts = limit.counts.lock().expect("no holder panics");
            assert!(counts.len() <= 2 * CAPACITY, "{} keys are in memory", counts.len());
        }
    }

    #[test]
    fn the_most_recent_keys_keep_their_limit_whatever_the_number_of_other_keys_is() {
        let limit = Limit::with_capacity(Rate::new(1, TimeDelta::minutes(1)), 100);
        for round in 0..10 {
            assert_eq!(limit.take(round * 1000, at(round)), Ok(()));
            for other in 1..100 {
                assert_eq!(limit.take(round * 1000 + other, at(round)), Ok(()));
                assert_eq!(limit.take(round * 1000, at(round)), Err(60), "after {other} other keys");
            }
        }
    }

    #[test]
    fn no_request_is_forgotten_before_its_time_has_passed() {
        for start in [0, 1, 59, 60, 61] {
            let limit = Limit::new(Rate::new(1, TimeDelta::seconds(60)));
            for time in 0..200 {
                // The requests of other keys begin new generations.
                assert_eq!(limit.take(time, at(time * 1000)), Ok(()));
                let expected = time >= start && (time - start) % 60 == 0;
                assert_eq!(time >= start && limit.take(-1, at(time * 1000)).is_ok(), expected, "{start} {time}");
            }
        }
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
