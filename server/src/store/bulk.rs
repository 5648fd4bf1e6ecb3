//! The selection of deliveries that a recovery or a bulk change concerns.

use super::*;
use crate::api::types::OutcomeName;

/// Selects deliveries by their event type and the result of their last attempt. `None` selects all.
#[derive(Clone, Debug, Default)]
pub struct Cause {
    pub event_type: Option<EventType>,
    pub outcome: Option<OutcomeName>,
    pub status_code: Option<u16>,
}

/// What an operation does with the deliveries that it selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BulkChange {
    /// Makes deliveries in any state due now, and starts new retry schedules.
    Redeliver,
    /// Cancels pending deliveries.
    Cancel,
}

/// Selects deliveries of a webhook, and what happens to them.
#[derive(Clone, Debug)]
pub struct Selection {
    pub change: BulkChange,
    /// Selects deliveries created at this time or later.
    pub since: DateTime<Utc>,
    /// Selects deliveries created before this time.
    pub until: Option<DateTime<Utc>>,
    pub cause: Cause,
    /// If true, deliveries are only counted.
    pub dry_run: bool,
}

/// Where a step of a bulk change begins.
#[derive(Clone, Copy, Debug)]
pub struct SelectionStart {
    pub webhook_id: Uuid,
    /// The last delivery of the webhook that was examined. `None` if no delivery was examined.
    pub after: Option<Uuid>,
}

/// The maximum time by which the order of creation times may differ from the order of identifiers: the clocks of the
/// nodes are not equal.
const MAX_CLOCK_DIFFERENCE: TimeDelta = TimeDelta::hours(1);

impl Selection {
    /// Returns a position before the first selected delivery. So the earlier deliveries are not read.
    pub(super) fn first_position(&self) -> Uuid {
        first_id_at(self.since.checked_sub_signed(MAX_CLOCK_DIFFERENCE).unwrap_or(self.since))
    }

    /// Returns the position of the next step. `last` is the last delivery that a step examined.
    pub(super) fn next(&self, examined: usize, last: Option<(Uuid, DateTime<Utc>)>) -> Option<Uuid> {
        let is_later = |created_at: DateTime<Utc>| self.until.is_some_and(|until| created_at - until > MAX_CLOCK_DIFFERENCE);
        let (id, _) = last.filter(|(_, created_at)| examined == RECOVERY_STEP as usize && !is_later(*created_at))?;
        Some(id)
    }
}

/// The result of one step of a bulk change.
#[derive(Debug, PartialEq, Eq)]
pub enum SelectionStep {
    /// The step changed `count` deliveries, or a dry run counted them. The next step begins after `next`. If `next` is
    /// `None`, there are no more deliveries of the webhook.
    Changed {
        count: u32,
        next: Option<Uuid>,
    },
    NoSuchWebhook,
    WebhookDeactivated,
}

impl SelectionStep {
    /// Returns the number of deliveries that the step adds to the count of its event, or `None` if the step has no event.
    #[must_use]
    pub fn changed(&self, dry_run: bool) -> Option<u32> {
        match self {
            SelectionStep::Changed { count, .. } if !dry_run => Some(*count),
            _ => None,
        }
    }
}
