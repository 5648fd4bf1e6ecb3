//! `cargo xtask receivers`: runs the example receivers of client/receivers, in five languages, against a running server.
//!
//! Each receiver gets a callback from the server. Then `webhooks check-receiver` sends valid, modified and expired callbacks. The
//! receiver must accept the valid callbacks and refuse the modified and expired callbacks.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::json;

use crate::api::{Api, WEBHOOKS};
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
    /// Whether the HTTP library closes the connection without a response if a header is not ASCII.
    closes_on_non_ascii: bool,
}

const EXAMPLES: [Example; 5] = [
    Example {
        file: "receiver.py",
        build: &[],
        run: &["python3", "receiver.py"],
        install: "sudo apt-get install --yes python3",
        closes_on_non_ascii: false,
    },
    Example {
        file: "receiver.mjs",
        build: &[],
        run: &["node", "receiver.mjs"],
        install: "sudo apt-get install --yes nodejs",
        closes_on_non_ascii: false,
    },
    Example {
        file: "receiver.go",
        build: &["go", "build", "-o", "receiver-go", "receiver.go"],
        run: &["./receiver-go"],
        install: "sudo apt-get install --yes golang-go",
        closes_on_non_ascii: false,
    },
    Example {
        file: "receiver.php",
        build: &[],
        run: &["sh", "-c", "exec php -S 127.0.0.1:$PORT receiver.php"],
        install: "sudo apt-get install --yes php-cli",
        closes_on_non_ascii: false,
    },
    Example { file: "receiver.rs", build: &[], run: &["./receiver-rs"], install: "a Rust toolchain", closes_on_non_ascii: true },
];

/// Maximum time for a receiver to start, or for a callback to arrive.
const TIMEOUT: Duration = Duration::from_secs(60);

/// # Errors
/// When a language is missing, or the server does not start.
pub fn run() -> anyhow::Result<ExitCode> {
    let root = crate::checkout()?;
    let work = environment::directory(COMMAND)?;
    for example in &EXAMPLES {
        environment::copy(&root.join("client/receivers").join(example.file), &work)?;
    }
    let rust = crate::build::cargo(&root, &[&["build", "--example", "receiver", "--locked"], &crate::build::AS_IN_TESTS[..]].concat())?;
    std::fs::copy(rust, work.join("receiver-rs")).context("cannot copy the Rust example")?;
    let server = Server::start(&root, &work, &["--allow-http", "--allow-network", "127.0.0.0/8"])?;
    let webhooks = Webhooks {
        program: crate::build::build(&root, "webhooks", "dev")?,
        api: Api { url: server.url.clone(), token: server.access_token.clone() },
        work: work.clone(),
    };
    let mut failed = 0;
    for example in &EXAMPLES {
        let outcome = check_document(&root, example).and_then(|()| webhooks.check(example));
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

/// Checks that client/README.md contains the example verbatim.
fn check_document(root: &Path, example: &Example) -> anyhow::Result<()> {
    let source = crate::read(&root.join("client/receivers").join(example.file))?;
    let document = crate::read(&root.join("client/README.md"))?;
    ensure!(document.contains(&source), "client/README.md differs from the file: copy the file into its code block");
    Ok(())
}

struct Webhooks {
    program: PathBuf,
    api: Api,
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
        let _receiver = webhooks_process::Server::start(command, &self.work.join(format!("{}.log", example.file)))
            .with_context(|| format!("cannot start the receiver; install the language: {}", example.install))?;
        wait_until("the receiver does not listen", || Ok(TcpStream::connect(("127.0.0.1", port)).is_ok()))?;

        self.webhooks(&["publish", "catalog.purchase.closed", r#"{"purchase": {"id": "p-1042"}}"#])?;
        wait_until("the receiver did not accept a genuine callback", || {
            let delivered = self.webhooks(&["deliveries", "--webhook", id, "--status", "succeeded", "--json"])?;
            Ok(delivered.contains("\"succeeded\""))
        })?;
        send_hostile_requests(example, port)?;
        let secret_file = secret_file.to_str().context("the path of the folder is not UTF-8")?;
        self.webhooks(&["check-receiver", &url, "--secret-file", secret_file])?;
        self.webhooks(&["delete", id])?;
        Ok(())
    }

    /// Registers a webhook and returns its id. The generated client refuses the `http` URL.
    fn register(&self, url: &str) -> anyhow::Result<String> {
        let (status, webhook) = self.api.call("POST", WEBHOOKS, Some(&json!({ "targetURL": url })))?;
        ensure!(status == 200, "cannot register the webhook: {status} {webhook}");
        Ok(webhook["id"].as_str().context("the webhook has no id")?.to_owned())
    }

    /// Runs the program `webhooks` and returns its output.
    fn webhooks(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let output = Command::new(&self.program)
            .args(arguments)
            .env("API_BASE_URL", &self.api.url)
            .env("API_ACCESS_TOKEN", &self.api.token)
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

/// Sends a request whose body ends too early, and requests with invalid signature headers. The receiver must refuse them and keep
/// running. The checks that follow show that it still runs.
fn send_hostile_requests(example: &Example, port: u16) -> anyhow::Result<()> {
    // The body is longer than the buffer of a receiver's HTTP library.
    let mut aborted = TcpStream::connect(("127.0.0.1", port))?;
    aborted.write_all(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\n")?;
    aborted.write_all(&[b' '; 2000])?;
    drop(aborted);
    for headers in [
        "webhook-timestamp: 1\r\nwebhook-signature: v1,\u{e9}",
        "webhook-timestamp: \u{b2}\r\nwebhook-signature: v1,a",
        "webhook-timestamp: 99999999999999999999\r\nwebhook-signature: v1,a",
        "webhook-signature: ",
    ] {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        let request = format!(
            "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 2\r\nwebhook-id: a\r\n{headers}\r\n\r\n{{}}"
        );
        // A header has one byte for each character, so that it is not valid UTF-8.
        stream.write_all(&request.chars().map(|character| character as u8).collect::<Vec<_>>())?;
        let mut response = String::new();
        stream.read_to_string(&mut response).with_context(|| format!("no response to {headers:?}"))?;
        if response.is_empty() && example.closes_on_non_ascii && !headers.is_ascii() {
            continue;
        }
        let status = response.split(' ').nth(1).unwrap_or_default();
        ensure!(status.starts_with('4'), "{headers:?}: expected a status 4xx, got {status:?}");
    }
    Ok(())
}

fn wait_until(problem: &str, mut condition: impl FnMut() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    let started = Instant::now();
    while !condition()? {
        ensure!(started.elapsed() < TIMEOUT, "{problem} within {} s", TIMEOUT.as_secs());
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
