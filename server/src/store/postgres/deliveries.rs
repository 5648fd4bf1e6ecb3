//! Reading deliveries and their attempts.
//!
//! The queries read related rows with subqueries. Each subquery returns at most one row. With a join, the plan might
//! read the whole joined table. The planner chooses such a plan if the statistics are from a time when the table was
//! small.

use super::pages::{PageCollector, in_order};
use super::*;
use crate::api::types::DeliveryStatus;

/// The status of a delivery. A pending delivery counts as cancelled if its webhook is deactivated, deleted or in a
/// later epoch. Steps of `tidy` update the stored status later.
const SHOWN_STATUS: &str = "CASE WHEN d.status = 0 AND (
        SELECT w.deactivation_reason IS NOT NULL OR w.deleted_at IS NOT NULL OR w.epoch <> d.epoch FROM webhooks w WHERE w.id = d.webhook_id)
    THEN 3::smallint ELSE d.status END";

/// Lists deliveries. Finds the candidates, newest first, in an index that has few other deliveries than those of the
/// filter. Then checks the other conditions of each candidate, and reads the matching deliveries.
pub(super) async fn list(session: &Session, filter: &DeliveryFilter, page: Page) -> SessionResult<Part<Delivery>> {
    let account = filter.account.as_ref().map(Account::as_str);
    let event_type = filter.event_type.as_ref().map(EventType::as_str);
    let status = filter.status.map(|status| i16::from(status_to_number(status)));
    let (first, before) = filter.ids(page);
    let (candidates, mut unordered) = match filter.status.filter(|_| filter.notification_id.is_none()) {
        Some(DeliveryStatus::Failed) => (unsuccessful(filter, 2), Vec::new()),
        Some(DeliveryStatus::Pending) => match pending(filter) {
            Some(pending) => match few(session, filter, &pending).await? {
                Some(ids) => (format!("{GIVEN} ORDER BY d.id DESC"), ids),
                None => (with_any_status(filter), Vec::new()),
            },
            None => (PENDING.to_owned(), Vec::new()),
        },
        Some(DeliveryStatus::Cancelled) => match few(session, filter, &to_cancel(filter)).await? {
            Some(ids) if ids.is_empty() => (unsuccessful(filter, 3), ids),
            Some(ids) => {
                let stored = unsuccessful(filter, 3);
                (format!("((SELECT d.* FROM {stored} LIMIT $2) UNION SELECT d.* FROM {GIVEN}) d ORDER BY d.id DESC"), ids)
            }
            None => (with_any_status(filter), Vec::new()),
        },
        _ => (with_any_status(filter), Vec::new()),
    };
    unordered.sort_unstable_by(|one, other| other.cmp(one));
    let selection = format!("SELECT d.id, {} FROM {candidates} LIMIT $2", conditions(filter));
    let mut found = PageCollector::new(Page { after: Some(before), ..page }).down_to(first);
    while let Some((before, limit)) = found.next_chunk() {
        let given = unordered.iter().copied().filter(|id| *id < before);
        let given: Vec<Uuid> = given.take(usize::try_from(limit).unwrap_or_default()).collect();
        let values: [&dyn Value; 8] =
            [&before, &limit, &account, &filter.webhook_id, &filter.notification_id, &event_type, &status, &given];
        let rows = session.query(&selection, &values).await?;
        found.add(&rows, |row| Ok((row.try_get::<_, Uuid>(0)?, 0)))?;
    }
    let Part { items: ids, next } = found.part();
    if ids.is_empty() {
        return Ok(Part { items: Vec::new(), next });
    }
    // This query checks the status again, because the status may have changed since the first query. The columns of the
    // other filters never change.
    let sql = select_deliveries(&format!("d.id = ANY($1) AND ($2 IS NULL OR {SHOWN_STATUS} = $2)"));
    let rows = session.query(&sql, &[&ids, &status]).await?;
    let mut items = rows.iter().map(from_row).collect::<SessionResult<Vec<_>>>()?;
    add_pauses(session, &mut items).await?;
    Ok(Part { items, next })
}

