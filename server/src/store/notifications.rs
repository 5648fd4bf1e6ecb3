//! Stored notifications, and the input and result of a publish.

use super::*;

/// The lifetime of an idempotency key. draft-ietf-httpapi-idempotency-key-header lets the server choose the lifetime.
pub(super) const KEY_LIFE: TimeDelta = TimeDelta::hours(24);

#[derive(Debug)]
pub struct Notification {
    pub id: Uuid,
    pub account: Account,
    pub event_type: EventType,
    pub data: Box<RawValue>,
    pub created_at: DateTime<Utc>,
    pub delivery_count: u32,
}

impl Notification {
    pub(super) fn outbound(&self, trace: Option<TraceContext>) -> Outbound {
        Outbound::new(self.id, &self.event_type, self.created_at, &self.data, trace)
    }
}

/// A notification to publish, with one delivery for each webhook of its audience.
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

/// The webhooks that receive a notification.
#[derive(Debug)]
pub enum Audience {
    /// All active webhooks of the account that subscribe to the event type.
    Account(Account),
    /// One webhook. If `account` is set, the webhook must belong to that account.
    Webhook { id: Uuid, account: Option<Account> },
}

impl Audience {
    /// Returns the account, if the audience names an account. Does not read the store.
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
    /// The account of the publisher. The text is empty for the platform.
    pub owner: String,
    pub key: String,
    /// A MAC of the request body. The MAC shows whether the key is used again with another body.
    pub fingerprint: [u8; 32],
}

#[derive(Debug)]
pub enum Published {
    /// The notification is stored. This node now attempts the deliveries in `leased`. The other deliveries wait in the
    /// store.
    New {
        notification: Notification,
        leased: Vec<Leased>,
    },
    /// An earlier publish with the same key and the same body stored this notification.
    Repeated(Notification),
    /// An earlier publish used the same key with another body.
    Conflict,
    /// An earlier publish with the same key stored a notification that is now deleted. The key cannot be used again
    /// before it expires.
    Deleted,
    NoSuchWebhook,
    WebhookDeactivated,
}
