//! The implementation of [`Store`]. An operation runs in a separate transaction, in a batch, or as single statements
//! without a transaction.

use async_trait::async_trait;

use super::*;
use crate::store::keys::held_keys_to_text;
use crate::store::queue::{Share, Urgency};
use crate::store::shared::ROW;

/// The SQL statements are in other modules, one module for each subject.
#[async_trait]
impl Store for Postgres {
    async fn register_webhook(&self, webhook: Webhook, handshake: Option<Challenge>, limit: u32, registrant: Registrant) -> Result<bool> {
        self.admit(ROW).await?;
        let share = Share::of(Some(&webhook.account), ROW);
        self.registrations.run(share, Urgency::Now, |sender| registrations::Command { webhook, handshake, limit, registrant, sender }).await
    }

    async fn list_webhooks(&self, filter: WebhookFilter, page: Page) -> Result<Part<Webhook>> {
        Ok(webhook_rows::list(&*self.read_session().await?, &filter, page).await?)
    }

    async fn health_of(&self, webhooks: Vec<HealthQuery>) -> Result<Vec<WebhookHealth>> {
        Ok(health::of(&*self.read_session().await?, &webhooks).await?)
    }

    async fn get_webhook(&self, account: Option<Account>, id: Uuid) -> Result<Option<Webhook>> {
        Ok(webhook_rows::get(&*self.read_session().await?, account.as_ref(), id).await?)
    }

    async fn update_webhook(
        &self,
        account: Account,
        id: Uuid,
        change: WebhookChange,
        now: DateTime<Utc>,
        event: &AuditEvent,
    ) -> Result<Option<std::result::Result<Webhook, UpdateRefusal>>> {
        let event = EventRow::from(event);
        let updated = in_transaction!(keys::begin, self.callers, |transaction| async {
            keys::check(&transaction, &change.sealed()).await?;
            webhooks::update(&transaction, &account, id, change.clone(), now, &event).await
        })?;
        self.wakeup.notify();
        Ok(updated)
    }

    async fn deactivate_webhook(&self, account: Account, id: Uuid, now: DateTime<Utc>, event: &AuditEvent) -> Result<Option<Webhook>> {
        let event = EventRow::from(event);
        let deactivated = in_transaction!(self.callers, |transaction| webhooks::deactivate(&transaction, &account, id, now, &event))?;
        self.wakeup.notify();
        Ok(deactivated)
    }

    async fn activate_webhook(
        &self,
        account: Account,
        id: Uuid,
        handshake: Option<Challenge>,
        now: DateTime<Utc>,
        event: &AuditEvent,
    ) -> Result<Option<Webhook>> {
        let (event, handshake) = (EventRow::from(event), handshake.as_ref());
        let activated =
            in_transaction!(self.callers, |transaction| webhooks::activate(&transaction, &account, id, handshake, now, &event))?;
        self.wakeup.notify();
        Ok(activated)
    }

    async fn due_handshakes(&self, now: DateTime<Utc>) -> Result<DueHandshakes> {
        let session = self.own.session().await?;
        Ok(handshakes::due(&session, self.node.incarnation(), now).await?)
    }

    async fn finish_handshake(
        &self,
        webhook_id: Uuid,
        challenge: Challenge,
        end: HandshakeEnd,
        now: DateTime<Utc>,
    ) -> Result<Option<(u32, AuditEvent)>> {
        Ok(in_transaction!(self.own, |transaction| handshakes::finish(&transaction, webhook_id, &challenge, end, now))?)
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
        let event = EventRow::from(event);
        Ok(in_transaction!(keys::begin, self.callers, |transaction| async {
            keys::check(&transaction, &[&secret]).await?;
            signing_secrets::rotate(&transaction, &account, id, &secret, overlap, now, &event).await
        })?)
    }

    async fn delete_webhook(&self, account: Account, id: Uuid, now: DateTime<Utc>, event: &AuditEvent) -> Result<Option<u32>> {
        let event = EventRow::from(event);
        Ok(in_transaction!(self.callers, |transaction| webhooks::delete(&transaction, &account, id, now, &event))?)
    }

