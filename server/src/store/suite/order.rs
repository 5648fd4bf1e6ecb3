//! When a delivery is due: order, rate limits and a clock that is set back.

use super::*;

#[tokio::test]
async fn an_ordered_webhook_gets_one_delivery_at_a_time_in_the_order_of_publishing() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook_with("acme", |webhook| webhook.ordered = true).await;
    let first = bench.publish_to(&webhook).await.remove(0);
    assert!(bench.publish_to(&webhook).await.is_empty(), "one is in flight");
    assert!(bench.publish_to(&webhook).await.is_empty());
    assert!(bench.lease(seconds(1)).await.leased.is_empty());
    bench.finish(&first, Next::RetryAt(seconds(60))).await;
    drop(first);
    assert!(bench.publish_to(&webhook).await.is_empty(), "the first one waits for its retry, and all others for it");
    assert!(bench.lease(seconds(59)).await.leased.is_empty());
    let bench = bench.restarted().await;
    assert!(bench.lease(seconds(59)).await.leased.is_empty(), "nor does a restart change the order");
    let again = bench.lease(seconds(60)).await.leased.remove(0);
    assert_eq!(again.attempt, 2);
    // One that failed for good is passed over.
    let mut delivered = vec![again.notification.id];
    let mut next = finish_freed(&bench, again, Next::Failed).await;
    while let Some(leased) = next {
        delivered.push(leased.notification.id);
        next = finish_freed(&bench, leased, Next::Succeeded).await;
    }
    let mut published = bench.store.list_notifications(None, None, Page { after: None, limit: 10 }).await.expect("readable").items;
    published.reverse();
    assert_eq!(delivered, published.iter().map(|notification| notification.id).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_waits_in_order_is_not_lost_on_a_publication_that_was_there_already() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook_with("acme", |webhook| webhook.ordered = true).await;
    let audience = || Audience::Webhook { id: webhook.id, account: None };
    let key = || Some(Idempotency { owner: "acme".to_owned(), key: "k".to_owned(), fingerprint: [1; 32] });
    let Published::New { leased, .. } = bench.publish(audience(), key()).await else { panic!("it is new") };
    bench.store.release_delivery(leased[0].delivery_id, leased[0].lease).await.expect("released");
    let waits = leased[0].delivery_id;
    drop(leased);
    // They share a transaction, and the first of them stores nothing.
    let (repeated, new) = tokio::join!(bench.publish(audience(), key()), bench.publish(audience(), None));
    let Published::New { mut leased, .. } = new else { panic!("it is new") };
    assert!(matches!(repeated, Published::Repeated(_)));
    bench.slots.wake([Work { webhook_id: webhook.id, lane: Lane::Ordered }]);
    leased.extend(bench.lease(seconds(1)).await.leased);
    assert_eq!(leased.iter().map(|leased| leased.delivery_id).collect::<Vec<_>>(), [waits]);
}

/// As the engine does it: the slot is free before the attempt is recorded.
async fn finish_freed(bench: &Bench, leased: Leased, next: Next) -> Option<Leased> {
    let Leased { delivery_id, attempt, lane, lease, destination, slot, .. } = leased;
    slot.end(next == Next::Succeeded, seconds(60));
    let attempt = bench.attempt(attempt, next);
    let finish = Finish { delivery_id, lane, lease, destination, attempt, next, patience: None };
    bench.store.finish_attempt(finish, seconds(60), bench.slots.clone()).await.expect("finished").next
}

#[tokio::test]
async fn a_rate_limit_costs_no_attempt_and_holds_across_a_restart() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook_with("acme", |webhook| webhook.max_per_second = Some(2)).await;
    let first = bench.publish_to(&webhook).await.remove(0);
    bench.finish(&first, Next::Succeeded).await;
    drop(first);
    assert!(bench.publish_to(&webhook).await.is_empty(), "half a second has to pass");
    assert_eq!(bench.slots.next_look(), Some(milliseconds(500)));
    assert!(bench.lease(milliseconds(499)).await.leased.is_empty());
    let bench = bench.restarted().await;
    assert!(bench.lease(milliseconds(499)).await.leased.is_empty());
    let due = bench.lease(milliseconds(500)).await;
    assert_eq!(due.leased.iter().map(|leased| leased.attempt).collect::<Vec<_>>(), [1]);
}

#[tokio::test]
async fn a_rate_limit_begins_anew_when_the_clock_is_set_back() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook_with("acme", |webhook| webhook.max_per_second = Some(2)).await;
    let first = bench.publish_to(&webhook).await.remove(0);
    bench.finish(&first, Next::Succeeded).await;
    drop(first);
    assert!(bench.publish_to(&webhook).await.is_empty());
    assert_eq!(bench.lease(seconds(-3600)).await.leased.len(), 1, "nothing is held up for as long as that");
}

#[tokio::test]
async fn what_was_never_attempted_is_due_whatever_the_clock_says() {
    let (now, hour_before) = (seconds(7200), seconds(3600));
    for ordered in [false, true] {
        let bench = Bench::new(100, 1).await;
        bench.webhook_with("acme", |webhook| webhook.ordered = ordered).await;
        let first = bench.publish_at(now, "acme").await.1.remove(0);
        assert!(bench.publish_at(now, "acme").await.1.is_empty());
        drop(first);
        let bench = bench.restarted().await;
        let again = bench.lease(hour_before).await.leased.remove(0);
        assert!(bench.lease(hour_before).await.leased.is_empty(), "one at a time");
        // A retry waits for its time, by whatever clock that was.
        bench.finish(&again, Next::RetryAt(now)).await;
        drop(again);
        let next = bench.lease(hour_before).await.leased;
        assert_eq!(next.len(), usize::from(!ordered), "in order, what is behind it waits too");
    }
}
