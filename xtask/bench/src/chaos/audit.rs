//! The account of a run: what was promised, held against what was published and what came.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use super::IN_FLIGHT_PER_WEBHOOK;
use super::ledger::{Answer, Arrival, Breach, Fate, Held, Records, What};
use crate::figure::percentile;
use crate::table::number;

mod repeats;
mod takeover;

use repeats::{Excuse, excuse};
use takeover::Takeover;

const MILLISECOND: u64 = 1_000_000;
const SECOND: u64 = 1_000 * MILLISECOND;

/// As many callbacks of a webhook may have been accepted and not recorded yet when the server was killed, beside those in flight:
/// the server commits when it has gathered so many outcomes, if its 5 ms are not over before.
const UNRECORDED_PER_WEBHOOK: usize = 256;

/// What was sent before a kill may be read this long after it.
const ON_ITS_WAY: u64 = 250 * MILLISECOND;

/// A server that was paused sends at once what it had decided to send before.
const WOKEN: u64 = SECOND;

/// What a server was on that is killed or paused goes on elsewhere before that.
const TAKEN_OVER: u64 = 15 * SECOND;

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
    /// Milliseconds from the acceptance of those that came again to the fault, and from the fault until they came again.
    ages: BTreeMap<Cause, Vec<(f64, f64)>>,
    /// How many came again because of one fault, the place of which is first, at one webhook, the place of which is second.
    of_fault: BTreeMap<(usize, usize), usize>,
    kills: usize,
    pauses: usize,
    /// How often the database was away, for how many milliseconds at most, and how often its connections were cut.
    away: (usize, f64, usize),
    /// Servers share a database.
    leases: bool,
    /// Milliseconds from each start to the first callback after it.
    first_deliveries: Vec<f64>,
    takeovers: Vec<Takeover>,
    pub(super) breaches: Vec<Breach>,
}

/// Why a callback came again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Cause {
    /// How the one before was answered, which did not accept it as a whole.
    Answer(Answer),
    /// The one before was in flight when the server was killed.
    Killed,
    /// The same when it was paused, or this one was when it went on.
    Paused,
    /// What had come could not be recorded, for longer than servers are believed to live without the database.
    Away,
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

/// What else happened at about the time when a callback was accepted, and how many milliseconds later that was.
fn near(records: &Records, accepted: &Arrival) -> String {
    let later = |time: u64| (time as i64 - accepted.answered_at as i64) / MILLISECOND as i64;
    let is_near = |time: u64| time.abs_diff(accepted.answered_at) <= TAKEN_OVER;
    let is_it = |held: &Held| held.webhook == records.webhooks[accepted.webhook].id && held.notification == accepted.notification;
    let mut events: Vec<(i64, String)> = Vec::new();
    for fault in records.faults.iter().filter(|fault| is_near(fault.at)) {
        let name = if fault.what == What::Killed { "killed" } else { "paused" };
        let on_it = if fault.held.iter().any(is_it) { " on it" } else { "" };
        events.push((later(fault.at), format!("node {} was {name}{on_it}", fault.node + 1)));
        if let What::Paused { until } = fault.what {
            events.push((later(until), format!("node {} was woken", fault.node + 1)));
        }
    }
    for outage in records.outages.iter().filter(|outage| is_near(outage.from) || is_near(outage.until)) {
        let what = if outage.away { "the database was away" } else { "connections were cut" };
        events.push((later(outage.from), format!("{what} until {:+}", later(outage.until))));
    }
    let same = |arrival: &&Arrival| (arrival.webhook, arrival.sequence) == (accepted.webhook, accepted.sequence);
    events.extend(records.arrivals.iter().filter(same).map(|arrival| (later(arrival.at), format!("it came: {:?}", arrival.answer))));
    events.sort();
    events.iter().map(|(milliseconds, event)| format!("\n    {milliseconds:+7} ms  {event}")).collect()
}

fn accepts(answer: Answer) -> bool {
    matches!(answer, Answer::Accepted | Answer::BrokenOff)
}

