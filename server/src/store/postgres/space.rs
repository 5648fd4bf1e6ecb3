//! Whether there is room for more.
//!
//! What is refused is only what adds to the store on a caller's behalf. Recording attempts, deleting and removing what is
//! old go on. What they free in the database's files is used again, and counts as used: PostgreSQL gives little of it back to
//! the disk, and does not tell how much it is. So a store that was full stays so until its files are rewritten (`VACUUM
//! FULL`) or the limit is raised. What is left of the server's disk this process cannot see.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::*;

/// What was found holds so long, or until so many bytes have been taken since: by one node the limit is passed by no more than
/// that.
const HOLDS: Duration = Duration::from_secs(1);
const TAKEN_BYTES: usize = 1 << 20;

pub(super) struct Space {
    max_bytes: u64,
    found: Mutex<Found>,
}

#[derive(Default)]
struct Found {
    at: Option<Instant>,
    is_full: bool,
    taken_since: usize,
}

impl Space {
    pub(super) fn new(limits: &StorageLimits) -> Space {
        Space { max_bytes: limits.max_bytes, found: Mutex::default() }
    }

    /// Whether so many bytes more may be stored.
    pub(super) async fn admits(&self, connections: &Connections, bytes: usize) -> Answer<bool> {
        if self.max_bytes == 0 {
            return Ok(true);
        }
        let holds = {
            let mut found = self.lock();
            let holds = found.at.is_some_and(|at| at.elapsed() < HOLDS) && found.taken_since < TAKEN_BYTES;
            if !holds {
                // While this one looks, others go by what was found before.
                (found.at, found.taken_since) = (Some(Instant::now()), 0);
            }
            holds
        };
        if !holds {
            let is_full = self.measure(&connections.session().await?).await?.is_full();
            self.lock().is_full = is_full;
        }
        let mut found = self.lock();
        found.taken_since += bytes;
        Ok(!found.is_full)
    }

    pub(super) async fn measure(&self, session: &Session) -> Answer<StorageUse> {
        let row = session.query_one("SELECT pg_database_size(current_database())", &[]).await?;
        let used_bytes = u64::try_from(row.try_get::<_, i64>(0)?).unwrap_or_default();
        Ok(StorageUse { used_bytes, max_bytes: self.max_bytes, disk_free_bytes: u64::MAX, min_free_bytes: 0 })
    }

    fn lock(&self) -> MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
