//! HTTP/2 connections. Concurrent requests share one connection.
//!
//! This module uses the library h2 directly. The HTTP/2 client of hyper drops requests that wait for a free stream when
//! the receiver closes the connection, and does not report whether such a request was sent.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use h2::client::{Builder, Connection, SendRequest};
use h2::{Ping, PingPong, RecvStream};
use http::{Request, Response};
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::CLOSE_TIMEOUT;
use super::error::{Broken, Cause, Progress};
use super::facts::ConnectionFacts;
use super::meter::{End, Meter};
use super::socket::Socket;

/// The sum of this time and the next time is the maximum time until a dead connection is detected. Without this check,
/// several attempts on a dead connection can time out.
const PING_INTERVAL: Duration = Duration::from_secs(5);
const PING_TIMEOUT: Duration = Duration::from_secs(5);

/// Maximum size of the decoded header of a response, with 32 bytes in addition for each field (RFC 9113 §6.5.2).
const MAX_HEADER_LIST_BYTES: u32 = 256 * 1024;
/// Maximum number of body bytes that the receiver sends before this server has read them.
pub(super) const STREAM_WINDOW_BYTES: u32 = 64 * 1024;
const CONNECTION_WINDOW_BYTES: u32 = 256 * 1024;

/// Maximum number of concurrent requests. The receiver may state a lower maximum (RFC 9113 §6.5.2).
const MAX_STREAMS: usize = 100;

/// Maximum number of canceled streams that the library remembers for a second. If a frame arrives for a stream that the
/// library does not remember, the library may end the connection.
const MAX_RESET_STREAMS: usize = 1024;

/// A connection of this age takes no further requests. So a changed address is used after this time, even if the
/// connection is never idle.
const MAX_AGE: Duration = Duration::from_secs(5 * 60);

pub(super) struct Http2 {
    sender: SendRequest<Bytes>,
    pub(super) meter: Arc<Meter>,
    pub(super) facts: Arc<ConnectionFacts>,
    /// Whether no response has arrived on this connection.
    is_first: AtomicBool,
    opened: Instant,
    /// Ends the connection. It must be dropped after `sender`.
    _close: DropGuard,
}

impl Http2 {
    pub(super) async fn new(socket: Socket, meter: Arc<Meter>, facts: Arc<ConnectionFacts>) -> Result<Http2, Cause> {
        let mut builder = Builder::new();
        builder
            .enable_push(false)
            .initial_max_send_streams(MAX_STREAMS)
            .max_concurrent_reset_streams(MAX_RESET_STREAMS)
            // Each of these resets needs a frame of the receiver, and the meter limits the received bytes.
            .max_local_error_reset_streams(None)
            .initial_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .max_header_list_size(MAX_HEADER_LIST_BYTES);
        #[expect(clippy::disallowed_methods, reason = "the transport is the one place that opens connections to receivers")]
        let handshake = builder.handshake(socket).await;
        let (sender, connection) = handshake.map_err(|_| Broken::ended(&meter, Progress::NoResponse, true).cause)?;
        let close = CancellationToken::new();
        tokio::spawn(drive(connection, meter.clone(), close.clone()));
        Ok(Http2 { sender, meter, facts, is_first: AtomicBool::new(true), opened: Instant::now(), _close: close.drop_guard() })
    }

