//! Tokens that are given up for new ones.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use webhooks_client::{AccessToken, Client, Code, Failure};

use crate::script::{Answer, ID, Service, problem, webhook};

async fn get(client: &Client) -> Result<(), Failure> {
    client.get_webhook().id(ID.parse::<uuid::Uuid>().expect("an id")).send().await?;
    Ok(())
}

fn refusal() -> Answer {
    problem(401, "unauthenticated")
}

fn shown(service: &Service) -> Vec<String> {
    service.asked().iter().map(|asked| asked.headers["authorization"].to_str().expect("text").to_owned()).collect()
}

#[tokio::test]
async fn a_fixed_token_is_shown_and_its_refusal_told() {
    let service = Service::start([refusal()]).await;
    assert_eq!(get(&service.client()).await.expect_err("a refusal").code(), Some(&Code::Unauthenticated));
    assert_eq!(shown(&service), ["Bearer token"]);
}

#[tokio::test]
async fn a_provider_is_told_of_a_refusal_and_its_new_token_is_shown() {
    let service = Service::start([refusal(), webhook(), webhook()]).await;
    let provider = |refused: Option<AccessToken>| async move {
        let old = AccessToken::new("old")?;
        let token = if refused.is_none() { old } else { AccessToken::new(if refused == Some(old) { "new" } else { "none" })? };
        Ok(token)
    };
    let client = service.builder().token_provider(provider).build().expect("a client");
    get(&client).await.expect("the new token is good");
    get(&client).await.expect("and is kept");
    assert_eq!(shown(&service), ["Bearer old", "Bearer new", "Bearer new"]);
}

#[tokio::test]
async fn a_request_is_sent_once_more_and_no_more() {
    let service = Service::start([refusal(), refusal(), webhook()]).await;
    let calls = Arc::new(AtomicU32::new(0));
    let provider = move |_| {
        let call = calls.fetch_add(1, Ordering::Relaxed);
        async move { Ok(AccessToken::new(&format!("token-{call}"))?) }
    };
    let client = service.builder().token_provider(provider).build().expect("a client");
    assert_eq!(get(&client).await.expect_err("a refusal").code(), Some(&Code::Unauthenticated));
    assert_eq!(shown(&service), ["Bearer token-0", "Bearer token-1"]);
}

#[tokio::test]
async fn a_provider_that_fails_is_told_with_its_reason() {
    let service = Service::start([webhook()]).await;
    let client = service.builder().token_provider(|_| async { Err("the token service is down".into()) }).build().expect("a client");
    let failure = get(&client).await.expect_err("no token");
    assert!(matches!(&failure, Failure::Token(reason) if reason == "the token service is down"), "{failure}");
    assert!(service.asked().is_empty());
}

#[tokio::test]
async fn a_token_file_is_read_again_when_its_token_is_refused() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("token");
    let service = Service::start([webhook(), refusal(), webhook(), refusal(), refusal()]).await;
    let client = service.builder().token_file(&file).build().expect("a client");

    std::fs::write(&file, "first\n").expect("a file");
    get(&client).await.expect("the first token is good");
    std::fs::write(&file, "second\n").expect("a file");
    get(&client).await.expect("the second token is good");
    assert_eq!(get(&client).await.expect_err("there is no third").code(), Some(&Code::Unauthenticated));
    std::fs::remove_file(&file).expect("the file is there");
    let failure = get(&client).await.expect_err("there is no file");
    assert!(matches!(&failure, Failure::Token(reason) if reason.contains("cannot read") && reason.contains("token")), "{failure}");
    assert_eq!(shown(&service), ["Bearer first", "Bearer first", "Bearer second", "Bearer second", "Bearer second"]);
}

#[tokio::test]
async fn no_token_of_a_file_is_shown_when_it_is_not_one() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("token");
    std::fs::write(&file, "marked secret\n").expect("a file");
    let service = Service::start([]).await;
    let failure = get(&service.builder().token_file(&file).build().expect("a client")).await.expect_err("no token");
    assert!(matches!(failure, Failure::Token(_)));
    assert!(!format!("{failure} {failure:?}").contains("marked"), "{failure}");
}
