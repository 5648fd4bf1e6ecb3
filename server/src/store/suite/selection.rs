//! Changing many deliveries: redelivery and cancellation by the cause of failures.

use super::*;
use crate::api::types::OutcomeName;

fn all() -> Selection {
    Selection { change: BulkChange::Redeliver, since: T0, until: None, cause: Cause::default(), dry_run: false }
}

fn with_outcome(outcome: &str) -> Selection {
    Selection { cause: Cause { outcome: Some(OutcomeName::parse(outcome).expect("an outcome")), ..Cause::default() }, ..all() }
}

impl Bench {
    async fn change_selected(&self, webhook: &Webhook, change: BulkChange, selection: &Selection) -> SelectionStep {
        let selection = Selection { change, ..selection.clone() };
        let start = SelectionStart { webhook_id: webhook.id, after: None };
        self.store.change_deliveries(webhook.account.clone(), selection, start, seconds(1000), event()).await.expect("stored")
    }

    async fn count(&self, webhook: &Webhook, change: BulkChange, selection: &Selection) -> u32 {
        match self.change_selected(webhook, change, selection).await {
            SelectionStep::Changed { count, next: None } => count,
            other => panic!("{other:?}"),
        }
    }

    /// Publishes, and ends the first attempt. Returns the delivery.
    async fn ended(&self, webhook: &Webhook, status_code: u16, next: Next) -> Uuid {
        let leased = self.publish_to(webhook).await.remove(0);
        let attempt = Attempt { status_code: Some(status_code), ..self.attempt(1, next) };
        self.end(&leased, attempt, next, None, T0).await;
        leased.delivery_id
    }
}

#[tokio::test]
async fn deliveries_are_selected_by_the_result_of_their_last_attempt_in_any_state() {
    let bench = Bench::new(1000, 100).await;
    let (webhook, other) = (bench.webhook("acme").await, bench.webhook("acme").await);
    let succeeded = bench.ended(&webhook, 204, Next::Succeeded).await;
    let failed = bench.ended(&webhook, 503, Next::Failed).await;
    let waiting = bench.ended(&webhook, 500, Next::RetryAt(seconds(5000))).await;
    bench.ended(&other, 503, Next::Failed).await;
    let of_status = |code| Selection { cause: Cause { status_code: Some(code), ..Cause::default() }, ..all() };
    let of_type =
        |name| Selection { cause: Cause { event_type: Some(EventType::parse(name).expect("a type")), ..Cause::default() }, ..all() };
    for (selection, count) in [
        (all(), 3),
        (with_outcome("rejected"), 2),
        (with_outcome("accepted"), 1),
        (with_outcome("timed_out"), 0),
        (of_status(503), 1),
        (of_status(404), 0),
        (of_type("a.b"), 3),
        (of_type("a.c"), 0),
        (Selection { since: seconds(1), ..all() }, 0),
        (Selection { until: Some(T0), ..all() }, 0),
    ] {
        let counted = Selection { dry_run: true, ..selection.clone() };
        assert_eq!(bench.count(&webhook, BulkChange::Redeliver, &counted).await, count, "{selection:?}");
    }
    assert!(bench.leased_at(1000).await.is_empty(), "a dry run changes nothing");
    let recovery = Recovery { webhook_id: webhook.id, since: T0, until: None, dry_run: true, after: None };
    for (cause, count) in [(of_status(503).cause, 1), (of_status(500).cause, 0), (with_outcome("rejected").cause, 1)] {
        let step = bench.store.recover_deliveries(webhook.account.clone(), recovery, cause, seconds(1000), event()).await;
        assert_eq!(step.expect("stored"), RecoveryStep::Recovered { count, next: None });
    }
    assert_eq!(bench.count(&webhook, BulkChange::Redeliver, &with_outcome("rejected")).await, 2);
    let due = |leased: Vec<Leased>| {
        let mut due: Vec<_> = leased.iter().map(|leased| (leased.delivery_id, leased.attempt, leased.schedule_start)).collect();
        due.sort_unstable();
        due
    };
    let leased = bench.leased_at(1000).await;
    for leased in &leased {
        bench.finish(leased, Next::Succeeded).await;
    }
    assert_eq!(due(leased), [(failed, 2, 1), (waiting, 2, 1)]);
    assert_eq!(bench.count(&webhook, BulkChange::Redeliver, &all()).await, 3);
    assert_eq!(due(bench.leased_at(1000).await), [(succeeded, 2, 1), (failed, 3, 2), (waiting, 3, 2)]);
}

#[tokio::test]
async fn only_pending_deliveries_are_cancelled_and_an_attempt_in_flight_ends() {
    let bench = Bench::new(1000, 100).await;
    let webhook = bench.webhook_with("acme", |webhook| webhook.ordered = true).await;
    let failed = bench.ended(&webhook, 500, Next::Failed).await;
    let in_flight = bench.publish_to(&webhook).await.remove(0);
    bench.publish_to(&webhook).await;
    assert_eq!(bench.count(&webhook, BulkChange::Cancel, &with_outcome("rejected")).await, 0, "nothing pending was rejected");
    assert_eq!(bench.count(&webhook, BulkChange::Cancel, &all()).await, 2);
    assert_eq!(bench.count(&webhook, BulkChange::Cancel, &all()).await, 0, "a cancelled delivery is not cancelled again");
    assert_eq!(bench.delivery(failed).await.0.status, DeliveryStatus::Failed);
    assert_eq!(bench.status(&in_flight).await, DeliveryStatus::Cancelled);
    bench.finish(&in_flight, Next::Succeeded).await;
    assert_eq!(bench.status(&in_flight).await, DeliveryStatus::Succeeded, "the receiver accepted it");
    drop(in_flight);
    assert!(bench.leased_at(1000).await.is_empty());
    assert_eq!(bench.publish_to(&webhook).await.len(), 1, "a cancelled delivery blocks no later one");
    let recovery = Recovery { webhook_id: webhook.id, since: T0, until: None, dry_run: true, after: None };
    let step = bench.store.recover_deliveries(webhook.account.clone(), recovery, Cause::default(), seconds(1000), event()).await;
    assert_eq!(step.expect("stored"), RecoveryStep::Recovered { count: 2, next: None }, "a cancelled delivery can be recovered");
}

#[tokio::test]
async fn a_change_of_a_deactivated_or_foreign_webhook_is_refused() {
    let bench = Bench::new(100, 10).await;
    let (webhook, stranger) = (bench.webhook("acme").await, bench.webhook("other").await);
    bench.publish_to(&webhook).await;
    for change in [BulkChange::Redeliver, BulkChange::Cancel] {
        let foreign = Webhook { account: stranger.account.clone(), ..webhook.clone() };
        assert_eq!(bench.change_selected(&foreign, change, &all()).await, SelectionStep::NoSuchWebhook);
    }
    bench.cancel(&webhook).await;
    assert_eq!(bench.change_selected(&webhook, BulkChange::Redeliver, &all()).await, SelectionStep::WebhookDeactivated);
    assert_eq!(bench.count(&webhook, BulkChange::Cancel, &all()).await, 0, "its deliveries are cancelled already");
}
