//! How the program `webhooks` calls the API: its proxy, its name in the requests, and its exit code.

use serde_json::json;
use tokio::process::Command;

use crate::script::{ID, Service, respond};

/// Runs `webhooks list` with these further arguments and variables. Returns whether it succeeded.
async fn list(arguments: &[&str], variables: &[(&str, &str)]) -> bool {
    let mut command = Command::new(env!("CARGO_BIN_EXE_webhooks"));
    command.arg("list").args(arguments).env_clear().env("API_ACCESS_TOKEN", "token").envs(variables.iter().copied());
    command.output().await.expect("the program runs").status.success()
}

async fn service() -> Service {
    Service::start([respond(200, &json!({ "data": [] }))]).await
}

#[tokio::test]
async fn an_api_on_this_machine_is_called_without_the_proxy_of_the_environment() {
    let (api, proxy) = (service().await, service().await);
    assert!(list(&["--url", &api.base_url()], &[("http_proxy", &proxy.base_url()), ("ALL_PROXY", &proxy.base_url())]).await);
    assert_eq!(proxy.take_requests().len(), 0, "the proxy would receive the access token");
    let requests = api.take_requests();
    assert_eq!((requests.len(), &requests[0].headers["authorization"]), (1, &"Bearer token".parse().expect("a value")));
    assert_eq!(requests[0].headers["user-agent"], concat!("webhooks/", env!("CARGO_PKG_VERSION")));
}

#[tokio::test]
async fn the_proxy_of_the_option_or_of_the_environment_is_used() {
    let proxy = service().await;
    assert!(list(&["--url", "http://api.invalid", "--proxy", &proxy.base_url()], &[]).await);
    assert_eq!(proxy.take_requests()[0].headers["host"], "api.invalid");

    let proxy = service().await;
    assert!(list(&["--url", "http://api.invalid"], &[("http_proxy", &proxy.base_url())]).await);
    assert_eq!(proxy.take_requests().len(), 1);
}

#[tokio::test]
async fn a_host_in_no_proxy_is_called_without_the_proxy() {
    let (api, proxy) = (service().await, service().await);
    // This address reaches this machine, but is no loopback address.
    let url = api.base_url().replace("127.0.0.1", "0.0.0.0");
    assert!(list(&["--url", &url], &[("http_proxy", &proxy.base_url()), ("NO_PROXY", "0.0.0.0")]).await);
    assert_eq!((api.take_requests().len(), proxy.take_requests().len()), (1, 0));
}

#[tokio::test]
async fn a_request_of_the_library_names_the_library() {
    let api = service().await;
    api.client().list_webhooks().send().await.expect("a page");
    let named = api.builder().user_agent("billing/2.1").build().expect("a client");
    named.list_webhooks().send().await.expect_err("the script has ended");
    let agents: Vec<_> = api.take_requests().iter().map(|request| request.headers["user-agent"].clone()).collect();
    assert_eq!(agents[0], concat!("webhooks-client/", env!("CARGO_PKG_VERSION")));
    assert_eq!(agents[1], "billing/2.1");
}

#[tokio::test]
async fn a_test_that_the_receiver_refuses_fails_with_the_reason() {
    for (outcome, error, code) in [("accepted", None, 0), ("rejected", Some("the receiver returned 401"), 1), ("timed_out", None, 1)] {
        let mut attempt = json!({ "number": 1, "startedAt": "2006-01-02T15:04:05Z", "durationMs": 7, "outcome": outcome });
        if let Some(error) = error {
            attempt["error"] = json!(error);
        }
        let api = Service::start([respond(200, &attempt)]).await;
        let mut command = Command::new(env!("CARGO_BIN_EXE_webhooks"));
        command.args(["test", ID, "--url", &api.base_url()]).env_clear().env("API_ACCESS_TOKEN", "token");
        let output = command.output().await.expect("the program runs");
        assert_eq!(output.status.code(), Some(code), "{outcome}");
        let reason = String::from_utf8_lossy(&output.stderr).into_owned();
        let expected =
            if code == 0 { String::new() } else { format!("the receiver did not accept the callback: {}\n", error.unwrap_or(outcome)) };
        assert_eq!(reason, expected);
    }
}
