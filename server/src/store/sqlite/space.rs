//! Checks whether the store has room for more data.
//!
//! A full store refuses only commands that add data for a caller. It still records attempts, deletes what callers
//! delete, and removes old data. So a full store gets free space again, and the operator does not have to act.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::*;
use crate::store::shared::space::LastMeasurement;

/// How long a measurement is reused.
const MAX_AGE: Duration = Duration::from_millis(10);

/// Writes a value that no code reads.
pub(super) const PROBE_WRITE: &str = "INSERT INTO properties (name, value) VALUES ('write_probe', randomblob(8))
     ON CONFLICT DO UPDATE SET value = excluded.value";

pub(super) struct Space {
    database: PathBuf,
    max_bytes: u64,
    min_free_bytes: u64,
    last: Mutex<LastMeasurement>,
}

impl Space {
    pub(super) fn new(database: &Path, limits: &StorageLimits) -> Space {
        Space { database: database.to_owned(), max_bytes: limits.max_bytes, min_free_bytes: limits.min_free_bytes, last: Mutex::default() }
    }

    pub(super) fn limited(&self, limits: &StorageLimits) -> Space {
        Space::new(&self.database, limits)
    }

    /// Returns whether `bytes` more bytes may be stored. `connection` must be the writing connection.
    pub(super) fn admits(&self, connection: &Connection, bytes: usize) -> rusqlite::Result<bool> {
        if self.max_bytes == 0 && self.min_free_bytes == 0 {
            return Ok(true);
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_due(MAX_AGE) {
            last.end(self.measure(connection)?.is_full());
        }
        Ok(last.admits(bytes))
    }

    pub(super) fn measure(&self, connection: &Connection) -> rusqlite::Result<StorageUse> {
        Ok(StorageUse {
            used_bytes: used_bytes(connection)?,
            max_bytes: self.max_bytes,
            // If the file system does not report its free space, this value means that the disk is not full.
            disk_free_bytes: rustix::fs::statvfs(&self.database).map_or(u64::MAX, |disk| disk.f_bavail.saturating_mul(disk.f_frsize)),
            min_free_bytes: self.min_free_bytes,
        })
    }
}

/// Returns the size of the database. Free pages do not count, because SQLite reuses them before the file grows. The log
/// does not count either, because the log shrinks only when SQLite begins to overwrite it. If the log counted, a full
/// store might stay full for ever.
fn used_bytes(connection: &Connection) -> rusqlite::Result<u64> {
    let pragma = |name| connection.prepare_cached(name)?.query_row([], |row| row.get::<_, u32>(0).map(u64::from));
    let pages = pragma("PRAGMA page_count")?.saturating_sub(pragma("PRAGMA freelist_count")?);
    Ok(pages * pragma("PRAGMA page_size")?)
}
