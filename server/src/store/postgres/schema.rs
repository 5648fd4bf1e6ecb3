//! The schema and its migrations.
//!
//! During a rolling upgrade, nodes with the old program and nodes with the new program share the database. So a
//! migration only adds to the schema, and the old program must be able to ignore new columns. If a program no longer
//! uses a column or table, a migration of the next release removes it. The value `fits` of that later migration
//! excludes older programs. A migration cannot be reversed. Only a backup restores the earlier schema.

use super::connections::{Connections, OpenError};
use super::*;

struct Migration {
    text: &'static str,
    /// After this migration, a program can use the database only if it knows the schema version `fits` or a later
    /// version.
    fits: i32,
}

/// All migrations, oldest first. A released migration never changes.
const MIGRATIONS: [Migration; 1] = [Migration { text: include_str!("../schema/postgres/0001_initial.sql"), fits: 1 }];

/// The key of the advisory lock that a migrating node holds. The key is an arbitrary number.
const MIGRATION_LOCK_KEY: i64 = 7_263_584_019_421;

pub(super) async fn migrate(connections: &Connections) -> std::result::Result<(), OpenError> {
    migrate_with(connections, &MIGRATIONS).await
}

/// Returns the latest schema version that this program knows.
pub(super) fn known() -> i32 {
    i32::try_from(MIGRATIONS.len()).unwrap_or(i32::MAX)
}

/// Returns the schema version, and the oldest version whose programs can use the database. Both are 0 in a new database.
pub(super) async fn versions(session: &Session) -> SessionResult<(i32, i32)> {
    let row = session.query_one("SELECT coalesce(max(version), 0), coalesce(max(fits), 0) FROM schema_migrations", &[]).await?;
    Ok((row.try_get(0)?, row.try_get(1)?))
}

async fn migrate_with(connections: &Connections, migrations: &[Migration]) -> std::result::Result<(), OpenError> {
    let url = &connections.shown;
    let connect = |source: SessionError| OpenError::Connect { url: url.clone(), source: source.into() };
    let known = i32::try_from(migrations.len()).unwrap_or(i32::MAX);
    let session = connections.session().await.map_err(connect)?;
    // The lock must come first. Without the lock, nodes that start at the same time could conflict when they create the
    // first table.
    let transaction = session.begin().await.map_err(connect)?;
    transaction.query("SELECT pg_advisory_xact_lock($1)", &[&MIGRATION_LOCK_KEY]).await.map_err(connect)?;
    let create_table = "CREATE TABLE IF NOT EXISTS schema_migrations (
        version integer PRIMARY KEY,
        fits integer NOT NULL,      -- the oldest schema whose programs can still use the database after this migration
        applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )";
    let migrate = |to, source: SessionError| OpenError::Migrate { url: url.clone(), to, source: source.into() };
    transaction.run(create_table).await.map_err(|source| migrate(known, source))?;
    let (found, fits) = versions(&transaction).await.map_err(connect)?;
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
