//! The load: a process that sends requests over persistent connections. It sends the requests at a given rate. Without
//! a rate, each client sends its next request after the response to its previous request. The load reports the times of
//! requests and responses.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderValue, Request};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_rustls::TlsConnector;

use crate::authority;
use crate::process::{Worker, cpu, monotonic, respond};

/// Maximum time for a response.
const TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Job {
    /// Host and port of each server. Every client has a connection to each server, and uses the connections in turn.
    pub(crate) addresses: Vec<String>,
    pub(crate) route: Route,
    pub(crate) path: String,
    /// Number of clients. Each client sends one request at a time.
    pub(crate) clients: usize,
    /// The sequence number of the first request.
    pub(crate) first: u32,
    pub(crate) count: u32,
    /// Total number of requests per second. Without a rate, each client sends its next request after the previous
    /// response.
    pub(crate) per_second: Option<f64>,
    /// The kinds of requests. Request number `n` uses the target `n` modulo the number of targets.
    pub(crate) targets: Vec<Target>,
    /// If true, each target has its own client. This client sends all requests of the target in the order of their
    /// sequence numbers. If false, any free client sends the next request.
    pub(crate) in_order: bool,
}

/// How the clients connect.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Route {
    /// The local address of the connections. Without this address, the system chooses an address.
    pub(crate) source: Option<Ipv4Addr>,
    /// The certificate authority of the servers. Without this file, the connections use no TLS.
    pub(crate) ca_file: Option<PathBuf>,
}

/// A kind of request. Its body consists of `before`, the sequence number, and `after`.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Target {
    pub(crate) token: String,
    pub(crate) before: String,
    pub(crate) after: String,
}

/// The result of a job. Times are from [`monotonic`].
#[derive(Serialize, Deserialize)]
pub(crate) struct LoadResult {
    pub(crate) accepted: Vec<Sent>,
    /// Number of failed requests. The key is the status or the error.
    pub(crate) refused: BTreeMap<String, u32>,
    pub(crate) started_at: u64,
    pub(crate) ended_at: u64,
    pub(crate) cpu_seconds: f64,
}

/// A successful request.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Sent {
    pub(crate) sequence: u32,
    pub(crate) sent_at: u64,
    pub(crate) responded_at: u64,
}

impl LoadResult {
    pub(crate) fn seconds(&self) -> f64 {
        (self.ended_at - self.started_at) as f64 / 1e9
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.accepted.len() as f64 / self.seconds()
    }

    /// Response times in milliseconds.
    pub(crate) fn response_times(&self) -> Vec<f64> {
        self.accepted.iter().map(|sent| (sent.responded_at - sent.sent_at) as f64 / 1e6).collect()
    }

    /// Fails if a request was refused.
    pub(crate) fn all_accepted(self) -> anyhow::Result<LoadResult> {
        anyhow::ensure!(self.refused.is_empty(), "requests were refused: {:?}; the server's log may say why", self.refused);
        Ok(self)
    }
}

pub(crate) struct Load(Worker);

impl Load {
    pub(crate) fn start() -> anyhow::Result<Load> {
        Ok(Load(Worker::start("load", &[])?))
    }

    pub(crate) fn run(&mut self, job: &Job) -> anyhow::Result<LoadResult> {
        self.0.call(job)
    }

    /// Begins a job. [`Load::end`] waits for the result of the job.
    pub(crate) fn begin(&mut self, job: &Job) -> anyhow::Result<()> {
        self.0.send(job)
    }

    pub(crate) fn end(&mut self) -> anyhow::Result<LoadResult> {
        self.0.receive()
    }
}

/// Runs the process of the load. The process runs one job after another, until its standard input ends.
pub(crate) fn serve() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for line in std::io::stdin().lines() {
        let job: Job = serde_json::from_str(&line?).context("the input is not a job")?;
        respond(&LocalSet::new().block_on(&runtime, work(job))?)?;
    }
    Ok(())
}

struct Shared {
    job: Job,
    tokens: Vec<HeaderValue>,
    started_count: Cell<u32>,
    started: Instant,
    accepted: RefCell<Vec<Sent>>,
    refused: RefCell<BTreeMap<String, u32>>,
}

