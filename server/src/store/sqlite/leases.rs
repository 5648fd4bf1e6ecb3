//! Taking deliveries that are due, and recording what became of them.

use super::*;
use crate::delivery::schedule::Slots;

/// So many deliveries are leased in one round, so that a publish never waits long behind one.
const LEASED_AT_ONCE: usize = 256;

/// Notes that a webhook has something waiting from `due_at` on.
pub(super) fn mark_ready(connection: &Connection, webhook_id: Uuid, lane: Lane, due_at: DateTime<Utc>) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO ready (webhook_id, lane, due_at) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET due_at = min(due_at, excluded.due_at)",
        )?
        .execute((Key(webhook_id), lane as u8, Millis(due_at)))?;
    Ok(())
}

/// Finds anew what waits, after earlier leases became void. One index probe for each webhook and lane, whatever waits.
pub(super) fn rebuild_ready(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM ready", [])?;
    connection.execute(
        "INSERT INTO ready (webhook_id, lane, due_at)
         SELECT webhook_id, lane, due_at FROM (
             SELECT w.id AS webhook_id, lanes.lane AS lane,
                    (SELECT d.due_at FROM deliveries d INDEXED BY deliveries_waiting
                     WHERE d.webhook_id = w.id AND d.epoch = w.epoch AND d.lane = lanes.lane AND d.status = 0
                     ORDER BY d.due_at LIMIT 1) AS due_at
             FROM webhooks w, (SELECT 0 AS lane UNION ALL SELECT 1) AS lanes
             WHERE w.deleted_at IS NULL AND w.deactivation_reason IS NULL)
         WHERE due_at IS NOT NULL",
        [],
    )?;
    Ok(())
}

