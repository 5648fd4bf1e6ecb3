//! The ownership handshake: where the operator requires it, a webhook gets nothing until whoever runs its target URL has
//! agreed, by answering a signed `webhook.handshake` callback with the challenge in it.
//!
//! It goes out as any other callback does, with the webhook's credentials and headers: the customer gave them for this very
//! URL, a gateway in front of the receiver may let nothing else through, and so the handshake also shows that they work.
//! What it keeps from strangers are notifications, which are the platform's and not the customer's.
//!
//! It has a small number of places of its own in flight, so that it never competes with deliveries.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::to_raw_value;
use tokio::sync::Notify;
use uuid::Uuid;

use super::attempt::{self, Call, Sent};
use super::{Engine, LOOK_INTERVAL, chain, random_fraction};
use crate::api::callback::{Answer, CallbackBody, CallbackReference};
use crate::api::types::EventType;
use crate::model::Challenge;
use crate::store::{Destination, DueHandshake, HandshakeEnd};

const EVENT_TYPE: &str = "webhook.handshake";

/// In flight at once, and of those in one account: receivers that hang hold up those of their own account alone.
const AT_ONCE: usize = 32;
const AT_ONCE_IN_ACCOUNT: usize = 4;

/// While more are due than have a place, they are looked at no more often than this.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Why an answer does not agree, if it does not.
fn judge(challenge: &Challenge, status: Option<u16>, body: &[u8]) -> Result<(), &'static str> {
    #[derive(Deserialize)]
    struct Agreement {
        challenge: String,
    }
    match status {
        None => return Err("no answer came"),
        Some(200) => {}
        Some(_) => return Err("the answer has another status than 200"),
    }
    let Ok(agreement) = serde_json::from_slice::<Agreement>(body) else {
        return Err("the answer's body is no JSON object with the challenge");
    };
    let equal = verify_slices_are_equal(agreement.challenge.as_bytes(), challenge.as_str().as_bytes());
    equal.map_err(|_| "the answer has another challenge than was sent")
}

#[derive(Default)]
pub(super) struct Handshakes {
    /// One may be due, or a place has become free.
    wake: Notify,
    /// The challenges that are on their way, and whose they are. A webhook's next one does not wait for its last one.
    running: Mutex<HashMap<Challenge, String>>,
}

impl Handshakes {
    fn running(&self) -> MutexGuard<'_, HashMap<Challenge, String>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// Says that a webhook has been stored which is to be asked now.
    pub fn handshake_due(&self) {
        self.handshakes.wake.notify_one();
    }

