//! The lanes in which deliveries wait, and what an attempt leads to.

use chrono::{DateTime, Utc};

/// Deliveries of a lane wait for one another, and for no other lane's: retries never keep fresh deliveries waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    Fresh = 0,
    Retry = 1,
    /// Of a webhook that is ordered: one at a time, first attempts and retries alike.
    Ordered = 2,
}

impl Lane {
    pub const ALL: [Lane; Lane::COUNT] = [Lane::Fresh, Lane::Retry, Lane::Ordered];
    pub const COUNT: usize = 3;
}

/// For each lane, since when the delivery is due that waits longest, or when the next one will be. What is paused, and what
/// only waits for others of an ordered webhook, is not looked at.
pub type DuePerLane = [Option<DateTime<Utc>>; Lane::COUNT];

/// What an attempt leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Succeeded,
    RetryAt(DateTime<Utc>),
    Failed,
    /// The callback is gone: the delivery failed, and the webhook is deactivated.
    Gone,
}
