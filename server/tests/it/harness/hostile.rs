//! Servers that keep no rule of HTTP or TLS: they write what they like into a connection.

use std::net::SocketAddr;
use std::sync::Arc;
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
    /// This, and then the next again and again, as fast as it is read.
    Endless(&'static str, &'static str),
    /// This, and then a byte each second.
    Drip(&'static str),
    /// A TCP connection that is taken and reset.
    ResetConnection,
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
    accepting: tokio::task::JoinHandle<()>,
}

impl HostileReceiver {
    pub(crate) async fn start(authority: &Authority, hostility: Hostility) -> HostileReceiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let mut config = (*authority.server_config()).clone();
        let http2 = matches!(hostility, Hostility::SilentHttp2 | Hostility::EndlessFrames(_));
        config.alpn_protocols = vec![if http2 { b"h2".to_vec() } else { b"http/1.1".to_vec() }];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let accepting = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                // That the other side gives up is what is tested.
                connections.spawn(async move { drop(hostility.serve(stream, acceptor).await) });
            }
        });
        HostileReceiver { address, accepting }
    }

    pub(crate) fn url(&self) -> String {
        format!("https://{}/notify", self.address)
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

/// Once all of the head of a request has come.
async fn requested(mut stream: TlsStream<TcpStream>) -> std::io::Result<TlsStream<TcpStream>> {
    let mut head = Vec::new();
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        if stream.read_buf(&mut head).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(stream)
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
