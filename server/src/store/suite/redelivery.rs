//! Making a delivery due again.

use super::*;

impl Bench {
    pub(super) async fn redeliver(&self, webhook: &Webhook, delivery_id: Uuid, now: DateTime<Utc>) -> Redelivered {
        self.store.redeliver(webhook.account.clone(), delivery_id, now).await.expect("stored")
    }

    /// Redelivers it and leases it at once, and answers which attempt that is, and where its schedule begins.
    async fn redelivered(&self, webhook: &Webhook, delivery_id: Uuid, now: DateTime<Utc>) -> (Leased, (u32, u32)) {
        let Redelivered::Due(delivery) = self.redeliver(webhook, delivery_id, now).await else { panic!("it is not due") };
        assert_eq!((delivery.status, delivery.due_at), (DeliveryStatus::Pending, Some(now)));
        let leased = self.lease(now).await.leased.pop().expect("it is due");
        assert_eq!(leased.delivery_id, delivery_id);
        let attempt = (leased.attempt, leased.schedule_start);
        (leased, attempt)
    }

    pub(super) async fn cancel(&self, webhook: &Webhook) {
        self.store.deactivate_webhook(webhook.account.clone(), webhook.id, T0).await.expect("stored").expect("found");
    }

    pub(super) async fn revive(&self, webhook: &Webhook) {
        self.store.activate_webhook(webhook.account.clone(), webhook.id, None, T0).await.expect("stored").expect("found");
    }

    pub(super) async fn tidy(&self) {
        while self.store.tidy(T0).await.expect("tidied") {}
    }
}

#[tokio::test]
async fn in_any_state_it_is_due_now_with_a_schedule_of_its_own() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook("acme").await;
    let id = {
        let first = bench.publish_to(&webhook).await.remove(0);
        bench.finish(&first, Next::RetryAt(seconds(1))).await;
        first.delivery_id
    };
    bench.finish(&bench.lease(seconds(1)).await.leased[0], Next::Failed).await;
    let (failed, attempt) = bench.redelivered(&webhook, id, seconds(2)).await;
    assert_eq!(attempt, (3, 2));
    bench.finish(&failed, Next::Succeeded).await;
    let (succeeded, attempt) = bench.redelivered(&webhook, id, seconds(3)).await;
    assert_eq!(attempt, (4, 3));
    bench.finish(&succeeded, Next::RetryAt(seconds(3600))).await;
    let (waiting, attempt) = bench.redelivered(&webhook, id, seconds(4)).await;
    assert_eq!(attempt, (5, 4));
    bench.finish(&waiting, Next::RetryAt(seconds(3600))).await;
    bench.cancel(&webhook).await;
    bench.revive(&webhook).await;
    // Before its row says that it is cancelled, and after.
    let (cancelled, attempt) = bench.redelivered(&webhook, id, seconds(5)).await;
    assert_eq!(attempt, (6, 5));
    bench.finish(&cancelled, Next::RetryAt(seconds(3600))).await;
    bench.cancel(&webhook).await;
    bench.tidy().await;
    bench.revive(&webhook).await;
    let (cancelled, attempt) = bench.redelivered(&webhook, id, seconds(6)).await;
    assert_eq!(attempt, (7, 6));
    // The schedule goes on from there.
    bench.finish(&cancelled, Next::RetryAt(seconds(7))).await;
    let next = bench.lease(seconds(7)).await.leased.remove(0);
    assert_eq!((next.attempt, next.schedule_start), (8, 6));
    assert_eq!(bench.delivery(id).await.1.len(), 7, "each attempt has kept its own number");
}

#[tokio::test]
async fn one_that_is_due_already_keeps_its_place() {
    let bench = Bench::new(100, 1).await;
    let webhook = bench.webhook("acme").await;
    let busy = bench.publish_to(&webhook).await;
    bench.publish_to(&webhook).await;
    let all = bench.store.list_deliveries(of(&webhook), Page { after: None, limit: 10 }).await.expect("readable").items;
    let Redelivered::Due(waiting) = bench.redeliver(&webhook, all[0].id, seconds(9)).await else { panic!("it is not due") };
    assert_eq!(waiting.due_at, Some(T0));
    bench.publish_to(&webhook).await;
    drop(busy);
    assert_eq!(bench.lease(seconds(9)).await.leased[0].delivery_id, waiting.id, "fresh ones that came later do not overtake it");
}

