//! Looks at a database and changes nothing, also while a server uses the database.

use std::path::Path;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rusqlite::{Connection, OpenFlags};

use super::schema::{BUSY_TIMEOUT, MIGRATIONS, OpenError, schema_version};
use super::space::Space;
use super::{copy, keys};
use crate::model::{KeyRecord, StorageUse};
use crate::store::StorageLimits;

/// What a database contains.
pub(crate) struct Inspection {
    /// The version of the schema. 0 means that the file is not a database of this service.
    pub(crate) schema: usize,
    /// The latest version of the schema that this program knows.
    pub(crate) known_schema: usize,
    pub(crate) storage: StorageUse,
    pub(crate) keys: Vec<KeyRecord>,
}

/// # Errors
/// If the database cannot be read.
pub(crate) fn inspect(path: &Path, limits: &StorageLimits) -> Result<Inspection, OpenError> {
    let open = |source| OpenError::of(path, source);
    // Reading a database creates a log beside it. Without a log, no process uses the database, and SQLite may treat it as a
    // file that nobody changes.
    let in_use = copy::with_ending(path, "-wal").exists();
    let file = utf8_percent_encode(&path.display().to_string(), NON_ALPHANUMERIC).to_string();
    let uri = format!("file:{file}{}", if in_use { "" } else { "?immutable=1" });
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(uri, flags).map_err(open)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(open)?;
    let schema = schema_version(&connection).map_err(open)?;
    let is_known = (1..=MIGRATIONS.len()).contains(&schema);
    Ok(Inspection {
        schema,
        known_schema: MIGRATIONS.len(),
        storage: Space::new(path, limits).measure(&connection).map_err(open)?,
        keys: if is_known { keys::list(&connection).map_err(open)? } else { Vec::new() },
    })
}
