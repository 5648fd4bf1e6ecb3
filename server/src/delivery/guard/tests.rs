use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;

use bytes::Bytes;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use super::*;

mod registries; // comparison with the registries of IANA

fn strict() -> Guard {
    Guard::new(GuardPolicy::default()).expect("a guard")
}

/// A policy that allows receivers on this machine.
fn for_loopback() -> GuardPolicy {
    GuardPolicy {
        allow_networks: vec!["127.0.0.0/8".parse().expect("a network"), "::1/128".parse().expect("a network")],
        allow_http: true,
        allowed_ports: Ports::default_for(true),
        ..GuardPolicy::default()
    }
}

fn parse(url: &str) -> Url {
    url.parse().unwrap_or_else(|error| panic!("{url}: {error}"))
}

/// A receiver that sends the same response to every request, and reports each request.
struct Receiver {
    address: SocketAddr,
    requests: mpsc::UnboundedReceiver<String>,
}

impl Receiver {
    async fn responding(response: String) -> Receiver {
        Receiver::start(response, None).await
    }

    async fn start(response: String, tls: Option<TlsAcceptor>) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
        let address = listener.local_addr().expect("its address");
        let (sender, requests) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                match &tls {
                    None => respond(stream, &response, &sender).await,
                    // A client that does not trust the certificate closes the connection.
                    Some(tls) => {
                        if let Ok(stream) = tls.accept(stream).await {
                            respond(stream, &response, &sender).await;
                        }
                    }
                }
            }
        });
        Receiver { address, requests }
    }

    fn url(&self, scheme: &str, host: &str) -> Url {
        parse(&format!("{scheme}://{host}:{}/callback", self.address.port()))
    }
}

async fn respond(mut stream: impl AsyncRead + AsyncWrite + Unpin, response: &str, requests: &mpsc::UnboundedSender<String>) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => request.push(byte),
            Err(_) => return,
        }
    }
    requests.send(String::from_utf8(request).expect("a text")).expect("the test still runs");
    // A client that limits the response may close the connection early.
    if stream.write_all(response.as_bytes()).await.is_ok() {
        stream.shutdown().await.ok();
    }
}

fn request() -> Request {
    Request {
        account: "an account".into(),
        method: http::Method::POST,
        headers: http::HeaderMap::new(),
        body: Bytes::new(),
        observed: Observed::default(),
    }
}

fn ok() -> String {
    "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_owned()
}

#[test]
fn an_internal_address_is_refused_in_every_spelling() {
    let guard = strict();
    for (host, name) in [
        ("127.0.0.1", "loopback"),
        ("127.0.0.1.", "loopback"),
        ("127.1", "loopback"),
        ("127.0.1", "loopback"),
        ("2130706433", "loopback"),
        ("0x7f000001", "loopback"),
        ("0x7F.1", "loopback"),
        ("0177.0.0.1", "loopback"),
        ("0177.0x0.0.01", "loopback"),
        ("00000177.00000000.1", "loopback"),
        ("%31%32%37.0.0.1", "loopback"),
        ("127%2e0%2E0.1", "loopback"),
        ("１２７.０.０.１", "loopback"),
        ("127。0。0。1", "loopback"),
        ("①②⑦.⓪.⓪.①", "loopback"),
        ("0", "this network"),
        ("0.0.0.0", "this network"),
        ("10.0.0.1", "private-use"),
        ("012.1", "private-use"),
        ("3232235777", "private-use"),
        ("169.254.169.254", "cloud metadata"),
        ("0xa9fea9fe", "cloud metadata"),
        ("0251.0376.0251.0376", "cloud metadata"),
        ("168.63.129.16", "cloud metadata"),
        ("255.255.255.255", "limited broadcast"),
        ("[::]", "unspecified"),
        ("[::1]", "loopback"),
        ("[0:0:0:0:0:0:0:1]", "loopback"),
        ("[0000:0000::0001]", "loopback"),
        ("[::127.0.0.1]", "IPv4-compatible"),
        ("[::ffff:127.0.0.1]", "loopback"),
        ("[::FFFF:7F00:1]", "loopback"),
        ("[::ffff:a9fe:a9fe]", "cloud metadata"),
        ("[64:ff9b::127.0.0.1]", "loopback"),
        ("[2002:7f00:1::]", "6to4"),
        ("[fd00:ec2::254]", "cloud metadata"),
        ("[fe80::1]", "link-local"),
    ] {
        let url = parse(&format!("https://{host}/callback"));
        match guard.check_url(&url) {
            Err(Refusal::AddressForbidden { range, .. }) => assert_eq!(range.name, name, "{host}"),
            other => panic!("{host}: {other:?}"),
        }
    }
    // Slashes may be missing, or may be backslashes.
    for url in ["https:127.0.0.1", "https:/127.0.0.1", r"https:\\127.0.0.1\", "https:///127.0.0.1", "\thttps://127.0.\n0.1"] {
        assert!(matches!(guard.check_url(&parse(url)), Err(Refusal::AddressForbidden { .. })), "{url:?}");
    }
    // A zone is not allowed in a URL (WHATWG URL §3.5).
    for url in ["https://[fe80::1%25eth0]/", "https://[fe80::1%eth0]/"] {
        url.parse::<Url>().expect_err(url);
    }
}

