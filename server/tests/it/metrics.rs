//! Metrics. Also tests that the dashboard, the alerts and the table of metrics in the documentation match the metrics.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::process::Stdio;

use chrono::{TimeDelta, Utc};
use http::Method;
use promql_parser::parser::{self, Expr, VectorSelector};
use promql_parser::util::{ExprVisitor, walk_expr};
use serde_json::{Value, json};
use webhooks_server::model::PauseScope;
use webhooks_server_api::types::{Account, AuditEvent};

use crate::harness::{Api, Reply, SHORT_STATEMENT_TIMEOUT, Server, Setup, eventually, id_of};

mod alerts;

struct Scrape {
    text: String,
    /// The type of each metric family, by its name without the suffix of the type.
    types: BTreeMap<String, String>,
    samples: Vec<Sample>,
    /// The time of the server's clock, in seconds since 1970.
    time: f64,
}

#[derive(Debug)]
struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

impl Scrape {
    async fn fetch(server: &Server) -> Scrape {
        let response = server.admin_api().send(Method::GET, "/metrics", &[], "").await;
        assert_eq!(response.status, 200);
        assert_eq!(response.headers["content-type"], "application/openmetrics-text; version=1.0.0; charset=utf-8");
        let text = String::from_utf8(response.body.to_vec()).expect("UTF-8");
        assert!(text.ends_with("# EOF\n"), "{text}");
        let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
        let types = types.map(|(name, kind)| (name.to_owned(), kind.to_owned())).collect();
        let samples = text.lines().filter(|line| !line.starts_with('#')).map(Sample::parse).collect();
        Scrape { types, samples, text, time: server.now().timestamp() as f64 }
    }

    /// Returns the sum of the samples that a query such as `name{label="value"}` selects.
    fn sum(&self, query: &str) -> f64 {
        self.value(query).unwrap_or_else(|| panic!("no sample matches {query} in {}", self.text))
    }

    /// Like [`Scrape::sum`], but returns `None` if the query selects no sample.
    fn value(&self, query: &str) -> Option<f64> {
        let Ok(Expr::VectorSelector(selector)) = parser::parse(query) else { panic!("{query} is not a selector") };
        self.samples.iter().filter(|sample| sample.matches(&selector)).map(|sample| sample.value).reduce(|sum, value| sum + value)
    }
}

impl Sample {
    /// Parses a line. Its label values must not contain a comma, quote or brace.
    fn parse(line: &str) -> Sample {
        let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("not a sample: {line}"));
        let (name, labels) = series.trim_end_matches('}').split_once('{').unwrap_or((series, ""));
        let labels = labels.split(',').filter(|label| !label.is_empty()).map(|label| {
            let (name, value) = label.split_once('=').unwrap_or_else(|| panic!("not a label: {line}"));
            (name.to_owned(), value.trim_matches('"').to_owned())
        });
        Sample { name: name.to_owned(), labels: labels.collect(), value: value.parse().unwrap_or_else(|_| panic!("not a number: {line}")) }
    }

    /// Whether the selector selects this sample. Ignores `instance`, which Prometheus adds.
    fn matches(&self, selector: &VectorSelector) -> bool {
        let mut matchers = selector.matchers.matchers.iter().filter(|matcher| matcher.name != "instance");
        selector.name.as_deref() == Some(&self.name)
            && matchers.all(|matcher| self.labels.get(&matcher.name).is_some_and(|value| matcher.is_match(value)))
    }
}

/// Starts a server, and causes the events that tests count: an accepted and a rejected callback, an issued token, and a 503.
async fn start_busy_server() -> Server {
    let server = Setup::dev().manual_clock().flags(&SHORT_STATEMENT_TIMEOUT).start().await;
    let mut receiver = server.receiver().await;
    receiver.reply_to_next([Reply::Status(500)]);
    let endpoint = server.token_endpoint("client", "secret").await;
    let api = server.api();
    let auth = json!({ "type": "client_credential", "clientID": "client", "clientSecret": "secret", "tokenURL": endpoint.url() });
    api.register(&json!({ "targetURL": receiver.url(), "auth": auth })).await;
    let deactivated = api.register_url(&receiver.url()).await;
    api.deactivate(&deactivated).await;
    let notification = api.publish_type("a.b").await;
    receiver.next().await;
    api.after_attempts(&notification, 1).await;
    server.advance(TimeDelta::seconds(10));
    receiver.next().await;
    api.after_attempts(&notification, 2).await;
    let lock = server.database().lock().await;
    let refused = api.post("/notifications", &json!({ "type": "a.b", "data": {} })).await;
    assert_eq!(refused.status, 503);
    lock.release().await;
    eventually("the webhooks to be counted", async || {
        (Scrape::fetch(&server).await.value("webhooks_registered") > Some(0.0)).then_some(())
    })
    .await;
    server
}

