//! The backlog scan, and the oldest due deliveries, for metrics.

use super::*;
use crate::model::{BacklogCounts, FAILING_AFTER};
use crate::store::backlog_counts::ScanPosition;
use crate::store::shared::pauses::Paused;

/// The maximum number of rows that one step counts. A step takes a few milliseconds.
const MAX_ROWS_PER_STEP: u32 = 10_000;

const DELIVERIES: &str = "SELECT webhook_id, epoch, lane, due_at, id FROM deliveries INDEXED BY deliveries_waiting
     WHERE status = 0 AND (webhook_id, epoch, lane, due_at, id) > (?1, ?2, ?3, ?4, ?5)
     ORDER BY webhook_id, epoch, lane, due_at, id LIMIT ?6";

/// This query also reads tombstones. If it skipped tombstones, a step could read more rows than its limit.
const WEBHOOKS: &str =
    "SELECT id, deleted_at IS NULL, deactivation_reason IS NULL, account FROM webhooks WHERE id > ?1 ORDER BY id LIMIT ?2";

const FAILING: &str = "SELECT webhook_id, attempts >= ?3, account, deleted_at IS NULL AND deactivation_reason IS NULL
     FROM failures CROSS JOIN webhooks ON id = webhook_id WHERE webhook_id > ?1 ORDER BY webhook_id LIMIT ?2";

const ACCOUNT: &str = "SELECT account FROM webhooks WHERE id = ?1";

pub(super) fn scan_backlog(connection: &Connection, incarnation: Uuid, scan: BacklogScan) -> rusqlite::Result<BacklogScan> {
    count_at_most(connection, incarnation, scan, MAX_ROWS_PER_STEP)
}

fn count_at_most(connection: &Connection, incarnation: Uuid, mut scan: BacklogScan, limit: u32) -> rusqlite::Result<BacklogScan> {
    let mut counted = 0;
    match scan.position {
        ScanPosition::Deliveries { webhook_id, epoch, lane, due_at, id } => {
            let mut waiting = FirstWaiting::new(connection, incarnation)?;
            let mut in_order = (lane == Lane::Ordered).then_some(webhook_id);
            let mut account_of = connection.prepare_cached(ACCOUNT)?;
            let mut of_webhook: Option<(Uuid, u64)> = None;
            let mut statement = connection.prepare_cached(DELIVERIES)?;
            let mut rows = statement.query((Key(webhook_id), epoch, lane, Millis(due_at), Key(id), limit))?;
            while let Some(row) = rows.next()? {
                counted += 1;
                let (webhook_id, lane) = (row.get::<_, Key>(0)?.0, row.get(2)?);
                scan.counts.pending[lane as usize] += 1;
                match &mut of_webhook {
                    Some((id, count)) if *id == webhook_id => *count += 1,
                    _ => add_pending(&mut scan.counts, &mut account_of, of_webhook.replace((webhook_id, 1)))?,
                }
                if lane == Lane::Ordered && in_order.replace(webhook_id) != Some(webhook_id) {
                    let since = waiting.since(WorkItem { webhook_id, lane })?;
                    scan.counts.oldest_in_order = scan.counts.oldest_in_order.into_iter().chain(since).min();
                }
                if counted == limit {
                    let id = row.get::<_, Key>(4)?.0;
                    scan.position =
                        ScanPosition::Deliveries { webhook_id, epoch: row.get(1)?, lane, due_at: row.get::<_, Millis>(3)?.0, id };
                }
            }
            add_pending(&mut scan.counts, &mut account_of, of_webhook)?;
            if counted < limit {
                scan.position = ScanPosition::Webhooks { after: Uuid::nil() };
            }
        }
        ScanPosition::Webhooks { after } => {
            let paused = pauses::read(connection)?;
            let mut statement = connection.prepare_cached(WEBHOOKS)?;
            let mut rows = statement.query((Key(after), limit))?;
            while let Some(row) = rows.next()? {
                counted += 1;
                let (exists, is_active): (bool, bool) = (row.get(1)?, row.get(2)?);
                let (id, account) = (row.get::<_, Key>(0)?.0, row.get_ref(3)?.as_str()?);
                if exists {
                    scan.counts.add_webhook(account, is_active, paused.has(account, id));
                }
                scan.position = ScanPosition::Webhooks { after: id };
            }
            if counted < limit {
                scan.position = ScanPosition::Failing { after: Uuid::nil() };
            }
        }
        ScanPosition::Failing { after } => {
            let paused = pauses::read(connection)?;
            let mut statement = connection.prepare_cached(FAILING)?;
            let mut rows = statement.query((Key(after), limit, FAILING_AFTER))?;
            while let Some(row) = rows.next()? {
                counted += 1;
                let (id, is_failing, is_active): (Key, bool, bool) = (row.get(0)?, row.get(1)?, row.get(3)?);
                let account = row.get_ref(2)?.as_str()?;
                if is_failing && is_active && !paused.has(account, id.0) {
                    scan.counts.of_account(account).failing += 1;
                }
                scan.position = ScanPosition::Failing { after: id.0 };
            }
            if counted < limit {
                scan.position = ScanPosition::End;
            }
        }
        ScanPosition::End => {}
    }
    Ok(scan)
}

