//! Why a pending delivery waits: `waitingFor` in getDelivery, listDeliveries and redeliver.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::delivery::{next_attempt_at, start_with_webhook, with_headers};
use crate::harness::{Api, Process, Reply, Server, Setup, eventually, id_of};

/// Returns why each delivery of a notification waits, in the order of creation. Waits until a list and getDelivery agree,
/// because the state may change between two requests.
pub(crate) async fn waits(api: &Api, notification: &Value) -> Vec<Value> {
    eventually("the same reasons in a list and in getDelivery", async || {
        let listed = api.list(&format!("/deliveries?notificationID={}", id_of(notification))).await;
        let mut waits = Vec::new();
        for listed in listed.iter().rev() {
            let delivery = api.delivery(&id_of(listed)).await;
            waits.push((listed.get("waitingFor") == delivery.get("waitingFor")).then(|| delivery["waitingFor"].clone())?);
        }
        Some(waits)
    })
    .await
}

/// Checks the reason, its times and its texts.
fn expect(waiting: &Value, reason: &str, since: &Value, until: Option<&Value>) {
    assert_eq!((&waiting["reason"], &waiting["since"], waiting.get("until")), (&json!(reason), since, until), "{waiting}");
    assert_eq!(waiting["help"], format!("/docs#waiting-{reason}"));
    assert!(waiting["explanation"].as_str().is_some_and(|text| text.ends_with('.')), "{waiting}");
    assert_eq!(waiting.get("precedingDelivery").is_some(), reason == "preceding_delivery");
}

fn shown(time: DateTime<Utc>) -> Value {
    json!(time)
}

/// Returns when the last attempt of a delivery ended. The durations of attempts are real, also if the clock is manual. So
/// the end is at most the present time.
async fn ended_at(server: &Server, api: &Api, notification: &Value) -> Value {
    let attempt = api.delivery_of(notification).await["lastAttempt"].clone();
    let started_at: DateTime<Utc> = attempt["startedAt"].as_str().expect("a time").parse().expect("a time");
    let duration = TimeDelta::milliseconds(attempt["durationMs"].as_i64().expect("a duration"));
    shown(server.now().min(started_at + duration))
}

#[tokio::test]
async fn a_retry_waits_from_the_end_of_its_attempt_until_it_is_due_and_an_ended_delivery_does_not_wait() {
    let (server, api, receiver, _) = start_with_webhook().await;
    receiver.reply_to_next([Reply::Status(500), Reply::Status(204)]);
    let notification = api.publish_type("a.b").await;
    let delivery = api.after_attempts(&notification, 1).await;
    server.advance(TimeDelta::seconds(1));
    let failed_at = ended_at(&server, &api, &notification).await;
    expect(&waits(&api, &notification).await[0], "retry", &failed_at, Some(&delivery["nextAttemptAt"]));
    server.advance(next_attempt_at(&delivery) - server.now());
    let succeeded = api.after_attempts(&notification, 2).await;
    assert_eq!((&succeeded["status"], waits(&api, &notification).await), (&json!("succeeded"), vec![Value::Null]));
    let redelivered_at = shown(server.now());
    let redelivered = api.redeliver(&id_of(&succeeded)).await;
    expect(&redelivered["waitingFor"], "first_attempt", &redelivered_at, None);
}

#[tokio::test]
async fn failed_and_cancelled_deliveries_do_not_wait() {
    let server = Setup::dev().flags(&["--retry-schedule", "1h"]).manual_clock().start().await;
    let (api, receiver) = (server.api(), server.receiver().await);
    let webhook = api.register_url(&receiver.url()).await;
    receiver.always_reply(Reply::Status(410));
    let gone = api.publish_type("a.b").await;
    assert_eq!(api.after_attempts(&gone, 1).await["status"], "failed");
    assert_eq!(waits(&api, &gone).await, [Value::Null]);
    api.activate(&webhook).await;
    receiver.always_reply(Reply::Status(500));
    let cancelled = api.publish_type("a.b").await;
    api.after_attempts(&cancelled, 1).await;
    api.deactivate(&webhook).await;
    assert_eq!((&api.delivery_of(&cancelled).await["status"], waits(&api, &cancelled).await), (&json!("cancelled"), vec![Value::Null]));
}

