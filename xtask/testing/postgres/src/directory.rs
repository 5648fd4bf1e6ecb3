//! The directory of a server. It is removed when all processes that use it have ended, even if they were killed.

use std::io::{BufRead as _, BufReader};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use anyhow::{Context as _, ensure};

use crate::user::User;

/// Where the data of a server is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Storage {
    /// In memory (/dev/shm) if enough memory is free, else in the directory for temporary files. In memory, a sync costs
    /// nothing.
    #[default]
    Memory,
    /// In a new subdirectory of this directory.
    Disk(PathBuf),
}

/// Minimum free space of /dev/shm for [`Storage::Memory`]. In a container, /dev/shm often has only 64 MiB.
const MIN_FREE_MEMORY: u64 = 1 << 30;

/// This shell script creates a directory and prints its path. The input of the script is a pipe. When no process has the
/// other end of the pipe open, the script removes the directory.
///
/// A killed server also leaves a segment of shared memory. Line 7 of `postmaster.pid` has the id of this segment, and the
/// script removes it. A process may still write a file while it is being killed, so the script repeats the removal.
const CLEANER: &str = r#"
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
pub(crate) struct WorkDirectory {
    path: PathBuf,
    user: Option<User>,
    cleaner: Child,
}

impl WorkDirectory {
    pub(crate) fn new(storage: &Storage) -> anyhow::Result<WorkDirectory> {
        let user = User::instead_of_root()?;
        let parent = parent_directory(storage, user)?;
        // The cleaner runs in its own session, so that Ctrl-C does not end it.
        let mut cleaner = Command::new("setsid");
        cleaner.args(["sh", "-c", CLEANER]).arg(&parent);
        cleaner.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut cleaner = cleaner.spawn().context("cannot start sh")?;
        let mut line = String::new();
        if let Some(output) = cleaner.stdout.take() {
            BufReader::new(output).read_line(&mut line).context("cannot read the output of sh")?;
        }
        let directory = WorkDirectory { path: PathBuf::from(line.trim_end_matches('\n')), user, cleaner };
        ensure!(!line.is_empty(), "cannot create a directory under {}", parent.display());
        directory.change_owner(&directory.path)?;
        Ok(directory)
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

    /// Returns the whole log.
    pub(crate) fn read_log(&self) -> String {
        std::fs::read(self.log()).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// Writes a file that only the user of the server can read.
    pub(crate) fn write(&self, name: &str, content: &str) -> anyhow::Result<PathBuf> {
        let path = self.path.join(name);
        std::fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        self.change_owner(&path)?;
        Ok(path)
    }

    fn change_owner(&self, path: &Path) -> anyhow::Result<()> {
        self.user.map_or(Ok(()), |user| user.take_ownership(path))
    }

    /// Returns a command that runs as the user of the server, with a clean environment.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = clean_command(program);
        command.current_dir(&self.path);
        if let Some(user) = self.user {
            user.apply_to(&mut command);
        }
        command
    }

    /// Runs a program without input, waits for its end, and returns its output. The directory is not removed before the
    /// program ends.
    pub(crate) fn run(&self, mut command: Command) -> anyhow::Result<String> {
        let name = command.get_program().display().to_string();
        let output = command.stdin(self.keep_alive()?).output().with_context(|| format!("cannot run {name}"))?;
        check_output(&name, output)
    }

    /// Returns a file descriptor. While any process has this descriptor open, the directory is not removed. This process
    /// must close the descriptor before it drops the `WorkDirectory`, because the drop waits for the removal.
    pub(crate) fn keep_alive(&self) -> anyhow::Result<OwnedFd> {
        let input = self.cleaner.stdin.as_ref().context("the directory was removed")?;
        Ok(std::os::fd::AsFd::as_fd(input).try_clone_to_owned()?)
    }
}

impl Drop for WorkDirectory {
    fn drop(&mut self) {
        drop(self.cleaner.stdin.take());
        let _ = self.cleaner.wait();
    }
}

/// Returns a command whose environment contains only the PATH, and `LC_ALL` for messages in English.
pub(crate) fn clean_command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("LC_ALL", "C").envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command
}

/// Returns the standard output of a program. If the program failed, returns an error with its standard error.
pub(crate) fn check_output(name: &str, output: Output) -> anyhow::Result<String> {
    let text = |output: Vec<u8>| String::from_utf8_lossy(&output).trim_end_matches('\n').to_owned();
    ensure!(output.status.success(), "{name}: {}: {}", output.status, text(output.stderr));
    Ok(text(output.stdout))
}

/// Returns the parent for the directory of a server. The user of the server can reach this parent directory.
fn parent_directory(storage: &Storage, user: Option<User>) -> anyhow::Result<PathBuf> {
    let is_reachable = |directory: &Path| user.is_none_or(|user| user.can_reach(directory));
    if let Storage::Disk(directory) = storage {
        let directory = directory.canonicalize().with_context(|| format!("{}", directory.display()))?;
        ensure!(
            is_reachable(&directory),
            "PostgreSQL does not run as root, and the user of the server cannot reach {}",
            directory.display()
        );
        return Ok(directory);
    }
    let memory = PathBuf::from("/dev/shm");
    let free = rustix::fs::statvfs(&memory).map_or(0, |system| system.f_bavail * system.f_frsize);
    let memory = (free >= MIN_FREE_MEMORY).then_some(memory);
    let mut directories = memory.into_iter().chain([std::env::temp_dir(), PathBuf::from("/tmp"), PathBuf::from("/var/tmp")]);
    directories.find(|directory| is_reachable(directory)).context("the user of the server cannot reach any directory for temporary files")
}
