//! A measurement of the free space, which is used for a short time before it is repeated.

use std::time::{Duration, Instant};

/// A measurement is repeated after this many bytes were admitted. The limit is exceeded by no more than that.
const TAKEN_BYTES: usize = 1 << 20;

#[derive(Default)]
pub(crate) struct LastMeasurement {
    at: Option<Instant>,
    is_full: bool,
    taken_since: usize,
}

impl LastMeasurement {
    /// Whether the caller has to measure now. Until it calls [`LastMeasurement::found`], the value before stays in use.
    pub(crate) fn is_due(&mut self, holds: Duration) -> bool {
        let is_due = self.at.is_none_or(|at| at.elapsed() >= holds) || self.taken_since >= TAKEN_BYTES;
        if is_due {
            (self.at, self.taken_since) = (Some(Instant::now()), 0);
        }
        is_due
    }

    pub(crate) fn found(&mut self, is_full: bool) {
        self.is_full = is_full;
    }

    /// Whether `bytes` more may be stored.
    pub(crate) fn admits(&mut self, bytes: usize) -> bool {
        self.taken_since += bytes;
        !self.is_full
    }
}
