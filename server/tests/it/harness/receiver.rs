//! The other side of a callback: a real HTTPS server that does as it is told and tells what it got.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode, Version};
use http_body_util::{BodyExt as _, Full, combinators::BoxBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use openapi_proof::evidence::Exchange;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;

use super::contract::{self, Violations};
use super::{Authority, patiently};

/// What the names of custom headers begin with in tests. The document cannot name what a customer may add, and what else it
/// does not name must not come.
pub(crate) const CUSTOM: &str = "x-test-";

/// What a receiver does with a callback.
#[derive(Clone)]
pub(crate) enum Reply {
    Status(u16),
    Full {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: String,
    },
    /// Sends all of the request, its headers too, back as the body of a 500.
    Echo,
    /// A 200 with the challenge of a handshake.
    Agree,
    /// The same as soon as the semaphore gives a permit.
    AgreeLater(Arc<Semaphore>),
    /// Never answers.
    Hang,
    /// Drops the connection instead of an answer.
    Reset,
    /// A 200 whose body never ends, as fast as it is read.
    Endless,
    /// A 200 as soon as the semaphore gives a permit.
    Gate(Arc<Semaphore>),
    /// Drops the connection as soon as the semaphore gives a permit.
    ResetLater(Arc<Semaphore>),
}

#[derive(Clone, Debug)]
pub(crate) struct Callback {
    pub(crate) version: Version,
    /// Path and query.
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Callback {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a callback is JSON")
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.find_header(name).unwrap_or_else(|| panic!("no header {name}: {:?}", self.headers))
    }

    pub(crate) fn find_header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next()?;
        assert!(values.next().is_none(), "{name} came twice");
        Some(value.to_str().expect("ASCII"))
    }

    /// Whether one of its signatures is by this secret: as a customer verifies it, by the words of Standard Webhooks 1.0.
    pub(crate) fn is_signed_with(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").expect("the prefix")).expect("base64");
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &key);
        let mut signed = format!("{}.{}.", self.id(), self.header("webhook-timestamp")).into_bytes();
        signed.extend_from_slice(&self.body);
        let expected = STANDARD.encode(aws_lc_rs::hmac::sign(&key, &signed));
        self.header("webhook-signature").split(' ').any(|signature| signature == format!("v1,{expected}"))
    }

    /// `webhook-id`, the notification's identifier.
    pub(crate) fn id(&self) -> &str {
        self.header("webhook-id")
    }
}

#[derive(Clone)]
struct Shared {
    script: Arc<Mutex<Script>>,
    arrived: mpsc::UnboundedSender<Callback>,
    violations: Violations,
}

struct Script {
    next: VecDeque<Reply>,
    otherwise: Reply,
    /// How many callbacks came so far, how many are being answered, and the most of those at once.
    count: usize,
    open: usize,
    most_open: usize,
}

pub(crate) struct Receiver {
    scheme: &'static str,
    address: SocketAddr,
    shared: Shared,
    arrivals: mpsc::UnboundedReceiver<Callback>,
    served: Served,
}

/// What a server offers by default, in the order in which it likes them.
pub(super) const HTTP_2_AND_1: [&str; 2] = ["h2", "http/1.1"];

impl Receiver {
    /// One that accepts every callback with a 204.
    pub(crate) async fn start(authority: &Authority) -> Receiver {
        Receiver::listen(Some(authority.acceptor(&HTTP_2_AND_1))).await
    }

    /// The same, which knows no other version than HTTP/1.1.
    pub(crate) async fn of_http_1(authority: &Authority) -> Receiver {
        Receiver::listen(Some(authority.acceptor(&["http/1.1"]))).await
    }

    /// The same without TLS.
    pub(crate) async fn without_tls() -> Receiver {
        Receiver::listen(None).await
    }

    async fn listen(acceptor: Option<TlsAcceptor>) -> Receiver {
        let scheme = if acceptor.is_some() { "https" } else { "http" };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let (arrived, arrivals) = mpsc::unbounded_channel();
        let script = Script { next: VecDeque::new(), otherwise: Reply::Status(204), count: 0, open: 0, most_open: 0 };
        let shared = Shared { script: Arc::new(Mutex::new(script)), arrived, violations: Violations::default() };
        let state = shared.clone();
        let served = Served::start(listener, acceptor, move |request| {
            let state = state.clone();
            async move { state.answer(request).await }
        });
        Receiver { scheme, address, shared, arrivals, served }
    }

    pub(crate) fn url(&self) -> String {
        format!("{}://{}/notify", self.scheme, self.address)
    }

    /// What it does with every callback from now on.
    pub(crate) fn always(&self, reply: Reply) {
        self.script().otherwise = reply;
    }

    /// What it does with the next callbacks, one each, before it goes back to its habit.
    pub(crate) fn then(&self, replies: impl IntoIterator<Item = Reply>) {
        self.script().next.extend(replies);
    }

    /// The next callback that no test has seen yet.
    pub(crate) async fn next(&mut self) -> Callback {
        patiently("a callback", self.arrivals.recv()).await.expect("the receiver holds the sender")
    }

    pub(crate) async fn next_of(&mut self, count: usize) -> Vec<Callback> {
        let mut callbacks = Vec::with_capacity(count);
        for _ in 0..count {
            callbacks.push(self.next().await);
        }
        callbacks
    }

    /// All callbacks that have arrived and no test has seen yet.
    pub(crate) fn arrived(&mut self) -> Vec<Callback> {
        std::iter::from_fn(|| self.arrivals.try_recv().ok()).collect()
    }

