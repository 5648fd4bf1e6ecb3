//! The retry schedule. All functions are pure: the time and the random fraction are parameters.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};

use crate::model::duration::{DAY, HOUR, MINUTE, parse_seconds};

/// Nine retries after the first attempt, over a little more than three days.
const DEFAULT_WAITS_SECS: [u64; 9] = [5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];

/// Maximum random fraction by which each wait is made longer. So deliveries that failed at the same time are retried at
/// different times.
const JITTER: f64 = 0.2;

/// Maximum delay that a receiver may request.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(DAY);

/// Limits that no reasonable schedule reaches. They prevent overflow in the arithmetic on dates.
const MAX_WAIT_SECS: u64 = 30 * DAY;
const MAX_WAITS: usize = 100;

/// The waits after failed attempts: the first attempt is made at once, the second after the first wait, and so on.
///
/// The text form is a list such as `5s,5m,30m,2h`, with the units `s`, `m`, `h` and `d`; `none` means no retries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetrySchedule(Vec<Duration>);

impl Default for RetrySchedule {
    fn default() -> RetrySchedule {
        RetrySchedule(DEFAULT_WAITS_SECS.map(Duration::from_secs).to_vec())
    }
}

impl RetrySchedule {
    /// Returns the total number of attempts of a delivery.
    pub fn attempts(&self) -> usize {
        self.0.len() + 1
    }

    /// Returns the time of the next attempt, or `None` if the schedule is exhausted. `attempts_made` attempts have
    /// failed; the last of these attempts ended just before `now`.
    ///
    /// `random` is in `0.0..1.0`. `retry_after` is the Retry-After of a 429 or 503 response. This value can make the
    /// wait longer, up to 24 hours. It cannot make the wait shorter. The result is truncated to milliseconds.
    pub fn next(&self, attempts_made: u32, now: DateTime<Utc>, retry_after: Option<RetryAfter>, random: f64) -> Option<DateTime<Utc>> {
        let wait = match attempts_made.checked_sub(1) {
            None => Duration::ZERO,
            Some(waits_used) => *self.0.get(usize::try_from(waits_used).ok()?)?,
        };
        let scheduled = now + signed(wait.mul_f64(1.0 + JITTER * fraction(random)));
        let due = match retry_after {
            None => scheduled,
            Some(retry_after) => scheduled.max(retry_after.time(now)),
        };
        Some(due.trunc_subsecs(3))
    }
}

/// Why a text is not a retry schedule.
#[derive(thiserror::Error, Debug, Clone, PartialEq, Eq)]
pub enum RetryScheduleError {
    #[error("{text:?} is not a wait: use a whole number with a unit s, m, h or d, such as 30m, or none for no retries")]
    NotAWait { text: String },
    #[error("the wait {text} is out of range: it must be 1s to 30d")]
    OutOfBounds { text: String },
    #[error("{count} waits exceed the maximum of {MAX_WAITS}")]
    TooMany { count: usize },
}

impl FromStr for RetrySchedule {
    type Err = RetryScheduleError;

    fn from_str(text: &str) -> Result<RetrySchedule, RetryScheduleError> {
        if text.trim() == "none" {
            return Ok(RetrySchedule(Vec::new()));
        }
        let waits = text.split(',').map(|wait| parse_wait(wait.trim())).collect::<Result<Vec<_>, _>>()?;
        match waits.len() {
            count if count > MAX_WAITS => Err(RetryScheduleError::TooMany { count }),
            _ => Ok(RetrySchedule(waits)),
        }
    }
}

fn parse_wait(text: &str) -> Result<Duration, RetryScheduleError> {
    match parse_seconds(text) {
        Some(secs @ 1..=MAX_WAIT_SECS) => Ok(Duration::from_secs(secs)),
        Some(_) => Err(RetryScheduleError::OutOfBounds { text: text.to_owned() }),
        None => Err(RetryScheduleError::NotAWait { text: text.to_owned() }),
    }
}

/// Writes the list that [`FromStr`] reads. Each wait is a whole number of hours, minutes or seconds. The largest
/// possible unit is used.
impl fmt::Display for RetrySchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none");
        }
        for (index, wait) in self.0.iter().enumerate() {
            let secs = wait.as_secs();
            // Days are not used, because the documentation writes the last wait of the default schedule as 24h.
            let (count, unit) = match secs {
                _ if secs % HOUR == 0 => (secs / HOUR, "h"),
                _ if secs % MINUTE == 0 => (secs / MINUTE, "m"),
                _ => (secs, "s"),
            };
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{count}{unit}")?;
        }
        Ok(())
    }
}

