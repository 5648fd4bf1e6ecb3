//! Processes of servers, for tests, the benchmark and `cargo xtask`.
//!
//! All that one process starts with [`command`] is one process group, which a small shell leads. The shell waits for the
//! end of its input, a pipe that only its parent holds. So when the parent ends, in whatever way, SIGKILL included, the
//! shell kills the group: no server is left behind, to take a port or computing time from what runs next. A death signal
//! (prctl(2), PR_SET_PDEATHSIG) would follow the thread that started a server instead of the process.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process};

/// A command whose process ends with this one, and that has no input.
///
/// # Panics
/// When no shell can be started.
#[must_use]
pub fn command(program: impl AsRef<OsStr>) -> Command {
    static KEEPER: OnceLock<Child> = OnceLock::new();
    let keeper = KEEPER.get_or_init(|| {
        let mut keeper = Command::new("sh");
        keeper.args(["-c", "cat >/dev/null; kill -KILL 0"]).process_group(0);
        keeper.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        keeper.spawn().expect("every system that the servers run on has sh")
    });
    let mut command = Command::new(program);
    command.process_group(keeper.id().cast_signed()).stdin(Stdio::null());
    command
}

/// Host and port in the first line that a server prints, `… listens on http://127.0.0.1:8080`.
#[must_use]
pub fn address_in(greeting: &str) -> Option<&str> {
    let (_, url) = greeting.trim_end().split_once(" listens on ")?;
    Some(url.split_once("://")?.1)
}

/// A server that runs, until this is dropped.
pub struct Server {
    child: Child,
    log: PathBuf,
}

impl Server {
    /// Starts a server. What it writes on standard error is added to the file `log`.
    ///
    /// # Errors
    /// When it cannot be started, or the log cannot be written.
    pub fn start(mut command: Command, log: &Path) -> anyhow::Result<Server> {
        let file = File::options().create(true).append(true).open(log).with_context(|| format!("cannot write {}", log.display()))?;
        let child = command.stdout(Stdio::piped()).stderr(file).spawn().context("cannot start the server")?;
        Ok(Server { child, log: log.to_owned() })
    }

    /// Waits until it says where it listens: host and port.
    ///
    /// # Errors
    /// When it ends, or says something else.
    pub fn address(&mut self) -> anyhow::Result<String> {
        let output = self.child.stdout.take().context("the server has said where it listens before")?;
        let mut greeting = String::new();
        BufReader::new(output).read_line(&mut greeting).context("cannot read what the server prints")?;
        let address = address_in(&greeting).map(str::to_owned);
        address.with_context(|| format!("the server does not say where it listens; {} may say why", self.log.display()))
    }

    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// # Errors
    /// When it has ended.
    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        kill_process(Pid::from_child(&self.child), signal).context("cannot signal the server")
    }

    /// # Errors
    /// When the system does not tell.
    pub fn is_running(&mut self) -> anyhow::Result<bool> {
        Ok(self.child.try_wait().context("cannot ask for the server")?.is_none())
    }

    /// Ends it as a crash would, without any warning (SIGKILL).
    ///
    /// # Errors
    /// When it cannot be killed.
    pub fn kill(&mut self) -> anyhow::Result<ExitStatus> {
        self.child.kill().context("cannot kill the server")?;
        self.child.wait().context("cannot wait for the server")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.kill();
    }
}
