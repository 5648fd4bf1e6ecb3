//! Listing, reading, updating, deactivating and deleting webhooks.

use http::Method;
use serde_json::{Value, json};
use webhooks_client::types::WebhookStatus;

use crate::harness::{Server, Setup, id_of};

#[tokio::test]
async fn a_list_is_newest_first_and_its_pages_have_no_gaps_or_overlaps() {
    let server = Server::start().await;
    let api = server.api();
    let mut expected = Vec::new();
    for _ in 0..5 {
        expected.insert(0, api.register_url("https://example.com").await);
    }
    let (mut listed, mut sizes, mut cursor) = (Vec::new(), Vec::new(), None);
    loop {
        let list = api.client().list_webhooks().limit(std::num::NonZeroU32::new(2).expect("not zero"));
        let list = if let Some(cursor) = cursor.take() { list.cursor(cursor) } else { list };
        let page = list.send().await.expect("a page").into_inner();
        sizes.push(page.data.len());
        listed.extend(page.data.iter().map(|webhook| webhook.id.to_string()));
        // A webhook that is registered during the listing is newer than all listed webhooks, so it does not change the later pages.
        api.register_url("https://example.com/later").await;
        match page.cursor {
            Some(next) => cursor = Some(next.to_string()),
            None => break,
        }
    }
    assert_eq!((listed, sizes), (expected, vec![2, 2, 1]));
}

#[tokio::test]
async fn the_default_page_size_is_ten() {
    let server = Server::start().await;
    let api = server.api();
    for _ in 0..11 {
        api.register_url("https://example.com").await;
    }
    let page = api.get("/webhooks").await.expect(200);
    assert_eq!(page["data"].as_array().map(Vec::len), Some(10));
    assert!(page["cursor"].is_string());
    let page = api.get("/webhooks?limit=11").await.expect(200);
    assert_eq!(page["data"].as_array().map(Vec::len), Some(11));
    assert_eq!(page.get("cursor"), None, "a full last page has no cursor");
}

#[tokio::test]
async fn a_list_can_be_filtered_by_status() {
    let server = Server::start().await;
    let api = server.api();
    let active = api.register_url("https://example.com/a").await;
    let deactivated = api.register_url("https://example.com/b").await;
    api.deactivate(&deactivated).await;
    for (status, expected) in [(WebhookStatus::Active, &active), (WebhookStatus::Deactivated, &deactivated)] {
        let page = api.client().list_webhooks().status(status).send().await.expect("a page").into_inner();
        let ids: Vec<String> = page.data.iter().map(|webhook| webhook.id.to_string()).collect();
        assert_eq!(ids, std::slice::from_ref(expected));
    }
    assert_eq!(api.list("/webhooks").await.len(), 2);
}

#[tokio::test]
async fn an_update_changes_only_the_members_that_it_has() {
    let server = Setup::dev().manual_clock().start().await;
    let api = server.api();
    let auth = json!({ "type": "basic", "username": "u", "password": "p" });
    let before = api
        .register(&json!({
            "targetURL": "https://example.com/a", "auth": auth, "eventTypes": ["a.b"], "description": "first",
            "headers": [{ "name": "X-Test-Key", "value": "k" }],
        }))
        .await;
    let id = id_of(&before);
    let mut expected = before.clone();
    for (update, member, value) in [
        (json!({ "description": "second" }), "description", json!("second")),
        (json!({ "eventTypes": ["c.*"] }), "eventTypes", json!(["c.*"])),
        (
            json!({ "headers": [{ "name": "b", "value": "k" }, { "name": "A", "value": "k" }] }),
            "headers",
            json!([{ "name": "b" }, { "name": "A" }]),
        ),
        (json!({ "targetURL": "https://example.com/b" }), "targetURL", json!("https://example.com/b")),
        (json!({ "auth": { "type": "noauth" } }), "auth", json!({ "type": "noauth" })),
        (json!({ "eventTypes": ["*"] }), "eventTypes", Value::Null),
        (json!({ "headers": [] }), "headers", Value::Null),
        (json!({ "description": "" }), "description", Value::Null),
    ] {
        server.advance(chrono::TimeDelta::seconds(1));
        let updated = api.update(&id, &update).await;
        expected[member] = value;
        expected["updatedAt"] = updated["updatedAt"].clone();
        let set: Value = expected.as_object().expect("an object").clone().into_iter().filter(|(_, value)| !value.is_null()).collect();
        assert_eq!(updated, set, "{update}");
        assert_ne!(updated["updatedAt"], before["updatedAt"]);
        assert_eq!(api.webhook(&id).await, set);
    }
}

#[tokio::test]
async fn stored_credentials_are_never_sent_to_a_new_origin() {
    let server = Server::start().await;
    let api = server.api();
    let basic = json!({ "type": "basic", "username": "u", "password": "p" });
    let id = id_of(&api.register(&json!({ "targetURL": "https://example.com/a", "auth": basic })).await);
    let path = format!("/webhooks/{id}");
    let before = api.webhook(&id).await;
    for target_url in ["https://example.org/a", "https://example.com:8443/a", "https://sub.example.com/a"] {
        let response = api.patch(&path, &json!({ "targetURL": target_url })).await;
        assert_eq!(response.problem(), (400, "credentials_required".to_owned()), "{target_url}");
        assert_eq!(response.pointer().as_deref(), Some("/auth"));
    }
    assert_eq!(api.webhook(&id).await, before);
    api.update(&id, &json!({ "targetURL": "https://example.org/a", "auth": basic })).await;
    api.update(&id, &json!({ "targetURL": "https://example.com/a", "auth": { "type": "noauth" } })).await;
    api.update(&id, &json!({ "targetURL": "https://example.org/a" })).await;
}

