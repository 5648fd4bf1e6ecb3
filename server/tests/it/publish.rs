//! Publishing: recipients, payload, and idempotency keys.

use chrono::TimeDelta;
use http::Method;
use serde_json::{Value, json};

use crate::harness::{Reply, Server, Setup, id_of};

#[tokio::test]
async fn a_notification_reaches_the_webhooks_that_subscribe_to_its_type() {
    let server = Server::start().await;
    let api = server.api();
    for (patterns, event_type, matches) in [
        (json!(["a.b"]), "a.b", true),
        (json!(["a.b"]), "a.b.c", false),
        (json!(["a.*"]), "a.b", true),
        (json!(["a.*"]), "a.b.c", true),
        (json!(["a.*"]), "a", false),
        (json!(["a.*"]), "ab.c", false),
        (json!(["x", "a.b"]), "a.b", true),
        (json!(["*"]), "anything", true),
        (json!(["x", "*"]), "anything", true),
    ] {
        let mut receiver = server.receiver().await;
        let id = id_of(&api.register(&json!({ "targetURL": receiver.url(), "eventTypes": patterns })).await);
        let published = api.publish_type(event_type).await;
        assert_eq!(published["deliveryCount"], u32::from(matches), "{patterns} {event_type}");
        if matches {
            assert_eq!(receiver.next().await.json()["type"], event_type);
        }
        api.delete_webhook(&id).await;
    }
}

#[tokio::test]
async fn a_notification_for_one_webhook_ignores_its_subscriptions() {
    let server = Server::start().await;
    let (mut one, other) = (server.receiver().await, server.receiver().await);
    let api = server.api();
    let id = id_of(&api.register(&json!({ "targetURL": one.url(), "eventTypes": ["something.else"] })).await);
    api.register_url(&other.url()).await;
    let published = api.publish(&json!({ "type": "a.b", "data": {}, "webhook": { "id": id } })).await;
    assert_eq!(published["deliveryCount"], 1);
    assert_eq!(one.next().await.json()["webhook"]["id"], id);
    assert_eq!(other.count(), 0);
}

#[tokio::test]
async fn a_callback_has_the_published_notification() {
    let server = Server::start().await;
    let mut receiver = server.receiver().await;
    let api = server.api();
    let webhook_id = api.register_url(&receiver.url()).await;
    let published = api.publish(&json!({ "type": "catalog.purchase.closed", "data": { "purchaseID": 7 } })).await;
    let callback = receiver.next().await;
    let expected = json!({
        "type": "catalog.purchase.closed",
        "timestamp": published["createdAt"],
        "data": { "purchaseID": 7 },
        "notification": { "id": published["id"] },
        "webhook": { "id": webhook_id },
    });
    assert_eq!(callback.json(), expected);
    assert_eq!(callback.path, "/notify");
    assert_eq!(callback.id(), id_of(&published));
    assert_eq!(callback.header("content-type"), "application/json");
    assert!(callback.header("user-agent").starts_with("webhooks-server/"));
    assert_eq!(callback.find_header("authorization"), None);
}

