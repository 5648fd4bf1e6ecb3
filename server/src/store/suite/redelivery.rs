//! Making a delivery due again.

use super::*;

impl Bench {
    pub(super) async fn redeliver(&self, webhook: &Webhook, delivery_id: Uuid, now: DateTime<Utc>) -> Redelivered {
        self.store.redeliver(webhook.account.clone(), delivery_id, now, event()).await.expect("stored")
    }

    /// Redelivers a delivery and leases it at once. Also returns the number of the leased attempt, and the
    /// `schedule_start` of the delivery.
    async fn redelivered(&self, webhook: &Webhook, delivery_id: Uuid, now: DateTime<Utc>) -> (Leased, (u32, u32)) {
        let Redelivered::Due(delivery) = self.redeliver(webhook, delivery_id, now).await else { panic!("the delivery is not due") };
        assert_eq!((delivery.status, delivery.due_at), (DeliveryStatus::Pending, Some(now)));
        let leased = self.lease(now).await.leased.pop().expect("the delivery is due");
        assert_eq!(leased.delivery_id, delivery_id);
        let attempt = (leased.attempt, leased.schedule_start);
        (leased, attempt)
    }

    pub(super) async fn cancel(&self, webhook: &Webhook) {
        self.store.deactivate_webhook(webhook.account.clone(), webhook.id, T0, event()).await.expect("stored").expect("found");
    }

    pub(super) async fn revive(&self, webhook: &Webhook) {
        self.store.activate_webhook(webhook.account.clone(), webhook.id, None, T0, event()).await.expect("stored").expect("found");
    }

    pub(super) async fn tidy(&self) {
        while self.store.tidy(T0).await.expect("tidied") {}
    }
}

#[tokio::test]
async fn a_redelivery_in_any_state_is_due_now_with_a_new_schedule() {
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
    // The test redelivers once before the row gets the status `cancelled`, and once after that.
    let (cancelled, attempt) = bench.redelivered(&webhook, id, seconds(5)).await;
    assert_eq!(attempt, (6, 5));
    bench.finish(&cancelled, Next::RetryAt(seconds(3600))).await;
    bench.cancel(&webhook).await;
    bench.tidy().await;
    bench.revive(&webhook).await;
    let (cancelled, attempt) = bench.redelivered(&webhook, id, seconds(6)).await;
    assert_eq!(attempt, (7, 6));
    // After a failed attempt, the retry schedule of the redelivery continues.
    bench.finish(&cancelled, Next::RetryAt(seconds(7))).await;
    let next = bench.lease(seconds(7)).await.leased.remove(0);
    assert_eq!((next.attempt, next.schedule_start), (8, 6));
    assert_eq!(bench.delivery(id).await.1.len(), 7, "each attempt has its own number");
}

#[tokio::test]
async fn a_redelivery_that_is_due_already_keeps_its_position() {
    let bench = Bench::new(100, 1).await;
    let webhook = bench.webhook("acme").await;
    let busy = bench.publish_to(&webhook).await;
    bench.publish_to(&webhook).await;
    let all = bench.store.list_deliveries(of(&webhook), Page { after: None, limit: 10 }).await.expect("readable").items;
    let Redelivered::Due(waiting) = bench.redeliver(&webhook, all[0].id, seconds(9)).await else { panic!("the delivery is not due") };
    assert_eq!(waiting.due_at, Some(T0));
    bench.publish_to(&webhook).await;
    drop(busy);
    assert_eq!(bench.lease(seconds(9)).await.leased[0].delivery_id, waiting.id, "newer deliveries do not overtake it");
}

#[tokio::test]
async fn a_redelivery_follows_an_attempt_in_progress_unless_it_succeeds() {
    for (next, expected) in [
        (Next::RetryAt(seconds(3600)), DeliveryStatus::Pending),
        (Next::Failed, DeliveryStatus::Pending),
        (Next::Succeeded, DeliveryStatus::Succeeded),
    ] {
        let bench = Bench::new(100, 10).await;
        let webhook = bench.webhook("acme").await;
        let in_progress = bench.publish_to(&webhook).await.remove(0);
        assert!(matches!(bench.redeliver(&webhook, in_progress.delivery_id, seconds(1)).await, Redelivered::Due(_)));
        assert!(bench.lease(seconds(2)).await.leased.is_empty(), "an attempt is in progress");
        bench.finish(&in_progress, next).await;
        let (delivery, attempts) = bench.delivery(in_progress.delivery_id).await;
        assert_eq!((delivery.status, delivery.attempt_count, attempts.len()), (expected, 1, 1), "{next:?}");
        let followed: Vec<_> = bench.lease(seconds(2)).await.leased.iter().map(|leased| (leased.attempt, leased.schedule_start)).collect();
        assert_eq!(followed, if expected == DeliveryStatus::Pending { vec![(2, 1)] } else { vec![] }, "{next:?}");
    }
}

#[tokio::test]
async fn a_redelivery_follows_an_attempt_in_progress_of_a_cancelled_delivery() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook("acme").await;
    let in_progress = bench.publish_to(&webhook).await.remove(0);
    bench.cancel(&webhook).await;
    bench.tidy().await;
    bench.revive(&webhook).await;
    assert!(matches!(bench.redeliver(&webhook, in_progress.delivery_id, seconds(1)).await, Redelivered::Due(_)));
    assert!(bench.lease(seconds(2)).await.leased.is_empty(), "an attempt is in progress");
    bench.finish(&in_progress, Next::RetryAt(seconds(3600))).await;
    assert_eq!(bench.status(&in_progress).await, DeliveryStatus::Pending);
    assert_eq!(bench.lease(seconds(2)).await.leased[0].attempt, 2);
}

