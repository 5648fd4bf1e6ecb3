//! The backlog scan counts pending deliveries and webhooks in steps, because one query for millions of deliveries takes
//! too long. If data changes during the scan, the result may include only some of the changes.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::{BacklogCounts, Lane};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BacklogScan {
    /// The counts of the steps that have run.
    pub counts: BacklogCounts,
    /// The position at which the next step begins.
    pub(super) position: ScanPosition,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ScanPosition {
    /// The next step begins after the delivery with this key in the index of pending deliveries.
    Deliveries {
        webhook_id: Uuid,
        epoch: u32,
        lane: Lane,
        due_at: DateTime<Utc>,
        id: Uuid,
    },
    Webhooks {
        after: Uuid,
    },
    /// The next step begins after this webhook in the table of failures.
    Failing {
        after: Uuid,
    },
    End,
}

impl Default for ScanPosition {
    /// Returns the position before the first delivery.
    fn default() -> ScanPosition {
        ScanPosition::Deliveries { webhook_id: Uuid::nil(), epoch: 0, lane: Lane::Fresh, due_at: DateTime::UNIX_EPOCH, id: Uuid::nil() }
    }
}

impl BacklogScan {
    #[must_use]
    pub fn ended(&self) -> bool {
        self.position == ScanPosition::End
    }
}
