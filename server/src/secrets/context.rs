//! The contexts of encrypted secrets. A context binds a secret to its row and column, so the secret cannot be decrypted
//! in another row or column.

use uuid::Uuid;

pub fn auth_context(webhook_id: Uuid) -> String {
    format!("webhook-auth:{webhook_id}")
}

pub fn headers_context(webhook_id: Uuid) -> String {
    format!("webhook-headers:{webhook_id}")
}

pub fn signing_context(webhook_id: Uuid) -> String {
    format!("webhook-signing:{webhook_id}")
}
