use serde_json::value::RawValue;

use super::guard::GuardPolicy;
use super::*;
use crate::api::types::{Account, Auth, EventType, OutboundUrl};
use crate::model::KeyState;
use crate::secrets::context::signing_context;
use crate::secrets::master_key::MasterKey;
use crate::store::sqlite::Sqlite;
use crate::store::{Audience, Publication, Published, Registrant, Sealed, SealedValues, Webhook};

pub(super) fn engine(directory: &std::path::Path, vault: Arc<Vault>) -> Arc<Engine> {
    let metrics = Arc::new(Metrics::default());
    let store = Sqlite::open(&directory.join("webhooks.db"), metrics.clone()).expect("opened");
    let log = slog::Logger::root(slog::Discard, slog::o!());
    let settings = Settings {
        slots: Slots::new(crate::slots::Caps::new(100, 100)),
        retry_schedule: RetrySchedule::default(),
        attempt_timeout: Duration::from_secs(15),
        policy: None,
        audit_log: AuditLog::default(),
        store_monitor: Arc::new(StoreMonitor::new(metrics.clone(), log.clone())),
        spans: Spans::default(),
    };
    let guard = Guard::new(GuardPolicy::default()).expect("a guard");
    Engine::new(settings, Arc::new(store), vault, guard, Clock::manual(DateTime::UNIX_EPOCH), metrics, log)
}

/// Returns a webhook with an address that the guard refuses. So each attempt for it ends at once and is recorded.
pub(super) fn webhook(id: Uuid, vault: &Vault) -> Webhook {
    Webhook {
        id,
        account: Account::parse("acme").expect("an account"),
        target_url: OutboundUrl::parse("https://127.0.0.1/notify").expect("a URL"),
        auth: Auth::Noauth {},
        auth_secret: None,
        signing_secret: Sealed(vault.seal(&signing_context("acme", id), b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=")),
        event_types: None,
        description: None,
        headers: None,
        previous_secret: None,
        max_per_second: None,
        ordered: false,
        deactivation: None,
        epoch: 1,
        revision: 1,
        created_at: DateTime::UNIX_EPOCH,
        updated_at: DateTime::UNIX_EPOCH,
    }
}

/// This is a unit test because no external error can end a task: each task logs the error and continues.
#[tokio::test]
async fn a_task_that_ends_too_early_is_reported() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let engine = engine(directory.path(), Arc::new(Vault::new(MasterKey::generate())));
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

#[tokio::test]
async fn a_delivery_that_was_leased_before_a_rotation_is_attempted_after_it() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let [old, new] = [MasterKey::generate(), MasterKey::generate()];
    let mut keys = Vault::new(old.clone()).initial_records(DateTime::UNIX_EPOCH);
    let vault = Arc::new(Vault::of_store([&old, &new], &keys).expect("usable"));
    let engine = engine(directory.path(), vault.clone());
    engine.store.join(Vec::new()).await.expect("joined");
    let id = Uuid::now_v7();
    let webhook = webhook(id, &vault);
    assert!(engine.store.register_webhook(webhook.clone(), None, 1, Registrant::of_test()).await.expect("stored"));
    let publication = Publication {
        id: Uuid::now_v7(),
        event_type: EventType::parse("a.b").expect("a type"),
        data: RawValue::from_string("{}".to_owned()).expect("JSON"),
        created_at: DateTime::UNIX_EPOCH,
        audience: Audience::Webhook { id, account: None },
        idempotency: None,
        trace: None,
    };
    let published = engine.store.publish_notification(publication, engine.slots()).await.expect("published");
    let Published::New { mut leased, .. } = published else { panic!("{published:?}") };

    keys[0].state = KeyState::Retiring;
    keys.push(vault.next_record(new.key_id(), DateTime::UNIX_EPOCH).expect("given"));
    vault.apply(&keys).expect("both keys are given");
    let after = SealedValues::resealed(&webhook, &vault).expect("decrypted");
    assert!(engine.store.reseal_webhook(id, SealedValues::of(&webhook), after).await.expect("stored"));
    keys[0].state = KeyState::Retired;
    vault.apply(&keys).expect("the current key is given");
    let leased = leased.remove(0);
    let delivery_id = leased.delivery_id;
    engine.clone().deliver(leased).await;
    let (_, attempts) = engine.store.get_delivery(None, delivery_id).await.expect("readable").expect("a delivery");
    assert_eq!(attempts.len(), 1);
}
