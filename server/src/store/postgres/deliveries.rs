//! Reading deliveries and their attempts.
//!
//! The queries read related rows with subqueries. Each subquery returns at most one row. With a join, the plan might
//! read the whole joined table. The planner chooses such a plan if the statistics are from a time when the table was
//! small.

use super::pages::PageCollector;
use super::*;
use crate::api::types::DeliveryStatus;

/// The status of a delivery. A pending delivery counts as cancelled if its webhook is deactivated, deleted or in a
/// later epoch. Steps of `tidy` update the stored status later.
const SHOWN_STATUS: &str = "CASE WHEN d.status = 0 AND (
        SELECT w.deactivation_reason IS NOT NULL OR w.deleted_at IS NOT NULL OR w.epoch <> d.epoch FROM webhooks w WHERE w.id = d.webhook_id)
    THEN 3::smallint ELSE d.status END";

/// Lists deliveries. Uses the index of the most selective filter, checks the other filters for each row, and then reads
/// the matching deliveries.
pub(super) async fn list(session: &Session, filter: &DeliveryFilter, page: Page) -> SessionResult<Part<Delivery>> {
    let account = filter.account.as_ref().map(Account::as_str);
    let event_type = filter.event_type.as_ref().map(EventType::as_str);
    let status = filter.status.map(|status| i16::from(status_to_number(status)));
    let filters: [&dyn Value; 7] =
        [&account, &filter.webhook_id, &filter.notification_id, &event_type, &filter.since, &filter.until, &status];
    let selection = format!("SELECT d.id, {} FROM {} LIMIT $2", conditions(filter), candidates(filter));
    let mut found = PageCollector::new(page);
    while let Some((before, limit)) = found.next_chunk() {
        let values: [&dyn Value; 2] = [&before, &limit];
        let rows = session.query(&selection, &[&values[..], &filters].concat()).await?;
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
    Ok(Part { items: rows.iter().map(from_row).collect::<SessionResult<_>>()?, next })
}

/// Returns the part of a query that finds the candidates for a filter, newest first. The first column of `ORDER BY` has
/// the same value in all candidates. Because of this column, the planner can use only the index of the filter.
fn candidates(filter: &DeliveryFilter) -> String {
    // Excludes all rows if the notification or webhook in the filter belongs to another account.
    let owned = |table: &str, value: &str| match filter.account {
        Some(_) => format!("(SELECT account FROM {table} WHERE id = {value}) = $3"),
        None => "true".to_owned(),
    };
    let all = "deliveries d";
    let failed = "unsuccessful u CROSS JOIN LATERAL (SELECT * FROM deliveries WHERE id = u.delivery_id LIMIT 1) d";
    let (from, column, id, value, condition) = match (filter.notification_id, filter.webhook_id, filter.account.is_some()) {
        (Some(_), _, _) => (all, "d.notification_id", "d.id", "$5", owned("notifications", "$5")),
        (None, Some(_), _) => (all, "d.webhook_id", "d.id", "$4", owned("webhooks", "$4")),
        (None, None, true) if filter.status == Some(DeliveryStatus::Failed) => {
            (failed, "u.account", "u.delivery_id", "$3", "u.status = 2".to_owned())
        }
        (None, None, true) => (all, "d.account", "d.id", "$3", "true".to_owned()),
        (None, None, false) => return format!("{all} WHERE d.id < $1 ORDER BY d.id DESC"),
    };
    format!("{from} WHERE ({column}, {id}) < ({value}, $1) AND {column} >= {value} AND {condition} ORDER BY {column} DESC, {id} DESC")
}

/// Returns those conditions of a filter that `candidates` does not check. The condition with the lowest cost is first.
fn conditions(filter: &DeliveryFilter) -> String {
    let mut conditions = vec!["true".to_owned()];
    let mut add = |is_set: bool, condition: String| conditions.extend(is_set.then_some(condition));
    add(filter.notification_id.is_some() && filter.webhook_id.is_some(), "d.webhook_id = $4".to_owned());
    add(filter.since.is_some(), "d.created_at >= $7".to_owned());
    add(filter.until.is_some(), "d.created_at < $8".to_owned());
    add(filter.status.is_some(), format!("{SHOWN_STATUS} = $9"));
    add(filter.event_type.is_some(), "(SELECT n.type FROM notifications n WHERE n.id = d.notification_id) = $6".to_owned());
    conditions.join(" AND ")
}

/// Selects deliveries, newest first. Each row also has the most recent attempt of the delivery.
fn select_deliveries(condition: &str) -> String {
    format!(
        "SELECT d.id, d.notification_id, (SELECT n.type FROM notifications n WHERE n.id = d.notification_id), d.webhook_id, d.attempt_count,
             d.created_at, (SELECT p.due_at FROM pending p WHERE p.delivery_id = d.id), {SHOWN_STATUS},
             a.number, a.started_at, a.duration_ms, a.outcome, a.status_code, a.error, a.response_body, a.truncated, a.facts, NULL::text
         FROM deliveries d
         LEFT JOIN LATERAL (SELECT * FROM attempts WHERE delivery_id = d.id AND number = d.attempt_count LIMIT 1) a ON true
         WHERE {condition} ORDER BY d.id DESC"
    )
}

pub(super) async fn get(session: &Session, account: Option<&Account>, id: Uuid) -> SessionResult<Option<(Delivery, Vec<Attempt>)>> {
    let sql = select_deliveries("d.id = $1 AND ($2 IS NULL OR d.account = $2)");
    let row = session.query_opt(&sql, &[&id, &account.map(Account::as_str)]).await?;
    let Some(delivery) = row.as_ref().map(from_row).transpose()? else { return Ok(None) };
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
        notification_id: row.try_get(1)?,
        event_type: EventType::stored(row.try_get(2)?),
        webhook_id: row.try_get(3)?,
        status,
        attempt_count: count(row.try_get(4)?),
        created_at: row.try_get(5)?,
        due_at: (status == DeliveryStatus::Pending).then(|| row.try_get(6)).transpose()?,
        last_attempt: has_attempt.then(|| attempt_from_row(row, 8)).transpose()?,
    })
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
