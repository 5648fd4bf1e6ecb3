use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::{Value, json};

use super::{Database, bytes, directory_beside, migrate_successfully, text};
use crate::harness::{Api, Authority, Callback, Process, Receiver, Reply, TokenEndpoint, eventually, id_of, run_binary};

const BODY: &str = r#"{"type":"a.b","data":{"keyed":true}}"#;

/// Returns everything that an account can read, with the attempts of each delivery.
async fn contents_for(api: &Api) -> Vec<Value> {
    let mut contents = api.list("/webhooks").await;
    contents.extend(api.list("/notifications").await);
    for delivery in api.list("/deliveries").await {
        contents.push(api.delivery(&id_of(&delivery)).await);
    }
    contents
}

async fn publish_with_key(api: &Api) -> Value {
    api.call(Method::POST, "/notifications", &[("idempotency-key", "key-1")], BODY).await.expect(202)
}

async fn delivery_command(arguments: &[&str], store: &str) {
    let output = run_binary(&[&["delivery"], arguments, &["--store", store]].concat()).await;
    assert!(output.status.success(), "{}", text(&output.stderr));
}

/// Returns the query string of a callback. Each webhook of the receiver has a different query string.
fn path_of(callback: &Callback) -> String {
    callback.path.trim_start_matches("/notify?").to_owned()
}

struct Fixture {
    accepting: Receiver,
    failing: Receiver,
    gone: Receiver,
    _endpoint: TokenEndpoint,
    /// The webhooks whose target is the accepting receiver: a map from query string to webhook id.
    webhooks: HashMap<&'static str, String>,
    failing_webhook: String,
}

async fn register(process: &Process) -> Fixture {
    let (api, accepting, failing, gone) = (process.api(), process.receiver().await, process.receiver().await, process.receiver().await);
    let endpoint = TokenEndpoint::start(&Authority::of_data_dir(&process.file("")), "client", "CLIENT-SECRET").await;
    let mut webhooks = HashMap::new();
    for (path, more) in [
        ("plain", json!({ "description": "with ünïcode" })),
        ("basic", json!({ "auth": { "type": "basic", "username": "u", "password": "PASSWORD-OF-BASIC" } })),
        (
            "oauth",
            json!({ "auth": {
                "type": "client_credential", "clientID": "client", "clientSecret": "CLIENT-SECRET", "tokenURL": endpoint.url() } }),
        ),
        ("headers", json!({ "headers": [{ "name": "X-Test-Key", "value": "KEY-OF-HEADER" }] })),
        ("ordered", json!({ "ordered": true })),
        ("limited", json!({ "maxPerSecond": 100, "eventTypes": ["a.*", "b"] })),
        ("rotated", json!({})),
        ("paused", json!({})),
        ("silenced", json!({})),
        ("deleted", json!({})),
    ] {
        let mut registration = json!({ "targetURL": format!("{}?{path}", accepting.url()) });
        registration.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        webhooks.insert(path, id_of(&api.register(&registration).await));
    }
    failing.always_reply(Reply::Full { status: 500, headers: Vec::new(), body: "not \0 today".to_owned() });
    gone.always_reply(Reply::Status(410));
    let failing_webhook = api.register_url(&failing.url()).await;
    api.register_url(&gone.url()).await;
    Fixture { accepting, failing, gone, _endpoint: endpoint, webhooks, failing_webhook }
}

