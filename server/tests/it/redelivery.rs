//! Redelivery: one delivery is made due again.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use http::Method;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::harness::{Api, Receiver, Reply, Server, Setup, id_of};

/// Starts a receiver, and a server with a manual clock. Registers a webhook for the receiver. Also returns the id of
/// the webhook.
async fn start_with_webhook(flags: &[&str]) -> (Server, Api, Receiver, String) {
    let server = Setup::dev().flags(flags).manual_clock().start().await;
    let (api, receiver) = (server.api(), server.receiver().await);
    let id = api.register_url(&receiver.url()).await;
    (server, api, receiver, id)
}

fn next_attempt_at(delivery: &Value) -> DateTime<Utc> {
    delivery["nextAttemptAt"].as_str().unwrap_or_else(|| panic!("no time in {delivery}")).parse().expect("a time")
}

async fn problem_of_redelivery(api: &Api, id: &str) -> (u16, String) {
    let path = format!("/deliveries/{id}/redelivery");
    let response = api.call(Method::POST, &path, &[], "").await;
    assert_eq!(api.accepting_json_only().call(Method::POST, &path, &[], "").await.problem(), response.problem());
    response.problem()
}

#[tokio::test]
async fn a_redelivered_failed_delivery_starts_a_new_retry_schedule() {
    let (server, api, mut receiver, _) = start_with_webhook(&["--retry-schedule", "1m"]).await;
    receiver.always_reply(Reply::Status(500));
    let notification = api.publish_type("a.b").await;
    let failed_once = api.after_attempts(&notification, 1).await;
    server.advance(next_attempt_at(&failed_once) - server.now());
    let failed = api.after_attempts(&notification, 2).await;
    assert_eq!(failed["status"], "failed");
    let due = api.redeliver(&id_of(&failed)).await;
    assert_eq!((&due["id"], &due["status"], &due["attemptCount"]), (&failed["id"], &json!("pending"), &json!(2)));
    assert_eq!(next_attempt_at(&due), server.now());
    assert_eq!(due["lastAttempt"], failed["lastAttempt"]);
    let pending = api.after_attempts(&notification, 3).await;
    let delay = next_attempt_at(&pending) - server.now();
    assert!(TimeDelta::minutes(1) <= delay && delay <= TimeDelta::seconds(72), "{delay}");
    receiver.always_reply(Reply::Status(204));
    server.advance(delay);
    let succeeded = api.after_attempts(&notification, 4).await;
    assert_eq!(succeeded["status"], "succeeded");
    let numbers: Vec<_> = succeeded["attempts"].as_array().expect("an array").iter().map(|attempt| attempt["number"].clone()).collect();
    assert_eq!(numbers, [1, 2, 3, 4]);
    assert!(receiver.next_callbacks(4).await.iter().all(|callback| callback.id() == id_of(&notification)));
}

#[tokio::test]
async fn a_successful_delivery_is_sent_again_with_the_same_id() {
    let (_server, api, mut receiver, _) = start_with_webhook(&[]).await;
    let notification = api.publish_type("a.b").await;
    let succeeded = api.after_attempts(&notification, 1).await;
    api.redeliver(&id_of(&succeeded)).await;
    let [first, second] = &receiver.next_callbacks(2).await[..] else { panic!("two callbacks") };
    assert_eq!((first.id(), &first.body), (second.id(), &second.body));
    assert_eq!(api.after_attempts(&notification, 2).await["status"], "succeeded");
}

#[tokio::test]
async fn a_redelivery_sends_a_waiting_delivery_at_once() {
    let (_server, api, receiver, _) = start_with_webhook(&[]).await;
    receiver.reply_to_next([Reply::Status(500)]);
    let notification = api.publish_type("a.b").await;
    let waiting = api.after_attempts(&notification, 1).await;
    api.redeliver(&id_of(&waiting)).await;
    assert_eq!(api.after_attempts(&notification, 2).await["status"], "succeeded");
}

#[tokio::test]
async fn a_cancelled_delivery_is_sent_to_the_current_url_of_its_webhook() {
    let (server, api, receiver, id) = start_with_webhook(&[]).await;
    let mut new_receiver = server.receiver().await;
    receiver.reply_to_next([Reply::Status(500)]);
    let notification = api.publish_type("a.b").await;
    let delivery = id_of(&api.after_attempts(&notification, 1).await);
    api.deactivate(&id).await;
    assert_eq!(problem_of_redelivery(&api, &delivery).await, (409, "webhook_deactivated".to_owned()));
    api.update(&id, &json!({ "targetURL": new_receiver.url() })).await;
    api.activate(&id).await;
    api.redeliver(&delivery).await;
    assert_eq!(new_receiver.next().await.id(), id_of(&notification));
    assert_eq!(api.after_attempts(&notification, 2).await["status"], "succeeded");
    assert_eq!(receiver.count(), 1);
}

#[tokio::test]
async fn a_successful_attempt_in_flight_counts_as_the_redelivery() {
    let (_server, api, mut receiver, _) = start_with_webhook(&[]).await;
    let gate = Arc::new(Semaphore::new(0));
    receiver.reply_to_next([Reply::OkWhenReleased(gate.clone())]);
    let notification = api.publish_type("a.b").await;
    receiver.next().await;
    let in_flight = api.redeliver(&id_of(&api.delivery_of(&notification).await)).await;
    assert_eq!((&in_flight["status"], &in_flight["attemptCount"], in_flight.get("lastAttempt")), (&json!("pending"), &json!(0), None));
    gate.add_permits(1);
    assert_eq!(api.after_attempts(&notification, 1).await["status"], "succeeded");
    // The server does not send the redelivered notification again: the next callback has the notification that is published now.
    let next = api.publish_type("a.b").await;
    assert_eq!(receiver.next().await.id(), id_of(&next));
}

#[tokio::test]
async fn a_failed_attempt_in_flight_is_followed_by_the_redelivery_at_once() {
    let (_server, api, mut receiver, _) = start_with_webhook(&["--attempt-timeout-seconds", "1", "--retry-schedule", "none"]).await;
    receiver.reply_to_next([Reply::Hang]);
    let notification = api.publish_type("a.b").await;
    receiver.next().await;
    api.redeliver(&id_of(&api.delivery_of(&notification).await)).await;
    let delivery = api.after_attempts(&notification, 2).await;
    assert_eq!((&delivery["status"], &delivery["attempts"][0]["outcome"]), (&json!("succeeded"), &json!("timed_out")));
    assert_eq!(receiver.max_concurrent(), 1, "two attempts are never in flight together");
}

#[tokio::test]
async fn a_delivery_that_cannot_be_sent_is_refused() {
    let (_server, api, _receiver, id) = start_with_webhook(&[]).await;
    let notification = api.publish_type("a.b").await;
    let delivery = id_of(&api.after_attempts(&notification, 1).await);
    assert_eq!(problem_of_redelivery(&api, crate::auth::ID).await, (404, "not_found".to_owned()));
    api.delete_notification(&id_of(&notification)).await;
    assert_eq!(problem_of_redelivery(&api, &delivery).await, (409, "notification_deleted".to_owned()));
    api.delete_webhook(&id).await;
    assert_eq!(problem_of_redelivery(&api, &delivery).await, (404, "not_found".to_owned()));
}
