//! Stored notifications and idempotency keys. Publishing is in `publications`.

use super::*;
use crate::api::trace::{TraceContext, TraceParent, TraceState};
use crate::store::shared::KEYS_EXPIRED_AT_ONCE;

const COLUMNS: &str = "id, account, type, data, created_at, delivery_count";

pub(super) fn insert(connection: &Connection, notification: &Notification, trace: Option<&TraceContext>) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO notifications (id, account, type, data, created_at, delivery_count, trace_parent, trace_state)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute((
            Key(notification.id),
            notification.account.as_str(),
            notification.event_type.as_str(),
            notification.data.get(),
            Millis(notification.created_at),
            notification.delivery_count,
            trace.map(|trace| trace.parent.as_str()),
            trace.and_then(|trace| trace.state.as_ref()).map(TraceState::as_str),
        ))?;
    Ok(())
}

/// Returns the result of an earlier publish with the same idempotency key, if the key has not expired.
pub(super) fn find_key(connection: &Connection, idempotency: &Idempotency, now: DateTime<Utc>) -> rusqlite::Result<Option<Published>> {
    let earlier = connection
        .prepare_cached("SELECT fingerprint, notification_id FROM idempotency_keys WHERE owner = ?1 AND key = ?2 AND expires_at > ?3")?
        .query_row((&idempotency.owner, &idempotency.key, Millis(now)), |row| Ok((row.get::<_, [u8; 32]>(0)?, row.get::<_, Key>(1)?.0)))
        .optional()?;
    match earlier {
        None => Ok(None),
        // The duration of this comparison can reveal only information about a body that the same caller sent.
        Some((fingerprint, _)) if fingerprint != idempotency.fingerprint => Ok(Some(Published::Conflict)),
        Some((_, id)) => Ok(Some(get(connection, None, id)?.map_or(Published::Deleted, Published::Repeated))),
    }
}

pub(super) fn list(
    connection: &Connection,
    account: Option<&Account>,
    event_type: Option<&EventType>,
    page: Page,
) -> rusqlite::Result<Part<Notification>> {
    let of_account = if account.is_some() { "account = :account AND" } else { ":account IS NULL AND" };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT id, data IS NOT NULL AND (:type IS NULL OR type = :type), {COLUMNS} FROM notifications
         WHERE {of_account} id < :before ORDER BY id DESC"
    ))?;
    let rows = statement.query(rusqlite::named_params! {
        ":account": account.map(Account::as_str),
        ":before": Key(page.after.unwrap_or(Uuid::max())),
        ":type": event_type.map(EventType::as_str),
    })?;
    pages::collect(rows, page.limit, |row| {
        let notification = from_row(row, 2)?;
        let bytes = notification.data.get().len();
        Ok((notification, bytes))
    })
}

pub(super) fn get(connection: &Connection, account: Option<&Account>, id: Uuid) -> rusqlite::Result<Option<Notification>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM notifications WHERE id = ?1 AND data IS NOT NULL AND (?2 IS NULL OR account = ?2)"
        ))?
        .query_row((Key(id), account.map(Account::as_str)), |row| from_row(row, 0))
        .optional()
}

/// Removes some expired idempotency keys. Returns true if more expired keys may be left.
pub(super) fn expire_some_keys(connection: &Connection, now: DateTime<Utc>) -> rusqlite::Result<bool> {
    let expired = connection
        .prepare_cached(
            "DELETE FROM idempotency_keys WHERE (owner, key) IN (SELECT owner, key FROM idempotency_keys WHERE expires_at <= ?1 LIMIT ?2)",
        )?
        .execute((Millis(now), KEYS_EXPIRED_AT_ONCE))?;
    Ok(expired as i64 == KEYS_EXPIRED_AT_ONCE)
}

/// Reads the columns of `COLUMNS`, beginning at column `first`.
fn from_row(row: &rusqlite::Row<'_>, first: usize) -> rusqlite::Result<Notification> {
    Ok(Notification {
        id: row.get::<_, Key>(first)?.0,
        account: Account::stored(row.get(first + 1)?),
        event_type: EventType::stored(row.get(first + 2)?),
        data: RawValue::from_string(row.get(first + 3)?).map_err(|error| corrupt(first + 3, error))?,
        created_at: row.get::<_, Millis>(first + 4)?.0,
        delivery_count: row.get(first + 5)?,
    })
}

/// Reads `id`, `type`, `created_at` and `data`, beginning at column `first`, and the trace, beginning at column `trace`.
pub(super) fn outbound_from_row(row: &rusqlite::Row<'_>, first: usize, trace: usize) -> rusqlite::Result<Outbound> {
    let event_type = EventType::stored(row.get(first + 1)?);
    let data = RawValue::from_string(row.get(first + 3)?).map_err(|error| corrupt(first + 3, error))?;
    let created_at = row.get::<_, Millis>(first + 2)?.0;
    Ok(Outbound::new(row.get::<_, Key>(first)?.0, &event_type, created_at, &data, trace_from_row(row, trace)?))
}

/// Reads `trace_parent` at index `column` and `trace_state` at the next index.
fn trace_from_row(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Option<TraceContext>> {
    let Some(parent) = row.get::<_, Option<String>>(column)? else { return Ok(None) };
    let state: Option<String> = row.get(column + 1)?;
    Ok(Some(TraceContext { parent: TraceParent::stored(parent), state: state.map(TraceState::stored) }))
}
