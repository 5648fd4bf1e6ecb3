//! How requests and connections end if a receiver violates HTTP, does not read, or ends the connection.

use super::*;
use crate::delivery::guard::resolver::NameError;

/// An HTTP/2 response with the status 200 (RFC 7541 appendix A) to the first request of a connection.
const HTTP2_OK: &[u8] = &[0, 0, 1, 1, 5, 0, 0, 0, 1, 0x88];
const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
/// A DATA frame without a stream, which is a connection error (RFC 9113 §6.1).
const VIOLATION: &[u8] = &[0, 0, 1, 0, 0, 0, 0, 0, 0, 0];

/// Serves HTTP/2. Sends one of the answers after each request, and closes the connection after the last answer.
async fn answer(stream: TcpStream, tls: TlsAcceptor, answers: &[&[u8]]) -> std::io::Result<()> {
    const HEADERS: u8 = 1;
    let mut stream = tls.accept(stream).await?;
    stream.read_exact(&mut [0; 24]).await?;
    stream.write_all(SETTINGS).await?;
    let mut answers = answers.iter().peekable();
    while answers.peek().is_some() {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await?;
        let length = usize::from(head[1]) << 8 | usize::from(head[2]);
        stream.read_exact(&mut vec![0; length]).await?;
        if head[3] == HEADERS
            && let Some(answer) = answers.next()
        {
            stream.write_all(answer).await?;
        }
    }
    stream.shutdown().await?;
    tokio::io::copy(&mut stream, &mut tokio::io::sink()).await?;
    Ok(())
}

/// Starts a receiver whose first connection sends `first`, and whose later connections send a response.
async fn answering(authority: &TestAuthority, first: &'static [&'static [u8]]) -> TestReceiver {
    let tls = authority.acceptor("h2");
    TestReceiver::start(move |number, stream| {
        let tls = tls.clone();
        async move {
            let _ = answer(stream, tls, if number == 0 { first } else { &[HTTP2_OK] }).await;
        }
    })
    .await
}

