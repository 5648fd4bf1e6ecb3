//! Verification and parsing of callbacks, for receivers.
//!
//! Callbacks are signed as [Standard Webhooks 1.0](https://www.standardwebhooks.com/) specifies: `webhook-signature`
//! contains one HMAC-SHA256 over `{webhook-id}.{webhook-timestamp}.{body}` for each valid secret of the webhook. Pass the
//! received bytes of the body to [`verify`] unchanged: `verify` parses the body after it has verified the signature. The
//! file `signature-vectors.json` has test cases for receivers in any language.
//!
//! ```
//! use std::time::{Duration, SystemTime};
//! use webhooks_client::callback::{Callback, SigningSecret, verify};
//!
//! #[derive(serde::Deserialize)]
//! struct Purchased {
//!     purchase: Purchase,
//! }
//!
//! #[derive(serde::Deserialize)]
//! struct Purchase {
//!     id: String,
//! }
//!
//! // The operation getSigningSecret returns the secret. During a rotation, a webhook has two valid secrets.
//! let secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse::<SigningSecret>()?];
//!
//! // The body and the headers of the request.
//! let body = br#"{"type":"catalog.purchase.closed","timestamp":"2006-01-02T15:04:05Z","data":{"purchase":{"id":"p-1"}},
//! "notification":{"id":"0197a5a0-3c7e-7d2a-9f10-6b1f2f6f3d55"},"webhook":{"id":"0197a5a0-1111-7d2a-9f10-6b1f2f6f3d55"}}"#;
//! let mut headers = http::HeaderMap::new();
//! headers.insert("webhook-id", "0197a5a0-3c7e-7d2a-9f10-6b1f2f6f3d55".parse()?);
//! headers.insert("webhook-timestamp", "1136214245".parse()?);
//! headers.insert("webhook-signature", "v1,hovIaT/uqzzgmeUk0BChX2rbb9Ifj/Pfw85DQ9ri/Mw=".parse()?);
//!
//! let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_136_214_250); // a real receiver uses SystemTime::now()
//! let callback: Callback<Purchased> = verify(&secrets, &headers, body, now)?;
//!
//! // A callback may arrive more than once. Store the ids of handled notifications to recognize a repeated callback.
//! println!("{}: {} was bought", callback.notification.id, callback.data.purchase.id);
//! # assert_eq!(callback.data.purchase.id, "p-1");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Payload;

/// Maximum difference between `webhook-timestamp` and the clock of the receiver (Standard Webhooks 1.0, "Verifying webhook
/// authenticity"). [`verify`] refuses a larger difference, so that nobody can record a request and send it again later.
pub const TOLERANCE: Duration = Duration::from_secs(5 * 60);

/// The type of the callback that asks a receiver to agree to notifications.
const HANDSHAKE: &str = "webhook.handshake";

pub const WEBHOOK_ID: &str = "webhook-id";
pub const WEBHOOK_TIMESTAMP: &str = "webhook-timestamp";
pub const WEBHOOK_SIGNATURE: &str = "webhook-signature";

/// The body of a callback. Unknown members are ignored.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Callback<T = Payload> {
    /// The event type, such as `catalog.purchase.closed`.
    pub r#type: String,
    /// When the service accepted the notification.
    pub timestamp: DateTime<Utc>,
    /// The published data. The default type keeps the bytes of the data. Use a type of your own to read its members.
    pub data: T,
    pub notification: Reference,
    pub webhook: Reference,
}

/// A reference to a notification or a webhook. All callbacks for a notification have the same notification id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Reference {
    pub id: Uuid,
}

/// The secret with which the service signs the callbacks of a webhook. As text, a secret is `whsec_` followed by base64.
#[derive(Clone)]
pub struct SigningSecret(hmac::Key);

impl FromStr for SigningSecret {
    type Err = SecretError;

    fn from_str(text: &str) -> Result<SigningSecret, SecretError> {
        let encoded = text.trim().strip_prefix("whsec_").ok_or(SecretError::Prefix)?;
        let key = STANDARD.decode(encoded).map_err(SecretError::Encoding)?;
        // Standard Webhooks 1.0, "Signature scheme", requires between 24 and 64 bytes.
        if !(24..=64).contains(&key.len()) {
            return Err(SecretError::Length(key.len()));
        }
        Ok(SigningSecret(hmac::Key::new(hmac::HMAC_SHA256, &key)))
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SigningSecret(..)")
    }
}

