//! Webhooks that accept nothing, and when that has been enough.

use std::collections::HashSet;

use super::*;
use crate::api::operational::{AboutWebhook, WebhookFailing};

/// Counts an attempt of an active webhook that failed. If that was one too many, the webhook is deactivated, and this says
/// how much has failed.
pub(super) fn count(
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
    let time = at - failures.since;
    if time > patience.time && failures.attempts >= patience.attempts {
        webhooks::deactivate_because(connection, directory, &webhook.account, webhook.webhook_id, REASON_FAILING, at)?;
        return Ok(Some(failures));
    }
    if !warned && time * 2 >= patience.time {
        connection.prepare_cached("UPDATE failures SET warned = 1 WHERE webhook_id = ?1")?.execute([Key(webhook.webhook_id)])?;
        let told = WebhookFailing {
            webhook: AboutWebhook { id: webhook.webhook_id, target_url: webhook.target_url.clone() },
            since: failures.since,
            attempts: failures.attempts,
            deactivation_expected_at: failures.since + patience.time,
        };
        operational::publish(connection, directory, &webhook.account, &told, at)?;
    }
    Ok(None)
}

/// What was counted of a webhook says nothing any more: it has accepted something, or begins anew.
pub(super) fn forget(connection: &Connection, directory: &Directory, webhook_id: Uuid) -> rusqlite::Result<()> {
    if directory.is_failing(connection, webhook_id)? {
        connection.prepare_cached("DELETE FROM failures WHERE webhook_id = ?1")?.execute([Key(webhook_id)])?;
        directory.recovered(webhook_id);
    }
    Ok(())
}

pub(super) fn webhooks(connection: &Connection) -> rusqlite::Result<HashSet<Uuid>> {
    connection.prepare_cached("SELECT webhook_id FROM failures")?.query_map([], |row| row.get::<_, Key>(0).map(|key| key.0))?.collect()
}