#[tokio::test]
async fn all_deliveries_of_a_webhook_wait_until_the_time_that_the_receiver_has_asked_for() {
    let (server, api, receiver, webhook) = start_with_webhook().await;
    receiver.reply_to_next([with_headers(503, &[("retry-after", "600")])]);
    let first = api.publish_type("a.b").await;
    let until = api.after_attempts(&first, 1).await["nextAttemptAt"].clone();
    server.advance(TimeDelta::seconds(1));
    let second = api.publish_type("a.b").await;
    let held_at = ended_at(&server, &api, &first).await;
    expect(&waits(&api, &first).await[0], "retry_after", &held_at, Some(&until));
    expect(&waits(&api, &second).await[0], "retry_after", &second["createdAt"], Some(&until));
    // An update ends the wait of the webhook, but not that of the retry.
    api.update(&webhook, &json!({ "description": "new" })).await;
    assert_eq!(api.after_attempts(&second, 1).await["status"], "succeeded");
    expect(&waits(&api, &first).await[0], "retry", &held_at, Some(&until));
}

#[tokio::test]
async fn a_delivery_above_the_rate_of_its_webhook_waits_until_the_rate_allows_it() {
    let server = Setup::dev().manual_clock().start().await;
    let (api, mut receiver) = (server.api(), server.receiver().await);
    api.register(&json!({ "targetURL": receiver.url(), "maxPerSecond": 1 })).await;
    let first = api.publish_type("a.b").await;
    let second = api.publish_type("a.b").await;
    receiver.next().await;
    let until = shown(server.now() + TimeDelta::seconds(1));
    server.advance(TimeDelta::milliseconds(500));
    expect(&waits(&api, &second).await[0], "rate_limit", &second["createdAt"], Some(&until));
    server.advance(TimeDelta::milliseconds(500));
    for notification in [first, second] {
        assert_eq!(api.after_attempts(&notification, 1).await["status"], "succeeded");
    }
}

#[tokio::test]
async fn a_delivery_of_an_ordered_webhook_waits_for_the_first_delivery_that_has_not_ended() {
    let server = Setup::dev().manual_clock().start().await;
    let (api, mut receiver) = (server.api(), server.receiver().await);
    receiver.reply_to_next([Reply::Status(500), Reply::Hang]);
    api.register(&json!({ "targetURL": receiver.url(), "ordered": true })).await;
    let mut published = Vec::new();
    for _ in 0..3 {
        published.push(api.publish_type("a.b").await);
        server.advance(TimeDelta::milliseconds(10));
    }
    let first = api.after_attempts(&published[0], 1).await;
    let expect_order = async || {
        for notification in &published[1..] {
            let waiting = waits(&api, notification).await.remove(0);
            expect(&waiting, "preceding_delivery", &notification["createdAt"], None);
            assert_eq!(waiting["precedingDelivery"], json!({ "id": first["id"] }));
        }
    };
    assert_eq!(waits(&api, &published[0]).await[0]["reason"], "retry");
    expect_order().await;
    server.advance(TimeDelta::seconds(10));
    receiver.next_callbacks(2).await;
    assert_eq!(waits(&api, &published[0]).await, [Value::Null], "an attempt is in progress");
    expect_order().await;
}

#[tokio::test]
async fn a_delivery_waits_for_the_next_probe_of_a_failing_webhook() {
    let (server, api, mut receiver, _) = start_with_webhook().await;
    receiver.always_reply(Reply::Status(500));
    let mut failed = Vec::new();
    for _ in 0..5 {
        failed.push(api.publish_type("a.b").await);
        api.after_attempts(failed.last().expect("it was just added"), 1).await;
    }
    let until = shown(server.now() + TimeDelta::milliseconds(250));
    server.advance(TimeDelta::milliseconds(100));
    let held = api.publish_type("a.b").await;
    expect(&waits(&api, &held).await[0], "recovering", &held["createdAt"], Some(&until));
    assert_eq!(waits(&api, &failed[0]).await[0]["reason"], "retry", "its retry is due after the next probe");
    // The probe does not end. Meanwhile, all other deliveries wait for its outcome.
    receiver.take_arrived();
    receiver.always_reply(Reply::Hang);
    server.advance(TimeDelta::milliseconds(150));
    receiver.next().await;
    assert_eq!(waits(&api, &held).await, [Value::Null], "the probe is in progress");
    server.advance(TimeDelta::seconds(10));
    for notification in &failed {
        expect(&waits(&api, notification).await[0], "recovering", &ended_at(&server, &api, notification).await, None);
    }
}

