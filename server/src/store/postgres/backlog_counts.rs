//! The backlog counts for monitoring.

use super::pauses::Paused;
use super::*;
use crate::model::FAILING_AFTER;
use crate::store::backlog_counts::ScanPosition;

/// Maximum number of rows that one step counts. A step takes some milliseconds.
const MAX_COUNTED_PER_STEP: u32 = 10_000;

/// Counts the pending deliveries in each group. The deliveries of a group have the same webhook, epoch and lane. Also
/// returns the last delivery of each group, in the order of the query.
const DELIVERIES: &str =
    "SELECT webhook_id, epoch, lane, count(*), max(due_at), (array_agg(delivery_id ORDER BY due_at DESC, delivery_id DESC))[1],
         (SELECT w.account FROM webhooks w WHERE w.id = counted.webhook_id)
     FROM (
         SELECT webhook_id, epoch, lane, due_at, delivery_id FROM pending
         WHERE lane < 3 AND (webhook_id, epoch, lane, due_at, delivery_id) > ($1, $2, $3, $4, $5) AND webhook_id >= $1
         ORDER BY webhook_id, epoch, lane, due_at, delivery_id LIMIT $6) counted
     GROUP BY webhook_id, epoch, lane ORDER BY webhook_id, epoch, lane";

/// Also reads tombstones. If the query skipped tombstones, a step could read more rows than its limit. The program groups
/// the rows by account, because the database would have to sort them.
const WEBHOOKS: &str =
    "SELECT id, account, deleted_at IS NULL, deactivation_reason IS NULL FROM webhooks WHERE id > $1 ORDER BY id LIMIT $2";

/// The rows of webhooks that are not failing yet are read too. Without them, a step could read more rows than its limit.
const FAILING: &str = "SELECT failing.webhook_id, failing.attempts >= $3 AND found.account IS NOT NULL, found.account
     FROM (SELECT webhook_id, attempts FROM failures WHERE webhook_id > $1 ORDER BY webhook_id LIMIT $2) failing
     LEFT JOIN LATERAL (
         SELECT account FROM webhooks WHERE id = failing.webhook_id AND deleted_at IS NULL AND deactivation_reason IS NULL LIMIT 1
     ) found ON true
     ORDER BY failing.webhook_id";

pub(super) async fn scan_backlog(session: &Session, scan: BacklogScan) -> SessionResult<BacklogScan> {
    count_at_most(session, scan, MAX_COUNTED_PER_STEP).await
}

