//! The real binary: as a server that can be killed, and as a command.

use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::Utc;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::task::JoinHandle;

use super::proxy::Proxy;
use super::{Api, Authority, Database, HostileReceiver, Hostility, Receiver, eventually, patiently};

pub(crate) struct Process {
    proxy: Proxy,
    child: Child,
    address: SocketAddr,
    /// What it printed when it started.
    pub(crate) greeting: String,
    log: Log,
    /// Reads what it writes on standard error, until it has ended.
    reading: JoinHandle<()>,
    database: Database,
    directory: TempDir,
    flags: Vec<String>,
}

/// What it wrote on standard error, over all its starts.
pub(super) type Log = Arc<Mutex<Vec<u8>>>;

/// Made by the server, so that its mode is the server's doing.
pub(crate) const DATA_DIR: &str = "data";

/// The flags of a server whose health, readiness and metrics can be asked for.
pub(crate) const OPERATIONS: [&str; 2] = [OPERATIONS_LISTEN, "127.0.0.1:0"];

const OPERATIONS_LISTEN: &str = "--operations-listen";

const BINARY: &str = env!("CARGO_BIN_EXE_webhooks-server");

/// `webhooks-server` with these arguments, itself the last ones of another program, and nothing from this process's environment.
fn command_under(wrapper: &[String], arguments: &[&str]) -> Command {
    let words: Vec<&str> = wrapper.iter().map(String::as_str).chain([BINARY]).chain(arguments.iter().copied()).collect();
    let mut command = Command::from(webhooks_process::command(words[0]));
    command.args(&words[1..]).env_clear().kill_on_drop(true);
    command
}

/// Runs `webhooks-server` to its end.
pub(crate) async fn binary(arguments: &[&str]) -> Output {
    binary_under(&[], arguments).await
}

/// The same as the last arguments of another program, which goes on as that.
pub(crate) async fn binary_under(wrapper: &[String], arguments: &[&str]) -> Output {
    patiently("webhooks-server to end", command_under(wrapper, arguments).output()).await.expect("the binary runs")
}

impl Process {
    pub(crate) async fn start(flags: &[&str]) -> Process {
        Process::start_under(|_| Vec::new(), flags).await
    }

    /// On the embedded store, whatever this run is on.
    pub(crate) async fn start_embedded(flags: &[&str]) -> Process {
        Process::start_embedded_under(|_| Vec::new(), flags).await
    }

    /// On data of the embedded store that lies in the directory already, in [`DATA_DIR`].
    pub(crate) async fn start_on(directory: TempDir, flags: &[&str]) -> Process {
        let database = Database::embedded(&directory.path().join(DATA_DIR));
        Process::launch(directory, database, |_| Vec::new(), flags, false).await
    }

    /// As the last arguments of another program, which is given the data directory and must become the server, as `strace -D`
    /// and `prlimit` do. Later starts are without it.
    pub(crate) async fn start_under(wrapper: impl FnOnce(&Path) -> Vec<String>, flags: &[&str]) -> Process {
        let directory = TempDir::new().expect("a temporary directory");
        let database = Database::new(&directory.path().join(DATA_DIR));
        database.prepare(flags, Utc::now()).await;
        let makes_token = database.is_embedded();
        Process::launch(directory, database, wrapper, flags, makes_token).await
    }

    pub(crate) async fn start_embedded_under(wrapper: impl FnOnce(&Path) -> Vec<String>, flags: &[&str]) -> Process {
        let directory = TempDir::new().expect("a temporary directory");
        let database = Database::embedded(&directory.path().join(DATA_DIR));
        Process::launch(directory, database, wrapper, flags, true).await
    }

