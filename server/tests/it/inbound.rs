//! Connections of clients: limits, time limits, floods, and the end of connections when the server stops.

use std::path::Path;

use http::Method;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::auth::operations;
use crate::harness::raw::{self, RawClient, frame, headers_frame, http_2_preface};
use crate::harness::{ADMIN_LISTENER, Authority, PREFIX, Process, Server, Setup, eventually, id_of};

/// Flags for time limits that never pass in a test.
const PATIENT: [&str; 4] = ["--first-request-seconds", "600", "--idle-connection-seconds", "3600"];

/// Waits until a metric has a value.
async fn metric(server: &Server, line: &str) {
    let has_line = async || {
        let metrics = server.admin_api().send(Method::GET, "/metrics", &[], "").await;
        String::from_utf8_lossy(&metrics.body).lines().any(|other| other == line).then_some(())
    };
    eventually(line, has_line).await;
}

fn closed(reason: &str, count: usize) -> String {
    format!("webhooks_connections_closed_total{{listener=\"api\",reason=\"{reason}\"}} {count}")
}

fn token(server: &Server) -> String {
    server.api().token().to_owned()
}

#[tokio::test]
async fn silent_connections_do_not_block_callers_callbacks_or_health_probes() {
    const SILENT: usize = 1100;
    let _ = setrlimit(Resource::Nofile, Rlimit { current: getrlimit(Resource::Nofile).maximum, ..getrlimit(Resource::Nofile) });
    let limited = |_: &Path| ["prlimit", "--nofile=1024:1024"].map(str::to_owned).to_vec();
    let flags: Vec<&str> = PATIENT.into_iter().chain(ADMIN_LISTENER).collect();
    let process = Process::start_wrapped(limited, &flags).await;
    let (api, admin) = (process.api(), process.admin_api().await);
    let mut receiver = process.receiver().await;
    api.register_url(&receiver.url()).await;
    let mut kept_alive = RawClient::connect(process.address()).await;
    kept_alive.send_get(&format!("{PREFIX}/webhooks"), api.token()).await;
    assert!(kept_alive.read_response().await.starts_with("HTTP/1.1 200"));

    let admin_address = admin.address();
    let mut silent = Vec::new();
    for _ in 0..SILENT {
        silent.push(RawClient::connect(process.address()).await);
    }
    for _ in 0..100 {
        silent.push(RawClient::connect(admin_address).await);
    }

    let body = r#"{"type":"a.b","data":{}}"#;
    let head = format!("POST {PREFIX}/notifications HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\n", api.token());
    kept_alive.send(format!("{head}content-length: {}\r\n\r\n{body}", body.len())).await;
    assert!(kept_alive.read_response().await.starts_with("HTTP/1.1 202"), "the used connection stays open");
    receiver.next().await;
    let published = api.publish_type("a.b").await;
    assert_eq!(receiver.next().await.id(), id_of(&published), "a new connection displaces a silent one");
    assert_eq!(admin.readiness().await, Some(200));
    let metrics = admin.send(Method::GET, "/metrics", &[], "").await;
    assert_eq!(metrics.status, 200);
    let metrics = String::from_utf8_lossy(&metrics.body).into_owned();
    assert!(metrics.contains("webhooks_attempts_not_made_total 0\n"), "{metrics}");
    assert!(!process.log().contains("cannot accept connections"), "{}", process.log());
}

#[tokio::test]
async fn a_connection_without_a_complete_first_request_is_closed() {
    let server = Setup::dev().flags(&["--first-request-seconds", "1", "--idle-connection-seconds", "3600"]).start().await;
    let preface = http_2_preface();
    let beginnings: [&[u8]; 6] = [b"", b"GET /docs HT", b"GET /docs HTTP/1.1\r\nhost: a\r\nx: ", &preface[..10], &preface[..24], &preface];
    let address = server.address();
    let clients = beginnings.map(|beginning| async move {
        let mut client = RawClient::connect(address).await;
        client.send(beginning).await;
        client.read_to_end().await;
    });
    futures_util::future::join_all(clients).await;
    metric(&server, &closed("first_request_timeout", beginnings.len())).await;
}

