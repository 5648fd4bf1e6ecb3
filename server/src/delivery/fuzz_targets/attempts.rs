//! Targets for the response of a receiver: each input goes through a whole attempt, over a connection on the loopback interface.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use chrono::DateTime;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;
use uuid::Uuid;

use super::secrets;
use crate::api::callback::ResponseClass;
use crate::api::types::{Attempt, Auth, ClientId, OutboundUrl, Username};
use crate::delivery::attempt::{Call, Sent, send};
use crate::delivery::guard::{Guard, GuardPolicy};
use crate::delivery::target::Targets;
use crate::fuzz_targets::SEPARATOR;
use crate::metrics::Metrics;
use crate::secrets::context::{Origin, auth_context, headers_context, signing_context};
use crate::secrets::master_key::MasterKey;
use crate::secrets::seal::Vault;
use crate::slots::Hosts;
use crate::store::{Destination, Sealed};

const ACCOUNT: &str = "an account";
const PASSWORD: &str = "a p\u{e4}ssword with every+kind/of character";
const HEADER: &str = "Token 5ae0c1e2f7bb4a0f9d7c";
const SIGNING_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Time limit of an attempt. Each connection ends by itself, so an attempt that takes this long waits for an event that never comes.
const TIMEOUT: Duration = Duration::from_secs(60);

const MAX_REQUEST_BYTES: u64 = 64 * 1024;

thread_local! {
    static HTTP_1: World = World::new(Protocol::Http1);
    static HTTP_2: World = World::new(Protocol::Http2);
}

/// The input is what the receiver sends over HTTP/1.1 after it has received the head of a request. If the input begins with `t`,
/// the webhook uses OAuth. Each part of the input is then the response to one request, and the first request is for a token.
/// Otherwise, the first byte has no meaning.
///
/// The attempt ends with an outcome, within the limits of openapi.json, and without a secret. The client reads the attempt.
pub fn attempt_http1(data: &[u8]) {
    HTTP_1.with(|world| world.attempt(data));
}

/// Like [`attempt_http1`], but each response consists of the frames that the receiver sends over HTTP/2, after it has received
/// the header of a request.
pub fn attempt_http2(data: &[u8]) {
    HTTP_2.with(|world| world.attempt(data));
}

#[derive(Clone, Copy)]
enum Protocol {
    Http1,
    Http2,
}

/// The bytes that the receiver sends on its next connections.
type Responses = Arc<Mutex<VecDeque<Vec<u8>>>>;

struct World {
    runtime: Runtime,
    guard: Guard,
    vault: Arc<Vault>,
    metrics: Arc<Metrics>,
    url: String,
    responses: Responses,
}

impl World {
    fn new(protocol: Protocol) -> World {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a certificate");
        let policy = GuardPolicy {
            allow_networks: vec!["127.0.0.0/8".parse().expect("a network")],
            allow_http: true,
            extra_root_certificates: vec![authority.der().clone()],
            // Executions must not depend on the connections of earlier executions.
            max_idle_connections: 0,
            ..GuardPolicy::default()
        };
        let tls = matches!(protocol, Protocol::Http2).then(|| acceptor(&authority));
        let scheme = if tls.is_some() { "https" } else { "http" };
        let responses = Responses::default();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
        let url = format!("{scheme}://{}", listener.local_addr().expect("a bound listener"));
        let guard = runtime.block_on(async { Guard::new(policy) }).expect("a guard");
        runtime.spawn(accept(listener, tls, responses.clone()));
        let (vault, metrics) = (Arc::new(Vault::new(MasterKey::generate())), Arc::new(Metrics::default()));
        World { runtime, guard, vault, metrics, url, responses }
    }

