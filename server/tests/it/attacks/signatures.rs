//! Signatures: how the service makes them, and how the client verifies them.

use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue};
use serde_json::{Value, json};
use uuid::Uuid;
use webhooks_client::callback::{self, SigningSecret, VerifyError, WEBHOOK_SIGNATURE, sign, verify_signature};

use super::world::World;
use crate::harness::raw::RawClient;
use crate::harness::{Callback, PREFIX};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER_SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const BODY: &[u8] = br#"{"type":"a.b","data":{"amount":1}}"#;

fn secret(text: &str) -> SigningSecret {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Returns the headers of a callback with this body.
fn signed(body: &[u8]) -> HeaderMap {
    sign(&[secret(SECRET)], Uuid::now_v7(), SystemTime::now(), body)
}

fn verify(headers: &HeaderMap, body: &[u8]) -> Result<(), VerifyError> {
    verify_signature(&[secret(SECRET)], headers, body, SystemTime::now())
}

/// Replaces the signatures in the headers of a callback.
fn with_signatures(headers: &HeaderMap, signatures: &str) -> HeaderMap {
    let mut headers = headers.clone();
    headers.insert(WEBHOOK_SIGNATURE, HeaderValue::from_str(signatures).expect("visible characters"));
    headers
}

fn signatures(headers: &HeaderMap) -> &str {
    headers[WEBHOOK_SIGNATURE].to_str().expect("visible characters")
}

/// Verifies a received callback as a receiver does.
fn verify_callback<T: serde::de::DeserializeOwned>(
    secret: &SigningSecret,
    callback: &Callback,
) -> Result<callback::Callback<T>, VerifyError> {
    callback::verify(std::slice::from_ref(secret), &callback.headers, &callback.body, SystemTime::now())
}

pub(super) async fn are_compared_completely(_: &World) {
    let headers = signed(BODY);
    verify(&headers, BODY).expect("the whole signature is valid");
    let encoded = signatures(&headers).strip_prefix("v1,").expect("version 1");
    let tag = STANDARD.decode(encoded).expect("base64");
    for length in 0..tag.len() {
        let prefix = format!("v1,{}", STANDARD.encode(&tag[..length]));
        verify(&with_signatures(&headers, &prefix), BODY).expect_err(&prefix);
        let list = [prefix.as_str(); 3].join(" ");
        verify(&with_signatures(&headers, &list), BODY).expect_err(&list);
    }
    for length in 0..encoded.len() {
        let prefix = format!("v1,{}", &encoded[..length]);
        verify(&with_signatures(&headers, &prefix), BODY).expect_err(&prefix);
    }
    let longer = format!("v1,{}", STANDARD.encode([&tag[..], &[0]].concat()));
    verify(&with_signatures(&headers, &longer), BODY).expect_err(&longer);
}

pub(super) async fn need_a_long_secret(world: &World) {
    for text in ["", "whsec_", "whsec_AA==", "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", " "] {
        text.parse::<SigningSecret>().expect_err(text);
    }
    let headers = signed(BODY);
    assert!(matches!(verify_signature(&[], &headers, BODY, SystemTime::now()), Err(VerifyError::NoSecret)));
    // The attacker signs with an empty key.
    let text = |name: &str| headers[name].to_str().expect("visible characters");
    let content = [text("webhook-id").as_bytes(), b".", text("webhook-timestamp").as_bytes(), b".", BODY].concat();
    let forged = aws_lc_rs::hmac::sign(&aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &[]), &content);
    let forged = with_signatures(&headers, &format!("v1,{}", STANDARD.encode(forged)));
    assert!(matches!(verify(&forged, BODY), Err(VerifyError::Mismatch)));
    // The service makes a long secret for each webhook. A caller cannot choose the secret.
    let api = world.server.api_of("signing").await;
    let webhook = api.register_url("https://example.com/notify").await;
    let own = api.signing_secret(&webhook).await;
    assert!(STANDARD.decode(own.trim_start_matches("whsec_")).expect("base64").len() >= 32);
    for member in ["secret", "signingSecret"] {
        let response = api.post("/webhooks", &json!({ "targetURL": "https://example.com", member: "" })).await;
        assert_eq!((response.status, response.pointer()), (400, Some(format!("/{member}"))));
    }
}

pub(super) async fn are_required(world: &World) {
    let headers = signed(BODY);
    for name in ["webhook-id", "webhook-timestamp", WEBHOOK_SIGNATURE] {
        let mut without = headers.clone();
        without.remove(name);
        assert!(matches!(verify(&without, BODY), Err(VerifyError::HeaderMissing(missing)) if missing == name), "{name}");
    }
    for empty in ["", " ", "v1", "v1,", "v1, ", "v2,AAAA", "none"] {
        assert!(verify(&with_signatures(&headers, empty), BODY).is_err(), "{empty:?}");
    }
    // Every callback of the service has a signature, also a test and a callback without authentication.
    let (mut receiver, api) = (world.receiver().await, world.server.api_of("unsigned").await);
    let webhook = api.register_url(&receiver.url()).await;
    let own = secret(&api.signing_secret(&webhook).await);
    api.test(&webhook).await;
    api.publish_type("a.b").await;
    for callback in receiver.next_callbacks(2).await {
        verify_callback::<Value>(&own, &callback).expect("a signed callback");
    }
}

