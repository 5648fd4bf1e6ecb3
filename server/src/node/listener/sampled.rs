//! Limits repeated log lines.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Minimum time between two log lines about the same kind of event.
const INTERVAL: Duration = Duration::from_secs(10);

#[derive(Default)]
pub(super) struct Sampled(Mutex<(Option<Instant>, u64)>);

impl Sampled {
    /// Returns the number of events since the last logged event, if this event should be logged.
    pub(super) fn sample(&self) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (logged_at, omitted) = &mut *state;
        if logged_at.is_some_and(|logged_at| logged_at.elapsed() < INTERVAL) {
            *omitted += 1;
            return None;
        }
        *logged_at = Some(Instant::now());
        Some(std::mem::take(omitted))
    }
}
