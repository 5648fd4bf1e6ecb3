//! The ownership handshake. If the operator requires handshakes, a webhook gets no deliveries until its receiver
//! agrees. To agree, the receiver responds to a signed `webhook.handshake` callback with the challenge from that
//! callback.
//!
//! The callback of a handshake has the credentials and headers of the webhook. A gateway in front of the receiver may
//! require these credentials, so the handshake also shows that the credentials work. Notifications contain data of the
//! platform. The handshake ensures that the service sends this data only to servers that have agreed to receive it.
//!
//! A token server agrees by issuing a token for the credentials of the webhook: the callback of the handshake is sent only
//! with such a token. Only a server that knows these credentials issues a token. So an update with a new token URL needs
//! a new handshake. Until a handshake has succeeded, the token server gets only the token requests of handshakes and
//! tests.
//!
//! Handshakes use no slots. A separate, small limit applies to the handshakes in flight. Handshakes also count against the
//! limits of their hosts.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::to_raw_value;
use tokio::sync::Notify;
use uuid::Uuid;

use super::attempt::{self, Call, Sent};
use super::attempt_line::{self, AttemptLine};
use super::retry::RetryAfter;
use super::{Engine, NotMade, POLL_INTERVAL, PeriodicOperation, chain, random_fraction};
use crate::api::callback::{CallbackBody, CallbackReference, ResponseClass};
use crate::api::types::{EventType, parse_object};
use crate::model::Challenge;
use crate::store::{Destination, DueHandshake, HandshakeEnd};

const EVENT_TYPE: &str = "webhook.handshake";

/// Maximum number of handshakes in flight in total. The smaller limit per account ensures that hanging receivers of one
/// account do not delay the handshakes of other accounts.
const MAX_IN_FLIGHT: usize = 32;
const MAX_IN_FLIGHT_PER_ACCOUNT: usize = 4;

/// Minimum time between two queries while more handshakes are due than the limit allows.
const MIN_QUERY_INTERVAL: Duration = Duration::from_millis(100);

/// How long a handshake waits if the limits of its host allow no attempt.
const HOST_RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// How long a handshake waits if the secrets of the webhook cannot be decrypted.
const UNDECRYPTABLE_RETRY_INTERVAL: Duration = Duration::from_secs(30);

/// Maximum number of handshakes that wait in memory.
const MAX_POSTPONED: usize = 10_000;

/// Checks whether a response agrees to the handshake.
///
/// # Errors
/// Returns the reason if the response does not agree.
fn check_response(challenge: &Challenge, status: Option<u16>, body: &[u8]) -> Result<(), &'static str> {
    #[derive(Deserialize)]
    struct Agreement {
        challenge: String,
    }
    match status {
        None => return Err("no response"),
        Some(200) => {}
        Some(_) => return Err("the status is not 200"),
    }
    let Ok(agreement) = parse_object::<Agreement>(body) else {
        return Err("the body is not a JSON object with the challenge");
    };
    let equal = verify_slices_are_equal(agreement.challenge.as_bytes(), challenge.as_str().as_bytes());
    equal.map_err(|_| "the body has a different challenge")
}

#[derive(Default)]
pub(super) struct Handshakes {
    /// Notified when a handshake may be due, or when a handshake in flight has ended.
    wake: Notify,
    /// The challenge and the account of each handshake in flight. The key is the challenge, so a new challenge of a
    /// webhook does not wait for the previous challenge.
    running: Mutex<HashMap<Challenge, String>>,
    /// Handshakes that wait, for example because of the limits of their hosts, and when they may be tried again. A waiting
    /// handshake does not count as in flight.
    postponed: Mutex<HashMap<Challenge, Instant>>,
}

impl Handshakes {
    fn running(&self) -> MutexGuard<'_, HashMap<Challenge, String>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_postponed(&self, challenge: &Challenge) -> bool {
        let postponed = self.postponed.lock().unwrap_or_else(PoisonError::into_inner);
        postponed.get(challenge).is_some_and(|until| Instant::now() < *until)
    }

    /// Lets a handshake wait. Returns false if too many handshakes wait.
    fn postpone(&self, challenge: &Challenge, wait: Duration) -> bool {
        let now = Instant::now();
        let mut postponed = self.postponed.lock().unwrap_or_else(PoisonError::into_inner);
        postponed.retain(|_, until| now < *until);
        if postponed.len() >= MAX_POSTPONED {
            return false;
        }
        postponed.insert(challenge.clone(), now + wait);
        true
    }
}

impl Engine {
    /// Wakes the handshake task because a handshake has become due.
    pub fn handshake_due(&self) {
        self.handshakes.wake.notify_one();
    }

