//! Formats the changes as text. Each change is one line, which begins with the line number in openapi.json.

use super::Comparison;
use super::finding::{Finding, Severity, User};
use crate::openapi::lines::Lines;
use crate::openapi::report::in_operations;

pub(super) fn text(comparison: &Comparison, name: &str, openapi_json: &str) -> String {
    let lines = Lines::of(openapi_json);
    let mut report = String::new();
    for finding in &comparison.findings {
        report.push_str(&format!("openapi.json:{}: {}\n", lines.of_pointer(&finding.existing), sentence(finding)));
    }
    let count = |severity| comparison.findings.iter().filter(|finding| finding.severity == severity).count();
    let (breaking, additions) = (count(Severity::Breaking), count(Severity::Addition));
    if breaking + additions > 0 {
        report.push('\n');
    }
    let (old, new) = (&comparison.old_version, &comparison.new_version);
    report.push_str(&format!("compared with {name}: {breaking} breaking, {additions} additions; `info.version` was {old} and is {new}"));
    report.push_str(&match (comparison.version_is_enough(), breaking + additions) {
        (true, 0) => "\n".to_owned(),
        (true, _) => ", which is high enough\n".to_owned(),
        (false, _) => format!(", but must be at least {}\n", comparison.required_version()),
    });
    report
}

fn sentence(finding: &Finding) -> String {
    let severity = match finding.severity {
        Severity::Breaking => "breaking",
        Severity::Addition => "addition",
    };
    let user = match finding.view.user {
        User::Client => "a client",
        User::Receiver => "a callback receiver",
    };
    let operations = in_operations(&finding.operations);
    format!("{}: {severity}: {}; {user} {}{operations}", finding.pointer, finding.change, finding.effect)
}
