//! What the operator has paused.
//!
//! A command beside the server writes it, and the writing thread notices with its next transaction. What is paused is looked
//! at once and then waits in `deliveries` alone, however much it is; a resumption finds anew when it falls due, in its own
//! transaction, so that whoever sees that sees the resumption, too.

use super::*;
use crate::store::shared::pauses::{Paused, from_columns, to_columns};

pub(super) fn read(connection: &Connection) -> rusqlite::Result<Paused> {
    Ok(list(connection)?.into_iter().collect())
}

/// False when it was paused already.
pub(super) fn pause(connection: &Connection, directory: &Directory, scope: &PauseScope, now: DateTime<Utc>) -> rusqlite::Result<bool> {
    let (scope, name) = to_columns(scope);
    let inserted = connection.prepare_cached("INSERT OR IGNORE INTO pauses (scope, name, since) VALUES (?1, ?2, ?3)")?.execute((
        scope,
        name,
        Millis(now),
    ))?;
    directory.forget_pauses();
    Ok(inserted == 1)
}

/// False when it was not paused.
pub(super) fn resume(connection: &Connection, directory: &Directory, scope: &PauseScope, now: DateTime<Utc>) -> rusqlite::Result<bool> {
    let Some(since) = forget(connection, directory, scope)? else { return Ok(false) };
    // In that time nothing could be accepted.
    connection
        .prepare_cached(&format!(
            "UPDATE failures SET since = since + max(0, ?1 - max(since, ?2))
             WHERE webhook_id IN (SELECT w.id FROM webhooks w WHERE {})",
            filter(scope)
        ))?
        .execute(rusqlite::params![Millis(now), since, parameter(scope)])?;
    ready::find(connection, filter(scope), &parameter(scope))?;
    Ok(true)
}

/// Since when it was paused, if it was.
pub(super) fn forget(connection: &Connection, directory: &Directory, scope: &PauseScope) -> rusqlite::Result<Option<Millis>> {
    directory.forget_pauses();
    connection
        .prepare_cached("DELETE FROM pauses WHERE scope = ?1 AND name = ?2 RETURNING since")?
        .query_row(to_columns(scope), |row| row.get(0))
        .optional()
}

/// Which webhooks, as a condition with the parameter `?3`.
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
