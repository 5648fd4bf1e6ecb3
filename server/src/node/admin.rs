//! The admin listener. On a separate address, it serves health, readiness and metrics to operators. Its endpoints are
//! not part of the API, and openapi.json does not list them.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use dropshot::{ApiDescription, Body, ConfigDropshot, HttpError, RequestContext, endpoint};
use http::{Response, StatusCode, header};
use serde_json::json;
use slog::{Drain as _, Logger};
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::config::AdminListen;
use crate::delivery::{Engine, chain};
use crate::http::contexts::{Contexts, Lender, Lent};
use crate::http::dispatch::Dispatcher;
use crate::http::service_status::{Readiness, ServiceStatus};
use crate::metrics::Metrics;
use crate::node::listener::{self, Listener};

mod text_format;

use text_format::TextFormat;

/// The state that the endpoints share.
struct State {
    engine: Arc<Engine>,
    status: Arc<ServiceStatus>,
    metrics: Arc<Metrics>,
    contexts: Contexts<Arc<State>>,
}

impl Lender for Arc<State> {
    fn contexts(&self) -> &Contexts<Arc<State>> {
        &self.contexts
    }
}

/// The admin listener. The operator may have switched it off.
pub struct AdminListener {
    state: Arc<State>,
    http: Option<Listener<Arc<State>>>,
    /// The task that counts the contents of the store. The task ends when this set is dropped.
    counting: JoinSet<()>,
}

/// Maximum number of requests to the admin listener that are in progress. Further requests wait.
const MAX_REQUESTS: usize = 16;

impl AdminListener {
    /// Starts the listener if it is switched on. If the default address is not available, the server runs without the
    /// listener. Another server on this machine may use the default address, and this server must deliver nevertheless.
    ///
    /// # Errors
    /// If an address other than the default is not available.
    pub(super) async fn start(
        listen: AdminListen,
        engine: Arc<Engine>,
        status: Arc<ServiceStatus>,
        clock: Clock,
        metrics: Arc<Metrics>,
        options: listener::Options,
        log: &Logger,
    ) -> anyhow::Result<AdminListener> {
        let mut counting = JoinSet::new();
        counting.spawn(status.clone().count(clock, metrics.clone()));
        let state = Arc::new(State { engine, status, metrics: metrics.clone(), contexts: Contexts::default() });
        let AdminListen::At(address) = listen else { return Ok(AdminListener { state, http: None, counting }) };
        let tcp = match listener::bind(address) {
            Ok(tcp) => tcp,
            Err(error) if listen == AdminListen::default() => {
                slog::warn!(log, # "admin.not_started", "the default address of the admin listener is not available, so this server runs without it: \
                    set another address with --admin-listen, or `off`"; "address" => %address, "error" => chain(&error));
                return Ok(AdminListener { state, http: None, counting });
            }
            Err(error) => return Err(error).with_context(|| format!("the admin listener cannot listen on {address}")),
        };
        // Health probes arrive every few seconds. A log line for each probe would hide the other lines.
        let quiet = Logger::root(slog::LevelFilter::new(log.clone(), slog::Level::Warning).fuse(), slog::o!());
        let dispatcher = Dispatcher::new(routes()?, state.clone(), ConfigDropshot::default(), MAX_REQUESTS, false, quiet.clone()).await?;
        let http = Listener::start(tcp, options, dispatcher, metrics.clone(), &quiet)?;
        slog::info!(log, # "admin.started", "the admin listener serves health, readiness and metrics"; "admin" => format!("http://{}", http.address()));
        Ok(AdminListener { state, http: Some(http), counting })
    }

    /// Returns the address of the listener, or `None` if the listener does not run.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.http.as_ref().map(Listener::address)
    }

    /// Makes `/readyz` report not ready from now on.
    pub fn set_stopping(&self) {
        self.state.status.set_stopping();
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
    let Readiness { reasons, paused_since, .. } = rqctx.context().status.readiness().await;
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

fn response(status: StatusCode, media_type: &'static str, body: String) -> Response<Body> {
    let response = Response::builder().status(status).header(header::CONTENT_TYPE, media_type);
    response.body(Body::from(body)).expect("the headers are valid")
}
