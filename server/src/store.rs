//! The stored data and the operations on it. Most operations of [`Store`] run in one transaction. No transaction is
//! open while a callback is sent.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::value::RawValue;
use url::Url;
use uuid::Uuid;

use crate::api::trace::TraceContext;
use crate::api::types::{
    Account, AuditAction, AuditEvent, Auth, CustomHeaderName, Description, EventType, EventTypes, OutboundUrl, WebhookHealthState,
    WebhookStatus, first_id_at, new_id,
};
use crate::model::{
    AttemptFacts, CallbackTemplate, Challenge, DuePerLane, Exchange, Fleet, KeyRecord, Lane, Next, Pause, PauseScope, StorageUse,
    StoredToken, WebhookHealth,
};
use crate::secrets::master_key::KeyId;
use crate::slots::{Hosts, Slot, Slots, WorkItem};

pub mod address;
mod audit_events;
mod backlog_counts;
mod bulk;
mod deliveries;
mod keys;
mod notifications;
pub mod postgres;
mod queue;
mod shared;
pub mod sqlite;
mod statistics;
#[cfg(test)]
mod suite;
mod tokens;
mod webhooks;

use audit_events::{ACTIVATED, DEACTIVATED, VERIFIED, registration_event};
pub use audit_events::{AuditFilter, Registrant, token_created};
pub use backlog_counts::BacklogScan;
pub use bulk::*;
pub use deliveries::*;
pub use keys::{RotationStart, SealedValues};
pub use notifications::*;
pub(crate) use shared::audit::EventRow;
pub use statistics::*;
pub use tokens::*;
pub use webhooks::*;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Too many commands are queued. Nothing was stored.
    #[error("the write queue is full")]
    Overloaded,
    /// The store is full. It accepts new data only after old data was removed. Nothing was stored.
    #[error("the storage is full")]
    Full,
    /// A new value is sealed with a master key that is not the current one. Nothing was stored. The caller must read the
    /// keys ([`Store::list_keys`]) and seal the value again.
    #[error("the master key was replaced meanwhile")]
    OutdatedKey,
    /// The database cannot be read or written now. If the operation was a write, it is unknown whether the data is
    /// stored.
    #[error("the store is not available")]
    Unavailable(#[source] anyhow::Error),
    /// The database returned an unexpected result.
    #[error("the store failed")]
    Failed(#[source] anyhow::Error),
}

pub type Result<T> = std::result::Result<T, Error>;

/// How long ended deliveries are kept, and how large the store may be.
#[derive(Clone, Debug)]
pub struct StorageLimits {
    /// How long succeeded deliveries are kept after they ended.
    pub keep_succeeded: TimeDelta,
    /// How long failed and cancelled deliveries are kept after they ended.
    pub keep_failed: TimeDelta,
    /// How long events of the audit log are kept.
    pub keep_audit_events: TimeDelta,
    /// The maximum size of the database, not counting its log. 0 means no limit.
    pub max_bytes: u64,
    /// The space that must stay free on the disk of the database.
    pub min_free_bytes: u64,
}

impl Default for StorageLimits {
    fn default() -> StorageLimits {
        StorageLimits {
            keep_succeeded: TimeDelta::days(7),
            keep_failed: TimeDelta::days(30),
            keep_audit_events: TimeDelta::days(365),
            max_bytes: 0,
            min_free_bytes: 0,
        }
    }
}

/// The position and the maximum size of a page of a list. A list is sorted by the UUIDv7 identifiers of its items,
/// newest first.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    pub after: Option<Uuid>,
    pub limit: u32,
}

/// A page of a list. The page is shorter than the limit if few rows match the filter or if payloads are large.
#[derive(Debug)]
pub struct Part<T> {
    pub items: Vec<T>,
    /// The next page begins after this identifier. `None` means that there is no next page.
    pub next: Option<Uuid>,
}

