//! Receivers with the mistakes that people make. Each failure names its cause, and what the owner of the receiver can do.

use std::path::Path;
use std::process::Command;

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::{TLS12, TLS13};
use serde_json::{Value, json};
use tokio_rustls::TlsAcceptor;

use crate::harness::{Authority, HostileBehaviour, HostileReceiver, Nginx, Receiver, Setup, TokenBehaviour, free_ports};

/// The servers of nginx: a name, a certificate, the directives, and the expected outcome, cause and remedy.
const SERVERS: [(&str, Certificate, &str, &str, &str, &str); 15] = [
    ("expired", Certificate::Expired, "return 204;", "certificate_invalid", "expired at 2020-01-02", "renew the certificate"),
    ("not-yet", Certificate::NotYet, "return 204;", "certificate_invalid", "not valid before 2999", "use a certificate that is valid now"),
    ("other-name", Certificate::OtherName, "return 204;", "certificate_invalid", "valid for other.example", "for the host of the URL"),
    ("self-signed", Certificate::SelfSigned, "return 204;", "certificate_invalid", "is self-signed", "of a public authority"),
    (
        "no-chain",
        Certificate::NoIntermediate,
        "return 204;",
        "certificate_invalid",
        "intermediate",
        "configure the whole certificate chain",
    ),
    ("tls-1-1", Certificate::Valid, OLD_TLS, "tls_failed", "neither TLS 1.2 nor TLS 1.3", "enable one of them"),
    ("plain", Certificate::None, "return 204;", "tls_failed", "plain HTTP", "configure TLS"),
    ("redirect", Certificate::Valid, REDIRECT, "redirected", "redirects to https://example.com/new", "register the final URL"),
    ("401", Certificate::Valid, "return 401;", "rejected", "returned 401", "check the credentials"),
    ("403", Certificate::Valid, "return 403;", "rejected", "returned 403", "the firewall before it"),
    ("404", Certificate::Valid, "return 404;", "rejected", "returned 404", "correct the path of `targetURL`"),
    (
        "413",
        Certificate::Valid,
        "client_max_body_size 1; location / { proxy_pass http://127.0.0.1:1; }",
        "rejected",
        "returned 413",
        "larger bodies",
    ),
    ("429", Certificate::Valid, "return 429;", "rate_limited", "returned 429", "set `maxPerSecond`"),
    ("500", Certificate::Valid, "return 500;", "rejected", "returned 500", "find the reason in its log"),
    // nginx completes the handshake, and then refuses the request.
    ("nginx-client", Certificate::Valid, CLIENT, "rejected", "the receiver requested one", "accept callbacks without a client certificate"),
];

const OLD_TLS: &str = "ssl_protocols TLSv1.1; ssl_ciphers ALL:@SECLEVEL=0; return 204;";
const REDIRECT: &str = "return 302 https://example.com/new?key=secret;";
const CLIENT: &str = "ssl_verify_client on; ssl_client_certificate {authority}; location / { return 204; }";

#[derive(Clone, Copy)]
enum Certificate {
    Valid,
    Expired,
    NotYet,
    OtherName,
    SelfSigned,
    NoIntermediate,
    /// Plain HTTP.
    None,
}

impl Certificate {
    fn create(self, authority: &Authority) -> Option<(rcgen::Certificate, KeyPair)> {
        let changed = |change: fn(&mut CertificateParams)| authority.changed_certificate(change);
        Some(match self {
            Certificate::Valid => changed(|_| ()),
            Certificate::Expired => changed(|parameters| {
                parameters.not_before = rcgen::date_time_ymd(2020, 1, 1);
                parameters.not_after = rcgen::date_time_ymd(2020, 1, 2);
            }),
            Certificate::NotYet => changed(|parameters| parameters.not_before = rcgen::date_time_ymd(2999, 1, 1)),
            Certificate::OtherName => changed(|parameters| {
                parameters.subject_alt_names = CertificateParams::new(vec!["other.example".to_owned()]).expect("a name").subject_alt_names;
            }),
            Certificate::SelfSigned => Authority::self_signed(),
            Certificate::NoIntermediate => authority.intermediate().changed_certificate(|_| ()),
            Certificate::None => return None,
        })
    }
}

