//! Deleted notifications.

use std::sync::Arc;

use chrono::TimeDelta;
use http::Method;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::harness::{Api, ApiResponse, Receiver, Reply, Server, Setup, id_of};

const PAYLOAD_MARKER: &str = "a-marked-payload";

async fn start_with_webhook(flags: &[&str]) -> (Server, Api, Receiver) {
    let server = Setup::dev().flags(flags).manual_clock().start().await;
    let (api, receiver) = (server.api(), server.receiver().await);
    api.register_url(&receiver.url()).await;
    (server, api, receiver)
}

async fn publish_marked(api: &Api) -> Value {
    api.publish(&json!({ "type": "a.b", "data": { "name": PAYLOAD_MARKER } })).await
}

#[tokio::test]
async fn a_deleted_notification_is_not_found_and_its_deliveries_are_cancelled() {
    let (server, api, receiver) = start_with_webhook(&[]).await;
    receiver.reply_to_next([Reply::Full { status: 500, headers: vec![], body: format!("cannot store {PAYLOAD_MARKER}") }]);
    let notification = publish_marked(&api).await;
    let other = api.publish_type("c.d").await;
    let before = api.after_attempts(&notification, 1).await;
    assert!(before["lastAttempt"]["responseBody"].as_str().is_some_and(|body| body.contains(PAYLOAD_MARKER)), "{before}");
    let id = id_of(&notification);
    api.delete_notification(&id).await;
    for (method, path) in [(Method::GET, format!("/notifications/{id}")), (Method::DELETE, format!("/notifications/{id}"))] {
        for api in [&api, &api.accepting_json_only()] {
            assert_eq!(api.call(method.clone(), &path, &[], "").await.problem(), (404, "not_found".to_owned()), "{method}");
        }
    }
    assert_eq!(api.list("/notifications").await, [other]);
    let after = api.delivery_of(&notification).await;
    assert_eq!((&after["status"], &after["notification"]), (&json!("cancelled"), &json!({ "id": id, "type": "a.b" })));
    assert_eq!((after.get("nextAttemptAt"), after["lastAttempt"].get("responseBody")), (None, None));
    assert_eq!((&after["attemptCount"], &after["attempts"][0]["statusCode"]), (&json!(1), &json!(500)));
    server.advance(TimeDelta::hours(1));
    let next = api.publish_type("e.f").await;
    api.after_attempts(&next, 1).await;
    assert_eq!(receiver.count(), 3, "the deleted notification is not sent again");
}

#[tokio::test]
async fn an_attempt_in_flight_finishes_after_the_deletion() {
    let (_server, api, mut receiver) = start_with_webhook(&[]).await;
    let gate = Arc::new(Semaphore::new(0));
    receiver.reply_to_next([Reply::OkWhenReleased(gate.clone())]);
    let notification = publish_marked(&api).await;
    receiver.next().await;
    api.delete_notification(&id_of(&notification)).await;
    assert_eq!(api.delivery_of(&notification).await["status"], "cancelled");
    gate.add_permits(1);
    assert_eq!(api.after_attempts(&notification, 1).await["status"], "succeeded", "a success is never reported as cancelled");
}

#[tokio::test]
async fn a_waiting_delivery_of_a_deleted_notification_is_not_sent() {
    let (_server, api, mut receiver) = start_with_webhook(&["--max-in-flight-per-webhook", "1"]).await;
    let gate = Arc::new(Semaphore::new(0));
    receiver.reply_to_next([Reply::OkWhenReleased(gate.clone())]);
    let first = api.publish_type("a.b").await;
    let waiting = publish_marked(&api).await;
    let last = api.publish_type("a.b").await;
    assert_eq!(receiver.next().await.id(), id_of(&first));
    api.delete_notification(&id_of(&waiting)).await;
    gate.add_permits(1);
    assert_eq!(receiver.next().await.id(), id_of(&last));
    assert_eq!(api.delivery_of(&waiting).await["attemptCount"], 0);
}

#[tokio::test]
async fn the_idempotency_key_of_a_deleted_notification_publishes_nothing() {
    let (server, api, mut receiver) = start_with_webhook(&[]).await;
    let publish = async |api: &Api, body: &'static str| -> ApiResponse {
        api.call(Method::POST, "/notifications", &[("idempotency-key", "key")], body).await
    };
    let body = r#"{"type":"a.b","data":{"name":"x"}}"#;
    let published = publish(&api, body).await.expect(202);
    receiver.next().await;
    api.delete_notification(&id_of(&published)).await;
    for api in [&api, &api.accepting_json_only()] {
        assert_eq!(publish(api, body).await.problem(), (409, "notification_deleted".to_owned()));
        assert_eq!(publish(api, r#"{"type":"a.b","data":{}}"#).await.problem(), (409, "idempotency_conflict".to_owned()));
    }
    server.advance(TimeDelta::hours(24));
    let published_again = publish(&api, body).await.expect(202);
    assert_eq!(receiver.next().await.id(), id_of(&published_again));
}

#[tokio::test]
async fn the_platform_can_delete_a_notification_that_it_published() {
    let server = Server::start().await;
    let (acme, platform) = (server.api_of("acme").await, server.platform().await);
    let notification = platform.publish(&json!({ "type": "a.b", "data": {}, "account": "acme" })).await;
    platform.delete_notification(&id_of(&notification)).await;
    assert!(acme.list("/notifications").await.is_empty());
}

#[tokio::test]
async fn no_file_or_table_contains_a_deleted_payload_after_a_stop() {
    let (mut server, api, receiver) = start_with_webhook(&[]).await;
    receiver.reply_to_next([Reply::Echo]);
    let notification = publish_marked(&api).await;
    api.after_attempts(&notification, 1).await;
    let contains = async |server: &Server| {
        let contents = server.database().contents().await;
        contents.iter().any(|(_, bytes)| bytes.windows(PAYLOAD_MARKER.len()).any(|window| window == PAYLOAD_MARKER.as_bytes()))
    };
    assert!(contains(&server).await);
    api.delete_notification(&id_of(&notification)).await;
    server.stop().await;
    assert!(!contains(&server).await);
}
