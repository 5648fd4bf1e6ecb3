//! Responses when the database is damaged or locked.

use http::Method;
use serde_json::json;
use webhooks_server_api::Scope;

use crate::auth::{ID, operations};
use crate::harness::{Reply, SHORT_STATEMENT_TIMEOUT, Server, Setup, id_of};

#[tokio::test]
async fn a_damaged_store_causes_a_500_without_details() {
    let server = Server::start().await;
    let api = server.api();
    let token = server.token(Some("default"), &Scope::ALL, None).await;
    let platform = server.platform().await;
    for table in ["webhooks", "notifications", "deliveries", "audit_events", "pauses", "statistics"] {
        server.database().run(&format!("ALTER TABLE {table} RENAME TO lost_{table}")).await;
    }
    // These operations need no data from these tables.
    let without_data = ["/event-types", "/caller", "/service-status", "/accounts"];
    let operations = || operations().into_iter().filter(|(_, path, ..)| !without_data.contains(&path.as_str()));
    for ((method, path, body, access), only_json) in operations().flat_map(|operation| [(operation.clone(), false), (operation, true)]) {
        let api = if access.is_for_platform() { &platform } else { &api };
        let api = if only_json { api.accepting_json_only() } else { api.clone() };
        let response = api.call(method.clone(), &path, &[], body).await;
        assert_eq!(response.problem(), (500, "internal".to_owned()), "{method} {path}");
        let text = String::from_utf8_lossy(&response.body).to_lowercase();
        for word in ["table", "sql", "select", "lost_"] {
            assert!(!text.contains(word), "{method} {path}: {text}");
        }
        let instance = response.json()["instance"].as_str().expect("an instance").trim_start_matches("urn:uuid:").to_owned();
        assert!(server.log().contains(&instance), "the log has the reason under {instance}");
    }
    let reason = if server.database().is_embedded() { "no such table: webhooks" } else { "does not exist" };
    assert!(server.log().contains(reason), "{}", server.log());
    // The caller's token is in the store, so this damage also affects them.
    server.database().run("ALTER TABLE tokens RENAME TO lost_tokens").await;
    let caller = server.api_with(&token);
    // The server finds out which kind of token it is only in the store.
    for (api, path) in [&caller, &caller.accepting_json_only()].into_iter().flat_map(|api| without_data.map(|path| (api, path))) {
        assert_eq!(api.get(path).await.problem(), (500, "internal".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn a_damaged_secret_affects_only_its_webhook() {
    let server = Server::start().await;
    let (api, mut receiver) = (server.api(), server.receiver().await);
    let auth = json!({ "type": "basic", "username": "u", "password": "p" });
    let damaged = id_of(&api.register(&json!({ "targetURL": receiver.url(), "auth": auth })).await);
    let zeros = server.database().zeros(60);
    server.database().change_webhooks(&format!("signing_secret = {zeros}, auth_secret = {zeros}")).await;
    let intact = api.register_url(&receiver.url()).await;
    let notification = api.publish_type("a.b").await;
    assert_eq!(receiver.next().await.json()["webhook"]["id"], intact);
    for _ in 0..3 {
        api.publish_type("a.b").await;
        receiver.next().await;
    }
    assert_eq!(server.log().matches("cannot decrypt the webhook's secrets").count(), 1, "the error is not repeated");
    assert_eq!(api.get(&format!("/webhooks/{damaged}/signing-secret")).await.problem(), (500, "internal".to_owned()));
    assert_eq!(api.post(&format!("/webhooks/{damaged}/test"), &json!({})).await.problem(), (500, "internal".to_owned()));
    let waiting = api.list(&format!("/deliveries?webhookID={damaged}&notificationID={}", id_of(&notification))).await;
    assert_eq!((&waiting[0]["status"], &waiting[0]["attemptCount"]), (&json!("pending"), &json!(0)));
}

#[tokio::test]
async fn a_store_without_writes_causes_a_503_and_reads_still_work() {
    let server = Setup::dev().flags(&["--retry-schedule", "none"]).flags(&SHORT_STATEMENT_TIMEOUT).start().await;
    let (api, receiver) = (server.api(), server.receiver().await);
    receiver.always_reply(Reply::Status(500));
    let id = api.register_url(&receiver.url()).await;
    // Some operations write only if a delivery exists.
    let notification = api.publish_type("a.b").await;
    let delivery = api.after_attempts(&notification, 1).await;
    let platform = server.platform().await;
    let lock = server.database().lock().await;
    // A secret is returned only after its event in the audit log is stored.
    let writes = operations().into_iter().filter(|(method, path, ..)| *method != Method::GET || path.ends_with("/signing-secret"));
    let responses = writes.zip([false, true].into_iter().cycle()).map(|((method, path, body, access), only_json)| {
        let api = if access.is_for_platform() { &platform } else { &api };
        let api = if only_json { api.accepting_json_only() } else { api.clone() };
        let id = match path.split('/').nth(1) {
            Some("notifications") => id_of(&notification),
            Some("deliveries") => id_of(&delivery),
            _ => id.clone(),
        };
        let (path, body) = (path.replace(ID, &id), body.replace(ID, &id));
        async move { (api.call(method.clone(), &path, &[], body).await, format!("{method} {path}")) }
    });
    let refused = async {
        for (response, operation) in futures_util::future::join_all(responses).await {
            assert_eq!(response.problem(), (503, "overloaded".to_owned()), "{operation}");
            assert!(response.headers.contains_key("retry-after"), "{operation}");
            assert!(!String::from_utf8_lossy(&response.body).contains("whsec_"), "{operation}");
        }
    };
    let reading = async { api.webhook(&id).await };
    let ((), webhook) = tokio::join!(refused, reading);
    lock.release().await;
    assert_eq!(api.webhook(&id).await, webhook);
    api.register_url("https://example.com").await;
}
