//! What a person reads: one line for each change, that begins with its place in openapi.json.

use super::Comparison;
use super::finding::{Finding, User, Weight};
use crate::openapi::lines::Lines;
use crate::openapi::report::in_operations;

pub(super) fn text(comparison: &Comparison, name: &str, openapi_json: &str) -> String {
    let lines = Lines::of(openapi_json);
    let mut report = String::new();
    for finding in &comparison.findings {
        report.push_str(&format!("openapi.json:{}: {}\n", lines.of_pointer(&finding.near), sentence(finding)));
    }
    let count = |weight| comparison.findings.iter().filter(|finding| finding.weight == weight).count();
    let (breaking, additions) = (count(Weight::Breaking), count(Weight::Addition));
    if breaking + additions > 0 {
        report.push('\n');
    }
    let (old, new) = (&comparison.old_version, &comparison.new_version);
    report.push_str(&format!("against {name}: {breaking} breaking, {additions} additions; `info.version` was {old} and is {new}"));
    report.push_str(&match (comparison.version_is_enough(), breaking + additions) {
        (true, 0) => "\n".to_owned(),
        (true, _) => ", which says so\n".to_owned(),
        (false, _) => format!(", and must be at least {}\n", comparison.demanded_version()),
    });
    report
}

fn sentence(finding: &Finding) -> String {
    let weight = match finding.weight {
        Weight::Breaking => "breaking",
        Weight::Addition => "addition",
    };
    let user = match finding.view.user {
        User::Client => "a client",
        User::Receiver => "a callback receiver",
    };
    let places = in_operations(&finding.operations);
    format!("{}: {weight}: {}; {user} {}{places}", finding.pointer, finding.what, finding.why)
}