pub(super) fn audit(records: &Records) -> Audit {
    let came = Came::of(records);
    let mut audit = Audit { leases: records.leases, breaches: records.breaches.clone(), ..Audit::default() };
    audit.judge_publications(records, &came);
    audit.judge_callbacks(records);
    audit.judge_repeats(records, &came);
    audit.judge_faults(records);
    audit.judge_takeovers(records);
    audit.judge_order(records);
    for (index, start) in records.starts.iter().enumerate().filter(|_| !records.leases) {
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
                    if before.answer == Answer::Accepted { self.cause(records, before, again) } else { Cause::Answer(before.answer) };
                *self.again.entry(cause).or_default() += 1;
                if cause == Cause::Unexplained {
                    let (id, webhook) = (&again.notification, &records.webhooks[again.webhook].id);
                    let later = (again.at - before.answered_at.min(again.at)) / MILLISECOND;
                    self.breach(
                        "accepted, and sent again",
                        format!("notification {id} at webhook {webhook}, {later} ms after it was accepted{}", near(records, before)),
                    );
                }
            }
        }
    }

    /// Of a callback that came again though it had been accepted.
    fn cause(&mut self, records: &Records, before: &Arrival, again: &Arrival) -> Cause {
        let (cause, place) = match excuse(records, before, again) {
            Some(Excuse::Fault(place)) => match records.faults[place].what {
                What::Killed => (Cause::Killed, place),
                What::Paused { .. } => (Cause::Paused, place),
            },
            Some(Excuse::Away) => return Cause::Away,
            None => return Cause::Unexplained,
        };
        let (fault, milliseconds) = (records.faults[place].at, |time: u64| time as f64 / MILLISECOND as f64);
        let (age, later) = (fault.saturating_sub(before.answered_at), again.at.saturating_sub(fault));
        self.ages.entry(cause).or_default().push((milliseconds(age), milliseconds(later)));
        *self.of_fault.entry((place, before.webhook)).or_default() += 1;
        cause
    }

    /// Only what was in flight or unrecorded may come again, and that is bounded; where they come one at a time it is one, and
    /// another one that a paused server had yet to send.
    fn judge_faults(&mut self, records: &Records) {
        for ((place, webhook), again) in self.of_fault.clone() {
            let (webhook, fault) = (&records.webhooks[webhook], &records.faults[place]);
            let most = match fault.what {
                _ if !webhook.ordered => IN_FLIGHT_PER_WEBHOOK + UNRECORDED_PER_WEBHOOK,
                What::Killed => 1,
                What::Paused { .. } => 2,
            };
            if again > most {
                let what = format!("{again} notifications at webhook {} after fault {}, and {most} can have been", webhook.id, place + 1);
                self.breach("sent again, and neither in flight nor unrecorded", what);
            }
        }
        let killed = records.faults.iter().filter(|fault| fault.what == What::Killed).count();
        (self.kills, self.pauses) = (killed, records.faults.len() - killed);
        for outage in &records.outages {
            let (away, longest, cut) = self.away;
            let took = (outage.until - outage.from) as f64 / MILLISECOND as f64;
            self.away = if outage.away { (away + 1, longest.max(took), cut) } else { (away, longest, cut + 1) };
        }
    }

    fn judge_takeovers(&mut self, records: &Records) {
        self.takeovers = takeover::takeovers(records);
        let late = self.takeovers.iter().filter(|takeover| takeover.longest > TAKEN_OVER);
        let late = late.map(|takeover| (takeover.longest / MILLISECOND, takeover.what.clone()));
        for (milliseconds, what) in late.collect::<Vec<_>>() {
            self.breach("taken over too late", format!("{what}, after {milliseconds} ms"));
        }
    }

    /// What comes at an ordered webhook never goes back, and nothing comes before all that it was published after is accepted.
    /// What comes once more from a server that was paused, and then went on where it was, is no part of the order.
    fn judge_order(&mut self, records: &Records) {
        for (place, webhook) in records.webhooks.iter().enumerate().filter(|(_, webhook)| webhook.ordered) {
            self.ordered += 1;
            let mut last: Option<&Arrival> = None;
            let (mut accepted, mut seen) = (true, HashSet::new());
            for arrival in records.arrivals.iter().filter(|arrival| arrival.webhook == place) {
                let first = seen.insert(arrival.sequence);
                if !first && last.is_some_and(|last| arrival.sequence < last.sequence) && repeats::woken(records, arrival.at).is_some() {
                    continue;
                }
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

impl Audit {
    /// How old the acceptance was, how many there were, and, where they wait for a lease to end, how soon they came.
    fn ages_of(&self, cause: Cause) -> String {
        let (ages, laters): (Vec<f64>, Vec<f64>) = self.ages.get(&cause).into_iter().flatten().copied().unzip();
        let oldest = number(percentile(&ages, 100.0));
        let most = self.of_fault.values().max().copied().unwrap_or_default();
        let soonest =
            if self.leases { format!("; {} ms after it at the soonest", number(percentile(&laters, 0.0))) } else { String::new() };
        format!("accepted {oldest} ms before it at most, and {most} of a webhook at most{soonest}")
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
                Cause::Killed => format!("were in flight at a kill: {}", self.ages_of(*cause)),
                Cause::Paused => format!("were in flight at a pause: {}", self.ages_of(*cause)),
                Cause::Away => "could not be recorded, as the database was away for longer than servers are believed to live".to_owned(),
                Cause::Answer(Answer::Accepted) | Cause::Unexplained => "were accepted before: NOT EXPLAINED".to_owned(),
            };
            line(f, "", count(*times), note)?;
        }
        let disordered = self.breaches.iter().filter(|breach| breach.rule == "out of order").count();
        line(f, "out of order", count(disordered), format!("at {} ordered webhooks", self.ordered))?;
        line(f, "kills survived", count(self.kills), none())?;
        if self.pauses > 0 {
            line(f, "pauses survived", count(self.pauses), none())?;
        }
        let (away, longest, cut) = self.away;
        if away + cut > 0 {
            let note = format!("for {} ms at most, and its connections were cut {} times", number(longest), count(cut));
            line(f, "database killed", count(away), note)?;
        }
        if !self.first_deliveries.is_empty() {
            let (middle, longest) = (percentile(&self.first_deliveries, 50.0), percentile(&self.first_deliveries, 100.0));
            line(f, "start to first delivery", format!("{} ms", number(middle)), format!("{} ms at most", number(longest)))?;
        }
        if self.leases {
            let taken: usize = self.takeovers.iter().map(|takeover| takeover.deliveries).sum();
            let longest = self.takeovers.iter().map(|takeover| takeover.longest).max().unwrap_or_default() / MILLISECOND;
            let note = format!("at {} kills and pauses, {} ms after these at most", count(self.takeovers.len()), number(longest as f64));
            line(f, "taken over", count(taken), note)?;
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
