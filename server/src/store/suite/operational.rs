//! What an account is told of its own webhooks.

use super::*;
use crate::api::types::EventTypePattern;

impl Bench {
    async fn listener(&self, account: &str, event_types: &[&str]) -> Webhook {
        let patterns = event_types.iter().map(|pattern| EventTypePattern::parse(*pattern).expect("a pattern")).collect();
        self.webhook_with(account, |webhook| webhook.event_types = Some(EventTypes(patterns))).await
    }

    /// What falls due at a time: to which webhook, of which type, and with what data.
    async fn told(&self, time: i64) -> Vec<(Uuid, String, serde_json::Value)> {
        let mut told = Vec::new();
        for leased in self.lease(seconds(time)).await.leased {
            let body = leased.notification.body.to(leased.destination.webhook_id);
            let body: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
            told.push((leased.destination.webhook_id, body["type"].as_str().expect("a type").to_owned(), body["data"].clone()));
            self.finish(&leased, Next::Succeeded).await;
        }
        told.sort_by_key(|(webhook_id, ..)| *webhook_id);
        told
    }

    async fn notification_types(&self) -> Vec<String> {
        let page = Page { after: None, limit: 100 };
        let notifications = self.store.list_notifications(None, None, page).await.expect("readable").items;
        notifications.iter().map(|notification| notification.event_type.as_str().to_owned()).collect()
    }

    async fn deactivate(&self, webhook: &Webhook, time: i64) {
        self.store.deactivate_webhook(webhook.account.clone(), webhook.id, seconds(time)).await.expect("stored").expect("found");
    }
}

#[tokio::test]
async fn the_accounts_other_webhooks_that_name_the_type_are_told_of_a_deactivation() {
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
    assert_eq!(bench.told(5).await, expected);
    assert_eq!(bench.notification_types().await, ["webhook.deactivated"], "it is a notification of the account");
    bench.deactivate(&webhook, 6).await;
    assert!(bench.told(6).await.is_empty(), "it was deactivated already");
}

#[tokio::test]
async fn it_is_told_why_and_nobody_is_told_of_a_webhook_that_waits_for_a_handshake() {
    let bench = Bench::new(100, 10).await;
    bench.listener("acme", &["webhook.*"]).await;
    let [gone, failing, asked] = [bench.webhook("acme").await, bench.webhook("acme").await, bench.webhook("acme").await];
    bench.attempt_at(&gone, 7, Next::Gone).await;
    assert_eq!(bench.told(10).await[0].2["reason"], "gone");
    for time in [10, 20, 30] {
        bench.attempt_at(&failing, time, Next::Failed).await;
    }
    assert!(bench.told(30).await.is_empty(), "half of the time has not passed");
    bench.attempt_at(&failing, 60, Next::Failed).await;
    let (_, event_type, data) = bench.told(60).await.remove(0);
    let expected = serde_json::json!({
        "webhook": { "id": failing.id, "targetURL": "https://example.com/notify" },
        "since": "1970-01-01T00:00:10Z",
        "attempts": 4,
        "deactivationExpectedAt": "1970-01-01T00:01:50Z",
    });
    assert_eq!((event_type.as_str(), data), ("webhook.failing", expected));
    bench.attempt_at(&failing, 70, Next::Failed).await;
    assert!(bench.told(70).await.is_empty(), "that is told once");
    bench.attempt_at(&failing, 111, Next::Failed).await;
    assert_eq!(bench.told(111).await[0].2["reason"], "failing");
    let challenge = Challenge::stored("challenge".to_owned());
    let moved = WebhookChange {
        target_url: Some(OutboundUrl::parse("https://example.com/elsewhere").expect("valid")),
        handshake: Some(challenge),
        ..WebhookChange::default()
    };
    bench
        .store
        .update_webhook(asked.account.clone(), asked.id, moved, seconds(200))
        .await
        .expect("stored")
        .expect("found")
        .expect("allowed");
    assert!(bench.told(200).await.is_empty());
}

#[tokio::test]
async fn listeners_that_fail_in_turn_end_in_silence() {
    let bench = Bench::new(100, 10).await;
    let listeners = [bench.listener("acme", &["webhook.*"]).await, bench.listener("acme", &["webhook.*"]).await];
    bench.deactivate(&listeners[0], 5).await;
    let told = bench.told(5).await;
    assert_eq!(told.iter().map(|(webhook_id, ..)| *webhook_id).collect::<Vec<_>>(), [listeners[1].id]);
    bench.deactivate(&listeners[1], 6).await;
    assert_eq!(bench.notification_types().await, ["webhook.deactivated"], "where nobody listens, nothing is published");
    assert!(bench.told(6).await.is_empty());
}

#[tokio::test]
async fn a_webhook_is_not_told_of_itself() {
    let bench = Bench::new(100, 10).await;
    let listener = bench.listener("acme", &["a.b", "webhook.*"]).await;
    bench.attempt_at(&listener, 10, Next::Failed).await;
    bench.attempt_at(&listener, 100, Next::Failed).await;
    assert_eq!(bench.notification_types().await, ["a.b", "a.b"]);
}

#[tokio::test]
async fn a_listener_that_takes_them_in_order_gets_them_so() {
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
    assert!(bench.lease(seconds(6)).await.leased.is_empty(), "one at a time");
    let next = bench.finish(&leased, Next::Succeeded).await.next.expect("the one behind it");
    for (leased, webhook) in [(leased, first), (next, second)] {
        let body: serde_json::Value = serde_json::from_slice(&leased.notification.body.to(listener.id)).expect("JSON");
        assert_eq!(body["data"]["webhook"]["id"], webhook.id.to_string());
    }
}
