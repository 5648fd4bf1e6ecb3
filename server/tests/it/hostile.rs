//! Receivers that mean harm: each attempt ends, with the outcome that it deserves, in bounded memory, and delays nobody else.

use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{HostileReceiver, Hostility, Process, Setup, id_of};

/// What a receiver writes, what comes of the attempt, and the status that it is answered with, if it is.
const CASES: [(&str, Hostility, &str, Option<u16>); 20] = [
    ("endless-body", Hostility::Endless("HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n", "x"), "accepted", Some(200)),
    ("endless-failure", Hostility::Endless("HTTP/1.1 500 No\r\nContent-Length: 999999999999\r\n\r\n", "x"), "rejected", Some(500)),
    ("endless-chunks", Hostility::Endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n"), "accepted", Some(200)),
    ("endless-header", Hostility::Endless("HTTP/1.1 200 OK\r\nx: ", "x"), "unreachable", None),
    ("endless-headers", Hostility::Endless("HTTP/1.1 200 OK\r\n", "x: y\r\n"), "unreachable", None),
    (
        "endless-trailers",
        Hostility::Endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "x: y\r\n"),
        "accepted",
        Some(200),
    ),
    ("endless-chunk-extension", Hostility::Endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", "x"), "accepted", Some(200)),
    ("endless-informational", Hostility::Endless("", "HTTP/1.1 100 Continue\r\n\r\n"), "timed_out", None),
    ("dripping-body", Hostility::Drip("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"), "accepted", Some(200)),
    ("dripping-header", Hostility::Drip("HTTP/1.1 200 OK\r\nx: "), "timed_out", None),
    (
        "redirect",
        Hostility::Answer("HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/latest/meta-data/\r\nContent-Length: 0\r\n\r\n"),
        "rejected",
        Some(302),
    ),
    ("invalid-chunk", Hostility::Answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno number\r\n"), "accepted", Some(200)),
    ("ends-after-status", Hostility::Answer("HTTP/1.1 200 OK\r\n"), "unreachable", None),
    ("ends-in-body", Hostility::Answer("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nbegun"), "accepted", Some(200)),
    ("body-of-204", Hostility::Answer("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nthere"), "accepted", Some(204)),
    ("two-lengths", Hostility::Answer("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"), "unreachable", None),
    ("reset", Hostility::ResetConnection, "unreachable", None),
    ("tls-garbage", Hostility::TlsGarbage, "unreachable", None),
    ("silent-http2", Hostility::SilentHttp2, "timed_out", None),
    // PING (RFC 9113 §6.7).
    ("endless-pings", Hostility::EndlessFrames(&[0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]), "timed_out", None),
];

/// Far more than a server with nothing to do needs, and far less than what they would have it hold.
const MOST_BYTES: u64 = 256 * 1024 * 1024;

#[tokio::test]
async fn a_receiver_that_means_harm_harms_nobody_else() {
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
    let mut wrong = Vec::new();
    for ((name, _, outcome, status), notification) in CASES.iter().zip(&published) {
        let delivery = api.after_attempts(notification, 1).await;
        let attempt = &delivery["lastAttempt"];
        let expected_state = if *outcome == "accepted" { "succeeded" } else { "failed" };
        let got = (&delivery["status"], &attempt["outcome"], attempt["statusCode"].as_u64());
        if got != (&json!(expected_state), &json!(outcome), status.map(u64::from)) {
            wrong.push(format!("{name}: {attempt}"));
        }
        assert!(attempt["responseBody"].as_str().is_none_or(|body| body.len() <= 4096), "{name}: {attempt}");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let peak = process.peak_memory();
    assert!(peak < MOST_BYTES, "the server held {peak} bytes");
}

#[tokio::test]
async fn an_answer_whose_head_has_come_counts_and_the_callback_is_not_repeated() {
    let server = Setup::dev().manual_clock().start().await;
    let (api, mut healthy) = (server.api(), server.receiver().await);
    api.register(&json!({ "targetURL": healthy.url(), "eventTypes": ["good"] })).await;
    let mut accepted = Vec::new();
    for (name, answer) in [
        ("body-to-come", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
        ("whole", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
        ("no-body", "HTTP/1.1 204 No Content\r\n\r\n"),
    ] {
        let receiver = HostileReceiver::start(&server.authority(), Hostility::AnswerAndReset(answer)).await;
        api.register(&json!({ "targetURL": receiver.url(), "eventTypes": [name] })).await;
        let notification = api.publish_type(name).await;
        let delivery = api.after_attempts(&notification, 1).await;
        let outcome = &delivery["lastAttempt"]["outcome"];
        assert_eq!((&delivery["status"], outcome), (&json!("succeeded"), &json!("accepted")), "{name}: {delivery}");
        accepted.push((receiver, delivery));
    }
    server.advance(TimeDelta::days(2));
    // What would be due by now goes out before this.
    api.publish_type("good").await;
    healthy.next().await;
    for (receiver, delivery) in accepted {
        assert_eq!((receiver.connections(), api.delivery(&id_of(&delivery)).await), (1, delivery));
    }
}

#[tokio::test]
async fn a_stream_that_is_reset_is_a_failed_attempt() {
    // RST_STREAM (RFC 9113 §6.4) of the first request: CANCEL, and REFUSED_STREAM, which says that it may be sent again.
    const CANCEL: &[u8] = &[0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, 8];
    const REFUSED: &[u8] = &[0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, 7];
    let process = Process::start(&["--attempt-timeout-seconds", "2", "--retry-schedule", "none"]).await;
    let api = process.api();
    for frame in [CANCEL, REFUSED] {
        let receiver = process.hostile_receiver(Hostility::EndlessFrames(frame)).await;
        let webhook = api.register_url(&receiver.url()).await;
        let attempt = api.test(&webhook).await;
        assert!(["unreachable", "timed_out"].contains(&attempt["outcome"].as_str().unwrap_or_default()), "{attempt}");
    }
    assert!(process.peak_memory() < MOST_BYTES);
}

#[tokio::test]
async fn what_says_that_it_is_compressed_is_kept_as_it_came() {
    let process = Process::start(&["--retry-schedule", "none"]).await;
    let answer = Hostility::Answer("HTTP/1.1 500 No\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\n\x1f\x0bxyz");
    let receiver = process.hostile_receiver(answer).await;
    let api = process.api();
    api.register_url(&receiver.url()).await;
    let delivery = api.after_attempts(&api.publish_type("a.b").await, 1).await;
    let kept: &Value = &delivery["lastAttempt"]["responseBody"];
    assert!(kept.as_str().is_some_and(|kept| kept.ends_with("xyz")), "{delivery}");
}

#[tokio::test]
async fn a_token_server_that_never_ends_its_answer_is_given_up() {
    let process = Process::start(&["--attempt-timeout-seconds", "2", "--retry-schedule", "none"]).await;
    let api = process.api();
    let callback = process.receiver().await;
    for (hostility, outcome) in [
        (Hostility::Endless("HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n{\"access_token\":\"", "x"), "token_refused"),
        (Hostility::Drip("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"), "timed_out"),
        (Hostility::Endless("HTTP/1.1 200 OK\r\nx: ", "x"), "unreachable"),
    ] {
        let token_server = process.hostile_receiver(hostility).await;
        let auth = json!({ "type": "client_credential", "tokenURL": token_server.url(), "clientID": "id", "clientSecret": "secret" });
        let webhook = api.register(&json!({ "targetURL": callback.url(), "auth": auth })).await;
        let attempt = api.test(&id_of(&webhook)).await;
        assert_eq!(attempt["outcome"], outcome, "{hostility:?}: {attempt}");
    }
    assert_eq!(callback.count(), 0);
    assert!(process.peak_memory() < MOST_BYTES);
}
