//! Runs the program `webhooks`.

use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
pub(crate) const PASSWORD: &str = "open sesame";
pub(crate) const TOKEN: &str = "mF_9.B5f-4.1JqM";

pub(crate) const TIMEOUT: &str = "--attempt-timeout-seconds";

/// The result of `webhooks check-receiver`.
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) text: String,
    pub(crate) error: String,
}

/// Returns the command `webhooks` with these arguments and an empty environment. The data directory is `directory`.
/// Writes the files with the secrets to `directory`.
fn webhooks(directory: &Path, arguments: &[&str]) -> Command {
    for (name, secret) in [("secret", SECRET), ("password", PASSWORD), ("token", TOKEN)] {
        std::fs::write(directory.join(name), secret).expect("a writable directory");
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_webhooks"));
    command.args(arguments).args(["--data-dir", ".", "--secret-file", "secret"]);
    command.current_dir(directory).env_clear().stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// Runs `webhooks check-receiver`. If `arguments` contain no timeout, uses a timeout that is long enough for a busy
/// machine.
pub(crate) async fn check_receiver(directory: &Path, arguments: &[&str]) -> Outcome {
    let timeout: &[&str] = if arguments.contains(&TIMEOUT) { &[] } else { &[TIMEOUT, "300"] };
    run(directory, &[&["check-receiver"], arguments, timeout].concat()).await
}

/// Runs the program to its end.
pub(crate) async fn run(directory: &Path, arguments: &[&str]) -> Outcome {
    let mut command = webhooks(directory, arguments);
    let output = command.output().await.expect("the program runs");
    let [text, error] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).expect("UTF-8"));
    for secret in [&SECRET["whsec_".len()..], PASSWORD, TOKEN] {
        assert!(!text.contains(secret) && !error.contains(secret), "the output contains a secret: {text}{error}");
    }
    Outcome { code: output.status.code().expect("the program exits by itself"), text, error }
}

impl Outcome {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}{}", self.text, self.error))
    }

    /// Returns the names of the checks with this verdict, in the order of the checks.
    pub(crate) fn checks(&self, verdict: &str) -> Vec<String> {
        let json = self.json();
        let checks = json["checks"].as_array().expect("checks");
        let names = checks.iter().filter(|check| check["verdict"] == verdict).map(|check| check["name"].as_str().expect("a name"));
        names.map(str::to_owned).collect()
    }
}

/// A running `webhooks listen` on a free port. Dropping this value kills the program.
pub(crate) struct Listen {
    _child: Child,
    pub(crate) url: String,
    pub(crate) ca_file: String,
    /// The lines that the program prints after the first one.
    pub(crate) lines: mpsc::UnboundedReceiver<String>,
}

pub(crate) async fn listen(directory: &Path, arguments: &[&str]) -> Listen {
    let mut command = webhooks(directory, &[&["listen", "--port", "0", "--json"], arguments].concat());
    let mut child = command.stdout(Stdio::piped()).spawn().expect("the program runs");
    let mut lines = BufReader::new(child.stdout.take().expect("standard output is piped")).lines();
    let ready = lines.next_line().await.expect("readable output").expect("a line that reports readiness");
    let ready: Value = serde_json::from_str(&ready).expect("JSON");
    // Reads all lines, because a closed pipe would end the program.
    let (sender, received) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok(Some(line)) = lines.next_line().await {
            let _ = sender.send(line);
        }
    });
    let member = |name: &str| ready[name].as_str().expect("a text").to_owned();
    Listen { _child: child, url: member("url"), ca_file: member("caFile"), lines: received }
}
