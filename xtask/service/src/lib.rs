//! Runs the checks of the crate `openapi-proof` on this service, and generates files from openapi.json.
//!
//! The exit code of each command is 0 if the check succeeds, and 1 if the command could not run. It is
//! [`openapi_proof::DRIFT`] if the check finds a difference.

use std::path::{Path, PathBuf};

pub mod client;
pub mod docs;
mod profile;

pub use profile::service;

/// Returns the path of a file. The argument is relative to the root of the repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

fn read(path: &Path) -> anyhow::Result<String> {
    use anyhow::Context as _;
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
