//! Deletes a notification: erases its payload and the stored responses, and stops its deliveries.

use super::*;
use crate::api::types::{Account, AuditEvent};

impl Engine {
    /// Deletes a notification. Returns false if there is no such notification. After this call, no attempt of the
    /// notification's deliveries starts, and the store contains neither the payload nor the stored responses. If this
    /// function is interrupted, a background task completes the erasure later.
    ///
    /// # Errors
    /// When the store is unavailable. The payload may already be erased.
    pub async fn delete_notification(&self, account: Option<Account>, id: Uuid, event: AuditEvent) -> store::Result<bool> {
        let owner = self.store.delete_notification(account, id, self.clock.now(), &event).await?;
        if owner.is_none() {
            return Ok(false);
        }
        self.settings.audit_log.write(&AuditEvent { account: owner, ..event });
        self.notification_deleted(id);
        while self.store.erase_responses(id).await? {}
        Ok(true)
    }

    /// Records that a notification was deleted. Deliveries that were leased before the deletion still have the payload
    /// in memory, but are not sent.
    pub(super) fn notification_deleted(&self, id: Uuid) {
        let mut deletions = self.deletions.lock().unwrap_or_else(PoisonError::into_inner);
        deletions.retain(|_, at| at.elapsed() < CHANGE_RETENTION);
        deletions.insert(id, Instant::now());
    }

    pub(super) fn deleted(&self, notification_id: Uuid) -> bool {
        self.deletions.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&notification_id)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;
    use crate::api::types::EventType;
    use crate::api::types::{Auth, OutboundUrl};
    use crate::delivery::guard::GuardPolicy;
    use crate::secrets::context::signing_context;
    use crate::secrets::master_key::MasterKey;
    use crate::store::sqlite::Sqlite;
    use crate::store::{Audience, Publication, Published, Sealed, Webhook};

    /// Returns an engine without a lease loop, and a webhook with an address that the guard refuses. So each attempt
    /// for this webhook ends at once and is recorded.
    async fn engine(directory: &std::path::Path) -> (Arc<Engine>, Uuid) {
        let metrics = Arc::new(Metrics::default());
        let store = Sqlite::open(&directory.join("webhooks.db"), metrics.clone()).expect("opened");
        store.join(Vec::new()).await.expect("taken over");
        let vault = Arc::new(Vault::new(MasterKey::generate()));
        let id = Uuid::now_v7();
        let webhook = Webhook {
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
        };
        let event = AuditEvent::new("registerWebhook", AuditEvent::SERVICE, DateTime::UNIX_EPOCH);
        assert!(store.register_webhook(webhook, None, 1, &event).await.expect("stored"));
        let settings = Settings {
            slots: Slots::new(crate::slots::Caps::new(100, 100)),
            retry_schedule: RetrySchedule::default(),
            attempt_timeout: Duration::from_secs(15),
            policy: None,
            audit_log: AuditLog::default(),
        };
        let guard = Guard::new(GuardPolicy::default()).expect("a guard");
        let log = slog::Logger::root(slog::Discard, slog::o!());
        (Engine::new(settings, Arc::new(store), vault, guard, Clock::manual(DateTime::UNIX_EPOCH), metrics, log), id)
    }

    #[tokio::test]
    async fn a_delivery_leased_before_the_deletion_is_not_attempted() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let (engine, webhook_id) = engine(directory.path()).await;
        for deleted in [true, false] {
            let publication = Publication {
                id: Uuid::now_v7(),
                event_type: EventType::parse("a.b").expect("a type"),
                data: RawValue::from_string("{}".to_owned()).expect("JSON"),
                created_at: DateTime::UNIX_EPOCH,
                audience: Audience::Webhook { id: webhook_id, account: None },
                idempotency: None,
                trace: None,
            };
            let published = engine.store.publish_notification(publication, engine.slots()).await.expect("published");
            let Published::New { notification, leased } = published else { panic!("{published:?}") };
            let delivery_id = leased[0].delivery_id;
            if deleted {
                let event = AuditEvent::new("deleteNotification", AuditEvent::SERVICE, DateTime::UNIX_EPOCH);
                assert!(engine.delete_notification(None, notification.id, event).await.expect("deleted"));
            }
            engine.begin(leased);
            engine.attempts.close();
            engine.attempts.wait().await;
            engine.attempts.reopen();
            // No lease loop runs here, so the test takes the released work.
            let _ = engine.slots.take_ready(DateTime::UNIX_EPOCH, 10);
            let (delivery, _) = engine.store.get_delivery(None, delivery_id).await.expect("readable").expect("a delivery");
            assert_eq!(delivery.attempt_count, u32::from(!deleted));
        }
    }
}