/// The durable state. A look-up with an account finds only the data of this account. A look-up of the platform has
/// `None` as the account and finds all data.
///
/// An operation with an [`AuditEvent`] stores the event in the same transaction as the change. If the operation changes
/// nothing, because it finds no object or refuses the change, it does not store the event.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Stores a new webhook. Returns false if the account already has `limit` webhooks. If `handshake` is given, the
    /// caller must pass a deactivated webhook, and this webhook waits for the handshake.
    async fn register_webhook(&self, webhook: Webhook, handshake: Option<Challenge>, limit: u32, registrant: Registrant) -> Result<bool>;
    async fn list_webhooks(&self, filter: WebhookFilter, page: Page) -> Result<Part<Webhook>>;
    /// Returns whether an account has a webhook, also a deactivated one.
    async fn has_webhooks(&self, account: &Account) -> Result<bool> {
        let page = Page { after: None, limit: 1 };
        let filter = WebhookFilter { account: Some(account.clone()), ..WebhookFilter::default() };
        Ok(!self.list_webhooks(filter, page).await?.items.is_empty())
    }
    /// Returns the health of these webhooks, in the same order.
    async fn health_of(&self, webhooks: Vec<HealthQuery>) -> Result<Vec<WebhookHealth>>;
    async fn get_webhook(&self, account: Option<Account>, id: Uuid) -> Result<Option<Webhook>>;
    async fn update_webhook(
        &self,
        account: Account,
        id: Uuid,
        change: WebhookChange,
        now: DateTime<Utc>,
        event: &AuditEvent,
    ) -> Result<Option<std::result::Result<Webhook, UpdateRefusal>>>;
    async fn deactivate_webhook(&self, account: Account, id: Uuid, now: DateTime<Utc>, event: &AuditEvent) -> Result<Option<Webhook>>;
    /// Activates a webhook. If `handshake` is given and the receiver has not agreed yet, starts that handshake and does
    /// not activate the webhook.
    async fn activate_webhook(
        &self,
        account: Account,
        id: Uuid,
        handshake: Option<Challenge>,
        now: DateTime<Utc>,
        event: &AuditEvent,
    ) -> Result<Option<Webhook>>;
    async fn due_handshakes(&self, now: DateTime<Utc>) -> Result<DueHandshakes>;
    /// If the handshake made the webhook active, returns the revision of the webhook and the stored event of the audit
    /// log. Does nothing if the challenge is outdated.
    async fn finish_handshake(
        &self,
        webhook_id: Uuid,
        challenge: Challenge,
        end: HandshakeEnd,
        now: DateTime<Utc>,
    ) -> Result<Option<(u32, AuditEvent)>>;
    /// Replaces the signing secret with `secret`. The replaced secret stays valid for `overlap`. A secret that an
    /// earlier rotation replaced becomes invalid.
    async fn rotate_signing_secret(
        &self,
        account: Account,
        id: Uuid,
        secret: Sealed,
        overlap: TimeDelta,
        now: DateTime<Utc>,
        event: &AuditEvent,
    ) -> Result<Option<Webhook>>;
    /// Deletes a webhook. Returns the revision of the tombstone, or `None` if the webhook does not exist.
    async fn delete_webhook(&self, account: Account, id: Uuid, now: DateTime<Utc>, event: &AuditEvent) -> Result<Option<u32>>;

    async fn publish_notification(&self, publication: Publication, slots: Arc<Slots>) -> Result<Published>;
    async fn list_notifications(&self, account: Option<Account>, event_type: Option<EventType>, page: Page) -> Result<Part<Notification>>;
    async fn get_notification(&self, account: Option<Account>, id: Uuid) -> Result<Option<Notification>>;

    /// Removes the payload of a notification and cancels its pending deliveries. [`Store::erase_responses`] removes
    /// the responses to the callbacks. Returns the account of the notification, or `None` if the notification does not
    /// exist or is already deleted. The stored event concerns this account.
    async fn delete_notification(
        &self,
        account: Option<Account>,
        id: Uuid,
        now: DateTime<Utc>,
        event: &AuditEvent,
    ) -> Result<Option<Account>>;
    /// Erases some of the responses to the callbacks of a deleted notification. Returns true if more responses are
    /// left.
    async fn erase_responses(&self, notification_id: Uuid) -> Result<bool>;

    async fn list_deliveries(&self, filter: DeliveryFilter, page: Page) -> Result<Part<Delivery>>;
    /// Returns a delivery with its last 50 attempts, oldest first.
    async fn get_delivery(&self, account: Option<Account>, id: Uuid) -> Result<Option<(Delivery, Vec<Attempt>)>>;
    /// Makes a delivery in any state due now, and starts a new retry schedule. If an attempt of the delivery is in
    /// flight, no other attempt begins before this attempt has ended. If this attempt succeeds, the redelivery is
    /// complete too. Otherwise another attempt follows.
    async fn redeliver(&self, account: Account, id: Uuid, now: DateTime<Utc>, event: &AuditEvent) -> Result<Redelivered>;
    /// Runs one small step of a recovery. A recovery begins with the oldest deliveries. All steps of a recovery have the
    /// same event: each step adds the number of its deliveries to the count of the event. A dry run has no event.
    async fn recover_deliveries(
        &self,
        account: Account,
        recovery: Recovery,
        cause: Cause,
        now: DateTime<Utc>,
        event: &AuditEvent,
    ) -> Result<RecoveryStep>;
    /// Runs one small step of a bulk change of a webhook's deliveries. The order of the deliveries is the order of their
    /// identifiers. All steps have the same event, as in a recovery.
    async fn change_deliveries(
        &self,
        account: Account,
        selection: Selection,
        start: SelectionStart,
        now: DateTime<Utc>,
        event: &AuditEvent,
    ) -> Result<SelectionStep>;
    /// Leases due deliveries of `work_items`, if the limits allow. Also leases due deliveries of work that has become
    /// due since the previous call. Work without a slot waits in `slots`.
    async fn lease_due(&self, now: DateTime<Utc>, slots: Arc<Slots>, work_items: Vec<WorkItem>) -> Result<DueRound>;
    /// Leases the next suspect. Returns no suspect while another suspect is in flight: on PostgreSQL on any node, on
    /// SQLite in this process. A suspect needs no free slot, so it cannot wait for ever. The suspect with the most
    /// deaths comes first: so the next death decides about it, and a delivery that was attempted during a restart of
    /// the machine gets its outcome before the next restart. Ignores the deliveries in `skip`.
    async fn lease_suspect(&self, now: DateTime<Utc>, slots: Arc<Slots>, skip: Vec<Uuid>) -> Result<SuspectRound>;
    /// Returns the webhook data that an attempt needs, or `None` if the webhook is deactivated or deleted. The caller has
    /// outdated data, so the store also forgets what it has cached of the webhook.
    async fn current_destination(&self, webhook_id: Uuid) -> Result<Option<Destination>>;
    /// Releases a lease and records no attempt. Does nothing if the lease is void.
    async fn release_delivery(&self, delivery_id: Uuid, lease: Uuid) -> Result<()>;
    /// Records an ended attempt. The store gathers ended attempts for some milliseconds and commits them together. A
    /// success is always recorded. Any other outcome is recorded only while the delivery still has the lease of this
    /// attempt. If a redelivery was requested during the attempt, only a success completes the redelivery. For an
    /// ordered webhook, the operation also leases the next delivery if it is due.
    async fn finish_attempt(&self, ended: EndedAttempt, now: DateTime<Utc>, slots: Arc<Slots>) -> Result<FinishedAttempt>;
    async fn get_statistics(&self, of: StatisticsOf<'_>, range: StatisticsRange) -> Result<StatisticsByInterval>;
    /// Returns the latest attempts of these webhooks. A webhook without attempts is left out.
    async fn latest_attempts(&self, webhook_ids: Vec<Uuid>) -> Result<Vec<(Uuid, LatestAttempts)>>;
    /// Returns the pauses for which receivers have asked, and which have not ended.
    async fn list_holds(&self, now: DateTime<Utc>) -> Result<Vec<Hold>>;
    /// Runs one small step of the cleanup. The cleanup cancels deliveries of inactive webhooks, removes expired
    /// idempotency keys and signing secrets, and continues interrupted erasures. Returns true if there is more to do.
    async fn tidy(&self, now: DateTime<Utc>) -> Result<bool>;
    /// Removes some of the data whose retention time has passed. Returns true if there is more to do now.
    async fn remove_old(&self, now: DateTime<Utc>) -> Result<bool>;

    /// Writes a value that no code reads, to check whether the store accepts writes.
    async fn probe_write(&self) -> Result<()>;

    /// Runs one step of a backlog scan.
    async fn scan_backlog(&self, scan: BacklogScan) -> Result<BacklogScan>;
    async fn oldest_due(&self, waiting: Vec<WorkItem>) -> Result<DuePerLane>;
    async fn storage_use(&self) -> Result<StorageUse>;

    /// Stops leasing deliveries in this scope. All deliveries of the scope wait, also those that are published later.
    /// Pauses of different scopes are independent of each other. Returns false if this scope is already paused.
    async fn pause_deliveries(&self, scope: PauseScope, now: DateTime<Utc>, event: &AuditEvent) -> Result<bool>;
    /// Ends the pause of a scope. Overdue deliveries of the scope can be leased at once, if no other pause covers them.
    /// Returns false if the scope is not paused.
    async fn resume_deliveries(&self, scope: PauseScope, now: DateTime<Utc>, event: &AuditEvent) -> Result<bool>;
    async fn list_pauses(&self) -> Result<Vec<Pause>>;

    async fn create_token(&self, token: StoredToken, event: &AuditEvent) -> Result<()>;
    async fn list_tokens(&self) -> Result<Vec<StoredToken>>;
    /// Returns the token whose secret text has this hash. The caller must verify the MAC of the token.
    async fn find_token(&self, hash: [u8; 32]) -> Result<Option<StoredToken>>;
    /// Returns false if there is no such token. Changes nothing if the token is already revoked.
    async fn revoke_token(&self, id: Uuid, now: DateTime<Utc>, event: &AuditEvent) -> Result<bool>;
    /// Stores the successor of a token, and changes the expiry of the replaced token. Returns false and changes nothing
    /// if the replaced token was changed, revoked or replaced in the meantime.
    async fn rotate_token(&self, rotation: TokenRotation, events: &[AuditEvent]) -> Result<bool>;
    /// Stores the times of the last use of some tokens, sorted by the identifiers of the tokens. A stored time never
    /// decreases.
    async fn record_token_uses(&self, uses: Vec<(Uuid, DateTime<Utc>)>) -> Result<()>;

    async fn list_keys(&self) -> Result<Vec<KeyRecord>>;
    /// Makes `next` the current master key, and the current one the retiring one. If `check_nodes` is true, does this only
    /// if all live nodes hold the new key.
    async fn begin_key_rotation(&self, next: KeyRecord, check_nodes: bool, event: &AuditEvent) -> Result<RotationStart>;
    /// Replaces the sealed values of a webhook, but not its revision. Returns false, and changes nothing, if the webhook
    /// no longer has the values `before`.
    async fn reseal_webhook(&self, id: Uuid, before: SealedValues, after: SealedValues) -> Result<bool>;
    /// Replaces the sealed value in the row of a key. Returns false, and changes nothing, if the row no longer has the
    /// value `before`.
    async fn reseal_key(&self, id: String, before: Sealed, after: Sealed) -> Result<bool>;
    /// Makes the retiring master key a retired one. The caller has sealed all values again. Returns false if no master key
    /// is retiring.
    async fn finish_key_rotation(&self, event: &AuditEvent) -> Result<bool>;

    /// Stores events that belong to no other operation of the store.
    async fn record_audit_events(&self, events: &[AuditEvent]) -> Result<()>;
    async fn list_audit_events(&self, filter: AuditFilter, page: Page) -> Result<Part<AuditEvent>>;

    /// Registers this process as a node that holds these master keys. Makes deliveries with a void lease due again.
    /// Returns an error if the node does not hold the current master key.
    async fn join(&self, master_keys: Vec<KeyId>) -> Result<()>;
    /// Reports that this node is alive, takes over the leases of dead nodes, and reads the changes of other nodes. The
    /// engine must call this operation every [`HEARTBEAT`].
    async fn keep_alive(&self) -> Result<Fleet>;
    /// Returns whether the lease is still valid and no other node can have taken over. If the result is false, no
    /// attempt of the delivery may begin.
    fn holds(&self, lease: Uuid) -> bool;
    /// Stops leasing on this node. Lets other nodes lease the due deliveries, including deliveries that this node
    /// publishes or releases later.
    async fn stop_leasing(&self) -> Result<()>;
    /// Waits until another node reports that a delivery is due.
    async fn wait_for_wakeup(&self);
    /// Releases all leases of this node in one operation.
    async fn release_leases(&self) -> Result<()>;
}

/// The interval at which a node reports that it is alive.
pub const HEARTBEAT: Duration = Duration::from_secs(2);

/// The number of deliveries that one step of a recovery examines.
pub const RECOVERY_STEP: u32 = 250;
