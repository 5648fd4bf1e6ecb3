//! Deleting notifications. This removes the payload and the stored responses, because a response may repeat the
//! payload.
//!
//! SQLite overwrites erased data in the database file, also in freed pages (`secure_delete`). The log (`-wal`) keeps
//! earlier versions of the pages until the log is overwritten or the server stops.

use super::*;
use crate::store::shared::WIPED_AT_ONCE;

/// Removes the payload and cancels all pending deliveries. One publish stored all deliveries of the notification, so
/// the number of deliveries is limited. Returns the account of the notification.
pub(super) fn delete_notification(
    connection: &Connection,
    account: Option<&Account>,
    id: Uuid,
    now: DateTime<Utc>,
    incarnation: Uuid,
) -> rusqlite::Result<Option<Account>> {
    let owner = overwriting(connection, || {
        connection
            .prepare_cached(
                "UPDATE notifications SET data = NULL WHERE id = ?1 AND data IS NOT NULL AND (?2 IS NULL OR account = ?2) RETURNING account",
            )?
            .query_row((Key(id), account.map(Account::as_str)), |row| row.get(0))
            .optional()
    })?;
    let Some(owner) = owner else { return Ok(None) };
    // Lets the next delivery of each ordered webhook be leased now. While an attempt of the cancelled delivery is in
    // flight, the next delivery waits until the outcome of this attempt is recorded.
    connection
        .prepare_cached(
            "INSERT INTO ready (webhook_id, lane, due_at)
             SELECT DISTINCT webhook_id, lane, 0 FROM deliveries INDEXED BY deliveries_of_notification
             WHERE notification_id = ?1 AND status = 0 AND sequence IS NOT NULL AND leased_by IS NOT ?2
             ON CONFLICT DO UPDATE SET due_at = 0",
        )?
        .execute((Key(id), Key(incarnation)))?;
    // A delivery with an attempt in flight keeps its lease until the attempt ends.
    connection
        .prepare_cached(
            "UPDATE deliveries INDEXED BY deliveries_of_notification SET status = 3, due_at = ?2 WHERE notification_id = ?1 AND status = 0",
        )?
        .execute((Key(id), Millis(now)))?;
    connection
        .prepare_cached("INSERT INTO erasures (notification_id, wiped_up_to) VALUES (?1, ?2)")?
        .execute((Key(id), Key(Uuid::nil())))?;
    Ok(Some(Account::stored(owner)))
}

/// Returns whether the notification of a delivery is deleted. If the notification is deleted, the responses to the
/// delivery's attempts must not be stored.
pub(super) fn is_notification_deleted(connection: &Connection, delivery_id: Uuid) -> rusqlite::Result<bool> {
    let deleted = connection
        .prepare_cached("SELECT n.data IS NULL FROM deliveries d JOIN notifications n ON n.id = d.notification_id WHERE d.id = ?1")?
        .query_row([Key(delivery_id)], |row| row.get(0))
        .optional()?;
    Ok(deleted == Some(true))
}

/// Runs one step of an unfinished erasure, if there is one. Returns true if more responses may be left.
pub(super) fn erase_some_responses(connection: &Connection) -> rusqlite::Result<bool> {
    let next =
        connection.prepare_cached("SELECT notification_id FROM erasures LIMIT 1")?.query_row([], |row| row.get::<_, Key>(0)).optional()?;
    match next {
        Some(notification_id) => erase_responses(connection, notification_id.0).map(|_| true),
        None => Ok(false),
    }
}

/// Erases the responses to the attempts of some deliveries of a notification. Returns true if more responses may be
/// left.
pub(super) fn erase_responses(connection: &Connection, notification_id: Uuid) -> rusqlite::Result<bool> {
    let deliveries: Vec<Key> = connection
        .prepare_cached(
            "SELECT d.id FROM erasures e JOIN deliveries d INDEXED BY deliveries_of_notification
                 ON d.notification_id = e.notification_id AND d.id > e.wiped_up_to
             WHERE e.notification_id = ?1 ORDER BY d.id LIMIT ?2",
        )?
        .query_map((Key(notification_id), WIPED_AT_ONCE), |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    overwriting(connection, || {
        let mut wipe = connection.prepare_cached(
            "UPDATE attempts SET response_body = NULL, exchange = NULL
             WHERE delivery_id = ?1 AND (response_body IS NOT NULL OR exchange IS NOT NULL)",
        )?;
        deliveries.iter().try_for_each(|delivery| wipe.execute([delivery]).map(|_| ()))
    })?;
    match deliveries.last().filter(|_| deliveries.len() == WIPED_AT_ONCE as usize) {
        Some(last) => {
            connection
                .prepare_cached("UPDATE erasures SET wiped_up_to = ?2 WHERE notification_id = ?1")?
                .execute((Key(notification_id), last))?;
            Ok(true)
        }
        None => {
            connection.prepare_cached("DELETE FROM erasures WHERE notification_id = ?1")?.execute([Key(notification_id)])?;
            Ok(false)
        }
    }
}

/// Runs `erase`. Meanwhile, SQLite overwrites freed pages with zeros, which needs additional writes.
fn overwriting<T>(connection: &Connection, erase: impl FnOnce() -> rusqlite::Result<T>) -> rusqlite::Result<T> {
    connection.pragma_update(None, "secure_delete", "on")?;
    let erased = erase();
    connection.pragma_update(None, "secure_delete", "fast")?;
    erased
}
