//! Proves that a hand-written OpenAPI 3.0 document and a dropshot service agree. README.md describes how to adopt it.
//!
//! A [`Service`] has the document, the document that the code generates, and a [`Profile`] of what dropshot cannot express. The
//! commands are [`openapi`], [`openapi::breaking`], [`evidence::coverage`] and [`mutation`]. The exit code is 0 if everything
//! agrees, [`DRIFT`] if it does not, and 1 if the command could not run.

use std::path::Path;

pub mod evidence;
pub mod json_schema;
pub mod mutation;
pub mod openapi;
mod profile;

pub use profile::{Callback, ErrorHeader, Errors, Evidence, Profile, Refusal, Security, Service, Unseen};

/// Compiles the examples of README.md as documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// Exit code: the command ran, and found a difference.
pub const DRIFT: u8 = 4;

fn read(path: &Path) -> anyhow::Result<String> {
    use anyhow::Context as _;
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
