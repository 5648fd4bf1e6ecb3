//! The certificates of the benchmark, and the certificate authorities that sign them.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use rcgen::{BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};

/// Host names below this domain resolve to this machine (RFC 6761, section 6.3). The certificate of the sink is valid
/// for these host names.
pub(crate) const DOMAIN: &str = "bench.localhost";

/// The domain of the receivers of `cargo xtask attack`, which has its own name server.
pub(crate) const ATTACK_DOMAIN: &str = "attack.example";

/// The host name of the honest receiver of `cargo xtask attack`.
pub(crate) const HONEST_HOST: &str = "honest.attack.example";

/// Returns the TLS settings of the sink. Writes the certificate of the certificate authority to `ca_file`.
pub(crate) fn server_config(ca_file: &Path) -> anyhow::Result<ServerConfig> {
    let names = ["localhost", DOMAIN, &format!("*.{DOMAIN}"), &format!("*.{ATTACK_DOMAIN}")];
    let (certificate, key) = issue(ca_file, &names)?;
    Ok(ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![CertificateDer::from(certificate)], PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())))?)
}

/// Writes a certificate for 127.0.0.1 and its key, and the certificate of the certificate authority to `ca_file`.
pub(crate) fn write_certificate(ca_file: &Path, certificate_file: &Path, key_file: &Path) -> anyhow::Result<()> {
    let (certificate, key) = issue(ca_file, &["127.0.0.1"])?;
    std::fs::write(certificate_file, certificate.pem()).context("cannot write the certificate of the server")?;
    std::fs::write(key_file, key.serialize_pem()).context("cannot write the key of the server")?;
    Ok(std::fs::set_permissions(key_file, std::fs::Permissions::from_mode(0o600))?)
}

/// Returns the TLS settings of a client that trusts the certificate authority. `protocols` are ALPN identifiers.
pub(crate) fn client_config(ca_file: &Path, protocols: &[&[u8]]) -> anyhow::Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca_file).with_context(|| format!("cannot read {}", ca_file.display()))?)?;
    let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    Ok(config)
}

/// Creates a certificate authority and a certificate for these names. Writes the certificate of the authority.
fn issue(ca_file: &Path, names: &[&str]) -> anyhow::Result<(Certificate, KeyPair)> {
    let authority_key = KeyPair::generate()?;
    let mut authority = CertificateParams::default();
    authority.distinguished_name.push(DnType::CommonName, "authority of the benchmark");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    std::fs::write(ca_file, authority.self_signed(&authority_key)?.pem()).context("cannot write the certificate of the authority")?;

    let key = KeyPair::generate()?;
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let certificate = CertificateParams::new(names)?.signed_by(&key, &Issuer::new(authority, authority_key))?;
    Ok((certificate, key))
}