/// Fresh deliveries first, the longest waiting webhook first. A webhook without a free slot costs one row of `ready`.
pub(super) fn lease_due(connection: &Connection, now: DateTime<Utc>, slots: &Arc<Slots>, incarnation: Uuid) -> rusqlite::Result<DueRound> {
    let mut round = DueRound::default();
    let due: Vec<(Uuid, u8)> = connection
        .prepare_cached("SELECT webhook_id, lane FROM ready WHERE due_at <= ?1 ORDER BY lane, due_at")?
        .query_map([Millis(now)], |row| Ok((row.get::<_, Key>(0)?.0, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (webhook_id, lane) in due {
        if round.leased.len() >= LEASED_AT_ONCE {
            round.more = true;
            break;
        }
        let lane = if lane == 0 { Lane::Fresh } else { Lane::Retry };
        match webhooks::destination(connection, webhook_id)? {
            Some(destination) => lease_of_webhook(connection, Arc::new(destination), lane, now, slots, incarnation, &mut round)?,
            None => {
                connection.prepare_cached("DELETE FROM ready WHERE webhook_id = ?1")?.execute([Key(webhook_id)])?;
            }
        }
    }
    round.next_due = connection
        .prepare_cached("SELECT min(due_at) FROM ready WHERE due_at > ?1")?
        .query_row([Millis(now)], |row| row.get::<_, Option<Millis>>(0))?
        .map(|time| time.0);
    Ok(round)
}

fn lease_of_webhook(
    connection: &Connection,
    destination: Arc<Destination>,
    lane: Lane,
    now: DateTime<Utc>,
    slots: &Arc<Slots>,
    incarnation: Uuid,
    round: &mut DueRound,
) -> rusqlite::Result<()> {
    let webhook = Key(destination.webhook_id);
    let mut waiting = connection.prepare_cached(
        "SELECT d.id, d.attempt_count, n.id, n.type, n.data, n.created_at
         FROM deliveries d INDEXED BY deliveries_waiting JOIN notifications n ON n.id = d.notification_id
         WHERE d.webhook_id = ?1 AND d.epoch = ?2 AND d.lane = ?3 AND d.status = 0 AND d.due_at <= ?4
           AND (d.leased_by IS NULL OR d.leased_by <> ?5)
         ORDER BY d.due_at",
    )?;
    let mut take = connection.prepare_cached("UPDATE deliveries SET leased_by = ?2 WHERE id = ?1")?;
    let mut taken = Vec::new();
    {
        let mut rows = waiting.query((&webhook, destination.epoch, lane as u8, Millis(now), Key(incarnation)))?;
        while round.leased.len() + taken.len() < LEASED_AT_ONCE {
            let Some(row) = rows.next()? else { break };
            let data = notifications::raw_json(row, 4)?;
            let Some(slot) = slots.try_take(&destination.account, destination.webhook_id, lane, data.get().len()) else { break };
            taken.push(Leased {
                delivery_id: row.get::<_, Key>(0)?.0,
                attempt: row.get::<_, u32>(1)? + 1,
                notification: Arc::new(Outbound {
                    id: row.get::<_, Key>(2)?.0,
                    event_type: row.get(3)?,
                    data,
                    created_at: row.get::<_, Millis>(5)?.0,
                }),
                destination: destination.clone(),
                slot,
            });
        }
    }
    for leased in &taken {
        take.execute((Key(leased.delivery_id), Key(incarnation)))?;
    }
    round.leased.extend(taken);

    // At most as many rows as this webhook has in flight stand before the next one that nobody is on.
    let next: Option<Millis> = connection
        .prepare_cached(
            "SELECT due_at FROM deliveries INDEXED BY deliveries_waiting
             WHERE webhook_id = ?1 AND epoch = ?2 AND lane = ?3 AND status = 0 AND (leased_by IS NULL OR leased_by <> ?4)
             ORDER BY due_at LIMIT 1",
        )?
        .query_row((&webhook, destination.epoch, lane as u8, Key(incarnation)), |row| row.get(0))
        .optional()?;
    match next {
        Some(due_at) => {
            if due_at.0 <= now && round.leased.len() >= LEASED_AT_ONCE {
                round.more = true;
            }
            connection
                .prepare_cached("UPDATE ready SET due_at = ?3 WHERE webhook_id = ?1 AND lane = ?2")?
                .execute((&webhook, lane as u8, due_at))?
        }
        None => connection.prepare_cached("DELETE FROM ready WHERE webhook_id = ?1 AND lane = ?2")?.execute((&webhook, lane as u8))?,
    };
    Ok(())
}

pub(super) fn release(connection: &Connection, delivery_id: Uuid, incarnation: Uuid) -> rusqlite::Result<()> {
    let released = connection
        .prepare_cached(
            "UPDATE deliveries SET leased_by = NULL WHERE id = ?1 AND leased_by = ?2 AND status = 0 RETURNING webhook_id, lane, due_at",
        )?
        .query_row((Key(delivery_id), Key(incarnation)), |row| {
            Ok((row.get::<_, Key>(0)?.0, row.get::<_, u8>(1)?, row.get::<_, Millis>(2)?.0))
        })
        .optional()?;
    if let Some((webhook_id, lane, due_at)) = released {
        mark_ready(connection, webhook_id, if lane == 0 { Lane::Fresh } else { Lane::Retry }, due_at)?;
    }
    Ok(())
}

pub(super) fn finish(connection: &Connection, finish: &Finish) -> rusqlite::Result<Finished> {
    let delivery = Key(finish.delivery_id);
    let attempt = &finish.attempt;
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO attempts
                 (delivery_id, number, started_at, duration_ms, outcome, status_code, error, response_body, truncated)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute((
            &delivery,
            attempt.number,
            Millis(attempt.started_at),
            attempt.duration_ms,
            &attempt.outcome,
            attempt.status_code,
            &attempt.error,
            &attempt.response_body,
            attempt.truncated,
        ))?;

    if finish.next == Next::Succeeded {
        connection
            .prepare_cached("UPDATE deliveries SET status = 1, attempt_count = max(attempt_count, ?2), leased_by = NULL WHERE id = ?1")?
            .execute((&delivery, attempt.number))?;
        return Ok(Finished::default());
    }

    // A delivery that was cancelled meanwhile keeps that state and still counts the attempt.
    let destination = &finish.destination;
    let live = webhooks::destination(connection, destination.webhook_id)?.filter(|current| current.epoch == destination.epoch);
    let (status, due_at) = match finish.next {
        Next::RetryAt(due_at) if live.is_some() => (0, Some(due_at)),
        Next::RetryAt(_) => (3, None),
        Next::Failed | Next::Gone | Next::Succeeded => (2, None),
    };
    let updated = connection
        .prepare_cached(
            "UPDATE deliveries SET status = iif(status = 0, ?3, status), attempt_count = ?2, lane = 1, due_at = coalesce(?4, due_at),
             leased_by = NULL WHERE id = ?1 AND attempt_count = ?2 - 1 AND status <> 1",
        )?
        .execute((&delivery, attempt.number, status, due_at.map(Millis)))?;
    if updated == 1
        && let Some(due_at) = due_at
    {
        mark_ready(connection, destination.webhook_id, Lane::Retry, due_at)?;
    }

    // Only if the callback that is gone is still the one that is registered.
    if finish.next == Next::Gone
        && let Some(current) = live
        && current.target_url == destination.target_url
    {
        let now = attempt.started_at + chrono::TimeDelta::milliseconds(i64::from(attempt.duration_ms));
        webhooks::deactivate_because(connection, destination.webhook_id, REASON_GONE, now)?;
        return Ok(Finished { deactivated: Some(current.revision + 1) });
    }
    Ok(Finished::default())
}
