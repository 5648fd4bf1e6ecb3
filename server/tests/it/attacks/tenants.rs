//! Accounts: what one account can see, change and send of another account.

use http::Method;
use serde_json::json;
use webhooks_server_api::Scope;

use super::world::World;
use crate::harness::{Api, Receiver, id_of};

/// Objects of the attacked account. Every text in them contains `marker`.
struct Victim {
    webhook: String,
    notification: String,
    delivery: String,
}

const MARKER: &str = "data-of-the-victim";
const PASSWORD: &str = "password-of-the-victim";

impl Victim {
    /// Creates a webhook with a password, and a delivery that has succeeded.
    async fn create(api: &Api, receiver: &mut Receiver) -> Victim {
        let auth = json!({ "type": "basic", "username": MARKER, "password": PASSWORD });
        let registration = json!({ "targetURL": receiver.url(), "auth": auth, "description": MARKER });
        let webhook = id_of(&api.register(&registration).await);
        let notification = api.publish(&json!({ "type": "a.b", "data": { "text": MARKER } })).await;
        let delivery = id_of(&api.after_attempts(&notification, 1).await);
        receiver.next().await;
        Victim { webhook, notification: id_of(&notification), delivery }
    }
}

/// Sends a request, and checks that the response is a 404 without data of the victim.
async fn expect_not_found(attacker: &Api, method: Method, path: &str, body: &str) {
    let response = attacker.call(method.clone(), path, &[], body.to_owned()).await;
    assert_eq!(response.problem(), (404, "not_found".to_owned()), "{method} {path}");
    let text = format!("{:?} {}", response.headers, String::from_utf8_lossy(&response.body));
    assert!(!text.contains("victim"), "{method} {path}: {text}");
}

pub(super) async fn are_not_found_by_identifier(world: &World) {
    let ((attacker, api), mut receiver) = (world.attacker_and_victim("reading").await, world.receiver().await);
    let victim = Victim::create(&api, &mut receiver).await;
    for path in [
        format!("/webhooks/{}", victim.webhook),
        format!("/webhooks/{}/signing-secret", victim.webhook),
        format!("/notifications/{}", victim.notification),
        format!("/deliveries/{}", victim.delivery),
    ] {
        expect_not_found(&attacker, Method::GET, &path, "").await;
    }
    for filter in [String::new(), format!("?webhookID={}", victim.webhook), format!("?notificationID={}", victim.notification)] {
        assert!(attacker.list(&format!("/deliveries{filter}")).await.is_empty(), "{filter}");
    }
    let rotation = format!("/webhooks/{}/signing-secret/rotation", victim.webhook);
    expect_not_found(&attacker, Method::POST, &rotation, "{}").await;
}