    /// Makes due handshakes until the engine stops.
    pub(super) async fn make_due_handshakes(self: Arc<Self>, look: PeriodicOperation) {
        let mut stopping = self.stopping.subscribe();
        while !*stopping.borrow() {
            // The query may read such a handshake just before the end of its attempt is stored.
            let in_flight: Vec<Challenge> = self.handshakes.running().keys().cloned().collect();
            let due = self.store.due_handshakes(self.clock.now()).await;
            let Some(round) = look.observe(due) else {
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            };
            let too_many = round.due.len() > MAX_IN_FLIGHT;
            for due in round.due.into_iter().filter(|due| !in_flight.contains(&due.challenge)) {
                if let Some(running) = Running::begin(&self, &due) {
                    self.attempts.spawn(async move {
                        tokio::select! {
                            () = running.engine.make_handshake(&due) => {}
                            // Another node repeats the handshake, or this node repeats it after its next start.
                            () = running.engine.cut_off.cancelled() => {}
                        }
                    });
                }
            }
            // When a handshake ends, the loop queries the due handshakes again. Without the pause, each response would
            // cause a query.
            let pause = if too_many { MIN_QUERY_INTERVAL } else { Duration::ZERO };
            tokio::time::sleep(pause).await;
            let next_due = async {
                match round.next_due {
                    Some(next_due) => self.clock.sleep_until(next_due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = next_due => {}
                () = self.handshakes.wake.notified() => {}
                // Another node may have stored a handshake or died during a handshake.
                () = tokio::time::sleep(POLL_INTERVAL) => {}
                _ = stopping.changed() => {}
            }
        }
    }

    /// Makes one attempt of a handshake and records its result.
    async fn make_handshake(&self, due: &DueHandshake) {
        if due.died {
            return self.skip_attempt(due).await;
        }
        let end = match self.attempt_handshake(due).await {
            Ok(Some(end)) => end,
            // The webhook and its handshake were deleted meanwhile, or the limits of the host allow no handshake now.
            Ok(None) => return,
            Err(error) => {
                if let Some(omitted) = self.lines.handshakes.sample("make", self.clock.now()) {
                    slog::error!(self.log, # "handshake.not_made", "cannot make a handshake; it is tried again in a second";
                        "account" => &due.account, "webhook" => due.webhook_id.to_string(), "attempt" => due.attempt,
                        "error" => chain(&*error), "omitted" => omitted);
                }
                return tokio::time::sleep(Duration::from_secs(1)).await;
            }
        };
        self.finish_handshake(due, end).await;
    }

    /// Counts an attempt during which a process died as a failed attempt. So a handshake that ends processes has only as
    /// many attempts as the retry schedule allows, with the same pauses.
    async fn skip_attempt(&self, due: &DueHandshake) {
        let end = self.retry_at(due.attempt, None);
        slog::warn!(self.log, # "handshake.interrupted", "the process died during this handshake; the attempt counts as failed";
            "account" => &due.account, "webhook" => due.webhook_id.to_string(), "attempt" => due.attempt,
            "next" => attempt_line::time(end.next()));
        self.finish_handshake(due, end).await;
    }

    async fn finish_handshake(&self, due: &DueHandshake, end: HandshakeEnd) {
        match self.store.finish_handshake(due.webhook_id, due.challenge.clone(), end, self.clock.now()).await {
            Ok(Some((revision, event))) => {
                self.settings.audit_log.write(&event);
                self.webhook_changed(due.webhook_id, revision);
            }
            Ok(None) => {}
            Err(error) => {
                if let Some(omitted) = self.lines.handshakes.sample("record", self.clock.now()) {
                    slog::error!(self.log, # "handshake.not_recorded", "cannot record a handshake; it is tried again in a second";
                        "account" => &due.account, "webhook" => due.webhook_id.to_string(), "attempt" => due.attempt,
                        "error" => chain(&error), "omitted" => omitted);
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }

    async fn attempt_handshake(&self, due: &DueHandshake) -> anyhow::Result<Option<HandshakeEnd>> {
        let Some(webhook) = self.store.get_webhook(None, due.webhook_id).await? else { return Ok(None) };
        let destination = Destination::of(&webhook);
        let target = match self.targets.get(&destination) {
            Ok(target) => target,
            Err(error) => {
                self.report_undecryptable(&destination, &*error);
                self.postpone_handshake(due, UNDECRYPTABLE_RETRY_INTERVAL).await;
                return Ok(None);
            }
        };
        let now = self.clock.now();
        let Some(mut visit) = self.slots.try_visit(&destination.hosts, now) else {
            self.postpone_handshake(due, HOST_RETRY_INTERVAL).await;
            return Ok(None);
        };
        // Each attempt has a new identifier, because a receiver may ignore identifiers that it has already handled.
        let notification_id = Uuid::now_v7();
        let body = CallbackBody {
            r#type: &EventType::stored(EVENT_TYPE.to_owned()),
            timestamp: now,
            data: &to_raw_value(&json!({ "challenge": due.challenge.as_str() }))?,
            notification: CallbackReference { id: notification_id },
            webhook: CallbackReference { id: due.webhook_id },
        };
        let timeout = self.settings.attempt_timeout;
        let call = Call { notification_id, body: body.to_json().into(), timeout, trace: None, discards_response: false, is_test: false };
        let sent = match attempt::send(&self.guard, &target, call, now).await {
            Err(NotMade::HostLimit(_)) => {
                drop(visit);
                self.postpone_handshake(due, HOST_RETRY_INTERVAL).await;
                return Ok(None);
            }
            sent => sent?,
        };
        let agreement = check_response(&due.challenge, sent.status_code, &sent.body);
        // A server that returns 200 to any request has not agreed.
        visit.set_reached(sent.reached());
        visit.end(agreement.is_ok(), self.clock.now());
        let end = self.handshake_end(agreement.is_ok(), &sent, due.attempt);
        let line = AttemptLine {
            account: &due.account,
            webhook: due.webhook_id,
            delivery: None,
            number: due.attempt,
            url: &target.url,
            sent: &sent,
            next: end.next(),
        };
        let refusal = agreement.err().unwrap_or("none");
        slog::info!(self.log, # "handshake.ended", "handshake ended"; line, "refusal" => refusal);
        Ok(Some(end))
    }

    /// Lets the handshake wait. The handshake is still due, but frees its place for other handshakes.
    async fn postpone_handshake(&self, due: &DueHandshake, wait: Duration) {
        if !self.handshakes.postpone(&due.challenge, wait) {
            tokio::time::sleep(HOST_RETRY_INTERVAL).await;
        }
    }

    fn handshake_end(&self, agreed: bool, sent: &Sent, attempt: u32) -> HandshakeEnd {
        if agreed {
            return HandshakeEnd::Verified;
        }
        if sent.response_class == Some(ResponseClass::Gone) {
            return HandshakeEnd::GivenUp;
        }
        self.retry_at(attempt, sent.retry_after)
    }

    fn retry_at(&self, attempt: u32, retry_after: Option<RetryAfter>) -> HandshakeEnd {
        let next = self.settings.retry_schedule.next(attempt, self.clock.now(), retry_after, random_fraction());
        next.map_or(HandshakeEnd::GivenUp, HandshakeEnd::RetryAt)
    }
}

/// A handshake in flight. It counts against the limits until this value is dropped.
struct Running {
    engine: Arc<Engine>,
    challenge: Challenge,
}

impl Running {
    /// Returns `None` if a limit is reached, or if the challenge is already in flight or waits for its host.
    fn begin(engine: &Arc<Engine>, due: &DueHandshake) -> Option<Running> {
        if engine.handshakes.is_postponed(&due.challenge) {
            return None;
        }
        let mut running = engine.handshakes.running();
        let in_account = running.values().filter(|account| **account == due.account).count();
        if running.len() >= MAX_IN_FLIGHT || in_account >= MAX_IN_FLIGHT_PER_ACCOUNT || running.contains_key(&due.challenge) {
            return None;
        }
        running.insert(due.challenge.clone(), due.account.clone());
        Some(Running { engine: engine.clone(), challenge: due.challenge.clone() })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.engine.handshakes.running().remove(&self.challenge);
        self.engine.handshakes.wake.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::rand::SystemRandom;

    use super::*;

    #[test]
    fn only_a_200_with_the_same_challenge_agrees() {
        let challenge = Challenge::stored("abc".to_owned());
        for (status, body, agrees) in [
            (Some(200), r#"{"challenge":"abc"}"#, true),
            (Some(200), r#" {"more":1,"challenge":"abc"} "#, true),
            (Some(201), r#"{"challenge":"abc"}"#, false),
            (Some(401), r#"{"challenge":"abc"}"#, false),
            (None, r#"{"challenge":"abc"}"#, false),
            (Some(200), r#"{"challenge":"abcd"}"#, false),
            (Some(200), r#"{"challenge":"ABC"}"#, false),
            (Some(200), r#"{"challenge":""}"#, false),
            (Some(200), r#"{"challenge":["abc"]}"#, false),
            (Some(200), r#"{"data":{"challenge":"abc"}}"#, false),
            (Some(200), r#"["abc"]"#, false),
            (Some(200), "abc", false),
            (Some(200), r#"{"challenge":"abc"} {}"#, false),
            (Some(200), "", false),
        ] {
            assert_eq!(check_response(&challenge, status, body.as_bytes()).is_ok(), agrees, "{status:?} {body}");
        }
    }

    #[test]
    fn each_challenge_is_different_and_debug_does_not_show_it() {
        let (one, another) = (Challenge::generate(&SystemRandom::new()), Challenge::generate(&SystemRandom::new()));
        assert_ne!(one.as_str(), another.as_str());
        assert_eq!(one.as_str().len(), 43);
        assert!(!format!("{one:?}").contains(one.as_str()));
    }
}
