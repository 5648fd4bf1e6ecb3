//! Reads the certificate chain and the private key of the API.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::secrets::private_file;

/// # Errors
/// If a file cannot be read, if other users may read the key, or if the key does not belong to the first certificate of the chain.
pub(in crate::node) fn acceptor(certificate_file: &Path, key_file: &Path) -> anyhow::Result<TlsAcceptor> {
    let certificate_pem = std::fs::read(certificate_file).with_context(|| format!("cannot read {}", certificate_file.display()))?;
    let key_pem = private_file::read_secret(key_file, "TLS key file")?
        .with_context(|| format!("cannot read {}: the file does not exist", key_file.display()))?;
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&certificate_pem)
        .collect::<Result<_, _>>()
        .with_context(|| format!("{} is not a valid PEM file", certificate_file.display()))?;
    anyhow::ensure!(!chain.is_empty(), "{} contains no certificate in PEM", certificate_file.display());
    // This accepts the forms PKCS #8, PKCS #1 (RSA) and SEC1 (EC), and skips other sections such as EC PARAMETERS.
    let key = PrivateKeyDer::from_pem_slice(key_pem.as_bytes())
        .with_context(|| format!("{} contains no private key in PEM without a password", key_file.display()))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .with_context(|| format!("the key in {} cannot be used with {}", key_file.display(), certificate_file.display()))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