/// The reason why a text is not a signing secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    #[error("a signing secret must begin with `whsec_`")]
    Prefix,
    #[error("a signing secret must have base64 after `whsec_`")]
    Encoding(#[source] base64::DecodeError),
    #[error("a signing secret must have 24 to 64 bytes, but this one has {0}")]
    Length(usize),
}

/// The reason why a callback is not accepted. Log the error and respond with 401. The response must not show the error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    #[error("no signing secret was given")]
    NoSecret,
    #[error("the header `{0}` is missing")]
    HeaderMissing(&'static str),
    #[error("the header `{0}` is not plain ASCII text")]
    HeaderNotText(&'static str),
    #[error("`webhook-timestamp` is not a number of seconds")]
    Timestamp,
    #[error("the callback was signed {0} seconds ago, more than 5 minutes: it is a replay, or the clock of this machine is ahead")]
    TooOld(u64),
    #[error("the callback was signed {0} seconds in the future, more than 5 minutes: the clock of this machine is behind")]
    TooNew(u64),
    #[error("`webhook-signature` has no signature of version 1 (`v1,` and base64)")]
    NoSignature,
    #[error("no signature matches: the secret belongs to another webhook, or the body has changed since it was sent")]
    Mismatch,
    #[error("the signature is valid, but the body is not the expected JSON")]
    Body(#[source] serde_json::Error),
}

/// Verifies that a callback is signed with one of the secrets, and that `webhook-timestamp` differs from `now` by at
/// most [`TOLERANCE`]. Then parses the body of the callback.
///
/// # Errors
/// If the callback is not genuine, or if its body cannot be parsed ([`VerifyError::Body`]).
pub fn verify<T: DeserializeOwned>(
    secrets: &[SigningSecret],
    headers: &HeaderMap,
    body: &[u8],
    now: SystemTime,
) -> Result<Callback<T>, VerifyError> {
    verify_signature(secrets, headers, body, now)?;
    serde_json::from_slice(body).map_err(VerifyError::Body)
}

/// Returns the JSON body of the response that agrees to a `webhook.handshake` callback, or `None` for other callbacks.
///
/// Send this body with the status 200 and `Content-Type: application/json`. Agree only if [`verify`] accepted the callback
/// and you want notifications for its webhook.
///
/// ```
/// use webhooks_client::callback::{Callback, agreement};
///
/// let body = r#"{"type":"webhook.handshake","timestamp":"2006-01-02T15:04:05Z","data":{"challenge":"Yk3v"},
/// "notification":{"id":"0197a5a0-3c7e-7d2a-9f10-6b1f2f6f3d55"},"webhook":{"id":"0197a5a0-1111-7d2a-9f10-6b1f2f6f3d55"}}"#;
/// let callback: Callback = serde_json::from_str(body)?;
/// assert_eq!(agreement(&callback).as_deref(), Some(r#"{"challenge":"Yk3v"}"#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn agreement(callback: &Callback) -> Option<String> {
    #[derive(Serialize, Deserialize)]
    struct Agreement {
        challenge: String,
    }

    if callback.r#type != HANDSHAKE {
        return None;
    }
    let agreement: Agreement = callback.data.deserialize().ok()?;
    serde_json::to_string(&agreement).ok()
}

/// Verifies a callback as [`verify`] does, but does not parse the body of the callback.
///
/// # Errors
/// The errors of [`verify`], except [`VerifyError::Body`].
pub fn verify_signature(secrets: &[SigningSecret], headers: &HeaderMap, body: &[u8], now: SystemTime) -> Result<(), VerifyError> {
    if secrets.is_empty() {
        return Err(VerifyError::NoSecret);
    }
    let id = header(headers, WEBHOOK_ID)?;
    let timestamp = header(headers, WEBHOOK_TIMESTAMP)?;
    let signatures = header(headers, WEBHOOK_SIGNATURE)?;
    check_age(timestamp, now)?;

    let signed = signed_content(id, timestamp, body);
    // The header may also contain signatures of other versions. This function ignores these signatures.
    let versions = signatures.split(' ').filter_map(|signature| signature.strip_prefix("v1,"));
    let tags: Vec<Vec<u8>> = versions.filter_map(|encoded| STANDARD.decode(encoded).ok()).collect();
    if tags.is_empty() {
        return Err(VerifyError::NoSignature);
    }
    let genuine = tags.iter().any(|tag| secrets.iter().any(|secret| hmac::verify(&secret.0, &signed, tag).is_ok()));
    if genuine { Ok(()) } else { Err(VerifyError::Mismatch) }
}

