//! A change on one node also takes effect on all other nodes. Every node refuses a revoked token at the latest 5 s
//! after the token was revoked. All other changes in these tests take effect at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::Semaphore;
use webhooks_server_api::Scope;

use super::{publish, sorted_ids};
use crate::harness::{Api, Fleet, Receiver, Reply, eventually};

const MAX_DELAY: Duration = Duration::from_secs(5);

/// Two nodes and a webhook. The second node has one delivery in flight and three waiting deliveries. The receiver
/// responds to the first callback once `gate` has a permit. `waiting` has the notification ids of the waiting deliveries.
struct Fixture {
    fleet: Fleet,
    changing: Api,
    other: Api,
    receiver: Receiver,
    gate: Arc<Semaphore>,
    webhook: String,
    waiting: Vec<String>,
}

impl Fixture {
    async fn start() -> Fixture {
        let mut fleet = Fleet::new().await;
        fleet.start_many(2, &[]).await;
        let [changing, other] = [0, 1].map(|node| fleet.api(node));
        let mut receiver = fleet.receiver().await;
        let gate = Arc::new(Semaphore::new(0));
        receiver.reply_to_next([Reply::OkWhenReleased(gate.clone())]);
        let webhook = changing.register_url(&receiver.url()).await;
        // A new webhook has at most one attempt in flight, so three of four deliveries wait.
        let waiting = publish(std::slice::from_ref(&other), 4).await.split_off(1);
        receiver.next().await;
        Fixture { fleet, changing, other, receiver, gate, webhook, waiting }
    }
}

#[tokio::test]
async fn a_changed_target_url_and_secret_apply_to_deliveries_that_another_node_has_leased() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let fixture = Fixture::start().await;
    let mut new = fixture.fleet.receiver().await;
    let update = json!({ "targetURL": new.url(), "auth": { "type": "basic", "username": "u", "password": "p" } });
    fixture.changing.update(&fixture.webhook, &update).await;
    let rotated = fixture.changing.rotate_signing_secret(&fixture.webhook, &json!({ "overlapSeconds": 0 })).await;
    let secret = rotated["secret"].as_str().expect("a secret").to_owned();
    let published_later = publish(std::slice::from_ref(&fixture.other), 1).await;
    fixture.gate.add_permits(1);
    let callbacks = new.next_callbacks(4).await;
    for callback in &callbacks {
        assert!(callback.is_signed_with(&secret));
        assert!(callback.header("authorization").starts_with("Basic "));
    }
    assert_eq!(sorted_ids(callbacks), [fixture.waiting.clone(), published_later].concat());
    assert_eq!(fixture.receiver.count(), 1, "the old target gets no more callbacks");
}

#[tokio::test]
async fn a_deactivated_or_deleted_webhook_gets_nothing_from_another_node() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    for delete in [false, true] {
        let mut fixture = Fixture::start().await;
        if delete {
            fixture.changing.delete_webhook(&fixture.webhook).await;
        } else {
            fixture.changing.deactivate(&fixture.webhook).await;
        }
        assert_eq!(fixture.other.publish_type("a.b").await["deliveryCount"], 0, "the change applies at once");
        fixture.gate.add_permits(1);
        let cancelled = async || {
            let cancelled = fixture.other.list("/deliveries?status=cancelled").await;
            (cancelled.len() == fixture.waiting.len()).then_some(())
        };
        eventually("the waiting deliveries to be cancelled", cancelled).await;
        assert!(fixture.receiver.take_arrived().is_empty());
    }
}

#[tokio::test]
async fn a_pause_applies_to_every_node_until_it_is_resumed() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let mut fixture = Fixture::start().await;
    let mut unpaused = fixture.fleet.receiver().await;
    fixture.fleet.command(&["delivery", "pause", "--webhook", &fixture.webhook]).await;
    fixture.changing.register_url(&unpaused.url()).await;
    let mut paused = fixture.waiting.clone();
    paused.extend(publish(&[fixture.changing.clone(), fixture.other.clone()], 6).await);
    unpaused.next_callbacks(6).await;
    fixture.gate.add_permits(1);
    let first_ended = async || {
        let pending = fixture.other.list(&format!("/deliveries?webhookID={}&status=pending", fixture.webhook)).await;
        (pending.len() == paused.len()).then_some(())
    };
    eventually("the attempt in flight to end", first_ended).await;
    assert!(fixture.receiver.take_arrived().is_empty());
    fixture.fleet.command(&["delivery", "resume", "--webhook", &fixture.webhook]).await;
    assert_eq!(sorted_ids(fixture.receiver.next_callbacks(paused.len()).await), paused);
}

#[tokio::test]
async fn a_revoked_token_is_refused_by_every_node_within_5_seconds() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let mut fleet = Fleet::new().await;
    fleet.start_many(2, &[]).await;
    let token = fleet.command(&["token", "create", "--account", "default", "--scope", Scope::WebhooksRead.as_str()]).await;
    let callers = [0, 1].map(|node| fleet.api_with(node, &token));
    for caller in &callers {
        caller.get("/webhooks").await.expect(200);
    }
    let list = fleet.command(&["token", "list"]).await;
    let line = list.lines().last().expect("tokens");
    let id = line.split_whitespace().next().expect("an identifier");
    fleet.command(&["token", "revoke", id]).await;
    let revoked_at = Instant::now();
    for caller in &callers {
        eventually("a refusal", async || (caller.get("/webhooks").await.status == 401).then_some(())).await;
    }
    assert!(revoked_at.elapsed() < MAX_DELAY, "{:?}", revoked_at.elapsed());
}

#[tokio::test]
async fn a_notification_deleted_on_one_node_is_not_delivered_by_another() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let mut fixture = Fixture::start().await;
    fixture.changing.delete_notification(&fixture.waiting[0]).await;
    fixture.gate.add_permits(1);
    assert_eq!(sorted_ids(fixture.receiver.next_callbacks(2).await), fixture.waiting[1..]);
    let deliveries = fixture.other.list(&format!("/deliveries?notificationID={}", fixture.waiting[0])).await;
    assert_eq!(deliveries[0]["status"], "cancelled");
}
