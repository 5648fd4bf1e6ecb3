//! Deactivating a webhook, and telling its account.

use super::*;
use crate::api::operational::{AboutWebhook, WebhookDeactivated};
use crate::store::shared::failures::{self as shared, Verdict};

/// Nothing of the webhook goes out any more, and what is pending counts as cancelled from here on. The account is told, unless
/// it is only asked for a handshake. Answers the revision that the webhook has now; `None` when it was not to be deactivated,
/// because what an attempt came to says nothing any more of a webhook that another has put out of service meanwhile.
pub(super) async fn deactivate(session: &Session, account: &str, id: Uuid, reason: &str, now: DateTime<Utc>) -> Answer<Option<u32>> {
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
    failures::forget(session, id).await?;
    if reason != REASON_UNVERIFIED {
        let told = WebhookDeactivated { webhook: AboutWebhook { id, target_url }, reason: reason.to_owned(), at: now };
        operational::publish(session, account, &told, now).await?;
    }
    // Behind what others wait for: see there.
    cancellations::insert(session, id).await?;
    webhook_rows::note_change(session, account, id, revision).await?;
    Ok(Some(count(revision)))
}

/// What follows from what has failed of a webhook. If that was too much, the webhook is deactivated, and this says which
/// revision it has then and how much it was; if it is half of that, its account is warned once.
pub(super) async fn judge_failures(
    session: &Session,
    webhook: &Destination,
    patience: Patience,
    failures: Failures,
    warned: bool,
    at: DateTime<Utc>,
) -> Answer<Option<(u32, Failures)>> {
    match shared::judge(webhook, patience, failures, warned, at) {
        Verdict::Deactivate => {
            let deactivated = deactivate(session, &webhook.account, webhook.webhook_id, REASON_FAILING, at).await?;
            return Ok(deactivated.map(|revision| (revision, failures)));
        }
        Verdict::Warn(told) => {
            session.execute("UPDATE failures SET warned = true WHERE webhook_id = $1", &[&webhook.webhook_id]).await?;
            operational::publish(session, &webhook.account, &told, at).await?;
        }
        Verdict::Nothing => {}
    }
    Ok(None)
}
