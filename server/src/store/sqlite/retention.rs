//! Removing what is old, in small steps that leave room for everybody else's writes.
//!
//! Identifiers are in the order of creation, so what is old stands at the beginning of each table. Two walks go over the
//! deliveries: one follows behind by the time that succeeded ones are kept, the other by that of failed and cancelled ones.
//! Both remove what has been over for as long as its kind is kept, and pass by the rest; a walk ends where deliveries are
//! too young to look at, and goes on from there as they age. What it passed by is met by the second, and by each later
//! round of that, which begins at the oldest again. So the cost of a step depends on nothing but its size, and of a large
//! backlog that waits each delivery is looked at once in a round.

use super::*;

/// So many deliveries are looked at in one step, and so many removed.
const LOOKED_AT_ONCE: u32 = 1000;
const REMOVED_AT_ONCE: u32 = 200;

/// A step ends when it has removed payloads of so many bytes, because each page of them costs.
const REMOVED_BYTES: i64 = 4 << 20;

/// A delivery ends some time after it was created. A walk stays behind by this much more of the time that is kept, so that it
/// finds nearly all of them ended for long enough: retries of up to 20 hours where a week is kept.
const MARGIN: i32 = 8;

/// A later round begins when this part of the time that failed deliveries are kept has passed, a day of thirty.
const ROUNDS: i32 = 30;

/// Pages that are free in the file are given back once they are more than a quarter of it and more than these, so many in
/// one step. What stays is used again.
const FREE_PAGES_KEPT: i64 = 256;
const PAGES_FREED_AT_ONCE: u32 = 64;

/// What may name a webhook beside its deliveries and its own row.
pub(crate) const OF_WEBHOOK: [&str; 6] = ["cancellations", "failures", "handshakes", "rates", "ready", "sequences"];

/// True when there is more to do now.
pub(super) fn step(connection: &Connection, limits: &StorageLimits, incarnation: Uuid, now: DateTime<Utc>) -> rusqlite::Result<bool> {
    let round = limits.keep_failed / ROUNDS;
    let mut more = false;
    for (name, keep, round) in [("succeeded", limits.keep_succeeded, None), ("failed", limits.keep_failed, Some(round))] {
        let walk = Walk::load(connection, name, now)?;
        more |=
            walk.over(round, now, |reached| remove_deliveries(connection, limits, incarnation, reached, now - keep - keep / MARGIN, now))?;
    }
    let tombstones = Walk::load(connection, "tombstones", now)?;
    more |= tombstones.over(Some(round), now, |reached| remove_tombstones(connection, reached))?;
    more |= remove_notifications_for_nobody(connection, now - limits.keep_succeeded.min(limits.keep_failed))?;
    more |= shrink(connection)?;
    Ok(more)
}

/// What a part of a walk came to.
struct Passed {
    /// The last row that was looked at; `None` when there was none to look at yet.
    reached: Option<Uuid>,
    /// Whether there may be more to look at now.
    more: bool,
}

struct Walk<'a> {
    connection: &'a Connection,
    name: &'static str,
    reached: Uuid,
    begun_at: DateTime<Utc>,
}

impl Walk<'_> {
    fn load<'a>(connection: &'a Connection, name: &'static str, now: DateTime<Utc>) -> rusqlite::Result<Walk<'a>> {
        let found = connection
            .prepare_cached("SELECT reached, begun_at FROM walks WHERE name = ?1")?
            .query_row([name], |row| Ok((row.get::<_, Key>(0)?.0, row.get::<_, Millis>(1)?.0)))
            .optional()?;
        let (reached, begun_at) = found.unwrap_or((Uuid::nil(), now));
        Ok(Walk { connection, name, reached, begun_at })
    }

    /// Goes on from where it is, and begins anew at its end when a round is over.
    fn over(
        mut self,
        round: Option<TimeDelta>,
        now: DateTime<Utc>,
        part: impl FnOnce(Uuid) -> rusqlite::Result<Passed>,
    ) -> rusqlite::Result<bool> {
        let passed = part(self.reached)?;
        if let Some(reached) = passed.reached {
            self.reached = reached;
            self.save()?;
            return Ok(passed.more);
        }
        // A clock that was set back must not put the next round off by as long.
        let over = round.is_some_and(|round| now - self.begun_at >= round || now < self.begun_at);
        if over {
            (self.reached, self.begun_at) = (Uuid::nil(), now);
            self.save()?;
        }
        Ok(over)
    }

    fn save(&self) -> rusqlite::Result<()> {
        self.connection.prepare_cached("INSERT OR REPLACE INTO walks (name, reached, begun_at) VALUES (?1, ?2, ?3)")?.execute((
            self.name,
            Key(self.reached),
            Millis(self.begun_at),
        ))?;
        Ok(())
    }
}

