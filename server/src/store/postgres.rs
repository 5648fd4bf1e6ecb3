//! The store of many nodes: one PostgreSQL, and nothing beside it.
//!
//! Publishing and recording are gathered: while one transaction commits, what comes in the meantime waits for the next, which
//! carries all of it in one statement. Everything else is a transaction of its own on a connection from a pool. An answer
//! means that the commit is on disk (`synchronous_commit` is not off), and on the synchronous standbys where there are any.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use tokio_postgres::Row;
use uuid::Uuid;

use super::queue::{Share, Urgency};
use super::*;
use crate::metrics::Metrics;

mod bell;
mod census;
mod connections;
#[cfg(test)]
mod costs;
mod deliveries;
mod directory;
mod erasure;
mod failures;
mod finishes;
mod handshakes;
mod leases;
mod lines;
pub(crate) mod moving;
mod nodes;
mod notifications;
mod operational;
mod pages;
mod pauses;
mod properties;
mod publications;
mod recovery;
mod redelivery;
mod retention;
mod schema;
mod session;
mod signing_secrets;
mod space;
#[cfg(test)]
mod tests;
mod tls;
mod tokens;
pub mod url;
mod webhooks;

use bell::Bell;
use connections::Connections;
pub use connections::OpenError;
use directory::Directory;
use leases::Leasing;
use lines::{Line, Pace};
use nodes::Node;
use session::{Answer, Session, Trouble, Value};
use space::Space;
use url::PostgresUrl;

/// So often a transaction is tried that waits for one that waits for it.
const TRIES: usize = 3;

/// What a time limit of statements may be at most. Whatever a node that is gone has asked for last is over after that, carried
/// out or not.
pub const LONGEST_STATEMENT_SECONDS: u64 = 60;

/// Does something in a transaction of its own, and once more if it had to give way to another.
macro_rules! in_transaction {
    ($connections:expr, |$transaction:ident| $work:expr) => {{
        let mut tries = 1;
        loop {
            let outcome: Answer<_> = async {
                let session = $connections.session().await?;
                let $transaction = session.begin().await?;
                let done = $work.await?;
                $transaction.commit().await?;
                Ok(done)
            }
            .await;
            match outcome {
                Err(trouble) if trouble.is_conflict() && tries < TRIES => tries += 1,
                outcome => break outcome,
            }
        }
    }};
}

/// How a node uses the database.
#[derive(Clone, Debug)]
pub struct Options {
    pub url: PostgresUrl,
    /// Open at once, beside one that listens.
    pub connections: u32,
    pub statement_timeout: Duration,
    /// There is a pooler between, in transaction mode: nothing may be kept on a connection from one transaction to the next.
    pub pooled: bool,
    /// What operators know this node by.
    pub node_name: String,
    /// Whether this node delivers, or serves the API alone.
    pub delivers: bool,
}

pub struct Postgres {
    /// For callers who list, look up and change.
    callers: Connections,
    /// For what every request and every attempt may need: however much is listed, it does not wait for that.
    own: Connections,
    node: Arc<Node>,
    bell: Arc<Bell>,
    publications: Line<publications::Command>,
    finishes: Line<finishes::Command>,
    metrics: Arc<Metrics>,
    limits: StorageLimits,
    space: Arc<Space>,
}

impl Postgres {
    /// Connects, and brings the schema up to date.
    pub async fn open(options: Options, metrics: Arc<Metrics>) -> std::result::Result<Postgres, OpenError> {
        let [callers, own] = Connections::open(&options)?;
        schema::migrate(&own).await?;
        let node = Arc::new(Node::new(options.node_name.clone(), options.delivers));
        let bell = Bell::hang(&options, own.clone());
        let publishing = publications::Publishing {
            connections: own.clone(),
            directory: Arc::new(Directory::default()),
            node: node.clone(),
            bell: bell.clone(),
            paused: Arc::default(),
        };
        let publications = Line::start(metrics.clone(), node.clone(), Pace::OF_PUBLICATIONS, move |batch| publishing.clone().run(batch));
        let finishing = finishes::Finishing { connections: own.clone(), node: node.clone(), bell: bell.clone() };
        let finishes = Line::start(metrics.clone(), node.clone(), Pace::OF_FINISHES, move |batch| finishing.clone().run(batch));
        let limits = StorageLimits::default();
        let space = Arc::new(Space::new(&limits));
        Ok(Postgres { callers, own, node, bell, publications, finishes, metrics, limits, space })
    }

