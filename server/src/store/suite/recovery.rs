//! Tests of recovering the failed deliveries of a time range.

use super::*;
use crate::store::RECOVERY_STEP;

fn all_of(webhook: &Webhook) -> Recovery {
    Recovery { webhook_id: webhook.id, since: T0, until: None, dry_run: false, after: None }
}

impl Bench {
    async fn step(&self, webhook: &Webhook, recovery: Recovery) -> RecoveryStep {
        self.store.recover_deliveries(webhook.account.clone(), recovery, Cause::default(), seconds(1000), event()).await.expect("stored")
    }

    /// Creates one failed delivery for each second of `times`.
    async fn failed(&self, webhook: &Webhook, times: std::ops::Range<i64>) -> Vec<Uuid> {
        let mut ids = Vec::new();
        for time in times {
            let publication = Publication {
                id: Uuid::now_v7(),
                event_type: EventType::parse("a.b").expect("a type"),
                data: RawValue::from_string("{}".to_owned()).expect("JSON"),
                created_at: seconds(time),
                audience: Audience::Webhook { id: webhook.id, account: None },
                idempotency: None,
                trace: None,
            };
            let published = self.store.publish_notification(publication, self.slots.clone()).await.expect("published");
            let Published::New { leased, .. } = published else { panic!("{published:?}") };
            self.finish(&leased[0], Next::Failed).await;
            ids.push(leased[0].delivery_id);
        }
        ids
    }

    async fn leased_ids(&self) -> Vec<Uuid> {
        self.lease(seconds(1000)).await.leased.iter().map(|leased| leased.delivery_id).collect()
    }
}

#[tokio::test]
async fn failed_deliveries_of_the_time_range_are_due_again_oldest_first() {
    let bench = Bench::new(1000, 100).await;
    let (webhook, other) = (bench.webhook("acme").await, bench.webhook("acme").await);
    let failed = bench.failed(&webhook, 0..6).await;
    bench.failed(&other, 0..6).await;
    let succeeded = bench.publish_to(&webhook).await.remove(0);
    bench.finish(&succeeded, Next::Succeeded).await;
    let waiting = bench.publish_to(&webhook).await.remove(0);
    bench.finish(&waiting, Next::RetryAt(seconds(2000))).await;
    let range = Recovery { since: seconds(1), until: Some(seconds(4)), ..all_of(&webhook) };
    for _ in 0..2 {
        let counted = bench.step(&webhook, Recovery { dry_run: true, ..range }).await;
        assert_eq!(counted, RecoveryStep::Recovered { count: 3, next: None }, "a dry run changes nothing");
    }
    assert_eq!(bench.step(&webhook, range).await, RecoveryStep::Recovered { count: 3, next: None });
    let again = bench.step(&webhook, range).await;
    assert_eq!(again, RecoveryStep::Recovered { count: 0, next: None }, "a pending delivery is not recovered");
    let leased = bench.lease(seconds(1000)).await.leased;
    assert_eq!(leased.iter().map(|leased| leased.delivery_id).collect::<Vec<_>>(), failed[1..4]);
    assert!(leased.iter().all(|leased| (leased.attempt, leased.schedule_start) == (2, 1)), "each delivery has a new schedule");
}

#[tokio::test]
async fn a_step_continues_where_the_previous_one_ended() {
    let bench = Bench::new(1000, 100).await;
    let webhook = bench.webhook("acme").await;
    let step = i64::from(RECOVERY_STEP);
    bench.failed(&webhook, 0..step + 3).await;
    let RecoveryStep::Recovered { count, next } = bench.step(&webhook, Recovery { dry_run: true, ..all_of(&webhook) }).await else {
        panic!("nothing was recovered");
    };
    assert_eq!((count, next.map(|(time, _)| time)), (RECOVERY_STEP, Some(seconds(step - 1))));
    // The recovery skips deliveries before `since`, even if the cursor is at an earlier position than `since`.
    let rest = Recovery { after: next, ..all_of(&webhook) };
    let later = Recovery { since: seconds(step + 1), ..rest };
    assert_eq!(bench.step(&webhook, Recovery { dry_run: true, ..later }).await, RecoveryStep::Recovered { count: 2, next: None });
    assert_eq!(bench.step(&webhook, rest).await, RecoveryStep::Recovered { count: 3, next: None });
    let RecoveryStep::Recovered { count, next } = bench.step(&webhook, all_of(&webhook)).await else { panic!("nothing was recovered") };
    assert_eq!(count, RECOVERY_STEP);
    let end = bench.step(&webhook, Recovery { after: next, ..all_of(&webhook) }).await;
    assert_eq!(end, RecoveryStep::Recovered { count: 0, next: None });
}

