//! Fuzz targets: functions that check the properties of the parsers, the redaction and the attempts for any input.
//!
//! A target panics if a property does not hold. Three programs call the same functions:
//!
//! - `cargo test` runs the committed corpus in xtask/fuzz/corpus, and random changes of it (`tests.rs`).
//! - `cargo xtask fuzz` builds xtask/fuzz, in which libFuzzer looks for inputs that reach new code.
//! - `cargo xtask fuzz --input FILE TARGET` runs one input.
//!
//! Only tests and the feature `fuzzing` compile this module, so it is not part of the server. An input is text where possible,
//! so that people can read and write the corpus. Parts of an input are separated by a line [`SEPARATOR`].

mod api;
mod headers;
mod settings;
mod signatures;

pub use self::api::{cursors, event_types, json, outbound_url, request_bodies};
pub use self::headers::{forwarding_headers, retry_after};
pub use self::settings::{configuration, postgres_url};
pub use self::signatures::callback_verification;
pub use crate::delivery::fuzz_targets::{attempt_http1, attempt_http2, redaction, token_response};

/// A function that checks properties for one input.
pub type Target = fn(&[u8]);

/// Each target with its name, which is also the name of its corpus and of its program in xtask/fuzz/src/bin.
pub const TARGETS: [(&str, Target); 14] = [
    ("attempt_http1", attempt_http1),
    ("attempt_http2", attempt_http2),
    ("callback_verification", callback_verification),
    ("configuration", configuration),
    ("cursors", cursors),
    ("event_types", event_types),
    ("forwarding_headers", forwarding_headers),
    ("json", json),
    ("outbound_url", outbound_url),
    ("postgres_url", postgres_url),
    ("redaction", redaction),
    ("request_bodies", request_bodies),
    ("retry_after", retry_after),
    ("token_response", token_response),
];

/// The line between two parts of an input.
pub(crate) const SEPARATOR: &[u8] = b"\n---\n";

/// A text that stands for a secret in the inputs. No message of the service contains it.
pub(crate) const MARK: &str = "S3CR3T";

/// Returns the parts of an input. The last part contains the rest, and missing parts are empty.
pub(crate) fn parts<const COUNT: usize>(data: &[u8]) -> [&[u8]; COUNT] {
    let mut parts = [&[][..]; COUNT];
    let mut rest = data;
    for (index, part) in parts.iter_mut().enumerate() {
        let end = rest.windows(SEPARATOR.len()).position(|window| window == SEPARATOR).filter(|_| index + 1 < COUNT);
        let Some(end) = end else {
            *part = rest;
            break;
        };
        *part = &rest[..end];
        rest = &rest[end + SEPARATOR.len()..];
    }
    parts
}

#[cfg(test)]
mod tests;
