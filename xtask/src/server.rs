//! A server for one run: built from this checkout, on a free port, with no data.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, ensure};
use serde_json::Value;

pub(crate) struct Server {
    pub(crate) url: String,
    pub(crate) access_token: String,
    child: Child,
}

impl Server {
    pub(crate) fn start(root: &Path, work: &Path) -> anyhow::Result<Server> {
        let executable = build(root)?;
        let data = work.join("data");
        if data.exists() {
            std::fs::remove_dir_all(&data).context("cannot remove the data of the last run")?;
        }
        let log = work.join("server.log");
        let mut child = Command::new(executable)
            .args(["--listen", "127.0.0.1:0", "--operations-listen", "off", "--data-dir"])
            .arg(&data)
            .current_dir(work)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).with_context(|| format!("cannot write {}", log.display()))?)
            .spawn()
            .context("cannot start the server")?;
        let output = child.stdout.take().context("the server has no output")?;
        // From here on it is stopped, whatever happens.
        let mut server = Server { url: String::new(), access_token: String::new(), child };
        let mut greeting = String::new();
        BufReader::new(output).read_line(&mut greeting).context("cannot read what the server prints")?;
        let url = address(&greeting).with_context(|| format!("the server does not say where it listens; {} may say why", log.display()))?;
        url.clone_into(&mut server.url);
        crate::read(&data.join("access-token"))?.trim().clone_into(&mut server.access_token);
        Ok(server)
    }
}

impl Drop for Server {
    /// At once: its data is not needed any more.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where the server of this checkout is, once cargo has built it.
fn build(root: &Path) -> anyhow::Result<PathBuf> {
    let output = Command::new(env!("CARGO"))
        .args(["build", "--package", "webhooks-server", "--bin", "webhooks-server", "--locked", "--quiet"])
        .arg("--message-format=json-render-diagnostics")
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start cargo")?;
    ensure!(output.status.success(), "the server does not build");
    executable(&String::from_utf8_lossy(&output.stdout)).context("cargo does not say where it put the server")
}

pub(crate) fn executable(messages: &str) -> Option<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
}

fn address(greeting: &str) -> Option<&str> {
    greeting.split_once(" listens on ").map(|(_, address)| address.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_says_where_the_server_is() {
        assert_eq!(address("webhooks-server 0.1.0 listens on http://127.0.0.1:41933\n"), Some("http://127.0.0.1:41933"));
        assert_eq!(address(""), None);
    }

    #[test]
    fn cargo_says_where_the_program_is() {
        let messages = "{\"reason\":\"compiler-artifact\",\"executable\":null}\n{\"executable\":\"/t/debug/webhooks-server\"}\n{}";
        assert_eq!(executable(messages), Some(PathBuf::from("/t/debug/webhooks-server")));
    }
}
