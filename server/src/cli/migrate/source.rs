//! The source of a move: the embedded store. A lock prevents changes while the command reads all rows.

use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, ensure};
use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use rusqlite::OptionalExtension as _;
use tokio::sync::mpsc::{Receiver, channel};

use super::progress::Identity;
use super::row::{Row, Value};
use super::tables::Table;
use crate::model::{KeyKind, KeyState};
use crate::node::data_dir::DataDir;
use crate::node::master_keys::GivenKeys;
use crate::store::sqlite::usable::Usable;

/// The limits of a batch. A batch ends when it reaches one of the two limits. One transaction writes one batch to the
/// target.
const MAX_BATCH_ROWS: usize = 5000;
const MAX_BATCH_BYTES: usize = 4 << 20;

/// The number of batches that may wait in memory while the target writes an earlier batch.
const READ_AHEAD: usize = 2;

pub(super) struct Source {
    database: Arc<Mutex<Usable>>,
    pub(super) path: PathBuf,
    /// While this file is locked, no server starts on the database.
    _lock: File,
}

impl Source {
    /// Opens and locks the embedded store.
    ///
    /// # Errors
    /// If the database does not exist or is in use, if its schema is not the current schema, if the master key is another key, or if
    /// a rotation of the master key has not finished.
    pub(super) fn hold(data_dir: &DataDir, given: &GivenKeys) -> anyhow::Result<Source> {
        let path = data_dir.database();
        let exists = path.try_exists().with_context(|| format!("cannot check whether {} exists", path.display()))?;
        ensure!(exists, "there is no database {}: --from must name the data directory of a server, such as sqlite:./data", path.display());
        let lock = data_dir.lock()?;
        let database = Usable::hold(&path)?;
        let keys = database.keys()?;
        given.vault(&keys)?;
        ensure!(
            !keys.iter().any(|key| key.is_master(KeyState::Retiring)),
            "a rotation of the master key has not finished: run `webhooks-server key rotate` again to finish it, and then repeat this command"
        );
        Ok(Source { database: Arc::new(Mutex::new(database)), path, _lock: lock })
    }

    /// Returns the identity of this source and its state. Each start of a server and each rotation of the master key changes the
    /// state.
    pub(super) fn identity(&self) -> anyhow::Result<Identity> {
        let database = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        let mut source = digest::Context::new(&digest::SHA256);
        let keys = database.keys()?;
        // The key for digests stays the same. A rotation of the master key changes the current master key.
        keys.iter().filter(|key| key.kind == KeyKind::Mac).for_each(|key| source.update(key.id.as_bytes()));
        let current = keys.iter().find(|key| key.is_master(KeyState::Current)).map_or("", |key| &key.id);
        let first = |sql| database.connection().query_row(sql, [], |row| row.get::<_, Vec<u8>>(0)).optional();
        // Tokens are never removed, so the first token stays the same. Each start of a server creates a new incarnation.
        source.update(&first("SELECT id FROM tokens ORDER BY id LIMIT 1")?.unwrap_or_default());
        let state = first("SELECT incarnation FROM nodes ORDER BY incarnation LIMIT 1")?.unwrap_or_default();
        Ok(Identity { source: HEXLOWER.encode(source.finish().as_ref()), state: format!("{current}-{}", HEXLOWER.encode(&state)) })
    }

    pub(super) fn count(&self, table: &Table) -> anyhow::Result<u64> {
        let database = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        let count = database.connection().query_row(&table.count_in_source(), [], |row| row.get::<_, i64>(0));
        Ok(count.with_context(|| unreadable(table))?.unsigned_abs())
    }

    /// Reads the rows of a table in key order, in batches. Begins after the key `after`. With `None`, begins at the first row.
    pub(super) fn rows(&self, table: &'static Table, after: Option<Vec<Value>>) -> Receiver<anyhow::Result<Vec<Row>>> {
        let (sender, receiver) = channel(READ_AHEAD);
        let database = self.database.clone();
        tokio::task::spawn_blocking(move || {
            let database = database.lock().unwrap_or_else(PoisonError::into_inner);
            // If the caller drops the channel's receiver, sending fails and reading stops.
            let read = read_all(&database, table, after.unwrap_or_default(), |rows| sender.blocking_send(Ok(rows)).is_ok());
            if let Err(error) = read {
                let _ = sender.blocking_send(Err(error.context(unreadable(table))));
            }
        });
        receiver
    }
}

/// Reads batches until `send` returns false or the table has no more rows.
fn read_all(database: &Usable, table: &Table, after: Vec<Value>, send: impl Fn(Vec<Row>) -> bool) -> anyhow::Result<()> {
    let mut statement = database.connection().prepare(&table.select_in_source(!after.is_empty()))?;
    let mut cursor = statement.query(rusqlite::params_from_iter(after))?;
    let (mut rows, mut bytes) = (Vec::new(), 0);
    while let Some(row) = cursor.next()? {
        let row = table.read_in_source(row)?;
        bytes += row.iter().map(Value::size).sum::<usize>();
        rows.push(row);
        if rows.len() >= MAX_BATCH_ROWS || bytes >= MAX_BATCH_BYTES {
            bytes = 0;
            if !send(std::mem::take(&mut rows)) {
                return Ok(());
            }
        }
    }
    if !rows.is_empty() {
        send(rows);
    }
    Ok(())
}

fn unreadable(table: &Table) -> String {
    format!("cannot read the source of the table {}", table.name)
}