/// Adds the pending deliveries of a webhook to the counts of its account.
fn add_pending(
    counts: &mut BacklogCounts,
    account_of: &mut rusqlite::Statement<'_>,
    of_webhook: Option<(Uuid, u64)>,
) -> rusqlite::Result<()> {
    let Some((webhook_id, count)) = of_webhook else { return Ok(()) };
    let mut rows = account_of.query([Key(webhook_id)])?;
    if let Some(row) = rows.next()? {
        counts.of_account(row.get_ref(0)?.as_str()?).pending += count;
    }
    Ok(())
}

/// Returns the oldest due time of each lane. The cost is one index search for each lane, and one index search for each
/// examined work item.
pub(super) fn oldest_due(connection: &Connection, incarnation: Uuid, waiting: &[WorkItem]) -> rusqlite::Result<DuePerLane> {
    let mut due = DuePerLane::default();
    let mut ready = connection.prepare_cached(NEXT_READY)?;
    for lane in Lane::ALL {
        due[lane as usize] = ready.query_row([lane], |row| row.get::<_, Option<Millis>>(0))?.map(|time| time.0);
    }
    let mut first = FirstWaiting::new(connection, incarnation)?;
    for work in waiting.iter().take(MAX_WAITING_EXAMINED) {
        let oldest = &mut due[work.lane as usize];
        *oldest = (*oldest).into_iter().chain(first.since(*work)?).min();
    }
    Ok(due)
}

/// The maximum number of waiting work items that [`oldest_due`] examines.
const MAX_WAITING_EXAMINED: usize = 1000;

/// This query skips rows with the time 0. The time 0 is no due time; it makes the next leasing round examine the work.
const NEXT_READY: &str = "SELECT min(due_at) FROM ready WHERE lane = ?1 AND due_at > 0";

/// Selects the first delivery without a valid lease. Before this delivery, the query reads only leased deliveries. The
/// slots limit the number of leased deliveries.
const FIRST_WAITING: &str = "SELECT d.due_at, w.account FROM webhooks w JOIN deliveries d INDEXED BY deliveries_waiting
     ON d.webhook_id = w.id AND d.epoch = w.epoch AND d.lane = ?2 AND d.status = 0
     WHERE w.id = ?1 AND w.deactivation_reason IS NULL AND w.deleted_at IS NULL AND d.leased_by IS NOT ?3
     ORDER BY d.due_at LIMIT 1";

/// Finds the first delivery without a valid lease in a work item, and its due time. Ignores paused webhooks, because
/// their deliveries wait for the operator.
struct FirstWaiting<'a> {
    statement: rusqlite::CachedStatement<'a>,
    incarnation: Uuid,
    paused: Paused,
}

