//! A pool of request contexts.
//!
//! A handler needs a [`RequestContext`], and only a server of dropshot can create one. This service has a listener of
//! its own, because a server of dropshot accepts connections without any limit. So at the start, a server of dropshot
//! runs for a few milliseconds and creates all contexts. Each request takes a context from the pool, and the end of its handler
//! puts the context back. The size of the pool is therefore the maximum number of requests in progress.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::Deref;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use dropshot::{
    ApiDescription, ApiEndpoint, ApiEndpointVersions, ConfigDropshot, HttpError, HttpResponseUpdatedNoContent, RequestContext, RequestInfo,
    ServerBuilder, ServerContext,
};
use http::{Method, Request};
use slog::Logger;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

/// Time limit for creating all contexts. It takes a few milliseconds.
const CREATION_TIMEOUT: Duration = Duration::from_secs(30);

/// The state of a server, which has a pool of contexts with this state.
pub trait Lender: ServerContext + Sized {
    fn contexts(&self) -> &Contexts<Self>;
}

pub struct Contexts<C: ServerContext> {
    free: Mutex<Vec<RequestContext<C>>>,
    /// One permit for each free context.
    permits: Semaphore,
}

impl<C: ServerContext> Default for Contexts<C> {
    fn default() -> Contexts<C> {
        Contexts { free: Mutex::default(), permits: Semaphore::new(0) }
    }
}

impl<C: Lender> Contexts<C> {
    /// Waits for a free context, and takes it. The context still describes an earlier request.
    ///
    /// # Errors
    /// If the pool is closed.
    pub(super) async fn take(&self) -> anyhow::Result<RequestContext<C>> {
        self.permits.acquire().await.context("the server has stopped")?.forget();
        self.lock().pop().context("the server has stopped")
    }

    /// Returns the number of free contexts, and drops these contexts. Each context has a reference to the state, and the
    /// state has the pool. So without this call, the state would never be dropped.
    pub(super) fn close(&self) -> usize {
        self.permits.close();
        std::mem::take(&mut *self.lock()).len()
    }

    fn put(&self, mut rqctx: RequestContext<C>) {
        // The headers of a request contain an access token, and the logger holds the URI.
        rqctx.log = Logger::root(slog::Discard, slog::o!());
        rqctx.request = RequestInfo::new(&Request::new(()), rqctx.request.remote_addr());
        let mut free = self.lock();
        if !self.permits.is_closed() {
            free.push(rqctx);
            self.permits.add_permits(1);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<RequestContext<C>>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The context of a request. It returns to its pool when the handler ends, even if the handler panics.
pub struct Lent<C: Lender>(Option<RequestContext<C>>);

impl<C: Lender> Lent<C> {
    pub fn new(rqctx: RequestContext<C>) -> Lent<C> {
        Lent(Some(rqctx))
    }
}

impl<C: Lender> Deref for Lent<C> {
    type Target = RequestContext<C>;

    fn deref(&self) -> &RequestContext<C> {
        self.0.as_ref().expect("only `drop` removes the context")
    }
}

impl<C: Lender> Drop for Lent<C> {
    fn drop(&mut self) {
        if let Some(rqctx) = self.0.take() {
            let server = rqctx.server.clone();
            server.private.contexts().put(rqctx);
        }
    }
}

/// Fills the pool of `state` with `count` contexts. Returns one more context, which gives access to the state.
///
/// # Errors
/// If this machine has no loopback address.
pub(super) async fn create<C: Lender>(state: C, config: ConfigDropshot, count: usize) -> anyhow::Result<RequestContext<C>> {
    let mut api = ApiDescription::new();
    api.register(ApiEndpoint::new("keep".to_owned(), keep::<C>, Method::GET, "application/json", "/", ApiEndpointVersions::All))?;
    let listen = |address: SocketAddr| std::net::TcpListener::bind(address).map(|_| address);
    let loopback = listen((Ipv4Addr::LOCALHOST, 0).into()).or_else(|_| listen((Ipv6Addr::LOCALHOST, 0).into()));
    let config = ConfigDropshot { bind_address: loopback.context("this machine has no loopback address")?, ..config };
    // `HttpServer::close` would wait until all contexts are dropped. Dropping the server stops it too.
    let server = ServerBuilder::new(api, state, Logger::root(slog::Discard, slog::o!())).config(config).start()?;
    let contexts = server.app_private().contexts();
    let requests = request_contexts(server.local_addr(), count + 1);
    tokio::time::timeout(CREATION_TIMEOUT, requests).await.context("the request contexts were not created within the time limit")??;
    anyhow::ensure!(contexts.lock().len() == count + 1, "the request contexts could not be created; start the server again");
    contexts.take().await
}

async fn keep<C: Lender>(rqctx: RequestContext<C>) -> Result<HttpResponseUpdatedNoContent, HttpError> {
    drop(Lent::new(rqctx));
    Ok(HttpResponseUpdatedNoContent())
}

/// Sends `count` requests to a server of dropshot in this process, and waits for all responses.
async fn request_contexts(address: SocketAddr, count: usize) -> std::io::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "this connection stays inside the process")]
    let (mut reader, mut writer) = TcpStream::connect(address).await?.into_split();
    let mut requests = "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(count - 1);
    requests += "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let mut responses = Vec::new();
    tokio::try_join!(writer.write_all(requests.as_bytes()), reader.read_to_end(&mut responses))?;
    Ok(())
}
