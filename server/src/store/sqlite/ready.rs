//! The table `ready`. It has the due time of the next delivery of each webhook and lane.

use super::*;

/// The maximum number of due rows that one leasing round removes from the table.
const MAX_READY_PER_ROUND: u32 = 256;

/// Rebuilds the table after earlier leases became void. The cost is one index search for each webhook and lane. It does
/// not depend on the number of deliveries. The next leasing rounds examine all work in the lanes `fresh` and `ordered`.
/// The stored due times in these lanes may be in the future, if the clock was wrong during the publish.
pub(super) fn rebuild(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM ready", [])?;
    refresh(connection, "?3 IS NULL", &rusqlite::types::Value::Null)
}

/// Adds the missing rows of some webhooks. `of_webhooks` is a condition with the table alias `w` and the parameter
/// `?3`. If a row exists and has an earlier due time, the row does not change.
pub(super) fn refresh(connection: &Connection, of_webhooks: &str, parameter: &rusqlite::types::Value) -> rusqlite::Result<()> {
    let mut refresh = connection.prepare(&format!(
        "INSERT INTO ready (webhook_id, lane, due_at)
         SELECT webhook_id, lane, due_at FROM (
             SELECT w.id AS webhook_id, lanes.lane AS lane,
                    (SELECT iif(lanes.lane = 1, d.due_at, 0) FROM deliveries d INDEXED BY deliveries_waiting
                     WHERE d.webhook_id = w.id AND d.epoch = w.epoch AND d.lane = lanes.lane AND d.status = 0
                     ORDER BY d.due_at LIMIT 1) AS due_at
             FROM webhooks w, (SELECT 0 AS lane UNION ALL SELECT 1 UNION ALL SELECT 2) AS lanes
             WHERE w.deleted_at IS NULL AND w.deactivation_reason IS NULL AND {of_webhooks})
         WHERE due_at IS NOT NULL
         ON CONFLICT DO UPDATE SET due_at = min(due_at, excluded.due_at)"
    ))?;
    // The condition uses parameter 3, as in `pauses`.
    refresh.raw_bind_parameter(3, parameter)?;
    refresh.raw_execute()?;
    Ok(())
}

/// Records that a delivery of the work item falls due at `due_at`.
pub(super) fn mark(connection: &Connection, work: WorkItem, due_at: DateTime<Utc>) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO ready (webhook_id, lane, due_at) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET due_at = min(due_at, excluded.due_at)",
        )?
        .execute((Key(work.webhook_id), work.lane, Millis(due_at)))?;
    Ok(())
}

/// Removes due work from the table and returns this work.
pub(super) fn take_due(connection: &Connection, now: DateTime<Utc>) -> rusqlite::Result<Vec<WorkItem>> {
    let due: Vec<WorkItem> = connection
        .prepare_cached("SELECT webhook_id, lane FROM ready WHERE due_at <= ?1 ORDER BY due_at LIMIT ?2")?
        .query_map((Millis(now), MAX_READY_PER_ROUND), |row| Ok(WorkItem { webhook_id: row.get::<_, Key>(0)?.0, lane: row.get(1)? }))?
        .collect::<rusqlite::Result<_>>()?;
    let mut remove = connection.prepare_cached("DELETE FROM ready WHERE webhook_id = ?1 AND lane = ?2")?;
    for work in &due {
        remove.execute((Key(work.webhook_id), work.lane))?;
    }
    Ok(due)
}
