//! `cargo xtask mutations`: the proof of the proof. openapi.json is changed in one statement at a time, in every way of a
//! systematic list at every place where it applies, and each change must be reported: by the comparison with the code,
//! where it is, or by what the tests saw of the running service. As many changes that state nothing must pass.
//!
//! Neither the generated client nor the docs page plays a part: they would follow the changed document.

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::evidence::{self, Replay};
use crate::openapi;

mod edit;
mod harmless;
mod mutants;

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

/// Changes that nothing reports, by operator and pointer, and why no user could notice. There are none.
const SURVIVORS: [(&str, &str, &str); 0] = [];

/// What reported a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Ring {
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
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let text = crate::read(&crate::repository("openapi.json"))?;
    let document: Value = serde_json::from_str(&text).context("openapi.json is not JSON")?;
    let proof = Proof { comparison: openapi::Comparison::new()?, replay: Replay::of(&document, evidence::load()?)? };
    if let Some(alarm) = proof.first_alarm(&document) {
        bail!("openapi.json is at odds with the code or the tests (`cargo xtask openapi` and `coverage` say where): {alarm}");
    }

    let mutants = mutants::of(&document);
    let rings = in_parallel(&mutants, |mutant| proof.judge(&mutant.edit.apply(&document, &mutant.pointer)?, &mutant.places()))?;
    let mut counts: BTreeMap<Ring, usize> = BTreeMap::new();
    let mut failed = 0;
    for (mutant, ring) in mutants.iter().zip(rings) {
        *counts.entry(ring).or_default() += 1;
        let excuse = SURVIVORS.iter().find(|(operator, pointer, _)| *operator == mutant.operator && *pointer == mutant.pointer);
        let is_wrong = (ring == Ring::Nothing) != excuse.is_some();
        failed += usize::from(is_wrong);
        if is_wrong || arguments.verbose {
            println!("{ring:?}: {} {} ({})", mutant.operator, mutant.pointer, mutant.edit);
        }
    }
    let changes = harmless::of(&document)?;
    let alarms = in_parallel(&changes, |change| Ok(proof.first_alarm(&change.apply(&document)?)))?;
    for (change, alarm) in changes.iter().zip(alarms) {
        if let Some(alarm) = alarm {
            failed += 1;
            println!("a harmless change is reported: {} at {}: {alarm}", change.what, change.pointer);
        }
    }
    println!(
        "{} changes of one statement: {} reported by the comparison with the code at their place, {} by what the tests saw, \
         {} by the examples, {} leave no document; {} unreported. {} harmless changes.",
        mutants.len(),
        counts.get(&Ring::Static).copied().unwrap_or_default(),
        counts.get(&Ring::Live).copied().unwrap_or_default(),
        counts.get(&Ring::Examples).copied().unwrap_or_default(),
        counts.get(&Ring::Unreadable).copied().unwrap_or_default(),
        counts.get(&Ring::Nothing).copied().unwrap_or_default(),
        changes.len(),
    );
    if failed == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    println!("\n{failed} of these are wrong. A change that nothing reports is a statement that nothing holds: it needs a check.");
    Ok(ExitCode::from(crate::DRIFT))
}

struct Proof {
    comparison: openapi::Comparison,
    replay: Replay,
}

impl Proof {
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
        Ok(if openapi::examples_hold(document)? { Ring::Nothing } else { Ring::Examples })
    }

    fn first_alarm(&self, document: &Value) -> Option<String> {
        let compared = self.comparison.pointers(document).map_or_else(|error| Some(format!("{error:#}")), |found| found.into_iter().next());
        compared.or_else(|| self.replay.first_breach(document))
    }
}

impl Mutant {
    /// Where a finding about it may stand: where it is, or in what it refers to.
    fn places(&self) -> Vec<&str> {
        let referred = match &self.edit {
            Edit::Set(value) | Edit::Append(value) => {
                value.get("$ref").unwrap_or(value).as_str().and_then(|target| target.strip_prefix('#'))
            }
            Edit::Remove | Edit::Rename(_) => None,
        };
        [Some(self.pointer.as_str()), referred].into_iter().flatten().collect()
    }
}

/// Whether a finding stands at a pointer, in it, around it, or beside it in the same object or list.
fn is_near(found: &str, pointer: &str) -> bool {
    let parent = pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
    // A security scheme is what the requirements that name it say.
    let requires = pointer.starts_with("/components/securitySchemes/") && found.contains("/security/");
    found.starts_with(parent) || pointer.starts_with(found) || requires
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
    }
}