pub(super) async fn may_be_the_last_of_a_list(world: &World) {
    let headers = signed(BODY);
    let valid = signatures(&headers).to_owned();
    let other = signatures(&sign(&[secret(OTHER_SECRET)], Uuid::now_v7(), SystemTime::now(), BODY)).to_owned();
    let list = [vec![other.as_str(); 10], vec!["v1a,AAAA", "v1,!", "v1,", valid.as_str()]].concat().join(" ");
    verify(&with_signatures(&headers, &list), BODY).expect("the last signature is valid");
    let both = [secret(OTHER_SECRET), secret(SECRET)];
    verify_signature(&both, &headers, BODY, SystemTime::now()).expect("the last secret is the right one");
    // During a rotation, the service signs with both secrets.
    let (mut receiver, api) = (world.receiver().await, world.server.api_of("rotating").await);
    let webhook = api.register_url(&receiver.url()).await;
    let old = secret(&api.signing_secret(&webhook).await);
    let new = api.rotate_signing_secret(&webhook, &json!({ "overlapSeconds": 600 })).await;
    let new = secret(new["secret"].as_str().expect("a secret"));
    api.publish_type("a.b").await;
    let callback = receiver.next().await;
    for secret in [old, new] {
        verify_callback::<Value>(&secret, &callback).expect("both secrets are valid");
    }
}

pub(super) async fn cover_the_bytes_of_the_body(world: &World) {
    let body = br#"{ "b": 1.0, "a": "\u00e9", "n": 12345678901234567890123 }"#;
    let headers = signed(body);
    verify(&headers, body).expect("the received bytes");
    let parsed: Value = serde_json::from_slice(body).expect("JSON");
    assert!(matches!(verify(&headers, parsed.to_string().as_bytes()), Err(VerifyError::Mismatch)), "a body that was written again");
    // The service delivers the published bytes, so it does not write the data again.
    let (mut receiver, api) = (world.receiver().await, world.server.api_of("rewriting").await);
    let webhook = api.register_url(&receiver.url()).await;
    let own = secret(&api.signing_secret(&webhook).await);
    let data = String::from_utf8_lossy(body).into_owned();
    api.call(http::Method::POST, "/notifications", &[], format!(r#"{{"type":"a.b","data":{data}}}"#)).await.expect(202);
    let callback = receiver.next().await;
    verify_callback::<Value>(&own, &callback).expect("a signed callback");
    assert!(String::from_utf8_lossy(&callback.body).contains(&data), "{:?}", callback.body);
}

pub(super) async fn do_not_hide_duplicate_members(world: &World) {
    let (mut receiver, api) = (world.receiver().await, world.server.api_of("duplicating").await);
    let url = receiver.url();
    for body in [
        format!(r#"{{"targetURL":"https://example.com","targetURL":"{url}"}}"#),
        format!(r#"{{"targetURL":"{url}","target\u0055RL":"https://example.com"}}"#),
        format!(r#"{{"targetURL":"{url}","auth":{{"type":"noauth","type":"basic"}}}}"#),
    ] {
        assert_eq!(api.call(http::Method::POST, "/webhooks", &[], body.clone()).await.status, 400, "{body}");
    }
    let webhook = api.register_url(&url).await;
    for body in [
        r#"{"type":"a.b","type":"a.c","data":{}}"#.to_owned(),
        r#"{"type":"a.b","data":{},"data":{"x":1}}"#.to_owned(),
        format!(r#"{{"type":"a.b","data":{{}},"webhook":{{"id":"{webhook}","id":"{}"}}}}"#, Uuid::now_v7()),
    ] {
        let authorization = format!("authorization: Bearer {}\r\ncontent-length: {}", api.token(), body.len());
        // The check of the harness reads only the last of two members, and would call the refusal a mistake.
        let mut client = RawClient::connect(world.server.address()).await;
        client.send(format!("POST {PREFIX}/notifications HTTP/1.1\r\nhost: a\r\n{authorization}\r\n\r\n{body}")).await;
        let response = client.read().await;
        assert!(response.starts_with(b"HTTP/1.1 400"), "{body}: {}", String::from_utf8_lossy(&response));
    }
    // openapi.json allows duplicate members in `data`: the receiver gets both, under the signature.
    let data = r#"{"amount":1,"amount":1000}"#;
    api.call(http::Method::POST, "/notifications", &[], format!(r#"{{"type":"a.b","data":{data}}}"#)).await.expect(202);
    let callback = receiver.next().await;
    let own = secret(&api.signing_secret(&webhook).await);
    verify_callback::<Value>(&own, &callback).expect("a signed callback");
    assert!(String::from_utf8_lossy(&callback.body).contains(data));
    // The other members of a callback have one meaning only.
    let body = String::from_utf8_lossy(&callback.body).replacen('{', r#"{"type":"a.c","#, 1);
    let headers = sign(std::slice::from_ref(&own), Uuid::now_v7(), SystemTime::now(), body.as_bytes());
    let duplicate = callback::verify::<Value>(&[own], &headers, body.as_bytes(), SystemTime::now());
    assert!(matches!(duplicate, Err(VerifyError::Body(_))), "{duplicate:?}");
}
