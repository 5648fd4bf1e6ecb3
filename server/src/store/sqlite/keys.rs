//! The table `keys`.

use super::*;
use crate::store::keys::{are_current, holds_key};

/// Returns the keys, oldest first.
pub(super) fn list(connection: &Connection) -> rusqlite::Result<Vec<KeyRecord>> {
    connection
        .prepare_cached("SELECT id, kind, state, sealed, created_at FROM keys ORDER BY created_at, id")?
        .query_map([], |row| {
            Ok(KeyRecord {
                id: row.get(0)?,
                kind: row.get(1)?,
                state: row.get(2)?,
                sealed: row.get(3)?,
                created_at: row.get::<_, Millis>(4)?.0,
            })
        })?
        .collect()
}

pub(super) fn insert(connection: &Connection, key: &KeyRecord) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO keys (id, kind, state, sealed, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        (&key.id, key.kind.as_str(), key.state.as_str(), &key.sealed, Millis(key.created_at)),
    )?;
    Ok(())
}

pub(super) fn current(connection: &Connection) -> rusqlite::Result<Option<String>> {
    connection.prepare_cached("SELECT id FROM keys WHERE kind = 'master' AND state = 'current'")?.query_row([], |row| row.get(0)).optional()
}

/// Returns whether all values are sealed with the current master key. The transaction that stores the values must call
/// this.
pub(super) fn may_store(connection: &Connection, cache: &SubscriptionCache, sealed: &[&Sealed]) -> rusqlite::Result<bool> {
    Ok(sealed.is_empty() || are_current(cache.master_key(connection)?.as_deref(), sealed))
}

/// Returns the id of the current master key if it is not one of the held keys.
pub(super) fn not_held(connection: &Connection, held: &str) -> rusqlite::Result<Option<String>> {
    Ok(current(connection)?.filter(|current| !holds_key(held, current)))
}

/// Compares the keys that the nodes hold only if `check_nodes` is true.
pub(super) fn begin_rotation(connection: &Connection, next: &KeyRecord, check_nodes: bool) -> rusqlite::Result<RotationStart> {
    let blocked = "SELECT 1 FROM keys WHERE id = ?1 OR (kind = 'master' AND state = 'retiring')";
    if connection.prepare(blocked)?.exists([&next.id])? || current(connection)?.is_none() {
        return Ok(RotationStart::Changed);
    }
    if check_nodes {
        let mut nodes = connection.prepare("SELECT started_at, master_keys FROM nodes")?;
        let nodes = nodes.query_map([], |row| Ok((row.get::<_, Millis>(0)?.0, row.get::<_, String>(1)?)))?;
        let nodes = nodes.collect::<rusqlite::Result<Vec<_>>>()?.into_iter().filter(|(_, held)| !holds_key(held, &next.id));
        let not_held: Vec<String> = nodes.map(|(at, _)| format!("that started at {}", at.format("%Y-%m-%dT%H:%M:%SZ"))).collect();
        if !not_held.is_empty() {
            return Ok(RotationStart::NotHeld(not_held));
        }
    }
    connection.execute("UPDATE keys SET state = 'retiring' WHERE kind = 'master' AND state = 'current'", [])?;
    insert(connection, next)?;
    Ok(RotationStart::Begun)
}

pub(super) fn reseal_webhook(connection: &Connection, id: Uuid, before: &SealedValues, after: &SealedValues) -> rusqlite::Result<bool> {
    let bytes = |sealed: &Option<Sealed>| sealed.as_ref().map(|sealed| sealed.0.clone());
    let updated = connection
        .prepare_cached(
            "UPDATE webhooks SET auth_secret = ?2, headers = ?3, signing_secret = ?4, previous_secret = ?5
             WHERE id = ?1 AND auth_secret IS ?6 AND headers IS ?7 AND signing_secret IS ?8 AND previous_secret IS ?9",
        )?
        .execute((
            Key(id),
            bytes(&after.auth_secret),
            bytes(&after.headers),
            &after.signing_secret.0,
            bytes(&after.previous_secret),
            bytes(&before.auth_secret),
            bytes(&before.headers),
            &before.signing_secret.0,
            bytes(&before.previous_secret),
        ))?;
    Ok(updated > 0)
}

pub(super) fn reseal_key(connection: &Connection, id: &str, before: &Sealed, after: &Sealed) -> rusqlite::Result<bool> {
    let updated = connection.execute("UPDATE keys SET sealed = ?3 WHERE id = ?1 AND sealed = ?2", (id, &before.0, &after.0))?;
    Ok(updated > 0)
}

/// Returns whether a master key was retiring.
pub(super) fn finish_rotation(connection: &Connection) -> rusqlite::Result<bool> {
    Ok(connection.execute("UPDATE keys SET state = 'retired' WHERE kind = 'master' AND state = 'retiring'", [])? > 0)
}
