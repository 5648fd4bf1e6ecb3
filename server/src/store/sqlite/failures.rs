//! Counting the failed attempts of webhooks since they last accepted something.

use std::collections::HashSet;

use super::*;

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
