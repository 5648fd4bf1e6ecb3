//! Bringing notifications to callbacks.
//!
//! The states of a delivery, and what moves it:
//!
//! ```text
//!   publish ──► pending ──attempt──► 2xx ─────────────────────────► succeeded
//!                  ▲  │                │
//!                  │  │                ├─ 410 ─► failed, and the webhook is deactivated
//!                  │  │                └─ else ─┬─ a time is left in the schedule ─► pending
//!                  └──┼──────────────────────────┘
//!                     │                          └─ none is ───────► failed
//!                     └─ webhook deactivated, deleted ─────────────► cancelled
//! ```
//!
//! A pending delivery is leased while an attempt of it runs. [`Engine`] takes leases, runs attempts and records them;
//! nothing here decides by itself what the time is or what is random.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde_json::value::RawValue;
use tokio::sync::{Notify, watch};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::api::types::EventType;
use crate::clock::Clock;
use crate::seal::Vault;
use crate::store::{self, Destination, Finish, Leased, Next, Store};

mod attempt;
pub mod callback;
mod credentials;
pub mod guard;
pub mod redact;
pub mod retry;
pub mod schedule;
pub mod signature;
mod target;

use attempt::{Call, Sent};
use callback::{Answer, CallbackBody, CallbackReference};
use guard::Guard;
use retry::RetrySchedule;
use schedule::{Caps, Slots};
use target::Targets;
pub use target::{auth_context, signing_context};

#[derive(Clone, Debug)]
pub struct Settings {
    pub caps: Caps,
    pub retry_schedule: RetrySchedule,
    /// One attempt in all, name resolution and token request included.
    pub attempt_timeout: Duration,
}

/// A test of a webhook is waited for by its caller, so it ends well before a client gives up.
const TEST_TIMEOUT: Duration = Duration::from_secs(8);
const TESTS_AT_ONCE: usize = 2;

/// How often what nobody waits for gets a step, when there is nothing of it to do.
const TIDY_INTERVAL: Duration = Duration::from_secs(1);

/// How long a change of a webhook is remembered against what was leased before it: far longer than a leased delivery
/// waits for its first byte.
const CHANGE_MEMORY: Duration = Duration::from_secs(60);

pub struct Engine {
    settings: Settings,
    store: Arc<dyn Store>,
    targets: Targets,
    guard: Guard,
    clock: Clock,
    log: slog::Logger,
    slots: Arc<Slots>,
    /// Work was left due, or a retry was scheduled.
    wake: Notify,
    stopping: watch::Sender<bool>,
    attempts: TaskTracker,
    /// The latest revision of each webhook that this process changed a moment ago.
    changes: Mutex<HashMap<Uuid, (u32, Instant)>>,
    tests: Mutex<HashMap<String, usize>>,
}

impl Engine {
    /// An engine that delivers what it is given, and takes nothing by itself before [`Engine::start`].
    #[must_use]
    pub fn new(settings: Settings, store: Arc<dyn Store>, vault: Arc<Vault>, guard: Guard, clock: Clock, log: slog::Logger) -> Arc<Engine> {
        Arc::new(Engine {
            slots: Slots::new(settings.caps),
            targets: Targets::new(vault),
            settings,
            store,
            guard,
            clock,
            log,
            wake: Notify::new(),
            stopping: watch::Sender::new(false),
            attempts: TaskTracker::new(),
            changes: Mutex::default(),
            tests: Mutex::default(),
        })
    }

    /// Starts taking what is due, now and from now on.
    pub fn start(self: &Arc<Self>) {
        self.attempts.spawn(self.clone().take_what_is_due());
        self.attempts.spawn(self.clone().tidy());
    }

    /// Stops taking deliveries, and waits at most `patience` for those in flight. What is cut off is attempted again
    /// after the next start.
    pub async fn drain(&self, patience: Duration) {
        self.stopping.send_replace(true);
        self.attempts.close();
        if tokio::time::timeout(patience, self.attempts.wait()).await.is_err() {
            slog::warn!(self.log, "attempts were still in flight at the end of the time to drain; they are made again after the next start";
                "in_flight" => self.slots.in_flight());
        }
    }

    /// Where a publish leases its fresh deliveries.
    #[must_use]
    pub fn slots(&self) -> Arc<Slots> {
        self.slots.clone()
    }

