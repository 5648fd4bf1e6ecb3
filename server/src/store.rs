//! What is kept, and the verbs that change it. Each verb of [`Store`] is one transaction, and none of them is ever open
//! while a request goes out.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::api::types::{self, Account, Auth, Description, EventType, EventTypePattern, EventTypes, OutboundUrl, WebhookStatus};
use crate::auth::Scope;
use crate::delivery::schedule::{Slot, Slots};
use crate::problem::ApiError;

pub mod sqlite;
#[cfg(test)]
mod suite;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Too much waits to be written. Nothing was stored.
    #[error("the write queue is full")]
    Overloaded,
    /// The database does not take or give data now. What was to be written may or may not be stored.
    #[error("the store is not available")]
    Unavailable(#[source] anyhow::Error),
    /// The database answers what it should not.
    #[error("the store failed")]
    Failed(#[source] anyhow::Error),
}

pub type Result<T> = std::result::Result<T, Error>;

impl From<Error> for ApiError {
    fn from(error: Error) -> ApiError {
        match error {
            Error::Overloaded | Error::Unavailable(_) => ApiError::overloaded(error),
            Error::Failed(_) => ApiError::internal(error),
        }
    }
}

/// An access token, without the token itself.
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

/// Bytes that only the vault can read.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(pub Vec<u8>);

impl std::fmt::Debug for Sealed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("[sealed]")
    }
}

#[derive(Clone, Debug)]
pub struct Webhook {
    pub id: Uuid,
    pub account: Account,
    pub target_url: OutboundUrl,
    pub auth: Auth,
    /// The password or client secret.
    pub auth_secret: Option<Sealed>,
    pub signing_secret: Sealed,
    pub event_types: Option<EventTypes>,
    pub description: Option<Description>,
    pub deactivation: Option<Deactivation>,
    /// Grows with each activation. Only deliveries of the current epoch go out; older pending ones are cancelled.
    pub epoch: u32,
    /// Grows with each change, so that an attempt can tell whether what it was leased with still holds.
    pub revision: u32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Clone, Debug)]
pub struct Deactivation {
    pub reason: String,
    pub at: DateTime<Utc>,
}

/// The customer asked for it.
pub const REASON_REQUESTED: &str = "requested";
/// The callback answered 410 Gone.
pub const REASON_GONE: &str = "gone";

impl Webhook {
    /// Applies an update, unless that would send the stored credentials somewhere else.
    pub fn change(&mut self, change: WebhookChange, now: DateTime<Utc>) -> std::result::Result<(), CredentialsRequired> {
        if let Some(target_url) = change.target_url {
            let moved = target_url.to_url().origin() != self.target_url.to_url().origin();
            if moved && change.auth.is_none() && self.auth != (Auth::Noauth {}) {
                return Err(CredentialsRequired);
            }
            self.target_url = target_url;
        }
        if let Some((auth, secret)) = change.auth {
            self.auth = auth;
            self.auth_secret = secret;
        }
        if let Some(event_types) = change.event_types {
            self.event_types = event_types.unless_all();
        }
        if let Some(description) = change.description {
            self.description = description;
        }
        self.revision += 1;
        self.updated_at = now;
        Ok(())
    }

    /// Whether it asks for notifications of a type.
    #[must_use]
    pub fn wants(event_types: Option<&str>, event_type: &str) -> bool {
        event_types.unwrap_or("*").split(' ').any(|pattern| EventTypePattern::matches(pattern, event_type))
    }
}

impl From<Webhook> for types::Webhook {
    fn from(webhook: Webhook) -> types::Webhook {
        types::Webhook {
            id: webhook.id,
            created_at: webhook.created_at,
            updated_at: webhook.updated_at,
            target_url: webhook.target_url,
            auth: webhook.auth,
            status: if webhook.deactivation.is_some() { WebhookStatus::Deactivated } else { WebhookStatus::Active },
            deactivation: webhook.deactivation.map(|deactivation| types::Deactivation { reason: deactivation.reason, at: deactivation.at }),
            event_types: webhook.event_types,
            description: webhook.description,
        }
    }
}

