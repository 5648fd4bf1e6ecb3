//! Delivers notifications to webhooks.
//!
//! The states of a delivery and their transitions:
//!
//! ```text
//!   publish ──► pending ──attempt──► 2xx ─────────────────────────► succeeded
//!                  ▲  │                │
//!                  │  │                ├─ 410 ─► failed; the webhook is deactivated
//!                  │  │                └─ else ─┬─ a retry is left ─► pending
//!                  └──┼──────────────────────────┘
//!                     │                          └─ no retry left ─► failed
//!                     ├─ webhook deactivated or deleted,
//!                     │  notification deleted ─────────────────────► cancelled
//!                     └─ five deaths of a process during attempts,
//!                        the last two alone ──────────────────────► failed
//!
//!   redeliver, recover ──► pending, from any state: due at once, with a new retry schedule
//!   cancel ──► cancelled, from pending
//! ```
//!
//! A webhook that accepts no delivery for too long is also deactivated ([`DeactivationPolicy`]). A pending delivery is leased
//! while an attempt of it runs. [`Engine`] leases deliveries, runs their attempts and records the outcomes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::api::callback::ResponseClass;
use crate::audit_log::AuditLog;
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::model::{AttemptFacts, Fleet, Next};
use crate::secrets::seal::Vault;
use crate::slots::{MAX_PAUSE, Slots, WorkItem};
use crate::spans::Spans;
use crate::store::{self, DeactivationCause, DeactivationPolicy, Destination, EndedAttempt, HEARTBEAT, Leased, Store};

mod attempt;
mod attempt_line;
pub mod callback;
mod credentials;
mod deliver;
pub mod egress;
mod erasure;
mod error_text;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzz_targets;
pub mod guard;
pub mod handshake;
mod headers;
mod lease_loop;
mod outcome;
mod record;
pub mod recovery;
pub mod redact;
pub mod retry;
pub mod selection;
pub mod signature;
mod store_monitor;
mod suspects;
mod target;
mod test_callback;
#[cfg(test)]
mod test_receiver;
mod waiting;

use attempt::{Call, Sent};
use attempt_line::SampledLines;
use guard::Guard;
use handshake::Handshakes;
pub use headers::derived_exchange;
pub use outcome::NotMade;
use outcome::Outcome;
use retry::RetrySchedule;
pub use store_monitor::{PeriodicOperation, StoreMonitor};
use target::Targets;
pub use test_callback::{Sample, TestRefusal};

#[derive(Clone)]
pub struct Settings {
    pub slots: Arc<Slots>,
    pub retry_schedule: RetrySchedule,
    /// Time limit of one attempt, including name resolution and token request.
    pub attempt_timeout: Duration,
    /// When to deactivate webhooks that accept no delivery; `None` means never.
    pub policy: Option<DeactivationPolicy>,
    pub audit_log: AuditLog,
    pub store_monitor: Arc<StoreMonitor>,
    pub spans: Spans,
}

/// Maximum time between two queries for due work, even without a wakeup. Another process may have made work due.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Time limit for each step of releasing leases when the engine stops.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(2);

/// How long the engine remembers that a webhook was changed or a notification was deleted. The engine uses this record
/// to detect deliveries that were leased before the change or the deletion. The time from the lease of a delivery to
/// its attempt is much shorter than this constant.
const CHANGE_RETENTION: Duration = Duration::from_secs(60);

/// The text that `stalled_tasks` returns before the start of the engine.
const LEASES_NOTHING: &str = "leases no deliveries";