    async fn launch(
        directory: TempDir,
        database: Database,
        wrapper: impl FnOnce(&Path) -> Vec<String>,
        flags: &[&str],
        makes_token: bool,
    ) -> Process {
        let flags: Vec<String> = ["--dev"].iter().chain(flags).map(|flag| (*flag).to_owned()).collect();
        let (wrapper, log) = (wrapper(&directory.path().join(DATA_DIR)), Log::default());
        let Started { child, address, greeting, reading } = spawn(&wrapper, &database, &flags, makes_token, &log).await;
        Process { proxy: Proxy::start(address).await, child, address, greeting, log, reading, database, directory, flags }
    }

    /// As a power cut: nothing of it runs on (SIGKILL).
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.expect("it is killed");
        self.database.bury().await;
    }

    /// Kills without waiting for its end, for a test that is doing something else with it.
    pub(crate) async fn kill_under_way(&self) {
        signal("-KILL", self.child.id()).await;
    }

    pub(crate) async fn start_again(&mut self) {
        let started = spawn(&[], &self.database, &self.flags, false, &self.log).await;
        self.child = started.child;
        self.address = started.address;
        self.greeting = started.greeting;
        self.reading = started.reading;
        self.proxy.move_to(started.address);
    }

    /// Asks for a polite stop (SIGTERM).
    pub(crate) async fn ask_to_stop(&self) {
        signal("-TERM", self.child.id()).await;
    }

    /// The end of a polite stop: its exit status.
    pub(crate) async fn terminate(&mut self) -> ExitStatus {
        self.ask_to_stop().await;
        self.end().await
    }

    /// How it ends by itself, once all that it wrote is in its log.
    pub(crate) async fn end(&mut self) -> ExitStatus {
        let status = patiently("the server to end", self.child.wait()).await.expect("it ends");
        patiently("the end of its log", &mut self.reading).await.expect("reading does not panic");
        status
    }

    /// What it wrote on standard error so far.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&self.log.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }

    pub(crate) fn base(&self) -> String {
        self.proxy.base()
    }

    /// Where it really listens, past the proxy.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn api(&self) -> Api {
        let token = std::fs::read_to_string(self.file("access-token")).expect("a first start writes it");
        self.api_with(token.trim())
    }

    pub(crate) fn api_with(&self, token: &str) -> Api {
        Api::new(&self.proxy.base(), Some(token))
    }

    /// Where health, readiness and metrics are, of one that was started with [`OPERATIONS`].
    pub(crate) async fn operations(&self) -> Api {
        let address = async || {
            let log = self.log();
            let (_, rest) = log.rsplit_once("operations: ")?;
            rest.split_once('\n').map(|(address, _)| address.trim().to_owned())
        };
        Api::new(&eventually("the address of operations", address).await, None)
    }

    pub(crate) async fn receiver(&self) -> Receiver {
        Receiver::start(&Authority::of_data_dir(&self.file(""))).await
    }

    pub(crate) async fn hostile_receiver(&self, hostility: Hostility) -> HostileReceiver {
        HostileReceiver::start(&Authority::of_data_dir(&self.file("")), hostility).await
    }

    /// The most memory that it had so far, in bytes (VmHWM of proc(5)).
    pub(crate) fn peak_memory(&self) -> u64 {
        let id = self.child.id().expect("it runs");
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("Linux has it");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("it runs");
        line.trim().strip_suffix(" kB").and_then(|kibibytes| kibibytes.parse::<u64>().ok()).expect("a number") * 1024
    }

    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    pub(crate) fn data_dir(&self) -> String {
        self.file("").display().to_string()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(DATA_DIR).join(name)
    }

    /// A `webhooks-server token …` beside the running server; what it prints on standard output, without line end.
    pub(crate) async fn token_command(&self, arguments: &[&str]) -> String {
        let output = self.try_token_command(arguments).await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8").trim_end().to_owned()
    }

    pub(crate) async fn try_token_command(&self, arguments: &[&str]) -> Output {
        self.command("token", arguments).await
    }

    /// A `webhooks-server delivery …` beside the running server.
    pub(crate) async fn delivery_command(&self, arguments: &[&str]) -> Output {
        self.command("delivery", arguments).await
    }

    async fn command(&self, command: &str, arguments: &[&str]) -> Output {
        let of_database = self.database.flags(&[]);
        binary(&[command].iter().chain(arguments).copied().chain(of_database.iter().map(String::as_str)).collect::<Vec<_>>()).await
    }
}