/// Adds the pauses of the operator to deliveries that wait.
async fn add_pauses(session: &Session, deliveries: &mut [Delivery]) -> SessionResult<()> {
    if Delivery::any_waits(&*deliveries) {
        let paused = pauses::list(session).await?.into_iter().collect();
        deliveries.iter_mut().for_each(|delivery| delivery.add_pauses(&paused));
    }
    Ok(())
}

/// The deliveries whose identifiers are given.
const GIVEN: &str = "UNNEST($8) AS given (id) CROSS JOIN LATERAL (SELECT * FROM deliveries WHERE id = given.id LIMIT 1) d";

/// All pending deliveries, newest first.
const PENDING: &str = "pending p CROSS JOIN LATERAL (SELECT * FROM deliveries WHERE id = p.delivery_id LIMIT 1) d
     WHERE p.delivery_id < $1 ORDER BY p.delivery_id DESC";

/// Returns a condition that excludes all rows if an object belongs to another account than the account in the filter.
fn owned(filter: &DeliveryFilter, table: &str, id: &str) -> String {
    match filter.account {
        Some(_) => format!("(SELECT account FROM {table} WHERE id = {id}) = $3"),
        None => "true".to_owned(),
    }
}

/// Returns the part of a query that finds the deliveries with any status, newest first.
fn with_any_status(filter: &DeliveryFilter) -> String {
    let (column, condition) = match (filter.notification_id, filter.webhook_id, filter.account.is_some()) {
        (Some(_), _, _) => (Some(("d.notification_id", "$5")), owned(filter, "notifications", "$5")),
        (None, Some(_), _) => (Some(("d.webhook_id", "$4")), owned(filter, "webhooks", "$4")),
        (None, None, true) => (Some(("d.account", "$3")), "true".to_owned()),
        (None, None, false) => (None, "true".to_owned()),
    };
    let (range, order) = in_order(column, "d.id", "$1");
    format!("deliveries d WHERE {range} AND {condition} ORDER BY {order}")
}

/// Returns the part of a query that finds the deliveries whose stored status is `failed` (2) or `cancelled` (3), newest
/// first.
fn unsuccessful(filter: &DeliveryFilter, status: u8) -> String {
    let (column, condition) = match (filter.webhook_id, filter.account.is_some()) {
        (Some(_), _) => (Some(("u.webhook_id", "$4")), owned(filter, "webhooks", "$4")),
        (None, true) => (Some(("u.account", "$3")), "true".to_owned()),
        (None, false) => (None, "true".to_owned()),
    };
    let (range, order) = in_order(column, "u.delivery_id", "$1");
    format!(
        "unsuccessful u CROSS JOIN LATERAL (SELECT * FROM deliveries WHERE id = u.delivery_id LIMIT 1) d
         WHERE u.status = {status} AND {range} AND {condition} ORDER BY {order}"
    )
}

/// Returns a query for the pending deliveries of a webhook or an account, without an order. All pending deliveries are
/// found in the order of the list, so for them it returns `None`.
fn pending(filter: &DeliveryFilter) -> Option<String> {
    let of_webhooks = match (filter.webhook_id, &filter.account) {
        (Some(_), Some(_)) => "w.id = $2 AND w.account = $1",
        (Some(_), None) => "w.id = $2",
        (None, Some(_)) => "w.account = $1",
        (None, None) => return None,
    };
    Some(format!(
        "SELECT p.delivery_id FROM webhooks w
         CROSS JOIN LATERAL (SELECT delivery_id FROM pending WHERE webhook_id = w.id AND epoch = w.epoch LIMIT $3) p
         WHERE {of_webhooks} AND w.deleted_at IS NULL AND w.deactivation_reason IS NULL LIMIT $3"
    ))
}