pub struct Engine {
    settings: Settings,
    store: Arc<dyn Store>,
    vault: Arc<Vault>,
    targets: Targets,
    guard: Guard,
    clock: Clock,
    metrics: Arc<Metrics>,
    log: slog::Logger,
    lines: SampledLines,
    store_monitor: Arc<StoreMonitor>,
    slots: Arc<Slots>,
    /// Notified when a delivery becomes due sooner than the lease loop expects.
    rescheduled: Notify,
    stopping: watch::Sender<bool>,
    /// Cancelled after the drain deadline. Then the attempts in flight end, and their deliveries are released.
    cut_off: CancellationToken,
    attempts: TaskTracker,
    /// The background tasks. Each task has a text that is reported if the task has ended too early.
    tasks: OnceLock<Vec<(&'static str, AbortHandle)>>,
    heartbeat: OnceLock<AbortHandle>,
    /// The latest revision of each webhook that was changed recently.
    changes: Mutex<HashMap<Uuid, (u32, Instant)>>,
    /// Notifications that were deleted recently.
    deletions: Mutex<HashMap<Uuid, Instant>>,
    /// The number of running tests per account.
    tests: Mutex<HashMap<String, usize>>,
    handshakes: Handshakes,
    /// A delivery is accused if it was in flight when a process died, and is not a suspect yet. Each attempt of an accused
    /// delivery has a clone while it is in flight.
    accused: Arc<()>,
}

impl Engine {
    /// Returns an engine that attempts the deliveries passed to [`Engine::begin`]. It leases no deliveries before
    /// [`Engine::start`].
    #[must_use]
    pub fn new(
        settings: Settings,
        store: Arc<dyn Store>,
        vault: Arc<Vault>,
        guard: Guard,
        clock: Clock,
        metrics: Arc<Metrics>,
        log: slog::Logger,
    ) -> Arc<Engine> {
        Arc::new(Engine {
            slots: settings.slots.clone(),
            store_monitor: settings.store_monitor.clone(),
            lines: SampledLines::default(),
            targets: Targets::new(vault.clone(), metrics.clone()),
            vault,
            settings,
            store,
            guard,
            clock,
            metrics,
            log,
            rescheduled: Notify::new(),
            stopping: watch::Sender::new(false),
            cut_off: CancellationToken::new(),
            attempts: TaskTracker::new(),
            tasks: OnceLock::new(),
            heartbeat: OnceLock::new(),
            changes: Mutex::default(),
            deletions: Mutex::default(),
            tests: Mutex::default(),
            handshakes: Handshakes::default(),
            accused: Arc::default(),
        })
    }

    /// Starts the heartbeat and, if this node `delivers`, the background tasks that lease deliveries, make handshakes and tidy
    /// the store.
    pub fn start(self: &Arc<Self>, delivers: bool) {
        let periodic = |operation| self.store_monitor.periodic(operation);
        self.heartbeat.get_or_init(|| tokio::spawn(self.clone().keep_alive(periodic("send the heartbeat"))).abort_handle());
        self.tasks.get_or_init(|| {
            if !delivers {
                return Vec::new();
            }
            let leasing = self.clone().lease_due_deliveries(periodic("look for due deliveries"));
            let handshakes = self.clone().make_due_handshakes(periodic("look for due handshakes"));
            let tidying = self.clone().tidy(periodic("tidy the store"), periodic("remove old data"));
            vec![
                (LEASES_NOTHING, self.attempts.spawn(leasing).abort_handle()),
                ("makes no handshakes", self.attempts.spawn(handshakes).abort_handle()),
                ("does not tidy the store", self.attempts.spawn(tidying).abort_handle()),
                ("attempts no suspects", self.attempts.spawn(self.clone().attempt_suspects()).abort_handle()),
            ]
        });
    }

    /// Returns a text for each background task that has ended too early. Before the start of the engine, returns
    /// `LEASES_NOTHING`.
    #[must_use]
    pub fn stalled_tasks(&self) -> Vec<&'static str> {
        match self.tasks.get() {
            Some(tasks) => {
                let heartbeat = self.heartbeat.get().map(|heartbeat| ("sends no heartbeat", heartbeat.clone()));
                tasks.iter().cloned().chain(heartbeat).filter(|(_, task)| task.is_finished()).map(|(stalled, _)| stalled).collect()
            }
            None => vec![LEASES_NOTHING],
        }
    }

