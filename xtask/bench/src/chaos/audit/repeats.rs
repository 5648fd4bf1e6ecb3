//! Explains why the service repeated a callback that a receiver had accepted.
//!
//! If a server is killed, the outcomes of its most recent attempts may be lost. On the embedded store, the server
//! repeats these attempts after its restart. With a shared database, another server repeats these attempts after the
//! leases of the killed server have expired. A server that is paused for longer than a lease counts as dead, and other
//! servers attempt its leased deliveries. When the paused server continues, it may send one callback that it was about
//! to send. Attempts that were in flight at the pause may time out.

use super::{MAX_TRANSIT, MILLISECOND, RESUME_WINDOW, SECOND};
use crate::chaos::ledger::{Arrival, Fault, FaultKind, Records};

/// Maximum time from the response of the receiver until the attempt is recorded. If a kill happens later than this, the
/// attempt must not be repeated. The server needs 5 ms and a commit. The rest is a margin for debug builds on a busy
/// machine.
pub(super) const MAX_RECORDING: u64 = 250 * MILLISECOND;

/// The same maximum as [`MAX_RECORDING`], but for a shared database, because a shared database is slower.
pub(super) const MAX_SHARED_RECORDING: u64 = SECOND;

/// If a server is paused within a transaction, it may block other servers. After this time, the database ends the
/// transaction.
pub(super) const MAX_BLOCKED: u64 = 2 * SECOND;

/// Minimum time from a kill until the leases of the server expire. A lease lasts 10 s and is renewed every 2 s, so at
/// least 8 s remain. The other 2 s are a margin for debug builds on a busy machine.
pub(super) const MIN_LEASE: u64 = 6 * SECOND;

/// Maximum time from the end of an outage until the server records its attempts. The server waits at most 5 s before
/// each retry.
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
    // Prefer a fault after the arrival of the accepted callback. A fault before the arrival can also be the cause: the
    // server may have sent the callback just before the fault.
    let fault = faults.clone().find(|(_, fault)| fault.at >= accepted.at).or_else(|| faults.next_back());
    if let Some((index, _)) = fault {
        return Some(Explanation::Fault(index));
    }
    // There is another possible cause. While a server was paused, another server took over, and a receiver accepted its
    // callback. Then the paused server continued and sent the same callback.
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

/// A server had leased a delivery when `fault` happened. Returns whether the delivery may be attempted again at the
/// time `at`.
fn may_repeat(records: &Records, fault: &Fault, at: u64) -> bool {
    // While the database is down, a server cannot renew its leases. So the leases may expire earlier.
    let lease_was_lost = || records.outages.iter().any(|outage| outage.from <= at && fault.at <= outage.until + MIN_LEASE + MAX_RECOVERY);
    // When a paused server continues, its attempts may time out and be repeated.
    let timed_out = matches!(fault.kind, FaultKind::Paused { until } if until <= at);
    !records.shared_database || timed_out || at >= fault.at + MIN_LEASE || lease_was_lost()
}