#[tokio::test]
async fn an_attempt_under_way_is_joined_by_no_other_and_followed_at_once_unless_it_succeeds() {
    for (next, expected) in [
        (Next::RetryAt(seconds(3600)), DeliveryStatus::Pending),
        (Next::Failed, DeliveryStatus::Pending),
        (Next::Succeeded, DeliveryStatus::Succeeded),
    ] {
        let bench = Bench::new(100, 10).await;
        let webhook = bench.webhook("acme").await;
        let under_way = bench.publish_to(&webhook).await.remove(0);
        assert!(matches!(bench.redeliver(&webhook, under_way.delivery_id, seconds(1)).await, Redelivered::Due(_)));
        assert!(bench.lease(seconds(2)).await.leased.is_empty(), "an attempt is under way");
        bench.finish(&under_way, next).await;
        let (delivery, attempts) = bench.delivery(under_way.delivery_id).await;
        assert_eq!((delivery.status, delivery.attempt_count, attempts.len()), (expected, 1, 1), "{next:?}");
        let followed: Vec<_> = bench.lease(seconds(2)).await.leased.iter().map(|leased| (leased.attempt, leased.schedule_start)).collect();
        assert_eq!(followed, if expected == DeliveryStatus::Pending { vec![(2, 1)] } else { vec![] }, "{next:?}");
    }
}

#[tokio::test]
async fn an_attempt_that_was_cancelled_under_way_is_joined_by_no_other_either() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook("acme").await;
    let under_way = bench.publish_to(&webhook).await.remove(0);
    bench.cancel(&webhook).await;
    bench.tidy().await;
    bench.revive(&webhook).await;
    assert!(matches!(bench.redeliver(&webhook, under_way.delivery_id, seconds(1)).await, Redelivered::Due(_)));
    assert!(bench.lease(seconds(2)).await.leased.is_empty(), "an attempt is under way");
    bench.finish(&under_way, Next::RetryAt(seconds(3600))).await;
    assert_eq!(bench.status(&under_way).await, DeliveryStatus::Pending);
    assert_eq!(bench.lease(seconds(2)).await.leased[0].attempt, 2);
}

#[tokio::test]
async fn a_lease_that_is_given_back_after_a_cancellation_is_nobodys() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook("acme").await;
    let leased = bench.publish_to(&webhook).await.remove(0);
    bench.cancel(&webhook).await;
    bench.tidy().await;
    bench.store.release_delivery(leased.delivery_id, leased.lease).await.expect("released");
    assert_eq!(bench.status(&leased).await, DeliveryStatus::Cancelled);
    bench.revive(&webhook).await;
    let (_, attempt) = bench.redelivered(&webhook, leased.delivery_id, seconds(1)).await;
    assert_eq!(attempt, (1, 0));
}

#[tokio::test]
async fn a_success_that_is_told_twice_settles_no_redelivery() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook("acme").await;
    let first = bench.publish_to(&webhook).await.remove(0);
    bench.finish(&first, Next::Succeeded).await;
    assert!(matches!(bench.redeliver(&webhook, first.delivery_id, seconds(1)).await, Redelivered::Due(_)));
    bench.finish(&first, Next::Succeeded).await;
    assert_eq!(bench.status(&first).await, DeliveryStatus::Pending);
}

