//! Bringing notifications to callbacks.
//!
//! The states of a delivery, and what moves it:
//!
//! ```text
//!   publish ──► pending ──attempt──► 2xx ─────────────────────────► succeeded
//!                  ▲  │                │
//!                  │  │                ├─ 410 ─► failed, and the webhook is deactivated (as it is when nothing
//!                  │  │                │         was accepted for too long)
//!                  │  │                └─ else ─┬─ a time is left in the schedule ─► pending
//!                  └──┼──────────────────────────┘
//!                     │                          └─ none is ───────► failed
//!                     └─ webhook deactivated or deleted,
//!                        notification deleted ─────────────────────► cancelled
//!
//!   redeliver, recover ──► pending, from any state: due at once, with a schedule of its own
//! ```
//!
//! A pending delivery is leased while an attempt of it runs. [`Engine`] takes leases, runs attempts and records them;
//! nothing here decides by itself what the time is or what is random.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::api::callback::Answer;
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::model::{Fleet, Next};
use crate::secrets::seal::Vault;
use crate::slots::{Caps, LONGEST_PAUSE, Slots, Work};
use crate::store::{self, DeactivationCause, Destination, Finish, HEARTBEAT, Leased, Patience, Store};

mod attempt;
pub mod callback;
mod credentials;
mod deliver;
mod erasure;
pub mod guard;
pub mod handshake;
mod lease_loop;
mod outcome;
mod record;
pub mod recovery;
pub mod redact;
pub mod retry;
pub mod signature;
mod target;
mod test_callback;

use attempt::{Call, Sent};
use guard::Guard;
use handshake::Handshakes;
pub use outcome::NotMade;
use retry::RetrySchedule;
use target::Targets;
pub use test_callback::Sample;

#[derive(Clone, Debug)]
pub struct Settings {
    pub caps: Caps,
    pub retry_schedule: RetrySchedule,
    /// One attempt in all, name resolution and token request included.
    pub attempt_timeout: Duration,
    /// With webhooks that accept nothing; `None` is endless.
    pub patience: Option<Patience>,
}

/// How often the store is asked for what is due, whatever else is known: commands beside this process may change that.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// How long giving back what is in flight may take at the end.
const GIVE_BACK_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a change of a webhook is remembered against what was leased before it: far longer than a leased delivery
/// waits for its first byte.
const CHANGE_MEMORY: Duration = Duration::from_secs(60);

/// What is undone while nothing takes what is due.
const TAKES_NONE: &str = "takes no deliveries";

