//! The pauses for which receivers have asked.

use super::*;

/// Stores a hold, and removes those that have ended. A shorter hold does not replace a longer one. The hold begins now,
/// unless an earlier one has not ended.
pub(super) fn store(connection: &Connection, webhook_id: Uuid, until: DateTime<Utc>, now: DateTime<Utc>) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM holds WHERE held_until <= ?1")?.execute([Millis(now)])?;
    connection
        .prepare_cached(
            "INSERT INTO holds (webhook_id, since, held_until) VALUES (?1, ?3, ?2)
             ON CONFLICT DO UPDATE SET held_until = max(held_until, excluded.held_until)",
        )?
        .execute((Key(webhook_id), Millis(until), Millis(now)))
        .map(drop)
}

pub(super) fn remove(connection: &Connection, webhook_id: Uuid) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM holds WHERE webhook_id = ?1")?.execute([Key(webhook_id)]).map(drop)
}

/// Returns the holds that have not ended.
pub(super) fn list(connection: &Connection, now: DateTime<Utc>) -> rusqlite::Result<Vec<Hold>> {
    let mut statement = connection.prepare_cached("SELECT webhook_id, held_until FROM holds WHERE held_until > ?1")?;
    let holds = statement.query_map([Millis(now)], |row| Ok((row.get::<_, Key>(0)?.0, row.get::<_, Millis>(1)?.0)))?;
    holds.collect()
}
