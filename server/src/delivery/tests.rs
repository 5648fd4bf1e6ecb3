use super::guard::GuardPolicy;
use super::*;
use crate::secrets::seal::MasterKey;
use crate::store::sqlite::Sqlite;

fn engine(directory: &std::path::Path) -> Arc<Engine> {
    let metrics = Arc::new(Metrics::default());
    let store = Sqlite::open(&directory.join("webhooks.db"), metrics.clone()).expect("opened");
    let settings = Settings {
        caps: Caps::new(100, 100),
        retry_schedule: RetrySchedule::default(),
        attempt_timeout: Duration::from_secs(15),
        patience: None,
    };
    let vault = Arc::new(Vault::new(MasterKey::generate()));
    let guard = Guard::new(GuardPolicy::default()).expect("a guard");
    let log = slog::Logger::root(slog::Discard, slog::o!());
    Engine::new(settings, Arc::new(store), vault, guard, Clock::manual(DateTime::UNIX_EPOCH), metrics, log)
}

/// No test from outside can break a task down: what a round meets with is an error, and it goes on.
#[tokio::test]
async fn a_task_that_breaks_down_is_told_of() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let engine = engine(directory.path());
    assert_eq!(engine.undone(), ["takes no deliveries"], "it has not started");
    engine.start(true);
    assert!(engine.undone().is_empty());
    let undone = ["takes no deliveries", "makes no handshakes", "does not tidy the store"];
    for (number, (_, task)) in engine.tasks.get().expect("it has started").iter().enumerate() {
        task.abort();
        while !task.is_finished() {
            tokio::task::yield_now().await;
        }
        assert_eq!(engine.undone(), undone[..=number]);
    }
}
