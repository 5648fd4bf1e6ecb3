//! The authorization matrix: every operation of openapi.json, with every kind of caller and with names of another account.
//!
//! The cells are derived from openapi.json: the required scopes, the parameters, and the members of the bodies that name an
//! object, an account or a position in a list. So a new operation is tested without a change here. If the matrix cannot make a
//! valid request for an operation, the test fails and says what is missing.

mod document;
mod world;

use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;
use webhooks_server_api::Scope;
use webhooks_server_api::types::{RecoveryCursor, SelectionCursor};

use crate::harness::{ApiResponse, PREFIX};
use document::{Location, Named, Names, Object, Operation, Place, Request, operations};
use world::{Owner, World};

fn read_document() -> Value {
    serde_json::from_str(include_str!("../../../openapi.json")).expect("openapi.json is JSON")
}

/// One request of the matrix, and the expected response.
struct Cell<'a> {
    name: String,
    /// The values of the Authorization headers.
    authorization: Vec<String>,
    request: Request,
    expected: Expected,
    /// The accounts whose data the response must not contain.
    hidden: Vec<&'a Owner>,
}

#[derive(Debug, PartialEq)]
enum Expected {
    /// The documented success.
    Success,
    /// The documented success: a page without items.
    EmptyPage,
    /// Any documented response without data of another account.
    NothingForeign,
    Unauthenticated,
    /// 403. `detail` names the scope.
    LacksScope(Scope),
    /// 403. The token has the scope, but only tokens of the other kind (platform or account) may call the operation.
    NotForThisKind,
    NotFound,
    /// 400. If the invalid value is in the body, the response has a pointer to the value.
    Invalid(Option<String>),
}

fn bearer(token: &str) -> Vec<String> {
    vec![format!("Bearer {token}")]
}

/// Returns Authorization headers that contain a valid token, but not in the only valid form (RFC 6750 §2.1).
fn malformed_authorizations(token: &str) -> Vec<Vec<String>> {
    let of = |value: String| vec![value];
    vec![
        of(String::new()),
        of("Bearer".to_owned()),
        of("Bearer ".to_owned()),
        of(token.to_owned()),
        of(format!("Bearer{token}")),
        of(format!("Basic {token}")),
        of(format!("Bearer {token}x")),
        of(format!("Bearer {}", &token[..token.len() - 1])),
        of(format!("Bearer {}", token.to_uppercase())),
        of(format!("Bearer {token} {token}")),
        of(format!("Bearer \"{token}\"")),
        of(format!("Bearer {token},Bearer {token}")),
        of("Bearer ünknown".to_owned()),
        vec![format!("Bearer {token}"), format!("Bearer {token}")],
    ]
}

/// Returns the calls that fail because of the token.
fn calls_with_refused_tokens<'a>(world: &'a World, operation: &Operation) -> Vec<Cell<'a>> {
    let World { ours, theirs, tokens, .. } = world;
    let mut cells = Vec::new();
    let mut add = |name: String, authorization: Vec<String>, expected: Expected| {
        let request = operation.request(&ours.names(), &[]);
        cells.push(Cell { name, authorization, request, expected, hidden: vec![ours, theirs] });
    };
    add("no token".to_owned(), Vec::new(), Expected::Unauthenticated);
    for values in malformed_authorizations(ours.api.token()) {
        add(format!("Authorization {values:?}"), values, Expected::Unauthenticated);
    }
    for (kind, token) in [("an unknown", &tokens.unknown), ("an expired", &tokens.expired), ("a revoked", &tokens.revoked)] {
        add(format!("{kind} token"), bearer(token), Expected::Unauthenticated);
    }
    let Some(needed) = operation.scope else { return cells };
    let is_needed = |scope: &Scope| *scope == needed;
    for (scope, token) in tokens.only.iter().filter(|(scope, _)| !is_needed(scope)) {
        add(format!("only the scope {}", scope.as_str()), bearer(token), Expected::LacksScope(needed));
    }
    for (_, token) in tokens.only.iter().filter(|(scope, _)| operation.is_for_platform && is_needed(scope)) {
        add("a token of an account with the scope".to_owned(), bearer(token), Expected::NotForThisKind);
    }
    for (scope, token) in tokens.without.iter().filter(|(scope, _)| is_needed(scope)) {
        add(format!("every scope except {}", scope.as_str()), bearer(token), Expected::LacksScope(needed));
    }
    for (scope, token) in &tokens.platform {
        let expected = match is_needed(scope) {
            true if needed.for_platform() => continue,
            true => Expected::NotForThisKind,
            false => Expected::LacksScope(needed),
        };
        add(format!("a platform token with only the scope {}", scope.as_str()), bearer(token), expected);
    }
    cells
}

