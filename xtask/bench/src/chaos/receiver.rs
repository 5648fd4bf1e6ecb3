//! The receiver of every webhook: each has moods of its own, for some seconds each, until it is mended.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant, SystemTime};

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, RETRY_AFTER};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use super::ledger::{Answer, Ledger};
use crate::sink::sequence;

/// A slow answer still comes well within the time limit of an attempt.
const SLOWEST: Duration = Duration::from_secs(1);

/// Standard Webhooks leaves the tolerance to the receiver; its packages have this one.
const TOLERANCE: Duration = Duration::from_secs(5 * 60);

/// What it takes to know a genuine callback of a webhook.
pub(super) struct Identity {
    key: hmac::Key,
    authorization: Option<String>,
    /// It is always well, and takes so long.
    steady: Option<Duration>,
}

impl Identity {
    /// `secret` is as the API shows it. None where it is no signing secret.
    pub(super) fn new(secret: &str, credentials: Option<(&str, &str)>, steady: Option<Duration>) -> Option<Identity> {
        let key = STANDARD.decode(secret.strip_prefix("whsec_")?).ok()?;
        let authorization = credentials.map(|(name, password)| format!("Basic {}", STANDARD.encode(format!("{name}:{password}"))));
        Some(Identity { key: hmac::Key::new(hmac::HMAC_SHA256, &key), authorization, steady })
    }

    fn knows(&self, headers: &HeaderMap, body: &[u8]) -> bool {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let (Some(id), Some(timestamp), Some(signatures)) = (text("webhook-id"), text("webhook-timestamp"), text("webhook-signature"))
        else {
            return false;
        };
        let signed_at = timestamp.parse().ok().map(|seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        let age = signed_at.map(|at| SystemTime::now().duration_since(at).unwrap_or_else(|ahead| ahead.duration()));
        let signed = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat();
        let genuine = signatures
            .split(' ')
            .filter_map(|signature| signature.strip_prefix("v1,"))
            .any(|signature| STANDARD.decode(signature).is_ok_and(|signature| hmac::verify(&self.key, &signed, &signature).is_ok()));
        genuine && age.is_some_and(|age| age < TOLERANCE) && text(AUTHORIZATION.as_str()) == self.authorization.as_deref()
    }
}

#[derive(Clone, Copy)]
enum Mood {
    Well,
    Slow,
    Failing,
    Busy,
    Hanging,
    Dropping,
    BreakingOff,
    /// Another with each callback.
    Any,
}

impl Mood {
    fn lasting() -> Mood {
        match fastrand::u8(0..16) {
            0..6 => Mood::Well,
            6 | 7 => Mood::Slow,
            8 => Mood::Failing,
            9 => Mood::Busy,
            10 => Mood::Hanging,
            11 => Mood::Dropping,
            12 => Mood::BreakingOff,
            _ => Mood::Any,
        }
    }

    /// For a callback.
    fn now(self) -> Mood {
        if !matches!(self, Mood::Any) {
            return self;
        }
        let moods = [Mood::Well, Mood::Slow, Mood::Failing, Mood::Busy, Mood::Hanging, Mood::Dropping, Mood::BreakingOff];
        // It hangs seldom, or it would do little else.
        *fastrand::choice(&moods).filter(|mood| !matches!(mood, Mood::Hanging) || fastrand::u8(0..8) == 0).unwrap_or(&Mood::Well)
    }
}

pub(super) struct Receiver {
    identities: Vec<Identity>,
    /// Of each webhook, and until when.
    moods: Vec<Mutex<(Mood, Instant)>>,
    mended: AtomicBool,
    ledger: Arc<Ledger>,
}

impl Receiver {
    /// Takes the callbacks of webhooks whose URLs end with `/` and their place in `identities`.
    pub(super) fn start(listener: TcpListener, identities: Vec<Identity>, ledger: Arc<Ledger>) -> Arc<Receiver> {
        let moods = identities.iter().map(|_| Mutex::new((Mood::Well, Instant::now()))).collect();
        let receiver = Arc::new(Receiver { identities, moods, mended: AtomicBool::new(false), ledger });
        tokio::spawn(accept(listener, receiver.clone()));
        receiver
    }

