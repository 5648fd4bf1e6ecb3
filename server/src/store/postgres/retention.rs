//! Removing old rows. [`shared::retention`](crate::store::shared::retention) defines which rows are removed, and when.
//!
//! Only one node at a time removes old rows, because a step locks rows of the table `walks`. A step does not wait for
//! locks: it skips rows that another transaction has locked.
//!
//! The removal does not make the files of the database smaller, but new rows reuse the freed space. Rows of about the
//! same age are removed together. So whole pages become free, in the tables and in the indexes by identifier.
//! Autovacuum records the free pages, and PostgreSQL writes new rows to them.

use std::collections::HashSet;

use super::*;
use crate::store::shared::retention::{self as shared, LOOKED_AT_ONCE, OF_WEBHOOK, Passed, REMOVED_BYTES, Walk};
use crate::store::shared::statistics::ROUND;

/// Maximum number of deliveries, notifications or webhooks that one part of a step removes.
const MAX_REMOVED_AT_ONCE: usize = 500;

/// The minimum time for which a tombstone is kept. A publish that read the webhook while the webhook was active may
/// commit after the deletion.
const MIN_TOMBSTONE_AGE: TimeDelta = TimeDelta::hours(1);

/// Runs one step. Returns whether there is more to do now.
pub(super) async fn step(session: &Session, limits: &StorageLimits, now: DateTime<Utc>) -> SessionResult<bool> {
    let names = ["failed", "registrants", "statistics", "succeeded", "tombstones"];
    let Some([mut failed, mut registrants, mut statistics, mut succeeded, mut tombstones]) = Walk::lock(session, names, now).await? else {
        return Ok(false);
    };
    let round = shared::round(limits);
    let mut more = false;
    for (walk, keep, round) in [(&mut succeeded, limits.keep_succeeded, None), (&mut failed, limits.keep_failed, Some(round))] {
        let passed = remove_deliveries(session, limits, walk.reached, shared::created_by(keep, now), now).await?;
        more |= walk.finish_step(session, passed, round, now).await?;
    }
    let passed = remove_tombstones(session, tombstones.reached, now - MIN_TOMBSTONE_AGE).await?;
    more |= tombstones.finish_step(session, passed, Some(round), now).await?;
    more |= remove_notifications_for_nobody(session, shared::for_nobody_created_by(limits, now)).await?;
    let keep_events_since = now - limits.keep_audit_events;
    more |= audit::remove_old(session, keep_events_since).await?;
    let passed = audit::remove_registrants(session, registrants.reached, keep_events_since).await?;
    more |= registrants.finish_step(session, passed, Some(round), now).await?;
    let passed = statistics::merge_old(session, statistics.reached, now).await?;
    more |= statistics.finish_step(session, passed, Some(ROUND), now).await?;
    Ok(more)
}

