//! The fair queue of write commands.
//!
//! The queue limits the number of commands and their bytes. The commands of one account may use at most a quarter of
//! each limit. The queue takes commands from the accounts one after another. So an account that sends more than the
//! store can write delays only its own commands.
//!
//! Some commands are not urgent, for example most outcomes of attempts. They wait for some milliseconds and share one
//! commit. Many of these commands change the same pages, and one commit writes each page only once. So the disk has
//! more time for other commits.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use super::{Account, Error, Result};

/// The maximum number of queued commands, and their maximum total size. When a maximum is reached, the queue refuses
/// further commands. So its memory stays limited while the store is unavailable.
const CAPACITY: usize = 8192;
const CAPACITY_BYTES: usize = 64 * 1024 * 1024;

/// Each capacity, divided by this number, is the maximum for one account.
const ACCOUNT_SHARE: usize = 4;

/// The approximate size of a command without its payload.
const COMMAND_BYTES: usize = 1024;

/// The maximum number of commands in one commit, and their maximum total size. With these limits, later commands do not
/// wait too long.
const MAX_BATCH: usize = 512;
const MAX_BATCH_BYTES: usize = 8 * 1024 * 1024;

/// The issuer of a command. The issuer decides which limits apply to the command.
pub(super) enum Share {
    /// The server itself. Most of its commands record attempts, so the slots limit the number of these commands. If
    /// commands of accounts wait too, the server's commands fill at most half of a commit.
    Own,
    /// An account. `bytes` is the size of the command's payload.
    Account { name: String, bytes: usize },
}

impl Share {
    /// Commands of the platform that name no account count as the commands of one additional account.
    pub(super) fn of(account: Option<&Account>, bytes: usize) -> Share {
        Share::Account { name: account.map(|account| account.as_str().to_owned()).unwrap_or_default(), bytes }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Urgency {
    /// The command must run with the next commit.
    Now,
    /// The command may wait for the batching delay of the queue.
    Soon,
}

impl Urgency {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Urgency::Now => "now",
            Urgency::Soon => "soon",
        }
    }
}

struct Fifo<C> {
    /// Each command with its size in bytes.
    commands: VecDeque<(C, usize)>,
    bytes: usize,
}

impl<C> Default for Fifo<C> {
    fn default() -> Fifo<C> {
        Fifo { commands: VecDeque::new(), bytes: 0 }
    }
}

impl<C> Fifo<C> {
    fn push(&mut self, command: C, bytes: usize) {
        self.commands.push_back((command, bytes));
        self.bytes += bytes;
    }

    fn pop(&mut self) -> Option<(C, usize)> {
        let (command, bytes) = self.commands.pop_front()?;
        self.bytes -= bytes;
        Some((command, bytes))
    }

    fn has_room(&self, bytes: usize, share: usize) -> bool {
        self.commands.len() < CAPACITY / share && self.bytes + bytes <= CAPACITY_BYTES / share
    }
}

pub(super) struct FairQueue<C> {
    /// The batching delay: how long commands of [`Urgency::Soon`] wait for other commands. If the process is killed,
    /// attempts that ended during this delay are repeated.
    linger: Duration,
    own: Fifo<C>,
    /// This server's own commands of [`Urgency::Soon`].
    gathered: Fifo<C>,
    gathered_since: Instant,
    accounts: HashMap<String, Fifo<C>>,
    /// The accounts with queued commands. The next command is taken from the first account.
    turns: VecDeque<String>,
    /// The number of queued commands of all accounts.
    count: usize,
    bytes: usize,
    urgent: usize,
    /// The time at which the oldest command outside of `gathered` was queued. If the previous batch was taken later,
    /// the time at which that batch was taken.
    waiting_since: Instant,
    closed: bool,
}

impl<C> FairQueue<C> {
    pub(super) fn new(linger: Duration) -> FairQueue<C> {
        FairQueue {
            linger,
            own: Fifo::default(),
            gathered: Fifo::default(),
            gathered_since: Instant::now(),
            accounts: HashMap::new(),
            turns: VecDeque::new(),
            count: 0,
            bytes: 0,
            urgent: 0,
            waiting_since: Instant::now(),
            closed: false,
        }
    }