#[tokio::test]
async fn the_payload_is_delivered_byte_for_byte() {
    let server = Server::start().await;
    let mut receiver = server.receiver().await;
    let api = server.api();
    api.register_url(&receiver.url()).await;
    for data in [
        r#"{"b" : 1.0,  "a":1e2}"#,
        "{\n\t\"nested\": {\"deep\": [1, 2, {}]},\r\n \"x\":\"\\u00e9é\"}",
        r#"{"big":123456789012345678901234567890.000000000000000001,"same":1,"same":2}"#,
    ] {
        let body = format!(r#"{{"type":"a.b","data":{data}}}"#);
        let published = api.call(Method::POST, "/notifications", &[], body).await;
        assert_eq!(published.status, 202, "{published:?}");
        // The generated client does the same.
        let publication = webhooks_client::types::NotificationPublication::builder().type_("a.b").data(data);
        let again = api.client().publish_notification().body(publication).send().await.expect("202").into_inner();
        assert_eq!(again.data.as_str(), data);
        for callback in receiver.next_callbacks(2).await {
            let text = String::from_utf8(callback.body.to_vec()).expect("UTF-8");
            assert!(text.contains(&format!(r#""data":{data},"#)), "{text}");
        }
        let read = api.get(&format!("/notifications/{}", id_of(&published.json()))).await;
        assert!(String::from_utf8_lossy(&read.body).contains(data), "{read:?}");
    }
}

#[tokio::test]
async fn an_account_gets_only_its_own_notifications() {
    let server = Server::start().await;
    let (mut ours, theirs) = (server.receiver().await, server.receiver().await);
    let (us, them) = (server.api_of("us").await, server.api_of("them").await);
    us.register_url(&ours.url()).await;
    let their_webhook = them.register_url(&theirs.url()).await;
    assert_eq!(us.publish(&json!({ "type": "a.b", "data": {}, "account": "us" })).await["deliveryCount"], 1);
    ours.next().await;
    let publish = async |publication: Value| us.post("/notifications", &publication).await.problem();
    let refused = publish(json!({ "type": "a.b", "data": {}, "account": "them" })).await;
    assert_eq!(refused, (400, "invalid_request".to_owned()));
    let refused = publish(json!({ "type": "a.b", "data": {}, "webhook": { "id": their_webhook } })).await;
    assert_eq!(refused, (404, "not_found".to_owned()));
    assert_eq!(theirs.count(), 0);
}

#[tokio::test]
async fn a_misspelled_account_is_refused_if_the_operator_requires_known_accounts() {
    let server = Setup::dev().flags(&["--require-known-accounts"]).start().await;
    let (acme, platform) = (server.api_of("acme").await, server.platform().await);
    let to = |account: &str| json!({ "type": "a.b", "data": {}, "account": account });
    let response = platform.post("/notifications", &to("acme")).await;
    assert_eq!((response.problem(), response.pointer()), ((404, "not_found".to_owned()), Some("/account".to_owned())));
    let id = acme.register_url("https://example.com").await;
    assert_eq!(platform.publish(&to("acme")).await["deliveryCount"], 1);
    assert_eq!(platform.post("/notifications", &to("amce")).await.problem(), (404, "not_found".to_owned()));
    acme.deactivate(&id).await;
    assert_eq!(platform.publish(&to("acme")).await["deliveryCount"], 0, "the account is known");
    assert_eq!(server.api_of("new").await.publish(&json!({ "type": "a.b", "data": {} })).await["deliveryCount"], 0);
    assert_eq!(platform.list("/notifications").await.len(), 3);
}

#[tokio::test]
async fn the_platform_publishes_to_the_account_or_webhook_that_it_names() {
    let server = Server::start().await;
    let mut receiver = server.receiver().await;
    let acme = server.api_of("acme").await;
    let platform = server.platform().await;
    let id = acme.register_url(&receiver.url()).await;
    for (publication, count) in [
        (json!({ "type": "a.b", "data": {}, "account": "acme" }), 1),
        (json!({ "type": "a.b", "data": {}, "webhook": { "id": id } }), 1),
        (json!({ "type": "a.b", "data": {}, "account": "acme", "webhook": { "id": id } }), 1),
        (json!({ "type": "a.b", "data": {}, "account": "unknown" }), 0),
    ] {
        let published = platform.publish(&publication).await;
        assert_eq!(published["deliveryCount"], count, "{publication}");
        if count == 1 {
            assert_eq!(receiver.next().await.id(), id_of(&published));
        }
    }
    for (publication, expected) in [
        (json!({ "type": "a.b", "data": {} }), (400, "invalid_request")),
        (json!({ "type": "a.b", "data": {}, "account": "other", "webhook": { "id": id } }), (404, "not_found")),
    ] {
        let (status, code) = platform.post("/notifications", &publication).await.problem();
        assert_eq!((status, code.as_str()), expected, "{publication}");
    }
}

#[tokio::test]
async fn a_deactivated_webhook_cannot_be_published_to() {
    let server = Server::start().await;
    let api = server.api();
    let id = api.register_url("https://example.com").await;
    api.deactivate(&id).await;
    let response = api.post("/notifications", &json!({ "type": "a.b", "data": {}, "webhook": { "id": id } })).await;
    assert_eq!(response.problem(), (409, "webhook_deactivated".to_owned()));
    assert_eq!(api.publish_type("a.b").await["deliveryCount"], 0);
}

#[tokio::test]
async fn a_published_notification_can_be_read_and_listed() {
    let server = Server::start().await;
    let api = server.api();
    let first = api.publish_type("a.b").await;
    let second = api.publish_type("c.d").await;
    assert_eq!(api.notification(&id_of(&first)).await, first);
    assert_eq!(api.list("/notifications").await, [second, first.clone()]);
    assert_eq!(api.list("/notifications?type=a.b").await, std::slice::from_ref(&first));
    let page = api.client().list_notifications().limit(std::num::NonZeroU32::MIN).send().await.expect("a page").into_inner();
    let rest = api.client().list_notifications().cursor(page.cursor.expect("more").to_string()).send().await.expect("a page").into_inner();
    assert_eq!(rest.data[0].id.to_string(), id_of(&first));
    assert_eq!(server.api_of("other").await.get(&format!("/notifications/{}", id_of(&first))).await.problem().0, 404);
    assert!(server.api_of("other").await.list("/notifications").await.is_empty());
    let mut shown_to_platform = first.clone();
    shown_to_platform["account"] = json!("default");
    assert_eq!(server.platform().await.notification(&id_of(&first)).await, shown_to_platform);
}

async fn publish_with_key(api: &crate::harness::Api, key: &str, body: &str) -> crate::harness::ApiResponse {
    api.call(Method::POST, "/notifications", &[("idempotency-key", key)], body.to_owned()).await
}

#[tokio::test]
async fn the_same_key_and_body_publish_once() {
    let server = Server::start().await;
    let receiver = server.receiver().await;
    let api = server.api();
    api.register_url(&receiver.url()).await;
    let body = json!({ "type": "a.b", "data": { "n": 1 } });
    let publication: webhooks_client::types::NotificationPublication = serde_json::from_value(body).expect("valid");
    let publish = || async { api.client().publish_notification().idempotency_key("key-1").body(publication.clone()).send().await };
    let (first, again) = (publish().await.expect("accepted").into_inner(), publish().await.expect("accepted").into_inner());
    assert_eq!(first.id, again.id);
    assert_eq!(first.delivery_count, again.delivery_count);
    assert_eq!(api.list("/notifications").await.len(), 1);
    assert_eq!(api.list("/deliveries").await.len(), 1);
}

#[tokio::test]
async fn the_same_key_with_another_body_is_a_conflict() {
    let server = Server::start().await;
    let api = server.api();
    publish_with_key(&api, "key", r#"{"type":"a.b","data":{"n":1}}"#).await.expect(202);
    for body in [r#"{"type":"a.b","data":{"n":2}}"#, r#"{"type":"a.b","data":{"n":1} }"#] {
        let response = publish_with_key(&api, "key", body).await;
        assert_eq!(response.problem(), (409, "idempotency_conflict".to_owned()), "{body}");
        assert_eq!(publish_with_key(&api.accepting_json_only(), "key", body).await.problem(), response.problem());
    }
    // Another account can use the same key for another body.
    publish_with_key(&server.api_of("other").await, "key", r#"{"type":"a.b","data":{"n":2}}"#).await.expect(202);
    assert_eq!(api.list("/notifications").await.len(), 1);
}

#[tokio::test]
async fn concurrent_duplicates_store_one_notification() {
    let server = Server::start().await;
    let mut receiver = server.receiver().await;
    let api = server.api();
    api.register_url(&receiver.url()).await;
    let body = r#"{"type":"a.b","data":{}}"#;
    let responses = futures_util::future::join_all((0..20).map(|_| publish_with_key(&api, "key", body))).await;
    let mut ids: Vec<String> = responses.into_iter().map(|response| id_of(&response.expect(202))).collect();
    ids.dedup();
    assert_eq!(ids.len(), 1);
    assert_eq!(receiver.next().await.id(), ids[0]);
    assert_eq!(api.list("/deliveries").await.len(), 1);
}

#[tokio::test]
async fn an_idempotency_key_expires_after_a_day() {
    let server = crate::harness::Setup::dev().manual_clock().start().await;
    let api = server.api();
    publish_with_key(&api, "key", r#"{"type":"a.b","data":{"n":1}}"#).await.expect(202);
    server.advance(chrono::TimeDelta::hours(23));
    assert_eq!(publish_with_key(&api, "key", r#"{"type":"a.b","data":{"n":2}}"#).await.problem().0, 409);
    server.advance(chrono::TimeDelta::hours(2));
    publish_with_key(&api, "key", r#"{"type":"a.b","data":{"n":2}}"#).await.expect(202);
}

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[tokio::test]
async fn each_attempt_continues_the_trace_of_its_publication() {
    let mut server = Setup::dev().manual_clock().start().await;
    let mut receiver = server.receiver().await;
    receiver.reply_to_next([Reply::Status(500)]);
    let api = server.api();
    api.register_url(&receiver.url()).await;
    let body = r#"{"type":"a.b","data":{}}"#;
    let headers = [("traceparent", TRACE), ("tracestate", "congo=t61rcWkgMzE,rojo=1")];
    let published = api.call(Method::POST, "/notifications", &headers, body).await.expect(202);
    let first = receiver.next().await;
    api.after_attempts(&published, 1).await;
    server.restart().await;
    server.advance(TimeDelta::seconds(6));
    for callback in [first, receiver.next().await] {
        assert_eq!((callback.header("traceparent"), callback.header("tracestate")), (TRACE, "congo=t61rcWkgMzE,rojo=1"));
    }
}

#[tokio::test]
async fn an_invalid_trace_context_is_ignored() {
    let server = Server::start().await;
    let mut receiver = server.receiver().await;
    let api = server.api();
    api.register_url(&receiver.url()).await;
    let zeros = TRACE.replace("00f067aa0ba902b7", "0000000000000000");
    for (headers, expected) in [
        (&[][..], None),
        (&[("traceparent", zeros.as_str()), ("tracestate", "a=1")], None),
        (&[("tracestate", "a=1")], None),
        (&[("traceparent", TRACE), ("tracestate", "nothing")], Some(TRACE)),
    ] {
        api.call(Method::POST, "/notifications", headers, r#"{"type":"a.b","data":{}}"#).await.expect(202);
        let callback = receiver.next().await;
        assert_eq!((callback.find_header("traceparent"), callback.find_header("tracestate")), (expected, None), "{headers:?}");
    }
}
