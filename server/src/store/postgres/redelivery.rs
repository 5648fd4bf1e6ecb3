//! Redelivery: making deliveries due again.
//!
//! A redelivery starts a new retry schedule. `schedule_start` is the number of the last attempt before this schedule.
//! While an attempt is in flight, `pending.leased_by` names a living node. A redelivery keeps this lease, so that no
//! second attempt starts at the same time. The attempt in flight is then the last attempt before the new schedule. When
//! this attempt ends, its number shows that a redelivery was requested. If the attempt succeeded, the redelivery is
//! complete too. After any other outcome, the delivery stays due. A cancellation also keeps the lease of an attempt in
//! flight. So the same rules hold for a delivery that was cancelled during the attempt.

use super::deaths::DIED;
use super::*;

/// The condition that a living node has leased the delivery of a row in `pending`.
pub(super) const IN_FLIGHT: &str = "leased_by IN (SELECT incarnation FROM nodes)";

pub(super) async fn redeliver(
    session: &Session,
    account: &Account,
    id: Uuid,
    now: DateTime<Utc>,
    event: &EventRow,
) -> SessionResult<Redelivered> {
    let row = session
        .query_opt(
            "SELECT w.id, w.ordered, coalesce((SELECT p.lane FROM pending p WHERE p.delivery_id = d.id) = $3, false)
             FROM deliveries d CROSS JOIN LATERAL (SELECT id, ordered FROM webhooks WHERE id = d.webhook_id LIMIT 1) w
             WHERE d.id = $1 AND d.account = $2",
            &[&id, &account.as_str(), &(Lane::Ordered as i16)],
        )
        .await?;
    let Some(row) = row else { return Ok(Redelivered::NoSuchDelivery) };
    let (webhook_id, ordered, is_in_order): (Uuid, bool, bool) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    if ordered || is_in_order {
        lock_order(session, webhook_id).await?;
    }
    let in_flight = lock(session, &[id]).await?;
    // The delivery is locked, so only the webhook can still change.
    let found = session
        .query_opt(
            "SELECT w.epoch, d.status = 0 AND d.epoch = w.epoch, w.deactivation_reason IS NOT NULL, w.deleted_at IS NOT NULL, n.data IS NULL
             FROM deliveries d
             CROSS JOIN LATERAL (SELECT * FROM webhooks WHERE id = d.webhook_id LIMIT 1) w
             CROSS JOIN LATERAL (SELECT data FROM notifications WHERE id = d.notification_id LIMIT 1) n
             WHERE d.id = $1",
            &[&id],
        )
        .await?;
    let Some(found) = found else { return Ok(Redelivered::NoSuchDelivery) };
    if found.try_get(3)? {
        return Ok(Redelivered::WebhookDeleted);
    }
    if found.try_get(4)? {
        return Ok(Redelivered::NotificationDeleted);
    }
    if found.try_get(2)? {
        return Ok(Redelivered::WebhookDeactivated);
    }
    let (lane, due_at) = if found.try_get(1)? {
        let due = bring_forward(session, &[id], &in_flight, now).await?;
        due.into_iter().next().ok_or_else(|| SessionError::damaged("a pending delivery without its row in `pending`"))?
    } else {
        (make_due(session, &[id], &in_flight, webhook_id, count(found.try_get(0)?), ordered, now).await?, now)
    };
    audit::insert_with(session, event, ready::mark(session, &[(WorkItem { webhook_id, lane }, due_at)])).await?;
    Ok(deliveries::get(session, None, id).await?.map_or(Redelivered::NoSuchDelivery, |(delivery, _)| Redelivered::Due(Box::new(delivery))))
}

