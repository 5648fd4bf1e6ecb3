//! That an alert fires in the state that it speaks of, and in no other.
//!
//! What one scrape tells is evaluated as Prometheus would, but for how long it must last (`for`). Rates and quantiles need
//! scrapes over minutes: of these rules only what they select is held to be there. Nor is the store's queue filled here,
//! which takes thousands of commands at once.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use promql_parser::parser::{self, Expr};
use serde_json::json;
use webhooks_server::model::PauseScope;

use super::{Scrape, rules};
use crate::harness::{Reply, Server, Setup, eventually};

/// A value for each set of labels. All of a scrape is of one instance, so that `instance` is none of them.
type Vector = Vec<(BTreeMap<String, String>, f64)>;

/// `None` where one scrape does not tell.
fn evaluate(scrape: &Scrape, expression: &Expr) -> Option<Vector> {
    Some(match expression {
        Expr::Paren(paren) => evaluate(scrape, &paren.expr)?,
        Expr::VectorSelector(selector) => {
            let found = scrape.samples.iter().filter(|sample| sample.is_of(selector));
            found.map(|sample| (sample.labels.clone(), sample.value)).collect()
        }
        Expr::Aggregate(aggregate) if aggregate.op.to_string() == "max" => {
            let by = aggregate.modifier.as_ref().map(|modifier| modifier.labels().labels.as_slice());
            assert_eq!(by, Some(&["instance".to_owned()][..]), "{expression}");
            let values = evaluate(scrape, &aggregate.expr)?.into_iter().map(|(_, value)| value);
            values.reduce(f64::max).map(|most| (BTreeMap::new(), most)).into_iter().collect()
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

/// The alerts that this scrape begins, if it is as good as any other for that long.
fn firing(scrape: &Scrape) -> BTreeSet<String> {
    let evaluated = rules().into_iter().map(|rule| (rule.name, evaluate(scrape, &parser::parse(&rule.expression).expect("PromQL"))));
    evaluated.filter(|(_, found)| found.as_ref().is_some_and(|found| !found.is_empty())).map(|(name, _)| name).collect()
}

/// The disk of whoever runs the tests may be nearly full.
fn setup() -> Setup {
    Setup::dev().manual_clock().flags(&["--min-free-bytes", "0", "--attempt-timeout-seconds", "300"])
}

/// Waits until the server has counted what makes these fire, and those alone.
async fn fires(server: &Server, alerts: &[&str]) {
    let expected: BTreeSet<String> = alerts.iter().map(|alert| (*alert).to_owned()).collect();
    let counted = async || {
        let scrape = Scrape::of(server).await;
        (scrape.value("webhooks_registered").is_some() && firing(&scrape) == expected).then_some(())
    };
    eventually(&format!("{alerts:?}"), counted).await;
}

#[tokio::test]
async fn one_scrape_tells_of_all_alerts_but_those_of_rates() {
    let server = setup().start().await;
    let scrape = Scrape::of(&server).await;
    let untold = rules().into_iter().filter(|rule| evaluate(&scrape, &parser::parse(&rule.expression).expect("PromQL")).is_none());
    let expected = [
        "WebhooksRequestsFail",
        "WebhooksMostAttemptsFail",
        "WebhooksDeliveriesGivenUp",
        "WebhooksTokenServersRefuse",
        "WebhooksPublishSlow",
        "WebhooksDiskSlow",
        "WebhooksAttemptsNotMade",
        "WebhooksNodeTakenOver",
        "WebhooksNodeGivenUp",
    ];
    assert_eq!(untold.map(|rule| rule.name).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn a_server_that_is_well_fires_nothing_and_one_that_is_not_there_does() {
    let server = setup().start().await;
    let mut receiver = server.receiver().await;
    let api = server.api();
    api.register_url(&receiver.url()).await;
    let notification = api.publish_type("a.b").await;
    receiver.next().await;
    api.after_attempts(&notification, 1).await;
    fires(&server, &[]).await;
    let nothing = Scrape { text: String::new(), types: BTreeMap::new(), samples: Vec::new() };
    assert_eq!(firing(&nothing), BTreeSet::from(["WebhooksServerAbsent".to_owned()]));
}

#[tokio::test]
async fn a_full_storage_fires_and_its_refusals_are_counted() {
    // Of PostgreSQL's disk a server sees nothing.
    for (setup, nearly) in [
        (Setup::dev().flags(&["--max-bytes", "1", "--min-free-bytes", "0"]), "WebhooksStorageNearlyFull"),
        (Setup::dev().embedded().flags(&["--min-free-bytes", "9223372036854775807"]), "WebhooksDiskNearlyFull"),
    ] {
        let server = setup.start().await;
        assert_eq!(server.api().post("/notifications", &json!({ "type": "a.b", "data": {} })).await.status, 503);
        fires(&server, &["WebhooksStorageFull", nearly]).await;
        let refused = "webhooks_http_requests_total{operation=\"publishNotification\",status=\"503\"}";
        assert_eq!(Scrape::of(&server).await.sum(refused), 1.0);
    }
}

#[tokio::test]
async fn what_waits_for_its_first_attempt_fires_until_it_is_paused() {
    let server = setup().flags(&["--max-in-flight-per-webhook", "1"]).start().await;
    let mut receiver = server.receiver().await;
    receiver.always(Reply::Hang);
    let api = server.api();
    api.register_url(&receiver.url()).await;
    api.publish_type("a.b").await;
    receiver.next().await;
    api.publish_type("a.b").await;
    server.advance(TimeDelta::seconds(61));
    fires(&server, &["WebhooksFreshDeliveriesWait"]).await;
    assert!(server.database().store().await.pause_deliveries(PauseScope::All, server.now()).await.expect("stored"));
    fires(&server, &["WebhooksDeliveriesPaused"]).await;
}

#[tokio::test]
async fn a_retry_that_finds_no_room_fires() {
    let server = setup().flags(&["--max-in-flight-per-webhook", "1"]).start().await;
    let mut receiver = server.receiver().await;
    receiver.then([Reply::Status(500)]);
    receiver.always(Reply::Hang);
    let api = server.api();
    api.register_url(&receiver.url()).await;
    let retried = api.publish_type("a.b").await;
    receiver.next().await;
    api.after_attempts(&retried, 1).await;
    api.publish_type("a.b").await;
    receiver.next().await;
    server.advance(TimeDelta::seconds(910));
    fires(&server, &["WebhooksRetriesWait"]).await;
}

#[tokio::test]
async fn what_waits_behind_a_head_that_fails_fires() {
    let server = setup().start().await;
    let mut receiver = server.receiver().await;
    receiver.always(Reply::Status(500));
    let api = server.api();
    api.register(&json!({ "targetURL": receiver.url(), "ordered": true })).await;
    let head = api.publish_type("a.b").await;
    receiver.next().await;
    api.after_attempts(&head, 1).await;
    api.publish_type("a.b").await;
    server.advance(TimeDelta::seconds(3601));
    receiver.next().await;
    api.after_attempts(&head, 2).await;
    fires(&server, &["WebhooksOrderedDeliveriesWait"]).await;
}

#[tokio::test]
async fn attempts_at_their_limit_fire() {
    let server = setup().flags(&["--max-in-flight", "1"]).start().await;
    let mut receiver = server.receiver().await;
    receiver.always(Reply::Hang);
    let api = server.api();
    api.register_url(&receiver.url()).await;
    api.publish_type("a.b").await;
    receiver.next().await;
    fires(&server, &["WebhooksAttemptsAtLimit"]).await;
}
