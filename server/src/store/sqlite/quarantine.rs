//! The suspects: deliveries during whose attempts the process died several times.

use super::*;
use crate::model::Rate;

/// How long a dead process is remembered, in days. The deaths of a delivery that is paused for longer may not be
/// counted.
const REMEMBERED_DAYS: i64 = 30;

/// Records that the previous process has died, unless it removed its row from `nodes` when it stopped.
pub(super) fn record_dead(connection: &Connection) -> rusqlite::Result<()> {
    let now = Utc::now();
    connection.execute("DELETE FROM dead_incarnations WHERE found_at < ?1", [Millis(now - TimeDelta::days(REMEMBERED_DAYS))])?;
    connection.execute("INSERT INTO dead_incarnations (incarnation, found_at) SELECT incarnation, ?1 FROM nodes", [Millis(now)])?;
    Ok(())
}

pub(super) fn count(connection: &Connection) -> rusqlite::Result<u32> {
    connection
        .prepare_cached("SELECT count(*) FROM deliveries INDEXED BY deliveries_suspects WHERE status = 0 AND deaths >= 3")?
        .query_row([], |row| row.get(0))
}

impl LeaseTransaction<'_> {
    /// Leases the next suspect of an active webhook that is not paused. Does nothing while another suspect is in
    /// flight.
    pub(super) fn lease_suspect(&self) -> rusqlite::Result<Option<Suspect>> {
        let mut suspects = self.connection.prepare_cached(SUSPECTS)?;
        let mut rows = suspects.query([Key(self.incarnation)])?;
        while let Some(row) = rows.next()? {
            if row.get(3)? {
                return Ok(None);
            }
            let Some(destination) = self.cache.destination(self.connection, row.get::<_, Key>(13)?.0)? else { continue };
            if row.get::<_, u32>(14)? != destination.epoch || self.cache.is_paused(self.connection, &destination)? {
                continue;
            }
            let work = WorkItem { webhook_id: destination.webhook_id, lane: row.get(15)? };
            let begin_at = self.reserve_rate(&destination)?;
            let notification = notifications::from_row(row, 4)?;
            let slot = self.slots.take_for_suspect(&destination.account, &destination.hosts, work, notification.data.get().len(), self.now);
            let leased = Leased {
                delivery_id: row.get::<_, Key>(0)?.0,
                attempt: row.get::<_, u32>(1)? + 1,
                schedule_start: row.get(9)?,
                due_at: row.get::<_, Millis>(2)?.0,
                lane: work.lane,
                notification: Arc::new(notification.outbound(notifications::trace_from_row(row, 10)?)),
                destination,
                lease: self.incarnation,
                deaths: row.get(12)?,
                slot,
            };
            drop(rows);
            self.connection.prepare_cached("UPDATE deliveries SET leased_by = ?2, deaths = ?3 WHERE id = ?1")?.execute((
                Key(leased.delivery_id),
                Key(self.incarnation),
                leased.deaths,
            ))?;
            return Ok(Some(Suspect { leased, begin_at }));
        }
        Ok(None)
    }

    /// Reserves the next attempt that the webhook's rate limit allows. Returns when the attempt may begin.
    fn reserve_rate(&self, destination: &Destination) -> rusqlite::Result<DateTime<Utc>> {
        let Some(rate) = destination.max_per_second.and_then(Rate::per_second) else { return Ok(self.now) };
        let theoretical_arrival_time = self.theoretical_arrival_time(destination.webhook_id)?;
        let (begin_at, next) = rate.reserve(theoretical_arrival_time, self.now);
        self.save_theoretical_arrival_time(destination.webhook_id, next)?;
        Ok(begin_at)
    }
}

/// Selects the suspects. The suspect in flight comes first, then the suspects with the most deaths.
const SUSPECTS: &str = "SELECT d.id, d.attempt_count, d.due_at, d.leased_by IS ?1, n.id, n.type, n.data, n.created_at, n.delivery_count,
            d.schedule_start, n.trace_parent, n.trace_state,
            d.deaths + EXISTS (SELECT 1 FROM dead_incarnations x WHERE x.incarnation = d.leased_by) AS all_deaths,
            d.webhook_id, d.epoch, d.lane
     FROM deliveries d INDEXED BY deliveries_suspects JOIN notifications n ON n.id = d.notification_id AND n.data IS NOT NULL
     WHERE d.status = 0 AND d.deaths >= 3
     ORDER BY d.leased_by IS ?1 DESC, all_deaths DESC, d.id";
