//! Finds the operation of a request, runs its handler, and completes the response.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use dropshot::{ApiDescription, Body, ConfigDropshot, HEADER_REQUEST_ID, HttpError, RequestContext, RequestEndpointMetadata, RequestInfo};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use slog::Logger;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::api::problem::ApiError;
use crate::http::contexts::{self, Lender};
use crate::http::paths::Paths;
use crate::http::rate_limit::network_of;

/// RFC 6797 §6.1. Browsers remember for a year that this host needs TLS.
const STRICT_TRANSPORT_SECURITY: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Maximum time that a request waits because too many requests are in progress.
const MAX_WAIT: Duration = Duration::from_secs(10);

/// One client can have at most this part of the requests in progress.
const PARTS_PER_CLIENT: usize = 4;

type Handler<C> = Box<dyn FnOnce(RequestContext<C>, Request<Body>) -> BoxFuture<'static, Option<Response<Body>>> + Send>;

/// Returns the handler for a method and a path.
type Router<C> = Box<dyn Fn(&Method, &str) -> Result<(RequestEndpointMetadata, Handler<C>), HttpError> + Send + Sync>;

pub struct Dispatcher<C: Lender> {
    router: Router<C>,
    paths: Paths,
    /// This context is never lent. It gives access to the state of the server.
    access: RequestContext<C>,
    max_requests: usize,
    shares: Arc<Shares>,
    handlers: TaskTracker,
    tls: bool,
    log: Logger,
}

impl<C: Lender> Dispatcher<C> {
    /// Creates a dispatcher with at most `max_requests` requests in progress. `tls` is true if clients connect with TLS.
    ///
    /// # Errors
    /// If the request contexts cannot be created.
    pub async fn new(
        api: ApiDescription<C>,
        state: C,
        config: ConfigDropshot,
        max_requests: usize,
        tls: bool,
        log: Logger,
    ) -> anyhow::Result<Dispatcher<C>> {
        let routes = api.into_router();
        let paths = Paths::new(routes.endpoints(None).map(|(path, method, endpoint)| (path, method, endpoint.operation_id.clone())));
        let router: Router<C> = Box::new(move |method, path| {
            let found = routes.lookup_route(method, path.into(), None)?;
            let handle = |rqctx, request| async move { found.handler.handle_request(rqctx, request).await.ok() }.boxed();
            Ok((found.endpoint, Box::new(handle)))
        });
        let access = contexts::create(state, config, max_requests).await?;
        let shares = Arc::new(Shares { size: max_requests.div_ceil(PARTS_PER_CLIENT), of_clients: Mutex::default() });
        Ok(Dispatcher { router, paths, access, max_requests, shares, handlers: TaskTracker::new(), tls, log })
    }

    /// Returns the response to a request of `client`. A handler that has begun runs to its end, even if the returned
    /// future is dropped because the client has disconnected.
    pub async fn respond(&self, request: Request<Body>, client: SocketAddr) -> Response<Body> {
        let id = Uuid::new_v4().to_string();
        let is_head = request.method() == Method::HEAD;
        let accept = request.headers().get(header::ACCEPT).cloned();
        let response = match self.route(request.method(), request.uri().path()) {
            Ok((endpoint, handler)) => self.handle(request, client, endpoint, handler, &id).await,
            Err(error) => Err(self.paths.refused(&error, request.method(), request.uri().path())),
        };
        let mut response = response.unwrap_or_else(|error| {
            let headers = accept.into_iter().map(|accept| (header::ACCEPT, accept)).collect();
            error.to_response(&id, &headers)
        });
        if is_head {
            response = without_body(response);
        }
        let headers = response.headers_mut();
        headers.insert(HEADER_REQUEST_ID, HeaderValue::try_from(id).expect("a UUID is ASCII"));
        self.add_security_headers(headers);
        response
    }

    /// Every resource with GET also has HEAD (RFC 9110 §9.1).
    fn route(&self, method: &Method, path: &str) -> Result<(RequestEndpointMetadata, Handler<C>), HttpError> {
        match (self.router)(method, path) {
            Err(_) if method == Method::HEAD => (self.router)(&Method::GET, path),
            found => found,
        }
    }