/// What an update replaces; `None` stays.
#[derive(Debug)]
pub struct WebhookChange {
    pub target_url: Option<OutboundUrl>,
    pub auth: Option<(Auth, Option<Sealed>)>,
    pub event_types: Option<EventTypes>,
    /// `Some(None)` clears it.
    pub description: Option<Option<Description>>,
}

/// The update names another origin and does not bring the credentials for it.
#[derive(Debug)]
pub struct CredentialsRequired;

/// Where a list goes on, and how much of it is wanted. Lists are newest first: identifiers are UUIDv7.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    pub after: Option<Uuid>,
    pub limit: u32,
}

#[derive(Debug)]
pub struct Notification {
    pub id: Uuid,
    pub event_type: EventType,
    pub data: Box<RawValue>,
    pub created_at: DateTime<Utc>,
    pub delivery_count: u32,
}

impl From<Notification> for types::Notification {
    fn from(notification: Notification) -> types::Notification {
        types::Notification {
            id: notification.id,
            r#type: notification.event_type,
            data: notification.data,
            created_at: notification.created_at,
            delivery_count: notification.delivery_count,
        }
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
}

/// Whom a notification is for.
#[derive(Debug)]
pub enum Audience {
    /// All active webhooks of the account that ask for the type.
    Account(Account),
    /// That webhook, if it belongs to the account where one is named.
    Webhook { id: Uuid, account: Option<Account> },
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
    /// Stored. `leased` are this node's to deliver now; `left` says that more found no room.
    New {
        notification: Notification,
        leased: Vec<Leased>,
        left: bool,
    },
    /// The key was used for the same body before: this is what came of it.
    Repeated(Notification),
    /// The key was used for another body.
    Conflict,
    NoSuchWebhook,
    WebhookDeactivated,
}

/// Retries have a lane of their own, so that they never keep fresh deliveries waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    Fresh = 0,
    Retry = 1,
}

/// A delivery that this node has taken to attempt. While it is held, `slot` keeps its place in flight.
#[derive(Debug)]
pub struct Leased {
    pub delivery_id: Uuid,
    /// Which attempt this is, from 1 on.
    pub attempt: u32,
    pub notification: Arc<Outbound>,
    pub destination: Arc<Destination>,
    pub slot: Slot,
}

/// What of a notification goes out.
#[derive(Debug)]
pub struct Outbound {
    pub id: Uuid,
    pub event_type: String,
    pub data: Box<RawValue>,
    pub created_at: DateTime<Utc>,
}

/// What of a webhook an attempt needs, as it was at `revision`.
#[derive(Debug)]
pub struct Destination {
    pub webhook_id: Uuid,
    pub account: String,
    pub epoch: u32,
    pub revision: u32,
    pub target_url: String,
    pub auth: Auth,
    pub auth_secret: Option<Sealed>,
    pub signing_secret: Sealed,
}

impl Destination {
    #[must_use]
    pub fn of(webhook: &Webhook) -> Destination {
        Destination {
            webhook_id: webhook.id,
            account: webhook.account.as_str().to_owned(),
            epoch: webhook.epoch,
            revision: webhook.revision,
            target_url: webhook.target_url.as_str().to_owned(),
            auth: webhook.auth.clone(),
            auth_secret: webhook.auth_secret.clone(),
            signing_secret: webhook.signing_secret.clone(),
        }
    }
}

/// What a round of leasing found.
#[derive(Debug, Default)]
pub struct DueRound {
    pub leased: Vec<Leased>,
    /// When the next delivery falls due that is not due yet.
    pub next_due: Option<DateTime<Utc>>,
    /// The round ended at its limit and not for want of room or work.
    pub more: bool,
}

