//! Targets for what receivers and token servers send. See [`crate::fuzz_targets`].

use std::time::Duration;

use http::HeaderValue;
use serde_json::Value;
use url::form_urlencoded;

use super::credentials::TokenResponse;
use super::redact::fuzz_target;
use crate::fuzz_targets::{MARK, parts};

mod attempts;
mod secrets;

pub use self::attempts::{attempt_http1, attempt_http2};

/// The parts of the input are a secret and a text, in which `{base64}` and other names in braces stand for the secret in an encoding.
///
/// No part of the secret is in the kept text, in any of the encodings that openapi.json lists. The work is limited. Without secrets,
/// the text is unchanged.
pub fn redaction(data: &[u8]) {
    let [secret, text] = parts(data);
    // The webhook has other secrets too, and shorter secrets occur by chance in any text.
    let secret = &secret[..secret.len().min(1024)];
    let text = secrets::expanded(text, secret);
    let limit = 4096;
    let (kept, is_truncated, work) = fuzz_target::redacted(secret, &text, limit);
    assert!(kept.len() <= limit.max(256), "{} bytes are kept", kept.len());
    assert!(work <= fuzz_target::MAX_WORK, "{work} bytes were searched");
    assert!(is_truncated || text.len() <= limit);
    if let Some(part) = secrets::surviving(secret, &kept) {
        panic!("{part} of the secret is in the text: {kept}");
    }
    if let Ok(text) = std::str::from_utf8(&text)
        && !text.contains('\0')
    {
        let (kept, _, _) = fuzz_target::redacted(b"", text.as_bytes(), limit);
        assert!(text.starts_with(&kept) && (kept.len() == text.len() || kept.len() > limit - 4), "a text is changed without a secret");
    }
}

/// The input is the body of a token response.
///
/// An accepted token can be sent, is what another parser reads, and is kept for a limited time. A usual response is accepted.
pub fn token_response(data: &[u8]) {
    let value: Option<Value> = serde_json::from_slice(data).ok();
    let response = match TokenResponse::parse(data) {
        Ok(response) => response,
        Err(reason) => {
            assert!(!reason.contains(MARK), "{reason}");
            // The parser refuses repeated members, which a value does not have.
            let Some(value) = value.filter(is_usual_token) else { return };
            let again = serde_json::to_vec(&value).expect("a value");
            TokenResponse::parse(&again).unwrap_or_else(|reason| panic!("a usual response is refused: {reason}"));
            return;
        }
    };
    // The other members may have values that this parser refuses, such as the number 1e400.
    serde_json::from_slice::<serde::de::IgnoredAny>(data).expect("the service reads only JSON");
    if let Some(value) = value {
        assert_eq!(value["access_token"], response.access_token.as_str(), "another token");
    }
    assert!((1..=8192).contains(&response.access_token.len()));
    HeaderValue::try_from(format!("Bearer {}", response.access_token)).expect("a header value");
    assert!(response.lifetime() <= Duration::from_secs(86_400));
    let form: String = form_urlencoded::byte_serialize(response.access_token.as_bytes()).collect();
    assert!(form.is_ascii());
}

/// Whether the value has the form of RFC 6749 §5.1 and a valid token.
fn is_usual_token(value: &Value) -> bool {
    let token = value["access_token"]
        .as_str()
        .is_some_and(|token| !token.is_empty() && token.len() <= 8192 && token.bytes().all(|byte| byte.is_ascii_graphic()));
    let kind = value["token_type"].as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("bearer"));
    token && kind && (value.get("expires_in").is_none() || value["expires_in"].is_u64())
}
