//! Watches the pauses and the free storage. Logs each change once, and updates the metrics.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use slog::Logger;

use crate::clock::Clock;
use crate::delivery::{PeriodicOperation, StoreMonitor};
use crate::http::service_status::why_full;
use crate::metrics::Metrics;
use crate::model::{Pause, StorageUse};
use crate::store::Store;

const INTERVAL: Duration = Duration::from_secs(2);

pub(super) struct Watch {
    store: Arc<dyn Store>,
    read_pauses: PeriodicOperation,
    measure_storage: PeriodicOperation,
    clock: Clock,
    metrics: Arc<Metrics>,
    log: Logger,
    /// The pauses at the last look, with their begins.
    paused: BTreeMap<String, DateTime<Utc>>,
    /// When the storage was first seen to be full. `None` means that it has room.
    full_since: Option<DateTime<Utc>>,
}

impl Watch {
    pub(super) fn new(store: Arc<dyn Store>, monitor: &Arc<StoreMonitor>, clock: Clock, metrics: Arc<Metrics>, log: Logger) -> Watch {
        let [read_pauses, measure_storage] = ["read the pauses", "measure the used storage"].map(|operation| monitor.periodic(operation));
        Watch { store, read_pauses, measure_storage, clock, metrics, log, paused: BTreeMap::new(), full_since: None }
    }

    /// Looks every two seconds. Never returns.
    pub(super) async fn run(mut self) {
        loop {
            tokio::time::sleep(INTERVAL).await;
            self.look().await;
        }
    }

    pub(super) async fn look(&mut self) {
        let pauses = self.store.list_pauses().await;
        let pauses = self.read_pauses.observe(pauses);
        let storage = self.store.storage_use().await;
        let storage = self.measure_storage.observe(storage);
        if let Some(pauses) = pauses {
            self.metrics.set_pauses(&pauses);
            self.compare_pauses(&pauses);
        }
        if let Some(storage) = storage {
            self.metrics.set_storage(&storage);
            self.compare_storage(&storage);
        }
    }

    fn compare_pauses(&mut self, pauses: &[Pause]) {
        let current: BTreeMap<String, DateTime<Utc>> = pauses.iter().map(|pause| (pause.scope.to_string(), pause.since)).collect();
        for (scope, since) in &self.paused {
            if !current.contains_key(scope) {
                slog::info!(self.log, # "deliveries.resumed", "a pause has ended; its due deliveries are attempted";
                    "paused" => scope, "duration_ms" => (self.clock.now() - since).num_milliseconds());
            }
        }
        for (scope, since) in &current {
            if self.paused.get(scope) != Some(since) {
                slog::warn!(self.log, # "deliveries.paused", "deliveries are paused until `webhooks-server delivery resume`";
                    "paused" => scope, "since" => since.to_rfc3339_opts(SecondsFormat::Millis, true));
            }
        }
        self.paused = current;
    }

    fn compare_storage(&mut self, storage: &StorageUse) {
        let now = self.clock.now();
        match (why_full(storage), self.full_since) {
            (Some(reason), None) => {
                slog::error!(self.log, # "storage.full", "the storage is full: requests that add data get status 503; accepted notifications are still delivered";
                    "error" => reason, "used_bytes" => storage.used_bytes, "max_bytes" => storage.max_bytes,
                    "disk_free_bytes" => storage.disk_free_bytes, "min_free_bytes" => storage.min_free_bytes);
                self.full_since = Some(now);
            }
            (None, Some(since)) => {
                slog::info!(self.log, # "storage.available", "the storage has room again"; "duration_ms" => (now - since).num_milliseconds());
                self.full_since = None;
            }
            _ => {}
        }
    }
}