#[derive(Clone, Debug)]
pub struct Attempt {
    pub number: u32,
    pub started_at: DateTime<Utc>,
    pub duration_ms: u32,
    pub outcome: String,
    pub status_code: Option<u16>,
    pub error: Option<String>,
    pub response_body: Option<String>,
    pub truncated: bool,
}

impl From<Attempt> for types::Attempt {
    fn from(attempt: Attempt) -> types::Attempt {
        types::Attempt {
            number: attempt.number,
            started_at: attempt.started_at,
            duration_ms: attempt.duration_ms,
            outcome: attempt.outcome,
            status_code: attempt.status_code,
            error: attempt.error,
            truncated: attempt.response_body.is_some().then_some(attempt.truncated),
            response_body: attempt.response_body,
        }
    }
}

/// An attempt that has ended, and what is to become of its delivery.
#[derive(Clone, Debug)]
pub struct Finish {
    pub delivery_id: Uuid,
    pub destination: Arc<Destination>,
    pub attempt: Attempt,
    pub next: Next,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Succeeded,
    RetryAt(DateTime<Utc>),
    Failed,
    /// The callback is gone: the delivery failed, and the webhook is deactivated.
    Gone,
}

/// What a finish led to, beside its delivery's own state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Finished {
    /// The webhook has been deactivated and is at this revision now.
    pub deactivated: Option<u32>,
}

#[derive(Debug)]
pub struct DeliveryFilter {
    pub account: Option<Account>,
    pub webhook_id: Option<Uuid>,
    pub notification_id: Option<Uuid>,
    pub status: Option<types::DeliveryStatus>,
    pub event_type: Option<EventType>,
    pub since: Option<DateTime<Utc>>,
    pub until: Option<DateTime<Utc>>,
}

#[derive(Debug)]
pub struct Delivery {
    pub id: Uuid,
    pub notification_id: Uuid,
    pub event_type: EventType,
    pub webhook_id: Uuid,
    pub status: types::DeliveryStatus,
    pub attempt_count: u32,
    pub created_at: DateTime<Utc>,
    /// Of a pending delivery.
    pub due_at: Option<DateTime<Utc>>,
    pub last_attempt: Option<Attempt>,
}

impl From<Delivery> for types::Delivery {
    fn from(delivery: Delivery) -> types::Delivery {
        types::Delivery {
            id: delivery.id,
            notification: types::NotificationReference { id: delivery.notification_id, r#type: delivery.event_type },
            webhook: types::WebhookReference { id: delivery.webhook_id },
            status: delivery.status,
            attempt_count: delivery.attempt_count,
            created_at: delivery.created_at,
            next_attempt_at: delivery.due_at,
            last_attempt: delivery.last_attempt.map(Into::into),
        }
    }
}

/// The durable state. Look-ups take the account that asks, `None` for the platform, and do not find what is another's.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// False when the account has `limit` webhooks already.
    async fn register_webhook(&self, webhook: Webhook, limit: u32) -> Result<bool>;
    async fn list_webhooks(&self, account: Option<Account>, status: Option<WebhookStatus>, page: Page) -> Result<Vec<Webhook>>;
    async fn get_webhook(&self, account: Option<Account>, id: Uuid) -> Result<Option<Webhook>>;
    async fn update_webhook(
        &self,
        account: Account,
        id: Uuid,
        change: WebhookChange,
        now: DateTime<Utc>,
    ) -> Result<Option<std::result::Result<Webhook, CredentialsRequired>>>;
    async fn deactivate_webhook(&self, account: Account, id: Uuid, now: DateTime<Utc>) -> Result<Option<Webhook>>;
    async fn activate_webhook(&self, account: Account, id: Uuid, now: DateTime<Utc>) -> Result<Option<Webhook>>;
    /// The revision that the tombstone has, if there was a webhook.
    async fn delete_webhook(&self, account: Account, id: Uuid, now: DateTime<Utc>) -> Result<Option<u32>>;

