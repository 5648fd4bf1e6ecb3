//! Notices when the store stops working and when it works again. Each of these changes is logged once, with the number of
//! failures and the duration.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use chrono::{DateTime, Utc};
use slog::Logger;

use super::chain;
use crate::metrics::Metrics;
use crate::sampler::Sampler;
use crate::store;

/// The state of the store, as the background tasks of this process see it.
pub struct StoreMonitor {
    /// Whether there is an outage. So a success without an outage costs one read of memory.
    has_outage: AtomicBool,
    outage: Mutex<Option<Outage>>,
    /// Limits the lines about operations that fail alone.
    lines: Sampler<&'static str>,
    metrics: Arc<Metrics>,
    log: Logger,
}

struct Outage {
    began: Instant,
    failures: u64,
    /// The operations whose last call has failed, and their errors. The outage ends when all of them have succeeded.
    failing: BTreeMap<&'static str, String>,
}

impl StoreMonitor {
    #[must_use]
    pub fn new(metrics: Arc<Metrics>, log: Logger) -> StoreMonitor {
        StoreMonitor { has_outage: AtomicBool::new(false), outage: Mutex::default(), lines: Sampler::default(), metrics, log }
    }

    /// Observes a result. The caller must repeat the operation within seconds, until it succeeds. `operation` completes
    /// the sentence "cannot …".
    pub fn observe<T>(&self, operation: &'static str, result: store::Result<T>) -> Option<T> {
        match result {
            Ok(value) => {
                self.succeeded(operation);
                Some(value)
            }
            Err(error) => {
                self.failed(operation, &error);
                None
            }
        }
    }

    pub(super) fn succeeded(&self, operation: &'static str) {
        if !self.has_outage.load(Ordering::Relaxed) {
            return;
        }
        let mut current = self.lock();
        let Some(outage) = &mut *current else { return };
        outage.failing.remove(operation);
        if !outage.failing.is_empty() {
            return;
        }
        let (duration, failures) = (outage.began.elapsed(), outage.failures);
        *current = None;
        self.has_outage.store(false, Ordering::Relaxed);
        self.metrics.set_store_unavailable(false);
        slog::info!(self.log, # "store.available", "the store works again";
            "duration_ms" => u64::try_from(duration.as_millis()).unwrap_or(u64::MAX), "failures" => failures);
    }

    pub(super) fn failed(&self, operation: &'static str, error: &store::Error) {
        let error = chain(error);
        let mut current = self.lock();
        let is_new = current.is_none();
        let outage = current.get_or_insert_with(|| Outage { began: Instant::now(), failures: 0, failing: BTreeMap::new() });
        outage.failures += 1;
        if is_new {
            self.has_outage.store(true, Ordering::Relaxed);
            self.metrics.set_store_unavailable(true);
            slog::error!(self.log, # "store.unavailable", "the store does not work; deliveries wait, and this server tries again until it works";
                "operation" => operation, "error" => &error);
        } else {
            self.log_failed_again(operation, &error);
        }
        outage.failing.insert(operation, error);
    }

    /// Reports that an operation failed that is not repeated soon. Such an operation does not begin an outage, because its
    /// next success would be late.
    pub fn report(&self, operation: &'static str, error: &store::Error, now: DateTime<Utc>) {
        let error = chain(error);
        if let Some(outage) = &mut *self.lock() {
            outage.failures += 1;
            self.log_failed_again(operation, &error);
        } else if let Some(omitted) = self.lines.sample(operation, now) {
            slog::warn!(self.log, # "store.operation_failed", "cannot {operation}; this server tries again later";
                "operation" => operation, "error" => error, "omitted" => omitted);
        }
    }

    fn log_failed_again(&self, operation: &'static str, error: &str) {
        slog::debug!(self.log, # "store.operation_failed", "cannot {operation}; this server tries again later";
            "operation" => operation, "error" => error, "omitted" => 0);
    }

    /// Returns the operations that fail, with their errors. Returns `None` if the store works.
    #[must_use]
    pub fn outage(&self) -> Option<String> {
        let current = self.lock();
        let failing = &current.as_ref()?.failing;
        let texts: Vec<String> = failing.iter().map(|(operation, error)| format!("cannot {operation}: {error}")).collect();
        Some(texts.join("; "))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Outage>> {
        self.outage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
