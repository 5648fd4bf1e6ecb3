//! The publishers. They continue after every crash of a server, and record the outcome of each publication.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::StatusCode;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use tokio::sync::watch;
use tokio::time::sleep;

use super::ledger::{Ledger, Outcome};
use super::setup::{ORDERED, PLAIN, account_name};
use crate::rig::{NOTIFICATIONS, publication};

/// Timeout of a request if there is only one server. A running server responds much faster.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Maximum time for a publication with all its retries. A server responds in less than this time, even if servers are
/// killed often.
const RETRY_TIMEOUT: Duration = Duration::from_secs(60);

/// Timeout of a request if there are several servers. A server that exceeds this timeout is skipped for [`SKIP_TIME`].
const SHORT_TIMEOUT: Duration = Duration::from_secs(2);
const SKIP_TIME: Duration = Duration::from_secs(5);

/// Average time between two publications of one publisher.
const AVERAGE_PAUSE: Duration = Duration::from_millis(50);

/// Time between two requests while a killed server restarts.
const RETRY_PAUSE: Duration = Duration::from_millis(10);

pub(super) struct Publisher {
    pub(super) http: reqwest::Client,
    pub(super) servers: Servers,
    pub(super) stopping: watch::Receiver<bool>,
    pub(super) ledger: Arc<Ledger>,
    /// A token that may publish to every account.
    pub(super) token: String,
    /// A token without the permission to publish.
    pub(super) reader: String,
    pub(super) account: usize,
    /// Whether no other publisher uses the same account and event type. If true, the order of the publications is
    /// known, even if a response is missing. The reason is that every publisher sends one request at a time.
    pub(super) ordered: bool,
    /// Whether every publication has an idempotency key and is retried until the publisher gets a response. Without
    /// retries, a server could process a request late, after another server has processed the next request.
    pub(super) keyed: bool,
    /// The used idempotency keys. Each key has the body of its request and the id of the notification.
    pub(super) keys: Vec<(String, String, String)>,
}

/// The servers. A publisher sends each request to the next server in this list.
pub(super) struct Servers {
    /// Hosts and ports, which change with each start.
    addresses: watch::Receiver<Vec<String>>,
    turn: AtomicUsize,
    /// Servers that did not respond. Each of them is skipped until the time in this map.
    unresponsive: Mutex<HashMap<String, Instant>>,
}

impl Servers {
    pub(super) fn new(addresses: watch::Receiver<Vec<String>>) -> Servers {
        Servers { addresses, turn: AtomicUsize::new(fastrand::usize(0..1000)), unresponsive: Mutex::default() }
    }

    /// Returns the next server and the timeout of the request.
    fn next(&self) -> (String, Duration) {
        let addresses = self.addresses.borrow();
        let unresponsive = self.unresponsive.lock().unwrap_or_else(PoisonError::into_inner);
        let is_unresponsive = |address: &String| unresponsive.get(address).is_some_and(|until| Instant::now() < *until);
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let mut in_turn = (0..addresses.len()).map(|offset| &addresses[(turn + offset) % addresses.len()]);
        let address = in_turn.clone().find(|address| !is_unresponsive(address)).or_else(|| in_turn.next()).cloned().unwrap_or_default();
        (address, if addresses.len() > 1 { SHORT_TIMEOUT } else { TIMEOUT })
    }

    fn skip(&self, address: String) {
        self.unresponsive.lock().unwrap_or_else(PoisonError::into_inner).insert(address, Instant::now() + SKIP_TIME);
    }
}

enum SendResult {
    Status(u16, String),
    /// The server accepted no connection.
    NotSent,
    /// There was no usable response, so the outcome is unknown.
    Unknown,
}

