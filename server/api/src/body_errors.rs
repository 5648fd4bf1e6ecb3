//! Parses request bodies. Finds all errors of a refused body, and describes them without terms of Rust.
//!
//! The parser of a type stops at the first error. So this module removes the refused value and parses the rest again,
//! until the parser accepts the rest. Each error comes from the parser, so there is no second set of rules. Only the
//! names of all missing members come from the schema of the type. Only refused requests use this module.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::json::{self, pointer};
use crate::similarity::most_similar;
use crate::types::{ObjectOnly, ProblemError};

/// The type of a request body.
pub trait RequestBody: JsonSchema + DeserializeOwned + Send + Sync + 'static {}

impl<T: JsonSchema + DeserializeOwned + Send + Sync + 'static> RequestBody for T {}

/// Maximum number of errors in a response. openapi.json has the same limit.
const MAX_ERRORS: usize = 32;

/// A larger body gets only its first error, because each further error costs a pass over the body.
const MAX_BODY_BYTES: usize = 32 * 1024;

/// Returns the errors of a body that is valid JSON. `first` is the error of the parser.
pub(crate) fn find<T: RequestBody>(body: &[u8], first: FirstError) -> Vec<ProblemError> {
    let mut found =
        Found { errors: Vec::new(), removed: HashMap::new(), schema: serde_json::to_value(schemars::schema_for!(T)).unwrap_or_default() };
    let Some(mut rest) = (body.len() <= MAX_BODY_BYTES).then(|| serde_json::from_slice::<Value>(body).ok()).flatten() else {
        return vec![first.into_error()];
    };
    // Of two members with the same name, the rest has only one.
    if first.message.starts_with("duplicate field") {
        found.errors.push(first.clone().into_error());
    }
    while found.errors.len() < MAX_ERRORS {
        let text = rest.to_string();
        let Err(Refusal::Body(refusal)) = deserialize::<T>(text.as_bytes()) else { break };
        if !found.add(&mut rest, refusal) {
            break;
        }
    }
    if found.errors.is_empty() { vec![first.into_error()] } else { found.errors }
}

/// Why a body was refused.
pub(crate) enum Refusal {
    Body(FirstError),
    NotJson { pointer: String, message: String },
}

pub(crate) fn deserialize<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(ObjectOnly(&mut deserializer)).map_err(|error| {
        let pointer = pointer(error.path());
        let error = error.into_inner();
        match error.is_data() {
            true => Refusal::Body(FirstError { pointer, message: without_values(&without_position(&error)) }),
            false => not_json(bytes, &error),
        }
    })?;
    deserializer.end().map_err(|error| not_json(bytes, &error))?;
    Ok(value)
}

fn not_json(bytes: &[u8], error: &serde_json::Error) -> Refusal {
    let message = without_position(error);
    let message = match message.strip_prefix("EOF while parsing ") {
        Some("a list") => "the body ends in the middle of an array".to_owned(),
        Some(what) => format!("the body ends in the middle of {what}"),
        None if message == "trailing characters" => "there is text after the JSON object".to_owned(),
        None => message,
    };
    Refusal::NotJson { pointer: json::end_of_valid(bytes), message: format!("the body is not one valid JSON value: {message}") }
}

/// Returns the message without its line and column. A body usually has one long line.
fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(&position).map_or(text.clone(), str::to_owned)
}

/// Removes the quoted value from an error message of serde, because the value may be a password that was sent in the
/// wrong member. Names of members are not removed: the caller needs them, and `pointer` contains them too.
pub(crate) fn without_values(message: &str) -> String {
    const EXPECTED: &str = ", expected ";
    let quoting = ["invalid type: ", "invalid value: ", "unknown variant "];
    let start = quoting.iter().filter_map(|prefix| Some(message.find(prefix)? + prefix.len())).min();
    let (Some(start), Some(expected)) = (start, message.rfind(EXPECTED)) else { return message.to_owned() };
    // The kind of the value comes before the quoted value. The text after the last `expected` is written by the service.
    let found = message.get(start..expected).unwrap_or_default();
    let kind = found.split(['`', '"']).next().unwrap_or_default().trim_end();
    let kind = if kind.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b' ') { kind } else { "" };
    format!("{}{}", format!("{}{kind}", &message[..start]).trim_end(), &message[expected..])
}

