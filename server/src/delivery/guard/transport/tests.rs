use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::delivery::guard::{Guard, GuardPolicy};
use crate::delivery::test_receiver::{OK, TestAuthority, TestReceiver, read_request, request};

mod endings;

fn guard(authority: &TestAuthority) -> Guard {
    Guard::new(authority.policy()).expect("a guard")
}

/// Sends the same bytes to each request of a connection.
async fn serve(mut stream: TcpStream, response: &[u8]) {
    while read_request(&mut stream).await && stream.write_all(response).await.is_ok() {}
}

/// Serves HTTP/2. `respond` gets the number of the request on this connection, and returns its response, or `None` to
/// refuse the request.
async fn serve_http2(stream: TcpStream, tls: TlsAcceptor, respond: impl Fn(usize) -> Option<http::Response<()>>) {
    let Ok(stream) = tls.accept(stream).await else { return };
    let Ok(mut connection) = h2::server::handshake(stream).await else { return };
    let mut number = 0;
    while let Some(Ok((_, mut stream))) = connection.accept().await {
        match respond(number) {
            Some(response) => drop(stream.send_response(response, true)),
            None => stream.send_reset(h2::Reason::REFUSED_STREAM),
        }
        number += 1;
    }
}

/// Takes one request over HTTP/2, responds, and ends the connection with a GOAWAY frame that names this request as the
/// last one (RFC 9113 §6.8). Further requests arrive, but are ignored.
async fn take_one_request(mut stream: tokio_rustls::server::TlsStream<TcpStream>) -> std::io::Result<()> {
    const HEADERS: u8 = 1;
    stream.read_exact(&mut [0; 24]).await?;
    stream.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await?;
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await?;
        let length = usize::from(head[1]) << 8 | usize::from(head[2]);
        stream.read_exact(&mut vec![0; length]).await?;
        if head[3] == HEADERS && head[8] == 1 {
            // The status 200 (RFC 7541 appendix A), and GOAWAY.
            stream.write_all(&[0, 0, 1, 1, 5, 0, 0, 0, 1, 0x88]).await?;
            stream.write_all(&[0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]).await?;
        }
    }
}

#[tokio::test]
async fn a_200_is_accepted_although_its_header_has_defects() {
    let guard = guard(&TestAuthority::new());
    let many = |count: usize| (0..count).map(|number| format!("f{number}: x\r\n")).collect::<String>();
    for (name, header) in [
        ("a folded line", "a: b\r\n c\r\n\td\r\n".to_owned()),
        ("a space before a colon", "a : b\r\n".to_owned()),
        ("a line without a colon", "no field\r\n".to_owned()),
        ("an invalid field name", "a b: c\r\n".to_owned()),
        ("150 fields", many(150)),
        ("4,000 fields", many(4_000)),
        ("a field of 60 KB", format!("a: {}\r\n", "b".repeat(60_000))),
    ] {
        let response = format!("HTTP/1.1 200 OK\r\n{header}content-length: 0\r\n\r\n");
        let receiver = TestReceiver::start(move |_, stream| {
            let response = response.clone();
            async move { serve(stream, response.as_bytes()).await }
        })
        .await;
        let response = guard.send(&receiver.url("http", "127.0.0.1"), &request()).await;
        assert_eq!(response.unwrap_or_else(|error| panic!("{name}: {error:?}")).status, 200, "{name}");
    }
}

#[tokio::test]
async fn a_200_over_http_2_may_have_40_kilobytes_of_fields() {
    let authority = TestAuthority::new();
    for (count, length) in [(40, 1_000), (1_000, 40), (1, 40_000)] {
        let tls = authority.acceptor("h2");
        let receiver = TestReceiver::start(move |_, stream| {
            serve_http2(stream, tls.clone(), move |_| {
                let fields = (0..count).map(|number| (format!("f{number}"), "v".repeat(length)));
                let response = http::Response::builder().status(200);
                fields.fold(response, |response, (name, value)| response.header(name, value)).body(()).ok()
            })
        })
        .await;
        let response = guard(&authority).send(&receiver.url("https", "localhost"), &request()).await;
        assert_eq!(response.unwrap_or_else(|error| panic!("{count}: {error:?}")).status, 200, "{count}");
    }
}

