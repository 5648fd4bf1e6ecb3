//! Events of the audit log. The event of a change is stored in the savepoint of the change.

use super::*;
use crate::store::shared::audit::EVENTS_REMOVED_AT_ONCE;
use crate::store::shared::retention::Passed;

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

/// Stores the event of a change if the change was made, and returns the result of the change.
pub(super) fn audited<T>(connection: &Connection, event: &EventRow, result: T, was_made: impl FnOnce(&T) -> bool) -> rusqlite::Result<T> {
    if was_made(&result) {
        insert(connection, event)?;
    }
    Ok(result)
}

pub(super) fn list(connection: &Connection, filter: &AuditFilter, page: Page) -> rusqlite::Result<Part<AuditEvent>> {
    let page = filter.page(page);
    let of_account = if filter.account.is_some() { "account = :account AND" } else { ":account IS NULL AND" };
    let of_action = if filter.action.is_some() { "action = :action AND" } else { ":action IS NULL AND" };
    // A webhook that is not deleted has the event of its registration.
    let registrations = if filter.selects_registrations() { "" } else { "AND false" };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT id, true, account, action, count, details, NULL FROM audit_events
         WHERE {of_account} {of_action} id < :before AND id >= :first
         UNION ALL
         SELECT id, registrant IS NOT NULL, account, NULL, NULL, NULL, registrant FROM webhooks
         WHERE {of_account} deleted_at IS NULL AND id < :before AND id >= :first {registrations}
         ORDER BY 1 DESC"
    ))?;
    let rows = statement.query(rusqlite::named_params! {
        ":account": filter.account.as_ref().map(Account::as_str),
        ":before": Key(page.after.unwrap_or(Uuid::max())),
        ":first": Key(filter.first_id()),
        ":action": filter.action.as_ref().map(AuditAction::as_str),
    })?;
    pages::collect(rows, page.limit, |row| {
        let id = row.get::<_, Key>(0)?.0;
        if let Some(registrant) = row.get_ref(6)?.as_blob_or_null()? {
            let event = registration_event(id, row.get_ref(2)?.as_str()?, registrant).map_err(|error| corrupt(6, error))?;
            return Ok((event, 0));
        }
        let event = EventRow { id, account: row.get(2)?, action: row.get(3)?, count: row.get(4)?, details: row.get(5)? };
        Ok((event.into_event().map_err(|error| corrupt(5, error))?, 0))
    })
}

/// Removes some events before `until`. Returns true if more of them may be left.
pub(super) fn remove_old(connection: &Connection, until: DateTime<Utc>) -> rusqlite::Result<bool> {
    let removed = connection
        .prepare_cached("DELETE FROM audit_events WHERE id IN (SELECT id FROM audit_events WHERE id < ?1 ORDER BY id LIMIT ?2)")?
        .execute((Key(first_id_at(until)), EVENTS_REMOVED_AT_ONCE))?;
    Ok(removed as i64 == EVENTS_REMOVED_AT_ONCE)
}

/// Removes the registrants of some webhooks that were registered before `until`. Their events are too old.
pub(super) fn remove_registrants(connection: &Connection, after: Uuid, until: DateTime<Utc>) -> rusqlite::Result<Passed> {
    let (first, before) = (Key(after), Key(first_id_at(until)));
    let old: Vec<Key> = connection
        .prepare_cached("SELECT id FROM webhooks WHERE id > ?1 AND id < ?2 ORDER BY id LIMIT ?3")?
        .query_map((first, before, EVENTS_REMOVED_AT_ONCE), |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let mut update = connection.prepare_cached("UPDATE webhooks SET registrant = NULL WHERE id = ?1 AND registrant IS NOT NULL")?;
    old.iter().try_for_each(|id| update.execute([id]).map(drop))?;
    Ok(Passed { reached: old.last().map(|id| id.0), more: old.len() as i64 == EVENTS_REMOVED_AT_ONCE })
}
