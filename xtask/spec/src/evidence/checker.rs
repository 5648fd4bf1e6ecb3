//! Compares an exchange with the document.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::document::{Body, CallbackOperation, Document, Operation, Parameter, Response, Schema};
use super::{ApiExchange, Callback, Caller, Exchange, Header};
use crate::json_schema::Style;
use crate::{Profile, Refusal};

/// A statement of the document that an exchange contradicts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The JSON pointer of the statement.
    pub pointer: String,
    /// A short description of the exchange: usually the operation id and the status.
    pub exchange: String,
    pub message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {} ({})", self.exchange, self.message, self.pointer)
    }
}

/// Compares exchanges with a document.
pub struct Checker<'a> {
    pub(super) document: Document,
    pub(super) profile: &'a Profile,
}

/// The statuses with which dropshot responds if no operation matches the request.
const UNROUTED_STATUSES: [u16; 2] = [404, 405];

/// Headers that a callback may have although the document does not declare them.
const UNDECLARED_HEADERS: [&str; 11] = [
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

impl<'a> Checker<'a> {
    /// # Errors
    /// When `document` is not an OpenAPI document, or an operation lacks a scope that the profile requires.
    pub fn new(profile: &'a Profile, document: &Value) -> anyhow::Result<Checker<'a>> {
        Ok(Checker { document: Document::read(&Arc::new(document.clone()), profile)?, profile })
    }

    /// # Errors
    /// When `unseen` of the profile has a response that the document does not have.
    pub(super) fn check_profile(&self) -> anyhow::Result<()> {
        let operations = self.document.operations.iter().map(|operation| (operation.id.clone(), &operation.responses));
        let callbacks = self.document.callbacks.iter().map(|callback| (callback.id(), &callback.responses));
        let all: Vec<_> = operations.chain(callbacks).collect();
        let mut unmatched = Vec::new();
        for unseen in self.profile.evidence.unseen {
            let has = |id: &&&str| all.iter().any(|(known, responses)| known == **id && responses.contains_key(unseen.status));
            unmatched.extend(unseen.operation_ids.iter().filter(|id| !has(id)).map(|id| format!("{} of {id:?}", unseen.status)));
        }
        anyhow::ensure!(
            unmatched.is_empty(),
            "`unseen` of the profile has responses that the document does not have: {}",
            unmatched.join(", ")
        );
        Ok(())
    }

    /// Returns the id of the operation with this method and path.
    #[must_use]
    pub fn operation_at(&self, method: &str, path: &str) -> Option<&str> {
        self.operation(method, path).map(|operation| operation.id.as_str())
    }

    /// Returns the id and the scope of each operation that needs a scope.
    pub fn scopes(&self) -> impl Iterator<Item = (&str, &str)> {
        let operations = self.document.operations.iter();
        operations.filter_map(|operation| Some((operation.id.as_str(), operation.scope.as_ref()?.name.as_str())))
    }

    /// Returns all statements of the document that the exchange contradicts.
    #[must_use]
    pub fn violations(&self, exchange: &Exchange) -> Vec<Violation> {
        match exchange {
            Exchange::Api(exchange) => self.of_api_exchange(exchange),
            Exchange::Callback(callback) => self.of_callback(callback),
        }
    }

    pub(super) fn operation(&self, method: &str, path: &str) -> Option<&Operation> {
        self.document.operations.iter().find(|operation| operation.method == method && operation.path.parameters(path).is_some())
    }

    fn of_api_exchange(&self, exchange: &ApiExchange) -> Vec<Violation> {
        if self.profile.evidence.outside_the_api.contains(&exchange.path.as_str()) {
            return Vec::new();
        }
        let Some(operation) = self.operation(&exchange.method, &exchange.path) else { return self.unrouted(exchange) };
        let mut found = Violations::new(self.profile, &operation.at, format!("{} {}", operation.id, exchange.status));
        match response(operation, exchange.status) {
            None => found.add(format!("{}/responses", operation.at), "the status is not documented"),
            Some(response) => {
                found.check_headers(&response.headers, &exchange.response_headers);
                found.check_content(&response.at, &response.content, &exchange.response_headers, &exchange.response_body);
                found.check_kind(response, exchange);
            }
        }
        found.check_caller(operation, exchange);
        found.check_request(operation, exchange);
        found.list
    }

    /// Returns the callback operation that an exchange belongs to: the candidate with the fewest violations. If the
    /// exchange has a name, only callbacks with this name are candidates. The order of callbacks in the document does
    /// not matter.
    pub(super) fn callback(&self, callback: &Callback) -> Option<&CallbackOperation> {
        let is_candidate = |operation: &&CallbackOperation| callback.name.as_ref().is_none_or(|name| *name == operation.name);
        let candidates = self.document.callbacks.iter().filter(is_candidate);
        candidates.min_by_key(|operation| (self.of_callback_operation(operation, callback).len(), operation.key()))
    }

    fn of_callback(&self, callback: &Callback) -> Vec<Violation> {
        match self.callback(callback) {
            Some(operation) => self.of_callback_operation(operation, callback),
            None => {
                let name = callback.name.as_ref().map(|name| format!(" `{name}`")).unwrap_or_default();
                let message = format!("the service sent a callback{name}, which is not documented");
                vec![Violation { pointer: "/paths".to_owned(), exchange: "callback".to_owned(), message }]
            }
        }
    }

    fn unrouted(&self, exchange: &ApiExchange) -> Vec<Violation> {
        let description = format!("{} {} (no operation) {}", exchange.method, exchange.path, exchange.status);
        let mut found = Violations::new(self.profile, "/paths", description);
        if !UNROUTED_STATUSES.contains(&exchange.status) {
            found.add_here("the path or method is not documented, and the status is not 404 or 405");
        }
        let body: Option<Value> = serde_json::from_str(&exchange.response_body).ok();
        let has = |member: &str| body.as_ref().is_some_and(|body| body[member].is_string());
        if !(self.profile.errors.kind.is_some_and(has) || has("request_id") && has("message")) {
            found.add_here("the body is neither an error of the service nor `{\"request_id\": \"…\", \"message\": \"…\"}`");
        }
        found.list
    }

    fn of_callback_operation(&self, operation: &CallbackOperation, callback: &Callback) -> Vec<Violation> {
        let mut found = Violations::new(self.profile, &operation.at, format!("callback {}", operation.name));
        if callback.method != operation.method {
            found.add_here(format!("the method is {} instead of {}", callback.method, operation.method));
        }
        let authentication = callback.authentication.clone().unwrap_or_default();
        let mut documented = operation.authentications.iter().map(|(_, scheme)| scheme.as_str());
        let needs_none = operation.authentications.is_empty() && authentication.is_empty();
        if !needs_none && !documented.any(|scheme| scheme == authentication) {
            found.add(format!("{}/security", operation.at), format!("the authentication {authentication:?} is not documented"));
        }
        found.check_headers(&operation.headers, &callback.headers);
        for (name, _) in callback.headers.iter().filter(|(name, _)| !UNDECLARED_HEADERS.contains(&name.as_str())) {
            if !operation.headers.iter().any(|header| header.name == *name) {
                found.add(format!("{}/parameters", operation.at), format!("the header {name} is not documented"));
            }
        }
        if operation.body.required || !callback.body.is_empty() {
            let at = format!("{}/requestBody", operation.at);
            found.check_content(&at, &operation.body.content, &callback.headers, &callback.body);
        }
        found.list
    }
}

pub(super) fn response(operation: &Operation, status: u16) -> Option<&Response> {
    operation.responses.get(&status.to_string())
}

pub(super) fn header<'a>(headers: &'a [Header], name: &str) -> Option<&'a str> {
    headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

pub(super) fn media_type(headers: &[Header]) -> String {
    let value = header(headers, "content-type").unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Returns each parameter of the operation, with the values of this parameter in the request.
pub(super) fn parameter_values<'a>(operation: &'a Operation, exchange: &'a ApiExchange) -> Vec<(&'a Parameter, Vec<String>)> {
    let path = operation.path.parameters(&exchange.path).unwrap_or_default();
    operation
        .parameters
        .iter()
        .map(|parameter| {
            let values = match parameter.location.as_str() {
                "path" => path.iter().filter(|(name, _)| *name == parameter.name).map(|(_, value)| decoded(value)).collect(),
                "query" => {
                    let pairs = url::form_urlencoded::parse(exchange.query.as_bytes());
                    pairs.filter(|(name, _)| *name == parameter.name).map(|(_, value)| value.into_owned()).collect()
                }
                _ => exchange.request_headers.iter().filter(|(name, _)| *name == parameter.name).map(|(_, value)| value.clone()).collect(),
            };
            (parameter, values)
        })
        .collect()
}

fn decoded(segment: &str) -> String {
    // `+` and `&` have a special meaning in a form, but not in a path.
    let escaped = segment.replace('+', "%2B").replace('&', "%26");
    url::form_urlencoded::parse(format!("={escaped}").as_bytes()).map(|(_, value)| value.into_owned()).collect()
}

/// Returns the kind of error ([`crate::Errors::kind`]) in a response.
pub(super) fn kind_of(profile: &Profile, exchange: &ApiExchange) -> Option<String> {
    let member = profile.errors.kind.filter(|_| exchange.status >= 400)?;
    let body: Value = serde_json::from_str(&exchange.response_body).ok()?;
    body[member].as_str().map(str::to_owned)
}

/// Whether the service may refuse a value for a reason that the schema of the value does not state. `pointer` is the
/// location of the value.
fn is_beyond_the_schema(refusal: &Refusal, pointer: &str) -> bool {
    // In RFC 9457, a pointer is written as the fragment of a URI.
    let fragment = pointer.strip_prefix('#').map(decoded);
    let pointer = fragment.as_deref().unwrap_or(pointer);
    let is_index = |segment: &str| !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit());
    let general: Vec<&str> = pointer.split('/').map(|segment| if is_index(segment) { "*" } else { segment }).collect();
    pointer.is_empty() || refusal.exceeds_the_schema(&general.join("/"))
}

