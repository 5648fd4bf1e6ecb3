//! `cargo xtask readme`: runs the commands in the documents, and compares their output with the documents. The commands run in a
//! copy of the checkout.
//!
//! - A block with the mark `sh` must run to its end and succeed.
//! - A block with the mark `sh terminal-2` runs in a second terminal, in the background. Before another block starts in this
//!   terminal, the running command is stopped as with Ctrl-C.
//! - A block with the mark `shows` lists lines that the last `sh` block must have printed. If the block also has the
//!   mark `terminal-2`, the command in the second terminal must print these lines. An id matches any id, a time matches
//!   any time, and `…` matches any text.
//! - Other blocks are ignored, for example `console`.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use regex::Regex;

/// The command that is not run here, because it runs `cargo xtask readme` itself.
const ITSELF: &str = "cargo xtask ci";

/// The documents whose commands run, in this order. Each document starts without the data of the previous document.
const DOCUMENTS: [&str; 5] = ["README.md", "server/README.md", "client/README.md", "xtask/README.md", ".github/CONTRIBUTING.md"];

/// Maximum time to wait for a line of output. It is long because a command may first build a program.
const TIMEOUT: Duration = Duration::from_secs(20 * 60);

#[derive(Debug, PartialEq)]
struct Block {
    /// The line of the document on which the block begins.
    line: usize,
    language: String,
    shows: bool,
    terminal: Option<String>,
    text: Vec<String>,
}

/// # Errors
/// When a command does not do what a document says.
pub fn run() -> anyhow::Result<ExitCode> {
    let root = &crate::checkout()?;
    let checkout = copy_checkout(root)?;
    let postgres = webhooks_postgres::Cluster::start()?;
    let mut has_itself = false;
    for document in DOCUMENTS {
        has_itself |= run_document(root, &checkout, &postgres, document)?;
    }
    anyhow::ensure!(has_itself, "no document contains `{ITSELF}`, the command that runs all tests");
    Ok(ExitCode::SUCCESS)
}

/// Runs the commands of one document, without the data of the previous document. Returns whether it contains [`ITSELF`].
fn run_document(root: &Path, checkout: &Path, postgres: &webhooks_postgres::Cluster, document: &str) -> anyhow::Result<bool> {
    let text = crate::read(&root.join(document))?;
    crate::remove(&checkout.join("data"))?;
    let database = || Ok::<_, anyhow::Error>(postgres.url(&postgres.create_database()?));
    let databases = [("DATABASE_URL", database()?), ("EMPTY_DATABASE_URL", database()?)];
    let (checkout, target) = (checkout.to_owned(), root.join("target"));
    let mut session = Session { databases, checkout, target, terminals: HashMap::new(), shown: String::new() };
    let mut has_itself = false;
    for block in blocks(&text) {
        let started = Instant::now();
        let text = block.text.join("\n");
        let result = match (&block.terminal, block.language.as_str()) {
            _ if block.shows => session.must_show(&block),
            (_, "sh") if text == ITSELF => {
                has_itself = true;
                continue;
            }
            (Some(terminal), "sh") => session.start(terminal, &text),
            (None, "sh") => session.run_to_end(&text),
            _ => continue,
        };
        result.with_context(|| format!("{document}:{}: {text}", block.line))?;
        println!("{document}:{} passed, {} s", block.line, started.elapsed().as_secs());
    }
    Ok(has_itself)
}

fn blocks(readme: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    let mut is_indented = false;
    for (index, line) in readme.lines().enumerate() {
        // A block that is part of a list is indented.
        is_indented = if open.is_none() { line.starts_with("  ```") } else { is_indented };
        let line = if is_indented { line.strip_prefix("  ").unwrap_or(line) } else { line };
        match (line.strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(info), None) => {
                let words: Vec<&str> = info.split(' ').collect();
                let terminal = words.iter().find_map(|word| word.strip_prefix("terminal-")).map(str::to_owned);
                let (language, shows) = (words[0].to_owned(), words.contains(&"shows"));
                open = Some(Block { line: index + 1, language, shows, terminal, text: Vec::new() });
            }
            (None, Some(block)) => block.text.push(line.to_owned()),
            (None, None) => {}
        }
    }
    blocks
}

