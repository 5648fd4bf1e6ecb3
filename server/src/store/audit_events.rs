//! The events of the audit log that the stores themselves record, and the selection of events.

use super::*;
use crate::api::types::AuditObject;

/// The actions of the service itself.
pub(super) const ACTIVATED: &str = "webhook.activated";
pub(super) const DEACTIVATED: &str = "webhook.deactivated";

/// The reason of [`ACTIVATED`]: the receiver has agreed in a handshake.
pub(super) const VERIFIED: &str = "verified";

/// Returns the event of a new access token.
#[must_use]
pub fn token_created(token: &StoredToken, actor: &str) -> AuditEvent {
    AuditEvent::new("token.created", actor, token.created_at).about(token.account.clone(), AuditObject::new("token", token.id))
}

/// Selects events of the audit log.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Selects events that concern this account. `None` selects all events.
    pub account: Option<Account>,
    pub action: Option<AuditAction>,
    /// Selects events at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Selects events before this time.
    pub until: Option<DateTime<Utc>>,
}

impl AuditFilter {
    /// Returns the lowest identifier that the filter selects.
    pub(super) fn first_id(&self) -> Uuid {
        self.since.map_or(Uuid::nil(), AuditEvent::first_id_at)
    }

    /// Returns the page with a position that leaves out the events at `until` and later. So these events are not read.
    pub(super) fn page(&self, page: Page) -> Page {
        let until = self.until.map(AuditEvent::first_id_at);
        Page { after: page.after.into_iter().chain(until).min(), ..page }
    }
}
