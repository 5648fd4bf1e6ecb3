//! Taking deliveries that are due, and recording what became of them.

use super::*;
use crate::api::trace::TraceContext;
use crate::model::Rate;
use crate::slots::{Slot, Slots};

/// So many deliveries are leased in one round, so that a publish never waits long behind one.
const LEASED_AT_ONCE: usize = 256;

/// So many webhooks' times are looked at in one round.
const READY_AT_ONCE: u32 = 256;

/// Finds anew when what waits falls due, after earlier leases became void. One index probe for each webhook and lane,
/// whatever waits. What was never attempted is due whatever the clock says: it may have been ahead when that was published.
pub(super) fn rebuild_ready(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM ready", [])?;
    find_ready(connection, "?3 IS NULL", &rusqlite::types::Value::Null)
}

/// The same for some webhooks, a condition on `w` with the parameter `?3`, without making void what is known.
pub(super) fn find_ready(connection: &Connection, of_webhooks: &str, parameter: &rusqlite::types::Value) -> rusqlite::Result<()> {
    let mut find = connection.prepare(&format!(
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
    // The condition's parameter is its third, as in `pauses`.
    find.raw_bind_parameter(3, parameter)?;
    find.raw_execute()?;
    Ok(())
}

/// Notes that something of a webhook falls due at a time.
pub(super) fn mark_ready(connection: &Connection, work: Work, due_at: DateTime<Utc>) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO ready (webhook_id, lane, due_at) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET due_at = min(due_at, excluded.due_at)",
        )?
        .execute((Key(work.webhook_id), work.lane, Millis(due_at)))?;
    Ok(())
}

/// The place in order behind all that was given before.
pub(super) fn next_sequence(connection: &Connection, webhook_id: Uuid) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("INSERT INTO sequences (webhook_id, last) VALUES (?1, 1) ON CONFLICT DO UPDATE SET last = last + 1 RETURNING last")?
        .query_row([Key(webhook_id)], |row| row.get(0))
}

pub(super) const INSERT_DELIVERY: &str = "INSERT INTO deliveries
         (id, notification_id, webhook_id, account, epoch, status, lane, sequence, attempt_count, due_at, leased_by, created_at)
     VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, ?7, 0, ?8, ?9, ?8)";

/// What leasing needs, inside one transaction.
pub(super) struct Leasing<'a> {
    pub(super) connection: &'a Connection,
    pub(super) directory: &'a Directory,
    pub(super) slots: &'a Arc<Slots>,
    pub(super) incarnation: Uuid,
    pub(super) now: DateTime<Utc>,
}

