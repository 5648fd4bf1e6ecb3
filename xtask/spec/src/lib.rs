//! What makes openapi.json the source of truth: the comparison with the code, the evidence that the tests record, the
//! mutations that prove both, and what is generated from the document.
//!
//! Each command ends with exit code 0 when all is well, with [`DRIFT`] when two things that must agree do not, and with 1
//! when it could not do its work.

use std::path::{Path, PathBuf};

pub mod client;
pub mod docs;
pub mod evidence;
pub mod json_schema;
pub mod mutation;
pub mod openapi;

/// The exit code that says: nothing failed, but what was compared differs.
pub const DRIFT: u8 = 4;

/// A path that is named from the top of the repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

fn read(path: &Path) -> anyhow::Result<String> {
    use anyhow::Context as _;
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
