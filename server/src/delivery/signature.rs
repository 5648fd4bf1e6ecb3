//! Signs callbacks according to
//! [Standard Webhooks 1.0](https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
//! A receiver can verify the sender and the age of a callback with any Standard Webhooks library.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::secrets::signing_secret::SigningSecret;

/// Returns the value of the `webhook-signature` header: one `v1,` signature for each secret. The signatures have the
/// order of `secrets`, and are separated by spaces.
///
/// `id` and `timestamp` (seconds since 1970) are the values of `webhook-id` and `webhook-timestamp`; `body` is the
/// exact body. During the overlap of a rotation, a callback has one signature for each of the two secrets. The receiver
/// accepts the callback if one signature matches.
pub fn sign(secrets: &[SigningSecret], id: &str, timestamp: i64, body: &[u8]) -> String {
    let signatures = secrets.iter().map(|secret| {
        let signature = STANDARD.encode(tag(secret, id, timestamp, body).as_ref());
        format!("v1,{signature}")
    });
    signatures.collect::<Vec<_>>().join(" ")
}

fn tag(secret: &SigningSecret, id: &str, timestamp: i64, body: &[u8]) -> hmac::Tag {
    let mut content = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, secret.key()));
    content.update(format!("{id}.{timestamp}.").as_bytes());
    content.update(body);
    content.sign()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use aws_lc_rs::rand::SystemRandom;
    use serde_json::Value;

    use super::*;

    /// The test vector of the Standard Webhooks reference libraries.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const TIMESTAMP: i64 = 1_614_265_330;
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn secret(text: &str) -> SigningSecret {
        text.parse().expect("a signing secret")
    }

    #[test]
    fn an_accepted_signature_vector_has_the_signature_of_this_service() {
        let vectors: Value = serde_json::from_str(include_str!("../../signature-vectors.json")).expect("signature vectors");
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
        assert!(checked > 0, "at least one vector is accepted");
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
}
