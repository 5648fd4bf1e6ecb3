//! The admin listener. On a separate address, it serves health, readiness and metrics to operators. Its endpoints are
//! not part of the API, and openapi.json does not list them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use dropshot::{ApiDescription, Body, ConfigDropshot, HttpError, RequestContext, endpoint};
use futures_util::FutureExt as _;
use http::{Response, StatusCode, header};
use serde_json::json;
use slog::{Drain as _, Logger};
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::config::AdminListen;
use crate::delivery::{Engine, chain};
use crate::http::contexts::{Contexts, Lender, Lent};
use crate::http::dispatch::Dispatcher;
use crate::metrics::Metrics;
use crate::model::{Lane, PauseScope, StorageUse};
use crate::node::listener::{self, Listener};
use crate::slots::Slots;
use crate::store::{self, BacklogScan, Store};

mod probe;
mod text_format;

use probe::Probe;
use text_format::TextFormat;

/// The state that the endpoints share.
struct State {
    engine: Arc<Engine>,
    writes: Probe<()>,
    store_status: Probe<StoreStatus>,
    metrics: Arc<Metrics>,
    stopping: AtomicBool,
    contexts: Contexts<Arc<State>>,
}

impl Lender for Arc<State> {
    fn contexts(&self) -> &Contexts<Arc<State>> {
        &self.contexts
    }
}

#[derive(Clone)]
struct StoreStatus {
    storage: StorageUse,
    /// The time at which the pause of all deliveries began. It is `None` if there is no such pause.
    paused_since: Option<DateTime<Utc>>,
}

struct Readiness {
    /// The reasons why the server is not ready. The list is empty if the server is ready.
    reasons: Vec<String>,
    paused_since: Option<DateTime<Utc>>,
}

/// The admin listener. The operator may have switched it off.
pub struct AdminListener {
    state: Arc<State>,
    http: Option<Listener<Arc<State>>>,
    /// The task that counts the contents of the store. The task ends when this set is dropped.
    counting: JoinSet<()>,
}

/// The time between two counts of the contents of the store. The metrics show these counts.
const COUNT_INTERVAL: Duration = Duration::from_secs(2);

/// Maximum number of requests to the admin listener that are in progress. Further requests wait.
const MAX_REQUESTS: usize = 16;

/// The time between two steps of a count. Because of this time, the load on the store is low, even if the count takes
/// long.
const STEP_INTERVAL: Duration = Duration::from_millis(100);

