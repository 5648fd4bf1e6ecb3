//! Copies of a database that is in use, and what is to be known of one before it is restored or moved.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use super::{BUSY_TIMEOUT, MIGRATIONS, OpenError, schema_version};

/// Writes the database as it is at this moment to a file, complete and on disk or not at all, and readable by its owner
/// alone. In WAL mode `VACUUM INTO` is one long read: nobody who writes waits for it. It leaves out what was deleted.
pub(crate) fn copy_to(connection: &Connection, to: &Path) -> anyhow::Result<()> {
    place(to, |partial| {
        connection.execute("VACUUM INTO ?1", [partial.to_str().context("its name is not UTF-8")?]).map(drop).map_err(Into::into)
    })
}

/// Has `write` fill an empty file beside `to`, and then puts that in its place.
pub(crate) fn place(to: &Path, write: impl FnOnce(&Path) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let partial = with_ending(to, ".partial");
    let written = (|| {
        remove_if_there(&partial)?;
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial)?;
        write(&partial)?;
        File::open(&partial)?.sync_all()?;
        std::fs::rename(&partial, to)?;
        sync_directory_of(to)
    })();
    if written.is_err() {
        // It may not even have been made.
        let _ = std::fs::remove_file(&partial);
    }
    written.with_context(|| format!("cannot write {}", to.display()))
}

/// The name with something behind it, as SQLite makes the names of its own files.
pub(crate) fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

pub(crate) fn remove_if_there(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// A rename is on disk once its directory is.
pub(crate) fn sync_directory_of(path: &Path) -> anyhow::Result<()> {
    let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    Ok(File::open(directory)?.sync_all()?)
}

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
