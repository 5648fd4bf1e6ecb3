//! Webhooks that accept nothing: when they are deactivated, and who is told.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{Api, Receiver, Reply, Server, Setup, id_of};

/// A server whose time stands still and that tries everything once, and a webhook whose receiver refuses everything.
async fn failing(flags: &[&str]) -> (Server, Api, Receiver, String) {
    let server = Setup::dev().flags(&["--retry-schedule", "none"]).flags(flags).manual_clock().start().await;
    let (api, receiver) = (server.api(), server.receiver().await);
    receiver.always(Reply::Status(500));
    let id = api.register_url(&receiver.url()).await;
    (server, api, receiver, id)
}

/// Publishes so many notifications, each of which is refused, half a minute apart: so long may a webhook that fails be left alone.
async fn refuse(server: &Server, receiver: &mut Receiver, count: usize) {
    let api = server.api();
    for _ in 0..count {
        server.advance(TimeDelta::seconds(30));
        let notification = api.publish_type("a.b").await;
        receiver.next().await;
        api.after_attempts(&notification, 1).await;
    }
}

/// What is told, if it has the members of its example in openapi.json, of the same types.
fn data_like_its_example(callback: &Value) -> Value {
    let document: Value = serde_json::from_str(include_str!("../../../openapi.json")).expect("JSON");
    let examples = &document["paths"]["/api/notifications/v1/webhooks"]["post"]["callbacks"]["notification"]["{$request.body#/targetURL}"]
        ["post"]["requestBody"]["content"]["application/json"]["examples"];
    let mut examples = examples.as_object().expect("examples").values().map(|example| &example["value"]);
    let example = examples.find(|example| example["type"] == callback["type"]).expect("a documented type");
    assert_eq!(shape(&callback["data"]), shape(&example["data"]));
    callback["data"].clone()
}

/// The names of members and the kinds of their values.
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
async fn five_days_and_ten_attempts_without_a_success_deactivate_a_webhook() {
    let (mut server, api, mut receiver, id) = failing(&[]).await;
    let mut listener = server.receiver().await;
    api.register(&json!({ "targetURL": listener.url(), "eventTypes": ["webhook.*"] })).await;
    refuse(&server, &mut receiver, 8).await;
    server.advance(TimeDelta::hours(60));
    refuse(&server, &mut receiver, 1).await;
    let told = listener.next().await.json();
    assert_eq!(told["type"], "webhook.failing");
    let expected = json!({
        "webhook": { "id": id, "targetURL": receiver.url() },
        "since": "2026-01-02T15:04:35Z",
        "attempts": 9,
        "deactivationExpectedAt": "2026-01-07T15:04:35Z",
    });
    assert_eq!(data_like_its_example(&told), expected);
    server.restart().await;
    // Nine attempts half a minute apart and 60 hours; this one comes five days after the first of them.
    server.advance(TimeDelta::hours(60) - TimeDelta::seconds(8 * 30 + 30));
    refuse(&server, &mut receiver, 1).await;
    assert_eq!(api.webhook(&id).await["status"], "active", "five days, and no more");
    refuse(&server, &mut receiver, 1).await;
    let webhook = api.webhook(&id).await;
    assert_eq!(webhook["deactivation"], json!({ "reason": "failing", "at": "2026-01-07T15:05:05Z" }));
    let told = listener.next().await.json();
    assert_eq!(told["type"], "webhook.deactivated");
    let expected = json!({ "webhook": { "id": id, "targetURL": receiver.url() }, "reason": "failing", "at": "2026-01-07T15:05:05Z" });
    assert_eq!(data_like_its_example(&told), expected);
    let log = server.log();
    assert!(log.contains("webhook deactivated: it has accepted nothing for too long") && log.contains("failed_attempts"), "{log}");
    let listed = api.list("/notifications?type=webhook.deactivated").await;
    assert_eq!(listed.len(), 1, "it is a notification of the account");
    api.activate(&id).await;
    refuse(&server, &mut receiver, 1).await;
    assert_eq!(api.webhook(&id).await["status"], "active", "an activation begins anew");
}

#[tokio::test]
async fn the_operator_says_how_long_a_webhook_may_fail() {
    let (server, api, mut receiver, id) = failing(&["--deactivate-after-days", "1", "--deactivate-after-attempts", "2"]).await;
    refuse(&server, &mut receiver, 1).await;
    server.advance(TimeDelta::hours(25));
    refuse(&server, &mut receiver, 1).await;
    assert_eq!(api.webhook(&id).await["deactivation"]["reason"], "failing");

    let (server, api, mut receiver, id) = failing(&["--deactivate-after-days", "0"]).await;
    refuse(&server, &mut receiver, 10).await;
    server.advance(TimeDelta::days(400));
    refuse(&server, &mut receiver, 1).await;
    assert_eq!(api.webhook(&id).await["status"], "active", "0 never deactivates");
}

#[tokio::test]
async fn a_deactivation_is_told_with_its_reason_and_signed_and_tried_again() {
    let server = Setup::dev().manual_clock().start().await;
    let (api, mut listener, mut receiver) = (server.api(), server.receiver().await, server.receiver().await);
    let listening = api.register(&json!({ "targetURL": listener.url(), "eventTypes": ["webhook.deactivated"] })).await;
    let requested = api.register_url(&receiver.url()).await;
    listener.then([Reply::Status(500)]);
    api.deactivate(&requested).await;
    let first = listener.next().await;
    assert_eq!(data_like_its_example(&first.json())["reason"], "requested");
    assert!(first.is_signed_with(&api.signing_secret(&id_of(&listening)).await));
    api.after_attempts(&json!({ "id": first.id() }), 1).await;
    server.advance(TimeDelta::seconds(6));
    assert_eq!(listener.next().await.body, first.body);

    let gone = api.register_url(&receiver.url()).await;
    receiver.then([Reply::Status(410)]);
    api.publish_type("a.b").await;
    receiver.next().await;
    let told = data_like_its_example(&listener.next().await.json());
    assert_eq!((&told["reason"], &told["webhook"]["id"]), (&json!("gone"), &json!(gone)));
}
