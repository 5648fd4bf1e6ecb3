//! The sink: a process that receives callbacks over HTTP/1.1, HTTPS and HTTP/2, and says which came when. It is a name server
//! too, one that never answers.
//!
//! The path of a callback says what it gets: `/ok/7` is accepted at once, `/held/7` when the sink is told to release, and
//! `/hang/7` never. The number names the webhook; the notification's sequence number stands in its data.

use std::collections::HashMap;
use std::convert::Infallible;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use http::{Request, Response, StatusCode, Version};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::{mpsc, watch};
use tokio_rustls::TlsAcceptor;

use crate::authority;
use crate::process::{Worker, answer, monotonic};

/// Stands in the data of a notification before its sequence number.
pub(crate) const SEQUENCE: &str = r#""sequence":"#;

/// As TLS names it (RFC 9113, section 3.2).
const HTTP2: &[u8] = b"h2";

#[derive(Serialize, Deserialize)]
enum Question {
    /// Answered when so many different callbacks have come, or none came for the time.
    Await {
        callbacks: usize,
        idle: Duration,
    },
    /// Forgets what came until now.
    Report,
    Hold,
    Release,
}

/// What came since the last report.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) arrivals: Vec<Arrival>,
    /// Attempts at `/hang`.
    pub(crate) hanging: u64,
    /// Callbacks over HTTP/2, of all that came.
    pub(crate) http2: u64,
    /// Questions for names.
    pub(crate) names: u64,
}

/// A callback: one notification at one webhook.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Arrival {
    pub(crate) webhook: u32,
    pub(crate) sequence: u32,
    /// When it came first.
    pub(crate) at: u64,
    /// How often it came.
    pub(crate) times: u32,
}

#[derive(Serialize, Deserialize)]
struct Ports {
    http: u16,
    /// Offers HTTP/1.1 alone.
    https: u16,
    /// Offers HTTP/2 too, over TLS as well.
    http2: u16,
    names: u16,
}

pub(crate) struct Sink {
    worker: Worker,
    ports: Ports,
}

impl Sink {
    /// Its certificate is of an authority whose certificate it writes to `ca_file`.
    pub(crate) fn start(ca_file: &Path) -> anyhow::Result<Sink> {
        let ca_file = ca_file.to_str().context("the path of the checkout is not Unicode")?;
        let mut worker = Worker::start("sink", &["--ca-file", ca_file])?;
        let ports = worker.hear()?;
        Ok(Sink { worker, ports })
    }

    pub(crate) fn http(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.http)
    }

    pub(crate) fn https(&self, host: &str) -> String {
        format!("https://{host}:{}", self.ports.https)
    }

    pub(crate) fn http2(&self, host: &str) -> String {
        format!("https://{host}:{}", self.ports.http2)
    }

    /// Address and port of a name server that takes every question and answers none.
    pub(crate) fn name_server(&self) -> String {
        format!("127.0.0.1:{}", self.ports.names)
    }

    /// How many different callbacks have come.
    pub(crate) fn await_callbacks(&mut self, callbacks: usize, idle: Duration) -> anyhow::Result<usize> {
        self.worker.ask(&Question::Await { callbacks, idle })
    }

    pub(crate) fn report(&mut self) -> anyhow::Result<Report> {
        self.worker.ask(&Question::Report)
    }

    pub(crate) fn hold(&mut self) -> anyhow::Result<u64> {
        self.worker.ask(&Question::Hold)
    }

    /// The time from which on `/held` answers.
    pub(crate) fn release(&mut self) -> anyhow::Result<u64> {
        self.worker.ask(&Question::Release)
    }

    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        self.worker.cpu()
    }
}

struct Receiver {
    came: Mutex<Came>,
    held: watch::Sender<bool>,
}

#[derive(Default)]
struct Came {
    callbacks: HashMap<(u32, u32), (u64, u32)>,
    hanging: u64,
    http2: u64,
    names: u64,
    last_at: u64,
}

impl Came {
    fn note(&mut self, webhook: u32, sequence: u32) {
        let now = monotonic();
        self.last_at = now;
        self.callbacks.entry((webhook, sequence)).or_insert((now, 0)).1 += 1;
    }
}

/// The process itself.
pub(crate) fn serve(ca_file: &Path) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let receiver = Arc::new(Receiver { came: Mutex::default(), held: watch::Sender::new(false) });
        let plain = TcpListener::bind(("127.0.0.1", 0)).await?;
        let secure = TcpListener::bind(("127.0.0.1", 0)).await?;
        let multiplexed = TcpListener::bind(("127.0.0.1", 0)).await?;
        // Who asks once more over TCP (RFC 7766) gets a connection, and no answer.
        let names_over_tcp = TcpListener::bind(("127.0.0.1", 0)).await?;
        let names = UdpSocket::bind(names_over_tcp.local_addr()?).await?;
        let ports = Ports {
            http: plain.local_addr()?.port(),
            https: secure.local_addr()?.port(),
            http2: multiplexed.local_addr()?.port(),
            names: names.local_addr()?.port(),
        };
        let config = authority::server_config(ca_file)?;
        let mut multiplexing = config.clone();
        multiplexing.alpn_protocols = vec![HTTP2.to_vec(), b"http/1.1".to_vec()];
        tokio::spawn(accept(plain, None, receiver.clone()));
        tokio::spawn(accept(secure, Some(TlsAcceptor::from(Arc::new(config))), receiver.clone()));
        tokio::spawn(accept(multiplexed, Some(TlsAcceptor::from(Arc::new(multiplexing))), receiver.clone()));
        tokio::spawn(swallow(names, receiver.clone()));
        answer(&ports)?;
        let mut questions = questions();
        while let Some(question) = questions.recv().await {
            receiver.answer(question).await?;
        }
        Ok(())
    })
}

