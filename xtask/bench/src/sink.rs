//! The sink: a process that receives callbacks over HTTP/1.1, HTTPS and HTTP/2, and reports when each callback arrived.
//! The sink is also a name server that never responds.
//!
//! The path of a callback selects the response: `/ok/7` accepts at once, `/close/7` also closes the connection, `/held/7`
//! accepts after [`Command::Release`], and `/hang/7` never responds. The number in the path identifies the webhook. The data of a notification has the
//! sequence number of the notification.

use std::collections::HashMap;
use std::convert::Infallible;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use http::header::CONNECTION;
use http::{HeaderValue, Request, Response, StatusCode, Version};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::{mpsc, watch};
use tokio_rustls::TlsAcceptor;

use crate::authority;
use crate::process::{Worker, monotonic, respond};

/// The text that precedes the sequence number in the data of a notification.
pub(crate) const SEQUENCE: &str = r#""sequence":"#;

/// The ALPN identifier of HTTP/2 (RFC 9113, section 3.2).
const HTTP2: &[u8] = b"h2";

#[derive(Serialize, Deserialize)]
enum Command {
    /// Waits until this number of different callbacks has arrived, or until no callback arrives for the time `idle`.
    Await {
        callbacks: usize,
        idle: Duration,
    },
    /// Returns the arrivals since the previous report.
    Report,
    Hold,
    Release,
}

/// The arrivals since the previous report.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) arrivals: Vec<Arrival>,
    /// Number of callbacks to `/hang`.
    pub(crate) hanging: u64,
    /// Number of callbacks over HTTP/2.
    pub(crate) http2: u64,
    /// Number of DNS queries.
    pub(crate) dns_queries: u64,
}

/// The callbacks of one notification to one webhook.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Arrival {
    pub(crate) webhook: u32,
    pub(crate) sequence: u32,
    /// Time of the first callback.
    pub(crate) at: u64,
    /// Number of callbacks, including repeated callbacks.
    pub(crate) times: u32,
}

#[derive(Serialize, Deserialize)]
struct Ports {
    http: u16,
    /// HTTPS with HTTP/1.1 only.
    https: u16,
    /// HTTPS with HTTP/1.1 and HTTP/2.
    http2: u16,
    dns: u16,
}

pub(crate) struct Sink {
    worker: Worker,
    ports: Ports,
}

impl Sink {
    /// Starts the sink. The sink writes the certificate of its certificate authority to `ca_file`.
    pub(crate) fn start(ca_file: &Path) -> anyhow::Result<Sink> {
        let ca_file = ca_file.to_str().context("the path of the checkout is not UTF-8")?;
        let mut worker = Worker::start("sink", &["--ca-file", ca_file])?;
        let ports = worker.receive()?;
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

    /// Address and port of a name server that receives every query and never responds.
    pub(crate) fn name_server(&self) -> String {
        format!("127.0.0.1:{}", self.ports.dns)
    }

    /// Sends `Command::Await` to the sink, and waits for the response. Returns the number of different callbacks that
    /// have arrived.
    pub(crate) fn await_callbacks(&mut self, callbacks: usize, idle: Duration) -> anyhow::Result<usize> {
        self.worker.call(&Command::Await { callbacks, idle })
    }

    pub(crate) fn report(&mut self) -> anyhow::Result<Report> {
        self.worker.call(&Command::Report)
    }

    pub(crate) fn hold(&mut self) -> anyhow::Result<u64> {
        self.worker.call(&Command::Hold)
    }

    /// Makes the sink respond to all waiting and future callbacks to `/held`. Returns the time of this command.
    pub(crate) fn release(&mut self) -> anyhow::Result<u64> {
        self.worker.call(&Command::Release)
    }

    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        self.worker.cpu()
    }
}

struct Receiver {
    received: Mutex<Received>,
    held: watch::Sender<bool>,
}

#[derive(Default)]
struct Received {
    callbacks: HashMap<(u32, u32), (u64, u32)>,
    hanging: u64,
    http2: u64,
    dns_queries: u64,
    last_at: u64,
}

impl Received {
    fn note(&mut self, webhook: u32, sequence: u32) {
        let now = monotonic();
        self.last_at = now;
        self.callbacks.entry((webhook, sequence)).or_insert((now, 0)).1 += 1;
    }
}

