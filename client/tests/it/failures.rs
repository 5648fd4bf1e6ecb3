//! Tests of the conversion of errors to `Failure`.

use std::time::{Duration, SystemTime};

use http::StatusCode;
use serde_json::json;
use webhooks_client::types::Webhook;
use webhooks_client::{Client, Code, Failure, RetryPolicy};

use crate::script::{ID, Service, Step, foreign, problem, respond, webhook, with_header};

async fn get(client: &Client) -> Result<Webhook, Failure> {
    Ok(client.get_webhook().id(ID.parse::<uuid::Uuid>().expect("an id")).send().await?.into_inner())
}

async fn failure(step: Step) -> Failure {
    let service = Service::start([step]).await;
    let client = service.builder().retry(RetryPolicy::never()).build().expect("a client");
    get(&client).await.expect_err("a failure")
}

#[tokio::test]
async fn a_failure_has_the_problem_its_code_and_its_status() {
    let failure = failure(problem(404, "not_found")).await;
    assert!(matches!(failure, Failure::Problem { code: Code::NotFound, status: StatusCode::NOT_FOUND, retry_after: None, .. }));
    assert_eq!(failure.code(), Some(&Code::NotFound));
    assert_eq!(failure.problem().expect("a problem").detail.as_str(), "what is wrong");
    let expected = "what is wrong (404 not_found, request urn:uuid:5f0c1d1e-0d1a-4c8e-9d53-6a5b0c1f7e21)";
    assert_eq!(failure.to_string(), expected);
}

#[tokio::test]
async fn unlisted_codes_and_statuses_are_kept() {
    let failure = failure(problem(418, "teapot")).await;
    assert_eq!(failure.code(), Some(&Code::Unknown("teapot".to_owned())));
    assert_eq!(failure.status(), Some(StatusCode::IM_A_TEAPOT));
}

#[tokio::test]
async fn a_failure_has_the_wait_of_retry_after() {
    let seconds = failure(with_header(problem(429, "rate_limited"), "retry-after", "17")).await;
    assert_eq!(seconds.retry_after(), Some(Duration::from_secs(17)));
    let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(3600));
    let wait = failure(with_header(foreign(503, "busy"), "retry-after", date)).await.retry_after().expect("a wait");
    assert!(wait > Duration::ZERO && wait <= Duration::from_secs(3600), "{wait:?}");
}

/// For the called operation, openapi.json lists the statuses 404 and 503, but not 502.
#[tokio::test]
async fn a_response_of_a_proxy_is_foreign() {
    for status in [404, 502, 503] {
        let failure = failure(foreign(status, "<html>nginx</html>")).await;
        assert!(failure.to_string().contains("is not from the webhook service"), "{failure}");
        let Failure::Foreign { status: found, excerpt, .. } = failure else { panic!("{failure}") };
        assert_eq!(found.map(|status| status.as_u16()), Some(status));
        assert_eq!(excerpt, "<html>nginx</html>");
    }
    // The service sends this response if the path is unknown.
    let failure = failure(respond(404, &json!({ "request_id": "1", "message": "Not Found" }))).await;
    assert!(matches!(failure, Failure::Foreign { status: Some(StatusCode::NOT_FOUND), .. }), "{failure}");
}

#[tokio::test]
async fn a_foreign_success_has_an_excerpt_unless_it_is_json() {
    let page = failure(foreign(200, "<html>Sign in</html>")).await;
    assert!(matches!(&page, Failure::Foreign { status: None, excerpt, .. } if excerpt == "<html>Sign in</html>"), "{page}");
    let newer = failure(respond(200, &json!({ "key": "whsec_marked" }))).await;
    assert!(matches!(newer, Failure::Foreign { status: None, .. }));
    assert!(!format!("{newer} {newer:?}").contains("whsec_marked"));
}

#[tokio::test]
async fn a_missing_response_is_unreachable() {
    assert!(matches!(failure(Step::HangUp).await, Failure::Unreachable(_)));
    let service = Service::start([Step::Silence]).await;
    let client = service.builder().retry(RetryPolicy::never()).timeout(Duration::from_millis(50)).build().expect("a client");
    let failure = get(&client).await.expect_err("no response");
    assert!(matches!(&failure, Failure::Unreachable(error) if error.is_timeout()), "{failure}");
}

#[tokio::test]
async fn an_invalid_request_is_not_sent() {
    let service = Service::start([webhook()]).await;
    let failure = Failure::from(service.client().get_webhook().send().await.expect_err("no id was given"));
    assert!(matches!(failure, Failure::InvalidRequest(_)), "{failure}");
    assert!(service.take_requests().is_empty());
}
