//! Tests of the statistics of attempts.

use super::*;

const HOUR: i64 = 60 * 60;

/// What was counted: attempts by outcome, the deliveries that succeeded and failed, the number of latencies, and the number
/// of durations.
pub(in crate::store) type Counts = (Vec<(String, u64)>, u64, u64, u64, u64);

pub(in crate::store) fn counts(attempts: &[(&str, u64)], succeeded: u64, failed: u64, latencies: u64) -> Counts {
    let durations = attempts.iter().map(|(_, count)| count).sum();
    (attempts.iter().map(|(outcome, count)| ((*outcome).to_owned(), *count)).collect(), succeeded, failed, latencies, durations)
}

impl Bench {
    /// Returns the statistics of each interval of a range in seconds, in order.
    async fn statistics(&self, of: StatisticsOf<'_>, since: i64, until: i64, interval: i64) -> Vec<(DateTime<Utc>, Counts)> {
        let range = StatisticsRange { since: seconds(since), until: seconds(until), interval: TimeDelta::seconds(interval) };
        let by_interval = self.store.get_statistics(of, range).await.expect("readable");
        let counted = by_interval.into_iter().map(|(start, statistics)| {
            let attempts = statistics.attempts().map(|(outcome, count)| (outcome.to_owned(), count)).collect();
            let (latencies, durations) = (statistics.latency().count(), statistics.duration().count());
            (start, (attempts, statistics.succeeded(), statistics.failed(), latencies, durations))
        });
        counted.collect()
    }

    /// Returns the statistics of the first hour as one interval.
    pub(in crate::store) async fn first_hour(&self, of: StatisticsOf<'_>) -> Option<Counts> {
        self.statistics(of, 0, HOUR, HOUR).await.pop().map(|(_, counts)| counts)
    }

    /// Ends an attempt that took one second.
    pub(in crate::store) async fn end_with(&self, leased: &Leased, outcome: &str, next: Next, time: i64) {
        let finished = self.store.finish_attempt(ended(leased, outcome, next, time), seconds(time), self.slots.clone()).await;
        finished.expect("finished");
    }

    async fn latest(&self, webhooks: &[&Webhook]) -> Vec<(Uuid, LatestAttempts)> {
        let mut latest = self.store.latest_attempts(webhooks.iter().map(|webhook| webhook.id).collect()).await.expect("readable");
        latest.sort_by_key(|(id, _)| webhooks.iter().position(|webhook| webhook.id == *id));
        latest
    }
}

/// Returns an ended attempt that took one second.
pub(in crate::store) fn ended(leased: &Leased, outcome: &str, next: Next, time: i64) -> EndedAttempt {
    let attempt = Attempt {
        number: leased.attempt,
        started_at: seconds(time - 1),
        duration_ms: 1000,
        outcome: outcome.to_owned(),
        status_code: (outcome == "rejected").then_some(500),
        error: None,
        response_body: None,
        truncated: false,
        facts: AttemptFacts::default(),
        exchange: None,
    };
    let Leased { delivery_id, lane, lease, schedule_start, ref destination, .. } = *leased;
    let destination = destination.clone();
    EndedAttempt { delivery_id, lane, lease, schedule_start, destination, attempt, next, policy: None, hold_until: None }
}

fn failed(time: i64, outcome: &str, status_code: Option<u16>) -> Option<FailedAttempt> {
    Some(FailedAttempt { at: seconds(time), outcome: outcome.to_owned(), status_code })
}

