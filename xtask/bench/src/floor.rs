//! Floors: what the parts cost by themselves that the service is made of, measured in the same run. Each is a process of
//! its own, so that its computing time is its own too.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use dropshot::{ApiDescription, ConfigDropshot, HttpError, HttpResponseAccepted, RequestContext, ServerBuilder, TypedBody, endpoint};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::process::{Worker, answer, cpu};

mod commits;
mod requests;
mod statements;

pub(crate) use commits::{Commits, Transactions};
pub(crate) use requests::Requests;
pub(crate) use statements::Statements;

/// How much work a floor did, how long that took, and what it computed for it.
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

/// A question to [`serve`].
#[derive(Serialize, Deserialize)]
pub(crate) enum Question {
    Requests(Requests),
    Commits(Commits),
    /// Makes tables ready, so that this is no part of what is measured.
    Prepare(Statements),
    /// What was prepared.
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

    pub(crate) fn measure(&mut self, question: &Question) -> anyhow::Result<Work> {
        self.0.ask(question)
    }

    /// Makes ready what is then [run](Question::Run).
    pub(crate) fn prepare(&mut self, statements: Statements) -> anyhow::Result<()> {
        self.0.ask(&Question::Prepare(statements))
    }
}

/// The process itself.
pub(crate) fn serve() -> anyhow::Result<()> {
    let mut prepared = None;
    for line in std::io::stdin().lines() {
        answer(&match serde_json::from_str(&line?).context("this is no question")? {
            Question::Requests(requests) => requests.measure()?,
            Question::Commits(commits) => commits.measure()?,
            Question::Prepare(statements) => {
                prepared = Some(statements.prepare()?);
                answer(&())?;
                continue;
            }
            Question::Run => prepared.as_ref().context("nothing was prepared")?.measure()?,
            Question::Syncs { directory, count } => syncs(&directory, count)?,
        })?;
    }
    Ok(())
}

/// Syncs of a file that a few bytes were added to.
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

/// A dropshot server whose one operation reads a publication and does nothing.
pub(crate) struct EmptyHandler {
    worker: Worker,
    pub(crate) address: String,
}

impl EmptyHandler {
    pub(crate) fn start() -> anyhow::Result<EmptyHandler> {
        let mut worker = Worker::start("empty-handler", &[])?;
        let address = worker.hear()?;
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

/// The process itself.
pub(crate) fn serve_empty_handler() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut api = ApiDescription::new();
        api.register(accept_publication)?;
        let config = ConfigDropshot { default_request_body_max_bytes: 262_144, ..ConfigDropshot::default() };
        let log = slog::Logger::root(slog::Discard, slog::o!());
        let server = ServerBuilder::new(api, (), log).config(config).start()?;
        answer(&server.local_addr().to_string())?;
        server.await.map_err(anyhow::Error::msg)
    })
}
