//! Secrets are stored encrypted. They never appear in the database, the log, API responses, or recorded responses of receivers.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::json;

use crate::harness::{Reply, Server, eventually, id_of};

const PASSWORD: &str = "marked pässword/with+every:kind&of%character";
const HEADER_KEY: &str = "marked-header/key+with=every&kind%of:character";
const CLIENT_SECRET: &str = "marked client/secret+with=every&kind%of:character";

/// Returns a secret in all notations: raw, in JSON, base64, hex, percent-encoded.
fn notations(secret: &str) -> Vec<String> {
    let percent = |encode: fn(u8) -> String| -> String {
        secret.bytes().map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { encode(byte) }).collect()
    };
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let json = json!(secret).to_string();
    let mut notations = vec![
        secret.to_owned(),
        json.trim_matches('"').to_owned(),
        STANDARD_NO_PAD.encode(secret),
        URL_SAFE_NO_PAD.encode(secret),
        hex.to_uppercase(),
        hex,
        percent(|byte| format!("%{byte:02X}")),
        percent(|byte| format!("%{byte:02x}")),
        url::form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
    ];
    notations.sort();
    notations.dedup();
    notations
}

fn assert_absent(place: &str, bytes: &[u8], secrets: &[String]) {
    for secret in secrets {
        for notation in notations(secret) {
            let found = bytes.windows(notation.len()).any(|window| window == notation.as_bytes());
            assert!(!found, "{place} contains the secret {secret:?} as {notation:?}");
        }
    }
}

#[tokio::test]
async fn no_secret_is_stored_in_plain_text_logged_or_returned() {
    let mut server = Server::start().await;
    let api = server.api();
    let mut receiver = server.receiver().await;
    let endpoint = server.token_endpoint("marked-client", CLIENT_SECRET).await;
    receiver.always_reply(Reply::Echo);
    let basic = json!({ "type": "basic", "username": "marked-user", "password": PASSWORD });
    let client =
        json!({ "type": "client_credential", "clientID": "marked-client", "clientSecret": CLIENT_SECRET, "tokenURL": endpoint.url() });
    let mut secrets = vec![PASSWORD.to_owned(), CLIENT_SECRET.to_owned(), HEADER_KEY.to_owned()];
    let mut signing = Vec::new();
    for auth in [basic.clone(), client.clone()] {
        let headers = json!([{ "name": "X-Test-Key", "value": format!("Token {HEADER_KEY}") }]);
        let webhook = api.register(&json!({ "targetURL": receiver.url(), "auth": auth, "headers": headers })).await;
        let id = webhook["id"].as_str().expect("an id").to_owned();
        // The test reads the signing secrets after it has searched the responses, because the API returns them in plain text.
        signing.push(id.clone());
        api.update(&id, &json!({ "auth": auth, "headers": headers })).await;
        api.test(&id).await;
    }
    api.publish_type("a.b").await;
    let callbacks = receiver.next_callbacks(4).await;
    for callback in &callbacks {
        let value = callback.header("authorization").split_once(' ').expect("a scheme").1.to_owned();
        secrets.push(value);
    }
    eventually("the echoes", async || {
        let deliveries = api.list("/deliveries").await;
        deliveries.iter().all(|delivery| delivery["attemptCount"] == 1).then_some(())
    })
    .await;
    for delivery in api.list("/deliveries").await {
        let delivery = api.delivery(delivery["id"].as_str().expect("an id")).await;
        let echo = delivery["lastAttempt"]["responseBody"].as_str().expect("the echo").to_owned();
        assert!(echo.contains("[redacted]"), "{echo}");
    }
    // A refusal must not repeat a secret that is in the wrong member.
    api.post("/webhooks", &json!({ "targetURL": "https://example.com", "auth": PASSWORD })).await.expect(400);
    api.post("/webhooks", &json!({ "targetURL": "https://example.com", "auth": { "type": CLIENT_SECRET } })).await.expect(400);
    api.post("/webhooks", &json!({ "targetURL": PASSWORD })).await.expect(400);
    for headers in [
        json!(HEADER_KEY),
        json!([HEADER_KEY]),
        json!([{ "name": HEADER_KEY, "value": "k" }]),
        json!([{ "name": "a", "value": [HEADER_KEY] }]),
    ] {
        api.post("/webhooks", &json!({ "targetURL": "https://example.com", "headers": headers })).await.expect(400);
    }
    assert_absent("a response", &server.responses(), &secrets);
    let mut signing_secrets = Vec::new();
    for id in &signing {
        let secret = api.signing_secret(id).await;
        signing_secrets.push(secret.trim_start_matches("whsec_").to_owned());
        let bytes = STANDARD.decode(secret.trim_start_matches("whsec_")).expect("base64");
        for (path, file) in server.database().contents().await {
            assert!(!file.windows(bytes.len()).any(|window| window == bytes), "{path} contains the bytes of a signing secret");
        }
    }
    secrets.extend(signing_secrets);
    secrets.push(std::fs::read_to_string(server.file("access-token")).expect("the token").trim().to_owned());
    assert_absent("the log", server.log().as_bytes(), &secrets);
    for (path, file) in server.database().contents().await {
        assert_absent(&path, &file, &secrets);
    }
    server.stop().await;
    for (path, file) in server.database().contents().await {
        assert_absent(&path, &file, &secrets);
    }
}