    async fn publish_notification(&self, publication: Publication, slots: Arc<Slots>) -> Result<Published> {
        let bytes = publication.data.get().len();
        self.admit(ROW + bytes).await?;
        let share = Share::of(publication.audience.account(), bytes);
        self.publications.run(share, Urgency::Now, |sender| publications::Command { publication, slots, sender }).await
    }

    async fn list_notifications(&self, account: Option<Account>, event_type: Option<EventType>, page: Page) -> Result<Part<Notification>> {
        Ok(notifications::list(&*self.read_session().await?, account.as_ref(), event_type.as_ref(), page).await?)
    }

    async fn get_notification(&self, account: Option<Account>, id: Uuid) -> Result<Option<Notification>> {
        Ok(notifications::get(&*self.read_session().await?, account.as_ref(), id).await?)
    }

    async fn delete_notification(
        &self,
        account: Option<Account>,
        id: Uuid,
        now: DateTime<Utc>,
        event: &AuditEvent,
    ) -> Result<Option<Account>> {
        let (event, account) = (EventRow::from(event), account.as_ref());
        let deleted = in_transaction!(self.callers, |transaction| erasure::delete_notification(&transaction, account, id, now, &event))?;
        self.wakeup.notify();
        Ok(deleted)
    }

    async fn erase_responses(&self, notification_id: Uuid) -> Result<bool> {
        Ok(in_transaction!(self.own, |transaction| erasure::erase_responses(&transaction, notification_id))?)
    }

    async fn list_deliveries(&self, filter: DeliveryFilter, page: Page) -> Result<Part<Delivery>> {
        Ok(deliveries::list(&*self.read_session().await?, &filter, page).await?)
    }

    async fn get_delivery(&self, account: Option<Account>, id: Uuid) -> Result<Option<(Delivery, Vec<Attempt>)>> {
        Ok(deliveries::get(&*self.read_session().await?, account.as_ref(), id).await?)
    }

    async fn redeliver(&self, account: Account, id: Uuid, now: DateTime<Utc>, event: &AuditEvent) -> Result<Redelivered> {
        self.admit(ROW).await?;
        let event = EventRow::from(event);
        let redelivered = in_transaction!(self.callers, |transaction| redelivery::redeliver(&transaction, &account, id, now, &event))?;
        self.wakeup.notify();
        Ok(redelivered)
    }

    async fn recover_deliveries(
        &self,
        account: Account,
        recovery: Recovery,
        cause: Cause,
        now: DateTime<Utc>,
        event: &AuditEvent,
    ) -> Result<RecoveryStep> {
        self.admit(ROW).await?;
        let event = EventRow::from(event);
        let step =
            in_transaction!(self.callers, |transaction| recovery::recorded_step(&transaction, &account, recovery, &cause, now, &event))?;
        self.wakeup.notify();
        Ok(step)
    }

    async fn change_deliveries(
        &self,
        account: Account,
        selection: Selection,
        start: SelectionStart,
        now: DateTime<Utc>,
        event: &AuditEvent,
    ) -> Result<SelectionStep> {
        // A full store also lets callers cancel deliveries.
        if selection.change == BulkChange::Redeliver {
            self.admit(ROW).await?;
        }
        let event = EventRow::from(event);
        let step = in_transaction!(self.callers, |transaction| async {
            let webhook = webhook_rows::get(&transaction, Some(&account), start.webhook_id).await?;
            selection::recorded_step(&transaction, webhook, &selection, start.after, now, &event).await
        })?;
        self.wakeup.notify();
        Ok(step)
    }

    async fn lease_due(&self, now: DateTime<Utc>, slots: Arc<Slots>, work_items: Vec<WorkItem>) -> Result<DueRound> {
        let session = self.own.session().await?;
        Ok(leases::lease_due(&session, &self.node, &self.wakeup, &slots, now, work_items).await?)
    }

    async fn lease_suspect(&self, now: DateTime<Utc>, slots: Arc<Slots>, skip: Vec<Uuid>) -> Result<SuspectRound> {
        let session = self.own.session().await?;
        Ok(quarantine::lease_suspect(&session, &self.node, &slots, now, &skip).await?)
    }

