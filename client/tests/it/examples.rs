//! Runs the programs in client/examples.

use serde_json::json;

use crate::script::{ID, Service, Step, problem, respond, webhook};

#[path = "../../examples/failures.rs"]
#[allow(dead_code, reason = "the test does not call `main`")]
mod failures;
#[path = "../../examples/publish.rs"]
#[allow(dead_code, reason = "the test does not call `main`")]
mod publish;
#[path = "../../examples/register.rs"]
#[allow(dead_code, reason = "the test does not call `main`")]
mod register;

#[tokio::test]
async fn the_example_register_gets_the_signing_secret_and_explains_the_limit() {
    let secret = json!({ "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" });
    let api = Service::start([webhook(), respond(200, &secret), problem(409, "webhook_limit")]).await;
    let message = register::register(&api.client()).await.expect("a webhook");
    assert_eq!(message, format!("registered {ID}; its signing secret has 38 characters"));
    assert_eq!(register::register(&api.client()).await.expect("advice"), "delete a webhook first");
}

#[tokio::test]
async fn the_example_publish_sends_a_key_and_the_data() {
    let notification = json!({ "id": ID, "type": "a.b", "data": {}, "createdAt": "2006-01-02T15:04:05Z", "deliveryCount": 2 });
    let api = Service::start([respond(202, &notification)]).await;
    assert_eq!(publish::publish(&api.client()).await.expect("a notification"), 2);
    let request = api.take_requests().remove(0);
    assert_eq!(request.headers["idempotency-key"], "p-1042-delivered");
    assert!(String::from_utf8_lossy(&request.body).contains(r#""data":{"id":"p-1042","state":"delivered"}"#));
}

fn failed(outcome: &str) -> serde_json::Value {
    let attempt = json!({ "number": 10, "startedAt": "2006-01-02T15:04:05Z", "durationMs": 7, "outcome": outcome });
    json!({
        "id": ID, "notification": { "id": ID, "type": "a.b" }, "webhook": { "id": ID }, "status": "failed", "attemptCount": 10,
        "createdAt": "2006-01-02T15:04:05Z", "lastAttempt": attempt,
    })
}

#[tokio::test]
async fn the_example_failures_reads_all_pages_and_repeats_what_may_succeed() {
    let page = |outcome: &str, cursor: Option<&str>| {
        let mut page = json!({ "data": [failed(outcome)] });
        if let Some(cursor) = cursor {
            page["cursor"] = json!(cursor);
        }
        respond(200, &page)
    };
    let redelivered: Step = respond(202, &failed("timed_out"));
    let (first, second) = ("A".repeat(22), "B".repeat(21) + "A");
    let steps = [page("timed_out", Some(&first)), redelivered, page("rejected", Some(&second)), page("newer_than_this_client", None)];
    let api = Service::start(steps).await;
    assert_eq!(failures::repeat(&api.client()).await.expect("pages"), 1);
    let targets: Vec<String> = api.take_requests().into_iter().map(|request| request.target).collect();
    assert_eq!(targets[0], "/api/notifications/v1/deliveries?status=failed");
    assert_eq!(targets[2..], [&first, &second].map(|cursor| format!("/api/notifications/v1/deliveries?cursor={cursor}&status=failed")));
}