#[tokio::test]
async fn an_echoed_secret_is_redacted_in_every_notation() {
    let server = Server::start().await;
    let (api, receiver) = (server.api(), server.receiver().await);
    let auth = json!({ "type": "basic", "username": "u", "password": PASSWORD });
    let webhook = api.register(&json!({ "targetURL": receiver.url(), "auth": auth })).await;
    let id = webhook["id"].as_str().expect("an id");
    for notation in notations(PASSWORD) {
        let body = format!("before {notation} after");
        receiver.reply_to_next([Reply::Full { status: 500, headers: vec![], body }]);
        let attempt = api.test(id).await;
        let kept = attempt["responseBody"].as_str().expect("a body");
        assert!(kept.starts_with("before [redacted]") && kept.ends_with(" after"), "{notation}: {kept}");
    }
}

#[tokio::test]
async fn an_echo_of_a_callback_is_withheld_as_a_whole() {
    let server = Server::start().await;
    let (api, receiver) = (server.api(), server.receiver().await);
    let auth = json!({ "type": "basic", "username": "u", "password": PASSWORD });
    let id = id_of(&api.register(&json!({ "targetURL": receiver.url(), "auth": auth })).await);
    let echo = format!("POST / HTTP/1.1\r\nWebhook-Id: 1\r\nwebhook-signature: v1,x\r\nauthorization: {}\r\n", STANDARD.encode(PASSWORD));
    let hex = |separator: &str| echo.bytes().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(separator);
    let lines = STANDARD.encode(&echo).as_bytes().chunks(76).map(String::from_utf8_lossy).collect::<Vec<_>>().join("\r\n");
    for body in [
        echo.clone(),
        echo.to_uppercase(),
        format!("<Buffer {}>", hex(" ").to_lowercase()),
        hex(":"),
        lines,
        STANDARD.encode(STANDARD.encode(&echo)),
        json!({ "headers": { "webhook-signature": ["v1,x"], "authorization": "reversed or encrypted" } }).to_string(),
    ] {
        receiver.reply_to_next([Reply::Full { status: 500, headers: vec![], body: body.clone() }]);
        let attempt = api.test(&id).await;
        let kept = attempt["responseBody"].as_str().expect("a note");
        assert!(kept.starts_with("[redacted] The service does not keep this text"), "{body}: {kept}");
        assert_eq!((&attempt["truncated"], &attempt["statusCode"]), (&json!(true), &json!(500)));
    }
    // An echo server repeats the values of this callback.
    receiver.reply_to_next([Reply::Echo]);
    let kept = api.test(&id).await["responseBody"].as_str().expect("a note").to_owned();
    assert!(kept.starts_with("[redacted] The service does not keep this text"), "{kept}");
    for error in [r#"{"error":"invalid webhook-signature"}"#, "Missing: webhook-id, webhook-timestamp, webhook-signature", "expected Basic"]
    {
        receiver.reply_to_next([Reply::Full { status: 400, headers: vec![], body: error.to_owned() }]);
        assert_eq!(api.test(&id).await["responseBody"], *error);
    }
}

#[tokio::test]
async fn a_refusal_does_not_repeat_a_value_of_any_type() {
    let server = Server::start().await;
    let api = server.api();
    for value in [json!(987_654_321_u64), json!(-987_654_321_i64), json!(9_876.543_21), json!([987_654_321]), json!("987654321")] {
        for body in [
            json!({ "targetURL": value }),
            json!({ "targetURL": "https://example.com", "auth": { "type": value } }),
            json!({ "targetURL": "https://example.com", "auth": { "type": "basic", "username": "a:b", "password": value } }),
            json!({ "targetURL": "https://example.com", "auth": { "type": "basic", "username": [], "password": value } }),
            json!({ "targetURL": "https://example.com", "headers": [{ "name": "a b", "value": value }] }),
            json!({ "targetURL": "https://example.com", "headers": value, "maxPerSecond": value, "ordered": value }),
        ] {
            let response = api.post("/webhooks", &body).await;
            let text = String::from_utf8_lossy(&response.body).into_owned();
            assert!(response.status == 400 && !text.contains("9876") && !text.contains("54321"), "{body}: {text}");
        }
    }
    for path in ["/webhooks/987654321", "/webhooks?limit=987654321", "/deliveries?status=987654321", "/deliveries?since=987654321"] {
        let response = api.get(path).await;
        let text = String::from_utf8_lossy(&response.body).into_owned();
        let detail = response.json()["detail"].as_str().expect("a detail").to_owned();
        assert!(response.status == 400 && !detail.contains("9876"), "{path}: {text}");
    }
}

#[tokio::test]
async fn a_secret_at_the_end_of_the_recorded_body_is_redacted() {
    let server = Server::start().await;
    let (api, receiver) = (server.api(), server.receiver().await);
    let auth = json!({ "type": "basic", "username": "u", "password": "marked-password-at-the-edge" });
    let webhook = api.register(&json!({ "targetURL": receiver.url(), "auth": auth })).await;
    for before in 4065..=4100 {
        let body = format!("{}marked-password-at-the-edge", "x".repeat(before));
        receiver.reply_to_next([Reply::Full { status: 500, headers: vec![], body }]);
        let attempt = api.test(webhook["id"].as_str().expect("an id")).await;
        let kept = attempt["responseBody"].as_str().expect("a body").trim_start_matches('x').to_owned();
        assert!(!kept.contains("mark"), "{before}: {kept}");
    }
}