/// Runs the process of the sink.
pub(crate) fn serve(ca_file: &Path) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let receiver = Arc::new(Receiver { received: Mutex::default(), held: watch::Sender::new(false) });
        let plain = TcpListener::bind(("127.0.0.1", 0)).await?;
        let secure = TcpListener::bind(("127.0.0.1", 0)).await?;
        let multiplexed = TcpListener::bind(("127.0.0.1", 0)).await?;
        // If a client repeats its query over TCP (RFC 7766), the connection succeeds, but there is no response.
        let dns_over_tcp = TcpListener::bind(("127.0.0.1", 0)).await?;
        let dns = UdpSocket::bind(dns_over_tcp.local_addr()?).await?;
        let ports = Ports {
            http: plain.local_addr()?.port(),
            https: secure.local_addr()?.port(),
            http2: multiplexed.local_addr()?.port(),
            dns: dns.local_addr()?.port(),
        };
        let config = authority::server_config(ca_file)?;
        let mut multiplexing = config.clone();
        multiplexing.alpn_protocols = vec![HTTP2.to_vec(), b"http/1.1".to_vec()];
        tokio::spawn(accept(plain, None, receiver.clone()));
        tokio::spawn(accept(secure, Some(TlsAcceptor::from(Arc::new(config))), receiver.clone()));
        tokio::spawn(accept(multiplexed, Some(TlsAcceptor::from(Arc::new(multiplexing))), receiver.clone()));
        tokio::spawn(receive_dns_queries(dns, receiver.clone()));
        respond(&ports)?;
        let mut commands = read_commands();
        while let Some(command) = commands.recv().await {
            receiver.execute(command).await?;
        }
        Ok(())
    })
}

/// Reads commands from standard input. A thread reads the commands, because asynchronous reading from standard input
/// costs more CPU time.
pub(crate) fn read_commands<C: DeserializeOwned + Send + 'static>() -> mpsc::UnboundedReceiver<C> {
    let (sender, commands) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            let Ok(command) = serde_json::from_str(&line) else { return };
            if sender.send(command).is_err() {
                return;
            }
        }
    });
    commands
}

/// Receives DNS queries, and never responds.
async fn receive_dns_queries(dns: UdpSocket, receiver: Arc<Receiver>) {
    // Only the first 16 bytes of each query are read.
    let mut query = [0; 16];
    while dns.recv(&mut query).await.is_ok() {
        receiver.received().dns_queries += 1;
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

/// Serves a connection until it ends. Errors are ignored, because the report does not contain callbacks that were cut
/// off.
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
    fn received(&self) -> MutexGuard<'_, Received> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner)
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
            self.received().http2 += 1;
        }
        match kind {
            Some("ok") => self.received().note(webhook, sequence),
            Some("close") => {
                self.received().note(webhook, sequence);
                let mut response = reply(StatusCode::NO_CONTENT);
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                return response;
            }
            Some("held") => {
                // Count the callback as arrived before it gets a response.
                self.received().note(webhook, sequence);
                let mut held = self.held.subscribe();
                let _ = held.wait_for(|held| !held).await;
            }
            Some("hang") => {
                self.received().hanging += 1;
                std::future::pending::<()>().await;
            }
            _ => return reply(StatusCode::NOT_FOUND),
        }
        reply(StatusCode::NO_CONTENT)
    }

    async fn execute(&self, command: Command) -> anyhow::Result<()> {
        match command {
            Command::Await { callbacks, idle } => {
                let started_at = monotonic();
                loop {
                    let (count, last_at) = {
                        let received = self.received();
                        (received.callbacks.len(), received.last_at.max(started_at))
                    };
                    if count >= callbacks || Duration::from_nanos(monotonic() - last_at) > idle {
                        return respond(&count);
                    }
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
            Command::Report => {
                let received = std::mem::take(&mut *self.received());
                let arrivals = received.callbacks.into_iter();
                let arrivals = arrivals.map(|((webhook, sequence), (at, times))| Arrival { webhook, sequence, at, times });
                respond(&Report {
                    arrivals: arrivals.collect(),
                    hanging: received.hanging,
                    http2: received.http2,
                    dns_queries: received.dns_queries,
                })
            }
            Command::Hold => {
                self.held.send_replace(true);
                respond(&monotonic())
            }
            Command::Release => {
                let now = monotonic();
                self.held.send_replace(false);
                respond(&now)
            }
        }
    }
}

/// Returns the sequence number of a callback. A text search finds the number, because the sink must use little CPU
/// time.
pub(crate) fn sequence(body: &[u8]) -> Option<u32> {
    let at = body.windows(SEQUENCE.len()).position(|window| window == SEQUENCE.as_bytes())? + SEQUENCE.len();
    let digits = body[at..].iter().take_while(|byte| byte.is_ascii_digit());
    digits.copied().try_fold(0_u32, |number, digit| number.checked_mul(10)?.checked_add(u32::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_number_of_a_callback_is_found() {
        assert_eq!(sequence(br#"{"type":"a","data":{"sequence":1042,"padding":"x"}}"#), Some(1042));
        assert_eq!(sequence(br#"{"type":"a","data":{}}"#), None);
        assert_eq!(sequence(br#"{"data":{"sequence":99999999999}}"#), None);
    }
}
