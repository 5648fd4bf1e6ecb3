//! The certificate of the receiver, and the certificate authority that issues it.

use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::pki_types::PrivateKeyDer;

const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// A certificate authority that `webhooks-server --dev` or this program created.
pub(crate) struct Authority {
    pub(crate) certificate_path: PathBuf,
    /// Whether this program created the certificate authority. The server trusts such an authority only with `--ca-file`.
    pub(crate) own: bool,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn open(data_dir: &Path, cert_dir: Option<&Path>) -> Result<Authority> {
        let server = (data_dir.join("dev-ca.pem"), data_dir.join("dev-ca-key.pem"));
        let (own, (certificate_path, key_path)) = match cert_dir {
            None if server.0.exists() && server.1.exists() => (false, server),
            _ => {
                let directory = cert_dir.unwrap_or(data_dir);
                let own = (directory.join("listen-ca.pem"), directory.join("listen-ca-key.pem"));
                if !own.0.exists() || !own.1.exists() {
                    create(directory, &own.0, &own.1).with_context(|| format!("cannot create an authority in {}", directory.display()))?;
                }
                (true, own)
            }
        };
        let read = |path: &Path| std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()));
        let key = KeyPair::from_pem(&read(&key_path)?).with_context(|| format!("{} is not a PEM key", key_path.display()))?;
        let issuer = Issuer::from_ca_cert_pem(&read(&certificate_path)?, key)
            .with_context(|| format!("{} is not a PEM certificate", certificate_path.display()))?;
        Ok(Authority { certificate_path, own, issuer })
    }

    /// Returns a TLS configuration with a new certificate for `NAMES`.
    pub(crate) fn server_config(&self) -> Result<rustls::ServerConfig> {
        let key = KeyPair::generate()?;
        let mut parameters = CertificateParams::new(NAMES.map(str::to_owned))?;
        parameters.distinguished_name.push(DnType::CommonName, "webhooks listen");
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        parameters.use_authority_key_identifier_extension = true;
        let certificate = parameters.signed_by(&key, &self.issuer)?;

        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let mut config = rustls::ServerConfig::builder_with_provider(provider.into())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}

fn create(directory: &Path, certificate_path: &Path, key_path: &Path) -> Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let key = KeyPair::generate()?;
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name.push(DnType::CommonName, "webhooks listen development authority");
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let certificate = parameters.self_signed(&key)?.pem();

    // Only the owner may read the key: with the key, anybody can impersonate any receiver to a server that trusts this authority.
    let _ = std::fs::remove_file(key_path);
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(key_path)?;
    file.write_all(key.serialize_pem().as_bytes())?;
    std::fs::write(certificate_path, certificate)?;
    Ok(())
}
