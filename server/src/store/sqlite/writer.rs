//! The writing thread and its group commit. Commands wait in a [`FairQueue`].

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::subscription_cache::SubscriptionCache;
use super::{Error, Metrics, Result};
use crate::store::queue::{FairQueue, Share, Urgency};

/// The batching delay of commands that are not urgent.
const LINGER: Duration = Duration::from_millis(5);

/// A command. It runs inside the transaction. If the transaction could not begin, the command gets the error instead of
/// the connection.
type Command = Box<dyn FnOnce(std::result::Result<&Connection, &rusqlite::Error>) -> (Reply, Failed) + Send>;
/// Sends the result of a command to the caller of the command. This function runs after the commit and gets the result
/// of the commit.
type Reply = Box<dyn FnOnce(std::result::Result<(), &rusqlite::Error>)>;
/// Whether the command failed. A failed command has changed nothing.
type Failed = bool;

/// The condition that wakes the writing thread.
#[derive(Clone, Copy, PartialEq, Eq)]
enum WakeOn {
    AnyCommand,
    /// Only a command that makes the next batch begin at once wakes the thread.
    UrgentCommand,
}

struct Waiting {
    queue: FairQueue<Command>,
    /// Set while the thread waits.
    wake_on: Option<WakeOn>,
}

struct Shared {
    waiting: Mutex<Waiting>,
    changed: Condvar,
    metrics: Arc<Metrics>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) struct Writer {
    shared: Arc<Shared>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(connection: Connection, cache: Arc<SubscriptionCache>, metrics: Arc<Metrics>) -> std::io::Result<Writer> {
        let waiting = Waiting { queue: FairQueue::new(LINGER), wake_on: None };
        let shared = Arc::new(Shared { waiting: Mutex::new(waiting), changed: Condvar::new(), metrics });
        let thread_shared = shared.clone();
        let thread = std::thread::Builder::new().name("store-writer".to_owned()).spawn(move || {
            while let Some(batch) = next_batch(&thread_shared) {
                commit(&connection, &cache, batch, &thread_shared.metrics);
            }
        })?;
        Ok(Writer { shared, thread: Some(thread) })
    }

    pub(super) async fn write<T: Send + 'static>(
        &self,
        share: Share,
        urgency: Urgency,
        run: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let started = Instant::now();
        let (sender, receiver) = oneshot::channel();
        let command: Command = Box::new(move |connection| {
            let outcome = match connection {
                Ok(connection) => in_savepoint(connection, run),
                Err(error) => Err(Error::Unavailable(anyhow::anyhow!("cannot begin a transaction: {error}"))),
            };
            let failed = outcome.is_err();
            let reply: Reply = Box::new(move |committed| {
                // If the caller has stopped waiting, the result is dropped. The command has run in any case.
                let _ = sender.send(match (outcome, committed) {
                    (Ok(_), Err(error)) => Err(Error::Unavailable(anyhow::anyhow!("the commit failed: {error}"))),
                    (outcome, _) => outcome,
                });
            });
            (reply, failed)
        });
        {
            let mut waiting = self.shared.lock();
            waiting.queue.push(share, urgency, command)?;
            self.shared.metrics.queued(1);
            let wake = match waiting.wake_on {
                Some(WakeOn::AnyCommand) => true,
                Some(WakeOn::UrgentCommand) => waiting.queue.wait() == Some(Duration::ZERO),
                None => false,
            };
            if wake {
                waiting.wake_on = None;
                self.shared.changed.notify_one();
            }
        }
        let outcome = receiver.await.unwrap_or_else(|_| Err(Error::Unavailable(anyhow::anyhow!("the store is closed"))));
        // The recorded duration includes the time in the queue, because the caller also waits during that time.
        self.shared.metrics.wrote(urgency.as_str(), started.elapsed());
        outcome
    }
}

impl Drop for Writer {
    /// Commits the queued commands and closes the database.
    fn drop(&mut self) {
        self.shared.lock().queue.close();
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            // The thread does not panic, because panics of commands are caught.
            let _ = thread.join();
        }
    }
}

/// Waits for the next batch. Returns `None` when the queue is closed and empty.
fn next_batch(shared: &Shared) -> Option<Vec<Command>> {
    let mut waiting = shared.lock();
    loop {
        waiting = match waiting.queue.wait() {
            Some(Duration::ZERO) => {
                let batch = waiting.queue.take();
                shared.metrics.queued(-(batch.len() as i64));
                return Some(batch);
            }
            None if waiting.queue.is_closed() => return None,
            None => {
                waiting.wake_on = Some(WakeOn::AnyCommand);
                shared.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner)
            }
            Some(linger) => {
                waiting.wake_on = Some(WakeOn::UrgentCommand);
                shared.changed.wait_timeout(waiting, linger).unwrap_or_else(PoisonError::into_inner).0
            }
        };
        waiting.wake_on = None;
    }
}

fn commit(connection: &Connection, cache: &SubscriptionCache, batch: Vec<Command>, metrics: &Metrics) {
    let mut transaction = execute(connection, "BEGIN IMMEDIATE");
    if transaction.is_ok() {
        cache.forget_foreign_changes(connection);
    }
    let mut replies = Vec::with_capacity(batch.len());
    for command in batch {
        let (reply, failed) = command(transaction.as_ref().map(|()| connection));
        cache.counter.end_command(failed);
        if failed {
            cache.forget_all();
            // On a full disk, SQLite may roll back the whole transaction, including the commands that ran earlier in
            // it.
            if transaction.is_ok() && connection.is_autocommit() {
                let lost = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_ABORT_ROLLBACK);
                transaction = Err(rusqlite::Error::SqliteFailure(lost, Some("the transaction was rolled back".to_owned())));
            }
        }
        replies.push(reply);
    }
    let started = Instant::now();
    let committed = transaction.and_then(|()| cache.counter.write(connection)).and_then(|()| execute(connection, "COMMIT"));
    metrics.committed(replies.len(), started.elapsed());
    if let Err(error) = &committed {
        cache.forget_all();
        cache.counter.forget();
        if is_failed_sync(error) {
            // After a failed sync, the contents of the disk are unknown, and a second sync may wrongly report success.
            // So this process ends. A new process reads the log from the disk, and uses only data that is really
            // stored.
            eprintln!(
                "the disk failed to sync the database: {error}; this process exits, so that it does not confirm data that is not stored"
            );
            std::process::exit(74);
        }
        // A failed COMMIT may leave the transaction open, for example on a full disk.
        if !connection.is_autocommit() {
            let _ = connection.execute_batch("ROLLBACK");
        }
    }
    for reply in replies {
        reply(committed.as_ref().copied());
    }
}

fn execute(connection: &Connection, statement: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(statement)?.execute([]).map(|_| ())
}

fn is_failed_sync(error: &rusqlite::Error) -> bool {
    use rusqlite::ffi;
    matches!(error.sqlite_error(), Some(failure) if matches!(failure.extended_code, ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC))
}

fn in_savepoint<T>(connection: &Connection, run: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
    execute(connection, "SAVEPOINT command")?;
    let outcome = catch_unwind(AssertUnwindSafe(|| run(connection)));
    let outcome = match outcome {
        Ok(outcome) => outcome.map_err(Error::from),
        Err(_) => Err(Error::Failed(anyhow::anyhow!("a store command panicked"))),
    };
    if outcome.is_err() {
        if connection.is_autocommit() {
            // The whole transaction was rolled back, including the savepoint.
            return outcome;
        }
        execute(connection, "ROLLBACK TO command")?;
    }
    execute(connection, "RELEASE command")?;
    outcome
}

#[cfg(test)]
mod tests;