impl Publisher {
    pub(super) async fn publish_until_stopped(mut self) {
        while !*self.stopping.borrow() {
            sleep(AVERAGE_PAUSE.mul_f64(2.0 * fastrand::f64())).await;
            match fastrand::u8(0..20) {
                0 => self.publish_invalid().await,
                1 => self.repeat_request().await,
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
        let sequence = self.ledger.add_publication(self.account, event_type, false);
        let body = self.body(event_type, sequence);
        let key = (self.keyed || fastrand::u8(0..3) == 0).then(|| format!("chaos-{sequence}"));
        let started = Instant::now();
        while self.may_retry(started) {
            match self.send(&self.token, key.as_deref(), &body).await {
                SendResult::Status(202, id) => {
                    self.ledger.set_outcome(sequence, Outcome::Accepted(id.clone()));
                    self.keys.extend(key.map(|key| (key, body, id)));
                    return;
                }
                SendResult::Status(status @ 400..500, _) => return self.ledger.set_outcome(sequence, Outcome::Refused(status)),
                // A request with an idempotency key can be repeated until its outcome is known.
                SendResult::NotSent => {}
                SendResult::Status(..) | SendResult::Unknown if key.is_some() => {}
                SendResult::Status(..) | SendResult::Unknown => return,
            }
            sleep(RETRY_PAUSE).await;
        }
    }

    /// Sends an invalid request. The server must refuse the request, and no webhook may get a callback for it.
    async fn publish_invalid(&mut self) {
        let event_type = self.event_type();
        let sequence = self.ledger.add_publication(self.account, event_type, true);
        let valid_body = self.body(event_type, sequence);
        let used_key = fastrand::choice(&self.keys).map(|(key, ..)| key.as_str());
        let (token, key, body) = match fastrand::u8(0..3) {
            0 => (&self.reader, None, valid_body),
            1 => (&self.token, None, self.body("No Type", sequence)),
            _ if used_key.is_some() => (&self.token, used_key, valid_body),
            _ => return self.ledger.set_outcome(sequence, Outcome::Refused(0)),
        };
        let started = Instant::now();
        while self.may_retry(started) {
            match self.send(token, key, &body).await {
                SendResult::Status(202, id) => return self.ledger.set_outcome(sequence, Outcome::Accepted(id)),
                SendResult::Status(status @ 400..500, _) => return self.ledger.set_outcome(sequence, Outcome::Refused(status)),
                _ => sleep(RETRY_PAUSE).await,
            }
        }
    }

    /// Repeats an earlier request with its idempotency key. The response must have the same notification id as the
    /// first response, even if a server has crashed meanwhile.
    async fn repeat_request(&mut self) {
        let Some((key, body, id)) = fastrand::choice(&self.keys) else { return };
        let started = Instant::now();
        while self.may_retry(started) {
            match self.send(&self.token, Some(key), body).await {
                SendResult::Status(202, later_id) if later_id == *id => return,
                SendResult::Status(status @ 200..500, later_id) => {
                    let details = format!("the first response to {key} was {id}, a later one {status} {later_id}");
                    return self.ledger.add_violation("different responses to the same idempotency key", details);
                }
                _ => sleep(RETRY_PAUSE).await,
            }
        }
    }

    fn may_retry(&self, started: Instant) -> bool {
        let in_time = started.elapsed() < RETRY_TIMEOUT;
        if !in_time {
            self.ledger.add_violation("no server responded to a request", format!("of account {}", account_name(self.account)));
        }
        in_time
    }

    async fn send(&self, token: &str, key: Option<&str>, body: &str) -> SendResult {
        let (address, timeout) = self.servers.next();
        let url = format!("http://{address}{NOTIFICATIONS}");
        let mut request = self.http.post(url).header(AUTHORIZATION, format!("Bearer {token}")).header(CONTENT_TYPE, "application/json");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let exchange = async {
            let response = request.body(body.to_owned()).timeout(timeout).send().await?;
            Ok::<_, reqwest::Error>((response.status(), response.bytes().await?))
        };
        match exchange.await {
            Ok((StatusCode::ACCEPTED, body)) => match serde_json::from_slice::<serde_json::Value>(&body) {
                Ok(notification) => SendResult::Status(202, notification["id"].as_str().unwrap_or_default().to_owned()),
                Err(_) => SendResult::Unknown,
            },
            Ok((status, _)) => SendResult::Status(status.as_u16(), String::new()),
            Err(error) if error.is_timeout() && timeout < TIMEOUT => {
                self.servers.skip(address);
                SendResult::Unknown
            }
            Err(error) if error.is_timeout() => {
                self.ledger.add_violation("no response to a request", format!("within {} s: {body}", TIMEOUT.as_secs()));
                SendResult::Unknown
            }
            Err(error) if error.is_connect() => SendResult::NotSent,
            Err(_) => SendResult::Unknown,
        }
    }
}
