//! Where the operator requires it, a callback must agree before its webhook gets anything.

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::harness::{Api, Authority, Callback, Process, Receiver, Reply, Server, Setup, eventually, id_of};

async fn strict() -> (Server, Api, Receiver) {
    let server = Setup::dev().flags(&["--require-handshake"]).manual_clock().start().await;
    let (api, receiver) = (server.api(), server.receiver().await);
    (server, api, receiver)
}

fn answer(status: u16, body: &str) -> Reply {
    Reply::Full { status, headers: vec![], body: body.to_owned() }
}

fn state(webhook: &Value) -> (&str, Option<&str>) {
    (webhook["status"].as_str().expect("a status"), webhook["deactivation"]["reason"].as_str())
}

const UNVERIFIED: (&str, Option<&str>) = ("deactivated", Some("unverified"));

async fn activated(api: &Api, id: &str) -> Value {
    eventually("the activation", async || Some(api.webhook(id).await).filter(|webhook| webhook["status"] == "active")).await
}

fn challenge(callback: &Callback) -> String {
    assert_eq!(callback.json()["type"], "webhook.handshake");
    callback.json()["data"]["challenge"].as_str().expect("a challenge").to_owned()
}

/// A webhook whose callback has agreed.
async fn verified(api: &Api, receiver: &mut Receiver) -> String {
    receiver.then([Reply::Agree]);
    let id = api.register_url(&receiver.url()).await;
    activated(api, &id).await;
    receiver.next().await;
    id
}

#[tokio::test]
async fn a_webhook_gets_nothing_until_its_callback_has_agreed() {
    let (_server, api, mut receiver) = strict().await;
    let gate = Arc::new(Semaphore::new(0));
    receiver.then([Reply::AgreeLater(gate.clone())]);
    let auth = json!({ "type": "basic", "username": "u", "password": "p" });
    let headers = json!([{ "name": "X-Test-Key", "value": "k" }]);
    let webhook = api.register(&json!({ "targetURL": receiver.url(), "auth": auth, "headers": headers })).await;
    assert_eq!(state(&webhook), UNVERIFIED);
    assert_eq!(webhook["deactivation"]["at"], webhook["createdAt"]);
    let id = id_of(&webhook);
    let handshake = receiver.next().await;
    assert!(handshake.is_signed_with(&api.signing_secret(&id).await));
    assert_eq!(handshake.json()["webhook"]["id"], id);
    assert!(handshake.header("authorization").starts_with("Basic ") && handshake.header("x-test-key") == "k");
    assert!(challenge(&handshake).len() >= 43);
    assert_eq!(api.publish_type("a.b").await["deliveryCount"], 0);
    gate.add_permits(1);
    let webhook = activated(&api, &id).await;
    assert_eq!(webhook.get("deactivation"), None);
    let published = api.publish_type("a.b").await;
    assert_eq!(receiver.next().await.id(), id_of(&published));
    assert_eq!(receiver.count(), 2, "what was published before is not sent");
    assert!(api.list("/notifications").await.len() == 2, "a handshake is no notification");
}

