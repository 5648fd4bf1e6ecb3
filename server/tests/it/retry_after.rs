//! Receivers that ask for a pause with `Retry-After` (RFC 9110 §10.2.3).

use chrono::TimeDelta;
use serde_json::json;

use crate::delivery::{next_attempt_at, start_with_webhook, with_headers};
use crate::harness::{Nginx, Setup, eventually, id_of};

#[tokio::test]
async fn retry_after_is_respected_within_limits() {
    let (server, api, receiver, id) = start_with_webhook().await;
    let scheduled = TimeDelta::seconds(5)..=TimeDelta::seconds(6);
    let at = |expected_delay: TimeDelta| expected_delay..=expected_delay + expected_delay / 5;
    let in_two_hours = (server.now() + TimeDelta::hours(2)).format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    for (status, retry_after, expected) in [
        (429, "7200", at(TimeDelta::hours(2))),
        (503, "7200", at(TimeDelta::hours(2))),
        (503, in_two_hours.as_str(), at(TimeDelta::hours(2))),
        (500, "7200", scheduled.clone()),
        (503, "1", scheduled.clone()),
        (503, "soon", scheduled.clone()),
        (503, "Thu, 01 Jan 1970 00:00:00 GMT", scheduled.clone()),
        (503, "999999999", TimeDelta::hours(24)..=TimeDelta::hours(24) + TimeDelta::seconds(6)),
    ] {
        receiver.reply_to_next([with_headers(status, &[("retry-after", retry_after)])]);
        let delivery = api.after_attempts(&api.publish_type("a.b").await, 1).await;
        let delay = next_attempt_at(&delivery) - server.now();
        assert!(expected.contains(&delay), "{status} {retry_after}: {delay} instead of {expected:?}");
        // An update ends the pause, and resets the count of consecutive failures.
        api.update(&id, &json!({ "description": retry_after })).await;
        api.after_attempts(&api.publish_type("a.b").await, 1).await;
    }
}

#[tokio::test]
async fn retry_after_holds_the_other_deliveries_of_the_webhook_without_attempts_also_after_a_restart() {
    let (mut server, api, receiver, _) = start_with_webhook().await;
    let other = server.receiver().await;
    api.register(&json!({ "targetURL": other.url(), "eventTypes": ["other"] })).await;
    receiver.reply_to_next([with_headers(503, &[("retry-after", "600")])]);
    let first = api.publish_type("a.b").await;
    api.after_attempts(&first, 1).await;
    let mut waiting = vec![api.publish_type("a.b").await];
    server.restart().await;
    let api = server.api();
    waiting.push(api.publish_type("a.b").await);
    // Without the hold, the deliveries would be sent before the delivery to the other webhook.
    api.publish_type("other").await;
    eventually("the other webhook", async || (other.count() == 1).then_some(())).await;
    for notification in &waiting {
        let held = api.list(&format!("/deliveries?notificationID={}&type=a.b", id_of(notification))).await;
        assert_eq!((held.len(), &held[0]["status"], &held[0]["attemptCount"]), (1, &json!("pending"), &json!(0)));
    }
    assert_eq!(receiver.count(), 1);
    server.advance(TimeDelta::minutes(12));
    waiting.push(first);
    for notification in &waiting {
        // The deliveries start at a limited pace.
        eventually("a success", async || {
            server.advance(TimeDelta::milliseconds(250));
            (api.delivery_of(notification).await["status"] == "succeeded").then_some(())
        })
        .await;
    }
    // Two attempts of the first delivery, and one attempt of each of the others.
    eventually("the last delivery", async || {
        server.advance(TimeDelta::milliseconds(250));
        (receiver.count() == 5).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_receiver_that_limits_requests_gets_all_deliveries_with_at_most_two_attempts_each() {
    const DELIVERIES: usize = 60;
    if Nginx::is_missing() {
        return;
    }
    let server = Setup::dev().start().await;
    let api = server.api();
    let nginx = Nginx::start_limited(&server.authority(), 5, 4).await;
    let webhook = api.register_url(&nginx.url()).await;
    let mut published = Vec::new();
    for _ in 0..DELIVERIES {
        published.push(api.publish_type("a.b").await);
    }
    eventually("all deliveries", async || {
        let pending = api.list(&format!("/deliveries?webhookID={webhook}&status=pending")).await;
        pending.is_empty().then_some(())
    })
    .await;
    for notification in &published {
        let delivery = api.delivery_of(notification).await;
        assert!(delivery["status"] == "succeeded" && delivery["attemptCount"].as_u64() <= Some(2), "{delivery}");
    }
    assert_eq!((nginx.served(), nginx.count(429) > 0), (DELIVERIES, true));
}
