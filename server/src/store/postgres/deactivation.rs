//! Deactivating a webhook and notifying its account.

use super::*;
use crate::api::operational::{AboutWebhook, WebhookDeactivated};
use crate::store::shared::failures::{self as shared, Verdict};

/// Deactivates a webhook. Its pending deliveries count as cancelled from now on. Publishes a notification to the
/// account, except if the reason is a required handshake. Returns the new revision, or `None` if the webhook does not
/// exist. If the reason comes from an attempt and the webhook is already deactivated, changes nothing and returns
/// `None`.
pub(super) async fn deactivate(session: &Session, account: &str, id: Uuid, reason: &str, now: DateTime<Utc>) -> SessionResult<Option<u32>> {
    let by_attempt = [REASON_GONE, REASON_FAILING].contains(&reason);
    let deactivated = session
        .query_opt(
            "UPDATE webhooks SET deactivation_reason = $2, deactivated_at = $3, revision = revision + 1, updated_at = $3
             WHERE id = $1 AND deleted_at IS NULL AND (NOT $4 OR deactivation_reason IS NULL)
             RETURNING target_url, revision",
            &[&id, &reason, &now, &by_attempt],
        )
        .await?;
    let Some(row) = deactivated else { return Ok(None) };
    let (target_url, revision): (String, i32) = (row.try_get(0)?, row.try_get(1)?);
    failures::remove(session, id).await?;
    if reason != REASON_UNVERIFIED {
        let event = WebhookDeactivated { webhook: AboutWebhook { id, target_url }, reason: reason.to_owned(), at: now };
        operational::publish(session, account, &event, now).await?;
    }
    // This call comes after the statements above. If they must wait for other transactions, no other transaction has to
    // wait for the rows that this call locks.
    cancellations::insert(session, id).await?;
    webhook_rows::note_change(session, account, id, revision).await?;
    Ok(Some(count(revision)))
}

/// Applies the deactivation policy to the failures of a webhook. If the failures exceed the limits of the policy,
/// deactivates the webhook and returns its new revision and the failures. After half of the policy's time, warns the
/// account once.
pub(super) async fn judge_failures(
    session: &Session,
    webhook: &Destination,
    policy: DeactivationPolicy,
    failures: Failures,
    warned: bool,
    at: DateTime<Utc>,
) -> SessionResult<Option<(u32, Failures)>> {
    match shared::judge(webhook, policy, failures, warned, at) {
        Verdict::Deactivate => {
            let deactivated = deactivate(session, &webhook.account, webhook.webhook_id, REASON_FAILING, at).await?;
            return Ok(deactivated.map(|revision| (revision, failures)));
        }
        Verdict::Warn(event) => {
            session.execute("UPDATE failures SET warned = true WHERE webhook_id = $1", &[&webhook.webhook_id]).await?;
            operational::publish(session, &webhook.account, &event, at).await?;
        }
        Verdict::Nothing => {}
    }
    Ok(None)
}
