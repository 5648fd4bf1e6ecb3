//! The sockets of a connection: one below TLS, which counts all bytes, and one above TLS, which records errors.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::meter::Meter;

/// A TCP connection whose received bytes are limited.
pub(super) struct MeteredTcp {
    stream: TcpStream,
    meter: Arc<Meter>,
}

impl MeteredTcp {
    pub(super) fn new(stream: TcpStream, meter: Arc<Meter>) -> MeteredTcp {
        MeteredTcp { stream, meter }
    }
}

impl AsyncRead for MeteredTcp {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(cx, buffer))?;
        Poll::Ready(this.meter.receive(buffer.filled().len() - before))
    }
}

impl AsyncWrite for MeteredTcp {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(self: Pin<&mut Self>, cx: &mut Context<'_>, slices: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

enum Stream {
    Plain(MeteredTcp),
    Tls(Box<TlsStream<MeteredTcp>>),
}

/// Delegates to the stream of either kind.
macro_rules! delegate {
    ($stream:expr, $method:ident ( $($argument:expr),* )) => {
        match $stream {
            Stream::Plain(stream) => Pin::new(stream).$method($($argument),*),
            Stream::Tls(stream) => Pin::new(&mut **stream).$method($($argument),*),
        }
    };
}

/// The socket that HTTP uses. It records the first error of the connection, and counts the bytes without those of TLS.
pub(super) struct Socket {
    stream: Stream,
    meter: Arc<Meter>,
}

impl Socket {
    pub(super) fn plain(stream: MeteredTcp) -> Socket {
        let meter = stream.meter.clone();
        Socket { stream: Stream::Plain(stream), meter }
    }

    pub(super) fn tls(stream: TlsStream<MeteredTcp>) -> Socket {
        let meter = stream.get_ref().0.meter.clone();
        Socket { stream: Stream::Tls(Box::new(stream)), meter }
    }

    fn record<T>(&self, result: io::Result<T>) -> io::Result<T> {
        result.inspect_err(|error| self.meter.set_end_from(error))
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let result = ready!(delegate!(&mut this.stream, poll_read(cx, buffer)));
        this.meter.receive_content(buffer.filled().len() - before);
        Poll::Ready(this.record(result))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = ready!(delegate!(&mut this.stream, poll_write(cx, bytes)));
        Poll::Ready(this.record(result))
    }

    fn poll_write_vectored(self: Pin<&mut Self>, cx: &mut Context<'_>, slices: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = ready!(delegate!(&mut this.stream, poll_write_vectored(cx, slices)));
        Poll::Ready(this.record(result))
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Plain(stream) => stream.is_write_vectored(),
            Stream::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let result = ready!(delegate!(&mut this.stream, poll_flush(cx)));
        Poll::Ready(this.record(result))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        delegate!(&mut self.get_mut().stream, poll_shutdown(cx))
    }
}
