//! Statistics that several processes write, and transactions that are not committed.

use super::*;
use crate::store::suite::statistics::{counts, ended};

#[tokio::test]
async fn the_counts_of_two_nodes_add_up() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one, other] = nodes().await;
    let webhook = one.proven_webhook(&other, |_| {}).await;
    for (node, outcome, next, time) in [
        (&one, "accepted", Next::Succeeded, 10),
        (&other, "accepted", Next::Succeeded, 11),
        (&one, "rejected", Next::Failed, 12),
        (&other, "timed_out", Next::Failed, 13),
        (&one, "accepted", Next::Succeeded, 14),
    ] {
        let leased = node.publish_to(&webhook).await.remove(0);
        node.end_with(&leased, outcome, next, time).await;
    }
    assert_eq!(one.database.rows("statistics"), 6, "each process has rows of its own");
    let expected = Some(counts(&[("accepted", 3), ("rejected", 1), ("timed_out", 1)], 3, 2, 3));
    for of in [StatisticsOf::Webhook(webhook.id), StatisticsOf::Account(&webhook.account), StatisticsOf::AllAccounts] {
        assert_eq!(other.first_hour(of).await, expected, "{of:?}");
    }
    let failed = Some(FailedAttempt { at: seconds(13), outcome: "timed_out".to_owned(), status_code: None });
    let latest = LatestAttempts { succeeded_at: Some(seconds(14)), failed };
    assert_eq!(one.store.latest_attempts(vec![webhook.id]).await.expect("readable"), [(webhook.id, latest)]);
}

#[tokio::test]
async fn a_success_after_a_takeover_is_counted_once_and_a_failure_is_not_counted() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one, other] = nodes().await;
    let webhook = one.proven_webhook(&other, |_| {}).await;
    let (late, lost) = (one.publish_to(&webhook).await.remove(0), one.publish_to(&webhook).await.remove(0));
    expire_node(&one.database, 0);
    other.keep_alive().await;
    for again in other.leased_at(20).await {
        other.end_with(&again, "rejected", Next::RetryAt(seconds(1000)), 30).await;
    }
    for _ in 0..2 {
        one.end_with(&late, "accepted", Next::Succeeded, 40).await;
        one.end_with(&lost, "timed_out", Next::Failed, 40).await;
    }
    assert_eq!(one.first_hour(StatisticsOf::AllAccounts).await, Some(counts(&[("accepted", 1), ("rejected", 2)], 1, 0, 1)));
}

#[tokio::test]
async fn a_transaction_that_is_not_committed_counts_nothing() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one] = nodes().await;
    let webhook = one.webhook("acme").await;
    let (first, second) = (one.publish_to(&webhook).await.remove(0), one.publish_to(&webhook).await.remove(0));
    one.end_with(&first, "accepted", Next::Succeeded, 5).await;
    one.database.ask(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$;
         CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON attempts DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()",
    );
    // The trigger runs at the commit. The rows are already written at that time.
    let refused = one.store.finish_attempt(ended(&second, "accepted", Next::Succeeded, 6), seconds(6), one.slots.clone()).await;
    assert!(refused.is_err());
    one.database.ask("DROP TRIGGER refuse ON attempts");
    one.end_with(&second, "accepted", Next::Succeeded, 7).await;
    assert_eq!(one.first_hour(StatisticsOf::AllAccounts).await, Some(counts(&[("accepted", 2)], 2, 0, 2)));
}

#[tokio::test]
async fn old_rows_of_several_processes_become_one_row() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [one, other] = nodes().await;
    let webhook = one.proven_webhook(&other, |_| {}).await;
    for (node, time) in [(&one, 10), (&other, 20), (&one, 400), (&other, 500)] {
        let leased = node.publish_to(&webhook).await.remove(0);
        node.end_with(&leased, "accepted", Next::Succeeded, time).await;
    }
    assert_eq!(one.database.rows("statistics"), 12);
    let later = seconds(5 * 24 * 60 * 60);
    // Both nodes try to merge at the same time.
    let remove_old = async |node: &Bench| while node.store.remove_old(later).await.expect("removed") {};
    tokio::join!(remove_old(&one), remove_old(&other));
    assert_eq!(one.database.rows("statistics"), 3);
    assert_eq!(one.first_hour(StatisticsOf::Webhook(webhook.id)).await, Some(counts(&[("accepted", 4)], 4, 0, 4)));
}
