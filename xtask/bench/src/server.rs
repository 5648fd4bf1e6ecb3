//! A webhook server that is measured. The benchmark starts the server on the command line, as a user does.

use std::cell::Cell;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use rustix::process::Signal;

use crate::process::{Memory, memory_of, reset_peak_of};

const TIMEOUT: Duration = Duration::from_secs(60);

/// The largest peak memory, in bytes, of all servers that have a clone of this value.
#[derive(Clone, Default)]
pub(crate) struct Peak(Rc<Cell<u64>>);

impl Peak {
    fn note(&self, bytes: u64) {
        self.0.set(self.0.get().max(bytes));
    }

    /// Returns the peak and resets it to 0. Returns 0 if no server was measured.
    pub(crate) fn take(&self) -> u64 {
        self.0.take()
    }
}

/// A server process. The program and the options are kept for restarts.
pub(crate) struct Server {
    program: PathBuf,
    directory: PathBuf,
    options: Vec<String>,
    log: PathBuf,
    process: webhooks_process::Server,
    /// Host and port.
    pub(crate) address: String,
    peak: Peak,
}

impl Server {
    /// Starts a server. The server writes its log to `NAME.log` in `directory`. `peak` is updated before each kill, at
    /// each reset of the peak memory, and at the end.
    pub(crate) fn start(program: &Path, directory: &Path, name: &str, options: Vec<String>, peak: Peak) -> anyhow::Result<Server> {
        let log = directory.join(format!("{name}.log"));
        File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let (program, directory) = (program.to_owned(), directory.to_owned());
        let mut process = spawn(&program, &directory, &options, &log)?;
        let address = process.address()?;
        Ok(Server { program, directory, options, log, process, address, peak })
    }

    /// Kills the server with SIGKILL, which has the same effect as a crash.
    pub(crate) fn kill(&mut self) -> anyhow::Result<()> {
        self.note_peak();
        self.process.kill().map(drop)
    }

    /// Starts a killed server again. Returns the time until the server responded to a request with this access token.
    pub(crate) fn restart(&mut self, token: &str) -> anyhow::Result<Duration> {
        let started = Instant::now();
        self.spawn_again()?;
        self.address = self.process.address()?;
        send_request(&self.address, token)?;
        Ok(started.elapsed())
    }

    /// Starts a killed server again, without waiting until it is ready.
    pub(crate) fn spawn_again(&mut self) -> anyhow::Result<()> {
        self.process = spawn(&self.program, &self.directory, &self.options, &self.log)?;
        Ok(())
    }

    pub(crate) fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        self.process.signal(signal)
    }

    pub(crate) fn is_running(&mut self) -> anyhow::Result<bool> {
        self.process.is_running()
    }

    /// Returns the status of the server if it has ended.
    pub(crate) fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        self.process.ended()
    }

    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        webhooks_process::cpu_of(self.process.id())
    }

    pub(crate) fn memory(&self) -> anyhow::Result<Memory> {
        memory_of(self.process.id())
    }

    /// Resets the peak memory of the server to its current memory.
    pub(crate) fn reset_peak(&self) -> anyhow::Result<()> {
        self.note_peak();
        reset_peak_of(self.process.id())
    }

    fn note_peak(&self) {
        // If the server has ended, its memory cannot be read. The error is ignored here, because the scenario then
        // fails for another reason.
        if let Ok(memory) = self.memory() {
            self.peak.note(memory.peak);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.note_peak();
    }
}

fn spawn(program: &Path, directory: &Path, options: &[String], log: &Path) -> anyhow::Result<webhooks_process::Server> {
    let mut command = webhooks_process::command(program);
    command.args(["--listen", "127.0.0.1:0", "--allow-http", "--allow-network", "127.0.0.0/8,::1/128"]);
    command.args(options).current_dir(directory);
    webhooks_process::Server::start(command, log)
}

/// Sends one request, and checks the response.
fn send_request(address: &str, token: &str) -> anyhow::Result<()> {
    let mut stream = TcpStream::connect(address).context("the server accepts no connection")?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    write!(
        stream,
        "GET /api/notifications/v1/notifications?limit=1 HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    )?;
    let mut response = String::new();
    stream.read_to_string(&mut response).context("the server does not respond")?;
    ensure!(response.starts_with("HTTP/1.1 200 "), "the server responded {}", response.lines().next().unwrap_or("nothing"));
    Ok(())
}
