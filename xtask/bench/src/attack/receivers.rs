//! The hostile receivers and token servers. Each has its own host name, port and customer.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::counts::{Row, SharedCounts};
use super::responses::{Peer, Response};
use crate::authority;

/// A host with thousands of addresses. No address accepts a connection.
pub(super) const MANY_ADDRESSES: &str = "many-addresses.attack.example";

/// A host for which the name server never answers.
pub(super) const SILENT_NAME: &str = "silent-name.attack.example";

/// The receiver that accepts no connection, so its connections cannot be counted.
pub(super) const NOT_ACCEPTING: &str = "not-accepting";

/// Number of webhooks of the customer whose receiver accepts no callback.
const MANY_WEBHOOKS: usize = 100;

/// What a receiver does with a connection.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Behaviour {
    /// Does not even accept connections.
    NotAccepting,
    /// Accepts a TCP connection and sends nothing.
    SilentTls,
    /// Sends bytes that are not TLS.
    Write(&'static [u8]),
    /// Completes the TLS handshake over HTTP/1.1, reads a request, and sends this response.
    Respond(Response),
    /// Completes the TLS handshake over HTTP/1.1, and reads nothing.
    Unread,
    /// Completes the TLS handshake over HTTP/2. Ends the connection after each request without processing the request.
    GoAway,
    /// Completes the TLS handshake over HTTP/2, and sends PING frames without end.
    Pings,
}

/// A hostile receiver or token server.
pub(super) struct Receiver {
    pub(super) name: &'static str,
    behaviour: Behaviour,
}

const fn receiver(name: &'static str, behaviour: Behaviour) -> Receiver {
    Receiver { name, behaviour }
}

