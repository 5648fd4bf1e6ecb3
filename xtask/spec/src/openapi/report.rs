//! What a person reads: one line for each finding, that begins with the place in openapi.json.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Findings;
use super::compare::Difference;
use super::lines::Lines;

/// Enough to recognise a value by; the rest is in the documents.
const VALUE_WIDTH: usize = 160;

pub(super) fn text(findings: &Findings, openapi_json: &str, command: &str) -> String {
    if findings.is_empty() {
        return "openapi.json and the code say the same, and every example is valid\n".to_owned();
    }
    let lines = Lines::of(openapi_json);
    let mut report: Vec<String> = Vec::new();
    for difference in &findings.differences {
        report.push(format!("openapi.json:{}: {}", lines.of_pointer(&difference.near), sentence(difference)));
    }
    for example in &findings.examples {
        report.push(format!("openapi.json:{}: {}: {}", lines.of_pointer(&example.pointer), example.pointer, example.reason));
    }
    for pointer in &findings.unused {
        report.push(format!("openapi.json:{}: {pointer}: nothing refers to it, so nothing holds it", lines.of_pointer(pointer)));
    }
    let count = report.len();
    format!(
        "{}\n\n{count} {}. openapi.json is the source of truth: where it says what was decided, change the code.\n\
         `{command} openapi --rules` prints what cannot be compared.\n",
        report.join("\n"),
        if count == 1 { "finding" } else { "findings" },
    )
}

/// An object for each finding: its `kind`, and what is known of `pointer` (RFC 6901), `line`, `spec`, `code`, `operations`
/// and `reason`. A `spec` or `code` that says nothing is absent.
pub(super) fn json(findings: &Findings, openapi_json: &str) -> Value {
    let lines = Lines::of(openapi_json);
    let differences = findings.differences.iter().map(|difference| {
        let mut finding = json!({
            "kind": "difference",
            "pointer": difference.pointer,
            "line": lines.of_pointer(&difference.near),
            "operations": difference.operations,
        });
        for (name, value) in [("spec", &difference.spec), ("code", &difference.code)] {
            if let Some(value) = value {
                finding[name] = value.clone();
            }
        }
        finding
    });
    let examples = findings.examples.iter().map(|example| {
        let (pointer, line) = (&example.pointer, lines.of_pointer(&example.pointer));
        json!({ "kind": "example", "pointer": pointer, "line": line, "reason": example.reason })
    });
    let unused = findings.unused.iter().map(|pointer| json!({ "kind": "unused", "pointer": pointer, "line": lines.of_pointer(pointer) }));
    differences.chain(examples).chain(unused).collect()
}

fn sentence(difference: &Difference) -> String {
    let says = |value: &Option<Value>| value.as_ref().map_or_else(|| "nothing".to_owned(), shortened);
    let places = in_operations(&difference.operations);
    format!("{}: openapi.json says {}, the code says {}{places}", difference.pointer, says(&difference.spec), says(&difference.code))
}

/// Where a finding was seen, to stand behind it: the first operation by name, and how many more.
pub(super) fn in_operations(operations: &BTreeSet<String>) -> String {
    match (operations.first(), operations.len()) {
        (None, _) => String::new(),
        (Some(first), 1) => format!(" (in {first})"),
        (Some(first), count) => format!(" (in {first} and {} more)", count - 1),
    }
}

pub(super) fn shortened(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(VALUE_WIDTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
