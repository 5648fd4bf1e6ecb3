//! Removing old rows. [`shared::retention`](crate::store::shared::retention) defines what is removed and when.

use super::*;
use crate::store::shared::retention::{self as shared, LOOKED_AT_ONCE, OF_WEBHOOK, Passed, REMOVED_BYTES, Walk};
use crate::store::shared::statistics::ROUND;

/// The maximum number of deliveries, notifications or webhooks that one part of a step removes.
const MAX_REMOVED: u32 = 200;

/// The file shrinks only if it has more than this number of free pages, and if they are more than a quarter of all
/// pages. Each step removes at most [`MAX_PAGES_FREED`] free pages from the file. SQLite reuses the remaining free
/// pages.
const MIN_FREE_PAGES: i64 = 256;
const MAX_PAGES_FREED: u32 = 64;

/// Runs one step of each removal. Returns true if there is more to do now.
pub(super) fn step(connection: &Connection, limits: &StorageLimits, incarnation: Uuid, now: DateTime<Utc>) -> rusqlite::Result<bool> {
    let round = shared::round(limits);
    let mut more = false;
    for (name, keep, round) in [("succeeded", limits.keep_succeeded, None), ("failed", limits.keep_failed, Some(round))] {
        more |= walk(connection, name, round, now, |reached| {
            remove_deliveries(connection, limits, incarnation, reached, shared::created_by(keep, now), now)
        })?;
    }
    more |= walk(connection, "tombstones", Some(round), now, |reached| remove_tombstones(connection, reached))?;
    more |= walk(connection, "statistics", Some(ROUND), now, |reached| statistics::merge_old(connection, reached, now))?;
    more |= remove_notifications_for_nobody(connection, shared::for_nobody_created_by(limits, now))?;
    let keep_events_since = now - limits.keep_audit_events;
    more |= audit::remove_old(connection, keep_events_since)?;
    more |= walk(connection, "registrants", Some(round), now, |reached| audit::remove_registrants(connection, reached, keep_events_since))?;
    more |= shrink(connection)?;
    Ok(more)
}

/// Runs one step of a walk. Returns true if there is more to do now.
fn walk(
    connection: &Connection,
    name: &'static str,
    round: Option<TimeDelta>,
    now: DateTime<Utc>,
    part: impl FnOnce(Uuid) -> rusqlite::Result<Passed>,
) -> rusqlite::Result<bool> {
    let found = connection
        .prepare_cached("SELECT reached, begun_at FROM walks WHERE name = ?1")?
        .query_row([name], |row| Ok((row.get::<_, Key>(0)?.0, row.get::<_, Millis>(1)?.0)))
        .optional()?;
    let (reached, begun_at) = found.unwrap_or((Uuid::nil(), now));
    let mut walk = Walk { name, reached, begun_at };
    let moved = walk.advance(&part(reached)?, round, now);
    if moved.save {
        connection.prepare_cached("INSERT OR REPLACE INTO walks (name, reached, begun_at) VALUES (?1, ?2, ?3)")?.execute((
            walk.name,
            Key(walk.reached),
            Millis(walk.begun_at),
        ))?;
    }
    Ok(moved.more)
}

/// Examines deliveries that were created at `created_by` or earlier. Removes the deliveries whose retention time has
/// passed.
fn remove_deliveries(
    connection: &Connection,
    limits: &StorageLimits,
    incarnation: Uuid,
    after: Uuid,
    created_by: DateTime<Utc>,
    now: DateTime<Utc>,
) -> rusqlite::Result<Passed> {
    struct Old {
        id: Uuid,
        notification_id: Uuid,
        removable: bool,
    }
    let old: Vec<Old> = connection
        .prepare_cached(
            "SELECT id, notification_id, created_at, status, due_at, leased_by IS ?2 FROM deliveries WHERE id > ?1 ORDER BY id LIMIT ?3",
        )?
        .query_and_then((Key(after), Key(incarnation), LOOKED_AT_ONCE), |row| {
            if row.get::<_, Millis>(2)?.0 > created_by {
                return Ok(None);
            }
            let keep = match row.get(3)? {
                0 => None,
                1 => Some(limits.keep_succeeded),
                _ => Some(limits.keep_failed),
            };
            let ended_at = row.get::<_, Millis>(4)?.0;
            // A delivery that was cancelled during an attempt stays until the attempt is recorded.
            let is_leased: bool = row.get(5)?;
            let removable = !is_leased && keep.is_some_and(|keep| ended_at + keep <= now);
            Ok(Some(Old { id: row.get::<_, Key>(0)?.0, notification_id: row.get::<_, Key>(1)?.0, removable }))
        })?
        .map_while(rusqlite::Result::transpose)
        .collect::<rusqlite::Result<_>>()?;
    let (mut removed, mut bytes, mut reached) = (0, 0, None);
    for delivery in &old {
        if removed == MAX_REMOVED || bytes >= REMOVED_BYTES {
            return Ok(Passed { reached, more: true });
        }
        if delivery.removable {
            removed += 1;
            bytes += remove_delivery(connection, delivery.id, delivery.notification_id)?;
        }
        reached = Some(delivery.id);
    }
    Ok(Passed { reached, more: old.len() == LOOKED_AT_ONCE as usize })
}