#[tokio::test]
async fn a_client_that_asks_for_the_format_of_prometheus_gets_it() {
    if webhooks_postgres::skip_without(&["promtool"]) {
        return;
    }
    let server = Server::start().await;
    server.api().register_url("https://example.com").await;
    let accept = [("accept", "text/plain;version=0.0.4")];
    let response = server.admin_api().send(Method::GET, "/metrics", &accept, "").await;
    assert_eq!(response.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let mut check = webhooks_process::command("promtool");
    check.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut check = check.spawn().expect("promtool runs");
    check.stdin.take().expect("a pipe").write_all(&response.body).expect("promtool reads");
    let output = check.wait_with_output().expect("promtool ends");
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn the_metrics_count_what_happened() {
    let server = start_busy_server().await;
    let scrape = Scrape::fetch(&server).await;
    for (query, expected) in [
        ("webhooks_http_requests_total{operation=\"registerWebhook\",status=\"200\"}", 2.0),
        ("webhooks_http_requests_total{operation=\"publishNotification\",status=\"202\"}", 1.0),
        ("webhooks_http_requests_total{operation=\"publishNotification\",status=\"503\"}", 1.0),
        ("webhooks_publish_duration_seconds_count", 1.0),
        ("webhooks_attempts_total{outcome=\"accepted\"}", 1.0),
        ("webhooks_attempts_total{outcome=\"rejected\"}", 1.0),
        ("webhooks_attempts_total{outcome=\"timed_out\"}", 0.0),
        ("webhooks_callback_duration_seconds_count", 2.0),
        ("webhooks_delivery_lag_seconds_count{lane=\"fresh\"}", 1.0),
        ("webhooks_delivery_lag_seconds_sum{lane=\"fresh\"}", 0.0),
        ("webhooks_delivery_lag_seconds_count{lane=\"retry\"}", 1.0),
        ("webhooks_deliveries_ended_total{status=\"succeeded\"}", 1.0),
        ("webhooks_deliveries_ended_total{status=\"failed\"}", 0.0),
        ("webhooks_token_requests_total{result=\"issued\"}", 1.0),
        ("webhooks_attempts_in_flight", 0.0),
        ("webhooks_attempts_in_flight_limit", 1024.0),
        ("webhooks_deliveries_pending", 0.0),
        ("webhooks_oldest_due_age_seconds", 0.0),
        ("webhooks_registered{status=\"active\"}", 1.0),
        ("webhooks_registered{status=\"deactivated\"}", 1.0),
    ] {
        assert_eq!(scrape.sum(query), expected, "{query}");
    }
    let queue = async || (Scrape::fetch(&server).await.sum("webhooks_store_queue_commands") == 0.0).then_some(());
    eventually("the store's queue to be empty", queue).await;
    // The retry was due 5 to 6 s after the first attempt, but was made 10 s after the first attempt.
    let lag = scrape.sum("webhooks_delivery_lag_seconds_sum{lane=\"retry\"}");
    assert!((4.0..=5.0).contains(&lag), "{lag}");
    let (commits, commands) =
        (scrape.sum("webhooks_store_commit_duration_seconds_count"), scrape.sum("webhooks_store_commit_commands_sum"));
    // On PostgreSQL, only publications and outcomes are batched. The refused publication waited for the lock until the statement
    // timeout.
    let (min_commits, min_duration) = if server.database().is_embedded() { (5.0, 5.0) } else { (3.0, 1.0) };
    assert!(commits > min_commits && commands >= commits, "{commands} commands in {commits} commits");
    let write_duration = scrape.sum("webhooks_store_write_duration_seconds_sum{urgency=\"now\"}");
    assert!(write_duration >= min_duration, "{write_duration}");
    let (recorded_outcomes, reads) = (
        scrape.sum("webhooks_store_write_duration_seconds_count{urgency=\"soon\"}"),
        scrape.sum("webhooks_store_read_duration_seconds_count"),
    );
    assert!(recorded_outcomes >= 2.0 && reads >= 5.0, "{recorded_outcomes} recorded outcomes, {reads} reads");
}

#[tokio::test]
async fn pending_deliveries_and_attempts_in_flight_are_separate_metrics() {
    let server = Setup::dev().manual_clock().flags(&["--max-in-flight-per-webhook", "1"]).start().await;
    let mut receiver = server.receiver().await;
    receiver.always_reply(Reply::Hang);
    let api = server.api();
    api.register_url(&receiver.url()).await;
    for _ in 0..3 {
        api.publish_type("a.b").await;
    }
    receiver.next().await;
    server.advance(TimeDelta::seconds(60));
    let scrape = eventually("the deliveries to be counted", async || {
        let scrape = Scrape::fetch(&server).await;
        let counted = |query| scrape.value(query) > Some(0.0);
        (counted("webhooks_oldest_due_age_seconds") && counted("webhooks_deliveries_pending")).then_some(scrape)
    })
    .await;
    for (query, expected) in [
        ("webhooks_attempts_in_flight", 1.0),
        ("webhooks_deliveries_pending{lane=\"fresh\"}", 3.0),
        ("webhooks_deliveries_pending{lane=\"retry\"}", 0.0),
        ("webhooks_oldest_due_age_seconds{lane=\"fresh\"}", 60.0),
        ("webhooks_oldest_due_age_seconds{lane=\"retry\"}", 0.0),
    ] {
        assert_eq!(scrape.sum(query), expected, "{query}");
    }
}

/// Returns an event of the audit log, for tests that do not check the audit log.
fn pause_event() -> AuditEvent {
    AuditEvent::new("deliveries.paused", AuditEvent::OPERATOR, Utc::now())
}

#[tokio::test]
async fn pauses_are_counted_by_scope_and_paused_deliveries_are_not_late() {
    let flags = ["--max-in-flight-per-webhook", "1", "--attempt-timeout-seconds", "300"];
    let server = Setup::dev().manual_clock().flags(&flags).start().await;
    let mut receiver = server.receiver().await;
    receiver.always_reply(Reply::Hang);
    let api = server.api();
    let id = api.register_url(&receiver.url()).await;
    for _ in 0..2 {
        api.publish_type("a.b").await;
    }
    receiver.next().await;
    server.advance(TimeDelta::seconds(60));
    let store = server.database().store().await;
    let account = PauseScope::Account(Account::parse("default").expect("an account"));
    let webhook = PauseScope::Webhook(id.parse().expect("an identifier"));
    let wait_for_values = async |oldest: f64, pauses: [f64; 3]| {
        eventually(&format!("{oldest} s and the pauses {pauses:?}"), async || {
            let scrape = Scrape::fetch(&server).await;
            let found = ["all", "account", "webhook"].map(|scope| scrape.value(&format!("webhooks_pauses{{scope=\"{scope}\"}}")));
            let lag = scrape.value("webhooks_oldest_due_age_seconds{lane=\"fresh\"}");
            (lag == Some(oldest) && found == pauses.map(Some)).then_some(())
        })
        .await;
    };
    wait_for_values(60.0, [0.0, 0.0, 0.0]).await;
    for scope in [PauseScope::All, account] {
        assert!(store.pause_deliveries(scope, server.now(), &pause_event()).await.expect("stored"));
    }
    wait_for_values(0.0, [1.0, 1.0, 0.0]).await;
    assert!(store.pause_deliveries(webhook, server.now(), &pause_event()).await.expect("stored"));
    assert!(store.resume_deliveries(PauseScope::All, server.now(), &pause_event()).await.expect("stored"));
    wait_for_values(0.0, [0.0, 1.0, 1.0]).await;
}

#[tokio::test]
async fn the_storage_metrics_show_use_and_limits() {
    let server = Setup::dev().flags(&["--max-bytes", "50000000", "--min-free-bytes", "1000"]).start().await;
    let measured = async || {
        let scrape = Scrape::fetch(&server).await;
        (scrape.value("webhooks_storage_limit_bytes") == Some(50_000_000.0)).then_some(scrape)
    };
    let scrape = eventually("the storage to be measured", measured).await;
    let actual = server.database().bytes().await as f64;
    let used = scrape.sum("webhooks_storage_used_bytes");
    assert!(used > 50_000.0 && used <= actual, "{used} of {actual}");
    assert_eq!(scrape.sum("webhooks_storage_full"), 0.0);
    if !server.database().is_embedded() {
        // A server cannot measure PostgreSQL's disk.
        return;
    }
    assert_eq!(scrape.sum("webhooks_storage_disk_reserve_bytes"), 1000.0);
    assert!(scrape.sum("webhooks_storage_disk_free_bytes") > 1000.0);
}

#[tokio::test]
async fn the_ordered_lane_has_its_own_lag_and_counts_deliveries_behind_a_failing_head_as_due() {
    let server = Setup::dev().manual_clock().start().await;
    let mut receiver = server.receiver().await;
    receiver.always_reply(Reply::Status(500));
    let api = server.api();
    api.register(&json!({ "targetURL": receiver.url(), "ordered": true })).await;
    let head = api.publish_type("a.b").await;
    receiver.next().await;
    api.after_attempts(&head, 1).await;
    api.publish_type("a.b").await;
    server.advance(TimeDelta::seconds(10));
    receiver.next().await;
    api.after_attempts(&head, 2).await;
    server.advance(TimeDelta::seconds(5));
    let of_ordered = async || {
        let scrape = Scrape::fetch(&server).await;
        (scrape.value("webhooks_oldest_due_age_seconds{lane=\"ordered\"}") == Some(15.0)).then_some(scrape)
    };
    let scrape = eventually("the age of the ordered lane", of_ordered).await;
    for (query, expected) in [
        ("webhooks_delivery_lag_seconds_count{lane=\"ordered\"}", 2.0),
        ("webhooks_delivery_lag_seconds_count{lane=\"fresh\"}", 0.0),
        ("webhooks_delivery_lag_seconds_count{lane=\"retry\"}", 0.0),
        ("webhooks_deliveries_pending{lane=\"ordered\"}", 2.0),
        ("webhooks_oldest_due_age_seconds{lane=\"fresh\"}", 0.0),
    ] {
        assert_eq!(scrape.sum(query), expected, "{query}");
    }
}

#[tokio::test]
async fn no_label_identifies_a_user_of_the_service() {
    let server = start_busy_server().await;
    let api: Api = server.api_of("acme").await;
    let webhook = id_of(&api.register(&json!({ "targetURL": "https://example.com/secret-path" })).await);
    let scrape = Scrape::fetch(&server).await;
    let names: BTreeSet<&str> = scrape.samples.iter().flat_map(|sample| sample.labels.keys()).map(String::as_str).collect();
    assert_eq!(
        names,
        BTreeSet::from(["lane", "le", "listener", "operation", "outcome", "reason", "result", "scope", "status", "urgency", "version"])
    );
    for word in [webhook.as_str(), "acme", "default", "example.com", "127.0.0.1", "a.b"] {
        assert!(!scrape.text.contains(word), "{word} in {}", scrape.text);
    }
}

#[tokio::test]
async fn the_table_of_metrics_lists_each_metric_with_its_type_and_labels() {
    let scrape = Scrape::fetch(&start_busy_server().await).await;
    let table = include_str!("../../observability/metrics.md").lines().filter(|line| line.starts_with("| `"));
    let listed: BTreeSet<(String, String, String)> = table
        .map(|line| {
            let cells: Vec<String> = line.split('|').map(|cell| cell.trim().replace('`', "")).collect();
            (cells[1].clone(), cells[2].clone(), cells[3].clone())
        })
        .collect();
    let actual_metrics = scrape.types.iter().map(|(family, kind)| {
        let end = match kind.as_str() {
            "counter" => "_total",
            "info" => "_info",
            _ => "",
        };
        let of_family = |sample: &&Sample| sample.name == format!("{family}{end}") || sample.name == format!("{family}_bucket");
        let labels = scrape.samples.iter().filter(of_family).flat_map(|sample| sample.labels.keys());
        let labels: BTreeSet<&str> = labels.map(String::as_str).filter(|label| *label != "le").collect();
        (format!("{family}{end}"), kind.clone(), labels.into_iter().collect::<Vec<_>>().join(", "))
    });
    assert_eq!(actual_metrics.collect::<BTreeSet<_>>(), listed);
}

/// The selectors of an expression, and the labels that it groups by.
#[derive(Default)]
struct Selectors {
    vectors: Vec<VectorSelector>,
    labels: BTreeSet<String>,
}

impl ExprVisitor for Selectors {
    type Error = String;

    fn pre_visit(&mut self, expression: &Expr) -> Result<bool, String> {
        match expression {
            Expr::VectorSelector(selector) => self.vectors.push(selector.clone()),
            Expr::MatrixSelector(matrix) => self.vectors.push(matrix.vs.clone()),
            Expr::Aggregate(aggregate) => {
                self.labels.extend(aggregate.modifier.iter().flat_map(|modifier| modifier.labels().labels.clone()))
            }
            _ => {}
        }
        Ok(true)
    }
}

/// Checks that every selector in the expression matches a sample of the scrape. These samples must have all labels that
/// the expression and the legend use.
fn assert_matches_samples(scrape: &Scrape, expression: &str, legend: &str) {
    let parsed = parser::parse(expression).unwrap_or_else(|error| panic!("{expression}: {error}"));
    let mut selected = Selectors::default();
    walk_expr(&mut selected, &parsed).unwrap_or_else(|error| panic!("{expression}: {error}"));
    assert!(!selected.vectors.is_empty(), "{expression} has no selector");
    let shown = legend.split("{{").skip(1).filter_map(|rest| rest.split("}}").next()).map(|label| label.trim().to_owned());
    let labels: BTreeSet<String> = shown.chain(selected.labels).filter(|label| label != "instance").collect();
    for selector in &selected.vectors {
        let found: Vec<&Sample> = scrape.samples.iter().filter(|sample| sample.matches(selector)).collect();
        assert!(!found.is_empty(), "{expression}: no sample matches {selector}");
        for label in &labels {
            assert!(found.iter().all(|sample| sample.labels.contains_key(label)), "{expression}: {selector} has no label {label}");
        }
    }
}

#[tokio::test]
async fn every_query_of_the_dashboard_and_the_alerts_matches_samples() {
    let scrape = Scrape::fetch(&start_busy_server().await).await;
    let dashboard: Value = serde_json::from_str(include_str!("../../observability/dashboard.json")).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let targets: Vec<&Value> = panels.iter().flat_map(|panel| panel["targets"].as_array().into_iter().flatten()).collect();
    assert!(targets.len() > 20, "{}", targets.len());
    for target in targets {
        let expression = target["expr"].as_str().expect("an expression").replace("$__rate_interval", "5m");
        assert_matches_samples(&scrape, &expression, target["legendFormat"].as_str().unwrap_or_default());
    }
    let variable = dashboard.pointer("/templating/list/1/query/query").and_then(Value::as_str).expect("a query");
    let metric = variable.trim_start_matches("label_values(").split(',').next().expect("a metric");
    assert_matches_samples(&scrape, metric, "");

    for rule in rules() {
        assert_matches_samples(&scrape, &rule.expression, "");
    }
}

/// An alert rule with all required members.
struct Rule {
    name: String,
    expression: String,
}

fn rules() -> Vec<Rule> {
    let rules: Value = serde_saphyr::from_str(include_str!("../../observability/alerts.yaml")).expect("YAML");
    let rules = rules["groups"].as_array().into_iter().flatten().flat_map(|group| group["rules"].as_array().into_iter().flatten());
    let rules: Vec<Rule> = rules
        .map(|rule| {
            let text = |pointer| match rule.pointer(pointer).and_then(Value::as_str) {
                Some(text) if !text.is_empty() => text.to_owned(),
                _ => panic!("no {pointer} in {rule}"),
            };
            for pointer in ["/for", "/labels/severity", "/annotations/summary", "/annotations/description"] {
                text(pointer);
            }
            Rule { name: text("/alert"), expression: text("/expr") }
        })
        .collect();
    assert!(rules.len() > 5, "{}", rules.len());
    rules
}
