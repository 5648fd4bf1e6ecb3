//! Runs the operations of [`Store`] on the writing thread or on a reading connection.

use async_trait::async_trait;

use super::audit::audited;
use super::*;
use crate::store::keys::{KeyNotHeld, held_keys_to_text};
use crate::store::shared::ROW;

/// The SQL statements are in other modules. There is one module for each subject.
#[async_trait]
impl Store for Sqlite {
    async fn register_webhook(&self, webhook: Webhook, handshake: Option<Challenge>, limit: u32, registrant: Registrant) -> Result<bool> {
        let registered = self.add(Share::of(Some(&webhook.account), 0), Urgency::Now, ROW, move |connection, cache| {
            if !keys::may_store(connection, cache, &webhook.sealed())? {
                return Ok(None);
            }
            webhooks::register(connection, cache, &webhook, handshake.as_ref(), limit, registrant).map(Some)
        });
        registered.await?.ok_or(Error::OutdatedKey)
    }

    async fn list_webhooks(&self, filter: WebhookFilter, page: Page) -> Result<Part<Webhook>> {
        self.read(move |connection| webhook_rows::list(connection, &filter, page)).await
    }

    async fn health_of(&self, webhooks: Vec<HealthQuery>) -> Result<Vec<WebhookHealth>> {
        self.read(move |connection| health::of(connection, &webhooks)).await
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
        event: &AuditEvent,
    ) -> Result<Option<std::result::Result<Webhook, UpdateRefusal>>> {
        let (share, event) = (Share::of(Some(&account), 0), EventRow::from(event));
        let updated = self.write_with(share, Urgency::Now, move |connection, cache| {
            if !keys::may_store(connection, cache, &change.sealed())? {
                return Ok(None);
            }
            let updated = webhooks::update(connection, cache, &account, id, change, now)?;
            audited(connection, &event, updated, |updated| matches!(updated, Some(Ok(_)))).map(Some)
        });
        updated.await?.ok_or(Error::OutdatedKey)
    }

    async fn deactivate_webhook(&self, account: Account, id: Uuid, now: DateTime<Utc>, event: &AuditEvent) -> Result<Option<Webhook>> {
        let (share, event) = (Share::of(Some(&account), 0), EventRow::from(event));
        self.write_with(share, Urgency::Now, move |connection, cache| {
            audited(connection, &event, webhooks::deactivate(connection, cache, &account, id, now)?, Option::is_some)
        })
        .await
    }