#[tokio::test]
async fn bytes_before_the_final_status_are_limited_over_http_1() {
    let guard = guard(&TestAuthority::new());
    for (begin, again) in [
        ("", "HTTP/1.1 100 Continue\r\n\r\n"),
        ("", "HTTP/1.1 103 Early Hints\r\nlink: </style.css>\r\n\r\n"),
        ("HTTP/1.1 200 OK\r\n", "a: b\r\n"),
        ("HTTP/1.1 200 OK\r\na: ", "b"),
        ("HTTP/1.1 200 ", "b"),
        ("", "\r\n"),
    ] {
        let receiver = TestReceiver::start(move |_, mut stream| async move {
            read_request(&mut stream).await;
            let again = again.repeat(1024);
            let mut writes = stream.write_all(begin.as_bytes()).await;
            while writes.is_ok() {
                writes = stream.write_all(again.as_bytes()).await;
            }
        })
        .await;
        let error = guard.send(&receiver.url("http", "127.0.0.1"), &request()).await.expect_err("no final status");
        assert!(matches!(error.cause, Cause::TooManyBytes), "{begin:?} {again:?}: {error:?}");
    }
}

#[tokio::test]
async fn frames_before_the_response_are_limited_over_http_2() {
    const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
    const PING: &[u8] = &[0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];
    // HEADERS with END_HEADERS and the status 100, without indexing (RFC 7541 §6.2.2).
    const CONTINUE: &[u8] = &[0, 0, 5, 1, 4, 0, 0, 0, 1, 0x08, 3, b'1', b'0', b'0'];
    // A frame of an unknown type, which a client ignores (RFC 9113 §5.5).
    const UNKNOWN: &[u8] = &[0, 0, 4, 0xee, 0, 0, 0, 0, 0, 1, 2, 3, 4];
    let authority = TestAuthority::new();
    for frame in [SETTINGS, PING, CONTINUE, UNKNOWN] {
        let tls = authority.acceptor("h2");
        let receiver = TestReceiver::start(move |_, stream| {
            let tls = tls.clone();
            async move {
                let Ok(mut stream) = tls.accept(stream).await else { return };
                let mut preface = [0; 24];
                if stream.read_exact(&mut preface).await.is_err() || stream.write_all(SETTINGS).await.is_err() {
                    return;
                }
                let (mut reader, mut writer) = tokio::io::split(stream);
                let many = frame.repeat(1024);
                let write = async { while writer.write_all(&many).await.is_ok() {} };
                let mut sink = tokio::io::sink();
                tokio::select! {
                    () = write => {}
                    _ = tokio::io::copy(&mut reader, &mut sink) => {}
                }
            }
        })
        .await;
        let error = guard(&authority).send(&receiver.url("https", "localhost"), &request()).await.expect_err("no response");
        assert!(matches!(error.cause, Cause::TooManyBytes), "{frame:?}: {error:?}");
    }
}

#[tokio::test]
async fn a_request_on_a_reused_connection_that_closes_is_sent_again_once() {
    let guard = guard(&TestAuthority::new());
    // The first connection closes after it has read its second request. Each later connection serves all requests.
    let receiver = TestReceiver::start(|number, mut stream| async move {
        read_request(&mut stream).await;
        let _ = stream.write_all(OK.as_bytes()).await;
        if number == 0 {
            read_request(&mut stream).await;
        } else {
            serve(stream, OK.as_bytes()).await;
        }
    })
    .await;
    let url = receiver.url("http", "127.0.0.1");
    for (repeated, connections) in [(false, 1), (true, 2), (false, 2)] {
        let response = guard.send(&url, &request()).await.expect("a response");
        assert_eq!((response.status.as_u16(), response.connection.repeated, receiver.connections()), (200, repeated, connections));
        assert!(!response.read_at_most(1, &mut Vec::new()).await);
    }
}

