//! The command `mutations`: the proof of the proof. openapi.json is changed in one statement at a time, in every way of a
//! systematic list at every place where it applies, and each change must be reported: by the comparison with the code,
//! where it is, or by what the tests saw of the running service. As many changes that state nothing must pass.
//!
//! Neither the generated client nor the docs page plays a part: they would follow the changed document.

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
    /// Print each change, and what reported it
    #[arg(long)]
    verbose: bool,
}

/// A changed document that must be reported.
struct Mutant {
    /// What was done, such as `drop`.
    operator: &'static str,
    /// Where: a JSON pointer.
    pointer: String,
    edit: Edit,
}

/// What reported a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ring {
    /// The comparison with the code, at the changed place.
    Static,
    /// The document does not hold together any more.
    Unreadable,
    /// What the tests saw.
    Live,
    /// Its own examples.
    Examples,
    Nothing,
}

/// # Errors
/// When openapi.json or the recorded exchanges cannot be read, or they disagree before anything is changed.
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
    println!(
        "\n{} of these are wrong. A change that nothing reports is a statement that nothing holds: it needs a check.",
        outcome.wrong.len()
    );
    Ok(ExitCode::from(crate::DRIFT))
}

/// What became of all changes.
#[derive(Debug, Default)]
pub struct Outcome {
    /// How many changes of one statement each ring reported.
    pub counts: BTreeMap<Ring, usize>,
    /// How many changes that state nothing there are.
    pub harmless: usize,
    /// Changes that nothing reported although no survivor of the profile names them, survivors that were reported, and harmless
    /// changes that were reported.
    pub wrong: Vec<String>,
    /// Every change, and what reported it.
    pub all: Vec<String>,
}

impl Outcome {
    #[must_use]
    pub fn count(&self, ring: Ring) -> usize {
        self.counts.get(&ring).copied().unwrap_or_default()
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} changes of one statement: {} reported by the comparison with the code at their place, {} by what the tests saw, \
             {} by the examples, {} leave no document; {} unreported. {} harmless changes.",
            self.counts.values().sum::<usize>(),
            self.count(Ring::Static),
            self.count(Ring::Live),
            self.count(Ring::Examples),
            self.count(Ring::Unreadable),
            self.count(Ring::Nothing),
            self.harmless,
        )
    }
}

/// Makes every change of `document`, and sees what reports it.
///
/// # Errors
/// When the document is at odds with the code or the exchanges before anything is changed, or a survivor of the profile is no
/// mutation.
pub fn prove(service: &Service, document: &Value, exchanges: Vec<Exchange>) -> anyhow::Result<Outcome> {
    let profile = &service.profile;
    let proof = Proof { comparison: openapi::Comparison::new(service)?, replay: Replay::new(profile, document, exchanges)? };
    if let Some(alarm) = proof.first_alarm(document) {
        bail!("openapi.json is at odds with the code or the tests (`{0} openapi` and `{0} coverage` say where): {alarm}", profile.command);
    }
    let mut outcome = Outcome::default();
    let mutants = mutants::of(document, profile);
    let survivors = profile.evidence.survivors.iter();
    let unmatched = survivors.filter(|survivor| !mutants.iter().any(|mutant| mutant.is(survivor)));
    let unmatched: Vec<String> = unmatched.map(|(operator, pointer, _)| format!("`{operator} {pointer}`")).collect();
    anyhow::ensure!(unmatched.is_empty(), "`survivors` of the profile has what is no mutation: {}", unmatched.join(", "));
    let rings = in_parallel(&mutants, |mutant| proof.judge(&mutant.apply(document)?, &mutant.places()))?;
    for (mutant, ring) in mutants.iter().zip(rings) {
        *outcome.counts.entry(ring).or_default() += 1;
        let excuse = profile.evidence.survivors.iter().find(|survivor| mutant.is(survivor));
        let line = format!("{ring:?}: {} {} ({})", mutant.operator, mutant.pointer, mutant.edit);
        if (ring == Ring::Nothing) != excuse.is_some() {
            outcome.wrong.push(line.clone());
        }
        outcome.all.push(line);
    }
    let changes = harmless::of(document)?;
    outcome.harmless = changes.len();
    let alarms = in_parallel(&changes, |change| Ok(proof.first_alarm(&change.apply(document)?)))?;
    for (change, alarm) in changes.iter().zip(alarms) {
        if let Some(alarm) = alarm {
            outcome.wrong.push(format!("a harmless change is reported: {} at {}: {alarm}", change.what, change.pointer));
        }
    }
    Ok(outcome)
}

