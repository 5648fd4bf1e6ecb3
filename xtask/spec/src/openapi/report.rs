//! Formats the findings as text or JSON. In the text, each finding is one line, which begins with the line number in
//! openapi.json.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Findings;
use super::compare::Difference;
use super::lines::Lines;

/// Maximum number of characters of a value in the text. The rest of a longer value is cut off.
const MAX_VALUE_LENGTH: usize = 160;

pub(super) fn text(findings: &Findings, openapi_json: &str, command: &str) -> String {
    if findings.is_empty() {
        return "openapi.json and the code agree, and every example is valid\n".to_owned();
    }
    let lines = Lines::of(openapi_json);
    let mut report: Vec<String> = Vec::new();
    for difference in &findings.differences {
        report.push(format!("openapi.json:{}: {}", lines.of_pointer(&difference.existing), sentence(difference)));
    }
    for example in &findings.examples {
        report.push(format!("openapi.json:{}: {}: {}", lines.of_pointer(&example.pointer), example.pointer, example.reason));
    }
    for pattern in &findings.patterns {
        report.push(format!("openapi.json:{}: {}: {}", lines.of_pointer(&pattern.pointer), pattern.pointer, pattern.reason));
    }
    for pointer in &findings.unused {
        report.push(format!("openapi.json:{}: {pointer}: unused component, which is not compared", lines.of_pointer(pointer)));
    }
    let count = report.len();
    format!(
        "{}\n\n{count} {}. openapi.json is the source of truth: if it is right, change the code.\n\
         `{command} openapi --rules` prints what cannot be compared.\n",
        report.join("\n"),
        if count == 1 { "finding" } else { "findings" },
    )
}

/// Returns a list with an object for each finding. Each object has `kind`, `pointer` (RFC 6901) and `line`. The object
/// of a difference also has `operations`. It has `spec` if openapi.json has the statement, and `code` if the code has
/// the statement. The object of an example or a pattern also has `reason`.
pub(super) fn json(findings: &Findings, openapi_json: &str) -> Value {
    let lines = Lines::of(openapi_json);
    let differences = findings.differences.iter().map(|difference| {
        let mut finding = json!({
            "kind": "difference",
            "pointer": difference.pointer,
            "line": lines.of_pointer(&difference.existing),
            "operations": difference.operations,
        });
        for (name, value) in [("spec", &difference.spec), ("code", &difference.code)] {
            if let Some(value) = value {
                finding[name] = value.clone();
            }
        }
        finding
    });
    let with_reason = |kind: &str, pointer: &str, reason: &str| json!({ "kind": kind, "pointer": pointer, "line": lines.of_pointer(pointer), "reason": reason });
    let examples = findings.examples.iter().map(|example| with_reason("example", &example.pointer, &example.reason));
    let patterns = findings.patterns.iter().map(|pattern| with_reason("pattern", &pattern.pointer, &pattern.reason));
    let unused = findings.unused.iter().map(|pointer| json!({ "kind": "unused", "pointer": pointer, "line": lines.of_pointer(pointer) }));
    differences.chain(examples).chain(patterns).chain(unused).collect()
}

fn sentence(difference: &Difference) -> String {
    let shown = |value: &Option<Value>| value.as_ref().map_or_else(|| "nothing".to_owned(), shortened);
    let operations = in_operations(&difference.operations);
    format!("{}: openapi.json has {}, the code has {}{operations}", difference.pointer, shown(&difference.spec), shown(&difference.code))
}

/// Returns the last part of a message. This part names the first operation with the finding, and says how many other
/// operations have it.
pub(super) fn in_operations(operations: &BTreeSet<String>) -> String {
    match (operations.first(), operations.len()) {
        (None, _) => String::new(),
        (Some(first), 1) => format!(" (in {first})"),
        (Some(first), count) => format!(" (in {first} and {} more)", count - 1),
    }
}

pub(super) fn shortened(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(MAX_VALUE_LENGTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
