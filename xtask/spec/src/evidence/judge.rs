//! One exchange against the document.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::document::{Body, CallbackOperation, Document, Operation, Parameter, Response, Schema};
use super::{Answer, Callback, Caller, Exchange, Header};
use crate::json_schema::Style;
use crate::{Profile, Refusal};

/// A statement of the document that an exchange shows to be untrue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// Where the statement stands: a JSON pointer.
    pub pointer: String,
    /// Which exchange it is, for a person.
    pub place: String,
    pub what: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {} ({})", self.place, self.what, self.pointer)
    }
}

/// Holds exchanges against a document.
pub struct Judge<'a> {
    pub(super) document: Document,
    pub(super) profile: &'a Profile,
}

/// What dropshot answers where no operation is found.
const UNROUTED: [u16; 2] = [404, 405];

/// Headers of any HTTP request, and the one that `security` declares.
const UNDECLARED: [&str; 11] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "host",
    "traceparent",
    "transfer-encoding",
    "user-agent",
];

impl<'a> Judge<'a> {
    /// # Errors
    /// When `document` is no OpenAPI document, or an operation of it has no scope although the profile says that each has one.
    pub fn new(profile: &'a Profile, document: &Value) -> anyhow::Result<Judge<'a>> {
        Ok(Judge { document: Document::read(&Arc::new(document.clone()), profile)?, profile })
    }

    /// # Errors
    /// When the profile excuses responses that the document does not have.
    pub(super) fn check_profile(&self) -> anyhow::Result<()> {
        let operations = self.document.operations.iter().map(|operation| (operation.id.clone(), &operation.answers));
        let callbacks = self.document.callbacks.iter().map(|callback| (callback.id(), &callback.answers));
        let all: Vec<_> = operations.chain(callbacks).collect();
        let mut unmatched = Vec::new();
        for unseen in self.profile.evidence.unseen {
            let has = |id: &&&str| all.iter().any(|(known, answers)| known == **id && answers.contains_key(unseen.status));
            unmatched.extend(unseen.operation_ids.iter().filter(|id| !has(id)).map(|id| format!("{} of {id:?}", unseen.status)));
        }
        anyhow::ensure!(unmatched.is_empty(), "`unseen` of the profile has what the document does not have: {}", unmatched.join(", "));
        Ok(())
    }

    /// The operation at a method and path.
    #[must_use]
    pub fn operation_at(&self, method: &str, path: &str) -> Option<&str> {
        self.operation(method, path).map(|operation| operation.id.as_str())
    }

    /// Each operation that says so, and the scope that it needs.
    pub fn scopes(&self) -> impl Iterator<Item = (&str, &str)> {
        let operations = self.document.operations.iter();
        operations.filter_map(|operation| Some((operation.id.as_str(), operation.scope.as_ref()?.name.as_str())))
    }

    /// Everything in which the document is untrue of an exchange.
    #[must_use]
    pub fn breaches(&self, exchange: &Exchange) -> Vec<Breach> {
        match exchange {
            Exchange::Answer(answer) => self.of_answer(answer),
            Exchange::Callback(callback) => self.of_callback(callback),
        }
    }

    pub(super) fn operation(&self, method: &str, path: &str) -> Option<&Operation> {
        self.document.operations.iter().find(|operation| operation.method == method && operation.path.parameters(path).is_some())
    }

    fn of_answer(&self, answer: &Answer) -> Vec<Breach> {
        if self.profile.evidence.beside_the_api.contains(&answer.path.as_str()) {
            return Vec::new();
        }
        let Some(operation) = self.operation(&answer.method, &answer.path) else { return self.unrouted(answer) };
        let mut found = Found {
            profile: self.profile,
            at: operation.at.clone(),
            place: format!("{} {}", operation.id, answer.status),
            breaches: Vec::new(),
        };
        match response(operation, answer.status) {
            None => found.add(format!("{}/responses", operation.at), "the status is not documented"),
            Some(response) => {
                found.headers(&response.headers, &answer.headers);
                found.content(&response.at, &response.content, &answer.headers, &answer.body, Style::Closed);
                found.kind(response, answer);
            }
        }
        found.caller(operation, answer);
        found.request(operation, answer);
        found.breaches
    }

    /// The callback that an exchange belongs to: of those with its name, or of all when it has none, the one that it contradicts
    /// least. The order of the document makes no difference.
    pub(super) fn callback(&self, callback: &Callback) -> Option<&CallbackOperation> {
        let named = |operation: &&CallbackOperation| callback.name.as_ref().is_none_or(|name| *name == operation.name);
        let callbacks = self.document.callbacks.iter().filter(named);
        callbacks.min_by_key(|operation| (self.against_callback(operation, callback).len(), operation.key()))
    }

    fn of_callback(&self, callback: &Callback) -> Vec<Breach> {
        match self.callback(callback) {
            Some(operation) => self.against_callback(operation, callback),
            None => {
                let called = callback.name.as_ref().map(|name| format!(" that is called {name}")).unwrap_or_default();
                let what = format!("the service sent a callback{called}, and the document has none");
                vec![Breach { pointer: "/paths".to_owned(), place: "callback".to_owned(), what }]
            }
        }
    }

    fn unrouted(&self, answer: &Answer) -> Vec<Breach> {
        let mut found = Found {
            profile: self.profile,
            at: "/paths".to_owned(),
            place: format!("{} {} (no operation) {}", answer.method, answer.path, answer.status),
            breaches: Vec::new(),
        };
        if !UNROUTED.contains(&answer.status) {
            found.here("neither documented nor a 404 or 405");
        }
        let body: Option<Value> = serde_json::from_str(&answer.body).ok();
        if body.is_none_or(|body| !body["request_id"].is_string() || !body["message"].is_string()) {
            found.here("is not `{\"request_id\": \"…\", \"message\": \"…\"}`");
        }
        found.breaches
    }

    fn against_callback(&self, operation: &CallbackOperation, callback: &Callback) -> Vec<Breach> {
        let mut found =
            Found { profile: self.profile, at: operation.at.clone(), place: format!("callback {}", operation.name), breaches: Vec::new() };
        if callback.method != operation.method {
            found.here(format!("{} instead of {}", callback.method, operation.method));
        }
        let authentication = callback.authentication.clone().unwrap_or_default();
        let mut documented = operation.authentications.iter().map(|(_, scheme)| scheme.as_str());
        let needs_none = operation.authentications.is_empty() && authentication.is_empty();
        if !needs_none && !documented.any(|scheme| scheme == authentication) {
            found.add(format!("{}/security", operation.at), format!("the authentication {authentication:?} is not documented"));
        }
        found.headers(&operation.headers, &callback.headers);
        for (name, _) in callback.headers.iter().filter(|(name, _)| !UNDECLARED.contains(&name.as_str())) {
            if !operation.headers.iter().any(|header| header.name == *name) {
                found.add(format!("{}/parameters", operation.at), format!("the header {name} is not documented"));
            }
        }
        if operation.body.required || !callback.body.is_empty() {
            let at = format!("{}/requestBody", operation.at);
            found.content(&at, &operation.body.content, &callback.headers, &callback.body, Style::Closed);
        }
        found.breaches
    }
}

pub(super) fn response(operation: &Operation, status: u16) -> Option<&Response> {
    operation.answers.get(&status.to_string())
}

pub(super) fn header<'a>(headers: &'a [Header], name: &str) -> Option<&'a str> {
    headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

