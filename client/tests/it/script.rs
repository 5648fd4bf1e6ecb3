//! A service that gives the answers it is told, in their order, and keeps what it was asked.

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
pub(crate) enum Answer {
    Reply {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: String,
    },
    /// The connection is closed when the request has come.
    HangUp,
    /// The request is never answered.
    Silence,
}

pub(crate) struct Asked {
    pub(crate) method: Method,
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
    answers: VecDeque<Answer>,
    asked: Vec<Asked>,
}

impl Service {
    pub(crate) async fn start(answers: impl IntoIterator<Item = Answer>) -> Service {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let script = Arc::new(Mutex::new(Script { answers: answers.into_iter().collect(), asked: vec![] }));
        let service = Service { address: listener.local_addr().expect("an address"), script };
        tokio::spawn(service.clone().serve(listener));
        service
    }

    async fn serve(self, listener: TcpListener) {
        while let Ok((stream, _)) = listener.accept().await {
            let service = self.clone();
            tokio::spawn(async move {
                let answer = service_fn(|request| service.answer(request));
                // A connection ends with an error where the script hangs up.
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
            });
        }
    }

    async fn answer(&self, request: Request<Incoming>) -> io::Result<Response<Full<Bytes>>> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        let answer = {
            let mut script = self.script();
            script.asked.push(Asked { method: head.method, headers: head.headers, body });
            script.answers.pop_front()
        };
        match answer.unwrap_or_else(|| foreign(418, "the script is at its end")) {
            Answer::Reply { status, headers, body } => {
                let builder = Response::builder().status(status);
                let builder = headers.into_iter().fold(builder, |builder, (name, value)| builder.header(name, value));
                Ok(builder.body(body.into()).expect("a response"))
            }
            Answer::HangUp => Err(io::Error::other("as the script says")),
            Answer::Silence => std::future::pending().await,
        }
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What has been asked since the last time.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.script().asked)
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A client that waits hardly at all before it tries again, up to three times in all.
    pub(crate) fn builder(&self) -> ClientBuilder {
        let retry = RetryPolicy::default().attempts(3).first_delay(Duration::from_millis(1));
        Client::builder(&self.base_url()).token("token").retry(retry)
    }

    pub(crate) fn client(&self) -> Client {
        self.builder().build().expect("a client")
    }
}

pub(crate) fn reply(status: u16, body: &Value) -> Answer {
    Answer::Reply { status, headers: vec![("content-type", "application/json".to_owned())], body: body.to_string() }
}

pub(crate) fn foreign(status: u16, body: &str) -> Answer {
    Answer::Reply { status, headers: vec![("content-type", "text/html".to_owned())], body: body.to_owned() }
}

pub(crate) fn problem(status: u16, code: &str) -> Answer {
    let problem = json!({
        "type": format!("/docs#problem-{code}"), "title": "A title", "status": status, "code": code, "detail": "what is wrong",
        "instance": "urn:uuid:5f0c1d1e-0d1a-4c8e-9d53-6a5b0c1f7e21",
    });
    reply(status, &problem)
}

pub(crate) fn with_header(answer: Answer, name: &'static str, value: impl Into<String>) -> Answer {
    match answer {
        Answer::Reply { status, mut headers, body } => {
            headers.push((name, value.into()));
            Answer::Reply { status, headers, body }
        }
        answer => answer,
    }
}

pub(crate) fn webhook() -> Answer {
    reply(
        200,
        &json!({
            "id": ID, "createdAt": "2026-01-02T15:04:05Z", "updatedAt": "2026-01-02T15:04:05Z", "targetURL": "https://example.com",
            "auth": { "type": "noauth" }, "status": "active",
        }),
    )
}