#[tokio::test]
async fn a_redelivery_under_way_survives_a_restart() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook("acme").await;
    let under_way = bench.publish_to(&webhook).await.remove(0);
    assert!(matches!(bench.redeliver(&webhook, under_way.delivery_id, seconds(1)).await, Redelivered::Due(_)));
    let bench = bench.restarted().await;
    assert_eq!(bench.lease(seconds(1)).await.leased[0].delivery_id, under_way.delivery_id);
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused() {
    let bench = Bench::new(100, 10).await;
    let (webhook, stranger) = (bench.webhook("acme").await, bench.webhook("other").await);
    let leased = bench.publish_to(&webhook).await.remove(0);
    let id = leased.delivery_id;
    assert!(matches!(bench.redeliver(&stranger, id, T0).await, Redelivered::NoSuchDelivery));
    assert!(matches!(bench.redeliver(&webhook, Uuid::now_v7(), T0).await, Redelivered::NoSuchDelivery));
    bench.cancel(&webhook).await;
    assert!(matches!(bench.redeliver(&webhook, id, T0).await, Redelivered::WebhookDeactivated));
    bench.revive(&webhook).await;
    bench.store.delete_notification(None, leased.notification.id, T0).await.expect("stored");
    assert!(matches!(bench.redeliver(&webhook, id, T0).await, Redelivered::NotificationDeleted));
    bench.store.delete_webhook(webhook.account.clone(), webhook.id, T0).await.expect("stored").expect("found");
    assert!(matches!(bench.redeliver(&webhook, id, T0).await, Redelivered::WebhookDeleted));
}

pub(super) fn of(webhook: &Webhook) -> DeliveryFilter {
    DeliveryFilter {
        account: None,
        webhook_id: Some(webhook.id),
        notification_id: None,
        status: None,
        event_type: None,
        since: None,
        until: None,
    }
}

impl Bench {
    async fn set_ordered(&self, webhook: &Webhook, ordered: bool) {
        let change = WebhookChange { ordered: Some(ordered), ..WebhookChange::default() };
        let changed = self.store.update_webhook(webhook.account.clone(), webhook.id, change, T0).await;
        changed.expect("stored").expect("found").expect("allowed");
    }

    /// Publishes, and switches the webhook's order, cancels and redelivers while the attempt is under way.
    async fn redelivered_under_way(&self, ordered: bool) -> (Webhook, Leased) {
        let webhook = self.webhook_with("acme", |webhook| webhook.ordered = ordered).await;
        let under_way = self.publish_to(&webhook).await.remove(0);
        self.cancel(&webhook).await;
        self.set_ordered(&webhook, !ordered).await;
        self.revive(&webhook).await;
        assert!(matches!(self.redeliver(&webhook, under_way.delivery_id, T0).await, Redelivered::Due(_)));
        (webhook, under_way)
    }
}

#[tokio::test]
async fn one_that_is_redelivered_out_of_order_while_it_is_attempted_in_order_goes_on() {
    let bench = Bench::new(100, 10).await;
    let (_, under_way) = bench.redelivered_under_way(true).await;
    bench.finish(&under_way, Next::RetryAt(seconds(60))).await;
    let again = bench.lease(seconds(1)).await.leased.remove(0);
    assert_eq!((again.delivery_id, again.lane, again.attempt), (under_way.delivery_id, Lane::Retry, 2));
}

#[tokio::test]
async fn one_that_is_redelivered_in_order_while_it_is_attempted_out_of_order_holds_up_nothing_for_ever() {
    for next in [Next::Succeeded, Next::Failed, Next::RetryAt(seconds(60))] {
        let bench = Bench::new(100, 10).await;
        let (webhook, under_way) = bench.redelivered_under_way(false).await;
        assert!(bench.publish_to(&webhook).await.is_empty(), "it waits for the one before it");
        assert!(bench.lease(T0).await.leased.is_empty());
        let mut delivered = Vec::new();
        let mut leased = bench.finish(&under_way, next).await.next.or(bench.lease(T0).await.leased.pop());
        while let Some(one) = leased {
            delivered.push((one.delivery_id == under_way.delivery_id, one.lane));
            leased = bench.finish(&one, Next::Succeeded).await.next;
        }
        // A success is the redelivery; after anything else that follows, and then what was published.
        let expected: &[_] =
            if next == Next::Succeeded { &[(false, Lane::Ordered)] } else { &[(true, Lane::Ordered), (false, Lane::Ordered)] };
        assert_eq!(delivered, expected, "{next:?}");
    }
}