/// Makes pending deliveries due now. In an ordered webhook, a delivery keeps its position. A delivery also keeps its count
/// of deaths. Otherwise a customer could prevent that a delivery that ends the process becomes a suspect. The death of a
/// void lease is counted, because this function removes the lease. The caller must have locked the deliveries. Returns the
/// lanes and the due times of the deliveries.
pub(super) async fn bring_forward(
    session: &Session,
    ids: &[Uuid],
    in_flight: &[Uuid],
    now: DateTime<Utc>,
) -> SessionResult<Vec<(Lane, DateTime<Utc>)>> {
    let rows = session
        .query(
            &format!(
                "WITH delivery AS (
                     UPDATE deliveries SET schedule_start = attempt_count + CASE WHEN id = ANY($3) THEN 1 ELSE 0 END
                     WHERE id = ANY($1))
                 UPDATE pending p SET due_at = least(due_at, $2), deaths = deaths + {DIED}::int,
                     leased_by = CASE WHEN delivery_id = ANY($3) THEN leased_by END
                 WHERE delivery_id = ANY($1) RETURNING lane, due_at"
            ),
            &[&ids.to_vec(), &now, &in_flight.to_vec()],
        )
        .await?;
    rows.iter().map(|row| Ok((Lane::from_number(row.try_get(0)?)?, row.try_get(1)?))).collect()
}

/// Locks the row of a webhook in `sequences` until the transaction ends, so that no other transaction leases the next
/// delivery. Must be called before [`lock`].
pub(super) async fn lock_order(session: &Session, webhook_id: Uuid) -> SessionResult<()> {
    sequences::reserve_block(session, webhook_id, 0).await.map(drop)
}

/// Locks deliveries until the transaction ends, so that no other transaction leases them, changes them or records
/// their attempts. Returns the deliveries with an attempt in flight.
pub(super) async fn lock(session: &Session, ids: &[Uuid]) -> SessionResult<Vec<Uuid>> {
    let ids = ids.to_vec();
    session.query("SELECT 1 FROM deliveries WHERE id = ANY($1) ORDER BY id FOR UPDATE", &[&ids]).await?;
    let rows = session
        .query(
            &format!("SELECT delivery_id, {IN_FLIGHT} FROM pending WHERE delivery_id = ANY($1) ORDER BY delivery_id FOR UPDATE"),
            &[&ids],
        )
        .await?;
    let mut in_flight = Vec::new();
    for row in &rows {
        if row.try_get::<_, Option<bool>>(1)? == Some(true) {
            in_flight.push(row.try_get(0)?);
        }
    }
    Ok(in_flight)
}

/// Makes ended deliveries of one webhook due again, in the given order. Each delivery starts a new retry schedule after
/// its last attempt, or after the attempt in flight. In an unordered webhook, the deliveries go to the lane `retry`, so
/// new deliveries do not wait for them. In an ordered webhook, the deliveries come after all other deliveries. The
/// caller must have locked the deliveries. Returns the lane of the deliveries.
pub(super) async fn make_due(
    session: &Session,
    ids: &[Uuid],
    in_flight: &[Uuid],
    webhook_id: Uuid,
    epoch: u32,
    ordered: bool,
    now: DateTime<Utc>,
) -> SessionResult<Lane> {
    let lane = if ordered { Lane::Ordered } else { Lane::Retry };
    let number = u32::try_from(ids.len()).expect("a step has some hundreds of deliveries");
    let first = if ordered { Some(sequences::reserve_block(session, webhook_id, number).await?) } else { None };
    session
        .execute(
            &format!(
                "WITH delivery AS (
                     UPDATE deliveries SET status = 0, epoch = $4, ended_at = NULL,
                         schedule_start = attempt_count + CASE WHEN id = ANY($2) THEN 1 ELSE 0 END
                     WHERE id = ANY($1)),
                 successful AS (DELETE FROM unsuccessful WHERE delivery_id = ANY($1))
                 INSERT INTO pending (delivery_id, webhook_id, epoch, lane, sequence, due_at)
                 SELECT id, $3, $4, $5, $6 + place - 1, $7 FROM UNNEST($1) WITH ORDINALITY AS due (id, place) ORDER BY id
                 ON CONFLICT (delivery_id) DO UPDATE
                 SET epoch = excluded.epoch, lane = excluded.lane, sequence = excluded.sequence, due_at = excluded.due_at, deaths = 0,
                     leased_by = CASE WHEN pending.{IN_FLIGHT} THEN pending.leased_by END"
            ),
            &[&ids.to_vec(), &in_flight.to_vec(), &webhook_id, &int(epoch), &(lane as i16), &first, &now],
        )
        .await?;
    Ok(lane)
}
