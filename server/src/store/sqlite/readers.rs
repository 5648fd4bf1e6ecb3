//! A pool of read-only connections. A look-up waits until a connection is free.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Error, Result};

const CONNECTIONS: usize = 3;

/// The size of the page cache of each connection. This cache is small, because the operating system also caches the
/// pages.
const CACHE_KIBIBYTES: i64 = 1024;

pub(super) struct Readers {
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn open(path: &Path) -> rusqlite::Result<Readers> {
        let idle = (0..CONNECTIONS)
            .map(|_| {
                let connection = super::connect(path)?;
                connection.pragma_update(None, "query_only", true)?;
                connection.pragma_update(None, "cache_size", -CACHE_KIBIBYTES)?;
                Ok(connection)
            })
            .collect::<rusqlite::Result<Vec<_>>>()?;
        Ok(Readers { idle: Mutex::new(idle), permits: Arc::new(Semaphore::new(CONNECTIONS)) })
    }

    /// Runs a look-up on a thread of the runtime's blocking pool.
    pub(super) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let permit = self.permits.clone().acquire_owned().await.map_err(|error| Error::Unavailable(error.into()))?;
        let connection = self.lock().pop().expect("there are as many connections as permits");
        let borrowed = BorrowedConnection { connection: Some(connection), readers: self.clone(), _permit: permit };
        let task = tokio::task::spawn_blocking(move || borrowed.connection.as_ref().map(query).expect("only drop takes the connection"));
        Ok(task.await.map_err(|error| Error::Failed(error.into()))??)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection in use. When this value is dropped, the connection returns to the pool, even if the look-up panics.
/// After that, the permit is released.
struct BorrowedConnection {
    connection: Option<Connection>,
    readers: Arc<Readers>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for BorrowedConnection {
    fn drop(&mut self) {
        self.readers.lock().extend(self.connection.take());
    }
}
