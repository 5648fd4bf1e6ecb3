//! TLS of outgoing connections: the trusted authorities, and typed errors for what the TLS library does not report.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, Resumption, WebPkiServerVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::meter::Meter;
use super::socket::MeteredTcp;

/// Maximum number of receivers whose TLS sessions are kept. A kept session makes the next handshake cheaper, and uses a
/// few kilobytes.
const MAX_SESSIONS: usize = 512;

/// The application protocols in the order of preference (RFC 7301).
pub(super) const HTTP_2: &[u8] = b"h2";
const HTTP_1: &[u8] = b"http/1.1";

/// The certificate signed itself, so no authority has issued it.
#[derive(Debug, thiserror::Error)]
#[error("the certificate is self-signed")]
pub(in crate::delivery) struct SelfSigned;

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsSetupError {
    #[error("a certificate authority is not a valid certificate")]
    Authority(#[source] rustls::Error),
    #[error("the certificate authorities cannot be used")]
    Verifier(#[from] rustls::client::VerifierBuilderError),
    #[error("the TLS library does not support the required versions")]
    Versions(#[source] rustls::Error),
}

/// Makes TLS handshakes with the trusted authorities of the system and `extra`.
pub(super) fn connector(extra: Vec<CertificateDer<'static>>) -> Result<TlsConnector, TlsSetupError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = Verifier::new(trusted(extra)?, provider.clone())?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(TlsSetupError::Versions)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_client_cert_resolver(Arc::new(NoClientCertificate));
    config.alpn_protocols = vec![HTTP_2.to_vec(), HTTP_1.to_vec()];
    config.resumption = Resumption::in_memory_sessions(MAX_SESSIONS);
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Returns the trusted authorities. If the system has root certificates, they are trusted (including `SSL_CERT_FILE` and
/// `SSL_CERT_DIR`). If the system has none, for example in a container, Mozilla's root certificates are trusted.
fn trusted(extra: Vec<CertificateDer<'static>>) -> Result<RootCertStore, TlsSetupError> {
    let mut roots = RootCertStore::empty();
    // Some systems have root certificates that the TLS library cannot use. They are left out.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        roots.add_parsable_certificates(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned());
    }
    for certificate in extra {
        roots.add(certificate).map_err(TlsSetupError::Authority)?;
    }
    Ok(roots)
}

/// Makes a handshake. If the server requests a client certificate, the meter records the request.
pub(super) async fn handshake(
    connector: &TlsConnector,
    name: ServerName<'static>,
    stream: MeteredTcp,
    meter: &Meter,
) -> std::io::Result<TlsStream<MeteredTcp>> {
    let requested = Arc::new(AtomicBool::new(false));
    let result = REQUESTED.scope(requested.clone(), connector.connect(name, stream)).await;
    if requested.load(Ordering::Relaxed) {
        meter.set_client_certificate_requested();
    }
    result
}

tokio::task_local! {
    /// Whether the server requested a client certificate during the current handshake. All connections share one
    /// configuration, because TLS sessions are kept per configuration. So the resolver cannot store this value, and each
    /// task has its own.
    static REQUESTED: Arc<AtomicBool>;
}

/// Has no client certificate, and records that the server requested one.
#[derive(Debug)]
struct NoClientCertificate;

impl ResolvesClientCert for NoClientCertificate {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        // In a handshake outside of `handshake`, nothing is recorded.
        let _ = REQUESTED.try_with(|requested| requested.store(true, Ordering::Relaxed));
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

/// Verifies certificates like the TLS library, and reports [`SelfSigned`] where the library reports an unknown issuer.
#[derive(Debug)]
struct Verifier(Arc<WebPkiServerVerifier>);

impl Verifier {
    fn new(roots: RootCertStore, provider: Arc<CryptoProvider>) -> Result<Verifier, TlsSetupError> {
        Ok(Verifier(WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build()?))
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.0.verify_server_cert(certificate, intermediates, name, ocsp_response, now).map_err(|error| {
            let issuer_failed = match &error {
                rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => true,
                rustls::Error::InvalidCertificate(error) => is_authority_as_server(error),
                _ => false,
            };
            if issuer_failed && is_self_issued(certificate) {
                return CertificateError::Other(OtherError(Arc::new(SelfSigned))).into();
            }
            error
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// Whether the server presented the certificate of an authority as its own.
pub(in crate::delivery) fn is_authority_as_server(error: &CertificateError) -> bool {
    let CertificateError::Other(other) = error else { return false };
    matches!(other.0.downcast_ref(), Some(webpki::Error::CaUsedAsEndEntity))
}

fn is_self_issued(certificate: &CertificateDer<'_>) -> bool {
    webpki::EndEntityCert::try_from(certificate).is_ok_and(|certificate| certificate.issuer() == certificate.subject())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_root_certificates_are_valid() {
        let bundled: Vec<_> = webpki_root_certs::TLS_SERVER_ROOT_CERTS.to_vec();
        assert!(bundled.len() > 100, "{}", bundled.len());
        connector(bundled).expect("each of them parses");
    }
}
