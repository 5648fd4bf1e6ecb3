//! Runs the operations of [`Store`] on the writing thread or on a reading connection.

use async_trait::async_trait;

use super::*;
use crate::store::keys::{KeyNotHeld, held_keys_to_text};
use crate::store::shared::ROW;

/// The SQL statements are in other modules. There is one module for each subject.
#[async_trait]
impl Store for Sqlite {
    async fn register_webhook(&self, webhook: Webhook, handshake: Option<Challenge>, limit: u32) -> Result<bool> {
        let share = Share::of(Some(&webhook.account), 0);
        let registered = self.add(share, Urgency::Now, ROW, move |connection, cache| {
            if !keys::may_store(connection, &webhook.sealed())? {
                return Ok(None);
            }
            webhooks::register(connection, cache, &webhook, handshake.as_ref(), limit).map(Some)
        });
        registered.await?.ok_or(Error::OutdatedKey)
    }

    async fn list_webhooks(&self, account: Option<Account>, status: Option<WebhookStatus>, page: Page) -> Result<Part<Webhook>> {
        self.read(move |connection| webhook_rows::list(connection, account.as_ref(), status, page)).await
    }

    async fn get_webhook(&self, account: Option<Account>, id: Uuid) -> Result<Option<Webhook>> {
        self.read(move |connection| webhook_rows::get(connection, account.as_ref(), id)).await
    }

    async fn update_webhook(
        &self,
        account: Account,
        id: Uuid,
        change: WebhookChange,
        now: DateTime<Utc>,
    ) -> Result<Option<std::result::Result<Webhook, UpdateRefusal>>> {
        let share = Share::of(Some(&account), 0);
        let updated = self.write_with(share, Urgency::Now, move |connection, cache| {
            if !keys::may_store(connection, &change.sealed())? {
                return Ok(None);
            }
            webhooks::update(connection, cache, &account, id, change, now).map(Some)
        });
        updated.await?.ok_or(Error::OutdatedKey)
    }

    async fn deactivate_webhook(&self, account: Account, id: Uuid, now: DateTime<Utc>) -> Result<Option<Webhook>> {
        let share = Share::of(Some(&account), 0);
        self.write_with(share, Urgency::Now, move |connection, cache| webhooks::deactivate(connection, cache, &account, id, now)).await
    }

    async fn activate_webhook(
        &self,
        account: Account,
        id: Uuid,
        handshake: Option<Challenge>,
        now: DateTime<Utc>,
    ) -> Result<Option<Webhook>> {
        let share = Share::of(Some(&account), 0);
        self.write_with(share, Urgency::Now, move |connection, cache| {
            webhooks::activate(connection, cache, &account, id, handshake.as_ref(), now)
        })
        .await
    }

    async fn due_handshakes(&self, now: DateTime<Utc>) -> Result<DueHandshakes> {
        let incarnation = self.incarnation;
        let (due, are_new) = self
            .read_own(move |connection| Ok((handshakes::due(connection, now)?, handshakes::are_new_due(connection, incarnation, now)?)))
            .await?;
        if !are_new {
            return Ok(due);
        }
        self.write(Share::Own, Urgency::Now, move |connection| handshakes::take_due(connection, incarnation, now)).await
    }

    async fn finish_handshake(&self, webhook_id: Uuid, challenge: Challenge, end: HandshakeEnd, now: DateTime<Utc>) -> Result<Option<u32>> {
        self.write_with(Share::Own, Urgency::Now, move |connection, cache| {
            handshakes::finish(connection, cache, webhook_id, &challenge, end, now)
        })
        .await
    }

    async fn rotate_signing_secret(
        &self,
        account: Account,
        id: Uuid,
        secret: Sealed,
        overlap: TimeDelta,
        now: DateTime<Utc>,
    ) -> Result<Option<Webhook>> {
        let share = Share::of(Some(&account), 0);
        let rotated = self.write_with(share, Urgency::Now, move |connection, cache| {
            if !keys::may_store(connection, &[&secret])? {
                return Ok(None);
            }
            signing_secrets::rotate(connection, cache, &account, id, &secret, overlap, now).map(Some)
        });
        rotated.await?.ok_or(Error::OutdatedKey)
    }

