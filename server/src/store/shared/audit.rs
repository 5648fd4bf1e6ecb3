//! The stored form of an event of the audit log.

use uuid::Uuid;

use crate::api::types::{Account, AuditAction, AuditDetails, AuditEvent, time_of};

/// The maximum number of events that one step of the removal removes.
pub(crate) const EVENTS_REMOVED_AT_ONCE: i64 = 500;

/// The values of the columns of `audit_events`.
#[derive(Clone)]
pub(crate) struct EventRow {
    pub(crate) id: Uuid,
    pub(crate) account: Option<String>,
    pub(crate) action: String,
    pub(crate) count: Option<u32>,
    pub(crate) details: String,
}

impl From<&AuditEvent> for EventRow {
    fn from(event: &AuditEvent) -> EventRow {
        EventRow {
            id: event.id,
            account: event.account.as_ref().map(|account| account.as_str().to_owned()),
            action: event.action.as_str().to_owned(),
            count: event.count,
            details: serde_json::to_string(&event.details).expect("texts, identifiers and times serialise"),
        }
    }
}

impl EventRow {
    /// # Errors
    /// If `details` is not a text that this program has written.
    pub(crate) fn into_event(self) -> serde_json::Result<AuditEvent> {
        Ok(AuditEvent {
            id: self.id,
            at: time_of(self.id),
            action: AuditAction::stored(self.action),
            account: self.account.map(Account::stored),
            count: self.count,
            details: serde_json::from_str::<AuditDetails>(&self.details)?,
        })
    }
}
