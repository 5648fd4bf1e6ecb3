//! The state of this server: whether it is ready, and what the store contains. `/readyz`, the metrics and the operations for
//! operators show it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::FutureExt as _;
use tokio::sync::watch;

use super::probe::Probe;
use crate::clock::Clock;
use crate::delivery::{Engine, chain};
use crate::metrics::Metrics;
use crate::model::{BacklogCounts, DuePerLane, Lane, PauseScope, StorageUse};
use crate::store::{self, BacklogScan, Store};

/// The time between two counts of the contents of the store.
const COUNT_INTERVAL: Duration = Duration::from_secs(2);

/// The time between two steps of a count. Because of this time, the load on the store is low, even if the count takes
/// long.
const STEP_INTERVAL: Duration = Duration::from_millis(100);

/// After this time, a count is no longer shown as the present state. A count of many millions of deliveries takes minutes.
const MAX_AGE: TimeDelta = TimeDelta::minutes(10);

/// Maximum time that a caller waits for the first count after the start.
const FIRST_COUNT_TIMEOUT: Duration = Duration::from_secs(5);

pub struct ServiceStatus {
    engine: Arc<Engine>,
    store: Arc<dyn Store>,
    writes: Probe<()>,
    store_status: Probe<StoreStatus>,
    stopping: AtomicBool,
    counted: watch::Sender<Option<Arc<Counted>>>,
}

#[derive(Clone)]
struct StoreStatus {
    storage: StorageUse,
    /// The time at which the pause of all deliveries began. It is `None` if there is no such pause.
    paused_since: Option<DateTime<Utc>>,
}

pub struct Readiness {
    /// The reasons why the server is not ready. The list is empty if the server is ready.
    pub reasons: Vec<String>,
    pub paused_since: Option<DateTime<Utc>>,
    /// `None` if the store cannot be read.
    pub storage: Option<StorageUse>,
}

/// The result of a count of the contents of the store.
pub struct Counted {
    pub at: DateTime<Utc>,
    pub counts: BacklogCounts,
    pub oldest_due: DuePerLane,
}

impl ServiceStatus {
    #[must_use]
    pub fn new(engine: Arc<Engine>, store: Arc<dyn Store>) -> ServiceStatus {
        let probed_store = store.clone();
        let writes = Probe::new(move || {
            let store = probed_store.clone();
            async move { store.probe_write().await.map_err(|error| chain(&error)) }.boxed()
        });
        let probed_store = store.clone();
        let store_status = Probe::new(move || {
            let store = probed_store.clone();
            async move { StoreStatus::read(&*store).await.map_err(|error| chain(&error)) }.boxed()
        });
        ServiceStatus { engine, store, writes, store_status, stopping: AtomicBool::new(false), counted: watch::Sender::new(None) }
    }

    /// Makes [`ServiceStatus::readiness`] report not ready from now on.
    pub fn set_stopping(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    pub async fn readiness(&self) -> Readiness {
        let mut reasons = Vec::new();
        if self.stopping.load(Ordering::Relaxed) {
            reasons.push("the server is stopping".to_owned());
        } else {
            reasons.extend(self.engine.stalled_tasks().into_iter().map(|stalled_task| format!("the engine {stalled_task}")));
        }
        let (writes, store_status) = tokio::join!(self.writes.outcome(), self.store_status.outcome());
        if let Err(error) = writes {
            reasons.push(format!("the store takes no writes: {error}"));
        }
        // A node without the role `api` gets no requests that fail. Its background tasks show that it has lost its store.
        if let Some(outage) = self.engine.store_monitor().outage() {
            reasons.push(format!("the store is not available: {outage}"));
        }
        match store_status {
            Ok(StoreStatus { storage, paused_since }) => {
                reasons.extend(why_full(&storage));
                Readiness { reasons, paused_since, storage: Some(storage) }
            }
            Err(error) => {
                reasons.push(format!("the store cannot be read: {error}"));
                Readiness { reasons, paused_since: None, storage: None }
            }
        }
    }

    /// Returns the most recent count, or `None` if it is too old.
    #[must_use]
    pub fn counted_recently(&self, now: DateTime<Utc>) -> Option<Arc<Counted>> {
        self.counted.borrow().clone().filter(|counted| now - counted.at <= MAX_AGE)
    }

    /// Returns the most recent count. Waits for the first count, but not longer than some seconds.
    pub async fn counted(&self) -> Option<Arc<Counted>> {
        let mut counted = self.counted.subscribe();
        let first = tokio::time::timeout(FIRST_COUNT_TIMEOUT, counted.wait_for(Option::is_some)).await.ok()?.ok()?;
        first.clone()
    }

    /// Counts the contents of the store repeatedly. So a request for the counts causes no load on the store. Never returns.
    pub async fn count(self: Arc<ServiceStatus>, clock: Clock, metrics: Arc<Metrics>) {
        let mut last = BacklogScan::default();
        loop {
            match self.count_once(&clock, &metrics, &last).await {
                Ok((scan, oldest_due)) => {
                    let counted = Counted { at: clock.now(), counts: scan.counts.clone(), oldest_due };
                    self.counted.send_replace(Some(Arc::new(counted)));
                    last = scan;
                }
                // The metrics keep their last values.
                Err(error) => self.engine.store_monitor().report("count the contents of the store", &error, clock.now()),
            }
            tokio::time::sleep(COUNT_INTERVAL).await;
        }
    }

    async fn count_once(&self, clock: &Clock, metrics: &Metrics, last: &BacklogScan) -> store::Result<(BacklogScan, DuePerLane)> {
        let slots = self.engine.slots();
        let mut scan = BacklogScan::default();
        loop {
            let mut due = self.store.oldest_due(slots.waiting()).await?;
            // Only a backlog scan finds deliveries that wait for earlier deliveries of an ordered webhook.
            let ordered = &mut due[Lane::Ordered as usize];
            *ordered = (*ordered).into_iter().chain(last.counts.oldest_in_order).min();
            metrics.set_oldest_due(&due, clock.now());
            scan = self.store.scan_backlog(scan).await?;
            if scan.ended() {
                metrics.set_backlog(&scan.counts);
                return Ok((scan, due));
            }
            tokio::time::sleep(STEP_INTERVAL).await;
        }
    }
}

impl StoreStatus {
    async fn read(store: &dyn Store) -> store::Result<StoreStatus> {
        let pauses = store.list_pauses().await?;
        let pause_of_all = pauses.into_iter().find(|pause| pause.scope == PauseScope::All);
        Ok(StoreStatus { storage: store.storage_use().await?, paused_since: pause_of_all.map(|pause| pause.since) })
    }
}

pub(crate) fn why_full(storage: &StorageUse) -> Option<String> {
    let StorageUse { used_bytes, max_bytes, disk_free_bytes, min_free_bytes } = storage;
    if storage.has_no_room() {
        Some(format!("the storage is full: the database holds {used_bytes} bytes of at most {max_bytes} (storage.max_bytes)"))
    } else if storage.disk_has_no_room() {
        Some(format!(
            "the storage is full: its disk has {disk_free_bytes} bytes left and must keep {min_free_bytes} (storage.min_free_bytes)"
        ))
    } else {
        None
    }
}