impl Walk {
    /// Locks and returns the walks with these names. The names must be sorted. Returns `None` while another node has
    /// locked one of the walks.
    async fn lock<const N: usize>(session: &Session, names: [&'static str; N], now: DateTime<Utc>) -> SessionResult<Option<[Walk; N]>> {
        let name_list = names.to_vec();
        let select = "SELECT name, reached, begun_at FROM walks WHERE name = ANY($1) ORDER BY name FOR UPDATE SKIP LOCKED";
        let mut rows = session.query(select, &[&name_list]).await?;
        if rows.len() < N {
            let insert = "INSERT INTO walks (name, reached, begun_at) SELECT name, $2, $3 FROM UNNEST($1) AS name ORDER BY name
                        ON CONFLICT (name) DO NOTHING";
            if session.execute(insert, &[&name_list, &Uuid::nil(), &now]).await? > 0 {
                rows = session.query(select, &[&name_list]).await?;
            }
        }
        if rows.len() < N {
            return Ok(None);
        }
        let walks: Vec<Walk> = names
            .into_iter()
            .zip(&rows)
            .map(|(name, row)| Ok(Walk { name, reached: row.try_get(1)?, begun_at: row.try_get(2)? }))
            .collect::<SessionResult<_>>()?;
        Ok(walks.try_into().ok())
    }

    /// Stores the position after a step. Returns whether there is more to do now.
    async fn finish_step(
        &mut self,
        session: &Session,
        passed: Passed,
        round: Option<TimeDelta>,
        now: DateTime<Utc>,
    ) -> SessionResult<bool> {
        let moved = self.advance(&passed, round, now);
        if moved.save {
            self.save(session).await?;
        }
        Ok(moved.more)
    }

    async fn save(&self, session: &Session) -> SessionResult<()> {
        let saved = "UPDATE walks SET reached = $2, begun_at = $3 WHERE name = $1";
        session.execute(saved, &[&self.name, &self.reached, &self.begun_at]).await.map(drop)
    }
}

/// Removes deliveries whose retention time has passed, if they were created at `created_by` or earlier.
async fn remove_deliveries(
    session: &Session,
    limits: &StorageLimits,
    after: Uuid,
    created_by: DateTime<Utc>,
    now: DateTime<Utc>,
) -> SessionResult<Passed> {
    let (succeeded_by, failed_by) = (now - limits.keep_succeeded, now - limits.keep_failed);
    // A delivery that was cancelled during an attempt is kept until the attempt is recorded.
    let select = format!(
        "SELECT d.id, d.created_at,
             CASE WHEN {IS_EXPIRED} THEN (SELECT {} FROM pending p WHERE p.delivery_id = d.id) IS NOT TRUE ELSE false END
         FROM deliveries d WHERE d.id > $1 ORDER BY d.id LIMIT $4",
        redelivery::IN_FLIGHT
    );
    let rows = session.query(&select, &[&after, &succeeded_by, &failed_by, &i64::from(LOOKED_AT_ONCE)]).await?;
    let mut old: Vec<(Uuid, bool)> = Vec::with_capacity(rows.len());
    for row in &rows {
        if row.try_get::<_, DateTime<Utc>>(1)? > created_by {
            break;
        }
        old.push((row.try_get(0)?, row.try_get(2)?));
    }
    let more = old.len() == LOOKED_AT_ONCE as usize;
    let removable: Vec<Uuid> = old.iter().filter(|(_, removable)| *removable).map(|(id, _)| *id).take(MAX_REMOVED_AT_ONCE).collect();
    let last_removed = remove(session, &removable, succeeded_by, failed_by).await?;
    // This step did not handle the removable deliveries after `last_removed`. The next step examines them again.
    let mut reached = None;
    for (id, removable) in old {
        if removable && last_removed.is_none_or(|last| last < id) {
            return Ok(Passed { reached, more: true });
        }
        reached = Some(id);
    }
    Ok(Passed { reached, more })
}

/// The condition that the delivery `d` succeeded at `$2` or earlier, or failed or was cancelled at `$3` or earlier.
const IS_EXPIRED: &str = "(d.status = 1 AND d.ended_at <= $2 OR d.status IN (2, 3) AND d.ended_at <= $3)";

/// Removes these deliveries and their attempts, up to the limit of a step. Also removes the notifications of these
/// deliveries, if they have no other deliveries left. Returns the last delivery that was handled.
async fn remove(
    session: &Session,
    removable: &[Uuid],
    succeeded_by: DateTime<Utc>,
    failed_by: DateTime<Utc>,
) -> SessionResult<Option<Uuid>> {
    if removable.is_empty() {
        return Ok(None);
    }
    // Another transaction may have made one of the deliveries due again, so this query checks the condition again.
    let lock = format!(
        "SELECT d.id, d.notification_id, (SELECT octet_length(n.data) FROM notifications n WHERE n.id = d.notification_id)
         FROM deliveries d WHERE d.id = ANY($1) AND {IS_EXPIRED} ORDER BY d.id FOR UPDATE SKIP LOCKED"
    );
    let rows = session.query(&lock, &[&removable.to_vec(), &succeeded_by, &failed_by]).await?;
    let (mut ids, mut notifications, mut bytes): (Vec<Uuid>, HashSet<Uuid>, _) = (Vec::new(), HashSet::new(), 0);
    for row in &rows {
        if bytes >= REMOVED_BYTES {
            break;
        }
        ids.push(row.try_get(0)?);
        if notifications.insert(row.try_get(1)?) {
            bytes += i64::from(row.try_get::<_, Option<i32>>(2)?.unwrap_or_default());
        }
    }
    let last = if ids.len() < rows.len() { ids.last() } else { removable.last() }.copied();
    for (table, column) in [("attempts", "delivery_id"), ("pending", "delivery_id"), ("unsuccessful", "delivery_id"), ("deliveries", "id")]
    {
        session.execute(&format!("DELETE FROM {table} WHERE {column} = ANY($1)"), &[&ids]).await?;
    }
    let mut notifications: Vec<Uuid> = notifications.into_iter().collect();
    notifications.sort_unstable();
    remove_notifications(session, &notifications).await?;
    Ok(last)
}

/// Removes the notifications in `ids` that have no deliveries left.
async fn remove_notifications(session: &Session, ids: &[Uuid]) -> SessionResult<()> {
    let removed = session
        .query(
            "DELETE FROM notifications n WHERE n.id = ANY($1) AND (
                 SELECT d.id FROM deliveries d WHERE d.notification_id BETWEEN n.id AND n.id ORDER BY d.notification_id, d.id LIMIT 1) IS NULL
             RETURNING n.id, n.data IS NULL",
            &[&ids.to_vec()],
        )
        .await?;
    let mut deleted: Vec<Uuid> = Vec::new();
    for row in &removed {
        if row.try_get(1)? {
            deleted.push(row.try_get(0)?);
        }
    }
    if !deleted.is_empty() {
        // An API call had already deleted these notifications. All their attempts are removed, and the stored responses
        // with them. So the erasures are complete. If a node has locked an erasure, that node removes the erasure.
        let erasures = "DELETE FROM erasures WHERE ctid = ANY(ARRAY(
                            SELECT ctid FROM erasures WHERE notification_id = ANY($1) FOR UPDATE SKIP LOCKED))";
        session.execute(erasures, &[&deleted]).await?;
    }
    Ok(())
}