    fn attempt(&self, data: &[u8]) {
        let Some((kind, data)) = data.split_first() else { return };
        let uses_token = *kind == b't';
        let data = secrets::expanded(data, PASSWORD.as_bytes());
        let responses: VecDeque<Vec<u8>> = if uses_token { split(&data) } else { [data].into() };
        self.responses.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&responses);
        let targets = Targets::new(self.vault.clone(), self.metrics.clone());
        let target = targets.get(&self.destination(uses_token)).expect("a target");
        let call = Call {
            notification_id: Uuid::from_u128(0x0197_d6d4_3c11_7d2e_9a53_0a4e_e2b1_c001),
            body: Bytes::from_static(b"{\"type\":\"a.b\",\"data\":{}}"),
            trace: None,
            timeout: TIMEOUT,
            is_test: true,
            discards_response: false,
        };
        let sent = self.runtime.block_on(send(&self.guard, &target, call, DateTime::UNIX_EPOCH));
        let sent = sent.expect("this server lacks no resource");
        check(sent, &responses);
    }

    fn destination(&self, uses_token: bool) -> Destination {
        let id = Uuid::from_u128(1);
        let sealed = |context: &str, value: &str| Sealed(self.vault.seal(context, value.as_bytes()));
        let auth = if uses_token {
            Auth::ClientCredential {
                client_id: ClientId::stored("client".to_owned()),
                token_url: OutboundUrl::stored(format!("{}/token", self.url)),
                scope: None,
                audience: None,
            }
        } else {
            Auth::Basic { username: Username::stored("user".to_owned()) }
        };
        let target_url = format!("{}/callback", self.url);
        Destination {
            webhook_id: id,
            account: ACCOUNT.into(),
            epoch: 1,
            revision: 1,
            auth_secret: Some(sealed(&auth_context(ACCOUNT, id, &auth, &Origin::of_text(&target_url)), PASSWORD)),
            headers: Some(sealed(&headers_context(ACCOUNT, id, &Origin::of_text(&target_url)), &format!(r#"[["x-api-key","{HEADER}"]]"#))),
            signing_secret: sealed(&signing_context(ACCOUNT, id), SIGNING_SECRET),
            target_url,
            auth,
            max_per_second: None,
            ordered: false,
            previous_secret: None,
            hosts: Hosts::default(),
        }
    }
}

fn split(mut data: &[u8]) -> VecDeque<Vec<u8>> {
    let mut responses = VecDeque::new();
    while let Some(end) = data.windows(SEPARATOR.len()).position(|window| window == SEPARATOR) {
        responses.push_back(data[..end].to_vec());
        data = &data[end + SEPARATOR.len()..];
    }
    responses.push_back(data.to_vec());
    responses
}

fn check(sent: Sent, responses: &VecDeque<Vec<u8>>) {
    assert!(sent.body.len() <= 64 * 1024);
    let (outcome, status) = (sent.outcome, sent.status_code);
    assert_ne!(outcome.as_str(), "timed_out", "the attempt waits although each connection has ended");
    assert_eq!(sent.accepted(), status.is_some_and(|status| (200..300).contains(&status)), "{status:?}");
    assert!(sent.retry_after.is_none() || sent.response_class == Some(ResponseClass::Busy));
    let total: usize = responses.iter().map(Vec::len).sum();
    assert!(sent.body.len() <= total, "the receiver sent only {total} bytes");

    let attempt = Attempt::from(sent.into_record(1));
    let request = attempt.request.iter().flat_map(|request| &request.headers);
    let fields = request.chain(attempt.response_headers.iter().flatten()).flat_map(|field| [field.name.as_str(), &field.value]);
    let kept = [attempt.error.as_deref(), attempt.response_body.as_deref()];
    for text in kept.into_iter().flatten().chain(fields) {
        for secret in [PASSWORD, HEADER, SIGNING_SECRET, "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] {
            if let Some(part) = secrets::surviving(secret.as_bytes(), text) {
                panic!("{part} of {secret} is in the attempt: {text}");
            }
        }
        assert!(!text.contains("a search for secrets in it takes too long"), "{text}");
    }
    assert!(attempt.error.is_some() || status.is_some_and(|status| (200..300).contains(&status)), "a failure without a reason");
    let json = serde_json::to_string(&attempt).expect("an attempt");
    let _: webhooks_client::types::Attempt =
        serde_json::from_str(&json).unwrap_or_else(|error| panic!("the client cannot read the attempt: {error}: {json}"));
}

/// Accepts HTTP/2 with a certificate of the authority for 127.0.0.1.
fn acceptor(authority: &CertifiedIssuer<'static, KeyPair>) -> TlsAcceptor {
    let mut params = CertificateParams::default();
    params.subject_alt_names.push(rcgen::SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)));
    let key = KeyPair::generate().expect("a key");
    let certificate = params.signed_by(&key, authority).expect("a certificate");
    let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], rustls::pki_types::PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .expect("the key belongs to the certificate");
    config.alpn_protocols = vec![b"h2".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, responses: Responses) {
    while let Ok((stream, _)) = listener.accept().await {
        let (tls, responses) = (tls.clone(), responses.clone());
        tokio::spawn(async move {
            // A failure means that the client has closed the connection, because the response exceeds a limit.
            let _ = match tls {
                None => serve(stream, Protocol::Http1, &responses).await,
                Some(tls) => match tls.accept(stream).await {
                    Ok(stream) => serve(stream, Protocol::Http2, &responses).await,
                    Err(error) => Err(error),
                },
            };
        });
    }
}

/// Waits for the head of a request, sends the next response, ends the connection, and reads the rest of what the client sends.
/// Without that, the system would discard a response that the client has not read yet.
async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, protocol: Protocol, responses: &Responses) -> std::io::Result<()> {
    match protocol {
        Protocol::Http1 => read_head(&mut stream).await?,
        Protocol::Http2 => read_header_frame(&mut stream).await?,
    }
    let response = responses.lock().unwrap_or_else(PoisonError::into_inner).pop_front().unwrap_or_default();
    stream.write_all(&response).await?;
    stream.shutdown().await?;
    tokio::io::copy(&mut stream.take(MAX_REQUEST_BYTES), &mut tokio::io::sink()).await?;
    Ok(())
}

async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> std::io::Result<()> {
    let (mut head, mut buffer) = (Vec::new(), [0; 4096]);
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        match stream.read(&mut buffer).await? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            count => head.extend_from_slice(&buffer[..count]),
        }
    }
    Ok(())
}

/// Reads the frames of HTTP/2 (RFC 9113 §4.1) up to the first header.
async fn read_header_frame(stream: &mut (impl AsyncRead + Unpin)) -> std::io::Result<()> {
    const HEADERS: u8 = 1;
    stream.read_exact(&mut [0; 24]).await?;
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await?;
        let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        stream.read_exact(&mut vec![0; length]).await?;
        if head[3] == HEADERS {
            return Ok(());
        }
    }
}