    async fn current_destination(&self, webhook_id: Uuid) -> Result<Option<Destination>> {
        let destination = webhook_rows::destination(&self.own.session().await?, webhook_id).await?;
        if let Some(destination) = &destination {
            self.cache.forget(&destination.account);
        }
        Ok(destination)
    }

    async fn release_delivery(&self, delivery_id: Uuid, lease: Uuid) -> Result<()> {
        let session = self.own.session().await?;
        if self.node.delivers() {
            return Ok(leases::release(&session, delivery_id, lease).await?);
        }
        leases::release_and_mark(&session, &[delivery_id], lease).await?;
        self.wakeup.notify();
        Ok(())
    }

    async fn finish_attempt(&self, finish: EndedAttempt, now: DateTime<Utc>, slots: Arc<Slots>) -> Result<FinishedAttempt> {
        // In an ordered webhook, the next delivery waits until this outcome is recorded.
        let urgency = if finish.lane == Lane::Ordered { Urgency::Now } else { Urgency::Soon };
        self.outcomes.run(Share::Own, urgency, |sender| outcomes::Command { finish, now, slots, sender }).await
    }

    async fn get_statistics(&self, of: StatisticsOf<'_>, range: StatisticsRange) -> Result<StatisticsByInterval> {
        Ok(statistics::list(&*self.read_session().await?, of.subject(), range).await?)
    }

    async fn latest_attempts(&self, webhook_ids: Vec<Uuid>) -> Result<Vec<(Uuid, LatestAttempts)>> {
        Ok(statistics::latest_attempts(&*self.read_session().await?, webhook_ids).await?)
    }

    async fn list_holds(&self, now: DateTime<Utc>) -> Result<Vec<Hold>> {
        Ok(holds::list(&self.own.session().await?, now).await?)
    }

    async fn tidy(&self, now: DateTime<Utc>) -> Result<bool> {
        let session = self.own.session().await?;
        let cancelled = cancellations::cancel_some(&session, now).await?;
        let expired = notifications::expire_some_keys(&session, now).await?;
        let erased = erasure::erase_some_responses(&session).await?;
        signing_secrets::remove_expired(&session, now).await?;
        nodes::remove_old_changes(&session).await?;
        Ok(cancelled || expired || erased)
    }

    async fn remove_old(&self, now: DateTime<Utc>) -> Result<bool> {
        Ok(in_transaction!(self.own, |transaction| retention::step(&transaction, &self.limits, now))?)
    }

    async fn probe_write(&self) -> Result<()> {
        Ok(properties::probe_write(&self.own.session().await?).await?)
    }

    async fn scan_backlog(&self, scan: BacklogScan) -> Result<BacklogScan> {
        Ok(backlog_counts::scan_backlog(&*self.read_session().await?, scan).await?)
    }

    async fn oldest_due(&self, waiting: Vec<WorkItem>) -> Result<DuePerLane> {
        Ok(backlog_counts::oldest_due(&*self.read_session().await?, &waiting).await?)
    }

    async fn storage_use(&self) -> Result<StorageUse> {
        Ok(self.space.measure(&self.own.session().await?).await?)
    }

    async fn pause_deliveries(&self, scope: PauseScope, now: DateTime<Utc>, event: &AuditEvent) -> Result<bool> {
        let event = EventRow::from(event);
        Ok(in_transaction!(self.own, |transaction| audit::after(&transaction, pauses::pause(&transaction, &scope, now), &event))?)
    }

    async fn resume_deliveries(&self, scope: PauseScope, now: DateTime<Utc>, event: &AuditEvent) -> Result<bool> {
        let event = EventRow::from(event);
        let resumed =
            in_transaction!(self.own, |transaction| audit::after(&transaction, pauses::resume(&transaction, &scope, now), &event))?;
        self.wakeup.notify();
        Ok(resumed)
    }

    async fn list_pauses(&self) -> Result<Vec<Pause>> {
        Ok(pauses::list(&self.own.session().await?).await?)
    }

    async fn create_token(&self, token: StoredToken, event: &AuditEvent) -> Result<()> {
        let event = EventRow::from(event);
        Ok(in_transaction!(self.own, |transaction| audit::insert_with(&transaction, &event, tokens::insert(&transaction, &token)))?)
    }