/// All hostile receivers. The name is the first part of the host name.
pub(super) const RECEIVERS: &[Receiver] = &[
    receiver("hanging", Behaviour::Respond(Response::Hang)),
    receiver("one-byte-at-a-time", Behaviour::Respond(Response::Drip)),
    receiver("endless-1xx", Behaviour::Respond(Response::EndlessInformational)),
    receiver("endless-header", Behaviour::Respond(Response::EndlessHeader)),
    receiver("endless-body", Behaviour::Respond(Response::EndlessBody)),
    receiver("endless-gzip", Behaviour::Respond(Response::EndlessGzip)),
    receiver("echo", Behaviour::Respond(Response::Echo)),
    receiver("echo-utf-16", Behaviour::Respond(Response::EchoUtf16)),
    receiver("encoded-secret", Behaviour::Respond(Response::Encodings)),
    receiver("words", Behaviour::Respond(Response::Words)),
    receiver("redirect", Behaviour::Respond(Response::Redirect)),
    receiver("retry-after", Behaviour::Respond(Response::RetryAfter)),
    receiver("reset", Behaviour::Respond(Response::Reset)),
    receiver("goaway", Behaviour::GoAway),
    receiver("endless-ping", Behaviour::Pings),
    receiver("unread", Behaviour::Unread),
    receiver("silent-tls", Behaviour::SilentTls),
    receiver("tls-garbage", Behaviour::Write(&[0x5a; 4096])),
    receiver("plain-http", Behaviour::Write(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")),
    receiver(NOT_ACCEPTING, Behaviour::NotAccepting),
    receiver("100-webhooks", Behaviour::Respond(Response::Unavailable)),
    receiver("token-hanging", Behaviour::Respond(Response::Hang)),
    receiver("token-large", Behaviour::Respond(Response::LargeToken)),
    receiver("token-endless", Behaviour::Respond(Response::EndlessToken)),
];

impl Receiver {
    /// Number of webhooks with this receiver.
    pub(super) fn webhooks(&self) -> usize {
        if self.behaviour == Behaviour::Respond(Response::Unavailable) { MANY_WEBHOOKS } else { 1 }
    }

    pub(super) fn is_token_server(&self) -> bool {
        self.name.starts_with("token-")
    }

    /// Whether the notifications for this receiver are large.
    pub(super) fn needs_large_payload(&self) -> bool {
        self.behaviour == Behaviour::Unread
    }
}

pub(super) fn host(name: &str) -> String {
    format!("{name}.{}", authority::ATTACK_DOMAIN)
}

/// Returns the address of a hostile receiver, or `None` if no receiver has this host name. Each receiver has its own
/// address. So a limit for one address does not keep callbacks from other receivers.
pub(super) fn address_of(name: &str) -> Option<Ipv4Addr> {
    RECEIVERS.iter().position(|receiver| host(receiver.name) == name).map(address)
}

/// Returns the address of the receiver at this index of [`RECEIVERS`].
fn address(index: usize) -> Ipv4Addr {
    Ipv4Addr::new(127, 2, 0, index as u8 + 1)
}

/// The receivers that run.
pub(super) struct Running {
    counts: Vec<SharedCounts>,
    pub(super) ports: Vec<u16>,
    _tasks: JoinSet<()>,
}

impl Running {
    /// Starts all receivers. Writes the certificate of their authority to `ca_file`.
    pub(super) async fn start(ca_file: &Path) -> anyhow::Result<Running> {
        let http1 = authority::server_config(ca_file)?;
        let mut http2 = http1.clone();
        http2.alpn_protocols = vec![b"h2".to_vec()];
        let (http1, http2) = (TlsAcceptor::from(Arc::new(http1)), TlsAcceptor::from(Arc::new(http2)));
        let mut running = Running { counts: Vec::new(), ports: Vec::new(), _tasks: JoinSet::new() };
        for (index, receiver) in RECEIVERS.iter().enumerate() {
            let listener = TcpListener::bind((address(index), 0)).await?;
            let counts = SharedCounts::default();
            running.ports.push(listener.local_addr()?.port());
            running.counts.push(counts.clone());
            let tls = if matches!(receiver.behaviour, Behaviour::GoAway | Behaviour::Pings) { &http2 } else { &http1 };
            running._tasks.spawn(accept(listener, receiver.behaviour, tls.clone(), counts));
        }
        Ok(running)
    }

    pub(super) fn report(&self) -> Vec<Row> {
        let rows = RECEIVERS.iter().zip(&self.counts);
        rows.map(|(receiver, counts)| Row { name: receiver.name.to_owned(), counts: counts.get() }).collect()
    }
}

async fn accept(listener: TcpListener, behaviour: Behaviour, tls: TlsAcceptor, counts: SharedCounts) {
    if behaviour == Behaviour::NotAccepting {
        // The kernel completes connections until the queue of the listener is full.
        return std::future::pending().await;
    }
    let mut serving = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        counts.change(|counts| counts.connections += 1);
        let (tls, counts) = (tls.clone(), counts.clone());
        serving.spawn(async move {
            let end = serve(stream, behaviour, tls, &counts).await;
            counts.end(if end.is_ok() { "ended by the receiver" } else { "ended by the service" });
        });
        while serving.try_join_next().is_some() {}
    }
}

/// Serves a connection. An error means that the service has ended the connection.
async fn serve(mut stream: TcpStream, behaviour: Behaviour, tls: TlsAcceptor, counts: &SharedCounts) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    match behaviour {
        Behaviour::NotAccepting => Ok(()),
        Behaviour::SilentTls => Peer { stream: &mut stream, counts }.wait_for_end().await,
        Behaviour::Write(bytes) => Peer { stream: &mut stream, counts }.write(bytes).await,
        Behaviour::Unread => {
            let stream = tls.accept(stream).await?;
            std::future::pending::<()>().await;
            drop(stream);
            Ok(())
        }
        Behaviour::GoAway => Peer { stream: &mut tls.accept(stream).await?, counts }.go_away().await,
        Behaviour::Pings => Peer { stream: &mut tls.accept(stream).await?, counts }.ping().await,
        Behaviour::Respond(response) => {
            let mut stream = tls.accept(stream).await?;
            let ended = Peer { stream: &mut stream, counts }.respond(response).await;
            if response == Response::Reset {
                let _ = stream.get_ref().0.set_zero_linger();
            }
            ended
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_receiver_has_its_own_host() {
        let mut names: Vec<_> = RECEIVERS.iter().map(|receiver| host(receiver.name)).collect();
        names.extend([MANY_ADDRESSES.to_owned(), SILENT_NAME.to_owned(), authority::HONEST_HOST.to_owned()]);
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
