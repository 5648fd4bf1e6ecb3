//! What waits to be written.
//!
//! It is bounded, in number and in bytes, and an account has at most a quarter of either. The accounts take turns, so one that
//! sends more than is written waits for itself and for nobody else.
//!
//! What nobody waits for, such as the outcomes of attempts, is gathered for some milliseconds and then rides in one commit:
//! many of them touch the same pages, which are written once, and the other commits are the quicker for it.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use super::{Account, Error, Result};

/// Commands that may wait, and what they hold. More are refused, so that a store that is away costs a bounded amount of memory.
const CAPACITY: usize = 8192;
const CAPACITY_BYTES: usize = 64 * 1024 * 1024;

/// What of either an account may have.
const SHARE: usize = 4;

/// What a command holds beside the payload that it brings.
const COMMAND_BYTES: usize = 1024;

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
    /// Rides in a commit within the patience of its queue.
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

struct Line<C> {
    /// With what each holds.
    commands: VecDeque<(C, usize)>,
    bytes: usize,
}

impl<C> Default for Line<C> {
    fn default() -> Line<C> {
        Line { commands: VecDeque::new(), bytes: 0 }
    }
}

impl<C> Line<C> {
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

pub(super) struct Queue<C> {
    /// How long commands of [`Urgency::Soon`] are gathered. What attempts came to in that time is repeated after a kill.
    patience: Duration,
    own: Line<C>,
    /// What of this server's own is not urgent.
    gathered: Line<C>,
    gathered_since: Instant,
    accounts: HashMap<String, Line<C>>,
    /// The accounts that wait, whose turn is next first.
    turns: VecDeque<String>,
    /// Of all accounts.
    count: usize,
    bytes: usize,
    urgent: usize,
    /// When the oldest command came that is not gathered.
    since: Instant,
    closed: bool,
}

impl<C> Queue<C> {
    pub(super) fn new(patience: Duration) -> Queue<C> {
        Queue {
            patience,
            own: Line::default(),
            gathered: Line::default(),
            gathered_since: Instant::now(),
            accounts: HashMap::new(),
            turns: VecDeque::new(),
            count: 0,
            bytes: 0,
            urgent: 0,
            since: Instant::now(),
            closed: false,
        }
    }