#[tokio::test]
async fn attempts_are_counted_for_the_webhook_the_account_and_all_accounts() {
    let bench = Bench::new(100, 10).await;
    let (one, two, other) = (bench.webhook("acme").await, bench.webhook("acme").await, bench.webhook("other").await);
    let retried = bench.publish_to(&one).await.remove(0);
    bench.end_with(&retried, "rejected", Next::RetryAt(seconds(400)), 10).await;
    let again = bench.leased_at(400).await.remove(0);
    let (accepted, of_two, of_other) =
        (bench.publish_to(&one).await.remove(0), bench.publish_to(&two).await.remove(0), bench.publish_to(&other).await.remove(0));
    // Several outcomes are stored in one transaction.
    tokio::join!(
        bench.end_with(&again, "accepted", Next::Succeeded, 410),
        bench.end_with(&accepted, "accepted", Next::Succeeded, 20),
        bench.end_with(&of_two, "timed_out", Next::Failed, 30),
        bench.end_with(&of_other, "gone", Next::Gone, 40),
    );
    let account = |webhook: &Webhook| webhook.account.clone();
    for (of, expected) in [
        (StatisticsOf::Webhook(one.id), counts(&[("accepted", 2), ("rejected", 1)], 2, 0, 2)),
        (StatisticsOf::Webhook(two.id), counts(&[("timed_out", 1)], 0, 1, 0)),
        (StatisticsOf::Account(&account(&one)), counts(&[("accepted", 2), ("rejected", 1), ("timed_out", 1)], 2, 1, 2)),
        (StatisticsOf::Account(&account(&other)), counts(&[("gone", 1)], 0, 1, 0)),
        (StatisticsOf::AllAccounts, counts(&[("accepted", 2), ("gone", 1), ("rejected", 1), ("timed_out", 1)], 2, 2, 2)),
    ] {
        assert_eq!(bench.first_hour(of).await, Some(expected), "{of:?}");
    }
    assert_eq!(bench.first_hour(StatisticsOf::Webhook(Uuid::now_v7())).await, None);
    let in_intervals = bench.statistics(StatisticsOf::Webhook(one.id), 0, 600, 300).await;
    let expected = [(T0, counts(&[("accepted", 1), ("rejected", 1)], 1, 0, 1)), (seconds(300), counts(&[("accepted", 1)], 1, 0, 1))];
    assert_eq!(in_intervals, expected);
    assert_eq!(bench.statistics(StatisticsOf::Webhook(one.id), 300, 600, 300).await, expected[1..]);
    assert_eq!(bench.statistics(StatisticsOf::Webhook(one.id), 0, 300, 300).await, expected[..1]);
}

#[tokio::test]
async fn an_outcome_that_is_stored_twice_is_counted_once() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook("acme").await;
    let (accepted, rejected) = (bench.publish_to(&webhook).await.remove(0), bench.publish_to(&webhook).await.remove(0));
    for _ in 0..2 {
        bench.end_with(&accepted, "accepted", Next::Succeeded, 5).await;
        bench.end_with(&rejected, "rejected", Next::Failed, 5).await;
    }
    let expected = Some(counts(&[("accepted", 1), ("rejected", 1)], 1, 1, 1));
    assert_eq!(bench.first_hour(StatisticsOf::Webhook(webhook.id)).await, expected);
    assert_eq!(bench.first_hour(StatisticsOf::AllAccounts).await, expected);
}

#[tokio::test]
async fn counts_continue_after_a_restart() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook("acme").await;
    let (first, second) = (bench.publish_to(&webhook).await.remove(0), bench.publish_to(&webhook).await.remove(0));
    bench.end_with(&first, "accepted", Next::Succeeded, 5).await;
    drop((first, second));
    let bench = bench.restarted().await;
    let again = bench.leased_at(6).await.remove(0);
    bench.end_with(&again, "accepted", Next::Succeeded, 7).await;
    assert_eq!(bench.first_hour(StatisticsOf::Webhook(webhook.id)).await, Some(counts(&[("accepted", 2)], 2, 0, 2)));
}

#[tokio::test]
async fn the_latency_of_a_redelivery_is_not_counted() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook("acme").await;
    let leased = bench.publish_to(&webhook).await.remove(0);
    bench.end_with(&leased, "rejected", Next::Failed, 5).await;
    bench.store.redeliver(webhook.account.clone(), leased.delivery_id, seconds(6), event()).await.expect("stored");
    let again = bench.leased_at(7).await.remove(0);
    bench.end_with(&again, "accepted", Next::Succeeded, 8).await;
    assert_eq!(bench.first_hour(StatisticsOf::AllAccounts).await, Some(counts(&[("accepted", 1), ("rejected", 1)], 1, 1, 0)));
}

