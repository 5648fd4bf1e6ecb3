//! Each node gives the same reason why a delivery waits, if the reason is stored. Otherwise its reason is less exact, but true.

use serde_json::{Value, json};

use crate::delivery::with_headers;
use crate::harness::{Api, Fleet, Reply, eventually, id_of};
use crate::waiting::waits;

/// Registers a webhook for one event type, and publishes `count` notifications of the type.
async fn publish_to(api: &Api, registration: &Value, count: usize) -> Vec<Value> {
    api.register(registration).await;
    let mut published = Vec::new();
    for _ in 0..count {
        published.push(api.publish_type(registration["eventTypes"][0].as_str().expect("a type")).await);
    }
    published
}

#[tokio::test]
async fn all_nodes_give_the_same_stored_reasons() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let mut fleet = Fleet::new().await;
    fleet.start_many(2, &["--retry-schedule", "1h"]).await;
    let [api, other] = [0, 1].map(|node| fleet.api(node));
    let [failing, holding, paused] = [fleet.receiver().await, fleet.receiver().await, fleet.receiver().await];
    failing.always_reply(Reply::Status(500));
    holding.always_reply(with_headers(503, &[("retry-after", "7200")]));
    let in_order = publish_to(&api, &json!({ "targetURL": failing.url(), "eventTypes": ["a.order"], "ordered": true }), 2).await;
    let held = publish_to(&api, &json!({ "targetURL": holding.url(), "eventTypes": ["a.hold"] }), 1).await;
    let webhook = id_of(&api.register(&json!({ "targetURL": paused.url(), "eventTypes": ["a.pause"] })).await);
    fleet.command(&["delivery", "pause", "--webhook", &webhook]).await;
    let paused = api.publish_type("a.pause").await;
    for notification in [&in_order[0], &held[0]] {
        api.after_attempts(notification, 1).await;
    }
    for (notification, reason) in
        [(&in_order[0], "retry"), (&in_order[1], "preceding_delivery"), (&held[0], "retry_after"), (&paused, "pause")]
    {
        let waits_here = waits(&api, notification).await;
        assert_eq!((waits_here[0]["reason"].as_str(), &waits_here), (Some(reason), &waits(&other, notification).await));
    }
}

#[tokio::test]
async fn a_node_that_does_not_know_a_limit_of_another_node_says_that_the_attempt_is_due() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let mut fleet = Fleet::new().await;
    fleet.start(&["--roles", "api"]).await;
    let api = fleet.api(0);
    let mut receiver = fleet.receiver().await;
    receiver.always_reply(Reply::Hang);
    api.register_url(&receiver.url()).await;
    let first = api.publish_type("a.b").await;
    let second = api.publish_type("a.b").await;
    for notification in [&first, &second] {
        let waiting = waits(&api, notification).await;
        assert_eq!((&waiting[0]["reason"], &waiting[0]["since"]), (&json!("first_attempt"), &notification["createdAt"]));
    }
    fleet.start(&[]).await;
    let delivering = fleet.api(1);
    receiver.next().await;
    // Both nodes know that the first attempt is in progress. Only the node that delivers knows why the second one waits.
    let waiting = async || {
        let waiting = waits(&delivering, &second).await;
        (waiting[0]["reason"] == "capacity").then_some(waiting)
    };
    eventually("the limit of the webhook", waiting).await;
    for node in [&api, &delivering] {
        assert_eq!(waits(node, &first).await, [Value::Null]);
    }
    assert_eq!(waits(&api, &second).await[0]["reason"], "first_attempt");
}
