//! This service's use of the drift proof (`openapi-proof`): its profile, and what is generated from openapi.json.
//!
//! Each command ends with exit code 0 when all is well, with [`openapi_proof::DRIFT`] when two things that must agree do not,
//! and with 1 when it could not do its work.

use std::path::{Path, PathBuf};

pub mod client;
pub mod docs;
mod profile;

pub use profile::service;

/// A path that is named from the top of the repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

fn read(path: &Path) -> anyhow::Result<String> {
    use anyhow::Context as _;
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
