//! The audit at the end of a chaos test. It compares the callbacks that arrived with the publications, and checks the
//! guarantees of the service.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use super::IN_FLIGHT_PER_WEBHOOK;
use super::ledger::{Arrival, CallbackResponse, FaultKind, LeasedDelivery, Outcome, Planted, Records, Violation};
use crate::figure::percentile;
use crate::table::number;

mod planted;
mod repeats;
mod takeover;

use repeats::{Explanation, explain};
use takeover::Takeover;

const MILLISECOND: u64 = 1_000_000;
const SECOND: u64 = 1_000 * MILLISECOND;

/// For one webhook: the maximum number of accepted callbacks that are not recorded yet. Attempts in flight are not
/// included. The server commits outcomes after 5 ms, or earlier if this number of outcomes waits.
const MAX_UNRECORDED_PER_WEBHOOK: usize = 256;

/// Maximum time from sending a callback to its arrival. A callback that was sent before a kill may arrive this long
/// after the kill.
const MAX_TRANSIT: u64 = 250 * MILLISECOND;

/// A server may be paused just before it sends a callback. This is the maximum time from the end of the pause until the
/// server sends the callback.
const RESUME_WINDOW: u64 = SECOND;

/// Maximum time that the audit allows until another server takes over from a killed or paused server: `Store::takeover`
/// (12 s), and a margin for debug builds on a busy machine.
const MAX_TAKEOVER: u64 = 15 * SECOND;

/// Maximum number of violations that the audit prints for one rule.
const MAX_SHOWN: usize = 10;

#[derive(Debug, Default)]
pub(super) struct Audit {
    accepted: usize,
    refused: usize,
    unknown: usize,
    unknown_delivered: usize,
    /// Number of expected deliveries. If a notification was accepted or has arrived, each matching webhook has one
    /// expected delivery.
    deliveries: usize,
    delivered: usize,
    callbacks: usize,
    forged: usize,
    ordered: usize,
    /// Number of repeated callbacks for each cause.
    repeat_causes: BTreeMap<Cause, usize>,
    /// Two times of each repeated callback, in milliseconds. The first time is from the response to the previous
    /// callback until the fault. The second time is from the fault until the repeated callback.
    ages: BTreeMap<Cause, Vec<(f64, f64)>>,
    /// Number of repeated callbacks. The key is the index of the fault and the index of the webhook.
    by_fault: BTreeMap<(usize, usize), usize>,
    kills: usize,
    pauses: usize,
    /// Number of database kills, longest downtime in milliseconds, and number of times that connections were cut.
    outages: (usize, f64, usize),
    /// Whether servers share a database.
    shared_database: bool,
    /// Milliseconds from each start of a server to the next callback. They are measured only for the embedded store.
    first_deliveries: Vec<f64>,
    takeovers: Vec<Takeover>,
    /// The planted abort, and the number of deliveries that failed because of kills in short succession.
    planted: Option<(Planted, usize)>,
    pub(super) violations: Vec<Violation>,
}

/// Why a callback was repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Cause {
    /// The receiver did not accept the previous callback with a complete response.
    Response(CallbackResponse),
    /// The previous callback was in flight when the server was killed.
    Killed,
    /// The previous callback or its repetition was in flight when the server was paused.
    Paused,
    /// The server could not record the attempt, because the database was down for at least `repeats::MIN_LEASE`.
    DatabaseDown,
    Unexplained,
}

/// Returns the number of deliveries of accepted notifications that no receiver has accepted yet.
pub(super) fn outstanding(records: &Records) -> usize {
    let mut missing = 0;
    let arrivals = Arrivals::new(records);
    for (sequence, publication) in records.publications.iter().enumerate() {
        if matches!(publication.outcome, Outcome::Accepted(_)) {
            let targets = records.webhooks.iter().enumerate().filter(|(_, webhook)| webhook.matches(publication));
            missing += targets.filter(|(webhook, _)| !arrivals.accepted(*webhook, sequence)).count();
        }
    }
    missing
}

/// The callbacks of each delivery, sorted by time. The key is the index of the webhook and the sequence number.
struct Arrivals<'a>(HashMap<(usize, usize), Vec<&'a Arrival>>);