/// The words that start a program for which the modes of files hold. For root they do not.
pub(crate) fn under_the_modes_of_files() -> Vec<String> {
    let is_root = std::fs::metadata("/proc/self").expect("Linux has it").uid() == 0;
    let privileges = "-dac_override,-dac_read_search";
    let words: &[&str] = if is_root { &["setpriv", "--bounding-set", privileges, "--inh-caps", privileges] } else { &[] };
    words.iter().map(|word| (*word).to_owned()).collect()
}

async fn signal(signal: &str, process: Option<u32>) {
    let process = process.expect("it runs").to_string();
    let sent = Command::new("kill").args([signal, &process]).status().await.expect("kill runs");
    assert!(sent.success());
}

struct Started {
    child: Child,
    address: SocketAddr,
    greeting: String,
    reading: JoinHandle<()>,
}

async fn spawn(wrapper: &[String], database: &Database, flags: &[String], makes_token: bool, log: &Log) -> Started {
    let of_database = database.flags(flags);
    let operations = if flags.iter().any(|flag| flag == OPERATIONS_LISTEN) { &[][..] } else { &[OPERATIONS_LISTEN, "off"] };
    let arguments: Vec<&str> =
        ["--listen", "127.0.0.1:0"].iter().chain(operations).copied().chain(of_database.iter().chain(flags).map(String::as_str)).collect();
    let greeted = spawn_until_greeting(wrapper, &arguments, log).await;
    let Greeted { child, mut greeting, mut output, reading } =
        greeted.unwrap_or_else(|said| panic!("{wrapper:?} webhooks-server does not start: {said}"));
    let address = webhooks_process::address_in(&greeting).and_then(|address| address.parse().ok()).expect("an address");
    // A first start that makes a token goes on with a whole command; others print one line.
    while makes_token && !greeting.ends_with("}'\n") {
        let read = patiently("the greeting", output.read_line(&mut greeting)).await.expect("readable output");
        assert!(read > 0, "the greeting breaks off: {greeting}");
    }
    drain(output);
    Started { child, address, greeting, reading }
}

/// A server that has printed its first line.
pub(super) struct Greeted {
    pub(super) child: Child,
    pub(super) greeting: String,
    pub(super) output: BufReader<ChildStdout>,
    pub(super) reading: JoinHandle<()>,
}

/// Starts a server, whose log is added to `log`. What it said instead, when it ends without a greeting.
pub(super) async fn spawn_until_greeting(wrapper: &[String], arguments: &[&str], log: &Log) -> Result<Greeted, String> {
    let child = command_under(wrapper, arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.unwrap_or_else(|error| panic!("cannot start {wrapper:?} webhooks-server: {error}"));
    let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut errors = child.stderr.take().expect("it is piped");
    let of_reading = log.clone();
    let mut reading = tokio::spawn(async move {
        let mut chunk = [0; 4096];
        while let Ok(count @ 1..) = errors.read(&mut chunk).await {
            of_reading.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&chunk[..count]);
        }
    });
    let mut greeting = String::new();
    patiently("the greeting", output.read_line(&mut greeting)).await.expect("readable output");
    if greeting.is_empty() {
        patiently("the end of the log", &mut reading).await.expect("reading does not panic");
        return Err(String::from_utf8_lossy(&log.lock().unwrap_or_else(PoisonError::into_inner)).into_owned());
    }
    Ok(Greeted { child, greeting, output, reading })
}

/// Nobody reads on, but a full pipe would hold the server up.
pub(super) fn drain(mut output: BufReader<ChildStdout>) {
    tokio::spawn(async move { tokio::io::copy(&mut output, &mut tokio::io::sink()).await });
}