impl AdminListener {
    /// Starts the listener if it is switched on. If the default address is not available, the server runs without the
    /// listener. Another server on this machine may use the default address, and this server must deliver nevertheless.
    ///
    /// # Errors
    /// If an address other than the default is not available.
    pub(super) async fn start(
        listen: AdminListen,
        engine: Arc<Engine>,
        store: Arc<dyn Store>,
        clock: Clock,
        metrics: Arc<Metrics>,
        options: listener::Options,
        log: &Logger,
    ) -> anyhow::Result<AdminListener> {
        let probed_store = store.clone();
        let writes = Probe::new(move || {
            let store = probed_store.clone();
            async move { store.probe_write().await.map_err(|error| chain(&error)) }.boxed()
        });
        let probed_store = store.clone();
        let store_status = Probe::new(move || {
            let store = probed_store.clone();
            async move { StoreStatus::read(&*store).await.map_err(|error| chain(&error)) }.boxed()
        });
        let counted_engine = engine.clone();
        let state = Arc::new(State {
            engine,
            writes,
            store_status,
            metrics: metrics.clone(),
            stopping: AtomicBool::new(false),
            contexts: Contexts::default(),
        });
        let AdminListen::At(address) = listen else { return Ok(AdminListener { state, http: None, counting: JoinSet::new() }) };
        let tcp = match listener::bind(address) {
            Ok(tcp) => tcp,
            Err(error) if listen == AdminListen::default() => {
                slog::warn!(log, # "admin.not_started", "the default address of the admin listener is not available, so this server runs without it: \
                    set another address with --admin-listen, or `off`"; "address" => %address, "error" => chain(&error));
                return Ok(AdminListener { state, http: None, counting: JoinSet::new() });
            }
            Err(error) => return Err(error).with_context(|| format!("the admin listener cannot listen on {address}")),
        };
        // Health probes arrive every few seconds. A log line for each probe would hide the other lines.
        let quiet = Logger::root(slog::LevelFilter::new(log.clone(), slog::Level::Warning).fuse(), slog::o!());
        let dispatcher = Dispatcher::new(routes()?, state.clone(), ConfigDropshot::default(), MAX_REQUESTS, false, quiet.clone()).await?;
        let http = Listener::start(tcp, options, dispatcher, metrics.clone(), &quiet)?;
        slog::info!(log, # "admin.started", "the admin listener serves health, readiness and metrics"; "admin" => format!("http://{}", http.address()));
        let mut counting = JoinSet::new();
        counting.spawn(count(store, counted_engine, clock, metrics));
        Ok(AdminListener { state, http: Some(http), counting })
    }

    /// Returns the address of the listener, or `None` if the listener does not run.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.http.as_ref().map(Listener::address)
    }

    /// Makes `/readyz` report not ready from now on.
    pub fn set_stopping(&self) {
        self.state.stopping.store(true, Ordering::Relaxed);
    }

    pub async fn close(mut self) {
        // The counting task has a reference to the store. The store closes only when the last reference is dropped.
        self.counting.shutdown().await;
        if let Some(http) = self.http {
            http.close().await;
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

/// Shows that the process is alive and can handle this request
#[endpoint { method = GET, path = "/healthz", unpublished = true }]
async fn get_healthz(rqctx: RequestContext<Arc<State>>) -> Result<Response<Body>, HttpError> {
    drop(Lent::new(rqctx));
    Ok(response(StatusCode::OK, "text/plain; charset=utf-8", "ok\n".to_owned()))
}

/// Shows whether the server accepts and delivers notifications now, and the reasons if it does not
///
/// If all deliveries are paused, the response shows the pause, but the server is ready. The server still accepts
/// notifications during a pause. If the server reported that it is not ready, a load balancer would send no
/// publications to it.
#[endpoint { method = GET, path = "/readyz", unpublished = true }]
async fn get_readyz(rqctx: RequestContext<Arc<State>>) -> Result<Response<Body>, HttpError> {
    let rqctx = Lent::new(rqctx);
    let Readiness { reasons, paused_since } = rqctx.context().readiness().await;
    let status = if reasons.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let mut body = json!({ "ready": reasons.is_empty(), "reasons": reasons });
    if let Some(since) = paused_since {
        body["pausedSince"] = json!(since);
    }
    Ok(response(status, "application/json", format!("{body}\n")))
}

/// The metrics for Prometheus
#[endpoint { method = GET, path = "/metrics", unpublished = true }]
async fn get_metrics(rqctx: RequestContext<Arc<State>>) -> Result<Response<Body>, HttpError> {
    let rqctx = Lent::new(rqctx);
    let state = rqctx.context();
    let slots = state.engine.slots();
    state.metrics.set_in_flight(slots.in_flight(), slots.caps().total);
    let format = TextFormat::preferred(rqctx.request.headers());
    let text = state.metrics.to_text().map_err(|error| HttpError::for_internal_error(error.to_string()))?;
    Ok(response(StatusCode::OK, format.media_type(), format.convert(text)))
}

impl State {
    async fn readiness(&self) -> Readiness {
        let mut reasons = Vec::new();
        if self.stopping.load(Ordering::Relaxed) {
            reasons.push("the server is stopping".to_owned());
        } else {
            reasons.extend(self.engine.stalled_tasks().into_iter().map(|stalled_task| format!("the engine {stalled_task}")));
        }
        let (writes, store_status) = tokio::join!(self.writes.outcome(), self.store_status.outcome());
        if let Err(error) = writes {
            reasons.push(format!("the store takes no writes: {error}"));
        }
        // A node without the role `api` gets no requests that fail. Its background tasks show that it has lost its store.
        if let Some(outage) = self.engine.store_monitor().outage() {
            reasons.push(format!("the store is not available: {outage}"));
        }
        match store_status {
            Ok(StoreStatus { storage, paused_since }) => {
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

impl StoreStatus {
    async fn read(store: &dyn Store) -> store::Result<StoreStatus> {
        let pauses = store.list_pauses().await?;
        let pause_of_all = pauses.into_iter().find(|pause| pause.scope == PauseScope::All);
        Ok(StoreStatus { storage: store.storage_use().await?, paused_since: pause_of_all.map(|pause| pause.since) })
    }
}

pub(super) fn why_full(storage: &StorageUse) -> Option<String> {
    let StorageUse { used_bytes, max_bytes, disk_free_bytes, min_free_bytes } = storage;
    if storage.has_no_room() {
        Some(format!("the storage is full: the database holds {used_bytes} bytes of at most {max_bytes} (storage.max_bytes)"))
    } else if storage.disk_has_no_room() {
        Some(format!(
            "the storage is full: its disk has {disk_free_bytes} bytes left and must keep {min_free_bytes} (storage.min_free_bytes)"
        ))
    } else {
        None
    }
}

/// Counts the contents of the store repeatedly, and stores the counts in the metrics. So a request for the metrics
/// causes no load on the store.
async fn count(store: Arc<dyn Store>, engine: Arc<Engine>, clock: Clock, metrics: Arc<Metrics>) {
    let slots = engine.slots();
    let mut last = BacklogScan::default();
    loop {
        match count_once(&*store, &slots, &clock, &metrics, &last).await {
            Ok(scan) => last = scan,
            // The metrics keep their last values.
            Err(error) => engine.store_monitor().report("count the contents of the store", &error, clock.now()),
        }
        tokio::time::sleep(COUNT_INTERVAL).await;
    }
}

async fn count_once(store: &dyn Store, slots: &Slots, clock: &Clock, metrics: &Metrics, last: &BacklogScan) -> store::Result<BacklogScan> {
    let mut scan = BacklogScan::default();
    loop {
        let mut due = store.oldest_due(slots.waiting()).await?;
        // Only a backlog scan finds deliveries that wait for earlier deliveries of an ordered webhook.
        let ordered = &mut due[Lane::Ordered as usize];
        *ordered = (*ordered).into_iter().chain(last.counts.oldest_in_order).min();
        metrics.set_oldest_due(&due, clock.now());
        scan = store.scan_backlog(scan).await?;
        if scan.ended() {
            metrics.set_backlog(&scan.counts);
            return Ok(scan);
        }
        tokio::time::sleep(STEP_INTERVAL).await;
    }
}

fn response(status: StatusCode, media_type: &'static str, body: String) -> Response<Body> {
    let response = Response::builder().status(status).header(header::CONTENT_TYPE, media_type);
    response.body(Body::from(body)).expect("the headers are valid")
}
