//! Pauses of deliveries.

use std::fmt;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::api::types::Account;

/// The deliveries that the operator pauses or resumes.
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

impl fmt::Display for PauseScope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PauseScope::All => formatter.write_str("all deliveries"),
            PauseScope::Account(account) => write!(formatter, "account {}", account.as_str()),
            PauseScope::Webhook(id) => write!(formatter, "webhook {id}"),
        }
    }
}
