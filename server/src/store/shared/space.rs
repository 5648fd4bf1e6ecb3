//! The most recent measurement of the used space. This measurement is reused for a short time.

use std::time::{Duration, Instant};

/// When the requests since a measurement reach this size in total, the next request measures again. So one server
/// exceeds the limit by about this size at most.
const MAX_BYTES_PER_MEASUREMENT: usize = 1 << 20;

#[derive(Default)]
pub(crate) struct LastMeasurement {
    at: Option<Instant>,
    is_full: bool,
    bytes_since: usize,
}

impl LastMeasurement {
    /// Returns whether the caller has to measure now.
    pub(crate) fn is_due(&self, max_age: Duration) -> bool {
        self.at.is_none_or(|at| at.elapsed() >= max_age) || self.bytes_since >= MAX_BYTES_PER_MEASUREMENT
    }

    /// Starts a measurement. Until the new measurement ends, other callers use the previous measurement.
    pub(crate) fn begin(&mut self) {
        (self.at, self.bytes_since) = (Some(Instant::now()), 0);
    }

    pub(crate) fn end(&mut self, is_full: bool) {
        *self = LastMeasurement { at: Some(Instant::now()), is_full, bytes_since: 0 };
    }

    /// Returns whether `bytes` more bytes may be stored.
    pub(crate) fn admits(&mut self, bytes: usize) -> bool {
        self.bytes_since += bytes;
        !self.is_full
    }
}
