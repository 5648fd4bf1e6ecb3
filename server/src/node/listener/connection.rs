//! Runs one connection until its end. The server ends a connection in these cases:
//!
//! - its first request does not arrive in time: the client is silent, or too slow in the TLS handshake, in the preface of
//!   HTTP/2 or in the fields of the request
//! - it has had no request in progress for too long, or the client does not read a response
//! - another connection displaces it
//! - the client floods it with bytes that serve no purpose
//! - the server stops, and no request is in progress

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::server::graceful::GracefulConnection;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::activity::Activity;

/// When the server closes a connection without a request in progress, a client of HTTP/2 has this time to receive GOAWAY
/// and to acknowledge it (RFC 9113 §6.8). The same time is left for the rest of a response.
const GRACE: Duration = Duration::from_millis(500);

/// The time between two checks of a connection that is being closed.
const CLOSING_CHECK: Duration = Duration::from_millis(25);

/// Why a connection has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closed {
    /// The client has closed the connection, or the connection has failed, or the server has stopped.
    Ended,
    FirstRequest,
    Idle,
    Displaced,
    Flood,
}

impl Closed {
    /// The label in the metrics.
    pub(super) fn label(self) -> &'static str {
        match self {
            Closed::Ended => "ended",
            Closed::FirstRequest => "first_request_timeout",
            Closed::Idle => "idle_timeout",
            Closed::Displaced => "displaced",
            Closed::Flood => "flood",
        }
    }
}

/// What can end a connection.
pub(super) struct Signals<'a> {
    pub(super) activity: &'a Arc<Activity>,
    pub(super) stopping: &'a CancellationToken,
}

impl Signals<'_> {
    /// Runs the TLS handshake.
    pub(super) async fn handshake<T>(&self, handshake: impl Future<Output = T>) -> Result<T, Closed> {
        let expires_at = self.activity.expires_at().unwrap_or_else(Instant::now);
        tokio::select! {
            done = handshake => Ok(done),
            () = self.activity.displaced() => Err(Closed::Displaced),
            () = self.stopping.cancelled() => Err(Closed::Ended),
            () = sleep_until(expires_at) => Err(Closed::FirstRequest),
        }
    }

    /// Runs a connection after the TLS handshake.
    pub(super) async fn drive(&self, connection: impl GracefulConnection) -> Closed {
        let mut connection = pin!(connection);
        let closed = loop {
            tokio::select! {
                biased;
                _ = connection.as_mut() => return self.unless_flooded(Closed::Ended),
                // A response may still be on its way to the client.
                () = self.activity.displaced() => break Closed::Displaced,
                () = self.stopping.cancelled() => break Closed::Ended,
                () = sleep_until(self.activity.check_at()) => {}
            }
            if self.activity.expires_at().is_some_and(|expires_at| expires_at <= Instant::now()) {
                break if self.activity.is_used() { Closed::Idle } else { Closed::FirstRequest };
            }
        };
        if !self.activity.is_used() {
            return closed;
        }
        connection.as_mut().graceful_shutdown();
        let (mut quiet_since, mut written) = (Instant::now(), self.activity.written());
        loop {
            tokio::select! {
                biased;
                _ = connection.as_mut() => return self.unless_flooded(closed),
                () = tokio::time::sleep(CLOSING_CHECK) => {}
            }
            // When the server stops, a client may read a response to its end. A connection that was closed because it was idle has already had this time.
            let reads = closed == Closed::Ended && self.activity.written() != written;
            if reads || self.activity.expires_at().is_none() {
                (quiet_since, written) = (Instant::now(), self.activity.written());
            } else if quiet_since.elapsed() >= GRACE {
                return closed;
            }
        }
    }

    fn unless_flooded(&self, closed: Closed) -> Closed {
        if self.activity.is_flooded() { Closed::Flood } else { closed }
    }
}
