//! Properties: named values of the database.

use super::*;

pub(super) async fn get(session: &Session, name: &str) -> SessionResult<Option<Vec<u8>>> {
    let row = session.query_opt("SELECT value FROM properties WHERE name = $1", &[&name]).await?;
    row.map(|row| Ok(row.try_get(0)?)).transpose()
}

/// Stores the properties that do not exist yet. Another node may have stored some already.
pub(super) async fn initialise(session: &Session, properties: &[(&'static str, Vec<u8>)]) -> SessionResult<()> {
    let mut properties: Vec<(&str, &[u8])> = properties.iter().map(|(name, value)| (*name, value.as_slice())).collect();
    properties.sort_unstable();
    let (names, values): (Vec<&str>, Vec<&[u8]>) = properties.into_iter().unzip();
    let inserted = "INSERT INTO properties (name, value) SELECT name, value FROM UNNEST($1, $2) AS property (name, value) ORDER BY name
                    ON CONFLICT (name) DO NOTHING";
    session.execute(inserted, &[&names, &values]).await.map(drop)
}

pub(super) async fn probe_write(session: &Session) -> SessionResult<()> {
    let probed = "INSERT INTO properties (name, value) VALUES ('write_probe', decode(md5(random()::text), 'hex'))
                  ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    session.execute(probed, &[]).await.map(drop)
}
