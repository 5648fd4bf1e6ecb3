//! Tests of the health of webhooks.

use super::*;

/// The maximum number of webhooks on a page of these tests.
const LIMIT: u32 = 2;

impl Bench {
    /// Ends attempts of a webhook that failed, at the given times. There is no deactivation policy.
    async fn fail_at(&self, webhook: &Webhook, times: std::ops::Range<i64>) {
        for time in times {
            self.end_without_policy(webhook, time, Next::Failed).await;
        }
    }

    async fn end_without_policy(&self, webhook: &Webhook, time: i64, next: Next) {
        let leased = self.publish_to(webhook).await.remove(0);
        let attempt = Attempt { started_at: milliseconds(time * 1000 - 1), ..self.attempt(leased.attempt, next) };
        let finished = self.end(&leased, attempt, next, None, seconds(time)).await;
        assert_eq!((finished.deactivated, finished.recovered), (None, false));
    }

    async fn health(&self, webhook: &Webhook) -> WebhookHealth {
        let webhook = self.store.get_webhook(None, webhook.id).await.expect("readable").expect("found");
        self.store.health_of(vec![HealthQuery::of(&webhook)]).await.expect("readable").remove(0)
    }

    /// Lists all webhooks in a state, page by page.
    async fn in_state(&self, account: Option<&Account>, health: WebhookHealthState) -> Vec<Uuid> {
        let (mut listed, mut after) = (Vec::new(), None);
        loop {
            let filter = WebhookFilter { account: account.cloned(), status: None, health: Some(health) };
            let part = self.store.list_webhooks(filter, Page { after, limit: LIMIT }).await.expect("readable");
            assert!(part.items.len() <= LIMIT as usize && (part.next.is_none() || part.items.len() == LIMIT as usize));
            listed.extend(part.items.iter().map(|webhook| webhook.id));
            after = part.next;
            if after.is_none() {
                return listed;
            }
        }
    }

    async fn counts_of(&self, account: &Account) -> (u64, u64, u64, u64) {
        let mut scan = BacklogScan::default();
        while !scan.ended() {
            scan = self.store.scan_backlog(scan).await.expect("counted");
        }
        let counts = scan.counts.accounts.get(account.as_str()).copied().unwrap_or_default();
        let in_state = |state| counts.in_state(state);
        (
            in_state(WebhookHealthState::Healthy),
            in_state(WebhookHealthState::Failing),
            in_state(WebhookHealthState::Paused),
            in_state(WebhookHealthState::Deactivated),
        )
    }
}

fn health(state: WebhookHealthState, since: Option<i64>, consecutive_failures: u32, backlog: u32) -> WebhookHealth {
    WebhookHealth { state, since: since.map(seconds), consecutive_failures, backlog }
}

#[tokio::test]
async fn five_failures_in_a_row_make_a_webhook_failing_until_a_success_even_without_a_policy() {
    let mut bench = Bench::new(100, 10).await;
    let webhook = bench.webhook("acme").await;
    assert_eq!(bench.health(&webhook).await, health(WebhookHealthState::Healthy, None, 0, 0));
    bench.fail_at(&webhook, 10..14).await;
    assert_eq!(bench.health(&webhook).await, health(WebhookHealthState::Healthy, None, 4, 0));
    bench.fail_at(&webhook, 14..16).await;
    let waiting = bench.publish_to(&webhook).await;
    let failing = health(WebhookHealthState::Failing, Some(10), 6, 1);
    assert_eq!(bench.health(&webhook).await, failing);
    drop(waiting);
    bench = bench.restarted().await;
    bench.prove(&webhook);
    assert_eq!(bench.health(&webhook).await, failing, "a restart keeps the failures");
    for leased in bench.leased_at(20).await {
        bench.finish(&leased, Next::Succeeded).await;
    }
    assert_eq!(bench.health(&webhook).await, health(WebhookHealthState::Healthy, None, 0, 0));
}

