//! What is kept, and the verbs that change it. Each verb of [`Store`] is one transaction, and none of them is ever open
//! while a request goes out.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::api::Scope;
use crate::api::trace::TraceContext;
use crate::api::types::{Account, Auth, CustomHeaderName, Description, EventType, EventTypes, OutboundUrl, WebhookStatus};
use crate::model::{CallbackTemplate, Challenge, DuePerLane, Fleet, Lane, Next, Pause, PauseScope, StorageUse, Token};
use crate::slots::{Slot, Slots, Work};

pub mod address;
mod backlog_counts;
mod deliveries;
mod notifications;
pub mod postgres;
mod queue;
mod shared;
pub mod sqlite;
#[cfg(test)]
mod suite;
mod webhooks;

pub use backlog_counts::Census;
pub use deliveries::*;
pub use notifications::*;
pub use webhooks::*;

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
    /// Gives a lease back without an attempt. Does nothing when it is void by now: somebody else may be on the delivery.
    async fn release_delivery(&self, delivery_id: Uuid, lease: Uuid) -> Result<()>;
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

    /// Makes this process one that works on the store: what nobody is on is due again.
    async fn join(&self) -> Result<()>;
    /// Says that this process is alive, takes over from those that are not, and hears what others have changed. To be called
    /// every [`HEARTBEAT`].
    async fn keep_alive(&self) -> Result<Fleet>;
    /// Whether what was leased under that name is still this process's alone: nothing else may be begun.
    fn holds(&self, lease: Uuid) -> bool;
    /// Takes nothing any more: what is due, and what this process still publishes or gives back, is for the others.
    async fn step_back(&self) -> Result<()>;
    /// Until another process says that something is due.
    async fn rung(&self);
    /// Gives back at once what this process held.
    async fn leave(&self) -> Result<()>;
}

/// How often a process says that it is alive.
pub const HEARTBEAT: Duration = Duration::from_secs(2);

/// How many deliveries one step of a recovery examines.
pub const RECOVERY_STEP: u32 = 250;
