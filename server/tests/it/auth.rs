//! Authorization: access tokens, scopes, accounts, and the order in which a request is checked.

use std::collections::BTreeMap;

use http::Method;
use serde_json::json;
use webhooks_server_api::Scope;

use crate::harness::{Api, ApiResponse, PREFIX, Process, Server, Setup, contract, eventually, id_of};

/// The placeholder for an identifier in the paths of [`operations`]. No object has this identifier.
pub(crate) const ID: &str = "0197a5a0-3c7e-7d2a-9f10-6b1f2f6f3d55";

/// The tokens that may call an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    AnyToken,
    /// The tokens with this scope.
    Scope(Scope),
    /// The platform tokens with this scope.
    Platform(Scope),
}

impl Access {
    pub(crate) fn scope(self) -> Option<Scope> {
        match self {
            Access::AnyToken => None,
            Access::Scope(scope) | Access::Platform(scope) => Some(scope),
        }
    }

    pub(crate) fn is_for_platform(self) -> bool {
        matches!(self, Access::Platform(_))
    }
}

/// Returns each operation: method, path, request body and who may call it. The request is valid.
pub(crate) fn operations() -> Vec<(Method, String, String, Access)> {
    let needs = Access::Scope;
    let webhook = format!("/webhooks/{ID}");
    let body = |json: serde_json::Value| json.to_string();
    let selection = || body(json!({ "webhookID": ID, "since": "2026-01-02T15:04:05Z" }));
    vec![
        (Method::POST, "/webhooks".to_owned(), body(json!({ "targetURL": "https://example.com" })), needs(Scope::WebhooksWrite)),
        (Method::GET, "/webhooks".to_owned(), String::new(), needs(Scope::WebhooksRead)),
        (Method::GET, webhook.clone(), String::new(), needs(Scope::WebhooksRead)),
        (Method::PATCH, webhook.clone(), body(json!({ "description": "x" })), needs(Scope::WebhooksWrite)),
        (Method::PATCH, format!("{webhook}/deactivation"), body(json!({ "status": "deactivated" })), needs(Scope::WebhooksWrite)),
        (Method::PATCH, format!("{webhook}/activation"), body(json!({ "status": "active" })), needs(Scope::WebhooksWrite)),
        (Method::DELETE, webhook.clone(), String::new(), needs(Scope::WebhooksWrite)),
        (Method::POST, format!("{webhook}/test"), String::new(), needs(Scope::WebhooksWrite)),
        (Method::GET, format!("{webhook}/signing-secret"), String::new(), needs(Scope::WebhooksSecrets)),
        (Method::POST, format!("{webhook}/recovery"), body(json!({ "since": "2026-01-02T15:04:05Z" })), needs(Scope::DeliveriesWrite)),
        (Method::POST, "/notifications".to_owned(), body(json!({ "type": "a.b", "data": {} })), needs(Scope::NotificationsPublish)),
        (Method::GET, "/notifications".to_owned(), String::new(), needs(Scope::NotificationsRead)),
        (Method::GET, format!("/notifications/{ID}"), String::new(), needs(Scope::NotificationsRead)),
        (Method::DELETE, format!("/notifications/{ID}"), String::new(), needs(Scope::NotificationsWrite)),
        (Method::POST, format!("{webhook}/signing-secret/rotation"), body(json!({ "overlapSeconds": 60 })), needs(Scope::WebhooksSecrets)),
        (Method::GET, "/event-types".to_owned(), String::new(), needs(Scope::NotificationsRead)),
        (Method::GET, "/deliveries".to_owned(), String::new(), needs(Scope::DeliveriesRead)),
        (Method::GET, format!("/deliveries/{ID}"), String::new(), needs(Scope::DeliveriesRead)),
        (Method::POST, format!("/deliveries/{ID}/redelivery"), String::new(), needs(Scope::DeliveriesWrite)),
        (Method::POST, "/redeliveries".to_owned(), selection(), needs(Scope::DeliveriesWrite)),
        (Method::POST, "/cancellations".to_owned(), selection(), needs(Scope::DeliveriesWrite)),
        (Method::GET, "/statistics".to_owned(), String::new(), needs(Scope::DeliveriesRead)),
        (Method::GET, "/audit-events".to_owned(), String::new(), needs(Scope::AuditRead)),
        (Method::GET, "/caller".to_owned(), String::new(), Access::AnyToken),
        (Method::GET, "/service-status".to_owned(), String::new(), Access::Platform(Scope::WebhooksRead)),
        (Method::GET, "/accounts".to_owned(), String::new(), Access::Platform(Scope::WebhooksRead)),
        (Method::GET, "/pauses".to_owned(), String::new(), Access::Platform(Scope::WebhooksRead)),
        (Method::POST, "/pauses".to_owned(), body(json!({ "id": format!("webhook.{ID}") })), Access::Platform(Scope::PausesWrite)),
        (Method::DELETE, format!("/pauses/webhook.{ID}"), String::new(), Access::Platform(Scope::PausesWrite)),
    ]
}

