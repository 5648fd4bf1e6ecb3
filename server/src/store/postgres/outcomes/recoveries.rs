//! The end of failures about which an account was warned.

use super::*;
use crate::store::shared::failures as shared;

/// Publishes `webhook.recovered` for each webhook in `ended`. The account of such a webhook was warned, and the batch has a
/// success of the webhook.
pub(super) async fn publish(
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
