//! Tests of operational events. These are notifications to an account about its own webhooks.

use super::*;
use crate::api::types::EventTypePattern;

impl Bench {
    async fn listener(&self, account: &str, event_types: &[&str]) -> Webhook {
        let patterns = event_types.iter().map(|pattern| EventTypePattern::parse(*pattern).expect("a pattern")).collect();
        self.webhook_with(account, |webhook| webhook.event_types = Some(EventTypes(patterns))).await
    }

    /// Makes a successful attempt of each delivery that is due at `time`. Returns the webhook, the event type and the
    /// data of each delivery.
    async fn deliver_events(&self, time: i64) -> Vec<(Uuid, String, serde_json::Value)> {
        let mut events = Vec::new();
        for leased in self.lease(seconds(time)).await.leased {
            let body = leased.notification.body.to(leased.destination.webhook_id);
            let body: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
            events.push((leased.destination.webhook_id, body["type"].as_str().expect("a type").to_owned(), body["data"].clone()));
            self.finish(&leased, Next::Succeeded).await;
        }
        events.sort_by_key(|(webhook_id, ..)| *webhook_id);
        events
    }

    async fn notification_types(&self) -> Vec<String> {
        let page = Page { after: None, limit: 100 };
        let notifications = self.store.list_notifications(None, None, page).await.expect("readable").items;
        notifications.iter().map(|notification| notification.event_type.as_str().to_owned()).collect()
    }

    async fn deactivate(&self, webhook: &Webhook, time: i64) {
        self.store.deactivate_webhook(webhook.account.clone(), webhook.id, seconds(time), event()).await.expect("stored").expect("found");
    }
}

#[tokio::test]
async fn a_deactivation_is_published_to_other_webhooks_that_name_its_type() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook("acme").await;
    let family = bench.listener("acme", &["webhook.*"]).await;
    let exact = bench.listener("acme", &["x.y", "webhook.deactivated"]).await;
    bench.listener("acme", &["*"]).await;
    bench.listener("acme", &["webhook.failing"]).await;
    bench.listener("other", &["webhook.*"]).await;
    bench.deactivate(&webhook, 5).await;
    let data = serde_json::json!({
        "webhook": { "id": webhook.id, "targetURL": "https://example.com/notify" },
        "reason": "requested",
        "at": "1970-01-01T00:00:05Z",
    });
    let expected = [&family, &exact].map(|listener| (listener.id, "webhook.deactivated".to_owned(), data.clone()));
    assert_eq!(bench.deliver_events(5).await, expected);
    assert_eq!(bench.notification_types().await, ["webhook.deactivated"], "the notification belongs to the account");
    bench.deactivate(&webhook, 6).await;
    assert!(bench.deliver_events(6).await.is_empty(), "the webhook was deactivated already");
}

#[tokio::test]
async fn the_event_has_the_reason_and_a_pending_handshake_publishes_no_event() {
    let bench = Bench::new(100, 10).await;
    bench.listener("acme", &["webhook.*"]).await;
    let [gone, failing, unverified] = [bench.webhook("acme").await, bench.webhook("acme").await, bench.webhook("acme").await];
    bench.attempt_at(&gone, 7, Next::Gone).await;
    assert_eq!(bench.deliver_events(10).await[0].2["reason"], "gone");
    for time in [10, 20, 30] {
        bench.attempt_at(&failing, time, Next::Failed).await;
    }
    assert!(bench.deliver_events(30).await.is_empty(), "less than half of the time has passed");
    bench.attempt_at(&failing, 60, Next::Failed).await;
    let (_, event_type, data) = bench.deliver_events(60).await.remove(0);
    let expected = serde_json::json!({
        "webhook": { "id": failing.id, "targetURL": "https://example.com/notify" },
        "since": "1970-01-01T00:00:10Z",
        "attempts": 4,
        "deactivationExpectedAt": "1970-01-01T00:01:50Z",
    });
    assert_eq!((event_type.as_str(), data), ("webhook.failing", expected));
    bench.attempt_at(&failing, 70, Next::Failed).await;
    assert!(bench.deliver_events(70).await.is_empty(), "the warning is published once");
    bench.attempt_at(&failing, 111, Next::Failed).await;
    assert_eq!(bench.deliver_events(111).await[0].2["reason"], "failing");
    let challenge = Challenge::stored("challenge".to_owned());
    let moved = WebhookChange {
        target_url: Some(OutboundUrl::parse("https://example.com/elsewhere").expect("valid")),
        handshake: Some(challenge),
        ..WebhookChange::default()
    };
    bench
        .store
        .update_webhook(unverified.account.clone(), unverified.id, moved, seconds(200), event())
        .await
        .expect("stored")
        .expect("found")
        .expect("allowed");
    assert!(bench.deliver_events(200).await.is_empty());
}