/// The value of a `Retry-After` field (RFC 9110 §10.2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    /// The time to wait after the response.
    Wait(Duration),
    /// The earliest time of the next attempt.
    At(DateTime<Utc>),
}

impl RetryAfter {
    /// Parses a field value. Returns `None` if it is neither a number of seconds nor an HTTP-date.
    pub fn parse(value: &str) -> Option<RetryAfter> {
        let value = value.trim_matches([' ', '\t']);
        if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
            // If the number is too large for `u64`, the maximum is used. `RetryAfter::time` limits the wait later.
            return Some(RetryAfter::Wait(Duration::from_secs(value.parse().unwrap_or(u64::MAX))));
        }
        // Accepts all three date formats, as RFC 9110 §5.6.7 requires.
        httpdate::parse_http_date(value).ok().map(|time| RetryAfter::At(time.into()))
    }

    /// Returns the requested time, but not a later time than 24 hours after `now`.
    pub fn time(self, now: DateTime<Utc>) -> DateTime<Utc> {
        let latest = now + signed(MAX_RETRY_AFTER);
        match self {
            RetryAfter::Wait(wait) => now + signed(wait.min(MAX_RETRY_AFTER)),
            RetryAfter::At(time) => time.min(latest),
        }
    }
}

fn signed(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).expect("no wait exceeds 36 days")
}