/// Returns the calls with names of objects, accounts and positions that `caller` must not use. They belong to `other`, or
/// they are not valid.
async fn calls_with_foreign_names<'a>(caller: &'a Owner, other: &'a Owner, operation: &Operation) -> Vec<Cell<'a>> {
    let mut cells = Vec::new();
    // A token of an account may not call an operation of the platform, with any name.
    for place in operation.places.iter().filter(|_| !operation.is_for_platform) {
        let mut add = |kind: &str, value: String, expected: Expected| {
            cells.push(Cell {
                name: format!("{kind} in {:?} of {}: {value}", place.location, caller.account),
                authorization: bearer(caller.api.token()),
                request: operation.request(&caller.names(), &[(place, value)]),
                expected,
                hidden: vec![other],
            });
        };
        let pointer = match &place.location {
            Location::Body(pointer) => Some(pointer.clone()),
            _ => None,
        };
        match place.named {
            Named::Object(object) => {
                add("a foreign object", other.objects[&object].clone(), expected_without_object(operation, place));
                add("an object that does not exist", Uuid::now_v7().to_string(), expected_without_object(operation, place));
                add("an invalid identifier", "not-an-id".to_owned(), Expected::Invalid(pointer));
            }
            Named::Account => {
                let expected = if pointer.is_some() { Expected::Invalid(pointer.clone()) } else { Expected::NothingForeign };
                add("a foreign account", other.account.to_owned(), expected);
                add("an invalid account", "Not an account".to_owned(), Expected::Invalid(pointer));
            }
            Named::Position => {
                add("a foreign cursor", foreign_cursor(other, operation).await, Expected::NothingForeign);
                add("an invalid cursor", "!".to_owned(), Expected::Invalid(pointer));
            }
        }
    }
    cells
}

/// Returns the response to a request with the identifier of no object. A filter of a list then matches nothing.
fn expected_without_object(operation: &Operation, place: &Place) -> Expected {
    let is_filter = matches!(place.location, Location::Query(_)) && operation.is_page;
    if is_filter { Expected::EmptyPage } else { Expected::NotFound }
}

/// Returns a cursor that the service gives to another account.
async fn foreign_cursor(other: &Owner, operation: &Operation) -> String {
    if operation.method == Method::GET && operation.has_limit {
        let path = operation.request(&other.names(), &[]).path;
        let glue = if path.contains('?') { '&' } else { '?' };
        let page = other.api.get(&format!("{path}{glue}limit=1")).await.expect(200);
        return page["cursor"].as_str().unwrap_or_else(|| panic!("{}: a list of two items has no cursor: {page}", operation.id)).to_owned();
    }
    // These operations return a cursor only after 10,000 deliveries.
    let id = |object| other.objects[&object].parse().expect("an identifier");
    if ["redeliverDeliveries", "cancelDeliveries"].contains(&operation.id.as_str()) {
        return SelectionCursor::after(id(Object::Webhook), id(Object::Delivery)).as_str().to_owned();
    }
    assert_eq!(operation.id, "recoverDeliveries", "the matrix cannot get a cursor of this operation: extend `foreign_cursor`");
    let delivery = other.api.delivery(&other.objects[&Object::Delivery]).await;
    let created_at = delivery["createdAt"].as_str().and_then(|time| time.parse().ok()).expect("a time");
    RecoveryCursor::after(created_at, id(Object::Delivery)).as_str().to_owned()
}

/// The failures of the matrix, and the number of its cells.
#[derive(Default)]
struct Report {
    cells: usize,
    failures: Vec<String>,
}