pub struct Engine {
    settings: Settings,
    store: Arc<dyn Store>,
    targets: Targets,
    guard: Guard,
    clock: Clock,
    metrics: Arc<Metrics>,
    log: slog::Logger,
    slots: Arc<Slots>,
    /// Something falls due in the store sooner than was known.
    rescheduled: Notify,
    stopping: watch::Sender<bool>,
    /// The time to drain is over: what is in flight is given back.
    cut_off: CancellationToken,
    attempts: TaskTracker,
    /// What runs from its start to its stop, each with what is not done without it.
    tasks: OnceLock<Vec<(&'static str, AbortHandle)>>,
    /// Says that this process lives.
    pulse: OnceLock<AbortHandle>,
    /// The latest revision of each webhook that this process changed a moment ago.
    changes: Mutex<HashMap<Uuid, (u32, Instant)>>,
    /// Notifications that this process deleted a moment ago.
    deletions: Mutex<HashMap<Uuid, Instant>>,
    tests: Mutex<HashMap<String, usize>>,
    handshakes: Handshakes,
}

impl Engine {
    /// An engine that delivers what it is given, and takes nothing by itself before [`Engine::start`].
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
            slots: Slots::new(settings.caps),
            targets: Targets::new(vault, metrics.clone()),
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
            pulse: OnceLock::new(),
            changes: Mutex::default(),
            deletions: Mutex::default(),
            tests: Mutex::default(),
            handshakes: Handshakes::default(),
        })
    }

    /// Starts taking what is due, now and from now on; or, where others deliver, only being one of the nodes.
    pub fn start(self: &Arc<Self>, delivers: bool) {
        self.pulse.get_or_init(|| tokio::spawn(self.clone().keep_alive()).abort_handle());
        self.tasks.get_or_init(|| {
            if !delivers {
                return Vec::new();
            }
            vec![
                (TAKES_NONE, self.attempts.spawn(self.clone().take_what_is_due()).abort_handle()),
                ("makes no handshakes", self.attempts.spawn(self.clone().take_due_handshakes()).abort_handle()),
                ("does not tidy the store", self.attempts.spawn(self.clone().tidy()).abort_handle()),
            ]
        });
    }

    /// What it should do from its start to its stop and does not: it has not been started, or a task of it has broken down.
    #[must_use]
    pub fn undone(&self) -> Vec<&'static str> {
        match self.tasks.get() {
            Some(tasks) => {
                let pulse = self.pulse.get().map(|pulse| ("does not say that it is alive", pulse.clone()));
                tasks.iter().cloned().chain(pulse).filter(|(_, task)| task.is_finished()).map(|(undone, _)| undone).collect()
            }
            None => vec![TAKES_NONE],
        }
    }

    /// Takes no more deliveries.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Stops, and waits until `deadline` for what is in flight. What is cut off then is given back, and attempted again after
    /// the next start.
    pub async fn drain(&self, deadline: tokio::time::Instant) {
        self.stop();
        self.attempts.close();
        if tokio::time::timeout_at(deadline, self.attempts.wait()).await.is_err() {
            self.give_up().await;
        }
        if let Some(pulse) = self.pulse.get() {
            pulse.abort();
        }
        match tokio::time::timeout(GIVE_BACK_TIMEOUT, self.store.leave()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                slog::warn!(self.log, "cannot tell the other nodes that this one leaves; they take over in ten seconds"; "error" => chain(&error));
            }
            Err(_) => slog::warn!(self.log, "the store does not answer that this node leaves; the others take over in ten seconds"),
        }
    }

    async fn give_up(&self) {
        slog::warn!(self.log, "attempts were still in flight at the end of the time to drain; they are made again after the next start";
            "in_flight" => self.slots.in_flight());
        self.cut_off.cancel();
        // A store that is away takes nothing back; after the next start the leases are void all the same.
        let _ = tokio::time::timeout(GIVE_BACK_TIMEOUT, self.attempts.wait()).await;
    }

    /// Where a publish leases its fresh deliveries.
    #[must_use]
    pub fn slots(&self) -> Arc<Slots> {
        self.slots.clone()
    }

    /// Goes on with what has been leased.
    pub fn begin(self: &Arc<Self>, leased: impl IntoIterator<Item = Leased>) {
        for leased in leased {
            let engine = self.clone();
            self.attempts.spawn(async move { engine.deliver(leased).await });
        }
    }

    /// Says that something has fallen due.
    pub fn wake_up(&self) {
        self.rescheduled.notify_one();
    }

    /// Notes that a webhook has been changed, deactivated or deleted: no attempt starts with an older state after this.
    pub fn webhook_changed(&self, webhook_id: Uuid, revision: u32) {
        let mut changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        changes.retain(|_, (_, at)| at.elapsed() < CHANGE_MEMORY);
        let entry = changes.entry(webhook_id).or_insert((revision, Instant::now()));
        *entry = (revision.max(entry.0), Instant::now());
        drop(changes);
        self.slots.forgive(webhook_id);
    }

    fn outdated(&self, destination: &Destination) -> bool {
        let changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        changes.get(&destination.webhook_id).is_some_and(|(revision, _)| *revision > destination.revision)
    }
}

/// Names an attempt in the log.
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

/// From 0 up to 1, to spread retries. Without randomness they are merely not spread.
fn random_fraction() -> f64 {
    let mut bytes = [0; 4];
    match aws_lc_rs::rand::fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / (f64::from(u32::MAX) + 1.0),
        Err(_) => 0.0,
    }
}

/// An error and its causes on one line, for the log.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests;
