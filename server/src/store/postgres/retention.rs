//! Removing old rows. [`shared::retention`](crate::store::shared::retention) says what is removed and when.
//!
//! One node at a time does it: it holds the rows of the walks. It waits for nobody: what another holds is passed by, too.
//!
//! The files get no smaller by it, but stay as large as they were: because what goes was stored at about the same time, whole
//! pages of the tables, and whole leaves of the indexes by identifier, come free together. Autovacuum notes them, and what
//! comes next is written there.

use std::collections::HashSet;

use super::*;
use crate::store::shared::retention::{self as shared, LOOKED_AT_ONCE, OF_WEBHOOK, Passed, REMOVED_BYTES, Walk};

/// How many deliveries, notifications or webhooks one part of a step removes.
const REMOVED_AT_ONCE: usize = 500;

/// A tombstone stays so long at least: a publish that had seen the webhook active may commit just after it was deleted.
const TOMBSTONE_KEPT: TimeDelta = TimeDelta::hours(1);

/// True when there is more to do now.
pub(super) async fn step(session: &Session, limits: &StorageLimits, now: DateTime<Utc>) -> Answer<bool> {
    let Some([mut failed, mut succeeded, mut tombstones]) = Walk::hold(session, ["failed", "succeeded", "tombstones"], now).await? else {
        return Ok(false);
    };
    let round = shared::round(limits);
    let mut more = false;
    for (walk, keep, round) in [(&mut succeeded, limits.keep_succeeded, None), (&mut failed, limits.keep_failed, Some(round))] {
        let passed = remove_deliveries(session, limits, walk.reached, shared::created_by(keep, now), now).await?;
        more |= walk.over(session, passed, round, now).await?;
    }
    let passed = remove_tombstones(session, tombstones.reached, now - TOMBSTONE_KEPT).await?;
    more |= tombstones.over(session, passed, Some(round), now).await?;
    more |= remove_notifications_for_nobody(session, shared::for_nobody_created_by(limits, now)).await?;
    Ok(more)
}

