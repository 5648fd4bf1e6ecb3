//! What a hostile client does with its connections.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;

use super::counts::{SharedCounts, Statuses, end_of};

/// Maximum time to open a connection. A connection takes longer if the queue of the listener is full.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Maximum time of a TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Time until a client replaces a connection that has ended.
const RECONNECT_PAUSE: Duration = Duration::from_secs(1);

/// Time until a client that floods a connection replaces it.
const FLOOD_PAUSE: Duration = Duration::from_millis(100);

/// Time between two connections that a client closes at once.
const CLOSE_PAUSE: Duration = Duration::from_millis(10);

/// Time between two bytes of a slow client.
const DRIP_PAUSE: Duration = Duration::from_millis(500);

/// Returns one part of an endless stream. The parameter is the index of the part.
pub(super) type Part = fn(u32) -> Vec<u8>;

pub(super) enum Conduct {
    /// Sends these bytes and nothing more.
    Stall(Vec<u8>),
    /// Sends the bytes, and then this byte again and again, slowly.
    Drip(Vec<u8>, u8),
    /// Sends the bytes, and then endless parts with this time between two parts.
    Flood(Vec<u8>, Part, Duration),
    /// Sends requests as fast as possible and reads no response.
    Unread(Vec<u8>),
    /// Closes each connection at once.
    Close,
}

impl Conduct {
    /// Opens connections, one after another, until the task is aborted. With `tls`, the connections use TLS.
    pub(super) async fn repeat(&self, from: Ipv4Addr, to: SocketAddr, tls: Option<TlsConnector>, counts: &SharedCounts) -> Infallible {
        loop {
            counts.change(|counts| counts.connections += 1);
            let end = match timeout(CONNECT_TIMEOUT, connect(from, to)).await {
                Ok(Ok(stream)) => self.attack(stream, tls.as_ref(), counts).await,
                Ok(Err(error)) => end_of(&error),
                Err(_) => "not accepted",
            };
            counts.end(end);
            sleep(self.reconnect_pause()).await;
        }
    }

    fn reconnect_pause(&self) -> Duration {
        match self {
            Conduct::Close => CLOSE_PAUSE,
            Conduct::Flood(..) => FLOOD_PAUSE,
            _ => RECONNECT_PAUSE,
        }
    }

    /// Uses the connection until it ends. Returns how it ended.
    async fn attack(&self, stream: TcpStream, tls: Option<&TlsConnector>, counts: &SharedCounts) -> &'static str {
        if matches!(self, Conduct::Close) {
            // With this setting, the connection is reset. So its port can be used again at once.
            let _ = stream.set_zero_linger();
            return "closed by the client";
        }
        let (Some(tls), Ok(server)) = (tls, stream.peer_addr()) else { return self.exchange(stream, counts).await };
        match timeout(HANDSHAKE_TIMEOUT, tls.connect(server.ip().into(), stream)).await {
            Ok(Ok(stream)) => self.exchange(stream, counts).await,
            Ok(Err(error)) => end_of(&error),
            Err(_) => "no handshake",
        }
    }

    async fn exchange(&self, stream: impl AsyncRead + AsyncWrite, counts: &SharedCounts) -> &'static str {
        let reads = !matches!(self, Conduct::Unread(_));
        let (reader, writer) = tokio::io::split(stream);
        let (receive, send) = (receive(reader, counts), self.send(writer, counts));
        // The response is read first, because it may explain why the server closes the connection.
        tokio::select! {
            biased;
            end = receive, if reads => end,
            Err(error) = send => end_of(&error),
        }
    }

    async fn send(&self, mut writer: impl AsyncWrite + Unpin, counts: &SharedCounts) -> io::Result<Infallible> {
        match self {
            Conduct::Stall(bytes) => {
                writer.write_all(bytes).await?;
                writer.flush().await?;
            }
            Conduct::Drip(bytes, byte) => {
                writer.write_all(bytes).await?;
                loop {
                    sleep(DRIP_PAUSE).await;
                    writer.write_all(&[*byte]).await?;
                    writer.flush().await?;
                }
            }
            Conduct::Flood(bytes, part, pause) => {
                writer.write_all(bytes).await?;
                for index in 0.. {
                    writer.write_all(&part(index)).await?;
                    writer.flush().await?;
                    counts.change(|counts| counts.requests += 1);
                    if !pause.is_zero() {
                        sleep(*pause).await;
                    }
                }
            }
            Conduct::Unread(request) => loop {
                writer.write_all(request).await?;
                counts.change(|counts| counts.requests += 1);
            },
            Conduct::Close => {}
        }
        std::future::pending().await
    }
}

async fn connect(from: Ipv4Addr, to: SocketAddr) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((from, 0).into())?;
    socket.connect(to).await
}

/// Reads until the connection ends, and counts the responses. Returns how the connection ended.
async fn receive(mut reader: impl AsyncRead + Unpin, counts: &SharedCounts) -> &'static str {
    let (mut statuses, mut part) = (Statuses::default(), vec![0; 16 * 1024]);
    loop {
        match reader.read(&mut part).await {
            Ok(0) => return "closed",
            Ok(length) => {
                for status in statuses.read(&part[..length]) {
                    counts.change(|counts| *counts.statuses.entry(status).or_default() += 1);
                }
            }
            Err(error) => return end_of(&error),
        }
    }
}