    /// Whether the connection takes further requests. After a GOAWAY frame, it takes none.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.sender.clone().ready().now_or_never(), Some(Ok(_)))
    }

    /// Whether the connection may have one more concurrent request.
    pub(super) fn has_free_stream(&self) -> bool {
        (self.meter.requests() as usize) < self.sender.current_max_send_streams().min(MAX_STREAMS)
    }

    /// Whether the connection is too old for further requests.
    pub(super) fn is_old(&self) -> bool {
        self.opened.elapsed() >= MAX_AGE
    }

    pub(super) fn is_first(&self) -> bool {
        self.is_first.load(Ordering::Relaxed)
    }

    /// Sends a request. The caller has begun it with the meter.
    pub(super) async fn send(&self, request: Request<()>, body: Bytes) -> Result<Response<RecvStream>, Broken> {
        let (mut sender, before) = (self.sender.clone(), self.meter.content());
        let Ok((response, mut stream)) = sender.send_request(request, body.is_empty()) else {
            return Err(Broken::ended(&self.meter, Progress::NotProcessed, self.is_first()));
        };
        // The library keeps the body until the receiver takes it. An error also reaches the response.
        if !body.is_empty() {
            let _ = stream.send_data(body, true);
        }
        match response.await {
            Ok(response) => {
                self.is_first.store(false, Ordering::Relaxed);
                self.meter.allow_body();
                Ok(response)
            }
            Err(error) => Err(self.broken(&error, before)),
        }
    }

    /// Returns the failure of a request. `before` is the number of content bytes that had arrived before the request.
    fn broken(&self, error: &h2::Error, before: u64) -> Broken {
        // After a GOAWAY frame, the library reports this error only for requests that the receiver has not processed
        // (RFC 9113 §6.8).
        let refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
        if error.is_remote() && (error.is_go_away() || refused) {
            let cause = error.reason().map_or(Cause::InvalidResponse, Cause::Reset);
            return Broken { cause, progress: Progress::NotProcessed };
        }
        if error.is_io() || matches!(self.meter.end(), Some(End::TooManyBytes | End::NoPong)) {
            // A part of the response may be among the bytes that have arrived, so the request is not sent again.
            let mut broken = Broken::ended(&self.meter, Progress::NoResponse, self.is_first());
            if self.meter.content() != before {
                broken.progress = Progress::Processed;
            }
            return broken;
        }
        // The library ends the connection because of one request or of the connection itself, and reports the same
        // error for each request.
        if error.is_library() && error.is_go_away() {
            return Broken { cause: Cause::Http2Violation, progress: Progress::NoResponse };
        }
        let cause = match error.reason() {
            Some(reason) if error.is_remote() => Cause::Reset(reason),
            // The library refuses a stream whose header is too large.
            Some(h2::Reason::REFUSED_STREAM) => Cause::TooManyBytes,
            _ => Cause::InvalidResponse,
        };
        Broken { cause, progress: Progress::Processed }
    }
}

/// Runs a connection until it ends, until the receiver does not respond to PING frames, or until it is closed.
async fn drive(mut connection: Connection<Socket, Bytes>, meter: Arc<Meter>, close: CancellationToken) {
    let pings = connection.ping_pong();
    let mut connection = pin!(connection);
    let is_dead = async {
        match pings {
            Some(pings) => wait_until_dead(pings, &meter).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = &mut connection => {}
        () = is_dead => meter.set_end(End::NoPong),
        // After the last sender has been dropped, the connection sends a GOAWAY frame and ends.
        () = close.cancelled() => drop(tokio::time::timeout(CLOSE_TIMEOUT, connection).await),
    }
}

/// Returns when the receiver has not sent anything for [`PING_INTERVAL`] although requests wait for a response, and has
/// then not responded to a PING frame within [`PING_TIMEOUT`].
async fn wait_until_dead(mut pings: PingPong, meter: &Meter) {
    loop {
        let silence = meter.since_last_read();
        if silence < PING_INTERVAL {
            tokio::time::sleep(PING_INTERVAL - silence).await;
        } else if meter.requests() == 0 {
            tokio::time::sleep(PING_INTERVAL).await;
        } else {
            match tokio::time::timeout(PING_TIMEOUT, pings.ping(Ping::opaque())).await {
                Ok(Ok(_)) => {}
                // The connection ends by itself.
                Ok(Err(_)) => return std::future::pending().await,
                Err(_) => return,
            }
        }
    }
}
