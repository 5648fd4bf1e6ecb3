//! Authentication of callbacks: basic authentication, and OAuth 2.0 client credentials with working and faulty token servers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::harness::{Api, NameServer, Receiver, Reply, Server, Setup, TokenBehaviour, TokenEndpoint};

const CLIENT_ID: &str = "client: one";
const CLIENT_SECRET: &str = "s3cr%t+&=/ word";

struct Fixture {
    _server: Server,
    api: Api,
    receiver: Receiver,
    endpoint: TokenEndpoint,
}

fn client_credential(endpoint: &TokenEndpoint) -> Value {
    json!({ "type": "client_credential", "clientID": CLIENT_ID, "clientSecret": CLIENT_SECRET, "tokenURL": endpoint.url() })
}

/// Starts a server and a token endpoint. Registers a webhook that uses client credentials for this endpoint.
async fn start(behaviour: TokenBehaviour) -> Fixture {
    let server = Setup::dev().flags(&["--attempt-timeout-seconds", "1"]).start().await;
    let (api, receiver) = (server.api(), server.receiver().await);
    let endpoint = server.token_endpoint(CLIENT_ID, CLIENT_SECRET).await;
    endpoint.behave(behaviour);
    api.register(&json!({ "targetURL": receiver.url(), "auth": client_credential(&endpoint) })).await;
    Fixture { _server: server, api, receiver, endpoint }
}

impl Fixture {
    /// Publishes a notification. Returns the `Authorization` header of its callback, and its attempt.
    async fn deliver(&mut self) -> (String, Value) {
        let notification = self.api.publish_type("a.b").await;
        let authorization = self.receiver.next().await.header("authorization").to_owned();
        (authorization, self.api.after_attempts(&notification, 1).await["lastAttempt"].clone())
    }

    /// Publishes a notification. Checks that the receiver got no callback, and returns the attempt.
    async fn deliver_without_token(&mut self) -> Value {
        let attempt = self.api.after_attempts(&self.api.publish_type("a.b").await, 1).await["lastAttempt"].clone();
        assert_eq!(self.receiver.count(), 0, "no callback is sent without a token");
        attempt
    }
}

const ISSUE: TokenBehaviour = TokenBehaviour::Issue { expires_in: Some(3600) };

#[tokio::test]
async fn basic_credentials_are_sent_in_utf8() {
    let server = Server::start().await;
    let mut receiver = server.receiver().await;
    let api = server.api();
    for (username, password) in [("u", "p"), ("ünï", "pass:wörd "), ("a b", ":")] {
        let auth = json!({ "type": "basic", "username": username, "password": password });
        let webhook = api.register(&json!({ "targetURL": receiver.url(), "auth": auth })).await;
        api.publish_type("a.b").await;
        let expected = format!("Basic {}", STANDARD.encode(format!("{username}:{password}")));
        assert_eq!(receiver.next().await.header("authorization"), expected);
        api.delete_webhook(webhook["id"].as_str().expect("an id")).await;
    }
}

#[tokio::test]
async fn a_token_is_fetched_once_and_reused() {
    let mut fixture = start(ISSUE).await;
    for _ in 0..3 {
        let (authorization, attempt) = fixture.deliver().await;
        assert_eq!(authorization, "Bearer issued-token-1");
        assert_eq!(attempt["outcome"], "accepted");
    }
    let requests = fixture.endpoint.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].form.get("grant_type").map(String::as_str), Some("client_credentials"));
    assert!(!requests[0].form.contains_key("client_secret") && !requests[0].form.contains_key("scope"));
    assert_eq!(requests[0].user_agent.as_deref(), Some(concat!("webhooks-server/", env!("CARGO_PKG_VERSION"))));
}

#[tokio::test]
async fn a_lifetime_may_be_text_and_an_unreadable_lifetime_counts_as_absent() {
    for expiry in ["3599", " 3599.5 ", "", "soon", "NaN"] {
        let mut fixture = start(TokenBehaviour::IssueWithExpiry(expiry)).await;
        assert_eq!(fixture.deliver().await.0, "Bearer issued-token-1", "{expiry}");
        assert_eq!(fixture.deliver().await.0, "Bearer issued-token-1", "{expiry}: the token is reused");
    }
    let mut fixture = start(TokenBehaviour::IssueWithExpiry("0")).await;
    assert_eq!(fixture.deliver().await.0, "Bearer issued-token-1");
    assert_eq!(fixture.deliver().await.0, "Bearer issued-token-2");
}

