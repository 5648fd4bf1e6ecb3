//! The effect of webhook changes on pending deliveries; signatures; test callbacks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use serde_json::json;

use crate::harness::{Api, Receiver, Reply, Server, Setup, eventually, id_of};

async fn start_with_webhook() -> (Server, Api, Receiver, String) {
    let server = Setup::dev().manual_clock().start().await;
    let (api, receiver) = (server.api(), server.receiver().await);
    let id = api.register_url(&receiver.url()).await;
    (server, api, receiver, id)
}

#[tokio::test]
async fn every_attempt_has_a_valid_signature() {
    let (server, api, mut receiver, id) = start_with_webhook().await;
    let secret = api.signing_secret(&id).await;
    // This webhook does not subscribe to the published event type. Its secret must not sign the callbacks.
    let other = api.register(&json!({ "targetURL": "https://example.com", "eventTypes": ["x"] })).await;
    let other = api.signing_secret(&id_of(&other)).await;
    receiver.reply_to_next([Reply::Status(500)]);
    api.after_attempts(&api.publish_type("a.b").await, 1).await;
    let first = receiver.next().await;
    server.advance(TimeDelta::seconds(6));
    let second = receiver.next().await;
    for callback in [&first, &second] {
        assert!(callback.is_signed_with(&secret));
        assert!(!callback.is_signed_with(&other));
    }
    assert_eq!(first.header("webhook-timestamp"), "1767366245");
    assert_eq!(second.header("webhook-timestamp"), "1767366251");
    assert_ne!(first.header("webhook-signature"), second.header("webhook-signature"));
}

#[tokio::test]
async fn a_deactivated_webhook_gets_no_callbacks() {
    let (server, api, mut receiver, id) = start_with_webhook().await;
    receiver.reply_to_next([Reply::Status(500)]);
    let waiting = api.publish_type("a.b").await;
    receiver.next().await;
    api.after_attempts(&waiting, 1).await;
    api.deactivate(&id).await;
    assert_eq!(api.publish_type("a.b").await["deliveryCount"], 0);
    let delivery = api.delivery_of(&waiting).await;
    assert_eq!(delivery["status"], "cancelled");
    assert_eq!(delivery.get("nextAttemptAt"), None);
    assert!(api.list("/deliveries?status=pending").await.is_empty());
    assert_eq!(api.list("/deliveries?status=cancelled").await.len(), 1);
    api.activate(&id).await;
    server.advance(TimeDelta::hours(1));
    // The server does not send the cancelled delivery: the next callback has the notification that is published now.
    let next = api.publish_type("a.b").await;
    assert_eq!(receiver.next().await.id(), id_of(&next));
    api.after_attempts(&next, 1).await;
    assert_eq!(api.delivery_of(&waiting).await["status"], "cancelled");
    assert!(receiver.take_arrived().is_empty());
}

#[tokio::test]
async fn an_attempt_in_flight_at_deactivation_is_still_recorded() {
    let (_server, api, mut receiver, id) = start_with_webhook().await;
    let gate = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    receiver.always_reply(Reply::OkWhenReleased(gate.clone()));
    let notification = api.publish_type("a.b").await;
    receiver.next().await;
    api.deactivate(&id).await;
    gate.add_permits(1);
    let delivery = api.after_attempts(&notification, 1).await;
    assert_eq!(delivery["status"], "succeeded", "a success is never reported as cancelled");
}

#[tokio::test]
async fn pending_deliveries_use_the_new_url_and_credentials() {
    let (server, api, mut receiver, id) = start_with_webhook().await;
    let mut new_receiver = server.receiver().await;
    receiver.reply_to_next([Reply::Status(500)]);
    let notification = api.publish_type("a.b").await;
    receiver.next().await;
    api.after_attempts(&notification, 1).await;
    let auth = json!({ "type": "basic", "username": "u", "password": "p" });
    api.update(&id, &json!({ "targetURL": new_receiver.url(), "auth": auth })).await;
    server.advance(TimeDelta::seconds(6));
    let callback = new_receiver.next().await;
    assert_eq!(callback.id(), id_of(&notification));
    assert_eq!(callback.header("authorization"), format!("Basic {}", STANDARD.encode("u:p")));
    assert_eq!(receiver.count(), 1);
}