/// The first error of a body.
#[derive(Clone, Debug)]
pub(crate) struct FirstError {
    /// The position of the refused value.
    pub(crate) pointer: String,
    /// The message of serde, without values.
    pub(crate) message: String,
}

impl FirstError {
    pub(crate) fn into_error(self) -> ProblemError {
        ProblemError::new(self.pointer, in_plain_words(&self.message))
    }

    /// Returns the name of the missing member, if this is the error.
    fn missing(&self) -> Option<&str> {
        self.message.strip_prefix("missing field `")?.strip_suffix('`')
    }
}

struct Found {
    errors: Vec<ProblemError>,
    /// The original indices of the removed items, and the names of the removed members, for each array and object.
    removed: HashMap<String, Vec<String>>,
    /// The JSON Schema of the type.
    schema: Value,
}

impl Found {
    /// Adds an error and removes its value from the body. Returns whether something was removed.
    fn add(&mut self, rest: &mut Value, refusal: FirstError) -> bool {
        let original = self.original(&refusal.pointer, rest);
        if let Some(name) = refusal.missing() {
            let mut names = missing_members(&self.schema, &refusal.pointer, rest);
            if !names.iter().any(|missing| missing == name) {
                names.push(name.to_owned());
            }
            let removed = self.removed.get(&original);
            names.retain(|name| removed.is_none_or(|removed| !removed.contains(name)));
            self.errors.extend(names.iter().map(|name| ProblemError::new(&*original, format!("the member `{name}` is missing"))));
        } else if !self.removed.contains_key(&original) {
            // Otherwise the error can be a consequence of what was removed: an array may now have too few items.
            self.errors.push(ProblemError::new(&*original, in_plain_words(&refusal.message)));
        }
        self.errors.truncate(MAX_ERRORS);
        self.remove(rest, &refusal.pointer, &original)
    }

    fn remove(&mut self, rest: &mut Value, pointer: &str, original: &str) -> bool {
        let (Some((parent, _)), Some((original_parent, name))) = (pointer.rsplit_once('/'), original.rsplit_once('/')) else {
            return false;
        };
        let last = unescaped(&pointer[parent.len() + 1..]);
        let removed = match rest.pointer_mut(parent) {
            Some(Value::Object(members)) => members.remove(&last).is_some(),
            Some(Value::Array(items)) => match last.parse::<usize>() {
                Ok(index) if index < items.len() => {
                    items.remove(index);
                    true
                }
                _ => false,
            },
            _ => false,
        };
        if removed {
            self.removed.entry(original_parent.to_owned()).or_default().push(unescaped(name));
        }
        removed
    }

    /// Converts a position in the rest of the body to the position in the body.
    fn original(&self, pointer: &str, rest: &Value) -> String {
        let (mut original, mut value) = (String::new(), Some(rest));
        for segment in pointer.split('/').skip(1) {
            let mut name = segment.to_owned();
            if let (Some(Value::Array(_)), Ok(mut index), Some(removed)) = (value, segment.parse::<usize>(), self.removed.get(&original)) {
                let mut removed: Vec<usize> = removed.iter().filter_map(|index| index.parse().ok()).collect();
                removed.sort_unstable();
                index += removed.iter().enumerate().take_while(|(before, removed)| **removed <= index + before).count();
                name = index.to_string();
            }
            value = match value {
                Some(Value::Array(items)) => segment.parse::<usize>().ok().and_then(|index| items.get(index)),
                Some(Value::Object(members)) => members.get(&unescaped(segment)),
                _ => None,
            };
            original = format!("{original}/{name}");
        }
        original
    }
}

fn unescaped(segment: &str) -> String {
    segment.replace("~1", "/").replace("~0", "~")
}

