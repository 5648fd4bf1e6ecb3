//! The store that several nodes share: a PostgreSQL database.
//!
//! Publications, registrations and outcomes of attempts are written in batches. While one transaction runs, new
//! commands wait. The next transaction writes the waiting commands together. Most other operations each run in a
//! separate transaction on a pooled connection. An operation returns only after its commit is on disk. So the store
//! refuses servers with `synchronous_commit = off`. The other values of this setting determine whether a commit also
//! waits for standby servers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use tokio_postgres::Row;
use uuid::Uuid;

use super::keys::KnownKeys;
use super::*;
use crate::metrics::Metrics;

mod audit;
mod backlog_counts;
mod batching;
mod cancellations;
mod connections;
#[cfg(test)]
mod costs;
mod deactivation;
mod deaths;
mod deliveries;
mod erasure;
mod failures;
mod handshakes;
mod health;
mod holds;
pub(crate) mod inspect;
mod keys;
mod leases;
pub(crate) mod migration_guard;
mod new_deliveries;
mod nodes;
mod notifications;
mod operational;
mod operations;
mod outcomes;
mod pages;
mod pauses;
mod properties;
mod publications;
mod quarantine;
mod rates;
mod ready;
mod recovery;
mod redelivery;
mod registrations;
mod retention;
mod schema;
mod selection;
mod sequences;
mod session;
mod signing_secrets;
mod space;
mod statistics;
mod subscription_cache;
#[cfg(test)]
mod tests;
mod tls;
mod tokens;
pub mod url;
mod wakeup;
mod webhook_rows;
mod webhooks;

use batching::{Batcher, Pace};
use connections::Connections;
pub use connections::OpenError;
use leases::LeaseTransaction;
use nodes::Node;
use session::{Session, SessionError, SessionResult, Transaction, Value};
use space::Space;
use subscription_cache::SubscriptionCache;
use url::PostgresUrl;
use wakeup::Wakeup;

/// The maximum number of tries of one transaction. Only deadlocks and serialization failures cause a further try.
const MAX_TRIES: usize = 3;

/// The maximum statement timeout. After a node has been dead for this time, none of its statements runs any more.
pub const MAX_STATEMENT_SECONDS: u64 = 60;

/// Runs `$work` in a new transaction. If this transaction conflicts with another one, runs `$work` again in a new
/// transaction. A transaction that stores sealed values must begin with [`keys::begin`].
macro_rules! in_transaction {
    ($connections:expr, |$transaction:ident| $work:expr) => {
        in_transaction!(Session::begin, $connections, |$transaction| $work)
    };
    ($begin:path, $connections:expr, |$transaction:ident| $work:expr) => {{
        let mut tries = 1;
        loop {
            let outcome: SessionResult<_> = async {
                let session = $connections.session().await?;
                let $transaction = $begin(&session).await?;
                let done = $work.await?;
                $transaction.commit().await?;
                Ok(done)
            }
            .await;
            match outcome {
                Err(error) if error.is_conflict() && tries < MAX_TRIES => tries += 1,
                outcome => break outcome,
            }
        }
    }};
}

use in_transaction;

/// How a node uses the database.
#[derive(Clone, Debug)]
pub struct Options {
    pub url: PostgresUrl,
    /// The maximum number of open connections. The connection that listens for wakeups is not counted.
    pub connections: u32,
    pub statement_timeout: Duration,
    /// Whether connections go through a pooler in transaction mode. A connection through such a pooler keeps no state
    /// between transactions.
    pub pooled: bool,
    /// The name by which operators know this node.
    pub node_name: String,
    /// Whether this node makes attempts. If not, the node serves only the API.
    pub delivers: bool,
}

pub struct Postgres {
    /// Connections for API calls that list, read or change data.
    callers: Connections,
    /// Connections for operations that any request or attempt may need. These operations do not wait for list
    /// operations, which use `callers`.
    own: Connections,
    node: Arc<Node>,
    wakeup: Arc<Wakeup>,
    publications: Batcher<publications::Command>,
    registrations: Batcher<registrations::Command>,
    outcomes: Batcher<outcomes::Command>,
    metrics: Arc<Metrics>,
    limits: StorageLimits,
    space: Arc<Space>,
    cache: Arc<SubscriptionCache>,
    known_keys: KnownKeys,
}

