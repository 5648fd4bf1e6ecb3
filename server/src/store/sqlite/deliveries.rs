//! Listing and reading deliveries and their attempts.

use rusqlite::{ToSql, types::ValueRef};

use super::*;
use crate::api::types::DeliveryStatus;

/// The status that callers see. A pending delivery counts as cancelled if its webhook is deactivated or deleted, or has
/// a later epoch than the delivery. Steps of `tidy` update the stored status later.
const SHOWN_STATUS: &str =
    "CASE WHEN d.status = 0 AND (w.deactivation_reason IS NOT NULL OR w.deleted_at IS NOT NULL OR w.epoch <> d.epoch)
             THEN 3 ELSE d.status END";

/// Lists deliveries. Uses the index of the most selective filter, and checks the other filters for each row of this
/// index. Then reads the matching deliveries.
pub(super) fn list(connection: &Connection, filter: &DeliveryFilter, page: Page) -> rusqlite::Result<Part<Delivery>> {
    // A unary plus prevents SQLite from using the index of another filter.
    let (index, webhook, notification, account) = match (filter.notification_id, filter.webhook_id, filter.account.is_some()) {
        (Some(_), _, _) => ("INDEXED BY deliveries_of_notification", "+d.webhook_id", "d.notification_id", "+d.account"),
        (None, Some(_), _) => ("INDEXED BY deliveries_of_webhook", "d.webhook_id", "+d.notification_id", "+d.account"),
        (None, None, true) if filter.status == Some(DeliveryStatus::Failed) => {
            ("INDEXED BY deliveries_failed", "+d.webhook_id", "+d.notification_id", "d.status = 2 AND d.account")
        }
        (None, None, true) => ("INDEXED BY deliveries_of_account", "+d.webhook_id", "+d.notification_id", "d.account"),
        (None, None, false) => ("", "+d.webhook_id", "+d.notification_id", "+d.account"),
    };
    let mut index_conditions = vec!["d.id < :before".to_owned()];
    let mut row_conditions = vec!["1".to_owned()];
    let before = Key(page.after.unwrap_or(Uuid::max()));
    let account_value = filter.account.as_ref().map(Account::as_str);
    let webhook_value = filter.webhook_id.map(Key);
    let notification_value = filter.notification_id.map(Key);
    let type_value = filter.event_type.as_ref().map(EventType::as_str);
    let since = filter.since.map(Millis);
    let until = filter.until.map(Millis);
    let status = filter.status.map(status_to_number);
    let mut values: Vec<(&str, &dyn ToSql)> = vec![(":before", &before)];
    let mut add = |set: bool, name: &'static str, value, text: String, list: &mut Vec<String>| {
        if set {
            values.push((name, value));
            list.push(text);
        }
    };
    add(account_value.is_some(), ":account", &account_value, format!("{account} = :account"), &mut index_conditions);
    add(webhook_value.is_some(), ":webhook", &webhook_value, format!("{webhook} = :webhook"), &mut index_conditions);
    add(
        notification_value.is_some(),
        ":notification",
        &notification_value,
        format!("{notification} = :notification"),
        &mut index_conditions,
    );
    let of_type = "(SELECT type FROM notifications n WHERE n.id = d.notification_id) = :type".to_owned();
    add(type_value.is_some(), ":type", &type_value, of_type, &mut row_conditions);
    add(since.is_some(), ":since", &since, "d.created_at >= :since".to_owned(), &mut row_conditions);
    add(until.is_some(), ":until", &until, "d.created_at < :until".to_owned(), &mut row_conditions);
    add(status.is_some(), ":status", &status, format!("{SHOWN_STATUS} = :status"), &mut row_conditions);
    let (index_conditions, row_conditions) = (index_conditions.join(" AND "), row_conditions.join(" AND "));
    let mut statement = connection.prepare_cached(&format!(
        "SELECT d.id, {row_conditions} FROM deliveries d {index} CROSS JOIN webhooks w ON w.id = d.webhook_id
         WHERE {index_conditions} ORDER BY d.id DESC"
    ))?;
    let rows = statement.query(values.as_slice())?;
    let mut read = connection.prepare_cached(&select_one())?;
    pages::collect(rows, page.limit, |row| {
        let delivery = read.query_row((row.get::<_, Key>(0)?, None::<&str>), from_row)?;
        Ok((delivery, 0))
    })
}

/// The query for one delivery with its last attempt. Parameter 2 is the account; NULL matches any account.
fn select_one() -> String {
    format!(
        "SELECT d.id, d.notification_id, n.type, d.webhook_id, d.attempt_count, d.created_at, d.due_at, {SHOWN_STATUS},
             a.number, a.started_at, a.duration_ms, a.outcome, a.status_code, a.error, a.response_body, a.truncated, a.facts, NULL
         FROM deliveries d
         JOIN webhooks w ON w.id = d.webhook_id
         JOIN notifications n ON n.id = d.notification_id
         LEFT JOIN attempts a ON a.delivery_id = d.id AND a.number = d.attempt_count
         WHERE d.id = ?1 AND (?2 IS NULL OR d.account = ?2)"
    )
}

pub(super) fn get(connection: &Connection, account: Option<&Account>, id: Uuid) -> rusqlite::Result<Option<(Delivery, Vec<Attempt>)>> {
    let delivery = connection.prepare_cached(&select_one())?.query_row((Key(id), account.map(Account::as_str)), from_row).optional()?;
    let Some(delivery) = delivery else { return Ok(None) };
    let mut attempts = connection
        .prepare_cached(
            "SELECT number, started_at, duration_ms, outcome, status_code, error, response_body, truncated, facts, exchange
             FROM attempts WHERE delivery_id = ?1 ORDER BY number DESC LIMIT ?2",
        )?
        .query_map((Key(id), ATTEMPTS_SHOWN), |row| attempt_from_row(row, 0))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    attempts.reverse();
    Ok(Some((delivery, attempts)))
}

fn from_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Delivery> {
    let number = row.get(7)?;
    let status = status_from_number(number).ok_or(rusqlite::Error::IntegralValueOutOfRange(7, number))?;
    let has_attempt = row.get_ref(8)? != ValueRef::Null;
    Ok(Delivery {
        id: row.get::<_, Key>(0)?.0,
        notification_id: row.get::<_, Key>(1)?.0,
        event_type: EventType::stored(row.get(2)?),
        webhook_id: row.get::<_, Key>(3)?.0,
        status,
        attempt_count: row.get(4)?,
        created_at: row.get::<_, Millis>(5)?.0,
        due_at: (status == DeliveryStatus::Pending).then(|| row.get::<_, Millis>(6)).transpose()?.map(|time| time.0),
        last_attempt: has_attempt.then(|| attempt_from_row(row, 8)).transpose()?,
    })
}

fn attempt_from_row(row: &rusqlite::Row<'_>, first: usize) -> rusqlite::Result<Attempt> {
    Ok(Attempt {
        number: row.get(first)?,
        started_at: row.get::<_, Millis>(first + 1)?.0,
        duration_ms: row.get(first + 2)?,
        outcome: row.get(first + 3)?,
        status_code: row.get(first + 4)?,
        error: row.get(first + 5)?,
        response_body: row.get(first + 6)?,
        truncated: row.get(first + 7)?,
        facts: Attempt::facts_of(row.get_ref(first + 8)?.as_str_or_null()?),
        exchange: Attempt::exchange_of(row.get_ref(first + 9)?.as_str_or_null()?),
    })
}