/// Returns the names of the required members that the object at this position does not have.
fn missing_members(root: &Value, pointer: &str, body: &Value) -> Vec<String> {
    let (mut schema, mut value) = (resolved(root, root, body), body);
    for segment in pointer.split('/').skip(1) {
        let member = schema["properties"].get(unescaped(segment)).unwrap_or(&schema["items"]);
        value = match value {
            Value::Array(items) => segment.parse::<usize>().ok().and_then(|index| items.get(index)).unwrap_or(&Value::Null),
            value => value.get(unescaped(segment)).unwrap_or(&Value::Null),
        };
        schema = resolved(root, member, value);
    }
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    required.filter(|name| value.get(name).is_none()).map(str::to_owned).collect()
}

/// Follows references, and chooses the variant of an enum by the values of its constant members.
fn resolved<'a>(root: &'a Value, schema: &'a Value, value: &Value) -> &'a Value {
    let fits = |variant: &Value| {
        let members = variant["properties"].as_object().into_iter().flatten();
        members.filter_map(|(name, member)| Some((name, member["enum"].as_array()?))).all(|(name, values)| values.contains(&value[name]))
    };
    let next = match (&schema["$ref"], &schema["allOf"][0], &schema["oneOf"]) {
        (Value::String(reference), ..) => root.pointer(reference.trim_start_matches('#')),
        (_, inner @ Value::Object(_), _) => Some(inner),
        (.., Value::Array(variants)) => variants.iter().find(|variant| fits(variant)),
        _ => None,
    };
    next.map_or(schema, |next| resolved(root, next, value))
}

/// Describes an error of serde without terms of Rust.
pub(crate) fn in_plain_words(message: &str) -> String {
    let quoted = |text: &str| text.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    if let Some(rest) = message.strip_prefix("unknown field ") {
        let names = quoted(rest);
        let Some((name, known)) = names.split_first() else { return "there is no such member".to_owned() };
        return match most_similar(name, known) {
            Some(known) => format!("there is no member `{name}`; did you mean `{known}`?"),
            None if known.is_empty() => format!("there is no member `{name}`"),
            None => format!("there is no member `{name}`; the members are {}", list(known, ", ")),
        };
    }
    if let Some(rest) = message.strip_prefix("missing field ") {
        return format!("the member {rest} is missing");
    }
    if let Some(rest) = message.strip_prefix("duplicate field ") {
        return format!("the member {rest} occurs more than once");
    }
    if let Some(rest) = message.strip_prefix("unknown variant") {
        let expected = rest.split_once(", expected ").map_or(rest, |(_, expected)| expected);
        return format!("must be {}", list(&quoted(expected), " or "));
    }
    let refused = ["invalid type: ", "invalid value: ", "invalid length "].iter().find_map(|prefix| message.strip_prefix(prefix));
    let Some((found, expected)) = refused.and_then(|rest| rest.split_once(", expected ").or(rest.split_once("expected "))) else {
        return message.to_owned();
    };
    let expected = match expected {
        "a map" => "a JSON object",
        "a sequence" => "an array",
        "a boolean" => "true or false",
        "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" => "a whole number",
        "f64" => "a number",
        structure if structure.starts_with("struct ") || structure.contains("enum") => "a JSON object",
        expected => expected,
    };
    let found = match found.trim() {
        "sequence" => "an array",
        "map" => "an object",
        "string" => "a string",
        "boolean" => "a boolean",
        "integer" | "floating point" => "a number",
        "null" => "null",
        _ => return format!("must be {expected}"),
    };
    format!("must be {expected}, and not {found}")
}

fn list(names: &[String], separator: &str) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(separator)
}

#[cfg(test)]
mod tests {
    use crate::extract::parse;
    use crate::types::{NotificationPublication, WebhookRegistration, WebhookUpdate};

    use super::*;

    fn errors<T: RequestBody>(body: &str) -> Vec<(String, String)> {
        let error = parse::<T>(body.as_bytes()).err().unwrap_or_else(|| panic!("accepted: {body}"));
        let mut errors: Vec<_> = error.errors.into_iter().map(|error| (error.pointer, error.detail)).collect();
        errors.sort();
        errors
    }

    fn pointers<T: RequestBody>(body: &str) -> Vec<String> {
        errors::<T>(body).into_iter().map(|(pointer, _)| pointer).collect()
    }

