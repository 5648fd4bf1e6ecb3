//! Handshakes. If the operator requires handshakes, a receiver must confirm a handshake before its webhook gets
//! deliveries.

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::harness::{Api, Authority, Callback, NameServer, Process, Receiver, Reply, Server, Setup, TokenBehaviour, eventually, id_of};

async fn start_with_handshake_required() -> (Server, Api, Receiver) {
    let server = Setup::dev().flags(&["--require-handshake"]).manual_clock().start().await;
    let (api, receiver) = (server.api(), server.receiver().await);
    (server, api, receiver)
}

fn full_reply(status: u16, body: &str) -> Reply {
    Reply::Full { status, headers: vec![], body: body.to_owned() }
}

fn state(webhook: &Value) -> (&str, Option<&str>) {
    (webhook["status"].as_str().expect("a status"), webhook["deactivation"]["reason"].as_str())
}

const UNVERIFIED: (&str, Option<&str>) = ("deactivated", Some("unverified"));

async fn wait_for_activation(api: &Api, id: &str) -> Value {
    eventually("the activation", async || Some(api.webhook(id).await).filter(|webhook| webhook["status"] == "active")).await
}

fn challenge(callback: &Callback) -> String {
    assert_eq!(callback.json()["type"], "webhook.handshake");
    callback.json()["data"]["challenge"].as_str().expect("a challenge").to_owned()
}

/// Registers a webhook, and waits until its handshake is confirmed.
async fn register_verified(api: &Api, receiver: &mut Receiver) -> String {
    receiver.reply_to_next([Reply::ConfirmHandshake]);
    let id = api.register_url(&receiver.url()).await;
    wait_for_activation(api, &id).await;
    receiver.next().await;
    id
}

#[tokio::test]
async fn a_webhook_gets_no_deliveries_until_its_receiver_confirms_the_handshake() {
    let (_server, api, mut receiver) = start_with_handshake_required().await;
    let gate = Arc::new(Semaphore::new(0));
    receiver.reply_to_next([Reply::ConfirmHandshakeWhenReleased(gate.clone())]);
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
    let webhook = wait_for_activation(&api, &id).await;
    assert_eq!(webhook.get("deactivation"), None);
    let published = api.publish_type("a.b").await;
    assert_eq!(receiver.next().await.id(), id_of(&published));
    assert_eq!(receiver.count(), 2, "a notification published before the confirmation is not sent");
    assert!(api.list("/notifications").await.len() == 2, "a handshake is not a notification");
}