#[tokio::test]
async fn the_other_method_is_tried_only_if_the_client_was_refused() {
    for (status, error, description, outcome, requests, text) in [
        (
            400,
            "invalid_scope",
            "no scope `pay`",
            "token_refused",
            1,
            "the token URL returned 400 (invalid_scope: no scope `pay`); check the scope of the webhook",
        ),
        (
            400,
            "invalid_client",
            "",
            "token_refused",
            2,
            "the token URL returned 400 (invalid_client); check the client id and the client secret of the webhook",
        ),
        (
            400,
            "unauthorized_client",
            "",
            "token_refused",
            1,
            "the token URL returned 400 (unauthorized_client); allow the grant `client_credentials` for this client at the token server",
        ),
        (
            400,
            "invalid_client",
            TokenEndpoint::NULL,
            "token_refused",
            2,
            "the token URL returned 400 (invalid_client); check the client id and the client secret of the webhook",
        ),
        (403, "", "", "token_refused", 1, "the token URL returned 403; check the client id and the client secret of the webhook"),
        (404, "", "", "token_failed", 1, "the token URL returned 404; check the token URL of the webhook"),
        (500, "server_error", CLIENT_SECRET, "token_failed", 1, "the token URL returned 500 (server_error: [redacted])"),
    ] {
        let mut fixture = start(TokenBehaviour::RefuseWith(status, error, description)).await;
        let attempt = fixture.deliver_without_token().await;
        assert_eq!((&attempt["outcome"], &attempt["error"]), (&json!(outcome), &json!(text)));
        assert_eq!(fixture.endpoint.requests().len(), requests, "{error}");
    }
}

#[tokio::test]
async fn an_access_token_has_at_most_8192_characters() {
    let mut fixture = start(TokenBehaviour::IssueLong(8192)).await;
    assert_eq!(fixture.deliver().await.0.len(), "Bearer ".len() + 8192);
    let mut fixture = start(TokenBehaviour::IssueLong(8193)).await;
    let attempt = fixture.deliver_without_token().await;
    assert_eq!(attempt["error"], "the token URL returned 200, but the access token has more than 8,192 characters");
    assert_eq!(attempt["outcome"], "token_failed");
}

#[tokio::test]
async fn concurrent_attempts_share_one_token_request() {
    let mut fixture = start(ISSUE).await;
    for _ in 0..20 {
        fixture.api.publish_type("a.b").await;
    }
    for callback in fixture.receiver.next_callbacks(20).await {
        assert_eq!(callback.header("authorization"), "Bearer issued-token-1");
    }
    assert_eq!(fixture.endpoint.requests().len(), 1);
}

#[tokio::test]
async fn an_expired_token_is_replaced() {
    let mut fixture = start(TokenBehaviour::Issue { expires_in: Some(0) }).await;
    assert_eq!(fixture.deliver().await.0, "Bearer issued-token-1");
    assert_eq!(fixture.deliver().await.0, "Bearer issued-token-2");
}

#[tokio::test]
async fn a_token_without_expiry_is_reused() {
    let mut fixture = start(TokenBehaviour::Issue { expires_in: None }).await;
    assert_eq!(fixture.deliver().await.0, "Bearer issued-token-1");
    assert_eq!(fixture.deliver().await.0, "Bearer issued-token-1");
}

#[tokio::test]
async fn a_token_request_has_the_scope_and_audience() {
    let fixture = start(ISSUE).await;
    let mut auth = client_credential(&fixture.endpoint);
    auth["scope"] = json!("read write");
    auth["audience"] = json!("https://example.com/api?a=b&c");
    let webhook = fixture.api.register(&json!({ "targetURL": fixture.receiver.url(), "auth": auth })).await;
    fixture.api.test(webhook["id"].as_str().expect("an id")).await;
    let form = &fixture.endpoint.requests()[0].form;
    assert_eq!(form.get("scope").map(String::as_str), Some("read write"));
    assert_eq!(form.get("audience").map(String::as_str), Some("https://example.com/api?a=b&c"));
}

#[tokio::test]
async fn credentials_are_sent_in_the_body_if_basic_is_refused() {
    let mut fixture = start(TokenBehaviour::RefuseBasic).await;
    assert_eq!(fixture.deliver().await.1["outcome"], "accepted");
    let requests = fixture.endpoint.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests[0].authorization.is_some() && !requests[0].form.contains_key("client_secret"));
    assert!(requests[1].authorization.is_none(), "a request uses only one method (RFC 6749 §2.3)");
    assert_eq!(requests[1].form.get("client_secret").map(String::as_str), Some(CLIENT_SECRET));
}

