//! The certificate of the sink, and the certificate authority that signs it.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// Host names below this domain resolve to this machine (RFC 6761, section 6.3). The certificate of the sink is valid
/// for these host names.
pub(crate) const DOMAIN: &str = "bench.localhost";

/// The domain of the receivers of `cargo xtask attack`, which has its own name server.
pub(crate) const ATTACK_DOMAIN: &str = "attack.example";

/// The host name of the honest receiver of `cargo xtask attack`.
pub(crate) const HONEST_HOST: &str = "honest.attack.example";

/// Returns the TLS settings of the sink. Writes the certificate of the certificate authority to `ca_file`.
pub(crate) fn server_config(ca_file: &Path) -> anyhow::Result<ServerConfig> {
    let authority_key = KeyPair::generate()?;
    let mut authority = CertificateParams::default();
    authority.distinguished_name.push(DnType::CommonName, "authority of the benchmark");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    std::fs::write(ca_file, authority.self_signed(&authority_key)?.pem()).context("cannot write the certificate of the authority")?;

    let key = KeyPair::generate()?;
    let names = vec!["localhost".to_owned(), DOMAIN.to_owned(), format!("*.{DOMAIN}"), format!("*.{ATTACK_DOMAIN}")];
    let certificate = CertificateParams::new(names)?.signed_by(&key, &Issuer::new(authority, authority_key))?;
    Ok(ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![CertificateDer::from(certificate)], PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())))?)
}
