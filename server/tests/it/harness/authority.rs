//! Certificate authorities for the test servers: the development authority of a data directory, or a new authority.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// Returns the development authority that a server with `--dev` created in its data directory.
    pub(crate) fn of_data_dir(data_dir: &Path) -> Authority {
        let read = |name: &str| std::fs::read_to_string(data_dir.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let key = KeyPair::from_pem(&read("dev-ca-key.pem")).expect("the server wrote the key");
        Authority { issuer: Issuer::from_ca_cert_pem(&read("dev-ca.pem"), key).expect("the server wrote the certificate") }
    }

    /// Creates an authority, and writes its certificate to a file for `--ca-file`.
    pub(crate) fn create(directory: &Path) -> (Authority, PathBuf) {
        let key = KeyPair::generate().expect("a key");
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name.push(DnType::CommonName, "an authority of the tests");
        parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let certificate = parameters.self_signed(&key).expect("a certificate");
        let path = directory.join("tests-ca.pem");
        std::fs::write(&path, certificate.pem()).expect("a writable directory");
        (Authority { issuer: Issuer::new(parameters, key) }, path)
    }

    /// Creates a key, and a certificate for this machine and the names of [`super::NameServer`].
    fn certificate(&self) -> (rcgen::Certificate, KeyPair) {
        self.certificate_for(&["localhost", "127.0.0.1", &format!("*.{}", super::name_server::DOMAIN)])
    }

    fn certificate_for(&self, names: &[&str]) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().expect("a key");
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        (CertificateParams::new(names).expect("names").signed_by(&key, &self.issuer).expect("a certificate"), key)
    }

    /// Creates a certificate for exactly these names. Returns the certificate and its key in PEM.
    pub(crate) fn pem_for(&self, names: &[&str]) -> [String; 2] {
        let (certificate, key) = self.certificate_for(names);
        [certificate.pem(), key.serialize_pem()]
    }

    /// Writes a new certificate for this machine to a file, and the key of the certificate to another file. The paths
    /// are for `--tls-cert-file` and `--tls-key-file`.
    pub(crate) fn certificate_files(&self, directory: &Path) -> [String; 2] {
        let (certificate, key) = self.certificate();
        write(directory, &certificate, &key)
    }

    /// Like [`Authority::certificate_files`], but the certificate has expired at the beginning of 2 January 2020 (UTC).
    pub(crate) fn expired_files(&self, directory: &Path) -> [String; 2] {
        let (certificate, key) = self.changed_certificate(|parameters| {
            parameters.not_before = rcgen::date_time_ymd(2020, 1, 1);
            parameters.not_after = rcgen::date_time_ymd(2020, 1, 2);
        });
        write(directory, &certificate, &key)
    }

    /// Creates a certificate for this machine, after a change of its parameters.
    pub(crate) fn changed_certificate(&self, change: impl FnOnce(&mut CertificateParams)) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().expect("a key");
        let parameters = changed_parameters(change);
        (parameters.signed_by(&key, &self.issuer).expect("a certificate"), key)
    }

    /// Creates an authority whose certificate this authority has issued.
    pub(crate) fn intermediate(&self) -> Authority {
        let key = KeyPair::generate().expect("a key");
        let parameters = changed_parameters(|parameters| {
            parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            parameters.distinguished_name.push(DnType::CommonName, "an intermediate authority of the tests");
        });
        Authority { issuer: Issuer::new(parameters, key) }
    }

    /// Creates a self-signed certificate for this machine.
    pub(crate) fn self_signed() -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().expect("a key");
        (changed_parameters(|_| ()).self_signed(&key).expect("a certificate"), key)
    }

    /// Returns a TLS acceptor that requires a client certificate of this authority, with one version of TLS and one
    /// protocol.
    pub(crate) fn acceptor_for_clients(
        &self,
        authority_pem: &str,
        version: &'static rustls::SupportedProtocolVersion,
        protocol: &str,
    ) -> TlsAcceptor {
        let mut roots = rustls::RootCertStore::empty();
        let authority = CertificateDer::from_pem_slice(authority_pem.as_bytes()).expect("a certificate");
        roots.add(authority).expect("an authority");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
        let (certificate, key) = self.certificate();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .expect("the provider knows the version")
            .with_client_cert_verifier(verifier.build().expect("a verifier"))
            .with_single_cert(vec![CertificateDer::from(certificate)], key)
            .expect("the key belongs to the certificate");
        config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        TlsAcceptor::from(Arc::new(config))
    }

    /// Returns a TLS acceptor with a certificate of this authority. The acceptor offers `protocols` (ALPN, RFC 7301).
    pub(super) fn acceptor(&self, protocols: &[&str]) -> TlsAcceptor {
        let (certificate, key) = self.certificate();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider knows TLS 1.2 and 1.3")
            .with_no_client_auth()
            .with_single_cert(vec![CertificateDer::from(certificate)], key)
            .expect("the key belongs to the certificate");
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        TlsAcceptor::from(Arc::new(config))
    }
}

fn changed_parameters(change: impl FnOnce(&mut CertificateParams)) -> CertificateParams {
    let mut parameters = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).expect("names");
    change(&mut parameters);
    parameters
}

fn write(directory: &Path, certificate: &rcgen::Certificate, key: &KeyPair) -> [String; 2] {
    [("tls.pem", certificate.pem()), ("tls-key.pem", key.serialize_pem())].map(|(name, pem)| {
        let path = directory.join(name);
        super::write_private(&path, &pem);
        path.display().to_string()
    })
}
