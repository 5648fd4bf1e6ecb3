//! Limits repeated log lines about the same kind of event, and counts the lines that are left out.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

/// The default time in which there is at most one line with the same key.
pub const INTERVAL: TimeDelta = TimeDelta::seconds(10);

/// Maximum number of keys that a sampler remembers. All further keys share one line per interval. So the memory and the
/// number of lines are limited, whatever the keys are.
const CAPACITY: usize = 4096;

/// Decides which events are logged: at most one for each key in an interval.
pub struct Sampler<K> {
    interval: TimeDelta,
    keys: Mutex<Keys<K>>,
}

struct Keys<K> {
    known: HashMap<K, Line>,
    /// The shared line of the keys for which there is no room.
    others: Option<Line>,
    /// When outdated keys were last removed.
    cleaned_at: DateTime<Utc>,
}

/// The last line that was logged.
#[derive(Clone, Copy)]
struct Line {
    at: DateTime<Utc>,
    /// The number of events that were left out since that line.
    omitted: u64,
}

impl<K> Default for Sampler<K> {
    fn default() -> Sampler<K> {
        Sampler::every(INTERVAL)
    }
}

impl<K> Sampler<K> {
    #[must_use]
    pub fn every(interval: TimeDelta) -> Sampler<K> {
        let keys = Keys { known: HashMap::new(), others: None, cleaned_at: DateTime::UNIX_EPOCH };
        Sampler { interval, keys: Mutex::new(keys) }
    }
}

impl<K: Hash + Eq> Sampler<K> {
    /// If this event should be logged, returns the number of events with this key that were left out since the last
    /// logged one.
    pub fn sample(&self, key: K, now: DateTime<Utc>) -> Option<u64> {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        // The difference is also large if the clock was set back far.
        let is_recent = |at: DateTime<Utc>| (now - at).abs() < self.interval;
        if keys.known.len() >= CAPACITY && !keys.known.contains_key(&key) && !is_recent(keys.cleaned_at) {
            keys.known.retain(|_, line| is_recent(line.at));
            keys.cleaned_at = now;
        }
        let Keys { known, others, .. } = &mut *keys;
        let new = Line { at: now, omitted: 0 };
        if !known.contains_key(&key) && known.len() < CAPACITY {
            known.insert(key, new);
            return Some(0);
        }
        let Some(line) = known.get_mut(&key).or(others.as_mut()) else {
            *others = Some(new);
            return Some(0);
        };
        if is_recent(line.at) {
            line.omitted += 1;
            return None;
        }
        Some(std::mem::replace(line, new).omitted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(10) + TimeDelta::seconds(seconds)
    }

    #[test]
    fn each_key_has_one_line_per_interval_with_the_number_of_omitted_events() {
        let sampler = Sampler::default();
        let lines: Vec<Option<u64>> = [0, 1, 9, 10, 19, 20, 45].map(|time| sampler.sample("a", at(time))).to_vec();
        assert_eq!(lines, [Some(0), None, None, Some(2), None, Some(1), Some(0)]);
        assert_eq!(sampler.sample("b", at(45)), Some(0), "another key has its own lines");
        assert_eq!(sampler.sample("a", at(-100_000)), Some(0), "a clock that was set back suppresses no line");
    }

    #[test]
    fn many_keys_need_limited_memory_and_cause_a_limited_number_of_lines() {
        let sampler = Sampler::default();
        let count = |time| (0..3 * CAPACITY).filter(|key| sampler.sample(*key, at(time)).is_some()).count();
        assert_eq!(count(0), CAPACITY + 1);
        assert_eq!(count(1), 0);
        assert_eq!(count(20), CAPACITY + 1);
        assert!(sampler.keys.lock().expect("no holder panics").known.len() <= CAPACITY);
        // The outdated keys have made room.
        assert_eq!(sampler.sample(usize::MAX, at(60)), Some(0));
    }
}