impl<'a> Arrivals<'a> {
    fn new(records: &'a Records) -> Arrivals<'a> {
        let mut arrivals: HashMap<_, Vec<_>> = HashMap::new();
        for arrival in &records.arrivals {
            arrivals.entry((arrival.webhook, arrival.sequence)).or_default().push(arrival);
        }
        Arrivals(arrivals)
    }

    fn arrivals(&self, webhook: usize, sequence: usize) -> &[&'a Arrival] {
        self.0.get(&(webhook, sequence)).map_or(&[], Vec::as_slice)
    }

    /// Whether a receiver accepted the delivery. A response with a status from 200 to 299 accepts the delivery, even if
    /// the response body is cut off.
    fn accepted(&self, webhook: usize, sequence: usize) -> bool {
        self.arrivals(webhook, sequence).iter().any(|arrival| accepts(arrival.response))
    }
}

/// Lists the events near the time when a callback was accepted. Each event has its time in milliseconds, relative to
/// the acceptance.
fn events_near(records: &Records, accepted: &Arrival) -> String {
    let later = |time: u64| (time as i64 - accepted.responded_at as i64) / MILLISECOND as i64;
    let is_near = |time: u64| time.abs_diff(accepted.responded_at) <= MAX_TAKEOVER;
    let is_same_delivery =
        |leased: &LeasedDelivery| leased.webhook == records.webhooks[accepted.webhook].id && leased.notification == accepted.notification;
    let mut events: Vec<(i64, String)> = Vec::new();
    for fault in records.faults.iter().filter(|fault| is_near(fault.at)) {
        let name = if fault.kind == FaultKind::Killed { "killed" } else { "paused" };
        let lease = if fault.leased.iter().any(is_same_delivery) { " and had leased the delivery" } else { "" };
        events.push((later(fault.at), format!("node {} was {name}{lease}", fault.node + 1)));
        if let FaultKind::Paused { until } = fault.kind {
            events.push((later(until), format!("node {} continued", fault.node + 1)));
        }
    }
    for outage in records.outages.iter().filter(|outage| is_near(outage.from) || is_near(outage.until)) {
        let details = if outage.is_down { "the database was down" } else { "connections were cut" };
        events.push((later(outage.from), format!("{details} until {:+}", later(outage.until))));
    }
    let same = |arrival: &&Arrival| (arrival.webhook, arrival.sequence) == (accepted.webhook, accepted.sequence);
    events.extend(
        records
            .arrivals
            .iter()
            .filter(same)
            .map(|arrival| (later(arrival.at), format!("the callback arrived, response: {:?}", arrival.response))),
    );
    events.sort();
    events.iter().map(|(milliseconds, event)| format!("\n    {milliseconds:+7} ms  {event}")).collect()
}

fn accepts(response: CallbackResponse) -> bool {
    matches!(response, CallbackResponse::Accepted | CallbackResponse::CutOff)
}

pub(super) fn audit(records: &Records) -> Audit {
    let arrivals = Arrivals::new(records);
    let mut audit = Audit { shared_database: records.shared_database, violations: records.violations.clone(), ..Audit::default() };
    audit.check_publications(records, &arrivals);
    audit.check_callbacks(records);
    audit.check_repeats(records, &arrivals);
    audit.check_faults(records);
    audit.check_takeovers(records);
    audit.check_order(records);
    audit.check_planted(records);
    for (index, start) in records.starts.iter().enumerate().filter(|_| !records.shared_database) {
        let end = records.starts.get(index + 1).copied().unwrap_or(u64::MAX);
        let first = records.arrivals.iter().map(|arrival| arrival.at).find(|at| at > start);
        audit.first_deliveries.extend(first.filter(|at| *at < end).map(|at| (at - start) as f64 / MILLISECOND as f64));
    }
    audit
}

impl Audit {
    fn add_violation(&mut self, rule: &'static str, details: String) {
        self.violations.push(Violation { rule, details });
    }

