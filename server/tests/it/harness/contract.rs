//! The live ring: what the server really answers, and really sends to callbacks, against openapi.json.
//!
//! Of every answer: the operation is found by method and path, its status and media type are documented, its required
//! headers are there and valid, and its body is valid with formats checked. While checking, every answer and callback
//! schema is closed, so that a member that leaks out fails even though clients must tolerate it.
//!
//! A breach is kept where it was seen and fails the test that caused it when its server or receiver is dropped.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use http::{HeaderMap, Method, StatusCode, header};
use jsonschema::Validator;
use serde_json::Value;

mod schema;

/// Breaches that one proxy or receiver saw.
#[derive(Clone, Default)]
pub(crate) struct Violations(Arc<Mutex<Vec<String>>>);

impl Violations {
    fn add(&self, violation: String) {
        self.0.lock().expect("no holder panics").push(violation);
    }

    /// For drops: says nothing while another failure is on its way.
    pub(crate) fn fail_if_any(&self) {
        let violations = self.0.lock().expect("no holder panics");
        if !violations.is_empty() && !std::thread::panicking() {
            panic!("openapi.json is broken:\n{}", violations.join("\n"));
        }
    }
}

/// openapi.json, made ready to check with.
struct Contract {
    operations: Vec<Operation>,
    callback: Body,
    callback_headers: Vec<RequiredHeader>,
    /// What dropshot answers where no operation is found.
    unrouted: Validator,
}

struct Operation {
    id: String,
    method: Method,
    /// `None` stands for a parameter.
    path: Vec<Option<String>>,
    scope: String,
    answers: HashMap<u16, Answer>,
}

struct Answer {
    headers: Vec<RequiredHeader>,
    body: Body,
}

/// A validator for each documented media type; none where no body may be.
type Body = HashMap<String, Validator>;

struct RequiredHeader {
    name: String,
    required: bool,
    validator: Validator,
}

fn contract() -> &'static Contract {
    static CONTRACT: OnceLock<Contract> = OnceLock::new();
    CONTRACT.get_or_init(|| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../openapi.json");
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        schema::read(&serde_json::from_str(&text).expect("openapi.json is JSON"))
    })
}

/// Holds an answer against the document.
pub(crate) fn check_answer(method: &Method, path: &str, status: StatusCode, headers: &HeaderMap, body: &[u8], violations: &Violations) {
    if is_documentation(path) {
        return;
    }
    let contract = contract();
    let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let operation = contract.operations.iter().find(|operation| operation.method == *method && operation.is_at(&segments));
    let Some(operation) = operation else {
        let place = format!("{method} {path} (no operation) {}", status.as_u16());
        if !matches!(status.as_u16(), 404 | 405) {
            violations.add(format!("{place}: neither documented nor a 404 or 405"));
        }
        return check_json(&place, &contract.unrouted, body, violations);
    };
    let place = format!("{} {}", operation.id, status.as_u16());
    seen().lock().expect("no holder panics").insert(place.clone());
    let Some(answer) = operation.answers.get(&status.as_u16()) else {
        return violations.add(format!("{place}: the status is not documented"));
    };
    check_headers(&place, &answer.headers, headers, violations);
    check_body(&place, &answer.body, headers, body, violations);
}

/// The operations of the document, and the scope that each says it needs.
pub(crate) fn documented_scopes() -> BTreeMap<String, String> {
    contract().operations.iter().map(|operation| (operation.id.clone(), operation.scope.clone())).collect()
}

/// The operation that the document has at a method and path.
pub(crate) fn operation_at(method: &Method, path: &str) -> Option<String> {
    let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let operation = contract().operations.iter().find(|operation| operation.method == *method && operation.is_at(&segments));
    operation.map(|operation| operation.id.clone())
}

/// Headers of any HTTP request, and the one that `security` declares.
const UNDECLARED: [&str; 8] =
    ["accept", "accept-encoding", "authorization", "connection", "content-length", "content-type", "host", "transfer-encoding"];

/// Holds what a receiver got against the `callbacks` of registerWebhook.
pub(crate) fn check_callback(method: &Method, headers: &HeaderMap, body: &[u8], violations: &Violations) {
    let contract = contract();
    if method != Method::POST {
        violations.add(format!("callback: {method} instead of POST"));
    }
    check_headers("callback", &contract.callback_headers, headers, violations);
    for name in headers.keys().map(http::HeaderName::as_str).filter(|name| !UNDECLARED.contains(name)) {
        if !contract.callback_headers.iter().any(|header| header.name.eq_ignore_ascii_case(name)) {
            violations.add(format!("callback: the header {name} is not documented"));
        }
    }
    check_body("callback", &contract.callback, headers, body, violations);
}

/// What the server serves beside the API; `docs.rs` holds that.
fn is_documentation(path: &str) -> bool {
    matches!(path, "/docs" | "/openapi.json")
}

impl Operation {
    fn is_at(&self, segments: &[&str]) -> bool {
        self.path.len() == segments.len()
            && self.path.iter().zip(segments).all(|(expected, found)| expected.as_deref().is_none_or(|expected| expected == *found))
    }
}

fn check_headers(place: &str, expected: &[RequiredHeader], headers: &HeaderMap, violations: &Violations) {
    for header in expected {
        let Some(value) = headers.get(&header.name) else {
            if header.required {
                violations.add(format!("{place}: the required header {} is missing", header.name));
            }
            continue;
        };
        let text = value.to_str().unwrap_or_default();
        // A header is text, whatever its schema's type: `Retry-After: 1` is the integer 1.
        let readings = [Value::String(text.to_owned()), serde_json::from_str(text).unwrap_or(Value::Null)];
        if !readings.iter().any(|reading| header.validator.is_valid(reading)) {
            violations.add(format!("{place}: the header {} has the value {text:?}", header.name));
        }
    }
}

fn check_body(place: &str, expected: &Body, headers: &HeaderMap, body: &[u8], violations: &Violations) {
    if expected.is_empty() {
        if !body.is_empty() {
            violations.add(format!("{place}: has a body where none is documented"));
        }
        return;
    }
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match expected.get(&essence) {
        Some(validator) => check_json(place, validator, body, violations),
        None => violations.add(format!("{place}: the media type {media_type:?} is not documented")),
    }
}

fn check_json(place: &str, validator: &Validator, body: &[u8], violations: &Violations) {
    let value: Value = match serde_json::from_slice(body) {
        Ok(value) => value,
        Err(error) => return violations.add(format!("{place}: the body is not JSON: {error}")),
    };
    for error in validator.iter_errors(&value) {
        violations.add(format!("{place}: at {:?}: {error}", error.instance_path().to_string()));
    }
}

/// Every operation and status that any test of this process saw.
fn seen() -> &'static Mutex<BTreeSet<String>> {
    static SEEN: OnceLock<Mutex<BTreeSet<String>>> = OnceLock::new();
    SEEN.get_or_init(Mutex::default)
}

/// Writes what was seen so far to `target/contract/seen.txt`, one `operationId status` a line.
pub(crate) fn write_seen() {
    let seen = seen().lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("contract");
    let lines: String = seen.iter().map(|line| format!("{line}\n")).collect();
    let written = std::fs::create_dir_all(&directory).and_then(|()| std::fs::write(directory.join("seen.txt"), lines));
    if let Err(error) = written {
        eprintln!("cannot write {}/seen.txt: {error}", directory.display());
    }
}
