//! Explains why an accepted callback was repeated.
//!
//! If a server is killed, the last accepted attempts may not be recorded. On the embedded store their callbacks are repeated after
//! the restart. With a shared database they are repeated only after the lease of the killed server has expired. A server that is
//! paused for longer than its lease counts as dead, so its leased deliveries are repeated too. When that server continues, it may
//! send one callback that it was about to send. Its attempts in flight may time out.

use super::{MAX_TRANSIT, MILLISECOND, RESUME_WINDOW, SECOND};
use crate::chaos::ledger::{Arrival, Fault, FaultKind, Records};

/// Maximum time from the response of the receiver until the attempt is recorded. An attempt that is older than this at a kill must
/// not be repeated. The server needs 5 ms and a commit. The rest is a margin for debug builds on a busy machine.
pub(super) const MAX_RECORDING: u64 = 250 * MILLISECOND;

/// Like [`MAX_RECORDING`], but with a shared database, which is slower.
pub(super) const MAX_SHARED_RECORDING: u64 = SECOND;

/// Maximum time for which a server that is paused within a transaction blocks other servers. After this time the database ends the
/// transaction.
pub(super) const MAX_BLOCKED: u64 = 2 * SECOND;

/// Minimum time from a kill until the lease expires: leases last 10 s and are renewed every 2 s. The rest is a margin for debug
/// builds on a busy machine.
pub(super) const MIN_LEASE: u64 = 6 * SECOND;

/// Maximum time after an outage until attempts are recorded. The server retries with pauses of up to 5 s.
pub(super) const MAX_RECOVERY: u64 = 6 * SECOND;

#[derive(Debug, PartialEq)]
pub(super) enum Explanation {
    /// The index of the fault in [`Records::faults`].
    Fault(usize),
    /// The database was down for too long.
    DatabaseDown,
}

/// Explains why a callback was repeated after it was accepted. Returns `None` if there is no reason.
pub(super) fn explain(records: &Records, accepted: &Arrival, repeat: &Arrival) -> Option<Explanation> {
    let between = accepted.at.saturating_sub(MAX_TRANSIT)..=repeat.at.min(recording_deadline(records, accepted));
    let is_cause = |(_, fault): &(usize, &Fault)| between.contains(&fault.at) && may_repeat(records, fault, repeat.at);
    let mut faults = records.faults.iter().enumerate().filter(is_cause);
    // Prefer a fault after the first arrival. An earlier fault is possible if the callback was sent before it and read later.
    let fault = faults.clone().find(|(_, fault)| fault.at >= accepted.at).or_else(|| faults.next_back());
    if let Some((index, _)) = fault {
        return Some(Explanation::Fault(index));
    }
    // Another server had taken over from the paused server, and the callback of that other server was accepted.
    if let Some(index) = resumed_before(records, repeat.at).filter(|index| accepted.at + MAX_TRANSIT >= records.faults[*index].at) {
        return Some(Explanation::Fault(index));
    }
    let mut outages = records.outages.iter().filter(|outage| outage.is_down && outage.until - outage.from >= MIN_LEASE);
    let prevents_recording =
        outages.any(|outage| outage.from <= accepted.responded_at + MAX_SHARED_RECORDING && accepted.at <= outage.until + MAX_RECOVERY);
    prevents_recording.then_some(Explanation::DatabaseDown)
}

/// Returns the index of a pause that ended shortly before this time.
pub(super) fn resumed_before(records: &Records, at: u64) -> Option<usize> {
    let just_before = |fault: &Fault| matches!(fault.kind, FaultKind::Paused { until } if until <= at && at - until <= RESUME_WINDOW);
    records.faults.iter().position(just_before)
}

/// Returns the time by which an accepted attempt is recorded. Outages of the database and paused servers delay the recording.
fn recording_deadline(records: &Records, accepted: &Arrival) -> u64 {
    if !records.shared_database {
        return accepted.responded_at + MAX_RECORDING;
    }
    let deadline = accepted.responded_at + MAX_SHARED_RECORDING;
    let outages = records.outages.iter().map(|outage| (outage.from, outage.until + MAX_RECOVERY));
    let pauses = records.faults.iter().filter(|fault| fault.kind != FaultKind::Killed);
    let blocked = pauses.map(|fault| (fault.at, fault.at + MAX_BLOCKED + MAX_SHARED_RECORDING));
    let delays = outages.chain(blocked).filter(|(from, until)| *from <= deadline && accepted.responded_at <= *until);
    delays.map(|(_, until)| until).fold(deadline, u64::max)
}

/// Whether a delivery that a server had leased at a fault may be attempted again at this time, by that server or another one.
fn may_repeat(records: &Records, fault: &Fault, at: u64) -> bool {
    // A server that cannot reach the database cannot renew its lease either.
    let lease_was_lost = || records.outages.iter().any(|outage| outage.from <= at && fault.at <= outage.until + MIN_LEASE + MAX_RECOVERY);
    // The attempts of a paused server may time out.
    let timed_out = matches!(fault.kind, FaultKind::Paused { until } if until <= at);
    !records.shared_database || timed_out || at >= fault.at + MIN_LEASE || lease_was_lost()
}
