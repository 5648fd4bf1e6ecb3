//! HTTPS receivers on this machine. Each receiver has its own behaviour, certificate and certificate authority.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A received request.
#[derive(Clone)]
pub(crate) struct Callback {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

pub(crate) enum Reply {
    Status(u16),
    Redirect,
    /// The status 200, and a body with this number of bytes.
    Large(usize),
    /// This status with this body.
    Body(u16, String),
    Hang,
}

pub(crate) struct Receiver {
    pub(crate) url: String,
    pub(crate) ca_file: PathBuf,
    received: Arc<Mutex<Vec<Callback>>>,
    accepting: tokio::task::JoinHandle<()>,
}

impl Receiver {
    /// Starts a receiver. `behaviour` returns the reply to each request. Writes the certificate of the receiver's
    /// certificate authority to `directory`.
    pub(crate) async fn start(directory: &Path, behaviour: impl Fn(&Callback) -> Reply + Send + Sync + 'static) -> Receiver {
        let ca_file = directory.join("receiver-ca.pem");
        let acceptor = TlsAcceptor::from(Arc::new(tls(&ca_file)));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("https://{}/notify", listener.local_addr().expect("the socket is bound"));
        let received = Arc::new(Mutex::new(Vec::new()));
        let (callbacks, behaviour) = (received.clone(), Arc::new(behaviour));
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, callbacks, behaviour) = (acceptor.clone(), callbacks.clone(), behaviour.clone());
                tokio::spawn(async move {
                    // A sender that does not trust the certificate closes the connection.
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let handler = service_fn(|request: Request<Incoming>| {
                        let (callbacks, behaviour) = (callbacks.clone(), behaviour.clone());
                        async move {
                            let (head, body) = request.into_parts();
                            let body = body.collect().await.expect("a complete body").to_bytes();
                            let callback = Callback { headers: head.headers, body };
                            let reply = behaviour(&callback);
                            callbacks.lock().expect("no holder panics").push(callback);
                            Ok::<_, Infallible>(respond(reply).await)
                        }
                    });
                    let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), handler).await;
                });
            }
        });
        Receiver { url, ca_file, received, accepting }
    }

    /// Returns the callbacks received so far.
    pub(crate) fn received(&self) -> Vec<Callback> {
        self.received.lock().expect("no holder panics").clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn respond(reply: Reply) -> Response<Full<Bytes>> {
    let response = Response::builder();
    match reply {
        Reply::Status(status) => response.status(status).body(Full::default()),
        Reply::Redirect => response.status(308).header("location", "/elsewhere").body(Full::default()),
        Reply::Large(bytes) => response.body(Full::from(vec![b'x'; bytes])),
        Reply::Body(status, body) => response.status(status).body(Full::from(body)),
        Reply::Hang => std::future::pending().await,
    }
    .expect("a response")
}

fn tls(ca_file: &Path) -> rustls::ServerConfig {
    let authority_key = KeyPair::generate().expect("a key");
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    std::fs::write(ca_file, authority.self_signed(&authority_key).expect("a certificate").pem()).expect("a writable directory");
    let issuer = Issuer::new(authority, authority_key);

    let key = KeyPair::generate().expect("a key");
    let names = vec!["127.0.0.1".to_owned()];
    let certificate = CertificateParams::new(names).expect("a name").signed_by(&key, &issuer).expect("a certificate");
    rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider supports TLS 1.2 and 1.3")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .expect("the key belongs to the certificate")
}
