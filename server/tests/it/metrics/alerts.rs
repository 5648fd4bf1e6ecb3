//! Each alert fires in the state that it describes, and in no other state.
//!
//! The tests evaluate the rules on one scrape. They ignore the duration of a rule (`for`). Rules with rates or quantiles need
//! several scrapes: for these rules, `metrics.rs` only checks that the samples exist. No test triggers the alert for the store's
//! queue, because it needs thousands of concurrent commands.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use promql_parser::parser::{self, Expr};
use serde_json::json;
use webhooks_server::model::PauseScope;
use webhooks_server_api::types::AuditEvent;

use super::{Scrape, pause_event, rules};
use crate::harness::{Reply, Server, Setup, eventually};

/// The result of an expression: a value for each set of labels. It has no label `instance`, because a scrape has only one instance.
type Vector = Vec<(BTreeMap<String, String>, f64)>;

/// Evaluates an expression. Returns `None` if it needs more than one scrape.
fn evaluate(scrape: &Scrape, expression: &Expr) -> Option<Vector> {
    Some(match expression {
        Expr::Paren(paren) => evaluate(scrape, &paren.expr)?,
        Expr::VectorSelector(selector) => {
            let found = scrape.samples.iter().filter(|sample| sample.matches(selector));
            found.map(|sample| (sample.labels.clone(), sample.value)).collect()
        }
        Expr::Aggregate(aggregate) if ["max", "min"].contains(&aggregate.op.to_string().as_str()) => {
            let by = aggregate.modifier.as_ref().map(|modifier| modifier.labels().labels.as_slice());
            assert_eq!(by, Some(&["instance".to_owned()][..]), "{expression}");
            let values = evaluate(scrape, &aggregate.expr)?.into_iter().map(|(_, value)| value);
            let aggregated = if aggregate.op.to_string() == "max" { values.reduce(f64::max) } else { values.reduce(f64::min) };
            aggregated.map(|value| (BTreeMap::new(), value)).into_iter().collect()
        }
        Expr::Call(call) if call.func.name == "absent" => {
            if evaluate(scrape, &call.args.args[0])?.is_empty() {
                vec![(BTreeMap::new(), 1.0)]
            } else {
                Vec::new()
            }
        }
        Expr::Binary(binary) => {
            let left = evaluate(scrape, &binary.lhs)?.into_iter();
            match (binary.op.to_string().as_str(), &*binary.rhs) {
                (">", Expr::NumberLiteral(limit)) => left.filter(|(_, value)| *value > limit.val).collect(),
                ("<", Expr::NumberLiteral(limit)) => left.filter(|(_, value)| *value < limit.val).collect(),
                ("-", Expr::Call(call)) if call.func.name == "time" => left.map(|(labels, value)| (labels, value - scrape.time)).collect(),
                ("/", divisor) => {
                    let divisor: BTreeMap<_, _> = evaluate(scrape, divisor)?.into_iter().collect();
                    let divided = left.map(|(labels, value)| divisor.get(&labels).map(|by| (labels.clone(), value / by)));
                    divided.flatten().collect()
                }
                _ => return None,
            }
        }
        _ => return None,
    })
}

/// Returns the alerts that this scrape triggers. Ignores `for`, the duration of a rule.
fn firing_alerts(scrape: &Scrape) -> BTreeSet<String> {
    let evaluated = rules().into_iter().map(|rule| (rule.name, evaluate(scrape, &parser::parse(&rule.expression).expect("PromQL"))));
    evaluated.filter(|(_, found)| found.as_ref().is_some_and(|found| !found.is_empty())).map(|(name, _)| name).collect()
}

/// Returns a setup without a minimum of free disk space, because the disk may be nearly full where the tests run.
fn setup() -> Setup {
    Setup::dev().manual_clock().flags(&["--min-free-bytes", "0", "--attempt-timeout-seconds", "300"])
}

/// Waits until exactly these alerts fire.
async fn wait_for_alerts(server: &Server, alerts: &[&str]) {
    let expected: BTreeSet<String> = alerts.iter().map(|alert| (*alert).to_owned()).collect();
    let counted = async || {
        let scrape = Scrape::fetch(server).await;
        (scrape.value("webhooks_registered").is_some() && firing_alerts(&scrape) == expected).then_some(())
    };
    eventually(&format!("{alerts:?}"), counted).await;
}

