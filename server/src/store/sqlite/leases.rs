//! Leasing due deliveries.

use super::*;
use crate::api::trace::TraceContext;
use crate::model::Rate;
use crate::slots::{Slot, Slots};

/// The maximum number of deliveries that one round leases. The limit keeps the round short, because a publish must wait
/// until the round ends.
const MAX_LEASED_PER_ROUND: usize = 256;

pub(super) struct LeaseTransaction<'a> {
    pub(super) connection: &'a Connection,
    pub(super) cache: &'a SubscriptionCache,
    pub(super) slots: &'a Arc<Slots>,
    pub(super) incarnation: Uuid,
    pub(super) now: DateTime<Utc>,
}

impl LeaseTransaction<'_> {
    /// Stores a delivery for each destination, and leases the deliveries that get a slot.
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
            let delivery_id = new_id(self.now);
            let work = destination.new_work();
            let (sequence, is_next) = if destination.ordered {
                (Some(new_deliveries::next_sequence(self.connection, work.webhook_id)?), !self.has_pending(destination)?)
            } else {
                (None, true)
            };
            let may_begin = is_next && !self.cache.is_paused(self.connection, destination)?;
            let slot = if may_begin { self.take_slot(destination, work, payload_bytes)? } else { None };
            insert.execute((
                Key(delivery_id),
                Key(outbound.id),
                Key(destination.webhook_id),
                &destination.account,
                destination.epoch,
                work.lane,
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
                    lane: work.lane,
                    notification: outbound.clone(),
                    destination: destination.clone(),
                    lease: self.incarnation,
                    deaths: 0,
                    slot,
                });
            }
        }
        Ok(leased)
    }

    /// Takes a slot if the caps and the webhook's rate limit allow this. Otherwise lets the work wait in `slots`.
    fn take_slot(&self, destination: &Destination, work: WorkItem, payload_bytes: usize) -> rusqlite::Result<Option<Slot>> {
        let Some(slot) = self.slots.try_take(&destination.account, &destination.hosts, work, payload_bytes, self.now) else {
            return Ok(None);
        };
        let Some(rate) = destination.max_per_second.and_then(Rate::per_second) else { return Ok(Some(slot)) };
        match rate.admit(self.theoretical_arrival_time(work.webhook_id)?, self.now) {
            Ok(theoretical_arrival_time) => {
                self.save_theoretical_arrival_time(work.webhook_id, theoretical_arrival_time)?;
                Ok(Some(slot))
            }
            Err(wait) => {
                drop(slot);
                self.slots.wait_until(work, self.now + wait);
                Ok(None)
            }
        }
    }

    pub(super) fn theoretical_arrival_time(&self, webhook_id: Uuid) -> rusqlite::Result<Option<DateTime<Utc>>> {
        let time: Option<Micros> = self
            .connection
            .prepare_cached("SELECT theoretical_arrival_time FROM rates WHERE webhook_id = ?1")?
            .query_row([Key(webhook_id)], |row| row.get(0))
            .optional()?;
        Ok(time.map(|time| time.0))
    }

    pub(super) fn save_theoretical_arrival_time(&self, webhook_id: Uuid, time: DateTime<Utc>) -> rusqlite::Result<()> {
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO rates (webhook_id, theoretical_arrival_time) VALUES (?1, ?2)")?
            .execute((Key(webhook_id), Micros(time)))?;
        Ok(())
    }

    /// Leases due deliveries of these work items, and of work in `ready` that has fallen due. Stops when no slot is
    /// free.
    pub(super) fn lease_due(&self, mut work_items: Vec<WorkItem>) -> rusqlite::Result<DueRound> {
        work_items.extend(ready::take_due(self.connection, self.now)?);
        // Retries come after new and ordered deliveries, except when `retries_go_first` returns true.
        work_items.sort_by_cached_key(|work| match work.lane {
            Lane::Retry if self.slots.retries_go_first(work.webhook_id) => 0,
            Lane::Fresh | Lane::Ordered => 1,
            Lane::Retry => 2,
        });
        let mut round = DueRound::default();
        for (index, work) in work_items.iter().enumerate() {
            if round.leased.len() >= MAX_LEASED_PER_ROUND {
                round.left = work_items[index..].to_vec();
                break;
            }
            let Some(destination) = self.cache.destination(self.connection, work.webhook_id)? else { continue };
            let room = MAX_LEASED_PER_ROUND - round.leased.len();
            round.leased.extend(self.lease_of_webhook(&destination, *work, room)?);
        }
        round.next_due = self
            .connection
            .prepare_cached("SELECT min(due_at) FROM ready")?
            .query_row([], |row| row.get::<_, Option<Millis>>(0))?
            .map(|time| time.0);
        Ok(round)
    }

    /// Leases due deliveries of one lane of a webhook. Deliveries that are not leased wait for a slot in `slots`, or
    /// for their due time in `ready`.
    pub(super) fn lease_of_webhook(&self, destination: &Arc<Destination>, work: WorkItem, limit: usize) -> rusqlite::Result<Vec<Leased>> {
        // Deliveries of work that waits in `slots` are leased when its wait ends. Deliveries of paused work are leased
        // when the pause ends.
        if self.slots.is_waiting(work) || self.cache.is_paused(self.connection, destination)? {
            return Ok(Vec::new());
        }
        let mut waiting = self.connection.prepare_cached(if work.lane == Lane::Ordered { IN_ORDER } else { WAITING })?;
        let mut rows = waiting.query(rusqlite::named_params! {
            ":webhook": Key(work.webhook_id), ":epoch": destination.epoch, ":lane": work.lane, ":incarnation": Key(self.incarnation),
        })?;
        let (mut taken, mut suspects) = (Vec::new(), Vec::new());
        while let Some(row) = rows.next()? {
            let due_at = row.get::<_, Millis>(2)?.0;
            let is_leased: bool = row.get(3)?;
            if is_leased {
                // This delivery is in flight. The next delivery is leased when the outcome of this delivery is
                // recorded.
                break;
            }
            let deaths: u32 = row.get(11)?;
            if deaths >= SUSPECT_AFTER_DEATHS {
                suspects.push((row.get::<_, Key>(0)?, deaths));
                // The other deliveries of an ordered webhook wait until the suspect has an outcome.
                if work.lane == Lane::Ordered {
                    break;
                }
                continue;
            }
            let (attempts, schedule_start): (u32, u32) = (row.get(1)?, row.get(8)?);
            // The first attempt of a retry schedule is always due. If its due time is in the future, the clock was set
            // back after the due time was stored.
            if due_at > self.now && attempts > schedule_start {
                ready::mark(self.connection, work, due_at)?;
                break;
            }
            if taken.len() >= limit {
                self.slots.wake([work]);
                break;
            }
            let bytes = row.get_ref(7)?.as_str()?.len();
            let Some(slot) = self.take_slot(destination, work, bytes)? else { break };
            taken.push(Leased {
                delivery_id: row.get::<_, Key>(0)?.0,
                attempt: attempts + 1,
                schedule_start,
                due_at,
                lane: work.lane,
                notification: Arc::new(notifications::outbound_from_row(row, 4, 9)?),
                destination: destination.clone(),
                lease: self.incarnation,
                deaths,
                slot,
            });
            if work.lane == Lane::Ordered {
                break;
            }
        }
        drop(rows);
        let mut take = self.connection.prepare_cached("UPDATE deliveries SET leased_by = ?2 WHERE id = ?1")?;
        let mut count = self.connection.prepare_cached("UPDATE deliveries SET deaths = ?2, leased_by = NULL WHERE id = ?1")?;
        let counted = taken.iter().filter(|leased| leased.deaths > 0).map(|leased| (Key(leased.delivery_id), leased.deaths));
        for (delivery, deaths) in counted.chain(suspects) {
            count.execute((delivery, deaths))?;
        }
        for leased in &taken {
            take.execute((Key(leased.delivery_id), Key(self.incarnation)))?;
        }
        Ok(taken)
    }

    /// Returns whether an ordered webhook has a pending delivery. The delivery may be in flight.
    fn has_pending(&self, destination: &Destination) -> rusqlite::Result<bool> {
        self.connection
            .prepare_cached(
                "SELECT 1 FROM deliveries INDEXED BY deliveries_in_order
                 WHERE webhook_id = ?1 AND epoch = ?2 AND status = 0 AND sequence IS NOT NULL LIMIT 1",
            )?
            .exists((Key(destination.webhook_id), destination.epoch))
    }
}

