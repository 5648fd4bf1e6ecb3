//! Webhooks that never succeed: deactivation and its events.

use chrono::TimeDelta;
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
    let log = server.log();
    assert!(log.contains("webhook deactivated: it has accepted nothing for too long") && log.contains("failed_attempts"), "{log}");
    let listed = api.list("/notifications?type=webhook.deactivated").await;
    assert_eq!(listed.len(), 1, "the event is a notification of the account");
    api.activate(&id).await;
    publish_failing(&server, &mut receiver, 1).await;
    assert_eq!(api.webhook(&id).await["status"], "active", "an activation resets the failure count");
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