    async fn list_tokens(&self) -> Result<Vec<StoredToken>> {
        Ok(tokens::list(&*self.read_session().await?).await?)
    }

    async fn find_token(&self, hash: [u8; 32]) -> Result<Option<StoredToken>> {
        Ok(tokens::find(&self.own.session().await?, hash).await?)
    }

    async fn revoke_token(&self, id: Uuid, now: DateTime<Utc>, event: &AuditEvent) -> Result<bool> {
        let event = EventRow::from(event);
        Ok(in_transaction!(self.own, |transaction| audit::after(&transaction, tokens::revoke(&transaction, id, now), &event))?)
    }

    async fn record_audit_events(&self, events: &[AuditEvent]) -> Result<()> {
        let events: Vec<EventRow> = events.iter().map(EventRow::from).collect();
        Ok(audit::insert(&self.own.session().await?, &events).await?)
    }

    async fn list_audit_events(&self, filter: AuditFilter, page: Page) -> Result<Part<AuditEvent>> {
        Ok(audit::list(&*self.read_session().await?, &filter, page).await?)
    }

    async fn rotate_token(&self, rotation: TokenRotation, events: &[AuditEvent]) -> Result<bool> {
        let events: Vec<EventRow> = events.iter().map(EventRow::from).collect();
        Ok(in_transaction!(self.own, |transaction| tokens::rotate(&transaction, &rotation, &events))?)
    }

    async fn record_token_uses(&self, uses: Vec<(Uuid, DateTime<Utc>)>) -> Result<()> {
        Ok(tokens::record_uses(&self.own.session().await?, &uses).await?)
    }

    async fn list_keys(&self) -> Result<Vec<KeyRecord>> {
        Ok(keys::list(&self.own.session().await?).await?)
    }

    async fn begin_key_rotation(&self, next: KeyRecord, check_nodes: bool, event: &AuditEvent) -> Result<RotationStart> {
        let event = EventRow::from(event);
        Ok(in_transaction!(keys::begin_alone, self.own, |transaction| keys::begin_rotation(&transaction, &next, check_nodes, &event))?)
    }

    async fn reseal_webhook(&self, id: Uuid, before: SealedValues, after: SealedValues) -> Result<bool> {
        Ok(keys::reseal_webhook(&self.own.session().await?, id, &before, &after).await?)
    }

    async fn reseal_key(&self, id: String, before: Sealed, after: Sealed) -> Result<bool> {
        Ok(keys::reseal_key(&self.own.session().await?, &id, &before, &after).await?)
    }

    async fn finish_key_rotation(&self, event: &AuditEvent) -> Result<bool> {
        let event = EventRow::from(event);
        Ok(in_transaction!(self.own, |transaction| audit::after(&transaction, keys::finish_rotation(&transaction), &event))?)
    }

    async fn join(&self, master_keys: Vec<KeyId>) -> Result<()> {
        self.node.set_master_keys(held_keys_to_text(&master_keys));
        nodes::join(&self.own.session().await?, &self.node).await.map_err(Into::into)
    }

    async fn keep_alive(&self) -> Result<Fleet> {
        let session = self.own.session().await?;
        let mut fleet = nodes::keep_alive(&session, &self.node, &self.wakeup).await?;
        fleet.keys = self.known_keys.if_changed(keys::list(&session).await?);
        if fleet.keys.is_some() {
            // The cache may have values that were sealed with a key that is retired now.
            self.cache.forget_all();
        }
        Ok(fleet)
    }

    fn holds(&self, lease: Uuid) -> bool {
        self.node.holds(lease)
    }

    async fn stop_leasing(&self) -> Result<()> {
        let session = self.own.session().await?;
        nodes::stop_leasing(&session, &self.node).await?;
        self.wakeup.notify_now(&session).await?;
        Ok(())
    }

    async fn wait_for_wakeup(&self) {
        self.wakeup.wait_for_wakeup().await;
    }

    async fn release_leases(&self) -> Result<()> {
        let session = self.own.session().await?;
        nodes::release_leases(&session, &self.node).await?;
        self.wakeup.notify_now(&session).await?;
        Ok(())
    }
}