#[test]
fn openapi_json_names_the_scope_that_each_operation_needs() {
    let needed: BTreeMap<String, String> = operations()
        .into_iter()
        .filter_map(|(method, path, _, access)| {
            let operation = contract::operation_at(&method, &format!("{PREFIX}{path}"));
            let operation = operation.unwrap_or_else(|| panic!("{method} {path} is not documented"));
            Some((operation, access.scope()?.as_str().to_owned()))
        })
        .collect();
    assert_eq!(needed, contract::documented_scopes());
}

/// The scheme is not case-sensitive (RFC 9110 §11.1). [`crate::authorization`] tests the headers that are refused.
#[tokio::test]
async fn the_scheme_of_a_token_may_have_lower_case_letters() {
    let server = Server::start().await;
    let lower = format!("bearer {}", server.token(Some("acme"), &Scope::ALL, None).await);
    server.api().send(Method::GET, &format!("{PREFIX}/webhooks"), &[("authorization", &lower)], "").await.expect(200);
}

#[tokio::test]
async fn an_expired_token_is_refused() {
    let server = Setup::dev().manual_clock().start().await;
    let expires_at = server.now() + chrono::TimeDelta::hours(1);
    let api = server.api_with(&server.token(Some("acme"), &Scope::ALL, Some(expires_at)).await);
    server.advance(chrono::TimeDelta::minutes(59));
    api.get("/webhooks").await.expect(200);
    server.advance(chrono::TimeDelta::minutes(1));
    assert_eq!(api.get("/webhooks").await.problem(), (401, "unauthenticated".to_owned()));
}

#[tokio::test]
async fn a_running_server_soon_refuses_a_revoked_token() {
    let process = Process::start(&[]).await;
    let secret = process.token_command(&["create", "--account", "acme", "--scope", "webhooks.read"]).await;
    let api = process.api_with(&secret);
    api.get("/webhooks").await.expect(200);
    let list = process.token_command(&["list"]).await;
    let row = list.lines().find(|line| line.contains("acme")).expect("the token is listed");
    assert!(row.contains("valid") && row.contains("webhooks.read") && !list.contains(&secret), "{list}");
    let id = row.split_whitespace().next().expect("an identifier");
    process.token_command(&["revoke", id]).await;
    let refused = eventually("the refusal", async || Some(api.get("/webhooks").await).filter(|response| response.status != 200)).await;
    assert_eq!(refused.problem(), (401, "unauthenticated".to_owned()));
    assert!(process.token_command(&["list"]).await.contains("revoked"));
}