/// Selects deliveries without a valid lease that are no suspects. The query also reads leased deliveries and suspects, but
/// the slots limit the number of leased deliveries. Each three deaths add at most as many suspects as there are slots.
const WAITING: &str = "SELECT d.id, d.attempt_count, d.due_at, 0, n.id, n.type, n.created_at, n.data,
            d.schedule_start, n.trace_parent, n.trace_state,
            d.deaths + EXISTS (SELECT 1 FROM dead_incarnations x WHERE x.incarnation = d.leased_by)
     FROM deliveries d INDEXED BY deliveries_waiting JOIN notifications n ON n.id = d.notification_id
     WHERE d.webhook_id = :webhook AND d.epoch = :epoch AND d.lane = :lane AND d.status = 0
       AND (d.leased_by IS NULL OR d.leased_by <> :incarnation) AND d.deaths < 3
     ORDER BY d.due_at";

/// Selects the first pending delivery of an ordered webhook, because no other delivery may be leased.
const IN_ORDER: &str = "SELECT d.id, d.attempt_count, d.due_at, d.leased_by IS :incarnation, n.id, n.type, n.created_at, n.data,
            d.schedule_start, n.trace_parent, n.trace_state,
            d.deaths + EXISTS (SELECT 1 FROM dead_incarnations x WHERE x.incarnation = d.leased_by)
     FROM deliveries d INDEXED BY deliveries_in_order JOIN notifications n ON n.id = d.notification_id
     WHERE d.webhook_id = :webhook AND d.epoch = :epoch AND d.lane = :lane AND d.status = 0 AND d.sequence IS NOT NULL
     ORDER BY d.sequence LIMIT 1";

/// Releases a lease. Does nothing if the lease is void.
pub(super) fn release(connection: &Connection, delivery_id: Uuid, lease: Uuid) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE deliveries SET leased_by = NULL WHERE id = ?1 AND leased_by = ?2")?
        .execute((Key(delivery_id), Key(lease)))?;
    Ok(())
}
