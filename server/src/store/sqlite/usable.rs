//! Checks a database file before it is restored or migrated to another store.

use std::path::Path;

use anyhow::{Context as _, ensure};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::keys;
use super::schema::{BUSY_TIMEOUT, MIGRATIONS, OpenError, schema_version};
use crate::model::KeyRecord;

/// A database with a schema that this program knows.
pub(crate) struct Usable(Connection);

impl Usable {
    /// # Errors
    /// If the file is not a database of this service, is damaged, or has a newer schema than this program.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Usable> {
        let connection = Connection::open(path)?;
        // This setting moves the contents of the log into the file.
        connection.pragma_update(None, "journal_mode", "delete").context("it is not a database")?;
        let mut damage = Vec::new();
        connection.pragma_query(None, "integrity_check", |row| {
            damage.push(row.get::<_, String>(0)?);
            Ok(())
        })?;
        ensure!(damage == ["ok"], "it is damaged: {}", damage.first().map_or("the check reported nothing", String::as_str));
        known_schema(&connection)?;
        Ok(Usable(connection))
    }

    /// Opens a database and locks it. No process can write to the database until the result is dropped. The result
    /// itself cannot write either.
    ///
    /// # Errors
    /// If the file is not a database of this service, cannot be locked, or has another schema version than this
    /// program. This function does not check for damage.
    pub(crate) fn hold(path: &Path) -> anyhow::Result<Usable> {
        let open = |source| OpenError::of(path, source);
        let connection =
            Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(open)?;
        connection.busy_timeout(BUSY_TIMEOUT).map_err(open)?;
        // Locking the database needs write access.
        let writable = !connection.is_readonly("main").map_err(open)?;
        ensure!(writable, "cannot lock {}: run webhooks-server as a user who may write it", path.display());
        // With this setting, closing the connection does not move the contents of the log into the file.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(open)?;
        connection.execute_batch("BEGIN IMMEDIATE; PRAGMA query_only = true").map_err(open)?;
        let schema = known_schema(&connection).with_context(|| format!("cannot use {}", path.display()))?;
        ensure!(
            schema == MIGRATIONS.len(),
            "{} has the older schema {schema}: start the server of this version on it once to migrate it, then stop the server",
            path.display()
        );
        Ok(Usable(connection))
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.0
    }

    pub(crate) fn keys(&self) -> anyhow::Result<Vec<KeyRecord>> {
        keys_of(&self.0)
    }
}

/// Returns the rows of the table `keys`.
pub(crate) fn keys_of(connection: &Connection) -> anyhow::Result<Vec<KeyRecord>> {
    keys::list(connection).context("cannot read the keys of the database")
}

fn known_schema(connection: &Connection) -> anyhow::Result<usize> {
    let (schema, known) = (schema_version(connection)?, MIGRATIONS.len());
    ensure!(schema > 0, "it is not a database of webhooks-server");
    ensure!(schema <= known, "it has schema {schema}, and this program knows schemas up to {known}: use the newer program that made it");
    Ok(schema)
}
