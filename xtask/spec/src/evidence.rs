//! What the server really answered, and what it really sent to callbacks, while its tests ran: recorded once, and held
//! against openapi.json as it is ([`Judge`]), as complete proof of it (the command `coverage`), and against what it might
//! be changed into (the command `mutations`), without a server.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write as _;
use std::sync::Mutex;

use anyhow::Context as _;
use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::Service;

pub mod coverage;
mod document;
mod judge;
mod replay;
mod sightings;

pub use judge::{Breach, Judge};
pub use replay::Replay;

/// A header's name in lower case, and its value.
pub type Header = (String, String);

/// One request and its answer, as they were on the wire. Whoever records it leaves the header Authorization out.
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

/// Who sends a request. A token counts as it was made, also after it was revoked or has expired.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Caller {
    /// No Authorization was sent.
    WithoutToken,
    /// A token was sent that the service never made.
    UnknownToken,
    /// A token was sent that was made with these scopes. The set is empty in a service without scopes.
    Scopes(BTreeSet<String>),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Callback {
    /// The name of the callback in the document. Without one, it is taken for the callback that it contradicts least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub method: String,
    pub headers: Vec<Header>,
    /// The scheme of its Authorization, in lower case.
    pub authentication: Option<String>,
    pub body: String,
    /// What the receiver answered; None when it let the connection hang or break.
    pub status: Option<u16>,
    pub answered_headers: Vec<Header>,
}

/// Writes exchanges down. It empties the file first, so a run of tests needs exactly one recorder. Exchanges that differ only in
/// identifiers, times and what the profile names are written once.
pub struct Recorder {
    state: Mutex<(File, BTreeSet<String>)>,
    new_each_time: Regex,
}

impl Recorder {
    /// # Errors
    /// When the file cannot be made, or a pattern of the profile is none.
    pub fn start(service: &Service) -> anyhow::Result<Recorder> {
        let path = service.root.join(&service.exchanges);
        let folder = path.parent().unwrap_or(&service.root);
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let file = File::create(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Recorder { state: Mutex::new((file, BTreeSet::new())), new_each_time: new_each_time(service.profile.evidence.new_each_time)? })
    }

    /// # Errors
    /// When it cannot be written.
    pub fn record(&self, exchange: &Exchange) -> anyhow::Result<()> {
        let line = serde_json::to_string(exchange).context("an exchange is no JSON")?;
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (file, known) = &mut *state;
        if known.insert(self.new_each_time.replace_all(&line, "*").into_owned()) {
            // One write a line: whatever ends the process leaves whole lines.
            file.write_all(format!("{line}\n").as_bytes()).context("cannot record an exchange")?;
        }
        Ok(())
    }
}

/// Matches what is new in each exchange: identifiers, times, and what the profile names.
fn new_each_time(of_service: &[&str]) -> anyhow::Result<Regex> {
    let general = [
        r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z",
        r"127\.0\.0\.1:\d+",
        r#""date","[^"]+""#,
    ];
    Regex::new(&[&general, of_service].concat().join("|")).context("a pattern of the profile's `new_each_time`")
}

/// What the last run of the tests recorded.
///
/// # Errors
/// When there is none, or it was cut off.
pub fn load(service: &Service) -> anyhow::Result<Vec<Exchange>> {
    let (file, record) = (service.root.join(&service.exchanges), service.profile.record_with);
    let text = crate::read(&file).with_context(|| format!("run `{record}` first"))?;
    let exchanges = text.lines().map(serde_json::from_str).collect::<Result<Vec<Exchange>, _>>();
    exchanges.with_context(|| format!("{} is damaged; run `{record}` again", file.display()))
}

#[cfg(test)]
mod tests {
    use super::new_each_time;

    #[test]
    fn what_is_new_each_time_makes_no_difference() {
        let one = r#"{"path":"/webhooks/0197a5a0-3c7e-7d2a-9f10-6b1f2f6f3d55","body":"{\"createdAt\":\"2026-01-02T15:04:05.678Z\"}"}"#;
        let other = r#"{"path":"/webhooks/0197a5a4-91b2-7c41-8e57-1f7d3c2b9a60","body":"{\"createdAt\":\"2026-01-02T15:04:06Z\"}"}"#;
        let pattern = new_each_time(&[r"v1,[A-Za-z0-9+/]{43}="]).expect("a pattern");
        assert_eq!(pattern.replace_all(one, "*"), pattern.replace_all(other, "*"));
        assert_ne!(pattern.replace_all(one, "*"), pattern.replace_all(&other.replace("createdAt", "updatedAt"), "*"));
    }
}
