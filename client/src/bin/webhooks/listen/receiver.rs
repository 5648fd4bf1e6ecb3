//! The HTTPS server of `webhooks listen`. It accepts connections until its task is aborted. An error of one connection does not
//! stop the server.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use http::header::{ALLOW, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use webhooks_client::callback::agreement;

use super::checks::{Checks, Verdict};
use crate::forward::Forwarder;

/// Maximum size of a request body. A callback is much smaller: by default, a notification has at most 256 KiB, and the
/// other members have a few hundred bytes.
const MAX_BODY_BYTES: usize = 8 << 20;
const MAX_CONNECTIONS: usize = 256;
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
const READ_TIMEOUT: Duration = Duration::from_secs(30);

pub(crate) enum Event {
    Callback(Box<Received>),
    /// A message for the developer of the receiver.
    Note(String),
}

/// A received request, the verdicts of its checks, and the status of the response.
pub(crate) struct Received {
    pub(crate) at: DateTime<Utc>,
    pub(crate) body: Bytes,
    pub(crate) signature: Verdict,
    pub(crate) authorization: Verdict,
    pub(crate) credentials_name: &'static str,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// Whether the signature or the credentials are wrong.
    pub(crate) refused: bool,
    /// What the receiver behind this one did, if there is one.
    pub(crate) forwarded: Option<String>,
}

/// The response to callbacks that are not refused.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    /// The receiver whose response is returned instead.
    pub(crate) forwarder: Option<Forwarder>,
}

pub(crate) async fn accept(
    listener: TcpListener,
    tls: Arc<rustls::ServerConfig>,
    checks: Arc<Checks>,
    reply: Arc<Reply>,
    events: mpsc::Sender<Event>,
) {
    let acceptor = TlsAcceptor::from(tls);
    let connections = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok(permit) = connections.clone().acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // The usual cause is too many open files. During the wait below, other connections may be closed.
                let _ = events.send(Event::Note(format!("cannot accept a connection: {error}"))).await;
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let (acceptor, checks, reply, events) = (acceptor.clone(), checks.clone(), reply.clone(), events.clone());
        tokio::spawn(async move {
            serve(stream, acceptor, checks, reply, events).await;
            drop(permit);
        });
    }
}

async fn serve(stream: TcpStream, acceptor: TlsAcceptor, checks: Arc<Checks>, reply: Arc<Reply>, events: mpsc::Sender<Event>) {
    let stream = match timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            let _ = events.send(Event::Note(format!("a TLS connection failed (does the sender trust this certificate?): {error}"))).await;
            return;
        }
        Err(_) => return,
    };
    let handler = service_fn(|request| {
        let (checks, reply, events) = (checks.clone(), reply.clone(), events.clone());
        async move { Ok::<_, Infallible>(respond(request, &checks, &reply, &events).await) }
    });
    let mut server = auto::Builder::new(TokioExecutor::new());
    server.http1().timer(TokioTimer::new()).header_read_timeout(READ_TIMEOUT);
    // Errors of a connection are ignored: the sender gets an error too, and the service records a failed attempt.
    let _ = server.serve_connection(TokioIo::new(stream), handler).await;
}

async fn respond(request: Request<Incoming>, checks: &Checks, reply: &Reply, events: &mpsc::Sender<Event>) -> Response<Full<Bytes>> {
    let at = SystemTime::now();
    if request.method() != Method::POST {
        let _ = events.send(Event::Note(format!("{} {} was refused: callbacks use POST", request.method(), request.uri().path()))).await;
        let mut response = empty(StatusCode::METHOD_NOT_ALLOWED);
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
        return response;
    }
    let (head, body) = request.into_parts();
    let body = match timeout(READ_TIMEOUT, Limited::new(body, MAX_BODY_BYTES).collect()).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            let _ = events.send(Event::Note(format!("a body of more than {MAX_BODY_BYTES} bytes was refused"))).await;
            return empty(StatusCode::PAYLOAD_TOO_LARGE);
        }
        Ok(Err(_)) => return empty(StatusCode::BAD_REQUEST),
        Err(_) => return empty(StatusCode::REQUEST_TIMEOUT),
    };

    let signature = checks.signature(&head.headers, &body, at);
    let authorization = checks.authorization(&head.headers);
    let is_wrong = |verdict: &Verdict| matches!(verdict, Verdict::Wrong(_));
    let refused = is_wrong(&signature) || is_wrong(&authorization);
    let (mut response, forwarded) = match &reply.forwarder {
        _ if refused => (empty(StatusCode::UNAUTHORIZED), None),
        Some(forwarder) => forward(forwarder, head.headers.clone(), body.clone()).await,
        None => (accepted(&body, reply.status), None),
    };
    let status = response.status();
    if refused {
        // RFC 9110 §15.5.2: a response with 401 must name an authentication scheme.
        let challenge = if checks.credentials_name() == "bearer" { "Bearer" } else { "Basic realm=\"webhooks listen\", charset=\"UTF-8\"" };
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    let credentials_name = checks.credentials_name();
    let received =
        Received { at: at.into(), body, signature, authorization, credentials_name, status, headers: head.headers, refused, forwarded };
    let _ = events.send(Event::Callback(Box::new(received))).await;
    response
}

/// Returns the response of the receiver behind this one, and a description for the developer.
async fn forward(forwarder: &Forwarder, headers: HeaderMap, body: Bytes) -> (Response<Full<Bytes>>, Option<String>) {
    match forwarder.send(headers, body).await {
        Ok(forwarded) => {
            let text = format!("response {} after {} ms", forwarded.status.as_u16(), forwarded.took.as_millis());
            let mut response = empty(forwarded.status);
            *response.body_mut() = Full::from(forwarded.body);
            response.headers_mut().extend(forwarded.content_type.map(|value| (CONTENT_TYPE, value)));
            (response, Some(text))
        }
        Err(reason) => (empty(StatusCode::BAD_GATEWAY), Some(format!("no response: {reason}"))),
    }
}

/// Returns the response with this status. Agrees to a handshake.
fn accepted(body: &Bytes, status: StatusCode) -> Response<Full<Bytes>> {
    let agreement = serde_json::from_slice(body).ok().and_then(|callback| agreement(&callback)).filter(|_| status.is_success());
    let Some(agreement) = agreement else { return empty(status) };
    let mut response = empty(StatusCode::OK);
    *response.body_mut() = Full::from(agreement);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn empty(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}
