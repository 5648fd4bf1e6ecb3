//! What whoever runs the server asks it, on an address of its own: whether the process lives, whether it can do its work,
//! and its metrics. It is no part of the API, and openapi.json does not list it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use dropshot::{ApiDescription, Body, ConfigDropshot, HttpError, HttpServer, RequestContext, ServerBuilder, endpoint};
use futures_util::FutureExt as _;
use http::{Response, StatusCode, header};
use serde_json::json;
use slog::{Drain as _, Logger};
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::config::OperationsListen;
use crate::delivery::Engine;
use crate::metrics::Metrics;
use crate::model::{Lane, PauseScope, StorageUse};
use crate::slots::Slots;
use crate::store::{self, Census, Store};

mod probe;

use probe::Probe;

/// What the endpoints work with.
struct State {
    engine: Arc<Engine>,
    writes: Probe<()>,
    standing: Probe<Standing>,
    metrics: Arc<Metrics>,
    stopping: AtomicBool,
}

/// What the store says of itself.
#[derive(Clone)]
struct Standing {
    storage: StorageUse,
    /// Since when all deliveries are.
    paused_since: Option<DateTime<Utc>>,
}

struct Readiness {
    /// Why the server is not ready; nothing when it is.
    reasons: Vec<String>,
    paused_since: Option<DateTime<Utc>>,
}

/// The listener, if there is one.
pub struct Operations {
    state: Arc<State>,
    http: Option<HttpServer<Arc<State>>>,
    /// Ends when it is dropped.
    counting: JoinSet<()>,
}

/// How often what is in the store is counted for the metrics.
const COUNT_INTERVAL: Duration = Duration::from_secs(2);

/// Between the steps of a count, so that it costs the store little however long it takes.
const STEP_INTERVAL: Duration = Duration::from_millis(100);

impl Operations {
    /// Starts answering, unless it is switched off, or its default address is taken: that may be by another server on
    /// this machine, which is no reason not to deliver.
    ///
    /// # Errors
    /// When an address other than the default cannot be listened on.
    pub fn start(
        listen: OperationsListen,
        engine: Arc<Engine>,
        store: Arc<dyn Store>,
        clock: Clock,
        metrics: Arc<Metrics>,
        log: &Logger,
    ) -> anyhow::Result<Operations> {
        let of_probe = store.clone();
        let writes = Probe::new(move || {
            let store = of_probe.clone();
            async move { store.probe_write().await.map_err(shown) }.boxed()
        });
        let of_probe = store.clone();
        let standing = Probe::new(move || {
            let store = of_probe.clone();
            async move { Standing::of(&*store).await.map_err(shown) }.boxed()
        });
        let slots = engine.slots();
        let state = Arc::new(State { engine, writes, standing, metrics: metrics.clone(), stopping: AtomicBool::new(false) });
        let OperationsListen::At(address) = listen else { return Ok(Operations { state, http: None, counting: JoinSet::new() }) };
        let config = ConfigDropshot { bind_address: address, ..Default::default() };
        // Probes come every few seconds; a line for each would bury the rest.
        let quiet = Logger::root(slog::LevelFilter::new(log.clone(), slog::Level::Warning).fuse(), slog::o!());
        let http = match ServerBuilder::new(routes()?, state.clone(), quiet).config(config).start() {
            Ok(http) => http,
            Err(error) if listen == OperationsListen::default() => {
                slog::warn!(log, "the default address of the operations listener cannot be had, so this server has none: \
                    give it another with --operations-listen, or `off`"; "address" => %address, "error" => format!("{:#}", anyhow::Error::from(error)));
                return Ok(Operations { state, http: None, counting: JoinSet::new() });
            }
            Err(error) => return Err(error).with_context(|| format!("cannot listen on {address} for operations")),
        };
        slog::info!(log, "health, readiness and metrics are on another address"; "operations" => format!("http://{}", http.local_addr()));
        let mut counting = JoinSet::new();
        counting.spawn(count(store, slots, clock, metrics, log.clone()));
        Ok(Operations { state, http: Some(http), counting })
    }

    /// Where it listens, if it does.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.http.as_ref().map(HttpServer::local_addr)
    }

    /// From here on the server is not ready.
    pub fn stopping(&self) {
        self.state.stopping.store(true, Ordering::Relaxed);
    }

    pub async fn close(mut self) -> anyhow::Result<()> {
        // The store is closed only when nobody holds it any more.
        self.counting.shutdown().await;
        match self.http {
            Some(http) => http.close().await.map_err(anyhow::Error::msg).context("the operations listener did not close cleanly"),
            None => Ok(()),
        }
    }
}

fn routes() -> anyhow::Result<ApiDescription<Arc<State>>> {
    let mut routes = ApiDescription::new();
    routes.register(get_healthz)?;
    routes.register(get_readyz)?;
    routes.register(get_metrics)?;
    Ok(routes)
}

/// Whether the process lives: its runtime has come to answer
#[endpoint { method = GET, path = "/healthz", unpublished = true }]
async fn get_healthz(_: RequestContext<Arc<State>>) -> Result<Response<Body>, HttpError> {
    Ok(answer(StatusCode::OK, "text/plain; charset=utf-8", "ok\n".to_owned()))
}