#[tokio::test]
async fn a_tls_connection_without_a_complete_first_request_is_closed() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (authority, authority_file) = Authority::create(directory.path());
    let [certificate, key] = authority.certificate_files(directory.path());
    let tls = ["--tls-cert-file", &certificate, "--tls-key-file", &key];
    let limits = ["--first-request-seconds", "1", "--idle-connection-seconds", "3600"];
    let flags: Vec<&str> = tls.into_iter().chain(limits).chain(ADMIN_LISTENER).collect();
    let process = Process::start(&flags).await;
    let trusted = std::fs::read(authority_file).expect("the authority");
    // The start of a ClientHello: a handshake record of 512 bytes, of which only the first bytes arrive.
    for beginning in [&b""[..], &[22, 3, 1, 2, 0, 1]] {
        let mut client = RawClient::connect(process.address()).await;
        client.send(beginning).await;
        client.read_to_end().await;
    }
    for protocol in ["http/1.1", "h2"] {
        RawClient::connect_tls(process.address(), &trusted, protocol).await.read_to_end().await;
    }
    let metrics = process.admin_api().await.send(Method::GET, "/metrics", &[], "").await;
    assert!(String::from_utf8_lossy(&metrics.body).contains(&closed("first_request_timeout", 4)));
    let mut client = RawClient::connect_tls(process.address(), &trusted, "http/1.1").await;
    client.send("GET /docs HTTP/1.1\r\nhost: a\r\nif-none-match: *\r\n\r\n").await;
    let response = client.read_response().await;
    assert!(response.starts_with("HTTP/1.1 304") && response.contains("strict-transport-security: max-age=31536000"), "{response}");
}

#[tokio::test]
async fn an_idle_connection_is_closed_and_http_2_gets_goaway() {
    let server = Setup::dev().flags(&["--first-request-seconds", "600", "--idle-connection-seconds", "1"]).start().await;
    let mut http_1 = RawClient::connect(server.address()).await;
    http_1.send_get(&format!("{PREFIX}/webhooks"), &token(&server)).await;
    assert!(http_1.read_response().await.starts_with("HTTP/1.1 200"));
    // The beginning of another request does not keep the connection open.
    http_1.send("GET /webhooks HTTP/1.1\r\nx: ").await;
    let mut http_2 = RawClient::connect(server.address()).await;
    http_2.send([http_2_preface(), headers_frame(1, 5, raw::Method::Get, "/none")].concat()).await;
    assert_eq!(http_1.read_to_end().await, b"");
    let received = http_2.read_to_end().await;
    let goaway = frame(7, 0, 0, &[]);
    assert!(received.windows(6).any(|window| window == &goaway[3..9]), "{received:?}");
    metric(&server, &closed("idle_timeout", 2)).await;
}

#[tokio::test]
async fn a_client_that_does_not_read_a_response_is_disconnected() {
    let server = Setup::dev().flags(&["--first-request-seconds", "600", "--idle-connection-seconds", "1"]).start().await;
    let mut http_1 = RawClient::connect_with_small_buffer(server.address()).await;
    http_1.send_get("/docs", "none").await;
    // SETTINGS with an initial window of 0 bytes (RFC 9113 §6.5.2).
    let no_window = [&http_2_preface()[..24], &frame(4, 0, 0, &[0, 4, 0, 0, 0, 0])].concat();
    let mut http_2 = RawClient::connect(server.address()).await;
    http_2.send([no_window, headers_frame(1, 5, raw::Method::Get, "/docs")].concat()).await;
    metric(&server, &closed("idle_timeout", 2)).await;
    metric(&server, "webhooks_connections{listener=\"api\"} 0").await;
}

