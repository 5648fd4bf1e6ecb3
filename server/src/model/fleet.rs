//! The nodes that share a store.

use uuid::Uuid;

/// The nodes that share the store, and the changes that the other nodes reported.
#[derive(Debug, Default)]
pub struct Fleet {
    /// The number of nodes that deliver, including this one.
    pub delivering: u32,
    /// Whether there may be other nodes. If true, this node must also look for handshakes that other nodes have stored.
    pub is_shared: bool,
    /// The names of dead nodes that this node took over from.
    pub taken_over_from: Vec<String>,
    /// Whether this node sent no heartbeat in time and has joined again. All its earlier leases are void.
    pub was_given_up: bool,
    /// Webhooks that were changed, deactivated or deleted, with their new revisions.
    pub changed_webhooks: Vec<(Uuid, u32)>,
    pub deleted_notifications: Vec<Uuid>,
}
