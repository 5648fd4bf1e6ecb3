//! Copies a database that is in use.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use rusqlite::Connection;

use crate::secrets::private_file;

/// Writes the current state of the database to a file. The file is never incomplete. Only the owner of the file can
/// read it. In WAL mode, `VACUUM INTO` is one long read that does not block writes. The copy contains no deleted data.
pub(crate) fn copy_to(connection: &Connection, to: &Path) -> anyhow::Result<()> {
    place(to, |partial| {
        connection.execute("VACUUM INTO ?1", [partial.to_str().context("its name is not UTF-8")?]).map(drop).map_err(Into::into)
    })
}

/// Creates an empty file in the directory of `to`, and lets `write` fill this file. Then renames the file to `to`.
pub(crate) fn place(to: &Path, write: impl FnOnce(&Path) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let partial = with_ending(to, ".partial");
    let written = (|| {
        remove_if_there(&partial)?;
        private_file::create_new(&partial)?;
        write(&partial)?;
        File::open(&partial)?.sync_all()?;
        std::fs::rename(&partial, to)?;
        sync_directory_of(to)
    })();
    if written.is_err() {
        // The removal fails if the file is missing. This error does no harm.
        let _ = std::fs::remove_file(&partial);
    }
    written.with_context(|| format!("cannot write {}", to.display()))
}

/// Appends `ending` to the file name, as SQLite does for its own files.
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

/// Syncs the directory of `path`. A rename in this directory is durable only after the sync.
pub(crate) fn sync_directory_of(path: &Path) -> anyhow::Result<()> {
    let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    Ok(File::open(directory)?.sync_all()?)
}
