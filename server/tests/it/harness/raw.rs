//! A client that sends bytes of its choice over TCP or TLS.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::with_timeout;

/// The connection preface of HTTP/2 (RFC 9113 §3.4) with an empty SETTINGS frame.
pub(crate) fn http_2_preface() -> Vec<u8> {
    [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), frame(4, 0, 0, &[])].concat()
}

/// A frame of HTTP/2 (RFC 9113 §4.1).
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short payload").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A HEADERS frame with a request of a path, without compression of the path (RFC 7541 §6.2.2). `flags` is 4 for
/// END_HEADERS, or 5 for END_HEADERS and END_STREAM.
pub(crate) fn headers_frame(stream: u32, flags: u8, method: Method, path: &str) -> Vec<u8> {
    let method = match method {
        Method::Get => 0x82,
        Method::Post => 0x83,
    };
    let length = u8::try_from(path.len()).expect("a short path");
    frame(1, flags, stream, &[&[method, 0x86, 0x04, length], path.as_bytes(), &[0x01, 1, b'a']].concat())
}

#[derive(Clone, Copy)]
pub(crate) enum Method {
    Get,
    Post,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

pub(crate) struct RawClient(Box<dyn Stream>);

impl RawClient {
    pub(crate) async fn connect(address: SocketAddr) -> RawClient {
        RawClient(Box::new(TcpStream::connect(address).await.expect("a listening server")))
    }

    /// Connects from another loopback address of this machine.
    pub(crate) async fn connect_from(local: [u8; 4], address: SocketAddr) -> RawClient {
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        socket.bind((local, 0).into()).expect("a loopback address");
        RawClient(Box::new(socket.connect(address).await.expect("a listening server")))
    }

    /// Connects with a small receive buffer, so that the server notices soon if the client does not read.
    pub(crate) async fn connect_with_small_buffer(address: SocketAddr) -> RawClient {
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4096).expect("a small buffer");
        RawClient(Box::new(socket.connect(address).await.expect("a listening server")))
    }

    /// Connects and makes the TLS handshake. Trusts the authorities in `authority_pem`, and offers `protocol` (ALPN).
    pub(crate) async fn connect_tls(address: SocketAddr, authority_pem: &[u8], protocol: &str) -> RawClient {
        let mut roots = rustls::RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(authority_pem) {
            roots.add(certificate.expect("a certificate")).expect("a certificate of an authority");
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider knows TLS 1.2 and 1.3")
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        let stream = TcpStream::connect(address).await.expect("a listening server");
        let name = ServerName::try_from("localhost").expect("a name");
        RawClient(Box::new(tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, stream).await.expect("a handshake")))
    }

    /// Returns whether the bytes were sent.
    pub(crate) async fn try_send(&mut self, bytes: &[u8]) -> bool {
        with_timeout("the server to read", async { self.0.write_all(bytes).await.is_ok() && self.0.flush().await.is_ok() }).await
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        assert!(self.try_send(bytes.as_ref()).await, "the server has closed the connection");
    }

    /// Sends bytes and reads what the server sends, until the server closes the connection. Returns the number of sent
    /// bytes.
    pub(crate) async fn send_and_discard(&mut self, bytes: &[u8]) -> usize {
        let (mut reader, mut writer) = tokio::io::split(&mut self.0);
        let sent = std::cell::Cell::new(0);
        let send = async {
            for part in bytes.chunks(16 * 1024) {
                if writer.write_all(part).await.is_err() {
                    break;
                }
                sent.set(sent.get() + part.len());
            }
        };
        let discard = async { while reader.read(&mut [0; 16 * 1024]).await.is_ok_and(|count| count > 0) {} };
        with_timeout("the server to read or close", async {
            tokio::select! { () = send => {}, () = discard => {} }
        })
        .await;
        sent.get()
    }

    /// Sends a GET request over HTTP/1.1.
    pub(crate) async fn send_get(&mut self, path: &str, token: &str) {
        self.send(format!("GET {path} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\n\r\n")).await;
    }

    /// Reads some bytes. The result is empty if the server has closed the connection.
    pub(crate) async fn read(&mut self) -> Vec<u8> {
        let mut bytes = vec![0; 64 * 1024];
        let count = with_timeout("the server to send or close", self.0.read(&mut bytes)).await.unwrap_or(0);
        bytes.truncate(count);
        bytes
    }

    /// Reads until the server closes the connection.
    pub(crate) async fn read_to_end(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        loop {
            let bytes = self.read().await;
            if bytes.is_empty() {
                return all;
            }
            all.extend(bytes);
        }
    }

    /// Reads a response of HTTP/1.1 with a short body, which arrives as one piece.
    pub(crate) async fn read_response(&mut self) -> String {
        String::from_utf8_lossy(&self.read().await).into_owned()
    }
}
