//! Access tokens.

use super::*;

const COLUMNS: &str = "id, account, scopes, created_at, expires_at, revoked_at";

pub(super) async fn insert(session: &Session, token: &Token, hash: [u8; 32]) -> SessionResult<()> {
    let scopes: Vec<&str> = token.scopes.iter().map(|scope| scope.as_str()).collect();
    session
        .execute(
            "INSERT INTO tokens (id, hash, account, scopes, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
            &[&token.id, &&hash[..], &token.account.as_ref().map(Account::as_str), &scopes.join(" "), &token.created_at, &token.expires_at],
        )
        .await
        .map(drop)
}

pub(super) async fn list(session: &Session) -> SessionResult<Vec<Token>> {
    let rows = session.query(&format!("SELECT {COLUMNS} FROM tokens ORDER BY id"), &[]).await?;
    rows.iter().map(from_row).collect()
}

pub(super) async fn find(session: &Session, hash: [u8; 32]) -> SessionResult<Option<Token>> {
    let row = session.query_opt(&format!("SELECT {COLUMNS} FROM tokens WHERE hash = $1"), &[&&hash[..]]).await?;
    row.as_ref().map(from_row).transpose()
}

pub(super) async fn revoke(session: &Session, id: Uuid, now: DateTime<Utc>) -> SessionResult<bool> {
    let changed = session.execute("UPDATE tokens SET revoked_at = coalesce(revoked_at, $2) WHERE id = $1", &[&id, &now]).await?;
    Ok(changed > 0)
}

fn from_row(row: &Row) -> SessionResult<Token> {
    let scopes: &str = row.try_get(2)?;
    Ok(Token {
        id: row.try_get(0)?,
        account: row.try_get::<_, Option<String>>(1)?.map(Account::stored),
        // A newer program may have stored a scope that this program does not know. Such a scope allows nothing.
        scopes: scopes.split(' ').filter_map(Scope::parse).collect(),
        created_at: row.try_get(3)?,
        expires_at: row.try_get(4)?,
        revoked_at: row.try_get(5)?,
    })
}
