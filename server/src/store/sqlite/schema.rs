//! Opening the database file and migrating its schema.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use super::copy;
use crate::secrets::private_file;

/// The migrations, oldest first. A migration file never changes after its release.
pub(super) const MIGRATIONS: [&str; 1] = [include_str!("../schema/sqlite/0001_initial.sql")];

/// If the log is larger than this number of bytes, SQLite truncates the log to this size.
pub(super) const JOURNAL_SIZE_LIMIT: i64 = 16 << 20;

/// The maximum time that a statement waits while another process writes. That process is for example a token command.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("cannot open the database {path}")]
    Open {
        path: String,
        #[source]
        source: rusqlite::Error,
    },
    #[error("cannot write the database {path}: run webhooks-server as a user who may write it and create files beside it")]
    NotWritable {
        path: String,
        #[source]
        source: rusqlite::Error,
    },
    #[error("the database {path} has schema {found}, and this program knows schemas up to {}: run the newer program that made it", MIGRATIONS.len())]
    TooNew { path: String, found: usize },
    #[error("cannot migrate the database {path} to schema {to}")]
    Migrate {
        path: String,
        to: usize,
        #[source]
        source: rusqlite::Error,
    },
    #[error("cannot copy the database {path} before its schema changes")]
    Copy {
        path: String,
        #[source]
        source: anyhow::Error,
    },
    #[error("cannot start the writing thread")]
    Thread(#[source] std::io::Error),
}

impl OpenError {
    pub(super) fn of(path: &Path, source: rusqlite::Error) -> OpenError {
        use rusqlite::ErrorCode::{CannotOpen, PermissionDenied, ReadOnly};
        let path = path.display().to_string();
        match source.sqlite_error_code() {
            Some(CannotOpen | PermissionDenied | ReadOnly) => OpenError::NotWritable { path, source },
            _ => OpenError::Open { path, source },
        }
    }
}

pub(super) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    // SQLite gives its other files the mode of the database. If this fails, `open` reports the error.
    let _ = private_file::create_or_restrict(path);
    for ending in ["-wal", "-shm"] {
        let _ = private_file::restrict(&copy::with_ending(path, ending));
    }
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "temp_store", "memory")?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Returns the schema version of a database. A new database has version 0.
pub(super) fn schema_version(connection: &Connection) -> rusqlite::Result<usize> {
    connection.pragma_query_value(None, "user_version", |row| row.get::<_, u32>(0)).map(|version| version as usize)
}

/// Migrates the schema. Before the migration, copies an existing database to `webhooks.db.before-schema-N`. With this
/// copy, the operator can run the previous program again.
pub(super) fn migrate(connection: &mut Connection, file: &Path, migrations: &[&str]) -> std::result::Result<(), OpenError> {
    let path = file.display().to_string();
    let open = |source| OpenError::of(file, source);
    let found = schema_version(connection).map_err(open)?;
    if found > 0 && found < migrations.len() {
        let copied = copy::copy_to(connection, &copy::with_ending(file, &format!(".before-schema-{}", found + 1)));
        copied.map_err(|source| OpenError::Copy { path: path.clone(), source })?;
    }
    loop {
        let failed = |to, source| OpenError::Migrate { path: path.clone(), to, source };
        let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(open)?;
        // The version must be read inside the transaction, because another process may be migrating the same file.
        let found = schema_version(&transaction).map_err(open)?;
        if found > migrations.len() {
            return Err(OpenError::TooNew { path, found });
        }
        let Some(migration) = migrations.get(found) else { return Ok(()) };
        transaction
            .execute_batch(migration)
            .and_then(|()| transaction.pragma_update(None, "user_version", found as u32 + 1))
            .and_then(|()| transaction.commit())
            .map_err(|source| failed(found + 1, source))?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_copied_before_its_schema_changes() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("webhooks.db");
        let copy = directory.path().join("webhooks.db.before-schema-2");
        let mut connection = connect(&path).expect("a database");
        connection.pragma_update(None, "journal_mode", "wal").expect("set");
        migrate(&mut connection, &path, &MIGRATIONS[..1]).expect("migrated");
        assert!(!copy.exists(), "a new database is not copied");
        connection.execute("INSERT INTO properties (name, value) VALUES ('kept', x'01')", []).expect("written");
        let next = [MIGRATIONS[0], "DELETE FROM properties; ALTER TABLE properties ADD COLUMN more TEXT;"];
        migrate(&mut connection, &path, &next).expect("migrated");
        assert_eq!(schema_version(&connection).expect("readable"), 2);
        let before = Connection::open(&copy).expect("the copy");
        assert_eq!(schema_version(&before).expect("readable"), 1);
        let kept: i64 = before.query_row("SELECT count(*) FROM properties WHERE name = 'kept'", [], |row| row.get(0)).expect("readable");
        assert_eq!(kept, 1);
        std::fs::remove_file(&copy).expect("the copy exists");
        migrate(&mut connection, &path, &next).expect("nothing to do");
        assert!(!copy.exists(), "no copy without a migration");
        let error = migrate(&mut connection, &path, &MIGRATIONS[..1]).expect_err("the schema is too new").to_string();
        assert!(error.contains("has schema 2"), "{error}");
    }
}
