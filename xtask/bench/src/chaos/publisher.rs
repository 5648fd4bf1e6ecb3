//! The publishers: they go on through every crash of a server, and note what came of each publication.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::StatusCode;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use tokio::sync::watch;
use tokio::time::sleep;

use super::ledger::{Fate, Ledger};
use super::world::{ORDERED, PLAIN, account_name};
use crate::rig::{NOTIFICATIONS, publication};

/// A running server answers long before that.
const PATIENCE: Duration = Duration::from_secs(30);

/// However often servers are killed, one of them answers before that.
const PERSEVERANCE: Duration = Duration::from_secs(60);

/// Where there are others, one that has not answered for so long is left alone for a while.
const ELSEWHERE: Duration = Duration::from_secs(2);
const LEFT_ALONE: Duration = Duration::from_secs(5);

/// Between two publications of one publisher, on average.
const PAUSE: Duration = Duration::from_millis(50);

/// A server that was killed is back after some of these.
const AWAY: Duration = Duration::from_millis(10);

pub(super) struct Publisher {
    pub(super) http: reqwest::Client,
    pub(super) servers: Servers,
    pub(super) stopping: watch::Receiver<bool>,
    pub(super) ledger: Arc<Ledger>,
    /// May publish for every account.
    pub(super) token: String,
    /// May not publish.
    pub(super) reader: String,
    pub(super) account: usize,
    /// For ordered webhooks: alone of its account and type, and one after the other, so that the order of publishing is
    /// known, also where no answer came.
    pub(super) ordered: bool,
    /// Sends everything with a key and until it is answered: one server may not have begun yet with what it got when another
    /// has answered what came after it.
    pub(super) keyed: bool,
    /// The keys that it used, with the body that went with them, and the notification that came of that.
    pub(super) keys: Vec<(String, String, String)>,
}

/// The servers as their clients know them: one is asked after the other.
pub(super) struct Servers {
    /// Hosts and ports, others after each start.
    addresses: watch::Receiver<Vec<String>>,
    turn: AtomicUsize,
    /// Which did not answer, and until when they are left alone.
    silent: Mutex<HashMap<String, Instant>>,
}

impl Servers {
    pub(super) fn at(addresses: watch::Receiver<Vec<String>>) -> Servers {
        Servers { addresses, turn: AtomicUsize::new(fastrand::usize(0..1000)), silent: Mutex::default() }
    }

    /// Whose turn it is, and how long to wait for it.
    fn next(&self) -> (String, Duration) {
        let addresses = self.addresses.borrow();
        let silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        let is_silent = |address: &String| silent.get(address).is_some_and(|until| Instant::now() < *until);
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let mut in_turn = (0..addresses.len()).map(|offset| &addresses[(turn + offset) % addresses.len()]);
        let address = in_turn.clone().find(|address| !is_silent(address)).or_else(|| in_turn.next()).cloned().unwrap_or_default();
        (address, if addresses.len() > 1 { ELSEWHERE } else { PATIENCE })
    }

    fn leave_alone(&self, address: String) {
        self.silent.lock().unwrap_or_else(PoisonError::into_inner).insert(address, Instant::now() + LEFT_ALONE);
    }
}

enum Answered {
    Status(u16, String),
    /// The server was not there.
    NotSent,
    /// It is not known what became of it.
    Nothing,
}

impl Publisher {
    pub(super) async fn publish_until_stopped(mut self) {
        while !*self.stopping.borrow() {
            sleep(PAUSE.mul_f64(2.0 * fastrand::f64())).await;
            match fastrand::u8(0..20) {
                0 => self.publish_wrongly().await,
                1 => self.repeat().await,
                _ => self.publish().await,
            }
        }
    }

