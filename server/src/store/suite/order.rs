//! Tests of the order and time at which deliveries are leased, with rate limits and with a clock that is set back.

use super::*;

#[tokio::test]
async fn an_ordered_webhook_gets_one_delivery_at_a_time_in_publishing_order() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook_with("acme", |webhook| webhook.ordered = true).await;
    let first = bench.publish_to(&webhook).await.remove(0);
    assert!(bench.publish_to(&webhook).await.is_empty(), "one delivery is in flight");
    assert!(bench.publish_to(&webhook).await.is_empty());
    assert!(bench.lease(seconds(1)).await.leased.is_empty());
    bench.finish(&first, Next::RetryAt(seconds(60))).await;
    drop(first);
    assert!(bench.publish_to(&webhook).await.is_empty(), "the first delivery waits for its retry, and the other deliveries wait for it");
    assert!(bench.lease(seconds(59)).await.leased.is_empty());
    let bench = bench.restarted().await;
    assert!(bench.lease(seconds(59)).await.leased.is_empty(), "a restart does not change the order");
    let again = bench.lease(seconds(60)).await.leased.remove(0);
    assert_eq!(again.attempt, 2);
    // A failed delivery does not block the next delivery.
    let mut delivered = vec![again.notification.id];
    let mut next = free_slot_and_finish(&bench, again, Next::Failed).await;
    while let Some(leased) = next {
        delivered.push(leased.notification.id);
        next = free_slot_and_finish(&bench, leased, Next::Succeeded).await;
    }
    let mut published = bench.store.list_notifications(None, None, Page { after: None, limit: 10 }).await.expect("readable").items;
    published.reverse();
    assert_eq!(delivered, published.iter().map(|notification| notification.id).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_repeated_publication_does_not_lose_a_waiting_ordered_delivery() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook_with("acme", |webhook| webhook.ordered = true).await;
    let audience = || Audience::Webhook { id: webhook.id, account: None };
    let key = || Some(Idempotency { owner: "acme".to_owned(), key: "k".to_owned(), fingerprint: [1; 32] });
    let Published::New { leased, .. } = bench.publish(audience(), key()).await else { panic!("the publication is not new") };
    bench.store.release_delivery(leased[0].delivery_id, leased[0].lease).await.expect("released");
    let waiting = leased[0].delivery_id;
    drop(leased);
    // One transaction runs both publications, and the first publication stores nothing.
    let (repeated, new) = tokio::join!(bench.publish(audience(), key()), bench.publish(audience(), None));
    let Published::New { mut leased, .. } = new else { panic!("the publication is not new") };
    assert!(matches!(repeated, Published::Repeated(_)));
    bench.slots.wake([WorkItem { webhook_id: webhook.id, lane: Lane::Ordered }]);
    leased.extend(bench.lease(seconds(1)).await.leased);
    assert_eq!(leased.iter().map(|leased| leased.delivery_id).collect::<Vec<_>>(), [waiting]);
}

/// Frees the slot, and then records the attempt. The engine uses the same order.
async fn free_slot_and_finish(bench: &Bench, leased: Leased, next: Next) -> Option<Leased> {
    let Leased { delivery_id, attempt, lane, lease, schedule_start, destination, slot, .. } = leased;
    slot.end(next == Next::Succeeded, seconds(60));
    let attempt = bench.attempt(attempt, next);
    let finish = EndedAttempt { delivery_id, lane, lease, schedule_start, destination, attempt, next, policy: None, hold_until: None };
    bench.store.finish_attempt(finish, seconds(60), bench.slots.clone()).await.expect("finished").next
}

#[tokio::test]
async fn a_rate_limit_uses_no_attempt_and_holds_across_a_restart() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook_with("acme", |webhook| webhook.max_per_second = Some(2)).await;
    let first = bench.publish_to(&webhook).await.remove(0);
    bench.finish(&first, Next::Succeeded).await;
    drop(first);
    assert!(bench.publish_to(&webhook).await.is_empty(), "the next attempt may start after half a second");
    assert_eq!(bench.slots.next_check(), Some(milliseconds(500)));
    assert!(bench.lease(milliseconds(499)).await.leased.is_empty());
    let bench = bench.restarted().await;
    assert!(bench.lease(milliseconds(499)).await.leased.is_empty());
    let due = bench.lease(milliseconds(500)).await;
    assert_eq!(due.leased.iter().map(|leased| leased.attempt).collect::<Vec<_>>(), [1]);
}

#[tokio::test]
async fn a_rate_limit_restarts_when_the_clock_is_set_back() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook_with("acme", |webhook| webhook.max_per_second = Some(2)).await;
    let first = bench.publish_to(&webhook).await.remove(0);
    bench.finish(&first, Next::Succeeded).await;
    drop(first);
    assert!(bench.publish_to(&webhook).await.is_empty());
    assert_eq!(bench.lease(seconds(-3600)).await.leased.len(), 1, "the delivery does not wait for the clock to catch up");
}

#[tokio::test]
async fn a_first_attempt_is_due_whatever_the_clock_says() {
    let (now, hour_before) = (seconds(7200), seconds(3600));
    for ordered in [false, true] {
        let bench = Bench::new(100, 1).await;
        bench.webhook_with("acme", |webhook| webhook.ordered = ordered).await;
        let first = bench.publish_at(now, "acme").await.1.remove(0);
        assert!(bench.publish_at(now, "acme").await.1.is_empty());
        drop(first);
        let bench = bench.restarted().await;
        let again = bench.lease(hour_before).await.leased.remove(0);
        assert!(bench.lease(hour_before).await.leased.is_empty(), "one delivery at a time");
        // The clock was set back, but the retry still waits until its due time.
        bench.finish(&again, Next::RetryAt(now)).await;
        drop(again);
        let next = bench.lease(hour_before).await.leased;
        assert_eq!(next.len(), usize::from(!ordered), "in an ordered webhook, the next delivery waits too");
    }
}
