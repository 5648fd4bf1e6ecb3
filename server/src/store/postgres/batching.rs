//! What is gathered for one transaction: while that runs, what comes in the meantime waits for the next.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};

use super::*;
use crate::store::queue::Queue;
use crate::store::queue::{Share, Urgency};

pub(super) struct Line<C> {
    shared: Arc<Shared<C>>,
}

struct Shared<C> {
    queue: Mutex<Queue<C>>,
    changed: Notify,
    metrics: Arc<Metrics>,
    node: Arc<Node>,
    pace: Pace,
}

/// How long one of `n` nodes gathers what goes into one transaction: `n` times as long, up to [`MOST`] times. A statement costs
/// much more than a row of it, so that all nodes together cost the database as many of them as one does.
#[derive(Clone, Copy)]
pub(super) struct Pace {
    /// What nobody waits for. Longer than where there is one process and no round trip.
    gather: Duration,
    /// From the beginning of a transaction of [`MANY`] commands to that of the next one, if somebody waits for it.
    apart: Duration,
}

impl Pace {
    pub(super) const OF_PUBLICATIONS: Pace = Pace { gather: Duration::from_millis(20), apart: Duration::from_micros(2500) };
    /// An order goes on when one of them is recorded.
    pub(super) const OF_FINISHES: Pace = Pace { gather: Duration::from_millis(20), apart: Duration::ZERO };
}

/// Nobody waits longer for more nodes than this.
const MOST: u32 = 4;

/// Fewer commands at once are not worth waiting for.
const MANY: usize = 8;

/// Where the answer to a command goes.
pub(super) type Answers<T> = oneshot::Sender<Result<T>>;

impl<C: Send + 'static> Line<C> {
    /// Runs one batch after another, each with what came until then, until the line is dropped and empty.
    pub(super) fn start<F>(metrics: Arc<Metrics>, node: Arc<Node>, pace: Pace, run: impl Fn(Vec<C>) -> F + Send + 'static) -> Line<C>
    where
        F: Future<Output = ()> + Send,
    {
        let queue = Mutex::new(Queue::new(pace.gather));
        let shared = Arc::new(Shared { queue, changed: Notify::new(), metrics, node, pace });
        let of_task = shared.clone();
        tokio::spawn(async move {
            while let Some(batch) = of_task.next_batch().await {
                let (commands, started) = (batch.len(), Instant::now());
                run(batch).await;
                of_task.metrics.committed(commands, started.elapsed());
                if commands >= MANY {
                    tokio::time::sleep((of_task.pace.apart * of_task.share()).saturating_sub(started.elapsed())).await;
                }
            }
        });
        Line { shared }
    }

    /// Puts a command in line, and waits for its answer. It is carried out whether or not anybody waits.
    pub(super) async fn run<T>(&self, share: Share, urgency: Urgency, command: impl FnOnce(Answers<T>) -> C) -> Result<T> {
        let asked = Instant::now();
        let (answer, answered) = oneshot::channel();
        let changes_anything = {
            let mut queue = self.shared.lock();
            queue.push(share, urgency, command(answer))?;
            self.shared.metrics.queued(1);
            queue.len() == 1 || queue.wait() == Some(Duration::ZERO)
        };
        if changes_anything {
            self.shared.changed.notify_one();
        }
        let outcome = answered.await.unwrap_or_else(|_| Err(Error::Unavailable(anyhow::anyhow!("the store is closed"))));
        self.shared.metrics.wrote(urgency.as_str(), asked.elapsed());
        outcome
    }
}

impl<C> Shared<C> {
    fn lock(&self) -> MutexGuard<'_, Queue<C>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn share(&self) -> u32 {
        self.node.count().min(MOST)
    }

    /// `None` when there will be no more.
    async fn next_batch(&self) -> Option<Vec<C>> {
        loop {
            let wait = {
                let mut queue = self.lock();
                queue.set_patience(self.pace.gather * self.share());
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
                Some(patience) => drop(tokio::time::timeout(patience, self.changed.notified()).await),
                None => self.changed.notified().await,
            }
        }
    }
}

impl<C> Drop for Line<C> {
    /// What waits is still carried out.
    fn drop(&mut self) {
        self.shared.lock().close();
        self.shared.changed.notify_one();
    }
}
