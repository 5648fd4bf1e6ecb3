//! A measurement of the free space, which is used for a short time before it is repeated.

use std::time::{Duration, Instant};

/// A measurement is repeated after this many bytes were asked for. One server exceeds the limit by no more than that.
const TAKEN_BYTES: usize = 1 << 20;

#[derive(Default)]
pub(crate) struct LastMeasurement {
    at: Option<Instant>,
    is_full: bool,
    taken_since: usize,
}

impl LastMeasurement {
    /// Whether the caller has to measure now.
    pub(crate) fn is_due(&self, holds: Duration) -> bool {
        self.at.is_none_or(|at| at.elapsed() >= holds) || self.taken_since >= TAKEN_BYTES
    }

    /// Others use the measurement before while the caller measures.
    pub(crate) fn begin(&mut self) {
        (self.at, self.taken_since) = (Some(Instant::now()), 0);
    }

    pub(crate) fn end(&mut self, is_full: bool) {
        *self = LastMeasurement { at: Some(Instant::now()), is_full, taken_since: 0 };
    }

    /// Whether `bytes` more may be stored.
    pub(crate) fn admits(&mut self, bytes: usize) -> bool {
        self.taken_since += bytes;
        !self.is_full
    }
}
