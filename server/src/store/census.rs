//! How much of everything there is. It is counted in steps, because one count of a backlog of millions would take long,
//! and comes to what was there in the course of it.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Lane;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Pending deliveries, by lane.
    pub pending: [u64; Lane::COUNT],
    /// Webhooks.
    pub active: u64,
    pub deactivated: u64,
    /// Since when the delivery is due that waits longest for its turn at an ordered webhook, behind others or at their head.
    pub oldest_in_order: Option<DateTime<Utc>>,
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

/// For each lane, since when the delivery is due that waits longest, or when the next one will be. What is paused, and what
/// only waits for others of an ordered webhook, is not looked at.
pub type DuePerLane = [Option<DateTime<Utc>>; Lane::COUNT];

/// The room that the store takes and has left, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StorageUse {
    /// Of the database, without its log and what is free in it.
    pub used_bytes: u64,
    /// 0 sets no limit.
    pub max_bytes: u64,
    /// What its disk has left; `u64::MAX` where the file system does not tell.
    pub disk_free_bytes: u64,
    /// What must stay free on its disk.
    pub min_free_bytes: u64,
}

impl StorageUse {
    /// Whether all is refused that would add to the store.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.has_no_room() || self.disk_has_no_room()
    }

    #[must_use]
    pub fn has_no_room(&self) -> bool {
        self.max_bytes > 0 && self.used_bytes >= self.max_bytes
    }

    #[must_use]
    pub fn disk_has_no_room(&self) -> bool {
        self.disk_free_bytes < self.min_free_bytes
    }
}