impl Leasing<'_> {
    /// Stores a delivery for each destination, and takes those that find a slot.
    pub(super) fn fan_out(
        &self,
        notification: &Notification,
        trace: Option<TraceContext>,
        destinations: &[Arc<Destination>],
    ) -> rusqlite::Result<Vec<Leased>> {
        if destinations.is_empty() {
            return Ok(Vec::new());
        }
        let outbound = Arc::new(notification.outbound(trace));
        let payload_bytes = notification.data.get().len();
        let mut insert = self.connection.prepare_cached(INSERT_DELIVERY)?;
        let mut leased = Vec::new();
        for destination in destinations {
            let delivery_id = Uuid::now_v7();
            let lane = if destination.ordered { Lane::Ordered } else { Lane::Fresh };
            let work = Work { webhook_id: destination.webhook_id, lane };
            let (sequence, is_next) = if destination.ordered {
                (Some(next_sequence(self.connection, work.webhook_id)?), self.head(destination)?.is_none())
            } else {
                (None, true)
            };
            let may_begin = is_next && !self.directory.is_paused(self.connection, destination)?;
            let slot = if may_begin { self.take_slot(destination, work, payload_bytes)? } else { None };
            insert.execute((
                Key(delivery_id),
                Key(outbound.id),
                Key(destination.webhook_id),
                &destination.account,
                destination.epoch,
                lane,
                sequence,
                Millis(self.now),
                slot.is_some().then_some(Key(self.incarnation)),
            ))?;
            if let Some(slot) = slot {
                leased.push(Leased {
                    delivery_id,
                    attempt: 1,
                    schedule_start: 0,
                    due_at: self.now,
                    lane,
                    notification: outbound.clone(),
                    destination: destination.clone(),
                    lease: self.incarnation,
                    slot,
                });
            }
        }
        Ok(leased)
    }

    /// A slot, as far as the caps and the webhook's rate limit allow. If not, the work waits in the slots.
    fn take_slot(&self, destination: &Destination, work: Work, payload_bytes: usize) -> rusqlite::Result<Option<Slot>> {
        let Some(slot) = self.slots.try_take(&destination.account, work, payload_bytes, self.now) else { return Ok(None) };
        let Some(rate) = destination.max_per_second.and_then(Rate::even) else { return Ok(Some(slot)) };
        let even_at: Option<Micros> = self
            .connection
            .prepare_cached("SELECT even_at FROM rates WHERE webhook_id = ?1")?
            .query_row([Key(work.webhook_id)], |row| row.get(0))
            .optional()?;
        match rate.admit(even_at.map(|even_at| even_at.0), self.now) {
            Ok(even_at) => {
                self.connection
                    .prepare_cached("INSERT OR REPLACE INTO rates (webhook_id, even_at) VALUES (?1, ?2)")?
                    .execute((Key(work.webhook_id), Micros(even_at)))?;
                Ok(Some(slot))
            }
            Err(wait) => {
                drop(slot);
                self.slots.wait_until(work, self.now + wait);
                Ok(None)
            }
        }
    }

    /// Takes of that work, and of what fell due since, as much as finds a slot.
    pub(super) fn lease_due(&self, mut works: Vec<Work>) -> rusqlite::Result<DueRound> {
        let fell_due: Vec<Work> = self
            .connection
            .prepare_cached("SELECT webhook_id, lane FROM ready WHERE due_at <= ?1 ORDER BY due_at LIMIT ?2")?
            .query_map((Millis(self.now), READY_AT_ONCE), |row| Ok(Work { webhook_id: row.get::<_, Key>(0)?.0, lane: row.get(1)? }))?
            .collect::<rusqlite::Result<_>>()?;
        let mut remove = self.connection.prepare_cached("DELETE FROM ready WHERE webhook_id = ?1 AND lane = ?2")?;
        for work in &fell_due {
            remove.execute((Key(work.webhook_id), work.lane))?;
        }
        works.extend(fell_due);
        // Retries come last, unless it is their turn.
        works.sort_by_cached_key(|work| match work.lane {
            Lane::Retry if self.slots.retries_go_first(work.webhook_id) => 0,
            Lane::Fresh | Lane::Ordered => 1,
            Lane::Retry => 2,
        });
        let mut round = DueRound::default();
        for (index, work) in works.iter().enumerate() {
            if round.leased.len() >= LEASED_AT_ONCE {
                round.left = works[index..].to_vec();
                break;
            }
            let Some(destination) = self.directory.destination(self.connection, work.webhook_id)? else { continue };
            let room = LEASED_AT_ONCE - round.leased.len();
            round.leased.extend(self.lease_of_webhook(&destination, *work, room)?);
        }
        round.next_due = self
            .connection
            .prepare_cached("SELECT min(due_at) FROM ready")?
            .query_row([], |row| row.get::<_, Option<Millis>>(0))?
            .map(|time| time.0);
        Ok(round)
    }

    /// Takes what is due of one lane. What then still waits waits in the slots, or in `ready` for its time.
    fn lease_of_webhook(&self, destination: &Arc<Destination>, work: Work, most: usize) -> rusqlite::Result<Vec<Leased>> {
        // It waits already, and is looked at when it need not any more; or nothing of it begins before a resumption finds it.
        if self.slots.is_waiting(work) || self.directory.is_paused(self.connection, destination)? {
            return Ok(Vec::new());
        }
        let mut waiting = self.connection.prepare_cached(if work.lane == Lane::Ordered { IN_ORDER } else { WAITING })?;
        let mut rows = waiting.query(rusqlite::named_params! {
            ":webhook": Key(work.webhook_id), ":epoch": destination.epoch, ":lane": work.lane, ":incarnation": Key(self.incarnation),
        })?;
        let mut taken = Vec::new();
        while let Some(row) = rows.next()? {
            let due_at = row.get::<_, Millis>(2)?.0;
            let is_leased: bool = row.get(3)?;
            if is_leased {
                // Whoever is on it wakes what comes after.
                break;
            }
            let (attempts, schedule_start): (u32, u32) = (row.get(1)?, row.get(9)?);
            // What waits for its first attempt waits for no time: if the clock says otherwise, it has been set back.
            if due_at > self.now && attempts > schedule_start {
                mark_ready(self.connection, work, due_at)?;
                break;
            }
            if taken.len() >= most {
                self.slots.wake([work]);
                break;
            }
            let notification = notifications::from_row(row, 4)?;
            let Some(slot) = self.take_slot(destination, work, notification.data.get().len())? else { break };
            taken.push(Leased {
                delivery_id: row.get::<_, Key>(0)?.0,
                attempt: attempts + 1,
                schedule_start,
                due_at,
                lane: work.lane,
                notification: Arc::new(notification.outbound(notifications::trace_from_row(row, 10)?)),
                destination: destination.clone(),
                lease: self.incarnation,
                slot,
            });
            if work.lane == Lane::Ordered {
                break;
            }
        }
        drop(rows);
        let mut take = self.connection.prepare_cached("UPDATE deliveries SET leased_by = ?2 WHERE id = ?1")?;
        for leased in &taken {
            take.execute((Key(leased.delivery_id), Key(self.incarnation)))?;
        }
        Ok(taken)
    }

    /// The first delivery of an ordered webhook that waits or is in flight.
    fn head(&self, destination: &Destination) -> rusqlite::Result<Option<Uuid>> {
        self.connection
            .prepare_cached(
                "SELECT id FROM deliveries INDEXED BY deliveries_in_order
                 WHERE webhook_id = ?1 AND epoch = ?2 AND status = 0 AND sequence IS NOT NULL LIMIT 1",
            )?
            .query_row((Key(destination.webhook_id), destination.epoch), |row| row.get::<_, Key>(0).map(|key| key.0))
            .optional()
    }

    pub(super) fn finish(&self, finish: &Finish) -> rusqlite::Result<Finished> {
        let (mut finished, lane_now) = self.record(finish)?;
        // It may have been made due in order, or out of it, while it was attempted.
        if (finish.lane == Lane::Ordered || lane_now == Some(Lane::Ordered))
            && finished.deactivated.is_none()
            && let Some(destination) = self.directory.destination(self.connection, finish.destination.webhook_id)?
        {
            let work = Work { webhook_id: destination.webhook_id, lane: Lane::Ordered };
            finished.next = self.lease_of_webhook(&destination, work, 1)?.pop();
        }
        Ok(finished)
    }

    /// What follows, and the lane that the delivery is in now, if this has changed it.
    fn record(&self, finish: &Finish) -> rusqlite::Result<(Finished, Option<Lane>)> {
        let connection = self.connection;
        let delivery = Key(finish.delivery_id);
        let attempt = &finish.attempt;
        let erased = attempt.response_body.as_ref().is_some_and(|body| !body.is_empty())
            && erasure::is_notification_of_deleted(connection, finish.delivery_id)?;
        let inserted = connection
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
                attempt.response_body.as_ref().filter(|_| !erased),
                attempt.truncated,
            ))?;

        if finish.next == Next::Succeeded {
            // One that is told again after a redelivery was asked for does not settle that.
            let lane = connection
                .prepare_cached(
                    "UPDATE deliveries SET status = 1, attempt_count = max(attempt_count, ?2), leased_by = NULL, due_at = ?4
                     WHERE id = ?1 AND (?3 OR schedule_start < ?2) RETURNING lane",
                )?
                .query_row((&delivery, attempt.number, inserted == 1, Millis(self.now)), |row| row.get(0))
                .optional()?;
            failures::forget(connection, self.directory, finish.destination.webhook_id)?;
            return Ok((Finished::default(), lane));
        }

        // A delivery that was cancelled meanwhile keeps that state and still counts the attempt.
        let destination = &finish.destination;
        let live = self.directory.destination(connection, destination.webhook_id)?.filter(|current| current.epoch == destination.epoch);
        let (status, due_at) = match finish.next {
            Next::RetryAt(due_at) if live.is_some() => (0, due_at),
            Next::RetryAt(_) => (3, self.now),
            Next::Failed | Next::Gone | Next::Succeeded => (2, self.now),
        };
        let lane = if finish.lane == Lane::Ordered { Lane::Ordered } else { Lane::Retry };
        // A schedule that starts after this attempt is that of a redelivery, asked for while it was under way.
        let still_due = connection
            .prepare_cached(
                "UPDATE deliveries SET attempt_count = ?2, leased_by = NULL,
                     status = iif(status = 0 AND schedule_start < ?2, ?3, status),
                     lane = iif(schedule_start < ?2, ?5, lane),
                     due_at = iif(schedule_start < ?2, ?4, due_at)
                 WHERE id = ?1 AND attempt_count = ?2 - 1 AND status <> 1 RETURNING status, due_at, lane",
            )?
            .query_row((&delivery, attempt.number, status, Millis(due_at), lane), |row| {
                Ok((row.get::<_, u8>(0)?, row.get::<_, Millis>(1)?.0, row.get(2)?))
            })
            .optional()?;
        if let Some((0, due_at, lane)) = still_due {
            mark_ready(connection, Work { webhook_id: destination.webhook_id, lane }, due_at)?;
        }
        let lane_now = still_due.map(|(_, _, lane)| lane);

        // Only if the callback that is gone, or fails, is still the one that is registered.
        let Some(current) = live.filter(|current| current.target_url == destination.target_url) else {
            return Ok((Finished::default(), lane_now));
        };
        // The clock may have been set back meanwhile.
        let at = self.now.min(attempt.started_at + TimeDelta::milliseconds(i64::from(attempt.duration_ms)));
        let cause = if finish.next == Next::Gone {
            webhooks::deactivate_because(connection, self.directory, &destination.account, destination.webhook_id, REASON_GONE, at)?;
            Some(DeactivationCause::Gone)
        } else if let Some(patience) = finish.patience.filter(|_| inserted == 1) {
            failures::count(connection, self.directory, &current, patience, at)?.map(DeactivationCause::Failing)
        } else {
            None
        };
        let deactivated = cause.map(|cause| Deactivated { revision: current.revision + 1, cause });
        Ok((Finished { deactivated, next: None }, lane_now))
    }
}

