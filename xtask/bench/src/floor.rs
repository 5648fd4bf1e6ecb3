//! Measures the CPU costs of single parts of the service: an HTTP handler, commits, and requests. The baseline costs
//! are sums of these costs. The parts run in separate processes, so that their CPU time can be measured.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use dropshot::{ApiDescription, ConfigDropshot, HttpError, HttpResponseAccepted, RequestContext, ServerBuilder, TypedBody, endpoint};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::process::{Worker, cpu, respond};

mod commits;
mod requests;
mod statements;

pub(crate) use commits::{Commits, Transactions};
pub(crate) use requests::Requests;
pub(crate) use statements::Statements;

/// The amount of work of a part, its duration and its CPU time.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Work {
    pub(crate) count: u32,
    pub(crate) seconds: f64,
    pub(crate) cpu_seconds: f64,
}

impl Work {
    pub(crate) fn per_second(&self) -> f64 {
        f64::from(self.count) / self.seconds
    }

    fn measure(count: u32, work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<Work> {
        let (cpu_before, started) = (cpu(), Instant::now());
        work()?;
        Ok(Work { count, seconds: started.elapsed().as_secs_f64(), cpu_seconds: (cpu() - cpu_before).as_secs_f64() })
    }
}

/// A command for [`serve`].
#[derive(Serialize, Deserialize)]
pub(crate) enum Command {
    Requests(Requests),
    Commits(Commits),
    /// Prepares tables and statements. The preparation is not measured.
    Prepare(Statements),
    /// Runs the statements of the last `Prepare`, and measures them.
    Run,
    Syncs {
        directory: PathBuf,
        count: u32,
    },
}

pub(crate) struct Floor(Worker);

impl Floor {
    pub(crate) fn start() -> anyhow::Result<Floor> {
        Ok(Floor(Worker::start("floor", &[])?))
    }

    pub(crate) fn measure(&mut self, command: &Command) -> anyhow::Result<Work> {
        self.0.call(command)
    }

    /// Prepares the statements that the next [`Command::Run`] measures.
    pub(crate) fn prepare(&mut self, statements: Statements) -> anyhow::Result<()> {
        self.0.call(&Command::Prepare(statements))
    }
}

/// Runs the process that measures parts of the service. It executes commands until its standard input ends.
pub(crate) fn serve() -> anyhow::Result<()> {
    let mut prepared = None;
    for line in std::io::stdin().lines() {
        respond(&match serde_json::from_str(&line?).context("the input is not a command")? {
            Command::Requests(requests) => requests.measure()?,
            Command::Commits(commits) => commits.measure()?,
            Command::Prepare(statements) => {
                prepared = Some(statements.prepare()?);
                respond(&())?;
                continue;
            }
            Command::Run => prepared.as_ref().context("no statements are prepared")?.measure()?,
            Command::Syncs { directory, count } => syncs(&directory, count)?,
        })?;
    }
    Ok(())
}

/// Writes 512 bytes and then calls fdatasync. Repeats this pair of calls `count` times, and measures the total time.
fn syncs(directory: &Path, count: u32) -> anyhow::Result<Work> {
    let path = directory.join("floor-sync");
    let mut file = std::fs::File::create(&path)?;
    let work = Work::measure(count, || {
        for _ in 0..count {
            file.write_all(&[1; 512])?;
            file.sync_data()?;
        }
        Ok(())
    })?;
    std::fs::remove_file(path)?;
    Ok(work)
}

/// A dropshot server with one operation, which parses a publication and does nothing else.
pub(crate) struct EmptyHandler {
    worker: Worker,
    pub(crate) address: String,
}

impl EmptyHandler {
    pub(crate) fn start() -> anyhow::Result<EmptyHandler> {
        let mut worker = Worker::start("empty-handler", &[])?;
        let address = worker.receive()?;
        Ok(EmptyHandler { worker, address })
    }

    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        self.worker.cpu()
    }
}

#[derive(Deserialize, JsonSchema)]
struct Publication {
    r#type: String,
    account: String,
    data: serde_json::Value,
}

#[derive(Serialize, JsonSchema)]
struct Accepted {
    id: Uuid,
    r#type: String,
    account: String,
    data: serde_json::Value,
}

#[endpoint { method = POST, path = "/notifications" }]
async fn accept_publication(_: RequestContext<()>, body: TypedBody<Publication>) -> Result<HttpResponseAccepted<Accepted>, HttpError> {
    let Publication { r#type, account, data } = body.into_inner();
    Ok(HttpResponseAccepted(Accepted { id: Uuid::now_v7(), r#type, account, data }))
}

/// Runs the process of the [`EmptyHandler`].
pub(crate) fn serve_empty_handler() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut api = ApiDescription::new();
        api.register(accept_publication)?;
        let config = ConfigDropshot { default_request_body_max_bytes: 262_144, ..ConfigDropshot::default() };
        let log = slog::Logger::root(slog::Discard, slog::o!());
        let server = ServerBuilder::new(api, (), log).config(config).start()?;
        respond(&server.local_addr().to_string())?;
        server.await.map_err(anyhow::Error::msg)
    })
}
