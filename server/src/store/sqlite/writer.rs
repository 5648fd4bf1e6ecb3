//! The one thread that writes, and its group commit.
//!
//! What waits for it is bounded, in number and in bytes, and an account has at most a quarter of either. The accounts take
//! turns, so one that sends more than is written waits for itself and for nobody else.
//!
//! What nobody waits for, such as the outcomes of attempts, is gathered for some milliseconds and then rides in one commit:
//! many of them touch the same pages, which are written once, and the other commits are the quicker for it.

use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::directory::Directory;
use super::{Account, Error, Metrics, Result};

/// Commands that may wait, and what they hold. More are refused, so that a store that is away costs a bounded amount of memory.
const CAPACITY: usize = 8192;
const CAPACITY_BYTES: usize = 64 * 1024 * 1024;

/// What of either an account may have.
const SHARE: usize = 4;

/// What a command holds beside the payload that it brings.
const COMMAND_BYTES: usize = 1024;

/// How long commands of [`Urgency::Soon`] are gathered. What attempts came to in that time is repeated after a kill.
const PATIENCE: Duration = Duration::from_millis(5);

/// So many commands share one commit at most: what comes later should not wait for ever more.
const BATCH: usize = 512;
const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// Who asks for a command.
pub(super) enum Share {
    /// This server itself. What it records of attempts is bounded by how many are in flight, and has half of a commit.
    Own,
    /// A customer, with a payload of so many bytes.
    Account { name: String, bytes: usize },
}

impl Share {
    /// What the platform asks for of no account in particular counts as one more account.
    pub(super) fn of(account: Option<&Account>, bytes: usize) -> Share {
        Share::Account { name: account.map(|account| account.as_str().to_owned()).unwrap_or_default(), bytes }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Urgency {
    /// Somebody waits for the answer.
    Now,
    /// Rides in a commit within [`PATIENCE`].
    Soon,
}

impl Urgency {
    fn as_str(self) -> &'static str {
        match self {
            Urgency::Now => "now",
            Urgency::Soon => "soon",
        }
    }
}

/// Runs inside the transaction, or learns why there is none; what it returns is told after the commit.
type Command = Box<dyn FnOnce(std::result::Result<&Connection, &rusqlite::Error>) -> (Settle, Undone) + Send>;
type Settle = Box<dyn FnOnce(std::result::Result<(), &rusqlite::Error>)>;
/// Whether the command failed, and so changed nothing.
type Undone = bool;

#[derive(Default)]
struct Line {
    /// With what each holds.
    commands: VecDeque<(Command, usize)>,
    bytes: usize,
}

impl Line {
    fn push(&mut self, command: Command, bytes: usize) {
        self.commands.push_back((command, bytes));
        self.bytes += bytes;
    }

    fn pop(&mut self) -> Option<(Command, usize)> {
        let (command, bytes) = self.commands.pop_front()?;
        self.bytes -= bytes;
        Some((command, bytes))
    }

    fn has_room(&self, bytes: usize, share: usize) -> bool {
        self.commands.len() < CAPACITY / share && self.bytes + bytes <= CAPACITY_BYTES / share
    }
}

struct Queue {
    own: Line,
    /// What of this server's own is not urgent.
    gathered: Line,
    gathered_since: Instant,
    accounts: HashMap<String, Line>,
    /// The accounts that wait, whose turn is next first.
    turns: VecDeque<String>,
    /// Of all accounts.
    count: usize,
    bytes: usize,
    urgent: usize,
    /// When the oldest command came that is not gathered.
    since: Instant,
    /// What the thread waits for, if it waits: it is woken for nothing less.
    waits_for: Option<Wanted>,
    closed: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Anything,
    Urgent,
}

impl Queue {
    fn len(&self) -> usize {
        self.own.commands.len() + self.count + self.gathered.commands.len()
    }

    fn push(&mut self, share: Share, urgency: Urgency, command: Command) -> Result<()> {
        if self.len() == self.gathered.commands.len() {
            self.since = Instant::now();
        }
        let (name, bytes) = match share {
            Share::Own => {
                let line = if urgency == Urgency::Soon { &mut self.gathered } else { &mut self.own };
                if !line.has_room(COMMAND_BYTES, 1) {
                    return Err(Error::Overloaded);
                }
                line.push(command, COMMAND_BYTES);
                if urgency == Urgency::Soon && line.commands.len() == 1 {
                    self.gathered_since = Instant::now();
                }
                return Ok(());
            }
            Share::Account { name, bytes } => (name, bytes + COMMAND_BYTES),
        };
        let has_room = self.accounts.get(&name).unwrap_or(&Line::default()).has_room(bytes, SHARE);
        if !has_room || self.count >= CAPACITY || self.bytes + bytes > CAPACITY_BYTES {
            return Err(Error::Overloaded);
        }
        if !self.accounts.contains_key(&name) {
            self.turns.push_back(name.clone());
        }
        self.accounts.entry(name).or_default().push(command, bytes);
        self.count += 1;
        self.bytes += bytes;
        Ok(())
    }

