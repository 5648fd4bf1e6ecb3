//! Changes many deliveries in small steps. Other writes can run between the steps.

use super::*;
use crate::api::types::{Account, AuditEvent, MAX_DELIVERIES_PER_CALL};
use crate::store::{Page, RECOVERY_STEP, Selection, SelectionStart, SelectionStep, WebhookFilter};

/// The result of one call.
#[derive(Debug)]
pub enum Changed {
    /// `count` deliveries were changed, or counted by a dry run. If `next` is set, there may be more deliveries after this
    /// webhook and this delivery.
    Some {
        count: u32,
        next: Option<(Uuid, Uuid)>,
    },
    NoSuchWebhook,
    WebhookDeactivated,
}

impl Engine {
    /// Changes selected deliveries of a webhook, or of all webhooks of the account if `webhook_id` is `None`. The newest
    /// webhook comes first. One call examines at most `MAX_DELIVERIES_PER_CALL` deliveries, and begins after the position
    /// `after`.
    ///
    /// # Errors
    /// When the store is unavailable. The changes of the steps before the error stay.
    pub async fn change_deliveries(
        &self,
        account: &Account,
        webhook_id: Option<Uuid>,
        selection: &Selection,
        after: Option<(Uuid, Uuid)>,
        mut event: AuditEvent,
    ) -> store::Result<Changed> {
        let changed = self.change_in_steps(account, webhook_id, selection, after, &mut event).await;
        // The steps before an error are stored with their event.
        if event.count.is_some() {
            self.settings.audit_log.write(&event);
        }
        changed
    }

    async fn change_in_steps(
        &self,
        account: &Account,
        named: Option<Uuid>,
        selection: &Selection,
        after: Option<(Uuid, Uuid)>,
        event: &mut AuditEvent,
    ) -> store::Result<Changed> {
        let (mut count, mut after_delivery) = (0, after.map(|(_, delivery)| delivery));
        let mut current = match (named, after) {
            (Some(id), _) => Some(id),
            (None, Some((id, _))) => Some(id),
            (None, None) => self.next_webhook(account, None).await?,
        };
        // Each webhook needs at least one step, so the number of steps of a call is limited.
        for _ in 0..MAX_DELIVERIES_PER_CALL / RECOVERY_STEP {
            let Some(webhook_id) = current else { return Ok(Changed::Some { count, next: None }) };
            let start = SelectionStart { webhook_id, after: after_delivery };
            let step = self.store.change_deliveries(account.clone(), selection.clone(), start, self.clock.now(), event).await?;
            if let Some(changed) = step.changed(selection.dry_run) {
                event.count = Some(event.count.unwrap_or_default() + changed);
            }
            match (step, named) {
                (SelectionStep::Changed { count: changed, next }, _) => {
                    count += changed;
                    if changed > 0 && !selection.dry_run {
                        self.wake_up();
                    }
                    after_delivery = next;
                }
                (SelectionStep::NoSuchWebhook, Some(_)) => return Ok(Changed::NoSuchWebhook),
                (SelectionStep::WebhookDeactivated, Some(_)) => return Ok(Changed::WebhookDeactivated),
                (SelectionStep::NoSuchWebhook | SelectionStep::WebhookDeactivated, None) => after_delivery = None,
            }
            if after_delivery.is_none() {
                current = if named.is_some() { None } else { self.next_webhook(account, current).await? };
            }
        }
        // A webhook without a position has not been examined yet.
        Ok(Changed::Some { count, next: current.map(|webhook_id| (webhook_id, after_delivery.unwrap_or_default())) })
    }

    /// Returns the webhook that the account registered before `after`, or its newest webhook.
    async fn next_webhook(&self, account: &Account, after: Option<Uuid>) -> store::Result<Option<Uuid>> {
        let filter = WebhookFilter { account: Some(account.clone()), ..WebhookFilter::default() };
        let page = self.store.list_webhooks(filter, Page { after, limit: 1 }).await?;
        Ok(page.items.first().map(|webhook| webhook.id))
    }
}
