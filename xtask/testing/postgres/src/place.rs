//! A directory that is removed when nobody needs it any more, however those who did have ended.

use std::io::{BufRead as _, BufReader};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use anyhow::{Context as _, ensure};

use crate::account::Account;

/// Where the data of a server is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Storage {
    /// In memory where there is enough of it, else among the temporary files. What is synced is there at once.
    #[default]
    Memory,
    /// In a directory of its own under this one.
    Disk(PathBuf),
}

/// What a server of the tests may come to hold. A container's /dev/shm has often 64 MiB in all.
const ENOUGH_MEMORY: u64 = 1 << 30;

/// Makes a directory, says which, and waits until everyone has closed the other end of its input, who may have been killed.
///
/// Ended by force, a server leaves behind its data and a segment of shared memory, which line 7 of `postmaster.pid` names.
/// What dies at this moment may still write a file, so one try is not enough.
const KEEPER: &str = r#"
directory=$(mktemp -d "$0/webhooks-postgres.XXXXXXXX") || exit
echo "$directory"
cat >/dev/null
set -- $(sed -n 7p "$directory/data/postmaster.pid" 2>/dev/null)
test -n "$2" && ipcrm -m "$2"
for _ in 1 2 3 4 5 6 7 8 9 10; do
  rm -rf "$directory" && break
  sleep 0.1
done
"#;

#[derive(Debug)]
pub(crate) struct Place {
    path: PathBuf,
    account: Option<Account>,
    keeper: Child,
}

impl Place {
    pub(crate) fn new(storage: &Storage) -> anyhow::Result<Place> {
        let account = Account::instead_of_root()?;
        let under = directory_for(storage, account)?;
        // Out of reach of Ctrl-C.
        let mut keeper = Command::new("setsid");
        keeper.args(["sh", "-c", KEEPER]).arg(&under);
        keeper.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut keeper = keeper.spawn().context("cannot start sh")?;
        let mut said = String::new();
        if let Some(output) = keeper.stdout.take() {
            BufReader::new(output).read_line(&mut said).context("cannot read what sh says")?;
        }
        let place = Place { path: PathBuf::from(said.trim_end_matches('\n')), account, keeper };
        ensure!(!said.is_empty(), "cannot make a directory under {}", under.display());
        place.give(&place.path)?;
        Ok(place)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path.join("data")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.path.join("log")
    }

    /// The whole log.
    pub(crate) fn said(&self) -> String {
        std::fs::read(self.log()).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// A file that only the server reads.
    pub(crate) fn write(&self, name: &str, content: &str) -> anyhow::Result<PathBuf> {
        let path = self.path.join(name);
        std::fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        self.give(&path)?;
        Ok(path)
    }

    fn give(&self, path: &Path) -> anyhow::Result<()> {
        self.account.map_or(Ok(()), |account| account.owns(path))
    }

    /// A program as the servers' user, with nothing from this environment that could change what it does.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = plain(program);
        command.current_dir(&self.path);
        if let Some(account) = self.account {
            account.runs(&mut command);
        }
        command
    }

    /// Runs a program to its end, which has no input. It holds the directory meanwhile, whoever wanted it.
    pub(crate) fn run(&self, mut command: Command) -> anyhow::Result<String> {
        let name = command.get_program().display().to_string();
        let output = command.stdin(self.lease()?).output().with_context(|| format!("cannot run {name}"))?;
        successful(&name, output)
    }

    /// Keeps the directory for as long as it is open in any process. This one has to close it before the place is dropped.
    pub(crate) fn lease(&self) -> anyhow::Result<OwnedFd> {
        let input = self.keeper.stdin.as_ref().context("the directory is gone")?;
        Ok(std::os::fd::AsFd::as_fd(input).try_clone_to_owned()?)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// A program that speaks English and finds others.
pub(crate) fn plain(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("LC_ALL", "C").envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command
}

/// What a program says that has succeeded.
pub(crate) fn successful(name: &str, output: Output) -> anyhow::Result<String> {
    let said = |output: Vec<u8>| String::from_utf8_lossy(&output).trim_end_matches('\n').to_owned();
    ensure!(output.status.success(), "{name}: {}: {}", output.status, said(output.stderr));
    Ok(said(output.stdout))
}

/// Where the servers' user may go.
fn directory_for(storage: &Storage, account: Option<Account>) -> anyhow::Result<PathBuf> {
    let reached = |directory: &Path| account.is_none_or(|account| account.reaches(directory));
    if let Storage::Disk(directory) = storage {
        let directory = directory.canonicalize().with_context(|| format!("{}", directory.display()))?;
        ensure!(reached(&directory), "PostgreSQL does not run as root, and no other user can reach {}", directory.display());
        return Ok(directory);
    }
    let memory = PathBuf::from("/dev/shm");
    let free = rustix::fs::statvfs(&memory).map_or(0, |system| system.f_bavail * system.f_frsize);
    let memory = (free >= ENOUGH_MEMORY).then_some(memory);
    let mut directories = memory.into_iter().chain([std::env::temp_dir(), PathBuf::from("/tmp"), PathBuf::from("/var/tmp")]);
    directories.find(|directory| reached(directory)).context("the servers' user can reach no directory for temporary files")
}