/// Copies all files that git does not ignore, including uncommitted changes. git ignores the developer's `./data`, so
/// it is not copied.
fn copy_checkout(root: &Path) -> anyhow::Result<PathBuf> {
    let checkout = root.join("target/readme");
    crate::remove(&checkout)?;
    let list = Command::new("git").args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(root).output()?;
    anyhow::ensure!(list.status.success(), "git cannot list the checkout's files");
    for name in String::from_utf8(list.stdout)?.split_terminator('\0') {
        let (from, to) = (root.join(name), checkout.join(name));
        if from.is_file() {
            fs::create_dir_all(to.parent().context("a file has no parent folder")?)?;
            // Copies keep the modification time. With a new time, cargo would build everything again.
            fs::copy(&from, &to).with_context(|| format!("cannot copy {name}"))?;
            fs::File::options().write(true).open(&to)?.set_modified(fs::metadata(&from)?.modified()?)?;
        }
    }
    Ok(checkout)
}

struct Session {
    /// The environment variables `DATABASE_URL` and `EMPTY_DATABASE_URL`. Each has the URL of an empty database.
    databases: [(&'static str, String); 2],
    checkout: PathBuf,
    target: PathBuf,
    terminals: HashMap<String, Terminal>,
    /// The output of the last block that ran to its end.
    shown: String,
}

struct Terminal {
    child: Child,
    lines: Receiver<String>,
}

impl Session {
    fn shell(&self, script: &str) -> Command {
        let mut command = Command::new("bash");
        command.args(["-euo", "pipefail", "-c", script]).current_dir(&self.checkout).env("CARGO_TARGET_DIR", &self.target);
        // The copy shares the built dependencies with the checkout, but not the built crates of the workspace. If it shared
        // these crates, cargo would compare later changes of the checkout with the files of the copy, and build nothing.
        // With a wrapper, cargo keeps the crates of the workspace apart. The wrapper `env` only starts the compiler.
        command.env("RUSTC_WORKSPACE_WRAPPER", "/usr/bin/env");
        // The commands must work for a reader who has not set these variables.
        command.env_remove("API_BASE_URL").env_remove("API_ACCESS_TOKEN").stdin(Stdio::null());
        command.envs(self.databases.iter().map(|(name, url)| (name, url)));
        command
    }

    fn run_to_end(&mut self, script: &str) -> anyhow::Result<()> {
        let output = self.shell(script).stderr(Stdio::inherit()).output().context("cannot start bash")?;
        self.shown = String::from_utf8_lossy(&output.stdout).into_owned();
        anyhow::ensure!(output.status.success(), "the command ended with {} and printed:\n{}", output.status, self.shown);
        Ok(())
    }

    fn start(&mut self, terminal: &str, script: &str) -> anyhow::Result<()> {
        // Ends the previous command in this terminal first, because both commands may use the same port.
        self.terminals.remove(terminal);
        let started = Terminal::start(self.shell(&format!("exec {script}")))?;
        self.terminals.insert(terminal.to_owned(), started);
        Ok(())
    }

    fn must_show(&mut self, block: &Block) -> anyhow::Result<()> {
        let Some(name) = &block.terminal else {
            let mut lines = self.shown.lines();
            for expected in &block.text {
                let pattern = pattern(expected)?;
                anyhow::ensure!(
                    lines.any(|line| pattern.is_match(line)),
                    "the output does not contain `{expected}` at this position:\n{}",
                    self.shown
                );
            }
            return Ok(());
        };
        let terminal = self.terminals.get_mut(name).with_context(|| format!("no command runs in terminal {name}"))?;
        block.text.iter().try_for_each(|line| terminal.wait_for(line))
    }
}

impl Terminal {
    fn start(mut command: Command) -> anyhow::Result<Terminal> {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().context("cannot start bash")?;
        let (sender, lines) = channel();
        // A terminal shows standard output and standard error.
        forward(child.stdout.take().context("the command has no output stream")?, sender.clone());
        forward(child.stderr.take().context("the command has no output stream")?, sender);
        Ok(Terminal { child, lines })
    }

    fn wait_for(&mut self, expected: &str) -> anyhow::Result<()> {
        if expected.trim().is_empty() {
            return Ok(());
        }
        let pattern = pattern(expected)?;
        let mut shown = Vec::new();
        loop {
            match self.lines.recv_timeout(TIMEOUT) {
                Ok(line) if pattern.is_match(&line) => return Ok(()),
                Ok(line) => shown.push(line),
                Err(RecvTimeoutError::Disconnected) => {
                    bail!("the command ended without printing `{expected}`. It printed:\n{}", shown.join("\n"))
                }
                Err(RecvTimeoutError::Timeout) => {
                    bail!("the command did not print `{expected}` in time. It printed:\n{}", shown.join("\n"))
                }
            }
        }
    }
}

impl Drop for Terminal {
    /// Sends SIGINT as Ctrl-C does, so that the program can stop cleanly.
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

fn forward(output: impl Read + Send + 'static, lines: Sender<String>) {
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if lines.send(line).is_err() {
                return;
            }
        }
    });
}

