//! The embedded store: one SQLite file, nothing to set up.
//!
//! One thread writes. It takes everything that waits, runs it in one transaction and commits once, so that concurrent
//! callers share a sync (group commit); each command has a savepoint, so one that fails costs the others nothing.
//! A few read-only connections serve look-ups beside it. An answer means that the commit is on disk (`synchronous=FULL`).

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension as _};
use uuid::Uuid;

use super::queue::{Share, Urgency};
use super::*;
use crate::metrics::Metrics;

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
mod leases;
mod new_deliveries;
mod notifications;
mod operational;
mod operations;
mod outcomes;
mod pages;
mod pauses;
mod publications;
mod readers;
mod ready;
mod recovery;
mod redelivery;
mod retention;
mod schema;
mod signing_secrets;
mod space;
mod subscription_cache;
mod tokens;
pub(crate) mod usable;
mod webhook_rows;
mod webhooks;
mod writer;

use columns::{Key, Micros, Millis, corrupt};
use leases::Leasing;
use readers::Readers;
pub use schema::OpenError;
use schema::{JOURNAL_KEPT, MIGRATIONS, connect, migrate};
use space::Space;
use subscription_cache::Directory;
use writer::Writer;

pub struct Sqlite {
    writer: Writer,
    /// For callers who list and look up.
    readers: Arc<Readers>,
    /// For what every request and every attempt may need: however much is listed, it does not wait for that.
    own_readers: Arc<Readers>,
    metrics: Arc<Metrics>,
    directory: Arc<Directory>,
    /// Names this process's leases. Those of other incarnations are void: one server at a time runs on a file.
    incarnation: Uuid,
    limits: StorageLimits,
    space: Arc<Space>,
}

impl Sqlite {
    /// Opens the database, bringing its schema up to date. Administration commands open it so beside a running server.
    pub fn open(path: &Path, metrics: Arc<Metrics>) -> std::result::Result<Sqlite, OpenError> {
        let open = |source| OpenError::of(path, source);
        let mut connection = connect(path).map_err(open)?;
        // Only a new database takes this, before its first page is written: what is free in the file can be given back.
        connection.pragma_update(None, "auto_vacuum", "incremental").map_err(open)?;
        connection.pragma_update(None, "journal_mode", "wal").map_err(open)?;
        connection.pragma_update(None, "journal_size_limit", JOURNAL_KEPT).map_err(open)?;
        // What moves from one page to another is overwritten where it was, so that an erasure finds all of it; only that pays
        // for overwriting pages that come free, too.
        connection.pragma_update(None, "secure_delete", "fast").map_err(open)?;
        migrate(&mut connection, path, &MIGRATIONS)?;
        let [readers, own_readers] = [Readers::open(path).map_err(open)?, Readers::open(path).map_err(open)?].map(Arc::new);
        let directory = Arc::new(Directory::default());
        let writer = Writer::start(connection, directory.clone(), metrics.clone()).map_err(OpenError::Thread)?;
        let limits = StorageLimits::default();
        let space = Arc::new(Space::new(path, &limits));
        Ok(Sqlite { writer, readers, own_readers, metrics, directory, incarnation: Uuid::now_v7(), limits, space })
    }

    /// With these limits in the place of the default ones.
    #[must_use]
    pub fn limited(self, limits: StorageLimits) -> Sqlite {
        let space = Arc::new(self.space.limited(&limits));
        Sqlite { limits, space, ..self }
    }

    /// A value that belongs to the whole database.
    pub async fn property(&self, name: &'static str) -> Result<Option<Vec<u8>>> {
        self.read(move |connection| {
            connection.prepare_cached("SELECT value FROM properties WHERE name = ?1")?.query_row([name], |row| row.get(0)).optional()
        })
        .await
    }

    /// Sets what a new database needs, all or nothing.
    pub async fn initialise(&self, properties: Vec<(&'static str, Vec<u8>)>, token: Token, hash: [u8; 32]) -> Result<()> {
        self.write(Share::Own, Urgency::Now, move |connection| {
            for (name, value) in &properties {
                connection.execute("INSERT INTO properties (name, value) VALUES (?1, ?2)", (name, value))?;
            }
            tokens::insert(connection, &token, hash)
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

    /// As [`Sqlite::write`], for what publishing and leasing are told or tell.
    async fn write_with<T: Send + 'static>(
        &self,
        share: Share,
        urgency: Urgency,
        command: impl FnOnce(&Connection, &Directory) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let directory = self.directory.clone();
        self.writer.write(share, urgency, move |connection| command(connection, &directory)).await
    }

    /// As [`Sqlite::write_with`], for what adds to the store on a caller's behalf: refused while that is full.
    async fn add<T: Send + 'static>(
        &self,
        share: Share,
        urgency: Urgency,
        bytes: usize,
        command: impl FnOnce(&Connection, &Directory) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let space = self.space.clone();
        let command = move |connection: &Connection, directory: &Directory| {
            if space.admits(connection, bytes)? { command(connection, directory).map(Some) } else { Ok(None) }
        };
        self.write_with(share, urgency, command).await?.ok_or(Error::Full)
    }

    async fn read<T: Send + 'static>(&self, query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static) -> Result<T> {
        let asked = Instant::now();
        let outcome = self.readers.read(query).await;
        self.metrics.read(asked.elapsed());
        outcome
    }

    async fn read_own<T: Send + 'static>(&self, query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static) -> Result<T> {
        self.own_readers.read(query).await
    }
}
