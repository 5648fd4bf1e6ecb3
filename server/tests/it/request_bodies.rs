//! Request bodies: media type, size, and responses that the server sends before the body is complete.

use std::fmt::Write as _;

use http::Method;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::{PREFIX, Server, Setup, with_timeout};

/// Returns a publication with a body of `length` bytes.
fn publication_of(length: usize) -> String {
    let empty = r#"{"type":"a.b","data":{"x":""}}"#;
    empty.replace(r#""""#, &format!("\"{}\"", "y".repeat(length - empty.len())))
}

#[tokio::test]
async fn a_body_that_is_not_declared_as_json_is_refused() {
    let server = Server::start().await;
    let api = server.api();
    let body = r#"{"targetURL":"https://example.com"}"#;
    let authorization = format!("Bearer {}", api.token());
    for media_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", "application/problem+json", "", "json"] {
        let headers = [("content-type", media_type), ("authorization", authorization.as_str())];
        let response = api.send(Method::POST, &format!("{PREFIX}/webhooks"), &headers, body).await;
        assert_eq!(response.problem(), (415, "unsupported_media_type".to_owned()), "{media_type}");
        assert_eq!(response.headers["accept"], "application/json", "{media_type}");
    }
    for coding in ["gzip", "identity, br", "deflate"] {
        let headers = [("content-encoding", coding), ("authorization", authorization.as_str()), ("content-type", "application/json")];
        let response = api.send(Method::POST, &format!("{PREFIX}/webhooks"), &headers, body).await;
        assert_eq!(response.problem(), (415, "unsupported_media_type".to_owned()), "{coding}");
        assert_eq!(response.headers["accept-encoding"], "identity", "{coding}");
    }
    assert!(api.list("/webhooks").await.is_empty());
    for media_type in ["application/json", "application/json; charset=utf-8", "Application/JSON"] {
        let headers = [("content-type", media_type), ("authorization", authorization.as_str())];
        api.send(Method::POST, &format!("{PREFIX}/webhooks"), &headers, body).await.expect(200);
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_and_one_at_the_limit_is_not() {
    let server = Setup::dev().flags(&["--request-body-bytes", "2000"]).start().await;
    let api = server.api();
    api.call(Method::POST, "/notifications", &[], publication_of(2000)).await.expect(202);
    for length in [2001, 4000, 900_000] {
        let response = api.call(Method::POST, "/notifications", &[], publication_of(length)).await;
        assert_eq!(response.problem(), (413, "payload_too_large".to_owned()), "{length}");
    }
    assert_eq!(api.list("/notifications").await.len(), 1);
}

#[tokio::test]
async fn a_content_length_over_the_limit_is_refused_before_the_body_arrives() {
    let server = Server::start().await;
    let api = server.api();
    let mut stream = TcpStream::connect(server.address()).await.expect("a listening server");
    let head = format!(
        "POST {PREFIX}/webhooks HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: 9999999\r\n\r\n",
        api.token()
    );
    stream.write_all(head.as_bytes()).await.expect("a connection");
    let mut first = [0; 12];
    with_timeout("the refusal", stream.read_exact(&mut first)).await.expect("a response");
    assert_eq!(&first, b"HTTP/1.1 413");
}

#[tokio::test]
async fn a_chunked_body_is_refused_if_it_exceeds_the_limit() {
    let server = Setup::dev().flags(&["--request-body-bytes", "2000"]).start().await;
    let api = server.api();
    for (length, first, expected) in [(2000, 2000, "202"), (2000, 1000, "202"), (2001, 2001, "413"), (2001, 1000, "413"), (2001, 1, "413")]
    {
        let body = publication_of(length);
        let (first_chunk, second_chunk) = body.split_at(first);
        let mut request = format!(
            "POST {PREFIX}/notifications HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n",
            api.token()
        );
        for chunk in [first_chunk, second_chunk].into_iter().filter(|chunk| !chunk.is_empty()) {
            write!(request, "{:x}\r\n{chunk}\r\n", chunk.len()).expect("a string takes any text");
        }
        request.push_str("0\r\n\r\n");
        let mut stream = TcpStream::connect(server.base().trim_start_matches("http://")).await.expect("a listening server");
        stream.write_all(request.as_bytes()).await.expect("a connection");
        let mut response = String::new();
        with_timeout("the response", stream.read_to_string(&mut response)).await.expect("text");
        assert!(
            response.starts_with(&format!("HTTP/1.1 {expected}")),
            "{length} bytes, the first {first} of them in one chunk: {response}"
        );
    }
    assert_eq!(api.list("/notifications").await.len(), 2);
}
