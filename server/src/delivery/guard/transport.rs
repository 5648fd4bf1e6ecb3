//! The transport of outgoing requests: HTTP/1.1 and HTTP/2 over TLS, with limits that hold against any receiver.
//!
//! - `transport/dial.rs` opens connections. It uses the checked addresses of the resolver, and at most eight of them.
//! - `transport/pool.rs` keeps connections open between requests.
//! - `transport/http1.rs` and `transport/http2.rs` send a request on a connection.
//! - `transport/meter.rs` limits the received bytes. The part of a response before its body has at most 96 KiB, with all
//!   1xx responses and all frames. `delivery/attempt.rs` limits the size of the body that is read, and the time.
//! - `transport/tls.rs` verifies certificates.
//!
//! A request is sent again, once, on a new connection, if the receiver did not process it, or if a reused connection
//! ended before any byte of the response.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use rustls::pki_types::CertificateDer;
use url::Url;

use super::resolver::CheckingResolver;

mod dial;
mod error;
mod facts;
mod http1;
mod http2;
mod meter;
mod pool;
mod socket;
mod tls;

pub(in crate::delivery) use self::error::{Cause, SendError, Step};
pub(in crate::delivery) use self::facts::{ConnectionFacts, Observed, milliseconds};
pub use self::tls::TlsSetupError;
pub(in crate::delivery) use self::tls::{SelfSigned, is_authority_as_server};

use self::dial::{Connection, ConnectionKey, Dialer};
use self::error::{Broken, Progress};
use self::pool::{InUse, Pool};

/// Time for the receiver to take the last bytes of a connection that this server closes.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Maximum number of body chunks that are read. Each chunk costs time, even if it has only one byte.
const MAX_CHUNKS: usize = 2048;

/// The settings of the transport.
pub(super) struct Settings {
    /// Certificate authorities that are trusted in addition to those of the system.
    pub(super) authorities: Vec<CertificateDer<'static>>,
    pub(super) connect_timeout: Duration,
    pub(super) max_idle_connections: usize,
}

/// A request. A redirect is returned and not followed, and no proxy is used, because both would bypass the guard.
/// The headers and the body may contain secrets, so a request has no `Debug` output.
pub(in crate::delivery) struct Request {
    /// Requests of different accounts never share a connection. Otherwise, the receiver of one account could end the
    /// requests of another account.
    pub(in crate::delivery) account: Arc<str>,
    pub(in crate::delivery) method: Method,
    pub(in crate::delivery) headers: HeaderMap,
    pub(in crate::delivery) body: Bytes,
    pub(in crate::delivery) observed: Observed,
}

/// A response whose body has not been read.
pub(in crate::delivery) struct Response {
    pub(in crate::delivery) status: StatusCode,
    pub(in crate::delivery) headers: HeaderMap,
    pub(in crate::delivery) connection: Box<ConnectionFacts>,
    body: Body,
}

struct Body {
    stream: BodyStream,
    in_use: InUse,
}

enum BodyStream {
    Http1(Incoming),
    Http2(h2::RecvStream),
}

/// The headers may contain secrets.
impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Response").field("status", &self.status).field("connection", &self.connection).finish_non_exhaustive()
    }
}

pub(super) struct Transport {
    pool: Arc<Pool>,
}

impl Transport {
    pub(super) fn new(settings: Settings, resolver: CheckingResolver) -> Result<Transport, TlsSetupError> {
        let dialer = Dialer { resolver, tls: tls::connector(settings.authorities)?, timeout: settings.connect_timeout };
        Ok(Transport { pool: Pool::new(dialer, settings.max_idle_connections) })
    }

    /// Sends a request to a URL that the guard has accepted. If the caller drops the future, the request ends.
    pub(super) async fn send(&self, url: &Url, request: &Request) -> Result<Response, SendError> {
        let invalid = || SendError { cause: Cause::InvalidResponse, connection: Box::default() };
        let key = Arc::new(ConnectionKey::of(url, &request.account).ok_or_else(invalid)?);
        let target = Target::of(url).ok_or_else(invalid)?;
        let (first, progress) = match exchange(self.pool.connection(&key).await?, &target, request).await {
            Ok(response) => return Ok(response),
            Err(Failed { error, repeatable: None }) => return Err(error),
            Err(Failed { error, repeatable: Some(progress) }) => (error, progress),
        };
        let connection = self.pool.new_connection(&key).await.map_err(|second| without_second(first, progress, second))?;
        let mut second = exchange(connection, &target, request).await.map_err(|failed| failed.error);
        match &mut second {
            Ok(response) => response.connection.repeated = true,
            Err(error) => error.connection.repeated = true,
        }
        second
    }
}

/// A request that failed on a connection.
struct Failed {
    error: SendError,
    /// The progress of a request that may be sent again.
    repeatable: Option<Progress>,
}

/// Returns the error of a request that could not be sent again, because no second connection was opened. If the receiver
/// may have processed the request, the attempt counts, even if this server lacked a resource for the second connection.
fn without_second(first: SendError, progress: Progress, second: SendError) -> SendError {
    let counts = progress == Progress::NoResponse && second.cause.is_of_this_server();
    if counts { first } else { second }
}

