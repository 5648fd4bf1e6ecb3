//! The table `ready`: when the next delivery of each webhook and lane falls due.

use std::collections::BTreeMap;

use super::*;

/// So many webhooks' times of each lane are looked at in one round.
const READY_AT_ONCE: i64 = 256;

/// Finds anew when what waits falls due, of webhooks that fulfil a condition on `w` with the parameter `$1`. One index probe
/// for each webhook and lane, whatever waits. What was never attempted is due whatever the clock says: it may have been ahead
/// when that was published.
pub(super) async fn find(session: &Session, of_webhooks: &str, parameter: &dyn Value) -> Answer<()> {
    session
        .execute(
            &format!(
                "INSERT INTO ready (webhook_id, lane, due_at)
                 SELECT w.id, lanes.lane, p.due_at
                 FROM webhooks w CROSS JOIN (VALUES (0::smallint), (1::smallint), (2::smallint)) AS lanes (lane)
                 CROSS JOIN LATERAL (
                     SELECT CASE WHEN lanes.lane = 1 THEN p.due_at ELSE 'epoch' END AS due_at FROM pending p
                     WHERE p.webhook_id = w.id AND p.epoch = w.epoch AND p.lane = lanes.lane ORDER BY p.due_at LIMIT 1) p
                 WHERE w.deleted_at IS NULL AND w.deactivation_reason IS NULL AND {of_webhooks}
                 ORDER BY w.id, lanes.lane
                 ON CONFLICT (webhook_id, lane) DO UPDATE SET due_at = excluded.due_at WHERE ready.due_at > excluded.due_at"
            ),
            &[parameter],
        )
        .await
        .map(drop)
}

/// Notes that something of webhooks falls due at a time. A transaction does it once, after everything else that it locks.
pub(super) async fn mark(session: &Session, marks: &[(Work, DateTime<Utc>)]) -> Answer<()> {
    // Each once, and in order.
    let mut earliest = BTreeMap::new();
    for (work, due_at) in marks {
        let entry = earliest.entry(*work).or_insert(*due_at);
        *entry = (*due_at).min(*entry);
    }
    if earliest.is_empty() {
        return Ok(());
    }
    let webhooks: Vec<Uuid> = earliest.keys().map(|work| work.webhook_id).collect();
    let lanes: Vec<i16> = earliest.keys().map(|work| work.lane as i16).collect();
    let times: Vec<DateTime<Utc>> = earliest.into_values().collect();
    session
        .execute(
            "INSERT INTO ready (webhook_id, lane, due_at)
             SELECT webhook_id, lane, due_at FROM UNNEST($1, $2, $3) AS mark (webhook_id, lane, due_at) ORDER BY webhook_id, lane
             ON CONFLICT (webhook_id, lane) DO UPDATE SET due_at = least(ready.due_at, excluded.due_at)",
            &[&webhooks, &lanes, &times],
        )
        .await
        .map(drop)
}

/// One probe of an index for each lane.
pub(super) const NEXT_DUE: &str = "SELECT min(next.due_at) FROM (VALUES (0::smallint), (1::smallint), (2::smallint)) AS lanes (lane)
     CROSS JOIN LATERAL (SELECT due_at FROM ready WHERE ready.lane = lanes.lane ORDER BY due_at LIMIT 1) next";

/// Work that fell due and that no other node is at. From here on it is in this node's memory alone: should that be lost,
/// whoever takes over finds it anew, so only one of the nodes takes it, and none that was taken over from already. It is taken
/// in a transaction of its own, because in the one that leases, `ready` is locked last. If the database forgets it, it is merely
/// looked at again, so nobody waits for the disk.
pub(super) async fn take_due(session: &Session, incarnation: Uuid, now: DateTime<Utc>) -> Answer<Vec<Work>> {
    let rows = session
        .query(
            "DELETE FROM ready WHERE ctid = ANY(ARRAY(
                 SELECT due.ctid FROM (VALUES (0::smallint), (1::smallint), (2::smallint)) AS lanes (lane)
                 CROSS JOIN LATERAL (
                     SELECT ctid FROM ready WHERE ready.lane = lanes.lane AND due_at <= $1
                     ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED) due
                 WHERE EXISTS (SELECT 1 FROM nodes WHERE incarnation = $3)))
             RETURNING webhook_id, lane, set_config('synchronous_commit', 'off', true)",
            &[&now, &READY_AT_ONCE, &incarnation],
        )
        .await?;
    rows.iter().map(|row| Ok(Work { webhook_id: row.try_get(0)?, lane: Lane::from_number(row.try_get(1)?)? })).collect()
}
