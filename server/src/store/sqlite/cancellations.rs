//! Cancelling the pending deliveries of a webhook that was deactivated or deleted.

use super::*;
use crate::store::shared::CANCELLED_AT_ONCE;

pub(super) fn insert(connection: &Connection, id: Uuid) -> rusqlite::Result<()> {
    for table in ["ready", "sequences"] {
        connection.prepare_cached(&format!("DELETE FROM {table} WHERE webhook_id = ?1"))?.execute([Key(id)])?;
    }
    connection
        .prepare_cached("INSERT OR REPLACE INTO cancellations (webhook_id, epoch) SELECT id, epoch FROM webhooks WHERE id = ?1")?
        .execute([Key(id)])?;
    Ok(())
}

/// Stores the status `cancelled` in some pending deliveries of a deactivated or deleted webhook: `of_webhook`, or any
/// webhook if it is `None`. Returns true if more deliveries may be left. If an attempt of a delivery is in flight, the
/// delivery keeps its lease until the attempt ends.
pub(super) fn cancel_step(connection: &Connection, of_webhook: Option<Uuid>, now: DateTime<Utc>) -> rusqlite::Result<bool> {
    let (first, last) = of_webhook.map_or((Uuid::nil(), Uuid::max()), |id| (id, id));
    let next = connection
        .prepare_cached("SELECT webhook_id, epoch FROM cancellations WHERE webhook_id BETWEEN ?1 AND ?2 LIMIT 1")?
        .query_row([Key(first), Key(last)], |row| Ok((row.get::<_, Key>(0)?, row.get::<_, u32>(1)?)))
        .optional()?;
    let Some((webhook_id, epoch)) = next else { return Ok(false) };
    let marked = connection
        .prepare_cached(
            "UPDATE deliveries SET status = 3, due_at = ?4 WHERE id IN (
                 SELECT id FROM deliveries INDEXED BY deliveries_waiting
                 WHERE webhook_id = ?1 AND epoch <= ?2 AND status = 0 LIMIT ?3)",
        )?
        .execute((&webhook_id, epoch, CANCELLED_AT_ONCE, Millis(now)))?;
    if (marked as i64) < CANCELLED_AT_ONCE {
        connection.prepare_cached("DELETE FROM cancellations WHERE webhook_id = ?1")?.execute([&webhook_id])?;
    }
    Ok(true)
}