pub(super) fn media_type(headers: &[Header]) -> String {
    let value = header(headers, "content-type").unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// What the document says of the value of each parameter that a request has.
pub(super) fn sent<'a>(operation: &'a Operation, answer: &'a Answer) -> Vec<(&'a Parameter, Vec<String>)> {
    let path = operation.path.parameters(&answer.path).unwrap_or_default();
    operation
        .parameters
        .iter()
        .map(|parameter| {
            let values = match parameter.place.as_str() {
                "path" => path.iter().filter(|(name, _)| *name == parameter.name).map(|(_, value)| decoded(value)).collect(),
                "query" => {
                    let pairs = url::form_urlencoded::parse(answer.query.as_bytes());
                    pairs.filter(|(name, _)| *name == parameter.name).map(|(_, value)| value.into_owned()).collect()
                }
                _ => answer.request_headers.iter().filter(|(name, _)| *name == parameter.name).map(|(_, value)| value.clone()).collect(),
            };
            (parameter, values)
        })
        .collect()
}

fn decoded(segment: &str) -> String {
    // A path's `+` and `&` are themselves, unlike a form's.
    let escaped = segment.replace('+', "%2B").replace('&', "%26");
    url::form_urlencoded::parse(format!("={escaped}").as_bytes()).map(|(_, value)| value.into_owned()).collect()
}

