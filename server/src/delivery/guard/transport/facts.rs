//! What the transport knows about the connection of a request.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::Version;
use rustls::ProtocolVersion;

use crate::model::AttemptFacts;

/// What is known about a connection. After a failure, the values of the steps that were not reached are missing.
#[derive(Clone, Debug, Default)]
pub(in crate::delivery) struct ConnectionFacts {
    pub(super) remote: Option<SocketAddr>,
    /// The first address that was tried.
    pub(super) tried: Option<SocketAddr>,
    pub(super) tls_version: Option<ProtocolVersion>,
    pub(super) http_version: Option<Version>,
    /// The duration of the name lookup. It is short if the addresses were known.
    pub(super) lookup: Option<Duration>,
    pub(super) connect: Option<Duration>,
    pub(super) tls_handshake: Option<Duration>,
    /// The time from the start of the request on the open connection until the header of the response was complete.
    pub(super) first_byte: Option<Duration>,
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

    /// Returns the facts in the form in which they are stored. The durations of a reused connection belong to an earlier
    /// request, so they are left out.
    pub(in crate::delivery) fn to_stored(&self) -> AttemptFacts {
        let phase = |duration: Option<Duration>| duration.filter(|_| !self.reused).map(milliseconds);
        AttemptFacts {
            remote: self.remote.or(self.tried),
            http_version: match self.http_version {
                Some(Version::HTTP_2) => Some(20),
                Some(_) => Some(11),
                None => None,
            },
            tls_version: match self.tls_version {
                Some(ProtocolVersion::TLSv1_3) => Some(13),
                Some(ProtocolVersion::TLSv1_2) => Some(12),
                _ => None,
            },
            reused: self.reused,
            repeated: self.repeated,
            name_lookup: phase(self.lookup),
            connect: phase(self.connect),
            tls_handshake: phase(self.tls_handshake),
            first_byte: self.first_byte.map(milliseconds),
            ..AttemptFacts::default()
        }
    }
}

/// Returns a duration in milliseconds, as it is stored.
pub(in crate::delivery) fn milliseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

/// The facts of the connection on which a request was sent, as long as there is no response. The caller of the transport
/// reads them if it stops waiting.
#[derive(Default)]
pub(in crate::delivery) struct Observed(Mutex<Option<Box<ConnectionFacts>>>);

impl Observed {
    pub(super) fn set(&self, facts: &ConnectionFacts) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(facts.clone()));
    }

    pub(in crate::delivery) fn take(&self) -> Option<Box<ConnectionFacts>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
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
