//! The load: a process that sends requests over kept-alive connections, as fast as they are answered or at a rate, and says
//! when each one was sent and answered.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderValue, Request};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep_until, timeout};

use crate::process::{Worker, answer, cpu, monotonic};

/// A request that is not answered by then has failed.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Job {
    /// Host and port of each server. Every client has a connection to each, and sends to them in turn.
    pub(crate) addresses: Vec<String>,
    pub(crate) path: String,
    /// Each has one request at a time.
    pub(crate) clients: usize,
    /// The sequence number of the first request.
    pub(crate) first: u32,
    pub(crate) count: u32,
    /// Without it each client sends its next request when its last one is answered.
    pub(crate) per_second: Option<f64>,
    /// The requests go to these in turn.
    pub(crate) targets: Vec<Target>,
    /// As many clients as targets, each with its own, and so in the order of the sequence numbers. Otherwise whichever is free
    /// sends the next request.
    pub(crate) in_order: bool,
}

/// A request: its body has the sequence number between two texts.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Target {
    pub(crate) token: String,
    pub(crate) before: String,
    pub(crate) after: String,
}

/// What came of a job. Times are of [`monotonic`].
#[derive(Serialize, Deserialize)]
pub(crate) struct Done {
    pub(crate) accepted: Vec<Sent>,
    /// How often what else came: another status, or no answer.
    pub(crate) refused: BTreeMap<String, u32>,
    pub(crate) started_at: u64,
    pub(crate) ended_at: u64,
    pub(crate) cpu_seconds: f64,
}

/// A request that was answered with success.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Sent {
    pub(crate) sequence: u32,
    pub(crate) sent_at: u64,
    pub(crate) answered_at: u64,
}

impl Done {
    pub(crate) fn seconds(&self) -> f64 {
        (self.ended_at - self.started_at) as f64 / 1e9
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.accepted.len() as f64 / self.seconds()
    }

    /// Milliseconds from sending to the answer.
    pub(crate) fn waits(&self) -> Vec<f64> {
        self.accepted.iter().map(|sent| (sent.answered_at - sent.sent_at) as f64 / 1e6).collect()
    }

    /// For what must not be refused at all.
    pub(crate) fn all(self) -> anyhow::Result<Done> {
        anyhow::ensure!(self.refused.is_empty(), "requests were refused: {:?}; the server's log may say why", self.refused);
        Ok(self)
    }
}

pub(crate) struct Load(Worker);

impl Load {
    pub(crate) fn start() -> anyhow::Result<Load> {
        Ok(Load(Worker::start("load", &[])?))
    }

    pub(crate) fn run(&mut self, job: &Job) -> anyhow::Result<Done> {
        self.0.ask(job)
    }

    /// Begins a job whose end is [awaited](Load::end) later.
    pub(crate) fn begin(&mut self, job: &Job) -> anyhow::Result<()> {
        self.0.tell(job)
    }

    pub(crate) fn end(&mut self) -> anyhow::Result<Done> {
        self.0.hear()
    }
}

/// The process itself: does one job after the other, until its input ends.
pub(crate) fn serve() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for line in std::io::stdin().lines() {
        let job: Job = serde_json::from_str(&line?).context("this is no job")?;
        answer(&LocalSet::new().block_on(&runtime, work(job))?)?;
    }
    Ok(())
}

struct Shared {
    job: Job,
    tokens: Vec<HeaderValue>,
    begun: Cell<u32>,
    started: Instant,
    accepted: RefCell<Vec<Sent>>,
    refused: RefCell<BTreeMap<String, u32>>,
}

async fn work(job: Job) -> anyhow::Result<Done> {
    anyhow::ensure!(!job.in_order || job.clients == job.targets.len(), "a client for each target, or there is no order");
    let tokens = job.targets.iter().map(|target| format!("Bearer {}", target.token).parse()).collect::<Result<_, _>>();
    let mut connections = Vec::new();
    for _ in 0..job.clients {
        let mut of_client = Vec::new();
        for address in &job.addresses {
            of_client.push(connect(address).await?);
        }
        connections.push(of_client);
    }
    let shared = Rc::new(Shared {
        tokens: tokens.context("a token is no header")?,
        begun: Cell::new(0),
        started: Instant::now(),
        accepted: RefCell::new(Vec::with_capacity(job.count as usize)),
        refused: RefCell::default(),
        job,
    });
    let (cpu_before, started_at) = (cpu(), monotonic());
    let clients: Vec<_> = connections
        .into_iter()
        .enumerate()
        .map(|(place, connections)| tokio::task::spawn_local(client(shared.clone(), place as u32, connections)))
        .collect();
    for client in clients {
        client.await.context("a client of the load panicked")?;
    }
    Ok(Done {
        started_at,
        ended_at: monotonic(),
        cpu_seconds: (cpu() - cpu_before).as_secs_f64(),
        accepted: shared.accepted.take(),
        refused: shared.refused.take(),
    })
}

async fn connect(address: &str) -> anyhow::Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(address).await.with_context(|| format!("cannot connect to {address}"))?;
    stream.set_nodelay(true)?;
    let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::task::spawn_local(connection);
    Ok(sender)
}

/// Takes the next request as long as there is one. It gives up with its connection, as when the server is killed.
async fn client(shared: Rc<Shared>, place: u32, mut connections: Vec<SendRequest<Full<Bytes>>>) {
    let job = &shared.job;
    // Not all begin with the same one.
    let servers = connections.len();
    let mut turns = (place as usize..).map(|turn| turn % servers);
    let mut own = (place..job.count).step_by(job.clients);
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
        let Ok(request) = request else { return shared.refuse("a request that cannot be written".to_owned()) };
        let sent_at = monotonic();
        match timeout(PATIENCE, exchange(&mut connections[server], request)).await {
            Ok(Ok(status)) if status.is_success() => {
                shared.accepted.borrow_mut().push(Sent { sequence, sent_at, answered_at: monotonic() });
            }
            Ok(Ok(status)) => shared.refuse(status.to_string()),
            Ok(Err(error)) => return shared.refuse(error.to_string()),
            Err(_) => return shared.refuse("no answer in time".to_owned()),
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
        let number = self.begun.get();
        self.begun.set(number + 1);
        (number < self.job.count).then_some(number)
    }

    fn refuse(&self, why: String) {
        *self.refused.borrow_mut().entry(why).or_default() += 1;
    }
}
