//! `cargo xtask readme`: does what the README says, in a copy of the checkout, and compares what it shows.
//!
//! A block marked `sh` is typed: it is run to its end and must succeed. `sh terminal-2` is typed into a second terminal,
//! where it goes on running while later blocks are done, until something else is typed there, as after Ctrl-C.
//! A block marked `shows` is what the last `sh` block, or with `terminal-2` that terminal, must then show, line by line.
//! `DATABASE_URL` and `EMPTY_DATABASE_URL` name empty databases on a PostgreSQL that is started for this.
//! Identifiers and times in it stand for any, and `…` for anything. Whatever is marked otherwise is only read, such as the
//! `console` of another machine.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use regex::Regex;

/// The one command that cannot be run here, because it runs this.
const ITSELF: &str = "cargo xtask ci";

/// Nothing here takes this long but a build; whoever waits longer waits for ever.
const STUCK: Duration = Duration::from_secs(20 * 60);

#[derive(Debug, PartialEq)]
struct Block {
    /// The line of the README on which it begins.
    line: usize,
    language: String,
    shows: bool,
    terminal: Option<String>,
    text: Vec<String>,
}

/// # Errors
/// When a command does not do what the README says.
pub fn run() -> anyhow::Result<ExitCode> {
    let root = &crate::repository("").canonicalize().context("the checkout is gone")?;
    let readme = fs::read_to_string(root.join("README.md")).context("cannot read README.md")?;
    let checkout = copy_checkout(root)?;
    let postgres = webhooks_postgres::Cluster::start()?;
    let database = || Ok::<_, anyhow::Error>(postgres.url(&postgres.create_database()?));
    let databases = [("DATABASE_URL", database()?), ("EMPTY_DATABASE_URL", database()?)];
    let mut session = Session { databases, checkout, target: root.join("target"), terminals: HashMap::new(), shown: String::new() };
    let mut itself = false;
    for block in blocks(&readme) {
        let started = Instant::now();
        let text = block.text.join("\n");
        let result = match (&block.terminal, block.language.as_str()) {
            _ if block.shows => session.must_show(&block),
            (_, "sh") if text == ITSELF => {
                itself = true;
                continue;
            }
            (Some(terminal), "sh") => session.start(terminal, &text),
            (None, "sh") => session.run_to_end(&text),
            _ => continue,
        };
        result.with_context(|| format!("README.md:{}: {text}", block.line))?;
        println!("README.md:{} does what it says, {} s", block.line, started.elapsed().as_secs());
    }
    anyhow::ensure!(itself, "README.md does not say `{ITSELF}`, the command that passes the tests");
    Ok(ExitCode::SUCCESS)
}

fn blocks(readme: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (index, line) in readme.lines().enumerate() {
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

/// What git would give a new user, changes that are not committed included, so that no `./data` of the developer is met.
fn copy_checkout(root: &Path) -> anyhow::Result<PathBuf> {
    let checkout = root.join("target/readme");
    if checkout.exists() {
        fs::remove_dir_all(&checkout).context("cannot remove the last copy of the checkout")?;
    }
    let list = Command::new("git").args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(root).output()?;
    anyhow::ensure!(list.status.success(), "git cannot list the checkout's files");
    for name in String::from_utf8(list.stdout)?.split_terminator('\0') {
        let (from, to) = (root.join(name), checkout.join(name));
        if from.is_file() {
            fs::create_dir_all(to.parent().context("a file without a folder")?)?;
            // Copies keep the time of their original, or cargo would build everything each time.
            fs::copy(&from, &to).with_context(|| format!("cannot copy {name}"))?;
            fs::File::options().write(true).open(&to)?.set_modified(fs::metadata(&from)?.modified()?)?;
        }
    }
    Ok(checkout)
}

struct Session {
    /// The names of variables, and the URLs in them.
    databases: [(&'static str, String); 2],
    checkout: PathBuf,
    target: PathBuf,
    terminals: HashMap<String, Terminal>,
    /// What the last block that ran to its end printed.
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
        // The README's reader has none of these set.
        command.env_remove("API_BASE_URL").env_remove("API_ACCESS_TOKEN").stdin(Stdio::null());
        command.envs(self.databases.iter().map(|(name, url)| (name, url)));
        command
    }

    fn run_to_end(&mut self, script: &str) -> anyhow::Result<()> {
        let output = self.shell(script).stderr(Stdio::inherit()).output().context("cannot start bash")?;
        self.shown = String::from_utf8_lossy(&output.stdout).into_owned();
        anyhow::ensure!(output.status.success(), "it ended with {} and showed:\n{}", output.status, self.shown);
        Ok(())
    }

    fn start(&mut self, terminal: &str, script: &str) -> anyhow::Result<()> {
        // What ran there ends first: it may hold the port.
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
                    "`{expected}` is not in what it showed, or not there:\n{}",
                    self.shown
                );
            }
            return Ok(());
        };
        let terminal = self.terminals.get_mut(name).with_context(|| format!("terminal {name} runs nothing"))?;
        block.text.iter().try_for_each(|line| terminal.wait_for(line))
    }
}

impl Terminal {
    fn start(mut command: Command) -> anyhow::Result<Terminal> {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().context("cannot start bash")?;
        let (sender, lines) = channel();
        // A terminal shows both.
        forward(child.stdout.take().context("no output")?, sender.clone());
        forward(child.stderr.take().context("no output")?, sender);
        Ok(Terminal { child, lines })
    }

    fn wait_for(&mut self, expected: &str) -> anyhow::Result<()> {
        if expected.trim().is_empty() {
            return Ok(());
        }
        let pattern = pattern(expected)?;
        let mut shown = Vec::new();
        loop {
            match self.lines.recv_timeout(STUCK) {
                Ok(line) if pattern.is_match(&line) => return Ok(()),
                Ok(line) => shown.push(line),
                Err(RecvTimeoutError::Disconnected) => bail!("it ended without `{expected}`, after:\n{}", shown.join("\n")),
                Err(RecvTimeoutError::Timeout) => bail!("it does not show `{expected}`, only:\n{}", shown.join("\n")),
            }
        }
    }
}

impl Drop for Terminal {
    /// As Ctrl-C does, so that what stops cleanly does.
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

/// A line of a transcript, in which identifiers, times and `…` stand for others.
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
    fn identifiers_and_times_stand_for_any() {
        let line = r#"{"id":"0197a5a0-3c7e-7d2a-9f10-6b1f2f6f3d55","at":"2006-01-02T15:04:05Z"} (ok) 12:00:01 …"#;
        let pattern = pattern(line).expect("a pattern");
        assert!(
            pattern.is_match(r#"{"id":"ffffffff-3c7e-7d2a-9f10-6b1f2f6f3d55","at":"2026-11-02T15:04:05.123Z"} (ok) 23:59:59 and more"#)
        );
        assert!(!pattern.is_match(r#"{"id":"x","at":"2026-11-02T15:04:05Z"} (ok) 12:00:01 "#));
    }

    #[test]
    fn blocks_carry_their_terminal() {
        let readme = "a\n```sh\none\ntwo\n```\ntext\n```text terminal-2 shows\nthree\n```\n";
        let found = blocks(readme);
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].line, found[0].language.as_str(), found[0].text.len(), found[0].shows), (2, "sh", 2, false));
        assert_eq!((found[1].terminal.as_deref(), found[1].shows), (Some("2"), true));
    }
}