/// The parts of the URL that a request contains.
struct Target {
    scheme: Scheme,
    authority: Authority,
    path: PathAndQuery,
}

impl Target {
    fn of(url: &Url) -> Option<Target> {
        let scheme = if url.scheme() == "https" { Scheme::HTTPS } else { Scheme::HTTP };
        let authority = url[url::Position::BeforeHost..url::Position::AfterPort].parse().ok()?;
        let path = url[url::Position::BeforePath..url::Position::AfterQuery].parse().ok()?;
        Some(Target { scheme, authority, path })
    }

    /// Returns the URI of an HTTP/2 request (RFC 9113 §8.3.1).
    fn uri(&self) -> Option<Uri> {
        let parts = Uri::builder().scheme(self.scheme.clone()).authority(self.authority.clone());
        parts.path_and_query(self.path.clone()).build().ok()
    }
}

/// Returns the authority, and the path with the query, of a request to a URL.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn requested(url: &Url) -> Option<(String, String)> {
    let target = Target::of(url)?;
    Some((target.authority.to_string(), target.path.to_string()))
}

/// Sends a request on a connection.
async fn exchange(mut in_use: InUse, target: &Target, request: &Request) -> Result<Response, Failed> {
    let Some(connection) = in_use.connection() else {
        let error = SendError { cause: Cause::InvalidResponse, connection: Box::default() };
        return Err(Failed { error, repeatable: Some(Progress::NotProcessed) });
    };
    let (is_first, mut facts) = (connection.is_first(), Box::new(connection.facts().clone()));
    facts.reused = !is_first;
    request.observed.set(&facts);
    let started = Instant::now();
    let result = match connection {
        Connection::Http1(connection) => {
            connection.send(http1_request(target, request)).await.map(|response| response.map(BodyStream::Http1))
        }
        Connection::Http2(connection) => {
            connection.send(http2_request(target, request), request.body.clone()).await.map(|response| response.map(BodyStream::Http2))
        }
    };
    match result {
        Ok(response) => {
            let (parts, stream) = response.into_parts();
            facts.first_byte = Some(started.elapsed());
            Ok(Response { status: parts.status, headers: parts.headers, connection: facts, body: Body { stream, in_use } })
        }
        Err(broken) => {
            let repeatable = broken.is_repeatable(is_first).then_some(broken.progress);
            let Broken { cause, .. } = broken;
            Err(Failed { error: SendError { cause, connection: facts }, repeatable })
        }
    }
}

fn http1_request(target: &Target, request: &Request) -> http::Request<Box<Full<Bytes>>> {
    let mut sent = http::Request::new(Box::new(Full::new(request.body.clone())));
    *sent.method_mut() = request.method.clone();
    *sent.uri_mut() = Uri::from(target.path.clone());
    *sent.headers_mut() = request.headers.clone();
    // An authority has only characters that a header value may have.
    if let Ok(host) = HeaderValue::from_str(target.authority.as_str()) {
        sent.headers_mut().insert(HOST, host);
    }
    sent
}

fn http2_request(target: &Target, request: &Request) -> http::Request<()> {
    let mut sent = http::Request::new(());
    *sent.method_mut() = request.method.clone();
    *sent.version_mut() = http::Version::HTTP_2;
    *sent.uri_mut() = target.uri().unwrap_or_default();
    *sent.headers_mut() = request.headers.clone();
    sent.headers_mut().insert(CONTENT_LENGTH, request.body.len().into());
    sent
}

impl Response {
    /// Appends at most `limit` bytes of the body, and reads at most [`MAX_CHUNKS`] chunks. Returns whether the body was
    /// incomplete or may have further bytes. Only a body that was read completely leaves an HTTP/1.1 connection open.
    pub(in crate::delivery) async fn read_at_most(self, limit: usize, body: &mut Vec<u8>) -> bool {
        let Body { mut stream, in_use } = self.body;
        let mut chunks = 0;
        loop {
            let chunk = match &mut stream {
                BodyStream::Http1(stream) => match stream.frame().await {
                    Some(Ok(frame)) => frame.into_data().unwrap_or_default(),
                    Some(Err(_)) => return true,
                    None => break,
                },
                BodyStream::Http2(stream) => match stream.data().await {
                    Some(Ok(chunk)) => {
                        // An error means that the stream has ended, which the next call reports.
                        let _ = stream.flow_control().release_capacity(chunk.len());
                        chunk
                    }
                    Some(Err(_)) => return true,
                    None => break,
                },
            };
            if chunks == MAX_CHUNKS {
                return true;
            }
            chunks += 1;
            let remaining = limit - body.len();
            if chunk.len() > remaining {
                body.extend_from_slice(&chunk[..remaining]);
                return true;
            }
            body.extend_from_slice(&chunk);
        }
        drop(stream);
        in_use.complete();
        false
    }
}

#[cfg(test)]
mod tests;
