//! The project's own tasks. A verb leaves with 0 when all is well, with [`DRIFT`] when two things that must agree do
//! not, and with 1 when it could not do its work.

use std::path::{Path, PathBuf};

pub mod bench;
pub mod chaos;
pub mod ci;
pub mod client;
pub mod contract;
pub mod deploy;
pub mod docs;
mod environment;
pub mod evidence;
pub mod json_schema;
pub mod languages;
pub mod lint;
pub mod mutation;
pub mod openapi;
pub mod readme;
mod server;

/// The exit code that says: nothing failed, but what was compared differs.
pub const DRIFT: u8 = 4;

/// A path that is named from the top of the repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn read(path: &Path) -> anyhow::Result<String> {
    use anyhow::Context as _;
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
