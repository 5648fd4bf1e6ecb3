//! Opens connections: looks up the name, checks the addresses, connects, and makes the TLS handshake.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use http::Version;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use super::error::{Cause, SendError, Step};
use super::facts::ConnectionFacts;
use super::http1::Http1;
use super::http2::Http2;
use super::meter::Meter;
use super::socket::{MeteredTcp, Socket};
use super::tls;
use crate::delivery::guard::resolver::CheckingResolver;

/// Time after which the next address is also tried, while the previous connections are still being opened (RFC 8305 §5).
const NEXT_ADDRESS_DELAY: Duration = Duration::from_millis(250);

/// The properties that all requests of a connection share. Requests of different accounts never share a connection,
/// because a receiver can end all requests of its connections. All requests have the same source address, client
/// identity and trust anchors. If one of these can differ, it must become a member.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ConnectionKey {
    account: Arc<str>,
    pub(super) https: bool,
    host: Host<String>,
    port: u16,
}

impl ConnectionKey {
    /// Returns the key of a URL that [`Guard::check_url`](super::super::Guard::check_url) has accepted. Such a URL has a
    /// host, and the port is known.
    pub(super) fn of(url: &Url, account: &Arc<str>) -> Option<ConnectionKey> {
        Some(ConnectionKey {
            account: account.clone(),
            https: url.scheme() == "https",
            host: url.host()?.to_owned(),
            port: url.port_or_known_default()?,
        })
    }

    /// Returns the name that the certificate must have.
    fn server_name(&self) -> Option<ServerName<'static>> {
        match &self.host {
            // A name in a certificate has no final dot (RFC 6066 §3).
            Host::Domain(name) => ServerName::try_from(name.strip_suffix('.').unwrap_or(name).to_owned()).ok(),
            Host::Ipv4(address) => Some(IpAddr::from(*address).into()),
            Host::Ipv6(address) => Some(IpAddr::from(*address).into()),
        }
    }
}

pub(super) enum Connection {
    Http1(Http1),
    Http2(Arc<Http2>),
}

impl Connection {
    pub(super) fn meter(&self) -> &Meter {
        match self {
            Connection::Http1(connection) => &connection.meter,
            Connection::Http2(connection) => &connection.meter,
        }
    }

    pub(super) fn facts(&self) -> &ConnectionFacts {
        match self {
            Connection::Http1(connection) => &connection.facts,
            Connection::Http2(connection) => &connection.facts,
        }
    }

    pub(super) fn is_first(&self) -> bool {
        match self {
            Connection::Http1(connection) => connection.is_first(),
            Connection::Http2(connection) => connection.is_first(),
        }
    }
}

pub(super) struct Dialer {
    pub(super) resolver: CheckingResolver,
    pub(super) tls: TlsConnector,
    /// Time limit for all steps together.
    pub(super) timeout: Duration,
}

impl Dialer {
    pub(super) async fn dial(&self, key: &ConnectionKey) -> Result<Connection, SendError> {
        let (mut facts, mut step) = (ConnectionFacts::default(), Step::Lookup);
        let result = tokio::time::timeout(self.timeout, self.make_steps(key, &mut facts, &mut step)).await;
        let result = result.unwrap_or(Err(Cause::ConnectTimedOut { step, limit: self.timeout }));
        result.map_err(|cause| SendError { cause, connection: Box::new(facts) })
    }

    async fn make_steps(&self, key: &ConnectionKey, facts: &mut ConnectionFacts, step: &mut Step) -> Result<Connection, Cause> {
        let start = Instant::now();
        let addresses = match &key.host {
            // The guard has checked the address, because it is in the URL.
            Host::Ipv4(address) => vec![IpAddr::from(*address)],
            Host::Ipv6(address) => vec![IpAddr::from(*address)],
            Host::Domain(name) => self.resolver.addresses(name).await?,
        };
        facts.lookup = Some(start.elapsed());

        *step = Step::Connect;
        facts.tried = addresses.first().map(|address| SocketAddr::new(*address, key.port));
        let start = Instant::now();
        let (stream, remote) = connect(addresses, key.port).await.map_err(|error| Cause::of_connect(&error))?;
        facts.connect = Some(start.elapsed());
        facts.remote = Some(remote);
        let meter = Arc::new(Meter::new());
        let stream = MeteredTcp::new(stream, meter.clone());
        if !key.https {
            meter.connected();
            facts.http_version = Some(Version::HTTP_11);
            return Ok(Connection::Http1(Http1::new(Socket::plain(stream), meter, Arc::new(facts.clone())).await?));
        }

        *step = Step::TlsHandshake;
        let start = Instant::now();
        let name = key.server_name().ok_or(Cause::Tls(rustls::Error::UnsupportedNameType))?;
        let handshake = tls::handshake(&self.tls, name, stream, &meter).await;
        facts.client_certificate_requested = meter.client_certificate_requested();
        let stream = handshake.map_err(|error| handshake_failure(&error, &meter))?;
        meter.connected();
        facts.tls_handshake = Some(start.elapsed());
        let session = stream.get_ref().1;
        facts.tls_version = session.protocol_version();
        let is_http2 = session.alpn_protocol() == Some(tls::HTTP_2);
        facts.http_version = Some(if is_http2 { Version::HTTP_2 } else { Version::HTTP_11 });
        let (socket, facts) = (Socket::tls(stream), Arc::new(facts.clone()));
        Ok(match is_http2 {
            true => Connection::Http2(Arc::new(Http2::new(socket, meter, facts).await?)),
            false => Connection::Http1(Http1::new(socket, meter, facts).await?),
        })
    }
}

/// Connects to the first address that accepts the connection. Returns the error of the first address if none does.
async fn connect(addresses: Vec<IpAddr>, port: u16) -> io::Result<(TcpStream, SocketAddr)> {
    let mut addresses = addresses.into_iter().map(|address| SocketAddr::new(address, port)).peekable();
    let mut attempts = FuturesUnordered::new();
    let mut failure = None;
    loop {
        match addresses.next() {
            Some(address) => attempts.push(connect_to(address)),
            None if attempts.is_empty() => return Err(failure.unwrap_or_else(|| io::ErrorKind::NotFound.into())),
            None => {}
        }
        let more = addresses.peek().is_some();
        tokio::select! {
            Some(result) = attempts.next() => match result {
                Ok(connected) => return Ok(connected),
                Err(error) => drop(failure.get_or_insert(error)),
            },
            () = tokio::time::sleep(NEXT_ADDRESS_DELAY), if more => {}
        }
    }
}

async fn connect_to(address: SocketAddr) -> io::Result<(TcpStream, SocketAddr)> {
    #[expect(clippy::disallowed_methods, reason = "the transport is the one place that opens connections to receivers")]
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok((stream, address))
}

fn handshake_failure(error: &io::Error, meter: &Meter) -> Cause {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    // A server without an alert of its own for a missing client certificate sends a general alert, or closes.
    let refused = !matches!(tls, Some(error) if !matches!(error, rustls::Error::AlertReceived(_)));
    match tls {
        _ if meter.end().is_some() => Cause::TooManyBytes,
        _ if refused && meter.client_certificate_requested() => Cause::ClientCertificateRequired,
        Some(error) => Cause::Tls(error.clone()),
        None => Cause::LostInHandshake(error.kind()),
    }
}