#[tokio::test]
async fn a_migrated_store_has_everything_and_continues() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let mut source = Process::start_embedded(&["--retry-schedule", "1h"]).await;
    let api = source.api();
    let mut fixture = register(&source).await;
    let acme_token = source
        .token_command(&["create", "--account", "acme", "--scope", "webhooks.read,webhooks.write,notifications.read,deliveries.read"])
        .await;
    let acme = source.api_with(&acme_token);
    acme.register_url("https://example.com/acme").await;
    let wait_for_attempts = async || {
        eventually("attempts to be recorded", async || {
            let pending = api.list("/deliveries?status=pending").await;
            pending.iter().all(|delivery| delivery["attemptCount"] == 1).then_some(())
        })
        .await;
    };

    let first = api.publish_type("a.b").await;
    let erased = api.publish(&json!({ "type": "a.b", "data": { "secret": "ERASED-PAYLOAD" } })).await;
    wait_for_attempts().await;
    api.delete_notification(&id_of(&erased)).await;
    let keyed = publish_with_key(&api).await;
    wait_for_attempts().await;
    api.rotate_signing_secret(&fixture.webhooks["rotated"], &json!({ "overlapSeconds": 3600 })).await;
    fixture.gone.next().await;
    fixture.failing.next_callbacks(3).await;
    fixture.accepting.take_arrived();
    source.delivery_command(&["pause", "--all"]).await;
    source.delivery_command(&["pause", "--webhook", &fixture.webhooks["paused"]]).await;
    let held_ids = [id_of(&api.publish_type("a.b").await), id_of(&api.publish_type("a.c").await)];
    api.deactivate(&fixture.webhooks["silenced"]).await;
    api.delete_webhook(&fixture.webhooks["deleted"]).await;
    let before = (contents_for(&api).await, contents_for(&acme).await);
    for status in ["pending", "succeeded", "failed", "cancelled"] {
        assert!(before.0.iter().any(|object| object["status"] == status), "no delivery is {status}");
    }
    let mut secrets = HashMap::new();
    for (path, id) in fixture.webhooks.iter().filter(|(path, _)| **path != "deleted") {
        secrets.insert(*path, api.signing_secret(id).await);
    }
    source.kill().await;
    let source_before = bytes(&source.file(""));

    let database = Database::create();
    let with_password = database.url.replace("postgres@", "postgres:PASSWORD-OF-URL@");
    let (table, output) = migrate_successfully(&source.data_dir(), &with_password).await;
    assert!(bytes(&source.file("")) == source_before, "the source is unchanged");
    assert_eq!(table.lines().filter(|line| line.ends_with(" same")).count(), 22, "{table}");
    assert!(table.lines().any(|line| line.starts_with("webhooks ") && line.contains(" 13 ")), "{table}");
    assert!(output.contains("--master-key-file") && output.contains("Keep it until you are satisfied"), "{output}");
    for secret in ["PASSWORD-OF", "CLIENT-SECRET", "KEY-OF-HEADER", "ERASED-PAYLOAD", "whsec_", "wht_"] {
        assert!(!table.contains(secret) && !output.contains(secret), "{secret} in {table}{output}");
    }
    let latest = database.execute("SELECT action || ' by ' || (details::json ->> 'actor') FROM audit_events ORDER BY id DESC LIMIT 1");
    assert_eq!(latest, "store.migrated by operator");
    let (nothing, again) = migrate_successfully(&source.data_dir(), &with_password).await;
    assert!(nothing.is_empty() && again.contains("moved already; nothing to do"), "{again}");

    let (directory, key) = directory_beside(&source);
    let mut target = Process::start_on(directory, &["--store", &database.url, "--master-key-file", &key]).await;
    let (api, acme) = (target.api(), target.api_with(&acme_token));
    let after = (contents_for(&api).await, contents_for(&acme).await);
    let replaced: Value =
        serde_json::from_str(&serde_json::to_string(&before.0).expect("JSON").replace("\\u0000", "\u{fffd}")).expect("JSON");
    assert_eq!(serde_json::to_value(&after.0).expect("JSON"), replaced);
    assert_eq!(after.1, before.1);
    assert_eq!(id_of(&publish_with_key(&api).await), id_of(&keyed), "the idempotency key was used before");
    assert!(fixture.accepting.take_arrived().is_empty(), "all deliveries are paused");

    delivery_command(&["resume", "--all"], &database.url).await;
    let open = ["plain", "basic", "oauth", "headers", "ordered", "limited", "rotated"];
    let callbacks = fixture.accepting.next_callbacks(open.len() * held_ids.len()).await;
    for path in open {
        let of_webhook: Vec<&Callback> = callbacks.iter().filter(|callback| path_of(callback) == path).collect();
        let mut ids: Vec<&str> = of_webhook.iter().map(|callback| callback.id()).collect();
        if path != "ordered" {
            ids.sort_unstable();
        }
        assert_eq!(ids, held_ids, "{path}");
        assert!(of_webhook.iter().all(|callback| callback.is_signed_with(&secrets[path])), "{path}");
        let header = |name: &str| of_webhook[0].find_header(name).map(str::to_owned);
        match path {
            "basic" => assert_eq!(header("authorization"), Some(format!("Basic {}", STANDARD.encode("u:PASSWORD-OF-BASIC")))),
            "oauth" => assert!(header("authorization").is_some_and(|value| value.starts_with("Bearer issued-token"))),
            "headers" => assert_eq!(header("x-test-key").as_deref(), Some("KEY-OF-HEADER")),
            "rotated" => assert_eq!(of_webhook[0].header("webhook-signature").split(' ').count(), 2, "both secrets sign"),
            _ => assert_eq!(header("authorization"), None),
        }
    }
    assert!(fixture.accepting.take_arrived().is_empty(), "one webhook is still paused");
    delivery_command(&["resume", "--webhook", &fixture.webhooks["paused"]], &database.url).await;
    assert!(fixture.accepting.next_callbacks(2).await.iter().all(|callback| path_of(callback) == "paused"));

    // A retry that was pending in the source is still pending. After a recovery, cancelled deliveries are sent.
    let retried = api.list(&format!("/deliveries?notificationID={}&status=pending", id_of(&first))).await;
    assert_eq!((retried.len(), &retried[0]["webhook"]["id"]), (1, &json!(fixture.failing_webhook)));
    fixture.failing.next_callbacks(held_ids.len()).await;
    fixture.failing.always_reply(Reply::Status(204));
    api.redeliver(&id_of(&retried[0])).await;
    assert_eq!(fixture.failing.next().await.id(), id_of(&first));
    api.activate(&fixture.webhooks["silenced"]).await;
    let recovered = api.recover(&fixture.webhooks["silenced"], &json!({ "since": "2020-01-01T00:00:00Z" })).await;
    assert_eq!(recovered["count"], 2, "{recovered}");
    assert!(fixture.accepting.next_callbacks(2).await.iter().all(|callback| path_of(callback) == "silenced"));
    target.terminate().await;
}
