//! The receiver's side: is a callback genuine, and what does it say?
//!
//! Callbacks are signed as [Standard Webhooks 1.0](https://www.standardwebhooks.com/) prescribes: `webhook-signature`
//! holds one HMAC-SHA256 over `{webhook-id}.{webhook-timestamp}.{body}` for each valid secret of the webhook. [`verify`]
//! needs the body as it came, byte by byte; parse it only afterwards, or let [`verify`] do it.
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
//! // As the API's getSigningSecret answers it. While a secret is being rotated there are two.
//! let secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse::<SigningSecret>()?];
//!
//! // These come with the request.
//! let body = br#"{"type":"catalog.purchase.closed","timestamp":"2006-01-02T15:04:05Z","data":{"purchase":{"id":"p-1"}},
//! "notification":{"id":"0197a5a0-3c7e-7d2a-9f10-6b1f2f6f3d55"},"webhook":{"id":"0197a5a0-1111-7d2a-9f10-6b1f2f6f3d55"}}"#;
//! let mut headers = http::HeaderMap::new();
//! headers.insert("webhook-id", "0197a5a0-3c7e-7d2a-9f10-6b1f2f6f3d55".parse()?);
//! headers.insert("webhook-timestamp", "1136214245".parse()?);
//! headers.insert("webhook-signature", "v1,hovIaT/uqzzgmeUk0BChX2rbb9Ifj/Pfw85DQ9ri/Mw=".parse()?);
//!
//! let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_136_214_250); // SystemTime::now() in a real receiver
//! let callback: Callback<Purchased> = verify(&secrets, &headers, body, now)?;
//!
//! // A callback may come more than once: remember the notifications that are done.
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
use http::HeaderMap;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

/// How far `webhook-timestamp` may be from the receiver's clock (Standard Webhooks 1.0, "Verifying webhook
/// authenticity"): it makes an old request that somebody has recorded worthless.
pub const TOLERANCE: Duration = Duration::from_secs(5 * 60);

pub const WEBHOOK_ID: &str = "webhook-id";
pub const WEBHOOK_TIMESTAMP: &str = "webhook-timestamp";
pub const WEBHOOK_SIGNATURE: &str = "webhook-signature";

/// The body of a callback. Members that a later version of the service adds are ignored.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Callback<T = serde_json::Value> {
    /// What happened, for instance `catalog.purchase.closed`.
    pub r#type: String,
    /// When the service accepted the notification.
    pub timestamp: DateTime<Utc>,
    /// What was published.
    pub data: T,
    pub notification: Reference,
    pub webhook: Reference,
}

/// Names a notification, which is the same on every attempt to deliver it, or a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Reference {
    pub id: Uuid,
}

/// The secret that a webhook's callbacks are signed with, from `whsec_` and base64.
#[derive(Clone)]
pub struct SigningSecret(hmac::Key);

impl FromStr for SigningSecret {
    type Err = SecretError;

