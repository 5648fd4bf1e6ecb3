//! Statistics of attempts and deliveries.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::harness::{Api, Fleet, Process, Reply, Setup, eventually, id_of};

impl Api {
    async fn statistics(&self, query: &str) -> Value {
        self.get(&format!("/statistics?{query}")).await.expect(200)
    }

    /// Returns the total of the last 24 hours.
    async fn total(&self, query: &str) -> Value {
        self.statistics(query).await["total"].clone()
    }

    /// Publishes a notification and waits until its first attempt is recorded.
    async fn deliver(&self, event_type: &str) -> Value {
        let notification = self.publish_type(event_type).await;
        self.after_attempts(&notification, 1).await
    }
}

fn counts(statistics: &Value) -> (Value, Value) {
    (statistics["attempts"].clone(), statistics["deliveries"].clone())
}

fn expected(attempts: Value, succeeded: u64, failed: u64) -> (Value, Value) {
    (attempts, json!({ "succeeded": succeeded, "failed": failed }))
}

#[tokio::test]
async fn attempts_are_counted_by_outcome_for_a_webhook_an_account_and_the_platform() {
    let server = Setup::dev().manual_clock().flags(&["--retry-schedule", "1m"]).start().await;
    let (api, other, platform) = (server.api(), server.api_of("other").await, server.platform().await);
    let (receiver, second, third) = (server.receiver().await, server.receiver().await, server.receiver().await);
    let of_type = |url: String, event_type: &str| json!({ "targetURL": url, "eventTypes": [event_type] });
    let webhook = id_of(&api.register(&of_type(receiver.url(), "a.b")).await);
    let refusing = id_of(&api.register(&of_type(second.url(), "c.d")).await);
    other.register_url(&third.url()).await;
    receiver.reply_to_next([Reply::Status(500)]);
    second.always_reply(Reply::Status(503));

    let notification = api.publish_type("a.b").await;
    api.after_attempts(&notification, 1).await;
    api.deliver("c.d").await;
    other.deliver("a.b").await;
    let begun = server.now();
    server.advance(TimeDelta::minutes(10));
    api.after_attempts(&notification, 2).await;
    eventually("the last attempt", async || (api.list("/deliveries?status=failed").await.len() == 1).then_some(())).await;

    let of_webhook = expected(json!({ "accepted": 1, "rejected": 1 }), 1, 0);
    let of_refusing = expected(json!({ "unavailable": 2 }), 0, 1);
    let of_account = expected(json!({ "accepted": 1, "rejected": 1, "unavailable": 2 }), 1, 1);
    let of_all = expected(json!({ "accepted": 2, "rejected": 1, "unavailable": 2 }), 2, 1);
    for (api, query, expected) in [
        (&api, format!("webhookID={webhook}"), &of_webhook),
        (&api, format!("webhookID={refusing}"), &of_refusing),
        (&api, String::new(), &of_account),
        (&api, "account=default".to_owned(), &of_account),
        (&other, String::new(), &expected(json!({ "accepted": 1 }), 1, 0)),
        (&platform, String::new(), &of_all),
        (&platform, "account=default".to_owned(), &of_account),
        (&platform, format!("webhookID={webhook}&account=default"), &of_webhook),
        (&platform, "account=unknown".to_owned(), &expected(json!({}), 0, 0)),
    ] {
        assert_eq!(&counts(&api.total(&query).await), expected, "{query}");
    }

    // Each interval of the range is an item, and an item without attempts has no percentiles.
    let statistics = api.statistics(&format!("webhookID={webhook}&interval=5m")).await;
    let items = statistics["items"].as_array().expect("items");
    let time = |value: &Value| value.as_str().expect("a time").parse::<DateTime<Utc>>().expect("a time");
    let starts: Vec<DateTime<Utc>> = items.iter().map(|item| time(&item["start"])).collect();
    let (since, until) = (time(&statistics["since"]), time(&statistics["until"]));
    assert!(since <= server.now() - TimeDelta::hours(24) && until >= server.now());
    let all: Vec<DateTime<Utc>> = (0..).map(|number| since + TimeDelta::minutes(5) * number).take_while(|start| *start < until).collect();
    assert_eq!((&starts, &statistics["interval"]), (&all, &json!("5m")));
    let filled: Vec<&Value> = items.iter().filter(|item| item["attempts"] != json!({})).collect();
    assert_eq!(
        filled.iter().map(|item| counts(item)).collect::<Vec<_>>(),
        [expected(json!({ "rejected": 1 }), 0, 0), expected(json!({ "accepted": 1 }), 1, 0)]
    );
    assert!(time(&filled[0]["start"]) <= begun && begun - time(&filled[0]["start"]) < TimeDelta::minutes(5));
    assert_eq!((filled[0].get("latencyMs"), filled[0].get("durationMs").is_some()), (None, true));
    let empty = items.iter().find(|item| item["attempts"] == json!({})).expect("an empty interval");
    assert_eq!((empty.get("latencyMs"), empty.get("durationMs")), (None, None));
    // The clock was moved by ten minutes between the publication and the acceptance.
    let latency = filled[1]["latencyMs"]["p50"].as_f64().expect("a latency");
    assert!((600_000.0 * 0.955..700_000.0).contains(&latency), "{latency} ms");
}