#[tokio::test]
async fn a_cancelled_delivery_can_release_its_lease() {
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
async fn a_success_that_is_reported_twice_does_not_end_a_redelivery() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook("acme").await;
    let first = bench.publish_to(&webhook).await.remove(0);
    bench.finish(&first, Next::Succeeded).await;
    assert!(matches!(bench.redeliver(&webhook, first.delivery_id, seconds(1)).await, Redelivered::Due(_)));
    bench.finish(&first, Next::Succeeded).await;
    assert_eq!(bench.status(&first).await, DeliveryStatus::Pending);
}

#[tokio::test]
async fn a_redelivery_during_an_attempt_survives_a_restart() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook("acme").await;
    let in_progress = bench.publish_to(&webhook).await.remove(0);
    assert!(matches!(bench.redeliver(&webhook, in_progress.delivery_id, seconds(1)).await, Redelivered::Due(_)));
    let bench = bench.restarted().await;
    assert_eq!(bench.lease(seconds(1)).await.leased[0].delivery_id, in_progress.delivery_id);
}

#[tokio::test]
async fn a_redelivery_that_cannot_be_sent_is_refused() {
    let bench = Bench::new(100, 10).await;
    let (webhook, stranger) = (bench.webhook("acme").await, bench.webhook("other").await);
    let leased = bench.publish_to(&webhook).await.remove(0);
    let id = leased.delivery_id;
    assert!(matches!(bench.redeliver(&stranger, id, T0).await, Redelivered::NoSuchDelivery));
    assert!(matches!(bench.redeliver(&webhook, Uuid::now_v7(), T0).await, Redelivered::NoSuchDelivery));
    bench.cancel(&webhook).await;
    assert!(matches!(bench.redeliver(&webhook, id, T0).await, Redelivered::WebhookDeactivated));
    bench.revive(&webhook).await;
    bench.store.delete_notification(None, leased.notification.id, T0, event()).await.expect("stored");
    assert!(matches!(bench.redeliver(&webhook, id, T0).await, Redelivered::NotificationDeleted));
    bench.store.delete_webhook(webhook.account.clone(), webhook.id, T0, event()).await.expect("stored").expect("found");
    assert!(matches!(bench.redeliver(&webhook, id, T0).await, Redelivered::WebhookDeleted));
}

pub(super) fn of(webhook: &Webhook) -> DeliveryFilter {
    DeliveryFilter { webhook_id: Some(webhook.id), ..DeliveryFilter::default() }
}

impl Bench {
    async fn set_ordered(&self, webhook: &Webhook, ordered: bool) {
        let change = WebhookChange { ordered: Some(ordered), ..WebhookChange::default() };
        let changed = self.store.update_webhook(webhook.account.clone(), webhook.id, change, T0, event()).await;
        changed.expect("stored").expect("found").expect("allowed");
    }

    /// Publishes a notification. During its attempt, cancels the delivery, changes `ordered` of the webhook, and
    /// redelivers the delivery.
    async fn redelivered_in_progress(&self, ordered: bool) -> (Webhook, Leased) {
        let webhook = self.webhook_with("acme", |webhook| webhook.ordered = ordered).await;
        let in_progress = self.publish_to(&webhook).await.remove(0);
        self.cancel(&webhook).await;
        self.set_ordered(&webhook, !ordered).await;
        self.revive(&webhook).await;
        assert!(matches!(self.redeliver(&webhook, in_progress.delivery_id, T0).await, Redelivered::Due(_)));
        (webhook, in_progress)
    }
}

#[tokio::test]
async fn an_ordered_delivery_can_be_redelivered_unordered_during_its_attempt() {
    let bench = Bench::new(100, 10).await;
    let (_, in_progress) = bench.redelivered_in_progress(true).await;
    bench.finish(&in_progress, Next::RetryAt(seconds(60))).await;
    let again = bench.lease(seconds(1)).await.leased.remove(0);
    assert_eq!((again.delivery_id, again.lane, again.attempt), (in_progress.delivery_id, Lane::Retry, 2));
}

#[tokio::test]
async fn an_unordered_delivery_redelivered_in_order_does_not_block_the_webhook() {
    for next in [Next::Succeeded, Next::Failed, Next::RetryAt(seconds(60))] {
        let bench = Bench::new(100, 10).await;
        let (webhook, in_progress) = bench.redelivered_in_progress(false).await;
        assert!(bench.publish_to(&webhook).await.is_empty(), "the delivery waits for the redelivery before it");
        assert!(bench.lease(T0).await.leased.is_empty());
        let mut delivered = Vec::new();
        let mut leased = bench.finish(&in_progress, next).await.next.or(bench.lease(T0).await.leased.pop());
        while let Some(one) = leased {
            delivered.push((one.delivery_id == in_progress.delivery_id, one.lane));
            leased = bench.finish(&one, Next::Succeeded).await.next;
        }
        // A success completes the redelivery. After any other outcome, the redelivered delivery is leased first, and
        // the new delivery is leased next.
        let expected: &[_] =
            if next == Next::Succeeded { &[(false, Lane::Ordered)] } else { &[(true, Lane::Ordered), (false, Lane::Ordered)] };
        assert_eq!(delivered, expected, "{next:?}");
    }
}
