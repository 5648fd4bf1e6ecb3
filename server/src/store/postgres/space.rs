//! Checks whether the database has room for more data.
//!
//! A full store refuses only API calls that add data. It still records attempts, performs deletions, and removes old
//! rows. PostgreSQL reuses the freed space, but returns little of it to the disk. So the freed space still counts as
//! used. So a full store stays full until the files of the database are rewritten (`VACUUM FULL`) or the limit is
//! raised. This process cannot see the free space on the disk of the database server.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::*;
use crate::store::shared::space::LastMeasurement;

/// How long a measurement of the used space is valid.
const MAX_AGE: Duration = Duration::from_secs(1);

pub(super) struct Space {
    max_bytes: u64,
    last: Mutex<LastMeasurement>,
}

impl Space {
    pub(super) fn new(limits: &StorageLimits) -> Space {
        Space { max_bytes: limits.max_bytes, last: Mutex::default() }
    }

    /// Whether `bytes` more bytes may be stored.
    pub(super) async fn admits(&self, connections: &Connections, bytes: usize) -> SessionResult<bool> {
        if self.max_bytes == 0 {
            return Ok(true);
        }
        let is_due = {
            let mut last = self.lock();
            let is_due = last.is_due(MAX_AGE);
            if is_due {
                last.begin();
            }
            is_due
        };
        if is_due {
            let is_full = self.measure(&connections.session().await?).await?.is_full();
            self.lock().end(is_full);
        }
        Ok(self.lock().admits(bytes))
    }

    pub(super) async fn measure(&self, session: &Session) -> SessionResult<StorageUse> {
        let row = session.query_one("SELECT pg_database_size(current_database())", &[]).await?;
        let used_bytes = u64::try_from(row.try_get::<_, i64>(0)?).unwrap_or_default();
        Ok(StorageUse { used_bytes, max_bytes: self.max_bytes, disk_free_bytes: u64::MAX, min_free_bytes: 0 })
    }

    fn lock(&self) -> MutexGuard<'_, LastMeasurement> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
