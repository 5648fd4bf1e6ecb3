//! The theoretical arrival times of many keys, with constant work for each request and a fixed maximum of memory.
//!
//! A new time is always stored in the current generation. A new generation begins when the current one is full, or when
//! a period of the rate limit has passed. The current generation then becomes the previous one, and the times of the
//! generation before are forgotten all at once. A time is at most one period in the future. So if the current generation
//! did not become full, the forgotten times have all passed, and do not limit any request.

use std::collections::HashMap;
use std::hash::Hash;

use chrono::{DateTime, TimeDelta, Utc};

#[cfg(test)]
thread_local! {
    /// The number of entries whose time was read.
    pub(super) static EXAMINED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// A stored time. Only [`Entry::time`] reads it, so that the tests can count how many entries are examined.
struct Entry(DateTime<Utc>);

impl Entry {
    fn time(&self) -> DateTime<Utc> {
        #[cfg(test)]
        EXAMINED.set(EXAMINED.get() + 1);
        self.0
    }
}

pub(super) struct Generations<K> {
    current: HashMap<K, Entry>,
    previous: HashMap<K, Entry>,
    begun_at: DateTime<Utc>,
    /// The maximum number of keys in a generation.
    capacity: usize,
    period: TimeDelta,
}

impl<K: Hash + Eq> Generations<K> {
    /// Allocates both tables in their full size. A table that grows would copy all entries during one request.
    pub(super) fn new(capacity: usize, period: TimeDelta) -> Generations<K> {
        let [current, previous] = [HashMap::with_capacity(capacity), HashMap::with_capacity(capacity)];
        Generations { current, previous, begun_at: DateTime::UNIX_EPOCH, capacity, period }
    }

    pub(super) fn get(&self, key: &K) -> Option<DateTime<Utc>> {
        self.current.get(key).or_else(|| self.previous.get(key)).map(Entry::time)
    }

    pub(super) fn insert(&mut self, key: K, time: DateTime<Utc>, now: DateTime<Utc>) {
        // The difference is also large if the clock was set back far.
        if self.current.len() >= self.capacity || (now - self.begun_at).abs() >= self.period {
            std::mem::swap(&mut self.current, &mut self.previous);
            // Entries need no destructor, so this examines none of them.
            self.current.clear();
            self.begun_at = now;
        }
        self.current.insert(key, Entry(time));
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.current.len() + self.previous.len()
    }
}
