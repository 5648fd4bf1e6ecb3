//! What is gathered for one transaction: while that runs, what comes in the meantime waits for the next.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};

use super::*;
use crate::store::queue::Queue;

pub(super) struct Line<C> {
    shared: Arc<Shared<C>>,
}

struct Shared<C> {
    queue: Mutex<Queue<C>>,
    changed: Notify,
    metrics: Arc<Metrics>,
}

/// How long what nobody waits for is gathered. A statement costs much more than a row of it, and each node has its own, so
/// this is longer than where there is one process and no round trip.
const PATIENCE: Duration = Duration::from_millis(20);

/// Where the answer to a command goes.
pub(super) type Answers<T> = oneshot::Sender<Result<T>>;

impl<C: Send + 'static> Line<C> {
    /// Runs one batch after another, each with what came until then, until the line is dropped and empty.
    pub(super) fn start<F>(metrics: Arc<Metrics>, run: impl Fn(Vec<C>) -> F + Send + 'static) -> Line<C>
    where
        F: Future<Output = ()> + Send,
    {
        let shared = Arc::new(Shared { queue: Mutex::new(Queue::new(PATIENCE)), changed: Notify::new(), metrics });
        let of_task = shared.clone();
        tokio::spawn(async move {
            while let Some(batch) = of_task.next_batch().await {
                let (commands, started) = (batch.len(), Instant::now());
                run(batch).await;
                of_task.metrics.committed(commands, started.elapsed());
            }
        });
        Line { shared }
    }

    /// Puts a command in line, and waits for its answer. It is carried out whether or not anybody waits.
    pub(super) async fn run<T>(&self, share: Share, urgency: Urgency, command: impl FnOnce(Answers<T>) -> C) -> Result<T> {
        let asked = Instant::now();
        let (answer, answered) = oneshot::channel();
        {
            let mut queue = self.shared.lock();
            queue.push(share, urgency, command(answer))?;
            self.shared.metrics.queued(1);
        }
        self.shared.changed.notify_one();
        let outcome = answered.await.unwrap_or_else(|_| Err(Error::Unavailable(anyhow::anyhow!("the store is closed"))));
        self.shared.metrics.wrote(urgency.as_str(), asked.elapsed());
        outcome
    }
}

impl<C> Shared<C> {
    fn lock(&self) -> MutexGuard<'_, Queue<C>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `None` when there will be no more.
    async fn next_batch(&self) -> Option<Vec<C>> {
        loop {
            let wait = {
                let mut queue = self.lock();
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