impl Walk {
    /// All of these, in the order of their names; `None` while another node holds one.
    async fn hold<const N: usize>(session: &Session, names: [&'static str; N], now: DateTime<Utc>) -> Answer<Option<[Walk; N]>> {
        let of_names = names.to_vec();
        let held = "SELECT name, reached, begun_at FROM walks WHERE name = ANY($1) ORDER BY name FOR UPDATE SKIP LOCKED";
        let mut rows = session.query(held, &[&of_names]).await?;
        if rows.len() < N {
            let made = "INSERT INTO walks (name, reached, begun_at) SELECT name, $2, $3 FROM UNNEST($1) AS name ORDER BY name
                        ON CONFLICT (name) DO NOTHING";
            if session.execute(made, &[&of_names, &Uuid::nil(), &now]).await? > 0 {
                rows = session.query(held, &[&of_names]).await?;
            }
        }
        if rows.len() < N {
            return Ok(None);
        }
        let walks: Vec<Walk> = names
            .into_iter()
            .zip(&rows)
            .map(|(name, row)| Ok(Walk { name, reached: row.try_get(1)?, begun_at: row.try_get(2)? }))
            .collect::<Answer<_>>()?;
        Ok(walks.try_into().ok())
    }

    /// Stores where a step ended. True when there is more to do now.
    async fn over(&mut self, session: &Session, passed: Passed, round: Option<TimeDelta>, now: DateTime<Utc>) -> Answer<bool> {
        let moved = self.advance(&passed, round, now);
        if moved.save {
            self.save(session).await?;
        }
        Ok(moved.more)
    }

    async fn save(&self, session: &Session) -> Answer<()> {
        let saved = "UPDATE walks SET reached = $2, begun_at = $3 WHERE name = $1";
        session.execute(saved, &[&self.name, &self.reached, &self.begun_at]).await.map(drop)
    }
}

/// Of what was created up to a time, removes what has been over for long enough.
async fn remove_deliveries(
    session: &Session,
    limits: &StorageLimits,
    after: Uuid,
    created_by: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Answer<Passed> {
    let (succeeded_by, failed_by) = (now - limits.keep_succeeded, now - limits.keep_failed);
    // One that was cancelled while an attempt is under way is still to be told how that ended.
    let looked_at = format!(
        "SELECT d.id, d.created_at,
             CASE WHEN {OVER} THEN (SELECT {} FROM pending p WHERE p.delivery_id = d.id) IS NOT TRUE ELSE false END
         FROM deliveries d WHERE d.id > $1 ORDER BY d.id LIMIT $4",
        redelivery::UNDER_WAY
    );
    let rows = session.query(&looked_at, &[&after, &succeeded_by, &failed_by, &i64::from(LOOKED_AT_ONCE)]).await?;
    let mut old: Vec<(Uuid, bool)> = Vec::with_capacity(rows.len());
    for row in &rows {
        if row.try_get::<_, DateTime<Utc>>(1)? > created_by {
            break;
        }
        old.push((row.try_get(0)?, row.try_get(2)?));
    }
    let more = old.len() == LOOKED_AT_ONCE as usize;
    let removable: Vec<Uuid> = old.iter().filter(|(_, removable)| *removable).map(|(id, _)| *id).take(REMOVED_AT_ONCE).collect();
    let last_removed = remove(session, &removable, succeeded_by, failed_by).await?;
    // Those behind the last one that there was room for are looked at again.
    let mut reached = None;
    for (id, removable) in old {
        if removable && last_removed.is_none_or(|last| last < id) {
            return Ok(Passed { reached, more: true });
        }
        reached = Some(id);
    }
    Ok(Passed { reached, more })
}

/// Of a delivery, with the end of what succeeded as `$2` and of all else as `$3`.
const OVER: &str = "(d.status = 1 AND d.ended_at <= $2 OR d.status IN (2, 3) AND d.ended_at <= $3)";

/// As many as a step may remove of these deliveries, with their attempts, and with their notifications if those have no others.
/// Answers the last one that it came to.
async fn remove(session: &Session, removable: &[Uuid], succeeded_by: DateTime<Utc>, failed_by: DateTime<Utc>) -> Answer<Option<Uuid>> {
    if removable.is_empty() {
        return Ok(None);
    }
    // Another may be at one of them, or have made it due again.
    let held = format!(
        "SELECT d.id, d.notification_id, (SELECT octet_length(n.data) FROM notifications n WHERE n.id = d.notification_id)
         FROM deliveries d WHERE d.id = ANY($1) AND {OVER} ORDER BY d.id FOR UPDATE SKIP LOCKED"
    );
    let rows = session.query(&held, &[&removable.to_vec(), &succeeded_by, &failed_by]).await?;
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

/// Those of them that have no deliveries any more.
async fn remove_notifications(session: &Session, ids: &[Uuid]) -> Answer<()> {
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
        // They were deleted before, and their answers are gone with their attempts. Whoever is at one ends it.
        let erasures = "DELETE FROM erasures WHERE ctid = ANY(ARRAY(
                            SELECT ctid FROM erasures WHERE notification_id = ANY($1) FOR UPDATE SKIP LOCKED))";
        session.execute(erasures, &[&deleted]).await?;
    }
    Ok(())
}

/// True when more may be left.
async fn remove_notifications_for_nobody(session: &Session, created_by: DateTime<Utc>) -> Answer<bool> {
    let rows = session
        .query(
            "SELECT id, octet_length(data) FROM notifications WHERE delivery_count = 0 AND created_at <= $1
             ORDER BY created_at, id LIMIT $2 FOR UPDATE SKIP LOCKED",
            &[&created_by, &(REMOVED_AT_ONCE as i64)],
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
    Ok(ids.len() < rows.len() || rows.len() == REMOVED_AT_ONCE)
}

/// Removes what is left of deleted webhooks that no delivery names any more.
async fn remove_tombstones(session: &Session, after: Uuid, deleted_by: DateTime<Utc>) -> Answer<Passed> {
    let rows = session
        .query(
            "SELECT w.id, w.deleted_at <= $2 AND (
                 SELECT d.id FROM deliveries d WHERE d.webhook_id BETWEEN w.id AND w.id ORDER BY d.webhook_id, d.id LIMIT 1) IS NULL
             FROM webhooks w WHERE w.deleted_at IS NOT NULL AND w.id > $1 ORDER BY w.id LIMIT $3",
            &[&after, &deleted_by, &(REMOVED_AT_ONCE as i64)],
        )
        .await?;
    let mut nameless: Vec<Uuid> = Vec::new();
    let mut reached = None;
    for row in &rows {
        reached = Some(row.try_get(0)?);
        if row.try_get(1)? {
            nameless.extend(reached);
        }
    }
    if !nameless.is_empty() {
        for table in OF_WEBHOOK {
            session.execute(&format!("DELETE FROM {table} WHERE webhook_id = ANY($1)"), &[&nameless]).await?;
        }
        session.execute("DELETE FROM webhooks WHERE id = ANY($1)", &[&nameless]).await?;
    }
    Ok(Passed { reached, more: rows.len() == REMOVED_AT_ONCE })
}
