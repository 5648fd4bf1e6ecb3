//! Runs the real binary, as a server process or as a command.

use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::Utc;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::task::JoinHandle;

use super::proxy::Proxy;
use super::{Api, Authority, Database, HostileBehaviour, HostileReceiver, Receiver, eventually, with_timeout};

pub(crate) struct Process {
    proxy: Proxy,
    child: Child,
    address: SocketAddr,
    /// The standard output of the most recent start.
    pub(crate) startup_output: String,
    /// The standard output of the most recent start after `startup_output`.
    later_output: Log,
    /// The task that reads the standard output of the process until the process closes it.
    output_reader: JoinHandle<()>,
    log: Log,
    /// The task that reads the standard error of the process until the process closes it.
    log_reader: JoinHandle<()>,
    database: Database,
    directory: TempDir,
    flags: Vec<String>,
}

/// The standard error of all starts of a process.
pub(super) type Log = Arc<Mutex<Vec<u8>>>;

/// The name of the data directory. The server creates it, so that a test can check the mode of the directory.
pub(crate) const DATA_DIR: &str = "data";

/// The flags that enable the admin listener.
pub(crate) const ADMIN_LISTENER: [&str; 2] = [ADMIN_LISTEN_FLAG, "127.0.0.1:0"];

const ADMIN_LISTEN_FLAG: &str = "--admin-listen";

const BINARY: &str = env!("CARGO_BIN_EXE_webhooks-server");

/// Returns a command that consists of `wrapper`, the path of `webhooks-server`, and these arguments. Its environment is empty.
fn wrapped_command(wrapper: &[String], arguments: &[&str]) -> Command {
    let words: Vec<&str> = wrapper.iter().map(String::as_str).chain([BINARY]).chain(arguments.iter().copied()).collect();
    let mut command = Command::from(webhooks_process::command(words[0]));
    command.args(&words[1..]).env_clear().kill_on_drop(true);
    command
}

pub(crate) async fn run_binary(arguments: &[&str]) -> Output {
    run_binary_wrapped(&[], arguments).await
}

/// Starts `webhooks-server` with these arguments, and does not wait for its end. A dropped process is killed.
pub(crate) fn spawn_binary(arguments: &[&str]) -> Child {
    spawn_binary_with(arguments, Stdio::null(), Stdio::null())
}

/// Like [`spawn_binary`], with this standard output and standard error.
pub(crate) fn spawn_binary_with(arguments: &[&str], stdout: Stdio, stderr: Stdio) -> Child {
    wrapped_command(&[], arguments).stdout(stdout).stderr(stderr).spawn().expect("the binary runs")
}

/// Runs `wrapper` with `webhooks-server` and these arguments as its last arguments. The wrapper must exec the server.
pub(crate) async fn run_binary_wrapped(wrapper: &[String], arguments: &[&str]) -> Output {
    with_timeout("webhooks-server to exit", wrapped_command(wrapper, arguments).output()).await.expect("the binary runs")
}

impl Process {
    pub(crate) async fn start(flags: &[&str]) -> Process {
        Process::start_wrapped(|_| Vec::new(), flags).await
    }

    /// Starts on the embedded store, even if the test run uses PostgreSQL.
    pub(crate) async fn start_embedded(flags: &[&str]) -> Process {
        Process::start_embedded_wrapped(|_| Vec::new(), flags).await
    }

    /// Starts with the data directory [`DATA_DIR`] in `directory`. The test has already created `directory`. `flags`
    /// can set another store.
    pub(crate) async fn start_on(directory: TempDir, flags: &[&str]) -> Process {
        let database = Database::embedded(&directory.path().join(DATA_DIR));
        Process::launch(directory, database, |_| Vec::new(), flags, false).await
    }

    /// Starts the server through another program, such as `strace -D` or `prlimit`, which must exec the server. `wrapper` gets the
    /// path of the data directory, and returns the program and its arguments. Later starts do not use the wrapper.
    pub(crate) async fn start_wrapped(wrapper: impl FnOnce(&Path) -> Vec<String>, flags: &[&str]) -> Process {
        let directory = TempDir::new().expect("a temporary directory");
        let database = Database::new(&directory.path().join(DATA_DIR));
        database.prepare(flags, Utc::now()).await;
        let creates_token = database.is_embedded();
        Process::launch(directory, database, wrapper, flags, creates_token).await
    }

    pub(crate) async fn start_embedded_wrapped(wrapper: impl FnOnce(&Path) -> Vec<String>, flags: &[&str]) -> Process {
        let directory = TempDir::new().expect("a temporary directory");
        let database = Database::embedded(&directory.path().join(DATA_DIR));
        Process::launch(directory, database, wrapper, flags, true).await
    }

    async fn launch(
        directory: TempDir,
        database: Database,
        wrapper: impl FnOnce(&Path) -> Vec<String>,
        flags: &[&str],
        creates_token: bool,
    ) -> Process {
        let flags: Vec<String> = ["--dev"].iter().chain(flags).map(|flag| (*flag).to_owned()).collect();
        let (wrapper, log) = (wrapper(&directory.path().join(DATA_DIR)), Log::default());
        let Started { child, address, startup_output, later_output, output_reader, log_reader } =
            spawn(&wrapper, &database, &flags, creates_token, &log).await;
        let proxy = Proxy::start(address).await;
        Process { proxy, child, address, startup_output, later_output, output_reader, log, log_reader, database, directory, flags }
    }