/// Whether the server takes and delivers notifications now, and if not, why
///
/// A pause of all deliveries is shown and leaves it ready. It is what the operator wants, and what is published meanwhile is
/// taken and kept: a platform that sent no requests any more would refuse publishers what the server does not.
#[endpoint { method = GET, path = "/readyz", unpublished = true }]
async fn get_readyz(rqctx: RequestContext<Arc<State>>) -> Result<Response<Body>, HttpError> {
    let Readiness { reasons, paused_since } = rqctx.context().readiness().await;
    let status = if reasons.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let mut body = json!({ "ready": reasons.is_empty(), "reasons": reasons });
    if let Some(since) = paused_since {
        body["pausedSince"] = json!(since);
    }
    Ok(answer(status, "application/json", format!("{body}\n")))
}

/// What Prometheus reads
#[endpoint { method = GET, path = "/metrics", unpublished = true }]
async fn get_metrics(rqctx: RequestContext<Arc<State>>) -> Result<Response<Body>, HttpError> {
    let state = rqctx.context();
    let slots = state.engine.slots();
    state.metrics.in_flight(slots.in_flight(), slots.caps().total);
    let text = state.metrics.to_text().map_err(|error| HttpError::for_internal_error(error.to_string()))?;
    Ok(answer(StatusCode::OK, Metrics::MEDIA_TYPE, text))
}

impl State {
    async fn readiness(&self) -> Readiness {
        let mut reasons = Vec::new();
        if self.stopping.load(Ordering::Relaxed) {
            reasons.push("the server is stopping".to_owned());
        } else {
            reasons.extend(self.engine.undone().into_iter().map(|undone| format!("the engine {undone}")));
        }
        let (writes, standing) = tokio::join!(self.writes.outcome(), self.standing.outcome());
        if let Err(error) = writes {
            reasons.push(format!("the store takes no writes: {error}"));
        }
        match standing {
            Ok(Standing { storage, paused_since }) => {
                reasons.extend(why_full(&storage));
                Readiness { reasons, paused_since }
            }
            Err(error) => {
                reasons.push(format!("the store cannot be read: {error}"));
                Readiness { reasons, paused_since: None }
            }
        }
    }
}

impl Standing {
    async fn of(store: &dyn Store) -> store::Result<Standing> {
        let pauses = store.list_pauses().await?;
        let of_all = pauses.into_iter().find(|pause| pause.scope == PauseScope::All);
        Ok(Standing { storage: store.storage_use().await?, paused_since: of_all.map(|pause| pause.since) })
    }
}

fn why_full(storage: &StorageUse) -> Option<String> {
    let StorageUse { used_bytes, max_bytes, disk_free_bytes, min_free_bytes } = storage;
    if storage.has_no_room() {
        Some(format!("the storage is full: the database holds {used_bytes} bytes and may hold {max_bytes} (storage.max_bytes)"))
    } else if storage.disk_has_no_room() {
        Some(format!("the storage is full: its disk has {disk_free_bytes} bytes left and keeps {min_free_bytes} (storage.min_free_bytes)"))
    } else {
        None
    }
}

fn shown(error: store::Error) -> String {
    format!("{:#}", anyhow::Error::from(error))
}

/// Keeps what a scrape would have to ask the store for, so that no scrape costs it anything.
async fn count(store: Arc<dyn Store>, slots: Arc<Slots>, clock: Clock, metrics: Arc<Metrics>, log: Logger) {
    let mut last = Census::default();
    loop {
        match count_once(&*store, &slots, &clock, &metrics, &last).await {
            Ok(census) => last = census,
            Err(error) => {
                slog::warn!(log, "cannot count what is in the store; the metrics keep what they had"; "error" => shown(error));
            }
        }
        tokio::time::sleep(COUNT_INTERVAL).await;
    }
}

async fn count_once(store: &dyn Store, slots: &Slots, clock: &Clock, metrics: &Metrics, last: &Census) -> store::Result<Census> {
    let mut census = Census::default();
    loop {
        metrics.paused(&store.list_pauses().await?);
        metrics.stored(&store.storage_use().await?);
        let mut due = store.oldest_due(slots.waiting()).await?;
        // What waits behind others is known only to a count.
        let in_order = &mut due[Lane::Ordered as usize];
        *in_order = (*in_order).into_iter().chain(last.counts.oldest_in_order).min();
        metrics.oldest_due(&due, clock.now());
        census = store.count_some(census).await?;
        if census.ended() {
            metrics.counted(&census.counts);
            return Ok(census);
        }
        tokio::time::sleep(STEP_INTERVAL).await;
    }
}

fn answer(status: StatusCode, media_type: &'static str, body: String) -> Response<Body> {
    let response = Response::builder().status(status).header(header::CONTENT_TYPE, media_type).header(header::CACHE_CONTROL, "no-store");
    response.body(Body::from(body)).expect("every header is a literal")
}
