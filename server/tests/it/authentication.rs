//! How callbacks are authenticated: basic, and OAuth 2.0 client credentials with everything that token servers do.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::harness::{Api, Receiver, Reply, Server, Setup, TokenBehaviour, TokenEndpoint};

const CLIENT_ID: &str = "client: one";
const CLIENT_SECRET: &str = "s3cr%t+&=/ word";

struct Cast {
    _server: Server,
    api: Api,
    receiver: Receiver,
    endpoint: TokenEndpoint,
}

fn client_credential(endpoint: &TokenEndpoint) -> Value {
    json!({ "type": "client_credential", "clientID": CLIENT_ID, "clientSecret": CLIENT_SECRET, "tokenURL": endpoint.url() })
}

/// A webhook with client credentials at an endpoint that behaves like that.
async fn cast(behaviour: TokenBehaviour) -> Cast {
    let server = Setup::dev().flags(&["--attempt-timeout-seconds", "1"]).start().await;
    let (api, receiver) = (server.api(), server.receiver().await);
    let endpoint = server.token_endpoint(CLIENT_ID, CLIENT_SECRET).await;
    endpoint.behave(behaviour);
    api.register(&json!({ "targetURL": receiver.url(), "auth": client_credential(&endpoint) })).await;
    Cast { _server: server, api, receiver, endpoint }
}

impl Cast {
    /// Publishes, and answers the Authorization header of the callback and the attempt that came of it.
    async fn deliver(&mut self) -> (String, Value) {
        let notification = self.api.publish_type("a.b").await;
        let authorization = self.receiver.next().await.header("authorization").to_owned();
        (authorization, self.api.after_attempts(&notification, 1).await["lastAttempt"].clone())
    }

    /// Publishes, and answers the attempt, which got no token.
    async fn deliver_without_token(&mut self) -> Value {
        let attempt = self.api.after_attempts(&self.api.publish_type("a.b").await, 1).await["lastAttempt"].clone();
        assert_eq!(self.receiver.count(), 0, "nothing goes out without a token");
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
async fn a_token_is_fetched_once_and_kept() {
    let mut cast = cast(ISSUE).await;
    for _ in 0..3 {
        let (authorization, attempt) = cast.deliver().await;
        assert_eq!(authorization, "Bearer issued-token-1");
        assert_eq!(attempt["outcome"], "accepted");
    }
    let requests = cast.endpoint.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].form.get("grant_type").map(String::as_str), Some("client_credentials"));
    assert!(!requests[0].form.contains_key("client_secret") && !requests[0].form.contains_key("scope"));
}

#[tokio::test]
async fn concurrent_attempts_share_one_token_request() {
    let mut cast = cast(ISSUE).await;
    for _ in 0..20 {
        cast.api.publish_type("a.b").await;
    }
    for callback in cast.receiver.next_of(20).await {
        assert_eq!(callback.header("authorization"), "Bearer issued-token-1");
    }
    assert_eq!(cast.endpoint.requests().len(), 1);
}

#[tokio::test]
async fn a_token_that_has_expired_is_fetched_anew() {
    let mut cast = cast(TokenBehaviour::Issue { expires_in: Some(0) }).await;
    assert_eq!(cast.deliver().await.0, "Bearer issued-token-1");
    assert_eq!(cast.deliver().await.0, "Bearer issued-token-2");
}

#[tokio::test]
async fn a_token_without_expiry_is_kept_for_a_while() {
    let mut cast = cast(TokenBehaviour::Issue { expires_in: None }).await;
    assert_eq!(cast.deliver().await.0, "Bearer issued-token-1");
    assert_eq!(cast.deliver().await.0, "Bearer issued-token-1");
}

#[tokio::test]
async fn scope_and_audience_are_sent() {
    let cast = cast(ISSUE).await;
    let mut auth = client_credential(&cast.endpoint);
    auth["scope"] = json!("read write");
    auth["audience"] = json!("https://example.com/api?a=b&c");
    let webhook = cast.api.register(&json!({ "targetURL": cast.receiver.url(), "auth": auth })).await;
    cast.api.test(webhook["id"].as_str().expect("an id")).await;
    let form = &cast.endpoint.requests()[0].form;
    assert_eq!(form.get("scope").map(String::as_str), Some("read write"));
    assert_eq!(form.get("audience").map(String::as_str), Some("https://example.com/api?a=b&c"));
}

#[tokio::test]
async fn credentials_go_into_the_body_where_basic_is_refused() {
    let mut cast = cast(TokenBehaviour::RefuseBasic).await;
    assert_eq!(cast.deliver().await.1["outcome"], "accepted");
    let requests = cast.endpoint.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests[0].authorization.is_some() && !requests[0].form.contains_key("client_secret"));
    assert!(requests[1].authorization.is_none(), "never both at once (RFC 6749 §2.3)");
    assert_eq!(requests[1].form.get("client_secret").map(String::as_str), Some(CLIENT_SECRET));
}

