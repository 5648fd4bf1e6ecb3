//! Access tokens.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::api::Scope;
use crate::api::types::Account;

/// The stored record of an access token. It does not contain the secret text of the token.
#[derive(Clone, Debug)]
pub struct Token {
    pub id: Uuid,
    /// `None` for a platform token.
    pub account: Option<Account>,
    pub scopes: Arc<[Scope]>,
    pub created_at: DateTime<Utc>,
    pub expires_at: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
}

impl Token {
    #[must_use]
    pub fn valid_at(&self, now: DateTime<Utc>) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|expires_at| now < expires_at)
    }
}
