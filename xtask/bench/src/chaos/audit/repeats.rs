//! Explains why the service repeated a callback that a receiver had accepted.
//!
//! If a server is killed, its last accepted attempts may not be recorded. On the embedded store, the server repeats
//! their callbacks after the restart. With a shared database, another server repeats them after the leases of the
//! killed server have expired. If a server is paused for longer than a lease, it counts as dead, and other servers
//! repeat its leased deliveries. When the paused server continues, it may send one callback that it was about to send.
//! Its attempts in flight may time out.

use super::{MAX_TRANSIT, MILLISECOND, RESUME_WINDOW, SECOND};
use crate::chaos::ledger::{Arrival, Fault, FaultKind, Records};

/// Maximum time from the response of the receiver until the attempt is recorded. If the response is older than this at
/// a kill, the attempt must not be repeated. The server needs 5 ms and a commit. The rest is a margin for debug builds
/// on a busy machine.
pub(super) const MAX_RECORDING: u64 = 250 * MILLISECOND;

/// Like [`MAX_RECORDING`], but with a shared database, which is slower.
pub(super) const MAX_SHARED_RECORDING: u64 = SECOND;

/// If a server is paused within a transaction, it may block other servers for this time. Then the database ends the
/// transaction.
pub(super) const MAX_BLOCKED: u64 = 2 * SECOND;

/// Minimum time from a kill until the leases of the server expire. A lease lasts 10 s and is renewed every 2 s, so 8 s
/// remain. The difference of 2 s is a margin for debug builds on a busy machine.
pub(super) const MIN_LEASE: u64 = 6 * SECOND;

/// Maximum time from the end of an outage until the server records its attempts. The server retries with pauses of up
/// to 5 s.
pub(super) const MAX_RECOVERY: u64 = 6 * SECOND;

#[derive(Debug, PartialEq)]
pub(super) enum Explanation {
    /// The index of the fault in [`Records::faults`].
    Fault(usize),
    /// The database was down for at least [`MIN_LEASE`], so the server could not record the attempt.
    DatabaseDown,
}

/// Explains why a callback was repeated after it was accepted. Returns `None` if no fault or outage explains it.
pub(super) fn explain(records: &Records, accepted: &Arrival, repeat: &Arrival) -> Option<Explanation> {
    let between = accepted.at.saturating_sub(MAX_TRANSIT)..=repeat.at.min(recording_deadline(records, accepted));
    let is_cause = |(_, fault): &(usize, &Fault)| between.contains(&fault.at) && may_repeat(records, fault, repeat.at);
    let mut faults = records.faults.iter().enumerate().filter(is_cause);
    // Prefer a fault after the arrival of the accepted callback. An earlier fault can also be the cause. Then the
    // server sent the callback before the fault, and the receiver read it after the fault.
    let fault = faults.clone().find(|(_, fault)| fault.at >= accepted.at).or_else(|| faults.next_back());
    if let Some((index, _)) = fault {
        return Some(Explanation::Fault(index));
    }
    // Another server took over from the paused server, and a receiver accepted the callback of that other server. Then
    // the paused server continued and sent the same callback.
    if let Some(index) = resumed_before(records, repeat.at).filter(|index| accepted.at + MAX_TRANSIT >= records.faults[*index].at) {
        return Some(Explanation::Fault(index));
    }
    let mut outages = records.outages.iter().filter(|outage| outage.is_down && outage.until - outage.from >= MIN_LEASE);
    let prevents_recording =
        outages.any(|outage| outage.from <= accepted.responded_at + MAX_SHARED_RECORDING && accepted.at <= outage.until + MAX_RECOVERY);
    prevents_recording.then_some(Explanation::DatabaseDown)
}

/// Returns the index of a pause that ended at most [`RESUME_WINDOW`] before the time `at`.
pub(super) fn resumed_before(records: &Records, at: u64) -> Option<usize> {
    let just_before = |fault: &Fault| matches!(fault.kind, FaultKind::Paused { until } if until <= at && at - until <= RESUME_WINDOW);
    records.faults.iter().position(just_before)
}

/// Returns the latest time at which an accepted attempt is recorded. Outages of the database and paused servers delay
/// the recording.
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

/// Whether an attempt of a delivery is allowed at the time `at`, if a server had leased the delivery at the fault.
fn may_repeat(records: &Records, fault: &Fault, at: u64) -> bool {
    // While the database is down, a server cannot renew its leases. So they may expire earlier.
    let lease_was_lost = || records.outages.iter().any(|outage| outage.from <= at && fault.at <= outage.until + MIN_LEASE + MAX_RECOVERY);
    // When a paused server continues, its attempts may time out and be repeated.
    let timed_out = matches!(fault.kind, FaultKind::Paused { until } if until <= at);
    !records.shared_database || timed_out || at >= fault.at + MIN_LEASE || lease_was_lost()
}