/// Removes a delivery and its attempts. Also removes the notification if the notification has no other delivery.
/// Returns the size of the removed payload in bytes.
fn remove_delivery(connection: &Connection, id: Uuid, notification_id: Uuid) -> rusqlite::Result<i64> {
    connection.prepare_cached("DELETE FROM attempts WHERE delivery_id = ?1")?.execute([Key(id)])?;
    connection.prepare_cached("DELETE FROM deliveries WHERE id = ?1")?.execute([Key(id)])?;
    let payload: Option<Option<i64>> = connection
        .prepare_cached(
            "DELETE FROM notifications WHERE id = ?1
                 AND NOT EXISTS (SELECT 1 FROM deliveries INDEXED BY deliveries_of_notification WHERE notification_id = ?1)
             RETURNING octet_length(data)",
        )?
        .query_row([Key(notification_id)], |row| row.get(0))
        .optional()?;
    if payload == Some(None) {
        // If an API call had deleted the notification, there may be a row in `erasures`. The attempts and their
        // responses are removed now, so the erasure is complete.
        connection.prepare_cached("DELETE FROM erasures WHERE notification_id = ?1")?.execute([Key(notification_id)])?;
    }
    Ok(payload.flatten().unwrap_or_default())
}

/// Removes old notifications that never had a delivery. Returns true if more notifications may be left.
fn remove_notifications_for_nobody(connection: &Connection, created_by: DateTime<Utc>) -> rusqlite::Result<bool> {
    let oldest: Vec<(Key, Millis)> = connection
        .prepare_cached(
            "SELECT id, created_at FROM notifications INDEXED BY notifications_for_nobody WHERE delivery_count = 0 ORDER BY id LIMIT ?1",
        )?
        .query_map([MAX_REMOVED], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let (mut removed, mut bytes) = (0, 0);
    for (id, _) in oldest.iter().take_while(|(_, created_at)| created_at.0 <= created_by) {
        if bytes >= REMOVED_BYTES {
            return Ok(true);
        }
        let payload: Option<i64> = connection
            .prepare_cached("DELETE FROM notifications WHERE id = ?1 RETURNING octet_length(data)")?
            .query_row([id], |row| row.get(0))?;
        connection.prepare_cached("DELETE FROM erasures WHERE notification_id = ?1")?.execute([id])?;
        removed += 1;
        bytes += payload.unwrap_or_default();
    }
    Ok(removed == MAX_REMOVED)
}

/// Runs one step of the cleanup that does not depend on retention times. Returns true if there is more to do.
pub(super) fn tidy(connection: &Connection, now: DateTime<Utc>) -> rusqlite::Result<bool> {
    let cancelled = cancellations::cancel_step(connection, None, now)?;
    let expired = notifications::expire_some_keys(connection, now)?;
    let erased = erasure::erase_some_responses(connection)?;
    signing_secrets::remove_expired(connection, now)?;
    Ok(cancelled || expired || erased)
}

/// Removes the tombstones of webhooks that have no deliveries left.
fn remove_tombstones(connection: &Connection, after: Uuid) -> rusqlite::Result<Passed> {
    let tombstones: Vec<(Key, bool)> = connection
        .prepare_cached(
            "SELECT id, EXISTS (SELECT 1 FROM deliveries d INDEXED BY deliveries_of_webhook WHERE d.webhook_id = w.id)
             FROM webhooks w INDEXED BY webhooks_deleted WHERE deleted_at IS NOT NULL AND id > ?1 ORDER BY id LIMIT ?2",
        )?
        .query_map((Key(after), MAX_REMOVED), |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (id, _) in tombstones.iter().filter(|(_, is_named)| !is_named) {
        for table in OF_WEBHOOK {
            connection.prepare_cached(&format!("DELETE FROM {table} WHERE webhook_id = ?1"))?.execute([id])?;
        }
        connection.prepare_cached("DELETE FROM webhooks WHERE id = ?1")?.execute([id])?;
    }
    Ok(Passed { reached: tombstones.last().map(|(id, _)| id.0), more: tombstones.len() == MAX_REMOVED as usize })
}

/// Shrinks the file if it has many free pages. Returns true if more pages may be freed.
fn shrink(connection: &Connection) -> rusqlite::Result<bool> {
    let free = || connection.prepare_cached("PRAGMA freelist_count")?.query_row([], |row| row.get::<_, i64>(0));
    let pages: i64 = connection.prepare_cached("PRAGMA page_count")?.query_row([], |row| row.get(0))?;
    let before = free()?;
    if before <= MIN_FREE_PAGES.max(pages / 4) {
        return Ok(false);
    }
    // SQLite frees one page for each row that it returns.
    let mut freeing = connection.prepare_cached(&format!("PRAGMA incremental_vacuum({MAX_PAGES_FREED})"))?;
    let mut freed = freeing.query([])?;
    while freed.next()?.is_some() {}
    // A database that was created without `auto_vacuum` keeps its free pages.
    Ok(free()? < before)
}
