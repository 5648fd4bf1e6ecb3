//! Events of the audit log. The event of a change is stored in the savepoint of the change.

use super::*;
use crate::store::shared::audit::EVENTS_REMOVED_AT_ONCE;

/// Stores an event. If the event exists already, adds to its count: the steps of a recovery have one event together.
pub(crate) fn insert(connection: &Connection, event: &EventRow) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO audit_events (id, account, action, count, details) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO UPDATE SET count = count + excluded.count",
        )?
        .execute((Key(event.id), &event.account, &event.action, event.count, &event.details))?;
    Ok(())
}

pub(super) fn list(connection: &Connection, filter: &AuditFilter, page: Page) -> rusqlite::Result<Part<AuditEvent>> {
    let page = filter.page(page);
    let of_account = if filter.account.is_some() { "account = :account AND" } else { ":account IS NULL AND" };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT id, :action IS NULL OR action = :action, account, action, count, details FROM audit_events
         WHERE {of_account} id < :before AND id >= :first ORDER BY id DESC"
    ))?;
    let rows = statement.query(rusqlite::named_params! {
        ":account": filter.account.as_ref().map(Account::as_str),
        ":before": Key(page.after.unwrap_or(Uuid::max())),
        ":first": Key(filter.first_id()),
        ":action": filter.action.as_ref().map(AuditAction::as_str),
    })?;
    pages::collect(rows, page.limit, |row| {
        let event =
            EventRow { id: row.get::<_, Key>(0)?.0, account: row.get(2)?, action: row.get(3)?, count: row.get(4)?, details: row.get(5)? };
        Ok((event.into_event().map_err(|error| corrupt(5, error))?, 0))
    })
}

/// Removes some events before `until`. Returns true if more of them may be left.
pub(super) fn remove_old(connection: &Connection, until: DateTime<Utc>) -> rusqlite::Result<bool> {
    let removed = connection
        .prepare_cached("DELETE FROM audit_events WHERE id IN (SELECT id FROM audit_events WHERE id < ?1 ORDER BY id LIMIT ?2)")?
        .execute((Key(AuditEvent::first_id_at(until)), EVENTS_REMOVED_AT_ONCE))?;
    Ok(removed as i64 == EVENTS_REMOVED_AT_ONCE)
}
