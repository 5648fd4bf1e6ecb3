//! A test service that sends prepared responses in the given order and records the requests.

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use webhooks_client::{Client, ClientBuilder, RetryPolicy};

pub(crate) const ID: &str = "0197a5a0-3c7e-7d2a-9f10-6b1f2f6f3d55";

#[derive(Clone)]
pub(crate) enum Step {
    Respond {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: String,
    },
    /// Closes the connection after the request.
    HangUp,
    /// Never sends a response.
    Silence,
}

pub(crate) struct Recorded {
    pub(crate) method: Method,
    /// The path and the query.
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

#[derive(Clone)]
pub(crate) struct Service {
    address: SocketAddr,
    script: Arc<Mutex<Script>>,
}

#[derive(Default)]
struct Script {
    steps: VecDeque<Step>,
    requests: Vec<Recorded>,
}

impl Service {
    pub(crate) async fn start(steps: impl IntoIterator<Item = Step>) -> Service {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let script = Arc::new(Mutex::new(Script { steps: steps.into_iter().collect(), requests: vec![] }));
        let service = Service { address: listener.local_addr().expect("an address"), script };
        tokio::spawn(service.clone().serve(listener));
        service
    }

    async fn serve(self, listener: TcpListener) {
        while let Ok((stream, _)) = listener.accept().await {
            let service = self.clone();
            tokio::spawn(async move {
                let handler = service_fn(|request| service.handle(request));
                // The error is ignored, because `HangUp` ends the connection with an error.
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), handler).await;
            });
        }
    }

    async fn handle(&self, request: Request<Incoming>) -> io::Result<Response<Full<Bytes>>> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        let step = {
            let mut script = self.script();
            script.requests.push(Recorded { method: head.method, target: head.uri.to_string(), headers: head.headers, body });
            script.steps.pop_front()
        };
        match step.unwrap_or_else(|| foreign(418, "the script has ended")) {
            Step::Respond { status, headers, body } => {
                let builder = Response::builder().status(status);
                let builder = headers.into_iter().fold(builder, |builder, (name, value)| builder.header(name, value));
                Ok(builder.body(body.into()).expect("a response"))
            }
            Step::HangUp => Err(io::Error::other("the script closes the connection")),
            Step::Silence => std::future::pending().await,
        }
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes and returns the requests recorded so far.
    pub(crate) fn take_requests(&self) -> Vec<Recorded> {
        std::mem::take(&mut self.script().requests)
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns a builder for a client that makes up to three attempts with very short waits.
    pub(crate) fn builder(&self) -> ClientBuilder {
        let retry = RetryPolicy::default().attempts(3).first_delay(Duration::from_millis(1));
        Client::builder(&self.base_url()).token("token").retry(retry)
    }

    pub(crate) fn client(&self) -> Client {
        self.builder().build().expect("a client")
    }
}

pub(crate) fn respond(status: u16, body: &Value) -> Step {
    Step::Respond { status, headers: vec![("content-type", "application/json".to_owned())], body: body.to_string() }
}

pub(crate) fn foreign(status: u16, body: &str) -> Step {
    Step::Respond { status, headers: vec![("content-type", "text/html".to_owned())], body: body.to_owned() }
}

pub(crate) fn problem(status: u16, code: &str) -> Step {
    let problem = json!({
        "type": format!("/docs#problem-{code}"), "title": "A title", "status": status, "code": code, "detail": "what is wrong",
        "instance": "urn:uuid:5f0c1d1e-0d1a-4c8e-9d53-6a5b0c1f7e21",
    });
    respond(status, &problem)
}

pub(crate) fn with_header(step: Step, name: &'static str, value: impl Into<String>) -> Step {
    match step {
        Step::Respond { status, mut headers, body } => {
            headers.push((name, value.into()));
            Step::Respond { status, headers, body }
        }
        step => step,
    }
}

pub(crate) fn webhook() -> Step {
    respond(
        200,
        &json!({
            "id": ID, "createdAt": "2026-01-02T15:04:05Z", "updatedAt": "2026-01-02T15:04:05Z", "targetURL": "https://example.com",
            "auth": { "type": "noauth" }, "status": "active",
        }),
    )
}