#[tokio::test]
async fn a_slow_reader_gets_the_whole_response() {
    let server = Setup::dev().flags(&["--first-request-seconds", "600", "--idle-connection-seconds", "1"]).start().await;
    let whole = server.api_without_token().send(Method::GET, "/docs", &[], "").await.body;
    let mut client = RawClient::connect_with_small_buffer(server.address()).await;
    client.send("GET /docs HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
    let (mut received, mut reads) = (Vec::new(), 0);
    loop {
        let bytes = client.read().await;
        if bytes.is_empty() {
            break;
        }
        received.extend(bytes);
        // The client is slow: these pauses together take longer than an idle connection may stay open.
        if reads < 300 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        reads += 1;
    }
    assert!(reads >= 300, "the client was slow: {reads} reads");
    assert!(received.ends_with(&whole), "{} of {} bytes", received.len(), whole.len());
}

#[tokio::test]
async fn a_flood_over_http_2_closes_the_connection() {
    let server = Setup::dev().flags(&PATIENT).start().await;
    let open_stream = headers_frame(1, 4, raw::Method::Post, &format!("{PREFIX}/webhooks"));
    let reset = |stream: u32| [headers_frame(stream, 5, raw::Method::Get, "/docs"), frame(3, 0, stream, &[0, 0, 0, 8])].concat();
    let resets: Vec<u8> = (0..100_000).flat_map(|index| reset(2 * index + 1)).collect();
    let refused: Vec<u8> = (0..100_000).flat_map(|index| headers_frame(2 * index + 1, 4, raw::Method::Post, "/webhooks")).collect();
    let repeated = |frame: Vec<u8>| frame.repeat(8 * 1024 * 1024 / frame.len());
    for (name, first, flood) in [
        ("PING", vec![], repeated(frame(6, 0, 0, &[0; 8]))),
        ("SETTINGS", vec![], repeated(frame(4, 0, 0, &[]))),
        ("PRIORITY", vec![], repeated(frame(2, 0, 1, &[0, 0, 0, 0, 1]))),
        ("WINDOW_UPDATE", vec![], repeated(frame(8, 0, 0, &[0, 0, 0, 1]))),
        ("an unknown type", vec![], repeated(frame(200, 0, 0, &[]))),
        ("empty DATA", open_stream.clone(), repeated(frame(0, 0, 1, &[]))),
        ("padding", open_stream, repeated(frame(0, 8, 1, &[9; 10]))),
        ("empty CONTINUATION", frame(1, 0, 1, &[]), repeated(frame(9, 0, 1, &[]))),
        ("RST_STREAM", vec![], resets),
        ("streams over the limit", vec![], refused),
    ] {
        let mut client = RawClient::connect(server.address()).await;
        client.send([http_2_preface(), first].concat()).await;
        let sent = client.send_and_discard(&flood).await;
        assert!(sent < flood.len(), "{name}: {sent} bytes");
        assert_eq!(server.api().get("/webhooks").await.status, 200, "{name}");
    }
    metric(&server, "webhooks_connections{listener=\"api\"} 0").await;
}

#[tokio::test]
async fn a_limit_refuses_further_connections_of_an_address_or_of_all() {
    let limits = ["--max-connections", "3", "--max-connections-per-address", "2"];
    let server = Setup::dev().flags(&PATIENT).flags(&limits).start().await;
    let token = token(&server);
    // Returns a connection with a request in progress: the server waits for the body.
    let begin = async |local: [u8; 4]| {
        let mut client = RawClient::connect_from(local, server.address()).await;
        let request = format!(
            "POST {PREFIX}/notifications HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
             content-length: 2\r\nexpect: 100-continue\r\n\r\n"
        );
        // A refused connection may be reset before the client has sent the request.
        let _ = client.try_send(request.as_bytes()).await;
        let response = String::from_utf8_lossy(&client.read().await).into_owned();
        (client, response.starts_with("HTTP/1.1 100"))
    };
    let (mut first, second) = (begin([127, 0, 0, 2]).await, begin([127, 0, 0, 2]).await);
    let refused = begin([127, 0, 0, 2]).await;
    let other = begin([127, 0, 0, 3]).await;
    let refused_in_total = begin([127, 0, 0, 4]).await;
    assert_eq!([&first, &second, &refused, &other, &refused_in_total].map(|(_, begun)| *begun), [true, true, false, true, false]);
    first.0.send("{}").await;
    assert!(first.0.read_response().await.starts_with("HTTP/1.1 400"), "the body is no publication");
    let after_the_first = begin([127, 0, 0, 4]).await;
    assert!(after_the_first.1, "a new connection displaces an idle connection");
    assert!(first.0.read_to_end().await.is_empty());
    let log = server.log();
    assert!(log.contains("a connection was refused: its address has too many connections"), "{log}");
    drop((second, after_the_first));
    metric(&server, "webhooks_connections_refused_total{listener=\"api\",reason=\"address\"} 1").await;
    metric(&server, "webhooks_connections_refused_total{listener=\"api\",reason=\"total\"} 1").await;
    metric(&server, "webhooks_connections{listener=\"api\"} 1").await;
    assert!(begin([127, 0, 0, 2]).await.1);
}

#[tokio::test]
async fn a_stop_closes_idle_connections_before_the_requests_in_progress_end() {
    let flags: Vec<&str> = PATIENT.into_iter().chain(["--drain-timeout-seconds", "600"]).collect();
    let mut process = Process::start(&flags).await;
    let api = process.api();
    let [mut silent, mut http_1, mut http_2, mut preface, mut busy] = {
        let mut clients = Vec::new();
        for _ in 0..5 {
            clients.push(RawClient::connect(process.address()).await);
        }
        clients.try_into().ok().expect("five clients")
    };
    http_1.send_get(&format!("{PREFIX}/webhooks"), api.token()).await;
    http_1.read_response().await;
    http_2.send([http_2_preface(), headers_frame(1, 5, raw::Method::Get, "/none")].concat()).await;
    http_2.read().await;
    preface.send(http_2_preface()).await;
    preface.read().await;
    let body = r#"{"type":"a.b","data":{}}"#;
    let head = format!("POST {PREFIX}/notifications HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\n", api.token());
    busy.send(format!("{head}expect: 100-continue\r\ncontent-length: {}\r\n\r\n", body.len())).await;
    assert!(busy.read_response().await.starts_with("HTTP/1.1 100"), "the handler reads the body");

    process.request_stop().await;
    for idle in [&mut silent, &mut http_1, &mut http_2, &mut preface] {
        idle.read_to_end().await;
    }
    busy.send(body).await;
    let response = String::from_utf8(busy.read_to_end().await).expect("a text");
    assert!(response.starts_with("HTTP/1.1 202"), "{response}");
    assert!(process.wait_for_exit().await.success());
    assert!(!process.log().contains("still in progress"), "{}", process.log());
}

#[tokio::test]
async fn every_handler_returns_its_request_context() {
    let mut server = Server::start().await;
    let api = server.api();
    let platform = server.platform().await;
    for (method, path, body, access) in operations() {
        let api = if access.is_for_platform() { &platform } else { &api };
        api.call(method, &path, &[], body).await;
    }
    for path in ["/docs", "/openapi.json", "/none"] {
        api.send(Method::GET, path, &[], "").await;
    }
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(server.admin_api().send(Method::GET, path, &[], "").await.status, 200);
    }
    server.stop().await;
    assert!(!server.log().contains("request contexts"), "{}", server.log());
}

