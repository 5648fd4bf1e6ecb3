//! The secret of a hostile customer whose receiver returns it in many encodings. The service must not store the secret.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A custom header of the webhook has this value.
pub(super) const SECRET: &str = "k7-Vq2xPz9LmT4wRb8Nc";

/// Returns the names and the bytes of the encodings in which a receiver returns the secret.
pub(super) fn encodings() -> Vec<(&'static str, Vec<u8>)> {
    let bytes = SECRET.as_bytes();
    let hex = |separator: &str| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(separator);
    let base64 = STANDARD.encode(bytes);
    let percent = || bytes.iter().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let quoted = || bytes.iter().map(|byte| format!("={byte:02X}")).collect::<String>();
    let json = || bytes.iter().map(|byte| format!("\\u{byte:04x}")).collect::<String>();
    vec![
        ("plain", bytes.to_vec()),
        ("base64", base64.clone().into_bytes()),
        ("base64 twice", STANDARD.encode(&base64).into_bytes()),
        ("hexadecimal", hex("").into_bytes()),
        ("hexadecimal with spaces", hex(" ").into_bytes()),
        ("hexadecimal with colons", hex(":").into_bytes()),
        ("percent encoding", percent().into_bytes()),
        ("quoted-printable", quoted().into_bytes()),
        ("JSON escapes", json().into_bytes()),
        ("upper case", SECRET.to_uppercase().into_bytes()),
        ("reversed", bytes.iter().rev().copied().collect()),
        ("UTF-16", bytes.iter().flat_map(|byte| [*byte, 0]).collect()),
    ]
}

/// Returns the names of the encodings of the secret that the files in a folder contain.
pub(super) fn stored_in(directory: &Path) -> anyhow::Result<Vec<&'static str>> {
    let mut contents = Vec::new();
    for file in fs::read_dir(directory).with_context(|| format!("cannot read {}", directory.display()))? {
        let path = file?.path();
        if path.is_file() {
            contents.push(fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?);
        }
    }
    let is_stored = |bytes: &[u8]| contents.iter().any(|content| contains(content, bytes));
    Ok(encodings().into_iter().filter(|(_, bytes)| is_stored(bytes)).map(|(name, _)| name).collect())
}

fn contains(content: &[u8], wanted: &[u8]) -> bool {
    let Some(first) = wanted.first() else { return false };
    let mut rest = content;
    while let Some(at) = rest.iter().position(|byte| byte == first) {
        if rest[at..].starts_with(wanted) {
            return true;
        }
        rest = &rest[at + 1..];
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_file_is_found() {
        assert!(contains(b"xxab", b"ab") && contains(b"aab", b"ab") && !contains(b"a", b"ab") && !contains(b"", b"a"));
    }

    #[test]
    fn each_encoding_is_different() {
        let mut encodings: Vec<_> = encodings().into_iter().map(|(_, bytes)| bytes).collect();
        let count = encodings.len();
        encodings.sort_unstable();
        encodings.dedup();
        assert_eq!(encodings.len(), count);
        assert!(
            !encodings.iter().enumerate().any(|(at, one)| encodings.iter().enumerate().any(|(of, other)| at != of && contains(other, one)))
        );
    }
}