    async fn delete_webhook(&self, account: Account, id: Uuid, now: DateTime<Utc>) -> Result<Option<u32>> {
        let share = Share::of(Some(&account), 0);
        self.write_with(share, Urgency::Now, move |connection, cache| webhooks::delete(connection, cache, &account, id, now)).await
    }

    async fn publish_notification(&self, publication: Publication, slots: Arc<Slots>) -> Result<Published> {
        let share = Share::of(publication.audience.account(), publication.data.get().len());
        let incarnation = self.incarnation;
        self.add(share, Urgency::Now, ROW + publication.data.get().len(), move |connection, cache| {
            publications::publish(
                &LeaseTransaction { connection, cache, slots: &slots, incarnation, now: publication.created_at },
                publication,
            )
        })
        .await
    }

    async fn list_notifications(&self, account: Option<Account>, event_type: Option<EventType>, page: Page) -> Result<Part<Notification>> {
        self.read(move |connection| notifications::list(connection, account.as_ref(), event_type.as_ref(), page)).await
    }

    async fn get_notification(&self, account: Option<Account>, id: Uuid) -> Result<Option<Notification>> {
        self.read(move |connection| notifications::get(connection, account.as_ref(), id)).await
    }

    async fn delete_notification(&self, account: Option<Account>, id: Uuid, now: DateTime<Utc>) -> Result<bool> {
        let share = Share::of(account.as_ref(), 0);
        let incarnation = self.incarnation;
        self.write(share, Urgency::Now, move |connection| erasure::delete_notification(connection, account.as_ref(), id, now, incarnation))
            .await
    }

    async fn erase_responses(&self, notification_id: Uuid) -> Result<bool> {
        self.write(Share::Own, Urgency::Soon, move |connection| erasure::erase_responses(connection, notification_id)).await
    }

    async fn list_deliveries(&self, filter: DeliveryFilter, page: Page) -> Result<Part<Delivery>> {
        self.read(move |connection| deliveries::list(connection, &filter, page)).await
    }

    async fn get_delivery(&self, account: Option<Account>, id: Uuid) -> Result<Option<(Delivery, Vec<Attempt>)>> {
        self.read(move |connection| deliveries::get(connection, account.as_ref(), id)).await
    }

    async fn redeliver(&self, account: Account, id: Uuid, now: DateTime<Utc>) -> Result<Redelivered> {
        let share = Share::of(Some(&account), 0);
        let incarnation = self.incarnation;
        self.add(share, Urgency::Now, ROW, move |connection, _| redelivery::redeliver(connection, &account, id, now, incarnation)).await
    }

    /// A step is not urgent: it waits until the batching delay ends or another commit begins. So other writes can run
    /// between two steps.
    async fn recover_deliveries(&self, account: Account, recovery: Recovery, now: DateTime<Utc>) -> Result<RecoveryStep> {
        let share = Share::of(Some(&account), 0);
        let incarnation = self.incarnation;
        self.add(share, Urgency::Soon, ROW, move |connection, _| recovery::step(connection, &account, recovery, now, incarnation)).await
    }

    async fn lease_due(&self, now: DateTime<Utc>, slots: Arc<Slots>, work_items: Vec<WorkItem>) -> Result<DueRound> {
        let incarnation = self.incarnation;
        self.write_with(Share::Own, Urgency::Now, move |connection, cache| {
            LeaseTransaction { connection, cache, slots: &slots, incarnation, now }.lease_due(work_items)
        })
        .await
    }

    async fn lease_suspect(&self, now: DateTime<Utc>, slots: Arc<Slots>, skip: Vec<Uuid>) -> Result<SuspectRound> {
        let suspects = self.read_own(quarantine::count).await?;
        if suspects == 0 {
            return Ok(SuspectRound::default());
        }
        let incarnation = self.incarnation;
        let next = self.write_with(Share::Own, Urgency::Now, move |connection, cache| {
            LeaseTransaction { connection, cache, slots: &slots, incarnation, now }.lease_suspect(&skip)
        });
        Ok(SuspectRound { suspects, next: next.await? })
    }

