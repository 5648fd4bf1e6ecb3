//! Whether there is room for more.
//!
//! What is refused is only what adds to the store on a caller's behalf. Recording attempts, deleting and removing what is
//! old go on, so that a full store becomes one with room by itself.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::*;
use crate::store::shared::space::LastMeasurement;

/// How long a measurement is used.
const HOLDS: Duration = Duration::from_millis(10);

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

    /// Whether so many bytes more may be stored. The connection is the one that writes.
    pub(super) fn admits(&self, connection: &Connection, bytes: usize) -> rusqlite::Result<bool> {
        if self.max_bytes == 0 && self.min_free_bytes == 0 {
            return Ok(true);
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_due(HOLDS) {
            last.end(self.measure(connection)?.is_full());
        }
        Ok(last.admits(bytes))
    }

    pub(super) fn measure(&self, connection: &Connection) -> rusqlite::Result<StorageUse> {
        Ok(StorageUse {
            used_bytes: used_bytes(connection)?,
            max_bytes: self.max_bytes,
            // A file system that does not tell has room until it says otherwise.
            disk_free_bytes: rustix::fs::statvfs(&self.database).map_or(u64::MAX, |disk| disk.f_bavail.saturating_mul(disk.f_frsize)),
            min_free_bytes: self.min_free_bytes,
        })
    }
}

/// Free pages are used again before the file grows, so they count as free. The log beside the file does not count: it
/// shrinks only when it begins anew, and a store that waited for that could stay full for ever.
fn used_bytes(connection: &Connection) -> rusqlite::Result<u64> {
    let pragma = |name| connection.prepare_cached(name)?.query_row([], |row| row.get::<_, u32>(0).map(u64::from));
    let pages = pragma("PRAGMA page_count")?.saturating_sub(pragma("PRAGMA freelist_count")?);
    Ok(pages * pragma("PRAGMA page_size")?)
}
