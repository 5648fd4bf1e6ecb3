//! The outcome and the sentence for each failure of TLS.

use chrono::{DateTime, SecondsFormat};
use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, PeerIncompatible};

use crate::delivery::error_text::ErrorText;
use crate::delivery::guard::{SelfSigned, is_authority_as_server};
use crate::model::Outcome;

/// Maximum number of names of a certificate that the sentence contains.
const MAX_NAMES: usize = 4;

pub(super) fn describe(error: &Error) -> (Outcome, ErrorText) {
    let text = match error {
        Error::InvalidCertificate(error) => return (Outcome::CertificateInvalid, of_certificate(error)),
        Error::NoCertificatesPresented => {
            return (Outcome::CertificateInvalid, "the server sent no certificate; configure a certificate".into());
        }
        Error::UnsupportedNameType => "the host name of the URL cannot be used with TLS; register a URL with another name".into(),
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            "the server does not use TLS on this port; it probably uses plain HTTP; configure TLS, or use the port for HTTPS".into()
        }
        Error::PeerIncompatible(incompatible) => of_incompatible(incompatible).into(),
        Error::AlertReceived(alert) => of_alert(*alert),
        Error::NoApplicationProtocol => "the server supports neither HTTP/2 nor HTTP/1.1 (ALPN); enable one of them".into(),
        Error::InvalidMessage(_)
        | Error::InappropriateMessage { .. }
        | Error::InappropriateHandshakeMessage { .. }
        | Error::PeerMisbehaved(_)
        | Error::PeerSentOversizedRecord
        | Error::DecryptError => "the server violated the TLS protocol; check that this port serves HTTPS".into(),
        _ => "the TLS handshake failed; check the TLS configuration of the server".into(),
    };
    (Outcome::TlsFailed, text)
}

fn of_certificate(error: &CertificateError) -> ErrorText {
    let text = match error {
        CertificateError::ExpiredContext { not_after, .. } => {
            return format!("the certificate of the server expired at {}; renew the certificate", time(*not_after)).into();
        }
        CertificateError::Expired => "the certificate of the server has expired; renew the certificate",
        CertificateError::NotValidYetContext { not_before, .. } => {
            return format!("the certificate of the server is not valid before {}; use a certificate that is valid now", time(*not_before))
                .into();
        }
        CertificateError::NotValidYet => "the certificate of the server is not valid yet; use a certificate that is valid now",
        CertificateError::NotValidForNameContext { presented, .. } => return of_names(presented),
        CertificateError::NotValidForName => "the certificate of the server is for another name; use a certificate for the host of the URL",
        CertificateError::UnknownIssuer => {
            "the certificate of the server is not trusted: its authority is unknown, or the server does not send the intermediate certificate; \
             configure the whole certificate chain"
        }
        CertificateError::Other(other) if other.0.is::<SelfSigned>() => {
            "the certificate of the server is self-signed; use a certificate of a public authority"
        }
        error if is_authority_as_server(error) => {
            "the server uses the certificate of an authority as its own; use a certificate that the authority has issued for the server"
        }
        CertificateError::Revoked => "the certificate of the server is revoked; replace the certificate",
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "the certificate is not for servers; use a certificate with the extended key usage `serverAuth`"
        }
        CertificateError::BadSignature => {
            "the certificate or the handshake of the server has a wrong signature; configure the certificate, its chain and its key again"
        }
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "the certificate of the server uses an algorithm that the service does not support; use RSA with at least 2,048 bits, ECDSA or Ed25519"
        }
        CertificateError::UnhandledCriticalExtension => {
            "the certificate of the server has a critical extension that the service does not support; use a certificate without it"
        }
        CertificateError::BadEncoding => "the certificate of the server cannot be read; replace the certificate",
        _ => "the certificate of the server is not valid; replace the certificate",
    };
    text.into()
}

/// Returns the sentence for a certificate with other names. The library writes a name as `DnsName("example.com")` or as
/// `IpAddress(192.0.2.1)`.
fn of_names(presented: &[String]) -> ErrorText {
    if presented.is_empty() {
        return "the certificate of the server has no name (subjectAltName); use a certificate for the host of the URL".into();
    }
    let mut text = ErrorText::from("the certificate of the server is for another name: it is valid for ");
    for (number, name) in presented.iter().take(MAX_NAMES).enumerate() {
        let name = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or(name);
        text = if number == 0 { text } else { text.own(", ") }.foreign(name.trim_matches('"'));
    }
    let text = match presented.len().saturating_sub(MAX_NAMES) {
        0 => text,
        more => text.own(format!(" and {more} more")),
    };
    text.own("; use a certificate for the host of the URL")
}

fn of_incompatible(incompatible: &PeerIncompatible) -> &'static str {
    match incompatible {
        PeerIncompatible::ServerDoesNotSupportTls12Or13 | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig => {
            "the server supports neither TLS 1.2 nor TLS 1.3; enable one of them"
        }
        _ => {
            "the server and the service have no TLS parameters in common; enable cipher suites with ECDHE and AES-GCM or ChaCha20-Poly1305"
        }
    }
}

fn of_alert(alert: AlertDescription) -> ErrorText {
    match alert {
        AlertDescription::UnrecognisedName => "the server has no certificate for this host name (TLS alert unrecognized_name); configure one".into(),
        AlertDescription::ProtocolVersion => "the server supports neither TLS 1.2 nor TLS 1.3 (TLS alert protocol_version); enable one of them".into(),
        AlertDescription::HandshakeFailure => {
            "the server and the service have no TLS parameters in common (TLS alert handshake_failure); enable cipher suites with ECDHE and AES-GCM or ChaCha20-Poly1305".into()
        }
        alert => format!("the server refused the TLS connection with alert {}; find the reason in the log of the server", u8::from(alert)).into(),
    }
}

/// Returns a time as RFC 3339 specifies.
fn time(time: UnixTime) -> String {
    let time = i64::try_from(time.as_secs()).ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    time.map_or_else(|| "an unknown time".to_owned(), |time| time.to_rfc3339_opts(SecondsFormat::Secs, true))
}
