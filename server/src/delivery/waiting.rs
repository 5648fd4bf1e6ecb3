//! Why a pending delivery waits.
//!
//! Several reasons can apply at the same time. The reason that is shown is the one that ends last, as far as the ends are
//! known: first a pause of the operator and an earlier delivery of an ordered webhook, because their ends are not known,
//! then the waits of the webhook that end after the delivery is due, then the due time, and then the limits of attempts in
//! flight. The pause, the order, the hold, the rate and the due time are stored, so each node gives the same reason. The
//! recovery and the limits are in the memory of each node. Without them, the reason is that the delivery is due.

use chrono::{DateTime, SubsecRound as _, Utc};

use super::Engine;
use crate::api::WaitingReason;
use crate::api::types::{PrecedingDelivery, WaitingFor};
use crate::model::Rate;
use crate::slots::{ObservedWait, ReachedLimit, WorkItem};
use crate::store::{Delivery, StoredWait};

impl Engine {
    /// Returns why each delivery waits, as far as this node knows.
    #[must_use]
    pub fn waits(&self, deliveries: &[Delivery]) -> Vec<Option<WaitingFor>> {
        let now = self.clock.now();
        let work_item = |delivery: &Delivery| Some(WorkItem { webhook_id: delivery.webhook_id, lane: delivery.stored_wait.as_ref()?.lane });
        let observed = self.slots.observe(deliveries.iter().map(work_item), now);
        deliveries.iter().zip(observed).map(|(delivery, observed)| waiting_for(delivery, observed, now)).collect()
    }
}

/// Returns `None` if the delivery is not pending or if an attempt is in flight.
fn waiting_for(delivery: &Delivery, observed: ObservedWait, now: DateTime<Utc>) -> Option<WaitingFor> {
    let (wait, due_at) = (delivery.stored_wait.as_ref()?, delivery.due_at?);
    let times = Times::of(delivery, wait, due_at, now);
    let reason = |reason, since: DateTime<Utc>, until: Option<DateTime<Utc>>| Some(WaitingFor::new(reason, since, until));
    if let Some(paused_since) = wait.paused_since {
        return reason(WaitingReason::Pause, paused_since.max(times.begun), None);
    }
    if let Some(id) = wait.preceding {
        let waiting_for = WaitingFor::new(WaitingReason::PrecedingDelivery, times.begun, None);
        return Some(WaitingFor { preceding_delivery: Some(PrecedingDelivery { id }), ..waiting_for });
    }
    if wait.is_suspect {
        return reason(WaitingReason::Quarantine, times.begun, None);
    }
    // A wait of the webhook that ends before the delivery is due does not delay the delivery.
    let delays = |until: DateTime<Utc>| until > now && (times.is_due || until >= due_at);
    if let Some((since, until)) = wait.hold.filter(|(_, until)| delays(*until)) {
        return reason(WaitingReason::RetryAfter, since.max(times.begun), Some(until));
    }
    if let Some(recovery) = observed.recovery.filter(|recovery| recovery.until.map_or(times.is_due, delays)) {
        return reason(WaitingReason::Recovering, recovery.since.max(times.begun), recovery.until);
    }
    if !times.is_due {
        return reason(WaitingReason::Retry, times.begun, Some(due_at));
    }
    if let Some(until) = rate_limit_end(wait, now) {
        return reason(WaitingReason::RateLimit, times.due, Some(until));
    }
    match observed.limit {
        Some(ReachedLimit::Host) => reason(WaitingReason::HostLimit, times.due, None),
        Some(ReachedLimit::Capacity) => reason(WaitingReason::Capacity, times.due, None),
        None if wait.is_first => reason(WaitingReason::FirstAttempt, times.begun, None),
        None => reason(WaitingReason::Retry, times.begun, None),
    }
}

/// When a wait began. No time is in the future, even if the clock was set back.
struct Times {
    /// When the delivery was created or made due again, or when its last attempt ended.
    begun: DateTime<Utc>,
    /// When the delivery became due. If it is not due yet, this is `now`.
    due: DateTime<Utc>,
    is_due: bool,
}

impl Times {
    fn of(delivery: &Delivery, wait: &StoredWait, due_at: DateTime<Utc>, now: DateTime<Utc>) -> Times {
        let due = due_at.min(now);
        let ended_at = delivery.last_attempt.as_ref().map(|attempt| attempt.ended_at(now));
        if wait.is_first {
            // The first attempt of a retry schedule is always due. If the redelivery was requested during an attempt, the
            // wait begins at the end of that attempt.
            let begun = ended_at.map_or(due, |ended_at| due.max(ended_at));
            return Times { begun, due: begun, is_due: true };
        }
        let begun = ended_at.unwrap_or_else(|| delivery.created_at.min(now));
        Times { begun, due: due.max(begun), is_due: due_at <= now }
    }
}

/// Returns when the rate limit of the webhook allows the next attempt, or `None` if it allows one now.
fn rate_limit_end(wait: &StoredWait, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let rate = wait.max_per_second.and_then(Rate::per_second)?;
    // The end is rounded up, so that it is never too early.
    let end = now + rate.admit(wait.theoretical_arrival_time, now).err()?;
    Some((end + chrono::TimeDelta::microseconds(999)).trunc_subsecs(3))
}

#[cfg(test)]
mod tests;
