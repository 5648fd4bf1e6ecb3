//! Changes on one node, and their effect on other nodes.

use super::*;

fn change_url(url: &str) -> WebhookChange {
    WebhookChange { target_url: Some(OutboundUrl::parse(url).expect("a URL")), ..WebhookChange::default() }
}

impl Bench {
    async fn change(&self, webhook: &Webhook, change: WebhookChange) -> Webhook {
        let changed = self.store.update_webhook(webhook.account.clone(), webhook.id, change, seconds(1), event()).await;
        changed.expect("stored").expect("found").expect("allowed")
    }
}

#[tokio::test]
async fn a_webhook_registered_on_one_node_receives_publications_of_another() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one, other] = nodes().await;
    let first = one.proven_webhook(&other, |_| {}).await;
    assert_eq!(webhooks_of(&other.publish_to_all().await), [first.id], "the webhook is cached now");
    let second = one.proven_webhook(&other, |_| {}).await;
    assert_eq!(webhooks_of(&other.publish_to_all().await), [first.id, second.id]);
    assert_eq!(webhooks_of(&other.publish_to(&second).await), [second.id]);
}

#[tokio::test]
async fn changes_of_webhooks_on_one_node_apply_to_publications_of_another() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one, other] = nodes().await;
    let [moved, deactivated, deleted] =
        [one.proven_webhook(&other, |_| {}).await, one.proven_webhook(&other, |_| {}).await, one.proven_webhook(&other, |_| {}).await];
    assert_eq!(other.publish_to_all().await.len(), 3, "the webhooks are cached now");
    one.change(&moved, change_url("https://example.com/moved")).await;
    one.store.deactivate_webhook(deactivated.account.clone(), deactivated.id, seconds(1), event()).await.expect("stored").expect("found");
    one.store.delete_webhook(deleted.account.clone(), deleted.id, seconds(1), event()).await.expect("stored").expect("found");
    let leased = other.publish_to_all().await;
    assert_eq!(leased.iter().map(|leased| leased.destination.target_url.as_str()).collect::<Vec<_>>(), ["https://example.com/moved"]);
    let publish = async |webhook: &Webhook| other.publish(Audience::Webhook { id: webhook.id, account: None }, None).await;
    assert!(matches!(publish(&deactivated).await, Published::WebhookDeactivated));
    assert!(matches!(publish(&deleted).await, Published::NoSuchWebhook));
    one.store
        .activate_webhook(deactivated.account.clone(), deactivated.id, None, seconds(2), event())
        .await
        .expect("stored")
        .expect("found");
    assert_eq!(webhooks_of(&other.publish_to(&deactivated).await), [deactivated.id]);
}

#[tokio::test]
async fn a_webhook_that_becomes_ordered_gets_one_delivery_at_a_time() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one, other] = nodes().await;
    let webhook = one.proven_webhook(&other, |_| {}).await;
    assert_eq!(other.publish_to_all().await.len(), 1);
    one.change(&webhook, WebhookChange { ordered: Some(true), ..WebhookChange::default() }).await;
    let head = other.publish_to(&webhook).await.remove(0);
    assert_eq!(head.lane, Lane::Ordered);
    assert!(one.publish_to(&webhook).await.is_empty() && other.publish_to(&webhook).await.is_empty(), "one delivery at a time");
}

#[tokio::test]
async fn nodes_read_each_change_and_deletion_once() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one, other] = nodes().await;
    let webhook = one.proven_webhook(&other, |_| {}).await;
    let leased = other.publish_to(&webhook).await.remove(0);
    other.keep_alive().await;
    let moved = one.change(&webhook, change_url("https://example.com/moved")).await;
    assert!(one.store.delete_notification(None, leased.notification.id, seconds(1), event()).await.expect("stored").is_some());
    let fleet = other.keep_alive().await;
    assert_eq!((fleet.changed_webhooks, fleet.deleted_notifications), (vec![(webhook.id, moved.revision)], vec![leased.notification.id]));
    let again = other.keep_alive().await;
    assert_eq!((again.changed_webhooks, again.deleted_notifications), (vec![], vec![]));
    let revision =
        one.store.delete_webhook(webhook.account.clone(), webhook.id, seconds(2), event()).await.expect("stored").expect("found");
    assert_eq!(other.keep_alive().await.changed_webhooks, [(webhook.id, revision)]);
}

#[tokio::test]
async fn a_pause_on_one_node_stops_deliveries_of_another() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one, other] = nodes().await;
    let webhook = one.proven_webhook(&other, |_| {}).await;
    assert_eq!(other.publish_to(&webhook).await.len(), 1);
    let scope = PauseScope::Webhook(webhook.id);
    assert!(one.store.pause_deliveries(scope.clone(), T0, event()).await.expect("stored"));
    assert!(other.publish_to(&webhook).await.is_empty());
    assert!(one.store.resume_deliveries(scope, T0, event()).await.expect("stored"));
    let leased = other.publish_to(&webhook).await;
    assert_eq!(leased.len() + other.leased_at(1).await.len(), 2);
}

#[tokio::test]
async fn registrations_on_several_nodes_at_once_do_not_exceed_the_limit() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one, other] = nodes().await;
    let register =
        async |node: &Bench| node.store.register_webhook(webhook_of("acme"), None, 5, Registrant::of_test()).await.expect("stored");
    let registrations = (0..10).flat_map(|_| [register(&one), register(&other)]);
    let registered = futures_util::future::join_all(registrations).await;
    assert_eq!(registered.iter().filter(|registered| **registered).count(), 5);
    assert_eq!((one.database.rows("webhooks"), one.database.ask("SELECT webhook_count FROM accounts")), (5, "5".to_owned()));
}

#[tokio::test]
async fn an_idempotency_key_used_on_several_nodes_at_once_publishes_once() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one, other] = nodes().await;
    one.proven_webhook(&other, |_| {}).await;
    let account = || Audience::Account(Account::parse("acme").expect("an account"));
    for number in 0..20 {
        let key = || Some(Idempotency { owner: "acme".to_owned(), key: format!("key-{number}"), fingerprint: [1; 32] });
        let outcomes = tokio::join!(one.publish(account(), key()), other.publish(account(), key()));
        let (new, repeated) = match outcomes {
            (Published::New { notification, .. }, Published::Repeated(repeated))
            | (Published::Repeated(repeated), Published::New { notification, .. }) => (notification, repeated),
            other => panic!("{other:?}"),
        };
        assert_eq!(new.id, repeated.id);
    }
    assert_eq!((one.database.rows("notifications"), one.database.rows("deliveries")), (20, 20));
}
