//! The receiver of all webhooks. Its behaviour for a webhook changes every few seconds, until [`Receiver::repair`] is
//! called. For some webhooks, the receiver never fails.

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

use super::ledger::{CallbackResponse, Ledger};
use super::trap::{self, Trap};
use crate::sink::sequence;

/// Maximum time of a slow response. It is much shorter than the attempt timeout.
const MAX_RESPONSE_TIME: Duration = Duration::from_secs(1);

/// Maximum age of a signature. The libraries of Standard Webhooks use the same value.
const MAX_SIGNATURE_AGE: Duration = Duration::from_secs(5 * 60);

/// The signing key and credentials of a webhook, to verify its callbacks.
pub(super) struct Identity {
    key: hmac::Key,
    authorization: Option<String>,
    /// The response time, if the receiver never fails for this webhook. Otherwise `None`.
    response_time: Option<Duration>,
}

impl Identity {
    /// `secret` is the signing secret from the API. Returns `None` if the secret is not valid.
    pub(super) fn new(secret: &str, credentials: Option<(&str, &str)>, response_time: Option<Duration>) -> Option<Identity> {
        let key = STANDARD.decode(secret.strip_prefix("whsec_")?).ok()?;
        let authorization = credentials.map(|(name, password)| format!("Basic {}", STANDARD.encode(format!("{name}:{password}"))));
        Some(Identity { key: hmac::Key::new(hmac::HMAC_SHA256, &key), authorization, response_time })
    }

    fn verify(&self, headers: &HeaderMap, body: &[u8]) -> bool {
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
        genuine && age.is_some_and(|age| age < MAX_SIGNATURE_AGE) && text(AUTHORIZATION.as_str()) == self.authorization.as_deref()
    }
}

#[derive(Clone, Copy)]
enum Behaviour {
    Working,
    Slow,
    Failing,
    Busy,
    Hanging,
    Dropping,
    CutOff,
    /// Each callback gets one of the other behaviours at random.
    Any,
}

impl Behaviour {
    fn random() -> Behaviour {
        match fastrand::u8(0..16) {
            0..6 => Behaviour::Working,
            6 | 7 => Behaviour::Slow,
            8 => Behaviour::Failing,
            9 => Behaviour::Busy,
            10 => Behaviour::Hanging,
            11 => Behaviour::Dropping,
            12 => Behaviour::CutOff,
            _ => Behaviour::Any,
        }
    }

    /// Returns the behaviour for one callback.
    fn for_callback(self) -> Behaviour {
        if !matches!(self, Behaviour::Any) {
            return self;
        }
        let behaviours = [
            Behaviour::Working,
            Behaviour::Slow,
            Behaviour::Failing,
            Behaviour::Busy,
            Behaviour::Hanging,
            Behaviour::Dropping,
            Behaviour::CutOff,
        ];
        // Hanging is rare, because a hanging callback takes long.
        *fastrand::choice(&behaviours)
            .filter(|behaviour| !matches!(behaviour, Behaviour::Hanging) || fastrand::u8(0..8) == 0)
            .unwrap_or(&Behaviour::Working)
    }
}

pub(super) struct Receiver {
    identities: Vec<Identity>,
    /// The current behaviour for each webhook, and the time at which this behaviour ends.
    behaviours: Vec<Mutex<(Behaviour, Instant)>>,
    /// Whether every callback is accepted within [`MAX_RESPONSE_TIME`].
    prompt: AtomicBool,
    repaired: AtomicBool,
    pub(super) trap: Trap,
    ledger: Arc<Ledger>,
}

impl Receiver {
    /// Starts the receiver. The URL of each webhook ends with `/` and its index in `identities`.
    pub(super) fn start(listener: TcpListener, identities: Vec<Identity>, trap: Trap, ledger: Arc<Ledger>) -> Arc<Receiver> {
        let behaviours = identities.iter().map(|_| Mutex::new((Behaviour::Working, Instant::now()))).collect();
        let [prompt, repaired] = [AtomicBool::new(false), AtomicBool::new(false)];
        let receiver = Arc::new(Receiver { identities, behaviours, prompt, repaired, trap, ledger });
        tokio::spawn(accept(listener, receiver.clone()));
        receiver
    }

    /// Ends all failures. Every callback that arrives after this call is accepted within [`MAX_RESPONSE_TIME`].
    pub(super) fn respond_promptly(&self) {
        self.prompt.store(true, Ordering::Relaxed);
    }

    /// Ends all failures. Every callback that arrives after this call is accepted.
    pub(super) fn repair(&self) {
        self.repaired.store(true, Ordering::Relaxed);
    }