#[test]
fn a_public_address_and_any_name_may_be_stored() {
    for url in [
        "https://example.com",
        "https://example.com:8443/notify?key=1",
        "https://8.8.8.8/",
        "https://[2606:4700:4700::1111]:8443/",
        "https://[64:ff9b::8.8.8.8]/",
        "https://127.0.0.1.example.com/",
        // The addresses of a name are checked when the request is sent.
        "https://localhost/",
        "https://@example.com/",
    ] {
        assert_eq!(strict().check_url(&parse(url)), Ok(()), "{url}");
    }
}

#[test]
fn a_url_with_a_forbidden_part_is_refused_with_a_clear_message() {
    let with_http = Guard::new(for_loopback()).expect("a guard");
    let denying = GuardPolicy {
        deny_networks: vec!["8.8.0.0/16".parse().expect("a network"), "127.0.0.0/8".parse().expect("a network")],
        allowed_ports: vec!["8443".parse().expect("a port")],
        ..for_loopback()
    };
    let denying = Guard::new(denying).expect("a guard");
    for (guard, url, message) in [
        (&strict(), "http://example.com", "the URL must begin with https:, not with http:"),
        (&strict(), "ftp://example.com", "the URL must begin with https:, not with ftp:"),
        (&with_http, "ws://example.com", "the URL must begin with https: or http:, not with ws:"),
        (&strict(), "file:///etc/passwd", "the URL must begin with https:, not with file:"),
        (&strict(), "https://user@example.com", "the URL must not contain a user name or password; use `auth` instead"),
        (&strict(), "https://:password@example.com", "the URL must not contain a user name or password; use `auth` instead"),
        (&strict(), "https://example.com/#", "the URL must not contain a fragment (#), which is never sent to a server"),
        (
            &strict(),
            "https://10.0.0.1",
            "the address 10.0.0.1 is not publicly reachable (10.0.0.0/8, private-use); use the URL of a public server",
        ),
        (&denying, "https://8.8.8.8:8443", "the operator of this service allows no requests to the address 8.8.8.8; use another server"),
        (
            &denying,
            "https://127.0.0.1:8443",
            "the operator of this service allows no requests to the address 127.0.0.1; use another server",
        ),
        (&strict(), "https://example.com:22", "the port 22 is not allowed; the allowed ports are 443, 1024-65535"),
        (&with_http, "http://example.com:25", "the port 25 is not allowed; the allowed ports are 80, 443, 1024-65535"),
        (&denying, "https://example.com", "the port 443 is not allowed; the allowed ports are 8443"),
    ] {
        assert_eq!(guard.check_url(&parse(url)).expect_err(url).to_string(), message);
    }
    assert_eq!(with_http.check_url(&parse("http://127.0.0.1")), Ok(()));
}

#[tokio::test]
async fn an_allowed_network_is_reached_by_address_and_by_name() {
    let guard = Guard::new(for_loopback()).expect("a guard");
    let mut receiver = Receiver::responding(ok()).await;
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"] {
        let response = guard.send(&receiver.url("http", host), &request()).await.expect("a response");
        assert_eq!(response.status, 200, "{host}");
        receiver.requests.recv().await.expect("a request");
    }
}

#[tokio::test]
async fn a_name_with_an_internal_address_is_like_an_absent_name_and_gets_no_connection() {
    let hosts = "127.0.0.1 inward.test\n\
        8.8.8.8 mixed.test\n\
        127.0.0.1 mixed.test\n\
        ::ffff:127.0.0.1 mapped.test\n\
        fe80::1 linklocal.test\n\
        9.9.9.9 denied.test\n";
    let no_server = "127.0.0.1:9".parse().expect("an address");
    let deny_networks = vec!["9.9.9.0/24".parse().expect("a network")];
    let policy = GuardPolicy { allow_http: true, deny_networks, ..GuardPolicy::default() };
    let (names, _directory) = resolver::tests::names_of(no_server, hosts);
    let guard = Guard::with_names(policy, names).expect("a guard");
    let mut receiver = Receiver::responding(ok()).await;
    for host in ["localhost", "sub.localhost", "inward.test", "mixed.test", "mapped.test", "linklocal.test", "denied.test"] {
        let error = guard.send(&receiver.url("http", host), &request()).await.expect_err("refused");
        match error.cause {
            Cause::Name(ref reason @ NameError::NotFound { .. }) => {
                assert_eq!(
                    reason.to_string(),
                    format!("the name {host} does not exist or has no public address; correct the URL or the DNS records"),
                    "as for an absent name"
                );
            }
            other => panic!("{host}: {other:?}"),
        }
    }
    receiver.requests.try_recv().expect_err("nothing arrived");
}