#[tokio::test]
async fn stored_headers_are_never_sent_to_a_new_origin() {
    let server = Server::start().await;
    let api = server.api();
    let headers = json!([{ "name": "X-Test-Key", "value": "k" }]);
    let basic = json!({ "type": "basic", "username": "u", "password": "p" });
    let id = id_of(&api.register(&json!({ "targetURL": "https://example.com/a", "headers": headers, "auth": basic })).await);
    let path = format!("/webhooks/{id}");
    let before = api.webhook(&id).await;
    for (update, pointer) in [
        (json!({ "targetURL": "https://example.org/a" }), "/auth"),
        (json!({ "targetURL": "https://example.org/a", "headers": headers }), "/auth"),
        (json!({ "targetURL": "https://example.org/a", "auth": basic }), "/headers"),
        (json!({ "targetURL": "https://example.com:8443/a", "auth": { "type": "noauth" } }), "/headers"),
    ] {
        let response = api.patch(&path, &update).await;
        assert_eq!(response.problem(), (400, "credentials_required".to_owned()), "{update}");
        assert_eq!(response.pointer().as_deref(), Some(pointer), "{update}");
    }
    assert_eq!(api.webhook(&id).await, before);
    api.update(&id, &json!({ "targetURL": "https://example.com/b" })).await;
    api.update(&id, &json!({ "targetURL": "https://example.org/a", "auth": basic, "headers": headers })).await;
    let moved = api.update(&id, &json!({ "targetURL": "https://example.com/a", "auth": { "type": "noauth" }, "headers": [] })).await;
    assert_eq!(moved.get("headers"), None);
}

#[tokio::test]
async fn a_new_token_url_needs_the_client_secret_again() {
    let server = Server::start().await;
    let api = server.api();
    let auth = json!({ "type": "client_credential", "clientID": "c", "clientSecret": "s", "tokenURL": "https://example.com/token" });
    let id = id_of(&api.register(&json!({ "targetURL": "https://example.com", "auth": auth })).await);
    let moved = json!({ "auth": { "type": "client_credential", "clientID": "c", "tokenURL": "https://example.org/token" } });
    let response = api.patch(&format!("/webhooks/{id}"), &moved).await;
    assert_eq!(response.problem().0, 400);
    assert_eq!(response.pointer().as_deref(), Some("/auth"));
}

#[tokio::test]
async fn deactivation_is_recorded_and_activation_removes_the_record() {
    let server = Setup::dev().manual_clock().start().await;
    let api = server.api();
    let id = api.register_url("https://example.com").await;
    server.advance(chrono::TimeDelta::seconds(5));
    let deactivated = api.deactivate(&id).await;
    assert_eq!(deactivated["status"], "deactivated");
    assert_eq!(deactivated["deactivation"], json!({ "reason": "requested", "at": "2026-01-02T15:04:10Z" }));
    server.advance(chrono::TimeDelta::seconds(5));
    assert_eq!(api.deactivate(&id).await, deactivated, "deactivating again changes nothing");
    let activated = api.activate(&id).await;
    assert_eq!(activated["status"], "active");
    assert_eq!(activated.get("deactivation"), None);
    server.advance(chrono::TimeDelta::seconds(5));
    assert_eq!(api.activate(&id).await, activated, "activating again changes nothing");
}

#[tokio::test]
async fn a_deleted_webhook_is_not_found_by_any_operation() {
    let server = Server::start().await;
    let api = server.api();
    let id = api.register_url("https://example.com").await;
    api.delete_webhook(&id).await;
    let path = format!("/webhooks/{id}");
    let to = |status: &str| json!({ "status": status }).to_string();
    for (method, path, body) in [
        (Method::GET, path.clone(), String::new()),
        (Method::PATCH, path.clone(), "{}".to_owned()),
        (Method::DELETE, path.clone(), String::new()),
        (Method::PATCH, format!("{path}/deactivation"), to("deactivated")),
        (Method::PATCH, format!("{path}/activation"), to("active")),
        (Method::POST, format!("{path}/test"), String::new()),
        (Method::GET, format!("{path}/signing-secret"), String::new()),
        (Method::POST, format!("{path}/signing-secret/rotation"), "{}".to_owned()),
    ] {
        for api in [&api, &api.accepting_json_only()] {
            let response = api.call(method.clone(), &path, &[], body.clone()).await;
            assert_eq!(response.problem(), (404, "not_found".to_owned()), "{method} {path}");
        }
    }
    assert!(api.list("/webhooks").await.is_empty());
}

#[tokio::test]
async fn each_webhook_has_its_own_signing_secret() {
    let server = Server::start().await;
    let api = server.api();
    let ids = [api.register_url("https://example.com").await, api.register_url("https://example.com").await];
    let secrets = [api.signing_secret(&ids[0]).await, api.signing_secret(&ids[1]).await];
    assert!(secrets[0].starts_with("whsec_"));
    assert_ne!(secrets[0], secrets[1]);
    assert_eq!(api.signing_secret(&ids[0]).await, secrets[0]);
    let response = api.get(&format!("/webhooks/{}/signing-secret", ids[0])).await;
    assert_eq!(response.headers["cache-control"], "no-store");
}