    #[test]
    fn all_errors_of_a_body_are_reported() {
        let body = r#"{"targetUrl":"https://example.com","auth":{"type":"basic","username":"a:b"},"eventTypes":["A","a.b","B","*.c"],
            "headers":[{"name":"Host","value":"a"},{"name":"X-Key"}],"maxPerSecond":0}"#;
        let found = errors::<WebhookRegistration>(body);
        let expected = [
            ("", "the member `targetURL` is missing"),
            ("/auth", "the member `password` is missing"),
            ("/auth/username", "without a colon"),
            ("/eventTypes/0", "dotted lower-case name"),
            ("/eventTypes/2", "dotted lower-case name"),
            ("/eventTypes/3", "dotted lower-case name"),
            ("/headers/0/name", "`host`"),
            ("/headers/1", "the member `value` is missing"),
            ("/maxPerSecond", "1"),
            ("/targetUrl", "there is no member `targetUrl`; did you mean `targetURL`?"),
        ];
        assert_eq!(found.len(), expected.len(), "{found:#?}");
        for ((pointer, detail), (expected_pointer, expected_detail)) in found.iter().zip(expected) {
            assert!(
                pointer == expected_pointer && detail.contains(expected_detail),
                "{pointer}: {detail}, expected {expected_pointer}: {expected_detail}"
            );
        }
    }

    #[test]
    fn all_missing_members_of_an_object_are_reported() {
        assert_eq!(pointers::<NotificationPublication>("{}"), ["", ""]);
        let auth = r#"{"auth":{"type":"client_credential","clientID":"c"}}"#;
        assert_eq!(
            errors::<WebhookUpdate>(auth),
            ["clientSecret", "tokenURL"].map(|name| ("/auth".to_owned(), format!("the member `{name}` is missing")))
        );
    }

    #[test]
    fn no_error_is_a_consequence_of_another_error() {
        assert_eq!(pointers::<WebhookUpdate>(r#"{"eventTypes":["A"]}"#), ["/eventTypes/0"]);
        assert_eq!(pointers::<NotificationPublication>(r#"{"type":"A","data":[]}"#), ["/data", "/type"]);
    }

    #[test]
    fn the_number_of_errors_is_limited() {
        let types: Vec<String> = (0..100).map(|number| format!("A{number}")).collect();
        let body = serde_json::json!({ "targetURL": "https://example.com", "eventTypes": types }).to_string();
        assert_eq!(pointers::<WebhookRegistration>(&body).len(), MAX_ERRORS);
        let large = format!(r#"{{"description":"{}","eventTypes":["A"]}}"#, "x".repeat(MAX_BODY_BYTES));
        assert_eq!(pointers::<WebhookRegistration>(&large), ["/description"], "each error of a large body costs much");
    }

    #[test]
    fn no_error_has_terms_of_rust_or_a_column() {
        let values = ["1", "-1", "1.5", "true", "null", "[]", "{}", r#""""#, r#"{"type":7}"#, "[null]", r#"[{"name":7}]"#];
        let members = ["targetURL", "auth", "headers", "eventTypes", "description", "maxPerSecond", "ordered", "other"];
        let mut bodies: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
        bodies.extend(members.iter().flat_map(|member| values.iter().map(move |value| format!(r#"{{"{member}":{value}}}"#))));
        bodies.extend(
            ["", "{", "[", r#"{"a":}"#, r#"{"targetURL":"x""#, r#"{"targetURL":"x",}"#, "{} {}", "nul", "\"\\x\"", "\"a\u{1}\""]
                .map(str::to_owned),
        );
        for body in bodies {
            let Err(error) = parse::<WebhookRegistration>(body.as_bytes()) else { continue };
            for error in &error.errors {
                let detail = &error.detail;
                for term in [
                    "struct", "enum", "sequence", "map", "variant", "field", "i32", "u32", "f64", "unit", "newtype", "EOF", "line ",
                    "column",
                ] {
                    assert!(!detail.split(|c: char| !c.is_alphanumeric() && c != ' ').any(|part| part.contains(term)), "{body}: {detail}");
                }
            }
        }
    }
}
