//! The store of many nodes: one PostgreSQL, and nothing beside it.
//!
//! Publishing and recording are gathered: while one transaction commits, what comes in the meantime waits for the next, which
//! carries all of it in one statement. Everything else is a transaction of its own on a connection from a pool. An answer
//! means that the commit is on disk (`synchronous_commit` is not off), and on the synchronous standbys where there are any.

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

use batching::{Line, Pace};
use connections::Connections;
pub use connections::OpenError;
use leases::Leasing;
use nodes::Node;
use session::{Answer, Session, Trouble, Value};
use space::Space;
use subscription_cache::Directory;
use url::PostgresUrl;
use wakeup::Bell;

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

use in_transaction;

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
    finishes: Line<outcomes::Command>,
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
        let finishing = outcomes::Finishing { connections: own.clone(), node: node.clone(), bell: bell.clone() };
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
