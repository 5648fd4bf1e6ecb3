//! The target for the signatures of callbacks (Standard Webhooks 1.0), which the server makes and the client library verifies.

use std::time::{Duration, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue};
use uuid::Uuid;
use webhooks_client::callback::{SigningSecret, TOLERANCE, WEBHOOK_ID, WEBHOOK_SIGNATURE, WEBHOOK_TIMESTAMP, sign, verify_signature};

use super::parts;
use crate::delivery::signature;

const SIGNED_AT: u64 = 1_614_265_330;
const SECRETS: [&str; 2] = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"];

/// The parts of the input are a body, the header `webhook-signature` with `{signature}` for a valid signature, and the header
/// `webhook-timestamp`.
///
/// Server and client sign alike. A changed callback is never verified. The client verifies a header if and only if it has a valid
/// signature and a recent time.
pub fn callback_verification(data: &[u8]) {
    let [body, signatures, timestamp] = parts(data);
    let now = UNIX_EPOCH + Duration::from_secs(SIGNED_AT);
    let id = Uuid::from_u128(0x0197_a5a0_3c7e_7d2a_9f10_6b1f_2f6f_3d55);
    let secrets = SECRETS.map(|secret| secret.parse::<SigningSecret>().expect("a secret"));
    let both = sign(&secrets, id, now, body);
    assert_eq!(both[WEBHOOK_SIGNATURE], signed_by_server(&SECRETS, id, SIGNED_AT, body), "server and client sign differently");
    for secret in &secrets {
        verify_signature(std::slice::from_ref(secret), &both, body, now).expect("each of the secrets verifies the callback");
    }
    let headers = sign(&secrets[..1], id, now, body);
    let accepts = |headers: &HeaderMap, body: &[u8]| verify_signature(&secrets[..1], headers, body, now).is_ok();
    verify_signature(&secrets[1..], &headers, body, now).expect_err("the other secret");
    changed(&headers, body, accepts);
    header_texts(&headers, body, signatures, timestamp, accepts);
}

fn signed_by_server(secrets: &[&str], id: Uuid, timestamp: u64, body: &[u8]) -> String {
    let secrets: Vec<_> = secrets.iter().map(|secret| secret.parse().expect("a secret")).collect();
    signature::sign(&secrets, &id.to_string(), timestamp.try_into().unwrap_or(i64::MAX), body)
}

/// Changes one bit in each header and in the body. The content of the body chooses the bits.
fn changed(headers: &HeaderMap, body: &[u8], accepts: impl Fn(&HeaderMap, &[u8]) -> bool) {
    let choice = body.iter().fold(body.len(), |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(*byte)));
    let flipped = |bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        let at = choice % bytes.len().max(1);
        if let Some(byte) = bytes.get_mut(at) {
            *byte ^= 1 << (choice / 7 % 8);
        }
        bytes
    };
    if !body.is_empty() {
        assert!(!accepts(headers, &flipped(body)), "a changed body is verified");
    }
    assert!(!accepts(headers, &[body, b" "].concat()), "a longer body is verified");
    for name in [WEBHOOK_ID, WEBHOOK_TIMESTAMP, WEBHOOK_SIGNATURE] {
        let mut other = headers.clone();
        other.remove(name);
        assert!(!accepts(&other, body), "a callback without {name} is verified");
        if let Ok(value) = HeaderValue::from_bytes(&flipped(headers[name].as_bytes())) {
            assert_ne!(value, headers[name]);
            other.insert(name, value);
            assert!(!accepts(&other, body), "a changed {name} is verified: {other:?}");
        }
    }
}

/// Compares the verification of any header texts with the rule of the specification.
fn header_texts(headers: &HeaderMap, body: &[u8], signatures: &[u8], timestamp: &[u8], accepts: impl Fn(&HeaderMap, &[u8]) -> bool) {
    let timestamp = if timestamp.is_empty() { headers[WEBHOOK_TIMESTAMP].as_bytes() } else { timestamp };
    let Ok(timestamp) = HeaderValue::from_bytes(timestamp) else { return };
    // The signature of the server is valid only if the text of the time is the number that the server writes.
    let seconds = timestamp.to_str().ok().and_then(|text| Some((text, text.parse::<u64>().ok()?)));
    let seconds = seconds.filter(|(text, seconds)| seconds.to_string() == *text).map(|(_, seconds)| seconds);
    let id: Uuid = headers[WEBHOOK_ID].to_str().ok().and_then(|id| id.parse().ok()).expect("an identifier");
    let valid = signed_by_server(&SECRETS[..1], id, seconds.unwrap_or(SIGNED_AT), body);
    let signatures = String::from_utf8_lossy(signatures).replace("{signature}", &valid);
    let Ok(value) = HeaderValue::from_bytes(signatures.as_bytes()) else { return };

    let tag = valid.strip_prefix("v1,").and_then(|tag| STANDARD.decode(tag).ok()).expect("a signature");
    let has_signature = signatures.split(' ').filter_map(|one| one.strip_prefix("v1,")).any(|one| STANDARD.decode(one) == Ok(tag.clone()));
    let is_recent = seconds.is_some_and(|seconds| seconds.abs_diff(SIGNED_AT) <= TOLERANCE.as_secs());
    let is_text = value.to_str().is_ok();
    let mut other = headers.clone();
    other.insert(WEBHOOK_TIMESTAMP, timestamp);
    other.insert(WEBHOOK_SIGNATURE, value);
    assert_eq!(accepts(&other, body), has_signature && is_recent && is_text, "{other:?}");
}
