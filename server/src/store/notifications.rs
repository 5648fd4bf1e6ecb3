//! A notification as it is kept, and what comes of publishing one.

use super::*;

/// RFC draft-ietf-httpapi-idempotency-key-header leaves the time to the server.
pub(super) const KEY_LIFE: TimeDelta = TimeDelta::hours(24);

#[derive(Debug)]
pub struct Notification {
    pub id: Uuid,
    pub event_type: EventType,
    pub data: Box<RawValue>,
    pub created_at: DateTime<Utc>,
    pub delivery_count: u32,
}

impl Notification {
    pub(super) fn outbound(&self, trace: Option<TraceContext>) -> Outbound {
        Outbound { id: self.id, body: CallbackTemplate::new(self.id, &self.event_type, self.created_at, &self.data), trace }
    }
}

/// A notification to be stored, with one delivery for each webhook that it is for.
#[derive(Debug)]
pub struct Publication {
    pub id: Uuid,
    pub event_type: EventType,
    pub data: Box<RawValue>,
    pub created_at: DateTime<Utc>,
    pub audience: Audience,
    pub idempotency: Option<Idempotency>,
    pub trace: Option<TraceContext>,
}

/// Whom a notification is for.
#[derive(Debug)]
pub enum Audience {
    /// All active webhooks of the account that ask for the type.
    Account(Account),
    /// That webhook, if it belongs to the account where one is named.
    Webhook { id: Uuid, account: Option<Account> },
}

impl Audience {
    /// The account, where it is known without a look at the store.
    #[must_use]
    pub fn account(&self) -> Option<&Account> {
        match self {
            Audience::Account(account) => Some(account),
            Audience::Webhook { account, .. } => account.as_ref(),
        }
    }
}

#[derive(Debug)]
pub struct Idempotency {
    /// The publishing account; empty for the platform.
    pub owner: String,
    pub key: String,
    /// A MAC of the request's body, so that the same key with another body is noticed.
    pub fingerprint: [u8; 32],
}

#[derive(Debug)]
pub enum Published {
    /// Stored. `leased` are this node's to deliver now; others wait in the store.
    New {
        notification: Notification,
        leased: Vec<Leased>,
    },
    /// The key was used for the same body before: this is what came of it.
    Repeated(Notification),
    /// The key was used for another body.
    Conflict,
    /// The key was used for a notification that has been deleted since. It stays in force.
    Deleted,
    NoSuchWebhook,
    WebhookDeactivated,
}