pub(super) async fn keep_their_webhooks_and_credentials(world: &World) {
    let ((attacker, api), mut receiver) = (world.attacker_and_victim("updating").await, world.receiver().await);
    let (victim, collector) = (Victim::create(&api, &mut receiver).await, world.receiver().await);
    let path = format!("/webhooks/{}", victim.webhook);
    let before = api.webhook(&victim.webhook).await;
    for body in [json!({ "targetURL": collector.url() }), json!({ "auth": { "type": "noauth" } }), json!({ "description": "mine" })] {
        expect_not_found(&attacker, Method::PATCH, &path, &body.to_string()).await;
    }
    expect_not_found(&attacker, Method::PATCH, &format!("{path}/deactivation"), r#"{"status":"deactivated"}"#).await;
    expect_not_found(&attacker, Method::DELETE, &path, "").await;
    assert_eq!(api.webhook(&victim.webhook).await, before);
    // Somebody with a token of the account still does not get its stored credentials.
    for body in [json!({ "targetURL": collector.url() }), json!({ "targetURL": collector.url(), "headers": [] })] {
        assert_eq!(api.patch(&path, &body).await.problem(), (400, "credentials_required".to_owned()));
    }
    api.publish_type("a.b").await;
    assert!(receiver.next().await.header("authorization").starts_with("Basic "));
    assert_eq!(collector.count(), 0);
}

pub(super) async fn own_what_they_register(world: &World) {
    let ((attacker, api), mut receiver) = (world.attacker_and_victim("registering").await, world.receiver().await);
    Victim::create(&api, &mut receiver).await;
    let (collector, victim) = (world.receiver().await, "victim-registering");
    for member in ["account", "accountID", "owner", "tenant", "teamId", "id", "status", "epoch"] {
        let response = attacker.post("/webhooks", &json!({ "targetURL": collector.url(), member: victim })).await;
        assert_eq!((response.status, response.pointer()), (400, Some(format!("/{member}"))), "{response:?}");
    }
    let headers = [("x-account", victim), ("x-account-id", victim), ("account", victim), ("x-forwarded-user", victim)];
    let registration = json!({ "targetURL": collector.url() }).to_string();
    let own = attacker.call(Method::POST, "/webhooks", &headers, registration).await.expect(200);
    attacker.webhook(&id_of(&own)).await;
    let foreign = attacker.post("/notifications", &json!({ "type": "a.b", "data": {}, "account": victim })).await;
    assert_eq!((foreign.status, foreign.pointer().as_deref()), (400, Some("/account")));
    assert_eq!(api.list("/webhooks").await.len(), 1);
    api.publish_type("a.b").await;
    receiver.next().await;
    assert_eq!(collector.count(), 0, "the events of the victim go only to the victim");
}

pub(super) async fn need_the_scope_for_tests(world: &World) {
    let ((attacker, api), mut receiver) = (world.attacker_and_victim("testing").await, world.receiver().await);
    let victim = Victim::create(&api, &mut receiver).await;
    let callbacks = receiver.count();
    let path = format!("/webhooks/{}/test", victim.webhook);
    expect_not_found(&attacker, Method::POST, &path, "").await;
    let others: Vec<Scope> = Scope::ALL.into_iter().filter(|scope| *scope != Scope::WebhooksWrite).collect();
    for account in [Some("victim-testing"), None] {
        let token = world.server.token(account, &others, None).await;
        let response = world.server.api_with(&token).call(Method::POST, &path, &[], "").await;
        assert_eq!(response.problem(), (403, "insufficient_scope".to_owned()), "{account:?}");
    }
    assert_eq!(receiver.count(), callbacks, "no test was sent");
}

pub(super) async fn repeat_only_their_deliveries(world: &World) {
    let ((attacker, api), mut receiver) = (world.attacker_and_victim("replaying").await, world.receiver().await);
    let victim = Victim::create(&api, &mut receiver).await;
    let (callbacks, before) = (receiver.count(), api.delivery(&victim.delivery).await);
    let recovery = r#"{"since":"2006-01-02T15:04:05Z"}"#;
    expect_not_found(&attacker, Method::POST, &format!("/deliveries/{}/redelivery", victim.delivery), "").await;
    expect_not_found(&attacker, Method::POST, &format!("/webhooks/{}/recovery", victim.webhook), recovery).await;
    // Publishing to the webhook would also send a callback with the secrets of the victim.
    let publication = json!({ "type": "a.b", "data": {}, "webhook": { "id": victim.webhook } });
    expect_not_found(&attacker, Method::POST, "/notifications", &publication.to_string()).await;
    expect_not_found(&attacker, Method::DELETE, &format!("/notifications/{}", victim.notification), "").await;
    assert_eq!((receiver.count(), api.delivery(&victim.delivery).await), (callbacks, before));
}

/// A notification gets its identifier, which is the key of the lists, before it is committed. Here it is committed after a
/// reader has read the first page.
pub(super) async fn see_rows_that_commit_late(world: &World) {
    let api = world.server.api_of("reading-pages").await;
    for _ in 0..3 {
        api.publish_type("a.b").await;
    }
    let before = api.list("/notifications").await;
    let lock = world.server.database().lock().await;
    let publisher = api.clone();
    let late = tokio::spawn(async move { publisher.publish_type("a.late").await });
    let first = api.get("/notifications?limit=1").await.expect(200);
    assert_eq!(first["data"][0], before[0], "the late notification is not committed yet");
    lock.release().await;
    let late = late.await.expect("no panic");
    let cursor = first["cursor"].as_str().expect("more pages");
    let rest = api.get(&format!("/notifications?limit=200&cursor={cursor}")).await.expect(200);
    assert_eq!(rest["data"].as_array().expect("an array"), &before[1..], "the next pages lose no row");
    let walk = api.list("/notifications").await;
    assert_eq!((walk.len(), id_of(&walk[0])), (4, id_of(&late)), "the next walk from the start begins with the late row");
}
