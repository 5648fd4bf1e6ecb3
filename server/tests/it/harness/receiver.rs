//! A real HTTPS server that receives callbacks. Tests set its replies and read the callbacks.

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
use super::{Authority, with_timeout};

/// Prefix of the names of custom headers in tests. openapi.json does not list these headers, so they are not validated.
pub(crate) const CUSTOM_HEADER_PREFIX: &str = "x-test-";

/// What a receiver does with a callback.
#[derive(Clone)]
pub(crate) enum Reply {
    Status(u16),
    Full {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: String,
    },
    /// Responds with 500. The body of the response contains the headers and the body of the callback.
    Echo,
    /// Responds with 200 and the challenge of the handshake as the body.
    ConfirmHandshake,
    /// Waits until the semaphore has a permit, and then responds like `ConfirmHandshake`.
    ConfirmHandshakeWhenReleased(Arc<Semaphore>),
    /// Never responds.
    Hang,
    /// Drops the connection without a response.
    Reset,
    /// Responds with 200 and an endless body.
    Endless,
    /// Waits until the semaphore has a permit, and then responds with 200.
    OkWhenReleased(Arc<Semaphore>),
    /// Waits until the semaphore has a permit, and then drops the connection.
    ResetWhenReleased(Arc<Semaphore>),
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
        assert!(values.next().is_none(), "{name} was sent twice");
        Some(value.to_str().expect("ASCII"))
    }

    /// Whether one of the signatures was made with this secret, as Standard Webhooks 1.0 specifies.
    pub(crate) fn is_signed_with(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").expect("the prefix")).expect("base64");
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &key);
        let mut signed = format!("{}.{}.", self.id(), self.header("webhook-timestamp")).into_bytes();
        signed.extend_from_slice(&self.body);
        let expected = STANDARD.encode(aws_lc_rs::hmac::sign(&key, &signed));
        self.header("webhook-signature").split(' ').any(|signature| signature == format!("v1,{expected}"))
    }

    /// Returns `webhook-id`, the notification's identifier.
    pub(crate) fn id(&self) -> &str {
        self.header("webhook-id")
    }
}

#[derive(Clone)]
struct Shared {
    script: Arc<Mutex<Script>>,
    sender: mpsc::UnboundedSender<Callback>,
    violations: Violations,
}

struct Script {
    next: VecDeque<Reply>,
    default: Reply,
    count: usize,
    open: usize,
    max_concurrent: usize,
}

pub(crate) struct Receiver {
    scheme: &'static str,
    address: SocketAddr,
    shared: Shared,
    arrivals: mpsc::UnboundedReceiver<Callback>,
    served: HttpServer,
}

/// The protocols that most test servers offer, in order of preference.
pub(super) const HTTP_2_AND_1: [&str; 2] = ["h2", "http/1.1"];

impl Receiver {
    /// Starts a receiver that responds to every callback with 204.
    pub(crate) async fn start(authority: &Authority) -> Receiver {
        Receiver::listen(Some(authority.acceptor(&HTTP_2_AND_1))).await
    }

    pub(crate) async fn start_http_1(authority: &Authority) -> Receiver {
        Receiver::listen(Some(authority.acceptor(&["http/1.1"]))).await
    }

    pub(crate) async fn start_without_tls() -> Receiver {
        Receiver::listen(None).await
    }

    /// Starts a receiver with its own TLS configuration.
    pub(crate) async fn start_with(acceptor: TlsAcceptor) -> Receiver {
        Receiver::listen(Some(acceptor)).await
    }

    async fn listen(acceptor: Option<TlsAcceptor>) -> Receiver {
        let scheme = if acceptor.is_some() { "https" } else { "http" };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound listener");
        let (sender, arrivals) = mpsc::unbounded_channel();
        let script = Script { next: VecDeque::new(), default: Reply::Status(204), count: 0, open: 0, max_concurrent: 0 };
        let shared = Shared { script: Arc::new(Mutex::new(script)), sender, violations: Violations::default() };
        let state = shared.clone();
        let served = HttpServer::start(listener, acceptor, move |request| {
            let state = state.clone();
            async move { state.respond(request).await }
        });
        Receiver { scheme, address, shared, arrivals, served }
    }

    pub(crate) fn url(&self) -> String {
        format!("{}://{}/notify", self.scheme, self.address)
    }

    /// Sets the reply to all callbacks for which [`Receiver::reply_to_next`] has set no reply.
    pub(crate) fn always_reply(&self, reply: Reply) {
        self.script().default = reply;
    }

    /// Sets the replies to the next callbacks, one reply for each callback. These replies have precedence over
    /// [`Receiver::always_reply`].
    pub(crate) fn reply_to_next(&self, replies: impl IntoIterator<Item = Reply>) {
        self.script().next.extend(replies);
    }

    /// Returns the oldest callback that the test has not read yet. If there is no such callback, waits for the next
    /// callback.
    pub(crate) async fn next(&mut self) -> Callback {
        with_timeout("a callback", self.arrivals.recv()).await.expect("the receiver holds the sender")
    }

    pub(crate) async fn next_callbacks(&mut self, count: usize) -> Vec<Callback> {
        let mut callbacks = Vec::with_capacity(count);
        for _ in 0..count {
            callbacks.push(self.next().await);
        }
        callbacks
    }

    pub(crate) fn take_arrived(&mut self) -> Vec<Callback> {
        std::iter::from_fn(|| self.arrivals.try_recv().ok()).collect()
    }

