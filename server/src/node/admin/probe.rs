//! Something that is tried when somebody asks, but seldom: whoever asks in between learns what came of the last try.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use tokio::task::AbortHandle;

/// The next try begins no sooner after the last one did.
const INTERVAL: Duration = Duration::from_secs(1);

/// Somebody who asks waits no longer; the probes of most platforms give up after a few seconds.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a try came to, or why there is nothing yet.
pub(super) type Outcome<T> = Result<T, String>;

pub(super) struct Probe<T> {
    run: Box<dyn Fn() -> BoxFuture<'static, Outcome<T>> + Send + Sync>,
    interval: Duration,
    patience: Duration,
    last: Mutex<Option<Try<T>>>,
}

struct Try<T> {
    begun: Instant,
    task: AbortHandle,
    outcome: Shared<BoxFuture<'static, Outcome<T>>>,
}

impl<T: Clone + Send + Sync + 'static> Probe<T> {
    pub(super) fn new(run: impl Fn() -> BoxFuture<'static, Outcome<T>> + Send + Sync + 'static) -> Probe<T> {
        Probe { run: Box::new(run), interval: INTERVAL, patience: PATIENCE, last: Mutex::default() }
    }

    /// Of a try at most [`INTERVAL`] old, or of the one that is under way. One that hangs is not joined by another.
    pub(super) async fn outcome(&self) -> Outcome<T> {
        let outcome = self.latest();
        tokio::time::timeout(self.patience, outcome)
            .await
            .unwrap_or_else(|_| Err(format!("no answer within {} s", self.patience.as_secs_f32())))
    }

    fn latest(&self) -> Shared<BoxFuture<'static, Outcome<T>>> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = &*last
            && (last.begun.elapsed() < self.interval || !last.task.is_finished())
        {
            return last.outcome.clone();
        }
        // A task of its own goes on when nobody waits any more, so that its end is noticed.
        let task = tokio::spawn((self.run)());
        let aborted = task.abort_handle();
        let outcome = async move { task.await.unwrap_or_else(|error| Err(error.to_string())) }.boxed().shared();
        *last = Some(Try { begun: Instant::now(), task: aborted, outcome: outcome.clone() });
        outcome
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Semaphore;

    use super::*;

    /// A probe that waits for a permit and then says `outcome`, and how often it was tried.
    fn probe(interval: Duration, patience: Duration, outcome: Outcome<()>) -> (Probe<()>, Arc<Semaphore>, Arc<AtomicUsize>) {
        let (gate, tries) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
        let (of_run, counted) = (gate.clone(), tries.clone());
        let probe = Probe::new(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            let (gate, outcome) = (of_run.clone(), outcome.clone());
            async move {
                gate.acquire().await.expect("it is never closed").forget();
                outcome
            }
            .boxed()
        });
        (Probe { interval, patience, ..probe }, gate, tries)
    }

    const LONG: Duration = Duration::from_secs(3600);

    #[tokio::test]
    async fn whoever_asks_shares_one_try() {
        let (probe, gate, tries) = probe(LONG, LONG, Err("full".to_owned()));
        gate.add_permits(1);
        for outcome in futures_util::future::join_all((0..100).map(|_| probe.outcome())).await {
            assert_eq!(outcome, Err("full".to_owned()));
        }
        assert_eq!(probe.outcome().await, Err("full".to_owned()));
        assert_eq!(tries.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn an_old_outcome_counts_no_more() {
        let (probe, gate, tries) = probe(Duration::ZERO, LONG, Ok(()));
        gate.add_permits(2);
        assert_eq!((probe.outcome().await, probe.outcome().await), (Ok(()), Ok(())));
        assert_eq!(tries.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn a_try_that_hangs_is_a_failure_and_is_not_joined_by_another() {
        let (probe, gate, tries) = probe(Duration::ZERO, Duration::from_millis(1), Ok(()));
        for _ in 0..3 {
            assert!(probe.outcome().await.is_err_and(|error| error.contains("no answer")));
        }
        assert_eq!(tries.load(Ordering::Relaxed), 1);
        gate.add_permits(2);
        while !probe.last.lock().expect("no holder panics").as_ref().is_some_and(|last| last.task.is_finished()) {
            tokio::task::yield_now().await;
        }
        let patient = Probe { patience: LONG, ..probe };
        assert_eq!(patient.outcome().await, Ok(()));
        assert_eq!(tries.load(Ordering::Relaxed), 2);
    }
}
