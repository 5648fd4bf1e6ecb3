//! HTTP/1.1 connections.

use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::CLOSE_TIMEOUT;
use super::error::{Broken, Cause, Progress};
use super::facts::ConnectionFacts;
use super::meter::{MAX_HEADER_BYTES, Meter};
use super::socket::Socket;

/// Maximum number of fields in the header of a response.
const MAX_FIELDS: usize = 4096;

pub(super) struct Http1 {
    /// The library has a queue of 32 requests for each connection. The box makes these requests smaller.
    sender: SendRequest<Box<Full<Bytes>>>,
    pub(super) meter: Arc<Meter>,
    pub(super) facts: Arc<ConnectionFacts>,
    /// Whether no request has been sent on this connection.
    is_first: bool,
    /// Ends the connection. It must be dropped after `sender`. After that, nothing reads the body of a response.
    _close: DropGuard,
}

/// Only the status of a response matters, so the header may have the defects that RFC 9112 §5 allows a client to repair.
#[expect(clippy::disallowed_methods, reason = "the transport is the one place that opens connections to receivers")]
fn builder() -> Builder {
    let mut builder = Builder::new();
    builder
        .allow_obsolete_multiline_headers_in_responses(true)
        .allow_spaces_after_header_name_in_responses(true)
        .ignore_invalid_headers_in_responses(true)
        .max_headers(MAX_FIELDS)
        .max_buf_size(MAX_HEADER_BYTES);
    builder
}

impl Http1 {
    pub(super) async fn new(socket: Socket, meter: Arc<Meter>, facts: Arc<ConnectionFacts>) -> Result<Http1, Cause> {
        #[expect(clippy::disallowed_methods, reason = "the transport is the one place that opens connections to receivers")]
        let handshake = builder().handshake(TokioIo::new(socket)).await;
        let ended = |_| Broken::ended(&meter, Progress::NoResponse, true).cause;
        let (mut sender, connection) = handshake.map_err(ended)?;
        let close = CancellationToken::new();
        let closed = close.clone();
        // The error of the connection also reaches the request.
        tokio::spawn(async move {
            let mut connection = pin!(connection);
            tokio::select! {
                _ = &mut connection => {}
                // The library waits until the receiver has taken all bytes, and a receiver may never take them.
                () = closed.cancelled() => drop(tokio::time::timeout(CLOSE_TIMEOUT, connection).await),
            }
        });
        // The sender becomes ready when the task first runs. The pool uses only connections that are ready.
        sender.ready().await.map_err(ended)?;
        Ok(Http1 { sender, meter, facts, is_first: true, _close: close.drop_guard() })
    }

    /// Whether the next request can be sent now.
    pub(super) fn is_ready(&self) -> bool {
        self.sender.is_ready()
    }

    /// Waits until the next request can be sent. Returns `false` if the connection has ended.
    pub(super) async fn ready(&mut self) -> bool {
        self.sender.ready().await.is_ok()
    }

    pub(super) fn is_first(&self) -> bool {
        self.is_first
    }

    /// Sends a request. The caller has begun it with the meter.
    pub(super) async fn send(&mut self, request: Request<Box<Full<Bytes>>>) -> Result<Response<Incoming>, Broken> {
        let (before, is_first) = (self.meter.content(), std::mem::replace(&mut self.is_first, false));
        let mut error = match self.sender.try_send_request(request).await {
            Ok(response) => {
                self.meter.allow_body();
                return Ok(response);
            }
            Err(error) => error,
        };
        let not_sent = error.take_message().is_some();
        let error = error.into_error();
        if error.is_parse() {
            let cause = if error.is_parse_too_large() { Cause::TooManyBytes } else { Cause::InvalidResponse };
            return Err(Broken { cause, progress: Progress::Processed });
        }
        let progress = match () {
            () if not_sent => Progress::NotProcessed,
            () if self.meter.content() == before => Progress::NoResponse,
            () => Progress::Processed,
        };
        Err(Broken::ended(&self.meter, progress, is_first))
    }
}
