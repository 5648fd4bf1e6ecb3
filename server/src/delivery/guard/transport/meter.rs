//! Limits the bytes that a connection receives, and records why the connection ended.
//!
//! A receiver can send much before the final status: 1xx responses, header fields, and over HTTP/2 any frame. TLS also
//! has records without content. So the meter counts all bytes that arrive on the TCP connection. Each step of a
//! request adds to the allowance of the connection. Without allowance, the connection ends.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// Allowance for the TLS handshake. Usual certificate chains have less than 10 KB.
const TLS_HANDSHAKE_BYTES: i64 = 128 * 1024;

/// Allowance for everything before the body of a response. The header itself has at most [`MAX_HEADER_BYTES`]. The rest
/// is for TLS records and tickets, and for other frames of HTTP/2.
pub(super) const MAX_HEAD_BYTES: i64 = 96 * 1024;

/// Maximum size of the header of a response, including the status line.
pub(super) const MAX_HEADER_BYTES: usize = 64 * 1024;

/// Allowance for the body of a response. It is larger than the part of a body that is read, because a body may arrive
/// in small frames, and because the receiver may send a full HTTP/2 window more.
const MAX_BODY_BYTES: i64 = 256 * 1024;

/// Allowance of a connection without requests, for TLS tickets, and for SETTINGS and other frames of HTTP/2.
const MAX_IDLE_BYTES: i64 = 32 * 1024;

/// Why a connection ended. The error of the HTTP library does not contain the typed error of TLS.
#[derive(Clone, Debug)]
pub(super) enum End {
    /// The receiver sent more bytes than allowed.
    TooManyBytes,
    Tls(rustls::Error),
    Io(io::ErrorKind),
    /// The receiver did not respond to a PING frame.
    NoPong,
}

/// The state that a connection shares with its sockets.
#[derive(Debug)]
pub(super) struct Meter {
    start: Instant,
    allowance: AtomicI64,
    /// The number of requests that have not ended.
    requests: Mutex<u32>,
    /// The number of received bytes without those of TLS.
    content: AtomicU64,
    last_read_ms: AtomicU64,
    end: OnceLock<End>,
    client_certificate_requested: AtomicBool,
}

/// The receiver sent more bytes than allowed.
#[derive(Debug, thiserror::Error)]
#[error("the receiver sent too many bytes")]
struct TooManyBytes;

impl Meter {
    pub(super) fn new() -> Meter {
        Meter {
            start: Instant::now(),
            allowance: AtomicI64::new(TLS_HANDSHAKE_BYTES),
            requests: Mutex::new(0),
            content: AtomicU64::new(0),
            last_read_ms: AtomicU64::new(0),
            end: OnceLock::new(),
            client_certificate_requested: AtomicBool::new(false),
        }
    }

    /// Ends the allowance for the TLS handshake.
    pub(super) fn connected(&self) {
        self.allowance.store(MAX_IDLE_BYTES, Ordering::Relaxed);
    }

    /// Counts bytes of TCP.
    ///
    /// # Errors
    /// When the connection has no allowance left.
    pub(super) fn receive(&self, bytes: usize) -> io::Result<()> {
        self.last_read_ms.store(self.now_ms(), Ordering::Relaxed);
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        if self.allowance.fetch_sub(bytes, Ordering::Relaxed) >= bytes {
            return Ok(());
        }
        self.set_end(End::TooManyBytes);
        Err(io::Error::other(TooManyBytes))
    }

    pub(super) fn receive_content(&self, bytes: usize) {
        self.content.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn content(&self) -> u64 {
        self.content.load(Ordering::Relaxed)
    }

    /// Records the first reason why the connection ended. Later reasons are consequences.
    pub(super) fn set_end(&self, end: End) {
        let _ = self.end.set(end);
    }

    pub(super) fn set_end_from(&self, error: &io::Error) {
        let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        self.set_end(tls.map_or_else(|| End::Io(error.kind()), |tls| End::Tls(tls.clone())));
    }

    pub(super) fn end(&self) -> Option<&End> {
        self.end.get()
    }

    pub(super) fn set_client_certificate_requested(&self) {
        self.client_certificate_requested.store(true, Ordering::Relaxed);
    }

    pub(super) fn client_certificate_requested(&self) -> bool {
        self.client_certificate_requested.load(Ordering::Relaxed)
    }

    /// The time since the connection last received a byte.
    pub(super) fn since_last_read(&self) -> Duration {
        Duration::from_millis(self.now_ms().saturating_sub(self.last_read_ms.load(Ordering::Relaxed)))
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The number of requests that have not ended.
    pub(super) fn requests(&self) -> u32 {
        *self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a request.
    pub(super) fn begin_request(&self) {
        *self.requests.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.allowance.fetch_add(MAX_HEAD_BYTES, Ordering::Relaxed);
    }

    /// Allows the body of a response whose header has arrived.
    pub(super) fn allow_body(&self) {
        self.allowance.fetch_add(MAX_BODY_BYTES, Ordering::Relaxed);
    }

    /// Ends a request. Returns the number of the remaining requests. The unused allowance of the ended request is removed.
    /// Otherwise a receiver could save allowance for a later request. `late` is the number of bytes that may still arrive
    /// of the response.
    pub(super) fn end_request(&self, late: u32) -> u32 {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        *requests -= 1;
        let most = MAX_IDLE_BYTES + i64::from(late) + i64::from(*requests) * (MAX_HEAD_BYTES + MAX_BODY_BYTES);
        self.allowance.fetch_min(most, Ordering::Relaxed);
        *requests
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_request_has_its_own_allowance() {
        let meter = Meter::new();
        meter.connected();
        for _ in 0..100 {
            meter.begin_request();
            meter.receive(MAX_HEADER_BYTES).expect("the header of a response");
            meter.allow_body();
            meter.receive(64 * 1024).expect("the body of a response");
            assert_eq!(meter.end_request(0), 0);
            // A long body takes allowance from the idle connection, and a short body leaves none for later requests.
            assert!(meter.allowance.load(Ordering::Relaxed) <= MAX_IDLE_BYTES);
        }
        meter.begin_request();
        let most = usize::try_from(MAX_HEAD_BYTES + MAX_IDLE_BYTES).expect("a positive number");
        meter.receive(most + 1).expect_err("too many bytes before the body");
        assert!(matches!(meter.end(), Some(End::TooManyBytes)));
    }

    #[test]
    fn the_rest_of_a_canceled_response_does_not_end_an_idle_connection() {
        const WINDOW: u32 = 64 * 1024;
        let meter = Meter::new();
        meter.connected();
        for _ in 0..100 {
            meter.begin_request();
            meter.receive(100).expect("the header of a response");
            meter.allow_body();
            assert_eq!(meter.end_request(WINDOW), 0);
            meter.receive(WINDOW as usize).expect("the rest of the window");
        }
        meter.receive((WINDOW as usize) * 2).expect_err("more than the window");
    }
}
