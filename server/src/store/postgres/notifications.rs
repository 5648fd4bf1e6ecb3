//! Notifications and idempotency keys. Publishing is in `publications`.

use super::pages::PageCollector;
use super::*;
use crate::api::trace::{TraceContext, TraceParent, TraceState};
use crate::store::shared::KEYS_EXPIRED_AT_ONCE;

const COLUMNS: &str = "id, account, type, data, created_at, delivery_count";

pub(super) async fn insert(session: &Session, notification: &Notification, trace: Option<&TraceContext>) -> SessionResult<()> {
    session
        .execute(
            "INSERT INTO notifications (id, account, type, data, created_at, delivery_count, trace_parent, trace_state)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            &[
                &notification.id,
                &notification.account.as_str(),
                &notification.event_type.as_str(),
                &notification.data.get(),
                &notification.created_at,
                &int(notification.delivery_count),
                &trace.map(|trace| trace.parent.as_str()),
                &trace.and_then(|trace| trace.state.as_ref()).map(TraceState::as_str),
            ],
        )
        .await
        .map(drop)
}

/// Returns the result of an earlier publication with the same idempotency key, if the key has not expired.
pub(super) async fn find_key(session: &Session, idempotency: &Idempotency, now: DateTime<Utc>) -> SessionResult<Option<Published>> {
    let earlier = session
        .query_opt(
            "SELECT fingerprint, notification_id FROM idempotency_keys WHERE owner = $1 AND key = $2 AND (expires_at > $3) IS TRUE",
            &[&idempotency.owner, &idempotency.key, &now],
        )
        .await?;
    let Some(earlier) = earlier else { return Ok(None) };
    // The comparison need not take constant time. The duration of the comparison can reveal only something about a body
    // that the same caller sent.
    if earlier.try_get::<_, &[u8]>(0)? != idempotency.fingerprint {
        return Ok(Some(Published::Conflict));
    }
    Ok(Some(get(session, None, earlier.try_get(1)?).await?.map_or(Published::Deleted, Published::Repeated)))
}

/// Lists notifications. The first queries only select identifiers, until the page is full. The last query reads the
/// notifications with these identifiers.
pub(super) async fn list(
    session: &Session,
    account: Option<&Account>,
    event_type: Option<&EventType>,
    page: Page,
) -> SessionResult<Part<Notification>> {
    // If an account is given, all selected rows have this account. Because `ORDER BY` begins with the account, the
    // planner can use only the index of the account.
    let (of_account, order) = match account {
        Some(_) => ("(account, id) < ($1, $2) AND account >= $1", "account DESC, id DESC"),
        None => ("id < $2", "id DESC"),
    };
    let selection = format!(
        "SELECT id, data IS NOT NULL AND ($3 IS NULL OR type = $3), octet_length(data) FROM notifications
         WHERE {of_account} ORDER BY {order} LIMIT $4"
    );
    let (account, event_type) = (account.map(Account::as_str), event_type.map(EventType::as_str));
    let mut found = PageCollector::new(page);
    while let Some((before, limit)) = found.next_chunk() {
        let rows = session.query(&selection, &[&account, &before, &event_type, &limit]).await?;
        found.add(&rows, |row| Ok((row.try_get::<_, Uuid>(0)?, usize::try_from(row.try_get::<_, i32>(2)?).unwrap_or_default())))?;
    }
    let Part { items: ids, next } = found.part();
    if ids.is_empty() {
        return Ok(Part { items: Vec::new(), next });
    }
    let sql = format!("SELECT {COLUMNS} FROM notifications WHERE id = ANY($1) AND data IS NOT NULL ORDER BY id DESC");
    let rows = session.query(&sql, &[&ids]).await?;
    Ok(Part { items: rows.iter().map(|row| from_row(row, 0)).collect::<SessionResult<_>>()?, next })
}

pub(super) async fn get(session: &Session, account: Option<&Account>, id: Uuid) -> SessionResult<Option<Notification>> {
    let found = format!("SELECT {COLUMNS} FROM notifications WHERE id = $1 AND data IS NOT NULL AND ($2 IS NULL OR account = $2)");
    let row = session.query_opt(&found, &[&id, &account.map(Account::as_str)]).await?;
    row.as_ref().map(|row| from_row(row, 0)).transpose()
}

/// Removes some expired idempotency keys. Skips keys that another node has locked. Returns whether more expired keys
/// may be left.
pub(super) async fn expire_some_keys(session: &Session, now: DateTime<Utc>) -> SessionResult<bool> {
    let expired = session
        .execute(
            "DELETE FROM idempotency_keys WHERE ctid = ANY(ARRAY(
                 SELECT ctid FROM idempotency_keys WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED))",
            &[&now, &KEYS_EXPIRED_AT_ONCE],
        )
        .await?;
    Ok(expired as i64 == KEYS_EXPIRED_AT_ONCE)
}

/// Reads a notification from a row. The columns of `COLUMNS` start at index `first` of the row.
fn from_row(row: &Row, first: usize) -> SessionResult<Notification> {
    Ok(Notification {
        id: row.try_get(first)?,
        account: Account::stored(row.try_get(first + 1)?),
        event_type: EventType::stored(row.try_get(first + 2)?),
        data: RawValue::from_string(row.try_get(first + 3)?).map_err(SessionError::damaged)?,
        created_at: row.try_get(first + 4)?,
        delivery_count: count(row.try_get(first + 5)?),
    })
}

/// Reads `id`, `type`, `created_at`, `data` and the trace from a row, beginning at index `first`.
pub(super) fn outbound_from_row(row: &Row, first: usize) -> SessionResult<Outbound> {
    let event_type = EventType::stored(row.try_get(first + 1)?);
    let data = RawValue::from_string(row.try_get(first + 3)?).map_err(SessionError::damaged)?;
    Ok(Outbound::new(row.try_get(first)?, &event_type, row.try_get(first + 2)?, &data, trace_from_row(row, first + 4)?))
}

/// Reads a trace context from a row. The parent is at index `column`, and the state is at the next index.
fn trace_from_row(row: &Row, column: usize) -> SessionResult<Option<TraceContext>> {
    let Some(parent) = row.try_get::<_, Option<String>>(column)? else { return Ok(None) };
    let state: Option<String> = row.try_get(column + 1)?;
    Ok(Some(TraceContext { parent: TraceParent::stored(parent), state: state.map(TraceState::stored) }))
}