/// Returns a query for the deliveries that count as cancelled before a step of `tidy` stores this status, without an
/// order.
fn to_cancel(filter: &DeliveryFilter) -> String {
    let of_webhooks = match (filter.webhook_id, &filter.account) {
        (Some(_), _) => "c.webhook_id = $2",
        (None, _) => "true",
    };
    format!(
        "SELECT p.delivery_id FROM cancellations c
         CROSS JOIN LATERAL (SELECT account FROM webhooks WHERE id = c.webhook_id LIMIT 1) w
         CROSS JOIN LATERAL (SELECT delivery_id FROM pending WHERE webhook_id = c.webhook_id AND epoch <= c.epoch LIMIT $3) p
         WHERE {of_webhooks} AND ($1 IS NULL OR w.account = $1) ORDER BY c.webhook_id LIMIT $3"
    )
}

/// Returns the identifiers that a query finds, or `None` if there are too many to sort.
async fn few(session: &Session, filter: &DeliveryFilter, query: &str) -> SessionResult<Option<Vec<Uuid>>> {
    let account = filter.account.as_ref().map(Account::as_str);
    let rows = session.query(query, &[&account, &filter.webhook_id, &(MAX_SORTED as i64 + 1)]).await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| Ok(row.try_get(0)?)).collect::<SessionResult<_>>()?;
    Ok((ids.len() <= MAX_SORTED).then_some(ids))
}

/// Returns those conditions of a filter that the search for candidates does not check. The condition with the lowest
/// cost is first.
fn conditions(filter: &DeliveryFilter) -> String {
    let mut conditions = vec!["true".to_owned()];
    let mut add = |is_set: bool, condition: String| conditions.extend(is_set.then_some(condition));
    add(filter.notification_id.is_some() && filter.webhook_id.is_some(), "d.webhook_id = $4".to_owned());
    add(filter.status.is_some(), format!("{SHOWN_STATUS} = $7"));
    add(filter.event_type.is_some(), "(SELECT n.type FROM notifications n WHERE n.id = d.notification_id) = $6".to_owned());
    conditions.join(" AND ")
}

/// Selects deliveries, newest first. Each row also has the most recent attempt of the delivery. The columns about the
/// wait are NULL if the delivery is not pending or if an attempt is in flight. The first delivery of an ordered webhook can
/// be a cancelled one whose attempt is in flight, because the others wait for the end of that attempt.
fn select_deliveries(condition: &str) -> String {
    format!(
        "SELECT d.id, d.notification_id, (SELECT n.type FROM notifications n WHERE n.id = d.notification_id), d.webhook_id, d.attempt_count,
             d.created_at, p.due_at, {SHOWN_STATUS},
             a.number, a.started_at, a.duration_ms, a.outcome, a.status_code, a.error, a.response_body, a.truncated, a.facts, NULL::text, d.account,
             waits.lane, d.attempt_count = d.schedule_start, waits.deaths >= 3,
             CASE WHEN waits.lane = 2 THEN (
                 SELECT first.delivery_id FROM pending first
                 WHERE first.webhook_id = d.webhook_id AND first.epoch = d.epoch AND first.sequence IS NOT NULL
                 ORDER BY first.sequence LIMIT 1) END,
             h.since, h.held_until, waits.max_per_second, waits.theoretical_arrival_time
         FROM deliveries d
         LEFT JOIN LATERAL (SELECT * FROM pending WHERE delivery_id = d.id LIMIT 1) p ON true
         LEFT JOIN LATERAL (
             SELECT p.lane, p.deaths, (SELECT w.max_per_second FROM webhooks w WHERE w.id = d.webhook_id) AS max_per_second,
                 (SELECT nullif(r.theoretical_arrival_time, '-infinity') FROM rates r WHERE r.webhook_id = d.webhook_id)
                     AS theoretical_arrival_time
             WHERE p.lane < 3 AND (p.leased_by IS NULL OR NOT EXISTS (SELECT 1 FROM nodes WHERE incarnation = p.leased_by))) waits ON true
         LEFT JOIN LATERAL (SELECT since, held_until FROM holds WHERE webhook_id = d.webhook_id AND waits.lane IS NOT NULL LIMIT 1) h ON true
         LEFT JOIN LATERAL (SELECT * FROM attempts WHERE delivery_id = d.id AND number = d.attempt_count LIMIT 1) a ON true
         WHERE {condition} ORDER BY d.id DESC"
    )
}

