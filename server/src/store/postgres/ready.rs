//! The table `ready`: when the next delivery of each webhook and lane falls due.

use std::collections::BTreeMap;

use super::*;

/// The maximum number of rows that one round removes from the table, for each lane.
const MAX_TAKEN_PER_LANE: i64 = 256;

/// The condition for [`refresh`] that selects all webhooks.
pub(super) const ALL_WEBHOOKS: &str = "$1::text IS NULL";

/// Restores `ready` from `pending` for all webhooks.
pub(super) async fn refresh_all(session: &Session) -> SessionResult<()> {
    refresh(session, ALL_WEBHOOKS, &None::<String>).await
}

/// Restores `ready` from `pending` for the webhooks that fulfil `condition`. The condition uses the table alias `w` and
/// the parameter `$1`. The cost is one index search for each webhook and lane, and does not depend on the size of the
/// backlog. In the lanes `fresh` and `ordered`, the restored rows are due immediately. In these lanes, a stored due
/// time can be in the future, if the clock of the publishing node was ahead.
pub(super) async fn refresh(session: &Session, condition: &str, parameter: &dyn Value) -> SessionResult<()> {
    session
        .execute(
            &format!(
                "INSERT INTO ready (webhook_id, lane, due_at)
                 SELECT w.id, lanes.lane, p.due_at
                 FROM webhooks w CROSS JOIN (VALUES (0::smallint), (1::smallint), (2::smallint)) AS lanes (lane)
                 CROSS JOIN LATERAL (
                     SELECT CASE WHEN lanes.lane = 1 THEN p.due_at ELSE 'epoch' END AS due_at FROM pending p
                     WHERE p.webhook_id = w.id AND p.epoch = w.epoch AND p.lane = lanes.lane ORDER BY p.due_at LIMIT 1) p
                 WHERE w.deleted_at IS NULL AND w.deactivation_reason IS NULL AND {condition}
                 ORDER BY w.id, lanes.lane
                 ON CONFLICT (webhook_id, lane) DO UPDATE SET due_at = excluded.due_at WHERE ready.due_at > excluded.due_at"
            ),
            &[parameter],
        )
        .await
        .map(drop)
}

/// Stores when deliveries of these work items fall due. A transaction should call this function only once, after it has
/// locked all other rows. The exception is an event of the service: [`operational::publish`] stores the due times of the
/// event's deliveries at once.
pub(super) async fn mark(session: &Session, marks: &[(WorkItem, DateTime<Utc>)]) -> SessionResult<()> {
    // The rows are written in the order of their keys, and each row only once.
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

/// Selects the earliest due time in `ready`. The cost is one index search for each lane.
pub(super) const NEXT_DUE: &str = "SELECT min(next.due_at) FROM (VALUES (0::smallint), (1::smallint), (2::smallint)) AS lanes (lane)
     CROSS JOIN LATERAL (SELECT due_at FROM ready WHERE ready.lane = lanes.lane ORDER BY due_at LIMIT 1) next";

/// Removes due work from `ready` and returns it. Skips rows that another node has locked. After the removal, the work
/// is only in this node's memory. If this node dies, the takeover adds the work to `ready` again. There is no takeover
/// from a node that is not in `nodes`, so such a node gets no work. The removal needs a separate transaction, because a
/// transaction that leases deliveries must lock `ready` last. The commit does not wait for the disk. If the commit is
/// lost, nodes only examine the work again.
pub(super) async fn take_due(session: &Session, incarnation: Uuid, now: DateTime<Utc>) -> SessionResult<Vec<WorkItem>> {
    let rows = session
        .query(
            "DELETE FROM ready WHERE ctid = ANY(ARRAY(
                 SELECT due.ctid FROM (VALUES (0::smallint), (1::smallint), (2::smallint)) AS lanes (lane)
                 CROSS JOIN LATERAL (
                     SELECT ctid FROM ready WHERE ready.lane = lanes.lane AND due_at <= $1
                     ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED) due
                 WHERE EXISTS (SELECT 1 FROM nodes WHERE incarnation = $3)))
             RETURNING webhook_id, lane, set_config('synchronous_commit', 'off', true)",
            &[&now, &MAX_TAKEN_PER_LANE, &incarnation],
        )
        .await?;
    rows.iter().map(|row| Ok(WorkItem { webhook_id: row.try_get(0)?, lane: Lane::from_number(row.try_get(1)?)? })).collect()
}
