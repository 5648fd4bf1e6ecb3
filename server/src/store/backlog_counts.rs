//! How much of everything there is. It is counted in steps, because one count of a backlog of millions would take long,
//! and comes to what was there in the course of it.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::{BacklogCounts, Lane};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// So far.
    pub counts: BacklogCounts,
    /// Where the next step goes on.
    pub(super) place: Place,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Behind the delivery with this key in the index of what waits.
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
    End,
}

impl Default for Place {
    /// Before all.
    fn default() -> Place {
        Place::Deliveries { webhook_id: Uuid::nil(), epoch: 0, lane: Lane::Fresh, due_at: DateTime::UNIX_EPOCH, id: Uuid::nil() }
    }
}

impl Census {
    #[must_use]
    pub fn ended(&self) -> bool {
        self.place == Place::End
    }
}
