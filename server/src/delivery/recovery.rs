//! Recovers deliveries that are failed or cancelled, in small steps. Other writes can run between the steps.

use super::*;
use crate::api::types::{Account, AuditEvent, MAX_DELIVERIES_PER_CALL};
use crate::store::{Cause, RECOVERY_STEP, Recovery, RecoveryPosition, RecoveryStep};

/// The result of one call of `recover`.
#[derive(Debug)]
pub enum Recovered {
    /// `count` deliveries are due again. With `dry_run`, nothing changes, and `count` is the number of deliveries that
    /// the same call without `dry_run` would make due. If `next` is set, there may be more deliveries after this
    /// position.
    Some {
        count: u32,
        next: Option<RecoveryPosition>,
    },
    NoSuchWebhook,
    WebhookDeactivated,
}

impl Engine {
    /// Makes those deliveries of a webhook due again that are failed or cancelled, the oldest first. One call recovers
    /// at most `MAX_DELIVERIES_PER_CALL` deliveries. Repeating the call is safe: recovered deliveries are no longer
    /// failed or cancelled.
    ///
    /// # Errors
    /// When the store is unavailable. Deliveries of the steps before the error stay due.
    pub async fn recover(&self, account: &Account, recovery: Recovery, cause: &Cause, mut event: AuditEvent) -> store::Result<Recovered> {
        let recovered = self.recover_in_steps(account, recovery, cause, &mut event).await;
        // The steps before an error are stored with their event.
        if event.count.is_some() {
            self.settings.audit_log.write(&event);
        }
        recovered
    }

    /// Adds the number of recovered deliveries to the count of the event, as the store does.
    async fn recover_in_steps(
        &self,
        account: &Account,
        recovery: Recovery,
        cause: &Cause,
        event: &mut AuditEvent,
    ) -> store::Result<Recovered> {
        let mut count = 0;
        let mut after = recovery.after;
        // Steps that only prepare the recovery also count, because they take about as much time as other steps. So the
        // number of steps of a call is limited.
        for _ in 0..MAX_DELIVERIES_PER_CALL / RECOVERY_STEP {
            let step = Recovery { after, ..recovery };
            let step = self.store.recover_deliveries(account.clone(), step, cause.clone(), self.clock.now(), event).await?;
            if let Some(recovered) = step.recovered(recovery.dry_run) {
                event.count = Some(event.count.unwrap_or_default() + recovered);
            }
            match step {
                RecoveryStep::Recovered { count: recovered, next } => {
                    count += recovered;
                    if recovered > 0 && !recovery.dry_run {
                        self.wake_up();
                    }
                    if next.is_none() {
                        return Ok(Recovered::Some { count, next });
                    }
                    after = next;
                }
                RecoveryStep::Prepared => {}
                RecoveryStep::NoSuchWebhook => return Ok(Recovered::NoSuchWebhook),
                RecoveryStep::WebhookDeactivated => return Ok(Recovered::WebhookDeactivated),
            }
        }
        // If all steps only prepared the recovery, `next` is the position before the first delivery.
        let next = after.unwrap_or((recovery.since, Uuid::nil()));
        Ok(Recovered::Some { count, next: Some(next) })
    }
}