    async fn handle(
        &self,
        request: Request<Body>,
        client: SocketAddr,
        endpoint: RequestEndpointMetadata,
        handler: Handler<C>,
        id: &str,
    ) -> Result<Response<Body>, ApiError> {
        let enter = async { (self.shares.enter(network_of(client.ip())).await, self.access.context().contexts().take().await) };
        let busy = |_| ApiError::busy("too many requests are in progress, and the service changed nothing; send the request again later");
        let (share, rqctx) = tokio::time::timeout(MAX_WAIT, enter).await.map_err(busy)?;
        let mut rqctx = rqctx.map_err(|error| ApiError::busy(error.to_string()))?;
        let log = self.log.new(slog::o!(
            "remote_addr" => client,
            "request_id" => id.to_owned(),
            "method" => request.method().clone().to_string(),
            "uri" => request.uri().to_string(),
        ));
        rqctx.log = log.clone();
        rqctx.endpoint = endpoint;
        id.clone_into(&mut rqctx.request_id);
        rqctx.request = RequestInfo::new(&request, client);
        let begun = Instant::now();
        let handled = self.handlers.spawn(async move {
            let response = handler(rqctx, request).await;
            drop(share);
            if let Some(response) = &response {
                slog::debug!(log, # "request.completed", "request completed";
                    "status" => response.status().as_u16(), "duration_ms" => begun.elapsed().as_millis());
            }
            response
        });
        // `reply` converts errors and panics of the operations, so this is a fault in an extractor.
        handled.await.ok().flatten().ok_or_else(|| {
            slog::error!(self.log, # "request.crashed", "a request failed outside its operation"; "request_id" => id);
            ApiError::internal(anyhow::anyhow!("the request was not handled"))
        })
    }

    fn add_security_headers(&self, headers: &mut HeaderMap) {
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if self.tls {
            headers.insert(header::STRICT_TRANSPORT_SECURITY, STRICT_TRANSPORT_SECURITY);
        }
    }

    /// Waits for all handlers, and closes the pool of contexts. There must be no new requests.
    pub async fn close(&self) {
        self.handlers.close();
        self.handlers.wait().await;
        let lost = self.max_requests.saturating_sub(self.access.context().contexts().close());
        if lost > 0 {
            slog::error!(self.log, # "contexts.lost", "handlers have dropped their request contexts: each handler must wrap its context in `Lent`";
                "lost" => lost);
        }
    }
}

impl<C: Lender> Drop for Dispatcher<C> {
    fn drop(&mut self) {
        self.access.context().contexts().close();
    }
}

/// The body is never sent (RFC 9110 §9.3.2), but the headers describe it.
fn without_body(mut response: Response<Body>) -> Response<Body> {
    // A 304 response has no body in any case, so the size of its body describes nothing.
    if response.status() != StatusCode::NOT_MODIFIED
        && let Some(length) = http_body::Body::size_hint(response.body()).exact()
    {
        response.headers_mut().entry(header::CONTENT_LENGTH).or_insert(length.into());
    }
    response.map(|_| Body::empty())
}

/// Divides the requests in progress between the clients, so that one client cannot occupy all of them.
struct Shares {
    size: usize,
    of_clients: Mutex<HashMap<IpAddr, ShareOfClient>>,
}

struct ShareOfClient {
    /// The number of requests of this client that are in progress or wait.
    requests: usize,
    in_progress: Arc<Semaphore>,
}

/// The permission for one request. It counts as a request of its client until it is dropped.
struct Share {
    shares: Arc<Shares>,
    client: IpAddr,
    permit: Option<OwnedSemaphorePermit>,
}

impl Shares {
    /// Waits until the client has fewer requests in progress than its share.
    async fn enter(self: &Arc<Shares>, client: IpAddr) -> Share {
        let in_progress = {
            let mut of_clients = self.of_clients.lock().unwrap_or_else(PoisonError::into_inner);
            let new = || ShareOfClient { requests: 0, in_progress: Arc::new(Semaphore::new(self.size)) };
            let of_client = of_clients.entry(client).or_insert_with(new);
            of_client.requests += 1;
            of_client.in_progress.clone()
        };
        let mut share = Share { shares: self.clone(), client, permit: None };
        share.permit = in_progress.acquire_owned().await.ok();
        share
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.permit = None;
        let mut of_clients = self.shares.of_clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(of_client) = of_clients.get_mut(&self.client) {
            of_client.requests -= 1;
            if of_client.requests == 0 {
                of_clients.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_client_with_its_share_of_requests_delays_no_other_client() {
        let shares = Arc::new(Shares { size: 2, of_clients: Mutex::default() });
        let [greedy, modest] = [[192, 0, 2, 1], [192, 0, 2, 2]].map(IpAddr::from);
        let first = shares.enter(greedy).await;
        let second = shares.enter(greedy).await;
        let mut third = std::pin::pin!(shares.enter(greedy));
        assert!(third.as_mut().now_or_never().is_none());
        drop(shares.enter(modest).await);
        drop(first);
        drop((second, third.await));
        assert!(shares.of_clients.lock().expect("no holder panics").is_empty());
    }
}
