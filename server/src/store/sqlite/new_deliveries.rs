//! Inserting deliveries, and assigning sequence numbers in ordered webhooks.

use super::*;

/// Assigns the next sequence number of an ordered webhook.
pub(super) fn next_sequence(connection: &Connection, webhook_id: Uuid) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("INSERT INTO sequences (webhook_id, last) VALUES (?1, 1) ON CONFLICT DO UPDATE SET last = last + 1 RETURNING last")?
        .query_row([Key(webhook_id)], |row| row.get(0))
}

pub(super) const INSERT: &str = "INSERT INTO deliveries
         (id, notification_id, webhook_id, account, epoch, status, lane, sequence, attempt_count, due_at, leased_by, created_at)
     VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, ?7, 0, ?8, ?9, ?8)";
