//! Tests of what the store knows about the wait of a delivery.

use super::*;

impl Bench {
    /// Records a failed attempt whose receiver has asked for a pause.
    async fn finish_with_hold(&self, leased: &Leased, now: DateTime<Utc>, until: DateTime<Utc>) {
        let Leased { delivery_id, lane, lease, schedule_start, ref destination, .. } = *leased;
        let (destination, next) = (destination.clone(), Next::RetryAt(until));
        let attempt = self.attempt(leased.attempt, next);
        let finish =
            EndedAttempt { delivery_id, lane, lease, schedule_start, destination, attempt, next, policy: None, hold_until: Some(until) };
        self.store.finish_attempt(finish, now, self.slots.clone()).await.expect("finished");
    }

    async fn wait(&self, leased: &Leased) -> Option<StoredWait> {
        self.delivery(leased.delivery_id).await.0.stored_wait
    }
}

#[tokio::test]
async fn a_hold_begins_with_the_first_request_for_a_pause_and_ends_with_the_latest_time() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook("acme").await;
    let mut deliveries = Vec::new();
    for _ in 0..4 {
        deliveries.extend(bench.publish_to(&webhook).await);
    }
    let hold = async || bench.wait(&deliveries[0]).await.expect("a wait").hold;
    for (number, at, until, expected) in [(0, 5, 100, (5, 100)), (1, 6, 50, (5, 100)), (2, 7, 150, (5, 150)), (3, 200, 300, (200, 300))] {
        bench.finish_with_hold(&deliveries[number], seconds(at), seconds(until)).await;
        assert_eq!(hold().await, Some((seconds(expected.0), seconds(expected.1))));
    }
}

#[tokio::test]
async fn a_delivery_waits_only_without_a_valid_lease() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook("acme").await;
    let leased = bench.publish_to(&webhook).await.remove(0);
    assert!(bench.wait(&leased).await.is_none(), "an attempt is in flight");
    let bench = bench.restarted().await;
    let wait = bench.wait(&leased).await.expect("the lease is void");
    assert!(wait.is_first && !wait.is_suspect && wait.lane == Lane::Fresh);
    let again = bench.leased_at(1).await.remove(0);
    bench.finish(&again, Next::RetryAt(seconds(60))).await;
    drop(again);
    let wait = bench.wait(&leased).await.expect("a retry waits");
    assert!(!wait.is_first && wait.lane == Lane::Retry);
    let last = bench.leased_at(60).await.remove(0);
    bench.finish(&last, Next::Succeeded).await;
    assert!(bench.wait(&last).await.is_none(), "the delivery has ended");
}

#[tokio::test]
async fn a_list_and_a_look_up_return_the_same_wait() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench
        .webhook_with("acme", |webhook| {
            webhook.ordered = true;
            webhook.max_per_second = Some(1);
        })
        .await;
    let first = bench.publish_to(&webhook).await.remove(0);
    assert!(bench.publish_to(&webhook).await.is_empty(), "it waits for the first delivery");
    assert!(bench.store.pause_deliveries(PauseScope::Webhook(webhook.id), seconds(5), event()).await.expect("paused"));
    let list = async || bench.store.list_deliveries(DeliveryFilter::default(), Page { after: None, limit: 10 }).await.expect("readable");
    let listed = list().await.items;
    assert!(listed[1].id == first.delivery_id && listed[1].stored_wait.is_none(), "an attempt is in flight");
    let wait = listed[0].stored_wait.as_ref().expect("a wait");
    assert_eq!((wait.preceding, wait.paused_since, wait.lane), (Some(first.delivery_id), Some(seconds(5)), Lane::Ordered));
    assert!(wait.max_per_second == Some(1) && wait.theoretical_arrival_time.is_some());
    let found = bench.delivery(listed[0].id).await.0.stored_wait;
    assert_eq!(format!("{found:?}"), format!("{:?}", Some(wait)));
    bench.finish(&first, Next::Succeeded).await;
    assert_eq!(list().await.items[0].stored_wait.as_ref().expect("a wait").preceding, None, "it is the first now");
}
