//! What is kept, and the verbs that change it. Each verb of [`Store`] is one transaction, and none of them is ever open
//! while a request goes out.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::api::types::{
    self, Account, Auth, CustomHeader, CustomHeaderName, Description, EventType, EventTypePattern, EventTypes, OutboundUrl, WebhookStatus,
};
use crate::auth::Scope;
use crate::delivery::callback::CallbackTemplate;
use crate::delivery::handshake::Challenge;
use crate::delivery::schedule::{Slot, Slots, Work};
use crate::delivery::trace::TraceContext;
use crate::problem::ApiError;

mod census;
pub mod sqlite;
#[cfg(test)]
mod suite;

pub use census::{Census, DuePerLane, StorageUse};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Too much waits to be written. Nothing was stored.
    #[error("the write queue is full")]
    Overloaded,
    /// The store takes nothing more until something has been removed. Nothing was stored.
    #[error("the storage is full")]
    Full,
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
            Error::Full => ApiError::storage_full(error),
            Error::Overloaded | Error::Unavailable(_) => ApiError::overloaded(error),
            Error::Failed(_) => ApiError::internal(error),
        }
    }
}

/// How long what has ended is kept, and how much there may be.
#[derive(Clone, Debug)]
pub struct StorageLimits {
    /// Succeeded deliveries, from when they ended.
    pub keep_succeeded: TimeDelta,
    /// Failed and cancelled deliveries, from when they ended.
    pub keep_failed: TimeDelta,
    /// Of the database without its log; 0 sets no limit.
    pub max_bytes: u64,
    /// What must stay free on its disk.
    pub min_free_bytes: u64,
}

