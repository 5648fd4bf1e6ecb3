//! Deliveries that are made due again, one by one.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use http::Method;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::harness::{Api, Receiver, Reply, Server, Setup, id_of};

/// A server whose time stands still, a receiver that is registered there, and its webhook's id.
async fn registered(flags: &[&str]) -> (Server, Api, Receiver, String) {
    let server = Setup::dev().flags(flags).manual_clock().start().await;
    let (api, receiver) = (server.api(), server.receiver().await);
    let id = api.register_url(&receiver.url()).await;
    (server, api, receiver, id)
}

fn next_attempt_at(delivery: &Value) -> DateTime<Utc> {
    delivery["nextAttemptAt"].as_str().unwrap_or_else(|| panic!("no time in {delivery}")).parse().expect("a time")
}

async fn refused(api: &Api, id: &str) -> (u16, String) {
    let path = format!("/deliveries/{id}/redelivery");
    let answer = api.call(Method::POST, &path, &[], "").await;
    assert_eq!(api.of_plain_json().call(Method::POST, &path, &[], "").await.problem(), answer.problem());
    answer.problem()
}

#[tokio::test]
async fn a_failed_one_goes_out_again_and_has_its_whole_schedule_anew() {
    let (server, api, mut receiver, _) = registered(&["--retry-schedule", "1m"]).await;
    receiver.always(Reply::Status(500));
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
    let waits = next_attempt_at(&pending) - server.now();
    assert!(TimeDelta::minutes(1) <= waits && waits <= TimeDelta::seconds(72), "{waits}");
    receiver.always(Reply::Status(204));
    server.advance(waits);
    let succeeded = api.after_attempts(&notification, 4).await;
    assert_eq!(succeeded["status"], "succeeded");
    let numbers: Vec<_> = succeeded["attempts"].as_array().expect("an array").iter().map(|attempt| attempt["number"].clone()).collect();
    assert_eq!(numbers, [1, 2, 3, 4]);
    assert!(receiver.next_of(4).await.iter().all(|callback| callback.id() == id_of(&notification)));
}

#[tokio::test]
async fn one_that_succeeded_goes_out_again_with_the_same_id() {
    let (_server, api, mut receiver, _) = registered(&[]).await;
    let notification = api.publish_type("a.b").await;
    let succeeded = api.after_attempts(&notification, 1).await;
    api.redeliver(&id_of(&succeeded)).await;
    let [first, second] = &receiver.next_of(2).await[..] else { panic!("two callbacks") };
    assert_eq!((first.id(), &first.body), (second.id(), &second.body));
    assert_eq!(api.after_attempts(&notification, 2).await["status"], "succeeded");
}

#[tokio::test]
async fn one_that_waits_need_not_wait_any_longer() {
    let (_server, api, receiver, _) = registered(&[]).await;
    receiver.then([Reply::Status(500)]);
    let notification = api.publish_type("a.b").await;
    let waiting = api.after_attempts(&notification, 1).await;
    api.redeliver(&id_of(&waiting)).await;
    assert_eq!(api.after_attempts(&notification, 2).await["status"], "succeeded");
}

#[tokio::test]
async fn one_that_was_cancelled_goes_to_where_its_webhook_is_now() {
    let (server, api, receiver, id) = registered(&[]).await;
    let mut moved = server.receiver().await;
    receiver.then([Reply::Status(500)]);
    let notification = api.publish_type("a.b").await;
    let delivery = id_of(&api.after_attempts(&notification, 1).await);
    api.deactivate(&id).await;
    assert_eq!(refused(&api, &delivery).await, (409, "webhook_deactivated".to_owned()));
    api.update(&id, &json!({ "targetURL": moved.url() })).await;
    api.activate(&id).await;
    api.redeliver(&delivery).await;
    assert_eq!(moved.next().await.id(), id_of(&notification));
    assert_eq!(api.after_attempts(&notification, 2).await["status"], "succeeded");
    assert_eq!(receiver.count(), 1);
}

#[tokio::test]
async fn an_attempt_under_way_is_the_redelivery_if_it_is_accepted() {
    let (_server, api, mut receiver, _) = registered(&[]).await;
    let gate = Arc::new(Semaphore::new(0));
    receiver.then([Reply::Gate(gate.clone())]);
    let notification = api.publish_type("a.b").await;
    receiver.next().await;
    let under_way = api.redeliver(&id_of(&api.delivery_of(&notification).await)).await;
    assert_eq!((&under_way["status"], &under_way["attemptCount"], under_way.get("lastAttempt")), (&json!("pending"), &json!(0), None));
    gate.add_permits(1);
    assert_eq!(api.after_attempts(&notification, 1).await["status"], "succeeded");
    // The next callback is of what is published next.
    let next = api.publish_type("a.b").await;
    assert_eq!(receiver.next().await.id(), id_of(&next));
}

#[tokio::test]
async fn an_attempt_under_way_that_fails_is_followed_at_once() {
    let (_server, api, mut receiver, _) = registered(&["--attempt-timeout-seconds", "1", "--retry-schedule", "none"]).await;
    receiver.then([Reply::Hang]);
    let notification = api.publish_type("a.b").await;
    receiver.next().await;
    api.redeliver(&id_of(&api.delivery_of(&notification).await)).await;
    let delivery = api.after_attempts(&notification, 2).await;
    assert_eq!((&delivery["status"], &delivery["attempts"][0]["outcome"]), (&json!("succeeded"), &json!("timed_out")));
    assert_eq!(receiver.most_open(), 1, "never two at once");
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused() {
    let (_server, api, _receiver, id) = registered(&[]).await;
    let notification = api.publish_type("a.b").await;
    let delivery = id_of(&api.after_attempts(&notification, 1).await);
    assert_eq!(refused(&api, crate::auth::ID).await, (404, "not_found".to_owned()));
    api.delete_notification(&id_of(&notification)).await;
    assert_eq!(refused(&api, &delivery).await, (409, "notification_deleted".to_owned()));
    api.delete_webhook(&id).await;
    assert_eq!(refused(&api, &delivery).await, (404, "not_found".to_owned()));
}
