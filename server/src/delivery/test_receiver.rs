//! Receivers for unit tests: real TCP and TLS servers whose behaviour is a function.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{HeaderMap, Method};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use url::Url;

use super::guard::{GuardPolicy, Observed, Request};

pub(super) const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

/// A server on this machine. It stops when it is dropped.
pub(super) struct TestReceiver {
    pub(super) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    accepting: tokio::task::JoinHandle<()>,
}

impl TestReceiver {
    /// Starts a server. `serve` gets the number of each connection, beginning with 0, and the connection.
    pub(super) async fn start<F, A>(serve: F) -> TestReceiver
    where
        F: Fn(usize, TcpStream) -> A + Send + 'static,
        A: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("0.0.0.0:0").await.expect("a free port");
        let address = SocketAddr::new([127, 0, 0, 1].into(), listener.local_addr().expect("a bound listener").port());
        let connections = Arc::new(AtomicUsize::new(0));
        let count = connections.clone();
        let accepting = tokio::spawn(async move {
            let mut serving = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                serving.spawn(serve(count.fetch_add(1, Ordering::Relaxed), stream));
            }
        });
        TestReceiver { address, connections, accepting }
    }

    pub(super) fn url(&self, scheme: &str, host: &str) -> Url {
        format!("{scheme}://{host}:{}/callback", self.address.port()).parse().expect("a URL")
    }

    /// The number of TCP connections so far.
    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

impl Drop for TestReceiver {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Reads a request without a body. Returns whether there is one.
pub(super) async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> bool {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => request.push(byte),
            Err(_) => return false,
        }
    }
    true
}

pub(super) fn request() -> Request {
    Request {
        account: "an account".into(),
        method: Method::POST,
        headers: HeaderMap::new(),
        body: Bytes::new(),
        observed: Observed::default(),
    }
}

/// A certificate authority, and how its servers use TLS.
pub(super) struct TestAuthority(CertifiedIssuer<'static, KeyPair>);

impl TestAuthority {
    pub(super) fn new() -> TestAuthority {
        TestAuthority::named("an authority of the tests")
    }

    pub(super) fn named(name: &str) -> TestAuthority {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        TestAuthority(CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a certificate"))
    }

    /// A policy that allows receivers on this machine and trusts this authority.
    pub(super) fn policy(&self) -> GuardPolicy {
        GuardPolicy {
            allow_networks: vec!["127.0.0.0/8".parse().expect("a network"), "::1/128".parse().expect("a network")],
            allow_http: true,
            extra_root_certificates: vec![self.0.der().clone()],
            ..GuardPolicy::default()
        }
    }

    /// Issues a certificate for `localhost` after `change`.
    pub(super) fn certificate(&self, change: impl FnOnce(&mut CertificateParams)) -> TestCertificate {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).expect("parameters");
        change(&mut params);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        TestCertificate { der: certificate.der().clone(), key }
    }

    /// Accepts TLS with a valid certificate for `localhost`.
    pub(super) fn acceptor(&self, protocol: &str) -> TlsAcceptor {
        self.certificate(|_| ()).acceptor(protocol, rustls::ALL_VERSIONS, None)
    }
}

pub(super) struct TestCertificate {
    der: CertificateDer<'static>,
    key: KeyPair,
}

impl TestCertificate {
    pub(super) fn self_signed(change: impl FnOnce(&mut CertificateParams)) -> TestCertificate {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).expect("parameters");
        change(&mut params);
        let key = KeyPair::generate().expect("a key");
        TestCertificate { der: params.self_signed(&key).expect("a certificate").der().clone(), key }
    }

    /// Accepts TLS with this certificate. If there is an authority for clients, each client needs one of its certificates.
    pub(super) fn acceptor(
        &self,
        protocol: &str,
        versions: &[&'static SupportedProtocolVersion],
        clients: Option<&TestAuthority>,
    ) -> TlsAcceptor {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone()).with_protocol_versions(versions).expect("versions");
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                roots.add(authority.0.der().clone()).expect("a certificate");
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().expect("a verifier");
                builder.with_client_cert_verifier(verifier)
            }
        };
        let key = PrivateKeyDer::Pkcs8(self.key.serialize_der().into());
        let mut config = builder.with_single_cert(vec![self.der.clone()], key).expect("the key belongs to the certificate");
        config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        TlsAcceptor::from(Arc::new(config))
    }
}