    /// Stops leasing deliveries.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Stops the engine. Waits until no attempt is in flight, but not longer than until `deadline`. Then releases the
    /// remaining deliveries. They are attempted again later.
    pub async fn drain(&self, deadline: tokio::time::Instant) {
        self.stop();
        self.attempts.close();
        if tokio::time::timeout_at(deadline, self.attempts.wait()).await.is_err() {
            self.cut_off_attempts().await;
        }
        if let Some(heartbeat) = self.heartbeat.get() {
            heartbeat.abort();
        }
        match tokio::time::timeout(RELEASE_TIMEOUT, self.store.release_leases()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                slog::warn!(self.log, # "leases.not_released", "cannot release this node's leases; the other nodes take over in ten seconds"; "error" => chain(&error));
            }
            Err(_) => {
                slog::warn!(self.log, # "leases.not_released", "timeout while releasing this node's leases; the other nodes take over in ten seconds"; "error" => "timeout")
            }
        }
    }

    async fn cut_off_attempts(&self) {
        slog::warn!(self.log, # "attempts.cut_off", "drain timeout: the attempts still in flight are cut off and repeated later";
            "in_flight" => self.slots.in_flight());
        self.cut_off.cancel();
        // If the store is unavailable, the leases stay. They become void in a takeover or at the next start.
        let _ = tokio::time::timeout(RELEASE_TIMEOUT, self.attempts.wait()).await;
    }

    /// Returns the state of the store, as the background tasks of this process see it.
    #[must_use]
    pub fn store_monitor(&self) -> &StoreMonitor {
        &self.store_monitor
    }

    /// Returns where the spans of publications go.
    #[must_use]
    pub fn spans(&self) -> &Spans {
        &self.settings.spans
    }

    /// Returns the slots. A publication takes slots for its fresh deliveries.
    #[must_use]
    pub fn slots(&self) -> Arc<Slots> {
        self.slots.clone()
    }

    /// Starts an attempt of each leased delivery.
    pub fn begin(self: &Arc<Self>, leased: impl IntoIterator<Item = Leased>) {
        for leased in leased {
            self.attempts.spawn(self.clone().deliver(leased));
        }
    }

    /// Wakes the lease loop because a delivery has become due.
    pub fn wake_up(&self) {
        self.rescheduled.notify_one();
    }

    /// Records that a webhook was changed, deactivated or deleted. After this call, no attempt starts with an older revision.
    pub fn webhook_changed(&self, webhook_id: Uuid, revision: u32) {
        let mut changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        changes.retain(|_, (_, at)| at.elapsed() < CHANGE_RETENTION);
        let entry = changes.entry(webhook_id).or_insert((revision, Instant::now()));
        *entry = (revision.max(entry.0), Instant::now());
        drop(changes);
        self.slots.reset_health(webhook_id);
    }

    fn outdated(&self, destination: &Destination) -> bool {
        let changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        changes.get(&destination.webhook_id).is_some_and(|(revision, _)| *revision > destination.revision)
    }
}

/// Identifies an attempt in the log.
#[derive(Clone, Copy)]
struct AttemptName {
    delivery: Uuid,
    number: u32,
}

impl slog::KV for AttemptName {
    fn serialize(&self, _: &slog::Record<'_>, serializer: &mut dyn slog::Serializer) -> slog::Result {
        serializer.emit_arguments("delivery".into(), &format_args!("{}", self.delivery))?;
        serializer.emit_u32("attempt".into(), self.number)
    }
}

/// Returns a random number in `0.0..1.0` for the jitter of retries, or 0 if the random source fails.
fn random_fraction() -> f64 {
    let mut bytes = [0; 4];
    match aws_lc_rs::rand::fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / (f64::from(u32::MAX) + 1.0),
        Err(_) => 0.0,
    }
}

/// Formats an error and its causes on one line for the log.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests;
