//! Rate limits that an operator sets. If a caller exceeds a limit, every operation responds with 429 and the time to wait.

use chrono::TimeDelta;
use http::Method;

use crate::auth::operations;
use crate::harness::raw::RawClient;
use crate::harness::{Nginx, PREFIX, Process, Server, Setup};

#[tokio::test]
async fn every_operation_counts_towards_the_limit_of_its_token() {
    let server = Setup::dev().flags(&["--requests-per-second", "1"]).manual_clock().start().await;
    let api = server.api();
    for (method, path, body, _) in operations() {
        let admitted = api.call(method.clone(), &path, &[], body.clone()).await;
        assert_ne!(admitted.status, 429, "{method} {path}");
        let refused = api.call(method.clone(), &path, &[], body.clone()).await;
        assert_eq!(api.accepting_json_only().call(method.clone(), &path, &[], body).await.problem(), refused.problem());
        assert_eq!(refused.problem(), (429, "rate_limited".to_owned()), "{method} {path}");
        assert_eq!(refused.headers["retry-after"], "1");
        server.advance(TimeDelta::seconds(1));
    }
}

#[tokio::test]
async fn each_token_has_its_own_limit() {
    let server = Setup::dev().flags(&["--requests-per-second", "2"]).manual_clock().start().await;
    let (greedy, modest) = (server.api_of("acme").await, server.api_of("acme").await);
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(greedy.get("/webhooks").await.status);
    }
    assert_eq!(statuses, [200, 200, 429, 429]);
    assert_eq!(modest.get("/webhooks").await.status, 200);
}

#[tokio::test]
async fn an_address_with_too_many_failed_authentications_has_to_wait() {
    let server = Setup::dev().flags(&["--failed-authentications-per-minute", "2"]).manual_clock().start().await;
    let stranger = server.api_with("unknown");
    for expected in [401, 401, 429] {
        assert_eq!(stranger.get("/webhooks").await.status, expected);
    }
    let waiting = server.api_without_token().get("/webhooks").await;
    assert_eq!(waiting.problem(), (429, "rate_limited".to_owned()));
    assert_eq!(waiting.headers["retry-after"], "30");
    server.advance(TimeDelta::seconds(30));
    assert_eq!(server.api().get("/webhooks").await.status, 200);
    assert_eq!(stranger.get("/webhooks").await.status, 401);
    assert_eq!(stranger.get("/webhooks").await.status, 429);
}

#[tokio::test]
async fn a_valid_token_is_never_refused_because_of_failures_from_its_address() {
    let server = Setup::dev().flags(&["--failed-authentications-per-minute", "3"]).manual_clock().start().await;
    let (api, stranger) = (server.api(), server.api_with("unknown"));
    for expected in [401, 401, 401, 429, 429] {
        assert_eq!(stranger.get("/webhooks").await.status, expected);
    }
    let platform = server.platform().await;
    for (method, path, body, access) in operations() {
        let api = if access.is_for_platform() { &platform } else { &api };
        let status = api.call(method.clone(), &path, &[], body.clone()).await.status;
        assert!(matches!(status, 200 | 202 | 404), "{method} {path}: {status}");
        let waiting = stranger.call(method.clone(), &path, &[], body).await;
        assert_eq!(waiting.problem(), (429, "rate_limited".to_owned()), "{method} {path}");
    }
    let without_scope = server.api_with(&server.token(Some("acme"), &[], None).await);
    assert_eq!(without_scope.get("/webhooks").await.problem(), (403, "insufficient_scope".to_owned()));
    assert_eq!(stranger.get("/webhooks").await.headers["retry-after"], "20", "valid tokens do not count as failures");
}

#[tokio::test]
async fn behind_nginx_each_client_has_its_own_limit() {
    if Nginx::is_missing() {
        return;
    }
    let flags = ["--failed-authentications-per-minute", "2", "--trusted-proxy", "127.0.0.1"];
    let server = Setup::production().flags(&flags).manual_clock().start().await;
    let (nginx, token) = (Nginx::start_proxy(server.address()).await, server.api().token().to_owned());
    let status = async |client: [u8; 4], token: &str| {
        let mut client = RawClient::connect_from(client, nginx.address()).await;
        client.send_get(&format!("{PREFIX}/webhooks"), token).await;
        let response = client.read_response().await;
        response.split(' ').nth(1).unwrap_or_else(|| panic!("no status in {response}")).to_owned()
    };
    let [hostile, modest] = [[127, 0, 0, 2], [127, 0, 0, 3]];
    for expected in ["401", "401", "429", "429"] {
        assert_eq!(status(hostile, "unknown").await, expected);
    }
    assert_eq!(status(modest, "unknown").await, "401", "another client of the same proxy");
    assert_eq!(status(modest, &token).await, "200");
    assert_eq!(status(hostile, &token).await, "200", "a valid token from the address over its limit");
}