    async fn current_destination(&self, webhook_id: Uuid) -> Result<Option<Destination>> {
        let destination = self.read_own(move |connection| webhook_rows::destination(connection, webhook_id)).await?;
        if let Some(destination) = &destination {
            self.cache.forget(&destination.account, webhook_id);
        }
        Ok(destination)
    }

    async fn release_delivery(&self, delivery_id: Uuid, lease: Uuid) -> Result<()> {
        self.write(Share::Own, Urgency::Soon, move |connection| leases::release(connection, delivery_id, lease)).await
    }

    async fn finish_attempt(&self, finish: EndedAttempt, now: DateTime<Utc>, slots: Arc<Slots>) -> Result<FinishedAttempt> {
        let incarnation = self.incarnation;
        // The next delivery of an ordered webhook waits for this commit.
        let urgency = if finish.lane == Lane::Ordered { Urgency::Now } else { Urgency::Soon };
        self.write_with(Share::Own, urgency, move |connection, cache| {
            LeaseTransaction { connection, cache, slots: &slots, incarnation, now }.finish(&finish)
        })
        .await
    }

    async fn tidy(&self, now: DateTime<Utc>) -> Result<bool> {
        self.write(Share::Own, Urgency::Soon, move |connection| {
            let cancelled = cancellations::cancel_step(connection, None, now)?;
            let expired = notifications::expire_some_keys(connection, now)?;
            let erased = erasure::erase_some_responses(connection)?;
            signing_secrets::remove_expired(connection, now)?;
            Ok(cancelled || expired || erased)
        })
        .await
    }

    async fn probe_write(&self) -> Result<()> {
        self.write(Share::Own, Urgency::Now, |connection| {
            let probe = "INSERT INTO properties (name, value) VALUES ('write_probe', randomblob(8))
                          ON CONFLICT DO UPDATE SET value = excluded.value";
            connection.prepare_cached(probe)?.execute([]).map(|_| ())
        })
        .await
    }

    async fn scan_backlog(&self, scan: BacklogScan) -> Result<BacklogScan> {
        let incarnation = self.incarnation;
        self.read(move |connection| backlog_counts::scan_backlog(connection, incarnation, scan)).await
    }

    async fn oldest_due(&self, waiting: Vec<WorkItem>) -> Result<DuePerLane> {
        let incarnation = self.incarnation;
        self.read(move |connection| backlog_counts::oldest_due(connection, incarnation, &waiting)).await
    }

    async fn storage_use(&self) -> Result<StorageUse> {
        let space = self.space.clone();
        self.read_own(move |connection| space.measure(connection)).await
    }

    async fn pause_deliveries(&self, scope: PauseScope, now: DateTime<Utc>) -> Result<bool> {
        self.write_with(Share::Own, Urgency::Now, move |connection, cache| pauses::pause(connection, cache, &scope, now)).await
    }

    async fn resume_deliveries(&self, scope: PauseScope, now: DateTime<Utc>) -> Result<bool> {
        self.write_with(Share::Own, Urgency::Now, move |connection, cache| pauses::resume(connection, cache, &scope, now)).await
    }

    async fn list_pauses(&self) -> Result<Vec<Pause>> {
        self.read_own(pauses::list).await
    }

    async fn remove_old(&self, now: DateTime<Utc>) -> Result<bool> {
        let (limits, incarnation) = (self.limits.clone(), self.incarnation);
        self.write(Share::Own, Urgency::Soon, move |connection| retention::step(connection, &limits, incarnation, now)).await
    }

    async fn create_token(&self, token: StoredToken) -> Result<()> {
        self.write(Share::Own, Urgency::Now, move |connection| tokens::insert(connection, &token)).await
    }

    async fn list_tokens(&self) -> Result<Vec<StoredToken>> {
        self.read(tokens::list).await
    }

