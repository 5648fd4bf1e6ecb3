//! Listing and reading deliveries and their attempts.

use rusqlite::ToSql;
use rusqlite::types::{Value, ValueRef};

use super::pages::PageCollector;
use super::*;
use crate::api::types::DeliveryStatus;

/// The status that callers see. A pending delivery counts as cancelled if its webhook is deactivated or deleted, or has
/// a later epoch than the delivery. Steps of `tidy` update the stored status later.
const SHOWN_STATUS: &str =
    "CASE WHEN d.status = 0 AND (w.deactivation_reason IS NOT NULL OR w.deleted_at IS NOT NULL OR w.epoch <> d.epoch)
             THEN 3 ELSE d.status END";

/// Whether a delivery waits: it is pending and has no valid lease.
const WAITS: &str = "(d.status = 0 AND (d.leased_by IS NULL OR d.leased_by NOT IN (SELECT incarnation FROM nodes)))";

/// Lists deliveries. Finds the candidates, newest first, in an index that has few other deliveries than those of the
/// filter. Then checks the other conditions of each candidate.
pub(super) fn list(connection: &Connection, filter: &DeliveryFilter, page: Page) -> rusqlite::Result<Part<Delivery>> {
    // All statements see the same state.
    let snapshot = connection.unchecked_transaction()?;
    let mut found = PageCollector::new(page.limit);
    if !is_of_account(&snapshot, filter)? {
        return Ok(found.part());
    }
    let (first, before) = filter.ids(page);
    let (index, mut unordered) = match filter.status.filter(|_| filter.notification_id.is_none()) {
        Some(DeliveryStatus::Failed) => (Some(with_status(filter, 2)), Vec::new()),
        Some(DeliveryStatus::Pending) => match few(&snapshot, filter, pending(filter))? {
            Some(ids) => (None, ids),
            None => (Some(with_any_status(filter)), Vec::new()),
        },
        Some(DeliveryStatus::Cancelled) => match few(&snapshot, filter, to_cancel(filter))? {
            Some(ids) => (Some(with_status(filter, 3)), ids),
            None => (Some(with_any_status(filter)), Vec::new()),
        },
        _ => (Some(with_any_status(filter)), Vec::new()),
    };
    unordered.retain(|id| (first..before).contains(id));
    unordered.sort_unstable();
    let index = index.unwrap_or_else(|| "deliveries WHERE :of IS NULL AND false".to_owned());
    let mut index = snapshot.prepare_cached(&format!("SELECT id FROM {index} AND id < :before AND id >= :first ORDER BY id DESC"))?;
    let of = of(filter);
    let mut rows = index.query(rusqlite::named_params! { ":of": of, ":before": Key(before), ":first": Key(first) })?;
    let mut next_row = || Ok::<_, rusqlite::Error>(rows.next()?.map(|row| row.get::<_, Key>(0)).transpose()?.map(|key| key.0));
    let (check, values) = conditions(filter);
    let mut check = snapshot.prepare_cached(&check)?;
    let values: Vec<(&str, &dyn ToSql)> = values.iter().map(|(name, value)| (*name, &**value)).collect();
    let mut read = snapshot.prepare_cached(&select_one())?;
    let mut from_index = next_row()?;
    while let Some(id) = from_index.max(unordered.last().copied()) {
        let id_value = Key(id);
        let matches = check.query_row([&values[..], &[(":id", &id_value)]].concat().as_slice(), |row| row.get(0))?;
        if !found.add(id, matches, || Ok((read.query_row((id_value, None::<&str>), from_row)?, 0)))? {
            break;
        }
        unordered.pop_if(|last| *last == id);
        if from_index == Some(id) {
            from_index = next_row()?;
        }
    }
    let mut part = found.part();
    if Delivery::any_waits(&part.items) {
        let paused = pauses::read(&snapshot)?;
        part.items.iter_mut().for_each(|delivery| delivery.add_pauses(&paused));
    }
    Ok(part)
}

/// Returns the value that an index search must find: the notification, the webhook or the account of the filter.
fn of(filter: &DeliveryFilter) -> Option<Value> {
    let id = filter.notification_id.or(filter.webhook_id).map(|id| Value::Blob(id.as_bytes().to_vec()));
    id.or_else(|| filter.account.as_ref().map(|account| Value::Text(account.as_str().to_owned())))
}

