//! Checks that each pattern of openapi.json is a regular expression that all tools can compile.
//!
//! A pattern has the syntax of ECMA-262. Tools in Go, Rust and other languages use RE2 or a similar engine, which has no
//! look-around and no backreferences. The crate `regex` has the same limits. A schema can use `not` with a pattern
//! instead of a negative look-ahead.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::node::child;

/// A pattern that some tools cannot compile.
#[derive(Clone, Debug, PartialEq)]
pub struct BadPattern {
    /// A JSON pointer into openapi.json.
    pub pointer: String,
    pub reason: String,
}

/// The largest number of repetitions that RE2 accepts.
const MAX_REPETITIONS: u32 = 1000;

pub(super) fn check(document: &Value) -> Vec<BadPattern> {
    let mut bad = Vec::new();
    find(document, "", &mut bad);
    bad
}

fn find(value: &Value, at: &str, bad: &mut Vec<BadPattern>) {
    match value {
        Value::Array(items) => items.iter().enumerate().for_each(|(index, item)| find(item, &child(at, &index.to_string()), bad)),
        Value::Object(members) => {
            for (name, value) in members {
                let here = child(at, name);
                match (name.as_str(), value) {
                    ("pattern", Value::String(pattern)) => bad.extend(problem(pattern).map(|reason| BadPattern { pointer: here, reason })),
                    ("example" | "examples" | "default" | "enum", _) => {}
                    // The names of properties are not keywords.
                    ("properties", Value::Object(properties)) => {
                        properties.iter().for_each(|(name, schema)| find(schema, &child(&here, name), bad));
                    }
                    _ => find(value, &here, bad),
                }
            }
        }
        _ => {}
    }
}

/// Returns why some tools cannot compile a pattern.
fn problem(pattern: &str) -> Option<String> {
    static REPETITIONS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\{(\d+)(?:,(\d*))?\}").expect("a valid pattern"));
    if let Err(error) = Regex::new(pattern) {
        let error = error.to_string();
        let cause = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
        return Some(format!("is outside RE2, so tools in Go and Rust refuse it: {cause}"));
    }
    let numbers = REPETITIONS
        .captures_iter(pattern)
        .flat_map(|found| [1, 2].map(|group| found.get(group).and_then(|number| number.as_str().parse().ok())));
    let most: u32 = numbers.flatten().max()?;
    (most > MAX_REPETITIONS).then(|| format!("is outside RE2, which allows at most {MAX_REPETITIONS} repetitions: {most}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pattern_outside_re2_is_refused() {
        for (pattern, reason) in [
            ("^(?!webhook\\.)[a-z]+$", Some("look-around")),
            ("(?<=a)b", Some("look-around")),
            ("(a)\\1", Some("backreferences")),
            ("^a{1001}$", Some("1000 repetitions: 1001")),
            ("^a{2,1001}$", Some("1000 repetitions: 1001")),
            ("^a{1,1000}$", None),
            ("^[^\\x00-\\x1f]*$", None),
        ] {
            let found = problem(pattern);
            assert_eq!(found.is_some(), reason.is_some(), "{pattern}: {found:?}");
            assert!(found.unwrap_or_default().contains(reason.unwrap_or_default()), "{pattern}");
        }
    }

    #[test]
    fn every_pattern_of_a_document_is_checked_and_nothing_else() {
        let schema = json!({
            "properties": {"pattern": {"pattern": "(?=a)"}, "b": {"items": {"not": {"pattern": "(?=b)"}}}, "example": {"example": {"pattern": "(?=c)"}}},
        });
        let pointers: Vec<String> = check(&json!({"components": {"schemas": {"A": schema}}})).into_iter().map(|bad| bad.pointer).collect();
        let properties = "/components/schemas/A/properties";
        assert_eq!(pointers, [format!("{properties}/pattern/pattern"), format!("{properties}/b/items/not/pattern")]);
    }
}