#[tokio::test]
async fn no_attempt_starts_with_the_old_state_after_a_change() {
    let server = Setup::dev().flags(&["--max-in-flight-per-webhook", "1"]).start().await;
    let (api, mut old) = (server.api(), server.receiver().await);
    let mut new = server.receiver().await;
    let gate = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    old.always_reply(Reply::OkWhenReleased(gate.clone()));
    let id = api.register_url(&old.url()).await;
    for _ in 0..5 {
        api.publish_type("a.b").await;
    }
    old.next().await;
    api.update(&id, &json!({ "targetURL": new.url() })).await;
    gate.add_permits(5);
    new.next_callbacks(4).await;
    assert_eq!(old.count(), 1);
}

#[tokio::test]
async fn deliveries_of_a_deleted_webhook_are_cancelled_and_stay_readable() {
    let (server, api, receiver, id) = start_with_webhook().await;
    receiver.reply_to_next([Reply::Status(500)]);
    let notification = api.publish_type("a.b").await;
    api.after_attempts(&notification, 1).await;
    api.delete_webhook(&id).await;
    server.advance(TimeDelta::hours(1));
    let delivery = api.delivery_of(&notification).await;
    assert_eq!((&delivery["status"], &delivery["webhook"]["id"]), (&json!("cancelled"), &json!(id)));
    assert_eq!(delivery["attempts"].as_array().map(Vec::len), Some(1));
    assert_eq!(receiver.count(), 1);
}

#[tokio::test]
async fn a_test_callback_is_sent_at_once_and_is_not_stored() {
    let (_server, api, mut receiver, id) = start_with_webhook().await;
    let secret = api.signing_secret(&id).await;
    receiver.reply_to_next([Reply::Status(200), Reply::Full { status: 500, headers: vec![], body: "not today".to_owned() }]);
    let attempt = api.test(&id).await;
    assert_eq!((&attempt["number"], &attempt["outcome"], &attempt["statusCode"]), (&json!(1), &json!("accepted"), &json!(200)));
    let callback = receiver.next().await;
    assert_eq!(callback.json()["type"], "webhook.test");
    assert_eq!(callback.json()["webhook"]["id"], id);
    assert!(callback.is_signed_with(&secret));
    let attempt = api.test(&id).await;
    assert_eq!((&attempt["outcome"], &attempt["responseBody"]), (&json!("rejected"), &json!("not today")));
    assert!(api.list("/deliveries").await.is_empty());
    assert!(api.list("/notifications").await.is_empty());
}

#[tokio::test]
async fn a_deactivated_webhook_can_be_tested_and_a_410_deactivates_nothing() {
    let (_server, api, receiver, id) = start_with_webhook().await;
    receiver.reply_to_next([Reply::Status(410)]);
    assert_eq!(api.test(&id).await["statusCode"], 410);
    assert_eq!(api.webhook(&id).await["status"], "active");
    api.deactivate(&id).await;
    assert_eq!(api.test(&id).await["outcome"], "accepted");
}

#[tokio::test]
async fn an_account_can_run_two_tests_at_a_time() {
    let (server, api, mut receiver, id) = start_with_webhook().await;
    let gate = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    receiver.always_reply(Reply::OkWhenReleased(gate.clone()));
    let running = [(); 2].map(|()| {
        let (api, id) = (api.clone(), id.clone());
        tokio::spawn(async move { api.test(&id).await })
    });
    receiver.next_callbacks(2).await;
    let refused = api.post(&format!("/webhooks/{id}/test"), &json!({})).await;
    assert_eq!(refused.problem(), (429, "rate_limited".to_owned()));
    assert!(refused.headers.contains_key("retry-after"));
    // Another account can run a test while the tests of the first account are running.
    let other = server.api_of("other").await;
    let other_id = other.register_url(&receiver.url()).await;
    gate.add_permits(3);
    assert_eq!(other.test(&other_id).await["outcome"], "accepted");
    for test in running {
        assert_eq!(test.await.expect("no panic")["outcome"], "accepted");
    }
    gate.add_permits(1);
    let again = eventually("a free test slot", async || {
        Some(api.post(&format!("/webhooks/{id}/test"), &json!({})).await).filter(|response| response.status == 200)
    });
    assert_eq!(again.await.json()["outcome"], "accepted");
}
