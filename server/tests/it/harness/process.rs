//! The real binary: as a server that can be killed, and as a command.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::proxy::Proxy;
use super::{Api, Authority, Receiver, patiently};

pub(crate) struct Process {
    proxy: Proxy,
    child: Child,
    /// What it printed when it started.
    pub(crate) greeting: String,
    directory: TempDir,
    flags: Vec<String>,
}

/// Made by the server, so that its mode is the server's doing.
const DATA_DIR: &str = "data";

/// `webhooks-server` with these arguments, and nothing from this process's environment.
fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_webhooks-server"));
    command.args(arguments).env_clear().stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// Runs `webhooks-server` to its end.
pub(crate) async fn binary(arguments: &[&str]) -> Output {
    patiently("webhooks-server to end", command(arguments).output()).await.expect("the binary runs")
}

impl Process {
    pub(crate) async fn start(flags: &[&str]) -> Process {
        let directory = TempDir::new().expect("a temporary directory");
        let flags: Vec<String> = ["--dev"].iter().chain(flags).map(|flag| (*flag).to_owned()).collect();
        let (child, address, greeting) = spawn(&directory.path().join(DATA_DIR), &flags, true).await;
        Process { proxy: Proxy::start(address).await, child, greeting, directory, flags }
    }

    /// As a power cut: nothing of it runs on (SIGKILL).
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.expect("it is killed");
    }

    /// Kills without waiting for its end, for a test that is doing something else with it.
    pub(crate) async fn kill_under_way(&self) {
        signal("-KILL", self.child.id()).await;
    }

    pub(crate) async fn start_again(&mut self) {
        let (child, address, greeting) = spawn(&self.file(""), &self.flags, false).await;
        self.child = child;
        self.greeting = greeting;
        self.proxy.move_to(address);
    }

    /// The end of a polite stop (SIGTERM): its exit status and what it logged.
    pub(crate) async fn terminate(mut self) -> std::process::ExitStatus {
        signal("-TERM", self.child.id()).await;
        patiently("the server to stop", self.child.wait()).await.expect("it stops")
    }

    pub(crate) fn base(&self) -> String {
        self.proxy.base()
    }

    pub(crate) fn api(&self) -> Api {
        let token = std::fs::read_to_string(self.file("access-token")).expect("a first start writes it");
        self.api_with(token.trim())
    }

    pub(crate) fn api_with(&self, token: &str) -> Api {
        Api::new(&self.proxy.base(), Some(token))
    }

    pub(crate) async fn receiver(&self) -> Receiver {
        Receiver::start(&Authority::of_data_dir(&self.file(""))).await
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
        let data_dir = self.data_dir();
        binary(&[&["token"], arguments, &["--data-dir", &data_dir]].concat()).await
    }
}

async fn signal(signal: &str, process: Option<u32>) {
    let process = process.expect("it runs").to_string();
    let sent = Command::new("kill").args([signal, &process]).status().await.expect("kill runs");
    assert!(sent.success());
}

async fn spawn(data_dir: &Path, flags: &[String], first_start: bool) -> (Child, std::net::SocketAddr, String) {
    let data_dir = data_dir.display().to_string();
    let arguments: Vec<&str> =
        ["--listen", "127.0.0.1:0", "--data-dir", &data_dir].into_iter().chain(flags.iter().map(String::as_str)).collect();
    let mut child = command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    let mut lines = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut errors = child.stderr.take().expect("it is piped");
    let mut first = String::new();
    patiently("the greeting", lines.read_line(&mut first)).await.expect("readable output");
    let Some((_, address)) = first.trim_end().split_once("://") else {
        let mut text = String::new();
        let _ = errors.read_to_string(&mut text).await;
        panic!("the server does not start: {first}{text}");
    };
    let address = address.parse().expect("an address");
    let mut rest = first.clone();
    // A first start goes on with a whole command; later ones print one line.
    while first_start && !rest.ends_with("}'\n") {
        let read = patiently("the greeting", lines.read_line(&mut rest)).await.expect("readable output");
        assert!(read > 0, "the greeting breaks off: {rest}");
    }
    // Nobody reads on, but a full pipe would hold the server up.
    tokio::spawn(async move { tokio::io::copy(&mut lines, &mut tokio::io::sink()).await });
    tokio::spawn(async move { tokio::io::copy(&mut errors, &mut tokio::io::sink()).await });
    (child, address, rest)
}