#[tokio::test]
async fn a_request_is_checked_in_the_documented_order() {
    let server = Setup::dev().flags(&["--request-body-bytes", "1024"]).start().await;
    let api = server.api();
    let only_read = server.token(Some("default"), &[Scope::WebhooksRead], None).await;
    let full = api.token().to_owned();
    let (bad, good) = ("not json".repeat(1000), "{}");
    let problem_status = async |token: &str, media_type: &str, id: &str, body: &str| {
        let authorization = format!("Bearer {token}");
        let headers = [("authorization", authorization.as_str()), ("content-type", media_type)];
        let path = format!("{PREFIX}/webhooks/{id}");
        api.send(Method::PATCH, &path, &headers, body.to_owned()).await.problem().0
    };
    assert_eq!(problem_status("unknown", "text/plain", "x", &bad).await, 401);
    assert_eq!(problem_status(&only_read, "text/plain", "x", &bad).await, 403);
    assert_eq!(problem_status(&full, "text/plain", "x", &bad).await, 415);
    assert_eq!(problem_status(&full, "application/json", "x", &bad).await, 413);
    assert_eq!(problem_status(&full, "application/json", ID, "not json").await, 400);
    assert_eq!(problem_status(&full, "application/json", "x", good).await, 400);
    assert_eq!(problem_status(&full, "application/json", ID, good).await, 404);
    // The second refusal for the same reason is left out at level `info`.
    assert_eq!(problem_status("unknown", "text/plain", "x", &bad).await, 401);
    let lines = server.events("authentication.refused").into_iter();
    let lines: Vec<_> = lines.map(|line| json!([line["level"], line["status"], line["reason"]])).collect();
    let expected =
        [json!(["INFO", 401, "unknown_token"]), json!(["INFO", 403, "insufficient_scope"]), json!(["DEBG", 401, "unknown_token"])];
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn a_platform_token_reads_every_account_and_changes_no_webhook() {
    let server = Server::start().await;
    let acme = server.api_of("acme").await;
    let id = acme.register_url("https://example.com").await;
    let platform = server.platform().await;
    assert_eq!(id_of(&platform.webhook(&id).await), id);
    assert_eq!(platform.list("/webhooks").await.len(), 1);
    // The store accepts every scope for a platform token, although the command line refuses some of them. The scopes
    // that the command line refuses have no effect.
    let with_every_scope = server.api_with(&server.token(None, &Scope::ALL, None).await);
    for (method, path, body, access) in operations() {
        if access.scope().is_some_and(|scope| !scope.for_platform()) {
            let response = with_every_scope.call(method.clone(), &path.replace(ID, &id), &[], body).await;
            assert_eq!(response.problem(), (403, "insufficient_scope".to_owned()), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn only_platform_tokens_see_accounts_and_list_those_of_others() {
    let server = Server::start().await;
    let mut receiver = server.receiver().await;
    let (acme, other, platform) = (server.api_of("acme").await, server.api_of("other").await, server.platform().await);
    for (api, account) in [(&acme, "acme"), (&other, "other")] {
        api.register_url(&receiver.url()).await;
        let published = platform.publish(&json!({ "type": "a.b", "data": {}, "account": account })).await;
        assert_eq!(published["account"], account);
        receiver.next().await;
    }
    for list in ["/webhooks", "/notifications", "/deliveries", "/audit-events"] {
        let of_both = platform.list(list).await;
        assert!(of_both.iter().any(|item| item["account"] == "acme") && of_both.iter().any(|item| item["account"] == "other"), "{list}");
        let of_acme = platform.list(&format!("{list}?account=acme")).await;
        assert!(!of_acme.is_empty() && of_acme.iter().all(|item| item["account"] == "acme"), "{list}: {of_acme:?}");
        assert!(platform.list(&format!("{list}?account=nobody")).await.is_empty(), "{list}");
        let own = acme.list(&format!("{list}?account=acme")).await;
        let ids = |items: &[serde_json::Value]| items.iter().map(id_of).collect::<Vec<_>>();
        assert_eq!(ids(&own), ids(&acme.list(list).await), "{list}");
        // An event of the audit log always has the account that it concerns.
        assert!(!own.is_empty() && own.iter().all(|item| item.get("account").is_none() == (list != "/audit-events")), "{list}: {own:?}");
        let foreign = acme.get(&format!("{list}?account=other")).await;
        assert_eq!(foreign.problem(), (400, "invalid_request".to_owned()), "{list}");
        let path = format!("{list}/{}", id_of(&of_acme[0]));
        if list != "/audit-events" {
            assert_eq!(platform.get(&path).await.expect(200)["account"], "acme", "{path}");
            assert!(acme.get(&path).await.expect(200).get("account").is_none(), "{path}");
        }
    }
}

#[tokio::test]
async fn every_operation_checks_its_id_media_type_and_body_size() {
    let server = Setup::dev().flags(&["--request-body-bytes", "1024"]).start().await;
    let (of_account, of_platform) = (server.api(), server.platform().await);
    for ((method, path, body, access), only_json) in operations().into_iter().zip([false, true].into_iter().cycle()) {
        let api = if access.is_for_platform() { &of_platform } else { &of_account };
        let api = if only_json { api.accepting_json_only() } else { api.clone() };
        if path.contains(ID) {
            let response = api.call(method.clone(), &path.replace(ID, "not-an-id"), &[], body.clone()).await;
            assert_eq!(response.problem(), (400, "invalid_request".to_owned()), "{method} {path}");
        }
        if !body.is_empty() {
            let large = body.replace('{', &format!("{{{}", " ".repeat(1024)));
            let response = api.call(method.clone(), &path, &[], large).await;
            assert_eq!(response.problem(), (413, "payload_too_large".to_owned()), "{method} {path}");
            let authorization = format!("Bearer {}", api.token());
            let headers = [("authorization", authorization.as_str()), ("content-type", "text/json"), ("accept", api.accept())];
            let response = api.send(method.clone(), &format!("{PREFIX}{path}"), &headers, body).await;
            assert_eq!(response.problem(), (415, "unsupported_media_type".to_owned()), "{method} {path}");
        }
    }
}

async fn media_type_of_problem(api: &Api, accept: &str) -> String {
    let response: ApiResponse = api.send(Method::GET, &format!("{PREFIX}/webhooks"), &[("accept", accept)], "").await;
    response.headers["content-type"].to_str().expect("ASCII").to_owned()
}

#[tokio::test]
async fn a_problem_has_the_media_type_that_the_caller_accepts() {
    let server = Server::start().await;
    let api = server.api_without_token();
    assert_eq!(media_type_of_problem(&api, "application/json").await, "application/json");
    for accept in ["application/json, application/problem+json", "*/*", "application/problem+json"] {
        assert_eq!(media_type_of_problem(&api, accept).await, "application/problem+json");
    }
}