#[tokio::test]
async fn the_authentication_method_that_worked_is_remembered() {
    let mut fixture = start(TokenBehaviour::RefuseBasic).await;
    fixture.deliver().await;
    // The receiver refuses the token, so the server fetches another token. The request for this other token has the
    // credentials only in the body.
    fixture.receiver.reply_to_next([Reply::Status(401)]);
    fixture.deliver().await;
    let requests = fixture.endpoint.requests();
    assert_eq!(requests.len(), 3);
    assert!(requests[2].authorization.is_none());
}

#[tokio::test]
async fn a_token_that_the_receiver_refuses_is_renewed_once() {
    for refusal in [401, 407] {
        let mut fixture = start(ISSUE).await;
        fixture.receiver.reply_to_next([Reply::Status(refusal)]);
        let notification = fixture.api.publish_type("a.b").await;
        let callbacks = fixture.receiver.next_callbacks(2).await;
        assert_eq!(callbacks[0].header("authorization"), "Bearer issued-token-1");
        assert_eq!(callbacks[1].header("authorization"), "Bearer issued-token-2");
        let delivery = fixture.api.after_attempts(&notification, 1).await;
        assert_eq!((&delivery["status"], &delivery["attemptCount"]), (&json!("succeeded"), &json!(1)));

        fixture.receiver.always_reply(Reply::Status(refusal));
        let delivery = fixture.api.after_attempts(&fixture.api.publish_type("a.b").await, 1).await;
        assert_eq!((&delivery["status"], &delivery["lastAttempt"]["statusCode"]), (&json!("pending"), &json!(refusal)));
        assert_eq!(fixture.receiver.next_callbacks(2).await.len(), 2);
        assert_eq!(fixture.endpoint.requests().len(), 3);
    }
}

#[tokio::test]
async fn a_refused_token_request_is_a_failed_attempt() {
    let mut fixture = start(TokenBehaviour::Refuse).await;
    let attempt = fixture.deliver_without_token().await;
    assert_eq!(attempt["outcome"], "token_refused");
    assert_eq!(attempt["error"], "the token URL returned 401 (invalid_client); check the client id and the client secret of the webhook");
    assert_eq!(attempt.get("statusCode"), None, "the receiver sent no response");
}

#[tokio::test]
async fn a_response_without_a_token_is_a_failed_attempt() {
    let mut fixture = start(TokenBehaviour::Garbage).await;
    let attempt = fixture.deliver_without_token().await;
    assert_eq!(attempt["outcome"], "token_failed");
    assert!(!attempt.to_string().contains("html"), "{attempt}");
}

#[tokio::test]
async fn a_hanging_token_server_makes_the_attempt_time_out() {
    let mut fixture = start(TokenBehaviour::Hang).await;
    assert_eq!(fixture.deliver_without_token().await["outcome"], "timed_out");
    // The attempt that timed out does not block the next attempt.
    fixture.endpoint.behave(ISSUE);
    assert_eq!(fixture.deliver().await.1["outcome"], "accepted");
}

#[tokio::test]
async fn a_token_url_with_a_private_address_is_not_contacted() {
    let directory = tempfile::TempDir::new().expect("a temporary directory");
    let (authority, file) = crate::harness::Authority::create(directory.path());
    let names = NameServer::start().await;
    let name = names.set("private", &[&["127.0.0.1".parse().expect("an address")]]);
    let flags = ["--ca-file", &file.display().to_string(), "--name-server", &names.address()];
    let server = Setup::production().flags(&flags).start().await;
    let endpoint = TokenEndpoint::start(&authority, CLIENT_ID, CLIENT_SECRET).await;
    let api = server.api();
    let mut auth = client_credential(&endpoint);
    auth["tokenURL"] = json!(endpoint.url().replace("127.0.0.1", &name));
    let webhook = api.register(&json!({ "targetURL": "https://example.com", "auth": auth })).await;
    let attempt = api.test(webhook["id"].as_str().expect("an id")).await;
    assert_eq!(attempt["outcome"], "token_failed");
    assert!(endpoint.requests().is_empty());
}

#[tokio::test]
async fn the_next_attempt_uses_new_credentials() {
    let mut fixture = start(ISSUE).await;
    fixture.deliver().await;
    let id = fixture.api.list("/webhooks").await[0]["id"].as_str().expect("an id").to_owned();
    fixture.api.update(&id, &json!({ "auth": { "type": "basic", "username": "u", "password": "p" } })).await;
    assert_eq!(fixture.deliver().await.0, format!("Basic {}", STANDARD.encode("u:p")));
    fixture.api.update(&id, &json!({ "auth": client_credential(&fixture.endpoint) })).await;
    assert_eq!(fixture.deliver().await.0, "Bearer issued-token-2", "the token of the old credentials is not reused");
}