    /// Kills the process (SIGKILL), so that it cannot stop gracefully. Also removes its node from the database.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.expect("the kill succeeds");
        self.database.remove_dead_nodes().await;
    }

    /// Kills the process without waiting for its exit.
    pub(crate) async fn kill_without_waiting(&self) {
        signal("-KILL", self.child.id()).await;
    }

    pub(crate) async fn start_again(&mut self) {
        let started = spawn(&[], &self.database, &self.flags, false, &self.log).await;
        self.child = started.child;
        self.address = started.address;
        self.startup_output = started.startup_output;
        self.later_output = started.later_output;
        self.output_reader = started.output_reader;
        self.log_reader = started.log_reader;
        self.proxy.set_upstream(started.address);
    }

    /// Starts again with other flags than before.
    pub(crate) async fn start_again_with(&mut self, flags: &[&str]) {
        self.flags = ["--dev"].iter().chain(flags).map(|flag| (*flag).to_owned()).collect();
        self.start_again().await;
    }

    /// Returns the error of a start with these flags, which must fail.
    pub(crate) async fn start_error(&self, flags: &[&str]) -> String {
        let output = self.run(&[&["--listen", "127.0.0.1:0", "--admin-listen", "off"], flags].concat()).await;
        assert!(!output.status.success(), "the server starts");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// Sends SIGABRT, which writes a core dump if the process allows it. Returns the exit status.
    pub(crate) async fn abort(&mut self) -> ExitStatus {
        signal("-ABRT", self.child.id()).await;
        self.wait_for_exit().await
    }

    /// Asks for a graceful stop (SIGTERM).
    pub(crate) async fn request_stop(&self) {
        self.signal("-TERM").await;
    }

    /// Sends a signal, such as `-HUP`.
    pub(crate) async fn signal(&self, name: &str) {
        signal(name, self.child.id()).await;
    }

    /// Stops gracefully, and returns the exit status.
    pub(crate) async fn terminate(&mut self) -> ExitStatus {
        self.request_stop().await;
        self.wait_for_exit().await
    }

    /// Waits for the exit and for the end of the log.
    pub(crate) async fn wait_for_exit(&mut self) -> ExitStatus {
        let status = with_timeout("the server to exit", self.child.wait()).await.expect("an exit status");
        with_timeout("the end of its log", &mut self.log_reader).await.expect("the log reader does not panic");
        with_timeout("the end of its output", &mut self.output_reader).await.expect("the output reader does not panic");
        status
    }

    /// Stops the process gracefully, and returns the whole standard output of its most recent start.
    pub(crate) async fn output_until_end(&mut self) -> String {
        self.terminate().await;
        let later = self.later_output.lock().unwrap_or_else(PoisonError::into_inner);
        format!("{}{}", self.startup_output, String::from_utf8_lossy(&later))
    }

    /// The standard error of all starts, until now.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&self.log.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }

    /// Waits until the log contains the text. The server writes its log in a thread of its own, perhaps after its response.
    pub(crate) async fn logged(&self, text: &str) {
        eventually(text, async || self.log().contains(text).then_some(())).await;
    }

    pub(crate) fn base(&self) -> String {
        self.proxy.base()
    }

    /// The address where the server itself listens, without the proxy.
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

    /// A client for health, readiness and metrics. Needs [`ADMIN_LISTENER`].
    pub(crate) async fn admin_api(&self) -> Api {
        let address = async || {
            let log = self.log();
            let (_, rest) = log.rsplit_once("admin: ")?;
            rest.split_once([',', '\n']).map(|(address, _)| address.trim().to_owned())
        };
        Api::new(&eventually("the address of the admin listener", address).await, None)
    }

    pub(crate) async fn receiver(&self) -> Receiver {
        Receiver::start(&Authority::of_data_dir(&self.file(""))).await
    }

    pub(crate) async fn hostile_receiver(&self, hostility: HostileBehaviour) -> HostileReceiver {
        HostileReceiver::start(&Authority::of_data_dir(&self.file("")), hostility).await
    }

    /// Sets the soft limit of open files and sockets (RLIMIT_NOFILE) of the running process. Open ones stay open.
    pub(crate) async fn limit_descriptors(&self, limit: u32) {
        let id = self.child.id().expect("a running process").to_string();
        let limit = format!("--nofile={limit}:");
        let status = Command::new("prlimit").args(["--pid", &id, &limit]).status().await.expect("prlimit runs");
        assert!(status.success());
    }

    /// The maximum memory that the process has used until now, in bytes (VmHWM of proc(5)).
    pub(crate) fn peak_memory(&self) -> u64 {
        let id = self.child.id().expect("a running process");
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("the file exists on Linux");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a value");
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

    /// Runs `webhooks-server token …` while the server is running. Returns its standard output without the line end.
    pub(crate) async fn token_command(&self, arguments: &[&str]) -> String {
        let output = self.try_token_command(arguments).await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8").trim_end().to_owned()
    }

    pub(crate) async fn try_token_command(&self, arguments: &[&str]) -> Output {
        self.command("token", arguments).await
    }

    pub(crate) async fn delivery_command(&self, arguments: &[&str]) -> Output {
        self.command("delivery", arguments).await
    }

    async fn command(&self, command: &str, arguments: &[&str]) -> Output {
        self.run(&[&[command], arguments].concat()).await
    }

    /// Runs `webhooks-server` on the database of this process. If the arguments set the master key, they replace the default.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Output {
        let arguments = self.with_database(arguments);
        run_binary(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).await
    }

    /// Like [`Process::run`], but does not wait for the end of the command.
    pub(crate) fn spawn(&self, arguments: &[&str]) -> Child {
        let arguments = self.with_database(arguments);
        spawn_binary(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn with_database(&self, arguments: &[&str]) -> Vec<String> {
        let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        [self.database.flags(&arguments), arguments].concat()
    }
}

/// Returns a command prefix. A program that runs with this prefix cannot ignore file permissions, even if it runs as
/// root.
pub(crate) fn wrapper_enforcing_file_modes() -> Vec<String> {
    let is_root = std::fs::metadata("/proc/self").expect("the file exists on Linux").uid() == 0;
    let privileges = "-dac_override,-dac_read_search";
    let words: &[&str] = if is_root { &["setpriv", "--bounding-set", privileges, "--inh-caps", privileges] } else { &[] };
    words.iter().map(|word| (*word).to_owned()).collect()
}

async fn signal(signal: &str, process: Option<u32>) {
    let process = process.expect("a running process").to_string();
    let sent = Command::new("kill").args([signal, &process]).status().await.expect("kill runs");
    assert!(sent.success());
}

struct Started {
    child: Child,
    address: SocketAddr,
    startup_output: String,
    later_output: Log,
    output_reader: JoinHandle<()>,
    log_reader: JoinHandle<()>,
}

async fn spawn(wrapper: &[String], database: &Database, flags: &[String], creates_token: bool, log: &Log) -> Started {
    let database_flags = database.flags(flags);
    let admin_flags = if flags.iter().any(|flag| flag == ADMIN_LISTEN_FLAG) { &[][..] } else { &[ADMIN_LISTEN_FLAG, "off"] };
    let arguments: Vec<&str> = ["--listen", "127.0.0.1:0"]
        .iter()
        .chain(admin_flags)
        .copied()
        .chain(database_flags.iter().chain(flags).map(String::as_str))
        .collect();
    let spawned = spawn_until_listening(wrapper, &arguments, log).await;
    let SpawnedServer { child, mut startup_output, mut output, log_reader } =
        spawned.unwrap_or_else(|error| panic!("{wrapper:?} webhooks-server does not start: {error}"));
    let address = webhooks_process::address_in(&startup_output).and_then(|address| address.parse().ok()).expect("an address");
    // A start that creates a token prints more lines, which contain a command. Other starts print one line.
    while creates_token && !startup_output.ends_with("}'\n") {
        let read = with_timeout("the rest of the startup output", output.read_line(&mut startup_output)).await.expect("readable output");
        assert!(read > 0, "the output is incomplete: {startup_output}");
    }
    let later_output = Log::default();
    let output_reader = drain(output, later_output.clone());
    Started { child, address, startup_output, later_output, output_reader, log_reader }
}

/// A server that has printed its first line of output.
pub(super) struct SpawnedServer {
    pub(super) child: Child,
    pub(super) startup_output: String,
    pub(super) output: BufReader<ChildStdout>,
    pub(super) log_reader: JoinHandle<()>,
}

/// Starts a server, and appends its log to `log`. Returns the log as the error if the server exits without printing a line.
pub(super) async fn spawn_until_listening(wrapper: &[String], arguments: &[&str], log: &Log) -> Result<SpawnedServer, String> {
    let child = wrapped_command(wrapper, arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.unwrap_or_else(|error| panic!("cannot start {wrapper:?} webhooks-server: {error}"));
    let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut log_reader = drain(child.stderr.take().expect("a pipe"), log.clone());
    let mut startup_output = String::new();
    with_timeout("the rest of the startup output", output.read_line(&mut startup_output)).await.expect("readable output");
    if startup_output.is_empty() {
        with_timeout("the end of the log", &mut log_reader).await.expect("the log reader does not panic");
        return Err(String::from_utf8_lossy(&log.lock().unwrap_or_else(PoisonError::into_inner)).into_owned());
    }
    Ok(SpawnedServer { child, startup_output, output, log_reader })
}

/// Appends further output to `log`. A full pipe would block the server.
pub(super) fn drain(mut output: impl AsyncRead + Unpin + Send + 'static, log: Log) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut chunk = [0; 4096];
        while let Ok(count @ 1..) = output.read(&mut chunk).await {
            log.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&chunk[..count]);
        }
    })
}