/// The violations of one exchange.
struct Violations<'a> {
    profile: &'a Profile,
    /// The pointer of the operation.
    at: String,
    /// The text for [`Violation::exchange`].
    exchange: String,
    list: Vec<Violation>,
}

impl<'a> Violations<'a> {
    fn new(profile: &'a Profile, at: &str, exchange: String) -> Violations<'a> {
        Violations { profile, at: at.to_owned(), exchange, list: Vec::new() }
    }

    fn add(&mut self, pointer: String, message: impl Into<String>) {
        self.list.push(Violation { pointer, exchange: self.exchange.clone(), message: message.into() });
    }

    fn add_here(&mut self, message: impl Into<String>) {
        self.add(self.at.clone(), message);
    }

    fn check_headers(&mut self, expected: &[Parameter], headers: &[Header]) {
        for expected in expected.iter().filter(|expected| expected.location == "header") {
            match header(headers, &expected.name) {
                None if expected.required => self.add(expected.at.clone(), format!("the required header {} is missing", expected.name)),
                None => {}
                Some(value) => match expected.schema.accepts_text(value) {
                    Ok(true) => {}
                    Ok(false) => {
                        self.add(expected.schema.at.clone(), format!("the header {} has the wrong value {value:?}", expected.name))
                    }
                    Err(error) => self.add(expected.schema.at.clone(), error),
                },
            }
        }
    }

    fn check_content(&mut self, at: &str, expected: &BTreeMap<String, Schema>, headers: &[Header], body: &str) {
        if expected.is_empty() {
            if !body.is_empty() {
                self.add(at.to_owned(), "there is a body, but none is documented");
            }
            return;
        }
        let media_type = media_type(headers);
        let Some(schema) = expected.get(&media_type) else {
            return self.add(format!("{at}/content"), format!("the media type {media_type:?} is not documented"));
        };
        match serde_json::from_str(body) {
            Ok(value) => self.check_value(schema, &value, Style::Closed),
            Err(error) => self.add(schema.at.clone(), format!("the body is not JSON: {error}")),
        }
    }

    fn check_value(&mut self, schema: &Schema, value: &Value, style: Style) {
        match schema.validator(style) {
            Ok(validator) => {
                for error in validator.iter_errors(value) {
                    self.add(schema.at.clone(), format!("at {:?}: {error}", error.instance_path().to_string()));
                }
            }
            Err(error) => self.add(schema.at.clone(), error),
        }
    }

    /// Checks that the document has an example with the kind of error of the exchange.
    fn check_kind(&mut self, response: &Response, exchange: &ApiExchange) {
        if let Some(kind) = kind_of(self.profile, exchange)
            && !response.kinds.iter().any(|(_, known)| *known == kind)
        {
            self.add(response.at.clone(), format!("no example shows the kind of error `{kind}`"));
        }
    }

    /// Checks that the service applied `security` and the scope of the operation to the caller.
    fn check_caller(&mut self, operation: &Operation, exchange: &ApiExchange) {
        let accepted = exchange.is_success() || exchange.status == 404 || exchange.status == 409;
        let security = format!("{}/security", operation.at);
        match (&exchange.caller, &operation.scope) {
            (Caller::Scopes(scopes), Some(scope)) if exchange.status == 403 && scopes.contains(&scope.name) => {
                self.add(scope.at.clone(), format!("a token with the scope {} was refused", scope.name));
            }
            (Caller::Scopes(scopes), Some(scope)) if accepted && !scopes.contains(&scope.name) => {
                self.add(scope.at.clone(), format!("a token without the scope {} was accepted", scope.name));
            }
            (Caller::WithoutToken, _) if operation.needs_token && accepted => {
                self.add(security, "a request without a token was accepted");
            }
            (Caller::WithoutToken, _) if !operation.needs_token && exchange.status == 401 => {
                self.add(security, "a request without a token was refused");
            }
            _ => {}
        }
    }

    /// Checks that an accepted request matches the document, and that a refused request violates the document. A
    /// request is accepted if its response has a success status.
    fn check_request(&mut self, operation: &Operation, exchange: &ApiExchange) {
        let accepted = exchange.is_success();
        let refusal = &self.profile.errors.refusal;
        let refused =
            exchange.status == refusal.status && refusal.kind.is_none_or(|kind| kind_of(self.profile, exchange).as_deref() == Some(kind));
        if !accepted && !refused {
            return;
        }
        // The violations of the request.
        let mut invalid = Violations::new(self.profile, &self.at, self.exchange.clone());
        let mut is_repeated = false;
        for (name, _) in url::form_urlencoded::parse(exchange.query.as_bytes()) {
            if !operation.parameters.iter().any(|parameter| parameter.location == "query" && parameter.name == name) {
                invalid.add_here(format!("the query parameter {name} is not documented"));
            }
        }
        let values = parameter_values(operation, exchange);
        for (parameter, values) in &values {
            is_repeated |= values.len() > 1;
            if values.is_empty() && parameter.required {
                invalid.add(parameter.at.clone(), format!("the required parameter {} is missing", parameter.name));
            }
            for value in values {
                match parameter.schema.accepts_text(value) {
                    Ok(true) => {}
                    Ok(false) => {
                        invalid.add(parameter.schema.at.clone(), format!("the parameter {} has the wrong value {value:?}", parameter.name));
                    }
                    Err(error) => self.add(parameter.schema.at.clone(), error),
                }
            }
        }
        let is_json = self.check_request_body(operation, exchange, &mut invalid);
        if accepted {
            for violation in invalid.list {
                self.add(violation.pointer, format!("accepted an invalid request: {}", violation.message));
            }
            return;
        }
        let error: Value = serde_json::from_str(&exchange.response_body).unwrap_or_default();
        let pointers = refusal
            .pointers
            .map(|(list, member)| error[list].as_array().into_iter().flatten().filter_map(move |item| item[member].as_str()));
        let pointers: Vec<&str> = pointers.into_iter().flatten().collect();
        // A schema cannot express every reason to refuse a request. Examples are a repeated parameter and a body that
        // is not JSON.
        let beyond = pointers.iter().any(|pointer| is_beyond_the_schema(refusal, pointer)) || is_repeated || !is_json;
        let is_opaque = |name: &str| refusal.opaque_parameters.contains(&name);
        let opaque = pointers.is_empty() && values.iter().any(|(known, values)| is_opaque(&known.name) && !values.is_empty());
        if invalid.list.is_empty() && !beyond && !opaque {
            let at = operation.request.as_ref().and_then(|body| body.content.values().next()).map_or(&operation.at, |schema| &schema.at);
            let message = format!("refused a valid request, with the pointers {pointers:?}: {}", exchange.response_body);
            self.add(at.clone(), message);
        }
    }

    /// Adds the violations of a request body to `invalid`. Returns false if the body is not JSON. In this case, no
    /// schema applies. A service may ignore a byte order mark (RFC 8259 §8.1).
    fn check_request_body(&mut self, operation: &Operation, exchange: &ApiExchange, invalid: &mut Violations<'_>) -> bool {
        let Some(Body { required, content }) = &operation.request else { return true };
        let Some(text) = &exchange.request_body else { return false };
        let Some(schema) = content.get("application/json") else {
            self.add(operation.at.clone(), "a JSON body is not documented");
            return true;
        };
        if text.is_empty() {
            if *required {
                invalid.add(schema.at.clone(), "the required body is missing");
            }
            return true;
        }
        match serde_json::from_str(text.strip_prefix('\u{feff}').unwrap_or(text)) {
            Ok(value) => {
                invalid.check_value(schema, &value, Style::Written);
                true
            }
            Err(error) => {
                if exchange.is_success() {
                    invalid.add(schema.at.clone(), format!("the body is not JSON: {error}"));
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
    fn a_path_segment_is_not_decoded_like_a_form() {
        assert_eq!(decoded("a+b&c=%41"), "a+b&c=A");
    }
}
