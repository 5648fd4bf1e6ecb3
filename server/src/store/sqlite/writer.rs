//! The one thread that writes, and its group commit.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::{Error, Result};

/// Commands that may wait. More are refused, so that a store that is away costs a bounded amount of memory.
const QUEUE_CAPACITY: usize = 8192;

/// How long a command of [`Urgency::Soon`] waits for another's commit to ride in.
const PATIENCE: Duration = Duration::from_millis(10);

/// So many commands share one commit at most: what comes later should not wait for ever more.
const BATCH: usize = 512;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Urgency {
    /// Somebody waits for the answer.
    Now,
    /// Rides in the next commit, or makes its own when none comes.
    Soon,
}

/// Runs inside the transaction, or learns why there is none; what it returns is told after the commit.
type Command = Box<dyn FnOnce(std::result::Result<&Connection, &rusqlite::Error>) -> Settle + Send>;
type Settle = Box<dyn FnOnce(std::result::Result<(), &rusqlite::Error>)>;

struct Queue {
    commands: VecDeque<Command>,
    urgent: usize,
    /// When the oldest command came.
    since: Instant,
    closed: bool,
}

struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) struct Writer {
    shared: Arc<Shared>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(connection: Connection) -> std::io::Result<Writer> {
        let queue = Queue { commands: VecDeque::new(), urgent: 0, since: Instant::now(), closed: false };
        let shared = Arc::new(Shared { queue: Mutex::new(queue), changed: Condvar::new() });
        let of_thread = shared.clone();
        let thread = std::thread::Builder::new().name("store-writer".to_owned()).spawn(move || {
            while let Some(batch) = next_batch(&of_thread) {
                commit(&connection, batch);
            }
        })?;
        Ok(Writer { shared, thread: Some(thread) })
    }

    pub(super) async fn write<T: Send + 'static>(
        &self,
        urgency: Urgency,
        run: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        let command: Command = Box::new(move |connection| {
            let outcome = match connection {
                Ok(connection) => in_savepoint(connection, run),
                Err(error) => Err(Error::Unavailable(anyhow::anyhow!("no transaction could be begun: {error}"))),
            };
            Box::new(move |committed| {
                // The asker may have gone away; the command is carried out all the same.
                let _ = answer.send(match committed {
                    Ok(()) => outcome,
                    Err(error) => Err(Error::Unavailable(anyhow::anyhow!("the commit failed: {error}"))),
                });
            })
        });
        {
            let mut queue = self.shared.lock();
            if queue.commands.len() >= QUEUE_CAPACITY {
                return Err(Error::Overloaded);
            }
            if queue.commands.is_empty() {
                queue.since = Instant::now();
            }
            queue.commands.push_back(command);
            queue.urgent += usize::from(urgency == Urgency::Now);
            // The thread need not wake for what may wait, but it must start to count.
            if urgency == Urgency::Now || queue.commands.len() == 1 {
                self.shared.changed.notify_one();
            }
        }
        answered.await.unwrap_or_else(|_| Err(Error::Unavailable(anyhow::anyhow!("the store is closed"))))
    }
}

impl Drop for Writer {
    /// Commits what waits, and closes the database.
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            // It cannot have panicked: commands are caught.
            let _ = thread.join();
        }
    }
}

/// Waits for work; `None` when there will be no more.
fn next_batch(shared: &Shared) -> Option<Vec<Command>> {
    let mut queue = shared.lock();
    loop {
        let waited = queue.since.elapsed();
        if queue.urgent > 0 || queue.commands.len() >= BATCH || (!queue.commands.is_empty() && (waited >= PATIENCE || queue.closed)) {
            let count = queue.commands.len().min(BATCH);
            let batch = queue.commands.drain(..count).collect();
            // How many of the rest are urgent is not known; taking them at once is right for all.
            queue.urgent = queue.commands.len();
            queue.since = Instant::now();
            return Some(batch);
        }
        if queue.closed {
            return None;
        }
        queue = if queue.commands.is_empty() {
            shared.changed.wait(queue).unwrap_or_else(PoisonError::into_inner)
        } else {
            shared.changed.wait_timeout(queue, PATIENCE - waited).unwrap_or_else(PoisonError::into_inner).0
        };
    }
}

fn commit(connection: &Connection, batch: Vec<Command>) {
    let begun = connection.execute_batch("BEGIN IMMEDIATE");
    let settles: Vec<Settle> = batch.into_iter().map(|command| command(begun.as_ref().map(|()| connection))).collect();
    if begun.is_err() {
        return settles.into_iter().for_each(|settle| settle(Ok(())));
    }
    let committed = connection.execute_batch("COMMIT");
    if let Err(error) = &committed {
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

fn is_failed_sync(error: &rusqlite::Error) -> bool {
    use rusqlite::ffi;
    matches!(error.sqlite_error(), Some(failure) if matches!(failure.extended_code, ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC))
}

fn in_savepoint<T>(connection: &Connection, run: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
    connection.prepare_cached("SAVEPOINT command")?.execute([])?;
    let outcome = catch_unwind(AssertUnwindSafe(|| run(connection)));
    let outcome = match outcome {
        Ok(outcome) => outcome.map_err(Error::from),
        Err(_) => Err(Error::Failed(anyhow::anyhow!("a store command panicked"))),
    };
    if outcome.is_err() {
        connection.prepare_cached("ROLLBACK TO command")?.execute([])?;
    }
    connection.prepare_cached("RELEASE command")?.execute([])?;
    outcome
}
