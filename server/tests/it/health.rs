//! The health of webhooks: its states, the filters of the lists, and the notification of a recovery.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{Api, Fleet, Receiver, Reply, Server, Setup, eventually, id_of};

/// Starts a server without retries and without a deactivation policy, and a webhook whose receiver responds with 500.
async fn start() -> (Server, Api, Receiver, String) {
    let server = Setup::dev().flags(&["--retry-schedule", "none", "--deactivate-after-days", "0"]).manual_clock().start().await;
    let (api, receiver) = (server.api(), server.receiver().await);
    receiver.always_reply(Reply::Status(500));
    let id = api.register_url(&receiver.url()).await;
    (server, api, receiver, id)
}

/// Publishes `count` notifications to a webhook at intervals of 30 s, the maximum pause between attempts of a failing webhook.
async fn attempt(server: &Server, api: &Api, webhook: &str, count: usize) {
    for _ in 0..count {
        server.advance(TimeDelta::seconds(30));
        let notification = api.publish(&json!({ "type": "a.b", "data": {}, "webhook": { "id": webhook } })).await;
        api.after_attempts(&notification, 1).await;
    }
}

async fn state(api: &Api, id: &str) -> String {
    api.health(id).await["state"].as_str().expect("a text").to_owned()
}

/// Returns the items of all pages of a list with a filter.
async fn pages(api: &Api, list: &str, state: &str, limit: usize) -> Vec<Value> {
    let (mut items, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = api.get(&format!("/{list}?health={state}&limit={limit}{cursor}")).await.expect(200);
        let data = page["data"].as_array().expect("a list");
        items.extend(data.iter().cloned());
        let Some(next) = page["cursor"].as_str() else { return items };
        assert_eq!(data.len(), limit, "a page with a cursor is full");
        cursor = format!("&cursor={next}");
    }
}

/// Returns the identifiers of the webhooks in a state.
async fn in_state(api: &Api, state: &str) -> Vec<String> {
    let listed = pages(api, "webhooks", state, 2).await;
    assert!(listed.iter().all(|webhook| webhook["health"]["state"] == state), "{listed:?}");
    listed.iter().map(id_of).collect()
}

#[tokio::test]
async fn a_webhook_is_failing_after_five_failures_in_a_row_until_it_accepts_a_callback() {
    let (mut server, api, receiver, id) = start().await;
    assert_eq!(api.health(&id).await, json!({ "state": "healthy", "consecutiveFailures": 0, "backlog": 0 }));
    let first_at = server.now() + TimeDelta::seconds(30);
    attempt(&server, &api, &id, 4).await;
    let health = api.health(&id).await;
    assert_eq!((&health["state"], &health["consecutiveFailures"], health.get("since")), (&json!("healthy"), &json!(4), None));
    attempt(&server, &api, &id, 2).await;
    let failing = api.health(&id).await;
    assert_eq!((&failing["state"], &failing["consecutiveFailures"]), (&json!("failing"), &json!(6)));
    assert_eq!(failing["since"], json!(first_at), "the end of the first failed attempt");
    let failure = json!({
        "at": server.now(), "outcome": "rejected", "statusCode": 500, "help": "/docs#outcome-rejected",
        "explanation": "The callback server responded with another status. Find the reason in its log, and respond with a 2xx status.",
    });
    assert_eq!((&failing["lastFailure"], failing.get("lastSuccessAt")), (&failure, None));
    assert_eq!(api.list("/webhooks").await[0]["health"], failing, "a list has the same");
    server.restart().await;
    assert_eq!(api.health(&id).await, failing, "a restart keeps the failures");
    let updated = api.update(&id, &json!({ "description": "new" })).await;
    assert_eq!(updated.get("health"), None, "only reads return the health");

    receiver.always_reply(Reply::Status(204));
    attempt(&server, &api, &id, 1).await;
    let health = api.health(&id).await;
    assert_eq!((&health["state"], &health["consecutiveFailures"], health.get("since")), (&json!("healthy"), &json!(0), None));
    assert_eq!((&health["lastSuccessAt"], &health["lastFailure"]), (&json!(server.now()), &failure));
    // A later version of the service may have stored an outcome that this version cannot explain.
    server.database().run("UPDATE statistics SET last_failure_outcome = 'later', last_failure_status_code = NULL").await;
    let unknown = json!({ "at": failure["at"], "outcome": "later" });
    assert_eq!(api.health(&id).await["lastFailure"], unknown);
}

