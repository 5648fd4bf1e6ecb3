//! Counting for those who watch the server.

use super::*;
use crate::store::census::Place;

/// One step: a few milliseconds.
const COUNTED_AT_ONCE: u32 = 10_000;

const DELIVERIES: &str = "SELECT webhook_id, epoch, lane, due_at, id FROM deliveries INDEXED BY deliveries_waiting
     WHERE status = 0 AND (webhook_id, epoch, lane, due_at, id) > (?1, ?2, ?3, ?4, ?5)
     ORDER BY webhook_id, epoch, lane, due_at, id LIMIT ?6";

/// Tombstones are read too: skipping them would make a step longer than it says.
const WEBHOOKS: &str = "SELECT id, deleted_at IS NULL, deactivation_reason IS NULL FROM webhooks WHERE id > ?1 ORDER BY id LIMIT ?2";

pub(super) fn count_some(connection: &Connection, census: Census) -> rusqlite::Result<Census> {
    count_at_most(connection, census, COUNTED_AT_ONCE)
}

fn count_at_most(connection: &Connection, mut census: Census, limit: u32) -> rusqlite::Result<Census> {
    let mut counted = 0;
    match census.place {
        Place::Deliveries { webhook_id, epoch, lane, due_at, id } => {
            let mut statement = connection.prepare_cached(DELIVERIES)?;
            let mut rows = statement.query((Key(webhook_id), epoch, lane, Millis(due_at), Key(id), limit))?;
            while let Some(row) = rows.next()? {
                counted += 1;
                let lane: Lane = row.get(2)?;
                census.pending[lane as usize] += 1;
                if counted == limit {
                    let (webhook_id, id) = (row.get::<_, Key>(0)?.0, row.get::<_, Key>(4)?.0);
                    census.place = Place::Deliveries { webhook_id, epoch: row.get(1)?, lane, due_at: row.get::<_, Millis>(3)?.0, id };
                }
            }
            if counted < limit {
                census.place = Place::Webhooks { after: Uuid::nil() };
            }
        }
        Place::Webhooks { after } => {
            let mut statement = connection.prepare_cached(WEBHOOKS)?;
            let mut rows = statement.query((Key(after), limit))?;
            while let Some(row) = rows.next()? {
                counted += 1;
                match (row.get(1)?, row.get(2)?) {
                    (true, true) => census.active += 1,
                    (true, false) => census.deactivated += 1,
                    (false, _) => {}
                }
                census.place = Place::Webhooks { after: row.get::<_, Key>(0)?.0 };
            }
            if counted < limit {
                census.place = Place::End;
            }
        }
        Place::End => {}
    }
    Ok(census)
}

/// One probe of an index for each lane, and for each webhook that waits for room, as far as these are looked at.
pub(super) fn oldest_due(connection: &Connection, waiting: &[Work]) -> rusqlite::Result<DuePerLane> {
    let mut due = DuePerLane::default();
    let mut ready = connection.prepare_cached(NEXT_READY)?;
    for lane in Lane::ALL {
        due[lane as usize] = ready.query_row([lane], |row| row.get::<_, Option<Millis>>(0))?.map(|time| time.0);
    }
    let mut first = connection.prepare_cached(FIRST_WAITING)?;
    for work in waiting.iter().take(LOOKED_AT) {
        let found = first.query_row((Key(work.webhook_id), work.lane), |row| row.get::<_, Millis>(0)).optional()?.map(|time| time.0);
        let oldest = &mut due[work.lane as usize];
        *oldest = (*oldest).into_iter().chain(found).min();
    }
    Ok(due)
}

const LOOKED_AT: usize = 1000;

const NEXT_READY: &str = "SELECT min(due_at) FROM ready WHERE lane = ?1";

const FIRST_WAITING: &str = "SELECT d.due_at FROM webhooks w JOIN deliveries d INDEXED BY deliveries_waiting
     ON d.webhook_id = w.id AND d.epoch = w.epoch AND d.lane = ?2 AND d.status = 0
     WHERE w.id = ?1 ORDER BY d.due_at LIMIT 1";

#[cfg(test)]
mod tests {
    use super::*;

    const WEBHOOK_COUNT: u32 = 30;

    /// Of each three webhooks one is deactivated and one deleted, and each has a delivery of every lane and state.
    fn database() -> Connection {
        let connection = Connection::open_in_memory().expect("a database");
        connection.execute_batch(MIGRATIONS[0]).expect("the schema");
        for number in 1..=WEBHOOK_COUNT {
            let id = Key(Uuid::from_u128(u128::from(number)));
            let (reason, deleted_at) = [(None, None), (Some("gone"), None), (None, Some(0))][number as usize % 3];
            connection
                .execute(
                    "INSERT INTO webhooks (id, account, target_url, auth, signing_secret, ordered, deactivation_reason, epoch, revision, created_at,
                         updated_at, deleted_at) VALUES (?1, 'a', 'u', '{}', x'', 0, ?2, 1, 1, 0, 0, ?3)",
                    (&id, reason, deleted_at),
                )
                .expect("a webhook");
            for (lane, status) in [(0, 0), (0, 0), (1, 0), (0, 1), (1, 2), (0, 3)] {
                connection
                    .execute(
                        "INSERT INTO deliveries (id, notification_id, webhook_id, account, epoch, status, lane, attempt_count, due_at, created_at)
                         VALUES (randomblob(16), x'', ?1, 'a', 1, ?2, ?3, 0, 5, 0)",
                        (&id, status, lane),
                    )
                    .expect("a delivery");
            }
        }
        connection
    }

    #[test]
    fn steps_of_any_size_count_everything_once() {
        let connection = database();
        for limit in [1, 2, 7, 29, 30, 60, 90, 1000] {
            let (mut census, mut steps) = (Census::default(), 0);
            while !census.ended() {
                census = count_at_most(&connection, census, limit).expect("counted");
                steps += 1;
            }
            assert_eq!((census.pending, census.active, census.deactivated), ([60, 30, 0], 10, 10), "{limit} at once");
            assert_eq!(steps, 90 / limit + 1 + 30 / limit + 1, "{limit} at once");
        }
    }

    #[test]
    fn a_step_begins_where_the_last_one_ended_and_sorts_nothing() {
        let connection = database();
        let plan = |sql: &str| -> Vec<String> {
            let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect("a statement");
            let nothing = vec![rusqlite::types::Value::Null; statement.parameter_count()];
            let rows = statement.query_map(rusqlite::params_from_iter(nothing), |row| row.get(3)).expect("a plan");
            rows.collect::<rusqlite::Result<_>>().expect("a plan")
        };
        for sql in [DELIVERIES, WEBHOOKS, NEXT_READY, FIRST_WAITING] {
            let plan = plan(sql);
            assert!(plan.iter().all(|step| step.starts_with("SEARCH ")), "{plan:?}");
        }
    }
}
