//! What a sealed secret belongs to.

use uuid::Uuid;

/// The contexts that tie a sealed secret to its place, so that one row's secret cannot be moved into another.
pub fn auth_context(webhook_id: Uuid) -> String {
    format!("webhook-auth:{webhook_id}")
}

pub fn headers_context(webhook_id: Uuid) -> String {
    format!("webhook-headers:{webhook_id}")
}

pub fn signing_context(webhook_id: Uuid) -> String {
    format!("webhook-signing:{webhook_id}")
}
