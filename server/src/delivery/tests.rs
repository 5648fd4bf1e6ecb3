use super::guard::GuardPolicy;
use super::*;
use crate::secrets::master_key::MasterKey;
use crate::store::sqlite::Sqlite;

fn engine(directory: &std::path::Path) -> Arc<Engine> {
    let metrics = Arc::new(Metrics::default());
    let store = Sqlite::open(&directory.join("webhooks.db"), metrics.clone()).expect("opened");
    let settings = Settings {
        slots: Slots::new(crate::slots::Caps::new(100, 100)),
        retry_schedule: RetrySchedule::default(),
        attempt_timeout: Duration::from_secs(15),
        policy: None,
        audit_log: AuditLog::default(),
    };
    let vault = Arc::new(Vault::new(MasterKey::generate()));
    let guard = Guard::new(GuardPolicy::default()).expect("a guard");
    let log = slog::Logger::root(slog::Discard, slog::o!());
    Engine::new(settings, Arc::new(store), vault, guard, Clock::manual(DateTime::UNIX_EPOCH), metrics, log)
}

/// This is a unit test because no external error can end a task: each task logs the error and continues.
#[tokio::test]
async fn a_task_that_ends_too_early_is_reported() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let engine = engine(directory.path());
    assert_eq!(engine.stalled_tasks(), ["leases no deliveries"], "the engine has not started");
    engine.start(true);
    assert!(engine.stalled_tasks().is_empty());
    let stalled_tasks = ["leases no deliveries", "makes no handshakes", "does not tidy the store", "attempts no suspects"];
    for (number, (_, task)) in engine.tasks.get().expect("it has started").iter().enumerate() {
        task.abort();
        while !task.is_finished() {
            tokio::task::yield_now().await;
        }
        assert_eq!(engine.stalled_tasks(), stalled_tasks[..=number]);
    }
}
