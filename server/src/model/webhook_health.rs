//! The health of a webhook.

use chrono::{DateTime, Utc};

use crate::api::types::WebhookHealthState;

/// A webhook is failing after this number of failed attempts in a row. On each node, the circuit of the webhook opens
/// after the same number.
pub const FAILING_AFTER: u32 = 5;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookHealth {
    pub state: WebhookHealthState,
    /// When the state began. `None` for a healthy webhook.
    pub since: Option<DateTime<Utc>>,
    /// The number of failed attempts since the last success, of all nodes.
    pub consecutive_failures: u32,
    /// The number of pending deliveries, at most [`crate::api::types::MAX_BACKLOG`].
    pub backlog: u32,
}
