//! The contexts of encrypted secrets. A context names the row and the column of a secret. So the secret cannot be
//! decrypted if it is copied to another row or column.

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
