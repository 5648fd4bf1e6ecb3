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
    /// The earliest due time of the waiting deliveries of ordered webhooks. The delivery with this due time may wait
    /// for earlier deliveries of its webhook.
    pub oldest_in_order: Option<DateTime<Utc>>,
}