impl Report {
    /// Sends the request of a cell, and checks the response. Returns the body of the response.
    async fn run(&mut self, world: &World, operation: &Operation, cell: Cell<'_>) -> Value {
        self.cells += 1;
        // A problem has one of two media types. Consecutive cells with the same expected response see both.
        let accept = if self.cells.is_multiple_of(2) { "application/json" } else { "application/json, application/problem+json" };
        let mut headers = vec![("accept", accept), ("content-type", "application/json")];
        headers.truncate(if cell.request.body.is_empty() { 1 } else { 2 });
        headers.extend(cell.request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        headers.extend(cell.authorization.iter().map(|value| ("authorization", value.as_str())));
        let path = format!("{PREFIX}{}", cell.request.path);
        let response = world.ours.api.send(operation.method.clone(), &path, &headers, cell.request.body.clone()).await;
        if let Err(reason) = judge(operation, &cell, &response) {
            let body = String::from_utf8_lossy(&response.body);
            let shown: String = body.chars().take(300).collect();
            let sent = format!("{} {path} {}", operation.method, cell.request.body);
            self.failures.push(format!("{}, {}: {reason}\n    {sent}\n    {} {shown}", operation.id, cell.name, response.status));
        }
        serde_json::from_slice(&response.body).unwrap_or_default()
    }

    fn finish(self) {
        assert!(self.failures.is_empty(), "{} of {} cells failed:\n{}", self.failures.len(), self.cells, self.failures.join("\n"));
    }
}

fn judge(operation: &Operation, cell: &Cell, response: &ApiResponse) -> Result<(), String> {
    let require = |holds: bool, reason: &str| if holds { Ok(()) } else { Err(reason.to_owned()) };
    let text = format!("{:?} {}", response.headers, String::from_utf8_lossy(&response.body));
    for owner in &cell.hidden {
        let shown = owner.private.iter().find(|private| text.contains(private.as_str()));
        require(shown.is_none(), &format!("the response contains data of the account `{}`", owner.account))?;
    }
    require(operation.statuses.contains(&response.status), "the status is not documented")?;
    let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let problem =
        |status: u16, code: &str| require(response.status == status && body["code"] == code, &format!("expected {status} {code}"));
    match &cell.expected {
        Expected::Success => require((200..300).contains(&response.status), "expected a success; is the example of the body valid?"),
        Expected::EmptyPage => require(response.status == 200 && body["data"] == json!([]), "expected a page without items"),
        Expected::NothingForeign => require(response.status < 500, "the service failed"),
        Expected::Unauthenticated => {
            problem(401, "unauthenticated")?;
            require(response.headers.get("www-authenticate").is_some_and(|value| value == "Bearer"), "expected `WWW-Authenticate: Bearer`")
        }
        Expected::LacksScope(scope) => {
            problem(403, "insufficient_scope")?;
            let detail = body["detail"].as_str().unwrap_or_default();
            require(detail.contains(&format!("`{}`", scope.as_str())), "`detail` does not name the scope")
        }
        Expected::NotForThisKind => problem(403, "insufficient_scope"),
        Expected::NotFound => problem(404, "not_found"),
        Expected::Invalid(pointer) => {
            problem(400, "invalid_request")?;
            require(pointer.is_none() || response.pointer() == *pointer, &format!("expected the pointer {pointer:?}"))
        }
    }
}

/// Returns a response without the identifier of its request.
fn without_instance(mut body: Value) -> Value {
    if let Some(members) = body.as_object_mut() {
        members.remove("instance");
    }
    body
}

#[tokio::test]
async fn every_operation_allows_only_the_callers_and_objects_that_openapi_json_allows() {
    let operations = operations(&read_document()).unwrap_or_else(|reason| panic!("{reason}"));
    let (mut world, mut report) = (World::start().await, Report::default());
    let mut before = world.states(&operations).await;
    for operation in &operations {
        let callbacks = world.receiver.count();
        run_refused_calls(&world, operation, &mut report).await;
        let after = world.states(&operations).await;
        for (before, after) in before.iter().flatten().zip(after.iter().flatten()).filter(|(before, after)| before != after) {
            report.failures.push(format!("{}: a refused call changed something:\n    {before:?}\n    {after:?}", operation.id));
        }
        before = after;
        if world.receiver.count() != callbacks {
            report.failures.push(format!("{}: a refused call sent a callback", operation.id));
        }
    }
    assert!(report.cells > 25 * operations.len(), "only {} cells for {} operations", report.cells, operations.len());
    let [_, of_theirs, _] = before;
    for operation in &operations {
        run_allowed_calls(&mut world, operation, &mut report).await;
        if world.theirs.state(&operations).await != of_theirs {
            report.failures.push(format!("{}: a call of one account changed another account", operation.id));
        }
    }
    report.finish();
}

async fn run_refused_calls(world: &World, operation: &Operation, report: &mut Report) {
    for cell in calls_with_refused_tokens(world, operation) {
        report.run(world, operation, cell).await;
    }
    for (caller, other) in [(&world.ours, &world.theirs), (&world.theirs, &world.ours)] {
        let mut without_object = Vec::new();
        for cell in calls_with_foreign_names(caller, other, operation).await {
            let is_missing = [Expected::NotFound, Expected::EmptyPage].contains(&cell.expected);
            let body = report.run(world, operation, cell).await;
            without_object.extend(is_missing.then(|| without_instance(body)));
        }
        // Otherwise a caller could find out which objects of other accounts exist.
        for pair in without_object.chunks(2).filter(|pair| pair[0] != pair[1]) {
            report.failures.push(format!("{}: a foreign object is not like a missing object:\n    {pair:?}", operation.id));
        }
    }
}

/// Makes each allowed call with its own new objects, because the call may change or delete them.
async fn run_allowed_calls(world: &mut World, operation: &Operation, report: &mut Report) {
    let is_allowed = |scope: &Scope| operation.scope.is_none_or(|needed| needed == *scope);
    let of_account = world.tokens.only.iter().filter(|(scope, _)| !operation.is_for_platform && is_allowed(scope));
    let of_platform = world.tokens.platform.iter().filter(|(scope, _)| is_allowed(scope) && scope.for_platform());
    let mut callers: Vec<(String, bool)> = of_account.map(|(_, token)| (token.clone(), false)).collect();
    callers.extend(of_platform.map(|(_, token)| (token.clone(), true)));
    for (token, is_platform) in callers {
        world.ours.create_objects(&world.receiver, &json!({ "type": "noauth" })).await;
        // A platform token has no account, so the request names one.
        let names = Names { account: is_platform.then_some(world.ours.account), objects: &world.ours.objects };
        let request = operation.request(&names, &[]);
        let hidden = if is_platform { vec![] } else { vec![&world.theirs] };
        let name = if is_platform { "a platform token with the scope" } else { "only the needed scope" };
        let cell = Cell { name: name.to_owned(), authorization: bearer(&token), request, expected: Expected::Success, hidden };
        report.run(world, operation, cell).await;
    }
}

/// Returns the document after a change of one operation.
fn changed_document(path: &str, method: &str, change: impl FnOnce(&mut Value)) -> Value {
    let mut document = read_document();
    change(&mut document["paths"][format!("{PREFIX}{path}")][method]);
    document
}

#[test]
fn an_operation_for_which_the_matrix_can_make_no_request_is_reported() {
    let identifier = json!({ "type": "string", "format": "uuid" });
    let required = json!([{ "name": "kind", "in": "query", "required": true, "schema": { "type": "string" } }]);
    let foreign = json!([{ "name": "accountID", "in": "query", "schema": identifier }]);
    let mut collection = read_document();
    collection["paths"][format!("{PREFIX}/invoices/{{id}}")] = collection["paths"][format!("{PREFIX}/webhooks/{{id}}")].clone();
    for (document, operation, reason) in [
        (collection, "getWebhook", "no objects of the collection Some(\"invoices\")"),
        (changed_document("/deliveries", "get", |get| get["parameters"] = foreign), "listDeliveries", "`accountID` names"),
        (changed_document("/deliveries", "get", |get| get["parameters"] = required), "listDeliveries", "`kind` has no example"),
        (changed_document("/deliveries", "get", |get| get["security"] = json!([{}])), "listDeliveries", "require `bearerAuth`"),
        (
            changed_document("/deliveries", "get", |get| get["x-required-scope"] = json!("deliveries.list")),
            "listDeliveries",
            "does not have the scope `deliveries.list`",
        ),
        (
            changed_document("/webhooks", "post", |post| post["requestBody"]["content"]["application/json"]["examples"] = json!({})),
            "registerWebhook",
            "has no named example",
        ),
        (
            changed_document("/webhooks", "post", |post| {
                post["requestBody"]["content"]["application/json"]["schema"] = json!({ "properties": { "ownerID": identifier } });
            }),
            "registerWebhook",
            "`ownerID` names",
        ),
    ] {
        let error = operations(&document).expect_err(reason);
        assert!(error.starts_with(&format!("{operation}: ")) && error.contains(reason), "{error}");
    }
}

#[test]
fn the_names_in_parameters_and_bodies_are_found() {
    let operations = operations(&read_document()).unwrap_or_else(|reason| panic!("{reason}"));
    let places = |id: &str| {
        let operation = operations.iter().find(|operation| operation.id == id).expect(id);
        operation.places.iter().map(|place| (place.location.clone(), place.named)).collect::<Vec<_>>()
    };
    let path = |object| (Location::Path("id".to_owned()), Named::Object(object));
    let query = |name: &str, named| (Location::Query(name.to_owned()), named);
    let body = |pointer: &str, named| (Location::Body(pointer.to_owned()), named);
    assert_eq!(places("getDelivery"), [path(Object::Delivery)]);
    assert_eq!(places("recoverDeliveries"), [path(Object::Webhook), body("/cursor", Named::Position)]);
    assert_eq!(places("publishNotification"), [body("/account", Named::Account), body("/webhook/id", Named::Object(Object::Webhook))]);
    let filters = [("webhookID", Object::Webhook), ("notificationID", Object::Notification)];
    let filters = filters.map(|(name, object)| query(name, Named::Object(object)));
    let expected = [&[query("account", Named::Account)], &filters[..], &[query("cursor", Named::Position)]].concat();
    assert_eq!(places("listDeliveries"), expected);
}
