//! A check that runs on request, but at most once per interval. Until the interval has passed, other callers get the
//! outcome of the most recent run.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use tokio::task::AbortHandle;

/// Minimum time between the starts of two runs.
const INTERVAL: Duration = Duration::from_secs(1);

/// Maximum time that a caller waits for the outcome. The health probes of most platforms end after a few seconds.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The result of a run, or an error text.
pub(super) type Outcome<T> = Result<T, String>;

pub(super) struct Probe<T> {
    check: Box<dyn Fn() -> BoxFuture<'static, Outcome<T>> + Send + Sync>,
    interval: Duration,
    timeout: Duration,
    last: Mutex<Option<Run<T>>>,
}

struct Run<T> {
    started_at: Instant,
    task: AbortHandle,
    outcome: Shared<BoxFuture<'static, Outcome<T>>>,
}

impl<T: Clone + Send + Sync + 'static> Probe<T> {
    pub(super) fn new(check: impl Fn() -> BoxFuture<'static, Outcome<T>> + Send + Sync + 'static) -> Probe<T> {
        Probe { check: Box::new(check), interval: INTERVAL, timeout: TIMEOUT, last: Mutex::default() }
    }

    /// Returns the outcome of a run. It is the run in progress, a run that started less than one interval ago, or a new
    /// run. While a run is in progress, no other run starts.
    pub(super) async fn outcome(&self) -> Outcome<T> {
        let outcome = self.latest();
        tokio::time::timeout(self.timeout, outcome)
            .await
            .unwrap_or_else(|_| Err(format!("no result within {} s", self.timeout.as_secs_f32())))
    }

    fn latest(&self) -> Shared<BoxFuture<'static, Outcome<T>>> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = &*last
            && (last.started_at.elapsed() < self.interval || !last.task.is_finished())
        {
            return last.outcome.clone();
        }
        // The run has its own task, so the run continues even if all callers have stopped waiting.
        let task = tokio::spawn((self.check)());
        let abort_handle = task.abort_handle();
        let outcome = async move { task.await.unwrap_or_else(|error| Err(error.to_string())) }.boxed().shared();
        *last = Some(Run { started_at: Instant::now(), task: abort_handle, outcome: outcome.clone() });
        outcome
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Semaphore;

    use super::*;

    /// Returns a probe, a semaphore, and the number of runs. The check of the probe waits for a permit of the
    /// semaphore, and then returns `outcome`.
    fn probe(interval: Duration, timeout: Duration, outcome: Outcome<()>) -> (Probe<()>, Arc<Semaphore>, Arc<AtomicUsize>) {
        let (gate, runs) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
        let (gate_of_check, counter) = (gate.clone(), runs.clone());
        let probe = Probe::new(move || {
            counter.fetch_add(1, Ordering::Relaxed);
            let (gate, outcome) = (gate_of_check.clone(), outcome.clone());
            async move {
                gate.acquire().await.expect("the gate is never closed").forget();
                outcome
            }
            .boxed()
        });
        (Probe { interval, timeout, ..probe }, gate, runs)
    }

    const LONG: Duration = Duration::from_secs(3600);

    #[tokio::test]
    async fn concurrent_callers_share_one_run() {
        let (probe, gate, runs) = probe(LONG, LONG, Err("full".to_owned()));
        gate.add_permits(1);
        for outcome in futures_util::future::join_all((0..100).map(|_| probe.outcome())).await {
            assert_eq!(outcome, Err("full".to_owned()));
        }
        assert_eq!(probe.outcome().await, Err("full".to_owned()));
        assert_eq!(runs.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn an_outcome_older_than_the_interval_is_not_used() {
        let (probe, gate, runs) = probe(Duration::ZERO, LONG, Ok(()));
        gate.add_permits(2);
        assert_eq!((probe.outcome().await, probe.outcome().await), (Ok(()), Ok(())));
        assert_eq!(runs.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn a_run_that_hangs_is_a_failure_and_no_other_run_starts() {
        let (probe, gate, runs) = probe(Duration::ZERO, Duration::from_millis(1), Ok(()));
        for _ in 0..3 {
            assert!(probe.outcome().await.is_err_and(|error| error.contains("no result")));
        }
        assert_eq!(runs.load(Ordering::Relaxed), 1);
        gate.add_permits(2);
        while !probe.last.lock().expect("no holder panics").as_ref().is_some_and(|last| last.task.is_finished()) {
            tokio::task::yield_now().await;
        }
        let patient = Probe { timeout: LONG, ..probe };
        assert_eq!(patient.outcome().await, Ok(()));
        assert_eq!(runs.load(Ordering::Relaxed), 2);
    }
}