#[tokio::test]
async fn a_delivery_waits_for_a_host_that_has_accepted_nothing() {
    let server = Setup::dev().flags(&["--new-host-attempts", "1"]).manual_clock().start().await;
    let (api, mut receiver) = (server.api(), server.receiver().await);
    receiver.always_reply(Reply::Hang);
    for path in ["one", "other"] {
        api.register_url(&format!("{}/{path}", receiver.url())).await;
    }
    let notification = api.publish_type("a.b").await;
    receiver.next().await;
    server.advance(TimeDelta::seconds(1));
    let mut waits = waits(&api, &notification).await;
    waits.retain(|waiting| !waiting.is_null());
    assert_eq!(waits.len(), 1, "the other delivery is in flight");
    expect(&waits[0], "host_limit", &notification["createdAt"], None);
}

#[tokio::test]
async fn a_delivery_waits_while_its_webhook_has_as_many_attempts_in_flight_as_allowed() {
    let (server, api, mut receiver, _) = start_with_webhook().await;
    receiver.always_reply(Reply::Hang);
    let first = api.publish_type("a.b").await;
    receiver.next().await;
    server.advance(TimeDelta::seconds(1));
    let second = api.publish_type("a.b").await;
    server.advance(TimeDelta::seconds(1));
    assert_eq!(waits(&api, &first).await, [Value::Null], "an attempt is in progress");
    expect(&waits(&api, &second).await[0], "capacity", &second["createdAt"], None);
}

#[tokio::test]
async fn a_paused_delivery_waits_since_the_later_of_the_pause_and_its_own_wait() {
    let (server, api, receiver, webhook) = start_with_webhook().await;
    let platform = server.platform().await;
    receiver.reply_to_next([Reply::Status(500)]);
    let failed = api.publish_type("a.b").await;
    api.after_attempts(&failed, 1).await;
    server.advance(TimeDelta::seconds(1));
    let pause = async |id: &str| platform.post("/pauses", &json!({ "id": id })).await.expect(200)["since"].clone();
    let paused_at = pause(&format!("webhook.{webhook}")).await;
    assert_eq!(paused_at, shown(server.now()));
    server.advance(TimeDelta::seconds(1));
    pause("all").await;
    let held = api.publish_type("a.b").await;
    server.advance(TimeDelta::seconds(10));
    expect(&waits(&api, &failed).await[0], "pause", &paused_at, None);
    expect(&waits(&api, &held).await[0], "pause", &held["createdAt"], None);
    for id in ["all".to_owned(), format!("webhook.{webhook}")] {
        assert_eq!(waits(&api, &held).await[0]["reason"], "pause");
        platform.delete(&format!("/pauses/{id}")).await.expect(204);
    }
    for (notification, attempts) in [(failed, 2), (held, 1)] {
        assert_eq!(api.after_attempts(&notification, attempts).await["status"], "succeeded");
    }
}

#[tokio::test]
async fn a_delivery_that_may_have_ended_the_process_waits_until_it_is_attempted_alone() {
    let mut process = Process::start(&[]).await;
    let mut killer = process.receiver().await;
    killer.always_reply(Reply::Hang);
    for path in ["one", "other"] {
        process.api().register_url(&format!("{}/{path}", killer.url())).await;
    }
    let notification = process.api().publish_type("a.b").await;
    for _ in 1..=3 {
        killer.next_callbacks(2).await;
        process.kill().await;
        process.start_again().await;
    }
    killer.next().await;
    let api = process.api();
    let waiting = async || {
        let mut waits = waits(&api, &notification).await;
        waits.retain(|waiting| !waiting.is_null());
        waits.pop().filter(|waiting| waits.is_empty() && waiting["reason"] == "quarantine")
    };
    expect(&eventually("the other delivery to wait", waiting).await, "quarantine", &notification["createdAt"], None);
}

#[tokio::test]
async fn the_reasons_that_are_stored_survive_a_restart() {
    let (mut server, api, receiver, _) = start_with_webhook().await;
    receiver.reply_to_next([with_headers(429, &[("retry-after", "600")])]);
    let notification = api.publish_type("a.b").await;
    api.after_attempts(&notification, 1).await;
    server.advance(TimeDelta::seconds(5));
    let before = waits(&api, &notification).await;
    server.advance(TimeDelta::seconds(5));
    server.restart().await;
    assert_eq!((&before[0]["reason"], waits(&server.api(), &notification).await), (&json!("retry_after"), before.clone()));
}