/// Standard input has no asynchronous form that costs nothing, so a thread reads it.
fn questions() -> mpsc::UnboundedReceiver<Question> {
    let (sender, questions) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            let Ok(question) = serde_json::from_str(&line) else { return };
            if sender.send(question).is_err() {
                return;
            }
        }
    });
    questions
}

/// Takes every question, and answers none.
async fn swallow(names: UdpSocket, receiver: Arc<Receiver>) {
    // A question is longer, and what is cut off is not read.
    let mut question = [0; 16];
    while names.recv(&mut question).await.is_ok() {
        receiver.came().names += 1;
    }
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, receiver: Arc<Receiver>) {
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        let (tls, receiver) = (tls.clone(), receiver.clone());
        tokio::spawn(async move {
            match tls {
                None => receive(stream, false, receiver).await,
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        let http2 = stream.get_ref().1.alpn_protocol() == Some(HTTP2);
                        receive(stream, http2, receiver).await;
                    }
                }
            }
        });
    }
}

/// Until the connection ends, however it does: what was cut off is seen in what came.
async fn receive(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, http2: bool, receiver: Arc<Receiver>) {
    let service = service_fn(move |request| {
        let receiver = receiver.clone();
        async move { Ok::<_, Infallible>(receiver.callback(request).await) }
    });
    let stream = TokioIo::new(stream);
    let _ = match http2 {
        true => hyper::server::conn::http2::Builder::new(TokioExecutor::new()).serve_connection(stream, service).await,
        false => hyper::server::conn::http1::Builder::new().serve_connection(stream, service).await,
    };
}

fn reply(status: StatusCode) -> Response<Empty<Bytes>> {
    let mut response = Response::new(Empty::new());
    *response.status_mut() = status;
    response
}

impl Receiver {
    fn came(&self) -> MutexGuard<'_, Came> {
        self.came.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn callback(&self, request: Request<Incoming>) -> Response<Empty<Bytes>> {
        let (head, body) = request.into_parts();
        let Ok(body) = body.collect().await else { return reply(StatusCode::BAD_REQUEST) };
        let mut path = head.uri.path().trim_start_matches('/').split('/');
        let (kind, webhook) = (path.next(), path.next().and_then(|number| number.parse().ok()));
        let (Some(webhook), Some(sequence)) = (webhook, sequence(&body.to_bytes())) else {
            return reply(StatusCode::BAD_REQUEST);
        };
        if head.version == Version::HTTP_2 {
            self.came().http2 += 1;
        }
        match kind {
            Some("ok") => self.came().note(webhook, sequence),
            Some("held") => {
                // It came, answered or not.
                self.came().note(webhook, sequence);
                let mut held = self.held.subscribe();
                let _ = held.wait_for(|held| !held).await;
            }
            Some("hang") => {
                self.came().hanging += 1;
                std::future::pending::<()>().await;
            }
            _ => return reply(StatusCode::NOT_FOUND),
        }
        reply(StatusCode::NO_CONTENT)
    }

    async fn answer(&self, question: Question) -> anyhow::Result<()> {
        match question {
            Question::Await { callbacks, idle } => {
                let asked_at = monotonic();
                loop {
                    let (count, last_at) = {
                        let came = self.came();
                        (came.callbacks.len(), came.last_at.max(asked_at))
                    };
                    if count >= callbacks || Duration::from_nanos(monotonic() - last_at) > idle {
                        return answer(&count);
                    }
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
            Question::Report => {
                let came = std::mem::take(&mut *self.came());
                let arrivals = came.callbacks.into_iter();
                let arrivals = arrivals.map(|((webhook, sequence), (at, times))| Arrival { webhook, sequence, at, times });
                answer(&Report { arrivals: arrivals.collect(), hanging: came.hanging, http2: came.http2, names: came.names })
            }
            Question::Hold => {
                self.held.send_replace(true);
                answer(&monotonic())
            }
            Question::Release => {
                let now = monotonic();
                self.held.send_replace(false);
                answer(&now)
            }
        }
    }
}

/// The number is looked for, not parsed out of the JSON: the sink shares the machine with what it measures.
pub(crate) fn sequence(body: &[u8]) -> Option<u32> {
    let at = body.windows(SEQUENCE.len()).position(|window| window == SEQUENCE.as_bytes())? + SEQUENCE.len();
    let digits = body[at..].iter().take_while(|byte| byte.is_ascii_digit());
    digits.copied().try_fold(0_u32, |number, digit| number.checked_mul(10)?.checked_add(u32::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callback_is_known_by_its_sequence_number() {
        assert_eq!(sequence(br#"{"type":"a","data":{"sequence":1042,"padding":"x"}}"#), Some(1042));
        assert_eq!(sequence(br#"{"type":"a","data":{}}"#), None);
        assert_eq!(sequence(br#"{"data":{"sequence":99999999999}}"#), None);
    }
}
