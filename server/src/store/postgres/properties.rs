//! Properties: named values of the database.

use super::*;

pub(super) async fn get(session: &Session, name: &str) -> SessionResult<Option<Vec<u8>>> {
    let row = session.query_opt("SELECT value FROM properties WHERE name = $1", &[&name]).await?;
    row.map(|row| Ok(row.try_get(0)?)).transpose()
}

pub(super) async fn probe_write(session: &Session) -> SessionResult<()> {
    let probed = "INSERT INTO properties (name, value) VALUES ('write_probe', decode(md5(random()::text), 'hex'))
                  ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    session.execute(probed, &[]).await.map(drop)
}