#[tokio::test]
async fn a_cancelled_delivery_counts_its_attempt_but_not_as_failed() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook("acme").await;
    let in_flight = bench.publish_to(&webhook).await.remove(0);
    bench.store.deactivate_webhook(webhook.account.clone(), webhook.id, seconds(1), event()).await.expect("stored").expect("found");
    while bench.store.tidy(seconds(2)).await.expect("tidied") {}
    bench.end_with(&in_flight, "rejected", Next::Failed, 3).await;
    assert_eq!(bench.first_hour(StatisticsOf::AllAccounts).await, Some(counts(&[("rejected", 1)], 0, 0, 0)));
}

#[tokio::test]
async fn a_late_outcome_is_counted_in_a_recent_interval() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook("acme").await;
    let leased = bench.publish_to(&webhook).await.remove(0);
    // The attempt ended at the start of the test, but the store was not available until now.
    let attempt = bench.attempt(1, Next::Succeeded);
    bench.end(&leased, attempt, Next::Succeeded, None, seconds(10 * HOUR)).await;
    let counted = bench.statistics(StatisticsOf::AllAccounts, 0, 12 * HOUR, 300).await;
    assert_eq!(counted, [(seconds(9 * HOUR), counts(&[("accepted", 1)], 1, 0, 1))]);
    assert_eq!(bench.latest(&[&webhook]).await, [(webhook.id, LatestAttempts { succeeded_at: Some(milliseconds(1)), failed: None })]);
}

#[tokio::test]
async fn the_latest_attempts_of_webhooks_are_found_across_intervals() {
    let bench = Bench::new(100, 10).await;
    let (mixed, quiet, failing) = (bench.webhook("acme").await, bench.webhook("acme").await, bench.webhook("acme").await);
    for (time, outcome, next) in [
        (10, "timed_out", Next::Failed),
        (20, "accepted", Next::Succeeded),
        (2 * HOUR, "rejected", Next::Failed),
        (3 * HOUR, "accepted", Next::Succeeded),
        (5 * HOUR, "timed_out", Next::Failed),
    ] {
        let leased = bench.publish_to(&mixed).await.remove(0);
        bench.end_with(&leased, outcome, next, time).await;
    }
    let leased = bench.publish_to(&failing).await.remove(0);
    bench.end_with(&leased, "rejected", Next::Failed, 15).await;
    let expected = [
        (mixed.id, LatestAttempts { succeeded_at: Some(seconds(3 * HOUR)), failed: failed(5 * HOUR, "timed_out", None) }),
        (failing.id, LatestAttempts { succeeded_at: None, failed: failed(15, "rejected", Some(500)) }),
    ];
    assert_eq!(bench.latest(&[&mixed, &quiet, &failing]).await, expected);
    assert!(bench.latest(&[]).await.is_empty());
}

#[tokio::test]
async fn damaged_statistics_are_an_error_and_do_not_stop_deliveries() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook("acme").await;
    let (first, second) = (bench.publish_to(&webhook).await.remove(0), bench.publish_to(&webhook).await.remove(0));
    bench.end_with(&first, "accepted", Next::Succeeded, 5).await;
    let damage = match &*bench.database {
        TestDatabase::File(_) => "UPDATE statistics SET value = x'01ff' RETURNING 1",
        TestDatabase::Database(_) => "UPDATE statistics SET value = '\\x01ff' RETURNING 1",
    };
    bench.database.ask(damage);
    drop((first, second));
    let range = StatisticsRange { since: T0, until: seconds(HOUR), interval: TimeDelta::hours(1) };
    assert!(matches!(bench.store.get_statistics(StatisticsOf::AllAccounts, range).await, Err(Error::Failed(_))));
    let bench = bench.restarted().await;
    let again = bench.leased_at(6).await.remove(0);
    bench.end_with(&again, "accepted", Next::Succeeded, 7).await;
    assert_eq!(bench.status(&again).await, DeliveryStatus::Succeeded);
    // On PostgreSQL, the damaged row belongs to the earlier process, and stays.
    if let TestDatabase::File(_) = &*bench.database {
        assert_eq!(bench.first_hour(StatisticsOf::AllAccounts).await, Some(counts(&[("accepted", 1)], 1, 0, 1)));
    }
}

