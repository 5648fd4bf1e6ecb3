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
use serde_json::value::RawValue;
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::api::callback::{Answer, CallbackBody, CallbackReference};
use crate::api::types::EventType;
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::model::{Fleet, Next};
use crate::secrets::seal::Vault;
use crate::slots::{Caps, LONGEST_PAUSE, Slots, Work};
use crate::store::{self, DeactivationCause, Destination, Finish, HEARTBEAT, Leased, Patience, Store};

mod attempt;
pub mod callback;
mod credentials;
mod erasure;
pub mod guard;
pub mod handshake;
pub mod recovery;
pub mod redact;
pub mod retry;
pub mod signature;
mod target;

pub use attempt::NotMade;
use attempt::{Call, Sent};
use guard::Guard;
use handshake::Handshakes;
use retry::RetrySchedule;
use target::Targets;
pub use target::{auth_context, headers_context, signing_context};

#[derive(Clone, Debug)]
pub struct Settings {
    pub caps: Caps,
    pub retry_schedule: RetrySchedule,
    /// One attempt in all, name resolution and token request included.
    pub attempt_timeout: Duration,
    /// With webhooks that accept nothing; `None` is endless.
    pub patience: Option<Patience>,
}

/// A test of a webhook is waited for by its caller, so it ends well before a client gives up.
const TEST_TIMEOUT: Duration = Duration::from_secs(8);
const TESTS_AT_ONCE: usize = 2;

/// So much that waited in the slots is looked at in one round.
const LOOKED_AT_ONCE: usize = 256;

/// How often the store is asked for what is due, whatever else is known: commands beside this process may change that.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// How long giving back what is in flight may take at the end.
const GIVE_BACK_TIMEOUT: Duration = Duration::from_secs(2);