    fn from_str(text: &str) -> Result<SigningSecret, SecretError> {
        let encoded = text.trim().strip_prefix("whsec_").ok_or(SecretError::Prefix)?;
        let key = STANDARD.decode(encoded).map_err(SecretError::Encoding)?;
        // Standard Webhooks 1.0, "Signature scheme": between 24 and 64 bytes.
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

/// Why a text is no signing secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    #[error("a signing secret begins with `whsec_`")]
    Prefix,
    #[error("what follows `whsec_` in a signing secret must be base64")]
    Encoding(#[source] base64::DecodeError),
    #[error("a signing secret has 24 to 64 bytes, and this one has {0}")]
    Length(usize),
}

/// Why a callback is not to be trusted. None of it should be told to the sender: answer 401, and log it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    #[error("there is no signing secret to check with")]
    NoSecret,
    #[error("the header `{0}` is missing")]
    HeaderMissing(&'static str),
    #[error("the header `{0}` is not plain ASCII text")]
    HeaderNotText(&'static str),
    #[error("`webhook-timestamp` is not a number of seconds")]
    Timestamp,
    #[error("the callback was signed {0} seconds ago, more than 5 minutes: it is a repetition, or this clock is fast")]
    TooOld(u64),
    #[error("the callback was signed {0} seconds in the future, more than 5 minutes: this clock is slow")]
    TooNew(u64),
    #[error("`webhook-signature` has no signature of version 1 (`v1,` and base64)")]
    NoSignature,
    #[error("no signature matches: the secret is not this webhook's, or the body is not what was sent, byte by byte")]
    Mismatch,
    #[error("the signature is right, but the body is not the expected JSON")]
    Body(#[source] serde_json::Error),
}

/// Checks that a callback comes from the holder of one of the secrets and is not older than [`TOLERANCE`], and reads it.
///
/// # Errors
/// A [`VerifyError`] that says what is wrong. Only [`VerifyError::Body`] comes from a genuine callback.
pub fn verify<T: DeserializeOwned>(
    secrets: &[SigningSecret],
    headers: &HeaderMap,
    body: &[u8],
    now: SystemTime,
) -> Result<Callback<T>, VerifyError> {
    verify_signature(secrets, headers, body, now)?;
    serde_json::from_slice(body).map_err(VerifyError::Body)
}

/// The first half of [`verify`], for those who read the body themselves.
///
/// # Errors
/// As [`verify`], without [`VerifyError::Body`].
pub fn verify_signature(secrets: &[SigningSecret], headers: &HeaderMap, body: &[u8], now: SystemTime) -> Result<(), VerifyError> {
    if secrets.is_empty() {
        return Err(VerifyError::NoSecret);
    }
    let id = header(headers, WEBHOOK_ID)?;
    let timestamp = header(headers, WEBHOOK_TIMESTAMP)?;
    let signatures = header(headers, WEBHOOK_SIGNATURE)?;
    check_age(timestamp, now)?;

    let signed = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat();
    // Other versions of the scheme may stand beside version 1, and are not ours to check.
    let versions = signatures.split(' ').filter_map(|signature| signature.strip_prefix("v1,"));
    let tags: Vec<Vec<u8>> = versions.filter_map(|encoded| STANDARD.decode(encoded).ok()).collect();
    if tags.is_empty() {
        return Err(VerifyError::NoSignature);
    }
    let genuine = tags.iter().any(|tag| secrets.iter().any(|secret| hmac::verify(&secret.0, &signed, tag).is_ok()));
    if genuine { Ok(()) } else { Err(VerifyError::Mismatch) }
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
    use super::*;

    // The example of the Standard Webhooks reference implementations.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const SIGNED_AT: u64 = 1_614_265_330;
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn headers(id: &str, timestamp: &str, signature: &str) -> HeaderMap {
        [(WEBHOOK_ID, id), (WEBHOOK_TIMESTAMP, timestamp), (WEBHOOK_SIGNATURE, signature)]
            .into_iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().expect("a header value")))
            .collect()
    }

    fn check(secret: &str, headers: &HeaderMap, body: &[u8], now: u64) -> Result<(), VerifyError> {
        let secrets = [secret.parse().expect("a secret")];
        verify_signature(&secrets, headers, body, UNIX_EPOCH + Duration::from_secs(now))
    }

    #[test]
    fn the_published_example_is_genuine() {
        check(SECRET, &headers(ID, "1614265330", SIGNATURE), BODY, SIGNED_AT).expect("genuine");
    }

    #[test]
    fn one_right_signature_among_others_is_enough() {
        let old = "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        for signatures in [format!("{old} {SIGNATURE}"), format!("v1a,abcd {SIGNATURE} v2,x"), format!("{SIGNATURE} v1,???")] {
            check(SECRET, &headers(ID, "1614265330", &signatures), BODY, SIGNED_AT).expect(&signatures);
        }
        let secrets = ["whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", SECRET].map(|text| text.parse().expect("a secret"));
        verify_signature(&secrets, &headers(ID, "1614265330", SIGNATURE), BODY, UNIX_EPOCH + Duration::from_secs(SIGNED_AT))
            .expect("the second secret");
    }

    #[test]
    fn what_was_not_signed_is_refused() {
        let good = headers(ID, "1614265330", SIGNATURE);
        let cases: [(&str, HeaderMap, &[u8]); 6] = [
            ("another secret", good.clone(), BODY),
            ("another body", good.clone(), br#"{"test":2432232314}"#),
            ("an empty body", good, b""),
            ("another id", headers("msg_other", "1614265330", SIGNATURE), BODY),
            ("another time", headers(ID, "1614265331", SIGNATURE), BODY),
            ("half a signature", headers(ID, "1614265330", "v1,g0hM9SsE+OTPJTGt/tmIKg=="), BODY),
        ];
        for (what, headers, body) in cases {
            let secret = if what == "another secret" { "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" } else { SECRET };
            let error = check(secret, &headers, body, SIGNED_AT).expect_err(what);
            assert!(matches!(error, VerifyError::Mismatch), "{what}: {error}");
        }
    }

    #[test]
    fn the_clocks_may_differ_by_five_minutes() {
        let headers = headers(ID, "1614265330", SIGNATURE);
        for now in [SIGNED_AT - 300, SIGNED_AT + 300] {
            check(SECRET, &headers, BODY, now).expect("within the tolerance");
        }
        assert!(matches!(check(SECRET, &headers, BODY, SIGNED_AT + 301), Err(VerifyError::TooOld(301))));
        assert!(matches!(check(SECRET, &headers, BODY, SIGNED_AT - 301), Err(VerifyError::TooNew(301))));
    }

    #[test]
    fn an_error_says_what_is_wrong() {
        for missing in [WEBHOOK_ID, WEBHOOK_TIMESTAMP, WEBHOOK_SIGNATURE] {
            let mut headers = headers(ID, "1614265330", SIGNATURE);
            headers.remove(missing);
            let error = check(SECRET, &headers, BODY, SIGNED_AT).expect_err(missing);
            assert_eq!(error.to_string(), format!("the header `{missing}` is missing"));
        }
        for timestamp in ["", "soon", "-1", "1614265330.5", "99999999999999999999"] {
            let error = check(SECRET, &headers(ID, timestamp, SIGNATURE), BODY, SIGNED_AT).expect_err(timestamp);
            assert!(matches!(error, VerifyError::Timestamp), "{timestamp}: {error}");
        }
        for signature in ["", "v2,abcd", "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", "v1,???"] {
            let error = check(SECRET, &headers(ID, "1614265330", signature), BODY, SIGNED_AT).expect_err(signature);
            assert!(matches!(error, VerifyError::NoSignature), "{signature}: {error}");
        }
        let error = verify_signature(&[], &HeaderMap::new(), BODY, UNIX_EPOCH).expect_err("no secret");
        assert!(matches!(error, VerifyError::NoSecret));
        for (secret, expected) in [
            ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "begins with `whsec_`"),
            ("whsec_?", "must be base64"),
            ("whsec_MfKQ9r8G", "and this one has 6"),
        ] {
            let error = secret.parse::<SigningSecret>().expect_err(secret).to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn a_secret_is_not_shown() {
        let secret: SigningSecret = SECRET.parse().expect("a secret");
        assert_eq!(format!("{secret:?}"), "SigningSecret(..)");
    }

    #[test]
    fn a_genuine_callback_with_another_body_than_expected_says_so() {
        let secrets = [SECRET.parse().expect("a secret")];
        let now = UNIX_EPOCH + Duration::from_secs(SIGNED_AT);
        let error = verify::<serde_json::Value>(&secrets, &headers(ID, "1614265330", SIGNATURE), BODY, now).expect_err("no type");
        assert!(matches!(error, VerifyError::Body(_)), "{error}");
    }
}