/// Five days, in seconds.
const LATER: i64 = 5 * 24 * HOUR;

#[tokio::test]
async fn old_rows_are_merged_into_hours_with_equal_totals_and_removed_after_a_month() {
    let bench = Bench::new(100, 10).await;
    let (webhook, other) = (bench.webhook("acme").await, bench.webhook("other").await);
    // One attempt every ten minutes of three hours, and one attempt at the start of an hour that has no other attempt.
    for time in (0..18).map(|number| 600 * number + 60).chain([4 * HOUR + 1]) {
        let leased = bench.publish_to(if time % 1800 == 60 { &other } else { &webhook }).await.remove(0);
        let (outcome, next) = if time % 1200 == 60 { ("accepted", Next::Succeeded) } else { ("rejected", Next::Failed) };
        bench.end_with(&leased, outcome, next, time).await;
    }
    let subjects = [StatisticsOf::Webhook(webhook.id), StatisticsOf::Account(&other.account), StatisticsOf::AllAccounts];
    let state = async |since: i64| {
        let mut state = Vec::new();
        for of in subjects {
            state.push(bench.statistics(of, since, 6 * HOUR, HOUR).await);
        }
        (state, bench.latest(&[&webhook, &other]).await)
    };
    let before = state(0).await;
    assert_eq!((before.0[2].len(), bench.database.rows("statistics")), (4, 57));
    // Some rows are not old enough.
    let recent = LATER - 10 * HOUR;
    let leased = bench.publish_to(&webhook).await.remove(0);
    bench.end_with(&leased, "accepted", Next::Succeeded, recent + 600).await;
    let remove_old = async |now: i64| while bench.store.remove_old(seconds(now)).await.expect("removed") {};
    assert_eq!(bench.database.rows("statistics"), 60);
    remove_old(LATER).await;
    let merged = state(0).await;
    assert_eq!(merged.0, before.0);
    assert_eq!(merged.1[1], before.1[1]);
    // A row for each hour with attempts: of the webhook 4, of the other one 3, of their accounts, and of all accounts 4; and
    // three recent rows.
    assert_eq!(bench.database.rows("statistics"), 4 + 4 + 3 + 3 + 4 + 3);
    // A second round changes nothing.
    remove_old(LATER + 7 * HOUR).await;
    assert_eq!((state(0).await.0, bench.database.rows("statistics")), (before.0, 21));
    assert_eq!(
        bench.statistics(StatisticsOf::AllAccounts, recent, recent + 1200, 300).await,
        [(seconds(recent + 600), counts(&[("accepted", 1)], 1, 0, 1))]
    );

    let days = 24 * HOUR;
    remove_old(31 * days - 3 * HOUR).await;
    assert_eq!(bench.database.rows("statistics"), 21, "the longest interval is a day, so rows are kept for a day more");
    remove_old(31 * days + 5 * HOUR).await;
    assert_eq!(
        bench.database.rows("statistics"),
        3 + 3,
        "only the last hour of the webhook, its account and all accounts, and recent rows"
    );
    remove_old(40 * days).await;
    assert_eq!(bench.database.rows("statistics"), 0);
}

#[tokio::test]
async fn the_latest_success_stays_known_while_there_are_failures() {
    let bench = Bench::new(100, 10).await;
    let webhook = bench.webhook("acme").await;
    let day = 24 * HOUR;
    for (time, outcome, next) in
        [(10, "accepted", Next::Succeeded), (20 * day, "rejected", Next::Failed), (40 * day, "timed_out", Next::Failed)]
    {
        let leased = bench.publish_to(&webhook).await.remove(0);
        bench.end_with(&leased, outcome, next, time).await;
    }
    while bench.store.remove_old(seconds(45 * day)).await.expect("removed") {}
    let latest = LatestAttempts { succeeded_at: Some(seconds(10)), failed: failed(40 * day, "timed_out", None) };
    assert_eq!(bench.latest(&[&webhook]).await, [(webhook.id, latest)]);
    assert_eq!(bench.first_hour(StatisticsOf::Webhook(webhook.id)).await, None, "the row of the success is removed");
}
