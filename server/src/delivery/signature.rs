//! Signs callbacks as [Standard Webhooks 1.0](https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md)
//! prescribes, so that a receiver can check with any of its libraries that a callback came from here and is fresh.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SecureRandom;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What every signing secret begins with, so that leaked ones can be found by scanners.
const PREFIX: &str = "whsec_";

/// The specification wants 24 to 64 bytes; new secrets have 32, the strength of the hash.
const NEW_LEN: usize = 32;
const SHORTEST_LEN: usize = 24;
const LONGEST_LEN: usize = 64;

/// The key that a webhook's callbacks are signed with, and that its receiver checks them with. Debug does not show it.
#[derive(Clone)]
pub struct SigningSecret(Vec<u8>);

/// Why a text is no signing secret. The text itself is never part of the message.
#[derive(thiserror::Error, Debug, Clone, PartialEq, Eq)]
pub enum SigningSecretError {
    #[error("a signing secret begins with {PREFIX}")]
    NoPrefix,
    #[error("a signing secret is base64 after {PREFIX}")]
    NotBase64,
    #[error("a signing secret has {SHORTEST_LEN} to {LONGEST_LEN} bytes, not {bytes}")]
    WrongLength { bytes: usize },
}

impl SigningSecret {
    /// A new secret of 32 bytes.
    pub fn generate(random: &dyn SecureRandom) -> SigningSecret {
        let mut bytes = [0; NEW_LEN];
        random.fill(&mut bytes).expect("the system's random source never fails once it is seeded");
        SigningSecret(bytes.to_vec())
    }

    /// The secret as its owner reads it, `whsec_` and base64. For the owner and the vault only.
    pub fn expose(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(&self.0))
    }

    fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> hmac::Tag {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        let mut content = hmac::Context::with_key(&key);
        content.update(format!("{id}.{timestamp}.").as_bytes());
        content.update(body);
        content.sign()
    }
}

impl FromStr for SigningSecret {
    type Err = SigningSecretError;

    fn from_str(text: &str) -> Result<SigningSecret, SigningSecretError> {
        let encoded = text.strip_prefix(PREFIX).ok_or(SigningSecretError::NoPrefix)?;
        // The decoder's own error quotes a byte of the secret, so it goes no further.
        let bytes = STANDARD.decode(encoded).map_err(|_| SigningSecretError::NotBase64)?;
        match bytes.len() {
            SHORTEST_LEN..=LONGEST_LEN => Ok(SigningSecret(bytes)),
            bytes => Err(SigningSecretError::WrongLength { bytes }),
        }
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret([redacted])")
    }
}

/// The value of the `webhook-signature` header: one `v1,` signature for each secret, in the order given, separated by spaces.
///
/// `id` and `timestamp` (seconds since 1970) are the values of `webhook-id` and `webhook-timestamp`; `body` is the body to the byte.
/// During the overlap of a rotation a callback carries the signatures of both secrets, and the receiver needs only one to match.
pub fn sign(secrets: &[SigningSecret], id: &str, timestamp: i64, body: &[u8]) -> String {
    let signatures = secrets.iter().map(|secret| {
        let signature = STANDARD.encode(secret.sign(id, timestamp, body).as_ref());
        format!("v1,{signature}")
    });
    signatures.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use aws_lc_rs::rand::SystemRandom;
    use serde_json::Value;

    use super::*;

    /// The vector that the reference libraries of Standard Webhooks test themselves with.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const TIMESTAMP: i64 = 1_614_265_330;
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn secret(text: &str) -> SigningSecret {
        text.parse().expect("a signing secret")
    }

    /// The vectors by which receivers are tested are what this service sends.
    #[test]
    fn an_accepted_signature_vector_has_the_signature_that_is_made_here() {
        let vectors: Value = serde_json::from_str(include_str!("../../../client/signature-vectors.json")).expect("signature vectors");
        let cases = vectors["cases"].as_array().expect("cases").iter().filter(|case| case["expected"] == "accepted");
        let mut checked = 0;
        for case in cases {
            let text = |value: &Value| value.as_str().expect("a text").to_owned();
            let headers = case["headers"].as_object().expect("headers").iter();
            let headers: BTreeMap<String, String> = headers.map(|(name, value)| (name.to_lowercase(), text(value))).collect();
            let timestamp = headers["webhook-timestamp"].parse().expect("seconds");
            let body = match case["body"].as_str() {
                Some(body) => body.as_bytes().to_vec(),
                None => STANDARD.decode(text(&case["bodyBase64"])).expect("base64"),
            };
            let secrets = case["secrets"].as_array().expect("secrets").iter().map(|known| secret(&text(known)));
            let made: Vec<String> = secrets.map(|known| sign(&[known], &headers["webhook-id"], timestamp, &body)).collect();
            let sent = &headers["webhook-signature"];
            assert!(sent.split(' ').any(|signature| made.iter().any(|made| made == signature)), "{}: {made:?}", case["name"]);
            checked += 1;
        }
        assert!(checked > 0, "no vector is accepted");
    }

    #[test]
    fn each_secret_signs_and_the_order_is_kept() {
        let new = SigningSecret::generate(&SystemRandom::new());
        let by_new = sign(std::slice::from_ref(&new), ID, TIMESTAMP, BODY);
        assert_eq!(sign(&[new, secret(SECRET)], ID, TIMESTAMP, BODY), format!("{by_new} {SIGNATURE}"));
    }

    #[test]
    fn the_signature_covers_the_id_the_time_and_the_body() {
        let secrets = [secret(SECRET)];
        for (id, timestamp, body) in [
            ("msg_p5jXN8AQM9LWM0D4loKWxJeK", TIMESTAMP, BODY),
            (ID, TIMESTAMP + 1, BODY),
            (ID, TIMESTAMP, br#"{"test": 2432232315}"#),
            (ID, TIMESTAMP, b""),
        ] {
            assert_ne!(sign(&secrets, id, timestamp, body), SIGNATURE);
        }
    }

    #[test]
    fn a_new_secret_has_32_bytes_and_reads_back() {
        let random = SystemRandom::new();
        let (one, another) = (SigningSecret::generate(&random), SigningSecret::generate(&random));
        assert_ne!(one.expose(), another.expose());
        assert_eq!(one.expose().len(), "whsec_".len() + 44);
        assert_eq!(secret(&one.expose()).expose(), one.expose());
        assert_eq!(secret(SECRET).expose(), SECRET);
    }

    #[test]
    fn a_text_that_is_no_secret_is_refused_without_being_quoted() {
        let of_len = |bytes: usize| format!("whsec_{}", STANDARD.encode(vec![1; bytes]));
        for (text, expected) in [
            ("", SigningSecretError::NoPrefix),
            ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", SigningSecretError::NoPrefix),
            ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS!", SigningSecretError::NotBase64),
            ("whsec_", SigningSecretError::WrongLength { bytes: 0 }),
            (&of_len(23), SigningSecretError::WrongLength { bytes: 23 }),
            (&of_len(65), SigningSecretError::WrongLength { bytes: 65 }),
        ] {
            let error = text.parse::<SigningSecret>().expect_err("no secret");
            assert_eq!(error, expected);
            assert!(!error.to_string().contains("MfKQ"));
        }
        for bytes in [24, 64] {
            secret(&of_len(bytes));
        }
    }

    #[test]
    fn debug_output_shows_no_secret() {
        assert_eq!(format!("{:?}", secret(SECRET)), "SigningSecret([redacted])");
    }
}
