//! The listener of the API and the admin listener.
//!
//! Anyone can open connections. So the listener limits the number of connections in total and for each address, and it
//! closes a connection that waits too long or that sends too many bytes that serve no purpose. `connection.rs` has the rules.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use rustix::io::Errno;
use slog::Logger;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::http::client_address::TrustedProxies;
use crate::http::contexts::Lender;
use crate::http::dispatch::Dispatcher;
use crate::metrics::Metrics;
use crate::sampler::Sampler;

mod activity;
mod connection;
mod limits;
pub(super) mod tls;

use activity::{Activity, Counted, Metered};
use connection::{Closed, Signals};
use limits::{Admission, Connections};

pub(super) use activity::Timeouts;
pub(super) use limits::Limits;

/// Time until the next attempt to accept a connection after the process or the system had no free descriptor.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// An HTTP/2 connection can have this number of requests in progress.
const MAX_STREAMS: u32 = 100;

/// The server buffers this number of bytes of an HTTP/2 connection that it has not processed yet.
const HTTP_2_WINDOW_BYTES: u32 = 128 * 1024;

/// The server buffers this number of bytes of an HTTP/1 connection that it has not processed yet. The fields of a
/// request must fit into this buffer.
const HTTP_1_BUFFER_BYTES: usize = 64 * 1024;

/// Size of the kernel's buffer for bytes that a client has not read yet. With a large buffer, the server could not see
/// for minutes that a slow client reads.
const SEND_BUFFER_BYTES: u32 = 64 * 1024;

/// Maximum number of connections that wait to be accepted.
const BACKLOG: u32 = 1024;

/// The properties of a listener.
pub(super) struct Options {
    /// The name in logs and metrics.
    pub(super) name: &'static str,
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) limits: Limits,
    pub(super) timeouts: Timeouts,
    pub(super) trusted_proxies: TrustedProxies,
}

/// A running listener.
pub(super) struct Listener<C: Lender> {
    address: SocketAddr,
    shared: Arc<Shared<C>>,
}

struct Shared<C: Lender> {
    options: Options,
    dispatcher: Dispatcher<C>,
    http: auto::Builder<TokioExecutor>,
    connections: Arc<Connections>,
    metrics: Arc<Metrics>,
    stopping: CancellationToken,
    /// The accept loop and all connections.
    tasks: TaskTracker,
    /// Limits the lines about refused connections, by the reason of the refusal.
    refusals: Sampler<&'static str>,
    accept_failures: Sampler<()>,
    log: Logger,
}

/// Binds an address.
///
/// # Errors
/// If the address is not available.
pub(super) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    // Accepted connections inherit this size.
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

