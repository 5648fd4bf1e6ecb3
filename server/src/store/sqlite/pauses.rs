//! The pauses of the operator.
//!
//! An administration command writes a pause. The writing thread of the server finds the pause in its next transaction.
//! A leasing round removes paused work from `ready`, so only the table `deliveries` still has the due times. The
//! transaction that ends a pause also adds the due times to `ready` again. So there is no moment at which the pause has
//! ended and `ready` has no due times.

use super::*;
use crate::store::shared::pauses::{Paused, from_columns, to_columns};

pub(super) fn read(connection: &Connection) -> rusqlite::Result<Paused> {
    Ok(list(connection)?.into_iter().collect())
}

/// Begins a pause. Returns false if the scope is already paused.
pub(super) fn pause(connection: &Connection, cache: &SubscriptionCache, scope: &PauseScope, now: DateTime<Utc>) -> rusqlite::Result<bool> {
    let (scope, name) = to_columns(scope);
    let inserted = connection.prepare_cached("INSERT OR IGNORE INTO pauses (scope, name, since) VALUES (?1, ?2, ?3)")?.execute((
        scope,
        name,
        Millis(now),
    ))?;
    cache.forget_pauses();
    Ok(inserted == 1)
}

/// Ends a pause. Returns false if the scope is not paused.
pub(super) fn resume(connection: &Connection, cache: &SubscriptionCache, scope: &PauseScope, now: DateTime<Utc>) -> rusqlite::Result<bool> {
    let Some(since) = remove(connection, cache, scope)? else { return Ok(false) };
    // Moves the start of the failures, because no attempt begins during a pause. So the duration of the pause does not
    // count.
    connection
        .prepare_cached(&format!(
            "UPDATE failures SET since = since + max(0, ?1 - max(since, ?2))
             WHERE webhook_id IN (SELECT w.id FROM webhooks w WHERE {})",
            filter(scope)
        ))?
        .execute(rusqlite::params![Millis(now), since, parameter(scope)])?;
    ready::refresh(connection, filter(scope), &parameter(scope))?;
    Ok(true)
}

/// Removes a pause. Returns the start of the pause, or `None` if the scope was not paused.
pub(super) fn remove(connection: &Connection, cache: &SubscriptionCache, scope: &PauseScope) -> rusqlite::Result<Option<Millis>> {
    cache.forget_pauses();
    connection
        .prepare_cached("DELETE FROM pauses WHERE scope = ?1 AND name = ?2 RETURNING since")?
        .query_row(to_columns(scope), |row| row.get(0))
        .optional()
}

/// Returns the condition that selects the webhooks of a scope. The condition uses the table alias `w` and the parameter
/// `?3`.
fn filter(scope: &PauseScope) -> &'static str {
    match scope {
        PauseScope::All => "?3 IS NULL",
        PauseScope::Account(_) => "w.account = ?3 AND w.deleted_at IS NULL",
        PauseScope::Webhook(_) => "w.id = ?3",
    }
}

fn parameter(scope: &PauseScope) -> rusqlite::types::Value {
    match scope {
        PauseScope::All => rusqlite::types::Value::Null,
        PauseScope::Account(account) => account.as_str().to_owned().into(),
        PauseScope::Webhook(id) => id.as_bytes().to_vec().into(),
    }
}

pub(super) fn list(connection: &Connection) -> rusqlite::Result<Vec<Pause>> {
    connection
        .prepare_cached("SELECT scope, name, since FROM pauses ORDER BY scope, name")?
        .query_map([], |row| {
            let scope = row.get_ref(0)?.as_str().map_err(|error| corrupt(0, error))?;
            let scope = from_columns(scope, row.get(1)?).map_err(|error| corrupt(1, error))?;
            Ok(Pause { scope, since: row.get::<_, Millis>(2)?.0 })
        })?
        .collect()
}
