//! Validates the responses and callbacks of the server against openapi.json.
//!
//! Each exchange is checked at once, and recorded for `cargo xtask coverage` and `cargo xtask mutations`. The proxies
//! and receivers collect violations. If a proxy or a receiver has a violation when it is dropped, the test fails.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use http::{HeaderMap, Method, header};
use openapi_proof::evidence::{Caller, Checker, Exchange, Header, Recorder};
use webhooks_server_api::Scope;

/// The contract violations in the exchanges of one proxy or receiver.
#[derive(Clone, Default)]
pub(crate) struct Violations(Arc<Mutex<Vec<String>>>);

impl Violations {
    /// Panics if there are violations. Does nothing if the thread is already panicking, because `drop` calls this function.
    pub(crate) fn fail_if_any(&self) {
        let violations = self.0.lock().expect("no holder panics");
        if !violations.is_empty() && !std::thread::panicking() {
            panic!("openapi.json is violated:\n{}", violations.join("\n"));
        }
    }
}

/// Checks an exchange against openapi.json, and records it.
pub(super) fn check(exchange: &Exchange, violations: &Violations) {
    static RECORDER: OnceLock<Recorder> = OnceLock::new();
    let recorder = RECORDER.get_or_init(|| Recorder::start(service()).unwrap_or_else(|error| panic!("{error:#}")));
    let recorded = recorder.record(exchange).map_err(|error| format!("{error:#}"));
    let found = checker().violations(exchange).into_iter().map(|violation| violation.to_string());
    violations.0.lock().expect("no holder panics").extend(found.chain(recorded.err()));
}

/// Checks the headers that the introduction of openapi.json promises for every response.
pub(super) fn check_headers(path: &str, headers: &HeaderMap, violations: &Violations) {
    // Browsers may store the documentation, and ask whether it is still current.
    let caching = if ["/docs", "/openapi.json"].contains(&path) { "no-cache" } else { "no-store" };
    let expected = [(header::CACHE_CONTROL, caching), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
    let missing = expected.iter().filter(|(name, value)| headers.get(name).is_none_or(|found| found != value));
    let missing = missing.map(|(name, value)| format!("the response for {path} does not have the header `{name}: {value}`"));
    violations.0.lock().expect("no holder panics").extend(missing);
}

fn service() -> &'static openapi_proof::Service {
    static SERVICE: OnceLock<openapi_proof::Service> = OnceLock::new();
    SERVICE.get_or_init(|| webhooks_spec::service().unwrap_or_else(|error| panic!("{error:#}")))
}

fn checker() -> &'static Checker<'static> {
    static CHECKER: OnceLock<Checker<'static>> = OnceLock::new();
    CHECKER.get_or_init(|| {
        let document = serde_json::from_str(include_str!("../../../../openapi.json")).expect("openapi.json is JSON");
        Checker::new(&service().profile, &document).unwrap_or_else(|error| panic!("openapi.json: {error:#}"))
    })
}

/// Returns the operations in openapi.json, each with the scope that it needs.
pub(crate) fn documented_scopes() -> BTreeMap<String, String> {
    checker().scopes().map(|(operation, scope)| (operation.to_owned(), scope.to_owned())).collect()
}

/// Returns the operation that openapi.json has for a method and path.
pub(crate) fn operation_at(method: &Method, path: &str) -> Option<String> {
    checker().operation_at(method.as_str(), path).map(str::to_owned)
}

/// The scopes of an access token.
#[derive(Clone)]
struct Token {
    is_of_platform: bool,
    scopes: BTreeSet<String>,
}

fn tokens() -> &'static Mutex<HashMap<String, Token>> {
    static TOKENS: OnceLock<Mutex<HashMap<String, Token>>> = OnceLock::new();
    TOKENS.get_or_init(Mutex::default)
}

/// Stores the scopes of a token. Exchanges are recorded with these scopes instead of the token.
pub(super) fn register_token(token: &str, is_of_platform: bool, scopes: &[Scope]) {
    let scopes = scopes.iter().map(|scope| scope.as_str().to_owned()).collect();
    tokens().lock().unwrap_or_else(PoisonError::into_inner).insert(token.to_owned(), Token { is_of_platform, scopes });
}

/// Returns the operations that only platform tokens may call.
fn operations_for_platform() -> &'static BTreeSet<String> {
    static OPERATIONS: OnceLock<BTreeSet<String>> = OnceLock::new();
    OPERATIONS.get_or_init(|| {
        let document: serde_json::Value = serde_json::from_str(include_str!("../../../../openapi.json")).expect("openapi.json is JSON");
        let paths = document["paths"].as_object().expect("paths");
        let operations = paths.values().filter_map(|path| path.as_object()).flat_map(|methods| methods.values());
        let of_platform = operations.filter(|operation| operation["x-required-token"] == "platform");
        of_platform.filter_map(|operation| operation["operationId"].as_str()).map(str::to_owned).collect()
    })
}

/// Returns the caller of a request. For an operation of the platform, a token of an account counts as a token without the
/// scope.
pub(super) fn caller(method: &Method, path: &str, headers: &HeaderMap) -> Caller {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Caller::WithoutToken };
    let token = value.to_str().ok().and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    let known = tokens().lock().unwrap_or_else(PoisonError::into_inner).get(token).cloned();
    let Some(Token { is_of_platform, mut scopes }) = known else { return Caller::UnknownToken };
    if !is_of_platform
        && let Some(operation) = operation_at(method, path).filter(|operation| operations_for_platform().contains(operation))
        && let Some(scope) = documented_scopes().get(&operation)
    {
        scopes.remove(scope);
    }
    Caller::Scopes(scopes)
}

pub(super) fn headers(headers: &HeaderMap) -> Vec<Header> {
    let headers = headers.iter().filter(|(name, _)| **name != header::AUTHORIZATION);
    headers.map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())).collect()
}
