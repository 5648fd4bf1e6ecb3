//! Hostile receivers. Each attempt to such a receiver has the right outcome, uses limited memory, and delays no other webhook.

use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{HostileBehaviour, HostileReceiver, Process, Reply, Setup, id_of};

/// Test name, behaviour of the receiver, expected outcome, and the recorded status code, if there is one.
const CASES: [(&str, HostileBehaviour, &str, Option<u16>); 20] = [
    ("endless-body", HostileBehaviour::Endless("HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n", "x"), "accepted", Some(200)),
    ("endless-failure", HostileBehaviour::Endless("HTTP/1.1 500 No\r\nContent-Length: 999999999999\r\n\r\n", "x"), "rejected", Some(500)),
    (
        "endless-chunks",
        HostileBehaviour::Endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n"),
        "accepted",
        Some(200),
    ),
    ("endless-header", HostileBehaviour::Endless("HTTP/1.1 200 OK\r\nx: ", "x"), "connection_lost", None),
    ("endless-headers", HostileBehaviour::Endless("HTTP/1.1 200 OK\r\n", "x: y\r\n"), "connection_lost", None),
    (
        "endless-trailers",
        HostileBehaviour::Endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "x: y\r\n"),
        "accepted",
        Some(200),
    ),
    (
        "endless-chunk-extension",
        HostileBehaviour::Endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", "x"),
        "accepted",
        Some(200),
    ),
    ("endless-informational", HostileBehaviour::Endless("", "HTTP/1.1 100 Continue\r\n\r\n"), "connection_lost", None),
    ("dripping-body", HostileBehaviour::Drip("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"), "accepted", Some(200)),
    ("dripping-header", HostileBehaviour::Drip("HTTP/1.1 200 OK\r\nx: "), "timed_out", None),
    (
        "redirect",
        HostileBehaviour::Respond("HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/latest/meta-data/\r\nContent-Length: 0\r\n\r\n"),
        "redirected",
        Some(302),
    ),
    (
        "invalid-chunk",
        HostileBehaviour::Respond("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno number\r\n"),
        "accepted",
        Some(200),
    ),
    ("ends-after-status", HostileBehaviour::Respond("HTTP/1.1 200 OK\r\n"), "connection_lost", None),
    ("ends-in-body", HostileBehaviour::Respond("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nbegun"), "accepted", Some(200)),
    ("body-of-204", HostileBehaviour::Respond("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nthere"), "accepted", Some(204)),
    (
        "two-lengths",
        HostileBehaviour::Respond("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
        "connection_lost",
        None,
    ),
    ("reset", HostileBehaviour::ResetConnection, "connection_lost", None),
    ("tls-garbage", HostileBehaviour::TlsGarbage, "tls_failed", None),
    ("silent-http2", HostileBehaviour::SilentHttp2, "timed_out", None),
    // PING (RFC 9113 §6.7).
    ("endless-pings", HostileBehaviour::EndlessFrames(&[0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]), "connection_lost", None),
];

/// Maximum memory of the server. It is much more than the server needs, and much less than these receivers can send.
const MAX_MEMORY_BYTES: u64 = 256 * 1024 * 1024;

#[tokio::test]
async fn hostile_receivers_do_not_affect_other_webhooks() {
    let process = Process::start(&["--attempt-timeout-seconds", "2", "--retry-schedule", "none"]).await;
    let api = process.api();
    let mut healthy = process.receiver().await;
    api.register(&json!({ "targetURL": healthy.url(), "eventTypes": ["good"] })).await;
    let receivers = join_all(CASES.map(|(_, hostility, ..)| process.hostile_receiver(hostility))).await;
    let mut published = Vec::new();
    for ((name, ..), receiver) in CASES.iter().zip(&receivers) {
        api.register(&json!({ "targetURL": receiver.url(), "eventTypes": [name] })).await;
    }
    for (name, ..) in CASES {
        published.push(api.publish_type(name).await);
    }
    for _ in 0..20 {
        let good = api.publish_type("good").await;
        assert_eq!(healthy.next().await.id(), id_of(&good));
    }
    let mut failures = Vec::new();
    for ((name, _, outcome, status), notification) in CASES.iter().zip(&published) {
        let delivery = api.after_attempts(notification, 1).await;
        let attempt = &delivery["lastAttempt"];
        let expected_state = if *outcome == "accepted" { "succeeded" } else { "failed" };
        let actual = (&delivery["status"], &attempt["outcome"], attempt["statusCode"].as_u64());
        if actual != (&json!(expected_state), &json!(outcome), status.map(u64::from)) {
            failures.push(format!("{name}: {attempt}"));
        }
        assert!(attempt["responseBody"].as_str().is_none_or(|body| body.len() <= 4096), "{name}: {attempt}");
    }
    assert!(failures.is_empty(), "{failures:#?}");
    let peak = process.peak_memory();
    assert!(peak < MAX_MEMORY_BYTES, "the server used {peak} bytes");
}