    pub(super) fn set_linger(&mut self, linger: Duration) {
        self.linger = linger;
    }

    /// Closes the queue. From then on, no command waits for the batching delay.
    pub(super) fn close(&mut self) {
        self.closed = true;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    pub(super) fn len(&self) -> usize {
        self.own.commands.len() + self.count + self.gathered.commands.len()
    }

    /// # Errors
    /// [`Error::Overloaded`] when there is no room for the command.
    pub(super) fn push(&mut self, share: Share, urgency: Urgency, command: C) -> Result<()> {
        self.enqueue(share, urgency, command)?;
        self.urgent += usize::from(urgency == Urgency::Now);
        Ok(())
    }

    fn enqueue(&mut self, share: Share, urgency: Urgency, command: C) -> Result<()> {
        if self.len() == self.gathered.commands.len() {
            self.waiting_since = Instant::now();
        }
        let (name, bytes) = match share {
            Share::Own => {
                let fifo = if urgency == Urgency::Soon { &mut self.gathered } else { &mut self.own };
                if !fifo.has_room(COMMAND_BYTES, 1) {
                    return Err(Error::Overloaded);
                }
                fifo.push(command, COMMAND_BYTES);
                if urgency == Urgency::Soon && fifo.commands.len() == 1 {
                    self.gathered_since = Instant::now();
                }
                return Ok(());
            }
            Share::Account { name, bytes } => (name, bytes + COMMAND_BYTES),
        };
        let has_room = self
            .accounts
            .get(&name)
            .map_or_else(|| Fifo::<C>::default().has_room(bytes, ACCOUNT_SHARE), |fifo| fifo.has_room(bytes, ACCOUNT_SHARE));
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

    /// Returns how long to wait before the next commit. Returns `None` if no command is queued.
    pub(super) fn wait(&self) -> Option<Duration> {
        let gathered = self.gathered.commands.len();
        let others = self.len() - gathered;
        if self.urgent > 0 || others >= MAX_BATCH || gathered >= MAX_BATCH / 2 || (self.closed && others + gathered > 0) {
            return Some(Duration::ZERO);
        }
        let since = [(others, self.waiting_since), (gathered, self.gathered_since)];
        let oldest = since.into_iter().filter(|(count, _)| *count > 0).map(|(_, since)| since).min()?;
        Some(self.linger.saturating_sub(oldest.elapsed()))
    }

    /// Removes and returns one of the server's own commands. If `gathered` is true, an even `turn` prefers a gathered
    /// command, and an odd `turn` prefers an urgent one.
    fn pop_own(&mut self, gathered: bool, turn: usize) -> Option<C> {
        let next = match gathered {
            false => self.own.pop(),
            true if turn.is_multiple_of(2) => self.gathered.pop().or_else(|| self.own.pop()),
            true => self.own.pop().or_else(|| self.gathered.pop()),
        };
        next.map(|(command, _)| command)
    }

    /// Removes and returns the commands of the next commit. The server's own commands come first and fill at most half
    /// of the commit. Then commands of the accounts follow, one account after another. Further commands of the server
    /// fill the remaining part of the commit.
    pub(super) fn take(&mut self) -> Vec<C> {
        let gathered = self.closed || self.gathered.commands.len() >= MAX_BATCH / 2 || self.gathered_since.elapsed() >= self.linger;
        let mut batch = Vec::with_capacity(self.len().min(MAX_BATCH));
        let mut batch_bytes = 0;
        while batch.len() < MAX_BATCH / 2
            && let Some(command) = self.pop_own(gathered, batch.len())
        {
            batch.push(command);
        }
        while batch.len() < MAX_BATCH
            && batch_bytes < MAX_BATCH_BYTES
            && let Some(name) = self.turns.pop_front()
        {
            let Some(fifo) = self.accounts.get_mut(&name) else { continue };
            if let Some((command, bytes)) = fifo.pop() {
                batch.push(command);
                batch_bytes += bytes;
                self.count -= 1;
                self.bytes -= bytes;
            }
            if fifo.commands.is_empty() {
                self.accounts.remove(&name);
            } else {
                self.turns.push_back(name);
            }
        }
        while batch.len() < MAX_BATCH
            && let Some(command) = self.pop_own(gathered, batch.len())
        {
            batch.push(command);
        }
        // The queue does not know how many of the remaining commands are urgent. So all commands outside of `gathered`
        // count as urgent.
        self.urgent = self.len() - self.gathered.commands.len();
        self.waiting_since = Instant::now();
        batch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINGER: Duration = Duration::from_millis(5);

    fn of(account: &str, bytes: usize) -> Share {
        Share::Account { name: account.to_owned(), bytes }
    }

    fn accepts(queue: &mut FairQueue<()>, share: Share) -> bool {
        queue.push(share, Urgency::Now, ()).is_ok()
    }

    #[test]
    fn an_account_may_fill_only_a_quarter_of_the_queue() {
        for payload in [0, 1024 * 1024 - COMMAND_BYTES] {
            let mut queue = FairQueue::new(LINGER);
            let share = (CAPACITY / ACCOUNT_SHARE).min(CAPACITY_BYTES / ACCOUNT_SHARE / (payload + COMMAND_BYTES));
            for account in ["a", "b", "c", "d"] {
                for _ in 0..share {
                    assert!(accepts(&mut queue, of(account, payload)), "{account} can fill its share");
                }
                assert!(!accepts(&mut queue, of(account, payload)), "{account} cannot exceed its share");
            }
            assert!(!accepts(&mut queue, of("e", payload)), "the queue is full");
            assert!(accepts(&mut queue, Share::Own), "the server can still record attempts");
            assert_eq!(queue.count, ACCOUNT_SHARE * share);
            assert!(queue.count <= CAPACITY && queue.bytes <= CAPACITY_BYTES);
        }
    }

    #[test]
    fn accounts_take_turns_and_the_server_gets_half_of_a_commit() {
        let mut queue = FairQueue::new(LINGER);
        for _ in 0..MAX_BATCH {
            assert!(accepts(&mut queue, Share::Own));
            assert!(accepts(&mut queue, of("flood", 0)));
        }
        assert!(accepts(&mut queue, of("quiet", 0)));
        assert_eq!(queue.take().len(), MAX_BATCH);
        assert!(!queue.accounts.contains_key("quiet"), "the quiet account is in the next commit");
        let flood = queue.accounts.get("flood").map_or(0, |fifo| fifo.commands.len());
        assert_eq!((queue.own.commands.len(), flood), (MAX_BATCH / 2, MAX_BATCH / 2 + 1));
    }

    #[test]
    fn commands_that_are_not_urgent_share_a_commit_after_the_linger() {
        let mut queue = FairQueue::new(LINGER);
        for _ in 0..3 {
            queue.push(Share::Own, Urgency::Soon, ()).expect("there is room");
        }
        for _ in 0..2 {
            assert!(accepts(&mut queue, of("a", 0)));
        }
        // The batching delay starts in the future, so it does not end during this part of the test. Later the test
        // moves the start to the past.
        let never = Duration::from_secs(3600);
        queue.gathered_since = Instant::now() + never;
        assert_eq!((queue.take().len(), queue.gathered.commands.len()), (2, 3), "the batching delay has not passed");
        assert_eq!(queue.wait(), Some(LINGER));
        queue.gathered_since -= never + LINGER;
        assert_eq!(queue.wait(), Some(Duration::ZERO));
        assert_eq!(queue.take().len(), 3, "all commands are in one commit");
        assert_eq!(queue.wait(), None);
    }

    #[test]
    fn a_closed_queue_gives_its_commands_at_once() {
        let mut queue = FairQueue::new(LINGER);
        queue.push(Share::Own, Urgency::Soon, ()).expect("there is room");
        queue.close();
        assert_eq!((queue.wait(), queue.take().len(), queue.wait()), (Some(Duration::ZERO), 1, None));
    }
}