    fn behaviour(&self, webhook: usize) -> Behaviour {
        if self.repaired.load(Ordering::Relaxed) || self.identities[webhook].response_time.is_some() {
            return Behaviour::Working;
        }
        if self.prompt.load(Ordering::Relaxed) {
            return Behaviour::Slow;
        }
        let mut behaviour = self.behaviours[webhook].lock().unwrap_or_else(PoisonError::into_inner);
        if behaviour.1 <= Instant::now() {
            *behaviour = (Behaviour::random(), Instant::now() + Duration::from_secs_f64(0.5 + 2.5 * fastrand::f64()));
        }
        behaviour.0.for_callback()
    }

    async fn callback(&self, request: Request<Incoming>) -> Result<Response<Body>, Dropped> {
        let (head, body) = request.into_parts();
        // Reading the body fails if the request was cut off, for example because the server was killed.
        let body = body.collect().await.map_err(|_| Dropped)?.to_bytes();
        if head.uri.path() == trap::PATH {
            self.trap.receive().await;
            return Ok(reply(StatusCode::NO_CONTENT));
        }
        let webhook: Option<usize> = head.uri.path().rsplit('/').next().and_then(|number| number.parse().ok());
        let (Some(webhook), Some(sequence)) = (webhook.filter(|number| *number < self.identities.len()), sequence(&body)) else {
            self.ledger.add_violation("a callback without a publication", format!("{} {}", head.uri, String::from_utf8_lossy(&body)));
            return Ok(reply(StatusCode::NOT_FOUND));
        };
        let id = head.headers.get("webhook-id").and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
        let genuine = self.identities[webhook].verify(&head.headers, &body);
        let arrival = self.ledger.add_arrival(webhook, sequence as usize, id, genuine);
        let behaviour = self.behaviour(webhook);
        let (recorded, response) = match behaviour {
            Behaviour::Working | Behaviour::Any => {
                if let Some(time) = self.identities[webhook].response_time.filter(|time| !time.is_zero()) {
                    tokio::time::sleep(time).await;
                }
                (CallbackResponse::Accepted, Ok(reply(StatusCode::NO_CONTENT)))
            }
            Behaviour::Slow => {
                tokio::time::sleep(MAX_RESPONSE_TIME.mul_f64(fastrand::f64())).await;
                (CallbackResponse::Accepted, Ok(reply(StatusCode::NO_CONTENT)))
            }
            Behaviour::Failing => (CallbackResponse::Refused(500), Ok(reply(StatusCode::INTERNAL_SERVER_ERROR))),
            Behaviour::Busy => {
                let mut response = reply(StatusCode::TOO_MANY_REQUESTS);
                response.headers_mut().insert(RETRY_AFTER, http::HeaderValue::from_static("2"));
                (CallbackResponse::Refused(429), Ok(response))
            }
            Behaviour::Hanging => std::future::pending().await,
            Behaviour::Dropping => (CallbackResponse::Dropped, Err(Dropped)),
            Behaviour::CutOff => (CallbackResponse::CutOff, Ok(Response::new(BoxBody::new(FailingBody { started: false })))),
        };
        self.ledger.set_response(arrival, recorded);
        response
    }
}

async fn accept(listener: TcpListener, receiver: Arc<Receiver>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(receive(stream, receiver.clone()));
    }
}

/// Serves a connection until it ends. Errors are ignored, because the ledger does not contain callbacks that were cut
/// off.
async fn receive(stream: TcpStream, receiver: Arc<Receiver>) {
    // After this call, dropping the connection resets it instead of closing it.
    let _ = stream.set_zero_linger();
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let receiver = receiver.clone();
        async move { receiver.callback(request).await }
    });
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// The error that drops a connection on purpose.
#[derive(Debug)]
struct Dropped;

impl std::fmt::Display for Dropped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection is dropped on purpose")
    }
}

impl std::error::Error for Dropped {}

type Body = BoxBody<Bytes, Dropped>;

fn reply(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(BoxBody::new(Empty::new().map_err(|never: Infallible| match never {})));
    *response.status_mut() = status;
    response
}

/// A response body that fails after its first part, so that the connection is dropped.
struct FailingBody {
    started: bool,
}

impl hyper::body::Body for FailingBody {
    type Data = Bytes;
    type Error = Dropped;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Dropped>>> {
        if std::mem::replace(&mut self.started, true) {
            return Poll::Ready(Some(Err(Dropped)));
        }
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"a body that")))))
    }
}
