//! The publishers: they go on through every crash of the server, and note what came of each publication.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use tokio::sync::watch;
use tokio::time::sleep;

use super::ledger::{Fate, Ledger};
use super::world::{ORDERED, PLAIN, account_name};
use crate::rig::{NOTIFICATIONS, publication};

/// A running server answers long before that.
const PATIENCE: Duration = Duration::from_secs(30);

/// Between two publications of one publisher, on average.
const PAUSE: Duration = Duration::from_millis(50);

/// A server that was killed is back after some of these.
const AWAY: Duration = Duration::from_millis(10);

pub(super) struct Publisher {
    pub(super) http: reqwest::Client,
    /// Host and port, another after each start.
    pub(super) address: watch::Receiver<String>,
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
    /// The keys that it used, with the body that went with them, and the notification that came of that.
    pub(super) keys: Vec<(String, String, String)>,
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
        let key = (fastrand::u8(0..3) == 0).then(|| format!("chaos-{sequence}"));
        loop {
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
        loop {
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
        loop {
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

    async fn send(&self, token: &str, key: Option<&str>, body: &str) -> Answered {
        let url = format!("http://{}{NOTIFICATIONS}", *self.address.borrow());
        let mut request = self.http.post(url).header(AUTHORIZATION, format!("Bearer {token}")).header(CONTENT_TYPE, "application/json");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let answer = async {
            let response = request.body(body.to_owned()).timeout(PATIENCE).send().await?;
            Ok::<_, reqwest::Error>((response.status(), response.bytes().await?))
        };
        match answer.await {
            Ok((StatusCode::ACCEPTED, body)) => match serde_json::from_slice::<serde_json::Value>(&body) {
                Ok(notification) => Answered::Status(202, notification["id"].as_str().unwrap_or_default().to_owned()),
                Err(_) => Answered::Nothing,
            },
            Ok((status, _)) => Answered::Status(status.as_u16(), String::new()),
            Err(error) if error.is_timeout() => {
                self.ledger.breach("a request that is not answered", format!("within {} s: {body}", PATIENCE.as_secs()));
                Answered::Nothing
            }
            Err(error) if error.is_connect() => Answered::NotSent,
            Err(_) => Answered::Nothing,
        }
    }
}
