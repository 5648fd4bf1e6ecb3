//! The store of several nodes: one shared PostgreSQL database.
//!
//! Publications and outcomes of attempts are written in batches. While one transaction commits, new commands wait for the
//! next transaction, which writes all of them in one statement. Every other operation is a transaction of its own on a pooled
//! connection. An operation returns after its commit is on disk (`synchronous_commit` is not off) and on the synchronous
//! standbys, if there are any.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use tokio_postgres::Row;
use uuid::Uuid;

use super::*;
use crate::metrics::Metrics;

mod backlog_counts;
mod batching;
mod cancellations;
mod connections;
#[cfg(test)]
mod costs;
mod deactivation;
mod deliveries;
mod erasure;
mod failures;
mod handshakes;
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
mod ready;
mod recovery;
mod redelivery;
mod retention;
mod schema;
mod sequences;
mod session;
mod signing_secrets;
mod space;
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
use session::{Session, SessionError, SessionResult, Value};
use space::Space;
use subscription_cache::SubscriptionCache;
use url::PostgresUrl;
use wakeup::Wakeup;

/// The maximum number of tries of a transaction with deadlocks or serialization failures.
const MAX_TRIES: usize = 3;

/// The maximum statement timeout. After this time, the last statements of a dead node have ended, executed or not.
pub const MAX_STATEMENT_SECONDS: u64 = 60;

/// Runs `$work` in a transaction of its own. Tries again after a conflict with another transaction.
macro_rules! in_transaction {
    ($connections:expr, |$transaction:ident| $work:expr) => {{
        let mut tries = 1;
        loop {
            let outcome: SessionResult<_> = async {
                let session = $connections.session().await?;
                let $transaction = session.begin().await?;
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
    /// The maximum number of open connections, without the one that listens for wakeups.
    pub connections: u32,
    pub statement_timeout: Duration,
    /// Whether connections go through a pooler in transaction mode. Such connections keep no state between transactions.
    pub pooled: bool,
    /// The name by which operators know this node.
    pub node_name: String,
    /// Whether this node delivers. Otherwise it serves only the API.
    pub delivers: bool,
}

pub struct Postgres {
    /// Connections for API calls that list, read or change.
    callers: Connections,
    /// Connections for operations that every request or attempt may need. These operations never wait for lists.
    own: Connections,
    node: Arc<Node>,
    wakeup: Arc<Wakeup>,
    publications: Batcher<publications::Command>,
    outcomes: Batcher<outcomes::Command>,
    metrics: Arc<Metrics>,
    limits: StorageLimits,
    space: Arc<Space>,
}

impl Postgres {
    /// Connects to the database and migrates its schema.
    pub async fn open(options: Options, metrics: Arc<Metrics>) -> std::result::Result<Postgres, OpenError> {
        let [callers, own] = Connections::open(&options)?;
        schema::migrate(&own).await?;
        let node = Arc::new(Node::new(options.node_name.clone(), options.delivers));
        let wakeup = Wakeup::start(&options, own.clone());
        let publication_writer = publications::PublicationWriter {
            connections: own.clone(),
            cache: Arc::new(SubscriptionCache::default()),
            node: node.clone(),
            wakeup: wakeup.clone(),
            paused: Arc::default(),
        };
        let publications =
            Batcher::start(metrics.clone(), node.clone(), Pace::PUBLICATIONS, move |batch| publication_writer.clone().run(batch));
        let outcome_writer = outcomes::OutcomeWriter { connections: own.clone(), node: node.clone(), wakeup: wakeup.clone() };
        let outcomes = Batcher::start(metrics.clone(), node.clone(), Pace::OUTCOMES, move |batch| outcome_writer.clone().run(batch));
        let limits = StorageLimits::default();
        let space = Arc::new(Space::new(&limits));
        Ok(Postgres { callers, own, node, wakeup, publications, outcomes, metrics, limits, space })
    }

    /// Replaces the storage limits.
    #[must_use]
    pub fn limited(self, limits: StorageLimits) -> Postgres {
        let space = Arc::new(Space::new(&limits));
        Postgres { limits, space, ..self }
    }

    /// Returns a value that belongs to the whole database.
    pub async fn property(&self, name: &'static str) -> Result<Option<Vec<u8>>> {
        Ok(properties::get(&self.own.session().await?, name).await?)
    }

    /// Stores the properties that a new database needs. Keeps the properties that another node has already stored.
    pub async fn initialise(&self, properties: Vec<(&'static str, Vec<u8>)>) -> Result<()> {
        Ok(in_transaction!(self.own, |transaction| properties::initialise(&transaction, &properties))?)
    }

    /// Returns [`Error::Full`] if the store has no room for `bytes` more.
    async fn admit(&self, bytes: usize) -> Result<()> {
        if self.space.admits(&self.own, bytes).await? { Ok(()) } else { Err(Error::Full) }
    }

    /// Returns a session for a read operation, whose duration is recorded in the metrics.
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
