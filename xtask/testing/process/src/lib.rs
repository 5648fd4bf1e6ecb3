//! Starts server processes for tests, the benchmark and `cargo xtask`.
//!
//! All servers that a process starts with [`command`] are in one process group. The leader of the group is a shell that
//! waits until its input closes. The input is a pipe from the process that started the servers. When this process ends,
//! even by SIGKILL, the pipe closes, and the shell kills the group. So no server continues to use a port or CPU time.
//!
//! A death signal (prctl(2), PR_SET_PDEATHSIG) does not work. The kernel sends this signal when the thread that started
//! the server ends, not when the process ends.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process};

/// Returns a command without input. When the calling process ends, the process of the command is killed.
///
/// # Panics
/// If the shell cannot be started.
#[must_use]
pub fn command(program: impl AsRef<OsStr>) -> Command {
    static LEADER: OnceLock<Child> = OnceLock::new();
    let leader = LEADER.get_or_init(|| {
        let mut leader = Command::new("sh");
        leader.args(["-c", "cat >/dev/null; kill -KILL 0"]).process_group(0);
        leader.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        leader.spawn().expect("every supported system has sh")
    });
    let mut command = Command::new(program);
    command.process_group(leader.id().cast_signed()).stdin(Stdio::null());
    command
}

/// Returns the host and port in the first output line of a server, such as `… listens on http://127.0.0.1:8080`.
#[must_use]
pub fn address_in(line: &str) -> Option<&str> {
    let (_, url) = line.trim_end().split_once(" listens on ")?;
    Some(url.split_once("://")?.1)
}

/// Returns the CPU time of all threads of a process, including threads that have ended.
///
/// # Errors
/// If the process has ended, or if the system has no /proc.
pub fn cpu_of(process: u32) -> anyhow::Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).with_context(|| format!("process {process} has ended"))?;
    let ticks = cpu_ticks(&stat).with_context(|| format!("unexpected content of /proc/{process}/stat: {stat}"))?;
    let per_second = rustix::param::clock_ticks_per_second();
    Ok(Duration::from_secs_f64(ticks as f64 / per_second as f64))
}

/// Returns the sum of utime and stime, fields 14 and 15 of proc(5). The second field is the name, which may contain
/// spaces and parentheses.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

/// A running server. It is killed on drop.
pub struct Server {
    child: Child,
    log: PathBuf,
}

impl Server {
    /// Starts a server. Its standard error is appended to the file `log`.
    ///
    /// # Errors
    /// If the server cannot be started or the log cannot be written.
    pub fn start(mut command: Command, log: &Path) -> anyhow::Result<Server> {
        let file = File::options().create(true).append(true).open(log).with_context(|| format!("cannot write {}", log.display()))?;
        let child = command.stdout(Stdio::piped()).stderr(file).spawn().context("cannot start the server")?;
        Ok(Server { child, log: log.to_owned() })
    }

    /// Waits for the first output line, and returns its host and port.
    ///
    /// # Errors
    /// If the server ends before it prints a line, or if the first line has no address. A second call of this function
    /// also fails.
    pub fn address(&mut self) -> anyhow::Result<String> {
        let output = self.child.stdout.take().context("the address was already read")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).context("cannot read the output of the server")?;
        let address = address_in(&line).map(str::to_owned);
        address.with_context(|| format!("the server did not print its address; see {}", self.log.display()))
    }

    /// Returns the process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal to the server.
    ///
    /// # Errors
    /// If the signal cannot be sent, for example because the server has ended.
    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        kill_process(Pid::from_child(&self.child), signal).context("cannot signal the server")
    }

    /// Returns whether the server is running.
    ///
    /// # Errors
    /// If the system cannot return the status.
    pub fn is_running(&mut self) -> anyhow::Result<bool> {
        Ok(self.ended()?.is_none())
    }

    /// Returns the status of the server if it has ended.
    ///
    /// # Errors
    /// If the system cannot return the status.
    pub fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        self.child.try_wait().context("cannot get the status of the server")
    }

    /// Kills the server with SIGKILL, to simulate a crash.
    ///
    /// # Errors
    /// If the server cannot be killed.
    pub fn kill(&mut self) -> anyhow::Result<ExitStatus> {
        self.child.kill().context("cannot kill the server")?;
        self.child.wait().context("cannot wait for the server")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // `drop` cannot return an error.
        let _ = self.kill();
    }
}

#[cfg(test)]
mod tests {
    use super::cpu_ticks;

    #[test]
    fn cpu_time_is_read_after_a_name_with_parentheses() {
        let stat = "7 (a (b) c) S 1 7 7 0 -1 4194304 100 0 0 0 250 50 3 4 20 0 9 0 100 1 2";
        assert_eq!(cpu_ticks(stat), Some(300));
        assert_eq!(cpu_ticks("7 (a) S 1"), None);
    }
}
