//! `cargo xtask receivers`: runs the example receivers of client/receivers, in five languages, against a running server.
//!
//! Each receiver gets a callback from the server. Then `webhooks check-receiver` sends valid, modified and expired callbacks. The
//! receiver must accept the valid callbacks and refuse the modified and expired callbacks.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::environment;
use crate::server::Server;

const COMMAND: &str = "receivers";

/// A receiver, and the commands that build and run it in the folder of the examples.
struct Example {
    file: &'static str,
    build: &'static [&'static str],
    run: &'static [&'static str],
    /// The instruction for the installation of the language.
    install: &'static str,
}

const EXAMPLES: [Example; 5] = [
    Example { file: "receiver.py", build: &[], run: &["python3", "receiver.py"], install: "sudo apt-get install --yes python3" },
    Example { file: "receiver.mjs", build: &[], run: &["node", "receiver.mjs"], install: "sudo apt-get install --yes nodejs" },
    Example {
        file: "receiver.go",
        build: &["go", "build", "-o", "receiver-go", "receiver.go"],
        run: &["./receiver-go"],
        install: "sudo apt-get install --yes golang-go",
    },
    Example {
        file: "receiver.php",
        build: &[],
        run: &["sh", "-c", "exec php -S 127.0.0.1:$PORT receiver.php"],
        install: "sudo apt-get install --yes php-cli",
    },
    Example { file: "receiver.rs", build: &[], run: &["./receiver-rs"], install: "a Rust toolchain" },
];

/// Maximum time for a receiver to start, or for a callback to arrive.
const TIMEOUT: Duration = Duration::from_secs(60);

/// # Errors
/// When a language is missing, or the server does not start.
pub fn run() -> anyhow::Result<ExitCode> {
    let root = crate::repository("").canonicalize().context("cannot find the checkout")?;
    let work = environment::directory(COMMAND)?;
    let documented = documented(&root)?;
    for example in &EXAMPLES {
        environment::copy(&root.join("client/receivers").join(example.file), &work)?;
    }
    let rust = crate::build::cargo(&root, &["build", "--package", "webhooks-client", "--example", "receiver", "--locked"])?;
    std::fs::copy(rust, work.join("receiver-rs")).context("cannot copy the Rust example")?;
    let server = Server::start(&root, &work, &["--allow-http", "--allow-network", "127.0.0.0/8"])?;
    let webhooks = Webhooks {
        program: crate::build::cargo(&root, &["build", "--package", "webhooks-client", "--bin", "webhooks", "--locked"])?,
        server,
        work: work.clone(),
    };
    let mut failed = 0;
    for example in &EXAMPLES {
        let outcome = documented.check(example).and_then(|()| webhooks.check(example));
        match outcome {
            Ok(()) => println!("ok      {}", example.file),
            Err(error) => {
                failed += 1;
                println!("FAILED  {}: {error:#}", example.file);
            }
        }
    }
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(crate::DRIFT) })
}

/// The text of client/README.md, which must contain each example verbatim.
struct Documented {
    readme: String,
    folder: PathBuf,
}

fn documented(root: &Path) -> anyhow::Result<Documented> {
    Ok(Documented { readme: crate::read(&root.join("client/README.md"))?, folder: root.join("client/receivers") })
}

impl Documented {
    fn check(&self, example: &Example) -> anyhow::Result<()> {
        let source = crate::read(&self.folder.join(example.file))?;
        ensure!(self.readme.contains(&source), "client/README.md differs from the file: copy the file into its code block");
        Ok(())
    }
}

struct Webhooks {
    program: PathBuf,
    server: Server,
    work: PathBuf,
}

impl Webhooks {
    fn check(&self, example: &Example) -> anyhow::Result<()> {
        if let [program, arguments @ ..] = example.build {
            let built = Command::new(program).args(arguments).current_dir(&self.work).env("GO111MODULE", "off").status();
            let built = built.with_context(|| format!("cannot start {program}; install it: {}", example.install))?;
            ensure!(built.success(), "the build failed");
        }
        // Finds a free port. The listener is dropped at once, so that the receiver can use the port.
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let url = format!("http://127.0.0.1:{port}/");
        let id = &self.register(&url)?;
        let secret = self.webhooks(&["signing-secret", id])?.trim().to_owned();
        let secret_file = self.work.join("signing-secret");
        std::fs::write(&secret_file, &secret)?;

        let mut command = webhooks_process::command(example.run[0]);
        command.args(&example.run[1..]).current_dir(&self.work);
        command.env("PORT", port.to_string()).env("SIGNING_SECRET", &secret);
        let log = std::fs::File::create(self.work.join(format!("{}.log", example.file)))?;
        let receiver = command.stdout(log.try_clone()?).stderr(log).spawn();
        let _receiver = Process(receiver.with_context(|| format!("cannot start the receiver; install the language: {}", example.install))?);
        wait_until("the receiver does not listen", || Ok(TcpStream::connect(("127.0.0.1", port)).is_ok()))?;

        self.webhooks(&["publish", "catalog.purchase.closed", r#"{"purchase": {"id": "p-1042"}}"#])?;
        wait_until("the receiver did not accept a genuine callback", || {
            let delivered = self.webhooks(&["deliveries", "--webhook", id, "--status", "succeeded", "--json"])?;
            Ok(delivered.contains("\"succeeded\""))
        })?;
        let secret_file = secret_file.to_str().context("the path of the folder is not UTF-8")?;
        self.webhooks(&["check-receiver", &url, "--secret-file", secret_file])?;
        self.webhooks(&["delete", id])?;
        Ok(())
    }

    /// Registers a webhook and returns its id. Uses curl, because the generated client refuses the `http` URL.
    fn register(&self, url: &str) -> anyhow::Result<String> {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--fail-with-body", "--header", "Content-Type: application/json"]);
        curl.args(["--header", &format!("Authorization: Bearer {}", self.server.access_token)]);
        curl.args(["--data", &format!(r#"{{"targetURL": "{url}"}}"#)]);
        let output = curl.arg(format!("{}/api/notifications/v1/webhooks", self.server.url)).stdin(Stdio::null()).output();
        let output = output.context("cannot start curl")?;
        let shown = String::from_utf8_lossy(&output.stdout).into_owned();
        ensure!(output.status.success(), "cannot register the webhook: {shown}{}", String::from_utf8_lossy(&output.stderr));
        let webhook: Value = serde_json::from_str(&shown).context("the output is not JSON")?;
        Ok(webhook["id"].as_str().context("the webhook has no id")?.to_owned())
    }

    /// Runs the program `webhooks` and returns its output.
    fn webhooks(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let output = Command::new(&self.program)
            .args(arguments)
            .env("API_BASE_URL", &self.server.url)
            .env("API_ACCESS_TOKEN", &self.server.access_token)
            .current_dir(&self.work)
            .stdin(Stdio::null())
            .output()
            .context("cannot start webhooks")?;
        let shown = String::from_utf8_lossy(&output.stdout).into_owned();
        ensure!(
            output.status.success(),
            "`webhooks {}` ended with {}:\n{shown}{}",
            arguments.join(" "),
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(shown)
    }
}

/// A receiver. It is killed on drop.
struct Process(std::process::Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn wait_until(problem: &str, mut condition: impl FnMut() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    let started = Instant::now();
    while !condition()? {
        ensure!(started.elapsed() < TIMEOUT, "{problem} within {} s", TIMEOUT.as_secs());
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