    /// With these limits in the place of the default ones.
    #[must_use]
    pub fn limited(self, limits: StorageLimits) -> Postgres {
        let space = Arc::new(Space::new(&limits));
        Postgres { limits, space, ..self }
    }

    /// A value that belongs to the whole database.
    pub async fn property(&self, name: &'static str) -> Result<Option<Vec<u8>>> {
        Ok(properties::get(&self.own.session().await?, name).await?)
    }

    /// Sets what a new database needs, unless another node was first: all or nothing.
    pub async fn initialise(&self, properties: Vec<(&'static str, Vec<u8>)>) -> Result<()> {
        Ok(in_transaction!(self.own, |transaction| properties::initialise(&transaction, &properties))?)
    }

    /// Refuses what adds to the store on a caller's behalf while that is full.
    async fn admit(&self, bytes: usize) -> Result<()> {
        if self.space.admits(&self.own, bytes).await? { Ok(()) } else { Err(Error::Full) }
    }

    /// A connection for a caller who reads, which is counted.
    async fn reading(&self) -> Result<Reading> {
        Ok(Reading { session: self.callers.session().await?, metrics: self.metrics.clone(), asked: Instant::now() })
    }
}

/// A caller's session, from the question to the answer.
struct Reading {
    session: Session,
    metrics: Arc<Metrics>,
    asked: Instant,
}

impl std::ops::Deref for Reading {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.metrics.read(self.asked.elapsed());
    }
}

/// About what a row takes beside what its caller sent, in bytes.
const ROW: usize = 1024;