#[tokio::test]
async fn one_scrape_is_enough_for_all_alerts_except_rates() {
    let server = setup().start().await;
    let scrape = Scrape::fetch(&server).await;
    let not_evaluated = rules().into_iter().filter(|rule| evaluate(&scrape, &parser::parse(&rule.expression).expect("PromQL")).is_none());
    let expected = [
        "WebhooksRequestsFail",
        "WebhooksMostAttemptsFail",
        "WebhooksDeliveriesGivenUp",
        "WebhooksDeliveriesAborted",
        "WebhooksTokenServersRefuse",
        "WebhooksPublishSlow",
        "WebhooksDiskSlow",
        "WebhooksAttemptsNotMade",
        "WebhooksNodeTakenOver",
        "WebhooksNodeGivenUp",
        "WebhooksDeactivated",
    ];
    assert_eq!(not_evaluated.map(|rule| rule.name).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn a_healthy_server_fires_no_alert_and_an_absent_one_does() {
    let server = setup().start().await;
    let mut receiver = server.receiver().await;
    let api = server.api();
    api.register_url(&receiver.url()).await;
    let notification = api.publish_type("a.b").await;
    receiver.next().await;
    api.after_attempts(&notification, 1).await;
    wait_for_alerts(&server, &[]).await;
    let nothing = Scrape { text: String::new(), types: BTreeMap::new(), samples: Vec::new(), time: 0.0 };
    assert_eq!(firing_alerts(&nothing), BTreeSet::from(["WebhooksServerAbsent".to_owned()]));
}

#[tokio::test]
async fn a_full_storage_fires_alerts_and_refusals_are_counted() {
    // A server cannot measure PostgreSQL's disk, so the second server uses the embedded store.
    for (setup, nearly_full_alert) in [
        (Setup::dev().flags(&["--max-bytes", "1", "--min-free-bytes", "0"]), "WebhooksStorageNearlyFull"),
        (Setup::dev().embedded().flags(&["--min-free-bytes", "9223372036854775807"]), "WebhooksDiskNearlyFull"),
    ] {
        let server = setup.start().await;
        assert_eq!(server.api().post("/notifications", &json!({ "type": "a.b", "data": {} })).await.status, 503);
        wait_for_alerts(&server, &["WebhooksStorageFull", nearly_full_alert]).await;
        let refused = "webhooks_http_requests_total{operation=\"publishNotification\",status=\"503\"}";
        assert_eq!(Scrape::fetch(&server).await.sum(refused), 1.0);
    }
}

#[tokio::test]
async fn late_first_attempts_fire_an_alert_until_deliveries_are_paused() {
    let server = setup().flags(&["--max-in-flight-per-webhook", "1"]).start().await;
    let mut receiver = server.receiver().await;
    receiver.always_reply(Reply::Hang);
    let api = server.api();
    api.register_url(&receiver.url()).await;
    api.publish_type("a.b").await;
    receiver.next().await;
    api.publish_type("a.b").await;
    server.advance(TimeDelta::seconds(61));
    wait_for_alerts(&server, &["WebhooksFreshDeliveriesWait"]).await;
    assert!(server.database().store().await.pause_deliveries(PauseScope::All, server.now(), &pause_event()).await.expect("stored"));
    wait_for_alerts(&server, &["WebhooksDeliveriesPaused"]).await;
}

#[tokio::test]
async fn a_late_retry_fires_an_alert() {
    let server = setup().flags(&["--max-in-flight-per-webhook", "1"]).start().await;
    let mut receiver = server.receiver().await;
    receiver.reply_to_next([Reply::Status(500)]);
    receiver.always_reply(Reply::Hang);
    let api = server.api();
    api.register_url(&receiver.url()).await;
    let retried = api.publish_type("a.b").await;
    receiver.next().await;
    api.after_attempts(&retried, 1).await;
    api.publish_type("a.b").await;
    receiver.next().await;
    server.advance(TimeDelta::seconds(910));
    wait_for_alerts(&server, &["WebhooksRetriesWait"]).await;
}

#[tokio::test]
async fn deliveries_behind_a_failing_head_fire_an_alert() {
    let server = setup().start().await;
    let mut receiver = server.receiver().await;
    receiver.always_reply(Reply::Status(500));
    let api = server.api();
    api.register(&json!({ "targetURL": receiver.url(), "ordered": true })).await;
    let head = api.publish_type("a.b").await;
    receiver.next().await;
    api.after_attempts(&head, 1).await;
    api.publish_type("a.b").await;
    server.advance(TimeDelta::seconds(3601));
    receiver.next().await;
    api.after_attempts(&head, 2).await;
    wait_for_alerts(&server, &["WebhooksOrderedDeliveriesWait"]).await;
}

#[tokio::test]
async fn an_access_token_that_expires_soon_fires_an_alert_until_it_is_revoked() {
    let server = setup().start().await;
    let expires_at = server.now() + TimeDelta::days(15);
    server.named_token("ends", Some("acme"), &[], Some(expires_at)).await;
    server.advance(TimeDelta::hours(23));
    let next_expiry = async |expected: i64| {
        let scraped = async || (Scrape::fetch(&server).await.sum(NEXT_EXPIRY) == expected as f64).then_some(());
        eventually("the expiry of the token", scraped).await;
    };
    next_expiry(expires_at.timestamp()).await;
    wait_for_alerts(&server, &[]).await;
    server.advance(TimeDelta::hours(2));
    wait_for_alerts(&server, &["WebhooksAccessTokenExpires"]).await;
    let store = server.database().store().await;
    let tokens = store.list_tokens().await.expect("readable");
    let token = tokens.iter().find(|token| token.name == "ends").expect("the token");
    let event = AuditEvent::new("token.revoked", AuditEvent::OPERATOR, server.now());
    assert!(store.revoke_token(token.id, server.now(), &event).await.expect("stored"));
    server.advance(TimeDelta::hours(1));
    wait_for_alerts(&server, &[]).await;
}

const NEXT_EXPIRY: &str = "webhooks_access_token_next_expiry_timestamp_seconds";

#[tokio::test]
async fn attempts_at_their_limit_fire_an_alert() {
    let server = setup().flags(&["--max-in-flight", "1"]).start().await;
    let mut receiver = server.receiver().await;
    receiver.always_reply(Reply::Hang);
    let api = server.api();
    api.register_url(&receiver.url()).await;
    api.publish_type("a.b").await;
    receiver.next().await;
    wait_for_alerts(&server, &["WebhooksAttemptsAtLimit"]).await;
}
