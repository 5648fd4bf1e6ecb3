//! Registration of webhooks: the response, and the limits.

use serde_json::{Value, json};

use crate::harness::{Server, Setup, id_of};

fn members(object: &Value) -> Vec<&str> {
    object.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[tokio::test]
async fn a_registration_returns_the_webhook_without_secrets() {
    let server = Server::start().await;
    let registration = json!({
        "targetURL": "https://example.com",
        "auth": { "type": "basic", "username": "USERNAME", "password": "PASSWORD" },
    });
    let webhook = server.api().register(&registration).await;
    assert_eq!(members(&webhook), ["auth", "createdAt", "id", "status", "targetURL", "updatedAt"]);
    assert_eq!(webhook["targetURL"], "https://example.com");
    assert_eq!(webhook["auth"], json!({ "type": "basic", "username": "USERNAME" }));
    assert_eq!(webhook["status"], "active");
    assert_eq!(webhook["createdAt"], webhook["updatedAt"]);
    assert_eq!(server.api().webhook(&id_of(&webhook)).await, webhook);
}

#[tokio::test]
async fn a_target_url_is_returned_unchanged() {
    let server = Server::start().await;
    let api = server.api();
    for target_url in
        ["https://example.com", "https://EXAMPLE.com:443/a'/b..?c=%7e", "https://example.com/?", "https://[2606:4700::1111]/x"]
    {
        let webhook = api.register(&json!({ "targetURL": target_url })).await;
        assert_eq!(webhook["targetURL"], target_url);
        assert_eq!(api.webhook(&id_of(&webhook)).await["targetURL"], target_url);
    }
}

#[tokio::test]
async fn each_kind_of_authentication_is_returned_without_secrets() {
    let server = Server::start().await;
    let client = json!({ "type": "client_credential", "clientID": "me", "clientSecret": "hidden", "tokenURL": "https://example.com" });
    let mut full = client.clone();
    full["scope"] = json!("read write");
    full["audience"] = json!("urn:them");
    for (sent, shown) in [
        (json!({ "type": "basic", "username": "ünïcode", "password": "pass:word" }), json!({ "type": "basic", "username": "ünïcode" })),
        (client, json!({ "type": "client_credential", "clientID": "me", "tokenURL": "https://example.com" })),
        (
            full,
            json!({ "type": "client_credential", "clientID": "me", "tokenURL": "https://example.com", "scope": "read write", "audience": "urn:them" }),
        ),
        (json!({ "type": "noauth" }), json!({ "type": "noauth" })),
    ] {
        let webhook = server.api().register(&json!({ "targetURL": "https://example.com", "auth": sent })).await;
        assert_eq!(webhook["auth"], shown);
    }
}

#[tokio::test]
async fn a_webhook_without_authentication_has_the_type_noauth() {
    let server = Server::start().await;
    let webhook = server.api().register(&json!({ "targetURL": "https://example.com" })).await;
    assert_eq!(webhook["auth"], json!({ "type": "noauth" }));
}

#[tokio::test]
async fn optional_members_are_returned_and_a_filter_for_all_types_is_omitted() {
    let server = Server::start().await;
    let api = server.api();
    let event_types = json!(["catalog.*", "order.paid"]);
    let registration = json!({ "targetURL": "https://example.com", "eventTypes": event_types, "description": "two lines\nof text" });
    let webhook = api.register(&registration).await;
    assert_eq!(webhook["eventTypes"], event_types);
    assert_eq!(webhook["description"], "two lines\nof text");
    let webhook = api.register(&json!({ "targetURL": "https://example.com", "eventTypes": ["*"] })).await;
    assert_eq!(webhook.get("eventTypes"), None);
}

#[tokio::test]
async fn registering_the_same_url_again_creates_a_second_webhook() {
    let server = Server::start().await;
    let mut receiver = server.receiver().await;
    let api = server.api();
    let ids = [api.register_url(&receiver.url()).await, api.register_url(&receiver.url()).await];
    assert_ne!(ids[0], ids[1]);
    assert_eq!(api.publish_type("a.b").await["deliveryCount"], 2);
    let mut received: Vec<String> = receiver.next_callbacks(2).await.iter().map(|callback| id_of(&callback.json()["webhook"])).collect();
    received.sort();
    assert_eq!(received, ids);
}

#[tokio::test]
async fn an_account_cannot_exceed_its_webhook_limit() {
    let server = Setup::dev().flags(&["--webhooks-per-account", "2"]).start().await;
    let api = server.api();
    let registration = json!({ "targetURL": "https://example.com" });
    let first = api.register_url("https://example.com").await;
    api.register_url("https://example.com").await;
    for api in [&api, &api.accepting_json_only()] {
        assert_eq!(api.post("/webhooks", &registration).await.problem(), (409, "webhook_limit".to_owned()));
    }
    server.api_of("other").await.register(&registration).await;
    api.delete(&format!("/webhooks/{first}")).await.expect(204);
    api.register(&registration).await;
}

#[tokio::test]
async fn concurrent_registrations_respect_the_limit() {
    let server = Setup::dev().flags(&["--webhooks-per-account", "3"]).start().await;
    let api = server.api();
    let registration = json!({ "targetURL": "https://example.com" });
    let responses = futures_util::future::join_all((0..10).map(|_| api.post("/webhooks", &registration))).await;
    assert_eq!(responses.iter().filter(|response| response.status == 200).count(), 3);
    assert_eq!(responses.iter().filter(|response| response.status == 409).count(), 7);
}