/// How often what nobody waits for gets a step, when there is nothing of it to do.
const TIDY_INTERVAL: Duration = Duration::from_secs(1);

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

    async fn take_what_is_due(self: Arc<Self>) {
        let mut stopping = self.stopping.subscribe();
        let mut works = Vec::new();
        while !*stopping.borrow() {
            let now = self.clock.now();
            works.extend(self.slots.awake(now, LOOKED_AT_ONCE));
            let round = match self.store.lease_due(now, self.slots.clone(), works.clone()).await {
                Ok(round) => round,
                Err(error) => {
                    slog::error!(self.log, "cannot look for deliveries that are due; trying again in a second"; "error" => chain(&error));
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    continue;
                }
            };
            works = round.left;
            self.begin(round.leased);
            if works.is_empty() {
                self.until_something_is_due(round.next_due, &mut stopping).await;
            }
        }
        // Others need not wait until what is in flight here has ended.
        match tokio::time::timeout(GIVE_BACK_TIMEOUT, self.store.step_back()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                slog::warn!(self.log, "cannot hand over what is due; the other nodes find it when this one has ended"; "error" => chain(&error));
            }
            Err(_) => slog::warn!(self.log, "the store does not take over what is due; the other nodes find it when this one has ended"),
        }
    }

    async fn until_something_is_due(&self, next_due: Option<DateTime<Utc>>, stopping: &mut watch::Receiver<bool>) {
        let look = next_due.into_iter().chain(self.slots.next_look()).min();
        let look = async {
            match look {
                Some(look) => self.clock.sleep_until(look).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = look => {}
            () = self.rescheduled.notified() => {}
            () = self.slots.woken() => {}
            () = self.store.rung() => {}
            () = tokio::time::sleep(LOOK_INTERVAL) => {}
            _ = stopping.changed() => {}
        }
    }

    async fn tidy(self: Arc<Self>) {
        let mut stopping = self.stopping.subscribe();
        while !*stopping.borrow() {
            let now = self.clock.now();
            let mut more = false;
            for step in [self.store.tidy(now), self.store.remove_old(now)] {
                more |= step.await.unwrap_or_else(|error| {
                    slog::error!(self.log, "cannot tidy the store; trying again"; "error" => chain(&error));
                    false
                });
            }
            let pause = if more { Duration::from_millis(10) } else { TIDY_INTERVAL };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = stopping.changed() => {}
            }
        }
    }

    /// Tells the others that this process lives, and hears from them, until what it has in flight has ended.
    async fn keep_alive(self: Arc<Self>) {
        loop {
            match self.store.keep_alive().await {
                Ok(fleet) => self.hear(fleet),
                Err(error) => {
                    slog::error!(self.log, "cannot tell the other nodes that this one is alive; after ten seconds it begins nothing, and they take over";
                        "error" => chain(&error));
                }
            }
            tokio::time::sleep(HEARTBEAT).await;
        }
    }

    fn hear(&self, fleet: Fleet) {
        self.metrics.heard_of(&fleet);
        if fleet.was_given_up {
            slog::warn!(self.log, "this node had not been heard of for ten seconds: what it held is attempted again, here or elsewhere");
        }
        for name in &fleet.taken_over_from {
            slog::warn!(self.log, "a node has died; what it held is due again"; "node" => name);
        }
        if fleet.was_given_up || !fleet.taken_over_from.is_empty() {
            self.rescheduled.notify_one();
        }
        if fleet.is_shared {
            self.handshake_due();
        }
        self.slots.share_webhooks(fleet.delivering as usize);
        for (webhook_id, revision) in fleet.changed_webhooks {
            self.webhook_changed(webhook_id, revision);
        }
        for notification_id in fleet.deleted_notifications {
            self.notification_deleted(notification_id);
        }
    }

    /// One attempt of a leased delivery, from its start to its record.
    async fn deliver(self: Arc<Self>, leased: Leased) {
        let name = AttemptName { delivery: leased.delivery_id, number: leased.attempt };
        if *self.stopping.borrow() {
            return self.release(leased, name).await;
        }
        if !self.store.holds(leased.lease) {
            // It may be another's by now.
            return self.release_soon(leased, name).await;
        }
        let destination = match self.destination_now(&leased).await {
            Ok(Some(destination)) => destination,
            Ok(None) => return self.release(leased, name).await,
            Err(error) => {
                slog::error!(self.log, "cannot read the webhook again; the delivery goes back in a second"; name, "error" => chain(&error));
                return self.release_soon(leased, name).await;
            }
        };
        let target = match self.targets.get(&destination) {
            Ok(target) => target,
            Err(error) => {
                // Ours, not the receiver's: it costs no attempt. The key is checked at start, so the row is damaged.
                slog::error!(self.log, "cannot open the webhook's secrets, which an update of it can replace; its deliveries wait, and one is tried every 30 s";
                    name, "webhook" => destination.webhook_id.to_string(), "error" => chain(&*error));
                self.slots.put_off(destination.webhook_id, self.clock.now() + LONGEST_PAUSE);
                return self.release(leased, name).await;
            }
        };
        let call = Call {
            notification_id: leased.notification.id,
            body: leased.notification.body.to(destination.webhook_id),
            trace: leased.notification.trace.clone(),
            deadline: tokio::time::Instant::now() + self.settings.attempt_timeout,
        };
        let started_at = self.clock.now();
        self.metrics.attempt_begins(leased.lane, started_at - leased.due_at);
        let sent = tokio::select! {
            sent = attempt::send(&self.guard, &target, call, started_at) => sent,
            () = self.cut_off.cancelled() => return self.release(leased, name).await,
        };
        let sent = match sent {
            Ok(sent) => sent,
            Err(error) => {
                self.metrics.attempt_not_made();
                slog::error!(self.log, "an attempt could not be made, and costs the receiver none; the delivery goes back in a second"; name, "error" => chain(&error));
                return self.release_soon(leased, name).await;
            }
        };
        let now = self.clock.now();
        let next = self.next(&sent, leased.attempt.saturating_sub(leased.schedule_start), now);
        self.metrics.attempt_ended(sent.outcome.as_str(), sent.duration, next);
        if sent.accepted() {
            // What is as it should be is told only to those who look closely.
            slog::debug!(self.log, "attempt ended"; name, &sent);
        } else {
            slog::info!(self.log, "attempt ended"; name, &sent, "next" => ?next);
        }
        let Leased { delivery_id, attempt, lane, lease, notification, slot, .. } = leased;
        // Another may go while this one is recorded.
        let _unrecorded = slot.end(sent.accepted(), now);
        drop(notification);
        let attempt = sent.into_record(attempt);
        let patience = self.settings.patience;
        self.record(Finish { delivery_id, lane, lease, destination, attempt, next, patience }, name).await;
    }

    /// The destination as it is now, unless the one that was leased still holds. None when nothing is to be sent there.
    async fn destination_now(&self, leased: &Leased) -> store::Result<Option<Arc<Destination>>> {
        if self.deleted(leased.notification.id) {
            return Ok(None);
        }
        if !self.outdated(&leased.destination) {
            return Ok(Some(leased.destination.clone()));
        }
        let current = self.store.current_destination(leased.destination.webhook_id).await?;
        Ok(current.filter(|current| current.epoch == leased.destination.epoch).map(Arc::new))
    }

    /// `attempts_made` are those of the present schedule.
    fn next(&self, sent: &Sent, attempts_made: u32, now: DateTime<Utc>) -> Next {
        if sent.accepted() {
            return Next::Succeeded;
        }
        if sent.answer == Some(Answer::Gone) {
            return Next::Gone;
        }
        match self.settings.retry_schedule.next(attempts_made, now, sent.retry_after, random_fraction()) {
            Some(due_at) => Next::RetryAt(due_at),
            None => Next::Failed,
        }
    }

    /// Records what an attempt came to: an outcome that is lost is an attempt that is made twice.
    async fn record(self: &Arc<Self>, finish: Finish, name: AttemptName) {
        let recorded =
            self.persist("record an attempt", name, || self.store.finish_attempt(finish.clone(), self.clock.now(), self.slots.clone()));
        let Some(finished) = recorded.await else { return };
        if let Some(deactivated) = finished.deactivated {
            let webhook_id = finish.destination.webhook_id;
            let webhook = webhook_id.to_string();
            match deactivated.cause {
                DeactivationCause::Gone => {
                    slog::info!(self.log, "webhook deactivated: its callback answered 410 Gone"; name, "webhook" => webhook);
                }
                DeactivationCause::Failing(failures) => {
                    slog::info!(self.log, "webhook deactivated: it has accepted nothing for too long"; name, "webhook" => webhook,
                        "failing_since" => failures.since.to_rfc3339(), "failed_attempts" => failures.attempts);
                }
            }
            self.webhook_changed(webhook_id, deactivated.revision);
        }
        self.begin(finished.next);
        // Whatever it is, a redelivery may have been asked for meanwhile.
        if finish.next != Next::Succeeded {
            self.rescheduled.notify_one();
        }
    }

    /// Gives a delivery back that has not been attempted: a lease that nobody is on keeps it waiting until the next start.
    async fn release(&self, leased: Leased, name: AttemptName) {
        let work = Work { webhook_id: leased.destination.webhook_id, lane: leased.lane };
        let released = self.persist("give a delivery back", name, || self.store.release_delivery(leased.delivery_id, leased.lease));
        if released.await.is_some() {
            self.slots.wake([work]);
        }
    }

    /// As [`Engine::release`], after a moment: it is leased again at once, and what was missing should not be asked for
    /// without end.
    async fn release_soon(&self, leased: Leased, name: AttemptName) {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            () = self.cut_off.cancelled() => {}
        }
        self.release(leased, name).await;
    }

    /// Asks the store until it answers. `None` when it does not, and the server stops.
    async fn persist<T, F: Future<Output = store::Result<T>>>(&self, what: &str, name: AttemptName, ask: impl Fn() -> F) -> Option<T> {
        let mut pause = Duration::from_millis(50);
        loop {
            match ask().await {
                Ok(answer) => return Some(answer),
                Err(error) if *self.stopping.borrow() => {
                    slog::error!(self.log, "cannot {what}; the delivery is attempted again after the next start"; name, "error" => chain(&error));
                    return None;
                }
                Err(error) => slog::error!(self.log, "cannot {what}; trying again"; name, "error" => chain(&error)),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(5));
        }
    }

    /// Sends a callback now, whatever the webhook's state, and stores nothing of it.
    /// `None` when the account tests as many webhooks at once as it may.
    pub async fn test(&self, webhook: &store::Webhook, sample: Sample) -> anyhow::Result<Option<store::Attempt>> {
        let Some(_running) = RunningTest::begin(&self.tests, webhook.account.as_str()) else { return Ok(None) };
        let destination = Arc::new(Destination::of(webhook));
        let target = self.targets.get(&destination)?;
        let now = self.clock.now();
        let notification_id = Uuid::now_v7();
        let body = CallbackBody {
            r#type: &sample.event_type,
            timestamp: now,
            data: &sample.data,
            notification: CallbackReference { id: notification_id },
            webhook: CallbackReference { id: webhook.id },
        };
        let timeout = self.settings.attempt_timeout.min(TEST_TIMEOUT);
        let call = Call { notification_id, body: body.to_json().into(), trace: None, deadline: tokio::time::Instant::now() + timeout };
        Ok(Some(attempt::send(&self.guard, &target, call, now).await?.into_record(1)))
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

/// What a test says has happened.
pub struct Sample {
    pub event_type: EventType,
    pub data: Box<RawValue>,
}

impl Sample {
    pub const TEST: &str = "webhook.test";

    /// Unless another is asked for.
    #[must_use]
    pub fn of_test() -> Sample {
        let data = r#"{"message":"This is a test of your callback."}"#.to_owned();
        Sample { event_type: EventType::stored(Sample::TEST.to_owned()), data: RawValue::from_string(data).expect("it is JSON") }
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

#[cfg(test)]
mod tests;
