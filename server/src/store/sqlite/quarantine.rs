//! The suspects: deliveries during whose attempts the process died several times.

use super::*;
use crate::model::Rate;

/// How long a dead process is remembered, in days. The deaths of a delivery that is paused for longer may not be
/// counted.
const REMEMBERED_DAYS: i64 = 30;

/// Registers this process as the node, and makes due work ready. If the process does not hold the current master key,
/// changes nothing and returns the id of that key.
pub(super) fn join(connection: &Connection, incarnation: Uuid, master_keys: &str) -> rusqlite::Result<Option<String>> {
    let not_held = keys::not_held(connection, master_keys)?;
    if not_held.is_none() {
        replace_node(connection, incarnation, master_keys)?;
        ready::rebuild(connection)?;
    }
    Ok(not_held)
}

/// Replaces the row of the previous process in `nodes` by the row of this process.
fn replace_node(connection: &Connection, incarnation: Uuid, master_keys: &str) -> rusqlite::Result<()> {
    record_dead(connection)?;
    connection.execute("DELETE FROM nodes", [])?;
    let node = "INSERT INTO nodes (incarnation, started_at, master_keys) VALUES (?1, ?2, ?3)";
    connection.execute(node, (Key(incarnation), Millis(Utc::now()), master_keys)).map(drop)
}

/// Records that the previous process has died, unless it removed its row from `nodes` when it stopped.
fn record_dead(connection: &Connection) -> rusqlite::Result<()> {
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
    /// Leases the next suspect of an active webhook that is not paused and that is not in `skip`. Does nothing while
    /// another suspect is in flight.
    pub(super) fn lease_suspect(&self, skip: &[Uuid]) -> rusqlite::Result<Option<Suspect>> {
        let mut suspects = self.connection.prepare_cached(SUSPECTS)?;
        let mut rows = suspects.query([Key(self.incarnation)])?;
        while let Some(row) = rows.next()? {
            if row.get(1)? {
                return Ok(None);
            }
            let delivery_id = row.get::<_, Key>(0)?.0;
            if skip.contains(&delivery_id) {
                continue;
            }
            let Some(destination) = self.cache.destination(self.connection, row.get::<_, Key>(2)?.0)? else { continue };
            if row.get::<_, u32>(3)? != destination.epoch || self.cache.is_paused(self.connection, &destination)? {
                continue;
            }
            let work = WorkItem { webhook_id: destination.webhook_id, lane: row.get(4)? };
            let deaths = row.get(5)?;
            let mut suspect = self.connection.prepare_cached(SUSPECT)?;
            let mut found = suspect.query([Key(delivery_id)])?;
            let Some(row) = found.next()? else { continue };
            let begin_at = self.reserve_rate(&destination)?;
            let bytes = row.get_ref(6)?.as_str()?.len();
            let slot = self.slots.take_for_suspect(&destination.account, &destination.hosts, work, bytes, self.now);
            let leased = Leased {
                delivery_id,
                attempt: row.get::<_, u32>(0)? + 1,
                schedule_start: row.get(2)?,
                due_at: row.get::<_, Millis>(1)?.0,
                lane: work.lane,
                notification: Arc::new(notifications::outbound_from_row(row, 3, 7)?),
                destination,
                lease: self.incarnation,
                deaths,
                slot,
            };
            drop(found);
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

/// Selects the suspects. The suspect in flight comes first, then the suspects with the most deaths. The query sorts all
/// suspects, so it reads no payload.
const SUSPECTS: &str = "SELECT d.id, d.leased_by IS ?1, d.webhook_id, d.epoch, d.lane,
            d.deaths + EXISTS (SELECT 1 FROM dead_incarnations x WHERE x.incarnation = d.leased_by) AS all_deaths
     FROM deliveries d INDEXED BY deliveries_suspects WHERE d.status = 0 AND d.deaths >= 3
     ORDER BY d.leased_by IS ?1 DESC, all_deaths DESC, d.id";

/// Selects a suspect with its notification.
const SUSPECT: &str = "SELECT d.attempt_count, d.due_at, d.schedule_start, n.id, n.type, n.created_at, n.data,
            n.trace_parent, n.trace_state
     FROM deliveries d JOIN notifications n ON n.id = d.notification_id AND n.data IS NOT NULL WHERE d.id = ?1";