/// A count or number that this program keeps without a sign, as the database keeps it.
fn int(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// And back.
fn count(number: i32) -> u32 {
    u32::try_from(number).unwrap_or_default()
}

impl Lane {
    fn from_number(number: i16) -> Answer<Lane> {
        Lane::ALL.into_iter().find(|lane| *lane as i16 == number).ok_or_else(|| Trouble::damaged(format!("the lane {number}")))
    }
}

/// Each verb of [`Store`] stands in the file of its noun; here is only how it runs.
#[async_trait]
impl Store for Postgres {
    async fn register_webhook(&self, webhook: Webhook, handshake: Option<Challenge>, limit: u32) -> Result<bool> {
        self.admit(ROW).await?;
        Ok(in_transaction!(self.callers, |transaction| webhooks::register(&transaction, &webhook, handshake.as_ref(), limit))?)
    }

    async fn list_webhooks(&self, account: Option<Account>, status: Option<WebhookStatus>, page: Page) -> Result<Part<Webhook>> {
        Ok(webhooks::list(&*self.reading().await?, account.as_ref(), status, page).await?)
    }

    async fn get_webhook(&self, account: Option<Account>, id: Uuid) -> Result<Option<Webhook>> {
        Ok(webhooks::get(&*self.reading().await?, account.as_ref(), id).await?)
    }

    async fn update_webhook(
        &self,
        account: Account,
        id: Uuid,
        change: WebhookChange,
        now: DateTime<Utc>,
    ) -> Result<Option<std::result::Result<Webhook, CredentialsRequired>>> {
        let updated = in_transaction!(self.callers, |transaction| webhooks::update(&transaction, &account, id, change.clone(), now))?;
        self.bell.ring();
        Ok(updated)
    }

    async fn deactivate_webhook(&self, account: Account, id: Uuid, now: DateTime<Utc>) -> Result<Option<Webhook>> {
        let deactivated = in_transaction!(self.callers, |transaction| webhooks::deactivate(&transaction, &account, id, now))?;
        self.bell.ring();
        Ok(deactivated)
    }

    async fn activate_webhook(
        &self,
        account: Account,
        id: Uuid,
        handshake: Option<Challenge>,
        now: DateTime<Utc>,
    ) -> Result<Option<Webhook>> {
        let activated =
            in_transaction!(self.callers, |transaction| webhooks::activate(&transaction, &account, id, handshake.as_ref(), now))?;
        self.bell.ring();
        Ok(activated)
    }

    async fn due_handshakes(&self, now: DateTime<Utc>) -> Result<DueHandshakes> {
        let session = self.own.session().await?;
        Ok(handshakes::due(&session, self.node.incarnation(), now).await?)
    }

    async fn finish_handshake(&self, webhook_id: Uuid, challenge: Challenge, end: HandshakeEnd, now: DateTime<Utc>) -> Result<Option<u32>> {
        Ok(in_transaction!(self.own, |transaction| handshakes::finish(&transaction, webhook_id, &challenge, end, now))?)
    }

    async fn rotate_signing_secret(
        &self,
        account: Account,
        id: Uuid,
        secret: Sealed,
        overlap: TimeDelta,
        now: DateTime<Utc>,
    ) -> Result<Option<Webhook>> {
        Ok(in_transaction!(self.callers, |transaction| signing_secrets::rotate(&transaction, &account, id, &secret, overlap, now))?)
    }

    async fn delete_webhook(&self, account: Account, id: Uuid, now: DateTime<Utc>) -> Result<Option<u32>> {
        Ok(in_transaction!(self.callers, |transaction| webhooks::delete(&transaction, &account, id, now))?)
    }

    async fn publish_notification(&self, publication: Publication, slots: Arc<Slots>) -> Result<Published> {
        let bytes = publication.data.get().len();
        self.admit(ROW + bytes).await?;
        let share = Share::of(publication.audience.account(), bytes);
        self.publications.run(share, Urgency::Now, |answer| publications::Command { publication, slots, answer }).await
    }

    async fn list_notifications(&self, account: Option<Account>, event_type: Option<EventType>, page: Page) -> Result<Part<Notification>> {
        Ok(notifications::list(&*self.reading().await?, account.as_ref(), event_type.as_ref(), page).await?)
    }

    async fn get_notification(&self, account: Option<Account>, id: Uuid) -> Result<Option<Notification>> {
        Ok(notifications::get(&*self.reading().await?, account.as_ref(), id).await?)
    }

    async fn delete_notification(&self, account: Option<Account>, id: Uuid, now: DateTime<Utc>) -> Result<bool> {
        let deleted = in_transaction!(self.callers, |transaction| erasure::delete_notification(&transaction, account.as_ref(), id, now))?;
        self.bell.ring();
        Ok(deleted)
    }

    async fn erase_answers(&self, notification_id: Uuid) -> Result<bool> {
        Ok(in_transaction!(self.own, |transaction| erasure::erase_answers(&transaction, notification_id))?)
    }

    async fn list_deliveries(&self, filter: DeliveryFilter, page: Page) -> Result<Part<Delivery>> {
        Ok(deliveries::list(&*self.reading().await?, &filter, page).await?)
    }

    async fn get_delivery(&self, account: Option<Account>, id: Uuid) -> Result<Option<(Delivery, Vec<Attempt>)>> {
        Ok(deliveries::get(&*self.reading().await?, account.as_ref(), id).await?)
    }

    async fn redeliver(&self, account: Account, id: Uuid, now: DateTime<Utc>) -> Result<Redelivered> {
        self.admit(ROW).await?;
        let redelivered = in_transaction!(self.callers, |transaction| redelivery::redeliver(&transaction, &account, id, now))?;
        self.bell.ring();
        Ok(redelivered)
    }

    async fn recover_deliveries(&self, account: Account, recovery: Recovery, now: DateTime<Utc>) -> Result<RecoveryStep> {
        self.admit(ROW).await?;
        let step = in_transaction!(self.callers, |transaction| recovery::step(&transaction, &account, recovery, now))?;
        self.bell.ring();
        Ok(step)
    }

    async fn lease_due(&self, now: DateTime<Utc>, slots: Arc<Slots>, works: Vec<Work>) -> Result<DueRound> {
        let session = self.own.session().await?;
        Ok(leases::round(&session, &self.node, &self.bell, &slots, now, works).await?)
    }

    async fn current_destination(&self, webhook_id: Uuid) -> Result<Option<Destination>> {
        Ok(webhooks::destination(&self.own.session().await?, webhook_id).await?)
    }

    async fn release_delivery(&self, delivery_id: Uuid, lease: Uuid) -> Result<()> {
        let session = self.own.session().await?;
        if self.node.delivers() {
            return Ok(leases::release(&session, delivery_id, lease).await?);
        }
        leases::give_back(&session, &[delivery_id], lease).await?;
        self.bell.ring();
        Ok(())
    }

    async fn finish_attempt(&self, finish: Finish, now: DateTime<Utc>, slots: Arc<Slots>) -> Result<Finished> {
        // What comes next in order waits for it.
        let urgency = if finish.lane == Lane::Ordered { Urgency::Now } else { Urgency::Soon };
        self.finishes.run(Share::Own, urgency, |answer| finishes::Command { finish, now, slots, answer }).await
    }

    async fn tidy(&self, now: DateTime<Utc>) -> Result<bool> {
        let session = self.own.session().await?;
        let cancelled = webhooks::cancel_some(&session, now).await?;
        let expired = notifications::expire_some_keys(&session, now).await?;
        let erased = erasure::erase_some_answers(&session).await?;
        signing_secrets::forget_expired(&session, now).await?;
        nodes::forget_changes(&session).await?;
        Ok(cancelled || expired || erased)
    }

    async fn remove_old(&self, now: DateTime<Utc>) -> Result<bool> {
        Ok(in_transaction!(self.own, |transaction| retention::step(&transaction, &self.limits, now))?)
    }

    async fn probe_write(&self) -> Result<()> {
        Ok(properties::probe_write(&self.own.session().await?).await?)
    }

    async fn count_some(&self, census: Census) -> Result<Census> {
        Ok(census::count_some(&*self.reading().await?, census).await?)
    }

    async fn oldest_due(&self, waiting: Vec<Work>) -> Result<DuePerLane> {
        Ok(census::oldest_due(&*self.reading().await?, &waiting).await?)
    }

    async fn storage_use(&self) -> Result<StorageUse> {
        Ok(self.space.measure(&self.own.session().await?).await?)
    }

    async fn pause_deliveries(&self, scope: PauseScope, now: DateTime<Utc>) -> Result<bool> {
        Ok(pauses::pause(&self.own.session().await?, &scope, now).await?)
    }

    async fn resume_deliveries(&self, scope: PauseScope, now: DateTime<Utc>) -> Result<bool> {
        let resumed = in_transaction!(self.own, |transaction| pauses::resume(&transaction, &scope, now))?;
        self.bell.ring();
        Ok(resumed)
    }

    async fn list_pauses(&self) -> Result<Vec<Pause>> {
        Ok(pauses::list(&self.own.session().await?).await?)
    }

    async fn create_token(&self, token: Token, hash: [u8; 32]) -> Result<()> {
        Ok(tokens::insert(&self.own.session().await?, &token, hash).await?)
    }

    async fn list_tokens(&self) -> Result<Vec<Token>> {
        Ok(tokens::list(&*self.reading().await?).await?)
    }

    async fn find_token(&self, hash: [u8; 32]) -> Result<Option<Token>> {
        Ok(tokens::find(&self.own.session().await?, hash).await?)
    }

    async fn revoke_token(&self, id: Uuid, now: DateTime<Utc>) -> Result<bool> {
        Ok(tokens::revoke(&self.own.session().await?, id, now).await?)
    }

    async fn join(&self) -> Result<()> {
        nodes::join(&self.own.session().await?, &self.node).await.map_err(Into::into)
    }

    async fn keep_alive(&self) -> Result<Fleet> {
        let session = self.own.session().await?;
        Ok(nodes::keep_alive(&session, &self.node, &self.bell).await?)
    }

    fn holds(&self, lease: Uuid) -> bool {
        self.node.holds(lease)
    }

    async fn step_back(&self) -> Result<()> {
        let session = self.own.session().await?;
        nodes::step_back(&session, &self.node).await?;
        self.bell.ring_now(&session).await?;
        Ok(())
    }

    async fn rung(&self) {
        self.bell.rung().await;
    }

    async fn leave(&self) -> Result<()> {
        let session = self.own.session().await?;
        nodes::leave(&session, &self.node).await?;
        self.bell.ring_now(&session).await?;
        Ok(())
    }
}
