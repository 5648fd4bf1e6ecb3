//! The audit log: which actions have an event, what an event shows to whom, and the lines of the file.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use chrono::TimeDelta;
use http::Method;
use serde_json::{Value, json};
use webhooks_server_api::Scope;

use crate::auth::{ID, operations};
use crate::harness::{Api, ApiResponse, PREFIX, Receiver, Reply, Server, Setup, contract, eventually, id_of};

mod commands; // commands of the operator
mod refused_requests; // requests without a valid access token

/// An account with an object of each kind.
struct Fixture {
    api: Api,
    platform: Api,
    account: String,
    webhook: String,
    notification: String,
    delivery: String,
}

impl Fixture {
    async fn new(server: &Server, receiver: &mut Receiver, account: &str) -> Fixture {
        let api = server.api_of(account).await;
        let webhook = api.register_url(&receiver.url()).await;
        let notification = api.publish_type("a.b").await;
        receiver.next().await;
        let delivery = api.after_attempts(&notification, 1).await;
        let (notification, delivery) = (id_of(&notification), id_of(&delivery));
        let platform = server.platform().await;
        Fixture { api, platform, account: account.to_owned(), webhook, notification, delivery }
    }

    /// Returns the identifier of the object that a path of openapi.json needs.
    fn object(&self, path: &str) -> &str {
        match path.trim_start_matches(PREFIX).split('/').nth(1) {
            Some("notifications") => &self.notification,
            Some("deliveries") => &self.delivery,
            _ => &self.webhook,
        }
    }

    /// Calls an operation of openapi.json with a valid request. Returns the response, which must be a success.
    async fn call(&self, operation: &Operation) -> ApiResponse {
        let (method, path, body, access) = operations()
            .into_iter()
            .find(|(method, path, ..)| contract::operation_at(method, &format!("{PREFIX}{path}")).as_ref() == Some(&operation.id))
            .unwrap_or_else(|| panic!("tests/it/auth.rs has no request for {}", operation.id));
        let object = self.object(&path);
        if operation.id == "resumeDeliveries" {
            self.platform.post("/pauses", &json!({ "id": format!("webhook.{object}") })).await.expect(200);
        }
        let api = if access.is_for_platform() { &self.platform } else { &self.api };
        let response = api.call(method, &path.replace(ID, object), &[], body.replace(ID, object)).await;
        assert!((200..300).contains(&response.status), "{}: {response:?}", operation.id);
        response
    }

    async fn events(&self, action: &str) -> Vec<Value> {
        self.platform.list(&format!("/audit-events?action={action}&account={}", self.account)).await
    }
}

/// An operation of openapi.json.
struct Operation {
    id: String,
    method: Method,
    scope: Option<String>,
    is_for_platform: bool,
    /// Whether a successful response contains a secret.
    returns_secret: bool,
}

/// The names of members that contain a secret.
const SECRETS: [&str; 6] = ["secret", "signingSecret", "password", "clientSecret", "token", "accessToken"];

fn documented_operations() -> Vec<Operation> {
    let document: Value = serde_json::from_str(include_str!("../../../openapi.json")).expect("openapi.json is JSON");
    let paths = document["paths"].as_object().expect("paths");
    let methods = paths.values().flat_map(|path| path.as_object().expect("methods"));
    methods
        .filter(|(_, operation)| operation["operationId"].is_string())
        .map(|(method, operation)| {
            let responses = operation["responses"].as_object().expect("responses");
            let successes = responses.iter().filter(|(status, _)| status.starts_with('2'));
            Operation {
                id: operation["operationId"].as_str().expect("a text").to_owned(),
                method: method.to_uppercase().parse().expect("a method"),
                scope: operation["x-required-scope"].as_str().map(str::to_owned),
                is_for_platform: operation["x-required-token"] == "platform",
                returns_secret: successes.map(|(_, response)| response).any(|response| has_secret(&document, &response["content"])),
            }
        })
        .collect()
}

/// Returns whether a part of a schema has a member that contains a secret. Ignores examples.
fn has_secret(document: &Value, schema: &Value) -> bool {
    match schema {
        Value::Object(members) => members.iter().any(|(name, value)| match name.as_str() {
            "examples" | "example" => false,
            "$ref" => {
                let pointer = value.as_str().expect("a reference").trim_start_matches('#');
                has_secret(document, document.pointer(pointer).expect("the reference exists"))
            }
            "properties" => {
                let names = value.as_object().expect("properties");
                names.keys().any(|name| SECRETS.contains(&name.as_str())) || has_secret(document, value)
            }
            _ => has_secret(document, value),
        }),
        Value::Array(values) => values.iter().any(|value| has_secret(document, value)),
        _ => false,
    }
}

