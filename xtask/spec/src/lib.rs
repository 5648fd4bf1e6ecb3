//! Proves that a hand-written OpenAPI 3.0 document and a dropshot service say the same. README.md says how to adopt it.
//!
//! A [`Service`] is the document, what the code generates, and a [`Profile`] of what dropshot cannot express. The commands on
//! it are [`openapi`], [`openapi::breaking`], [`evidence::coverage`] and [`mutation`]. Each ends with exit code 0 when all is
//! well, with [`DRIFT`] when two things that must agree do not, and with 1 when it could not do its work.

use std::path::Path;

pub mod evidence;
pub mod json_schema;
pub mod mutation;
pub mod openapi;
mod profile;

pub use profile::{Callback, ErrorHeader, Errors, Evidence, Profile, Refusal, Security, Service, Unseen};

/// The examples of README.md compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// The exit code that says: nothing failed, but what was compared differs.
pub const DRIFT: u8 = 4;

fn read(path: &Path) -> anyhow::Result<String> {
    use anyhow::Context as _;
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