struct Proof<'a> {
    comparison: openapi::Comparison<'a>,
    replay: Replay<'a>,
}

impl Proof<'_> {
    /// What reports a document; the comparison has to do it at one of the places, or beside it.
    fn judge(&self, document: &Value, places: &[&str]) -> anyhow::Result<Ring> {
        match self.comparison.pointers(document) {
            Err(_) => return Ok(Ring::Unreadable),
            Ok(found) if found.iter().any(|found| places.iter().any(|place| is_near(found, place))) => return Ok(Ring::Static),
            Ok(_) => {}
        }
        if self.replay.first_breach(document).is_some() {
            return Ok(Ring::Live);
        }
        Ok(if openapi::examples(document)?.is_empty() { Ring::Nothing } else { Ring::Examples })
    }

    fn first_alarm(&self, document: &Value) -> Option<String> {
        let compared = self.comparison.pointers(document).map_or_else(|error| Some(format!("{error:#}")), |found| found.into_iter().next());
        compared.or_else(|| self.replay.first_breach(document))
    }
}

impl Mutant {
    fn is(&self, (operator, pointer, _): &(&str, &str, &str)) -> bool {
        *operator == self.operator && *pointer == self.pointer
    }

    /// # Errors
    /// When the edit cannot be applied, which is an error of this crate.
    fn apply(&self, document: &Value) -> anyhow::Result<Value> {
        let changed = self.edit.apply(document, &self.pointer);
        changed.with_context(|| {
            format!("the mutation `{} {}` cannot be applied, which is an error of openapi-proof", self.operator, self.pointer)
        })
    }

    /// Where a finding about it may stand: where it is, or in what it refers to.
    fn places(&self) -> Vec<&str> {
        let referred = match &self.edit {
            Edit::Set(value) | Edit::Append(value) => {
                value.get("$ref").unwrap_or(value).as_str().and_then(|target| target.strip_prefix('#'))
            }
            Edit::Remove | Edit::Rename(_) => None,
        };
        // A finding about a parameter's reference stands beside it in the list.
        let item = self.pointer.strip_suffix("/$ref").filter(|item| item.rsplit('/').nth(1) == Some("parameters"));
        [Some(self.pointer.as_str()), referred, item].into_iter().flatten().collect()
    }
}

/// Whether a finding stands at a pointer, in it, around it, or beside it in the same object or list.
fn is_near(found: &str, pointer: &str) -> bool {
    let parent = pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
    // A security scheme is what the requirements that name it say.
    let requires = pointer.starts_with("/components/securitySchemes/") && found.contains("/security/");
    // A finding about what the operations of a path share stands in one of them.
    let shares = pointer.match_indices("/parameters").any(|(end, _)| {
        let item = &pointer[..end];
        let is_path = item.starts_with("/paths/") && item.matches('/').count() == 2;
        (is_path || item.rsplit('/').nth(2) == Some("callbacks")) && found.starts_with(&format!("{item}/"))
    });
    found.starts_with(parent) || pointer.starts_with(found) || requires || shares
}

/// As many threads as there are processors, each with its share.
fn in_parallel<T: Sync, R: Send>(items: &[T], judge: impl Fn(&T) -> anyhow::Result<R> + Sync) -> anyhow::Result<Vec<R>> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = items.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let judge = &judge;
        let running: Vec<_> =
            items.chunks(share).map(|share| scope.spawn(move || share.iter().map(judge).collect::<anyhow::Result<Vec<R>>>())).collect();
        let results = running.into_iter().map(|thread| thread.join().map_err(|_| anyhow::anyhow!("a thread panicked"))?);
        Ok(results.collect::<anyhow::Result<Vec<_>>>()?.into_iter().flatten().collect())
    })
}

#[cfg(test)]
mod tests {
    use super::is_near;

    #[test]
    fn a_finding_names_a_change_where_it_is() {
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
