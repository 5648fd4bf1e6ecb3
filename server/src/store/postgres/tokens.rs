//! Access tokens.

use super::*;

const COLUMNS: &str = "id, hash, name, account, scopes, created_at, expires_at, revoked_at, replaced_by, last_used_at, mac";

pub(super) async fn insert(session: &Session, token: &StoredToken) -> SessionResult<()> {
    let insert =
        "INSERT INTO tokens (id, hash, name, account, scopes, created_at, expires_at, mac) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let StoredToken { id, hash, name, account, scopes, created_at, expires_at, mac, .. } = token;
    let account = account.as_ref().map(Account::as_str);
    session.execute(insert, &[id, &hash.as_slice(), name, &account, scopes, created_at, expires_at, &mac.as_slice()]).await.map(drop)
}

pub(super) async fn list(session: &Session) -> SessionResult<Vec<StoredToken>> {
    let rows = session.query(&format!("SELECT {COLUMNS} FROM tokens ORDER BY id"), &[]).await?;
    rows.iter().map(from_row).collect()
}

pub(super) async fn find(session: &Session, hash: [u8; 32]) -> SessionResult<Option<StoredToken>> {
    let row = session.query_opt(&format!("SELECT {COLUMNS} FROM tokens WHERE hash = $1"), &[&&hash[..]]).await?;
    row.as_ref().map(from_row).transpose()
}

pub(super) async fn revoke(session: &Session, id: Uuid, now: DateTime<Utc>) -> SessionResult<bool> {
    let changed = session.execute("UPDATE tokens SET revoked_at = coalesce(revoked_at, $2) WHERE id = $1", &[&id, &now]).await?;
    Ok(changed > 0)
}

pub(super) async fn rotate(session: &Session, rotation: &TokenRotation, events: &[EventRow]) -> SessionResult<bool> {
    let TokenRotation { replaced, previous_mac, successor } = rotation;
    let changed = session
        .execute(
            "UPDATE tokens SET expires_at = $2, replaced_by = $3, mac = $4
             WHERE id = $1 AND mac = $5 AND revoked_at IS NULL AND replaced_by IS NULL",
            &[&replaced.id, &replaced.expires_at, &successor.id, &replaced.mac.as_slice(), &previous_mac.as_slice()],
        )
        .await?;
    if changed > 0 {
        // Both statements are sent together.
        session::both(insert(session, successor), audit::insert(session, events)).await?;
    }
    Ok(changed > 0)
}

/// All nodes must pass the uses in the order of the identifiers, so that they lock the rows in the same order.
pub(super) async fn record_uses(session: &Session, uses: &[(Uuid, DateTime<Utc>)]) -> SessionResult<()> {
    let (ids, times): (Vec<Uuid>, Vec<DateTime<Utc>>) = uses.iter().copied().unzip();
    let update = "WITH used AS MATERIALIZED (SELECT * FROM UNNEST($1, $2) AS u (id, at))
                  UPDATE tokens t SET last_used_at = u.at FROM used u
                  WHERE t.id = ANY(ARRAY[u.id]) AND coalesce(t.last_used_at < u.at, true)";
    session.execute(update, &[&ids, &times]).await.map(drop)
}

fn from_row(row: &Row) -> SessionResult<StoredToken> {
    Ok(StoredToken {
        id: row.try_get(0)?,
        hash: row.try_get(1)?,
        name: row.try_get(2)?,
        account: row.try_get::<_, Option<String>>(3)?.map(Account::stored),
        scopes: row.try_get(4)?,
        created_at: row.try_get(5)?,
        expires_at: row.try_get(6)?,
        revoked_at: row.try_get(7)?,
        replaced_by: row.try_get(8)?,
        last_used_at: row.try_get(9)?,
        mac: row.try_get(10)?,
    })
}
