//! The lanes in which deliveries wait, and what happens to a delivery after an attempt.

use chrono::{DateTime, Utc};

/// A lane of a webhook. A delivery waits only for earlier deliveries in its own lane, so retries never block fresh
/// deliveries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    Fresh = 0,
    Retry = 1,
    /// All deliveries of an ordered webhook, also retries. At most one of these deliveries is in flight.
    Ordered = 2,
}

impl Lane {
    pub const ALL: [Lane; Lane::COUNT] = [Lane::Fresh, Lane::Retry, Lane::Ordered];
    pub const COUNT: usize = 3;
}

/// For each lane, the due time of the oldest waiting delivery. This time may be in the future. Ignores paused
/// deliveries. Also ignores deliveries of ordered webhooks that wait for an earlier delivery.
pub type DuePerLane = [Option<DateTime<Utc>>; Lane::COUNT];

/// What happens to a delivery after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Succeeded,
    RetryAt(DateTime<Utc>),
    Failed,
    /// The receiver returned 410 Gone: the delivery failed and the webhook is deactivated.
    Gone,
}

impl Next {
    /// Returns when the next attempt is due.
    #[must_use]
    pub fn due_at(self) -> Option<DateTime<Utc>> {
        match self {
            Next::RetryAt(due_at) => Some(due_at),
            Next::Succeeded | Next::Failed | Next::Gone => None,
        }
    }
}
