//! Which requests are sent again after what.

use std::time::Duration;

use serde_json::json;
use webhooks_client::types::{NotificationPublication, WebhookActivation, WebhookActivationStatus, WebhookRegistration, WebhookUpdate};
use webhooks_client::{Client, Code, Failure, RetryPolicy};

use crate::script::{Answer, ID, Service, foreign, problem, reply, webhook, with_header};

/// An operation with parameters that are good enough.
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
const ONCE: [Operation; 3] = [Operation::Publish, Operation::Register, Operation::Test];

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

    fn success(self) -> Answer {
        match self {
            Operation::Get | Operation::Update | Operation::Activate | Operation::Register => webhook(),
            Operation::Delete => reply(204, &json!(null)),
            Operation::PublishWithKey | Operation::Publish => {
                reply(202, &json!({ "id": ID, "type": "a.b", "createdAt": "2026-01-02T15:04:05Z", "data": {}, "deliveryCount": 1 }))
            }
            Operation::Test => {
                reply(200, &json!({ "number": 1, "startedAt": "2026-01-02T15:04:05Z", "durationMs": 1, "outcome": "accepted" }))
            }
        }
    }
}

/// After which it is not certain that nothing was done.
fn doubtful() -> [Answer; 5] {
    [Answer::HangUp, problem(503, "overloaded"), foreign(502, "bad gateway"), foreign(504, "gateway timeout"), foreign(408, "late")]
}

#[tokio::test]
async fn what_may_be_done_twice_is_sent_again_after_a_failure_for_the_moment() {
    for operation in REPEATABLE {
        for failure in doubtful() {
            let service = Service::start([failure, operation.success()]).await;
            operation.run(&service.client()).await.unwrap_or_else(|failure| panic!("{operation:?}: {failure}"));
            let asked = service.asked();
            assert_eq!(asked.len(), 2, "{operation:?}");
            assert_eq!(asked[0].method, asked[1].method);
            assert_eq!(asked[0].headers, asked[1].headers);
            assert_eq!(asked[0].body, asked[1].body);
        }
    }
}

#[tokio::test]
async fn what_must_be_done_once_is_sent_once_where_it_may_have_been_done() {
    for operation in ONCE {
        for failure in doubtful() {
            let service = Service::start([failure, operation.success()]).await;
            operation.run(&service.client()).await.expect_err("it may have been done");
            assert_eq!(service.asked().len(), 1, "{operation:?}");
        }
    }
}

#[tokio::test]
async fn everything_is_sent_again_where_nothing_was_done() {
    for operation in [&REPEATABLE[..], &ONCE].concat() {
        let refusal = with_header(problem(429, "rate_limited"), "retry-after", "0");
        let service = Service::start([refusal, operation.success()]).await;
        operation.run(&service.client()).await.unwrap_or_else(|failure| panic!("{operation:?}: {failure}"));
        assert_eq!(service.asked().len(), 2, "{operation:?}");
    }
}

#[tokio::test]
async fn a_request_that_is_wrong_is_sent_once() {
    for (status, code) in [(400, "invalid_request"), (404, "not_found"), (409, "idempotency_conflict"), (500, "internal")] {
        let service = Service::start([problem(status, code), Operation::Get.success()]).await;
        let failure = Operation::Get.run(&service.client()).await.expect_err("a problem");
        assert_eq!(failure.code(), Some(&Code::from(code)));
        assert_eq!(service.asked().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn the_last_failure_is_told_when_attempts_are_at_their_end() {
    let service = Service::start([foreign(502, ""), Answer::HangUp, problem(503, "overloaded"), webhook()]).await;
    let failure = Operation::Get.run(&service.client()).await.expect_err("three failures");
    assert_eq!(failure.code(), Some(&Code::Overloaded));
    assert_eq!(service.asked().len(), 3);
}

#[tokio::test]
async fn retries_can_be_switched_off() {
    let service = Service::start([problem(503, "overloaded"), webhook()]).await;
    let client = service.builder().retry(RetryPolicy::never()).build().expect("a client");
    assert_eq!(Operation::Get.run(&client).await.expect_err("a problem").code(), Some(&Code::Overloaded));
    assert_eq!(service.asked().len(), 1);
}

/// An hour is more than the time of all attempts: it is told, not waited for.
#[tokio::test]
async fn a_wait_that_is_too_long_is_left_to_the_caller() {
    let service = Service::start([with_header(problem(503, "overloaded"), "retry-after", "3600"), webhook()]).await;
    let failure = Operation::Get.run(&service.client()).await.expect_err("a problem");
    assert_eq!(failure.retry_after(), Some(Duration::from_secs(3600)));
    assert_eq!(service.asked().len(), 1);
}

#[tokio::test]
async fn an_attempt_without_an_answer_ends_and_is_made_again() {
    let service = Service::start([Answer::Silence, webhook()]).await;
    // The second attempt has the same limit, and a busy machine needs some of it.
    let client = service.builder().timeout(Duration::from_millis(500)).build().expect("a client");
    Operation::Get.run(&client).await.expect("the second attempt is answered");
    assert_eq!(service.asked().len(), 2);
}

/// Who calls from several tasks moves the future to another thread.
#[tokio::test]
async fn an_operation_can_run_as_a_task() {
    let service = Service::start([webhook()]).await;
    let client = service.client();
    let task = tokio::spawn(async move { Operation::Get.run(&client).await });
    task.await.expect("no panic").expect("an answer");
}
