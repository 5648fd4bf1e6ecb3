//! The failed attempts of each webhook since the last success of the webhook.

use std::collections::HashSet;

use super::*;

/// Resets the failures of a webhook, for example after a success. If the account was warned about them, returns them.
pub(super) fn remove(connection: &Connection, cache: &SubscriptionCache, webhook_id: Uuid) -> rusqlite::Result<Option<Failures>> {
    if !cache.is_failing(connection, webhook_id)? {
        return Ok(None);
    }
    let removed = connection
        .prepare_cached("DELETE FROM failures WHERE webhook_id = ?1 RETURNING since, attempts, warned")?
        .query_row([Key(webhook_id)], |row| {
            let failures = Failures { since: row.get::<_, Millis>(0)?.0, attempts: row.get(1)? };
            Ok(row.get::<_, bool>(2)?.then_some(failures))
        })
        .optional()?;
    cache.recovered(webhook_id);
    Ok(removed.flatten())
}

pub(super) fn webhooks(connection: &Connection) -> rusqlite::Result<HashSet<Uuid>> {
    connection.prepare_cached("SELECT webhook_id FROM failures")?.query_map([], |row| row.get::<_, Key>(0).map(|key| key.0))?.collect()
}
