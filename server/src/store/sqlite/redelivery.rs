//! Making one delivery due again.
//!
//! A redelivery begins a new retry schedule after attempt number `schedule_start`. While an attempt is in flight,
//! `leased_by` is the incarnation of this process. A redelivery keeps this lease, so the delivery has no second attempt
//! at the same time. The attempt in flight is the last attempt before the new schedule. When this attempt ends, its
//! number shows that a redelivery was requested. If the attempt succeeded, the redelivery is complete too. After any
//! other outcome, the delivery stays due. A cancellation also keeps the lease of an attempt in flight. So these rules
//! also apply to a delivery that was cancelled during the attempt.

use super::*;

pub(super) fn redeliver(
    connection: &Connection,
    account: &Account,
    id: Uuid,
    now: DateTime<Utc>,
    incarnation: Uuid,
) -> rusqlite::Result<Redelivered> {
    struct Found {
        webhook_id: Uuid,
        epoch: u32,
        ordered: bool,
        /// The due time and the lane of a pending delivery.
        pending: Option<(DateTime<Utc>, Lane)>,
        deactivated: bool,
        webhook_deleted: bool,
        notification_deleted: bool,
    }
    let found = connection
        .prepare_cached(
            "SELECT d.webhook_id, w.epoch, d.status = 0 AND d.epoch = w.epoch, d.due_at, d.lane,
                    w.deactivation_reason IS NOT NULL, w.deleted_at IS NOT NULL, n.data IS NULL, w.ordered
             FROM deliveries d JOIN webhooks w ON w.id = d.webhook_id JOIN notifications n ON n.id = d.notification_id
             WHERE d.id = ?1 AND d.account = ?2",
        )?
        .query_row((Key(id), account.as_str()), |row| {
            Ok(Found {
                webhook_id: row.get::<_, Key>(0)?.0,
                epoch: row.get(1)?,
                ordered: row.get(8)?,
                pending: if row.get(2)? { Some((row.get::<_, Millis>(3)?.0, row.get(4)?)) } else { None },
                deactivated: row.get(5)?,
                webhook_deleted: row.get(6)?,
                notification_deleted: row.get(7)?,
            })
        })
        .optional()?;
    let Some(found) = found else { return Ok(Redelivered::NoSuchDelivery) };
    if found.webhook_deleted {
        return Ok(Redelivered::WebhookDeleted);
    }
    if found.notification_deleted {
        return Ok(Redelivered::NotificationDeleted);
    }
    if found.deactivated {
        return Ok(Redelivered::WebhookDeactivated);
    }
    let (lane, due_at) = match found.pending {
        Some((due_at, lane)) => {
            let due_at = due_at.min(now);
            bring_forward(connection, id, due_at, incarnation)?;
            (lane, due_at)
        }
        None => (make_due(connection, id, found.webhook_id, found.epoch, found.ordered, now, incarnation)?, now),
    };
    ready::mark(connection, WorkItem { webhook_id: found.webhook_id, lane }, due_at)?;
    Ok(deliveries::get(connection, None, id)?.map_or(Redelivered::NoSuchDelivery, |(delivery, _)| Redelivered::Due(Box::new(delivery))))
}

/// Makes a pending delivery due at `due_at`. The delivery keeps its lane. It also keeps its count of deaths. Otherwise a
/// customer could prevent that a delivery that ends the process becomes a suspect. The death of a void lease is counted,
/// because the statement removes the lease.
pub(super) fn bring_forward(connection: &Connection, id: Uuid, due_at: DateTime<Utc>, incarnation: Uuid) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE deliveries SET due_at = ?2, schedule_start = attempt_count + (leased_by IS ?3),
                 deaths = deaths + EXISTS (SELECT 1 FROM dead_incarnations x WHERE x.incarnation = deliveries.leased_by),
                 leased_by = iif(leased_by IS ?3, leased_by, NULL) WHERE id = ?1",
        )?
        .execute((Key(id), Millis(due_at), Key(incarnation)))
        .map(drop)
}

/// Makes an ended delivery due again. The new retry schedule starts after the most recent attempt, or after the attempt
/// in flight. Moves the delivery to the lane `retry`, so that new deliveries do not wait for it. In an ordered webhook,
/// the delivery comes after all other deliveries of the lane `ordered`. Returns the lane.
pub(super) fn make_due(
    connection: &Connection,
    id: Uuid,
    webhook_id: Uuid,
    epoch: u32,
    ordered: bool,
    now: DateTime<Utc>,
    incarnation: Uuid,
) -> rusqlite::Result<Lane> {
    let (lane, sequence) =
        if ordered { (Lane::Ordered, Some(new_deliveries::next_sequence(connection, webhook_id)?)) } else { (Lane::Retry, None) };
    connection
        .prepare_cached(
            "UPDATE deliveries SET status = 0, epoch = ?2, lane = ?3, sequence = ?4, due_at = ?5,
                 schedule_start = attempt_count + (leased_by IS ?6), deaths = 0, leased_by = iif(leased_by IS ?6, leased_by, NULL)
             WHERE id = ?1",
        )?
        .execute((Key(id), epoch, lane, sequence, Millis(now), Key(incarnation)))?;
    Ok(lane)
}
