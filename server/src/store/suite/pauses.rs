//! Pauses of deliveries.

use super::*;

impl Bench {
    async fn pause(&self, scope: &PauseScope, time: i64) -> bool {
        self.store.pause_deliveries(scope.clone(), seconds(time), event()).await.expect("stored")
    }

    async fn resume(&self, scope: &PauseScope, time: i64) -> bool {
        self.store.resume_deliveries(scope.clone(), seconds(time), event()).await.expect("stored")
    }
}

#[tokio::test]
async fn paused_deliveries_do_not_begin_until_they_are_resumed() {
    let bench = Bench::new(100, 10).await;
    let (webhook, sibling) = (bench.webhook("acme").await, bench.webhook("acme").await);
    let stranger = bench.webhook("other").await;
    let account = PauseScope::Account(webhook.account.clone());
    for (scope, still_served) in
        [(PauseScope::All, vec![]), (account, vec![&stranger]), (PauseScope::Webhook(webhook.id), vec![&sibling, &stranger])]
    {
        let retried = bench.publish_to(&webhook).await.remove(0);
        let in_flight = bench.publish_to(&webhook).await.remove(0);
        bench.finish(&retried, Next::RetryAt(seconds(5))).await;
        assert!(bench.pause(&scope, 1).await);
        assert!(!bench.pause(&scope, 2).await, "the scope is paused already");
        assert_eq!(bench.store.list_pauses().await.expect("readable"), [Pause { scope: scope.clone(), since: seconds(1) }]);
        let mut served = Vec::new();
        for webhook in [&webhook, &sibling, &stranger] {
            for leased in bench.publish_to(webhook).await {
                bench.finish(&leased, Next::Succeeded).await;
                served.push(leased.destination.webhook_id);
            }
        }
        assert_eq!(served, still_served.iter().map(|webhook| webhook.id).collect::<Vec<_>>(), "{scope:?}");
        bench.finish(&in_flight, Next::RetryAt(seconds(7))).await;
        drop((retried, in_flight));
        assert!(bench.leased_at(10).await.is_empty());
        let idle = bench.lease(seconds(10)).await;
        assert_eq!((idle.next_due, bench.slots.next_check()), (None, None), "a round does not look for paused work again");
        assert!(bench.resume(&scope, 11).await);
        assert!(!bench.resume(&scope, 11).await, "the scope is no longer paused");
        let leased = bench.leased_at(11).await;
        assert_eq!(leased.len(), 2 + 3 - still_served.len(), "{scope:?}");
        let retries: Vec<u32> = leased.iter().filter(|leased| leased.lane == Lane::Retry).map(|leased| leased.attempt).collect();
        assert_eq!(retries, [2, 2], "a pause uses no attempt");
        for leased in &leased {
            bench.finish(leased, Next::Succeeded).await;
        }
    }
}

#[tokio::test]
async fn a_pause_survives_a_restart_and_is_independent_of_others() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook("acme").await;
    let (all, one) = (PauseScope::All, PauseScope::Webhook(webhook.id));
    bench.pause(&all, 1).await;
    bench.pause(&one, 2).await;
    assert!(bench.publish_to(&webhook).await.is_empty());
    let bench = bench.restarted().await;
    assert!(bench.leased_at(10).await.is_empty());
    assert!(bench.resume(&all, 10).await);
    assert!(bench.leased_at(10).await.is_empty(), "the webhook has its own pause");
    assert!(bench.resume(&one, 10).await);
    assert_eq!(bench.leased_at(10).await.len(), 1);
}

#[tokio::test]
async fn the_next_transaction_sees_a_pause_of_another_process() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook_with("acme", |webhook| webhook.ordered = true).await;
    let in_flight = bench.publish_to(&webhook).await.remove(0);
    bench.publish_to(&webhook).await;
    let command = bench.database.open("a command", StorageLimits::default()).await;
    assert!(command.pause_deliveries(PauseScope::All, T0, event()).await.expect("stored"));
    assert!(bench.finish(&in_flight, Next::Succeeded).await.next.is_none(), "the next ordered delivery does not begin either");
    drop(in_flight);
    assert!(bench.leased_at(1).await.is_empty());
    assert!(command.resume_deliveries(PauseScope::All, T0, event()).await.expect("stored"));
    assert_eq!(bench.leased_at(1).await.len(), 1);
}

#[tokio::test]
async fn deleting_a_webhook_removes_its_pause() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook("acme").await;
    bench.pause(&PauseScope::Webhook(webhook.id), 1).await;
    bench.store.delete_webhook(webhook.account.clone(), webhook.id, seconds(2), event()).await.expect("stored");
    assert!(bench.store.list_pauses().await.expect("readable").is_empty());
}

#[tokio::test]
async fn the_time_of_a_pause_does_not_count_towards_deactivation() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook("acme").await;
    let scopes = [PauseScope::All, PauseScope::Account(webhook.account.clone()), PauseScope::Webhook(webhook.id)];
    for time in [10, 11, 12] {
        assert_eq!(bench.attempt_at(&webhook, time, Next::Failed).await, None);
    }
    for scope in scopes {
        bench.pause(&scope, 20).await;
        bench.resume(&scope, 520).await;
    }
    // The end of the first pause moves the start of the failures from second 10 to second 510. The ends of the other
    // pauses move the start to second 520 at most.
    assert_eq!(bench.attempt_at(&webhook, 610, Next::Failed).await, None);
    let deactivated = bench.attempt_at(&webhook, 621, Next::Failed).await;
    assert!(deactivated.is_some_and(|deactivated| deactivated.revision == 2), "{deactivated:?}");
}
