//! Servers that violate HTTP or TLS, or write arbitrary bytes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::Authority;

/// What the server does with each connection.
#[derive(Clone, Copy, Debug)]
pub(crate) enum HostileBehaviour {
    /// Over HTTP/1.1: writes this text after the request, and closes the connection.
    Respond(&'static str),
    /// Like `Respond`, but resets the connection instead of closing it.
    RespondAndReset(&'static str),
    /// Writes the first text, and then repeats the second text as fast as the client reads it.
    Endless(&'static str, &'static str),
    /// Writes this text, and then one byte per second.
    Drip(&'static str),
    /// Accepts a TCP connection and resets it.
    ResetConnection,
    /// Accepts a TCP connection and does nothing.
    Silent,
    /// Sends bytes that are not valid TLS during the TLS handshake.
    TlsGarbage,
    /// Accepts a TLS connection with HTTP/2 and sends nothing.
    SilentHttp2,
    /// Over HTTP/2: sends the mandatory frames, and then repeats this frame as fast as the client reads it.
    EndlessFrames(&'static [u8]),
}

/// An empty SETTINGS frame (RFC 9113 §6.5). Every HTTP/2 server must send a SETTINGS frame first.
const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];

pub(crate) struct HostileReceiver {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    accepting: tokio::task::JoinHandle<()>,
}

impl HostileReceiver {
    pub(crate) async fn start(authority: &Authority, hostility: HostileBehaviour) -> HostileReceiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound listener");
        let http2 = matches!(hostility, HostileBehaviour::SilentHttp2 | HostileBehaviour::EndlessFrames(_));
        let acceptor = authority.acceptor(&[if http2 { "h2" } else { "http/1.1" }]);
        let connections = Arc::new(AtomicUsize::new(0));
        let count = connections.clone();
        let accepting = tokio::spawn(async move {
            let mut serving = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                // The socket sends bytes without delay, so that they arrive before a reset.
                let _ = stream.set_nodelay(true);
                let acceptor = acceptor.clone();
                // The result is ignored, because an error is normal when the client closes the connection.
                serving.spawn(async move { drop(hostility.serve(stream, acceptor).await) });
            }
        });
        HostileReceiver { address, connections, accepting }
    }

    pub(crate) fn url(&self) -> String {
        format!("https://{}/notify", self.address)
    }

    /// The number of TCP connections so far.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

impl Drop for HostileReceiver {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl HostileBehaviour {
    async fn serve(self, mut stream: TcpStream, acceptor: TlsAcceptor) -> std::io::Result<()> {
        match self {
            HostileBehaviour::ResetConnection => stream.set_zero_linger(),
            HostileBehaviour::Silent => {
                let _silent = stream;
                std::future::pending().await
            }
            HostileBehaviour::TlsGarbage => {
                // Reads the header of the first TLS record.
                stream.read_exact(&mut [0; 5]).await?;
                stream.write_all(&[0xff; 1024]).await
            }
            HostileBehaviour::SilentHttp2 => {
                let _silent = acceptor.accept(stream).await?;
                std::future::pending().await
            }
            HostileBehaviour::EndlessFrames(frame) => {
                let mut stream = acceptor.accept(stream).await?;
                stream.write_all(&SETTINGS).await?;
                // Reads the connection preface of the client (RFC 9113 §3.4), which comes before the request.
                stream.read_exact(&mut [0; 24]).await?;
                repeat(stream, frame).await
            }
            HostileBehaviour::Respond(response) => {
                let mut stream = read_request(acceptor.accept(stream).await?).await?;
                stream.write_all(response.as_bytes()).await?;
                stream.shutdown().await
            }
            HostileBehaviour::RespondAndReset(response) => {
                let mut stream = read_request(acceptor.accept(stream).await?).await?;
                stream.write_all(response.as_bytes()).await?;
                stream.flush().await?;
                // When the socket is closed, it now sends an RST instead of a FIN.
                stream.get_ref().0.set_zero_linger()
            }
            HostileBehaviour::Endless(begin, again) => {
                let mut stream = read_request(acceptor.accept(stream).await?).await?;
                stream.write_all(begin.as_bytes()).await?;
                repeat(stream, again.as_bytes()).await
            }
            HostileBehaviour::Drip(begin) => {
                let mut stream = read_request(acceptor.accept(stream).await?).await?;
                stream.write_all(begin.as_bytes()).await?;
                loop {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    stream.write_all(b"x").await?;
                    stream.flush().await?;
                }
            }
        }
    }
}

async fn read_request(mut stream: TlsStream<TcpStream>) -> std::io::Result<TlsStream<TcpStream>> {
    let mut request = Vec::new();
    while !is_whole(&request) {
        if stream.read_buf(&mut request).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(stream)
}

/// Whether the head and the body of the request are complete (RFC 9112 §6.3).
fn is_whole(request: &[u8]) -> bool {
    let Some(head) = request.windows(4).position(|window| window == b"\r\n\r\n") else { return false };
    let text = String::from_utf8_lossy(&request[..head]).to_ascii_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length.map_or(0, |length| length.trim().parse().expect("a length"));
    request.len() >= head + 4 + length
}

/// Writes `what` again and again. Reads at the same time, so that the client can always send.
async fn repeat(stream: TlsStream<TcpStream>, what: &[u8]) -> std::io::Result<()> {
    let (mut reader, mut writer) = tokio::io::split(stream);
    let many = what.repeat(16 * 1024 / what.len() + 1);
    let write = async {
        loop {
            writer.write_all(&many).await?;
        }
    };
    let mut sink = tokio::io::sink();
    tokio::select! {
        written = write => written,
        read = tokio::io::copy(&mut reader, &mut sink) => read.map(drop),
    }
}