/// Returns whether the webhook and the notification in the filter belong to the account in the filter.
fn is_of_account(connection: &Connection, filter: &DeliveryFilter) -> rusqlite::Result<bool> {
    let Some(account) = &filter.account else { return Ok(true) };
    for (table, id) in [("notifications", filter.notification_id), ("webhooks", filter.webhook_id)] {
        let Some(id) = id else { continue };
        let is_of_account = format!("SELECT EXISTS (SELECT 1 FROM {table} WHERE id = ?1 AND account = ?2)");
        if !connection.prepare_cached(&is_of_account)?.query_row((Key(id), account.as_str()), |row| row.get(0))? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Returns a part of a query for deliveries with any status, in the order of the list.
fn with_any_status(filter: &DeliveryFilter) -> String {
    let (index, condition) = match (filter.notification_id, filter.webhook_id, &filter.account) {
        (Some(_), _, _) => ("INDEXED BY deliveries_of_notification", "notification_id = :of"),
        (None, Some(_), _) => ("INDEXED BY deliveries_of_webhook", "webhook_id = :of"),
        (None, None, Some(_)) => ("INDEXED BY deliveries_of_account", "account = :of"),
        (None, None, None) => ("", ":of IS NULL"),
    };
    format!("deliveries {index} WHERE {condition}")
}

/// Returns a part of a query for deliveries whose stored status is `failed` (2) or `cancelled` (3), in the order of the
/// list.
fn with_status(filter: &DeliveryFilter, status: u8) -> String {
    let (index, condition) = match (filter.webhook_id, &filter.account) {
        (Some(_), _) => ("deliveries_unsuccessful_of_webhook", "webhook_id = :of"),
        (None, Some(_)) => ("deliveries_unsuccessful_of_account", "account = :of"),
        (None, None) => ("deliveries_unsuccessful_by_age", ":of IS NULL"),
    };
    format!("deliveries INDEXED BY {index} WHERE {condition} AND status IN (2, 3) AND status = {status}")
}

/// Returns a query for the pending deliveries, without an order. It may find deliveries that are being cancelled.
fn pending(filter: &DeliveryFilter) -> String {
    let of_webhooks = match (filter.webhook_id, &filter.account) {
        (Some(_), _) => "w.id = :of",
        (None, Some(_)) => "w.account = :of AND w.deleted_at IS NULL",
        (None, None) => return "SELECT id FROM deliveries INDEXED BY deliveries_waiting WHERE status = 0 AND :of IS NULL".to_owned(),
    };
    format!(
        "SELECT d.id FROM webhooks w CROSS JOIN deliveries d INDEXED BY deliveries_waiting ON d.webhook_id = w.id AND d.epoch = w.epoch
         WHERE d.status = 0 AND w.deactivation_reason IS NULL AND {of_webhooks}"
    )
}

/// Returns a query for the deliveries that count as cancelled before a step of `tidy` stores this status, without an
/// order.
fn to_cancel(filter: &DeliveryFilter) -> String {
    let of_webhooks = match (filter.webhook_id, &filter.account) {
        (Some(_), _) => "w.id = :of",
        (None, Some(_)) => "w.account = :of",
        (None, None) => ":of IS NULL",
    };
    format!(
        "SELECT d.id FROM cancellations c CROSS JOIN webhooks w ON w.id = c.webhook_id
         CROSS JOIN deliveries d INDEXED BY deliveries_waiting ON d.webhook_id = c.webhook_id AND d.epoch <= c.epoch
         WHERE d.status = 0 AND {of_webhooks}"
    )
}

/// Returns the identifiers that a query finds, or `None` if there are too many to sort.
fn few(connection: &Connection, filter: &DeliveryFilter, query: String) -> rusqlite::Result<Option<Vec<Uuid>>> {
    let mut statement = connection.prepare_cached(&format!("{query} LIMIT :limit"))?;
    let values = rusqlite::named_params! { ":of": of(filter), ":limit": MAX_SORTED as i64 + 1 };
    let ids: Vec<Uuid> = statement.query_map(values, |row| Ok(row.get::<_, Key>(0)?.0))?.collect::<rusqlite::Result<_>>()?;
    Ok((ids.len() <= MAX_SORTED).then_some(ids))
}

/// The names and values of the parameters of a query.
type Parameters = Vec<(&'static str, Box<dyn ToSql>)>;

/// Returns a query for whether a delivery fulfils the conditions that the search does not check, and its parameters.
fn conditions(filter: &DeliveryFilter) -> (String, Parameters) {
    let mut conditions = vec!["true".to_owned()];
    let mut values = Parameters::new();
    if let (Some(_), Some(webhook_id)) = (filter.notification_id, filter.webhook_id) {
        conditions.push("d.webhook_id = :webhook".to_owned());
        values.push((":webhook", Box::new(Key(webhook_id))));
    }
    if let Some(status) = filter.status {
        conditions.push(format!("{SHOWN_STATUS} = :status"));
        values.push((":status", Box::new(status_to_number(status))));
    }
    if let Some(event_type) = &filter.event_type {
        conditions.push("(SELECT type FROM notifications n WHERE n.id = d.notification_id) = :type".to_owned());
        values.push((":type", Box::new(event_type.as_str().to_owned())));
    }
    let conditions = conditions.join(" AND ");
    (format!("SELECT {conditions} FROM deliveries d CROSS JOIN webhooks w ON w.id = d.webhook_id WHERE d.id = :id"), values)
}

/// The query for one delivery with its last attempt. Parameter 2 is the account; NULL matches any account. The columns
/// about the wait are NULL if the delivery is not pending or if an attempt is in flight.
fn select_one() -> String {
    format!(
        "SELECT d.id, d.notification_id, n.type, d.webhook_id, d.attempt_count, d.created_at, d.due_at, {SHOWN_STATUS},
             a.number, a.started_at, a.duration_ms, a.outcome, a.status_code, a.error, a.response_body, a.truncated, a.facts, NULL, d.account,
             iif({WAITS}, d.lane, NULL), d.attempt_count = d.schedule_start, d.deaths >= 3,
             iif({WAITS} AND d.lane = 2, (
                 SELECT first.id FROM deliveries first INDEXED BY deliveries_in_order
                 WHERE first.webhook_id = d.webhook_id AND first.epoch = d.epoch AND first.lane = 2 AND first.status = 0
                   AND first.sequence IS NOT NULL
                 ORDER BY first.sequence LIMIT 1), NULL),
             h.since, h.held_until, w.max_per_second, r.theoretical_arrival_time
         FROM deliveries d
         JOIN webhooks w ON w.id = d.webhook_id
         JOIN notifications n ON n.id = d.notification_id
         LEFT JOIN attempts a ON a.delivery_id = d.id AND a.number = d.attempt_count
         LEFT JOIN holds h ON h.webhook_id = d.webhook_id
         LEFT JOIN rates r ON r.webhook_id = d.webhook_id
         WHERE d.id = ?1 AND (?2 IS NULL OR d.account = ?2)"
    )
}

pub(super) fn get(connection: &Connection, account: Option<&Account>, id: Uuid) -> rusqlite::Result<Option<(Delivery, Vec<Attempt>)>> {
    let delivery = connection.prepare_cached(&select_one())?.query_row((Key(id), account.map(Account::as_str)), from_row).optional()?;
    let Some(mut delivery) = delivery else { return Ok(None) };
    if Delivery::any_waits([&delivery]) {
        delivery.add_pauses(&pauses::read(connection)?);
    }
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
        account: Account::stored(row.get(18)?),
        notification_id: row.get::<_, Key>(1)?.0,
        event_type: EventType::stored(row.get(2)?),
        webhook_id: row.get::<_, Key>(3)?.0,
        status,
        attempt_count: row.get(4)?,
        created_at: row.get::<_, Millis>(5)?.0,
        due_at: (status == DeliveryStatus::Pending).then(|| row.get::<_, Millis>(6)).transpose()?.map(|time| time.0),
        stored_wait: if status == DeliveryStatus::Pending { wait_from_row(row, 19)? } else { None },
        last_attempt: has_attempt.then(|| attempt_from_row(row, 8)).transpose()?,
    })
}

fn wait_from_row(row: &rusqlite::Row<'_>, first: usize) -> rusqlite::Result<Option<StoredWait>> {
    let Some(lane) = row.get(first)? else { return Ok(None) };
    let time = |column| Ok::<_, rusqlite::Error>(row.get::<_, Option<Millis>>(column)?.map(|time| time.0));
    let id = row.get::<_, Key>(0)?.0;
    Ok(Some(StoredWait {
        lane,
        is_first: row.get(first + 1)?,
        is_suspect: row.get(first + 2)?,
        preceding: row.get::<_, Option<Key>>(first + 3)?.map(|key| key.0).filter(|preceding| *preceding != id),
        hold: time(first + 4)?.zip(time(first + 5)?),
        max_per_second: row.get(first + 6)?,
        theoretical_arrival_time: row.get::<_, Option<Micros>>(first + 7)?.map(|time| time.0),
        paused_since: None,
    }))
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
