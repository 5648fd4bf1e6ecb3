//! The generic cell rate algorithm.

use chrono::{DateTime, TimeDelta, Utc};

/// Concurrent requests may read the clock in one order and be counted in another order. So a theoretical arrival time
/// may exceed its possible maximum by this tolerance. If it is even later, it was computed before the clock was set
/// back, and is ignored.
const SKEW: TimeDelta = TimeDelta::seconds(1);

/// A rate limit: a number of requests per period.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    interval: TimeDelta,
    tolerance: TimeDelta,
}

impl Rate {
    /// Allows `count` requests per `period`. All requests of a period may come at once. If `count` is 0, returns
    /// `None`, which means no limit.
    #[must_use]
    pub fn new(count: u32, period: TimeDelta) -> Option<Rate> {
        let interval = period.checked_div(i32::try_from(count).ok()?)?;
        Some(Rate { interval, tolerance: period - interval })
    }

    /// Allows `count` requests per second, spread evenly. The requests that the rate allows in 100 ms may come at once,
    /// and at least one request.
    #[must_use]
    pub fn per_second(count: u32) -> Option<Rate> {
        let interval = TimeDelta::seconds(1).checked_div(i32::try_from(count).ok()?)?;
        Some(Rate { interval, tolerance: (TimeDelta::milliseconds(100) - interval).max(TimeDelta::zero()) })
    }

    /// Returns how far a theoretical arrival time can be in the future. After this time without a request, all requests of
    /// a period may come at once again.
    #[must_use]
    pub fn period(&self) -> TimeDelta {
        self.tolerance + self.interval
    }

    /// Returns the new theoretical arrival time after one more request.
    ///
    /// # Errors
    /// If the request exceeds the rate, returns how long the caller must wait.
    pub fn admit(&self, theoretical_arrival_time: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<DateTime<Utc>, TimeDelta> {
        // The latest possible theoretical arrival time. It is the result if all requests of one period arrive now.
        let latest = now + self.period();
        let theoretical_arrival_time = theoretical_arrival_time
            .filter(|theoretical_arrival_time| *theoretical_arrival_time <= latest + SKEW)
            .map_or(now, |theoretical_arrival_time| theoretical_arrival_time.clamp(now, latest));
        let early = (theoretical_arrival_time - now) - self.tolerance;
        if early > TimeDelta::zero() { Err(early) } else { Ok(theoretical_arrival_time + self.interval) }
    }

    /// Reserves the next request that the rate allows. Returns when this request may begin, and the new theoretical
    /// arrival time.
    #[must_use]
    pub fn reserve(&self, theoretical_arrival_time: Option<DateTime<Utc>>, now: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
        let begin_at = match self.admit(theoretical_arrival_time, now) {
            Ok(next) => return (now, next),
            Err(wait) => now + wait,
        };
        (begin_at, self.admit(theoretical_arrival_time, begin_at).unwrap_or(begin_at + self.interval))
    }
}
