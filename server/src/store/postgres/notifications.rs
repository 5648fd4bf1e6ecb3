//! Notifications, and the keys that keep one from being published twice. Publishing itself is in `publications`.

use super::pages::Collecting;
use super::*;
use crate::api::trace::{TraceContext, TraceParent, TraceState};
use crate::store::shared::KEYS_EXPIRED_AT_ONCE;

const COLUMNS: &str = "id, type, data, created_at, delivery_count";

pub(super) async fn insert(session: &Session, account: &str, notification: &Notification, trace: Option<&TraceContext>) -> Answer<()> {
    session
        .execute(
            "INSERT INTO notifications (id, account, type, data, created_at, delivery_count, trace_parent, trace_state)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            &[
                &notification.id,
                &account,
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

/// What came of the same key within its life.
pub(super) async fn find_key(session: &Session, idempotency: &Idempotency, now: DateTime<Utc>) -> Answer<Option<Published>> {
    let earlier = session
        .query_opt(
            "SELECT fingerprint, notification_id FROM idempotency_keys WHERE owner = $1 AND key = $2 AND expires_at > $3",
            &[&idempotency.owner, &idempotency.key, &now],
        )
        .await?;
    let Some(earlier) = earlier else { return Ok(None) };
    // Comparing MACs in variable time tells at most something about a body that the caller sent itself.
    if earlier.try_get::<_, &[u8]>(0)? != idempotency.fingerprint {
        return Ok(Some(Published::Conflict));
    }
    Ok(Some(get(session, None, earlier.try_get(1)?).await?.map_or(Published::Deleted, Published::Repeated)))
}

/// Finds which of them the page has, by their sizes, and then reads those.
pub(super) async fn list(
    session: &Session,
    account: Option<&Account>,
    event_type: Option<&EventType>,
    page: Page,
) -> Answer<Part<Notification>> {
    // All rows have the same account, but with it in the order no other index will do.
    let (of_account, order) = match account {
        Some(_) => ("(account, id) < ($1, $2) AND account >= $1", "account DESC, id DESC"),
        None => ("id < $2", "id DESC"),
    };
    let looked_at = format!(
        "SELECT id, data IS NOT NULL AND ($3 IS NULL OR type = $3), octet_length(data) FROM notifications
         WHERE {of_account} ORDER BY {order} LIMIT $4"
    );
    let (account, event_type) = (account.map(Account::as_str), event_type.map(EventType::as_str));
    let mut found = Collecting::new(page);
    while let Some((before, limit)) = found.next_chunk() {
        let rows = session.query(&looked_at, &[&account, &before, &event_type, &limit]).await?;
        found.add(&rows, |row| Ok((row.try_get::<_, Uuid>(0)?, usize::try_from(row.try_get::<_, i32>(2)?).unwrap_or_default())))?;
    }
    let Part { items: ids, next } = found.part();
    if ids.is_empty() {
        return Ok(Part { items: Vec::new(), next });
    }
    let wanted = format!("SELECT {COLUMNS} FROM notifications WHERE id = ANY($1) AND data IS NOT NULL ORDER BY id DESC");
    let rows = session.query(&wanted, &[&ids]).await?;
    Ok(Part { items: rows.iter().map(|row| from_row(row, 0)).collect::<Answer<_>>()?, next })
}

pub(super) async fn get(session: &Session, account: Option<&Account>, id: Uuid) -> Answer<Option<Notification>> {
    let found = format!("SELECT {COLUMNS} FROM notifications WHERE id = $1 AND data IS NOT NULL AND ($2 IS NULL OR account = $2)");
    let row = session.query_opt(&found, &[&id, &account.map(Account::as_str)]).await?;
    row.as_ref().map(|row| from_row(row, 0)).transpose()
}

/// True when more may be left. What another node is at is passed over.
pub(super) async fn expire_some_keys(session: &Session, now: DateTime<Utc>) -> Answer<bool> {
    let expired = session
        .execute(
            "DELETE FROM idempotency_keys WHERE ctid = ANY(ARRAY(
                 SELECT ctid FROM idempotency_keys WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED))",
            &[&now, &KEYS_EXPIRED_AT_ONCE],
        )
        .await?;
    Ok(expired as i64 == KEYS_EXPIRED_AT_ONCE)
}

/// From the columns of `COLUMNS`, the first of which is at `first`.
pub(super) fn from_row(row: &Row, first: usize) -> Answer<Notification> {
    Ok(Notification {
        id: row.try_get(first)?,
        event_type: EventType::stored(row.try_get(first + 1)?),
        data: RawValue::from_string(row.try_get(first + 2)?).map_err(Trouble::damaged)?,
        created_at: row.try_get(first + 3)?,
        delivery_count: count(row.try_get(first + 4)?),
    })
}

/// From two columns, the parent and the state.
pub(super) fn trace_from_row(row: &Row, column: usize) -> Answer<Option<TraceContext>> {
    let Some(parent) = row.try_get::<_, Option<String>>(column)? else { return Ok(None) };
    let state: Option<String> = row.try_get(column + 1)?;
    Ok(Some(TraceContext { parent: TraceParent::stored(parent), state: state.map(TraceState::stored) }))
}
