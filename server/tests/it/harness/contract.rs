//! The live ring: what the server really answers, and really sends to callbacks, against openapi.json.
//!
//! Each exchange is judged when it happens, and recorded for `cargo xtask coverage` and `mutations`. A breach is kept where
//! it was seen and fails the test that caused it when its server or receiver is dropped.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use http::{HeaderMap, Method, header};
use openapi_proof::evidence::{Caller, Exchange, Header, Judge, Recorder};
use webhooks_server_api::Scope;

/// Breaches that one proxy or receiver saw.
#[derive(Clone, Default)]
pub(crate) struct Violations(Arc<Mutex<Vec<String>>>);

impl Violations {
    /// For drops: says nothing while another failure is on its way.
    pub(crate) fn fail_if_any(&self) {
        let violations = self.0.lock().expect("no holder panics");
        if !violations.is_empty() && !std::thread::panicking() {
            panic!("openapi.json is broken:\n{}", violations.join("\n"));
        }
    }
}

/// Holds an exchange against the document, and records it.
pub(super) fn check(exchange: &Exchange, violations: &Violations) {
    static RECORDER: OnceLock<Recorder> = OnceLock::new();
    let recorder = RECORDER.get_or_init(|| Recorder::start(service()).unwrap_or_else(|error| panic!("{error:#}")));
    let recorded = recorder.record(exchange).map_err(|error| format!("{error:#}"));
    let breaches = judge().breaches(exchange).into_iter().map(|breach| breach.to_string());
    violations.0.lock().expect("no holder panics").extend(breaches.chain(recorded.err()));
}

fn service() -> &'static openapi_proof::Service {
    static SERVICE: OnceLock<openapi_proof::Service> = OnceLock::new();
    SERVICE.get_or_init(|| webhooks_spec::service().unwrap_or_else(|error| panic!("{error:#}")))
}

fn judge() -> &'static Judge<'static> {
    static JUDGE: OnceLock<Judge<'static>> = OnceLock::new();
    JUDGE.get_or_init(|| {
        let document = serde_json::from_str(include_str!("../../../../openapi.json")).expect("openapi.json is JSON");
        Judge::new(&service().profile, &document).unwrap_or_else(|error| panic!("openapi.json: {error:#}"))
    })
}

/// The operations of the document, and the scope that each says it needs.
pub(crate) fn documented_scopes() -> BTreeMap<String, String> {
    judge().scopes().map(|(operation, scope)| (operation.to_owned(), scope.to_owned())).collect()
}

/// The operation that the document has at a method and path.
pub(crate) fn operation_at(method: &Method, path: &str) -> Option<String> {
    judge().operation_at(method.as_str(), path).map(str::to_owned)
}

fn tokens() -> &'static Mutex<HashMap<String, BTreeSet<String>>> {
    static TOKENS: OnceLock<Mutex<HashMap<String, BTreeSet<String>>>> = OnceLock::new();
    TOKENS.get_or_init(Mutex::default)
}

/// Says what a token was made to allow, so that exchanges can be recorded without it.
pub(super) fn know_token(token: &str, scopes: &[Scope]) {
    let scopes = scopes.iter().map(|scope| scope.as_str().to_owned()).collect();
    tokens().lock().unwrap_or_else(PoisonError::into_inner).insert(token.to_owned(), scopes);
}

/// Who sends a request with these headers.
pub(super) fn caller(headers: &HeaderMap) -> Caller {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Caller::WithoutToken };
    let token = value.to_str().ok().and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    let scopes = tokens().lock().unwrap_or_else(PoisonError::into_inner).get(token).cloned();
    scopes.map_or(Caller::UnknownToken, Caller::Scopes)
}

/// Every header but what gives access, as text.
pub(super) fn headers(headers: &HeaderMap) -> Vec<Header> {
    let headers = headers.iter().filter(|(name, _)| **name != header::AUTHORIZATION);
    headers.map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())).collect()
}