    fn check_publications(&mut self, records: &Records, arrivals: &Arrivals<'_>) {
        for (sequence, publication) in records.publications.iter().enumerate() {
            let targets: Vec<usize> =
                (0..records.webhooks.len()).filter(|&webhook| records.webhooks[webhook].matches(publication)).collect();
            let arrived = (0..records.webhooks.len()).any(|webhook| !arrivals.arrivals(webhook, sequence).is_empty());
            match &publication.outcome {
                Outcome::Refused(status) => {
                    self.refused += 1;
                    if arrived {
                        self.add_violation("refused, but delivered", format!("publication {sequence}, refused with {status}"));
                    }
                    if !publication.invalid {
                        self.add_violation("refused without a reason", format!("publication {sequence}, with {status}"));
                    }
                    continue;
                }
                Outcome::Unknown => {
                    self.unknown += 1;
                    self.unknown_delivered += usize::from(arrived);
                    if !arrived {
                        continue;
                    }
                }
                Outcome::Accepted(_) => {
                    self.accepted += 1;
                    if publication.invalid {
                        self.add_violation("accepted, but invalid", format!("publication {sequence}"));
                    }
                }
            }
            self.deliveries += targets.len();
            for webhook in targets {
                if arrivals.accepted(webhook, sequence) {
                    self.delivered += 1;
                } else {
                    // The service stores a notification with all its deliveries, or stores nothing. So one arrival
                    // means that every matching webhook must get the notification.
                    let (id, outcome) = (&records.webhooks[webhook].id, &publication.outcome);
                    self.add_violation("lost", format!("publication {sequence} ({outcome:?}) at webhook {id}"));
                }
            }
        }
    }

    fn check_callbacks(&mut self, records: &Records) {
        let mut ids: HashMap<usize, &str> = HashMap::new();
        self.callbacks = records.arrivals.len();
        for arrival in &records.arrivals {
            let (sequence, webhook) = (arrival.sequence, &records.webhooks[arrival.webhook]);
            let name = format!("notification {} (publication {sequence}) at webhook {}", arrival.notification, webhook.id);
            if !arrival.genuine {
                self.forged += 1;
                self.add_violation("no valid signature or credentials", name.clone());
            }
            let Some(publication) = records.publications.get(sequence).filter(|publication| webhook.matches(publication)) else {
                self.add_violation("delivered to a webhook that does not match", name);
                continue;
            };
            let expected = if let Outcome::Accepted(id) = &publication.outcome { id } else { &arrival.notification };
            let first = *ids.entry(sequence).or_insert(expected);
            if arrival.notification != first {
                self.add_violation("delivered with two ids", format!("{name}, and notification {first}"));
            }
        }
    }

    fn check_repeats(&mut self, records: &Records, arrivals: &Arrivals<'_>) {
        let mut deliveries: Vec<_> = arrivals.0.values().collect();
        deliveries.sort_by_key(|arrivals| arrivals[0].at);
        for arrivals in deliveries {
            for pair in arrivals.windows(2) {
                let (previous, repeat) = (pair[0], pair[1]);
                let cause = if previous.response == CallbackResponse::Accepted {
                    self.cause(records, previous, repeat)
                } else {
                    Cause::Response(previous.response)
                };
                *self.repeat_causes.entry(cause).or_default() += 1;
                if cause == Cause::Unexplained {
                    let (id, webhook) = (&repeat.notification, &records.webhooks[repeat.webhook].id);
                    let later = (repeat.at - previous.responded_at.min(repeat.at)) / MILLISECOND;
                    self.add_violation(
                        "repeated after it was accepted",
                        format!(
                            "notification {id} at webhook {webhook}, {later} ms after it was accepted{}",
                            events_near(records, previous)
                        ),
                    );
                }
            }
        }
    }

    /// Returns why a callback was repeated after it was accepted. If a fault is the cause, counts the repetition for
    /// this fault.
    fn cause(&mut self, records: &Records, previous: &Arrival, repeat: &Arrival) -> Cause {
        let (cause, index) = match explain(records, previous, repeat) {
            Some(Explanation::Fault(index)) => match records.faults[index].kind {
                FaultKind::Killed => (Cause::Killed, index),
                FaultKind::Paused { .. } => (Cause::Paused, index),
            },
            Some(Explanation::DatabaseDown) => return Cause::DatabaseDown,
            None => return Cause::Unexplained,
        };
        let (fault, milliseconds) = (records.faults[index].at, |time: u64| time as f64 / MILLISECOND as f64);
        let (age, later) = (fault.saturating_sub(previous.responded_at), repeat.at.saturating_sub(fault));
        self.ages.entry(cause).or_default().push((milliseconds(age), milliseconds(later)));
        *self.by_fault.entry((index, previous.webhook)).or_default() += 1;
        cause
    }

