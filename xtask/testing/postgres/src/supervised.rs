//! A server that does not outlive who started it, however that one ends.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use rustix::process::Signal;

use crate::place::Place;
use crate::process;

/// Starts a server and says its id. When its input is closed, which nobody has to do, it kills what is left of the server.
///
/// The server is stopped first, so that it starts no child that this does not see. It is not asked how it ended before, so
/// that its id means no other process.
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

/// Longer than a healthy server needs to start, to recover or to stop, on a machine that does much else.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

const POLL: Duration = Duration::from_millis(5);

#[derive(Debug)]
pub(crate) struct Supervised {
    supervisor: Child,
    server: i32,
}

impl Supervised {
    /// Appends what the server says to the place's log.
    pub(crate) fn start(place: &Place, program: &Path, arguments: &[&str]) -> anyhow::Result<Supervised> {
        // Out of reach of Ctrl-C, and of the SIGHUP that the kernel sends to a group with a stopped member when the process
        // ends that started it.
        let mut command = place.command(Path::new("setsid"));
        command.args(["sh", "-c", SUPERVISOR]).arg(place.log()).arg(program).args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(place.lease()?);
        let mut supervisor = command.spawn().context("cannot start sh")?;
        let mut said = String::new();
        if let Some(output) = supervisor.stdout.take() {
            BufReader::new(output).read_line(&mut said).context("cannot read what sh says")?;
        }
        let server = said.trim_end().parse().with_context(|| format!("sh says `{said}` instead of an id"))?;
        Ok(Supervised { supervisor, server })
    }

    pub(crate) fn id(&self) -> i32 {
        self.server
    }

    pub(crate) fn runs(&self) -> bool {
        process::runs(self.server)
    }

    /// To the server and all of its children, whose ids it says.
    pub(crate) fn signal_all(&self, signal: Signal) -> Vec<i32> {
        // Once it is stopped itself it starts no more of them.
        process::signal(self.server, Signal::STOP);
        let (server, children): (Vec<_>, Vec<_>) =
            process::family(self.server).iter().map(|status| status.id).partition(|id| *id == self.server);
        let all = [children, server].concat();
        for id in &all {
            process::signal(*id, signal);
        }
        all
    }

    /// All at once, none has the time to tidy up. Waits until none runs.
    pub(crate) fn kill(&self) -> anyhow::Result<()> {
        let killed = self.signal_all(Signal::KILL);
        wait_for("the killed server to end", PATIENCE, || Ok((!killed.iter().any(|id| process::runs(*id))).then_some(())))
    }

    /// Has it end as it likes to, for which it has to run.
    pub(crate) fn stop(&self, patience: Duration) -> anyhow::Result<()> {
        process::signal(self.server, Signal::INT);
        self.signal_all(Signal::CONT);
        wait_for("the server to stop", patience, || Ok((!self.runs()).then_some(())))
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        drop(self.supervisor.stdin.take());
        let _ = self.supervisor.wait();
    }
}

/// Asks again and again.
pub(crate) fn wait_for<T>(what: &str, patience: Duration, mut ask: impl FnMut() -> anyhow::Result<Option<T>>) -> anyhow::Result<T> {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask()? {
            return Ok(answer);
        }
        ensure!(started.elapsed() < patience, "waited {patience:?} in vain for {what}");
        std::thread::sleep(POLL);
    }
}

/// Starts a server in a place on a port that nobody else has, and once more if somebody was faster.
pub(crate) fn on_free_port<T>(place: &Place, mut start: impl FnMut(u16) -> anyhow::Result<T>) -> anyhow::Result<(u16, T)> {
    for _ in 0..20 {
        let port = free_port()?;
        match start(port) {
            Err(_) if place.said().contains("Address already in use") => std::fs::remove_file(place.log())?,
            started => return Ok((port, started?)),
        }
    }
    bail!("every port was taken by others")
}

/// Not one of those that the system gives to connections, which would take it while the server is down.
fn free_port() -> anyhow::Result<u16> {
    use std::hash::{BuildHasher as _, RandomState};
    let random = RandomState::new().hash_one(());
    let start = u16::try_from(random % 12_000)?;
    let mut ports = (0..12_000).map(|offset| 20_000 + (start + offset) % 12_000);
    ports.find(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok()).context("no port is free")
}