#[tokio::test]
async fn percentiles_of_the_duration_agree_with_the_attempts() {
    let server = Setup::dev().start().await;
    let (api, receiver) = (server.api(), server.receiver().await);
    let webhook = api.register_url(&receiver.url()).await;
    let mut durations = Vec::new();
    for _ in 0..20 {
        let delivery = api.deliver("a.b").await;
        durations.push(delivery["lastAttempt"]["durationMs"].as_f64().expect("a duration"));
    }
    durations.sort_by(f64::total_cmp);
    // A test callback is not counted.
    api.test(&webhook).await;
    let total = api.total("").await;
    assert_eq!(counts(&total), expected(json!({ "accepted": 20 }), 20, 0));
    for (name, rank) in [("p50", 10), ("p95", 19), ("p99", 20)] {
        let (estimate, exact) = (total["durationMs"][name].as_f64().expect("a time"), durations[rank - 1].max(1.0));
        assert!((estimate - exact).abs() <= exact * 0.045 + 0.5, "{name}: {estimate} of {durations:?}");
        assert!(total["latencyMs"][name].as_f64() >= Some(1.0));
    }
}

#[tokio::test]
async fn a_killed_process_loses_no_count_and_counts_nothing_twice() {
    let mut process = Process::start(&[]).await;
    let (api, receiver) = (process.api(), process.receiver().await);
    api.register_url(&receiver.url()).await;
    for round in 1..=3_u64 {
        let mut published = Vec::new();
        for _ in 0..10 {
            published.push(api.publish_type("a.b").await);
        }
        // The process is killed while some attempts may still be unrecorded, but at least one is recorded.
        api.after_attempts(&published[0], 1).await;
        process.kill().await;
        process.start_again().await;
        let api = process.api();
        for notification in &published {
            api.after_attempts(notification, 1).await;
        }
        let recorded = process.database().count("attempts").await;
        let total = api.total("").await;
        assert_eq!(counts(&total), expected(json!({ "accepted": recorded }), recorded, 0), "round {round}");
        assert_eq!(recorded, 10 * round);
    }
}

#[tokio::test]
async fn the_counts_of_two_nodes_add_up() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let mut fleet = Fleet::new().await;
    fleet.start_many(2, &[]).await;
    let (apis, receiver) = ([fleet.api(0), fleet.api(1)], fleet.receiver().await);
    let webhook = apis[0].register_url(&receiver.url()).await;
    fleet.wait_for_heartbeats().await;
    for number in 0..20 {
        apis[number % 2].deliver("a.b").await;
    }
    for api in &apis {
        let total = api.total(&format!("webhookID={webhook}")).await;
        assert_eq!(counts(&total), expected(json!({ "accepted": 20 }), 20, 0));
    }
    let processes = fleet.sql("SELECT count(DISTINCT process) FROM statistics").await;
    assert_eq!(processes.trim(), "2", "both nodes have recorded outcomes");
}

#[tokio::test]
async fn old_statistics_keep_their_totals_by_the_hour_and_end_after_a_month() {
    let server = Setup::dev().manual_clock().start().await;
    let (api, receiver) = (server.api(), server.receiver().await);
    api.register_url(&receiver.url()).await;
    for _ in 0..6 {
        api.deliver("a.b").await;
        server.advance(TimeDelta::minutes(20));
    }
    let (since, until) = (server.now() - TimeDelta::hours(3), server.now() + TimeDelta::hours(1));
    let shown = |time: DateTime<Utc>| time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let range = format!("interval=1h&since={}&until={}", shown(since), shown(until));
    let before = api.statistics(&range).await;
    assert_eq!(counts(&before["total"]), expected(json!({ "accepted": 6 }), 6, 0));
    let rows = async || server.database().count("statistics").await;
    let detailed = rows().await;
    server.advance(TimeDelta::days(4));
    eventually("the rows to be merged", async || (rows().await < detailed).then_some(())).await;
    assert_eq!(api.statistics(&range).await, before);
    server.advance(TimeDelta::days(32));
    eventually("the rows to be removed", async || (rows().await == 0).then_some(())).await;
}

#[tokio::test]
async fn a_wrong_request_is_refused_with_what_to_do_instead() {
    let server = Setup::dev().start().await;
    let api = server.api();
    for (query, expected) in [
        ("since=2006-01-02T15:04:05Z", "since: statistics are kept for 30 days: send "),
        ("since=2106-01-02T15:04:05Z", "since: must be before `until`"),
        ("since=soon", "must be a time such as"),
        ("interval=2h", "5m"),
        ("interval=5m&since=DAYS_AGO", "interval: intervals of less than 1h are kept for 48 hours: send `interval=1h`, or a `since` of "),
        ("interval=1h&until=2106-01-02T15:04:05Z&since=DAYS_AGO", "but a response has at most 1000: send a longer interval"),
        ("account=other", "account"),
        ("webhookID=1", "webhookID"),
        ("webhook=1", "did you mean `webhookID`?"),
    ] {
        let days_ago = (Utc::now() - TimeDelta::days(3)).to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        let response = api.get(&format!("/statistics?{}", query.replace("DAYS_AGO", &days_ago))).await;
        assert_eq!(response.problem(), (400, "invalid_request".to_owned()), "{query}");
        let detail = response.json()["detail"].as_str().expect("a detail").to_owned();
        assert!(detail.contains(expected), "{query}: {detail}");
    }
}

#[tokio::test]
async fn a_foreign_or_deleted_webhook_is_not_found() {
    let server = Setup::dev().start().await;
    let (api, other, platform) = (server.api(), server.api_of("other").await, server.platform().await);
    let webhook = api.register_url("https://example.com").await;
    let path = format!("/statistics?webhookID={webhook}");
    api.get(&path).await.expect(200);
    let foreign = other.get(&path).await;
    assert_eq!(foreign.problem(), (404, "not_found".to_owned()));
    assert_eq!(platform.get(&format!("{path}&account=other")).await.problem(), foreign.problem());
    api.delete_webhook(&webhook).await;
    assert_eq!(api.get(&path).await.problem(), foreign.problem());
}
