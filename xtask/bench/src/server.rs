//! The server that is measured: built for release, started as a user starts it, with data of its own.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

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

pub(crate) struct Server {
    program: PathBuf,
    directory: PathBuf,
    options: Vec<String>,
    child: Child,
    /// Host and port.
    pub(crate) address: String,
    /// Of the account, or of the platform, which has no name.
    tokens: BTreeMap<String, String>,
    peak: Peak,
}

impl Server {
    /// With a new data directory in `directory`, where its log goes too. What memory it had is noted before it is killed.
    pub(crate) fn start(program: &Path, directory: &Path, options: &[String], peak: Peak) -> anyhow::Result<Server> {
        let data = directory.join("data");
        if data.exists() {
            std::fs::remove_dir_all(&data).context("cannot remove the data of the last run")?;
        }
        let log = log_file(directory);
        File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let (child, address) = spawn(program, directory, options)?;
        let (program, directory, options) = (program.to_owned(), directory.to_owned(), options.to_vec());
        Ok(Server { program, directory, options, child, address, tokens: BTreeMap::new(), peak })
    }

    /// As a crash would, without any warning.
    pub(crate) fn kill(&mut self) -> anyhow::Result<()> {
        self.note_peak();
        self.child.kill().context("cannot kill the server")?;
        self.child.wait().context("cannot wait for the server")?;
        Ok(())
    }

    /// Starts it again with the same data. The time until a request was answered.
    pub(crate) fn restart(&mut self) -> anyhow::Result<Duration> {
        let token = self.platform()?;
        self.kill()?;
        let begun = Instant::now();
        (self.child, self.address) = spawn(&self.program, &self.directory, &self.options)?;
        ask(&self.address, &token)?;
        Ok(begun.elapsed())
    }

    /// Starts it again with the same data, and does not wait until it is there.
    pub(crate) fn begin_again(&mut self) -> anyhow::Result<()> {
        self.child = begin(&self.program, &self.directory, &self.options)?;
        Ok(())
    }

    pub(crate) fn is_running(&mut self) -> anyhow::Result<bool> {
        Ok(self.child.try_wait().context("cannot ask for the server")?.is_none())
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.directory.join("data/webhooks.db")
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

    /// A token that publishes to every account.
    pub(crate) fn platform(&mut self) -> anyhow::Result<String> {
        self.token("", &["--platform", "--scope", "notifications.publish,notifications.read,deliveries.read"])
    }

    /// A token that registers webhooks of the account, reads their secrets, and may not publish.
    pub(crate) fn account(&mut self, account: &str) -> anyhow::Result<String> {
        self.token(account, &["--account", account, "--scope", "webhooks.write,webhooks.read,webhooks.secrets"])
    }

    fn token(&mut self, whose: &str, options: &[&str]) -> anyhow::Result<String> {
        if let Some(token) = self.tokens.get(whose) {
            return Ok(token.clone());
        }
        let output = Command::new(&self.program)
            .args(["token", "create"])
            .args(options)
            .arg("--data-dir")
            .arg(self.directory.join("data"))
            .output()
            .context("cannot start the server's program")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "no access token was made: {}", said.trim());
        let token = String::from_utf8(output.stdout)?.trim().to_owned();
        self.tokens.insert(whose.to_owned(), token.clone());
        Ok(token)
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

fn log_file(directory: &Path) -> PathBuf {
    directory.join("server.log")
}

fn begin(program: &Path, directory: &Path, options: &[String]) -> anyhow::Result<Child> {
    let path = log_file(directory);
    let log = File::options().append(true).open(&path).with_context(|| format!("cannot write {}", path.display()))?;
    Command::new(program)
        .args(["--listen", "127.0.0.1:0", "--allow-http", "--allow-network", "127.0.0.0/8,::1/128", "--data-dir"])
        .arg(directory.join("data"))
        .args(options)
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .context("cannot start the server")
}

fn spawn(program: &Path, directory: &Path, options: &[String]) -> anyhow::Result<(Child, String)> {
    let mut child = begin(program, directory, options)?;
    let mut greeting = String::new();
    let read = child.stdout.take().map(|output| BufReader::new(output).read_line(&mut greeting));
    let address = greeting.trim().split_once(" listens on http://").map(|(_, address)| address.to_owned());
    match (read, address) {
        (Some(Ok(_)), Some(address)) => Ok((child, address)),
        _ => {
            let _ = child.kill();
            let _ = child.wait();
            anyhow::bail!("the server does not say where it listens; {} may say why", log_file(directory).display())
        }
    }
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
