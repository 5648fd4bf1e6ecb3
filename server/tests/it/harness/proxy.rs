//! A proxy in front of the server under test, which holds every answer against openapi.json before it passes it on.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
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
    client: Client<HttpConnector, Incoming>,
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

    pub(super) fn answers(&self) -> Vec<u8> {
        self.shared.answers.lock().expect("no holder panics").clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        contract::write_seen();
        self.shared.violations.fail_if_any();
    }
}

impl Shared {
    async fn pass(self, mut request: Request<Incoming>) -> Result<Response<Body>, Gone> {
        let upstream = *self.upstream.lock().expect("no holder panics");
        let method = request.method().clone();
        let path = request.uri().path().to_owned();
        let path_and_query = request.uri().path_and_query().map_or("/", |path| path.as_str());
        *request.uri_mut() = format!("http://{upstream}{path_and_query}").parse::<Uri>().map_err(|_| Gone)?;
        let response = self.client.request(request).await.map_err(|_| Gone)?;
        let (parts, body) = response.into_parts();
        let body: Bytes = body.collect().await.map_err(|_| Gone)?.to_bytes();
        contract::check_answer(&method, &path, parts.status, &parts.headers, &body, &self.violations);
        self.answers.lock().expect("no holder panics").extend(format!("{:?}\n", parts.headers).bytes().chain(body.iter().copied()));
        Ok(Response::from_parts(parts, full(body)))
    }
}