pub(super) async fn count_at_most(session: &Session, mut scan: BacklogScan, limit: u32) -> SessionResult<BacklogScan> {
    let limit = i64::from(limit);
    match scan.position {
        ScanPosition::Deliveries { webhook_id, epoch, lane, due_at, id } => {
            let mut last_ordered = (lane == Lane::Ordered).then_some(webhook_id);
            let groups = session.query(DELIVERIES, &[&webhook_id, &int(epoch), &(lane as i16), &due_at, &id, &limit]).await?;
            let (mut counted, mut ordered) = (0, Vec::new());
            for group in &groups {
                let (webhook_id, lane) = (group.try_get(0)?, Lane::from_number(group.try_get(2)?)?);
                let number: i64 = group.try_get(3)?;
                counted += number;
                let pending = u64::try_from(number).unwrap_or_default();
                scan.counts.pending[lane as usize] += pending;
                if let Some(account) = group.try_get::<_, Option<&str>>(6)? {
                    scan.counts.of_account(account).pending += pending;
                }
                if lane == Lane::Ordered && last_ordered.replace(webhook_id) != Some(webhook_id) {
                    ordered.push(WorkItem { webhook_id, lane });
                }
                let (epoch, due_at, id) = (count(group.try_get(1)?), group.try_get(4)?, group.try_get(5)?);
                scan.position = ScanPosition::Deliveries { webhook_id, epoch, lane, due_at, id };
            }
            let waiting = first_waiting(session, &ordered).await?;
            scan.counts.oldest_in_order = waiting.into_iter().map(|(_, since)| since).chain(scan.counts.oldest_in_order).min();
            if counted < limit {
                scan.position = ScanPosition::Webhooks { after: Uuid::nil() };
            }
        }
        ScanPosition::Webhooks { after } => {
            let paused = Paused::read(session).await?;
            let rows = session.query(WEBHOOKS, &[&after, &limit]).await?;
            for row in &rows {
                let (account, exists, is_active): (&str, bool, bool) = (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
                if exists {
                    scan.counts.add_webhook(account, is_active, paused.has(account, row.try_get(0)?));
                }
            }
            scan.position = match rows.last() {
                Some(last) if rows.len() as i64 == limit => ScanPosition::Webhooks { after: last.try_get(0)? },
                _ => ScanPosition::Failing { after: Uuid::nil() },
            };
        }
        ScanPosition::Failing { after } => {
            let paused = Paused::read(session).await?;
            let rows = session.query(FAILING, &[&after, &limit, &int(FAILING_AFTER)]).await?;
            for row in rows.iter() {
                let (id, is_failing): (Uuid, bool) = (row.try_get(0)?, row.try_get(1)?);
                let account: Option<&str> = row.try_get(2)?;
                if let Some(account) = account.filter(|account| is_failing && !paused.has(account, id)) {
                    scan.counts.of_account(account).failing += 1;
                }
            }
            scan.position = match rows.last() {
                Some(last) if rows.len() as i64 == limit => ScanPosition::Failing { after: last.try_get(0)? },
                _ => ScanPosition::End,
            };
        }
        ScanPosition::End => {}
    }
    Ok(scan)
}

/// Returns the oldest due time of each lane. The cost is one index search for each lane, and one index search for each
/// of the first [`MAX_CHECKED`] items in `waiting`.
pub(super) async fn oldest_due(session: &Session, waiting: &[WorkItem]) -> SessionResult<DuePerLane> {
    let mut due = DuePerLane::default();
    for row in session.query(NEXT_READY, &[]).await? {
        due[Lane::from_number(row.try_get(0)?)? as usize] = row.try_get(1)?;
    }
    for (lane, since) in first_waiting(session, &waiting[..waiting.len().min(MAX_CHECKED)]).await? {
        let oldest = &mut due[lane as usize];
        *oldest = (*oldest).into_iter().chain([since]).min();
    }
    Ok(due)
}

/// Maximum number of waiting work items that are checked.
const MAX_CHECKED: usize = 1000;

/// Selects the earliest due time of each lane in `ready`. Ignores rows with the due time 'epoch'. Such a row only makes
/// the next round examine the work.
const NEXT_READY: &str = "SELECT lane, (SELECT min(due_at) FROM ready WHERE ready.lane = lanes.lane AND due_at > 'epoch')
     FROM (VALUES (0::smallint), (1::smallint), (2::smallint)) AS lanes (lane)";

/// Selects, for each work item, the first delivery without a valid lease. Before this delivery, the query reads only
/// leased deliveries. The slots limit the number of leased deliveries.
const FIRST_WAITING: &str = "SELECT w.id, w.account, work.lane, p.due_at
     FROM UNNEST($1, $2) AS work (webhook_id, lane)
     CROSS JOIN LATERAL (
         SELECT id, account, epoch FROM webhooks
         WHERE id = work.webhook_id AND deactivation_reason IS NULL AND deleted_at IS NULL LIMIT 1) w
     CROSS JOIN LATERAL (
         SELECT due_at FROM pending
         WHERE webhook_id = w.id AND epoch = w.epoch AND lane = work.lane
             AND (leased_by IS NULL OR leased_by NOT IN (SELECT incarnation FROM nodes))
         ORDER BY due_at LIMIT 1) p";

/// Returns the lane and the due time of the first waiting delivery of each work item. Leaves out paused work, because
/// paused work waits for the operator.
async fn first_waiting(session: &Session, work_items: &[WorkItem]) -> SessionResult<Vec<(Lane, DateTime<Utc>)>> {
    if work_items.is_empty() {
        return Ok(Vec::new());
    }
    let paused = Paused::read(session).await?;
    let (webhooks, lanes): (Vec<Uuid>, Vec<i16>) = work_items.iter().map(|work| (work.webhook_id, work.lane as i16)).unzip();
    let mut waiting = Vec::new();
    for row in session.query(FIRST_WAITING, &[&webhooks, &lanes]).await? {
        if !paused.has(row.try_get(1)?, row.try_get(0)?) {
            waiting.push((Lane::from_number(row.try_get(2)?)?, row.try_get(3)?));
        }
    }
    Ok(waiting)
}
