//! The command `mutations`: checks that the other checks of this crate find errors in openapi.json.
//!
//! The command makes many changed copies of openapi.json. Each change alters one statement. The command applies a fixed
//! list of operators to all parts of the document. At least one check of [`DetectedBy`] must report each change. The
//! only exceptions are the survivors that the profile lists. The command also makes harmless changes, which alter no
//! statement. No check may report a harmless change.

use std::collections::BTreeMap;
use std::fmt;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::evidence::{self, Exchange, Replay};
use crate::{Service, openapi};

mod edit;
mod harmless;
mod mutants;
mod statement;

use edit::Edit;

#[derive(clap::Args)]
pub struct Arguments {
    /// Print every change, and the check that reported it
    #[arg(long)]
    verbose: bool,
}

/// A change of one statement, which a check must report.
struct Mutant {
    /// The kind of change, such as `drop`.
    operator: &'static str,
    /// The JSON pointer to the changed value.
    pointer: String,
    edit: Edit,
}

/// The check that reported a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DetectedBy {
    /// The comparison with the code, at the changed location.
    Comparison,
    /// The parser: the changed document is invalid.
    Parser,
    /// The exchanges that the tests recorded.
    Tests,
    /// The examples of the document.
    Examples,
    Nothing,
}

/// Makes all changes, and prints the changes with a wrong result.
///
/// # Errors
/// When openapi.json or the recorded exchanges cannot be read, or the unchanged openapi.json contradicts the code or
/// the exchanges.
pub fn run(service: &Service, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let document: Value = serde_json::from_str(&service.document()?).context("openapi.json is not JSON")?;
    let outcome = prove(service, &document, evidence::load(service)?)?;
    for line in if arguments.verbose { &outcome.all } else { &outcome.wrong } {
        println!("{line}");
    }
    println!("{outcome}");
    if outcome.wrong.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    println!("\n{} wrong results. If no check reports a change, add a check or a test for the changed statement.", outcome.wrong.len());
    Ok(ExitCode::from(crate::DRIFT))
}

/// The results of all changes.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The number of changes of one statement, by the check that reported them.
    pub counts: BTreeMap<DetectedBy, usize>,
    /// The number of harmless changes. A harmless change alters no statement.
    pub harmless: usize,
    /// The wrong results. Either no check reported a change that is not a survivor, or a check reported a survivor or a
    /// harmless change.
    pub wrong: Vec<String>,
    /// Every change of one statement, and the check that reported it.
    pub all: Vec<String>,
}

impl Outcome {
    #[must_use]
    pub fn count(&self, detected_by: DetectedBy) -> usize {
        self.counts.get(&detected_by).copied().unwrap_or_default()
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} changes of one statement: {} reported by comparison, {} by tests, {} by examples, {} leave no valid document, \
             {} unreported. {} harmless changes.",
            self.counts.values().sum::<usize>(),
            self.count(DetectedBy::Comparison),
            self.count(DetectedBy::Tests),
            self.count(DetectedBy::Examples),
            self.count(DetectedBy::Parser),
            self.count(DetectedBy::Nothing),
            self.harmless,
        )
    }
}

/// Makes every change of `document`, and determines which check reports the change.
///
/// # Errors
/// When the unchanged document contradicts the code or the exchanges, or a survivor of the profile is not a mutation.
pub fn prove(service: &Service, document: &Value, exchanges: Vec<Exchange>) -> anyhow::Result<Outcome> {
    let profile = &service.profile;
    let proof = Proof { comparison: openapi::Comparison::new(service)?, replay: Replay::new(profile, document, exchanges)? };
    if let Some(finding) = proof.first_finding(document) {
        bail!("openapi.json does not agree with the code or the tests (run `{0} openapi` and `{0} coverage`): {finding}", profile.command);
    }
    let mut outcome = Outcome::default();
    let mutants = mutants::of(document, profile);
    let survivors = profile.evidence.survivors.iter();
    let unmatched = survivors.filter(|survivor| !mutants.iter().any(|mutant| mutant.is(survivor)));
    let unmatched: Vec<String> = unmatched.map(|(operator, pointer, _)| format!("`{operator} {pointer}`")).collect();
    anyhow::ensure!(unmatched.is_empty(), "`survivors` of the profile has entries that are not mutations: {}", unmatched.join(", "));
    let results = in_parallel(&mutants, |mutant| proof.detect(&mutant.apply(document)?, &mutant.locations()))?;
    for (mutant, detected_by) in mutants.iter().zip(results) {
        *outcome.counts.entry(detected_by).or_default() += 1;
        let is_survivor = profile.evidence.survivors.iter().any(|survivor| mutant.is(survivor));
        let line = format!("{detected_by:?}: {} {} ({})", mutant.operator, mutant.pointer, mutant.edit);
        if (detected_by == DetectedBy::Nothing) != is_survivor {
            outcome.wrong.push(line.clone());
        }
        outcome.all.push(line);
    }
    let changes = harmless::of(document)?;
    outcome.harmless = changes.len();
    let findings = in_parallel(&changes, |change| Ok(proof.first_finding(&change.apply(document)?)))?;
    for (change, finding) in changes.iter().zip(findings) {
        if let Some(finding) = finding {
            outcome.wrong.push(format!("a harmless change was reported: {} at {}: {finding}", change.description, change.pointer));
        }
    }
    Ok(outcome)
}