    async fn activate_webhook(
        &self,
        account: Account,
        id: Uuid,
        handshake: Option<Challenge>,
        now: DateTime<Utc>,
        event: &AuditEvent,
    ) -> Result<Option<Webhook>> {
        let (share, event) = (Share::of(Some(&account), 0), EventRow::from(event));
        self.write_with(share, Urgency::Now, move |connection, cache| {
            let activated = webhooks::activate(connection, cache, &account, id, handshake.as_ref(), now)?;
            audited(connection, &event, activated, Option::is_some)
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

    async fn finish_handshake(
        &self,
        webhook_id: Uuid,
        challenge: Challenge,
        end: HandshakeEnd,
        now: DateTime<Utc>,
    ) -> Result<Option<(u32, AuditEvent)>> {
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
        event: &AuditEvent,
    ) -> Result<Option<Webhook>> {
        let (share, event) = (Share::of(Some(&account), 0), EventRow::from(event));
        let rotated = self.write_with(share, Urgency::Now, move |connection, cache| {
            if !keys::may_store(connection, cache, &[&secret])? {
                return Ok(None);
            }
            let rotated = signing_secrets::rotate(connection, cache, &account, id, &secret, overlap, now)?;
            audited(connection, &event, rotated, Option::is_some).map(Some)
        });
        rotated.await?.ok_or(Error::OutdatedKey)
    }

    async fn delete_webhook(&self, account: Account, id: Uuid, now: DateTime<Utc>, event: &AuditEvent) -> Result<Option<u32>> {
        let (share, event) = (Share::of(Some(&account), 0), EventRow::from(event));
        self.write_with(share, Urgency::Now, move |connection, cache| {
            audited(connection, &event, webhooks::delete(connection, cache, &account, id, now)?, Option::is_some)
        })
        .await
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

    async fn delete_notification(
        &self,
        account: Option<Account>,
        id: Uuid,
        now: DateTime<Utc>,
        event: &AuditEvent,
    ) -> Result<Option<Account>> {
        let (share, event, incarnation) = (Share::of(account.as_ref(), 0), EventRow::from(event), self.incarnation);
        self.write(share, Urgency::Now, move |connection| {
            let deleted = erasure::delete_notification(connection, account.as_ref(), id, now, incarnation)?;
            let event = EventRow { account: deleted.as_ref().map(|account| account.as_str().to_owned()), ..event };
            audited(connection, &event, deleted, Option::is_some)
        })
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

    async fn redeliver(&self, account: Account, id: Uuid, now: DateTime<Utc>, event: &AuditEvent) -> Result<Redelivered> {
        let (share, event, incarnation) = (Share::of(Some(&account), 0), EventRow::from(event), self.incarnation);
        self.add(share, Urgency::Now, ROW, move |connection, _| {
            let redelivered = redelivery::redeliver(connection, &account, id, now, incarnation)?;
            audited(connection, &event, redelivered, |redelivered| matches!(redelivered, Redelivered::Due(_)))
        })
        .await
    }

    /// A step is not urgent: it waits until the batching delay ends or another commit begins. So other writes can run
    /// between two steps.
    async fn recover_deliveries(
        &self,
        account: Account,
        recovery: Recovery,
        cause: Cause,
        now: DateTime<Utc>,
        event: &AuditEvent,
    ) -> Result<RecoveryStep> {
        let (share, event, incarnation) = (Share::of(Some(&account), 0), EventRow::from(event), self.incarnation);
        self.add(share, Urgency::Soon, ROW, move |connection, _| {
            let step = recovery::step(connection, &account, recovery, &cause, now, incarnation)?;
            let event = EventRow { count: step.recovered(recovery.dry_run), ..event };
            audited(connection, &event, step, |_| event.count.is_some())
        })
        .await
    }

    async fn change_deliveries(
        &self,
        account: Account,
        selection: Selection,
        start: SelectionStart,
        now: DateTime<Utc>,
        event: &AuditEvent,
    ) -> Result<SelectionStep> {
        let (share, event, incarnation) = (Share::of(Some(&account), 0), EventRow::from(event), self.incarnation);
        let change = selection.change;
        let step =
            move |connection: &Connection| selection::recorded_step(connection, &account, &selection, start, now, incarnation, &event);
        match change {
            BulkChange::Redeliver => self.add(share, Urgency::Soon, ROW, move |connection, _| step(connection)).await,
            // A full store also lets callers cancel deliveries.
            BulkChange::Cancel => self.write(share, Urgency::Soon, step).await,
        }
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

    async fn get_statistics(&self, of: StatisticsOf<'_>, range: StatisticsRange) -> Result<StatisticsByInterval> {
        let subject = of.subject();
        self.read(move |connection| statistics::list(connection, subject, range)).await
    }

    async fn latest_attempts(&self, webhook_ids: Vec<Uuid>) -> Result<Vec<(Uuid, LatestAttempts)>> {
        self.read(move |connection| statistics::latest_attempts(connection, &webhook_ids)).await
    }

    async fn list_holds(&self, now: DateTime<Utc>) -> Result<Vec<Hold>> {
        self.read_own(move |connection| holds::list(connection, now)).await
    }

    async fn tidy(&self, now: DateTime<Utc>) -> Result<bool> {
        self.write(Share::Own, Urgency::Soon, move |connection| retention::tidy(connection, now)).await
    }

    async fn probe_write(&self) -> Result<()> {
        self.write(Share::Own, Urgency::Now, |connection| connection.prepare_cached(space::PROBE_WRITE)?.execute([]).map(drop)).await
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

    async fn pause_deliveries(&self, scope: PauseScope, now: DateTime<Utc>, event: &AuditEvent) -> Result<bool> {
        let event = EventRow::from(event);
        self.write_with(Share::Own, Urgency::Now, move |connection, cache| {
            audited(connection, &event, pauses::pause(connection, cache, &scope, now)?, |paused| *paused)
        })
        .await
    }

    async fn resume_deliveries(&self, scope: PauseScope, now: DateTime<Utc>, event: &AuditEvent) -> Result<bool> {
        let event = EventRow::from(event);
        self.write_with(Share::Own, Urgency::Now, move |connection, cache| {
            audited(connection, &event, pauses::resume(connection, cache, &scope, now)?, |resumed| *resumed)
        })
        .await
    }

    async fn list_pauses(&self) -> Result<Vec<Pause>> {
        self.read_own(pauses::list).await
    }

    async fn remove_old(&self, now: DateTime<Utc>) -> Result<bool> {
        let (limits, incarnation) = (self.limits.clone(), self.incarnation);
        self.write(Share::Own, Urgency::Soon, move |connection| retention::step(connection, &limits, incarnation, now)).await
    }

    async fn create_token(&self, token: StoredToken, event: &AuditEvent) -> Result<()> {
        let event = EventRow::from(event);
        self.write(Share::Own, Urgency::Now, move |connection| {
            tokens::insert(connection, &token)?;
            audit::insert(connection, &event)
        })
        .await
    }

    async fn list_tokens(&self) -> Result<Vec<StoredToken>> {
        self.read(tokens::list).await
    }

    async fn find_token(&self, hash: [u8; 32]) -> Result<Option<StoredToken>> {
        self.read_own(move |connection| tokens::find(connection, hash)).await
    }

    async fn revoke_token(&self, id: Uuid, now: DateTime<Utc>, event: &AuditEvent) -> Result<bool> {
        let event = EventRow::from(event);
        self.write(Share::Own, Urgency::Now, move |connection| {
            audited(connection, &event, tokens::revoke(connection, id, now)?, |revoked| *revoked)
        })
        .await
    }

    async fn record_audit_events(&self, events: &[AuditEvent]) -> Result<()> {
        let events: Vec<EventRow> = events.iter().map(EventRow::from).collect();
        let share = Share::of(events.first().and_then(|event| event.account.clone()).map(Account::stored).as_ref(), 0);
        self.write(share, Urgency::Now, move |connection| events.iter().try_for_each(|event| audit::insert(connection, event))).await
    }

    async fn list_audit_events(&self, filter: AuditFilter, page: Page) -> Result<Part<AuditEvent>> {
        self.read(move |connection| audit::list(connection, &filter, page)).await
    }

    async fn list_keys(&self) -> Result<Vec<KeyRecord>> {
        self.read_own(keys::list).await
    }

    async fn begin_key_rotation(&self, next: KeyRecord, check_nodes: bool, event: &AuditEvent) -> Result<RotationStart> {
        let event = EventRow::from(event);
        self.write_with(Share::Own, Urgency::Now, move |connection, cache| {
            cache.forget_master_key();
            let start = keys::begin_rotation(connection, &next, check_nodes)?;
            audited(connection, &event, start, |start| *start == RotationStart::Begun)
        })
        .await
    }

    async fn reseal_webhook(&self, id: Uuid, before: SealedValues, after: SealedValues) -> Result<bool> {
        self.write(Share::Own, Urgency::Now, move |connection| keys::reseal_webhook(connection, id, &before, &after)).await
    }

    async fn reseal_key(&self, id: String, before: Sealed, after: Sealed) -> Result<bool> {
        self.write(Share::Own, Urgency::Now, move |connection| keys::reseal_key(connection, &id, &before, &after)).await
    }

    async fn finish_key_rotation(&self, event: &AuditEvent) -> Result<bool> {
        let event = EventRow::from(event);
        self.write(Share::Own, Urgency::Now, move |connection| {
            audited(connection, &event, keys::finish_rotation(connection)?, |finished| *finished)
        })
        .await
    }

    async fn rotate_token(&self, rotation: TokenRotation, events: &[AuditEvent]) -> Result<bool> {
        let events: Vec<EventRow> = events.iter().map(EventRow::from).collect();
        self.write(Share::Own, Urgency::Now, move |connection| {
            let rotated = tokens::rotate(connection, &rotation)?;
            events.iter().filter(|_| rotated).try_for_each(|event| audit::insert(connection, event))?;
            Ok(rotated)
        })
        .await
    }

    async fn record_token_uses(&self, uses: Vec<(Uuid, DateTime<Utc>)>) -> Result<()> {
        self.write(Share::Own, Urgency::Soon, move |connection| tokens::record_uses(connection, &uses)).await
    }

    /// Makes all earlier leases void, because only one server at a time uses the file.
    async fn join(&self, master_keys: Vec<KeyId>) -> Result<()> {
        let (incarnation, held) = (self.incarnation, held_keys_to_text(&master_keys));
        let not_held = self.write(Share::Own, Urgency::Now, move |connection| quarantine::join(connection, incarnation, &held));
        not_held.await?.map_or(Ok(()), |current| Err(Error::Failed(KeyNotHeld(current).into())))
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
        let delete = "DELETE FROM nodes WHERE incarnation = ?1";
        self.write(Share::Own, Urgency::Now, move |connection| connection.execute(delete, [Key(incarnation)]).map(drop)).await
    }
}
