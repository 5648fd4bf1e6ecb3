//! The account of a run: what was promised, held against what was published and what came.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use super::IN_FLIGHT_PER_WEBHOOK;
use super::ledger::{Answer, Arrival, Breach, Fate, Records};
use crate::figure::percentile;
use crate::table::number;

const MILLISECOND: u64 = 1_000_000;

/// An accepted callback whose acceptance was this old when the server was killed has been recorded: it must not come again.
/// The server takes 5 ms and a commit, and the rest is for a build without optimisation on a machine that has other work.
const RECORDED: u64 = 250 * MILLISECOND;

/// As many callbacks of a webhook may have been accepted and not recorded yet when the server was killed, beside those in flight:
/// the server commits when it has gathered so many outcomes, if its 5 ms are not over before.
const UNRECORDED_PER_WEBHOOK: usize = 256;

/// What was sent before a kill may be read this long after it.
const ON_ITS_WAY: u64 = 250 * MILLISECOND;

/// So many breaches of one rule are shown.
const SHOWN: usize = 10;

#[derive(Debug, Default)]
pub(super) struct Audit {
    accepted: usize,
    refused: usize,
    unknown: usize,
    unknown_came: usize,
    /// One notification at one webhook, of those that were accepted or came.
    deliveries: usize,
    delivered: usize,
    callbacks: usize,
    forged: usize,
    ordered: usize,
    /// Why callbacks came again, each that did.
    again: BTreeMap<Cause, usize>,
    /// Milliseconds from the acceptance of those that came again to the kill.
    ages: Vec<f64>,
    /// How many came again because of one kill, the place of which is first, at one webhook, the place of which is second.
    killed: BTreeMap<(usize, usize), usize>,
    kills: usize,
    /// Milliseconds from each start to the first callback after it.
    first_deliveries: Vec<f64>,
    pub(super) breaches: Vec<Breach>,
}

/// Why a callback came again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Cause {
    /// How the one before was answered, which did not accept it as a whole.
    Answer(Answer),
    /// The one before was in flight when the server was killed.
    Killed,
    Unexplained,
}

/// Of accepted notifications, the webhooks that have not accepted them yet: what is still waited for.
pub(super) fn outstanding(records: &Records) -> usize {
    let mut missing = 0;
    let came = Came::of(records);
    for (sequence, publication) in records.publications.iter().enumerate() {
        if matches!(publication.fate, Fate::Accepted(_)) {
            let wanted = records.webhooks.iter().enumerate().filter(|(_, webhook)| webhook.asks_for(publication));
            missing += wanted.filter(|(webhook, _)| !came.accepted(*webhook, sequence)).count();
        }
    }
    missing
}

/// The arrivals of each delivery, in their order.
struct Came<'a>(HashMap<(usize, usize), Vec<&'a Arrival>>);

impl<'a> Came<'a> {
    fn of(records: &'a Records) -> Came<'a> {
        let mut came: HashMap<_, Vec<_>> = HashMap::new();
        for arrival in &records.arrivals {
            came.entry((arrival.webhook, arrival.sequence)).or_default().push(arrival);
        }
        Came(came)
    }

    fn arrivals(&self, webhook: usize, sequence: usize) -> &[&'a Arrival] {
        self.0.get(&(webhook, sequence)).map_or(&[], Vec::as_slice)
    }

    /// A status from 200 to 299 accepts, whatever becomes of the body.
    fn accepted(&self, webhook: usize, sequence: usize) -> bool {
        self.arrivals(webhook, sequence).iter().any(|arrival| accepts(arrival.answer))
    }
}

fn accepts(answer: Answer) -> bool {
    matches!(answer, Answer::Accepted | Answer::BrokenOff)
}

pub(super) fn audit(records: &Records) -> Audit {
    let came = Came::of(records);
    let mut audit = Audit { kills: records.kills.len(), breaches: records.breaches.clone(), ..Audit::default() };
    audit.judge_publications(records, &came);
    audit.judge_callbacks(records);
    audit.judge_repeats(records, &came);
    audit.judge_kills(records);
    audit.judge_order(records);
    for (index, start) in records.starts.iter().enumerate().skip(1) {
        let end = records.starts.get(index + 1).copied().unwrap_or(u64::MAX);
        let first = records.arrivals.iter().map(|arrival| arrival.at).find(|at| at > start);
        audit.first_deliveries.extend(first.filter(|at| *at < end).map(|at| (at - start) as f64 / MILLISECOND as f64));
    }
    audit
}

impl Audit {
    fn breach(&mut self, rule: &'static str, what: String) {
        self.breaches.push(Breach { rule, what });
    }