#[tokio::test]
async fn cancelled_deliveries_are_recovered_before_their_rows_are_marked() {
    let bench = Bench::new(100, 1).await;
    let (webhook, gone) = (bench.webhook("acme").await, bench.webhook("acme").await);
    let in_progress = bench.publish_to(&webhook).await;
    bench.publish_to(&webhook).await;
    bench.publish_to(&gone).await;
    bench.cancel(&gone).await;
    bench.cancel(&webhook).await;
    assert_eq!(bench.step(&webhook, all_of(&webhook)).await, RecoveryStep::WebhookDeactivated);
    bench.revive(&webhook).await;
    assert_eq!(bench.step(&webhook, all_of(&webhook)).await, RecoveryStep::Prepared);
    assert_eq!(bench.step(&webhook, all_of(&webhook)).await, RecoveryStep::Recovered { count: 2, next: None });
    let in_progress = { in_progress }.remove(0);
    assert!(bench.leased_ids().await.is_empty(), "an attempt is in progress, and the webhook's cap is one");
    bench.finish(&in_progress, Next::RetryAt(seconds(5000))).await;
    let first = in_progress.delivery_id;
    drop(in_progress);
    assert_eq!(bench.leased_ids().await, [first]);
}

#[tokio::test]
async fn recovered_deliveries_do_not_delay_fresh_ones() {
    let bench = Bench::new(100, 1).await;
    let webhook = bench.webhook("acme").await;
    let failed = bench.failed(&webhook, 0..2).await;
    let busy = bench.publish_to(&webhook).await;
    assert_eq!(bench.step(&webhook, all_of(&webhook)).await, RecoveryStep::Recovered { count: 2, next: None });
    bench.publish_to(&webhook).await;
    bench.finish(&busy[0], Next::Succeeded).await;
    drop(busy);
    let round = bench.lease(seconds(1000)).await;
    assert_eq!(round.leased.len(), 1);
    assert!(!failed.contains(&round.leased[0].delivery_id));
}

#[tokio::test]
async fn deliveries_of_deleted_notifications_are_not_recovered() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook("acme").await;
    let failed = bench.failed(&webhook, 0..2).await;
    let deleted = bench.delivery(failed[0]).await.0.notification_id;
    assert!(bench.store.delete_notification(None, deleted, T0, event()).await.expect("stored").is_some());
    for dry_run in [true, false] {
        let step = bench.step(&webhook, Recovery { dry_run, ..all_of(&webhook) }).await;
        assert_eq!(step, RecoveryStep::Recovered { count: 1, next: None });
    }
    assert_eq!(bench.leased_ids().await, failed[1..]);
}

#[tokio::test]
async fn a_recovery_of_an_unknown_webhook_is_refused() {
    let bench = Bench::new(100, 10).await;
    let (webhook, stranger) = (bench.webhook("acme").await, bench.webhook("other").await);
    assert_eq!(bench.step(&stranger, all_of(&webhook)).await, RecoveryStep::NoSuchWebhook);
    bench.store.delete_webhook(webhook.account.clone(), webhook.id, T0, event()).await.expect("stored").expect("found");
    assert_eq!(bench.step(&webhook, all_of(&webhook)).await, RecoveryStep::NoSuchWebhook);
}
