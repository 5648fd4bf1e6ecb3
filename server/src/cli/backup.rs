//! `webhooks-server backup` and `restore`. A backup is one file. The server may run during a backup.
//!
//! A backup never contains the master key. So a thief cannot read the secrets in a stolen backup. The operator needs the master
//! key to restore a backup.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use chrono::{DateTime, Utc};
use rusqlite::Connection;

use super::audit;
use crate::api::types::AuditEvent;
use crate::config::Settings;
use crate::model::{KeyRecord, KeyState};
use crate::node::data_dir::DataDir;
use crate::node::master_keys::GivenKeys;
use crate::store::EventRow;
use crate::store::sqlite::audit::insert;
use crate::store::sqlite::copy::{copy_to, place, sync_directory_of, with_ending};
use crate::store::sqlite::usable::{Usable, keys_of};

/// Copies the present state of the database to `file`. The server may be running.
///
/// # Errors
/// If there is no database, if `file` cannot be written, or if `file` exists and `replace` is false.
pub(super) fn back_up(settings: &Settings, data_dir: &DataDir, file: &Path, replace: bool, now: DateTime<Utc>) -> anyhow::Result<()> {
    let database = data_dir.existing_database()?;
    ensure!(replace || !file.exists(), "{} exists already: name another file, or give --replace", file.display());
    let same = file.canonicalize().is_ok_and(|file| database.canonicalize().is_ok_and(|database| database == file));
    ensure!(!same, "{} is the database itself: name another file", file.display());
    let connection = Connection::open(&database).with_context(|| format!("cannot open {}", database.display()))?;
    let mut keys = keys_of(&connection)?;
    copy_to(&connection, file)?;
    // If a rotation of the master key begins or ends during the copy, it is unknown which of both states the copy has.
    keys.extend(keys_of(&connection)?);
    let keys = needed_keys(&keys);
    let event = audit::event("backup.created", now);
    if record(&connection, &event) {
        audit::append_to_log(settings, &event);
    }
    eprintln!(
        "backed up {} to {}. The backup does not contain the master key: keep a copy of the key {keys} elsewhere, because this backup cannot \
         be used without it",
        database.display(),
        file.display()
    );
    Ok(())
}

/// Returns the ids of the master keys that are needed for a database with these keys.
fn needed_keys(keys: &[KeyRecord]) -> String {
    let needed = keys.iter().filter(|key| key.is_master(KeyState::Current) || key.is_master(KeyState::Retiring));
    needed.map(|key| key.id.as_str()).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(" and the key ")
}

/// Checks that the backup is not damaged and that the master key belongs to the backup. Then replaces the database with
/// the backup.
///
/// # Errors
/// If a server runs on the data directory, if the backup is not usable, or if a database exists and `replace` is false.
pub(super) fn restore(
    settings: &Settings,
    data_dir: &DataDir,
    given: &GivenKeys,
    file: &Path,
    replace: bool,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let _lock = data_dir.lock()?;
    let database = data_dir.database();
    let shown = database.display();
    ensure!(
        replace || !database.exists(),
        "the database {shown} exists already: --replace replaces it with the backup and keeps it under another name"
    );
    let wal = with_ending(file, "-wal");
    if wal.metadata().is_ok_and(|wal| wal.len() > 0) {
        bail!(
            "{} is a database in use and not a backup: it has the write-ahead log {}; make a backup with `webhooks-server backup`",
            file.display(),
            wal.display()
        );
    }
    let mut backup = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    let (event, mut is_recorded) = (audit::event("backup.restored", now), false);
    place(&database, |partial| {
        // Checks the copy and not the backup file, because the copy becomes the database.
        std::io::copy(&mut backup, &mut File::options().write(true).open(partial)?)?;
        let usable = Usable::open(partial).with_context(|| format!("{} cannot be restored", file.display()))?;
        given.vault(&usable.keys()?)?;
        is_recorded = record(usable.connection(), &event);
        drop(usable);
        set_aside(&database, now)
    })?;
    if is_recorded {
        audit::append_to_log(settings, &event);
    }
    eprintln!("restored {} to {shown}", file.display());
    Ok(())
}

/// Stores an event, and returns whether it is stored. The database can have the schema of an earlier program, and a
/// backup must work with every schema. So an event that cannot be stored causes only a warning.
fn record(database: &Connection, event: &AuditEvent) -> bool {
    let recorded = insert(database, &EventRow::from(event));
    if let Err(error) = &recorded {
        eprintln!("warning: the audit log has no event for this command: {error}");
    }
    recorded.is_ok()
}

/// Renames the existing database. Renames its write-ahead log first, so that SQLite never uses this log with the restored
/// database.
fn set_aside(database: &Path, now: DateTime<Utc>) -> anyhow::Result<()> {
    let kept = with_ending(database, &format!(".replaced-{}", now.format("%Y%m%dT%H%M%S%3fZ")));
    for ending in ["-shm", "-wal", ""] {
        let (from, to) = (with_ending(database, ending), with_ending(&kept, ending));
        if from.exists() {
            std::fs::rename(&from, &to).with_context(|| format!("cannot move {} to {}", from.display(), to.display()))?;
        }
    }
    if kept.exists() {
        eprintln!("the previous database is kept as {}", kept.display());
    }
    sync_directory_of(database)
}