impl Postgres {
    /// Connects to the database and migrates its schema.
    pub async fn open(options: Options, metrics: Arc<Metrics>) -> std::result::Result<Postgres, OpenError> {
        let [callers, own] = Connections::open(&options)?;
        schema::migrate(&own).await?;
        let node = Arc::new(Node::new(options.node_name.clone(), options.delivers));
        let wakeup = Wakeup::start(&options, own.clone());
        let cache = Arc::new(SubscriptionCache::default());
        let publication_writer = publications::PublicationWriter {
            connections: own.clone(),
            cache: cache.clone(),
            node: node.clone(),
            wakeup: wakeup.clone(),
            paused: Arc::default(),
        };
        let publications =
            Batcher::start(metrics.clone(), node.clone(), Pace::PUBLICATIONS, move |batch| publication_writer.clone().run(batch));
        let registration_writer = registrations::RegistrationWriter { connections: own.clone() };
        let registrations =
            Batcher::start(metrics.clone(), node.clone(), Pace::REGISTRATIONS, move |batch| registration_writer.clone().run(batch));
        let counter = Arc::new(statistics::Counter::new());
        let outcome_writer = outcomes::OutcomeWriter { connections: own.clone(), node: node.clone(), wakeup: wakeup.clone(), counter };
        let outcomes = Batcher::start(metrics.clone(), node.clone(), Pace::OUTCOMES, move |batch| outcome_writer.clone().run(batch));
        let limits = StorageLimits::default();
        let (space, known_keys) = (Arc::new(Space::new(&limits)), KnownKeys::default());
        Ok(Postgres { callers, own, node, wakeup, publications, registrations, outcomes, metrics, limits, space, cache, known_keys })
    }

    /// Replaces the storage limits.
    #[must_use]
    pub fn limited(self, limits: StorageLimits) -> Postgres {
        let space = Arc::new(Space::new(&limits));
        Postgres { limits, space, ..self }
    }

    /// Returns the value of a property of the database.
    pub async fn property(&self, name: &'static str) -> Result<Option<Vec<u8>>> {
        Ok(properties::get(&self.own.session().await?, name).await?)
    }

    /// Stores the keys of a new database. Does not replace the keys that another node has already stored.
    pub async fn initialise(&self, keys: Vec<KeyRecord>) -> Result<()> {
        Ok(in_transaction!(keys::begin_alone, self.own, |transaction| keys::initialise(&transaction, &keys))?)
    }

    /// Returns [`Error::Full`] if the store has no room for `bytes` more bytes.
    async fn admit(&self, bytes: usize) -> Result<()> {
        if self.space.admits(&self.own, bytes).await? { Ok(()) } else { Err(Error::Full) }
    }

    /// Returns a session for a read operation. The metrics record how long the session is used.
    async fn read_session(&self) -> Result<ReadSession> {
        Ok(ReadSession { session: self.callers.session().await?, metrics: self.metrics.clone(), started: Instant::now() })
    }
}

struct ReadSession {
    session: Session,
    metrics: Arc<Metrics>,
    started: Instant,
}

impl std::ops::Deref for ReadSession {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl Drop for ReadSession {
    fn drop(&mut self) {
        self.metrics.read(self.started.elapsed());
    }
}

/// Converts an unsigned number to the signed type of the database column.
fn int(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// Converts a number from the database to the unsigned type of this program.
fn count(number: i32) -> u32 {
    u32::try_from(number).unwrap_or_default()
}

impl Lane {
    fn from_number(number: i16) -> SessionResult<Lane> {
        Lane::ALL.into_iter().find(|lane| *lane as i16 == number).ok_or_else(|| SessionError::damaged(format!("lane {number}")))
    }
}