    /// Goes on with what a publish has stored.
    pub fn begin(self: &Arc<Self>, leased: Vec<Leased>, left: bool) {
        for leased in leased {
            let engine = self.clone();
            self.attempts.spawn(async move { engine.deliver(leased).await });
        }
        if left {
            self.wake.notify_one();
        }
    }

    /// Notes that a webhook has been changed, deactivated or deleted: no attempt starts with an older state after this.
    pub fn webhook_changed(&self, webhook_id: Uuid, revision: u32) {
        let mut changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        changes.retain(|_, (_, at)| at.elapsed() < CHANGE_MEMORY);
        let entry = changes.entry(webhook_id).or_insert((revision, Instant::now()));
        *entry = (revision.max(entry.0), Instant::now());
    }

    fn outdated(&self, destination: &Destination) -> bool {
        let changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        changes.get(&destination.webhook_id).is_some_and(|(revision, _)| *revision > destination.revision)
    }

    async fn take_what_is_due(self: Arc<Self>) {
        let mut stopping = self.stopping.subscribe();
        while !*stopping.borrow() {
            let round = self.store.lease_due(self.clock.now(), self.slots.clone()).await;
            let round = match round {
                Ok(round) => round,
                Err(error) => {
                    slog::error!(self.log, "cannot look for deliveries that are due; trying again in a second"; "error" => chain(&error));
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    continue;
                }
            };
            let (more, next_due) = (round.more, round.next_due);
            self.begin(round.leased, false);
            if more {
                tokio::task::yield_now().await;
                continue;
            }
            let due = async {
                match next_due {
                    Some(next_due) => self.clock.sleep_until(next_due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = due => {}
                () = self.wake.notified() => {}
                () = self.slots.freed() => {}
                _ = stopping.changed() => {}
            }
        }
    }

    async fn tidy(self: Arc<Self>) {
        let mut stopping = self.stopping.subscribe();
        while !*stopping.borrow() {
            let more = self.store.tidy(self.clock.now()).await.unwrap_or_else(|error| {
                slog::error!(self.log, "cannot tidy the store; trying again"; "error" => chain(&error));
                false
            });
            let pause = if more { Duration::from_millis(10) } else { TIDY_INTERVAL };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = stopping.changed() => {}
            }
        }
    }

    /// One attempt of a leased delivery, from its start to its record.
    async fn deliver(self: Arc<Self>, leased: Leased) {
        let log = self.log.new(slog::o!("delivery" => leased.delivery_id.to_string(), "attempt" => leased.attempt));
        let destination = match self.destination_now(&leased).await {
            Ok(Some(destination)) => destination,
            Ok(None) => return self.release(&leased, &log).await,
            Err(error) => {
                slog::error!(log, "cannot read the webhook again; the delivery goes back in a second"; "error" => chain(&error));
                // It is leased again at once, and a store that is away should not be asked without end.
                tokio::time::sleep(Duration::from_secs(1)).await;
                return self.release(&leased, &log).await;
            }
        };
        let target = match self.targets.get(&destination) {
            Ok(target) => target,
            Err(error) => {
                // Ours, not the receiver's: it costs no attempt. The key is checked at start, so the row is damaged.
                slog::error!(log, "cannot open the webhook's secrets; the delivery waits for the next start"; "error" => chain(&*error));
                return;
            }
        };
        let notification = &leased.notification;
        let body = CallbackBody {
            r#type: &EventType::stored(notification.event_type.clone()),
            timestamp: notification.created_at,
            data: &notification.data,
            notification: CallbackReference { id: notification.id },
            webhook: CallbackReference { id: destination.webhook_id },
        };
        let call = Call {
            notification_id: notification.id,
            body: body.to_bytes(),
            deadline: tokio::time::Instant::now() + self.settings.attempt_timeout,
        };
        let sent = attempt::send(&self.guard, &target, call, self.clock.now()).await;
        let now = self.clock.now();
        let next = self.next(&sent, leased.attempt, now);
        slog::info!(log, "attempt ended"; "outcome" => sent.outcome.as_str(), "status_code" => sent.status_code,
            "duration_ms" => sent.duration_ms(), "next" => ?next);
        let finish = Finish { delivery_id: leased.delivery_id, destination, attempt: sent.into_record(leased.attempt), next };
        self.record(finish, &log).await;
    }

    /// The destination as it is now, unless the one that was leased still holds.
    async fn destination_now(&self, leased: &Leased) -> store::Result<Option<Arc<Destination>>> {
        if !self.outdated(&leased.destination) {
            return Ok(Some(leased.destination.clone()));
        }
        let current = self.store.current_destination(leased.destination.webhook_id).await?;
        Ok(current.filter(|current| current.epoch == leased.destination.epoch).map(Arc::new))
    }

    fn next(&self, sent: &Sent, attempt: u32, now: DateTime<Utc>) -> Next {
        if sent.accepted() {
            return Next::Succeeded;
        }
        if sent.answer == Some(Answer::Gone) {
            return Next::Gone;
        }
        match self.settings.retry_schedule.next(attempt, now, sent.retry_after, random_fraction()) {
            Some(due_at) => Next::RetryAt(due_at),
            None => Next::Failed,
        }
    }

    /// Keeps trying: an outcome that is lost is an attempt that is made twice.
    async fn record(&self, finish: Finish, log: &slog::Logger) {
        let mut pause = Duration::from_millis(50);
        let finished = loop {
            match self.store.finish_attempt(finish.clone()).await {
                Ok(finished) => break finished,
                Err(error) if *self.stopping.borrow() => {
                    return slog::error!(log, "cannot record an attempt; it is made again after the next start"; "error" => chain(&error));
                }
                Err(error) => slog::error!(log, "cannot record an attempt; trying again"; "error" => chain(&error)),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(5));
        };
        if let Some(revision) = finished.deactivated {
            slog::info!(log, "webhook deactivated: its callback answered 410 Gone"; "webhook" => finish.destination.webhook_id.to_string());
            self.webhook_changed(finish.destination.webhook_id, revision);
        }
        if matches!(finish.next, Next::RetryAt(_)) {
            self.wake.notify_one();
        }
    }

    async fn release(&self, leased: &Leased, log: &slog::Logger) {
        match self.store.release_delivery(leased.delivery_id).await {
            Ok(()) => self.wake.notify_one(),
            Err(error) => slog::error!(log, "cannot give a delivery back; it waits for the next start"; "error" => chain(&error)),
        }
    }

    /// Sends a `webhook.test` callback now, whatever the webhook's state, and stores nothing of it.
    /// `None` when the account tests as many webhooks at once as it may.
    pub async fn test(&self, webhook: &store::Webhook) -> anyhow::Result<Option<store::Attempt>> {
        let Some(_running) = RunningTest::begin(&self.tests, webhook.account.as_str()) else { return Ok(None) };
        let destination = Arc::new(Destination::of(webhook));
        let target = self.targets.get(&destination)?;
        let now = self.clock.now();
        let notification_id = Uuid::now_v7();
        let data = RawValue::from_string(r#"{"message":"This is a test of your callback."}"#.to_owned())?;
        let body = CallbackBody {
            r#type: &EventType::stored("webhook.test".to_owned()),
            timestamp: now,
            data: &data,
            notification: CallbackReference { id: notification_id },
            webhook: CallbackReference { id: webhook.id },
        };
        let timeout = self.settings.attempt_timeout.min(TEST_TIMEOUT);
        let call = Call { notification_id, body: body.to_bytes(), deadline: tokio::time::Instant::now() + timeout };
        Ok(Some(attempt::send(&self.guard, &target, call, now).await.into_record(1)))
    }
}

/// Counts for its account until it is dropped.
struct RunningTest<'a> {
    tests: &'a Mutex<HashMap<String, usize>>,
    account: String,
}

impl RunningTest<'_> {
    fn begin<'a>(tests: &'a Mutex<HashMap<String, usize>>, account: &str) -> Option<RunningTest<'a>> {
        let mut running = tests.lock().unwrap_or_else(PoisonError::into_inner);
        let count = running.entry(account.to_owned()).or_default();
        if *count >= TESTS_AT_ONCE {
            return None;
        }
        *count += 1;
        Some(RunningTest { tests, account: account.to_owned() })
    }
}

impl Drop for RunningTest<'_> {
    fn drop(&mut self) {
        let mut running = self.tests.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = running.get_mut(&self.account) {
            *count -= 1;
            if *count == 0 {
                running.remove(&self.account);
            }
        }
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