    /// How long to wait until a commit is to be made; `None` without an end.
    fn wait(&self) -> Option<Duration> {
        let gathered = self.gathered.commands.len();
        let others = self.len() - gathered;
        if self.urgent > 0 || others >= BATCH || gathered >= BATCH / 2 || (self.closed && others + gathered > 0) {
            return Some(Duration::ZERO);
        }
        let since = [(others, self.since), (gathered, self.gathered_since)];
        let oldest = since.into_iter().filter(|(count, _)| *count > 0).map(|(_, since)| since).min()?;
        Some(PATIENCE.saturating_sub(oldest.elapsed()))
    }

    /// One of this server's own. What is gathered and whose time has come takes turns with what is urgent.
    fn pop_own(&mut self, gathered: bool, turn: usize) -> Option<Command> {
        let next = match gathered {
            false => self.own.pop(),
            true if turn.is_multiple_of(2) => self.gathered.pop().or_else(|| self.own.pop()),
            true => self.own.pop().or_else(|| self.gathered.pop()),
        };
        next.map(|(command, _)| command)
    }

    /// What shares the next commit: of this server at most half, then of each account in turn, then of this server again.
    fn take(&mut self) -> Vec<Command> {
        let gathered = self.closed || self.gathered.commands.len() >= BATCH / 2 || self.gathered_since.elapsed() >= PATIENCE;
        let mut batch = Vec::with_capacity(self.len().min(BATCH));
        let mut batch_bytes = 0;
        while batch.len() < BATCH / 2
            && let Some(command) = self.pop_own(gathered, batch.len())
        {
            batch.push(command);
        }
        while batch.len() < BATCH
            && batch_bytes < BATCH_BYTES
            && let Some(name) = self.turns.pop_front()
        {
            let Some(line) = self.accounts.get_mut(&name) else { continue };
            if let Some((command, bytes)) = line.pop() {
                batch.push(command);
                batch_bytes += bytes;
                self.count -= 1;
                self.bytes -= bytes;
            }
            if line.commands.is_empty() {
                self.accounts.remove(&name);
            } else {
                self.turns.push_back(name);
            }
        }
        while batch.len() < BATCH
            && let Some(command) = self.pop_own(gathered, batch.len())
        {
            batch.push(command);
        }
        batch
    }
}

struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
    metrics: Arc<Metrics>,
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
    pub(super) fn start(connection: Connection, directory: Arc<Directory>, metrics: Arc<Metrics>) -> std::io::Result<Writer> {
        let queue = Queue {
            own: Line::default(),
            gathered: Line::default(),
            gathered_since: Instant::now(),
            accounts: HashMap::new(),
            turns: VecDeque::new(),
            count: 0,
            bytes: 0,
            urgent: 0,
            since: Instant::now(),
            waits_for: None,
            closed: false,
        };
        let shared = Arc::new(Shared { queue: Mutex::new(queue), changed: Condvar::new(), metrics });
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
            let mut queue = self.shared.lock();
            queue.push(share, urgency, command)?;
            self.shared.metrics.queued(queue.len());
            queue.urgent += usize::from(urgency == Urgency::Now);
            let wake = match queue.waits_for {
                Some(Wanted::Anything) => true,
                Some(Wanted::Urgent) => queue.wait() == Some(Duration::ZERO),
                None => false,
            };
            if wake {
                queue.waits_for = None;
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
        queue = match queue.wait() {
            Some(Duration::ZERO) => {
                let batch = queue.take();
                // How many of the rest are urgent is not known; taking them at once is right for all.
                queue.urgent = queue.len() - queue.gathered.commands.len();
                queue.since = Instant::now();
                shared.metrics.queued(queue.len());
                return Some(batch);
            }
            None if queue.closed => return None,
            None => {
                queue.waits_for = Some(Wanted::Anything);
                shared.changed.wait(queue).unwrap_or_else(PoisonError::into_inner)
            }
            Some(patience) => {
                queue.waits_for = Some(Wanted::Urgent);
                shared.changed.wait_timeout(queue, patience).unwrap_or_else(PoisonError::into_inner).0
            }
        };
        queue.waits_for = None;
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
