//! Checks that a hand-written OpenAPI 3.0 document and a dropshot service agree. README.md describes how to use this
//! crate.
//!
//! A [`Service`] has both documents: openapi.json, and the document that the code generates. Its [`Profile`] describes
//! what dropshot cannot express. The commands are [`openapi`], [`openapi::breaking`], [`evidence::coverage`] and
//! [`mutation`]. The exit code is 0 if a command finds no difference, [`DRIFT`] if the command finds a difference, and
//! 1 if the command cannot run.

use std::path::Path;

pub mod evidence;
pub mod json_schema;
pub mod mutation;
pub mod openapi;
mod profile;

pub use profile::{Callback, ErrorHeader, Errors, Evidence, Profile, Refusal, Security, Service, Unseen};

/// Compiles the examples of README.md with the mark `rust`. The examples with the mark `rs` need the crates of the reader, so
/// they are not compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// The exit code of a command that ran and found a difference.
pub const DRIFT: u8 = 4;

fn read(path: &Path) -> anyhow::Result<String> {
    use anyhow::Context as _;
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