    /// From now on every callback is accepted at once.
    pub(super) fn mend(&self) {
        self.mended.store(true, Ordering::Relaxed);
    }

    fn mood(&self, webhook: usize) -> Mood {
        if self.mended.load(Ordering::Relaxed) || self.identities[webhook].steady.is_some() {
            return Mood::Well;
        }
        let mut mood = self.moods[webhook].lock().unwrap_or_else(PoisonError::into_inner);
        if mood.1 <= Instant::now() {
            *mood = (Mood::lasting(), Instant::now() + Duration::from_secs_f64(0.5 + 2.5 * fastrand::f64()));
        }
        mood.0.now()
    }

    async fn callback(&self, request: Request<Incoming>) -> Result<Response<Body>, Broken> {
        let (head, body) = request.into_parts();
        // It did not come as a whole, as when the server is killed while it sends.
        let body = body.collect().await.map_err(|_| Broken)?.to_bytes();
        let webhook: Option<usize> = head.uri.path().rsplit('/').next().and_then(|number| number.parse().ok());
        let (Some(webhook), Some(sequence)) = (webhook.filter(|number| *number < self.identities.len()), sequence(&body)) else {
            self.ledger.breach("a callback that nobody published", format!("{} {}", head.uri, String::from_utf8_lossy(&body)));
            return Ok(reply(StatusCode::NOT_FOUND));
        };
        let id = head.headers.get("webhook-id").and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
        let genuine = self.identities[webhook].knows(&head.headers, &body);
        let arrival = self.ledger.arrived(webhook, sequence as usize, id, genuine);
        let mood = self.mood(webhook);
        let (answer, response) = match mood {
            Mood::Well | Mood::Any => {
                if let Some(time) = self.identities[webhook].steady.filter(|time| !time.is_zero()) {
                    tokio::time::sleep(time).await;
                }
                (Answer::Accepted, Ok(reply(StatusCode::NO_CONTENT)))
            }
            Mood::Slow => {
                tokio::time::sleep(SLOWEST.mul_f64(fastrand::f64())).await;
                (Answer::Accepted, Ok(reply(StatusCode::NO_CONTENT)))
            }
            Mood::Failing => (Answer::Refused(500), Ok(reply(StatusCode::INTERNAL_SERVER_ERROR))),
            Mood::Busy => {
                let mut response = reply(StatusCode::TOO_MANY_REQUESTS);
                response.headers_mut().insert(RETRY_AFTER, http::HeaderValue::from_static("2"));
                (Answer::Refused(429), Ok(response))
            }
            Mood::Hanging => std::future::pending().await,
            Mood::Dropping => (Answer::Dropped, Err(Broken)),
            Mood::BreakingOff => (Answer::BrokenOff, Ok(Response::new(BoxBody::new(BreaksOff { begun: false })))),
        };
        self.ledger.answered(arrival, answer);
        response
    }
}

async fn accept(listener: TcpListener, receiver: Arc<Receiver>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(receive(stream, receiver.clone()));
    }
}

/// Until the connection ends, however it does: what was cut off is seen in what came.
async fn receive(stream: TcpStream, receiver: Arc<Receiver>) {
    // What is dropped is reset, not closed in good order.
    let _ = stream.set_zero_linger();
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let receiver = receiver.clone();
        async move { receiver.callback(request).await }
    });
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// The connection is dropped on purpose.
#[derive(Debug)]
struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection is dropped on purpose")
    }
}

impl std::error::Error for Broken {}

type Body = BoxBody<Bytes, Broken>;

fn reply(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(BoxBody::new(Empty::new().map_err(|never: Infallible| match never {})));
    *response.status_mut() = status;
    response
}

/// A body that begins, and then the connection is dropped.
struct BreaksOff {
    begun: bool,
}

impl hyper::body::Body for BreaksOff {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        if std::mem::replace(&mut self.begun, true) {
            return Poll::Ready(Some(Err(Broken)));
        }
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"a body that")))))
    }
}