#[tokio::test]
async fn a_response_counts_once_its_head_is_received_and_is_not_retried() {
    let server = Setup::dev().manual_clock().start().await;
    let (api, mut healthy) = (server.api(), server.receiver().await);
    api.register(&json!({ "targetURL": healthy.url(), "eventTypes": ["good"] })).await;
    let mut accepted = Vec::new();
    for (name, response) in [
        ("body-to-come", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
        ("whole", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
        ("no-body", "HTTP/1.1 204 No Content\r\n\r\n"),
    ] {
        let receiver = HostileReceiver::start(&server.authority(), HostileBehaviour::RespondAndReset(response)).await;
        api.register(&json!({ "targetURL": receiver.url(), "eventTypes": [name] })).await;
        let notification = api.publish_type(name).await;
        let delivery = api.after_attempts(&notification, 1).await;
        let outcome = &delivery["lastAttempt"]["outcome"];
        assert_eq!((&delivery["status"], outcome), (&json!("succeeded"), &json!("accepted")), "{name}: {delivery}");
        accepted.push((receiver, delivery));
    }
    server.advance(TimeDelta::days(2));
    // If the server wrongly retried a delivery, that attempt would be made before this callback.
    api.publish_type("good").await;
    healthy.next().await;
    for (receiver, delivery) in accepted {
        assert_eq!((receiver.connections(), api.delivery(&id_of(&delivery)).await), (1, delivery));
    }
}

#[tokio::test]
async fn a_reset_http_2_stream_is_a_failed_attempt() {
    // RST_STREAM frames (RFC 9113 §6.4) for the first request. REFUSED_STREAM allows a client to repeat the request.
    const CANCEL: &[u8] = &[0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, 8];
    const REFUSED: &[u8] = &[0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, 7];
    let process = Process::start(&["--attempt-timeout-seconds", "2", "--retry-schedule", "none"]).await;
    let api = process.api();
    for frame in [CANCEL, REFUSED] {
        let receiver = process.hostile_receiver(HostileBehaviour::EndlessFrames(frame)).await;
        let webhook = api.register_url(&receiver.url()).await;
        let attempt = api.test(&webhook).await;
        assert_eq!(attempt["outcome"], "connection_lost", "{attempt}");
    }
    assert!(process.peak_memory() < MAX_MEMORY_BYTES);
}

#[tokio::test]
async fn a_response_uses_little_memory_whatever_the_headers_of_the_webhook_are() {
    let process = Process::start(&["--retry-schedule", "none"]).await;
    let (api, receiver) = (process.api(), process.receiver().await);
    let mut values = vec![String::new()];
    for word in (8..140).map(|length| "a".repeat(length)) {
        match values.last_mut() {
            Some(last) if last.len() + 1 + word.len() <= 1024 => last.push_str(&format!(" {word}")),
            _ => values.push(word),
        }
    }
    let headers: Vec<Value> =
        values.iter().enumerate().map(|(at, value)| json!({ "name": format!("X-Test-{at}"), "value": value.trim() })).collect();
    assert!(headers.len() <= 20, "{}", headers.len());
    let id = id_of(&api.register(&json!({ "targetURL": receiver.url(), "headers": headers })).await);
    receiver.reply_to_next([Reply::Full { status: 500, headers: vec![], body: format!("%zz\\q&;{}", "a".repeat(16 * 1024)) }]);
    let before = process.peak_memory();
    // HTTP/2 receivers usually accept at most 16 KiB of header fields.
    let attempt = api.test(&id).await;
    assert_eq!(attempt["responseBody"], "%zz\\q&;[redacted]");
    let used = process.peak_memory() - before;
    assert!(used < 16 * 1024 * 1024, "the response used {used} bytes");
}

#[tokio::test]
async fn a_compressed_response_body_is_recorded_without_decoding() {
    let process = Process::start(&["--retry-schedule", "none"]).await;
    let response = HostileBehaviour::Respond("HTTP/1.1 500 No\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\n\x1f\x0bxyz");
    let receiver = process.hostile_receiver(response).await;
    let api = process.api();
    api.register_url(&receiver.url()).await;
    let delivery = api.after_attempts(&api.publish_type("a.b").await, 1).await;
    let kept: &Value = &delivery["lastAttempt"]["responseBody"];
    assert!(kept.as_str().is_some_and(|kept| kept.ends_with("xyz")), "{delivery}");
}

#[tokio::test]
async fn an_attempt_ends_if_the_token_server_never_finishes_its_response() {
    let process = Process::start(&["--attempt-timeout-seconds", "2", "--retry-schedule", "none"]).await;
    let api = process.api();
    let callback = process.receiver().await;
    for (hostility, outcome) in [
        (HostileBehaviour::Endless("HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n{\"access_token\":\"", "x"), "token_failed"),
        (HostileBehaviour::Drip("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"), "timed_out"),
        (HostileBehaviour::Endless("HTTP/1.1 200 OK\r\nx: ", "x"), "token_failed"),
    ] {
        let token_server = process.hostile_receiver(hostility).await;
        let auth = json!({ "type": "client_credential", "tokenURL": token_server.url(), "clientID": "id", "clientSecret": "secret" });
        let webhook = api.register(&json!({ "targetURL": callback.url(), "auth": auth })).await;
        let attempt = api.test(&id_of(&webhook)).await;
        assert_eq!(attempt["outcome"], outcome, "{hostility:?}: {attempt}");
    }
    assert_eq!(callback.count(), 0);
    assert!(process.peak_memory() < MAX_MEMORY_BYTES);
}