/// Returns the events in a file of the audit log.
fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).expect("the server creates the file");
    assert!(text.is_empty() || text.ends_with('\n'), "{text}");
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

/// Waits until the file has the lines of these events, and checks that the lines have the same members.
async fn wait_for_lines(path: &Path, events: &[Value]) {
    for event in events {
        let line = eventually("the line of an event", async || lines(path).into_iter().find(|line| line["id"] == event["id"])).await;
        assert_eq!(line, *event);
    }
}

/// Calls an operation, and checks that exactly one event was added.
async fn assert_has_one_event(server: &Server, receiver: &mut Receiver, file: &Path, operation: &Operation) {
    let fixture = Fixture::new(server, receiver, &format!("of-{}", operation.id.to_lowercase())).await;
    let before = fixture.events(&operation.id).await;
    let response = fixture.call(operation).await;
    let after = fixture.events(&operation.id).await;
    let id = &operation.id;
    assert_eq!(after.len(), before.len() + 1, "a successful call of {id} must have exactly one event: see http/audit.rs");
    let event = &after[0];
    assert!(before.iter().all(|earlier| earlier["id"] != event["id"]), "{event}");
    let request = response.headers["x-request-id"].to_str().expect("ASCII");
    let actor = if operation.is_for_platform { "platform" } else { "account" };
    assert_eq!(
        (&event["action"], &event["account"], &event["actor"], &event["requestID"], &event["address"]),
        (&json!(id), &json!(fixture.account), &json!(actor), &json!(request), &json!("127.0.0.1")),
    );
    assert!(event["tokenID"].is_string() && event["at"].is_string(), "{event}");
    let object = match id.as_str() {
        "registerWebhook" => id_of(&response.json()),
        _ => fixture.object(&operations_path(id)).to_owned(),
    };
    assert_eq!(event["object"]["id"], object, "{event}");
    wait_for_lines(file, &after[..1]).await;
    let of_action = |line: &&Value| line["action"] == **id && line["account"] == *fixture.account;
    assert_eq!(lines(file).iter().filter(of_action).count(), after.len(), "the file has each event of {id} once");
}

fn operations_path(id: &str) -> String {
    let mut paths = operations().into_iter().map(|(method, path, ..)| (contract::operation_at(&method, &format!("{PREFIX}{path}")), path));
    paths.find(|(found, _)| found.as_deref() == Some(id)).expect("an operation").1
}

/// Starts a server with a file for the audit log. Returns the name of the file too.
async fn start_with_file(flags: &[&str]) -> (Server, std::path::PathBuf) {
    let setup = Setup::dev().flags(flags);
    let file = setup.file("audit.jsonl");
    (setup.flags(&["--audit-log", &file.display().to_string()]).start().await, file)
}

