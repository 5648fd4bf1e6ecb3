//! Tests of token renewal.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use webhooks_client::{AccessToken, Client, Code, Failure};

use crate::script::{ID, Service, Step, problem, webhook};

async fn get(client: &Client) -> Result<(), Failure> {
    client.get_webhook().id(ID.parse::<uuid::Uuid>().expect("an id")).send().await?;
    Ok(())
}

fn unauthenticated() -> Step {
    problem(401, "unauthenticated")
}

fn sent_tokens(service: &Service) -> Vec<String> {
    service.take_requests().iter().map(|request| request.headers["authorization"].to_str().expect("text").to_owned()).collect()
}

#[tokio::test]
async fn the_refusal_of_a_fixed_token_is_an_error() {
    let service = Service::start([unauthenticated()]).await;
    assert_eq!(get(&service.client()).await.expect_err("a refusal").code(), Some(&Code::Unauthenticated));
    assert_eq!(sent_tokens(&service), ["Bearer token"]);
}

#[tokio::test]
async fn a_refused_token_is_passed_to_the_provider_and_replaced() {
    let service = Service::start([unauthenticated(), webhook(), webhook()]).await;
    let provider = |refused: Option<AccessToken>| async move {
        let old = AccessToken::new("old")?;
        let token = if refused.is_none() { old } else { AccessToken::new(if refused == Some(old) { "new" } else { "none" })? };
        Ok(token)
    };
    let client = service.builder().token_provider(provider).build().expect("a client");
    get(&client).await.expect("the service accepts the new token");
    get(&client).await.expect("the new token is cached");
    assert_eq!(sent_tokens(&service), ["Bearer old", "Bearer new", "Bearer new"]);
}

#[tokio::test]
async fn a_request_is_sent_only_once_more_with_a_new_token() {
    let service = Service::start([unauthenticated(), unauthenticated(), webhook()]).await;
    let calls = Arc::new(AtomicU32::new(0));
    let provider = move |_| {
        let call = calls.fetch_add(1, Ordering::Relaxed);
        async move { Ok(AccessToken::new(&format!("token-{call}"))?) }
    };
    let client = service.builder().token_provider(provider).build().expect("a client");
    assert_eq!(get(&client).await.expect_err("a refusal").code(), Some(&Code::Unauthenticated));
    assert_eq!(sent_tokens(&service), ["Bearer token-0", "Bearer token-1"]);
}

#[tokio::test]
async fn a_failing_provider_ends_the_request_with_its_error() {
    let service = Service::start([webhook()]).await;
    let client = service.builder().token_provider(|_| async { Err("the token service is down".into()) }).build().expect("a client");
    let failure = get(&client).await.expect_err("no token");
    assert!(matches!(&failure, Failure::Token(reason) if reason == "the token service is down"), "{failure}");
    assert!(service.take_requests().is_empty());
}

#[tokio::test]
async fn a_token_file_is_read_again_when_its_token_is_refused() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("token");
    let service = Service::start([webhook(), unauthenticated(), webhook(), unauthenticated(), unauthenticated()]).await;
    let client = service.builder().token_file(&file).build().expect("a client");

    std::fs::write(&file, "first\n").expect("a file");
    get(&client).await.expect("the service accepts the first token");
    std::fs::write(&file, "second\n").expect("a file");
    get(&client).await.expect("the service accepts the second token");
    assert_eq!(get(&client).await.expect_err("there is no third token").code(), Some(&Code::Unauthenticated));
    std::fs::remove_file(&file).expect("the file is there");
    let failure = get(&client).await.expect_err("there is no file");
    assert!(matches!(&failure, Failure::Token(reason) if reason.contains("cannot read") && reason.contains("token")), "{failure}");
    assert_eq!(sent_tokens(&service), ["Bearer first", "Bearer first", "Bearer second", "Bearer second", "Bearer second"]);
}

#[tokio::test]
async fn an_invalid_token_file_is_an_error_that_does_not_show_its_content() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("token");
    std::fs::write(&file, "marked secret\n").expect("a file");
    let service = Service::start([]).await;
    let failure = get(&service.builder().token_file(&file).build().expect("a client")).await.expect_err("no token");
    assert!(matches!(failure, Failure::Token(_)));
    assert!(!format!("{failure} {failure:?}").contains("marked"), "{failure}");
}