    pub(super) async fn take_due_handshakes(self: Arc<Self>) {
        let mut stopping = self.stopping.subscribe();
        while !*stopping.borrow() {
            let round = match self.store.due_handshakes(self.clock.now()).await {
                Ok(round) => round,
                Err(error) => {
                    slog::error!(self.log, "cannot look for handshakes that are due; trying again in a second"; "error" => chain(&error));
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    continue;
                }
            };
            let many = round.due.len() > AT_ONCE;
            for due in round.due {
                if let Some(running) = Running::begin(&self, &due) {
                    self.attempts.spawn(async move {
                        tokio::select! {
                            () = running.engine.shake_hands(&due) => {}
                            // It is made again after the next start.
                            () = running.engine.cut_off.cancelled() => {}
                        }
                    });
                }
            }
            // What finds no place is read again each time that one comes free, which is not to be at every answer.
            let pause = if many { LOOK_AGAIN } else { Duration::ZERO };
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
                // Another node has stored one, or has died with one.
                () = tokio::time::sleep(LOOK_INTERVAL) => {}
                _ = stopping.changed() => {}
            }
        }
    }

    /// One attempt, from its start to its record.
    async fn shake_hands(&self, due: &DueHandshake) {
        let log = self.log.new(slog::o!("webhook" => due.webhook_id.to_string(), "attempt" => due.attempt));
        let end = match self.ask(due, &log).await {
            Ok(Some(end)) => end,
            // The webhook went meanwhile, and its handshake with it.
            Ok(None) => return,
            Err(error) => {
                slog::error!(log, "cannot attempt a handshake; it is tried again in a second"; "error" => chain(&*error));
                return tokio::time::sleep(Duration::from_secs(1)).await;
            }
        };
        match self.store.finish_handshake(due.webhook_id, due.challenge.clone(), end, self.clock.now()).await {
            Ok(Some(revision)) => self.webhook_changed(due.webhook_id, revision),
            Ok(None) => {}
            Err(error) => {
                slog::error!(log, "cannot record a handshake; it is tried again in a second"; "error" => chain(&error));
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }

    async fn ask(&self, due: &DueHandshake, log: &slog::Logger) -> anyhow::Result<Option<HandshakeEnd>> {
        let Some(webhook) = self.store.get_webhook(None, due.webhook_id).await? else { return Ok(None) };
        let target = self.targets.get(&Destination::of(&webhook))?;
        let now = self.clock.now();
        // Another one each time, so that a receiver that keeps the identifiers it has handled answers each.
        let notification_id = Uuid::now_v7();
        let body = CallbackBody {
            r#type: &EventType::stored(EVENT_TYPE.to_owned()),
            timestamp: now,
            data: &to_raw_value(&json!({ "challenge": due.challenge.as_str() }))?,
            notification: CallbackReference { id: notification_id },
            webhook: CallbackReference { id: due.webhook_id },
        };
        let deadline = tokio::time::Instant::now() + self.settings.attempt_timeout;
        let sent =
            attempt::send(&self.guard, &target, Call { notification_id, body: body.to_json().into(), deadline, trace: None }, now).await?;
        let verdict = judge(&due.challenge, sent.status_code, &sent.body);
        let end = self.end(verdict.is_ok(), &sent, due.attempt);
        slog::info!(log, "handshake ended"; &sent, "refusal" => verdict.err(), "next" => ?end);
        Ok(Some(end))
    }

    fn end(&self, agreed: bool, sent: &Sent, attempt: u32) -> HandshakeEnd {
        if agreed {
            return HandshakeEnd::Verified;
        }
        if sent.answer == Some(Answer::Gone) {
            return HandshakeEnd::GivenUp;
        }
        let next = self.settings.retry_schedule.next(attempt, self.clock.now(), sent.retry_after, random_fraction());
        next.map_or(HandshakeEnd::GivenUp, HandshakeEnd::RetryAt)
    }
}

/// Keeps a place in flight until it is dropped.
struct Running {
    engine: Arc<Engine>,
    challenge: Challenge,
}

impl Running {
    /// `None` when there is no place, or the challenge is on its way already.
    fn begin(engine: &Arc<Engine>, due: &DueHandshake) -> Option<Running> {
        let mut running = engine.handshakes.running();
        let of_account = running.values().filter(|account| **account == due.account).count();
        if running.len() >= AT_ONCE || of_account >= AT_ONCE_IN_ACCOUNT || running.contains_key(&due.challenge) {
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
    fn only_a_200_with_the_very_challenge_agrees() {
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
            (Some(200), "abc", false),
            (Some(200), r#"{"challenge":"abc"} {}"#, false),
            (Some(200), "", false),
        ] {
            assert_eq!(judge(&challenge, status, body.as_bytes()).is_ok(), agrees, "{status:?} {body}");
        }
    }

    #[test]
    fn each_challenge_is_another_and_is_not_shown() {
        let (one, another) = (Challenge::generate(&SystemRandom::new()), Challenge::generate(&SystemRandom::new()));
        assert_ne!(one.as_str(), another.as_str());
        assert_eq!(one.as_str().len(), 43);
        assert!(!format!("{one:?}").contains(one.as_str()));
    }
}