#[tokio::test]
async fn a_name_server_that_does_not_answer_is_another_error() {
    let no_server = "127.0.0.1:9".parse().expect("an address");
    let (names, _directory) = resolver::tests::names_of(no_server, "");
    let guard = Guard::with_names(GuardPolicy::default(), names).expect("a guard");
    let error = guard.send(&parse("https://example.test"), &request()).await.expect_err("no name server");
    assert!(matches!(error.cause, Cause::Name(NameError::Failed { .. } | NameError::TimedOut { .. })), "{error:?}");
}

#[tokio::test]
async fn a_redirect_is_returned_and_not_followed() {
    let guard = Guard::new(for_loopback()).expect("a guard");
    for status in [301, 302, 303, 307, 308] {
        let mut target = Receiver::responding(ok()).await;
        let location = target.url("http", "127.0.0.1");
        let response = format!("HTTP/1.1 {status} Moved\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n");
        let receiver = Receiver::responding(response).await;
        let response = guard.send(&receiver.url("http", "127.0.0.1"), &request()).await.expect("a response");
        assert_eq!(response.status, status);
        target.requests.try_recv().expect_err("nothing arrived");
    }
}

#[tokio::test]
async fn a_request_has_no_additional_headers() {
    let guard = Guard::new(for_loopback()).expect("a guard");
    let mut receiver = Receiver::responding("HTTP/1.1 200 OK\r\nset-cookie: a=b\r\ncontent-length: 0\r\n\r\n".to_owned()).await;
    for _ in 0..2 {
        let mut request = request();
        request.headers.insert("webhook-id", http::HeaderValue::from_static("one"));
        guard.send(&receiver.url("http", "127.0.0.1"), &request).await.expect("a response");
        let request = receiver.requests.recv().await.expect("a request");
        let mut names: Vec<_> = request.lines().skip(1).filter_map(|line| Some(line.split_once(':')?.0.to_ascii_lowercase())).collect();
        names.sort();
        assert_eq!(names, ["host", "webhook-id"], "{request}");
    }
}

#[tokio::test]
async fn an_extra_certificate_authority_is_trusted_and_others_are_not() {
    let mut params = CertificateParams::new(Vec::new()).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a certificate");
    let key = KeyPair::generate().expect("a key");
    let leaf =
        CertificateParams::new(vec!["localhost".to_owned()]).expect("parameters").signed_by(&key, &authority).expect("a certificate");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], rustls::pki_types::PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .expect("a server configuration");
    let receiver = Receiver::start(ok(), Some(TlsAcceptor::from(Arc::new(config)))).await;
    let url = receiver.url("https", "localhost");

    let trusting = GuardPolicy { extra_root_certificates: vec![authority.der().clone()], ..for_loopback() };
    let response = Guard::new(trusting).expect("a guard").send(&url, &request()).await.expect("a response");
    assert_eq!(response.status, 200);

    let error = Guard::new(for_loopback()).expect("a guard").send(&url, &request()).await.expect_err("an unknown authority");
    assert!(matches!(error.cause, Cause::Tls(_)), "{error:?}");
}

/// The whole process shares the environment, so this test starts itself in a child process.
#[tokio::test]
async fn a_proxy_in_the_environment_is_not_used() {
    const CHILD: &str = "GUARD_TEST_WITH_PROXY";
    if std::env::var_os(CHILD).is_some() {
        let guard = Guard::new(for_loopback()).expect("a guard");
        let receiver = Receiver::responding(ok()).await;
        let response = guard.send(&receiver.url("http", "localhost"), &request()).await;
        assert_eq!(response.expect("a response from the receiver itself").status, 200);
        return;
    }
    // Nothing listens on port 9, so a request through the proxy fails.
    let output = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "delivery::guard::tests::a_proxy_in_the_environment_is_not_used"])
        .env(CHILD, "1")
        .envs(["http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY"].map(|name| (name, "http://127.0.0.1:9")))
        .output()
        .expect("to start");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
}
