//! Tests of webhooks whose attempts have failed for too long.

use super::*;

const POLICY: DeactivationPolicy = DeactivationPolicy { time: TimeDelta::seconds(100), attempts: 3 };

impl Bench {
    /// Publishes a notification and ends its attempt at `time`. If this deactivates the webhook, returns the
    /// deactivation.
    pub(super) async fn attempt_at(&self, webhook: &Webhook, time: i64, next: Next) -> Option<Deactivated> {
        let leased = self.publish_to(webhook).await.remove(0);
        self.end_at(&leased, time, next).await
    }

    async fn end_at(&self, leased: &Leased, time: i64, next: Next) -> Option<Deactivated> {
        let attempt = Attempt { started_at: milliseconds(time * 1000 - 1), ..self.attempt(leased.attempt, next) };
        self.end(leased, attempt, next, Some(POLICY), seconds(time)).await.deactivated
    }

    async fn deactivation(&self, webhook: &Webhook) -> Option<(String, DateTime<Utc>)> {
        let webhook = self.store.get_webhook(None, webhook.id).await.expect("readable").expect("found");
        webhook.deactivation.map(|deactivation| (deactivation.reason, deactivation.at))
    }
}

fn deactivated_after(attempts: u32, revision: u32) -> Option<Deactivated> {
    let failures = Failures { since: seconds(10), attempts };
    Some(Deactivated { revision, cause: DeactivationCause::Failing(failures) })
}

#[tokio::test]
async fn a_webhook_that_accepts_nothing_for_too_long_is_deactivated() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook("acme").await;
    for time in [10, 20, 110] {
        assert_eq!(bench.attempt_at(&webhook, time, Next::Failed).await, None, "at {time} s: not longer than the time of the policy");
    }
    let waiting = bench.publish_to(&webhook).await.remove(0);
    assert_eq!(bench.attempt_at(&webhook, 111, Next::RetryAt(seconds(500))).await, deactivated_after(4, 2));
    assert_eq!(bench.deactivation(&webhook).await, Some((REASON_FAILING.to_owned(), seconds(111))));
    assert_eq!(bench.status(&waiting).await, DeliveryStatus::Cancelled);
    assert!(bench.lease(seconds(1000)).await.leased.is_empty());
    // An attempt that ends after the deactivation does not deactivate the webhook again.
    assert_eq!(bench.end_at(&waiting, 112, Next::Failed).await, None);
}

#[tokio::test]
async fn few_failures_do_not_deactivate_however_old_the_first_one_is() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook("acme").await;
    assert_eq!(bench.attempt_at(&webhook, 10, Next::Failed).await, None);
    let second = bench.publish_to(&webhook).await.remove(0);
    for report in ["first", "second"] {
        assert_eq!(bench.end_at(&second, 1000, Next::Failed).await, None, "{report} report: an attempt counts once");
    }
    assert_eq!(bench.attempt_at(&webhook, 1001, Next::Failed).await, deactivated_after(3, 2));
}

#[tokio::test]
async fn a_success_an_activation_and_a_new_target_url_each_reset_the_failures() {
    for restarts in [false, true] {
        let mut bench = Bench::new(100, 10).await;
        let [accepts, activated, moved, unchanged] =
            [bench.webhook("acme").await, bench.webhook("acme").await, bench.webhook("acme").await, bench.webhook("acme").await];
        for webhook in [&accepts, &activated, &moved, &unchanged] {
            for time in [10, 11, 12] {
                assert_eq!(bench.attempt_at(webhook, time, Next::Failed).await, None);
            }
        }
        if restarts {
            bench = bench.restarted().await;
            for webhook in [&accepts, &activated, &moved, &unchanged] {
                bench.prove(webhook);
            }
        }
        bench.attempt_at(&accepts, 50, Next::Succeeded).await;
        let account = &activated.account;
        bench.store.deactivate_webhook(account.clone(), activated.id, seconds(50), event()).await.expect("stored");
        bench.store.activate_webhook(account.clone(), activated.id, None, seconds(51), event()).await.expect("stored");
        let before = bench.publish_to(&moved).await.remove(0);
        let elsewhere = WebhookChange {
            target_url: Some(OutboundUrl::parse("https://example.com/elsewhere").expect("valid")),
            ..WebhookChange::default()
        };
        bench
            .store
            .update_webhook(account.clone(), moved.id, elsewhere, seconds(50), event())
            .await
            .expect("stored")
            .expect("found")
            .expect("allowed");
        assert_eq!(bench.end_at(&before, 200, Next::Failed).await, None, "the attempt went to the old URL");
        for webhook in [&accepts, &activated, &moved] {
            for time in [210, 211, 212] {
                assert_eq!(bench.attempt_at(webhook, time, Next::Failed).await, None, "restarts: {restarts}");
            }
        }
        assert_eq!(bench.attempt_at(&unchanged, 212, Next::Failed).await, deactivated_after(4, 2), "the failures were not reset");
    }
}