/// Returns the three headers that [`verify`] checks, for a callback with this notification id and body. The header
/// `webhook-signature` contains one signature for each secret, in the order of `secrets`. During a rotation of the
/// secret, the service sends two signatures.
///
/// Use this function in the tests of a receiver.
///
/// ```
/// use std::time::SystemTime;
/// use webhooks_client::callback::{SigningSecret, sign, verify_signature};
///
/// let secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse::<SigningSecret>()?];
/// let body = br#"{"type":"catalog.purchase.closed"}"#;
/// let headers = sign(&secrets, uuid::Uuid::now_v7(), SystemTime::now(), body);
/// verify_signature(&secrets, &headers, body, SystemTime::now())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn sign(secrets: &[SigningSecret], notification: Uuid, signed_at: SystemTime, body: &[u8]) -> HeaderMap {
    let id = notification.to_string();
    let timestamp = signed_at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()).to_string();
    let signatures: Vec<String> = secrets.iter().map(|secret| signature(secret, &id, &timestamp, body)).collect();
    [(WEBHOOK_ID, id), (WEBHOOK_TIMESTAMP, timestamp), (WEBHOOK_SIGNATURE, signatures.join(" "))]
        .into_iter()
        .map(|(name, value)| {
            let value = HeaderValue::try_from(value).expect("a UUID, digits and base64 are visible ASCII characters");
            (HeaderName::from_static(name), value)
        })
        .collect()
}

fn signature(secret: &SigningSecret, id: &str, timestamp: &str, body: &[u8]) -> String {
    let tag = hmac::sign(&secret.0, &signed_content(id, timestamp, body));
    format!("v1,{}", STANDARD.encode(tag))
}

