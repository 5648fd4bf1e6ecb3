//! Custom headers of a webhook. Each callback contains these headers. The API returns only the names of the headers.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{Reply, Server, Setup, id_of};

fn headers() -> Value {
    json!([{ "name": "X-Test-Key", "value": "first key" }, { "name": "x-test-TEAM", "value": "shop\tfloor" }])
}

#[tokio::test]
async fn every_attempt_and_test_sends_the_custom_headers() {
    let server = Setup::dev().manual_clock().start().await;
    let (api, mut receiver) = (server.api(), server.receiver().await);
    let auth = json!({ "type": "basic", "username": "u", "password": "p" });
    let webhook = api.register(&json!({ "targetURL": receiver.url(), "auth": auth, "headers": headers() })).await;
    assert_eq!(webhook["headers"], json!([{ "name": "X-Test-Key" }, { "name": "x-test-TEAM" }]));
    let id = id_of(&webhook);
    receiver.reply_to_next([Reply::Status(500)]);
    api.after_attempts(&api.publish_type("a.b").await, 1).await;
    server.advance(TimeDelta::seconds(6));
    let mut callbacks = receiver.next_callbacks(2).await;
    api.test(&id).await;
    callbacks.push(receiver.next().await);
    for callback in callbacks {
        assert_eq!((callback.header("x-test-key"), callback.header("x-test-team")), ("first key", "shop\tfloor"));
        assert!(callback.header("authorization").starts_with("Basic "));
    }
}

#[tokio::test]
async fn an_update_replaces_all_headers_and_an_empty_list_removes_them() {
    let server = Server::start().await;
    let (api, mut receiver) = (server.api(), server.receiver().await);
    let id = id_of(&api.register(&json!({ "targetURL": receiver.url(), "headers": headers() })).await);
    api.update(&id, &json!({ "description": "the headers stay" })).await;
    api.publish_type("a.b").await;
    assert_eq!(receiver.next().await.header("x-test-key"), "first key");
    let updated = api.update(&id, &json!({ "headers": [{ "name": "X-Test-Key", "value": "second key" }] })).await;
    assert_eq!(updated["headers"], json!([{ "name": "X-Test-Key" }]));
    api.publish_type("a.b").await;
    let callback = receiver.next().await;
    assert_eq!((callback.header("x-test-key"), callback.find_header("x-test-team")), ("second key", None));
    assert_eq!(api.update(&id, &json!({ "headers": [] })).await.get("headers"), None);
    api.publish_type("a.b").await;
    assert_eq!(receiver.next().await.find_header("x-test-key"), None);
    let empty = api.register(&json!({ "targetURL": receiver.url(), "headers": [] })).await;
    assert_eq!(empty.get("headers"), None);
}

#[tokio::test]
async fn an_echo_of_a_header_value_or_of_the_key_in_it_is_redacted() {
    let server = Server::start().await;
    let (api, receiver) = (server.api(), server.receiver().await);
    let headers = json!([{ "name": "X-Test-Key", "value": "Token k3y-of-8" }, { "name": "X-Test-Other", "value": "tiny" }]);
    let id = id_of(&api.register(&json!({ "targetURL": receiver.url(), "headers": headers })).await);
    for (echo, kept) in [
        ("<Token k3y-of-8>", "<[redacted]>"),
        ("the key k3y-of-8 is wrong", "the key [redacted] is wrong"),
        ("Token missing", "Token missing"),
        ("x-test-other: tiny", "x-test-other: [redacted]"),
    ] {
        receiver.reply_to_next([Reply::Full { status: 500, headers: vec![], body: echo.to_owned() }]);
        assert_eq!(api.test(&id).await["responseBody"], kept);
    }
}