    fn judge_publications(&mut self, records: &Records, came: &Came<'_>) {
        for (sequence, publication) in records.publications.iter().enumerate() {
            let wanted: Vec<usize> =
                (0..records.webhooks.len()).filter(|&webhook| records.webhooks[webhook].asks_for(publication)).collect();
            let arrived = (0..records.webhooks.len()).any(|webhook| !came.arrivals(webhook, sequence).is_empty());
            match &publication.fate {
                Fate::Refused(status) => {
                    self.refused += 1;
                    if arrived {
                        self.breach("refused, and delivered nevertheless", format!("publication {sequence}, refused with {status}"));
                    }
                    if !publication.wrong {
                        self.breach("refused without reason", format!("publication {sequence}, with {status}"));
                    }
                    continue;
                }
                Fate::Unknown => {
                    self.unknown += 1;
                    self.unknown_came += usize::from(arrived);
                    if !arrived {
                        continue;
                    }
                }
                Fate::Accepted(_) => {
                    self.accepted += 1;
                    if publication.wrong {
                        self.breach("accepted though it is wrong", format!("publication {sequence}"));
                    }
                }
            }
            self.deliveries += wanted.len();
            for webhook in wanted {
                if came.accepted(webhook, sequence) {
                    self.delivered += 1;
                } else {
                    // All of a notification is stored, or nothing.
                    let (id, fate) = (&records.webhooks[webhook].id, &publication.fate);
                    self.breach("lost", format!("publication {sequence} ({fate:?}) at webhook {id}"));
                }
            }
        }
    }

    fn judge_callbacks(&mut self, records: &Records) {
        let mut ids: HashMap<usize, &str> = HashMap::new();
        self.callbacks = records.arrivals.len();
        for arrival in &records.arrivals {
            let (sequence, webhook) = (arrival.sequence, &records.webhooks[arrival.webhook]);
            let name = format!("notification {} (publication {sequence}) at webhook {}", arrival.notification, webhook.id);
            if !arrival.genuine {
                self.forged += 1;
                self.breach("no valid signature or credentials", name.clone());
            }
            let Some(publication) = records.publications.get(sequence).filter(|publication| webhook.asks_for(publication)) else {
                self.breach("at a webhook that did not ask for it", name);
                continue;
            };
            let promised = if let Fate::Accepted(id) = &publication.fate { id } else { &arrival.notification };
            let first = *ids.entry(sequence).or_insert(promised);
            if arrival.notification != first {
                self.breach("published once, and delivered under two identifiers", format!("{name}, and {first}"));
            }
        }
    }

    fn judge_repeats(&mut self, records: &Records, came: &Came<'_>) {
        let mut deliveries: Vec<_> = came.0.values().collect();
        deliveries.sort_by_key(|arrivals| arrivals[0].at);
        for arrivals in deliveries {
            for pair in arrivals.windows(2) {
                let (before, again) = (pair[0], pair[1]);
                let cause =
                    if before.answer == Answer::Accepted { self.killed(records, before, again) } else { Cause::Answer(before.answer) };
                *self.again.entry(cause).or_default() += 1;
                if cause == Cause::Unexplained {
                    let (id, webhook) = (&again.notification, &records.webhooks[again.webhook].id);
                    let later = (again.at - before.answered_at.min(again.at)) / MILLISECOND;
                    self.breach(
                        "accepted, and sent again",
                        format!("notification {id} at webhook {webhook}, {later} ms after it was accepted"),
                    );
                }
            }
        }
    }

    /// The acceptance need not have been recorded where the server was killed at about that time.
    fn killed(&mut self, records: &Records, before: &Arrival, again: &Arrival) -> Cause {
        let between = before.at.saturating_sub(ON_ITS_WAY)..=again.at.min(before.answered_at + RECORDED);
        let mut kills = records.kills.iter().enumerate().filter(|(_, kill)| between.contains(kill));
        // An earlier one, only where none came later: it had been sent before it, and read after it.
        let Some((place, kill)) = kills.clone().find(|(_, kill)| **kill >= before.at).or_else(|| kills.next_back()) else {
            return Cause::Unexplained;
        };
        self.ages.push(kill.saturating_sub(before.answered_at) as f64 / MILLISECOND as f64);
        *self.killed.entry((place, before.webhook)).or_default() += 1;
        Cause::Killed
    }