impl<C: Lender> Listener<C> {
    pub(super) fn start(
        tcp: TcpListener,
        options: Options,
        dispatcher: Dispatcher<C>,
        metrics: Arc<Metrics>,
        log: &Logger,
    ) -> io::Result<Listener<C>> {
        let address = tcp.local_addr()?;
        let mut http = auto::Builder::new(TokioExecutor::new());
        // `connection.rs` limits the time for the fields of a request, also over HTTP/2.
        http.http1().header_read_timeout(None).max_buf_size(HTTP_1_BUFFER_BYTES);
        http.http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(MAX_STREAMS)
            .initial_stream_window_size(HTTP_2_WINDOW_BYTES)
            .initial_connection_window_size(HTTP_2_WINDOW_BYTES);
        let shared = Arc::new(Shared {
            connections: Arc::new(Connections::new(options.limits)),
            options,
            dispatcher,
            http,
            metrics,
            stopping: CancellationToken::new(),
            tasks: TaskTracker::new(),
            refusals: Sampler::default(),
            accept_failures: Sampler::default(),
            log: log.clone(),
        });
        shared.tasks.spawn(shared.clone().accept(tcp));
        slog::info!(log, # "listener.started", "listening"; "listener" => shared.options.name, "local_addr" => %address);
        Ok(Listener { address, shared })
    }

    #[must_use]
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accepts no more connections, closes the connections without a request in progress, and waits for the end of the
    /// other connections and of all handlers.
    pub(super) async fn close(self) {
        self.shared.stopping.cancel();
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
        self.shared.dispatcher.close().await;
    }
}

impl<C: Lender> Shared<C> {
    async fn accept(self: Arc<Shared<C>>, tcp: TcpListener) {
        loop {
            let accepted = tokio::select! {
                () = self.stopping.cancelled() => return,
                accepted = tcp.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => self.admit(stream, peer),
                // The new connection has failed before the server accepted it (accept(2)).
                Err(error) if !is_shortage(&error) => {}
                Err(error) => {
                    self.connections.displace_unused();
                    if let Some(omitted) = self.accept_failures.sample((), Utc::now()) {
                        slog::warn!(self.log, # "listener.accept_failed", "cannot accept connections: if the limit of open files is reached, raise it \
                            (ulimit -n, or LimitNOFILE in systemd)";
                            "listener" => self.options.name, "error" => %error, "omitted" => omitted);
                    }
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// Serves a new connection, or closes it if there are too many connections.
    fn admit(self: &Arc<Shared<C>>, stream: TcpStream, peer: SocketAddr) {
        let is_proxy = self.options.trusted_proxies.contains(peer.ip());
        match self.connections.admit((!is_proxy).then(|| peer.ip())) {
            Ok(admission) => {
                let shared = self.clone();
                self.tasks.spawn(async move { shared.serve(stream, peer, admission).await });
            }
            Err(refusal) => {
                self.metrics.connection_refused(self.options.name, refusal.label());
                if let Some(omitted) = self.refusals.sample(refusal.label(), Utc::now()) {
                    slog::warn!(self.log, # "connection.refused", "a connection was refused: {}", refusal.advice();
                        "listener" => self.options.name, "peer" => peer.ip().to_string(), "reason" => refusal.label(), "omitted" => omitted,
                        "total" => self.options.limits.total, "per_address" => self.options.limits.per_address);
                }
            }
        }
    }

    async fn serve(self: Arc<Shared<C>>, stream: TcpStream, peer: SocketAddr, admission: Admission) {
        self.metrics.connection_opened(self.options.name);
        // Without this option, a small response may wait for an acknowledgement. An error does not matter.
        let _ = stream.set_nodelay(true);
        let activity = Arc::new(Activity::new(self.options.timeouts, admission));
        let signals = Signals { activity: &activity, stopping: &self.stopping };
        let closed = match &self.options.tls {
            None => self.serve_http(stream, peer, &signals).await,
            Some(acceptor) => match signals.handshake(acceptor.accept(stream)).await {
                Ok(Ok(stream)) => self.serve_http(stream, peer, &signals).await,
                // The handshake failed.
                Ok(Err(_)) => Closed::Ended,
                Err(closed) => closed,
            },
        };
        activity.close();
        self.metrics.connection_closed(self.options.name, closed.label());
    }

    async fn serve_http<S>(self: &Arc<Shared<C>>, stream: S, peer: SocketAddr, signals: &Signals<'_>) -> Closed
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let service = service_fn(|request: Request<Incoming>| {
            let (shared, activity) = (self.clone(), signals.activity.clone());
            // Over HTTP/2, the future below runs in a task of its own, and may begin later.
            let in_progress = activity.begin_request(&request);
            async move {
                let client = shared.options.trusted_proxies.client_of(peer.ip(), request.headers());
                let request = request.map(|body| dropshot::Body::wrap(Counted::new(body, activity.clone())));
                let response = shared.dispatcher.respond(request, SocketAddr::new(client, peer.port())).await;
                in_progress.complete();
                Ok::<_, Infallible>(response)
            }
        });
        let stream = TokioIo::new(Metered::new(stream, signals.activity.clone()));
        signals.drive(self.http.serve_connection(stream, service)).await
    }
}

/// Whether the process or the system lacks a resource.
fn is_shortage(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM))
}