    /// Checks the number of repeated callbacks after each fault. The limit is the maximum number of attempts that are
    /// in flight or not recorded yet. For an ordered webhook, the limit is one after a kill, and two after a pause.
    fn check_faults(&mut self, records: &Records) {
        for ((index, webhook), count) in self.by_fault.clone() {
            let (webhook, fault) = (&records.webhooks[webhook], &records.faults[index]);
            let limit = match fault.kind {
                _ if !webhook.ordered => IN_FLIGHT_PER_WEBHOOK + MAX_UNRECORDED_PER_WEBHOOK,
                FaultKind::Killed => 1,
                FaultKind::Paused { .. } => 2,
            };
            if count > limit {
                let details = format!("{count} notifications at webhook {} after fault {}, the limit is {limit}", webhook.id, index + 1);
                self.add_violation("more repetitions than in flight or unrecorded", details);
            }
        }
        let killed = records.faults.iter().filter(|fault| fault.kind == FaultKind::Killed).count();
        (self.kills, self.pauses) = (killed, records.faults.len() - killed);
        for outage in &records.outages {
            let (kills, longest, cuts) = self.outages;
            let took = (outage.until - outage.from) as f64 / MILLISECOND as f64;
            self.outages = if outage.is_down { (kills + 1, longest.max(took), cuts) } else { (kills, longest, cuts + 1) };
        }
    }

    fn check_takeovers(&mut self, records: &Records) {
        self.takeovers = takeover::takeovers(records);
        let late = self.takeovers.iter().filter(|takeover| takeover.longest > MAX_TAKEOVER);
        let late = late.map(|takeover| (takeover.longest / MILLISECOND, takeover.details.clone()));
        for (milliseconds, details) in late.collect::<Vec<_>>() {
            self.add_violation("taken over too late", format!("{details}, after {milliseconds} ms"));
        }
    }

