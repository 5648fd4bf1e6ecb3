//! What the transport knows about the connection of a request.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use http::Version;
use rustls::ProtocolVersion;

/// What is known about a connection. After a failure, the values of the steps that were not reached are missing.
#[derive(Clone, Debug, Default)]
pub(in crate::delivery) struct ConnectionFacts {
    pub(super) remote: Option<SocketAddr>,
    pub(super) tls_version: Option<ProtocolVersion>,
    pub(super) http_version: Option<Version>,
    /// The duration of the name lookup. It is short if the addresses were known.
    pub(super) lookup: Option<Duration>,
    pub(super) connect: Option<Duration>,
    pub(super) tls_handshake: Option<Duration>,
    /// Whether an earlier request used the connection. Then the durations belong to the earlier request.
    pub(super) reused: bool,
    /// Whether the request was sent again on a second connection.
    pub(super) repeated: bool,
    /// Whether the receiver requested a client certificate. The service has none.
    pub(in crate::delivery) client_certificate_requested: bool,
}

impl ConnectionFacts {
    pub(in crate::delivery) fn remote_address(&self) -> Option<IpAddr> {
        self.remote.map(|remote| remote.ip())
    }
}

/// The receiver cannot choose any of these values, except its own address.
impl slog::KV for ConnectionFacts {
    fn serialize(&self, _: &slog::Record<'_>, serializer: &mut dyn slog::Serializer) -> slog::Result {
        if let Some(remote) = self.remote {
            serializer.emit_arguments("remote".into(), &format_args!("{remote}"))?;
        }
        if let Some(version) = self.http_version {
            serializer.emit_arguments("http".into(), &format_args!("{version:?}"))?;
        }
        if let Some(version) = self.tls_version.as_ref().and_then(ProtocolVersion::as_str) {
            serializer.emit_str("tls".into(), version)?;
        }
        for (key, duration) in [("lookup_us", self.lookup), ("connect_us", self.connect), ("tls_us", self.tls_handshake)] {
            if let Some(duration) = duration {
                serializer.emit_u64(key.into(), u64::try_from(duration.as_micros()).unwrap_or(u64::MAX))?;
            }
        }
        serializer.emit_bool("connection_reused".into(), self.reused)?;
        serializer.emit_bool("request_repeated".into(), self.repeated)
    }
}