fn signed_content(id: &str, timestamp: &str, body: &[u8]) -> Vec<u8> {
    [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat()
}

fn header<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, VerifyError> {
    let value = headers.get(name).ok_or(VerifyError::HeaderMissing(name))?;
    value.to_str().map_err(|_| VerifyError::HeaderNotText(name))
}

fn check_age(timestamp: &str, now: SystemTime) -> Result<(), VerifyError> {
    let signed: u64 = timestamp.parse().map_err(|_| VerifyError::Timestamp)?;
    let now = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let tolerance = TOLERANCE.as_secs();
    if now.saturating_sub(signed) > tolerance {
        return Err(VerifyError::TooOld(now - signed));
    }
    if signed.saturating_sub(now) > tolerance {
        return Err(VerifyError::TooNew(signed - now));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    const VECTORS: &str = include_str!("../signature-vectors.json");

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Vectors {
        #[serde(rename = "description")]
        _description: Vec<String>,
        cases: Vec<Vector>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Vector {
        name: String,
        secrets: Vec<String>,
        headers: BTreeMap<String, String>,
        body: Option<String>,
        body_base64: Option<String>,
        now: u64,
        expected: String,
        standardwebhooks: Option<OtherLibraries>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct OtherLibraries {
        python: Option<String>,
        javascript: Option<String>,
        why: String,
    }

    fn vectors() -> Vec<Vector> {
        serde_json::from_str::<Vectors>(VECTORS).expect("signature vectors").cases
    }

    impl Vector {
        fn outcome(&self) -> &'static str {
            let secrets: Result<Vec<SigningSecret>, SecretError> = self.secrets.iter().map(|text| text.parse()).collect();
            let secrets = match secrets {
                Ok(secrets) => secrets,
                Err(SecretError::Prefix) => return "secret_prefix",
                Err(SecretError::Encoding(_)) => return "secret_encoding",
                Err(SecretError::Length(_)) => return "secret_length",
            };
            match verify_signature(&secrets, &self.headers(), &self.body(), UNIX_EPOCH + Duration::from_secs(self.now)) {
                Ok(()) => "accepted",
                Err(VerifyError::NoSecret) => "no_secret",
                Err(VerifyError::HeaderMissing(_)) => "header_missing",
                Err(VerifyError::HeaderNotText(_)) => "header_not_text",
                Err(VerifyError::Timestamp) => "timestamp",
                Err(VerifyError::TooOld(_)) => "too_old",
                Err(VerifyError::TooNew(_)) => "too_new",
                Err(VerifyError::NoSignature) => "no_signature",
                Err(VerifyError::Mismatch) => "mismatch",
                Err(VerifyError::Body(error)) => panic!("{}: verify_signature does not parse the body: {error}", self.name),
            }
        }

        fn headers(&self) -> HeaderMap {
            let header = |(name, value): (&String, &String)| -> Result<_, http::Error> {
                Ok((name.parse::<http::HeaderName>()?, http::HeaderValue::from_bytes(value.as_bytes())?))
            };
            self.headers.iter().map(header).collect::<Result<_, _>>().expect(&self.name)
        }

        fn body(&self) -> Vec<u8> {
            match (&self.body, &self.body_base64) {
                (Some(text), None) => text.clone().into_bytes(),
                (None, Some(encoded)) => STANDARD.decode(encoded).expect(&self.name),
                _ => panic!("{}: needs either `body` or `bodyBase64`", self.name),
            }
        }
    }

    #[test]
    fn each_signature_vector_has_the_expected_outcome() {
        for vector in vectors() {
            assert_eq!(vector.outcome(), vector.expected, "{}", vector.name);
        }
    }

    /// Authors of receivers in other languages use the vectors as tests, so each outcome must have a vector.
    #[test]
    fn the_signature_vectors_cover_every_outcome() {
        let found: BTreeSet<String> = vectors().into_iter().map(|vector| vector.expected).collect();
        let reasons = ["no_secret", "header_missing", "header_not_text", "timestamp", "too_old", "too_new", "no_signature", "mismatch"];
        let expected = reasons.into_iter().chain(["accepted", "secret_prefix", "secret_encoding", "secret_length"]);
        assert_eq!(found, expected.map(str::to_owned).collect());
    }

    #[test]
    fn signature_vectors_list_only_real_differences_of_other_libraries() {
        let vectors = vectors();
        let names: BTreeSet<&str> = vectors.iter().map(|vector| vector.name.as_str()).collect();
        assert_eq!(names.len(), vectors.len(), "two cases have the same name");
        for Vector { name, expected, standardwebhooks, .. } in &vectors {
            let Some(OtherLibraries { python, javascript, why }) = standardwebhooks else { continue };
            let outcomes: Vec<&String> = [python, javascript].into_iter().flatten().collect();
            assert!(!outcomes.is_empty() && !outcomes.contains(&expected) && !why.is_empty(), "{name}");
        }
    }

    #[test]
    fn an_error_names_the_cause() {
        let by_name = |name: &str| vectors().into_iter().find(|vector| vector.name == name).expect(name);
        let error = |name: &str| {
            let vector = by_name(name);
            let now = UNIX_EPOCH + Duration::from_secs(vector.now);
            let secrets = [SECRET.parse().expect("a secret")];
            verify_signature(&secrets, &vector.headers(), &vector.body(), now).expect_err(name).to_string()
        };
        for header in [WEBHOOK_ID, WEBHOOK_TIMESTAMP, WEBHOOK_SIGNATURE] {
            assert_eq!(error(&format!("no {header}")), format!("the header `{header}` is missing"));
        }
        assert!(error("an id that is not ASCII").contains("`webhook-id`"));
        assert!(error("301 seconds old").contains("301 seconds ago"));
        assert!(error("301 seconds in the future").contains("301 seconds in the future"));
        let error = "whsec_MfKQ9r8G".parse::<SigningSecret>().expect_err("a short secret").to_string();
        assert!(error.contains("but this one has 6"), "{error}");
    }

    #[test]
    fn either_of_two_secrets_verifies_the_callback_within_the_tolerance() {
        let signed_at = UNIX_EPOCH + Duration::from_secs(1_614_265_330);
        let secret = |text: &str| text.parse::<SigningSecret>().expect("a secret");
        let (old, unknown) = ("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "whsec_BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
        let headers = sign(&[secret(old), secret(SECRET)], Uuid::now_v7(), signed_at, b"{}");
        let check = |text: &str, now: SystemTime| verify_signature(&[secret(text)], &headers, b"{}", now);
        for known in [old, SECRET] {
            check(known, signed_at).expect(known);
        }
        assert!(matches!(check(unknown, signed_at), Err(VerifyError::Mismatch)));
        assert!(matches!(check(SECRET, signed_at + Duration::from_secs(301)), Err(VerifyError::TooOld(301))));
    }

    #[test]
    fn debug_does_not_show_the_secret() {
        let secret: SigningSecret = SECRET.parse().expect("a secret");
        assert_eq!(format!("{secret:?}"), "SigningSecret(..)");
    }

    #[test]
    fn an_unexpected_body_of_a_genuine_callback_is_an_error() {
        // The body of this vector is JSON, but not the body of a callback of this service.
        let vector = vectors().remove(0);
        let secrets = [SECRET.parse().expect("a secret")];
        let now = UNIX_EPOCH + Duration::from_secs(vector.now);
        let error = verify::<serde_json::Value>(&secrets, &vector.headers(), &vector.body(), now).expect_err("no type");
        assert!(matches!(error, VerifyError::Body(_)), "{error}");
    }
}
