//! Isolation: no webhook delays another webhook. Also tests the limits for attempts in flight.

use std::path::Path;
use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use crate::harness::{Api, Process, Receiver, Reply, Server, Setup, eventually, id_of};

/// Delivers `count` notifications. After these successes, the server allows the webhook its maximum number of attempts in flight.
async fn raise_in_flight_limit(api: &Api, receiver: &mut Receiver, count: usize) {
    for _ in 0..count {
        api.publish_type("a.b").await;
    }
    receiver.next_callbacks(count).await;
    all_recorded(api, "succeeded", count).await;
}

async fn all_recorded(api: &Api, status: &str, count: usize) {
    let path = format!("/deliveries?status={status}");
    eventually("every outcome to be recorded", async || (api.list(&path).await.len() == count).then_some(())).await;
}

#[tokio::test]
async fn a_hanging_webhook_delays_no_other() {
    let server = Server::start().await;
    let (mut hanging, mut healthy) = (server.receiver().await, server.receiver().await);
    hanging.always_reply(Reply::Hang);
    let api = server.api();
    let bad = api.register(&json!({ "targetURL": hanging.url(), "eventTypes": ["bad"] })).await;
    api.register(&json!({ "targetURL": healthy.url(), "eventTypes": ["good"] })).await;
    for _ in 0..100 {
        api.publish_type("bad").await;
    }
    hanging.next().await;
    for _ in 0..20 {
        let published = api.publish_type("good").await;
        assert_eq!(healthy.next().await.id(), id_of(&published));
    }
    assert_eq!(hanging.max_concurrent(), 1, "a webhook without a success has one attempt in flight");
    assert_eq!(api.list(&format!("/deliveries?webhookID={}&status=pending", id_of(&bad))).await.len(), 100);
}

#[tokio::test]
async fn no_transaction_is_open_while_a_callback_hangs() {
    // The attempt lasts longer than the test. If a transaction stayed open during the attempt, the test would fail.
    let server = Setup::dev().flags(&["--attempt-timeout-seconds", "300"]).start().await;
    let (mut hanging, mut healthy) = (server.receiver().await, server.receiver().await);
    hanging.always_reply(Reply::Hang);
    let api = server.api();
    api.register(&json!({ "targetURL": hanging.url(), "eventTypes": ["bad"] })).await;
    api.register(&json!({ "targetURL": healthy.url(), "eventTypes": ["good"] })).await;
    let bad = api.publish_type("bad").await;
    hanging.next().await;
    server.database().wait_for_no_transaction().await;
    for _ in 0..20 {
        let published = api.publish_type("good").await;
        assert_eq!(healthy.next().await.id(), id_of(&published));
    }
    assert_eq!(api.delivery_of(&bad).await["attemptCount"], 0, "the callback still hangs");
}

#[tokio::test]
async fn an_account_with_hanging_receivers_delays_no_other() {
    // The time of the manual clock does not change, so the server does not classify an attempt as slow.
    let server = Setup::dev().manual_clock().flags(&["--max-in-flight", "8"]).start().await;
    let (mut hanging, mut healthy) = (server.receiver().await, server.receiver().await);
    hanging.always_reply(Reply::Hang);
    let (bad, good) = (server.api_of("bad").await, server.api_of("good").await);
    for _ in 0..5 {
        bad.register_url(&hanging.url()).await;
    }
    good.register_url(&healthy.url()).await;
    for _ in 0..4 {
        bad.publish_type("a.b").await;
    }
    hanging.next_callbacks(2).await;
    for _ in 0..20 {
        let published = good.publish_type("a.b").await;
        assert_eq!(healthy.next().await.id(), id_of(&published));
    }
    assert_eq!(hanging.max_concurrent(), 2, "an account may use a quarter of the attempts in flight");
}

#[tokio::test]
async fn slow_attempts_free_slots_for_new_webhooks() {
    let server = Setup::dev().manual_clock().flags(&["--max-in-flight", "4"]).start().await;
    let (mut hanging, mut healthy) = (server.receiver().await, server.receiver().await);
    hanging.always_reply(Reply::Hang);
    for account in ["a", "b", "c"] {
        let api = server.api_of(account).await;
        api.register_url(&hanging.url()).await;
        api.publish_type("a.b").await;
    }
    hanging.next_callbacks(3).await;
    let good = server.api_of("good").await;
    good.register_url(&healthy.url()).await;
    let published = good.publish_type("a.b").await;
    assert_eq!(good.delivery_of(&published).await["attemptCount"], 0, "no slot is free for a new webhook");
    server.advance(TimeDelta::seconds(1));
    assert_eq!(healthy.next().await.id(), id_of(&published));
}

