//! `cargo xtask coverage`: every answer that openapi.json documents was given in the last full run of the tests, which
//! write down what they see. An answer that nobody has ever seen may be a promise that nothing keeps.

use std::collections::BTreeSet;
use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::Value;

const SEEN: &str = "target/contract/seen.txt";

/// Answers that no test provokes from outside. This list only ever shrinks.
const UNSEEN: [(&str, &[&str], &str); 1] = [(
    "503",
    &[
        "getDelivery",
        "getNotification",
        "getSigningSecret",
        "getWebhook",
        "listDeliveries",
        "listNotifications",
        "listWebhooks",
        "testWebhook",
    ],
    "they only read, and nothing that holds the embedded database up keeps its readers waiting",
)];

/// # Errors
/// When openapi.json or what the tests wrote down cannot be read.
pub fn run() -> anyhow::Result<ExitCode> {
    let document: Value = serde_json::from_str(&crate::read(&crate::repository("openapi.json"))?).context("openapi.json is not JSON")?;
    let seen = crate::read(&crate::repository(SEEN)).context("run `cargo test -p webhooks-server --test it` first")?;
    let problems = problems(&documented(&document)?, &seen.lines().map(str::to_owned).collect());
    for problem in &problems {
        println!("{problem}");
    }
    if problems.is_empty() {
        println!(
            "every documented answer was seen, but for {} that are listed with a reason",
            UNSEEN.iter().map(|(_, list, _)| list.len()).sum::<usize>()
        );
        return Ok(ExitCode::SUCCESS);
    }
    println!("\nThe whole of `cargo test -p webhooks-server --test it` must have run last; what it then lacks needs a test.");
    Ok(ExitCode::from(crate::DRIFT))
}

/// `operationId status` of each answer in the document.
fn documented(document: &Value) -> anyhow::Result<BTreeSet<String>> {
    let mut answers = BTreeSet::new();
    for item in document["paths"].as_object().context("openapi.json has no paths")?.values() {
        for operation in item.as_object().into_iter().flatten().map(|(_, operation)| operation) {
            let (Some(id), Some(responses)) = (operation["operationId"].as_str(), operation["responses"].as_object()) else { continue };
            answers.extend(responses.keys().map(|status| format!("{id} {status}")));
        }
    }
    Ok(answers)
}

fn problems(documented: &BTreeSet<String>, seen: &BTreeSet<String>) -> Vec<String> {
    let excused: BTreeSet<String> =
        UNSEEN.iter().flat_map(|(status, operations, _)| operations.iter().map(move |operation| format!("{operation} {status}"))).collect();
    let missing = documented
        .difference(seen)
        .filter(|answer| !excused.contains(*answer))
        .map(|answer| format!("{answer}: documented, and no test has seen it"));
    let excess = excused.iter().filter(|answer| seen.contains(*answer)).map(|answer| format!("{answer}: seen, so its excuse must go"));
    let strays = excused.difference(documented).map(|answer| format!("{answer}: excused, and not documented any more"));
    missing.chain(excess).chain(strays).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_nobody_saw_is_named() -> anyhow::Result<()> {
        let document: Value = serde_json::from_str(&crate::read(&crate::repository("openapi.json"))?)?;
        let documented = documented(&document)?;
        let seen: BTreeSet<String> =
            documented.iter().filter(|answer| !answer.ends_with(" 503") || answer.starts_with("registerWebhook")).cloned().collect();
        let found = problems(&documented, &seen);
        assert!(found.contains(&"publishNotification 503: documented, and no test has seen it".to_owned()), "{found:?}");
        assert!(!found.iter().any(|problem| problem.contains("getWebhook 503")), "excused");
        let found = problems(&documented, &documented);
        assert_eq!(found.len(), UNSEEN[0].1.len(), "each excuse that is not needed is named: {found:?}");
        Ok(())
    }
}
