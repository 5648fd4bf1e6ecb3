//! What a connection has done until now. This decides how long the connection may wait, and how much it may send.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::limits::Admission;

#[derive(Clone, Copy, Debug)]
pub(in crate::node) struct Timeouts {
    /// Maximum time from the acceptance of a connection until its first request has arrived. This includes the TLS
    /// handshake, the preface of HTTP/2 and the fields of the request.
    pub(in crate::node) first_request: Duration,
    /// Maximum time without a request in progress after a response. A client that reads a response slowly gets more
    /// time for each byte that it reads.
    pub(in crate::node) idle: Duration,
}

/// A client must read at least one byte in this time on average.
const TIME_PER_BYTE: Duration = Duration::from_millis(1);

/// A client may send this number of bytes that serve no purpose.
const ALLOWED_USELESS_BYTES: u64 = 512 * 1024;

/// A client may also send this number of bytes for each useful byte: fields and bodies of requests. Small requests and
/// small parts of a body need additional bytes.
const BYTES_PER_USEFUL_BYTE: u64 = 8;

/// For each block of this many bytes that a client receives, it may also send one byte, because it acknowledges received
/// bytes with WINDOW_UPDATE.
const RECEIVED_BYTES_PER_BYTE: u64 = 8;

/// The cancelled requests of a client may outnumber its completed requests by this number.
const ALLOWED_CANCELLATIONS: u64 = 100;

/// A request line, or the pseudo-header fields of HTTP/2, count as this number of useful bytes in addition to the path.
const REQUEST_LINE_BYTES: u64 = 64;

pub(super) struct Activity {
    timeouts: Timeouts,
    admission: Admission,
    opened_at: Instant,
    /// When the connection expires, in milliseconds after `opened_at`. It has no meaning while requests are in progress.
    expires_ms: AtomicU64,
    requests: AtomicUsize,
    used: AtomicBool,
    read: AtomicU64,
    useful: AtomicU64,
    written: AtomicU64,
    completed: AtomicU64,
    cancelled: AtomicU64,
    flooded: AtomicBool,
}

impl Activity {
    pub(super) fn new(timeouts: Timeouts, admission: Admission) -> Activity {
        Activity {
            timeouts,
            admission,
            opened_at: Instant::now(),
            expires_ms: AtomicU64::new(timeouts.first_request.as_millis() as u64),
            requests: AtomicUsize::new(0),
            used: AtomicBool::new(false),
            read: AtomicU64::new(0),
            useful: AtomicU64::new(0),
            written: AtomicU64::new(0),
            completed: AtomicU64::new(0),
            cancelled: AtomicU64::new(0),
            flooded: AtomicBool::new(false),
        }
    }

    /// Returns the time at which the connection expires, or `None` while requests are in progress.
    pub(super) fn expires_at(&self) -> Option<Instant> {
        let idle = self.requests.load(Ordering::Acquire) == 0;
        idle.then(|| self.opened_at + Duration::from_millis(self.expires_ms.load(Ordering::Relaxed)))
    }

    /// Returns the time at which to call [`Activity::expires_at`] again. The first response can make the connection expire
    /// earlier. Later, the time of expiry only moves forward.
    pub(super) fn check_at(&self) -> Instant {
        let latest = Instant::now() + self.timeouts.idle;
        self.expires_at().map_or(latest, |expires_at| expires_at.min(latest))
    }

    /// Returns whether the connection has ever sent a complete request.
    pub(super) fn is_used(&self) -> bool {
        self.used.load(Ordering::Relaxed)
    }

    pub(super) fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    pub(super) fn is_flooded(&self) -> bool {
        self.flooded.load(Ordering::Relaxed)
    }

    pub(super) async fn displaced(&self) {
        self.admission.displaced().await;
    }

    /// The connection no longer counts. A handler may still use this value.
    pub(super) fn close(&self) {
        self.admission.end();
    }

    /// Counts a request as in progress until the returned value is dropped.
    pub(super) fn begin_request<B>(self: &Arc<Activity>, request: &Request<B>) -> InProgress {
        self.used.store(true, Ordering::Relaxed);
        if self.requests.fetch_add(1, Ordering::AcqRel) == 0 {
            self.admission.request_begins();
        }
        let fields = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>();
        let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
        self.useful.fetch_add((fields + target) as u64 + REQUEST_LINE_BYTES, Ordering::Relaxed);
        InProgress { activity: self.clone(), completed: false }
    }

    fn elapsed_ms(&self) -> u64 {
        self.opened_at.elapsed().as_millis() as u64
    }

    fn idle_ms(&self) -> u64 {
        self.timeouts.idle.as_millis() as u64
    }

    /// # Errors
    /// If the client has sent too many bytes that serve no purpose, or has cancelled too many requests.
    fn has_read(&self, bytes: usize) -> io::Result<()> {
        let read = self.read.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64;
        let useful = self.useful.load(Ordering::Relaxed) * BYTES_PER_USEFUL_BYTE;
        let received = self.written() / RECEIVED_BYTES_PER_BYTE;
        let cancels = self.cancelled.load(Ordering::Relaxed) > self.completed.load(Ordering::Relaxed) + ALLOWED_CANCELLATIONS;
        if cancels || read > ALLOWED_USELESS_BYTES + useful + received {
            self.flooded.store(true, Ordering::Relaxed);
            return Err(io::Error::other("the client floods the connection"));
        }
        Ok(())
    }

    fn has_written(&self, bytes: usize) {
        self.written.fetch_add(bytes as u64, Ordering::Relaxed);
        if self.is_used() {
            let added = bytes as u64 * TIME_PER_BYTE.as_millis() as u64;
            let latest = self.elapsed_ms() + self.idle_ms();
            let _ = self.expires_ms.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |expires| Some(latest.min(expires + added)));
        }
    }
}

pub(super) struct InProgress {
    activity: Arc<Activity>,
    completed: bool,
}

impl InProgress {
    /// Records that the response is complete. Without this call, the request counts as cancelled by the client.
    pub(super) fn complete(mut self) {
        self.completed = true;
    }
}

impl Drop for InProgress {
    fn drop(&mut self) {
        let activity = &*self.activity;
        let counter = if self.completed { &activity.completed } else { &activity.cancelled };
        counter.fetch_add(1, Ordering::Relaxed);
        activity.expires_ms.store(activity.elapsed_ms() + activity.idle_ms(), Ordering::Relaxed);
        if activity.requests.fetch_sub(1, Ordering::AcqRel) == 1 {
            activity.admission.request_ended(|| activity.requests.load(Ordering::Acquire) == 0);
        }
    }
}

/// The body of a request. Its bytes are useful.
pub(super) struct Counted {
    body: Incoming,
    activity: Arc<Activity>,
}

impl Counted {
    pub(super) fn new(body: Incoming, activity: Arc<Activity>) -> Counted {
        Counted { body, activity }
    }
}

impl Body for Counted {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(data) = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref()) {
            self.activity.useful.fetch_add(data.len() as u64, Ordering::Relaxed);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A stream whose bytes are counted. A read fails when the client floods the connection.
pub(super) struct Metered<S> {
    stream: S,
    activity: Arc<Activity>,
}

impl<S> Metered<S> {
    pub(super) fn new(stream: S, activity: Arc<Activity>) -> Metered<S> {
        Metered { stream, activity }
    }

    fn count(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = written {
            self.activity.has_written(bytes);
        }
        written
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        Poll::Ready(self.activity.has_read(buffer.filled().len() - before))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.count(written)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, context: &mut Context<'_>, parts: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.count(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
