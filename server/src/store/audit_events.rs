//! The events of the audit log that the stores themselves record, and the selection of events.

use std::net::IpAddr;

use super::*;
use crate::api::types::AuditObject;

/// The actions of the service itself.
pub(super) const ACTIVATED: &str = "webhook.activated";
pub(super) const DEACTIVATED: &str = "webhook.deactivated";

/// The reason of [`ACTIVATED`]: the receiver has agreed in a handshake.
pub(super) const VERIFIED: &str = "verified";

/// Who registered a webhook. The row of the webhook has it, so that a registration stores no second row. The list of
/// events is made from both tables. When the webhook is deleted, its event is stored like all others. When the event is
/// older than events are kept, the row loses its registrant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registrant {
    pub token_id: Uuid,
    pub request_id: Option<Uuid>,
    pub address: IpAddr,
}

impl Registrant {
    #[must_use]
    pub fn event(self, webhook_id: Uuid, account: Account) -> AuditEvent {
        AuditEvent::of_registration(webhook_id, account, self.token_id, self.address, self.request_id)
    }

    /// Returns the stored form: the identifiers of the token and of the request (16 bytes each; zeros: none), and the
    /// address (4 or 16 bytes).
    pub(super) fn to_bytes(self) -> Vec<u8> {
        let address = match self.address {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        [self.token_id.as_bytes(), self.request_id.unwrap_or_default().as_bytes(), &address[..]].concat()
    }

    /// Returns the registrant of webhooks in tests of something else.
    #[cfg(test)]
    pub(crate) fn of_test() -> Registrant {
        Registrant { token_id: Uuid::nil(), request_id: None, address: IpAddr::from([127, 0, 0, 1]) }
    }

    fn from_bytes(bytes: &[u8]) -> Option<Registrant> {
        let (token_id, rest) = bytes.split_first_chunk()?;
        let (request_id, address) = rest.split_first_chunk()?;
        let address = <[u8; 4]>::try_from(address).map(IpAddr::from).or_else(|_| <[u8; 16]>::try_from(address).map(IpAddr::from)).ok()?;
        let request_id = Uuid::from_bytes(*request_id);
        Some(Registrant { token_id: Uuid::from_bytes(*token_id), request_id: (!request_id.is_nil()).then_some(request_id), address })
    }
}

/// The registrant in the row of a webhook has another form than this program writes.
#[derive(Debug, thiserror::Error)]
#[error("the registrant of the webhook {0} is damaged")]
pub(super) struct DamagedRegistrant(Uuid);

/// Returns the event of a registration. `registrant` is the stored form.
pub(super) fn registration_event(webhook_id: Uuid, account: &str, registrant: &[u8]) -> std::result::Result<AuditEvent, DamagedRegistrant> {
    let registrant = Registrant::from_bytes(registrant).ok_or(DamagedRegistrant(webhook_id))?;
    Ok(registrant.event(webhook_id, Account::stored(account.to_owned())))
}

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
        self.since.map_or(Uuid::nil(), first_id_at)
    }

    /// Returns whether the filter can select the event of a registration.
    pub(super) fn selects_registrations(&self) -> bool {
        self.action.as_ref().is_none_or(|action| action.as_str() == AuditEvent::REGISTERED)
    }

    /// Returns the page with a position that leaves out the events at `until` and later. So these events are not read.
    pub(super) fn page(&self, page: Page) -> Page {
        let until = self.until.map(first_id_at);
        Page { after: page.after.into_iter().chain(until).min(), ..page }
    }
}