/// Returns the pattern for an expected line. Each id, time and `…` in the line is a placeholder.
fn pattern(line: &str) -> anyhow::Result<Regex> {
    let mut pattern = regex::escape(line.trim_end());
    for (example, any) in [
        (r"[0-9a-f]{8}(\\-[0-9a-f]{4}){3}\\-[0-9a-f]{12}", r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
        (r"\d{4}\\-\d{2}\\-\d{2}T\d{2}:\d{2}:\d{2}(\\\.\d+)?Z", r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z"),
        (r"\b\d{2}:\d{2}:\d{2}\b", r"\d{2}:\d{2}:\d{2}"),
        ("…", ".*"),
    ] {
        pattern = Regex::new(example)?.replace_all(&pattern, regex::NoExpand(any)).into_owned();
    }
    Ok(Regex::new(&format!(r"^{pattern}\s*$"))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_times_match_any_other() {
        let line = r#"{"id":"0197a5a0-3c7e-7d2a-9f10-6b1f2f6f3d55","at":"2006-01-02T15:04:05Z"} (ok) 12:00:01 …"#;
        let pattern = pattern(line).expect("a pattern");
        assert!(
            pattern.is_match(r#"{"id":"ffffffff-3c7e-7d2a-9f10-6b1f2f6f3d55","at":"2026-11-02T15:04:05.123Z"} (ok) 23:59:59 and more"#)
        );
        assert!(!pattern.is_match(r#"{"id":"x","at":"2026-11-02T15:04:05Z"} (ok) 12:00:01 "#));
    }

    /// The examples of client/README.md are documentation tests of the client.
    #[test]
    fn the_rust_examples_of_the_readme_are_in_that_of_the_client() -> anyhow::Result<()> {
        let rust = |document: &str| {
            let blocks = blocks(&crate::read(&crate::repository(document))?);
            Ok::<_, anyhow::Error>(blocks.into_iter().filter(|block| block.language.starts_with("rust")).map(|block| block.text).collect())
        };
        let (readme, client): (Vec<Vec<String>>, Vec<Vec<String>>) = (rust("README.md")?, rust("client/README.md")?);
        assert!(!readme.is_empty() && readme.iter().all(|example| client.contains(example)));
        Ok(())
    }

    #[test]
    fn a_block_names_its_terminal() {
        let readme = "a\n```sh\none\ntwo\n```\ntext\n```text terminal-2 shows\nthree\n```\n";
        let found = blocks(readme);
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].line, found[0].language.as_str(), found[0].text.len(), found[0].shows), (2, "sh", 2, false));
        assert_eq!((found[1].terminal.as_deref(), found[1].shows), (Some("2"), true));
    }
}
