//! Rotation of signing secrets. During the overlap, each callback is signed with the two newest secrets. The overlap ends
//! automatically.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{Api, Callback, Receiver, Reply, Server, Setup};

async fn start_with_webhook() -> (Server, Api, Receiver, String) {
    let server = Setup::dev().manual_clock().start().await;
    let (api, receiver) = (server.api(), server.receiver().await);
    let id = api.register_url(&receiver.url()).await;
    (server, api, receiver, id)
}

fn secret_of(record: &Value) -> String {
    record["secret"].as_str().expect("a secret").to_owned()
}

async fn next_callback(api: &Api, receiver: &mut Receiver) -> Callback {
    api.publish_type("a.b").await;
    receiver.next().await
}

/// Returns the number of signatures. Also returns, for each secret, whether the callback is signed with it.
fn signatures(callback: &Callback, secrets: &[&str]) -> (usize, Vec<bool>) {
    let signatures = callback.header("webhook-signature").split(' ').count();
    (signatures, secrets.iter().map(|secret| callback.is_signed_with(secret)).collect())
}

#[tokio::test]
async fn both_secrets_sign_until_the_overlap_ends_and_then_only_the_new_one() {
    let (mut server, api, mut receiver, id) = start_with_webhook().await;
    let old = api.signing_secret(&id).await;
    let before = api.webhook(&id).await;
    server.advance(TimeDelta::seconds(1));
    let rotated = api.rotate_signing_secret(&id, &json!({ "overlapSeconds": 60 })).await;
    let new = secret_of(&rotated);
    assert_ne!(new, old);
    assert_eq!(rotated["previousValidUntil"], "2026-01-02T15:05:06Z");
    assert_eq!(api.get(&format!("/webhooks/{id}/signing-secret")).await.expect(200), rotated);
    assert_ne!(api.webhook(&id).await["updatedAt"], before["updatedAt"]);
    assert_eq!(signatures(&next_callback(&api, &mut receiver).await, &[&new, &old]), (2, vec![true, true]));
    server.restart().await;
    server.advance(TimeDelta::milliseconds(59_999));
    assert_eq!(signatures(&next_callback(&api, &mut receiver).await, &[&new, &old]), (2, vec![true, true]));
    // The server does not restart here, so the decrypted secrets stay in memory. Only the time changes.
    server.advance(TimeDelta::milliseconds(1));
    assert_eq!(signatures(&next_callback(&api, &mut receiver).await, &[&new, &old]), (1, vec![true, false]));
    assert_eq!(api.get(&format!("/webhooks/{id}/signing-secret")).await.expect(200), json!({ "secret": new }));
}

#[tokio::test]
async fn a_retry_after_a_rotation_is_signed_with_both_secrets() {
    let (server, api, mut receiver, id) = start_with_webhook().await;
    let old = api.signing_secret(&id).await;
    receiver.reply_to_next([Reply::Status(500)]);
    api.after_attempts(&api.publish_type("a.b").await, 1).await;
    assert_eq!(signatures(&receiver.next().await, &[&old]), (1, vec![true]));
    let new = secret_of(&api.rotate_signing_secret(&id, &json!({ "overlapSeconds": 3600 })).await);
    server.advance(TimeDelta::seconds(6));
    assert_eq!(signatures(&receiver.next().await, &[&new, &old]), (2, vec![true, true]));
}

#[tokio::test]
async fn without_an_overlap_only_the_new_secret_signs() {
    let (_server, api, mut receiver, id) = start_with_webhook().await;
    let old = api.signing_secret(&id).await;
    let rotated = api.rotate_signing_secret(&id, &json!({ "overlapSeconds": 0 })).await;
    let new = secret_of(&rotated);
    assert_eq!(rotated, json!({ "secret": new }));
    assert_eq!(signatures(&next_callback(&api, &mut receiver).await, &[&new, &old]), (1, vec![true, false]));
}

#[tokio::test]
async fn a_second_rotation_within_the_overlap_drops_the_oldest_secret() {
    let (_server, api, mut receiver, id) = start_with_webhook().await;
    let first = api.signing_secret(&id).await;
    let second = secret_of(&api.rotate_signing_secret(&id, &json!({ "overlapSeconds": 604_800 })).await);
    let third = secret_of(&api.rotate_signing_secret(&id, &json!({ "overlapSeconds": 60 })).await);
    let callback = next_callback(&api, &mut receiver).await;
    assert_eq!(signatures(&callback, &[&third, &second, &first]), (2, vec![true, true, false]));
}

#[tokio::test]
async fn the_default_overlap_is_a_day_and_the_response_must_not_be_cached() {
    let (_server, api, _receiver, id) = start_with_webhook().await;
    for api in [&api, &api.accepting_json_only()] {
        let response = api.post(&format!("/webhooks/{id}/signing-secret/rotation"), &json!({})).await;
        assert_eq!(response.headers["cache-control"], "no-store");
        assert_eq!(response.expect(200)["previousValidUntil"], "2026-01-03T15:04:05Z");
    }
}

#[tokio::test]
async fn an_echo_of_either_secret_is_redacted() {
    let (_server, api, receiver, id) = start_with_webhook().await;
    let old = api.signing_secret(&id).await;
    let new = secret_of(&api.rotate_signing_secret(&id, &json!({ "overlapSeconds": 60 })).await);
    receiver.reply_to_next([Reply::Full { status: 500, headers: vec![], body: format!("before {old} and {new} after") }]);
    assert_eq!(api.test(&id).await["responseBody"], "before [redacted] and [redacted] after");
}