pub(super) async fn get(session: &Session, account: Option<&Account>, id: Uuid) -> SessionResult<Option<(Delivery, Vec<Attempt>)>> {
    let sql = select_deliveries("d.id = $1 AND ($2 IS NULL OR d.account = $2)");
    let row = session.query_opt(&sql, &[&id, &account.map(Account::as_str)]).await?;
    let Some(mut delivery) = row.as_ref().map(from_row).transpose()? else { return Ok(None) };
    add_pauses(session, std::slice::from_mut(&mut delivery)).await?;
    let rows = session
        .query(
            "SELECT number, started_at, duration_ms, outcome, status_code, error, response_body, truncated, facts, exchange
             FROM attempts WHERE delivery_id = $1 ORDER BY number DESC LIMIT $2",
            &[&id, &i64::from(ATTEMPTS_SHOWN)],
        )
        .await?;
    let attempts = rows.iter().rev().map(|row| attempt_from_row(row, 0)).collect::<SessionResult<_>>()?;
    Ok(Some((delivery, attempts)))
}

fn from_row(row: &Row) -> SessionResult<Delivery> {
    let number: i16 = row.try_get(7)?;
    let status = status_from_number(number.into()).ok_or_else(|| SessionError::damaged(format!("delivery status {number}")))?;
    let has_attempt = row.try_get::<_, Option<i32>>(8)?.is_some();
    Ok(Delivery {
        id: row.try_get(0)?,
        account: Account::stored(row.try_get(18)?),
        notification_id: row.try_get(1)?,
        event_type: EventType::stored(row.try_get(2)?),
        webhook_id: row.try_get(3)?,
        status,
        attempt_count: count(row.try_get(4)?),
        created_at: row.try_get(5)?,
        due_at: (status == DeliveryStatus::Pending).then(|| row.try_get(6)).transpose()?,
        stored_wait: if status == DeliveryStatus::Pending { wait_from_row(row, 19)? } else { None },
        last_attempt: has_attempt.then(|| attempt_from_row(row, 8)).transpose()?,
    })
}

fn wait_from_row(row: &Row, first: usize) -> SessionResult<Option<StoredWait>> {
    let Some(number) = row.try_get::<_, Option<i16>>(first)? else { return Ok(None) };
    let lane = Lane::from_number(number)?;
    let id: Uuid = row.try_get(0)?;
    Ok(Some(StoredWait {
        lane,
        is_first: row.try_get(first + 1)?,
        is_suspect: row.try_get(first + 2)?,
        preceding: row.try_get::<_, Option<Uuid>>(first + 3)?.filter(|preceding| *preceding != id),
        hold: row.try_get::<_, Option<_>>(first + 4)?.zip(row.try_get(first + 5)?),
        max_per_second: row.try_get::<_, Option<i32>>(first + 6)?.map(count),
        theoretical_arrival_time: row.try_get(first + 7)?,
        paused_since: None,
    }))
}

fn attempt_from_row(row: &Row, first: usize) -> SessionResult<Attempt> {
    Ok(Attempt {
        number: count(row.try_get(first)?),
        started_at: row.try_get(first + 1)?,
        duration_ms: count(row.try_get(first + 2)?),
        outcome: row.try_get(first + 3)?,
        status_code: row.try_get::<_, Option<i16>>(first + 4)?.and_then(|code| u16::try_from(code).ok()),
        error: row.try_get(first + 5)?,
        response_body: row.try_get(first + 6)?,
        truncated: row.try_get(first + 7)?,
        facts: Attempt::facts_of(row.try_get(first + 8)?),
        exchange: Attempt::exchange_of(row.try_get(first + 9)?),
    })
}
