//! The command `breaking`: finds changes of openapi.json that break users, and checks that `info.version` was
//! increased accordingly.
//!
//! The command converts both versions of the document to the normal form and compares them. The effect of a change
//! depends on whether the user sends or reads a message ([`View`]). Clients send requests, and receivers send responses
//! to callbacks. A change breaks a user if it forbids a message that the user may send. Clients read responses, and
//! receivers read callbacks. A change breaks a user if it allows a message that the user does not expect. Two patterns,
//! or two values of an unknown keyword, cannot be compared. So the replacement of a pattern by another pattern, and every
//! change of an unknown keyword, counts as breaking.
//!
//! Decisions:
//! - Adding or removing a success status is breaking, because clients expect the documented statuses. Adding or removing an error
//!   status is not breaking. A client must treat an unknown 4xx as 400 and an unknown 5xx as 500 (RFC 9110 §15).
//! - A new callback is breaking, because existing receivers do not expect it. A new documented response of a receiver is
//!   also breaking if the older document covers its status with a class such as `4XX` or with `default`. Existing
//!   receivers may already send this response with another meaning.
//! - A changed `default` is breaking, because a request without the value gets another meaning.
//! - The `operationId` is part of the contract, because generated clients use this id as a name. Names of components,
//!   tags and hosts, and the layout of the document, are not part of the contract.
//!
//! A pre-release is not a contract, so any later version may follow it. Before the first release (a tag such as
//! `v0.1.0`), the command prints breaking changes, but does not fail.

use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::Value;

use super::normal;
use super::rules::{Purpose, Rules};
use crate::Service;
use base::Base;
use finding::Changes;

mod base;
mod finding;
mod operations;
mod report;
mod schemas;
mod version;

pub use finding::{Finding, Flow, Severity, User, View};

#[derive(clap::Args)]
pub struct Arguments {
    /// The git ref or file with the older document [default: the highest release; if there is none, the last common
    /// commit with main (on main: the previous commit)]
    #[arg(long, value_name = "REF_OR_FILE")]
    against: Option<String>,
}

/// Compares openapi.json with an older document, and prints the findings.
///
/// # Errors
/// When a document is invalid, or `--against` is neither a file nor a commit.
pub fn run(service: &Service, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let (name, old, is_released) = match base::find(&service.root, arguments.against.as_deref())? {
        Base::Document { name, text, is_released } => (name, text, is_released),
        Base::Nothing(reason) => {
            println!("nothing to compare openapi.json with: {reason}");
            return Ok(ExitCode::SUCCESS);
        }
    };
    let new = service.document()?;
    let changes = check(service, &old, &new).with_context(|| format!("cannot compare openapi.json with {name}"))?;
    print!("{}", changes.text(&name, &new));
    if !is_released {
        println!("there is no release yet, so this is only a report");
        return Ok(ExitCode::SUCCESS);
    }
    Ok(if changes.version_is_enough() { ExitCode::SUCCESS } else { ExitCode::from(crate::DRIFT) })
}

/// The changes between two versions of a document.
#[derive(Debug)]
pub struct Comparison {
    /// The breaking changes, followed by the additions.
    pub findings: Vec<Finding>,
    pub old_version: semver::Version,
    pub new_version: semver::Version,
}

impl Comparison {
    /// Returns the lowest version that the newer document may have after these changes.
    #[must_use]
    pub fn required_version(&self) -> semver::Version {
        version::required(&self.old_version, self.findings.iter().map(|finding| finding.severity).max())
    }

    /// Returns one line for each finding. `name` is the name of the older document.
    #[must_use]
    pub fn text(&self, name: &str, openapi_json: &str) -> String {
        report::text(self, name, openapi_json)
    }

    /// Whether `info.version` is at least the required version, or a pre-release of the required version.
    #[must_use]
    pub fn version_is_enough(&self) -> bool {
        version::is_enough(&self.old_version, &self.new_version, self.findings.iter().map(|finding| finding.severity).max())
    }
}

/// Compares two versions of openapi.json.
///
/// # Errors
/// When one of the documents is not an OpenAPI document, or its `info.version` is not a semantic version.
pub fn check(service: &Service, old: &str, new: &str) -> anyhow::Result<Comparison> {
    let read = |text: &str| -> anyhow::Result<_> {
        let document: Value = serde_json::from_str(text).context("not JSON")?;
        let version = document.pointer("/info/version").and_then(Value::as_str).context("no `info.version`")?;
        let version = semver::Version::parse(version).context("`info.version` is not a semantic version")?;
        Ok((normal::normal(&document, Rules::new(&service.profile, Purpose::Compatibility))?, version))
    };
    let (old, old_version) = read(old).context("the older document")?;
    let (new, new_version) = read(new).context("the newer document")?;
    Ok(Comparison { findings: Changes::between(&old, &new), old_version, new_version })
}
