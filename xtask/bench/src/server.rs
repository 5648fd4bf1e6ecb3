//! A server that is measured: built for release, and started as a user starts it.

use std::cell::Cell;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use rustix::process::{Pid, Signal, kill_process};

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
    child: Child,
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
        let child = begin(&program, &directory, &options, &log)?;
        let mut server = Server { program, directory, options, log, child, address: String::new(), peak };
        server.await_greeting()?;
        Ok(server)
    }

    /// As a crash would, without any warning.
    pub(crate) fn kill(&mut self) -> anyhow::Result<()> {
        self.note_peak();
        self.child.kill().context("cannot kill the server")?;
        self.child.wait().context("cannot wait for the server")?;
        Ok(())
    }

    /// Starts one that was killed again. The time until a request with this access token was answered.
    pub(crate) fn start_again(&mut self, token: &str) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        self.begin_again()?;
        self.await_greeting()?;
        ask(&self.address, token)?;
        Ok(begun.elapsed())
    }

    /// Starts one that was killed again, and does not wait until it is there.
    pub(crate) fn begin_again(&mut self) -> anyhow::Result<()> {
        self.child = begin(&self.program, &self.directory, &self.options, &self.log)?;
        Ok(())
    }

    pub(crate) fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        kill_process(Pid::from_child(&self.child), signal).context("cannot signal the server")
    }

    pub(crate) fn is_running(&mut self) -> anyhow::Result<bool> {
        Ok(self.child.try_wait().context("cannot ask for the server")?.is_none())
    }

    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        cpu_of(self.child.id())
    }

    pub(crate) fn memory(&self) -> anyhow::Result<Memory> {
        memory_of(self.child.id())
    }

    /// From now on the peak of its memory is that of what comes.
    pub(crate) fn forget_peak(&self) -> anyhow::Result<()> {
        self.note_peak();
        forget_peak_of(self.child.id())
    }

    fn note_peak(&self) {
        // One that has ended by itself has no memory any more; whoever waits for its work finds out.
        if let Ok(memory) = self.memory() {
            self.peak.note(memory.peak);
        }
    }

    /// It says where it listens once it is there.
    fn await_greeting(&mut self) -> anyhow::Result<()> {
        let mut greeting = String::new();
        let read = self.child.stdout.take().map(|output| BufReader::new(output).read_line(&mut greeting));
        let address = greeting.trim().split_once(" listens on http://").map(|(_, address)| address.to_owned());
        let (Some(Ok(_)), Some(address)) = (read, address) else {
            self.kill()?;
            anyhow::bail!("the server does not say where it listens; {} may say why", self.log.display())
        };
        self.address = address;
        Ok(())
    }
}

impl Drop for Server {
    /// At once: its data is not needed any more.
    fn drop(&mut self) {
        self.note_peak();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn begin(program: &Path, directory: &Path, options: &[String], log: &Path) -> anyhow::Result<Child> {
    let log = File::options().append(true).open(log).with_context(|| format!("cannot write {}", log.display()))?;
    Command::new(program)
        .args(["--listen", "127.0.0.1:0", "--allow-http", "--allow-network", "127.0.0.0/8,::1/128"])
        .args(options)
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .context("cannot start the server")
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
