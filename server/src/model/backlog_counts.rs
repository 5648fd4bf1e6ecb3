//! The counts of pending deliveries and of webhooks.

use chrono::{DateTime, Utc};

use super::Lane;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BacklogCounts {
    /// The number of pending deliveries, by lane.
    pub pending: [u64; Lane::COUNT],
    /// The number of active webhooks.
    pub active: u64,
    /// The number of deactivated webhooks.
    pub deactivated: u64,
    /// The due time of the oldest waiting delivery of an ordered webhook. This delivery may wait behind others.
    pub oldest_in_order: Option<DateTime<Utc>>,
}
