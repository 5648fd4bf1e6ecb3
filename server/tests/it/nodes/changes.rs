//! What is changed on one node counts on every other, for what is published there at once, and for all else within 5 seconds.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::Semaphore;
use webhooks_server_api::Scope;

use super::{publish, sorted_ids};
use crate::harness::{Api, Fleet, Receiver, Reply, eventually};

const SOON: Duration = Duration::from_secs(5);

/// Two nodes, a receiver that holds what it gets, and a webhook of which the second node has one delivery in flight and three
/// in mind. Answers what those are of.
struct Scene {
    fleet: Fleet,
    changing: Api,
    other: Api,
    receiver: Receiver,
    gate: Arc<Semaphore>,
    webhook: String,
    waiting: Vec<String>,
}

impl Scene {
    async fn set() -> Scene {
        let mut fleet = Fleet::new().await;
        fleet.start_many(2, &[]).await;
        let [changing, other] = [0, 1].map(|node| fleet.api(node));
        let mut receiver = fleet.receiver().await;
        let gate = Arc::new(Semaphore::new(0));
        receiver.then([Reply::Gate(gate.clone())]);
        let webhook = changing.register_url(&receiver.url()).await;
        // A webhook that is new gets one at a time.
        let waiting = publish(std::slice::from_ref(&other), 4).await.split_off(1);
        receiver.next().await;
        Scene { fleet, changing, other, receiver, gate, webhook, waiting }
    }
}

#[tokio::test]
async fn a_changed_target_url_and_secret_count_for_what_another_node_has_in_mind() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let scene = Scene::set().await;
    let mut new = scene.fleet.receiver().await;
    let update = json!({ "targetURL": new.url(), "auth": { "type": "basic", "username": "u", "password": "p" } });
    scene.changing.update(&scene.webhook, &update).await;
    let rotated = scene.changing.rotate_signing_secret(&scene.webhook, &json!({ "overlapSeconds": 0 })).await;
    let secret = rotated["secret"].as_str().expect("a secret").to_owned();
    let published_later = publish(std::slice::from_ref(&scene.other), 1).await;
    scene.gate.add_permits(1);
    let callbacks = new.next_of(4).await;
    for callback in &callbacks {
        assert!(callback.is_signed_with(&secret));
        assert!(callback.header("authorization").starts_with("Basic "));
    }
    assert_eq!(sorted_ids(callbacks), [scene.waiting.clone(), published_later].concat());
    assert_eq!(scene.receiver.count(), 1, "the old target gets nothing more");
}

#[tokio::test]
async fn a_webhook_that_is_deactivated_or_deleted_gets_nothing_from_another_node() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    for delete in [false, true] {
        let mut scene = Scene::set().await;
        if delete {
            scene.changing.delete_webhook(&scene.webhook).await;
        } else {
            scene.changing.deactivate(&scene.webhook).await;
        }
        assert_eq!(scene.other.publish_type("a.b").await["deliveryCount"], 0, "at once");
        scene.gate.add_permits(1);
        let cancelled = async || {
            let cancelled = scene.other.list("/deliveries?status=cancelled").await;
            (cancelled.len() == scene.waiting.len()).then_some(())
        };
        eventually("what was waiting to be cancelled", cancelled).await;
        assert!(scene.receiver.arrived().is_empty());
    }
}

#[tokio::test]
async fn a_pause_of_one_command_holds_for_every_node_until_it_is_resumed() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let mut scene = Scene::set().await;
    let mut unpaused = scene.fleet.receiver().await;
    scene.fleet.command(&["delivery", "pause", "--webhook", &scene.webhook]).await;
    scene.changing.register_url(&unpaused.url()).await;
    let mut held = scene.waiting.clone();
    held.extend(publish(&[scene.changing.clone(), scene.other.clone()], 6).await);
    unpaused.next_of(6).await;
    scene.gate.add_permits(1);
    let first_ended = async || {
        let pending = scene.other.list(&format!("/deliveries?webhookID={}&status=pending", scene.webhook)).await;
        (pending.len() == held.len()).then_some(())
    };
    eventually("what was in flight to end", first_ended).await;
    assert!(scene.receiver.arrived().is_empty());
    scene.fleet.command(&["delivery", "resume", "--webhook", &scene.webhook]).await;
    assert_eq!(sorted_ids(scene.receiver.next_of(held.len()).await), held);
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
    assert!(revoked_at.elapsed() < SOON, "{:?}", revoked_at.elapsed());
}

#[tokio::test]
async fn a_notification_that_is_deleted_on_one_node_is_not_begun_by_another() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let mut scene = Scene::set().await;
    scene.changing.delete_notification(&scene.waiting[0]).await;
    scene.gate.add_permits(1);
    assert_eq!(sorted_ids(scene.receiver.next_of(2).await), scene.waiting[1..]);
    let deliveries = scene.other.list(&format!("/deliveries?notificationID={}", scene.waiting[0])).await;
    assert_eq!(deliveries[0]["status"], "cancelled");
}
