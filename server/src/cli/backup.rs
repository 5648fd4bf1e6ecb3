//! `webhooks-server backup` and `restore`: the database in one file, made beside a running server.
//!
//! The master key is never part of it: whoever finds a backup finds no secret in it, and it is of no use without the key.

use std::fs::File;
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use chrono::{DateTime, Utc};

use crate::node::data_dir::DataDir;
use crate::store::sqlite::copy::{copy_to, place, sync_directory_of, with_ending};
use crate::store::sqlite::usable::Usable;

/// Writes the database as it is now to `file`, while the server goes on.
///
/// # Errors
/// When there is no database, or `file` cannot be written or is there and not to be replaced.
pub(super) fn back_up(data_dir: &DataDir, file: &Path, replace: bool) -> anyhow::Result<()> {
    let database = data_dir.existing_database()?;
    ensure!(replace || !file.exists(), "{} is there already: name another file, or give --replace", file.display());
    let same = file.canonicalize().is_ok_and(|file| database.canonicalize().is_ok_and(|database| database == file));
    ensure!(!same, "{} is the database itself: name another file", file.display());
    let connection = rusqlite::Connection::open(&database).with_context(|| format!("cannot open {}", database.display()))?;
    copy_to(&connection, file)?;
    eprintln!(
        "backed up {} to {}. The master key is not in it: keep a copy of that apart from it, for without it no backup can be used",
        database.display(),
        file.display()
    );
    Ok(())
}

/// Puts a backup in the place of the database, once it is known to be whole and to fit the master key.
///
/// # Errors
/// When a server runs on the data, when there is a database that is not to be replaced, or when the backup cannot be used.
pub(super) fn restore(
    data_dir: &DataDir,
    master_key_file: Option<&Path>,
    file: &Path,
    replace: bool,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let _lock = data_dir.lock()?;
    let database = data_dir.database();
    let shown = database.display();
    ensure!(
        replace || !database.exists(),
        "there is a database already, {shown}: --replace puts the backup in its place and keeps it beside"
    );
    let log = with_ending(file, "-wal");
    if log.metadata().is_ok_and(|log| log.len() > 0) {
        bail!(
            "{} is a database in use and no backup: {} belongs to it; make one with `webhooks-server backup`",
            file.display(),
            log.display()
        );
    }
    let mut backup = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    place(&database, |partial| {
        // What is judged is the very copy that will be used.
        std::io::copy(&mut backup, &mut File::options().write(true).open(partial)?)?;
        let usable = Usable::open(partial).with_context(|| format!("{} cannot be restored", file.display()))?;
        data_dir.judge_key(master_key_file, |name| usable.property(name))?;
        drop(usable);
        set_aside(&database, now)
    })?;
    eprintln!("restored {} to {shown}", file.display());
    Ok(())
}

/// Moves what is there out of the way: the log first, so that it is never taken for that of another database.
fn set_aside(database: &Path, now: DateTime<Utc>) -> anyhow::Result<()> {
    let kept = with_ending(database, &format!(".replaced-{}", now.format("%Y%m%dT%H%M%S%3fZ")));
    for ending in ["-shm", "-wal", ""] {
        let (from, to) = (with_ending(database, ending), with_ending(&kept, ending));
        if from.exists() {
            std::fs::rename(&from, &to).with_context(|| format!("cannot move {} to {}", from.display(), to.display()))?;
        }
    }
    if kept.exists() {
        eprintln!("the database that was there is kept as {}", kept.display());
    }
    sync_directory_of(database)
}
