//! Access tokens.

use super::*;

const COLUMNS: &str = "id, hash, name, account, scopes, created_at, expires_at, revoked_at, replaced_by, last_used_at, mac";

pub(super) fn insert(connection: &Connection, token: &StoredToken) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO tokens (id, hash, name, account, scopes, created_at, expires_at, mac) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        (
            Key(token.id),
            &token.hash,
            &token.name,
            token.account.as_ref().map(Account::as_str),
            &token.scopes,
            Millis(token.created_at),
            token.expires_at.map(Millis),
            &token.mac,
        ),
    )?;
    Ok(())
}

pub(super) fn list(connection: &Connection) -> rusqlite::Result<Vec<StoredToken>> {
    let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM tokens ORDER BY id"))?;
    statement.query_map([], from_row)?.collect()
}

pub(super) fn find(connection: &Connection, hash: [u8; 32]) -> rusqlite::Result<Option<StoredToken>> {
    connection.prepare_cached(&format!("SELECT {COLUMNS} FROM tokens WHERE hash = ?1"))?.query_row([hash], from_row).optional()
}

pub(super) fn revoke(connection: &Connection, id: Uuid, now: DateTime<Utc>) -> rusqlite::Result<bool> {
    let changed = connection.execute("UPDATE tokens SET revoked_at = coalesce(revoked_at, ?2) WHERE id = ?1", (Key(id), Millis(now)))?;
    Ok(changed > 0)
}

pub(super) fn rotate(connection: &Connection, rotation: &TokenRotation) -> rusqlite::Result<bool> {
    let TokenRotation { replaced, previous_mac, successor } = rotation;
    let changed = connection.execute(
        "UPDATE tokens SET expires_at = ?2, replaced_by = ?3, mac = ?4
         WHERE id = ?1 AND mac = ?5 AND revoked_at IS NULL AND replaced_by IS NULL",
        (Key(replaced.id), replaced.expires_at.map(Millis), Key(successor.id), &replaced.mac, previous_mac),
    )?;
    if changed > 0 {
        insert(connection, successor)?;
    }
    Ok(changed > 0)
}

pub(super) fn record_uses(connection: &Connection, uses: &[(Uuid, DateTime<Utc>)]) -> rusqlite::Result<()> {
    let mut statement =
        connection.prepare_cached("UPDATE tokens SET last_used_at = ?2 WHERE id = ?1 AND (last_used_at IS NULL OR last_used_at < ?2)")?;
    for (id, at) in uses {
        statement.execute((Key(*id), Millis(*at)))?;
    }
    Ok(())
}

fn from_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<StoredToken> {
    let time = |column| row.get::<_, Option<Millis>>(column).map(|time| time.map(|time| time.0));
    Ok(StoredToken {
        id: row.get::<_, Key>(0)?.0,
        hash: row.get(1)?,
        name: row.get(2)?,
        account: row.get::<_, Option<String>>(3)?.map(Account::stored),
        scopes: row.get(4)?,
        created_at: row.get::<_, Millis>(5)?.0,
        expires_at: time(6)?,
        revoked_at: time(7)?,
        replaced_by: row.get::<_, Option<Key>>(8)?.map(|key| key.0),
        last_used_at: time(9)?,
        mac: row.get(10)?,
    })
}
