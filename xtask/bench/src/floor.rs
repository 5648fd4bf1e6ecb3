//! Floors: what the parts cost by themselves that the service is made of, measured in the same run. Each is a process of
//! its own, so that its computing time is its own too.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use dropshot::{ApiDescription, ConfigDropshot, HttpError, HttpResponseAccepted, RequestContext, ServerBuilder, TypedBody, endpoint};
use rusqlite::Connection;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::process::{Worker, answer, cpu_of};
use crate::rig::publication;

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

    pub(crate) fn cpu_per_thousand(&self) -> f64 {
        self.cpu_seconds / f64::from(self.count) * 1000.0
    }

    fn measure(count: u32, work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<Work> {
        let process = std::process::id();
        let (cpu, started) = (cpu_of(process)?, Instant::now());
        work()?;
        Ok(Work { count, seconds: started.elapsed().as_secs_f64(), cpu_seconds: (cpu_of(process)? - cpu).as_secs_f64() })
    }
}

/// A question to [`serve`].
#[derive(Serialize, Deserialize)]
pub(crate) enum Question {
    /// Requests by a bare reqwest client, 64 at once.
    Requests { url: String, count: u32 },
    /// Notifications stored, and their deliveries recorded, so many in one commit.
    Commits { directory: PathBuf, count: u32, group: u32 },
    /// Syncs of a file that a few bytes were added to.
    Syncs { directory: PathBuf, count: u32 },
}

pub(crate) struct Floor(Worker);

impl Floor {
    pub(crate) fn start() -> anyhow::Result<Floor> {
        Ok(Floor(Worker::start("floor", &[])?))
    }

    pub(crate) fn measure(&mut self, question: &Question) -> anyhow::Result<Work> {
        self.0.ask(question)
    }
}

/// The process itself.
pub(crate) fn serve() -> anyhow::Result<()> {
    for line in std::io::stdin().lines() {
        answer(&match serde_json::from_str(&line?).context("this is no question")? {
            Question::Requests { url, count } => requests(&url, count)?,
            Question::Commits { directory, count, group } => commits(&directory, count, group)?,
            Question::Syncs { directory, count } => syncs(&directory, count)?,
        })?;
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "the bare client is what is measured, and it calls the sink alone")]
fn requests(url: &str, count: u32) -> anyhow::Result<Work> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build()?;
    Work::measure(count, || {
        runtime.block_on(async {
            let mut clients = tokio::task::JoinSet::new();
            for first in 0..64.min(count) {
                let (client, url) = (client.clone(), url.to_owned());
                clients.spawn(async move {
                    for sequence in (first..count).step_by(64) {
                        let (before, after) = publication("floor", "bench.floor");
                        let body = format!("{before}{sequence}{after}");
                        let request = client.post(&url).header("content-type", "application/json").body(body);
                        request.send().await?.error_for_status()?.bytes().await?;
                    }
                    reqwest::Result::Ok(())
                });
            }
            while let Some(ended) = clients.join_next().await {
                ended.context("a client panicked")?.context("a request failed")?;
            }
            Ok(())
        })
    })
}

/// Tables as they must at least be: what was published, what is to be done, and what was done.
const SCHEMA: &str = "
    CREATE TABLE notifications (id BLOB PRIMARY KEY, account TEXT, type TEXT, data TEXT, created_at INTEGER) STRICT, WITHOUT ROWID;
    CREATE TABLE deliveries (id BLOB PRIMARY KEY, notification_id BLOB, webhook_id BLOB, status INTEGER, due_at INTEGER)
        STRICT, WITHOUT ROWID;
    CREATE INDEX due ON deliveries (webhook_id, due_at) WHERE status = 0;
    CREATE TABLE attempts (delivery_id BLOB PRIMARY KEY, started_at INTEGER, status_code INTEGER) STRICT, WITHOUT ROWID;";

fn commits(directory: &Path, count: u32, group: u32) -> anyhow::Result<Work> {
    let path = directory.join(format!("floor-{group}.db"));
    let database = Connection::open(&path)?;
    database.pragma_update(None, "journal_mode", "wal")?;
    database.pragma_update(None, "synchronous", "full")?;
    database.execute_batch(SCHEMA)?;
    let (before, after) = publication("floor", "bench.floor");
    let (data, webhook) = (format!("{before}1{after}"), Uuid::now_v7());
    let work = Work::measure(count, || {
        let mut publish = database.prepare("INSERT INTO notifications VALUES (?1, 'floor', 'bench.floor', ?2, ?3)")?;
        let mut wait = database.prepare("INSERT INTO deliveries VALUES (?1, ?2, ?3, 0, ?4)")?;
        let mut finish = database.prepare("UPDATE deliveries SET status = 1 WHERE id = ?1")?;
        let mut record = database.prepare("INSERT INTO attempts VALUES (?1, ?2, 204)")?;
        let mut done = 0;
        while done < count {
            let deliveries: Vec<Uuid> = (done..count.min(done + group)).map(|_| Uuid::now_v7()).collect();
            database.execute_batch("BEGIN IMMEDIATE")?;
            for delivery in &deliveries {
                let notification = Uuid::now_v7();
                publish.execute((notification.as_bytes(), &data, done))?;
                wait.execute((delivery.as_bytes(), notification.as_bytes(), webhook.as_bytes(), done))?;
            }
            database.execute_batch("COMMIT; BEGIN IMMEDIATE")?;
            for delivery in &deliveries {
                finish.execute([delivery.as_bytes()])?;
                record.execute((delivery.as_bytes(), done))?;
            }
            database.execute_batch("COMMIT")?;
            done += deliveries.len() as u32;
        }
        Ok(())
    })?;
    drop(database);
    std::fs::remove_file(path)?;
    Ok(work)
}

fn syncs(directory: &Path, count: u32) -> anyhow::Result<Work> {
    use std::io::Write as _;
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