    async fn publish_notification(&self, publication: Publication, slots: Arc<Slots>) -> Result<Published>;
    async fn list_notifications(&self, account: Option<Account>, event_type: Option<EventType>, page: Page) -> Result<Vec<Notification>>;
    async fn get_notification(&self, account: Option<Account>, id: Uuid) -> Result<Option<Notification>>;

    async fn list_deliveries(&self, filter: DeliveryFilter, page: Page) -> Result<Vec<Delivery>>;
    /// With its last 50 attempts, oldest first.
    async fn get_delivery(&self, account: Option<Account>, id: Uuid) -> Result<Option<(Delivery, Vec<Attempt>)>>;
    /// Takes what is due and finds a slot, fresh deliveries first.
    async fn lease_due(&self, now: DateTime<Utc>, slots: Arc<Slots>) -> Result<DueRound>;
    /// What an attempt needs of a webhook now; `None` when it is deactivated or deleted.
    async fn current_destination(&self, webhook_id: Uuid) -> Result<Option<Destination>>;
    /// Gives a lease back without an attempt.
    async fn release_delivery(&self, delivery_id: Uuid) -> Result<()>;
    /// Rides in another verb's commit where one comes soon. A success is always recorded; anything else only if the
    /// delivery still waits for this very attempt.
    async fn finish_attempt(&self, finish: Finish) -> Result<Finished>;
    /// One small step of what nobody waits for: deliveries of deactivated and deleted webhooks, expired keys.
    /// True when there is more to do.
    async fn tidy(&self, now: DateTime<Utc>) -> Result<bool>;

    async fn create_token(&self, token: Token, hash: [u8; 32]) -> Result<()>;
    async fn list_tokens(&self) -> Result<Vec<Token>>;
    async fn find_token(&self, hash: [u8; 32]) -> Result<Option<Token>>;
    /// False when there is no such token. Revoking twice changes nothing.
    async fn revoke_token(&self, id: Uuid, now: DateTime<Utc>) -> Result<bool>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webhook(auth: Auth) -> Webhook {
        Webhook {
            id: Uuid::nil(),
            account: Account::parse("acme").expect("valid"),
            target_url: OutboundUrl::parse("https://example.com/a").expect("valid"),
            auth,
            auth_secret: Some(Sealed(vec![1])),
            signing_secret: Sealed(vec![2]),
            event_types: None,
            description: None,
            deactivation: None,
            epoch: 0,
            revision: 0,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
        }
    }

    fn to(target_url: &str) -> WebhookChange {
        WebhookChange { target_url: Some(OutboundUrl::parse(target_url).expect("valid")), auth: None, event_types: None, description: None }
    }

    #[test]
    fn stored_credentials_follow_no_new_origin() {
        let username = crate::api::types::Username::parse("u").expect("valid");
        let basic = Auth::Basic { username };
        for (target_url, allowed) in [
            ("https://example.com/b", true),
            ("https://example.com:443/a", true),
            ("https://EXAMPLE.com/a", true),
            ("https://example.com:8443/a", false),
            ("https://example.org/a", false),
            ("https://sub.example.com/a", false),
            ("http://example.com/a", false),
        ] {
            let changed = webhook(basic.clone()).change(to(target_url), DateTime::UNIX_EPOCH);
            assert_eq!(changed.is_ok(), allowed, "{target_url}");
            assert!(webhook(Auth::Noauth {}).change(to(target_url), DateTime::UNIX_EPOCH).is_ok(), "{target_url} without credentials");
        }
        let with_auth = WebhookChange { auth: Some((basic.clone(), Some(Sealed(vec![3])))), ..to("https://example.org/a") };
        assert!(webhook(basic).change(with_auth, DateTime::UNIX_EPOCH).is_ok());
    }
}
