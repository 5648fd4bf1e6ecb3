//! Taking deliveries that are due.

use super::*;
use crate::api::trace::TraceContext;
use crate::model::Rate;
use crate::slots::{Slot, Slots};

/// So many deliveries are leased in one round, so that a publish never waits long behind one.
const LEASED_AT_ONCE: usize = 256;

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
        let mut insert = self.connection.prepare_cached(new_deliveries::INSERT)?;
        let mut leased = Vec::new();
        for destination in destinations {
            let delivery_id = Uuid::now_v7();
            let lane = if destination.ordered { Lane::Ordered } else { Lane::Fresh };
            let work = Work { webhook_id: destination.webhook_id, lane };
            let (sequence, is_next) = if destination.ordered {
                (Some(new_deliveries::next_sequence(self.connection, work.webhook_id)?), self.head(destination)?.is_none())
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
        works.extend(ready::take_due(self.connection, self.now)?);
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
    pub(super) fn lease_of_webhook(&self, destination: &Arc<Destination>, work: Work, most: usize) -> rusqlite::Result<Vec<Leased>> {
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
                ready::mark(self.connection, work, due_at)?;
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