#[tokio::test]
async fn every_form_of_a_clients_address_counts_for_the_same_client() {
    let flags = ["--failed-authentications-per-minute", "5", "--trusted-proxy", "127.0.0.1,10.0.0.0/8"];
    for (client, other, forms) in [
        (
            "192.0.2.1",
            "192.0.2.2",
            [
                vec![("x-forwarded-for", "192.0.2.1:5678")],
                vec![("x-forwarded-for", "203.0.113.9"), ("x-forwarded-for", "192.0.2.1"), ("x-forwarded-for", "10.1.1.1")],
                vec![("forwarded", "for=192.0.2.1")],
                vec![("forwarded", "for=203.0.113.9, proto=https;For=\"192.0.2.1:5678\";by=10.1.1.1")],
                vec![("forwarded", "for=203.0.113.9"), ("forwarded", "for=\"192.0.2.1\", for=10.1.1.1")],
            ],
        ),
        (
            "2001:db8::1",
            "2001:db8:0:1::1",
            [
                vec![("x-forwarded-for", "[2001:db8::1]:5678")],
                vec![("x-forwarded-for", "\"[2001:db8::2]\"")],
                vec![("forwarded", "for=\"[2001:db8::3]:80\"")],
                vec![("forwarded", "for=\"[2001:db8::4]\"")],
                vec![("x-forwarded-for", "192.0.2.9, 2001:db8::5, 10.1.1.1")],
            ],
        ),
    ] {
        let server = Setup::production().flags(&flags).manual_clock().start().await;
        let (api, valid) = (server.api_without_token(), server.api());
        let forwarded = [("x-forwarded-for", client)];
        for headers in &forms {
            assert_eq!(api.call(Method::GET, "/webhooks", headers, "").await.status, 401, "{headers:?}");
        }
        for headers in forms.iter().map(Vec::as_slice).chain([&forwarded[..]]) {
            assert_eq!(api.call(Method::GET, "/webhooks", headers, "").await.status, 429, "{headers:?}");
            assert_eq!(valid.call(Method::GET, "/webhooks", headers, "").await.status, 200, "{headers:?}");
        }
        assert_eq!(api.call(Method::GET, "/webhooks", &[("x-forwarded-for", other)], "").await.status, 401);
    }
}

#[tokio::test]
async fn behind_a_trusted_proxy_the_address_that_the_proxy_added_counts() {
    let limit = ["--failed-authentications-per-minute", "1"];
    for (proxy, header, [client, again, other, invented]) in [
        (&["--behind-tls-proxy"][..], "x-forwarded-for", ["192.0.2.1", "192.0.2.1:5678", "198.51.100.7", "203.0.113.9, 198.51.100.7"]),
        (
            &["--trusted-proxy", "127.0.0.1", "--trusted-proxy", "10.0.0.0/8"],
            "forwarded",
            [
                "for=192.0.2.1",
                "proto=https;For=\"192.0.2.1:5678\"",
                "for=\"[2001:db8::1]:80\"",
                "for=203.0.113.9, for=\"[2001:db8::2]\", for=10.9.9.9",
            ],
        ),
    ] {
        let server = Setup::production().flags(&limit).flags(proxy).manual_clock().start().await;
        let api = server.api_without_token();
        let from = async |value: &str| api.call(Method::GET, "/webhooks", &[(header, value)], "").await.status;
        assert_eq!(from(client).await, 401);
        assert_eq!(from(again).await, 429, "the same address with another port");
        assert_eq!(from(other).await, 401, "another caller behind the same proxy");
        assert_eq!(from(invented).await, 429, "an address that the caller sends itself does not count");
    }
}

#[tokio::test]
async fn headers_of_a_proxy_that_is_not_trusted_do_not_count() {
    let flags = ["--failed-authentications-per-minute", "1", "--behind-tls-proxy", "--trusted-proxy", "192.0.2.7"];
    let server = Setup::production().flags(&flags).manual_clock().start().await;
    let api = server.api_without_token();
    for (client, status) in [("192.0.2.1", 401), ("192.0.2.2", 429)] {
        assert_eq!(api.call(Method::GET, "/webhooks", &[("x-forwarded-for", client)], "").await.status, status);
    }
}

#[tokio::test]
async fn without_a_proxy_a_caller_cannot_choose_its_address() {
    let server = Setup::dev().flags(&["--failed-authentications-per-minute", "1"]).manual_clock().start().await;
    let api = server.api_without_token();
    assert_eq!(api.call(Method::GET, "/webhooks", &[("x-forwarded-for", "192.0.2.1")], "").await.status, 401);
    assert_eq!(api.call(Method::GET, "/webhooks", &[("x-forwarded-for", "192.0.2.2")], "").await.status, 429);
}

#[tokio::test]
async fn by_default_there_is_no_limit() {
    let process = Process::start(&[]).await;
    let (api, stranger) = (process.api(), process.api_with("unknown"));
    for _ in 0..50 {
        assert_eq!(api.get("/webhooks").await.status, 200);
        assert_eq!(stranger.get("/webhooks").await.status, 401);
    }
}

#[tokio::test]
async fn a_request_over_the_limit_has_no_effect() {
    let server: Server = Setup::dev().flags(&["--requests-per-second", "1"]).manual_clock().start().await;
    let api = server.api();
    api.register_url("https://example.com").await;
    let body = serde_json::json!({ "targetURL": "https://example.com" });
    assert_eq!(api.post("/webhooks", &body).await.status, 429);
    server.advance(TimeDelta::seconds(1));
    assert_eq!(api.get("/webhooks").await.json()["data"].as_array().map(Vec::len), Some(1));
}
