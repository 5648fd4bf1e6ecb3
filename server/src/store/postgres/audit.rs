//! Events of the audit log. The event of a change is stored in the transaction of the change.

use super::pages::{PageCollector, in_order};
use super::*;
use crate::store::shared::audit::EVENTS_REMOVED_AT_ONCE;
use crate::store::shared::retention::Passed;

/// Stores events. If an event exists already, adds to its count: the steps of a recovery have one event together.
pub(super) async fn insert(session: &Session, events: &[EventRow]) -> SessionResult<()> {
    session
        .execute(
            "INSERT INTO audit_events (id, account, action, count, details)
             SELECT * FROM UNNEST($1, $2, $3, $4, $5) AS event (id, account, action, count, details)
             ON CONFLICT (id) DO UPDATE SET count = audit_events.count + excluded.count",
            &[
                &events.iter().map(|event| event.id).collect::<Vec<_>>(),
                &events.iter().map(|event| event.account.as_deref()).collect::<Vec<_>>(),
                &events.iter().map(|event| event.action.as_str()).collect::<Vec<_>>(),
                &events.iter().map(|event| event.count.map(int)).collect::<Vec<_>>(),
                &events.iter().map(|event| event.details.as_str()).collect::<Vec<_>>(),
            ],
        )
        .await
        .map(drop)
}

/// Stores the event of a change, and runs the last statement of the change. Both are sent in one round trip.
pub(super) async fn insert_with<T>(session: &Session, event: &EventRow, last: impl Future<Output = SessionResult<T>>) -> SessionResult<T> {
    // PostgreSQL runs the statements of a connection in the order in which they are sent, so both belong to the open
    // transaction.
    let (_, last) = session::both(insert(session, std::slice::from_ref(event)), last).await?;
    Ok(last)
}

/// Makes a change, and stores its event if the change was made.
pub(super) async fn after(session: &Session, change: impl Future<Output = SessionResult<bool>>, event: &EventRow) -> SessionResult<bool> {
    let was_made = change.await?;
    if was_made {
        insert(session, std::slice::from_ref(event)).await?;
    }
    Ok(was_made)
}

pub(super) async fn list(session: &Session, filter: &AuditFilter, page: Page) -> SessionResult<Part<AuditEvent>> {
    let (account, action) = (filter.account.as_ref().map(Account::as_str), filter.action.as_ref().map(AuditAction::as_str));
    let column = match (account, action) {
        (Some(_), Some(_)) => Some(("(account || ' ' || action)", "($1 || ' ' || $3)")),
        (Some(_), None) => Some(("account", "$1")),
        (None, Some(_)) => Some(("action", "$3")),
        (None, None) => None,
    };
    let (condition, order) = in_order(column, "id", "$2");
    let mut sql = format!(
        "(SELECT id, true, account, action, count, details, NULL::bytea FROM audit_events
          WHERE {condition} ORDER BY {order} LIMIT $4)"
    );
    // A webhook that is not deleted has the event of its registration.
    if filter.selects_registrations() {
        let (condition, order) = in_order(account.map(|_| ("account", "$1")), "id", "$2");
        sql += &format!(
            " UNION ALL
              (SELECT id, registrant IS NOT NULL, account, NULL, NULL, NULL, registrant FROM webhooks
               WHERE {condition} AND deleted_at IS NULL ORDER BY {order} LIMIT $4)
              ORDER BY 1 DESC LIMIT $4"
        );
    }
    let mut found = PageCollector::new(filter.page(page)).down_to(filter.first_id());
    while let Some((before, limit)) = found.next_chunk() {
        let rows = session.query(&sql, &[&account, &before, &action, &limit]).await?;
        found.add(&rows, |row| Ok((from_row(row)?, 0)))?;
    }
    Ok(found.part())
}

fn from_row(row: &Row) -> SessionResult<AuditEvent> {
    let id = row.try_get(0)?;
    if let Some(registrant) = row.try_get(6)? {
        return registration_event(id, row.try_get(2)?, registrant).map_err(SessionError::damaged);
    }
    let event = EventRow {
        id,
        account: row.try_get(2)?,
        action: row.try_get(3)?,
        count: row.try_get::<_, Option<i32>>(4)?.map(count),
        details: row.try_get(5)?,
    };
    event.into_event().map_err(SessionError::damaged)
}

/// Removes some events before `until`. Returns whether more of them may be left.
pub(super) async fn remove_old(session: &Session, until: DateTime<Utc>) -> SessionResult<bool> {
    let removed = session
        .execute(
            "DELETE FROM audit_events WHERE id = ANY(ARRAY(
                 SELECT id FROM audit_events WHERE id < $1 ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED))",
            &[&first_id_at(until), &EVENTS_REMOVED_AT_ONCE],
        )
        .await?;
    Ok(removed as i64 == EVENTS_REMOVED_AT_ONCE)
}

/// Removes the registrants of some webhooks that were registered before `until`. Their events are too old.
pub(super) async fn remove_registrants(session: &Session, after: Uuid, until: DateTime<Utc>) -> SessionResult<Passed> {
    let old = "SELECT id FROM webhooks WHERE id > $1 AND id < $2 ORDER BY id LIMIT $3";
    let rows = session.query(old, &[&after, &first_id_at(until), &EVENTS_REMOVED_AT_ONCE]).await?;
    let old: Vec<Uuid> = rows.iter().map(|row| Ok(row.try_get(0)?)).collect::<SessionResult<_>>()?;
    if !old.is_empty() {
        let update = "UPDATE webhooks SET registrant = NULL WHERE id = ANY(ARRAY(
                 SELECT id FROM webhooks WHERE id = ANY($1) AND registrant IS NOT NULL FOR NO KEY UPDATE SKIP LOCKED))";
        session.execute(update, &[&old]).await?;
    }
    Ok(Passed { reached: old.last().copied(), more: old.len() as i64 == EVENTS_REMOVED_AT_ONCE })
}