struct Proof<'a> {
    comparison: openapi::Comparison<'a>,
    replay: Replay<'a>,
}

impl Proof<'_> {
    /// Returns the first check that reports an error in the changed document. A finding of the comparison counts only
    /// if it is near one of `locations`.
    fn detect(&self, document: &Value, locations: &[&str]) -> anyhow::Result<DetectedBy> {
        let is_expected = |found: &String| locations.iter().any(|location| is_near(found, location));
        match self.comparison.pointers(document) {
            Err(_) => return Ok(DetectedBy::Parser),
            Ok(found) if found.iter().any(is_expected) => return Ok(DetectedBy::Comparison),
            Ok(_) => {}
        }
        if self.replay.first_violation(document).is_some() {
            return Ok(DetectedBy::Tests);
        }
        Ok(if openapi::examples(document)?.is_empty() { DetectedBy::Nothing } else { DetectedBy::Examples })
    }

    /// Returns the first finding of the comparison. If the comparison has no finding, returns the first finding of the
    /// exchanges.
    fn first_finding(&self, document: &Value) -> Option<String> {
        let compared = self.comparison.pointers(document).map_or_else(|error| Some(format!("{error:#}")), |found| found.into_iter().next());
        compared.or_else(|| self.replay.first_violation(document))
    }
}

impl Mutant {
    fn is(&self, (operator, pointer, _): &(&str, &str, &str)) -> bool {
        *operator == self.operator && *pointer == self.pointer
    }

    /// # Errors
    /// When the edit cannot be applied, which is a bug of this crate.
    fn apply(&self, document: &Value) -> anyhow::Result<Value> {
        let changed = self.edit.apply(document, &self.pointer);
        changed.with_context(|| {
            format!("the mutation `{} {}` cannot be applied, which is a bug of openapi-proof", self.operator, self.pointer)
        })
    }

    /// Returns the pointers near which a finding about the change may be.
    fn locations(&self) -> Vec<&str> {
        let target = match &self.edit {
            Edit::Set(value) | Edit::Append(value) => {
                value.get("$ref").unwrap_or(value).as_str().and_then(|target| target.strip_prefix('#'))
            }
            Edit::Remove | Edit::Rename(_) => None,
        };
        // If the reference to a parameter was changed, the finding may be anywhere in the parameter list.
        let item = self.pointer.strip_suffix("/$ref").filter(|item| item.rsplit('/').nth(1) == Some("parameters"));
        [Some(self.pointer.as_str()), target, item].into_iter().flatten().collect()
    }
}

/// Whether a finding is near a pointer. The finding may be at this pointer, or at a value inside or around it. It may
/// also be at another member of the object or list that contains the value.
fn is_near(found: &str, pointer: &str) -> bool {
    let parent = pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
    // If a security scheme was changed, the comparison reports the security requirements that name this scheme.
    let is_requirement = pointer.starts_with("/components/securitySchemes/") && found.contains("/security/");
    // If a parameter of a path was changed, the comparison reports the parameter at an operation of the path.
    let is_shared = pointer.match_indices("/parameters").any(|(end, _)| {
        let item = &pointer[..end];
        let is_path = item.starts_with("/paths/") && item.matches('/').count() == 2;
        (is_path || item.rsplit('/').nth(2) == Some("callbacks")) && found.starts_with(&format!("{item}/"))
    });
    found.starts_with(parent) || pointer.starts_with(found) || is_requirement || is_shared
}

/// Applies `function` to all items, with one thread for each processor. The results have the order of the items.
fn in_parallel<T: Sync, R: Send>(items: &[T], function: impl Fn(&T) -> anyhow::Result<R> + Sync) -> anyhow::Result<Vec<R>> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let chunk_size = items.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let function = &function;
        let chunks = items.chunks(chunk_size);
        let running: Vec<_> =
            chunks.map(|chunk| scope.spawn(move || chunk.iter().map(function).collect::<anyhow::Result<Vec<R>>>())).collect();
        let results = running.into_iter().map(|thread| thread.join().map_err(|_| anyhow::anyhow!("a thread panicked"))?);
        Ok(results.collect::<anyhow::Result<Vec<_>>>()?.into_iter().flatten().collect())
    })
}

#[cfg(test)]
mod tests {
    use super::is_near;

    #[test]
    fn a_finding_must_be_near_the_change() {
        let changed = "/components/schemas/Webhook/properties/id/format";
        for (found, near) in [
            ("/components/schemas/Webhook/properties/id/format", true),
            ("/components/schemas/Webhook/properties/id", true),
            ("/components/schemas/Webhook/properties/id/type", true),
            ("/components/schemas/Webhook/properties/status", false),
            ("/components/schemas/Delivery/properties/id/format", false),
        ] {
            assert_eq!(is_near(found, changed), near, "{found}");
        }
        for (found, near) in [("/paths/~1a/get/query page", true), ("/paths/~1a/parameters/1", true), ("/paths/~1b/get", false)] {
            assert_eq!(is_near(found, "/paths/~1a/parameters/0/in"), near, "{found}");
        }
    }
}