/// At most as many rows as this webhook has in flight or unrecorded stand before the first one that nobody is on.
const WAITING: &str = "SELECT d.id, d.attempt_count, d.due_at, 0, n.id, n.type, n.data, n.created_at, n.delivery_count,
            d.schedule_start, n.trace_parent, n.trace_state
     FROM deliveries d INDEXED BY deliveries_waiting JOIN notifications n ON n.id = d.notification_id
     WHERE d.webhook_id = :webhook AND d.epoch = :epoch AND d.lane = :lane AND d.status = 0
       AND (d.leased_by IS NULL OR d.leased_by <> :incarnation)
     ORDER BY d.due_at";

/// Only the first one counts.
const IN_ORDER: &str =
    "SELECT d.id, d.attempt_count, d.due_at, d.leased_by IS :incarnation, n.id, n.type, n.data, n.created_at, n.delivery_count,
            d.schedule_start, n.trace_parent, n.trace_state
     FROM deliveries d INDEXED BY deliveries_in_order JOIN notifications n ON n.id = d.notification_id
     WHERE d.webhook_id = :webhook AND d.epoch = :epoch AND d.lane = :lane AND d.status = 0 AND d.sequence IS NOT NULL
     ORDER BY d.sequence LIMIT 1";

pub(super) fn release(connection: &Connection, delivery_id: Uuid, lease: Uuid) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE deliveries SET leased_by = NULL WHERE id = ?1 AND leased_by = ?2")?
        .execute((Key(delivery_id), Key(lease)))?;
    Ok(())
}

impl ToSql for Lane {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(*self as u8))
    }
}

impl FromSql for Lane {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Lane> {
        let number = i64::column_result(value)?;
        Lane::ALL.into_iter().find(|lane| *lane as i64 == number).ok_or(rusqlite::types::FromSqlError::OutOfRange(number))
    }
}
