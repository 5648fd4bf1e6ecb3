//! A server process that ends when the process that started it ends or is killed.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use rustix::process::Signal;

use crate::directory::WorkDirectory;
use crate::process;

/// This shell script starts a server and prints the process id of the server. Then it waits until its input closes. The
/// input also closes when the parent of the script is killed. The script then kills the server and the children of the
/// server.
///
/// The script stops the server with SIGSTOP before it reads the list of children, so that the server cannot start another
/// child. The script calls `wait` after the kill, because the system can reuse the process id after `wait`.
const SUPERVISOR: &str = r#"
"$@" </dev/null >>"$0" 2>&1 &
server=$!
echo "$server"
read -r _
kill -STOP "$server"
children=
for stat in /proc/[0-9]*/stat; do
  read -r line <"$stat" || continue
  set -- ${line##*) }
  test "$2" = "$server" && children="$children ${line%% *}"
done
kill -KILL $children "$server"
wait "$server"
"#;

/// Time limit for a start, a recovery or a stop of a server. A healthy server needs less time, even on a busy machine.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(60);

const POLL: Duration = Duration::from_millis(5);

#[derive(Debug)]
pub(crate) struct Supervised {
    supervisor: Child,
    server: i32,
}

impl Supervised {
    /// Starts a program. The output of the program is appended to the log in `directory`.
    pub(crate) fn start(directory: &WorkDirectory, program: &Path, arguments: &[&str]) -> anyhow::Result<Supervised> {
        // The supervisor runs in its own session, so that Ctrl-C does not end it. The session also prevents a SIGHUP.
        // Otherwise the kernel could send SIGHUP when the parent ends while the server is stopped.
        let mut command = directory.command(Path::new("setsid"));
        command.args(["sh", "-c", SUPERVISOR]).arg(directory.log()).arg(program).args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(directory.keep_alive()?);
        let mut supervisor = command.spawn().context("cannot start sh")?;
        let mut line = String::new();
        if let Some(output) = supervisor.stdout.take() {
            BufReader::new(output).read_line(&mut line).context("cannot read the output of sh")?;
        }
        let server = line.trim_end().parse().with_context(|| format!("sh printed `{line}` instead of a process id"))?;
        Ok(Supervised { supervisor, server })
    }

    pub(crate) fn id(&self) -> i32 {
        self.server
    }

    pub(crate) fn is_running(&self) -> bool {
        process::is_running(self.server)
    }

    /// Sends a signal to the server and its children. Returns the process ids of the server and its children.
    pub(crate) fn signal_all(&self, signal: Signal) -> Vec<i32> {
        // A stopped server cannot start more children.
        process::signal(self.server, Signal::STOP);
        let (server, children): (Vec<_>, Vec<_>) =
            process::server_and_children(self.server).iter().map(|status| status.id).partition(|id| *id == self.server);
        let all = [children, server].concat();
        for id in &all {
            process::signal(*id, signal);
        }
        all
    }

    /// Kills the server and its children with SIGKILL, and waits until all have ended.
    pub(crate) fn kill(&self) -> anyhow::Result<()> {
        let killed = self.signal_all(Signal::KILL);
        wait_for("the killed server to end", TIMEOUT, || Ok((!killed.iter().any(|id| process::is_running(*id))).then_some(())))
    }

    /// Stops the server with SIGINT, and waits until it has ended. Also resumes the server, because a paused server
    /// cannot stop.
    pub(crate) fn stop(&self, timeout: Duration) -> anyhow::Result<()> {
        process::signal(self.server, Signal::INT);
        self.signal_all(Signal::CONT);
        wait_for("the server to stop", timeout, || Ok((!self.is_running()).then_some(())))
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        drop(self.supervisor.stdin.take());
        let _ = self.supervisor.wait();
    }
}

/// Calls `poll` until it returns a value. After the timeout, returns an error that contains the text `event`.
pub(crate) fn wait_for<T>(event: &str, timeout: Duration, mut poll: impl FnMut() -> anyhow::Result<Option<T>>) -> anyhow::Result<T> {
    let started = Instant::now();
    loop {
        if let Some(value) = poll()? {
            return Ok(value);
        }
        ensure!(started.elapsed() < timeout, "waited {timeout:?} for {event} without success");
        std::thread::sleep(POLL);
    }
}

/// Starts a server on a free port. If another process begins to use the port before the server does, tries another port.
pub(crate) fn on_free_port<T>(directory: &WorkDirectory, mut start: impl FnMut(u16) -> anyhow::Result<T>) -> anyhow::Result<(u16, T)> {
    for _ in 0..20 {
        let port = free_port()?;
        match start(port) {
            Err(_) if directory.read_log().contains("Address already in use") => std::fs::remove_file(directory.log())?,
            started => return Ok((port, started?)),
        }
    }
    bail!("found no free port after 20 attempts")
}

/// Returns a free port outside the range that the system uses for outgoing connections. An outgoing connection could
/// use a port in this range while the server is down.
fn free_port() -> anyhow::Result<u16> {
    use std::hash::{BuildHasher as _, RandomState};
    let random = RandomState::new().hash_one(());
    let start = u16::try_from(random % 12_000)?;
    let mut ports = (0..12_000).map(|offset| 20_000 + (start + offset) % 12_000);
    ports.find(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok()).context("no port is free")
}