#[tokio::test]
async fn each_operation_that_changes_something_has_exactly_one_event() {
    let (server, file) = start_with_file(&[]).await;
    let mut receiver = server.receiver().await;
    // Publications are stored themselves.
    let is_publication = |operation: &Operation| operation.scope.as_deref() == Some(Scope::NotificationsPublish.as_str());
    let changing = documented_operations().into_iter().filter(|operation| operation.method != Method::GET && !is_publication(operation));
    let mut checked = 0;
    for operation in changing {
        assert_has_one_event(&server, &mut receiver, &file, &operation).await;
        checked += 1;
    }
    assert!(checked >= 10, "{checked}");
    assert_eq!(std::fs::metadata(&file).expect("the file").permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn each_operation_that_returns_a_secret_has_exactly_one_event() {
    let (server, file) = start_with_file(&[]).await;
    let mut receiver = server.receiver().await;
    let with_secret: Vec<Operation> = documented_operations().into_iter().filter(|operation| operation.returns_secret).collect();
    let names: Vec<&str> = with_secret.iter().map(|operation| operation.id.as_str()).collect();
    assert!(["getSigningSecret", "rotateSigningSecret"].iter().all(|name| names.contains(name)), "{names:?}");
    for operation in &with_secret {
        assert_has_one_event(&server, &mut receiver, &file, operation).await;
    }
}

#[tokio::test]
async fn reading_refused_changes_and_dry_runs_have_no_event() {
    let server = Server::start().await;
    let mut receiver = server.receiver().await;
    let fixture = Fixture::new(&server, &mut receiver, "acme").await;
    let api = &fixture.api;
    let before = api.list("/audit-events").await;
    for operation in documented_operations().iter().filter(|operation| operation.method == Method::GET && !operation.returns_secret) {
        fixture.call(operation).await;
    }
    let webhook = format!("/webhooks/{}", fixture.webhook);
    api.patch(&webhook, &json!({ "description": 1 })).await.expect(400);
    api.patch(&webhook.replace(&fixture.webhook, ID), &json!({ "description": "x" })).await.expect(404);
    api.delete(&format!("/notifications/{ID}")).await.expect(404);
    api.get(&format!("/webhooks/{ID}/signing-secret")).await.expect(404);
    api.recover(&fixture.webhook, &json!({ "since": "2020-01-01T00:00:00Z", "dryRun": true })).await;
    let reader = server.api_with(&server.token(Some("acme"), &[Scope::WebhooksRead], None).await);
    reader.patch(&webhook, &json!({ "description": "x" })).await.expect(403);
    let after = api.list("/audit-events").await;
    assert_eq!(after[0]["action"], "token.created", "the token that the test has created");
    assert_eq!(after[1..], before);
}

#[tokio::test]
async fn a_test_has_the_outcome_of_its_attempt_and_a_recovery_the_number_of_its_deliveries() {
    let server = Setup::dev().flags(&["--retry-schedule", "none"]).start().await;
    let receiver = server.receiver().await;
    receiver.always_reply(Reply::Status(500));
    let api = server.api();
    let id = api.register_url(&receiver.url()).await;
    for _ in 0..3 {
        api.after_attempts(&api.publish_type("a.b").await, 1).await;
    }
    api.test(&id).await;
    receiver.always_reply(Reply::Status(204));
    api.test(&id).await;
    api.recover(&id, &json!({ "since": "2020-01-01T00:00:00Z" })).await;
    let events = api.list("/audit-events").await;
    let shown: Vec<_> = events[..3].iter().map(|event| [&event["action"], &event["result"], &event["reason"], &event["count"]]).collect();
    let null = Value::Null;
    assert_eq!(
        shown,
        [
            [&json!("recoverDeliveries"), &json!("succeeded"), &null, &json!(3)],
            [&json!("testWebhook"), &json!("succeeded"), &json!("accepted"), &null],
            [&json!("testWebhook"), &json!("failed"), &json!("rejected"), &null],
        ]
    );
}

#[tokio::test]
async fn an_account_sees_only_its_events_and_not_the_origin_of_what_others_did() {
    let server = Server::start().await;
    let (acme, other, platform) = (server.api_of("acme").await, server.api_of("other").await, server.platform().await);
    acme.register_url("https://example.com/acme").await;
    other.register_url("https://example.com/other").await;
    let notification = acme.publish_type("a.b").await;
    platform.delete_notification(&id_of(&notification)).await;
    let [of_acme, of_other, all] =
        [acme.list("/audit-events").await, other.list("/audit-events").await, platform.list("/audit-events").await];
    let actions = |events: &[Value]| events.iter().map(|event| event["action"].as_str().expect("a text").to_owned()).collect::<Vec<_>>();
    assert_eq!(actions(&of_acme), ["deleteNotification", "registerWebhook", "token.created"]);
    assert_eq!(actions(&of_other), ["registerWebhook", "token.created"]);
    assert!(of_acme.iter().all(|event| event["account"] == "acme") && of_other.iter().all(|event| event["account"] == "other"));
    let ids = |events: &[Value]| events.iter().map(id_of).collect::<Vec<_>>();
    assert!(ids(&of_acme).iter().chain(&ids(&of_other)).all(|id| ids(&all).contains(id)), "the platform sees all events");
    let find =
        |events: &[Value], action: &str| events.iter().find(|event| event["action"] == action && event["account"] == "acme").cloned();
    for (action, actor, members) in
        [("deleteNotification", "platform", &["tokenID", "address", "requestID"][..]), ("token.created", "operator", &["user"])]
    {
        let (shown, full) = (find(&of_acme, action).expect("an event"), find(&all, action).expect("an event"));
        assert_eq!((&shown["actor"], &full["actor"]), (&json!(actor), &json!(actor)));
        for member in members {
            assert!(shown.get(member).is_none() && full.get(member).is_some(), "{action} {member}: {shown} {full}");
        }
    }
    assert_eq!(find(&of_acme, "registerWebhook"), find(&all, "registerWebhook"), "an account sees everything that it did itself");
}

#[tokio::test]
async fn events_are_listed_in_pages_by_action_and_time() {
    let server = Setup::dev().manual_clock().start().await;
    let api = server.api();
    let mut ids = Vec::new();
    for _ in 0..5 {
        server.advance(TimeDelta::seconds(1));
        ids.push(api.register_url("https://example.com").await);
    }
    api.deactivate(&ids[0]).await;
    let start = "2026-01-02T15:04:05Z".parse::<chrono::DateTime<chrono::Utc>>().expect("a time");
    let (mut listed, mut cursor) = (Vec::new(), None);
    loop {
        let list = api.client().list_audit_events().limit(std::num::NonZeroU32::new(2).expect("not zero"));
        let list = list.action("registerWebhook").since(start + TimeDelta::seconds(2)).until(start + TimeDelta::seconds(5));
        let list = if let Some(cursor) = cursor.take() { list.cursor(cursor) } else { list };
        let page = list.send().await.expect("a page").into_inner();
        listed.push(page.data.into_iter().filter_map(|event| Some(event.object?.id.to_string())).collect::<Vec<_>>());
        match page.cursor {
            Some(next) => cursor = Some(next.to_string()),
            None => break,
        }
    }
    assert_eq!(listed, [vec![ids[3].clone(), ids[2].clone()], vec![ids[1].clone()]]);
}

#[tokio::test]
async fn what_the_service_does_to_a_webhook_is_recorded() {
    let (server, file) = start_with_file(&["--require-handshake"]).await;
    let receiver = server.receiver().await;
    receiver.reply_to_next([Reply::ConfirmHandshake]);
    let api = server.api();
    let id = api.register_url(&receiver.url()).await;
    eventually("the activation", async || (api.webhook(&id).await["status"] == "active").then_some(())).await;
    receiver.always_reply(Reply::Status(410));
    api.publish_type("a.b").await;
    eventually("the deactivation", async || (api.webhook(&id).await["status"] == "deactivated").then_some(())).await;
    let events = api.list("/audit-events").await;
    let shown: Vec<_> =
        events.iter().take(2).map(|event| [&event["action"], &event["actor"], &event["reason"], &event["object"]["id"]]).collect();
    let id = json!(id);
    assert_eq!(
        shown,
        [
            [&json!("webhook.deactivated"), &json!("service"), &json!("gone"), &id],
            [&json!("webhook.activated"), &json!("service"), &json!("verified"), &id],
        ]
    );
    wait_for_lines(&file, &events[..2]).await;
}

#[tokio::test]
async fn no_event_contains_a_secret() {
    let (mut server, file) = start_with_file(&[]).await;
    let mut receiver = server.receiver().await;
    let fixture = Fixture::new(&server, &mut receiver, "acme").await;
    let api = &fixture.api;
    let mut secrets = vec![api.token().to_owned(), "marked-unknown-token".to_owned()];
    let auth = json!({ "type": "basic", "username": "u", "password": "marked-password" });
    let headers = json!([{ "name": "X-Key", "value": "marked-header" }]);
    api.register(&json!({ "targetURL": receiver.url(), "auth": auth, "headers": headers, "description": "marked-description" })).await;
    api.update(&fixture.webhook, &json!({ "auth": auth })).await;
    secrets.push(api.signing_secret(&fixture.webhook).await);
    let rotated = api.rotate_signing_secret(&fixture.webhook, &json!({})).await;
    secrets.push(rotated["secret"].as_str().expect("a secret").to_owned());
    secrets.extend(["marked-password", "marked-header", "marked-description"].map(str::to_owned));
    server.api_with("marked-unknown-token").get("/webhooks").await.expect(401);
    api.call(Method::GET, "/webhooks", &[("authorization", "Basic marked-unknown-token")], "").await.expect(401);
    for operation in documented_operations() {
        Fixture::new(&server, &mut receiver, &format!("of-{}", operation.id.to_lowercase())).await.call(&operation).await;
    }
    server.stop().await;
    server.start_again().await;
    let events = server.platform().await.list("/audit-events").await;
    assert!(events.iter().any(|event| event["action"] == "authentication.failed"));
    let (text, file) = (json!(events).to_string(), std::fs::read_to_string(file).expect("the file"));
    for secret in secrets {
        for secret in [secret.as_str(), secret.trim_start_matches("whsec_"), secret.trim_start_matches("wht_")] {
            assert!(!text.contains(secret) && !file.contains(secret), "{secret}");
        }
    }
}

#[tokio::test]
async fn events_are_removed_after_their_retention_time() {
    let server = Setup::dev().manual_clock().flags(&["--keep-audit-events", "2d"]).start().await;
    let api = server.api();
    api.register_url("https://example.com").await;
    server.advance(TimeDelta::days(1));
    api.register_url("https://example.com").await;
    assert_eq!(api.list("/audit-events?action=registerWebhook").await.len(), 2);
    server.advance(TimeDelta::hours(25));
    eventually("the removal", async || (api.list("/audit-events?action=registerWebhook").await.len() == 1).then_some(())).await;
    let of_action: BTreeMap<String, String> = api
        .list("/audit-events")
        .await
        .iter()
        .map(|event| (event["action"].as_str().expect("a text").to_owned(), event["at"].as_str().expect("a text").to_owned()))
        .collect();
    assert_eq!(of_action, BTreeMap::from([("registerWebhook".to_owned(), "2026-01-03T15:04:05Z".to_owned())]));
}
