//! The generic cell rate algorithm.

use chrono::{DateTime, TimeDelta, Utc};

/// Times that are compared may have been read a moment apart, and out of order. What is further ahead of now than that was
/// counted before the clock was set back, and counts no more.
const SKEW: TimeDelta = TimeDelta::seconds(1);

/// So many requests in a time, evenly or at once.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    interval: TimeDelta,
    tolerance: TimeDelta,
}

impl Rate {
    /// `count` in each `period`, all of which may come at once. `None`, no limit, for a count of 0.
    #[must_use]
    pub fn new(count: u32, period: TimeDelta) -> Option<Rate> {
        let interval = period.checked_div(i32::try_from(count).ok()?)?;
        Some(Rate { interval, tolerance: period - interval })
    }

    /// `count` in a second, spread evenly: no more than a tenth of a second's worth at once.
    #[must_use]
    pub fn even(count: u32) -> Option<Rate> {
        let interval = TimeDelta::seconds(1).checked_div(i32::try_from(count).ok()?)?;
        Some(Rate { interval, tolerance: (TimeDelta::milliseconds(100) - interval).max(TimeDelta::zero()) })
    }

    /// When the key is even again after one more, or how long it has to wait for that one.
    pub fn admit(&self, even_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<DateTime<Utc>, TimeDelta> {
        // Nothing is even later than one that has just used all of its rate.
        let latest = now + self.tolerance + self.interval;
        let even_at = even_at.filter(|even_at| *even_at <= latest + SKEW).map_or(now, |even_at| even_at.clamp(now, latest));
        let early = (even_at - now) - self.tolerance;
        if early > TimeDelta::zero() { Err(early) } else { Ok(even_at + self.interval) }
    }
}
