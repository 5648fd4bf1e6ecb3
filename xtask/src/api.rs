//! Calls the API of a service with curl.

use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use serde_json::Value;

pub(crate) const WEBHOOKS: &str = "/api/notifications/v1/webhooks";

pub(crate) struct Api {
    /// The address of the service, without a `/` at the end.
    pub(crate) url: String,
    pub(crate) token: String,
}

impl Api {
    /// Calls the API. Returns the status and the body. The body is null if it is not JSON.
    pub(crate) fn call(&self, method: &str, path: &str, body: Option<&Value>) -> anyhow::Result<(u16, Value)> {
        let mut curl = Command::new("curl")
            .args(["--silent", "--show-error", "--max-time", "30", "--write-out", "\n%{http_code}", "--config", "-", "--request", method])
            .args(body.map(|body| ["--data-raw".to_owned(), body.to_string()]).into_iter().flatten())
            .args(["--header", "Content-Type: application/json", "--url", &format!("{}{path}", self.url)])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start curl: sudo apt-get install --yes curl")?;
        // curl reads the token from standard input, because `ps` would show it in the arguments.
        let mut secret = curl.stdin.take().context("curl has no standard input")?;
        writeln!(secret, "header = \"Authorization: Bearer {}\"", self.token).context("cannot send the token to curl")?;
        drop(secret);
        let output = curl.wait_with_output().context("cannot wait for curl")?;
        ensure!(output.status.success(), "{method} {}{path}: no response", self.url);
        let text = String::from_utf8(output.stdout).context("the response is not text")?;
        let (body, status) = text.rsplit_once('\n').context("curl printed no status")?;
        Ok((status.parse()?, serde_json::from_str(body).unwrap_or_default()))
    }
}
