//! Deactivating a webhook, and publishing a notification about it to the account.

use super::*;
use crate::api::operational::{AboutWebhook, WebhookDeactivated};
use crate::store::shared::failures::{self as shared, Verdict};

/// Deactivates a webhook. From now on, the pending deliveries of the webhook count as cancelled. Publishes a
/// notification to the account, except if the webhook waits for a handshake.
pub(super) fn deactivate(
    connection: &Connection,
    cache: &SubscriptionCache,
    account: &str,
    id: Uuid,
    reason: &str,
    now: DateTime<Utc>,
) -> rusqlite::Result<()> {
    cache.forget(account, id);
    failures::remove(connection, cache, id)?;
    let target_url = connection
        .prepare_cached(
            "UPDATE webhooks SET deactivation_reason = ?2, deactivated_at = ?3, revision = revision + 1, updated_at = ?3 WHERE id = ?1
             RETURNING target_url",
        )?
        .query_row((Key(id), reason, Millis(now)), |row| row.get(0))?;
    cancellations::insert(connection, id)?;
    if reason == REASON_UNVERIFIED {
        return Ok(());
    }
    let event = WebhookDeactivated { webhook: AboutWebhook { id, target_url }, reason: reason.to_owned(), at: now };
    operational::publish(connection, cache, account, &event, now)
}

/// Counts a failed attempt of an active webhook. If there is a policy and it then requires it, deactivates the webhook
/// and returns the failures.
pub(super) fn count_failure(
    connection: &Connection,
    cache: &SubscriptionCache,
    webhook: &Destination,
    policy: Option<DeactivationPolicy>,
    at: DateTime<Utc>,
) -> rusqlite::Result<Option<Failures>> {
    let (failures, warned) = connection
        .prepare_cached(
            "INSERT INTO failures (webhook_id, since, attempts, warned) VALUES (?1, ?2, 1, 0)
             ON CONFLICT DO UPDATE SET attempts = attempts + 1 RETURNING since, attempts, warned",
        )?
        .query_row((Key(webhook.webhook_id), Millis(at)), |row| {
            Ok((Failures { since: row.get::<_, Millis>(0)?.0, attempts: row.get(1)? }, row.get::<_, bool>(2)?))
        })?;
    cache.failed(webhook.webhook_id);
    let Some(policy) = policy else { return Ok(None) };
    match shared::judge(webhook, policy, failures, warned, at) {
        Verdict::Deactivate => {
            deactivate(connection, cache, &webhook.account, webhook.webhook_id, REASON_FAILING, at)?;
            return Ok(Some(failures));
        }
        Verdict::Warn(event) => {
            connection.prepare_cached("UPDATE failures SET warned = 1 WHERE webhook_id = ?1")?.execute([Key(webhook.webhook_id)])?;
            operational::publish(connection, cache, &webhook.account, &event, at)?;
        }
        Verdict::Nothing => {}
    }
    Ok(None)
}
