//! A proxy in front of the server under test. The proxy validates each response against openapi.json before the client gets it.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::BodyExt as _;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use openapi_proof::evidence::{ApiExchange, Exchange};
use tokio::net::TcpListener;

use super::contract::{self, Violations};
use super::receiver::{Body, ConnectionDropped, full};

pub(super) struct Proxy {
    address: SocketAddr,
    shared: Shared,
    accepting: tokio::task::JoinHandle<()>,
}

#[derive(Clone)]
struct Shared {
    /// The server's current address, which changes when the server restarts.
    upstream: Arc<Mutex<SocketAddr>>,
    client: Client<HttpConnector, RecordedBody>,
    violations: Violations,
    /// The headers and body of every response, for tests that search them.
    responses: Arc<Mutex<Vec<u8>>>,
}

impl Proxy {
    pub(super) async fn start(upstream: SocketAddr) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound listener");
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let shared = Shared {
            upstream: Arc::new(Mutex::new(upstream)),
            // The proxy does not reuse connections, because a server closes them when it stops.
            client: Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector),
            violations: Violations::default(),
            responses: Arc::default(),
        };
        let state = shared.clone();
        let accepting = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                let state = state.clone();
                let service = service_fn(move |request| state.clone().forward(request));
                connections.spawn(async move {
                    // The result is ignored, because a client may disconnect.
                    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Proxy { address, shared, accepting }
    }

    pub(super) fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn set_upstream(&self, upstream: SocketAddr) {
        *self.shared.upstream.lock().expect("no holder panics") = upstream;
    }

    pub(super) fn upstream(&self) -> SocketAddr {
        *self.shared.upstream.lock().expect("no holder panics")
    }

    pub(super) fn responses(&self) -> Vec<u8> {
        self.shared.responses.lock().expect("no holder panics").clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.shared.violations.fail_if_any();
    }
}

impl Shared {
    async fn forward(self, request: Request<Incoming>) -> Result<Response<Body>, ConnectionDropped> {
        let upstream = *self.upstream.lock().expect("no holder panics");
        let (mut parts, body) = request.into_parts();
        let path_and_query = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut record = ApiExchange {
            method: parts.method.to_string(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            caller: contract::caller(&parts.method, parts.uri.path(), &parts.headers),
            request_headers: contract::headers(&parts.headers),
            request_body: None,
            status: 0,
            response_headers: Vec::new(),
            response_body: String::new(),
        };
        parts.uri = format!("http://{upstream}{path_and_query}").parse::<Uri>().map_err(|_| ConnectionDropped)?;
        let sent = Arc::new(Mutex::new(SentBody { is_whole: http_body::Body::is_end_stream(&body), bytes: Vec::new() }));
        let request = Request::from_parts(parts, RecordedBody { body, sent: sent.clone() });
        let (parts, body) = self.client.request(request).await.map_err(|_| ConnectionDropped)?.into_parts();
        let body: Bytes = body.collect().await.map_err(|_| ConnectionDropped)?.to_bytes();
        {
            let mut sent = sent.lock().expect("no holder panics");
            let bytes = std::mem::take(&mut sent.bytes);
            record.request_body = String::from_utf8(bytes).ok().filter(|_| sent.is_whole);
        }
        record.status = parts.status.as_u16();
        record.response_headers = contract::headers(&parts.headers);
        record.response_body = String::from_utf8_lossy(&body).into_owned();
        contract::check_headers(&record.path, &parts.headers, &self.violations);
        contract::check(&Exchange::Api(record), &self.violations);
        self.responses.lock().expect("no holder panics").extend(format!("{:?}\n", parts.headers).bytes().chain(body.iter().copied()));
        Ok(Response::from_parts(parts, full(body)))
    }
}

/// Maximum size of a recorded request body: twice the server's default limit. Larger bodies are forwarded but not recorded.
const MAX_RECORDED_BYTES: usize = 512 * 1024;

/// A request body that is recorded while it is forwarded.
struct RecordedBody {
    body: Incoming,
    sent: Arc<Mutex<SentBody>>,
}

struct SentBody {
    bytes: Vec<u8>,
    is_whole: bool,
}

impl http_body::Body for RecordedBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        let mut sent = self.sent.lock().expect("no holder panics");
        if let Some(Ok(frame)) = &frame {
            sent.bytes.extend(frame.data_ref().into_iter().flatten());
        }
        sent.is_whole = sent.bytes.len() <= MAX_RECORDED_BYTES && (frame.is_none() || self.body.is_end_stream());
        drop(sent);
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
