//! The nodes that share a store.

use uuid::Uuid;

use super::KeyRecord;

/// The nodes that share the store, and the changes that the other nodes reported.
#[derive(Debug, Default)]
pub struct Fleet {
    /// The number of nodes that deliver, including this node.
    pub delivering: u32,
    /// Whether there may be other nodes. If true, this node must also look for handshakes that other nodes have stored.
    pub is_shared: bool,
    /// The names of the dead nodes whose leases this node made void by a takeover.
    pub taken_over_from: Vec<String>,
    /// Whether this node has joined again, because it had sent no heartbeat in time. If true, all its earlier leases
    /// are void.
    pub was_given_up: bool,
    /// The webhooks that were changed, deactivated or deleted. Each webhook has its new revision.
    pub changed_webhooks: Vec<(Uuid, u32)>,
    pub deleted_notifications: Vec<Uuid>,
    /// All rows of the table `keys`, if one of them has changed since the previous heartbeat of this node.
    pub keys: Option<Vec<KeyRecord>>,
}
