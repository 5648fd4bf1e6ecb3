//! Finds the programs of PostgreSQL and PgBouncer.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context as _, anyhow};

/// The minimum version. It is the first version that supports `DROP DATABASE … WITH (FORCE)`.
const MIN_VERSION: u32 = 13;

const MISSING: &str = "PostgreSQL is not installed: sudo apt-get install --yes postgresql (version 13 or later)";

/// The directory with the programs of one version of PostgreSQL.
#[derive(Debug)]
pub struct Binaries {
    directory: PathBuf,
    version: u32,
}

impl Binaries {
    /// If the environment variable `POSTGRES_BIN` is set, finds the programs in the directory that the variable names.
    /// Otherwise searches the PATH. If the PATH has no suitable version, finds the newest version under
    /// /usr/lib/postgresql, the directory of Debian.
    ///
    /// # Errors
    /// If PostgreSQL is not installed, if every version is too old, or if the directory in `POSTGRES_BIN` has no
    /// suitable version.
    pub fn find() -> anyhow::Result<&'static Binaries> {
        static FOUND: OnceLock<Result<Binaries, String>> = OnceLock::new();
        let found = FOUND.get_or_init(|| find().map_err(|error| format!("{error:#}")));
        found.as_ref().map_err(|error| anyhow!("{error}"))
    }

    /// Returns the major version.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Returns the path of a program.
    #[must_use]
    pub fn path(&self, program: &str) -> PathBuf {
        self.directory.join(program)
    }
}

fn find() -> anyhow::Result<Binaries> {
    if let Some(directory) = std::env::var_os("POSTGRES_BIN") {
        let found = in_directory(Path::new(&directory));
        return found.with_context(|| format!("POSTGRES_BIN is {}", Path::new(&directory).display()));
    }
    if let Some(found) = path().iter().find_map(|directory| in_directory(directory).ok()) {
        return Ok(found);
    }
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let found = debian.filter_map(|entry| in_directory(&entry.path().join("bin")).ok());
    found.max_by_key(|found| found.version).context(MISSING)
}

fn in_directory(directory: &Path) -> anyhow::Result<Binaries> {
    for program in ["initdb", "pg_basebackup", "postgres", "psql"] {
        anyhow::ensure!(directory.join(program).is_file(), "{program} is missing");
    }
    let output = version_output(&directory.join("postgres"))?;
    let version = major(&output).with_context(|| format!("`{output}` is not a version"))?;
    anyhow::ensure!(version >= MIN_VERSION, "PostgreSQL {version} is too old; version {MIN_VERSION} or later is required");
    Ok(Binaries { directory: directory.to_owned(), version })
}

/// Returns the path of PgBouncer, and its major and minor version. Debian installs PgBouncer in /usr/sbin, which is on the PATH
/// of root, but not of other users.
///
/// # Errors
/// If PgBouncer is not installed.
pub fn find_pgbouncer() -> anyhow::Result<(PathBuf, (u32, u32))> {
    let mut directories = path();
    directories.push(PathBuf::from("/usr/sbin"));
    let found = directories.iter().map(|directory| directory.join("pgbouncer")).find(|program| program.is_file());
    let program = found.context("PgBouncer is not installed: sudo apt-get install --yes pgbouncer")?;
    let output = version_output(&program)?;
    let version = major_and_minor(&output).with_context(|| format!("`{output}` is not a version"))?;
    Ok((program, version))
}

pub(crate) fn path() -> Vec<PathBuf> {
    std::env::var_os("PATH").iter().flat_map(std::env::split_paths).collect()
}

fn version_output(program: &Path) -> anyhow::Result<String> {
    let output = Command::new(program).arg("--version").output().with_context(|| format!("cannot run {}", program.display()))?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Parses output like `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`, or `postgres (PostgreSQL) 18beta1`.
fn major(output: &str) -> Option<u32> {
    leading_number(output.split_once("(PostgreSQL) ")?.1)
}

/// Parses output like `PgBouncer 1.18.0`. More lines may follow.
fn major_and_minor(output: &str) -> Option<(u32, u32)> {
    let (major, rest) = output.strip_prefix("PgBouncer ")?.split_once('.')?;
    Some((major.parse().ok()?, leading_number(rest)?))
}

fn leading_number(text: &str) -> Option<u32> {
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{in_directory, major, major_and_minor};

    #[test]
    fn versions_are_parsed() {
        assert_eq!(major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(major("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(major_and_minor("PgBouncer 1.18.0\nlibevent 2.1.12-stable\n"), Some((1, 18)));
    }

    #[test]
    fn a_directory_without_the_programs_is_refused() {
        let error = in_directory(Path::new("/proc")).expect_err("there are no programs");
        assert_eq!(error.to_string(), "initdb is missing");
    }
}
