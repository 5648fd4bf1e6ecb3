//! The secret of a hostile customer whose receiver returns it in many encodings. The service must not store the secret.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A custom header of the webhook has this value.
pub(super) const SECRET: &str = "k7-Vq2xPz9LmT4wRb8Nc";

type Encodings = Vec<(&'static str, Vec<u8>)>;

/// Returns the names and the bytes of common encodings of the secret.
pub(super) fn common_encodings() -> Encodings {
    let bytes = SECRET.as_bytes();
    let percent = || bytes.iter().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let json = || bytes.iter().map(|byte| format!("\\u{byte:04x}")).collect::<String>();
    vec![
        ("plain", bytes.to_vec()),
        ("base64", STANDARD.encode(bytes).into_bytes()),
        ("hexadecimal", hexadecimal("").into_bytes()),
        ("percent encoding", percent().into_bytes()),
        ("JSON escapes", json().into_bytes()),
    ]
}

/// Returns all encodings of the secret in text.
pub(super) fn encodings() -> Encodings {
    let bytes = SECRET.as_bytes();
    let quoted = || bytes.iter().map(|byte| format!("={byte:02X}")).collect::<String>();
    let mut encodings = common_encodings();
    encodings.extend([
        ("base64 twice", STANDARD.encode(STANDARD.encode(bytes)).into_bytes()),
        ("hexadecimal with spaces", hexadecimal(" ").into_bytes()),
        ("hexadecimal with colons", hexadecimal(":").into_bytes()),
        ("quoted-printable", quoted().into_bytes()),
        ("upper case", SECRET.to_uppercase().into_bytes()),
        ("reversed", bytes.iter().rev().copied().collect()),
    ]);
    encodings
}

fn hexadecimal(separator: &str) -> String {
    SECRET.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(separator)
}

/// Returns a text in UTF-16 with the less significant byte first.
pub(super) fn utf16(text: &[u8]) -> Vec<u8> {
    text.iter().flat_map(|byte| [*byte, 0]).collect()
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
    let encodings = encodings().into_iter().chain([("UTF-16", utf16(SECRET.as_bytes()))]);
    Ok(encodings.filter(|(_, bytes)| is_stored(bytes)).map(|(name, _)| name).collect())
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
