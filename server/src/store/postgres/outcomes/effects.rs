//! The events that a batch of outcomes causes: deactivations and recoveries of webhooks.

use super::*;
use crate::store::shared::failures as shared;

/// Publishes `webhook.recovered` for each webhook in `ended`. The account of such a webhook was warned, and the batch has a
/// success of the webhook.
pub(super) async fn publish_recoveries(
    session: &Session,
    batch: &[Command],
    mut ended: Vec<(Uuid, Failures)>,
    finished: &mut [FinishedAttempt],
) -> SessionResult<()> {
    ended.sort_unstable_by_key(|(webhook_id, _)| *webhook_id);
    for (webhook_id, failures) in ended {
        let accepted = |command: &Command| command.finish.next == Next::Succeeded && command.finish.destination.webhook_id == webhook_id;
        let Some(position) = batch.iter().position(accepted) else { continue };
        let Command { finish: EndedAttempt { destination, attempt, .. }, now, .. } = &batch[position];
        let at = attempt.ended_at(*now);
        operational::publish(session, &destination.account, &shared::recovered(destination, failures, at), at).await?;
        finished[position].recovered = true;
    }
    Ok(())
}

impl FinishedAttempt {
    /// Stores the event of a deactivation by this attempt.
    pub(super) async fn record_deactivation(
        &mut self,
        session: &Session,
        account: &str,
        webhook_id: Uuid,
        deactivated: Deactivated,
        at: DateTime<Utc>,
    ) -> SessionResult<()> {
        let event = AuditEvent::of_service(DEACTIVATED, account, webhook_id, deactivated.cause.reason(), at);
        audit::insert(session, &[EventRow::from(&event)]).await?;
        (self.deactivated, self.event) = (Some(deactivated), Some(event));
        Ok(())
    }
}
