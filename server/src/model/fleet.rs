//! The nodes that share a store.

use uuid::Uuid;

/// The processes that work on the store, and what this one has heard of the others.
#[derive(Debug, Default)]
pub struct Fleet {
    /// How many deliver, this one included.
    pub delivering: u32,
    /// There may be others, whose handshakes this one has to look for.
    pub is_shared: bool,
    /// The names of those that have died.
    pub taken_over_from: Vec<String>,
    /// This one was believed dead, and what it held is another's now.
    pub was_given_up: bool,
    /// Webhooks that have been changed, deactivated or deleted, with the revision that they have since.
    pub changed_webhooks: Vec<(Uuid, u32)>,
    pub deleted_notifications: Vec<Uuid>,
}
