//! A database file that is checked before it is restored or moved.

use std::path::Path;

use anyhow::{Context as _, ensure};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use super::schema::{BUSY_TIMEOUT, MIGRATIONS, OpenError, schema_version};

/// A database that is whole and that this program can use.
pub(crate) struct Usable(Connection);

impl Usable {
    /// # Errors
    /// When the file is no database of this service, is damaged, or is of a newer program.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Usable> {
        let connection = Connection::open(path)?;
        // Everything in the one file.
        connection.pragma_update(None, "journal_mode", "delete").context("it is no database")?;
        let mut damage = Vec::new();
        connection.pragma_query(None, "integrity_check", |row| {
            damage.push(row.get::<_, String>(0)?);
            Ok(())
        })?;
        ensure!(damage == ["ok"], "it is damaged: {}", damage.first().map_or("the check says nothing", String::as_str));
        known_schema(&connection)?;
        Ok(Usable(connection))
    }

    /// Opens a database that then nobody writes as long as this is there: neither a command beside, nor this.
    ///
    /// # Errors
    /// As [`Usable::open`], but for damage, and when the database is of an older program.
    pub(crate) fn hold(path: &Path) -> anyhow::Result<Usable> {
        let open = |source| OpenError::of(path, source);
        let connection =
            Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(open)?;
        connection.busy_timeout(BUSY_TIMEOUT).map_err(open)?;
        // Without that right there would be no holding it.
        let writable = !connection.is_readonly("main").map_err(open)?;
        ensure!(writable, "cannot hold {}: run webhooks-server as a user who may write it", path.display());
        // Even what stands in its log stays there.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(open)?;
        connection.execute_batch("BEGIN IMMEDIATE; PRAGMA query_only = true").map_err(open)?;
        let schema = known_schema(&connection).with_context(|| format!("cannot use {}", path.display()))?;
        ensure!(
            schema == MIGRATIONS.len(),
            "{} has the older schema {schema}: start this version's server on it once, which changes that, and stop it",
            path.display()
        );
        Ok(Usable(connection))
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.0
    }

    pub(crate) fn property(&self, name: &str) -> anyhow::Result<Option<Vec<u8>>> {
        Ok(self.0.query_row("SELECT value FROM properties WHERE name = ?1", [name], |row| row.get(0)).optional()?)
    }
}

fn known_schema(connection: &Connection) -> anyhow::Result<usize> {
    let (schema, known) = (schema_version(connection)?, MIGRATIONS.len());
    ensure!(schema > 0, "it is no database of webhooks-server");
    ensure!(schema <= known, "it has schema {schema}, and this program knows schemas up to {known}: use the newer program that made it");
    Ok(schema)
}
