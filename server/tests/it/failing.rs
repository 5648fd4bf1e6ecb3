//! Webhooks that never succeed: deactivation and its events.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use http::Method;
use serde_json::{Value, json};

use crate::harness::{Api, Receiver, Reply, Server, Setup, id_of};

/// Starts a server with a manual clock and without retries. Registers a webhook whose receiver responds with 500.
async fn start_with_failing_webhook(flags: &[&str]) -> (Server, Api, Receiver, String) {
    let server = Setup::dev().flags(&["--retry-schedule", "none"]).flags(flags).manual_clock().start().await;
    let (api, receiver) = (server.api(), server.receiver().await);
    receiver.always_reply(Reply::Status(500));
    let id = api.register_url(&receiver.url()).await;
    (server, api, receiver, id)
}

/// Publishes `count` notifications at intervals of 30 s, the maximum pause between attempts of a failing webhook. All deliveries
/// fail.
async fn publish_failing(server: &Server, receiver: &mut Receiver, count: usize) {
    let api = server.api();
    for _ in 0..count {
        server.advance(TimeDelta::seconds(30));
        let notification = api.publish_type("a.b").await;
        receiver.next().await;
        api.after_attempts(&notification, 1).await;
    }
}

/// Returns the callback's `data`. Checks that `data` has the same members and types as the example in openapi.json.
fn data_with_documented_shape(callback: &Value) -> Value {
    let document: Value = serde_json::from_str(include_str!("../../../openapi.json")).expect("JSON");
    let examples = &document["paths"]["/api/notifications/v1/webhooks"]["post"]["callbacks"]["notification"]["{$request.body#/targetURL}"]
        ["post"]["requestBody"]["content"]["application/json"]["examples"];
    let mut examples = examples.as_object().expect("examples").values().map(|example| &example["value"]);
    let example = examples.find(|example| example["type"] == callback["type"]).expect("a documented type");
    assert_eq!(shape(&callback["data"]), shape(&example["data"]));
    callback["data"].clone()
}

/// Returns a copy of the value. In the copy, each text, number and time is replaced with the name of its type.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), shape(value))).collect(),
        Value::String(text) if chrono::DateTime::parse_from_rfc3339(text).is_ok() => json!("time"),
        Value::String(_) => json!("text"),
        Value::Number(_) => json!("number"),
        other => other.clone(),
    }
}

#[tokio::test]
async fn five_days_and_ten_attempts_without_success_deactivate_a_webhook() {
    let (mut server, api, mut receiver, id) = start_with_failing_webhook(&[]).await;
    let mut listener = server.receiver().await;
    api.register(&json!({ "targetURL": listener.url(), "eventTypes": ["webhook.*"] })).await;
    publish_failing(&server, &mut receiver, 8).await;
    server.advance(TimeDelta::hours(60));
    publish_failing(&server, &mut receiver, 1).await;
    let event = listener.next().await.json();
    assert_eq!(event["type"], "webhook.failing");
    let expected = json!({
        "webhook": { "id": id, "targetURL": receiver.url() },
        "since": "2026-01-02T15:04:35Z",
        "attempts": 9,
        "deactivationExpectedAt": "2026-01-07T15:04:35Z",
    });
    assert_eq!(data_with_documented_shape(&event), expected);
    server.restart().await;
    // The first attempt was made 30 s after the start of the clock, and the ninth 60 h 270 s after this start. The next
    // attempt is made exactly five days after the first attempt.
    server.advance(TimeDelta::hours(60) - TimeDelta::seconds(8 * 30 + 30));
    publish_failing(&server, &mut receiver, 1).await;
    assert_eq!(api.webhook(&id).await["status"], "active", "only more than five days without success deactivate a webhook");
    publish_failing(&server, &mut receiver, 1).await;
    let webhook = api.webhook(&id).await;
    assert_eq!(webhook["deactivation"], json!({ "reason": "failing", "at": "2026-01-07T15:05:05Z" }));
    let event = listener.next().await.json();
    assert_eq!(event["type"], "webhook.deactivated");
    let expected = json!({ "webhook": { "id": id, "targetURL": receiver.url() }, "reason": "failing", "at": "2026-01-07T15:05:05Z" });
    assert_eq!(data_with_documented_shape(&event), expected);
    // A process has one `instance`, and the server was restarted once.
    let attempts = server.events("attempt.failed");
    let instances: BTreeSet<&str> = attempts.iter().filter_map(|line| line["instance"].as_str()).collect();
    assert_eq!((attempts.len(), instances.len()), (11, 2));
    check_failed_attempt(&attempts[0], &id);
    assert_eq!(server.events("webhook.failing").len(), 1, "only the first process has seen five failures in a row");
    let [deactivated] = &server.events("webhook.deactivated")[..] else { panic!("not one line: {}", server.log()) };
    let expected = ["default", id.as_str(), "failing", "2026-01-02T15:04:35+00:00"];
    assert_eq!(["account", "webhook", "reason", "failing_since"].map(|field| deactivated[field].as_str().unwrap_or_default()), expected);
    assert_eq!(deactivated["failed_attempts"], 11);
    let metrics = server.admin_api().send(Method::GET, "/metrics", &[], "").await;
    let metrics = String::from_utf8_lossy(&metrics.body).into_owned();
    assert!(metrics.contains("webhooks_deactivations_total{reason=\"failing\"} 1"), "{metrics}");
    let listed = api.list("/notifications?type=webhook.deactivated").await;
    assert_eq!(listed.len(), 1, "the event is a notification of the account");
    api.activate(&id).await;
    publish_failing(&server, &mut receiver, 1).await;
    assert_eq!(api.webhook(&id).await["status"], "active", "an activation resets the failure count");
}

