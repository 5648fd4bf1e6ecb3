//! How much there is of everything.

use chrono::{DateTime, Utc};

use super::Lane;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BacklogCounts {
    /// Pending deliveries, by lane.
    pub pending: [u64; Lane::COUNT],
    /// Active webhooks.
    pub active: u64,
    /// Deactivated webhooks.
    pub deactivated: u64,
    /// Since when the delivery is due that waits longest for its turn at an ordered webhook, behind others or at their head.
    pub oldest_in_order: Option<DateTime<Utc>>,
}