#[tokio::test]
async fn a_request_on_a_new_connection_that_closes_is_not_repeated() {
    let authority = TestAuthority::new();
    let receiver = TestReceiver::start(|_, mut stream| async move {
        read_request(&mut stream).await;
    })
    .await;
    let error = guard(&authority).send(&receiver.url("http", "127.0.0.1"), &request()).await.expect_err("no response");
    assert!(matches!(error.cause, Cause::Lost { partial: false, .. }), "{error:?}");
    assert_eq!((receiver.connections(), error.connection.repeated, error.connection.remote), (1, false, Some(receiver.address)));
}

#[tokio::test]
async fn a_partial_response_on_a_reused_connection_is_not_repeated() {
    let guard = guard(&TestAuthority::new());
    let receiver = TestReceiver::start(|_, mut stream| async move {
        for response in [OK, "HTTP/1.1 20"] {
            read_request(&mut stream).await;
            let _ = stream.write_all(response.as_bytes()).await;
        }
    })
    .await;
    let url = receiver.url("http", "127.0.0.1");
    assert!(!guard.send(&url, &request()).await.expect("a response").read_at_most(1, &mut Vec::new()).await);
    let error = guard.send(&url, &request()).await.expect_err("a partial response");
    assert!(matches!(error.cause, Cause::Lost { partial: true, .. }), "{error:?}");
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
async fn a_refused_http_2_request_is_sent_again_once() {
    let authority = TestAuthority::new();
    // The number of connections whose first request is refused, and whether the request then succeeds.
    for (refusing, succeeds) in [(1, true), (2, false)] {
        let tls = authority.acceptor("h2");
        let receiver = TestReceiver::start(move |number, stream| {
            serve_http2(stream, tls.clone(), move |_| (number >= refusing).then(|| http::Response::new(())))
        })
        .await;
        let result = guard(&authority).send(&receiver.url("https", "localhost"), &request()).await;
        assert_eq!((result.is_ok(), receiver.connections()), (succeeds, 2), "{result:?}");
    }
}

#[tokio::test]
async fn concurrent_requests_to_a_new_http_2_host_share_one_connection() {
    let authority = TestAuthority::new();
    let tls = authority.acceptor("h2");
    let receiver = TestReceiver::start(move |_, stream| serve_http2(stream, tls.clone(), |_| Some(http::Response::new(())))).await;
    let (guard, url) = (guard(&authority), receiver.url("https", "localhost"));
    let request = request();
    let responses = join_all((0..20).map(|_| guard.send(&url, &request))).await;
    assert!(responses.iter().all(Result::is_ok), "{responses:?}");
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
async fn each_request_that_a_limited_http_2_connection_does_not_take_gets_its_own_connection() {
    let authority = TestAuthority::new();
    let tls = authority.acceptor("h2");
    // Each connection takes one request, like nginx with `keepalive_requests 1`.
    let receiver = TestReceiver::start(move |_, stream| {
        let tls = tls.clone();
        async move {
            let Ok(stream) = tls.accept(stream).await else { return };
            let _ = take_one_request(stream).await;
        }
    })
    .await;
    let (guard, url) = (guard(&authority), receiver.url("https", "localhost"));
    let request = request();
    for _ in 0..10 {
        let responses = join_all((0..10).map(|_| guard.send(&url, &request))).await;
        assert!(responses.iter().all(Result::is_ok), "{responses:?}");
    }
}

/// Starts a receiver that accepts every request, and counts the closed connections.
async fn counting_receiver() -> (TestReceiver, Arc<AtomicUsize>) {
    let closed = Arc::new(AtomicUsize::new(0));
    let count = closed.clone();
    let receiver = TestReceiver::start(move |_, stream| {
        let count = count.clone();
        async move {
            serve(stream, OK.as_bytes()).await;
            count.fetch_add(1, Ordering::Relaxed);
        }
    })
    .await;
    (receiver, closed)
}

#[tokio::test]
async fn the_number_of_idle_connections_is_limited_in_total() {
    let authority = TestAuthority::new();
    let guard = Guard::new(GuardPolicy { max_idle_connections: 2, ..authority.policy() }).expect("a guard");
    let (receiver, closed) = counting_receiver().await;
    for host in 1..=5 {
        let url = receiver.url("http", &format!("127.0.0.{host}"));
        assert!(!guard.send(&url, &request()).await.expect("a response").read_at_most(1, &mut Vec::new()).await);
    }
    while closed.load(Ordering::Relaxed) < 3 {
        tokio::task::yield_now().await;
    }
    // The most recent two connections are still open.
    for (host, connections) in [(5, 5), (4, 5), (1, 6)] {
        let url = receiver.url("http", &format!("127.0.0.{host}"));
        let response = guard.send(&url, &request()).await.expect("a response");
        assert_eq!((receiver.connections(), response.connection.reused), (connections, host != 1));
        assert!(!response.read_at_most(1, &mut Vec::new()).await);
    }
}

#[tokio::test]
async fn connections_in_use_displace_all_but_an_eighth_of_the_idle_connections() {
    let authority = TestAuthority::new();
    let guard = Guard::new(GuardPolicy { max_idle_connections: 8, ..authority.policy() }).expect("a guard");
    let (receiver, closed) = counting_receiver().await;
    let url = |host: u8| receiver.url("http", &format!("127.0.0.{host}"));
    for host in 1..=8 {
        let response = guard.send(&url(host), &request()).await.expect("a response");
        assert!(!response.read_at_most(1, &mut Vec::new()).await);
    }
    let mut in_use = Vec::new();
    for host in 9..=24 {
        in_use.push(guard.send(&url(host), &request()).await.expect("a response"));
    }
    while closed.load(Ordering::Relaxed) < 7 {
        tokio::task::yield_now().await;
    }
    // The most recent idle connection is still open.
    assert!(guard.send(&url(8), &request()).await.expect("a response").connection.reused);
}

#[tokio::test]
async fn a_response_has_the_facts_of_its_connection() {
    let authority = TestAuthority::new();
    let tls = authority.acceptor("h2");
    let receiver = TestReceiver::start(move |_, stream| serve_http2(stream, tls.clone(), |_| Some(http::Response::new(())))).await;
    let guard = guard(&authority);
    for reused in [false, true] {
        let facts = guard.send(&receiver.url("https", "localhost"), &request()).await.expect("a response").connection;
        assert_eq!((facts.remote, facts.http_version, facts.reused), (Some(receiver.address), Some(http::Version::HTTP_2), reused));
        assert_eq!(facts.tls_version, Some(rustls::ProtocolVersion::TLSv1_3));
        assert!(facts.lookup.is_some() && facts.connect.is_some() && facts.tls_handshake.is_some());
    }
}

#[tokio::test]
async fn at_most_the_limit_of_a_body_is_read_and_a_long_body_closes_the_connection() {
    let authority = TestAuthority::new();
    let receiver = TestReceiver::start(|_, stream| async move {
        serve(stream, b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n0123456789").await;
    })
    .await;
    let (guard, url) = (guard(&authority), receiver.url("http", "127.0.0.1"));
    for (limit, expected, more, connections) in
        [(10, "0123456789", false, 1), (10, "0123456789", false, 1), (4, "0123", true, 1), (20, "0123456789", false, 2)]
    {
        let mut body = Vec::new();
        let response = guard.send(&url, &request()).await.expect("a response");
        assert_eq!(response.read_at_most(limit, &mut body).await, more);
        assert_eq!((body, receiver.connections()), (expected.as_bytes().to_vec(), connections));
    }
}