    /// Only what was in flight or unrecorded may come again, and that is bounded; where they come one at a time it is one.
    fn judge_kills(&mut self, records: &Records) {
        for ((kill, place), again) in self.killed.clone() {
            let webhook = &records.webhooks[place];
            let most = if webhook.ordered { 1 } else { IN_FLIGHT_PER_WEBHOOK + UNRECORDED_PER_WEBHOOK };
            if again > most {
                let what = format!("{again} notifications at webhook {} after kill {}, and {most} can have been", webhook.id, kill + 1);
                self.breach("sent again, and neither in flight nor unrecorded", what);
            }
        }
    }

    /// What comes at an ordered webhook never goes back, and nothing comes before all that it was published after is accepted.
    fn judge_order(&mut self, records: &Records) {
        for (place, webhook) in records.webhooks.iter().enumerate().filter(|(_, webhook)| webhook.ordered) {
            self.ordered += 1;
            let mut last: Option<&Arrival> = None;
            let mut accepted = true;
            for arrival in records.arrivals.iter().filter(|arrival| arrival.webhook == place) {
                if let Some(last) = last.filter(|last| last.sequence != arrival.sequence) {
                    let what = format!("notification {} came after {} at webhook {}", arrival.notification, last.notification, webhook.id);
                    if arrival.sequence < last.sequence {
                        self.breach("out of order", what);
                    } else if !accepted {
                        self.breach("out of order", format!("{what}, which was not accepted yet"));
                    }
                    accepted = false;
                }
                // Answers are noted before they are sent.
                accepted = accepts(arrival.answer) || (accepted && last.is_some());
                last = Some(arrival);
            }
        }
    }
}

impl fmt::Display for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |count: usize| number(count as f64);
        let line = |f: &mut fmt::Formatter<'_>, what: &str, value: String, note: String| {
            let text = format!("{what:30}{value:>10}  {note}");
            writeln!(f, "{}", text.trim_end())
        };
        let none = String::new;
        line(f, "accepted", count(self.accepted), none())?;
        line(f, "refused, as they should be", count(self.refused), none())?;
        line(f, "not answered", count(self.unknown), format!("{} of them were delivered, which is allowed", count(self.unknown_came)))?;
        line(f, "deliveries of these", count(self.deliveries), none())?;
        line(f, "delivered at least once", count(self.delivered), none())?;
        line(f, "lost", count(self.deliveries - self.delivered), none())?;
        line(f, "callbacks", count(self.callbacks), format!("{} without a valid signature", count(self.forged)))?;
        line(f, "came again", count(self.again.values().sum()), none())?;
        for (cause, times) in &self.again {
            let note = match cause {
                Cause::Answer(Answer::None) => "got no answer before".to_owned(),
                Cause::Answer(Answer::Dropped) => "had their connection reset before".to_owned(),
                Cause::Answer(Answer::BrokenOff) => "had an answer that broke off before".to_owned(),
                Cause::Answer(Answer::Refused(status)) => format!("were answered {status} before"),
                Cause::Killed => {
                    let oldest = number(percentile(&self.ages, 100.0));
                    let most = self.killed.values().max().copied().unwrap_or_default();
                    format!("were in flight at a kill: accepted {oldest} ms before it at most, and {most} of a webhook at most")
                }
                Cause::Answer(Answer::Accepted) | Cause::Unexplained => "were accepted before: NOT EXPLAINED".to_owned(),
            };
            line(f, "", count(*times), note)?;
        }
        let disordered = self.breaches.iter().filter(|breach| breach.rule == "out of order").count();
        line(f, "out of order", count(disordered), format!("at {} ordered webhooks", self.ordered))?;
        line(f, "kills survived", count(self.kills), none())?;
        if !self.first_deliveries.is_empty() {
            let (middle, longest) = (percentile(&self.first_deliveries, 50.0), percentile(&self.first_deliveries, 100.0));
            line(f, "start to first delivery", format!("{} ms", number(middle)), format!("{} ms at most", number(longest)))?;
        }
        let mut rules: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for breach in &self.breaches {
            rules.entry(breach.rule).or_default().push(&breach.what);
        }
        for (rule, whats) in rules {
            writeln!(f, "BROKEN: {rule}, {} times:", whats.len())?;
            whats.iter().take(SHOWN).try_for_each(|what| writeln!(f, "  {what}"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