impl Default for StorageLimits {
    fn default() -> StorageLimits {
        StorageLimits { keep_succeeded: TimeDelta::days(7), keep_failed: TimeDelta::days(30), max_bytes: 0, min_free_bytes: 0 }
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
    pub headers: Option<CustomHeaders>,
    pub signing_secret: Sealed,
    pub previous_secret: Option<PreviousSecret>,
    pub event_types: Option<EventTypes>,
    pub description: Option<Description>,
    /// How many attempts may start in a second.
    pub max_per_second: Option<u32>,
    /// One delivery at a time, in the order of publishing.
    pub ordered: bool,
    pub deactivation: Option<Deactivation>,
    /// Grows with each activation. Only deliveries of the current epoch go out; older pending ones are cancelled.
    pub epoch: u32,
    /// Grows with each change, so that an attempt can tell whether what it was leased with still holds.
    pub revision: u32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// What the customer adds to each callback: at least one header.
#[derive(Clone, Debug)]
pub struct CustomHeaders {
    pub names: Vec<CustomHeaderName>,
    /// The names and values, as JSON: a list of pairs.
    pub sealed: Sealed,
}

/// The signing secret before the present one, which signs beside it for some time.
#[derive(Clone, Debug)]
pub struct PreviousSecret {
    pub secret: Sealed,
    pub valid_until: DateTime<Utc>,
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

/// It accepted nothing for too long.
pub const REASON_FAILING: &str = "failing";

/// The callback has yet to agree, in a handshake.
pub const REASON_UNVERIFIED: &str = "unverified";

impl Webhook {
    /// Applies an update, unless that would send the stored credentials somewhere else.
    pub fn change(&mut self, change: WebhookChange, now: DateTime<Utc>) -> std::result::Result<(), CredentialsRequired> {
        if let Some(target_url) = change.target_url {
            let moved = target_url.to_url().origin() != self.target_url.to_url().origin();
            if moved && change.auth.is_none() && self.auth != (Auth::Noauth {}) {
                return Err(CredentialsRequired::Auth);
            }
            if moved && change.headers.is_none() && self.headers.is_some() {
                return Err(CredentialsRequired::Headers);
            }
            self.target_url = target_url;
        }
        if let Some((auth, secret)) = change.auth {
            self.auth = auth;
            self.auth_secret = secret;
        }
        if let Some(headers) = change.headers {
            self.headers = headers;
        }
        if let Some(event_types) = change.event_types {
            self.event_types = event_types.unless_all();
        }
        if let Some(description) = change.description {
            self.description = description;
        }
        if let Some(max_per_second) = change.max_per_second {
            self.max_per_second = max_per_second;
        }
        if let Some(ordered) = change.ordered {
            self.ordered = ordered;
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
            headers: webhook.headers.map(|headers| headers.names.into_iter().map(|name| CustomHeader { name }).collect()),
            status: if webhook.deactivation.is_some() { WebhookStatus::Deactivated } else { WebhookStatus::Active },
            deactivation: webhook.deactivation.map(|deactivation| types::Deactivation { reason: deactivation.reason, at: deactivation.at }),
            event_types: webhook.event_types,
            description: webhook.description,
            max_per_second: webhook.max_per_second,
            ordered: webhook.ordered.then_some(true),
        }
    }
}

/// What an update replaces; `None` stays.
#[derive(Debug, Default)]
pub struct WebhookChange {
    pub target_url: Option<OutboundUrl>,
    pub auth: Option<(Auth, Option<Sealed>)>,
    /// `Some(None)` clears them.
    pub headers: Option<Option<CustomHeaders>>,
    pub event_types: Option<EventTypes>,
    /// `Some(None)` clears it.
    pub description: Option<Option<Description>>,
    /// `Some(None)` clears it.
    pub max_per_second: Option<Option<u32>>,
    pub ordered: Option<bool>,
    /// What a new target URL has to answer before it gets anything; `None` where nothing is asked.
    pub handshake: Option<Challenge>,
}

/// A handshake that is to be attempted.
#[derive(Debug)]
pub struct DueHandshake {
    pub webhook_id: Uuid,
    pub account: String,
    pub challenge: Challenge,
    /// Which attempt this is, from 1 on.
    pub attempt: u32,
}

#[derive(Debug)]
pub struct DueHandshakes {
    /// Longest due first.
    pub due: Vec<DueHandshake>,
    /// When the next one falls due that is not due yet.
    pub next_due: Option<DateTime<Utc>>,
}

/// What an attempt of a handshake led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandshakeEnd {
    /// The webhook is active from now on.
    Verified,
    RetryAt(DateTime<Utc>),
    /// The webhook waits for its customer.
    GivenUp,
}

/// The update names another origin and does not bring the credentials for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialsRequired {
    Auth,
    Headers,
}

/// Where a list goes on, and how much of it is wanted. Lists are newest first: identifiers are UUIDv7.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    pub after: Option<Uuid>,
    pub limit: u32,
}

/// A page of a list: at most as much as was wanted, and less where a filter lets few of many through, or payloads are large.
#[derive(Debug)]
pub struct Part<T> {
    pub items: Vec<T>,
    /// The list goes on after this one.
    pub next: Option<Uuid>,
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

/// Deliveries of a lane wait for one another, and for no other lane's: retries never keep fresh deliveries waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    Fresh = 0,
    Retry = 1,
    /// Of a webhook that is ordered: one at a time, first attempts and retries alike.
    Ordered = 2,
}

impl Lane {
    pub const ALL: [Lane; Lane::COUNT] = [Lane::Fresh, Lane::Retry, Lane::Ordered];
    pub const COUNT: usize = 3;
}

/// A delivery that this node has taken to attempt. While it is held, `slot` keeps its place in flight.
#[derive(Debug)]
pub struct Leased {
    pub delivery_id: Uuid,
    /// Which attempt this is, from 1 on.
    pub attempt: u32,
    pub lane: Lane,
    /// The last attempt that the present retry schedule does not count; 0 until a delivery is made due again.
    pub schedule_start: u32,
    pub due_at: DateTime<Utc>,
    pub notification: Arc<Outbound>,
    pub destination: Arc<Destination>,
    pub slot: Slot,
}