fn fraction(random: f64) -> f64 {
    if random.is_nan() { 0.0 } else { random.clamp(0.0, 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULT_TEXT: &str = "5s,5m,30m,2h,5h,10h,14h,20h,24h";

    fn time(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    fn now() -> DateTime<Utc> {
        time("2026-01-02T15:04:05.678Z")
    }

    fn wait(attempts_made: u32, retry_after: Option<RetryAfter>, random: f64) -> Option<f64> {
        let due = RetrySchedule::default().next(attempts_made, now(), retry_after, random)?;
        Some((due - now()).as_seconds_f64())
    }

    #[test]
    fn the_default_schedule_is_the_documented_one() {
        assert_eq!(DEFAULT_TEXT.parse(), Ok(RetrySchedule::default()));
        assert_eq!(RetrySchedule::default().to_string(), DEFAULT_TEXT);
        assert_eq!(RetrySchedule::default().attempts(), 10);
    }

    #[test]
    fn each_attempt_waits_as_scheduled_until_the_schedule_is_exhausted() {
        for (attempts_made, expected) in [
            (0, Some(0.0)),
            (1, Some(5.0)),
            (2, Some(300.0)),
            (3, Some(1_800.0)),
            (4, Some(7_200.0)),
            (5, Some(18_000.0)),
            (6, Some(36_000.0)),
            (7, Some(50_400.0)),
            (8, Some(72_000.0)),
            (9, Some(86_400.0)),
            (10, None),
            (11, None),
            (u32::MAX, None),
        ] {
            assert_eq!(wait(attempts_made, None, 0.0), expected, "after {attempts_made} attempts");
        }
    }

    #[test]
    fn jitter_makes_a_wait_up_to_a_fifth_longer() {
        for (random, expected) in [(0.0, 5.0), (0.5, 5.5), (0.999, 5.999), (-1.0, 5.0), (7.0, 6.0), (f64::NAN, 5.0), (f64::INFINITY, 6.0)] {
            let seconds = wait(1, None, random).expect("a second attempt");
            assert!((seconds - expected).abs() <= 0.001, "{random}: {seconds}");
        }
    }

    #[test]
    fn a_receiver_can_only_make_a_wait_longer_up_to_a_day() {
        use RetryAfter::{At, Wait};
        let day = 86_400.0;
        for (attempts_made, retry_after, expected) in [
            (1, Wait(Duration::ZERO), 5.0),
            (1, Wait(Duration::from_secs(3)), 5.0),
            (1, Wait(Duration::from_secs(120)), 120.0),
            (2, Wait(Duration::from_secs(120)), 300.0),
            (1, Wait(Duration::from_secs(86_401)), day),
            (1, Wait(Duration::from_secs(u64::MAX)), day),
            (1, At(time("2026-01-02T15:04:06Z")), 5.0),
            (1, At(time("1994-11-06T08:49:37Z")), 5.0),
            (1, At(time("2026-01-02T15:05:05.678Z")), 60.0),
            (1, At(time("2031-01-01T00:00:00Z")), day),
            (1, At(DateTime::<Utc>::MAX_UTC), day),
        ] {
            assert_eq!(wait(attempts_made, Some(retry_after), 0.0), Some(expected), "{retry_after:?}");
        }
        // A scheduled wait may be longer than the maximum that a receiver can request.
        assert_eq!(wait(9, Some(Wait(Duration::from_secs(1))), 1.0), Some(1.2 * day));
        // A receiver cannot extend an exhausted schedule.
        assert_eq!(wait(10, Some(Wait(Duration::from_secs(1))), 0.0), None);
    }

    #[test]
    fn times_are_truncated_to_milliseconds() {
        let due = RetrySchedule::default().next(1, time("2026-01-02T15:04:05.678999999Z"), None, 0.123_456_789);
        let due = due.expect("a second attempt");
        assert_eq!(due.timestamp_subsec_nanos() % 1_000_000, 0, "{due}");
    }

    #[test]
    fn a_schedule_is_written_as_a_list_of_waits() {
        for (text, display) in
            [("1s", "1s"), ("60s", "1m"), (" 90s , 120m ", "90s,2h"), ("1d,30d", "24h,720h"), ("0005s", "5s"), ("none", "none")]
        {
            let schedule = text.parse::<RetrySchedule>().unwrap_or_else(|error| panic!("{text:?}: {error}"));
            assert_eq!(schedule.to_string(), display);
            assert_eq!(display.parse(), Ok(schedule));
        }
        let none = RetrySchedule(Vec::new());
        assert_eq!((none.attempts(), none.next(1, now(), None, 0.0)), (1, None));
    }

    #[test]
    fn an_invalid_schedule_is_refused_with_the_wrong_part() {
        let not_a_wait = |text: &str| RetryScheduleError::NotAWait { text: text.to_owned() };
        let out_of_bounds = |text: &str| RetryScheduleError::OutOfBounds { text: text.to_owned() };
        for (text, error) in [
            ("", not_a_wait("")),
            ("5s,", not_a_wait("")),
            ("5", not_a_wait("5")),
            ("s", not_a_wait("s")),
            ("5s,5 m", not_a_wait("5 m")),
            ("+5s", not_a_wait("+5s")),
            ("-5s", not_a_wait("-5s")),
            ("1.5h", not_a_wait("1.5h")),
            ("5ms", not_a_wait("5ms")),
            ("5w", not_a_wait("5w")),
            ("0s", out_of_bounds("0s")),
            ("31d", out_of_bounds("31d")),
            ("99999999999999999999h", out_of_bounds("99999999999999999999h")),
            ("18446744073709551615d", out_of_bounds("18446744073709551615d")),
        ] {
            assert_eq!(text.parse::<RetrySchedule>(), Err(error), "{text:?}");
        }
        assert_eq!(vec!["1s"; 101].join(",").parse::<RetrySchedule>(), Err(RetryScheduleError::TooMany { count: 101 }));
    }

    #[test]
    fn retry_after_is_seconds_or_an_http_date_and_anything_else_is_ignored() {
        let at = Some(RetryAfter::At(time("1994-11-06T08:49:37Z")));
        let seconds = |seconds| Some(RetryAfter::Wait(Duration::from_secs(seconds)));
        for (value, expected) in [
            ("120", seconds(120)),
            (" 120\t", seconds(120)),
            ("0", seconds(0)),
            ("99999999999999999999999", seconds(u64::MAX)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", at),
            ("Sunday, 06-Nov-94 08:49:37 GMT", at),
            ("Sun Nov  6 08:49:37 1994", at),
            ("", None),
            ("-1", None),
            ("+1", None),
            ("1.5", None),
            ("120s", None),
            ("soon", None),
            ("1994-11-06T08:49:37Z", None),
            ("Sun, 06 Nov 1994 08:49:37 +0100", None),
        ] {
            assert_eq!(RetryAfter::parse(value), expected, "{value:?}");
        }
    }
}