    async fn find_token(&self, hash: [u8; 32]) -> Result<Option<StoredToken>> {
        self.read_own(move |connection| tokens::find(connection, hash)).await
    }

    async fn revoke_token(&self, id: Uuid, now: DateTime<Utc>) -> Result<bool> {
        self.write(Share::Own, Urgency::Now, move |connection| tokens::revoke(connection, id, now)).await
    }

    async fn list_keys(&self) -> Result<Vec<KeyRecord>> {
        self.read_own(keys::list).await
    }

    async fn begin_key_rotation(&self, next: KeyRecord, check_nodes: bool) -> Result<RotationStart> {
        self.write(Share::Own, Urgency::Now, move |connection| keys::begin_rotation(connection, &next, check_nodes)).await
    }

    async fn reseal_webhook(&self, id: Uuid, before: SealedValues, after: SealedValues) -> Result<bool> {
        self.write(Share::Own, Urgency::Now, move |connection| keys::reseal_webhook(connection, id, &before, &after)).await
    }

    async fn reseal_key(&self, id: String, before: Sealed, after: Sealed) -> Result<bool> {
        self.write(Share::Own, Urgency::Now, move |connection| keys::reseal_key(connection, &id, &before, &after)).await
    }

    async fn finish_key_rotation(&self) -> Result<()> {
        self.write(Share::Own, Urgency::Now, keys::finish_rotation).await
    }

    async fn rotate_token(&self, rotation: TokenRotation) -> Result<bool> {
        self.write(Share::Own, Urgency::Now, move |connection| tokens::rotate(connection, &rotation)).await
    }

    async fn record_token_uses(&self, uses: Vec<(Uuid, DateTime<Utc>)>) -> Result<()> {
        self.write(Share::Own, Urgency::Soon, move |connection| tokens::record_uses(connection, &uses)).await
    }

    /// Makes all earlier leases void, because only one server at a time uses the file.
    async fn join(&self, master_keys: Vec<KeyId>) -> Result<()> {
        let (incarnation, held) = (self.incarnation, held_keys_to_text(&master_keys));
        let not_held = self.write(Share::Own, Urgency::Now, move |connection| {
            if let Some(current) = keys::not_held(connection, &held)? {
                return Ok(Some(current));
            }
            quarantine::record_dead(connection)?;
            connection.execute("DELETE FROM nodes", [])?;
            let node = "INSERT INTO nodes (incarnation, started_at, master_keys) VALUES (?1, ?2, ?3)";
            connection.execute(node, (Key(incarnation), Millis(Utc::now()), held))?;
            ready::rebuild(connection)?;
            Ok(None)
        });
        match not_held.await? {
            Some(current) => Err(Error::Failed(KeyNotHeld(current).into())),
            None => Ok(()),
        }
    }

    async fn keep_alive(&self) -> Result<Fleet> {
        let keys = self.known_keys.if_changed(self.read_own(keys::list).await?);
        if keys.is_some() {
            // The cache may have values that were sealed with a key that is retired now.
            self.write_with(Share::Own, Urgency::Now, |_, cache| {
                cache.forget_all();
                Ok(())
            })
            .await?;
        }
        Ok(Fleet { delivering: 1, keys, ..Fleet::default() })
    }

    fn holds(&self, lease: Uuid) -> bool {
        lease == self.incarnation
    }

    /// Does nothing: there are no other nodes, and the next start finds all due deliveries.
    async fn stop_leasing(&self) -> Result<()> {
        Ok(())
    }

    async fn wait_for_wakeup(&self) {
        std::future::pending().await
    }

    /// Removes this process from `nodes`, so the next start does not count its stop as a death. The next start makes
    /// all earlier leases void.
    async fn release_leases(&self) -> Result<()> {
        let incarnation = self.incarnation;
        self.write(Share::Own, Urgency::Now, move |connection| {
            connection.execute("DELETE FROM nodes WHERE incarnation = ?1", [Key(incarnation)]).map(drop)
        })
        .await
    }
}
