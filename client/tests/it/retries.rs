//! Tests that check which requests are sent again, and after which failures.

use std::time::Duration;

use serde_json::json;
use webhooks_client::types::{NotificationPublication, WebhookActivation, WebhookActivationStatus, WebhookRegistration, WebhookUpdate};
use webhooks_client::{Client, Code, Failure, RetryPolicy};

use crate::script::{ID, Service, Step, foreign, problem, respond, webhook, with_header};

/// An operation with valid parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Operation {
    Get,
    Update,
    Activate,
    Delete,
    PublishWithKey,
    Publish,
    Register,
    Test,
}

const REPEATABLE: [Operation; 5] = [Operation::Get, Operation::Update, Operation::Activate, Operation::Delete, Operation::PublishWithKey];
const NOT_REPEATABLE: [Operation; 3] = [Operation::Publish, Operation::Register, Operation::Test];

impl Operation {
    async fn run(self, client: &Client) -> Result<(), Failure> {
        let id: uuid::Uuid = ID.parse().expect("an id");
        let publication = NotificationPublication::builder().type_("a.b").data(serde_json::Map::new());
        match self {
            Operation::Get => drop(client.get_webhook().id(id).send().await?),
            Operation::Update => drop(client.update_webhook().id(id).body(WebhookUpdate::builder()).send().await?),
            Operation::Activate => {
                let body = WebhookActivation { status: WebhookActivationStatus::Active };
                drop(client.activate_webhook().id(id).body(body).send().await?);
            }
            Operation::Delete => drop(client.delete_webhook().id(id).send().await?),
            Operation::PublishWithKey => drop(client.publish_notification().idempotency_key("key").body(publication).send().await?),
            Operation::Publish => drop(client.publish_notification().body(publication).send().await?),
            Operation::Register => {
                let body = WebhookRegistration::builder().target_url("https://example.com");
                drop(client.register_webhook().body(body).send().await?);
            }
            Operation::Test => drop(client.test_webhook().id(id).send().await?),
        }
        Ok(())
    }

    fn success(self) -> Step {
        match self {
            Operation::Get | Operation::Update | Operation::Activate | Operation::Register => webhook(),
            Operation::Delete => respond(204, &json!(null)),
            Operation::PublishWithKey | Operation::Publish => {
                respond(202, &json!({ "id": ID, "type": "a.b", "createdAt": "2026-01-02T15:04:05Z", "data": {}, "deliveryCount": 1 }))
            }
            Operation::Test => {
                respond(200, &json!({ "number": 1, "startedAt": "2026-01-02T15:04:05Z", "durationMs": 1, "outcome": "accepted" }))
            }
        }
    }
}

/// Returns failures that do not show whether the service executed the operation.
fn uncertain_failures() -> [Step; 5] {
    [Step::HangUp, problem(503, "overloaded"), foreign(502, "bad gateway"), foreign(504, "gateway timeout"), foreign(408, "late")]
}

#[tokio::test]
async fn repeatable_requests_are_sent_again_after_a_temporary_failure() {
    for operation in REPEATABLE {
        for failure in uncertain_failures() {
            let service = Service::start([failure, operation.success()]).await;
            operation.run(&service.client()).await.unwrap_or_else(|failure| panic!("{operation:?}: {failure}"));
            let requests = service.take_requests();
            assert_eq!(requests.len(), 2, "{operation:?}");
            assert_eq!(requests[0].method, requests[1].method);
            assert_eq!(requests[0].headers, requests[1].headers);
            assert_eq!(requests[0].body, requests[1].body);
        }
    }
}

#[tokio::test]
async fn other_requests_are_sent_once_if_the_service_may_have_executed_them() {
    for operation in NOT_REPEATABLE {
        for failure in uncertain_failures() {
            let service = Service::start([failure, operation.success()]).await;
            operation.run(&service.client()).await.expect_err("the service may have executed it");
            assert_eq!(service.take_requests().len(), 1, "{operation:?}");
        }
    }
}

#[tokio::test]
async fn every_request_is_sent_again_if_the_service_did_nothing() {
    for operation in [&REPEATABLE[..], &NOT_REPEATABLE].concat() {
        let refusal = with_header(problem(429, "rate_limited"), "retry-after", "0");
        let service = Service::start([refusal, operation.success()]).await;
        operation.run(&service.client()).await.unwrap_or_else(|failure| panic!("{operation:?}: {failure}"));
        assert_eq!(service.take_requests().len(), 2, "{operation:?}");
    }
}

#[tokio::test]
async fn a_request_is_not_sent_again_after_a_permanent_failure() {
    for (status, code) in [(400, "invalid_request"), (404, "not_found"), (409, "idempotency_conflict"), (500, "internal")] {
        let service = Service::start([problem(status, code), Operation::Get.success()]).await;
        let failure = Operation::Get.run(&service.client()).await.expect_err("a problem");
        assert_eq!(failure.code(), Some(&Code::from(code)));
        assert_eq!(service.take_requests().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn the_last_failure_is_returned_after_the_last_attempt() {
    let service = Service::start([foreign(502, ""), Step::HangUp, problem(503, "overloaded"), webhook()]).await;
    let failure = Operation::Get.run(&service.client()).await.expect_err("three failures");
    assert_eq!(failure.code(), Some(&Code::Overloaded));
    assert_eq!(service.take_requests().len(), 3);
}

#[tokio::test]
async fn retries_can_be_disabled() {
    let service = Service::start([problem(503, "overloaded"), webhook()]).await;
    let client = service.builder().retry(RetryPolicy::never()).build().expect("a client");
    assert_eq!(Operation::Get.run(&client).await.expect_err("a problem").code(), Some(&Code::Overloaded));
    assert_eq!(service.take_requests().len(), 1);
}

/// The service asks for a wait of one hour, but the time limit of all attempts is 60 seconds.
#[tokio::test]
async fn a_too_long_wait_is_returned_to_the_caller() {
    let service = Service::start([with_header(problem(503, "overloaded"), "retry-after", "3600"), webhook()]).await;
    let failure = Operation::Get.run(&service.client()).await.expect_err("a problem");
    assert_eq!(failure.retry_after(), Some(Duration::from_secs(3600)));
    assert_eq!(service.take_requests().len(), 1);
}

#[tokio::test]
async fn an_attempt_without_a_response_times_out_and_is_repeated() {
    let service = Service::start([Step::Silence, webhook()]).await;
    // The second attempt has the same time limit and must succeed, so the limit must be long enough for a busy machine.
    let client = service.builder().timeout(Duration::from_millis(500)).build().expect("a client");
    Operation::Get.run(&client).await.expect("the second attempt succeeds");
    assert_eq!(service.take_requests().len(), 2);
}

/// The future of an operation must be `Send`.
#[tokio::test]
async fn an_operation_can_run_in_a_spawned_task() {
    let service = Service::start([webhook()]).await;
    let client = service.client();
    let task = tokio::spawn(async move { Operation::Get.run(&client).await });
    task.await.expect("no panic").expect("a response");
}