#[tokio::test]
async fn a_pause_and_a_deactivation_come_before_the_failures() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook("acme").await;
    bench.fail_at(&webhook, 10..15).await;
    let account = PauseScope::Account(webhook.account.clone());
    for (time, scope) in (20..).zip([PauseScope::All, account, PauseScope::Webhook(webhook.id)]) {
        assert!(bench.store.pause_deliveries(scope.clone(), seconds(time), event()).await.expect("stored"));
        let waiting = bench.publish_to(&webhook).await;
        assert!(waiting.is_empty());
        let backlog = u32::try_from(time - 19).expect("a count");
        assert_eq!(bench.health(&webhook).await, health(WebhookHealthState::Paused, Some(time), 5, backlog), "{scope:?}");
        assert!(bench.store.resume_deliveries(scope, seconds(time), event()).await.expect("stored"));
    }
    bench.store.pause_deliveries(PauseScope::All, seconds(30), event()).await.expect("stored");
    bench.store.deactivate_webhook(webhook.account.clone(), webhook.id, seconds(40), event()).await.expect("stored");
    assert_eq!(bench.health(&webhook).await, health(WebhookHealthState::Deactivated, Some(40), 0, 0));
}

#[tokio::test]
async fn a_list_has_exactly_the_webhooks_in_a_state_and_the_counts_agree() {
    let bench = Bench::new(100, 10).await;
    let (mut expected, mut of_other) = ([const { Vec::new() }; 4], None);
    for round in 0..3 {
        for (kind, listed) in expected.iter_mut().enumerate() {
            let webhook = bench.webhook("acme").await;
            listed.insert(0, webhook.id);
            match kind {
                // A few failures do not matter.
                0 => bench.fail_at(&webhook, 1..2 + round).await,
                1 => bench.fail_at(&webhook, 1..6).await,
                2 => {
                    bench.fail_at(&webhook, 1..6).await;
                    bench.store.pause_deliveries(PauseScope::Webhook(webhook.id), seconds(9), event()).await.expect("stored");
                }
                _ => {
                    bench.fail_at(&webhook, 1..6).await;
                    bench.store.deactivate_webhook(webhook.account.clone(), webhook.id, seconds(9), event()).await.expect("stored");
                }
            }
        }
        let other = bench.webhook("other").await;
        bench.fail_at(&other, 1..6).await;
        of_other.get_or_insert(other);
    }
    let deleted = bench.webhook("acme").await;
    bench.fail_at(&deleted, 1..6).await;
    bench.store.delete_webhook(deleted.account.clone(), deleted.id, seconds(9), event()).await.expect("stored");
    let states = [WebhookHealthState::Healthy, WebhookHealthState::Failing, WebhookHealthState::Paused, WebhookHealthState::Deactivated];
    let (account, of_other) = (deleted.account, of_other.expect("registered").account);
    for (state, expected) in states.into_iter().zip(&expected) {
        assert_eq!(bench.in_state(Some(&account), state).await, *expected, "{state:?}");
        let all = bench.in_state(None, state).await;
        let others = if state == WebhookHealthState::Failing { 3 } else { 0 };
        assert_eq!(all.len(), 3 + others, "{state:?} of all accounts");
        assert!(all.windows(2).all(|pair| pair[0] > pair[1]), "{state:?}: the newest first");
    }
    assert_eq!((bench.counts_of(&account).await, bench.counts_of(&of_other).await), ((3, 3, 3, 3), (0, 3, 0, 0)));
    // A webhook has the state of its page only if both filters match.
    let filter = WebhookFilter { status: Some(WebhookStatus::Active), health: Some(WebhookHealthState::Deactivated), account: None };
    let none = bench.store.list_webhooks(filter, Page { after: None, limit: LIMIT }).await.expect("readable");
    assert!(none.items.is_empty() && none.next.is_none());
}

#[tokio::test]
async fn the_backlog_is_counted_up_to_a_thousand_deliveries_of_the_current_epoch() {
    let bench = Bench::new(100, 1).await;
    let webhook = bench.webhook("acme").await;
    let publish = async |count: usize| {
        let audience = || Audience::Webhook { id: webhook.id, account: None };
        futures_util::future::join_all((0..count).map(|_| bench.publish(audience(), None))).await;
    };
    publish(999).await;
    assert_eq!(bench.health(&webhook).await.backlog, 999);
    publish(2).await;
    assert_eq!(bench.health(&webhook).await.backlog, 1000);
    let account = &webhook.account;
    bench.store.deactivate_webhook(account.clone(), webhook.id, seconds(1), event()).await.expect("stored");
    assert_eq!(bench.health(&webhook).await.backlog, 0);
    bench.store.activate_webhook(account.clone(), webhook.id, None, seconds(2), event()).await.expect("stored");
    publish(3).await;
    assert_eq!(bench.health(&webhook).await.backlog, 3, "the old deliveries are cancelled");
}
