//! Tests of the typed mocks (feature `httpmock`).

use httpmock::MockServer;
use webhooks_client::mock::MockServerExt as _;
use webhooks_client::types::{Problem, WebhookPage};
use webhooks_client::{Client, Code, Failure, RetryPolicy};

fn client(server: &MockServer) -> Client {
    Client::builder(&server.base_url()).token("token").retry(RetryPolicy::never()).build().expect("a client")
}

#[tokio::test]
async fn a_mocked_operation_returns_its_typed_response() {
    let server = MockServer::start_async().await;
    let page = WebhookPage::builder().data(vec![]).try_into().expect("a page");
    let mock = server.list_webhooks(|when, then| {
        when.limit(std::num::NonZeroU32::new(5));
        then.ok(&page);
    });
    let response = client(&server).list_webhooks().limit(std::num::NonZeroU32::new(5).expect("not zero")).send().await;
    assert!(response.expect("a response").data.is_empty());
    mock.assert();
}

#[tokio::test]
async fn a_mocked_problem_becomes_a_failure_with_its_code() {
    let server = MockServer::start_async().await;
    let problem: Problem = Problem::builder()
        .type_("/docs#problem-not_found")
        .title("There is no such object")
        .status(404)
        .detail("there is no such webhook")
        .instance("urn:uuid:5f0c1d1e-0d1a-4c8e-9d53-6a5b0c1f7e21")
        .code("not_found")
        .try_into()
        .expect("a problem");
    let id = uuid::Uuid::nil();
    let mock = server.delete_webhook(|when, then| {
        when.id(&id);
        then.not_found(&problem);
    });
    let failure = Failure::from(client(&server).delete_webhook().id(id).send().await.expect_err("a problem"));
    assert_eq!(failure.code(), Some(&Code::NotFound));
    mock.assert();
}
