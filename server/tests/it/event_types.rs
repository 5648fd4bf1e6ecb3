//! The operator's catalogue of event types.

use std::num::NonZeroU32;

use serde_json::{Value, json};

use crate::harness::{Api, Receiver, Server, Setup, id_of, run_binary};

fn catalogue() -> Value {
    json!([
        { "name": "order.paid", "description": "An order was paid." },
        { "name": "catalog.purchase.closed", "description": "A purchase was delivered.", "example": { "purchase": { "id": "p-1042", "price": null } } },
        { "name": "catalog.item", "description": "An item is new.", "example": {} },
    ])
}

async fn start_with_catalogue() -> (Server, Api, Receiver, String) {
    let server = Setup::dev().event_types(&catalogue()).start().await;
    let (api, receiver) = (server.api(), server.receiver().await);
    let id = api.register_url(&receiver.url()).await;
    (server, api, receiver, id)
}

#[tokio::test]
async fn the_catalogue_is_listed_by_name_in_pages() {
    let (server, api, ..) = start_with_catalogue().await;
    let (mut listed, mut cursor) = (Vec::new(), None);
    loop {
        let list = api.client().list_event_types().limit(NonZeroU32::new(2).expect("not zero"));
        let list = if let Some(cursor) = cursor.take() { list.cursor(cursor) } else { list };
        let page = list.send().await.expect("a page").into_inner();
        listed.push(page.data.iter().map(|event_type| event_type.name.to_string()).collect::<Vec<_>>());
        match page.cursor {
            Some(next) => cursor = Some(next.to_string()),
            None => break,
        }
    }
    assert_eq!(listed, [vec!["catalog.item", "catalog.purchase.closed"], vec!["order.paid"]]);
    let mut expected = catalogue().as_array().expect("a list").clone();
    expected.sort_by_key(|entry| entry["name"].to_string());
    for api in [&api, &api.accepting_json_only(), &server.platform().await] {
        assert_eq!(api.get("/event-types").await.expect(200), json!({ "data": expected }));
    }
}

#[tokio::test]
async fn an_event_type_outside_the_catalogue_cannot_be_published() {
    let (_server, api, mut receiver, _) = start_with_catalogue().await;
    let publish = async |event_type: &str| api.post("/notifications", &json!({ "type": event_type, "data": {} })).await;
    for event_type in ["order", "order.paid.late", "catalog.purchase", "orders.paid"] {
        let response = publish(event_type).await;
        assert_eq!(response.problem(), (400, "invalid_request".to_owned()), "{event_type}");
        assert_eq!(response.pointer().as_deref(), Some("/type"), "{event_type}");
    }
    let published = publish("order.paid").await.expect(202);
    assert_eq!(receiver.next().await.id(), id_of(&published));
    assert_eq!(api.list("/notifications").await.len(), 1);
}

#[tokio::test]
async fn a_pattern_that_matches_nothing_in_the_catalogue_is_refused() {
    let (_server, api, _receiver, id) = start_with_catalogue().await;
    let before = api.list("/webhooks").await;
    for (event_types, pointer) in
        [(json!(["catalog.*", "order.*", "orders.*"]), "/eventTypes/2"), (json!(["catalog", "order.paid"]), "/eventTypes/0")]
    {
        let registration = json!({ "targetURL": "https://example.com", "eventTypes": event_types });
        let update = json!({ "eventTypes": event_types });
        for response in [api.post("/webhooks", &registration).await, api.patch(&format!("/webhooks/{id}"), &update).await] {
            assert_eq!(response.problem(), (400, "invalid_request".to_owned()), "{event_types}");
            assert_eq!(response.pointer().as_deref(), Some(pointer), "{event_types}");
        }
    }
    assert_eq!(api.list("/webhooks").await, before);
    let known = json!(["catalog.*", "order.paid", "webhook.*", "*"]);
    assert_eq!(api.update(&id, &json!({ "eventTypes": known })).await["eventTypes"], known);
}

#[tokio::test]
async fn without_a_catalogue_every_event_type_can_be_published() {
    let server = Server::start().await;
    let api = server.api();
    assert_eq!(api.get("/event-types").await.expect(200), json!({ "data": [] }));
    api.register(&json!({ "targetURL": "https://example.com", "eventTypes": ["x.*"] })).await;
    api.publish_type("y").await;
}

#[tokio::test]
async fn a_test_sends_the_example_of_an_event_type() {
    let (_server, api, mut receiver, id) = start_with_catalogue().await;
    let secret = api.signing_secret(&id).await;
    for (event_type, data) in [
        ("catalog.purchase.closed", json!({ "purchase": { "id": "p-1042", "price": null } })),
        ("catalog.item", json!({})),
        ("webhook.test", json!({ "message": "This is a test of your callback." })),
    ] {
        assert_eq!(api.test_with(&id, event_type).await["outcome"], "accepted");
        let callback = receiver.next().await;
        assert_eq!((&callback.json()["type"], &callback.json()["data"]), (&json!(event_type), &data));
        assert!(callback.is_signed_with(&secret));
    }
    for event_type in ["order.paid", "unknown"] {
        let response = api.post(&format!("/webhooks/{id}/test?type={event_type}"), &json!({})).await;
        assert_eq!(response.problem(), (404, "not_found".to_owned()), "{event_type}");
    }
    assert!(receiver.take_arrived().is_empty());
    assert!(api.list("/notifications").await.is_empty(), "a test is not stored");
}

#[tokio::test]
async fn an_invalid_catalogue_prevents_the_start_and_the_error_names_the_entry() {
    let directory = tempfile::TempDir::new().expect("a temporary directory");
    let file = directory.path().join("event-types.json");
    std::fs::write(&file, r#"[{"name":"a.b","description":"text"},{"name":"B","description":"text"}]"#).expect("a writable directory");
    let (file, data_dir) = (file.display().to_string(), directory.path().join("data").display().to_string());
    let output = run_binary(&["--data-dir", &data_dir, "--listen", "127.0.0.1:0", "--event-types-file", &file]).await;
    assert!(!output.status.success());
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains(&file) && error.contains(r#"entry 2 ("B"): `name` is invalid"#), "{error}");
    assert!(!directory.path().join("data").exists(), "no data directory is created");
}