    /// The number of callbacks so far.
    pub(crate) fn count(&self) -> usize {
        self.script().count
    }

    /// The maximum number of callbacks that were waiting for a response at the same time.
    pub(crate) fn max_concurrent(&self) -> usize {
        self.script().max_concurrent
    }

    /// The number of TCP connections so far.
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

/// A callback that counts as open. The count decreases on drop: after the response is built, or when the connection closes.
struct OpenCallback(Arc<Mutex<Script>>);

impl Drop for OpenCallback {
    fn drop(&mut self) {
        self.0.lock().expect("no holder panics").open -= 1;
    }
}

impl Shared {
    async fn respond(self, request: Request<Incoming>) -> Result<Response<Body>, ConnectionDropped> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map_err(|_| ConnectionDropped)?.to_bytes();
        let path = parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
        let callback = Callback { version: parts.version, path, headers: parts.headers, body };
        let reply = {
            let mut script = self.script.lock().expect("no holder panics");
            script.count += 1;
            script.open += 1;
            script.max_concurrent = script.max_concurrent.max(script.open);
            script.next.pop_front().unwrap_or_else(|| script.default.clone())
        };
        let _open = OpenCallback(self.script.clone());
        contract::check(&exchange(&parts.method, &callback, &reply), &self.violations);
        let echo = format!("{:?}\n{}", callback.headers, String::from_utf8_lossy(&callback.body));
        let challenge = callback.json()["data"].to_string();
        // The result is ignored, because the test may have dropped the receiver.
        let _ = self.sender.send(callback);
        let response = Response::builder();
        Ok(match reply {
            Reply::Status(status) => response.status(status).body(full("")),
            Reply::Full { status, headers, body } => {
                headers.into_iter().fold(response.status(status), |response, (name, value)| response.header(name, value)).body(full(body))
            }
            Reply::Echo => response.status(500).body(full(echo)),
            Reply::ConfirmHandshake => response.body(full(challenge)),
            Reply::ConfirmHandshakeWhenReleased(gate) => {
                gate.acquire().await.expect("the semaphore is never closed").forget();
                response.body(full(challenge))
            }
            Reply::Hang => std::future::pending().await,
            Reply::Reset => return Err(ConnectionDropped),
            Reply::Endless => response.body(BoxBody::new(EndlessBody)),
            Reply::OkWhenReleased(gate) => {
                gate.acquire().await.expect("the semaphore is never closed").forget();
                response.status(StatusCode::OK).body(full(""))
            }
            Reply::ResetWhenReleased(gate) => {
                gate.acquire().await.expect("the semaphore is never closed").forget();
                return Err(ConnectionDropped);
            }
        }
        .expect("a response"))
    }
}

/// Returns a callback and its reply as an exchange, which can be checked and recorded.
fn exchange(method: &http::Method, callback: &Callback, reply: &Reply) -> Exchange {
    let authorization = callback.headers.get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let (status, response_headers) = match reply {
        Reply::Status(status) => (Some(*status), Vec::new()),
        Reply::Full { status, headers, .. } => {
            (Some(*status), headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect())
        }
        Reply::Echo => (Some(500), Vec::new()),
        Reply::ConfirmHandshake | Reply::ConfirmHandshakeWhenReleased(_) | Reply::Endless | Reply::OkWhenReleased(_) => {
            (Some(200), Vec::new())
        }
        Reply::Hang | Reply::Reset | Reply::ResetWhenReleased(_) => (None, Vec::new()),
    };
    Exchange::Callback(openapi_proof::evidence::Callback {
        name: None,
        method: method.to_string(),
        headers: contract::headers(&callback.headers).into_iter().filter(|(name, _)| !name.starts_with(CUSTOM_HEADER_PREFIX)).collect(),
        authentication: authorization.and_then(|value| value.split(' ').next()).map(str::to_ascii_lowercase),
        body: String::from_utf8_lossy(&callback.body).into_owned(),
        status,
        response_headers,
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

/// The server drops the connection without a response.
#[derive(Debug, thiserror::Error)]
#[error("the connection is dropped on purpose")]
pub(super) struct ConnectionDropped;

/// An HTTP server that runs until it is dropped.
pub(super) struct HttpServer {
    accepting: tokio::task::JoinHandle<()>,
    connections: Arc<AtomicUsize>,
}

impl HttpServer {
    /// Starts a server that accepts HTTP/1.1 and HTTP/2.
    pub(super) fn start<F, A>(listener: TcpListener, acceptor: Option<TlsAcceptor>, respond: F) -> HttpServer
    where
        F: Fn(Request<Incoming>) -> A + Clone + Send + Sync + 'static,
        A: Future<Output = Result<Response<Body>, ConnectionDropped>> + Send + 'static,
    {
        let connections = Arc::new(AtomicUsize::new(0));
        let count = connections.clone();
        let accepting = tokio::spawn(async move {
            let mut serving = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                let (acceptor, respond) = (acceptor.clone(), respond.clone());
                serving.spawn(async move {
                    let Some(acceptor) = acceptor else { return serve(stream, respond).await };
                    // An error is ignored: in some tests, the client rejects the certificate or disconnects.
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    serve(stream, respond).await;
                });
            }
        });
        HttpServer { accepting, connections }
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve<F, A>(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, respond: F)
where
    F: Fn(Request<Incoming>) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Result<Response<Body>, ConnectionDropped>> + Send + 'static,
{
    let service = service_fn(respond);
    let _ = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
}