impl FirstWaiting<'_> {
    fn new(connection: &Connection, incarnation: Uuid) -> rusqlite::Result<FirstWaiting<'_>> {
        Ok(FirstWaiting { statement: connection.prepare_cached(FIRST_WAITING)?, incarnation, paused: pauses::read(connection)? })
    }

    fn since(&mut self, work: WorkItem) -> rusqlite::Result<Option<DateTime<Utc>>> {
        let found = self.statement.query_row((Key(work.webhook_id), work.lane, Key(self.incarnation)), |row| {
            let is_paused = self.paused.has(row.get_ref(1)?.as_str().map_err(|error| corrupt(1, error))?, work.webhook_id);
            Ok((!is_paused).then_some(row.get::<_, Millis>(0)?.0))
        });
        found.optional().map(Option::flatten)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::AccountCounts;

    const WEBHOOK_COUNT: u32 = 30;

    /// Of every three webhooks, one is active, one deactivated and one deleted. Each webhook has pending and ended
    /// deliveries.
    fn database() -> Connection {
        let connection = Connection::open_in_memory().expect("a database");
        connection.execute_batch(&MIGRATIONS.concat()).expect("the schema");
        for number in 1..=WEBHOOK_COUNT {
            let id = Key(Uuid::from_u128(u128::from(number)));
            let (reason, deleted_at) = [(None, None), (Some("gone"), None), (None, Some(0))][number as usize % 3];
            connection
                .execute(
                    "INSERT INTO webhooks (id, account, target_url, auth, signing_secret, ordered, deactivation_reason, epoch, revision, created_at,
                         updated_at, registrant, deleted_at) VALUES (?1, 'a', 'u', '{}', x'', 0, ?2, 1, 1, 0, 0, x'', ?3)",
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
            let (mut scan, mut steps) = (BacklogScan::default(), 0);
            while !scan.ended() {
                scan = count_at_most(&connection, Uuid::nil(), scan, limit).expect("counted");
                steps += 1;
            }
            assert_eq!((scan.counts.pending, scan.counts.active, scan.counts.deactivated), ([60, 30, 0], 10, 10), "{limit} at once");
            let of_account = AccountCounts { pending: 90, active: 10, deactivated: 10, ..AccountCounts::default() };
            assert_eq!(scan.counts.accounts, [("a".to_owned(), of_account)].into(), "{limit} at once");
            assert_eq!(steps, 90 / limit + 1 + 30 / limit + 1 + 1, "{limit} at once");
        }
    }

    #[test]
    fn the_oldest_ordered_delivery_is_not_leased_paused_or_cancelled() {
        let connection = database();
        let incarnation = Uuid::from_u128(1 << 100);
        for (webhook, epoch, due_at, leased_by) in [
            (1, 1, 1, None), // deactivated
            (2, 1, 1, None), // deleted
            (3, 0, 1, None), // of an earlier epoch
            (3, 1, 2, Some(incarnation)),
            (3, 1, 9, None),
            (6, 1, 3, None),              // paused
            (9, 1, 7, Some(Uuid::nil())), // leased by a dead node
        ] {
            connection
                .execute(
                    "INSERT INTO deliveries (id, notification_id, webhook_id, account, epoch, status, lane, attempt_count, due_at, leased_by, created_at)
                     VALUES (randomblob(16), x'', ?1, 'a', ?2, 0, 2, 0, ?3, ?4, 0)",
                    (Key(Uuid::from_u128(webhook)), epoch, due_at, leased_by.map(Key)),
                )
                .expect("a delivery");
        }
        let pause = "INSERT INTO pauses (scope, name, since) VALUES ('webhook', ?1, 0)";
        connection.execute(pause, [Uuid::from_u128(6).to_string()]).expect("a pause");
        let oldest = |limit| {
            let mut scan = BacklogScan::default();
            while !scan.ended() {
                scan = count_at_most(&connection, incarnation, scan, limit).expect("counted");
            }
            scan.counts.oldest_in_order.map(|time| time.timestamp_millis())
        };
        assert_eq!([1, 2, 7, 1000].map(oldest), [Some(7); 4]);
        connection.execute("DELETE FROM pauses", []).expect("resumed");
        assert_eq!([1, 2, 7, 1000].map(oldest), [Some(3); 4]);
    }

    #[test]
    fn every_query_searches_an_index_and_sorts_nothing() {
        let connection = database();
        let plan = |sql: &str| -> Vec<String> {
            let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect("a statement");
            let nulls = vec![rusqlite::types::Value::Null; statement.parameter_count()];
            let rows = statement.query_map(rusqlite::params_from_iter(nulls), |row| row.get(3)).expect("a plan");
            rows.collect::<rusqlite::Result<_>>().expect("a plan")
        };
        for sql in [DELIVERIES, WEBHOOKS, FAILING, ACCOUNT, NEXT_READY, FIRST_WAITING] {
            let plan = plan(sql);
            assert!(plan.iter().all(|step| step.starts_with("SEARCH ")), "{plan:?}");
        }
    }
}