#[tokio::test]
async fn the_way_that_worked_is_remembered() {
    let mut cast = cast(TokenBehaviour::RefuseBasic).await;
    cast.deliver().await;
    // Its token is refused, so another is fetched; by now the server is known to take the body alone.
    cast.receiver.then([Reply::Status(401)]);
    cast.deliver().await;
    let requests = cast.endpoint.requests();
    assert_eq!(requests.len(), 3);
    assert!(requests[2].authorization.is_none());
}

#[tokio::test]
async fn a_token_that_the_callback_refuses_is_renewed_once() {
    for refusal in [401, 407] {
        let mut cast = cast(ISSUE).await;
        cast.receiver.then([Reply::Status(refusal)]);
        let notification = cast.api.publish_type("a.b").await;
        let callbacks = cast.receiver.next_of(2).await;
        assert_eq!(callbacks[0].header("authorization"), "Bearer issued-token-1");
        assert_eq!(callbacks[1].header("authorization"), "Bearer issued-token-2");
        let delivery = cast.api.after_attempts(&notification, 1).await;
        assert_eq!((&delivery["status"], &delivery["attemptCount"]), (&json!("succeeded"), &json!(1)));

        cast.receiver.always(Reply::Status(refusal));
        let delivery = cast.api.after_attempts(&cast.api.publish_type("a.b").await, 1).await;
        assert_eq!((&delivery["status"], &delivery["lastAttempt"]["statusCode"]), (&json!("pending"), &json!(refusal)));
        assert_eq!(cast.receiver.next_of(2).await.len(), 2);
        assert_eq!(cast.endpoint.requests().len(), 3);
    }
}

#[tokio::test]
async fn a_refused_token_request_is_a_failed_attempt() {
    let mut cast = cast(TokenBehaviour::Refuse).await;
    let attempt = cast.deliver_without_token().await;
    assert_eq!(attempt["outcome"], "token_refused");
    assert_eq!(attempt["error"], "the token URL answered 401");
    assert_eq!(attempt.get("statusCode"), None, "the callback itself answered nothing");
}

#[tokio::test]
async fn an_answer_that_is_no_token_is_a_failed_attempt() {
    let mut cast = cast(TokenBehaviour::Garbage).await;
    let attempt = cast.deliver_without_token().await;
    assert_eq!(attempt["outcome"], "token_refused");
    assert!(!attempt.to_string().contains("html"), "{attempt}");
}

#[tokio::test]
async fn a_token_server_that_hangs_is_given_up_with_the_attempt() {
    let mut cast = cast(TokenBehaviour::Hang).await;
    assert_eq!(cast.deliver_without_token().await["outcome"], "timed_out");
    // And it holds up nobody afterwards.
    cast.endpoint.behave(ISSUE);
    assert_eq!(cast.deliver().await.1["outcome"], "accepted");
}

#[tokio::test]
async fn a_token_url_that_leads_inward_is_not_dialled() {
    let directory = tempfile::TempDir::new().expect("a temporary directory");
    let (authority, file) = crate::harness::Authority::own(directory.path());
    let server = Setup::strict().flags(&["--ca-file", &file.display().to_string()]).start().await;
    let endpoint = TokenEndpoint::start(&authority, CLIENT_ID, CLIENT_SECRET).await;
    let api = server.api();
    let mut auth = client_credential(&endpoint);
    auth["tokenURL"] = json!(endpoint.url().replace("127.0.0.1", "localhost"));
    let webhook = api.register(&json!({ "targetURL": "https://example.com", "auth": auth })).await;
    let attempt = api.test(webhook["id"].as_str().expect("an id")).await;
    assert_eq!(attempt["outcome"], "address_blocked");
    assert!(endpoint.requests().is_empty());
}

#[tokio::test]
async fn new_credentials_are_used_from_the_next_attempt_on() {
    let mut cast = cast(ISSUE).await;
    cast.deliver().await;
    let id = cast.api.list("/webhooks").await[0]["id"].as_str().expect("an id").to_owned();
    cast.api.update(&id, &json!({ "auth": { "type": "basic", "username": "u", "password": "p" } })).await;
    assert_eq!(cast.deliver().await.0, format!("Basic {}", STANDARD.encode("u:p")));
    cast.api.update(&id, &json!({ "auth": client_credential(&cast.endpoint) })).await;
    assert_eq!(cast.deliver().await.0, "Bearer issued-token-2", "a token of replaced credentials is forgotten");
}