    /// Checks the order at ordered webhooks. A notification may arrive only after all earlier notifications are
    /// accepted, and before all later notifications. Ignores repetitions by a server that continues after a pause.
    fn check_order(&mut self, records: &Records) {
        for (index, webhook) in records.webhooks.iter().enumerate().filter(|(_, webhook)| webhook.ordered) {
            self.ordered += 1;
            let mut last: Option<&Arrival> = None;
            let (mut accepted, mut seen) = (true, HashSet::new());
            for arrival in records.arrivals.iter().filter(|arrival| arrival.webhook == index && !records.is_redelivered(arrival)) {
                let first = seen.insert(arrival.sequence);
                if !first
                    && last.is_some_and(|last| arrival.sequence < last.sequence)
                    && repeats::resumed_before(records, arrival.at).is_some()
                {
                    continue;
                }
                if let Some(last) = last.filter(|last| last.sequence != arrival.sequence) {
                    let details =
                        format!("notification {} arrived after {} at webhook {}", arrival.notification, last.notification, webhook.id);
                    if arrival.sequence < last.sequence {
                        self.add_violation("out of order", details);
                    } else if !accepted {
                        self.add_violation("out of order", format!("{details}, which was not accepted yet"));
                    }
                    accepted = false;
                }
                // The receiver records each response before it sends the response. So the response is known before the
                // next callback arrives.
                accepted = accepts(arrival.response) || (accepted && last.is_some());
                last = Some(arrival);
            }
        }
    }
}

impl Audit {
    /// Describes the repeated callbacks with one cause. The text has the longest time from the acceptance to the fault,
    /// and the largest number for one webhook. With a shared database, the text also has the shortest time from the
    /// fault to a repetition.
    fn ages_of(&self, cause: Cause) -> String {
        let (ages, laters): (Vec<f64>, Vec<f64>) = self.ages.get(&cause).into_iter().flatten().copied().unzip();
        let oldest = number(percentile(&ages, 100.0));
        let maximum = self.by_fault.values().max().copied().unwrap_or_default();
        let earliest = if self.shared_database {
            format!("; repeated at least {} ms after the fault", number(percentile(&laters, 0.0)))
        } else {
            String::new()
        };
        format!("accepted at most {oldest} ms before the fault, at most {maximum} for one webhook{earliest}")
    }
}

impl fmt::Display for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |count: usize| number(count as f64);
        let line = |f: &mut fmt::Formatter<'_>, details: &str, value: String, note: String| {
            let text = format!("{details:30}{value:>10}  {note}");
            writeln!(f, "{}", text.trim_end())
        };
        let none = String::new;
        line(f, "accepted", count(self.accepted), none())?;
        line(f, "refused, as expected", count(self.refused), none())?;
        line(
            f,
            "without a response",
            count(self.unknown),
            format!("{} of them were delivered, which is allowed", count(self.unknown_delivered)),
        )?;
        line(f, "expected deliveries", count(self.deliveries), none())?;
        line(f, "delivered at least once", count(self.delivered), none())?;
        line(f, "lost", count(self.deliveries - self.delivered), none())?;
        line(f, "callbacks", count(self.callbacks), format!("{} without a valid signature", count(self.forged)))?;
        line(f, "repeated", count(self.repeat_causes.values().sum()), none())?;
        for (cause, times) in &self.repeat_causes {
            let note = match cause {
                Cause::Response(CallbackResponse::None) => "after no response".to_owned(),
                Cause::Response(CallbackResponse::Dropped) => "after a reset of the connection".to_owned(),
                Cause::Response(CallbackResponse::CutOff) => "after a response that was cut off".to_owned(),
                Cause::Response(CallbackResponse::Refused(status)) => format!("after a response with {status}"),
                Cause::Killed => format!("after a kill of the server: {}", self.ages_of(*cause)),
                Cause::Paused => format!("after a pause of the server: {}", self.ages_of(*cause)),
                Cause::DatabaseDown => "not recorded, because the database was down until the lease could expire".to_owned(),
                Cause::Response(CallbackResponse::Accepted) | Cause::Unexplained => "although accepted: NOT EXPLAINED".to_owned(),
            };
            line(f, "", count(*times), note)?;
        }
        let disordered = self.violations.iter().filter(|violation| violation.rule == "out of order").count();
        line(f, "out of order", count(disordered), format!("at {} ordered webhooks", self.ordered))?;
        line(f, "server kills", count(self.kills), none())?;
        if self.pauses > 0 {
            line(f, "server pauses", count(self.pauses), none())?;
        }
        let (kills, longest, cuts) = self.outages;
        if kills + cuts > 0 {
            let note = format!("at most {} ms each; connections were cut {} times", number(longest), count(cuts));
            line(f, "database kills", count(kills), note)?;
        }
        if !self.first_deliveries.is_empty() {
            let (median, longest) = (percentile(&self.first_deliveries, 50.0), percentile(&self.first_deliveries, 100.0));
            line(f, "start to first delivery", format!("{} ms", number(median)), format!("median; maximum {} ms", number(longest)))?;
        }
        if self.shared_database {
            let taken: usize = self.takeovers.iter().map(|takeover| takeover.deliveries).sum();
            let longest = self.takeovers.iter().map(|takeover| takeover.longest).max().unwrap_or_default() / MILLISECOND;
            let note = format!("after {} kills and pauses, at most {} ms later", count(self.takeovers.len()), number(longest as f64));
            line(f, "deliveries taken over", count(taken), note)?;
        }
        if let Some((deaths, note)) = self.planted_line() {
            line(f, "planted abort", deaths, note)?;
        }
        let mut rules: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for violation in &self.violations {
            rules.entry(violation.rule).or_default().push(&violation.details);
        }
        for (rule, details) in rules {
            writeln!(f, "VIOLATED: {rule}, {} times:", details.len())?;
            details.iter().take(MAX_SHOWN).try_for_each(|details| writeln!(f, "  {details}"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