/// What of a notification goes out.
#[derive(Debug)]
pub struct Outbound {
    pub id: Uuid,
    /// The callback's body, serialised once for all webhooks.
    pub body: CallbackTemplate,
    pub trace: Option<TraceContext>,
}

/// What of a webhook an attempt needs, as it was at `revision`.
#[derive(Debug)]
pub struct Destination {
    pub webhook_id: Uuid,
    pub account: Arc<str>,
    pub epoch: u32,
    pub revision: u32,
    pub target_url: String,
    pub auth: Auth,
    pub auth_secret: Option<Sealed>,
    pub headers: Option<Sealed>,
    pub signing_secret: Sealed,
    pub max_per_second: Option<u32>,
    pub ordered: bool,
    pub previous_secret: Option<PreviousSecret>,
}

impl Destination {
    #[must_use]
    pub fn of(webhook: &Webhook) -> Destination {
        Destination {
            webhook_id: webhook.id,
            account: webhook.account.as_str().into(),
            epoch: webhook.epoch,
            revision: webhook.revision,
            target_url: webhook.target_url.as_str().to_owned(),
            auth: webhook.auth.clone(),
            auth_secret: webhook.auth_secret.clone(),
            headers: webhook.headers.as_ref().map(|headers| headers.sealed.clone()),
            signing_secret: webhook.signing_secret.clone(),
            max_per_second: webhook.max_per_second,
            ordered: webhook.ordered,
            previous_secret: webhook.previous_secret.clone(),
        }
    }
}

/// What a round of leasing found.
#[derive(Debug, Default)]
pub struct DueRound {
    pub leased: Vec<Leased>,
    /// When the next delivery falls due that is not due yet.
    pub next_due: Option<DateTime<Utc>>,
    /// The round ended at its limit and not for want of room or work: this is still to be looked at.
    pub left: Vec<Work>,
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
    pub lane: Lane,
    pub destination: Arc<Destination>,
    pub attempt: Attempt,
    pub next: Next,
    /// `None`: a webhook may fail for ever.
    pub patience: Option<Patience>,
}

