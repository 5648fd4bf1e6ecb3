//! What the server really answered, and what it really sent to callbacks, while its tests ran: recorded once, and held
//! against openapi.json as it is ([`Judge`]), as complete proof of it (`cargo xtask coverage`), and against what it might
//! be changed into (`cargo xtask mutations`), without a server.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

pub mod coverage;
mod document;
mod judge;
mod replay;
mod sightings;

pub use judge::{Breach, Judge};
pub use replay::Replay;

/// A header's name in lower case, and its value.
pub type Header = (String, String);

/// One request and its answer. Access tokens are left out; the rest is what was on the wire.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Exchange {
    /// Between a caller of the API and the service.
    Answer(Answer),
    /// Between the service and a callback.
    Callback(Callback),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Answer {
    pub method: String,
    pub path: String,
    pub query: String,
    pub caller: Caller,
    pub request_headers: Vec<Header>,
    /// None when it is no text, or did not arrive as a whole.
    pub request_body: Option<String>,
    pub status: u16,
    pub headers: Vec<Header>,
    pub body: String,
}

/// What an access token was made to allow, whether or not it still did.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Caller {
    WithoutToken,
    UnknownToken,
    Scopes(BTreeSet<String>),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Callback {
    pub method: String,
    pub headers: Vec<Header>,
    /// The scheme of its Authorization, in lower case.
    pub authentication: Option<String>,
    pub body: String,
    /// What the receiver answered; None when it let the connection hang or break.
    pub status: Option<u16>,
    pub answered_headers: Vec<Header>,
}

/// Where the tests of one run leave what they saw, one JSON object a line.
const FILE: &str = "target/contract/exchanges.jsonl";

/// Writes exchanges down, beginning with an empty file. What differs only in identifiers and times is written once.
pub struct Recorder {
    state: Mutex<(File, BTreeSet<String>)>,
}

impl Recorder {
    /// # Errors
    /// When the file cannot be made.
    pub fn start() -> anyhow::Result<Recorder> {
        let path = file();
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))
            .with_context(|| format!("cannot make the folder of {}", path.display()))?;
        let file = File::create(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Recorder { state: Mutex::new((file, BTreeSet::new())) })
    }

    /// # Errors
    /// When it cannot be written.
    pub fn record(&self, exchange: &Exchange) -> anyhow::Result<()> {
        let line = serde_json::to_string(exchange).context("an exchange is no JSON")?;
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (file, known) = &mut *state;
        if known.insert(without_names(&line)) {
            // One write a line: whatever ends the process leaves whole lines.
            file.write_all(format!("{line}\n").as_bytes()).context("cannot record an exchange")?;
        }
        Ok(())
    }
}

/// The same text for exchanges that differ only in what is new each time.
fn without_names(line: &str) -> String {
    static NAMES: std::sync::LazyLock<regex::Regex> = std::sync::LazyLock::new(|| {
        let patterns = [
            r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
            r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z",
            r"127\.0\.0\.1:\d+",
            r"v1,[A-Za-z0-9+/]{43}=",
            r"whsec_[A-Za-z0-9+/]{43}=",
            r#""durationMs\\":\d+"#,
            r#""webhook-timestamp","\d+""#,
            r#""date","[^"]+""#,
        ];
        regex::Regex::new(&patterns.join("|")).expect("the patterns are literals that a test compiles")
    });
    NAMES.replace_all(line, "*").into_owned()
}

/// What the last run of the tests recorded.
///
/// # Errors
/// When there is none, or it was cut off.
pub fn load() -> anyhow::Result<Vec<Exchange>> {
    let text = crate::read(&file()).context("run `cargo test -p webhooks-server --test it` first")?;
    let exchanges = text.lines().map(serde_json::from_str).collect::<Result<Vec<Exchange>, _>>();
    exchanges.with_context(|| format!("{FILE} is damaged; run `cargo test -p webhooks-server --test it` again"))
}

fn file() -> PathBuf {
    crate::repository(FILE)
}

#[cfg(test)]
mod tests {
    use super::without_names;

    #[test]
    fn what_is_new_each_time_makes_no_difference() {
        let one = r#"{"path":"/webhooks/0197a5a0-3c7e-7d2a-9f10-6b1f2f6f3d55","body":"{\"createdAt\":\"2026-01-02T15:04:05.678Z\"}"}"#;
        let other = r#"{"path":"/webhooks/0197a5a4-91b2-7c41-8e57-1f7d3c2b9a60","body":"{\"createdAt\":\"2026-01-02T15:04:06Z\"}"}"#;
        assert_eq!(without_names(one), without_names(other));
        assert_ne!(without_names(one), without_names(&other.replace("createdAt", "updatedAt")));
    }
}
