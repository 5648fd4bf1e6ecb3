//! A server that is measured: built for release, and started as a user starts it.

use std::cell::Cell;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use rustix::process::Signal;

use crate::process::{Memory, cpu_of, forget_peak_of, memory_of};

const PATIENCE: Duration = Duration::from_secs(60);

/// The most memory that any of some servers had, in bytes.
#[derive(Clone, Default)]
pub(crate) struct Peak(Rc<Cell<u64>>);

impl Peak {
    fn note(&self, bytes: u64) {
        self.0.set(self.0.get().max(bytes));
    }

    /// Begins anew. 0 where there was no server.
    pub(crate) fn take(&self) -> u64 {
        self.0.take()
    }
}

/// One process of the server that is measured, and what it is started with each time.
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
    /// Its log goes to a file of that name in `directory`. What memory it had is noted before it is killed.
    pub(crate) fn start(program: &Path, directory: &Path, name: &str, options: Vec<String>, peak: Peak) -> anyhow::Result<Server> {
        let log = directory.join(format!("{name}.log"));
        File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let (program, directory) = (program.to_owned(), directory.to_owned());
        let mut process = begin(&program, &directory, &options, &log)?;
        let address = process.address()?;
        Ok(Server { program, directory, options, log, process, address, peak })
    }

    /// As a crash would, without any warning.
    pub(crate) fn kill(&mut self) -> anyhow::Result<()> {
        self.note_peak();
        self.process.kill().map(drop)
    }

    /// Starts one that was killed again. The time until a request with this access token was answered.
    pub(crate) fn start_again(&mut self, token: &str) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        self.begin_again()?;
        self.address = self.process.address()?;
        ask(&self.address, token)?;
        Ok(begun.elapsed())
    }

    /// Starts one that was killed again, and does not wait until it is there.
    pub(crate) fn begin_again(&mut self) -> anyhow::Result<()> {
        self.process = begin(&self.program, &self.directory, &self.options, &self.log)?;
        Ok(())
    }

    pub(crate) fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        self.process.signal(signal)
    }

    pub(crate) fn is_running(&mut self) -> anyhow::Result<bool> {
        self.process.is_running()
    }

    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        cpu_of(self.process.id())
    }

    pub(crate) fn memory(&self) -> anyhow::Result<Memory> {
        memory_of(self.process.id())
    }

    /// From now on the peak of its memory is that of what comes.
    pub(crate) fn forget_peak(&self) -> anyhow::Result<()> {
        self.note_peak();
        forget_peak_of(self.process.id())
    }

    fn note_peak(&self) {
        // One that has ended by itself has no memory any more; whoever waits for its work finds out.
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

fn begin(program: &Path, directory: &Path, options: &[String], log: &Path) -> anyhow::Result<webhooks_process::Server> {
    let mut command = webhooks_process::command(program);
    command.args(["--listen", "127.0.0.1:0", "--allow-http", "--allow-network", "127.0.0.0/8,::1/128"]);
    command.args(options).current_dir(directory);
    webhooks_process::Server::start(command, log)
}

/// One request, and its answer.
fn ask(address: &str, token: &str) -> anyhow::Result<()> {
    let mut stream = TcpStream::connect(address).context("the server takes no connection")?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(
        stream,
        "GET /api/notifications/v1/notifications?limit=1 HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).context("the server does not answer")?;
    ensure!(answer.starts_with("HTTP/1.1 200 "), "the server answers {}", answer.lines().next().unwrap_or("nothing"));
    Ok(())
}