/// For how long, and how often, a webhook may fail and accept nothing before it is deactivated: longer than `time` and at
/// least `attempts`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    pub time: TimeDelta,
    pub attempts: u32,
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
#[derive(Debug, Default)]
pub struct Finished {
    /// The webhook has been deactivated.
    pub deactivated: Option<Deactivated>,
    /// What comes after it in order.
    pub next: Option<Leased>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deactivated {
    /// The one that the webhook has now.
    pub revision: u32,
    pub cause: DeactivationCause,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeactivationCause {
    /// The callback answered 410.
    Gone,
    Failing(Failures),
}

/// Attempts that failed, one after another without a success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failures {
    /// When the first of them ended.
    pub since: DateTime<Utc>,
    pub attempts: u32,
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

/// What came of asking for a delivery again.
#[derive(Debug)]
pub enum Redelivered {
    /// It is pending and due.
    Due(Box<Delivery>),
    NoSuchDelivery,
    WebhookDeleted,
    WebhookDeactivated,
    NotificationDeleted,
}

/// Which failed and cancelled deliveries are to be due again.
#[derive(Clone, Copy, Debug)]
pub struct Recovery {
    pub webhook_id: Uuid,
    /// Created at this time or later.
    pub since: DateTime<Utc>,
    /// Created before this time.
    pub until: Option<DateTime<Utc>>,
    /// Only count them.
    pub dry_run: bool,
    /// Only what stands behind this, in the order of creation.
    pub after: Option<RecoveryPosition>,
}

/// When a delivery was created, and which it is among those of the same moment.
pub type RecoveryPosition = (DateTime<Utc>, Uuid);

/// What a step of a recovery did.
#[derive(Debug, PartialEq, Eq)]
pub enum RecoveryStep {
    /// So many are due again. The next step begins after `next`; there is none without it.
    Recovered {
        count: u32,
        next: Option<RecoveryPosition>,
    },
    /// It was spent on marking deliveries cancelled that count as such since the webhook was deactivated. The next step
    /// begins where this one did.
    Prepared,
    NoSuchWebhook,
    WebhookDeactivated,
}

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

/// The durable state. Look-ups take the account that asks, `None` for the platform, and do not find what is another's.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// False when the account has `limit` webhooks already. One with a handshake is stored as it has to wait for it.
    async fn register_webhook(&self, webhook: Webhook, handshake: Option<Challenge>, limit: u32) -> Result<bool>;
    async fn list_webhooks(&self, account: Option<Account>, status: Option<WebhookStatus>, page: Page) -> Result<Part<Webhook>>;
    async fn get_webhook(&self, account: Option<Account>, id: Uuid) -> Result<Option<Webhook>>;
    async fn update_webhook(
        &self,
        account: Account,
        id: Uuid,
        change: WebhookChange,
        now: DateTime<Utc>,
    ) -> Result<Option<std::result::Result<Webhook, CredentialsRequired>>>;
    async fn deactivate_webhook(&self, account: Account, id: Uuid, now: DateTime<Utc>) -> Result<Option<Webhook>>;
    /// With a handshake, only if the callback has agreed already; otherwise it is asked anew.
    async fn activate_webhook(
        &self,
        account: Account,
        id: Uuid,
        handshake: Option<Challenge>,
        now: DateTime<Utc>,
    ) -> Result<Option<Webhook>>;
    async fn due_handshakes(&self, now: DateTime<Utc>) -> Result<DueHandshakes>;
    /// The revision of the webhook, if it is active now. Does nothing unless the challenge is still the one to answer.
    async fn finish_handshake(&self, webhook_id: Uuid, challenge: Challenge, end: HandshakeEnd, now: DateTime<Utc>) -> Result<Option<u32>>;
    /// Puts `secret` in the place of the signing secret, which stays valid for `overlap`; the one before that does not.
    async fn rotate_signing_secret(
        &self,
        account: Account,
        id: Uuid,
        secret: Sealed,
        overlap: TimeDelta,
        now: DateTime<Utc>,
    ) -> Result<Option<Webhook>>;
    /// The revision that the tombstone has, if there was a webhook.
    async fn delete_webhook(&self, account: Account, id: Uuid, now: DateTime<Utc>) -> Result<Option<u32>>;

    async fn publish_notification(&self, publication: Publication, slots: Arc<Slots>) -> Result<Published>;
    async fn list_notifications(&self, account: Option<Account>, event_type: Option<EventType>, page: Page) -> Result<Part<Notification>>;
    async fn get_notification(&self, account: Option<Account>, id: Uuid) -> Result<Option<Notification>>;

    /// Takes a notification's payload away and cancels its pending deliveries; what its attempts were answered goes with
    /// [`Store::erase_answers`]. False when there is no such notification, or none any more.
    async fn delete_notification(&self, account: Option<Account>, id: Uuid, now: DateTime<Utc>) -> Result<bool>;
    /// One small step of wiping what receivers answered to the callbacks of a deleted notification. True when more is left.
    async fn erase_answers(&self, notification_id: Uuid) -> Result<bool>;

    async fn list_deliveries(&self, filter: DeliveryFilter, page: Page) -> Result<Part<Delivery>>;
    /// With its last 50 attempts, oldest first.
    async fn get_delivery(&self, account: Option<Account>, id: Uuid) -> Result<Option<(Delivery, Vec<Attempt>)>>;
    /// Makes a delivery due now, whatever its state, and starts its retry schedule anew. While an attempt of it is under way
    /// no other is leased: the redelivery is that one if it succeeds, and otherwise follows it.
    async fn redeliver(&self, account: Account, id: Uuid, now: DateTime<Utc>) -> Result<Redelivered>;
    /// One small step of a recovery, oldest deliveries first.
    async fn recover_deliveries(&self, account: Account, recovery: Recovery, now: DateTime<Utc>) -> Result<RecoveryStep>;
    /// Takes of that work, and of what fell due since the last round, as much as finds a slot. What finds none waits in the slots.
    async fn lease_due(&self, now: DateTime<Utc>, slots: Arc<Slots>, works: Vec<Work>) -> Result<DueRound>;
    /// What an attempt needs of a webhook now; `None` when it is deactivated or deleted.
    async fn current_destination(&self, webhook_id: Uuid) -> Result<Option<Destination>>;
    /// Gives a lease back without an attempt.
    async fn release_delivery(&self, delivery_id: Uuid) -> Result<()>;
    /// Gathered with others for some milliseconds, and then committed with them. A success is always recorded; anything else only if the
    /// delivery still waits for this very attempt. A redelivery that was asked for meanwhile stands, unless this succeeded.
    /// In an ordered webhook the next delivery is leased with it.
    async fn finish_attempt(&self, finish: Finish, now: DateTime<Utc>, slots: Arc<Slots>) -> Result<Finished>;
    /// One small step of what nobody waits for: deliveries of deactivated and deleted webhooks, expired keys and secrets, answers to
    /// callbacks of deleted notifications where erasing them was cut off.
    /// True when there is more to do.
    async fn tidy(&self, now: DateTime<Utc>) -> Result<bool>;
    /// One small step of removing what has been kept as long as it is to be. True when there is more to do now.
    async fn remove_old(&self, now: DateTime<Utc>) -> Result<bool>;

    /// Writes something that nobody reads, to know whether it can.
    async fn probe_write(&self) -> Result<()>;

    /// One step of counting what there is.
    async fn count_some(&self, census: Census) -> Result<Census>;
    async fn oldest_due(&self, waiting: Vec<Work>) -> Result<DuePerLane>;
    async fn storage_use(&self) -> Result<StorageUse>;

    /// Nothing of it is leased from now on: what is published and what is retried waits. A pause of all, one of an account and
    /// one of a webhook stand beside each other. False when that pause was there already.
    async fn pause_deliveries(&self, scope: PauseScope, now: DateTime<Utc>) -> Result<bool>;
    /// Ends that pause: what fell due is due now, unless another pause holds it. False when there was none.
    async fn resume_deliveries(&self, scope: PauseScope, now: DateTime<Utc>) -> Result<bool>;
    async fn list_pauses(&self) -> Result<Vec<Pause>>;

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
            headers: None,
            signing_secret: Sealed(vec![2]),
            previous_secret: None,
            event_types: None,
            description: None,
            max_per_second: None,
            ordered: false,
            deactivation: None,
            epoch: 0,
            revision: 0,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
        }
    }

    fn to(target_url: &str) -> WebhookChange {
        WebhookChange { target_url: Some(OutboundUrl::parse(target_url).expect("valid")), ..WebhookChange::default() }
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
        let headers = || CustomHeaders { names: vec![CustomHeaderName::parse("X-API-Key").expect("valid")], sealed: Sealed(vec![4]) };
        let with_headers = || Webhook { headers: Some(headers()), ..webhook(Auth::Noauth {}) };
        let elsewhere = || to("https://example.org/a");
        assert_eq!(with_headers().change(elsewhere(), DateTime::UNIX_EPOCH), Err(CredentialsRequired::Headers));
        assert!(with_headers().change(to("https://example.com/b"), DateTime::UNIX_EPOCH).is_ok());
        for sent in [Some(headers()), None] {
            let change = WebhookChange { headers: Some(sent.clone()), ..elsewhere() };
            let mut moved = with_headers();
            moved.change(change, DateTime::UNIX_EPOCH).expect("it brings its headers, or none");
            assert_eq!(moved.headers.is_some(), sent.is_some());
        }
        let with_auth = WebhookChange { auth: Some((basic.clone(), Some(Sealed(vec![3])))), ..to("https://example.org/a") };
        assert!(webhook(basic).change(with_auth, DateTime::UNIX_EPOCH).is_ok());
    }
}