#[tokio::test]
async fn a_warned_account_gets_one_event_when_the_webhook_recovers() {
    let (server, api, mut receiver, id) = start_with_failing_webhook(&["--deactivate-after-days", "1"]).await;
    let mut listener = server.receiver().await;
    api.register(&json!({ "targetURL": listener.url(), "eventTypes": ["webhook.failing", "webhook.recovered"] })).await;
    publish_failing(&server, &mut receiver, 1).await;
    receiver.always_reply(Reply::Status(204));
    publish_failing(&server, &mut receiver, 1).await;
    receiver.always_reply(Reply::Status(500));
    publish_failing(&server, &mut receiver, 1).await;
    server.advance(TimeDelta::hours(12));
    publish_failing(&server, &mut receiver, 1).await;
    assert_eq!(listener.next().await.json()["type"], "webhook.failing", "the first success had no warning before it");
    receiver.always_reply(Reply::Status(204));
    publish_failing(&server, &mut receiver, 1).await;
    let event = listener.next().await.json();
    assert_eq!(event["type"], "webhook.recovered");
    let expected = json!({
        "webhook": { "id": id, "targetURL": receiver.url() },
        "failingSince": "2026-01-02T15:05:35Z",
        "attempts": 2,
        "recoveredAt": "2026-01-03T03:06:35Z",
    });
    assert_eq!(data_with_documented_shape(&event), expected);
    publish_failing(&server, &mut receiver, 1).await;
    assert_eq!(api.list("/notifications?type=webhook.recovered").await.len(), 1);
}

#[tokio::test]
async fn the_operator_sets_how_long_a_webhook_may_fail() {
    let (server, api, mut receiver, id) =
        start_with_failing_webhook(&["--deactivate-after-days", "1", "--deactivate-after-attempts", "2"]).await;
    publish_failing(&server, &mut receiver, 1).await;
    server.advance(TimeDelta::hours(25));
    publish_failing(&server, &mut receiver, 1).await;
    assert_eq!(api.webhook(&id).await["deactivation"]["reason"], "failing");

    let (server, api, mut receiver, id) = start_with_failing_webhook(&["--deactivate-after-days", "0"]).await;
    publish_failing(&server, &mut receiver, 10).await;
    server.advance(TimeDelta::days(300));
    publish_failing(&server, &mut receiver, 1).await;
    assert_eq!(api.webhook(&id).await["status"], "active", "0 never deactivates");
    receiver.always_reply(Reply::Status(204));
    publish_failing(&server, &mut receiver, 2).await;
    let lines = [server.events("webhook.failing"), server.events("webhook.recovered")].concat();
    let failures: Vec<&Value> = lines.iter().map(|line| &line["failures"]).collect();
    assert_eq!(failures, [&json!(5), &json!(11)], "the log has each change once");
}

/// Checks the line of a failed attempt that is not repeated. The fields are stable.
fn check_failed_attempt(line: &Value, webhook: &str) {
    let fields: BTreeSet<&str> = line.as_object().expect("an object").keys().map(String::as_str).collect();
    let connection = ["remote", "http", "tls", "lookup_us", "connect_us", "tls_us", "connection_reused", "request_repeated"];
    let missing: Vec<&str> =
        ["account", "webhook", "delivery", "host", "outcome", "status_code", "error", "attempt", "next", "duration_ms"]
            .into_iter()
            .chain(connection)
            .filter(|field| !fields.contains(field))
            .collect();
    assert!(missing.is_empty(), "{missing:?} in {line}");
    let values = json!({
        "level": "INFO", "account": "default", "webhook": webhook, "host": "127.0.0.1", "outcome": "rejected", "status_code": 500,
        "attempt": 1, "next": "none", "omitted": 0,
    });
    assert!(line["error"].as_str().is_some_and(|error| error.starts_with("the receiver returned 500")), "{line}");
    for (field, value) in values.as_object().expect("an object") {
        assert_eq!(&line[field], value, "{field}");
    }
}

#[tokio::test]
async fn a_deactivation_event_has_the_reason_is_signed_and_is_retried() {
    let server = Setup::dev().manual_clock().start().await;
    let (api, mut listener, mut receiver) = (server.api(), server.receiver().await, server.receiver().await);
    let listening = api.register(&json!({ "targetURL": listener.url(), "eventTypes": ["webhook.deactivated"] })).await;
    let requested = api.register_url(&receiver.url()).await;
    listener.reply_to_next([Reply::Status(500)]);
    api.deactivate(&requested).await;
    let first = listener.next().await;
    assert_eq!(data_with_documented_shape(&first.json())["reason"], "requested");
    assert!(first.is_signed_with(&api.signing_secret(&id_of(&listening)).await));
    api.after_attempts(&json!({ "id": first.id() }), 1).await;
    server.advance(TimeDelta::seconds(6));
    assert_eq!(listener.next().await.body, first.body);

    let gone = api.register_url(&receiver.url()).await;
    receiver.reply_to_next([Reply::Status(410)]);
    api.publish_type("a.b").await;
    receiver.next().await;
    let event = data_with_documented_shape(&listener.next().await.json());
    assert_eq!((&event["reason"], &event["webhook"]["id"]), (&json!("gone"), &json!(gone)));
}