    /// How many callbacks came so far.
    pub(crate) fn count(&self) -> usize {
        self.script().count
    }

    /// The most callbacks that waited for their answer at once.
    pub(crate) fn most_open(&self) -> usize {
        self.script().most_open
    }

    /// How many TCP connections came so far.
    pub(crate) fn connections(&self) -> usize {
        self.served.connections.load(Ordering::Relaxed)
    }

    fn script(&self) -> std::sync::MutexGuard<'_, Script> {
        self.shared.script.lock().expect("no holder panics")
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.shared.violations.fail_if_any();
    }
}

/// Counts a callback as open until it is answered or given up.
struct Open(Arc<Mutex<Script>>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.lock().expect("no holder panics").open -= 1;
    }
}

impl Shared {
    async fn answer(self, request: Request<Incoming>) -> Result<Response<Body>, Gone> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map_err(|_| Gone)?.to_bytes();
        let path = parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
        let callback = Callback { version: parts.version, path, headers: parts.headers, body };
        let reply = {
            let mut script = self.script.lock().expect("no holder panics");
            script.count += 1;
            script.open += 1;
            script.most_open = script.most_open.max(script.open);
            script.next.pop_front().unwrap_or_else(|| script.otherwise.clone())
        };
        let _open = Open(self.script.clone());
        contract::check(&exchange(&parts.method, &callback, &reply), &self.violations);
        let echo = format!("{:?}\n{}", callback.headers, String::from_utf8_lossy(&callback.body));
        let agreement = callback.json()["data"].to_string();
        // A test that ended has no more interest.
        let _ = self.arrived.send(callback);
        let response = Response::builder();
        Ok(match reply {
            Reply::Status(status) => response.status(status).body(full("")),
            Reply::Full { status, headers, body } => {
                headers.into_iter().fold(response.status(status), |response, (name, value)| response.header(name, value)).body(full(body))
            }
            Reply::Echo => response.status(500).body(full(echo)),
            Reply::Agree => response.body(full(agreement)),
            Reply::AgreeLater(gate) => {
                gate.acquire().await.expect("nobody closes it").forget();
                response.body(full(agreement))
            }
            Reply::Hang => std::future::pending().await,
            Reply::Reset => return Err(Gone),
            Reply::Endless => response.body(BoxBody::new(EndlessBody)),
            Reply::Gate(gate) => {
                gate.acquire().await.expect("nobody closes it").forget();
                response.status(StatusCode::OK).body(full(""))
            }
            Reply::ResetLater(gate) => {
                gate.acquire().await.expect("nobody closes it").forget();
                return Err(Gone);
            }
        }
        .expect("a response"))
    }
}

/// What is recorded of a callback and what it is going to be answered.
fn exchange(method: &http::Method, callback: &Callback, reply: &Reply) -> Exchange {
    let authorization = callback.headers.get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let (status, answered_headers) = match reply {
        Reply::Status(status) => (Some(*status), Vec::new()),
        Reply::Full { status, headers, .. } => {
            (Some(*status), headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect())
        }
        Reply::Echo => (Some(500), Vec::new()),
        Reply::Agree | Reply::AgreeLater(_) | Reply::Endless | Reply::Gate(_) => (Some(200), Vec::new()),
        Reply::Hang | Reply::Reset | Reply::ResetLater(_) => (None, Vec::new()),
    };
    Exchange::Callback(openapi_proof::evidence::Callback {
        name: None,
        method: method.to_string(),
        headers: contract::headers(&callback.headers).into_iter().filter(|(name, _)| !name.starts_with(CUSTOM)).collect(),
        authentication: authorization.and_then(|value| value.split(' ').next()).map(str::to_ascii_lowercase),
        body: String::from_utf8_lossy(&callback.body).into_owned(),
        status,
        answered_headers,
    })
}

pub(super) type Body = BoxBody<Bytes, Infallible>;

pub(super) fn full(body: impl Into<Bytes>) -> Body {
    BoxBody::new(Full::new(body.into()))
}

struct EndlessBody;

impl http_body::Body for EndlessBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        std::task::Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'x'; 8192])))))
    }
}

/// The connection is dropped instead of answered.
#[derive(Debug, thiserror::Error)]
#[error("the connection is dropped on purpose")]
pub(super) struct Gone;

/// An HTTP server that answers until it is dropped.
pub(super) struct Served {
    accepting: tokio::task::JoinHandle<()>,
    connections: Arc<AtomicUsize>,
}

impl Served {
    /// In whatever version of HTTP a client begins with.
    pub(super) fn start<F, A>(listener: TcpListener, acceptor: Option<TlsAcceptor>, answer: F) -> Served
    where
        F: Fn(Request<Incoming>) -> A + Clone + Send + Sync + 'static,
        A: Future<Output = Result<Response<Body>, Gone>> + Send + 'static,
    {
        let connections = Arc::new(AtomicUsize::new(0));
        let count = connections.clone();
        let accepting = tokio::spawn(async move {
            let mut serving = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                let (acceptor, answer) = (acceptor.clone(), answer.clone());
                serving.spawn(async move {
                    let Some(acceptor) = acceptor else { return serve(stream, answer).await };
                    // A client that refuses the certificate or goes away is part of what is tested.
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    serve(stream, answer).await;
                });
            }
        });
        Served { accepting, connections }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve<F, A>(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, answer: F)
where
    F: Fn(Request<Incoming>) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Result<Response<Body>, Gone>> + Send + 'static,
{
    let service = service_fn(answer);
    let _ = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
}
