use rcgen::{BasicConstraints, CertificateParams, IsCa, date_time_ymd};
use tokio::io::AsyncWriteExt as _;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::delivery::guard::Guard;
use crate::delivery::test_receiver::{TestAuthority, TestCertificate, TestReceiver, read_request, request};

/// Sends a request to a server with this TLS configuration. The server accepts the connection and closes it after the
/// request.
async fn failure_with(authority: &TestAuthority, tls: TlsAcceptor) -> (Outcome, String) {
    let receiver = TestReceiver::start(move |_, stream| {
        let tls = tls.clone();
        async move {
            if let Ok(mut stream) = tls.accept(stream).await {
                read_request(&mut stream).await;
            }
        }
    })
    .await;
    failure_at(authority, &receiver).await
}

async fn failure_at(authority: &TestAuthority, receiver: &TestReceiver) -> (Outcome, String) {
    let guard = Guard::new(authority.policy()).expect("a guard");
    let error = guard.send(&receiver.url("https", "localhost"), &request()).await.expect_err("a failure");
    match Failure::from(error) {
        Failure::Outcome { outcome, error, .. } => (outcome, error.render(str::to_owned)),
        Failure::NotMade(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_valid_gets_a_sentence_with_the_reason() {
    let (authority, unknown) = (TestAuthority::new(), TestAuthority::named("an unknown authority"));
    let names = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let names = CertificateParams::new(names).expect("names").subject_alt_names;
        move |params: &mut CertificateParams| params.subject_alt_names = names
    };
    let as_authority = |params: &mut CertificateParams| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    for (certificate, sentence) in [
        (
            authority.certificate(|params| params.not_after = date_time_ymd(2020, 2, 3)),
            "the certificate of the server expired at 2020-02-03T00:00:00Z; renew the certificate",
        ),
        (
            authority.certificate(|params| params.not_before = date_time_ymd(2999, 2, 3)),
            "the certificate of the server is not valid before 2999-02-03T00:00:00Z; use a certificate that is valid now",
        ),
        (
            authority.certificate(names(&["a.example", "*.b.example", "192.0.2.1"])),
            "the certificate of the server is for another name: it is valid for a.example, *.b.example, 192.0.2.1; use a certificate for the host of the URL",
        ),
        (
            authority.certificate(names(&["a.example", "b.example", "c.example", "d.example", "e.example", "f.example"])),
            "the certificate of the server is for another name: it is valid for a.example, b.example, c.example, d.example and 2 more; use a certificate for the host of the URL",
        ),
        (
            authority.certificate(names(&[])),
            "the certificate of the server has no name (subjectAltName); use a certificate for the host of the URL",
        ),
        (TestCertificate::self_signed(|_| ()), "the certificate of the server is self-signed; use a certificate of a public authority"),
        (
            TestCertificate::self_signed(as_authority),
            "the certificate of the server is self-signed; use a certificate of a public authority",
        ),
        (
            unknown.certificate(|_| ()),
            "the certificate of the server is not trusted: its authority is unknown, or the server does not send the intermediate certificate; configure the whole certificate chain",
        ),
        (
            authority.certificate(as_authority),
            "the server uses the certificate of an authority as its own; use a certificate that the authority has issued for the server",
        ),
    ] {
        let tls = certificate.acceptor("http/1.1", rustls::ALL_VERSIONS, None);
        assert_eq!(failure_with(&authority, tls).await, (Outcome::CertificateInvalid, sentence.to_owned()));
    }
}

#[tokio::test]
async fn a_required_client_certificate_is_recognized() {
    let authority = TestAuthority::new();
    let certificate = authority.certificate(|_| ());
    for protocol in ["http/1.1", "h2"] {
        for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
            let tls = certificate.acceptor(protocol, &[version], Some(&authority));
            let (outcome, text) = failure_with(&authority, tls).await;
            assert_eq!(outcome, Outcome::ClientCertificateRequired, "{protocol} {version:?}: {text}");
        }
    }
}

#[tokio::test]
async fn each_way_to_lose_a_connection_has_its_own_sentence() {
    let authority = TestAuthority::new();
    let plain = TestReceiver::start(|_, mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
        read_request(&mut stream).await;
    })
    .await;
    let text = "the server does not use TLS on this port; it probably uses plain HTTP; configure TLS, or use the port for HTTPS";
    assert_eq!(failure_at(&authority, &plain).await, (Outcome::TlsFailed, text.to_owned()));

    let reset = TestReceiver::start(|_, stream| async move { drop(stream.set_zero_linger()) }).await;
    let (outcome, text) = failure_at(&authority, &reset).await;
    assert_eq!(outcome, Outcome::ConnectionLost, "{text}");

    for protocol in ["http/1.1", "h2"] {
        let (outcome, text) = failure_with(&authority, authority.acceptor(protocol)).await;
        assert_eq!(
            (outcome, &*text),
            (
                Outcome::ConnectionLost,
                "the server closed the connection without a response; find the reason in the log of the server or of the proxy before it"
            ),
            "{protocol}"
        );
    }

    let closed = TestReceiver::start(|_, _| async {}).await;
    let address = closed.address;
    drop(closed);
    // The listener is closed when its task has ended.
    while tokio::net::TcpListener::bind(("0.0.0.0", address.port())).await.is_err() {
        tokio::task::yield_now().await;
    }
    let guard = Guard::new(authority.policy()).expect("a guard");
    let url = format!("https://{address}/").parse().expect("a URL");
    let Failure::Outcome { outcome, .. } = Failure::from(guard.send(&url, &request()).await.expect_err("no listener")) else {
        panic!("the attempt was made");
    };
    assert_eq!(outcome, Outcome::ConnectionRefused);
}
