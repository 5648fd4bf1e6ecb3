//! The embedded store: one SQLite file. The operator does not have to set it up.
//!
//! One thread writes. It runs the queued commands in one transaction, so one sync of the disk serves many callers
//! (group commit). Each command has a savepoint, so a failed command does not affect other commands. A few read-only
//! connections serve look-ups. A writing operation returns only after its commit is on disk (`synchronous=FULL`).

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension as _};
use uuid::Uuid;

use super::keys::KnownKeys;
use super::queue::{Share, Urgency};
use super::*;
use crate::metrics::Metrics;

pub(crate) mod audit;
mod backlog_counts;
mod cancellations;
mod columns;
pub(crate) mod copy;
#[cfg(test)]
mod costs;
mod deactivation;
mod deliveries;
mod erasure;
mod failures;
mod handshakes;
mod health;
mod holds;
pub(crate) mod inspect;
mod keys;
mod leases;
mod new_deliveries;
mod notifications;
mod operational;
mod operations;
mod outcomes;
mod pages;
mod pauses;
mod publications;
mod quarantine;
mod readers;
mod ready;
mod recovery;
mod redelivery;
mod retention;
mod schema;
mod selection;
mod signing_secrets;
mod space;
mod statistics;
mod subscription_cache;
mod tokens;
pub(crate) mod usable;
mod webhook_rows;
mod webhooks;
mod writer;

use columns::{Key, Micros, Millis, corrupt};
use leases::LeaseTransaction;
use readers::Readers;
pub use schema::OpenError;
use schema::{JOURNAL_SIZE_LIMIT, MIGRATIONS, connect, migrate};
use space::Space;
use subscription_cache::SubscriptionCache;
use writer::Writer;

pub struct Sqlite {
    writer: Writer,
    /// Connections for the lists and look-ups of callers.
    readers: Arc<Readers>,
    /// Connections for reads that any request or attempt may need. So these reads do not wait for list operations.
    own_readers: Arc<Readers>,
    metrics: Arc<Metrics>,
    cache: Arc<SubscriptionCache>,
    /// Identifies the leases of this process. Leases of other incarnations are void, because only one server at a time
    /// uses the file.
    incarnation: Uuid,
    limits: StorageLimits,
    space: Arc<Space>,
    known_keys: KnownKeys,
}

impl Sqlite {
    /// Opens the database and migrates its schema. Administration commands also call this while a server is running.
    pub fn open(path: &Path, metrics: Arc<Metrics>) -> std::result::Result<Sqlite, OpenError> {
        let open = |source| OpenError::of(path, source);
        let mut connection = connect(path).map_err(open)?;
        // This setting allows the file to shrink. It has an effect only on a new database, before the first page is
        // written.
        connection.pragma_update(None, "auto_vacuum", "incremental").map_err(open)?;
        connection.pragma_update(None, "journal_mode", "wal").map_err(open)?;
        connection.pragma_update(None, "journal_size_limit", JOURNAL_SIZE_LIMIT).map_err(open)?;
        // With this setting, SQLite overwrites the old copy of data that moves from one page to another. So no copy of
        // erased data remains. Freed pages are overwritten only during an erasure, because overwriting them costs more.
        connection.pragma_update(None, "secure_delete", "fast").map_err(open)?;
        migrate(&mut connection, path, &MIGRATIONS)?;
        let [readers, own_readers] = [Readers::open(path).map_err(open)?, Readers::open(path).map_err(open)?].map(Arc::new);
        let cache = Arc::new(SubscriptionCache::default());
        let writer = Writer::start(connection, cache.clone(), metrics.clone()).map_err(OpenError::Thread)?;
        let limits = StorageLimits::default();
        let space = Arc::new(Space::new(path, &limits));
        let (incarnation, known_keys) = (Uuid::now_v7(), KnownKeys::default());
        Ok(Sqlite { writer, readers, own_readers, metrics, cache, incarnation, limits, space, known_keys })
    }

    /// Replaces the default limits.
    #[must_use]
    pub fn limited(self, limits: StorageLimits) -> Sqlite {
        let space = Arc::new(self.space.limited(&limits));
        Sqlite { limits, space, ..self }
    }

    /// Stores the keys and the first token of a new database, in one transaction.
    pub async fn initialise(&self, keys: Vec<KeyRecord>, token: StoredToken) -> Result<()> {
        self.write(Share::Own, Urgency::Now, move |connection| {
            keys.iter().try_for_each(|key| keys::insert(connection, key))?;
            audit::insert(connection, &EventRow::from(&token_created(&token, AuditEvent::SERVICE)))?;
            tokens::insert(connection, &token)
        })
        .await
    }

    async fn write<T: Send + 'static>(
        &self,
        share: Share,
        urgency: Urgency,
        command: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        self.writer.write(share, urgency, command).await
    }

    /// Like [`Sqlite::write`], for commands that read or change the subscription cache.
    async fn write_with<T: Send + 'static>(
        &self,
        share: Share,
        urgency: Urgency,
        command: impl FnOnce(&Connection, &SubscriptionCache) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let cache = self.cache.clone();
        self.writer.write(share, urgency, move |connection| command(connection, &cache)).await
    }

    /// Like [`Sqlite::write_with`], for commands that add data for a caller. Refuses a command while the store is full.
    async fn add<T: Send + 'static>(
        &self,
        share: Share,
        urgency: Urgency,
        bytes: usize,
        command: impl FnOnce(&Connection, &SubscriptionCache) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let space = self.space.clone();
        let command = move |connection: &Connection, cache: &SubscriptionCache| {
            if space.admits(connection, bytes)? { command(connection, cache).map(Some) } else { Ok(None) }
        };
        self.write_with(share, urgency, command).await?.ok_or(Error::Full)
    }

    async fn read<T: Send + 'static>(&self, query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static) -> Result<T> {
        let started = Instant::now();
        let outcome = self.readers.read(query).await;
        self.metrics.read(started.elapsed());
        outcome
    }

    async fn read_own<T: Send + 'static>(&self, query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static) -> Result<T> {
        self.own_readers.read(query).await
    }
}
