//! A proxy in front of the server under test, which holds every answer against openapi.json before it passes it on.

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
use openapi_proof::evidence::{Answer, Exchange};
use tokio::net::TcpListener;

use super::contract::{self, Violations};
use super::receiver::{Body, Gone, full};

pub(super) struct Proxy {
    address: SocketAddr,
    shared: Shared,
    accepting: tokio::task::JoinHandle<()>,
}

#[derive(Clone)]
struct Shared {
    /// Where the server listens now; it moves when the server starts anew.
    upstream: Arc<Mutex<SocketAddr>>,
    client: Client<HttpConnector, Copied>,
    violations: Violations,
    /// Every answer's bytes, for tests that look for what must not be there.
    answers: Arc<Mutex<Vec<u8>>>,
}

impl Proxy {
    pub(super) async fn start(upstream: SocketAddr) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let shared = Shared {
            upstream: Arc::new(Mutex::new(upstream)),
            // A server that starts anew leaves dead connections behind, so none is kept.
            client: Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector),
            violations: Violations::default(),
            answers: Arc::default(),
        };
        let state = shared.clone();
        let accepting = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                let state = state.clone();
                let service = service_fn(move |request| state.clone().pass(request));
                connections.spawn(async move {
                    // A client that goes away is not the proxy's concern.
                    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Proxy { address, shared, accepting }
    }

    pub(super) fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn move_to(&self, upstream: SocketAddr) {
        *self.shared.upstream.lock().expect("no holder panics") = upstream;
    }

    pub(super) fn upstream(&self) -> SocketAddr {
        *self.shared.upstream.lock().expect("no holder panics")
    }

    pub(super) fn answers(&self) -> Vec<u8> {
        self.shared.answers.lock().expect("no holder panics").clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.shared.violations.fail_if_any();
    }
}

impl Shared {
    async fn pass(self, request: Request<Incoming>) -> Result<Response<Body>, Gone> {
        let upstream = *self.upstream.lock().expect("no holder panics");
        let (mut parts, body) = request.into_parts();
        let path_and_query = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut answer = Answer {
            method: parts.method.to_string(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            caller: contract::caller(&parts.headers),
            request_headers: contract::headers(&parts.headers),
            request_body: None,
            status: 0,
            headers: Vec::new(),
            body: String::new(),
        };
        parts.uri = format!("http://{upstream}{path_and_query}").parse::<Uri>().map_err(|_| Gone)?;
        let sent = Arc::new(Mutex::new(Sent { is_whole: http_body::Body::is_end_stream(&body), bytes: Vec::new() }));
        let request = Request::from_parts(parts, Copied { body, sent: sent.clone() });
        let (parts, body) = self.client.request(request).await.map_err(|_| Gone)?.into_parts();
        let body: Bytes = body.collect().await.map_err(|_| Gone)?.to_bytes();
        {
            let mut sent = sent.lock().expect("no holder panics");
            let bytes = std::mem::take(&mut sent.bytes);
            answer.request_body = String::from_utf8(bytes).ok().filter(|_| sent.is_whole);
        }
        answer.status = parts.status.as_u16();
        answer.headers = contract::headers(&parts.headers);
        answer.body = String::from_utf8_lossy(&body).into_owned();
        contract::check(&Exchange::Answer(answer), &self.violations);
        self.answers.lock().expect("no holder panics").extend(format!("{:?}\n", parts.headers).bytes().chain(body.iter().copied()));
        Ok(Response::from_parts(parts, full(body)))
    }
}

/// A longer body is refused wherever it is sent, and tells no more than that.
const KEPT_BYTES: usize = 512 * 1024;

/// A request's body that is passed on as it comes, and kept.
struct Copied {
    body: Incoming,
    sent: Arc<Mutex<Sent>>,
}

struct Sent {
    bytes: Vec<u8>,
    is_whole: bool,
}

impl http_body::Body for Copied {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        let mut sent = self.sent.lock().expect("no holder panics");
        if let Some(Ok(frame)) = &frame {
            sent.bytes.extend(frame.data_ref().into_iter().flatten());
        }
        sent.is_whole = sent.bytes.len() <= KEPT_BYTES && (frame.is_none() || self.body.is_end_stream());
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