#[tokio::test]
async fn a_lack_of_file_descriptors_costs_no_delivery_an_attempt() {
    let limited = |_: &Path| ["prlimit", "--nofile=64:64"].map(str::to_owned).to_vec();
    let process = Process::start_wrapped(limited, &[]).await;
    let mut receiver = process.receiver().await;
    let api = process.api();
    let webhook = api.register_url(&receiver.url()).await;
    eventually("the warning", async || process.log().contains("may open too few files and sockets").then_some(())).await;

    // The server still serves this existing connection when it can open no other file or socket.
    let mut caller = TcpStream::connect(process.address()).await.expect("a listening server");
    let http_request = |method: &str, path: &str, body: &str| {
        let token = std::fs::read_to_string(process.file("access-token")).expect("a first start writes it");
        let (token, length) = (token.trim(), body.len());
        format!(
            "{method} /api/notifications/v1{path} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\ncontent-length: {length}\r\n\r\n{body}"
        )
    };
    let mut request = async |method: &str, path: &str, body: &str| {
        caller.write_all(http_request(method, path, body).as_bytes()).await.expect("a connection");
        let mut response = vec![0; 4096];
        let length = caller.read(&mut response).await.expect("a response");
        String::from_utf8_lossy(&response[..length]).into_owned()
    };
    assert!(request("GET", "/webhooks", "").await.starts_with("HTTP/1.1 200"));
    process.limit_descriptors(8).await;
    let _waiting = TcpStream::connect(process.address()).await.expect("a listening server");
    eventually("no file descriptors to be left", async || process.log().contains("cannot accept connections").then_some(())).await;
    assert!(request("POST", "/notifications", r#"{"type":"a.b","data":{}}"#).await.starts_with("HTTP/1.1 202"));
    assert!(
        request("POST", &format!("/webhooks/{webhook}/test"), "").await.starts_with("HTTP/1.1 503"),
        "a test callback without a free file descriptor is refused"
    );
    eventually("the attempt to be postponed", async || process.log().contains("an attempt could not be made").then_some(())).await;
    assert_eq!(receiver.count(), 0);

    process.limit_descriptors(64).await;
    receiver.next().await;
    let delivery =
        eventually("the attempt", async || api.list("/deliveries").await.into_iter().find(|delivery| delivery["status"] == "succeeded"));
    assert_eq!(delivery.await["attemptCount"], 1);
}

#[tokio::test]
async fn webhooks_with_silent_name_servers_fail_and_delay_no_other() {
    let silent = tokio::net::UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
    let name_server = silent.local_addr().expect("its address").to_string();
    let server = Setup::dev().flags(&["--name-server", &name_server]).start().await;
    let mut healthy = server.receiver().await;
    let (bad, good) = (server.api_of("bad").await, server.api_of("good").await);
    let mut webhook_ids = Vec::new();
    for number in 0..20 {
        webhook_ids.push(bad.register_url(&format!("https://silent-{number}.test/")).await);
    }
    good.register_url(&healthy.url()).await;
    let published = bad.publish_type("a.b").await;
    silent.readable().await.expect("a query");
    for _ in 0..20 {
        let published = good.publish_type("a.b").await;
        assert_eq!(healthy.next().await.id(), id_of(&published));
    }
    let path = format!("/deliveries?notificationID={}", id_of(&published));
    let attempted = eventually("each delivery to be attempted once", async || {
        let deliveries = bad.list(&path).await;
        deliveries.iter().all(|delivery| delivery["attemptCount"] == 1).then_some(deliveries)
    });
    for delivery in attempted.await {
        assert_eq!(delivery["lastAttempt"]["outcome"], "name_failed", "{delivery}");
    }
}

#[tokio::test]
async fn a_webhook_stays_within_its_in_flight_limit_and_gets_everything() {
    let server = Setup::dev().flags(&["--max-in-flight-per-webhook", "3"]).start().await;
    let mut receiver = server.receiver().await;
    let api = server.api();
    api.register_url(&receiver.url()).await;
    raise_in_flight_limit(&api, &mut receiver, 5).await;
    let gate = Arc::new(Semaphore::new(0));
    receiver.always_reply(Reply::OkWhenReleased(gate.clone()));
    let mut published = Vec::new();
    for _ in 0..20 {
        published.push(id_of(&api.publish_type("a.b").await));
    }
    let mut received: Vec<String> = receiver.next_callbacks(3).await.iter().map(|callback| callback.id().to_owned()).collect();
    assert_eq!(receiver.count(), 8);
    gate.add_permits(20);
    received.extend(receiver.next_callbacks(17).await.iter().map(|callback| callback.id().to_owned()));
    received.sort();
    published.sort();
    assert_eq!(received, published);
    assert!(receiver.max_concurrent() <= 3);
    all_recorded(&api, "succeeded", 25).await;
}

#[tokio::test]
async fn retries_do_not_delay_fresh_deliveries() {
    let server = Setup::dev().manual_clock().start().await;
    let mut receiver = server.receiver().await;
    receiver.reply_to_next((0..4).map(|_| Reply::Status(500)));
    let api = server.api();
    api.register_url(&receiver.url()).await;
    for _ in 0..4 {
        let published = api.publish_type("a.b").await;
        receiver.next().await;
        api.after_attempts(&published, 1).await;
    }
    let gate = Arc::new(Semaphore::new(0));
    receiver.always_reply(Reply::OkWhenReleased(gate.clone()));
    server.advance(TimeDelta::seconds(6));
    receiver.next().await;
    let fresh = id_of(&api.publish_type("a.b").await);
    gate.add_permits(1);
    // After one success, the webhook may have two attempts in flight: one for the fresh delivery, and one of the three
    // retries.
    let next = receiver.next_callbacks(2).await;
    assert!(next.iter().any(|callback| callback.id() == fresh));
    gate.add_permits(100);
    receiver.next_callbacks(2).await;
}

#[tokio::test]
async fn a_failing_webhook_is_probed_and_gets_all_deliveries_after_a_success() {
    let server = Setup::dev().manual_clock().start().await;
    let mut receiver = server.receiver().await;
    receiver.reply_to_next((0..6).map(|_| Reply::Status(500)));
    let api = server.api();
    let webhook = api.register_url(&receiver.url()).await;
    for _ in 0..5 {
        let published = api.publish_type("a.b").await;
        receiver.next().await;
        api.after_attempts(&published, 1).await;
    }
    let waiting: Vec<Value> = futures_util::future::join_all((0..10).map(|_| api.publish_type("a.b"))).await;
    server.advance(TimeDelta::milliseconds(250));
    receiver.next().await;
    let attempts = async || {
        api.list(&format!("/deliveries?webhookID={webhook}")).await.iter().filter_map(|it| it["attemptCount"].as_u64()).sum::<u64>()
    };
    eventually("the probe to be recorded", async || (attempts().await == 6).then_some(())).await;
    server.advance(TimeDelta::milliseconds(499));
    assert_eq!(receiver.count(), 6, "the pause has doubled, and no other delivery was attempted");
    server.advance(TimeDelta::milliseconds(1));
    assert_eq!(
        receiver.next_callbacks(9).await.len(),
        waiting.len() - 1,
        "all except the delivery of the failed probe, whose retry is not due yet"
    );
}

#[tokio::test]
async fn an_update_ends_the_pause_of_a_failing_webhook() {
    let server = Setup::dev().manual_clock().start().await;
    let (mut broken, mut working) = (server.receiver().await, server.receiver().await);
    broken.always_reply(Reply::Status(500));
    let api = server.api();
    let webhook = api.register_url(&broken.url()).await;
    for _ in 0..5 {
        let published = api.publish_type("a.b").await;
        broken.next().await;
        api.after_attempts(&published, 1).await;
    }
    let waiting = api.publish_type("a.b").await;
    api.update(&webhook, &json!({ "targetURL": working.url() })).await;
    assert_eq!(working.next().await.id(), id_of(&waiting));
}

#[tokio::test]
async fn a_rate_limit_is_respected_and_costs_no_attempt() {
    let server = Setup::dev().manual_clock().start().await;
    let mut receiver = server.receiver().await;
    let api = server.api();
    let webhook = api.register(&json!({ "targetURL": receiver.url(), "maxPerSecond": 10 })).await;
    assert_eq!(webhook["maxPerSecond"], 10);
    for _ in 0..5 {
        api.publish_type("a.b").await;
    }
    for count in 1..=3 {
        receiver.next().await;
        all_recorded(&api, "succeeded", count).await;
        server.advance(TimeDelta::milliseconds(99));
        assert_eq!(receiver.count(), count);
        server.advance(TimeDelta::milliseconds(1));
    }
    receiver.next().await;
    all_recorded(&api, "succeeded", 4).await;
    let webhook = api.update(&id_of(&webhook), &json!({ "maxPerSecond": 0 })).await;
    assert!(webhook.get("maxPerSecond").is_none());
    receiver.next().await;
    for delivery in api.list("/deliveries").await {
        assert!(delivery["attemptCount"].as_u64() <= Some(1), "{delivery}");
    }
}

#[tokio::test]
async fn an_ordered_webhook_gets_notifications_in_the_order_of_publishing() {
    let server = Setup::dev().flags(&["--retry-schedule", "1s,1s"]).start().await;
    let mut receiver = server.receiver().await;
    receiver.reply_to_next([
        Reply::Status(204),
        Reply::Status(500),
        Reply::Status(204),
        Reply::Status(500),
        Reply::Status(500),
        Reply::Status(500),
    ]);
    let api = server.api();
    let webhook = api.register(&json!({ "targetURL": receiver.url(), "ordered": true })).await;
    assert_eq!(webhook["ordered"], true);
    let mut published = Vec::new();
    for _ in 0..20 {
        published.push(id_of(&api.publish_type("a.b").await));
    }
    let received: Vec<String> = receiver.next_callbacks(23).await.iter().map(|callback| callback.id().to_owned()).collect();
    // The second notification was sent twice. The third notification was sent three times, and its delivery failed.
    let mut expected = published.clone();
    expected.insert(1, published[1].clone());
    expected.insert(3, published[2].clone());
    expected.insert(3, published[2].clone());
    assert_eq!(received, expected);
    assert_eq!(receiver.max_concurrent(), 1);
    let webhook = api.update(&id_of(&webhook), &json!({ "ordered": false })).await;
    assert!(webhook.get("ordered").is_none());
}