/// The kind of error that was answered, by the member of its body that names it.
pub(super) fn kind_of(profile: &Profile, answer: &Answer) -> Option<String> {
    let member = profile.errors.kind.filter(|_| answer.status >= 400)?;
    let body: Value = serde_json::from_str(&answer.body).ok()?;
    body[member].as_str().map(str::to_owned)
}

struct Found<'a> {
    profile: &'a Profile,
    at: String,
    place: String,
    breaches: Vec<Breach>,
}

/// Whether a value that keeps its schema may be refused at a pointer all the same.
fn is_beyond_the_schema(refusal: &Refusal, pointer: &str) -> bool {
    // RFC 9457 writes a pointer as the fragment of a URI.
    let of_fragment = pointer.strip_prefix('#').map(decoded);
    let pointer = of_fragment.as_deref().unwrap_or(pointer);
    let is_index = |segment: &str| !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit());
    let general: Vec<&str> = pointer.split('/').map(|segment| if is_index(segment) { "*" } else { segment }).collect();
    pointer.is_empty() || refusal.beyond_the_schema.contains(&general.join("/").as_str())
}

impl Found<'_> {
    fn add(&mut self, pointer: String, what: impl Into<String>) {
        self.breaches.push(Breach { pointer, place: self.place.clone(), what: what.into() });
    }

    fn here(&mut self, what: impl Into<String>) {
        self.add(self.at.clone(), what);
    }

    fn headers(&mut self, expected: &[Parameter], headers: &[Header]) {
        for expected in expected.iter().filter(|expected| expected.place == "header") {
            match header(headers, &expected.name) {
                None if expected.required => self.add(expected.at.clone(), format!("the required header {} is missing", expected.name)),
                None => {}
                Some(value) => match expected.schema.takes_text(value) {
                    Ok(true) => {}
                    Ok(false) => self.add(expected.schema.at.clone(), format!("the header {} has the value {value:?}", expected.name)),
                    Err(error) => self.add(expected.schema.at.clone(), error),
                },
            }
        }
    }

    fn content(&mut self, at: &str, expected: &std::collections::BTreeMap<String, Schema>, headers: &[Header], body: &str, style: Style) {
        if expected.is_empty() {
            if !body.is_empty() {
                self.add(at.to_owned(), "has a body where none is documented");
            }
            return;
        }
        let media_type = media_type(headers);
        let Some(schema) = expected.get(&media_type) else {
            return self.add(format!("{at}/content"), format!("the media type {media_type:?} is not documented"));
        };
        match serde_json::from_str(body) {
            Ok(value) => self.value(schema, &value, style),
            Err(error) => self.add(schema.at.clone(), format!("the body is not JSON: {error}")),
        }
    }

    fn value(&mut self, schema: &Schema, value: &Value, style: Style) {
        match schema.validator(style) {
            Ok(validator) => {
                for error in validator.iter_errors(value) {
                    self.add(schema.at.clone(), format!("at {:?}: {error}", error.instance_path().to_string()));
                }
            }
            Err(error) => self.add(schema.at.clone(), error),
        }
    }

    /// Whether the examples show the kind of error that it was.
    fn kind(&mut self, response: &Response, answer: &Answer) {
        if let Some(kind) = kind_of(self.profile, answer)
            && !response.kinds.iter().any(|(_, known)| *known == kind)
        {
            self.add(response.at.clone(), format!("no example shows the kind {kind}"));
        }
    }

    /// Whether the caller got what `security` and its scope say.
    fn caller(&mut self, operation: &Operation, answer: &Answer) {
        let served = (200..300).contains(&answer.status) || answer.status == 404 || answer.status == 409;
        let security = format!("{}/security", operation.at);
        match (&answer.caller, &operation.scope) {
            (Caller::Scopes(scopes), Some(scope)) if answer.status == 403 && scopes.contains(&scope.name) => {
                self.add(scope.at.clone(), format!("refused to a caller that has the scope {}", scope.name));
            }
            (Caller::Scopes(scopes), Some(scope)) if served && !scopes.contains(&scope.name) => {
                self.add(scope.at.clone(), format!("served to a caller without the scope {}", scope.name));
            }
            (Caller::WithoutToken, _) if operation.needs_token && served => self.add(security, "served to a caller without a token"),
            (Caller::WithoutToken, _) if !operation.needs_token && answer.status == 401 => {
                self.add(security, "refused to a caller without a token");
            }
            _ => {}
        }
    }

    /// Whether what was served is what the document lets a caller send, and what was refused is not.
    fn request(&mut self, operation: &Operation, answer: &Answer) {
        let served = (200..300).contains(&answer.status);
        let refusal = &self.profile.errors.refusal;
        let refused =
            answer.status == refusal.status && refusal.kind.is_none_or(|kind| kind_of(self.profile, answer).as_deref() == Some(kind));
        if !served && !refused {
            return;
        }
        let mut wrong = Found { at: self.at.clone(), place: self.place.clone(), breaches: Vec::new(), ..*self };
        let mut is_twice = false;
        for (name, _) in url::form_urlencoded::parse(answer.query.as_bytes()) {
            if !operation.parameters.iter().any(|parameter| parameter.place == "query" && parameter.name == name) {
                wrong.here(format!("with the query parameter {name}, which is not documented"));
            }
        }
        for (parameter, values) in sent(operation, answer) {
            is_twice |= values.len() > 1;
            if values.is_empty() && parameter.required {
                wrong.add(parameter.at.clone(), format!("without the required parameter {}", parameter.name));
            }
            for value in values {
                match parameter.schema.takes_text(&value) {
                    Ok(true) => {}
                    Ok(false) => wrong.add(parameter.schema.at.clone(), format!("with {} = {value:?}", parameter.name)),
                    Err(error) => self.add(parameter.schema.at.clone(), error),
                }
            }
        }
        let is_text = self.request_body(operation, answer, &mut wrong);
        if served {
            for breach in wrong.breaches {
                self.add(breach.pointer, format!("served, {}", breach.what));
            }
            return;
        }
        // JSON text can be wrong in ways that no value shows, such as a member that comes twice.
        let error: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        let pointers = refusal
            .pointers
            .map(|(list, member)| error[list].as_array().into_iter().flatten().filter_map(move |item| item[member].as_str()));
        let pointers: Vec<&str> = pointers.into_iter().flatten().collect();
        let beyond = pointers.iter().any(|pointer| is_beyond_the_schema(refusal, pointer)) || is_twice || !is_text;
        let is_opaque = |name: &str| refusal.opaque_parameters.contains(&name);
        let opaque =
            pointers.is_empty() && sent(operation, answer).iter().any(|(known, values)| is_opaque(&known.name) && !values.is_empty());
        if wrong.breaches.is_empty() && !beyond && !opaque {
            let at = operation.request.as_ref().and_then(|body| body.content.values().next()).map_or(&operation.at, |schema| &schema.at);
            self.add(at.clone(), format!("refused at {pointers:?}, and the document has nothing against it: {}", answer.body));
        }
    }

    /// False when there is a body of which no schema speaks, since it is no JSON.
    fn request_body(&mut self, operation: &Operation, answer: &Answer, wrong: &mut Found<'_>) -> bool {
        let Some(Body { required, content }) = &operation.request else { return true };
        let Some(text) = &answer.request_body else { return false };
        let Some(schema) = content.get("application/json") else {
            self.add(operation.at.clone(), "takes JSON, which is not documented");
            return true;
        };
        if text.is_empty() {
            if *required {
                wrong.add(schema.at.clone(), "without the required body");
            }
            return true;
        }
        match serde_json::from_str(text) {
            Ok(value) => {
                wrong.value(schema, &value, Style::Written);
                true
            }
            Err(error) => {
                if (200..300).contains(&answer.status) {
                    wrong.add(schema.at.clone(), format!("with a body that is not JSON: {error}"));
                }
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_may_be_the_fragment_of_a_uri() {
        let refusal =
            Refusal { status: 400, kind: None, pointers: None, beyond_the_schema: &["/names/*/first", "/a b"], opaque_parameters: &[] };
        for (pointer, expected) in [
            ("/names/3/first", true),
            ("#/names/3/first", true),
            ("#/a%20b", true),
            ("/a%20b", false),
            ("#", true),
            ("", true),
            ("#/names", false),
        ] {
            assert_eq!(is_beyond_the_schema(&refusal, pointer), expected, "{pointer}");
        }
    }

    #[test]
    fn a_segment_of_a_path_is_no_form() {
        assert_eq!(decoded("a+b&c=%41"), "a+b&c=A");
    }
}