    /// From now on.
    pub(super) fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Takes no more; what waits is taken without delay.
    pub(super) fn close(&mut self) {
        self.closed = true;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    pub(super) fn len(&self) -> usize {
        self.own.commands.len() + self.count + self.gathered.commands.len()
    }

    /// Refused when there is no room for it.
    pub(super) fn push(&mut self, share: Share, urgency: Urgency, command: C) -> Result<()> {
        self.line_up(share, urgency, command)?;
        self.urgent += usize::from(urgency == Urgency::Now);
        Ok(())
    }

    fn line_up(&mut self, share: Share, urgency: Urgency, command: C) -> Result<()> {
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
        let has_room =
            self.accounts.get(&name).map_or_else(|| Line::<C>::default().has_room(bytes, SHARE), |line| line.has_room(bytes, SHARE));
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
    pub(super) fn wait(&self) -> Option<Duration> {
        let gathered = self.gathered.commands.len();
        let others = self.len() - gathered;
        if self.urgent > 0 || others >= BATCH || gathered >= BATCH / 2 || (self.closed && others + gathered > 0) {
            return Some(Duration::ZERO);
        }
        let since = [(others, self.since), (gathered, self.gathered_since)];
        let oldest = since.into_iter().filter(|(count, _)| *count > 0).map(|(_, since)| since).min()?;
        Some(self.patience.saturating_sub(oldest.elapsed()))
    }

    /// One of this server's own. What is gathered and whose time has come takes turns with what is urgent.
    fn pop_own(&mut self, gathered: bool, turn: usize) -> Option<C> {
        let next = match gathered {
            false => self.own.pop(),
            true if turn.is_multiple_of(2) => self.gathered.pop().or_else(|| self.own.pop()),
            true => self.own.pop().or_else(|| self.gathered.pop()),
        };
        next.map(|(command, _)| command)
    }

    /// What shares the next commit: of this server at most half, then of each account in turn, then of this server again.
    pub(super) fn take(&mut self) -> Vec<C> {
        let gathered = self.closed || self.gathered.commands.len() >= BATCH / 2 || self.gathered_since.elapsed() >= self.patience;
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
        // How many of the rest are urgent is not known; taking them at once is right for all.
        self.urgent = self.len() - self.gathered.commands.len();
        self.since = Instant::now();
        batch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_millis(5);

    fn of(account: &str, bytes: usize) -> Share {
        Share::Account { name: account.to_owned(), bytes }
    }

    fn lines_up(queue: &mut Queue<()>, share: Share) -> bool {
        queue.push(share, Urgency::Now, ()).is_ok()
    }

    #[test]
    fn an_account_fills_a_quarter_and_the_others_the_rest() {
        for payload in [0, 1024 * 1024 - COMMAND_BYTES] {
            let mut queue = Queue::new(PATIENCE);
            let share = (CAPACITY / SHARE).min(CAPACITY_BYTES / SHARE / (payload + COMMAND_BYTES));
            for account in ["a", "b", "c", "d"] {
                for _ in 0..share {
                    assert!(lines_up(&mut queue, of(account, payload)), "{account} has its share");
                }
                assert!(!lines_up(&mut queue, of(account, payload)), "{account} has no more than its share");
            }
            assert!(!lines_up(&mut queue, of("e", payload)), "all is full");
            assert!(lines_up(&mut queue, Share::Own), "what attempts came to is still recorded");
            assert_eq!(queue.count, SHARE * share);
            assert!(queue.count <= CAPACITY && queue.bytes <= CAPACITY_BYTES);
        }
    }

    #[test]
    fn accounts_take_turns_and_what_attempts_came_to_has_half_of_a_commit() {
        let mut queue = Queue::new(PATIENCE);
        for _ in 0..BATCH {
            assert!(lines_up(&mut queue, Share::Own));
            assert!(lines_up(&mut queue, of("flood", 0)));
        }
        assert!(lines_up(&mut queue, of("quiet", 0)));
        assert_eq!(queue.take().len(), BATCH);
        assert!(!queue.accounts.contains_key("quiet"), "the quiet one is in the very next commit");
        let flood = queue.accounts.get("flood").map_or(0, |line| line.commands.len());
        assert_eq!((queue.own.commands.len(), flood), (BATCH / 2, BATCH / 2 + 1));
    }

    #[test]
    fn what_nobody_waits_for_is_gathered_for_its_time_and_then_rides_in_a_commit() {
        let mut queue = Queue::new(PATIENCE);
        for _ in 0..3 {
            queue.push(Share::Own, Urgency::Soon, ()).expect("there is room");
        }
        for _ in 0..2 {
            assert!(lines_up(&mut queue, of("a", 0)));
        }
        // Until a time that does not come while this runs, and then for long enough.
        let never = Duration::from_secs(3600);
        queue.gathered_since = Instant::now() + never;
        assert_eq!((queue.take().len(), queue.gathered.commands.len()), (2, 3), "it is not time yet");
        assert_eq!(queue.wait(), Some(PATIENCE));
        queue.gathered_since -= never + PATIENCE;
        assert_eq!(queue.wait(), Some(Duration::ZERO));
        assert_eq!(queue.take().len(), 3, "all in one");
        assert_eq!(queue.wait(), None);
    }

    #[test]
    fn what_waits_when_it_is_closed_is_taken_at_once() {
        let mut queue = Queue::new(PATIENCE);
        queue.push(Share::Own, Urgency::Soon, ()).expect("there is room");
        queue.close();
        assert_eq!((queue.wait(), queue.take().len(), queue.wait()), (Some(Duration::ZERO), 1, None));
    }
}
