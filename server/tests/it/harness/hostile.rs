//! Servers that keep no rule of HTTP or TLS: they write what they like into a connection.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::Authority;

/// What is written into each connection.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Hostility {
    /// Over HTTP/1.1, once a request has come: this, and the connection is closed.
    Answer(&'static str),
    /// The same, and the connection is reset.
    AnswerAndReset(&'static str),
    /// This, and then the next again and again, as fast as it is read.
    Endless(&'static str, &'static str),
    /// This, and then a byte each second.
    Drip(&'static str),
    /// A TCP connection that is taken and reset.
    ResetConnection,
    /// A TCP connection that is taken, and nothing more.
    Silent,
    /// No TLS, though that was agreed.
    TlsGarbage,
    /// Over HTTP/2: nothing at all.
    SilentHttp2,
    /// The frames that must come, and then this one again and again, as fast as it is read.
    EndlessFrames(&'static [u8]),
}

/// A SETTINGS frame without any (RFC 9113 §6.5), with which each HTTP/2 server begins.
const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];

pub(crate) struct HostileReceiver {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    accepting: tokio::task::JoinHandle<()>,
}

impl HostileReceiver {
    pub(crate) async fn start(authority: &Authority, hostility: Hostility) -> HostileReceiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let http2 = matches!(hostility, Hostility::SilentHttp2 | Hostility::EndlessFrames(_));
        let acceptor = authority.acceptor(&[if http2 { "h2" } else { "http/1.1" }]);
        let connections = Arc::new(AtomicUsize::new(0));
        let count = connections.clone();
        let accepting = tokio::spawn(async move {
            let mut serving = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                // What is written leaves before the connection is reset.
                let _ = stream.set_nodelay(true);
                let acceptor = acceptor.clone();
                // That the other side gives up is what is tested.
                serving.spawn(async move { drop(hostility.serve(stream, acceptor).await) });
            }
        });
        HostileReceiver { address, connections, accepting }
    }

    pub(crate) fn url(&self) -> String {
        format!("https://{}/notify", self.address)
    }

    /// How many TCP connections came so far.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

impl Drop for HostileReceiver {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Hostility {
    async fn serve(self, mut stream: TcpStream, acceptor: TlsAcceptor) -> std::io::Result<()> {
        match self {
            Hostility::ResetConnection => stream.set_zero_linger(),
            Hostility::Silent => {
                let _silent = stream;
                std::future::pending().await
            }
            Hostility::TlsGarbage => {
                // The beginning of the first TLS record.
                stream.read_exact(&mut [0; 5]).await?;
                stream.write_all(&[0xff; 1024]).await
            }
            Hostility::SilentHttp2 => {
                let _silent = acceptor.accept(stream).await?;
                std::future::pending().await
            }
            Hostility::EndlessFrames(frame) => {
                let mut stream = acceptor.accept(stream).await?;
                stream.write_all(&SETTINGS).await?;
                // The preface (RFC 9113 §3.4), behind which the request comes.
                stream.read_exact(&mut [0; 24]).await?;
                repeat(stream, frame).await
            }
            Hostility::Answer(answer) => {
                let mut stream = requested(acceptor.accept(stream).await?).await?;
                stream.write_all(answer.as_bytes()).await?;
                stream.shutdown().await
            }
            Hostility::AnswerAndReset(answer) => {
                let mut stream = requested(acceptor.accept(stream).await?).await?;
                stream.write_all(answer.as_bytes()).await?;
                stream.flush().await?;
                // What is closed after this sends a RST in the place of a FIN.
                stream.get_ref().0.set_zero_linger()
            }
            Hostility::Endless(begin, again) => {
                let mut stream = requested(acceptor.accept(stream).await?).await?;
                stream.write_all(begin.as_bytes()).await?;
                repeat(stream, again.as_bytes()).await
            }
            Hostility::Drip(begin) => {
                let mut stream = requested(acceptor.accept(stream).await?).await?;
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

/// Once all of a request has come.
async fn requested(mut stream: TlsStream<TcpStream>) -> std::io::Result<TlsStream<TcpStream>> {
    let mut request = Vec::new();
    while !is_whole(&request) {
        if stream.read_buf(&mut request).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(stream)
}

/// Whether its head is there, and as much of a body as that says (RFC 9112 §6.3).
fn is_whole(request: &[u8]) -> bool {
    let Some(head) = request.windows(4).position(|window| window == b"\r\n\r\n") else { return false };
    let text = String::from_utf8_lossy(&request[..head]).to_ascii_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length.map_or(0, |length| length.trim().parse().expect("a length"));
    request.len() >= head + 4 + length
}

/// What the other side says meanwhile is read, so that it does not wait for that.
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