#[tokio::test]
async fn head_returns_the_headers_of_get_without_a_body() {
    let server = Server::start().await;
    let (api, admin) = (server.api_without_token(), server.admin_api());
    for (api, path) in [(&api, "/docs"), (&api, "/openapi.json"), (&admin, "/healthz"), (&admin, "/readyz")] {
        let [get, head] = [api.send(Method::GET, path, &[], "").await, api.send(Method::HEAD, path, &[], "").await];
        assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
        for name in ["content-type", "content-length", "cache-control"] {
            assert_eq!(head.headers.get(name), get.headers.get(name), "{path}: {name}");
        }
    }
}

#[tokio::test]
async fn a_refused_method_is_answered_with_all_methods_of_the_resource() {
    let server = Server::start().await;
    let (api, admin) = (server.api(), server.admin_api());
    for (api, path, methods) in [(&admin, "/healthz", "GET, HEAD"), (&api, "/api/notifications/v1/webhooks", "GET, POST, HEAD")] {
        let refused = api.send(Method::OPTIONS, path, &[], "").await;
        let allowed: Vec<_> = refused.headers.get_all("allow").iter().map(|methods| methods.to_str().expect("ASCII")).collect();
        assert_eq!((refused.status, allowed), (405, vec![methods]), "{path}");
    }
}
