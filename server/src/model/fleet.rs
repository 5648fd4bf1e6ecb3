//! The nodes that share a store.

use uuid::Uuid;

/// The nodes that share the store, and the changes that the other nodes reported.
#[derive(Debug, Default)]
pub struct Fleet {
    /// The number of nodes that deliver, including this one.
    pub delivering: u32,
    /// Whether there may be other nodes. This node must then look for their handshakes.
    pub is_shared: bool,
    /// The names of dead nodes that this node took over from.
    pub taken_over_from: Vec<String>,
    /// Whether this node was considered dead. Its leases belong to other nodes now.
    pub was_given_up: bool,
    /// Webhooks that were changed, deactivated or deleted, with their new revisions.
    pub changed_webhooks: Vec<(Uuid, u32)>,
    pub deleted_notifications: Vec<Uuid>,
}