async fn work(job: Job) -> anyhow::Result<LoadResult> {
    anyhow::ensure!(!job.in_order || job.clients == job.targets.len(), "in_order needs one client for each target");
    let tokens = job.targets.iter().map(|target| format!("Bearer {}", target.token).parse()).collect::<Result<_, _>>();
    let mut connections = Vec::new();
    for _ in 0..job.clients {
        let mut client_connections = Vec::new();
        for address in &job.addresses {
            client_connections.push(connect(address, &job.route).await?);
        }
        connections.push(client_connections);
    }
    let shared = Rc::new(Shared {
        tokens: tokens.context("a token is not a valid header")?,
        started_count: Cell::new(0),
        started: Instant::now(),
        accepted: RefCell::new(Vec::with_capacity(job.count as usize)),
        refused: RefCell::default(),
        job,
    });
    let (cpu_before, started_at) = (cpu(), monotonic());
    let clients: Vec<_> = connections
        .into_iter()
        .enumerate()
        .map(|(client_number, connections)| tokio::task::spawn_local(client(shared.clone(), client_number as u32, connections)))
        .collect();
    for client in clients {
        client.await.context("a client of the load panicked")?;
    }
    Ok(LoadResult {
        started_at,
        ended_at: monotonic(),
        cpu_seconds: (cpu() - cpu_before).as_secs_f64(),
        accepted: shared.accepted.take(),
        refused: shared.refused.take(),
    })
}

async fn connect(address: &str, route: &Route) -> anyhow::Result<SendRequest<Full<Bytes>>> {
    let stream = match route.source {
        None => TcpStream::connect(address).await,
        Some(source) => {
            let socket = TcpSocket::new_v4()?;
            socket.bind((source, 0).into())?;
            socket.connect(address.parse()?).await
        }
    };
    let stream = stream.with_context(|| format!("cannot connect to {address}"))?;
    stream.set_nodelay(true)?;
    let Some(ca_file) = &route.ca_file else { return handshake(stream).await };
    let config = authority::client_config(ca_file, &[b"http/1.1"])?;
    let name = ServerName::from(stream.peer_addr()?.ip());
    handshake(TlsConnector::from(Arc::new(config)).connect(name, stream).await?).await
}

async fn handshake(stream: impl AsyncRead + AsyncWrite + Unpin + 'static) -> anyhow::Result<SendRequest<Full<Bytes>>> {
    let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::task::spawn_local(connection);
    Ok(sender)
}

/// Sends the requests of one client. Stops early if a connection fails, for example because the server is killed.
async fn client(shared: Rc<Shared>, client_number: u32, mut connections: Vec<SendRequest<Full<Bytes>>>) {
    let job = &shared.job;
    // The clients begin with different servers, so that all servers get requests.
    let servers = connections.len();
    let mut turns = (client_number as usize..).map(|turn| turn % servers);
    let mut own = (client_number..job.count).step_by(job.clients);
    loop {
        let next = if job.in_order { own.next() } else { shared.next() };
        let Some(number) = next else { return };
        if let Some(per_second) = job.per_second {
            sleep_until(shared.started + Duration::from_secs_f64(f64::from(number) / per_second)).await;
        }
        let Some(server) = turns.next() else { return };
        let sequence = job.first + number;
        let index = number as usize % job.targets.len();
        let target = &job.targets[index];
        let body = format!("{}{sequence}{}", target.before, target.after);
        let request = Request::post(&job.path)
            .header(HOST, &job.addresses[server])
            .header(CONTENT_TYPE, "application/json")
            .header(AUTHORIZATION, &shared.tokens[index])
            .body(Full::new(Bytes::from(body)));
        let Ok(request) = request else { return shared.record_refusal("cannot build the request".to_owned()) };
        // The server may have closed the connection between two requests. Then nothing was sent on it.
        if connections[server].ready().await.is_err() {
            match connect(&job.addresses[server], &job.route).await {
                Ok(connection) => connections[server] = connection,
                Err(error) => return shared.record_refusal(format!("{error:#}")),
            }
        }
        let sent_at = monotonic();
        match timeout(TIMEOUT, exchange(&mut connections[server], request)).await {
            Ok(Ok(status)) if status.is_success() => {
                shared.accepted.borrow_mut().push(Sent { sequence, sent_at, responded_at: monotonic() });
            }
            Ok(Ok(status)) => shared.record_refusal(status.to_string()),
            Ok(Err(error)) => return shared.record_refusal(error.to_string()),
            Err(_) => return shared.record_refusal("no response in time".to_owned()),
        }
    }
}

async fn exchange(connection: &mut SendRequest<Full<Bytes>>, request: Request<Full<Bytes>>) -> hyper::Result<http::StatusCode> {
    connection.ready().await?;
    let response = connection.send_request(request).await?;
    let status = response.status();
    response.into_body().collect().await?;
    Ok(status)
}

impl Shared {
    fn next(&self) -> Option<u32> {
        let number = self.started_count.get();
        self.started_count.set(number + 1);
        (number < self.job.count).then_some(number)
    }

    fn record_refusal(&self, reason: String) {
        *self.refused.borrow_mut().entry(reason).or_default() += 1;
    }
}
