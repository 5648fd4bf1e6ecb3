//! The schema, and what brings it up to date.
//!
//! Nodes of an older and a newer program run beside one another while they are exchanged, so a migration only adds: what an
//! older program does not know must be allowed to be missing from what it writes. What nothing uses any more goes one release
//! later, in a migration that says from which schema on a program can still run beside it. There is no way back but a backup.

use super::connections::{Connections, OpenError};
use super::*;

struct Migration {
    text: &'static str,
    /// The oldest schema whose programs can go on with the database after this.
    fits: i32,
}

/// Oldest first. A released file never changes.
const MIGRATIONS: [Migration; 1] = [Migration { text: include_str!("../schema/postgres/0001_initial.sql"), fits: 1 }];

/// The key of the lock that one migrating node holds; the digits spell nothing.
const LOCK: i64 = 7_263_584_019_421;

pub(super) async fn migrate(connections: &Connections) -> std::result::Result<(), OpenError> {
    migrate_with(connections, &MIGRATIONS).await
}

async fn migrate_with(connections: &Connections, migrations: &[Migration]) -> std::result::Result<(), OpenError> {
    let url = &connections.shown;
    let connect = |source: Trouble| OpenError::Connect { url: url.clone(), source: source.into() };
    let known = i32::try_from(migrations.len()).unwrap_or(i32::MAX);
    let session = connections.session().await.map_err(connect)?;
    // Nodes that start at once would collide even in making what is not there yet.
    let transaction = session.begin().await.map_err(connect)?;
    transaction.query("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await.map_err(connect)?;
    let prepared = "CREATE TABLE IF NOT EXISTS schema_migrations (
        version integer PRIMARY KEY,
        fits integer NOT NULL,      -- the oldest schema whose programs can go on with the database after this
        applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )";
    let migrate = |to, source: Trouble| OpenError::Migrate { url: url.clone(), to, source: source.into() };
    transaction.run(prepared).await.map_err(|source| migrate(known, source))?;
    let row = transaction.query_one("SELECT coalesce(max(version), 0), coalesce(max(fits), 0) FROM schema_migrations", &[]).await;
    let row = row.map_err(connect)?;
    let (found, fits): (i32, i32) = (row.get(0), row.get(1));
    if fits > known {
        return Err(OpenError::TooNew { url: url.clone(), found, known });
    }
    for (version, migration) in (1..).zip(migrations).filter(|(version, _)| *version > found) {
        let migrated = async {
            transaction.run(migration.text).await?;
            transaction.execute("INSERT INTO schema_migrations (version, fits) VALUES ($1, $2)", &[&version, &migration.fits]).await
        };
        migrated.await.map_err(|source| migrate(version, source))?;
    }
    transaction.commit().await.map_err(connect)
}
