//! Notices when the store stops working and when it works again. Each of these changes is logged once, with the number of
//! failures and the duration.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use chrono::{DateTime, Utc};
use slog::Logger;

use super::chain;
use crate::metrics::Metrics;
use crate::sampler::Sampler;
use crate::store;

/// An operation that is repeated every few seconds.
pub struct PeriodicOperation {
    monitor: Arc<StoreMonitor>,
    operation: &'static str,
}

impl PeriodicOperation {
    /// Observes the result of one call.
    pub fn observe<T>(&self, result: store::Result<T>) -> Option<T> {
        match result {
            Ok(value) => {
                self.monitor.succeeded(self.operation);
                Some(value)
            }
            Err(error) => {
                self.monitor.failed(self.operation, &error);
                None
            }
        }
    }
}

/// The state of the store, as the background tasks of this process see it.
pub struct StoreMonitor {
    /// Whether there is an outage. So a recorded outcome without an outage costs one read of memory.
    has_outage: AtomicBool,
    state: Mutex<State>,
    /// Limits the lines about operations that fail alone.
    lines: Sampler<&'static str>,
    metrics: Arc<Metrics>,
    log: Logger,
}

#[derive(Default)]
struct State {
    /// The operations that are repeated all the time.
    periodic: BTreeSet<&'static str>,
    outage: Option<Outage>,
}

struct Outage {
    began: Instant,
    failures: u64,
    /// The operations whose last call has failed, and their errors.
    failing: BTreeMap<&'static str, String>,
    /// The operations that have not succeeded since the last failure of any operation. The outage ends when there is none.
    /// Some operations need only a part of the store. So the success of one operation does not end an outage while others
    /// still wait for their result.
    unproven: BTreeSet<&'static str>,
}

impl StoreMonitor {
    #[must_use]
    pub fn new(metrics: Arc<Metrics>, log: Logger) -> StoreMonitor {
        StoreMonitor { has_outage: AtomicBool::new(false), state: Mutex::default(), lines: Sampler::default(), metrics, log }
    }

    /// Announces an operation that the caller repeats every few seconds, whatever its result is. `operation` completes the
    /// sentence "cannot …". From now on, an outage ends only after a success of this operation.
    pub fn periodic(self: &Arc<Self>, operation: &'static str) -> PeriodicOperation {
        self.lock().periodic.insert(operation);
        PeriodicOperation { monitor: self.clone(), operation }
    }

    /// Observes a success. The caller has repeated the operation until it has succeeded.
    pub(super) fn succeeded(&self, operation: &'static str) {
        if !self.has_outage.load(Ordering::Relaxed) {
            return;
        }
        let mut state = self.lock();
        let Some(outage) = &mut state.outage else { return };
        outage.failing.remove(operation);
        outage.unproven.remove(operation);
        if !outage.unproven.is_empty() {
            return;
        }
        let (duration, failures) = (outage.began.elapsed(), outage.failures);
        state.outage = None;
        self.has_outage.store(false, Ordering::Relaxed);
        self.metrics.set_store_unavailable(false);
        slog::info!(self.log, # "store.available", "the store works again";
            "duration_ms" => u64::try_from(duration.as_millis()).unwrap_or(u64::MAX), "failures" => failures);
    }

    /// Observes a failure. The caller must repeat the operation until it succeeds. Otherwise the outage would never end.
    pub(super) fn failed(&self, operation: &'static str, error: &store::Error) {
        let error = chain(error);
        let State { periodic, outage } = &mut *self.lock();
        let is_new = outage.is_none();
        let outage = outage.get_or_insert_with(|| Outage {
            began: Instant::now(),
            failures: 0,
            failing: BTreeMap::new(),
            unproven: BTreeSet::new(),
        });
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
        outage.unproven = periodic.iter().chain(outage.failing.keys()).copied().collect();
    }

    /// Reports that an operation failed that is perhaps not repeated soon. Such an operation does not begin an outage, because
    /// its next success would be late.
    pub fn report(&self, operation: &'static str, error: &store::Error, now: DateTime<Utc>) {
        let error = chain(error);
        if let Some(outage) = &mut self.lock().outage {
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

    /// Returns the operations that fail, with their errors. Returns `None` if none fails.
    #[must_use]
    pub fn outage(&self) -> Option<String> {
        let state = self.lock();
        let failing = &state.outage.as_ref()?.failing;
        let texts: Vec<String> = failing.iter().map(|(operation, error)| format!("cannot {operation}: {error}")).collect();
        (!texts.is_empty()).then(|| texts.join("; "))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_ends_when_every_operation_has_succeeded_since_the_last_failure() {
        let monitor = Arc::new(StoreMonitor::new(Arc::default(), Logger::root(slog::Discard, slog::o!())));
        let failed = || store::Result::<()>::Err(store::Error::Overloaded);
        // Neither operation was called before the outage began.
        let [lease, tidy] = ["lease", "tidy"].map(|operation| monitor.periodic(operation));
        assert_eq!(lease.observe(failed()), None);
        assert_eq!(monitor.outage().as_deref(), Some("cannot lease: the write queue is full"));
        assert_eq!(lease.observe(Ok(())), Some(()));
        assert!(monitor.outage().is_none() && monitor.lock().outage.is_some(), "the other operation may still wait for the store");
        tidy.observe(failed());
        monitor.failed("record", &store::Error::Overloaded);
        for operation in ["tidy", "record"] {
            monitor.succeeded(operation);
            assert!(monitor.lock().outage.is_some());
        }
        monitor.succeeded("lease");
        assert!(monitor.lock().outage.is_none());
        // An operation that is not repeated begins no outage.
        monitor.report("count", &store::Error::Overloaded, DateTime::UNIX_EPOCH);
        assert!(monitor.lock().outage.is_none());
    }
}