#[tokio::test]
async fn the_connection_to_a_receiver_that_never_reads_ends() {
    let authority = TestAuthority::new();
    let tls = authority.acceptor("http/1.1");
    let receiver = TestReceiver::start(move |_, stream| {
        let tls = tls.clone();
        async move {
            let _stream = tls.accept(stream).await;
            std::future::pending().await
        }
    })
    .await;
    let (guard, url) = (guard(&authority), receiver.url("https", "localhost"));
    // The body is larger than the buffers of the kernel.
    let request = Request { body: vec![0; 32 << 20].into(), ..request() };
    let (pool, key) = (&guard.transport.pool, Arc::new(ConnectionKey::of(&url, &request.account).expect("a host")));
    let mut in_use = pool.new_connection(&key).await.expect("a connection");
    let Some(Connection::Http1(connection)) = in_use.connection() else { panic!("the connection uses HTTP/2") };
    // The meter exists as long as the socket.
    let meter = Arc::downgrade(&connection.meter);
    let target = Target::of(&url).expect("a target");
    assert!(
        tokio::time::timeout(Duration::from_millis(100), exchange(in_use, &target, &request)).await.is_err(),
        "the receiver does not respond"
    );
    let closed = async {
        while meter.strong_count() > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(CLOSE_TIMEOUT * 20, closed).await.expect("the connection ends");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_request_opens_one_http_1_connection() {
    let guard = guard(&TestAuthority::new());
    let receiver = TestReceiver::start(|_, mut stream| async move {
        read_request(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").await;
    })
    .await;
    for connections in 1..=500 {
        let response = guard.send(&receiver.url("http", "127.0.0.1"), &request()).await.expect("a response");
        assert!(!response.read_at_most(1, &mut Vec::new()).await);
        assert_eq!(receiver.connections(), connections);
    }
}

#[tokio::test]
async fn accounts_share_no_connection() {
    let authority = TestAuthority::new();
    let tls = authority.acceptor("h2");
    let receiver = TestReceiver::start(move |_, stream| serve_http2(stream, tls.clone(), |_| Some(http::Response::new(())))).await;
    let (guard, url) = (guard(&authority), receiver.url("https", "localhost"));
    for (account, connections) in [("a", 1), ("b", 2), ("a", 2), ("b", 2)] {
        let request = Request { account: account.into(), ..request() };
        guard.send(&url, &request).await.expect("a response");
        assert_eq!(receiver.connections(), connections, "{account}");
    }
}

#[tokio::test]
async fn a_violation_of_http_2_repeats_only_a_request_on_a_reused_connection() {
    let authority = TestAuthority::new();
    let receiver = answering(&authority, &[VIOLATION]).await;
    let error = guard(&authority).send(&receiver.url("https", "localhost"), &request()).await.expect_err("no response");
    assert!(matches!(error.cause, Cause::Http2Violation), "{error:?}");
    assert_eq!((receiver.connections(), error.connection.repeated), (1, false));

    let receiver = answering(&authority, &[HTTP2_OK, VIOLATION]).await;
    let (guard, url) = (guard(&authority), receiver.url("https", "localhost"));
    for (repeated, connections) in [(false, 1), (true, 2)] {
        let response = guard.send(&url, &request()).await.expect("a response");
        assert_eq!((response.connection.repeated, receiver.connections()), (repeated, connections));
    }
}

#[tokio::test]
async fn an_http_2_request_is_repeated_only_if_nothing_arrived_since_it_began() {
    let authority = TestAuthority::new();
    for (last, repeated) in [(&[HTTP2_OK, b""], true), (&[HTTP2_OK, SETTINGS], false)] {
        let receiver = answering(&authority, last).await;
        let (guard, url) = (guard(&authority), receiver.url("https", "localhost"));
        guard.send(&url, &request()).await.expect("a response");
        match guard.send(&url, &request()).await {
            Ok(response) => assert!(repeated && response.connection.repeated),
            Err(error) => assert!(!repeated && matches!(error.cause, Cause::Lost { partial: false, .. }), "{error:?}"),
        }
        assert_eq!(receiver.connections(), if repeated { 2 } else { 1 });
    }
}

#[test]
fn an_attempt_counts_if_the_first_request_may_have_been_processed() {
    let failed = |cause| SendError { cause, connection: Box::default() };
    let lost = Cause::Lost { kind: std::io::ErrorKind::UnexpectedEof, partial: false };
    for (progress, second, returns_first) in [
        (Progress::NoResponse, Cause::Shortage("no descriptor".to_owned()), true),
        (Progress::NoResponse, Cause::Name(NameError::AddressBusy), true),
        (Progress::NoResponse, Cause::Connect(std::io::ErrorKind::ConnectionRefused), false),
        (Progress::NotProcessed, Cause::Shortage("no descriptor".to_owned()), false),
        (Progress::NotProcessed, Cause::Name(NameError::AddressBusy), false),
    ] {
        let error = without_second(failed(lost.clone()), progress, failed(second));
        assert_eq!(matches!(error.cause, Cause::Lost { .. }), returns_first, "{progress:?} {error:?}");
    }
}

#[test]
fn too_many_bytes_do_not_count_against_a_request_that_was_not_sent() {
    let meter = meter::Meter::new();
    meter.connected();
    meter.receive(1 << 20).expect_err("too many bytes");
    for (progress, repeatable) in [(Progress::NotProcessed, true), (Progress::NoResponse, false), (Progress::Processed, false)] {
        let broken = Broken::ended(&meter, progress, false);
        assert!(matches!(broken.cause, Cause::TooManyBytes));
        assert_eq!(broken.is_repeatable(false), repeatable, "{progress:?}");
    }
}

#[tokio::test]
async fn an_http_2_connection_has_at_most_100_requests() {
    let authority = TestAuthority::new();
    let tls = authority.acceptor("h2");
    let receiver = TestReceiver::start(move |_, stream| serve_http2(stream, tls.clone(), |_| Some(http::Response::new(())))).await;
    let (guard, url) = (guard(&authority), receiver.url("https", "localhost"));
    // A request ends when its response is dropped.
    let mut responses = Vec::new();
    for number in 1..=101 {
        responses.push(guard.send(&url, &request()).await.expect("a response"));
        assert_eq!(receiver.connections(), if number <= 100 { 1 } else { 2 });
    }
}

#[tokio::test]
async fn at_most_2048_chunks_of_a_body_are_read() {
    for (count, more) in [(2048, false), (2049, true)] {
        let guard = guard(&TestAuthority::new());
        let receiver = TestReceiver::start(move |_, stream| async move {
            let chunks = "1\r\nx\r\n".repeat(count);
            serve(stream, format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunks}0\r\n\r\n").as_bytes()).await;
        })
        .await;
        let mut body = Vec::new();
        let response = guard.send(&receiver.url("http", "127.0.0.1"), &request()).await.expect("a response");
        assert_eq!((response.read_at_most(64 * 1024, &mut body).await, body.len()), (more, 2048));
    }
}

#[tokio::test]
async fn debug_output_of_a_response_has_no_header() {
    let receiver =
        TestReceiver::start(|_, stream| serve(stream, b"HTTP/1.1 200 OK\r\nset-cookie: secret\r\ncontent-length: 0\r\n\r\n")).await;
    let response = guard(&TestAuthority::new()).send(&receiver.url("http", "127.0.0.1"), &request()).await.expect("a response");
    assert_eq!(response.headers["set-cookie"], "secret");
    let text = format!("{response:?}");
    assert!(text.contains("200") && !text.contains("cookie") && !text.contains("secret"), "{text}");
}