/// Of what was created up to a time, removes what has been over for long enough.
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
            // One that was cancelled while an attempt is under way is still to be told how that ended.
            let is_leased: bool = row.get(5)?;
            let removable = !is_leased && keep.is_some_and(|keep| ended_at + keep <= now);
            Ok(Some(Old { id: row.get::<_, Key>(0)?.0, notification_id: row.get::<_, Key>(1)?.0, removable }))
        })?
        .map_while(rusqlite::Result::transpose)
        .collect::<rusqlite::Result<_>>()?;
    let (mut removed, mut bytes, mut reached) = (0, 0, None);
    for delivery in &old {
        if removed == REMOVED_AT_ONCE || bytes >= REMOVED_BYTES {
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

/// With its attempts, and with its notification if that has no other. Answers how many bytes of payload went.
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
        // It was deleted, and its answers are gone with its attempts.
        connection.prepare_cached("DELETE FROM erasures WHERE notification_id = ?1")?.execute([Key(notification_id)])?;
    }
    Ok(payload.flatten().unwrap_or_default())
}

/// True when more may be left.
fn remove_notifications_for_nobody(connection: &Connection, created_by: DateTime<Utc>) -> rusqlite::Result<bool> {
    let oldest: Vec<(Key, Millis)> = connection
        .prepare_cached(
            "SELECT id, created_at FROM notifications INDEXED BY notifications_for_nobody WHERE delivery_count = 0 ORDER BY id LIMIT ?1",
        )?
        .query_map([REMOVED_AT_ONCE], |row| Ok((row.get(0)?, row.get(1)?)))?
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
    Ok(removed == REMOVED_AT_ONCE)
}

/// Removes what is left of deleted webhooks that no delivery names any more.
fn remove_tombstones(connection: &Connection, after: Uuid) -> rusqlite::Result<Passed> {
    let tombstones: Vec<(Key, bool)> = connection
        .prepare_cached(
            "SELECT id, EXISTS (SELECT 1 FROM deliveries d INDEXED BY deliveries_of_webhook WHERE d.webhook_id = w.id)
             FROM webhooks w INDEXED BY webhooks_deleted WHERE deleted_at IS NOT NULL AND id > ?1 ORDER BY id LIMIT ?2",
        )?
        .query_map((Key(after), REMOVED_AT_ONCE), |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (id, _) in tombstones.iter().filter(|(_, is_named)| !is_named) {
        for table in OF_WEBHOOK {
            connection.prepare_cached(&format!("DELETE FROM {table} WHERE webhook_id = ?1"))?.execute([id])?;
        }
        connection.prepare_cached("DELETE FROM webhooks WHERE id = ?1")?.execute([id])?;
    }
    Ok(Passed { reached: tombstones.last().map(|(id, _)| id.0), more: tombstones.len() == REMOVED_AT_ONCE as usize })
}

/// Gives free pages back when they are many. True when more are to go.
fn shrink(connection: &Connection) -> rusqlite::Result<bool> {
    let free = || connection.prepare_cached("PRAGMA freelist_count")?.query_row([], |row| row.get::<_, i64>(0));
    let pages: i64 = connection.prepare_cached("PRAGMA page_count")?.query_row([], |row| row.get(0))?;
    let before = free()?;
    if before <= FREE_PAGES_KEPT.max(pages / 4) {
        return Ok(false);
    }
    // Each row that it answers has freed a page.
    let mut freeing = connection.prepare_cached(&format!("PRAGMA incremental_vacuum({PAGES_FREED_AT_ONCE})"))?;
    let mut freed = freeing.query([])?;
    while freed.next()?.is_some() {}
    // A database that was made without this keeps what it has.
    Ok(free()? < before)
}
