//! What excuses a callback that came again though it had been accepted.
//!
//! Its acceptance need not have been recorded where a server was killed at about that time. On the embedded store it comes
//! again after the next start; where servers share a database, when the lease of the one that was killed has ended, and not
//! sooner. A server that was paused for longer than its lease is held for dead, so what it was on comes again too. When it goes
//! on it may send, once more, what it was about to send, and to it the time for an answer may seem to be over.

use super::{MILLISECOND, ON_ITS_WAY, SECOND, WOKEN};
use crate::chaos::ledger::{Arrival, Fault, Records, What};

/// An accepted callback whose acceptance was this old when the server was killed has been recorded: it must not come again.
/// The server takes 5 ms and a commit, and the rest is for a build without optimisation on a machine that has other work.
pub(super) const RECORDED: u64 = 250 * MILLISECOND;

/// The same where servers share a database, which has more to do than to commit for one of them.
pub(super) const RECORDED_TOGETHER: u64 = SECOND;

/// What a server holds that is paused in the middle of a transaction keeps the others from recording, until the database ends
/// that.
pub(super) const HELD_UP: u64 = 2 * SECOND;

/// A lease lasts so long at least after a kill: it is of 10 s and renewed every 2 s, and the rest is for such a build and
/// machine.
pub(super) const LEASE: u64 = 6 * SECOND;

/// What could not be recorded is tried again after pauses that grow up to 5 s.
pub(super) const RECOVERY: u64 = 6 * SECOND;

#[derive(Debug, PartialEq)]
pub(super) enum Excuse {
    /// The place of the fault in [`Records::faults`].
    Fault(usize),
    Away,
}

pub(super) fn excuse(records: &Records, before: &Arrival, again: &Arrival) -> Option<Excuse> {
    let between = before.at.saturating_sub(ON_ITS_WAY)..=again.at.min(recorded_by(records, before));
    let of_time = |(_, fault): &(usize, &Fault)| between.contains(&fault.at) && may_go_on(records, fault, again.at);
    let mut faults = records.faults.iter().enumerate().filter(of_time);
    // An earlier one, only where none came later: it had been sent before it, and read after it.
    let fault = faults.clone().find(|(_, fault)| fault.at >= before.at).or_else(|| faults.next_back());
    if let Some((place, _)) = fault {
        return Some(Excuse::Fault(place));
    }
    // Another server had taken over from the paused one, and was accepted.
    if let Some(place) = woken(records, again.at).filter(|place| before.at + ON_ITS_WAY >= records.faults[*place].at) {
        return Some(Excuse::Fault(place));
    }
    let mut away = records.outages.iter().filter(|outage| outage.away && outage.until - outage.from >= LEASE);
    let in_vain = away.any(|outage| outage.from <= before.answered_at + RECORDED_TOGETHER && before.at <= outage.until + RECOVERY);
    in_vain.then_some(Excuse::Away)
}

/// The place of the pause that had ended just before.
pub(super) fn woken(records: &Records, at: u64) -> Option<usize> {
    let just_before = |fault: &Fault| matches!(fault.what, What::Paused { until } if until <= at && at - until <= WOKEN);
    records.faults.iter().position(just_before)
}

/// When what was accepted has been recorded, for which the database has to be there, and no other server in the way.
fn recorded_by(records: &Records, before: &Arrival) -> u64 {
    if !records.leases {
        return before.answered_at + RECORDED;
    }
    let by = before.answered_at + RECORDED_TOGETHER;
    let in_vain = records.outages.iter().map(|outage| (outage.from, outage.until + RECOVERY));
    let pauses = records.faults.iter().filter(|fault| fault.what != What::Killed);
    let held_up = pauses.map(|fault| (fault.at, fault.at + HELD_UP + RECORDED_TOGETHER));
    let in_the_way = in_vain.chain(held_up).filter(|(from, until)| *from <= by && before.answered_at <= *until);
    in_the_way.map(|(_, until)| until).fold(by, u64::max)
}

/// Whether what a server was on may have been taken over at a time, or been tried again by the server itself.
fn may_go_on(records: &Records, fault: &Fault, at: u64) -> bool {
    // A server that cannot reach the database cannot renew its lease either.
    let unsure = || records.outages.iter().any(|outage| outage.from <= at && fault.at <= outage.until + LEASE + RECOVERY);
    // To one that was paused it seems that there was no answer in time.
    let timed_out = matches!(fault.what, What::Paused { until } if until <= at);
    !records.leases || timed_out || at >= fault.at + LEASE || unsure()
}
