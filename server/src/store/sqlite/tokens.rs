//! Access tokens.

use super::*;

const COLUMNS: &str = "id, account, scopes, created_at, expires_at, revoked_at";

pub(super) fn insert(connection: &Connection, token: &Token, hash: [u8; 32]) -> rusqlite::Result<()> {
    let scopes: Vec<&str> = token.scopes.iter().map(|scope| scope.as_str()).collect();
    connection.execute(
        "INSERT INTO tokens (id, hash, account, scopes, created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        (
            Key(token.id),
            hash,
            token.account.as_ref().map(Account::as_str),
            scopes.join(" "),
            Millis(token.created_at),
            token.expires_at.map(Millis),
        ),
    )?;
    Ok(())
}

pub(super) fn list(connection: &Connection) -> rusqlite::Result<Vec<Token>> {
    let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM tokens ORDER BY id"))?;
    statement.query_map([], from_row)?.collect()
}

pub(super) fn find(connection: &Connection, hash: [u8; 32]) -> rusqlite::Result<Option<Token>> {
    connection.prepare_cached(&format!("SELECT {COLUMNS} FROM tokens WHERE hash = ?1"))?.query_row([hash], from_row).optional()
}

pub(super) fn revoke(connection: &Connection, id: Uuid, now: DateTime<Utc>) -> rusqlite::Result<bool> {
    let changed = connection.execute("UPDATE tokens SET revoked_at = coalesce(revoked_at, ?2) WHERE id = ?1", (Key(id), Millis(now)))?;
    Ok(changed > 0)
}

fn from_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Token> {
    let scopes: String = row.get(2)?;
    Ok(Token {
        id: row.get::<_, Key>(0)?.0,
        account: row.get::<_, Option<String>>(1)?.map(Account::stored),
        // A newer program may have stored a scope that this program does not know. Such a scope allows nothing.
        scopes: scopes.split(' ').filter_map(Scope::parse).collect(),
        created_at: row.get::<_, Millis>(3)?.0,
        expires_at: row.get::<_, Option<Millis>>(4)?.map(|time| time.0),
        revoked_at: row.get::<_, Option<Millis>>(5)?.map(|time| time.0),
    })
}
