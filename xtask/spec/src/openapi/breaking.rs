//! The command `breaking`: what a change of openapi.json takes from its users, and the version that says so.
//!
//! Both states of the document are brought to the normal form and compared in the direction that matters ([`View`]).
//! What a user sends may only become wider: a client's requests, and a receiver's answers to callbacks. What a user reads
//! may only become narrower: answers to a client, and callbacks. A pattern or a keyword that this knows nothing of cannot
//! be compared with another; each change of one is taken to break.
//!
//! Decided, where there is a choice:
//! - A success status that is gone or new breaks: a client waits for the one and does not know the other. An error status
//!   does not: a client has to take any 4xx as 400 and any 5xx as 500 (RFC 9110 §15).
//! - A callback that is new to a URL, and an answer that gets a meaning of its own, reach receivers that never heard of
//!   them: both break.
//! - Another `default` breaks, since what a user leaves out then means something else.
//! - An operation's name is promised, since generated clients are called by it. Names of components, tags and hosts, and
//!   how the document is written, are not.
//!
//! Nobody was promised what a pre-release says, so from one any later version is enough. Before the first release (a tag
//! such as `v0.1.0`) the command only reports.

use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::Value;

use super::normal;
use super::rules::{Reading, Rules};
use crate::Service;
use base::Base;
use finding::Changes;

mod base;
mod finding;
mod operations;
mod report;
mod schemas;
mod version;

pub use finding::{Finding, Flow, User, View, Weight};

#[derive(clap::Args)]
pub struct Arguments {
    /// A git ref, or a file, with the older document [default: the last release; before the first one, where this branch left main, or on main the commit before]
    #[arg(long, value_name = "REF_OR_FILE")]
    against: Option<String>,
}

/// # Errors
/// When one of the documents cannot be read for what it is, or `--against` names nothing.
pub fn run(service: &Service, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let (name, old, is_released) = match base::find(&service.root, arguments.against.as_deref())? {
        Base::Document { name, text, is_released } => (name, text, is_released),
        Base::Nothing(reason) => {
            println!("nothing to compare openapi.json with: {reason}");
            return Ok(ExitCode::SUCCESS);
        }
    };
    let new = service.document()?;
    let changes = check(service, &old, &new).with_context(|| format!("openapi.json against {name}"))?;
    print!("{}", changes.text(&name, &new));
    if !is_released {
        println!("nothing is released yet, so this only reports");
        return Ok(ExitCode::SUCCESS);
    }
    Ok(if changes.version_is_enough() { ExitCode::SUCCESS } else { ExitCode::from(crate::DRIFT) })
}

/// What became of a document, and of its version.
#[derive(Debug)]
pub struct Comparison {
    /// What breaks first, and then what is added.
    pub findings: Vec<Finding>,
    pub old_version: semver::Version,
    pub new_version: semver::Version,
}

impl Comparison {
    /// The lowest version that says what the change does.
    #[must_use]
    pub fn demanded_version(&self) -> semver::Version {
        version::demanded(&self.old_version, self.findings.iter().map(|finding| finding.weight).max())
    }

    /// One line for each finding, for people. `name` is what the older document is called.
    #[must_use]
    pub fn text(&self, name: &str, openapi_json: &str) -> String {
        report::text(self, name, openapi_json)
    }

    /// Whether `info.version` is at least the one that is demanded. Its own pre-releases announce it as well.
    #[must_use]
    pub fn version_is_enough(&self) -> bool {
        version::is_enough(&self.old_version, &self.new_version, self.findings.iter().map(|finding| finding.weight).max())
    }
}

/// Compares two states of openapi.json.
///
/// # Errors
/// When one is no OpenAPI document, or has no semantic version.
pub fn check(service: &Service, old: &str, new: &str) -> anyhow::Result<Comparison> {
    let read = |text: &str| -> anyhow::Result<_> {
        let document: Value = serde_json::from_str(text).context("not JSON")?;
        let version = document.pointer("/info/version").and_then(Value::as_str).context("no `info.version`")?;
        let version = semver::Version::parse(version).context("`info.version` is no semantic version")?;
        Ok((normal::normal(&document, Rules::new(&service.profile, Reading::Promise))?, version))
    };
    let (old, old_version) = read(old).context("the older document")?;
    let (new, new_version) = read(new).context("the newer document")?;
    Ok(Comparison { findings: Changes::between(&old, &new), old_version, new_version })
}