/// Removes old notifications that never had a delivery. Returns whether more notifications may be left.
async fn remove_notifications_for_nobody(session: &Session, created_by: DateTime<Utc>) -> SessionResult<bool> {
    let rows = session
        .query(
            "SELECT id, octet_length(data) FROM notifications WHERE delivery_count = 0 AND created_at <= $1
             ORDER BY created_at, id LIMIT $2 FOR UPDATE SKIP LOCKED",
            &[&created_by, &(MAX_REMOVED_AT_ONCE as i64)],
        )
        .await?;
    let (mut ids, mut bytes) = (Vec::new(), 0);
    for row in &rows {
        if bytes >= REMOVED_BYTES {
            break;
        }
        ids.push(row.try_get(0)?);
        bytes += i64::from(row.try_get::<_, Option<i32>>(1)?.unwrap_or_default());
    }
    if ids.is_empty() {
        return Ok(false);
    }
    remove_notifications(session, &ids).await?;
    Ok(ids.len() < rows.len() || rows.len() == MAX_REMOVED_AT_ONCE)
}

/// Removes the tombstones of webhooks that have no deliveries left.
async fn remove_tombstones(session: &Session, after: Uuid, deleted_by: DateTime<Utc>) -> SessionResult<Passed> {
    let rows = session
        .query(
            "SELECT w.id, w.deleted_at <= $2 AND (
                 SELECT d.id FROM deliveries d WHERE d.webhook_id BETWEEN w.id AND w.id ORDER BY d.webhook_id, d.id LIMIT 1) IS NULL
             FROM webhooks w WHERE w.deleted_at IS NOT NULL AND w.id > $1 ORDER BY w.id LIMIT $3",
            &[&after, &deleted_by, &(MAX_REMOVED_AT_ONCE as i64)],
        )
        .await?;
    let mut unreferenced: Vec<Uuid> = Vec::new();
    let mut reached = None;
    for row in &rows {
        reached = Some(row.try_get(0)?);
        if row.try_get(1)? {
            unreferenced.extend(reached);
        }
    }
    if !unreferenced.is_empty() {
        for table in OF_WEBHOOK {
            session.execute(&format!("DELETE FROM {table} WHERE webhook_id = ANY($1)"), &[&unreferenced]).await?;
        }
        session.execute("DELETE FROM webhooks WHERE id = ANY($1)", &[&unreferenced]).await?;
    }
    Ok(Passed { reached, more: rows.len() == MAX_REMOVED_AT_ONCE })
}
