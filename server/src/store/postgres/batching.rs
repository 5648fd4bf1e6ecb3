//! The batcher: gathers commands and runs them in one transaction. While the transaction runs, new commands wait for
//! the next transaction.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};

use super::*;
use crate::store::queue::{FairQueue, Share, Urgency};

pub(super) struct Batcher<C> {
    shared: Arc<Shared<C>>,
}

struct Shared<C> {
    queue: Mutex<FairQueue<C>>,
    changed: Notify,
    metrics: Arc<Metrics>,
    node: Arc<Node>,
    pace: Pace,
}

/// How long commands are gathered. Each of the two times is multiplied by the number of nodes, but at most by
/// [`MAX_PACE_FACTOR`]. The cost of one more statement is much higher than the cost of one more row in a statement. So
/// the total number of statements should not grow with the number of nodes.
#[derive(Clone, Copy)]
pub(super) struct Pace {
    /// The batching delay of commands that are not urgent. The delay is longer than in the SQLite store, because each
    /// statement needs a network round trip.
    linger: Duration,
    /// The minimum time between the starts of two transactions, if the first transaction had at least
    /// [`MIN_PACED_COMMANDS`] commands.
    interval: Duration,
}

impl Pace {
    pub(super) const PUBLICATIONS: Pace = Pace { linger: Duration::from_millis(20), interval: Duration::from_micros(2500) };
    /// The interval is zero, because few clients register webhooks, and each of them waits for its response.
    pub(super) const REGISTRATIONS: Pace = Pace { linger: Duration::from_millis(20), interval: Duration::ZERO };
    /// The interval is zero, because the next delivery of an ordered webhook waits until the outcome of the previous
    /// delivery is stored.
    pub(super) const OUTCOMES: Pace = Pace { linger: Duration::from_millis(20), interval: Duration::ZERO };
}

/// The maximum factor for the times of a [`Pace`].
const MAX_PACE_FACTOR: u32 = 4;

/// A transaction with at least this many commands delays the next transaction.
const MIN_PACED_COMMANDS: usize = 8;

pub(super) type ResultSender<T> = oneshot::Sender<Result<T>>;

impl<C: Send + 'static> Batcher<C> {
    /// Starts a task that runs one batch after another. The task ends after the batcher was dropped and all queued
    /// commands have run.
    pub(super) fn start<F>(metrics: Arc<Metrics>, node: Arc<Node>, pace: Pace, run: impl Fn(Vec<C>) -> F + Send + 'static) -> Batcher<C>
    where
        F: Future<Output = ()> + Send,
    {
        let queue = Mutex::new(FairQueue::new(pace.linger));
        let shared = Arc::new(Shared { queue, changed: Notify::new(), metrics, node, pace });
        let task = shared.clone();
        tokio::spawn(async move {
            while let Some(batch) = task.next_batch().await {
                let (commands, started) = (batch.len(), Instant::now());
                run(batch).await;
                task.metrics.committed(commands, started.elapsed());
                if commands >= MIN_PACED_COMMANDS {
                    tokio::time::sleep((task.pace.interval * task.pace_factor()).saturating_sub(started.elapsed())).await;
                }
            }
        });
        Batcher { shared }
    }

    /// Queues a command and waits for its result. The command runs even if the caller stops waiting.
    pub(super) async fn run<T>(&self, share: Share, urgency: Urgency, command: impl FnOnce(ResultSender<T>) -> C) -> Result<T> {
        let started = Instant::now();
        let (sender, receiver) = oneshot::channel();
        let must_wake_task = {
            let mut queue = self.shared.lock();
            queue.push(share, urgency, command(sender))?;
            self.shared.metrics.queued(1);
            queue.len() == 1 || queue.wait() == Some(Duration::ZERO)
        };
        if must_wake_task {
            self.shared.changed.notify_one();
        }
        let outcome = receiver.await.unwrap_or_else(|_| Err(Error::Unavailable(anyhow::anyhow!("the store is closed"))));
        self.shared.metrics.wrote(urgency.as_str(), started.elapsed());
        outcome
    }
}

impl<C> Shared<C> {
    fn lock(&self) -> MutexGuard<'_, FairQueue<C>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pace_factor(&self) -> u32 {
        self.node.count().min(MAX_PACE_FACTOR)
    }

    /// Waits for the next batch. Returns `None` when the queue is closed and empty.
    async fn next_batch(&self) -> Option<Vec<C>> {
        loop {
            let wait = {
                let mut queue = self.lock();
                queue.set_linger(self.pace.linger * self.pace_factor());
                match queue.wait() {
                    Some(Duration::ZERO) => {
                        let batch = queue.take();
                        self.metrics.queued(-(batch.len() as i64));
                        return Some(batch);
                    }
                    None if queue.is_closed() => return None,
                    wait => wait,
                }
            };
            match wait {
                Some(linger) => drop(tokio::time::timeout(linger, self.changed.notified()).await),
                None => self.changed.notified().await,
            }
        }
    }
}

impl<C> Drop for Batcher<C> {
    /// Closes the queue. The commands in the queue still run.
    fn drop(&mut self) {
        self.shared.lock().close();
        self.shared.changed.notify_one();
    }
}