#[tokio::test]
async fn a_recovery_is_published_once_if_the_account_was_warned() {
    let mut bench = Bench::new(100, 10).await;
    bench.listener("acme", &["webhook.*"]).await;
    let [warned, unwarned, other] = [bench.webhook("acme").await, bench.webhook("acme").await, bench.webhook("acme").await];
    for (webhook, time) in [(&warned, 10), (&warned, 60), (&unwarned, 50), (&unwarned, 60)] {
        bench.attempt_at(webhook, time, Next::Failed).await;
    }
    assert_eq!(bench.deliver_events(60).await.remove(0).1, "webhook.failing");
    bench = bench.restarted().await;
    for webhook in [&warned, &unwarned, &other] {
        bench.prove(webhook);
    }
    // A success of another webhook in the same batch changes nothing.
    let leased = [&unwarned, &warned, &other].map(async |webhook| bench.publish_to(webhook).await.remove(0));
    let leased = futures_util::future::join_all(leased).await;
    let ends = leased.iter().map(|leased| {
        let attempt = Attempt { started_at: milliseconds(69_999), ..bench.attempt(leased.attempt, Next::Succeeded) };
        bench.end(leased, attempt, Next::Succeeded, None, seconds(70))
    });
    let recovered: Vec<bool> = futures_util::future::join_all(ends).await.iter().map(|finished| finished.recovered).collect();
    assert_eq!(recovered, [false, true, false]);
    let [(_, event_type, data)] = &bench.deliver_events(70).await[..] else { panic!("one event") };
    let expected = serde_json::json!({
        "webhook": { "id": warned.id, "targetURL": "https://example.com/notify" },
        "failingSince": "1970-01-01T00:00:10Z",
        "attempts": 2,
        "recoveredAt": "1970-01-01T00:01:10Z",
    });
    assert_eq!((event_type.as_str(), data), ("webhook.recovered", &expected));
    bench.attempt_at(&warned, 80, Next::Failed).await;
    bench.attempt_at(&warned, 81, Next::Succeeded).await;
    assert!(bench.deliver_events(90).await.is_empty(), "the account was not warned again");

    // A failure of another webhook is in the same batch as the success.
    for time in [100, 160] {
        bench.attempt_at(&warned, time, Next::Failed).await;
    }
    assert_eq!(bench.deliver_events(160).await.remove(0).1, "webhook.failing");
    let [success, failure] = [bench.publish_to(&warned).await.remove(0), bench.publish_to(&other).await.remove(0)];
    let end = |leased, next| {
        let attempt = Attempt { started_at: milliseconds(169_999), ..bench.attempt(1, next) };
        bench.end(leased, attempt, next, None, seconds(170))
    };
    let (success, failure) = futures_util::future::join(end(&success, Next::Succeeded), end(&failure, Next::Failed)).await;
    assert_eq!((success.recovered, failure.recovered), (true, false));
    assert_eq!(bench.deliver_events(170).await.remove(0).2["failingSince"], "1970-01-01T00:01:40Z");

    // A deactivation and a new target URL end the failures without a recovery.
    for time in [200, 260] {
        bench.attempt_at(&warned, time, Next::Failed).await;
    }
    assert_eq!(bench.deliver_events(260).await.remove(0).1, "webhook.failing");
    let elsewhere = OutboundUrl::parse("https://example.com/elsewhere").expect("valid");
    let change = WebhookChange { target_url: Some(elsewhere), ..WebhookChange::default() };
    let updated = bench.store.update_webhook(warned.account.clone(), warned.id, change, seconds(261), event()).await;
    updated.expect("stored").expect("found").expect("allowed");
    bench.attempt_at(&warned, 270, Next::Succeeded).await;
    assert!(bench.deliver_events(270).await.is_empty());
}

#[tokio::test]
async fn deactivating_all_listeners_ends_the_events() {
    let bench = Bench::new(100, 10).await;
    let listeners = [bench.listener("acme", &["webhook.*"]).await, bench.listener("acme", &["webhook.*"]).await];
    bench.deactivate(&listeners[0], 5).await;
    let events = bench.deliver_events(5).await;
    assert_eq!(events.iter().map(|(webhook_id, ..)| *webhook_id).collect::<Vec<_>>(), [listeners[1].id]);
    bench.deactivate(&listeners[1], 6).await;
    assert_eq!(bench.notification_types().await, ["webhook.deactivated"], "an event without listeners is not published");
    assert!(bench.deliver_events(6).await.is_empty());
}

#[tokio::test]
async fn a_webhook_gets_no_events_about_itself() {
    let bench = Bench::new(100, 10).await;
    let listener = bench.listener("acme", &["a.b", "webhook.*"]).await;
    bench.attempt_at(&listener, 10, Next::Failed).await;
    bench.attempt_at(&listener, 100, Next::Failed).await;
    assert_eq!(bench.notification_types().await, ["a.b", "a.b"]);
}

#[tokio::test]
async fn an_ordered_listener_gets_events_in_order() {
    let bench = Bench::new(100, 10).await;
    let listener = bench
        .webhook_with("acme", |webhook| {
            webhook.ordered = true;
            webhook.event_types = Some(EventTypes(vec![EventTypePattern::stored("webhook.*".to_owned())]));
        })
        .await;
    let [first, second] = [bench.webhook("acme").await, bench.webhook("acme").await];
    bench.deactivate(&first, 5).await;
    bench.deactivate(&second, 6).await;
    let leased = bench.lease(seconds(6)).await.leased.remove(0);
    assert_eq!((leased.destination.webhook_id, leased.lane), (listener.id, Lane::Ordered));
    assert!(bench.lease(seconds(6)).await.leased.is_empty(), "one delivery at a time");
    let next = bench.finish(&leased, Next::Succeeded).await.next.expect("the next delivery");
    for (leased, webhook) in [(leased, first), (next, second)] {
        let body: serde_json::Value = serde_json::from_slice(&leased.notification.body.to(listener.id)).expect("JSON");
        assert_eq!(body["data"]["webhook"]["id"], webhook.id.to_string());
    }
}
