//! The one thread that writes, and its group commit: what waits is in a [`Queue`].

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::subscription_cache::Directory;
use super::{Error, Metrics, Result};
use crate::store::queue::{Queue, Share, Urgency};

/// How long what nobody waits for is gathered.
const PATIENCE: Duration = Duration::from_millis(5);

/// Runs inside the transaction, or learns why there is none; what it returns is told after the commit.
type Command = Box<dyn FnOnce(std::result::Result<&Connection, &rusqlite::Error>) -> (Settle, Undone) + Send>;
type Settle = Box<dyn FnOnce(std::result::Result<(), &rusqlite::Error>)>;
/// Whether the command failed, and so changed nothing.
type Undone = bool;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Anything,
    Urgent,
}

/// The queue, and what the thread waits for, if it waits: it is woken for nothing less.
struct Waiting {
    queue: Queue<Command>,
    waits_for: Option<Wanted>,
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
    pub(super) fn start(connection: Connection, directory: Arc<Directory>, metrics: Arc<Metrics>) -> std::io::Result<Writer> {
        let waiting = Waiting { queue: Queue::new(PATIENCE), waits_for: None };
        let shared = Arc::new(Shared { waiting: Mutex::new(waiting), changed: Condvar::new(), metrics });
        let of_thread = shared.clone();
        let thread = std::thread::Builder::new().name("store-writer".to_owned()).spawn(move || {
            while let Some(batch) = next_batch(&of_thread) {
                commit(&connection, &directory, batch, &of_thread.metrics);
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
        let asked = Instant::now();
        let (answer, answered) = oneshot::channel();
        let command: Command = Box::new(move |connection| {
            let outcome = match connection {
                Ok(connection) => in_savepoint(connection, run),
                Err(error) => Err(Error::Unavailable(anyhow::anyhow!("no transaction could be begun: {error}"))),
            };
            let undone = outcome.is_err();
            let settle: Settle = Box::new(move |committed| {
                // The asker may have gone away; the command is carried out all the same.
                let _ = answer.send(match (outcome, committed) {
                    (Ok(_), Err(error)) => Err(Error::Unavailable(anyhow::anyhow!("the commit failed: {error}"))),
                    (outcome, _) => outcome,
                });
            });
            (settle, undone)
        });
        {
            let mut waiting = self.shared.lock();
            waiting.queue.push(share, urgency, command)?;
            self.shared.metrics.queued(1);
            let wake = match waiting.waits_for {
                Some(Wanted::Anything) => true,
                Some(Wanted::Urgent) => waiting.queue.wait() == Some(Duration::ZERO),
                None => false,
            };
            if wake {
                waiting.waits_for = None;
                self.shared.changed.notify_one();
            }
        }
        let outcome = answered.await.unwrap_or_else(|_| Err(Error::Unavailable(anyhow::anyhow!("the store is closed"))));
        // Here and not on the thread that writes, which everybody waits for.
        self.shared.metrics.wrote(urgency.as_str(), asked.elapsed());
        outcome
    }
}

impl Drop for Writer {
    /// Commits what waits, and closes the database.
    fn drop(&mut self) {
        self.shared.lock().queue.close();
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            // It cannot have panicked: commands are caught.
            let _ = thread.join();
        }
    }
}

/// Waits for work; `None` when there will be no more.
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
                waiting.waits_for = Some(Wanted::Anything);
                shared.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner)
            }
            Some(patience) => {
                waiting.waits_for = Some(Wanted::Urgent);
                shared.changed.wait_timeout(waiting, patience).unwrap_or_else(PoisonError::into_inner).0
            }
        };
        waiting.waits_for = None;
    }
}

fn commit(connection: &Connection, directory: &Directory, batch: Vec<Command>, metrics: &Metrics) {
    let mut begun = execute(connection, "BEGIN IMMEDIATE");
    if begun.is_ok() {
        directory.look_at_others(connection);
    }
    let mut settles = Vec::with_capacity(batch.len());
    for command in batch {
        let (settle, undone) = command(begun.as_ref().map(|()| connection));
        if undone {
            directory.forget_all();
            // A full disk may take all of the transaction away, and what came before in it too.
            if begun.is_ok() && connection.is_autocommit() {
                let lost = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_ABORT_ROLLBACK);
                begun = Err(rusqlite::Error::SqliteFailure(lost, Some("the transaction was rolled back".to_owned())));
            }
        }
        settles.push(settle);
    }
    let started = Instant::now();
    let committed = begun.and_then(|()| execute(connection, "COMMIT"));
    metrics.committed(settles.len(), started.elapsed());
    if let Err(error) = &committed {
        directory.forget_all();
        if is_failed_sync(error) {
            // After a failed sync nobody knows what is on disk, and asking again would be told a lie. A new process
            // reads the log from the disk and goes on from what is really there.
            eprintln!("the disk failed to sync the database: {error}; this process ends, so that nothing is answered that is not stored");
            std::process::exit(74);
        }
        // COMMIT may have left the transaction open (a full disk), and then it must go.
        if !connection.is_autocommit() {
            let _ = connection.execute_batch("ROLLBACK");
        }
    }
    for settle in settles {
        settle(committed.as_ref().copied());
    }
}

/// Without reading the statement anew each time.
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
            // The savepoint went with all of the transaction.
            return outcome;
        }
        execute(connection, "ROLLBACK TO command")?;
    }
    execute(connection, "RELEASE command")?;
    outcome
}

#[cfg(test)]
mod tests;
