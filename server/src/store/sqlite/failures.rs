//! The failed attempts of each webhook since the last success of the webhook.

use std::collections::HashSet;

use super::*;

/// Resets the failures of a webhook, for example after a success.
pub(super) fn remove(connection: &Connection, cache: &SubscriptionCache, webhook_id: Uuid) -> rusqlite::Result<()> {
    if cache.is_failing(connection, webhook_id)? {
        connection.prepare_cached("DELETE FROM failures WHERE webhook_id = ?1")?.execute([Key(webhook_id)])?;
        cache.recovered(webhook_id);
    }
    Ok(())
}

pub(super) fn webhooks(connection: &Connection) -> rusqlite::Result<HashSet<Uuid>> {
    connection.prepare_cached("SELECT webhook_id FROM failures")?.query_map([], |row| row.get::<_, Key>(0).map(|key| key.0))?.collect()
}
