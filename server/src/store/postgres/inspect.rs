//! Looks at a database and changes nothing, also while nodes use the database.

use super::connections::{Connections, OpenError};
use super::migration_guard::UNFINISHED_MOVE;
use super::*;

/// What a database contains.
pub(crate) struct Inspection {
    /// The version of the schema. 0 means a new database.
    pub(crate) schema: i32,
    /// The latest version of the schema that this program knows.
    pub(crate) known_schema: i32,
    /// Whether this program can use the schema.
    pub(crate) fits: bool,
    pub(crate) is_read_only: bool,
    /// Whether the role of the connection may write the tables, or create them in a new database.
    pub(crate) may_write: bool,
    pub(crate) has_unfinished_move: bool,
    pub(crate) storage: StorageUse,
    pub(crate) keys: Vec<KeyRecord>,
    /// How far the clock of the database is ahead of the clock of this machine.
    pub(crate) clock_offset: TimeDelta,
}

/// # Errors
/// If the database cannot be reached or read, or if its settings are not supported.
pub(crate) async fn inspect(options: &Options, limits: &StorageLimits) -> std::result::Result<Inspection, OpenError> {
    let connections = Connections::single(options)?;
    let failed = |source: SessionError| OpenError::Connect { url: connections.shown.clone(), source: source.into() };
    let session = connections.session().await.map_err(failed)?;
    read(&session, limits).await.map_err(failed)
}

async fn read(session: &Session, limits: &StorageLimits) -> SessionResult<Inspection> {
    let settings = "SELECT to_regclass('schema_migrations') IS NOT NULL,
         pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on',
         coalesce(has_schema_privilege(current_schema(), 'CREATE'), false)";
    let row = session.query_one(settings, &[]).await?;
    let (exists, is_read_only, may_create): (bool, bool, bool) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    let begun = Utc::now();
    let row = session.query_one("SELECT clock_timestamp()", &[]).await?;
    let clock_offset = row.try_get::<_, DateTime<Utc>>(0)? - (begun + (Utc::now() - begun) / 2);
    let mut inspection = Inspection {
        schema: 0,
        known_schema: schema::known(),
        fits: true,
        is_read_only,
        may_write: may_create,
        has_unfinished_move: false,
        storage: Space::new(limits).measure(session).await?,
        keys: Vec::new(),
        clock_offset,
    };
    if !exists {
        return Ok(inspection);
    }
    let (found, fits) = schema::versions(session).await?;
    (inspection.schema, inspection.fits) = (found, fits <= inspection.known_schema);
    if found > 0 && inspection.fits {
        let row = session.query_one("SELECT has_table_privilege('deliveries', 'INSERT')", &[]).await?;
        inspection.may_write = row.try_get(0)?;
        inspection.has_unfinished_move = properties::get(session, UNFINISHED_MOVE).await?.is_some();
        inspection.keys = keys::list(session).await?;
    }
    Ok(inspection)
}
