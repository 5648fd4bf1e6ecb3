//! The embedded store that is moved from: held so that nobody changes it, and read from end to end.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, ensure};
use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use rusqlite::OptionalExtension as _;
use tokio::sync::mpsc::{Receiver, channel};

use super::progress::Identity;
use super::row::{Row, Value};
use super::tables::Table;
use crate::node::data_dir::{DataDir, KEY_CHECK, KEY_ID};
use crate::store::sqlite::usable::Usable;

/// So much is read at once, and written in one transaction: some thousand rows, or a few that are large.
const ROWS_AT_ONCE: usize = 5000;
const BYTES_AT_ONCE: usize = 4 << 20;

/// What is read ahead while the target writes.
const READ_AHEAD: usize = 2;

pub(super) struct Source {
    database: Arc<Mutex<Usable>>,
    pub(super) path: PathBuf,
    /// No server starts on it.
    _lock: File,
}

impl Source {
    /// # Errors
    /// When there is none, it is in use, or it cannot be used with the key.
    pub(super) fn hold(data_dir: &DataDir, master_key_file: Option<&Path>) -> anyhow::Result<Source> {
        let path = data_dir.database();
        let exists = path.try_exists().with_context(|| format!("cannot look for {}", path.display()))?;
        ensure!(exists, "there is no database {}: --from names the data directory of a server, as in sqlite:./data", path.display());
        let lock = data_dir.lock()?;
        let database = Usable::hold(&path)?;
        data_dir.judge_key(master_key_file, |name| database.property(name))?;
        Ok(Source { database: Arc::new(Mutex::new(database)), path, _lock: lock })
    }

    /// What tells it from any other source, and its state from that after a server has run on it again.
    pub(super) fn identity(&self) -> anyhow::Result<Identity> {
        let database = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        let mut source = digest::Context::new(&digest::SHA256);
        for name in [KEY_ID, KEY_CHECK] {
            source.update(&database.property(name)?.unwrap_or_default());
        }
        let first = |sql| database.connection().query_row(sql, [], |row| row.get::<_, Vec<u8>>(0)).optional();
        // No token ever goes, and every server that starts has another incarnation.
        source.update(&first("SELECT id FROM tokens ORDER BY id LIMIT 1")?.unwrap_or_default());
        let state = first("SELECT incarnation FROM nodes ORDER BY incarnation LIMIT 1")?.unwrap_or_default();
        Ok(Identity { source: HEXLOWER.encode(source.finish().as_ref()), state: HEXLOWER.encode(&state) })
    }

    pub(super) fn count(&self, table: &Table) -> anyhow::Result<u64> {
        let database = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        let count = database.connection().query_row(&table.count_in_source(), [], |row| row.get::<_, i64>(0));
        Ok(count.with_context(|| unreadable(table))?.unsigned_abs())
    }

    /// The rows of a table in the order of their keys, behind one of these, some thousand at a time.
    pub(super) fn rows(&self, table: &'static Table, behind: Option<Vec<Value>>) -> Receiver<anyhow::Result<Vec<Row>>> {
        let (sender, receiver) = channel(READ_AHEAD);
        let database = self.database.clone();
        tokio::task::spawn_blocking(move || {
            let database = database.lock().unwrap_or_else(PoisonError::into_inner);
            // Whoever reads may have enough of it.
            let read = read_all(&database, table, behind.unwrap_or_default(), |rows| sender.blocking_send(Ok(rows)).is_ok());
            if let Err(error) = read {
                let _ = sender.blocking_send(Err(error.context(unreadable(table))));
            }
        });
        receiver
    }
}

/// Reads until that `takes` no more.
fn read_all(database: &Usable, table: &Table, behind: Vec<Value>, takes: impl Fn(Vec<Row>) -> bool) -> anyhow::Result<()> {
    let mut statement = database.connection().prepare(&table.select_in_source(!behind.is_empty()))?;
    let mut found = statement.query(rusqlite::params_from_iter(behind))?;
    let (mut rows, mut bytes) = (Vec::new(), 0);
    while let Some(row) = found.next()? {
        let row = table.read_in_source(row)?;
        bytes += row.iter().map(Value::size).sum::<usize>();
        rows.push(row);
        if rows.len() >= ROWS_AT_ONCE || bytes >= BYTES_AT_ONCE {
            bytes = 0;
            if !takes(std::mem::take(&mut rows)) {
                return Ok(());
            }
        }
    }
    if !rows.is_empty() {
        takes(rows);
    }
    Ok(())
}

fn unreadable(table: &Table) -> String {
    format!("cannot read what {} is made of", table.name)
}