/// Starts nginx with [`SERVERS`]. The servers listen on `ports`.
async fn start_nginx(authority: &Authority, authority_file: &str, ports: &[u16]) -> Nginx {
    let directory = tempfile::TempDir::new().expect("a temporary directory");
    let server = |(port, (name, certificate, directives, ..)): (&u16, &(&str, Certificate, &str, &str, &str, &str))| {
        let directives = directives.replace("{authority}", authority_file);
        let Some((certificate, key)) = certificate.create(authority) else {
            return format!("server {{ listen 127.0.0.1:{port}; {directives} }}");
        };
        let path = |end: &str| directory.path().join(format!("{name}-{end}.pem"));
        std::fs::write(path("chain"), certificate.pem()).expect("a writable directory");
        crate::harness::write_private(&path("key"), &key.serialize_pem());
        let (chain, key) = (path("chain").display().to_string(), path("key").display().to_string());
        format!("server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {chain}; ssl_certificate_key {key}; {directives} }}")
    };
    let servers: Vec<String> = ports.iter().zip(&SERVERS).map(server).collect();
    Nginx::launch_all(directory, ports[0], &servers.join("\n")).await
}

/// Returns a TLS acceptor with a certificate that the authority has signed with SHA-1. Only OpenSSL creates such a
/// certificate, and nginx refuses to use it.
fn acceptor_with_sha1(directory: &Path, data_dir: &Path) -> TlsAcceptor {
    let file = |name: &str| directory.join(name).display().to_string();
    let run = |arguments: &[&str]| {
        let output = Command::new("openssl").args(arguments).output().expect("OpenSSL runs");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    let authority = |name: &str| data_dir.join(name).display().to_string();
    std::fs::write(file("names"), "subjectAltName=IP:127.0.0.1").expect("a writable directory");
    run(&[
        "req",
        "-new",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        &file("key.pem"),
        "-subj",
        "/CN=localhost",
        "-out",
        &file("request.pem"),
    ]);
    run(&[
        "x509",
        "-req",
        "-sha1",
        "-days",
        "30",
        "-in",
        &file("request.pem"),
        "-CA",
        &authority("dev-ca.pem"),
        "-CAkey",
        &authority("dev-ca-key.pem"),
        "-set_serial",
        "5",
        "-extfile",
        &file("names"),
        "-out",
        &file("certificate.pem"),
    ]);
    let certificate = CertificateDer::from_pem_file(file("certificate.pem")).expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(file("key.pem")).expect("a key");
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider knows TLS 1.2 and 1.3")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("the key belongs to the certificate");
    TlsAcceptor::from(std::sync::Arc::new(config))
}

#[tokio::test]
async fn each_broken_receiver_gets_its_outcome_and_a_sentence_with_the_cause_and_the_remedy() {
    if Nginx::is_missing() || webhooks_postgres::skip_without(&["openssl"]) {
        return;
    }
    let server = Setup::dev().flags(&["--attempt-timeout-seconds", "2", "--retry-schedule", "none"]).start().await;
    let (api, authority) = (server.api(), server.authority());
    let ports: [u16; SERVERS.len() + 1] = free_ports();
    let authority_file = server.data_dir().join("dev-ca.pem").display().to_string();
    let _nginx = start_nginx(&authority, &authority_file, &ports[..SERVERS.len()]).await;
    let url = |port: u16| format!("https://127.0.0.1:{port}/");
    let closed = url(ports[SERVERS.len()]);

    let mut rows: Vec<(String, Value, &str, &str, &str)> = Vec::new();
    for (port, (name, _, _, outcome, cause, remedy)) in ports.iter().zip(SERVERS) {
        rows.push((name.to_owned(), json!({ "targetURL": url(*port) }), outcome, cause, remedy));
    }
    let directory = tempfile::TempDir::new().expect("a temporary directory");
    let sha1 = Receiver::start_with(acceptor_with_sha1(directory.path(), server.data_dir())).await;
    rows.push((
        "sha-1".to_owned(),
        json!({ "targetURL": sha1.url() }),
        "certificate_invalid",
        "algorithm",
        "use RSA with at least 2,048 bits",
    ));
    let pem = std::fs::read_to_string(&authority_file).expect("the certificate of the authority");
    let mut receivers = Vec::new();
    for (version, protocol) in [(&TLS12, "http/1.1"), (&TLS12, "h2"), (&TLS13, "http/1.1"), (&TLS13, "h2")] {
        let receiver = Receiver::start_with(authority.acceptor_for_clients(&pem, version, protocol)).await;
        let name = format!("client-{receivers}", receivers = receivers.len());
        let (outcome, remedy) = ("client_certificate_required", "accept callbacks without a client certificate");
        rows.push((name, json!({ "targetURL": receiver.url() }), outcome, "requires a client certificate", remedy));
        receivers.push(receiver);
    }
    let mut hostile = Vec::new();
    for (name, behaviour, outcome, cause, remedy) in [
        ("reset", HostileBehaviour::ResetConnection, "connection_lost", "the server reset the connection", "log of the server"),
        ("silent", HostileBehaviour::Silent, "timed_out", "attempt timeout of 2 s", "reachable from the internet"),
        (
            "silent-http2",
            HostileBehaviour::SilentHttp2,
            "timed_out",
            "sent no response within the attempt timeout of 2 s",
            "respond sooner",
        ),
        ("slow-header", HostileBehaviour::Drip("HTTP/1.1 200 OK\r\nx: "), "timed_out", "sent no response within", "respond sooner"),
        // Only the status matters.
        ("slow-body", HostileBehaviour::Drip("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"), "accepted", "", ""),
    ] {
        let receiver = HostileReceiver::start(&authority, behaviour).await;
        rows.push((name.to_owned(), json!({ "targetURL": receiver.url() }), outcome, cause, remedy));
        hostile.push(receiver);
    }
    rows.push(("refused".to_owned(), json!({ "targetURL": closed }), "connection_refused", "refused the connection", "start the server"));
    let tokens = server.token_endpoint("client", "secret").await;
    tokens.behave(TokenBehaviour::Refuse);
    for (name, token_url, outcome, cause, remedy) in [
        ("token-down", closed.clone(), "token_failed", "the token URL: the server refused the connection", "start the server"),
        ("token-refuses", tokens.url(), "token_refused", "the token URL returned 401", "check the client id and the client secret"),
    ] {
        let auth = json!({ "type": "client_credential", "clientID": "client", "clientSecret": "secret", "tokenURL": token_url });
        rows.push((name.to_owned(), json!({ "targetURL": closed, "auth": auth }), outcome, cause, remedy));
    }

    let mut published = Vec::new();
    for (name, registration, ..) in &rows {
        let mut registration = registration.clone();
        registration["eventTypes"] = json!([name]);
        api.register(&registration).await;
        published.push(api.publish_type(name).await);
    }
    let mut failures = Vec::new();
    for ((name, registration, outcome, cause, remedy), notification) in rows.iter().zip(&published) {
        let delivery = api.after_attempts(notification, 1).await;
        let attempt = &delivery["attempts"][0];
        let error = attempt["error"].as_str().unwrap_or_default();
        let is_explained =
            error.contains(cause) && error.rsplit("; ").next().is_some_and(|last| last.contains(remedy) || error.contains(remedy));
        if attempt["outcome"] != *outcome || !is_explained || attempt["help"] != format!("/docs#outcome-{outcome}") {
            failures.push(format!("{name}: {attempt}"));
        }
        // The customer sees what was tried, even if there was no response.
        let is_token_failure = outcome.starts_with("token_");
        let address = registration["targetURL"].as_str().and_then(|url| url.split('/').nth(2));
        let shown = (attempt["request"]["url"].as_str(), attempt["connection"]["remoteAddress"].as_str());
        let expected = (registration["targetURL"].as_str(), address);
        let is_unfinished = *name == "silent";
        if !is_token_failure && !is_unfinished && shown != expected || is_token_failure && shown != (None, None) {
            failures.push(format!("{name}: {shown:?} instead of {expected:?}"));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}
