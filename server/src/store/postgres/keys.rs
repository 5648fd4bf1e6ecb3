//! The table `keys`.

use super::*;
use crate::model::{KeyKind, KeyState};
use crate::store::keys::{KeyNotHeld, are_current, holds_key};

/// Begins a transaction that stores sealed values or registers a node. Until the transaction ends, no rotation of the
/// master key can begin ([`crate::store::keys`]). The lock is taken before the first statement, so that each statement
/// sees the current keys.
pub(super) async fn begin(session: &Session) -> SessionResult<Transaction<'_>> {
    session.begin_with(&format!("SELECT pg_advisory_xact_lock_shared({KEYS_LOCK_KEY})")).await
}

/// Begins a transaction in which no other transaction stores sealed values or registers a node.
pub(super) async fn begin_alone(session: &Session) -> SessionResult<Transaction<'_>> {
    session.begin_with(&format!("SELECT pg_advisory_xact_lock({KEYS_LOCK_KEY})")).await
}

/// The key of the advisory lock. The key is an arbitrary number.
const KEYS_LOCK_KEY: i64 = 7_263_584_019_422;

/// Returns the keys, oldest first.
pub(super) async fn list(session: &Session) -> SessionResult<Vec<KeyRecord>> {
    let rows = session.query("SELECT id, kind, state, sealed, created_at FROM keys", &[]).await?;
    let mut keys = rows.iter().map(from_row).collect::<SessionResult<Vec<_>>>()?;
    keys.sort_by(|one, other| (one.created_at, &one.id).cmp(&(other.created_at, &other.id)));
    Ok(keys)
}

fn from_row(row: &Row) -> SessionResult<KeyRecord> {
    let (kind, state): (&str, &str) = (row.try_get(1)?, row.try_get(2)?);
    Ok(KeyRecord {
        id: row.try_get(0)?,
        kind: KeyKind::parse(kind).ok_or_else(|| SessionError::damaged(format!("kind {kind} of a key")))?,
        state: KeyState::parse(state).ok_or_else(|| SessionError::damaged(format!("state {state} of a key")))?,
        sealed: row.try_get(3)?,
        created_at: row.try_get(4)?,
    })
}

/// Stores the keys of a new database. Does nothing if another node has stored keys. The transaction must have begun with
/// [`begin_alone`].
pub(super) async fn initialise(session: &Session, keys: &[KeyRecord]) -> SessionResult<()> {
    if current(session).await?.is_none() {
        for key in keys {
            insert(session, key).await?;
        }
    }
    Ok(())
}

async fn insert(session: &Session, key: &KeyRecord) -> SessionResult<()> {
    let insert = "INSERT INTO keys (id, kind, state, sealed, created_at) VALUES ($1, $2, $3, $4, $5)";
    let values: [&dyn Value; 5] = [&key.id, &key.kind.as_str(), &key.state.as_str(), &&key.sealed[..], &key.created_at];
    session.execute(insert, &values).await.map(drop)
}

async fn current(session: &Session) -> SessionResult<Option<String>> {
    let row = session.query_opt("SELECT id FROM keys WHERE kind = 'master' AND state = 'current'", &[]).await?;
    row.map(|row| Ok(row.try_get(0)?)).transpose()
}

/// Returns an error unless all values are sealed with the current master key. The transaction that stores the values must
/// call this, and must have begun with [`begin`].
pub(super) async fn check(session: &Session, sealed: &[&Sealed]) -> SessionResult<()> {
    if sealed.is_empty() || are_current(current(session).await?.as_deref(), sealed) {
        return Ok(());
    }
    Err(SessionError::OutdatedKey)
}

/// Returns an error if the node does not hold the current master key.
pub(super) async fn check_held(session: &Session, held: &str) -> SessionResult<()> {
    match current(session).await?.filter(|current| !holds_key(held, current)) {
        Some(current) => Err(SessionError::KeyNotHeld(KeyNotHeld(current))),
        None => Ok(()),
    }
}

/// Compares the keys that the live nodes hold only if `check_nodes` is true. The transaction must have begun with
/// [`begin_alone`].
pub(super) async fn begin_rotation(
    session: &Session,
    next: &KeyRecord,
    check_nodes: bool,
    event: &EventRow,
) -> SessionResult<RotationStart> {
    let keys = list(session).await?;
    let has_current = keys.iter().any(|key| key.is_master(KeyState::Current));
    if !has_current || keys.iter().any(|key| key.is_master(KeyState::Retiring) || key.id == next.id) {
        return Ok(RotationStart::Changed);
    }
    if check_nodes {
        let nodes = session.query("SELECT name, master_keys FROM nodes WHERE alive_until > clock_timestamp()", &[]).await?;
        let nodes = nodes.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect::<SessionResult<Vec<(String, &str)>>>()?;
        let mut not_held: Vec<String> = nodes.into_iter().filter(|(_, held)| !holds_key(held, &next.id)).map(|(name, _)| name).collect();
        if !not_held.is_empty() {
            not_held.sort_unstable();
            return Ok(RotationStart::NotHeld(not_held));
        }
    }
    session.execute("UPDATE keys SET state = 'retiring' WHERE kind = 'master' AND state = 'current'", &[]).await?;
    audit::insert_with(session, event, insert(session, next)).await?;
    Ok(RotationStart::Begun)
}

pub(super) async fn reseal_webhook(session: &Session, id: Uuid, before: &SealedValues, after: &SealedValues) -> SessionResult<bool> {
    let updated = session
        .execute(
            "UPDATE webhooks SET auth_secret = $2, headers = $3, signing_secret = $4, previous_secret = $5
             WHERE id = $1 AND auth_secret IS NOT DISTINCT FROM $6 AND headers IS NOT DISTINCT FROM $7 AND signing_secret = $8
                 AND previous_secret IS NOT DISTINCT FROM $9",
            &[
                &id,
                &after.auth_secret.as_ref().map(|sealed| &sealed.0[..]),
                &after.headers.as_ref().map(|sealed| &sealed.0[..]),
                &&after.signing_secret.0[..],
                &after.previous_secret.as_ref().map(|sealed| &sealed.0[..]),
                &before.auth_secret.as_ref().map(|sealed| &sealed.0[..]),
                &before.headers.as_ref().map(|sealed| &sealed.0[..]),
                &&before.signing_secret.0[..],
                &before.previous_secret.as_ref().map(|sealed| &sealed.0[..]),
            ],
        )
        .await?;
    Ok(updated > 0)
}

pub(super) async fn reseal_key(session: &Session, id: &str, before: &Sealed, after: &Sealed) -> SessionResult<bool> {
    let update = "UPDATE keys SET sealed = $3 WHERE id = $1 AND sealed = $2";
    Ok(session.execute(update, &[&id, &&before.0[..], &&after.0[..]]).await? > 0)
}

/// Returns whether a master key was retiring.
pub(super) async fn finish_rotation(session: &Session) -> SessionResult<bool> {
    let finish = "UPDATE keys SET state = 'retired' WHERE kind = 'master' AND state = 'retiring'";
    Ok(session.execute(finish, &[]).await? > 0)
}
