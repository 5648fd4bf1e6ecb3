//! Deactivating a webhook, and telling its account.

use super::*;
use crate::api::operational::{AboutWebhook, WebhookDeactivated};
use crate::store::shared::failures::{self as shared, Verdict};

/// Nothing of the webhook goes out any more, and what is pending counts as cancelled from here on. The account is told, unless
/// it is only asked for a handshake.
pub(super) fn deactivate(
    connection: &Connection,
    directory: &Directory,
    account: &str,
    id: Uuid,
    reason: &str,
    now: DateTime<Utc>,
) -> rusqlite::Result<()> {
    directory.forget(account, id);
    failures::forget(connection, directory, id)?;
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
    let told = WebhookDeactivated { webhook: AboutWebhook { id, target_url }, reason: reason.to_owned(), at: now };
    operational::publish(connection, directory, account, &told, now)
}

/// Counts an attempt of an active webhook that failed. If that was one too many, the webhook is deactivated, and this says
/// how much has failed.
pub(super) fn count_failure(
    connection: &Connection,
    directory: &Directory,
    webhook: &Destination,
    patience: Patience,
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
    directory.failed(webhook.webhook_id);
    match shared::judge(webhook, patience, failures, warned, at) {
        Verdict::Deactivate => {
            deactivate(connection, directory, &webhook.account, webhook.webhook_id, REASON_FAILING, at)?;
            return Ok(Some(failures));
        }
        Verdict::Warn(told) => {
            connection.prepare_cached("UPDATE failures SET warned = 1 WHERE webhook_id = ?1")?.execute([Key(webhook.webhook_id)])?;
            operational::publish(connection, directory, &webhook.account, &told, at)?;
        }
        Verdict::Nothing => {}
    }
    Ok(None)
}