#[tokio::test]
async fn an_unconfirmed_handshake_is_repeated_on_the_retry_schedule() {
    let (server, api, mut receiver) = start_with_handshake_required().await;
    let refusals = [
        full_reply(200, ""),
        full_reply(200, r#"{"challenge":"guessed"}"#),
        full_reply(204, ""),
        full_reply(302, ""),
        Reply::Status(500),
        Reply::Reset,
        Reply::Endless,
    ];
    let count = refusals.len();
    receiver.reply_to_next(refusals);
    receiver.always_reply(Reply::ConfirmHandshake);
    let id = api.register_url(&receiver.url()).await;
    let mut seen: Vec<Callback> = vec![receiver.next().await];
    for _ in 0..count {
        assert_eq!(state(&api.webhook(&id).await), UNVERIFIED);
        // The next attempt is due at most 1.2 days after an attempt is recorded.
        seen.push(
            eventually("the next attempt", async || {
                server.advance(TimeDelta::days(2));
                receiver.take_arrived().pop()
            })
            .await,
        );
    }
    wait_for_activation(&api, &id).await;
    assert_eq!(seen.len(), count + 1);
    assert!(seen.windows(2).all(|pair| challenge(&pair[0]) == challenge(&pair[1]) && pair[0].id() != pair[1].id()));
}

#[tokio::test]
async fn a_handshake_retry_is_not_early_and_survives_a_restart() {
    let (mut server, api, mut receiver) = start_with_handshake_required().await;
    receiver.reply_to_next([Reply::Status(500)]);
    receiver.always_reply(Reply::ConfirmHandshake);
    let id = api.register_url(&receiver.url()).await;
    let first = receiver.next().await;
    eventually("the record", async || server.log().contains("handshake ended").then_some(())).await;
    server.restart().await;
    server.advance(TimeDelta::milliseconds(4999));
    assert_eq!(state(&api.webhook(&id).await), UNVERIFIED);
    assert!(receiver.take_arrived().is_empty());
    server.advance(TimeDelta::seconds(2));
    assert_eq!(challenge(&receiver.next().await), challenge(&first));
    wait_for_activation(&api, &id).await;
}

#[tokio::test]
async fn a_killed_server_repeats_the_handshake() {
    let mut process = Process::start(&["--require-handshake"]).await;
    let (api, mut receiver) = (process.api(), process.receiver().await);
    receiver.reply_to_next([Reply::Hang]);
    receiver.always_reply(Reply::ConfirmHandshake);
    let id = api.register_url(&receiver.url()).await;
    let first = receiver.next().await;
    process.kill().await;
    process.start_again().await;
    assert_eq!(challenge(&receiver.next().await), challenge(&first));
    wait_for_activation(&api, &id).await;
}

#[tokio::test]
async fn a_new_url_needs_a_new_handshake_and_the_old_response_is_ignored() {
    let (mut server, api, mut receiver) = start_with_handshake_required().await;
    let mut new_receiver = server.receiver().await;
    let gate = Arc::new(Semaphore::new(0));
    receiver.reply_to_next([Reply::ConfirmHandshakeWhenReleased(gate.clone())]);
    let id = api.register_url(&receiver.url()).await;
    let first = receiver.next().await;
    assert_eq!(state(&api.update(&id, &json!({ "targetURL": new_receiver.url() })).await), UNVERIFIED);
    let second = new_receiver.next().await;
    assert_ne!(challenge(&first), challenge(&second));
    gate.add_permits(1);
    // The stop waits until the response from the old URL is recorded.
    server.restart().await;
    assert_eq!(server.log().matches("handshake ended").count(), 2);
    assert_eq!(state(&api.webhook(&id).await), UNVERIFIED);
    new_receiver.always_reply(Reply::ConfirmHandshake);
    server.advance(TimeDelta::seconds(6));
    new_receiver.next().await;
    wait_for_activation(&api, &id).await;
    // A change of one character in the URL also requires a new handshake.
    let with_slash = api.update(&id, &json!({ "targetURL": format!("{}/", new_receiver.url()) })).await;
    assert_eq!(state(&with_slash), UNVERIFIED);
    new_receiver.next().await;
    wait_for_activation(&api, &id).await;
    let unchanged = api.update(&id, &json!({ "targetURL": format!("{}/", new_receiver.url()), "description": "as it was" })).await;
    assert_eq!(state(&unchanged), ("active", None));
    assert_eq!((receiver.count(), new_receiver.count()), (1, 3));
}

#[tokio::test]
async fn a_new_url_cancels_pending_deliveries() {
    let (server, api, mut receiver) = start_with_handshake_required().await;
    register_verified(&api, &mut receiver).await;
    receiver.reply_to_next([Reply::Status(500)]);
    let notification = api.publish_type("a.b").await;
    api.after_attempts(&notification, 1).await;
    let id = id_of(&api.list("/webhooks").await[0]);
    let new_receiver = server.receiver().await;
    new_receiver.always_reply(Reply::ConfirmHandshake);
    api.update(&id, &json!({ "targetURL": new_receiver.url() })).await;
    wait_for_activation(&api, &id).await;
    assert_eq!(api.delivery_of(&notification).await["status"], "cancelled");
}

#[tokio::test]
async fn an_activation_starts_a_new_handshake_until_one_was_confirmed() {
    let (server, api, mut receiver) = start_with_handshake_required().await;
    receiver.reply_to_next([Reply::Status(410)]);
    let id = api.register_url(&receiver.url()).await;
    let first = receiver.next().await;
    eventually("the record", async || server.log().contains(r#""next":"none""#).then_some(())).await;
    server.advance(TimeDelta::days(2));
    let activated = api.activate(&id).await;
    assert_eq!(state(&activated), UNVERIFIED);
    let second = receiver.next().await;
    assert_ne!(challenge(&first), challenge(&second), "no handshake ran during the two days, and the new handshake has another challenge");
    receiver.always_reply(Reply::ConfirmHandshake);
    assert_eq!(state(&api.activate(&id).await), UNVERIFIED);
    receiver.next().await;
    wait_for_activation(&api, &id).await;
    api.deactivate(&id).await;
    assert_eq!(state(&api.activate(&id).await), ("active", None));
    assert_eq!(receiver.count(), 3);
}

#[tokio::test]
async fn a_deactivation_ends_the_handshake() {
    let (mut server, api, mut receiver) = start_with_handshake_required().await;
    let gate = Arc::new(Semaphore::new(0));
    receiver.reply_to_next([Reply::ConfirmHandshakeWhenReleased(gate.clone())]);
    let id = api.register_url(&receiver.url()).await;
    receiver.next().await;
    let requested = ("deactivated", Some("requested"));
    assert_eq!(state(&api.deactivate(&id).await), requested);
    gate.add_permits(1);
    server.restart().await;
    assert!(server.log().contains("handshake ended"));
    // The webhook stays deactivated when its URL changes. The handshake for the new URL starts when the webhook is activated.
    receiver.always_reply(Reply::ConfirmHandshake);
    let updated = api.update(&id, &json!({ "targetURL": format!("{}/moved", receiver.url()) })).await;
    assert_eq!(state(&updated), requested);
    server.advance(TimeDelta::days(2));
    assert_eq!(state(&api.webhook(&id).await), requested);
    assert_eq!(receiver.count(), 1);
    assert_eq!(state(&api.activate(&id).await), UNVERIFIED);
    wait_for_activation(&api, &id).await;
}

#[tokio::test]
async fn hanging_receivers_do_not_delay_handshakes_of_other_accounts() {
    let (server, api, hanging) = start_with_handshake_required().await;
    hanging.always_reply(Reply::Hang);
    for _ in 0..40 {
        api.register_url(&hanging.url()).await;
    }
    let (other, receiver) = (server.api_of("other").await, server.receiver().await);
    receiver.always_reply(Reply::ConfirmHandshake);
    let id = other.register_url(&receiver.url()).await;
    wait_for_activation(&other, &id).await;
    assert!(hanging.count() <= 4, "{}", hanging.count());
}

#[tokio::test]
async fn a_handshake_is_not_sent_to_a_name_that_resolves_to_a_private_address() {
    let directory = tempfile::TempDir::new().expect("a temporary directory");
    let (authority, file) = Authority::create(directory.path());
    let names = NameServer::start().await;
    let name = names.set("private", &[&["127.0.0.1".parse().expect("an address")]]);
    let flags = ["--require-handshake", "--ca-file", &file.display().to_string(), "--name-server", &names.address()];
    let server = Setup::production().flags(&flags).manual_clock().start().await;
    let (api, receiver) = (server.api(), Receiver::start(&authority).await);
    receiver.always_reply(Reply::ConfirmHandshake);
    let id = api.register_url(&receiver.url().replace("127.0.0.1", &name)).await;
    for attempts in 1..=2 {
        let refused = async || (server.log().matches("name_not_found").count() == attempts).then_some(());
        eventually("the refusal", refused).await;
        assert_eq!(state(&api.webhook(&id).await), UNVERIFIED);
        assert_eq!(state(&api.activate(&id).await), UNVERIFIED);
    }
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn no_handshake_is_sent_unless_it_is_required() {
    let server = Server::start().await;
    let (api, mut receiver) = (server.api(), server.receiver().await);
    let id = api.register_url(&receiver.url()).await;
    assert_eq!(state(&api.update(&id, &json!({ "targetURL": format!("{}/moved", receiver.url()) })).await), ("active", None));
    api.publish_type("a.b").await;
    assert_eq!(receiver.next().await.json()["type"], "a.b");
}

#[tokio::test]
async fn a_new_token_url_needs_a_new_handshake_and_its_server_agrees_by_issuing_a_token() {
    let (server, api, mut receiver) = start_with_handshake_required().await;
    let id = register_verified(&api, &mut receiver).await;
    receiver.always_reply(Reply::ConfirmHandshake);
    let token_server = server.token_endpoint("client", "secret").await;
    token_server.behave(TokenBehaviour::Refuse);
    let auth = |scope: &str| {
        let url = token_server.url();
        json!({ "auth": { "type": "client_credential", "clientID": "client", "clientSecret": "secret", "tokenURL": url, "scope": scope } })
    };
    assert_eq!(state(&api.update(&id, &auth("one")).await), UNVERIFIED);
    eventually("the record", async || server.log().contains("token_refused").then_some(())).await;
    assert_eq!(api.publish_type("a.b").await["deliveryCount"], 0);
    assert_eq!((state(&api.webhook(&id).await), receiver.count()), (UNVERIFIED, 1), "the receiver gets no callback without a token");
    token_server.behave(TokenBehaviour::Issue { expires_in: None });
    server.advance(TimeDelta::seconds(6));
    wait_for_activation(&api, &id).await;
    assert!(receiver.next().await.header("authorization").starts_with("Bearer "));
    assert_eq!(state(&api.update(&id, &auth("two")).await), ("active", None), "the token URL is the same");
    let without = api.update(&id, &json!({ "auth": { "type": "noauth" } })).await;
    assert_eq!(state(&without), ("active", None), "no new server gets requests");
    assert_eq!(state(&api.update(&id, &auth("one")).await), UNVERIFIED);
    wait_for_activation(&api, &id).await;
}
