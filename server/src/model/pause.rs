//! Pauses of deliveries.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::api::types::Account;

/// What the operator pauses and resumes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PauseScope {
    All,
    Account(Account),
    Webhook(Uuid),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    pub scope: PauseScope,
    pub since: DateTime<Utc>,
}