#[tokio::test]
async fn what_does_not_agree_is_asked_again_on_the_schedule() {
    let (server, api, mut receiver) = strict().await;
    let refusals = [
        answer(200, ""),
        answer(200, r#"{"challenge":"guessed"}"#),
        answer(204, ""),
        answer(302, ""),
        Reply::Status(500),
        Reply::Reset,
        Reply::Endless,
    ];
    let count = refusals.len();
    receiver.then(refusals);
    receiver.always(Reply::Agree);
    let id = api.register_url(&receiver.url()).await;
    let mut seen: Vec<Callback> = vec![receiver.next().await];
    for _ in 0..count {
        assert_eq!(state(&api.webhook(&id).await), UNVERIFIED);
        // Whenever the attempt is recorded, the next one falls due within a day and a fifth.
        seen.push(
            eventually("the next attempt", async || {
                server.advance(TimeDelta::days(2));
                receiver.arrived().pop()
            })
            .await,
        );
    }
    activated(&api, &id).await;
    assert_eq!(seen.len(), count + 1);
    assert!(seen.windows(2).all(|pair| challenge(&pair[0]) == challenge(&pair[1]) && pair[0].id() != pair[1].id()));
}

#[tokio::test]
async fn a_handshake_is_not_asked_before_its_time_and_survives_a_restart() {
    let (mut server, api, mut receiver) = strict().await;
    receiver.then([Reply::Status(500)]);
    receiver.always(Reply::Agree);
    let id = api.register_url(&receiver.url()).await;
    let first = receiver.next().await;
    eventually("the record", async || server.log().contains("handshake ended").then_some(())).await;
    server.restart().await;
    server.advance(TimeDelta::milliseconds(4999));
    assert_eq!(state(&api.webhook(&id).await), UNVERIFIED);
    assert!(receiver.arrived().is_empty());
    server.advance(TimeDelta::seconds(2));
    assert_eq!(challenge(&receiver.next().await), challenge(&first));
    activated(&api, &id).await;
}

#[tokio::test]
async fn a_killed_server_asks_again() {
    let mut process = Process::start(&["--require-handshake"]).await;
    let (api, mut receiver) = (process.api(), process.receiver().await);
    receiver.then([Reply::Hang]);
    receiver.always(Reply::Agree);
    let id = api.register_url(&receiver.url()).await;
    let first = receiver.next().await;
    process.kill().await;
    process.start_again().await;
    assert_eq!(challenge(&receiver.next().await), challenge(&first));
    activated(&api, &id).await;
}

#[tokio::test]
async fn another_url_must_agree_anew_and_an_answer_of_the_old_one_counts_for_nothing() {
    let (mut server, api, mut receiver) = strict().await;
    let mut moved = server.receiver().await;
    let gate = Arc::new(Semaphore::new(0));
    receiver.then([Reply::AgreeLater(gate.clone())]);
    let id = api.register_url(&receiver.url()).await;
    let first = receiver.next().await;
    assert_eq!(state(&api.update(&id, &json!({ "targetURL": moved.url() })).await), UNVERIFIED);
    let second = moved.next().await;
    assert_ne!(challenge(&first), challenge(&second));
    gate.add_permits(1);
    // Whatever was on its way is recorded by then.
    server.restart().await;
    assert_eq!(server.log().matches("handshake ended").count(), 2);
    assert_eq!(state(&api.webhook(&id).await), UNVERIFIED);
    moved.always(Reply::Agree);
    server.advance(TimeDelta::seconds(6));
    moved.next().await;
    activated(&api, &id).await;
    // One character more is another URL.
    let further = api.update(&id, &json!({ "targetURL": format!("{}/", moved.url()) })).await;
    assert_eq!(state(&further), UNVERIFIED);
    moved.next().await;
    activated(&api, &id).await;
    let unmoved = api.update(&id, &json!({ "targetURL": format!("{}/", moved.url()), "description": "as it was" })).await;
    assert_eq!(state(&unmoved), ("active", None));
    assert_eq!((receiver.count(), moved.count()), (1, 3));
}

#[tokio::test]
async fn a_new_url_cancels_what_is_pending() {
    let (server, api, mut receiver) = strict().await;
    verified(&api, &mut receiver).await;
    receiver.then([Reply::Status(500)]);
    let notification = api.publish_type("a.b").await;
    api.after_attempts(&notification, 1).await;
    let id = id_of(&api.list("/webhooks").await[0]);
    let moved = server.receiver().await;
    moved.always(Reply::Agree);
    api.update(&id, &json!({ "targetURL": moved.url() })).await;
    activated(&api, &id).await;
    assert_eq!(api.delivery_of(&notification).await["status"], "cancelled");
}

#[tokio::test]
async fn activation_asks_anew_until_the_callback_has_agreed_once() {
    let (server, api, mut receiver) = strict().await;
    receiver.then([Reply::Status(410)]);
    let id = api.register_url(&receiver.url()).await;
    let first = receiver.next().await;
    eventually("the record", async || server.log().contains("GivenUp").then_some(())).await;
    server.advance(TimeDelta::days(2));
    let asked = api.activate(&id).await;
    assert_eq!(state(&asked), UNVERIFIED);
    let second = receiver.next().await;
    assert_ne!(challenge(&first), challenge(&second), "nothing was asked in two days, and now something else");
    receiver.always(Reply::Agree);
    assert_eq!(state(&api.activate(&id).await), UNVERIFIED);
    receiver.next().await;
    activated(&api, &id).await;
    api.deactivate(&id).await;
    assert_eq!(state(&api.activate(&id).await), ("active", None));
    assert_eq!(receiver.count(), 3);
}

#[tokio::test]
async fn who_deactivates_a_webhook_ends_its_handshake() {
    let (mut server, api, mut receiver) = strict().await;
    let gate = Arc::new(Semaphore::new(0));
    receiver.then([Reply::AgreeLater(gate.clone())]);
    let id = api.register_url(&receiver.url()).await;
    receiver.next().await;
    let requested = ("deactivated", Some("requested"));
    assert_eq!(state(&api.deactivate(&id).await), requested);
    gate.add_permits(1);
    server.restart().await;
    assert!(server.log().contains("handshake ended"));
    // It stays so at another URL too, which is asked when the webhook is activated.
    receiver.always(Reply::Agree);
    let moved = api.update(&id, &json!({ "targetURL": format!("{}/moved", receiver.url()) })).await;
    assert_eq!(state(&moved), requested);
    server.advance(TimeDelta::days(2));
    assert_eq!(state(&api.webhook(&id).await), requested);
    assert_eq!(receiver.count(), 1);
    assert_eq!(state(&api.activate(&id).await), UNVERIFIED);
    activated(&api, &id).await;
}

#[tokio::test]
async fn callbacks_that_hang_hold_up_no_other_accounts_handshake() {
    let (server, api, hanging) = strict().await;
    hanging.always(Reply::Hang);
    for _ in 0..40 {
        api.register_url(&hanging.url()).await;
    }
    let (other, receiver) = (server.api_of("other").await, server.receiver().await);
    receiver.always(Reply::Agree);
    let id = other.register_url(&receiver.url()).await;
    activated(&other, &id).await;
    assert!(hanging.count() <= 4, "{}", hanging.count());
}

#[tokio::test]
async fn a_handshake_is_not_sent_to_a_name_that_leads_inward() {
    let directory = tempfile::TempDir::new().expect("a temporary directory");
    let (authority, file) = Authority::own(directory.path());
    let server = Setup::strict().flags(&["--require-handshake", "--ca-file", &file.display().to_string()]).manual_clock().start().await;
    let (api, receiver) = (server.api(), Receiver::start(&authority).await);
    receiver.always(Reply::Agree);
    let id = api.register_url(&receiver.url().replace("127.0.0.1", "localhost")).await;
    for attempts in 1..=2 {
        let refused = async || (server.log().matches("address_blocked").count() == attempts).then_some(());
        eventually("the refusal", refused).await;
        assert_eq!(state(&api.webhook(&id).await), UNVERIFIED);
        assert_eq!(state(&api.activate(&id).await), UNVERIFIED);
    }
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn without_the_requirement_nothing_is_asked() {
    let server = Server::start().await;
    let (api, mut receiver) = (server.api(), server.receiver().await);
    let id = api.register_url(&receiver.url()).await;
    assert_eq!(state(&api.update(&id, &json!({ "targetURL": format!("{}/moved", receiver.url()) })).await), ("active", None));
    api.publish_type("a.b").await;
    assert_eq!(receiver.next().await.json()["type"], "a.b");
}
