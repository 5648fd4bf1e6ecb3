use http::Method;
use serde_json::{Value, json};
use webhooks_server_api::Scope;

use super::*;
use crate::harness::SHORT_STATEMENT_TIMEOUT;

const ACTION: &str = "/audit-events?action=authentication.failed";

/// Returns the events of refused requests, as soon as there are `count` events.
async fn wait_for_events(api: &Api, count: usize) -> Vec<Value> {
    eventually("the events", async || Some(api.list(ACTION).await).filter(|events| events.len() == count)).await
}

/// Advances the clock by minutes until there are `count` events, and returns them.
async fn events_after_minutes(server: &Server, api: &Api, count: usize) -> Vec<Value> {
    let found = async || {
        server.advance(TimeDelta::seconds(60));
        Some(api.list(ACTION).await).filter(|events| events.len() == count)
    };
    eventually("the events", found).await
}

/// Sends a request from an address behind the proxy. It must be refused.
async fn send(api: &Api, address: &str, authorization: Option<&str>) -> String {
    let headers: Vec<(&str, &str)> =
        [("x-forwarded-for", address)].into_iter().chain(authorization.map(|value| ("authorization", value))).collect();
    let response = api.send(Method::GET, &format!("{PREFIX}/webhooks"), &headers, "").await;
    assert_eq!(response.status, 401);
    response.headers["x-request-id"].to_str().expect("ASCII").to_owned()
}

/// Returns the members of an event that tests compare.
fn shown(event: &Value) -> [Value; 4] {
    ["address", "reason", "count", "account"].map(|member| event[member].clone())
}

#[tokio::test]
async fn refused_requests_are_counted_for_each_address_and_reason_and_stored_once_a_minute() {
    let server = Setup::production().flags(&["--behind-tls-proxy"]).manual_clock().start().await;
    let (api, platform, stranger) = (server.api_of("acme").await, server.platform().await, server.api_without_token());
    let expired = server.token(Some("acme"), &[Scope::WebhooksRead], Some(server.now() + TimeDelta::seconds(1))).await;
    let revoked = server.token(Some("acme"), &[Scope::WebhooksRead], None).await;
    let store = server.database().store().await;
    let id = store.list_tokens().await.expect("readable").last().expect("the token").id;
    let event = webhooks_server_api::types::AuditEvent::new("token.revoked", "operator", server.now());
    assert!(store.revoke_token(id, server.now(), &event).await.expect("revoked"));
    server.advance(TimeDelta::seconds(1));

    let first = send(&stranger, "192.0.2.1", Some("Bearer unknown")).await;
    server.advance(TimeDelta::seconds(1));
    send(&stranger, "192.0.2.1", Some("Bearer unknown-too")).await;
    send(&stranger, "2001:db8::1", Some("Bearer unknown")).await;
    send(&stranger, "2001:db8::2", Some("Bearer unknown")).await;
    send(&stranger, "192.0.2.1", None).await;
    send(&stranger, "192.0.2.1", Some("Basic unknown")).await;
    send(&stranger, "192.0.2.7", Some(&format!("Bearer {expired}"))).await;
    send(&stranger, "192.0.2.7", Some(&format!("Bearer {expired}"))).await;
    send(&stranger, "192.0.2.7", Some(&format!("Bearer {revoked}"))).await;
    assert!(platform.list(ACTION).await.is_empty(), "the minute is not over");

    server.advance(TimeDelta::seconds(60));
    let events = wait_for_events(&platform, 6).await;
    let mut rows: Vec<[Value; 4]> = events.iter().map(shown).collect();
    rows.sort_by_key(|row| json!(row).to_string());
    let null = Value::Null;
    assert_eq!(
        rows,
        [
            [json!("192.0.2.1"), json!("malformed_token"), json!(1), null.clone()],
            [json!("192.0.2.1"), json!("missing_token"), json!(1), null.clone()],
            [json!("192.0.2.1"), json!("unknown_token"), json!(2), null.clone()],
            [json!("192.0.2.7"), json!("expired_token"), json!(2), json!("acme")],
            [json!("192.0.2.7"), json!("revoked_token"), json!(1), json!("acme")],
            [json!("2001:db8::"), json!("unknown_token"), json!(2), null],
        ]
    );
    let of_first = events.iter().find(|event| event["requestID"] == *first).expect("an event");
    assert_eq!((&of_first["firstAt"], &of_first["at"]), (&json!("2026-01-02T15:04:06Z"), &json!("2026-01-02T15:05:07Z")));
    assert!(events.iter().all(|event| event["actor"] == "unknown" && event["result"] == "refused"));

    // The owner of a token sees who still uses it.
    let mut of_account = api.list(ACTION).await;
    of_account.sort_by_key(|event| event["reason"].to_string());
    assert_eq!(of_account.iter().map(|event| &event["reason"]).collect::<Vec<_>>(), ["expired_token", "revoked_token"]);
    assert_eq!((&of_account[1]["tokenID"], &of_account[1]["address"]), (&json!(id.to_string()), &json!("192.0.2.7")));
    assert!(server.api_of("other").await.list(ACTION).await.is_empty());

    send(&stranger, "192.0.2.1", None).await;
    let events = events_after_minutes(&server, &platform, 7).await;
    assert_eq!(events[0]["count"], 1, "the next minute counts only its own requests");
}

#[tokio::test]
async fn requests_over_the_limit_of_failed_authentications_are_counted_too() {
    let server = Setup::dev().flags(&["--failed-authentications-per-minute", "1"]).manual_clock().start().await;
    let (platform, stranger) = (server.platform().await, server.api_with("unknown"));
    stranger.get("/webhooks").await.expect(401);
    for _ in 0..2 {
        stranger.get("/webhooks").await.expect(429);
    }
    assert_eq!(events_after_minutes(&server, &platform, 1).await[0]["count"], 3);
}

#[tokio::test]
async fn a_stopping_server_stores_what_it_has_counted() {
    let (mut server, file) = start_with_file(&[]).await;
    for _ in 0..3 {
        server.api_with("unknown").get("/webhooks").await.expect(401);
    }
    server.stop().await;
    let lines = lines(&file);
    server.start_again().await;
    let events = server.platform().await.list(ACTION).await;
    assert_eq!((events.len(), &events[0]["count"]), (1, &json!(3)));
    assert!(lines.contains(&events[0]), "{lines:?}");
}

#[tokio::test]
async fn counts_are_kept_while_the_store_accepts_no_writes() {
    let server = Setup::dev().flags(&SHORT_STATEMENT_TIMEOUT).manual_clock().start().await;
    let platform = server.platform().await;
    server.api_with("unknown").get("/webhooks").await.expect(401);
    let lock = server.database().lock().await;
    server.advance(TimeDelta::seconds(60));
    let failed = async || server.log().contains("cannot store the events of refused requests").then_some(());
    eventually("the error", failed).await;
    server.api_with("unknown").get("/webhooks").await.expect(401);
    lock.release().await;
    assert_eq!(events_after_minutes(&server, &platform, 1).await[0]["count"], 2);
}
