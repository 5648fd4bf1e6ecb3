//! Exchanges that the tests of the service recorded. An exchange is one request and its response. The request is a
//! request to the API, or a callback.
//!
//! [`Checker`] compares an exchange with openapi.json. The command `coverage` checks that the exchanges show every
//! statement of openapi.json. The command `mutations` compares the exchanges with changed documents. Neither command
//! needs a server.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write as _;
use std::sync::Mutex;

use anyhow::Context as _;
use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::Service;

mod checker;
pub mod coverage;
mod document;
mod facts;
mod replay;

pub use checker::{Checker, Violation};
pub use replay::Replay;

/// The name of a header in lower case, and the value of the header.
pub type Header = (String, String);

/// A request and its response, as they were sent. The header Authorization of the request is not recorded.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Exchange {
    /// Between a caller and the API.
    Api(ApiExchange),
    /// Between the service and a receiver of callbacks.
    Callback(Callback),
}

/// A request to the API, and its response.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ApiExchange {
    pub method: String,
    pub path: String,
    pub query: String,
    pub caller: Caller,
    pub request_headers: Vec<Header>,
    /// The body, or `None` if it is not UTF-8 or did not arrive completely.
    pub request_body: Option<String>,
    pub status: u16,
    pub response_headers: Vec<Header>,
    pub response_body: String,
}

impl ApiExchange {
    /// Whether the service accepted the request.
    fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// The credentials of a request. If a token is revoked or has expired, the exchange still has the scopes of the token.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Caller {
    /// The request has no header Authorization.
    WithoutToken,
    /// The request has a token that the service never issued.
    UnknownToken,
    /// The request has a token with these scopes. If the service has no scopes, the set is empty.
    Scopes(BTreeSet<String>),
}

/// A callback request, and its response.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Callback {
    /// The name of the callback in the document. If it is `None`, the exchange is compared with the callback that
    /// gives the fewest violations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub method: String,
    pub headers: Vec<Header>,
    /// The authentication scheme of the header Authorization, in lower case, such as `basic`.
    pub authentication: Option<String>,
    pub body: String,
    /// The status of the response, or `None` if the receiver did not respond.
    pub status: Option<u16>,
    pub response_headers: Vec<Header>,
}

/// Writes exchanges to a file. If exchanges are equal, only the first of them is written. The comparison of exchanges
/// ignores UUIDs, times, local ports and [`crate::Evidence::variable_parts`].
pub struct Recorder {
    /// The file, and a set of the exchanges in the file. The exchanges in the set do not have their variable parts.
    state: Mutex<(File, BTreeSet<String>)>,
    variable_parts: Regex,
}

impl Recorder {
    /// Creates the file, or empties an existing file. Use only one recorder in each run of the tests.
    ///
    /// # Errors
    /// When the file cannot be created, or a pattern of the profile is not a regular expression.
    pub fn start(service: &Service) -> anyhow::Result<Recorder> {
        let path = service.root.join(&service.exchanges);
        let folder = path.parent().unwrap_or(&service.root);
        std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let file = File::create(&path).with_context(|| format!("cannot create {}", path.display()))?;
        let variable_parts = variable_parts(service.profile.evidence.variable_parts)?;
        Ok(Recorder { state: Mutex::new((file, BTreeSet::new())), variable_parts })
    }

    /// Appends the exchange to the file if the file does not have an equal exchange.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn record(&self, exchange: &Exchange) -> anyhow::Result<()> {
        let line = serde_json::to_string(exchange).context("cannot write an exchange as JSON")?;
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (file, known) = &mut *state;
        if known.insert(self.variable_parts.replace_all(&line, "*").into_owned()) {
            // Each line is written by one system call. So if the process is killed, the file has only complete lines.
            file.write_all(format!("{line}\n").as_bytes()).context("cannot record an exchange")?;
        }
        Ok(())
    }
}

/// Returns a regular expression that matches the text that may differ between equal exchanges.
fn variable_parts(of_service: &[&str]) -> anyhow::Result<Regex> {
    let general = [
        r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z",
        r"127\.0\.0\.1:\d+",
        r#""date","[^"]+""#,
    ];
    Regex::new(&[&general, of_service].concat().join("|")).context("`variable_parts` of the profile has an invalid pattern")
}

/// Returns the exchanges that the last run of the tests recorded.
///
/// # Errors
/// When the file cannot be read or is damaged.
pub fn load(service: &Service) -> anyhow::Result<Vec<Exchange>> {
    let (file, test_command) = (service.root.join(&service.exchanges), service.profile.test_command);
    let text = crate::read(&file).with_context(|| format!("run `{test_command}` first"))?;
    let exchanges = text.lines().map(serde_json::from_str).collect::<Result<Vec<Exchange>, _>>();
    exchanges.with_context(|| format!("{} is damaged; run `{test_command}` again", file.display()))
}

#[cfg(test)]
mod tests {
    use super::variable_parts;

    #[test]
    fn exchanges_that_differ_only_in_variable_parts_are_equal() {
        let one = r#"{"path":"/webhooks/0197a5a0-3c7e-7d2a-9f10-6b1f2f6f3d55","body":"{\"createdAt\":\"2026-01-02T15:04:05.678Z\"}"}"#;
        let other = r#"{"path":"/webhooks/0197a5a4-91b2-7c41-8e57-1f7d3c2b9a60","body":"{\"createdAt\":\"2026-01-02T15:04:06Z\"}"}"#;
        let pattern = variable_parts(&[r"v1,[A-Za-z0-9+/]{43}="]).expect("a valid pattern");
        assert_eq!(pattern.replace_all(one, "*"), pattern.replace_all(other, "*"));
        assert_ne!(pattern.replace_all(one, "*"), pattern.replace_all(&other.replace("createdAt", "updatedAt"), "*"));
    }
}