#[tokio::test]
async fn each_scope_of_a_pause_and_a_deactivation_come_before_the_failures() {
    let (server, api, _receiver, id) = start().await;
    let platform = server.platform().await;
    attempt(&server, &api, &id, 5).await;
    let since = server.now();
    for scope in ["all".to_owned(), "account.default".to_owned(), format!("webhook.{id}")] {
        platform.post("/pauses", &json!({ "id": scope })).await.expect(200);
        let health = api.health(&id).await;
        assert_eq!((&health["state"], &health["since"], &health["consecutiveFailures"]), (&json!("paused"), &json!(since), &json!(5)));
        assert_eq!((in_state(&api, "paused").await, in_state(&api, "failing").await), (vec![id.clone()], vec![]), "{scope}");
        platform.delete(&format!("/pauses/{scope}")).await.expect(204);
        assert_eq!(state(&api, &id).await, "failing");
    }
    platform.post("/pauses", &json!({ "id": "all" })).await.expect(200);
    server.advance(TimeDelta::seconds(10));
    api.publish_type("a.b").await;
    assert_eq!(api.health(&id).await["backlog"], 1);
    api.deactivate(&id).await;
    let health = api.health(&id).await;
    assert_eq!((&health["state"], &health["since"], &health["backlog"]), (&json!("deactivated"), &json!(server.now()), &json!(0)));
    assert_eq!(health["consecutiveFailures"], 0);
    platform.delete("/pauses/all").await.expect(204);
    api.activate(&id).await;
    assert_eq!(state(&api, &id).await, "healthy", "an activation restarts the count");
}

#[tokio::test]
async fn the_lists_of_webhooks_and_accounts_have_a_filter_for_each_state() {
    let (server, api, receiver, first) = start().await;
    let (platform, acme) = (server.platform().await, server.api_of("acme").await);
    let (mut failing, mut healthy) = (vec![first], Vec::new());
    for _ in 0..2 {
        healthy.insert(0, api.register_url(&receiver.url()).await);
        failing.insert(0, api.register_url(&receiver.url()).await);
    }
    let deactivated = acme.register_url(&receiver.url()).await;
    acme.deactivate(&deactivated).await;
    for id in &failing {
        attempt(&server, &api, id, 5).await;
    }
    attempt(&server, &api, &healthy[0], 4).await;
    for reader in [&api, &platform] {
        assert_eq!(in_state(reader, "failing").await, failing);
        assert_eq!(in_state(reader, "healthy").await, healthy);
    }
    assert_eq!((in_state(&acme, "failing").await, in_state(&acme, "deactivated").await), (vec![], vec![deactivated.clone()]));
    let both = platform.get("/webhooks?health=failing&status=deactivated").await.expect(200);
    assert_eq!(both["data"], json!([]));
    assert_eq!(api.get("/webhooks?health=sick").await.problem(), (400, "invalid_request".to_owned()));

    let pause = format!("webhook.{}", healthy[0]);
    platform.post("/pauses", &json!({ "id": pause })).await.expect(200);
    let accounts = async |health: &str| {
        let listed = pages(&platform, "accounts", health, 1).await;
        listed.iter().map(|account| account["account"].as_str().expect("a name").to_owned()).collect::<Vec<_>>()
    };
    let expected = json!([
        { "account": "acme", "activeWebhookCount": 0, "deactivatedWebhookCount": 1, "pendingDeliveryCount": 0 },
        {
            "account": "default", "activeWebhookCount": 5, "failingWebhookCount": 3, "pausedWebhookCount": 1,
            "deactivatedWebhookCount": 0, "pendingDeliveryCount": 0,
        },
    ]);
    // A count that began earlier may still have a delivery in flight.
    let counted = async || (platform.get("/accounts").await.expect(200)["data"] == expected).then_some(());
    eventually("the counts", counted).await;
    for state in ["failing", "paused", "healthy"] {
        assert_eq!(accounts(state).await, ["default"], "{state}");
    }
    assert_eq!(accounts("deactivated").await, ["acme"]);
}

#[tokio::test]
async fn all_nodes_count_the_failures_of_a_webhook_together() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let mut fleet = Fleet::new().await;
    fleet.start_many(2, &["--retry-schedule", "none"]).await;
    let nodes = [0, 1].map(|node| fleet.api(node));
    let receiver = fleet.receiver().await;
    receiver.always_reply(Reply::Status(500));
    let id = nodes[0].register_url(&receiver.url()).await;
    for number in 0..5 {
        let node = &nodes[number % 2];
        node.after_attempts(&node.publish_type("a.b").await, 1).await;
    }
    let health: Vec<Value> = vec![nodes[0].health(&id).await, nodes[1].health(&id).await];
    assert_eq!((&health[0]["state"], &health[0]["consecutiveFailures"]), (&json!("failing"), &json!(5)));
    assert_eq!(health[0], health[1]);
    receiver.always_reply(Reply::Status(204));
    nodes[1].after_attempts(&nodes[1].publish_type("a.b").await, 1).await;
    for node in &nodes {
        assert_eq!(state(node, &id).await, "healthy");
    }
}