    fn event_type(&self) -> &'static str {
        if self.ordered { ORDERED } else { PLAIN[fastrand::usize(0..PLAIN.len())] }
    }

    fn body(&self, event_type: &str, sequence: usize) -> String {
        let (before, after) = publication(&account_name(self.account), event_type);
        format!("{before}{sequence}{after}")
    }

    async fn publish(&mut self) {
        let event_type = self.event_type();
        let sequence = self.ledger.begin(self.account, event_type, false);
        let body = self.body(event_type, sequence);
        let key = (self.keyed || fastrand::u8(0..3) == 0).then(|| format!("chaos-{sequence}"));
        let begun = Instant::now();
        while self.perseveres(begun) {
            match self.send(&self.token, key.as_deref(), &body).await {
                Answered::Status(202, id) => {
                    self.ledger.settle(sequence, Fate::Accepted(id.clone()));
                    self.keys.extend(key.map(|key| (key, body, id)));
                    return;
                }
                Answered::Status(status @ 400..500, _) => return self.ledger.settle(sequence, Fate::Refused(status)),
                // With a key it may be sent again without harm, until it is known what came of it.
                Answered::NotSent => {}
                Answered::Status(..) | Answered::Nothing if key.is_some() => {}
                Answered::Status(..) | Answered::Nothing => return,
            }
            sleep(AWAY).await;
        }
    }

    /// What must be refused, and so must never come.
    async fn publish_wrongly(&mut self) {
        let event_type = self.event_type();
        let sequence = self.ledger.begin(self.account, event_type, true);
        let right = self.body(event_type, sequence);
        let used_key = fastrand::choice(&self.keys).map(|(key, ..)| key.as_str());
        let (token, key, body) = match fastrand::u8(0..3) {
            0 => (&self.reader, None, right),
            1 => (&self.token, None, self.body("No Type", sequence)),
            _ if used_key.is_some() => (&self.token, used_key, right),
            _ => return self.ledger.settle(sequence, Fate::Refused(0)),
        };
        let begun = Instant::now();
        while self.perseveres(begun) {
            match self.send(token, key, &body).await {
                Answered::Status(202, id) => return self.ledger.settle(sequence, Fate::Accepted(id)),
                Answered::Status(status @ 400..500, _) => return self.ledger.settle(sequence, Fate::Refused(status)),
                _ => sleep(AWAY).await,
            }
        }
    }

    /// A key that was used is answered with what came of it, also after a crash.
    async fn repeat(&mut self) {
        let Some((key, body, id)) = fastrand::choice(&self.keys) else { return };
        let begun = Instant::now();
        while self.perseveres(begun) {
            match self.send(&self.token, Some(key), body).await {
                Answered::Status(202, again) if again == *id => return,
                Answered::Status(status @ 200..500, again) => {
                    let what = format!("{key} was answered with {id} first, and with {status} {again} when it was repeated");
                    return self.ledger.breach("an idempotency key that was forgotten", what);
                }
                _ => sleep(AWAY).await,
            }
        }
    }

    fn perseveres(&self, begun: Instant) -> bool {
        let perseveres = begun.elapsed() < PERSEVERANCE;
        if !perseveres {
            self.ledger.breach("a request that no server answers", format!("of account {}", account_name(self.account)));
        }
        perseveres
    }

    async fn send(&self, token: &str, key: Option<&str>, body: &str) -> Answered {
        let (address, patience) = self.servers.next();
        let url = format!("http://{address}{NOTIFICATIONS}");
        let mut request = self.http.post(url).header(AUTHORIZATION, format!("Bearer {token}")).header(CONTENT_TYPE, "application/json");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let answer = async {
            let response = request.body(body.to_owned()).timeout(patience).send().await?;
            Ok::<_, reqwest::Error>((response.status(), response.bytes().await?))
        };
        match answer.await {
            Ok((StatusCode::ACCEPTED, body)) => match serde_json::from_slice::<serde_json::Value>(&body) {
                Ok(notification) => Answered::Status(202, notification["id"].as_str().unwrap_or_default().to_owned()),
                Err(_) => Answered::Nothing,
            },
            Ok((status, _)) => Answered::Status(status.as_u16(), String::new()),
            Err(error) if error.is_timeout() && patience < PATIENCE => {
                self.servers.leave_alone(address);
                Answered::Nothing
            }
            Err(error) if error.is_timeout() => {
                self.ledger.breach("a request that is not answered", format!("within {} s: {body}", PATIENCE.as_secs()));
                Answered::Nothing
            }
            Err(error) if error.is_connect() => Answered::NotSent,
            Err(_) => Answered::Nothing,
        }
    }
}
