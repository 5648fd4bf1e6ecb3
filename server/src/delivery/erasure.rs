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
    use crate::delivery::tests::{engine, webhook};
    use crate::secrets::master_key::MasterKey;
    use crate::store::{Audience, Publication, Published, Registrant};

    #[tokio::test]
    async fn a_delivery_leased_before_the_deletion_is_not_attempted() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let vault = Arc::new(Vault::new(MasterKey::generate()));
        // This engine has no lease loop, and each attempt for the webhook ends at once.
        let (engine, webhook_id) = (engine(directory.path(), vault.clone()), Uuid::now_v7());
        engine.store.join(Vec::new()).await.expect("taken over");
        assert!(engine.store.register_webhook(webhook(webhook_id, &vault), None, 1, Registrant::of_test()).await.expect("stored"));
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
