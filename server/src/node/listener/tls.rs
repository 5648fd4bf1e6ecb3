//! The certificate of the API: its chain, its private key, and their renewal.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert, ServerConfig};
use rustls::sign::CertifiedKey;
use slog::Logger;
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

use crate::model::byte_order_mark;
use crate::secrets::private_file;

/// How often the files are compared with the loaded ones.
const CHECK_INTERVAL: Duration = Duration::from_secs(10);

/// The certificate of the API. It is read again when its files have changed.
#[derive(Debug)]
pub(in crate::node) struct ApiCertificate {
    certificate_file: PathBuf,
    key_file: PathBuf,
    current: RwLock<Arc<CertifiedKey>>,
    requested: Notify,
}

impl ApiCertificate {
    /// # Errors
    /// If a file cannot be read, if other users may read the key, or if the key does not belong to the first certificate of
    /// the chain.
    pub(in crate::node) fn read(certificate_file: &Path, key_file: &Path) -> anyhow::Result<ApiCertificate> {
        Ok(ApiCertificate {
            certificate_file: certificate_file.to_owned(),
            key_file: key_file.to_owned(),
            current: RwLock::new(Arc::new(read(certificate_file, key_file)?)),
            requested: Notify::new(),
        })
    }

    /// Returns an acceptor that uses the current certificate for each new connection.
    ///
    /// # Errors
    /// Never, because the protocol versions are those of the library.
    pub(in crate::node) fn acceptor(self: &Arc<Self>) -> anyhow::Result<TlsAcceptor> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(self.clone());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// Reads the files again.
    ///
    /// # Errors
    /// In the same cases as [`ApiCertificate::read`]. The old certificate is then kept.
    fn reload(&self) -> anyhow::Result<()> {
        let new = Arc::new(read(&self.certificate_file, &self.key_file)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }

    /// Makes [`ApiCertificate::watch`] read the files now.
    pub(in crate::node) fn request_reload(&self) {
        self.requested.notify_one();
    }

    fn current(&self) -> Arc<CertifiedKey> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns when the chain becomes valid and when it expires. Returns `None` if a certificate cannot be read.
    pub(in crate::node) fn validity(&self) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let periods: Option<Vec<_>> = self.current().cert.iter().map(validity).collect();
        periods?.into_iter().reduce(|one, other| (one.0.max(other.0), one.1.min(other.1)))
    }

    /// Warns if the certificate is not valid at this time.
    pub(in crate::node) fn warn_if_invalid(&self, now: DateTime<Utc>, log: &Logger) {
        let file = self.certificate_file.display().to_string();
        match self.current().end_entity_cert().ok().and_then(|certificate| validity(certificate)) {
            Some((_, end)) if end < now => {
                slog::warn!(log, # "certificate.expired", "the TLS certificate of the API has expired: clients will refuse it; renew it"; "file" => file, "expired_at" => end.to_rfc3339());
            }
            Some((begin, _)) if begin > now => {
                slog::warn!(log, # "certificate.not_yet_valid", "the TLS certificate of the API is not valid yet: clients will refuse it"; "file" => file, "valid_from" => begin.to_rfc3339());
            }
            _ => {}
        }
    }

    /// Reads the files again each time they have changed, and at each request. A program that renews a certificate writes two files, so the key
    /// may not match for a moment. Until both files match, the old certificate is used.
    pub(in crate::node) async fn watch(self: Arc<Self>, log: Logger) {
        let mut loaded = self.versions();
        let mut reported = None;
        loop {
            let requested = tokio::time::timeout(CHECK_INTERVAL, self.requested.notified()).await.is_ok();
            let found = self.versions();
            if found == loaded && !requested {
                continue;
            }
            match self.reload() {
                Ok(()) => {
                    slog::info!(log, # "certificate.loaded", "the TLS certificate of the API was loaded again"; "file" => self.certificate_file.display().to_string());
                    self.warn_if_invalid(Utc::now(), &log);
                    (loaded, reported) = (found, None);
                }
                Err(error) => {
                    let error = format!("{error:#}");
                    if requested || reported.as_ref() != Some(&error) {
                        slog::error!(log, # "certificate.load_failed", "the TLS certificate of the API cannot be loaded again; the old one stays"; "error" => &error);
                        reported = Some(error);
                    }
                }
            }
        }
    }

    /// Returns when the files were changed, and their sizes.
    fn versions(&self) -> [Option<(SystemTime, u64)>; 2] {
        [&self.certificate_file, &self.key_file].map(|file| {
            let metadata = std::fs::metadata(file).ok()?;
            Some((metadata.modified().ok()?, metadata.len()))
        })
    }
}

impl ResolvesServerCert for ApiCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current())
    }
}

fn read(certificate_file: &Path, key_file: &Path) -> anyhow::Result<CertifiedKey> {
    let certificate_pem = std::fs::read(certificate_file).with_context(|| format!("cannot read {}", certificate_file.display()))?;
    let key_pem = private_file::read_secret(key_file, "TLS key file")?
        .with_context(|| format!("cannot read {}: the file does not exist", key_file.display()))?;
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(byte_order_mark::skipped(&certificate_pem))
        .collect::<Result<_, _>>()
        .with_context(|| format!("{} is not a valid PEM file", certificate_file.display()))?;
    anyhow::ensure!(!chain.is_empty(), "{} contains no certificate in PEM", certificate_file.display());
    // This accepts the forms PKCS #8, PKCS #1 (RSA) and SEC1 (EC), and skips other sections such as EC PARAMETERS.
    let key = PrivateKeyDer::from_pem_slice(key_pem.as_bytes())
        .with_context(|| format!("{} contains no private key in PEM without a password", key_file.display()))?;
    CertifiedKey::from_der(chain, key, &rustls::crypto::aws_lc_rs::default_provider())
        .with_context(|| format!("the key in {} cannot be used with {}", key_file.display(), certificate_file.display()))
}

/// Returns when a certificate becomes valid, and when it expires.
pub(in crate::node) fn validity(certificate: &CertificateDer<'_>) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let (_, certificate) = x509_parser::parse_x509_certificate(certificate).ok()?;
    let time = |time: x509_parser::time::ASN1Time| DateTime::from_timestamp(time.timestamp(), 0);
    Some((time(certificate.validity().not_before)?, time(certificate.validity().not_after)?))
}
