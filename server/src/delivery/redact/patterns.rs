//! The byte strings that the redactor searches for.
//!
//! A search for complete secrets would cost secrets × positions for texts such as `aaaa`. So a long secret is divided
//! into all its parts of a fixed length, and the parts of all secrets are members of one set. At each position of a
//! text, the search computes one digest for each length, and looks it up in the set. The number of lengths is constant.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, BuildHasherDefault, Hasher, RandomState};

use zeroize::Zeroizing;

use super::view::View;
use super::{SentValues, escapes};

/// Minimum length of a secret. Shorter secrets also occur by chance in any text. The redaction of such a short secret
/// could disclose the secret.
pub(super) const MIN_SECRET: usize = 4;

/// Length of the parts of secrets with at least 12 bytes, and of secrets with 8 to 11 bytes. Shorter secrets are found
/// only if they are complete.
const LONG_PART: usize = 12;
const SHORT_PART: usize = 8;

/// Maximum number of members of the set. Its table then has 64 Ki entries, and 576 KiB. The secrets of a webhook and two
/// access tokens of 8 KiB have at most 40,000 different parts, unless most characters of the secrets are escapes.
pub(super) const MAX_PARTS: usize = 57_344;

/// Marks the digest of the beginning of a secret. The end of a text may truncate a secret.
const BEGINNING: u128 = 1 << 127;

/// Marks the digest of a part of a header value of the callback.
const SENT: u128 = 1 << 126;

/// Marks the digest of the end of the notification identifier. This end is random. The beginning is the time.
const IDENTIFIER: u128 = 1 << 125;

/// A header value of the callback in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repeated {
    NotificationId,
    Value,
}

/// Computes the digests of parts. Nobody outside this process can predict collisions of the digests.
pub(super) struct Patterns {
    seeds: (u64, u64),
    /// The lengths of parts in the set.
    lengths: Vec<usize>,
    parts: HashSet<u64, BuildHasherDefault<Identity>>,
}

impl Patterns {
    /// Returns `None` if the secrets have too many parts.
    pub(super) fn new(secrets: &[Zeroizing<Vec<u8>>], sent: &SentValues) -> Option<Patterns> {
        let seed = || RandomState::new().build_hasher().finish();
        // A table that grows would be copied several times.
        let expected = secrets.iter().map(|secret| secret.len()).sum::<usize>().min(MAX_PARTS);
        let parts = HashSet::with_capacity_and_hasher(expected, BuildHasherDefault::default());
        let mut patterns = Patterns { seeds: (seed(), seed()), lengths: Vec::new(), parts };
        for signature in sent.signatures.split(' ') {
            patterns.add_parts(signature.as_bytes(), SENT);
        }
        for value in &sent.authorizations {
            // A part of the credentials alone is a secret. It is replaced, and the rest of the text is kept.
            patterns.add_parts(&value.as_bytes()[..value.len().min(LONG_PART)], SENT);
        }
        let random = &sent.notification_id.as_bytes()[sent.notification_id.len().saturating_sub(LONG_PART)..];
        patterns.add_parts(random, SENT);
        patterns.add_parts(random, IDENTIFIER);
        for secret in secrets {
            patterns.add(secret)?;
            let unescaped = escapes::unescaped_completely(&View::of(secret));
            if let Some(unescaped) = unescaped {
                patterns.add(&unescaped.bytes)?;
            }
            // Servers in Latin-1 encode these bytes.
            if !secret.is_ascii()
                && let Ok(text) = std::str::from_utf8(secret)
                && let Ok(latin1) = text.chars().map(u8::try_from).collect::<Result<Vec<_>, _>>()
            {
                patterns.add(&latin1)?;
            }
        }
        Some(patterns)
    }

    fn add(&mut self, secret: &[u8]) -> Option<()> {
        if secret.len() < MIN_SECRET {
            return Some(());
        }
        let secret = Zeroizing::new(folded(secret));
        let length = match secret.len() {
            LONG_PART.. => LONG_PART,
            SHORT_PART.. => SHORT_PART,
            length => length,
        };
        if !self.lengths.contains(&length) {
            self.lengths.push(length);
        }
        for part in secret.windows(length) {
            let digest = self.digest(window_of(part), length, 0);
            self.parts.insert(digest);
            if self.parts.len() >= MAX_PARTS - LONG_PART {
                return None;
            }
        }
        for length in MIN_SECRET..LONG_PART.min(secret.len()) {
            let digest = self.digest(window_of(&secret[..length]), length, BEGINNING);
            self.parts.insert(digest);
        }
        Some(())
    }

    /// Adds all parts of a header value. A shorter value than a part is left out, because it may occur by chance.
    fn add_parts(&mut self, value: &[u8], kind: u128) {
        for part in folded(value).windows(LONG_PART) {
            let digest = self.digest(window_of(part), LONG_PART, kind);
            self.parts.insert(digest);
        }
    }

    pub(super) fn lengths(&self) -> &[usize] {
        &self.lengths
    }

    /// Returns whether the last `length` bytes of the window are a part of a secret.
    pub(super) fn contains(&self, window: u128, length: usize) -> bool {
        self.parts.contains(&self.digest(window, length, 0))
    }

    /// Returns which header value of the callback has a part at the end of the window, if any.
    pub(super) fn repeated(&self, window: u128) -> Option<Repeated> {
        let contains = |kind| self.parts.contains(&self.digest(window, LONG_PART, kind));
        contains(SENT).then(|| if contains(IDENTIFIER) { Repeated::NotificationId } else { Repeated::Value })
    }

    /// Returns the length of the longest beginning of a secret that the window ends with.
    pub(super) fn longest_beginning(&self, window: u128, length: usize) -> Option<usize> {
        let lengths = MIN_SECRET..LONG_PART.min(length + 1);
        lengths.rev().find(|&length| self.parts.contains(&self.digest(window, length, BEGINNING)))
    }

    fn digest(&self, window: u128, length: usize, kind: u128) -> u64 {
        let part = window & ((1 << (8 * length)) - 1) | (length as u128) << 112 | kind;
        #[expect(clippy::cast_possible_truncation, reason = "the two halves of the number")]
        let product = u128::from(part as u64 ^ self.seeds.0) * u128::from((part >> 64) as u64 ^ self.seeds.1);
        #[expect(clippy::cast_possible_truncation, reason = "the two halves of the number")]
        let digest = (product >> 64) as u64 ^ product as u64;
        digest
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.parts.len()
    }
}

fn window_of(part: &[u8]) -> u128 {
    part.iter().fold(0, |window, &byte| window << 8 | u128::from(byte))
}

/// Returns the bytes without the differences that the search ignores: lower case for letters, ` ` for `+` (HTML form
/// encoding) and `-` for `_` (names of environment variables). The length does not change.
pub(super) fn folded(bytes: &[u8]) -> Vec<u8> {
    let mut folded = bytes.to_ascii_lowercase();
    let mut at = 0;
    for chunk in bytes.utf8_chunks() {
        if !chunk.valid().is_ascii() {
            for (start, char) in chunk.valid().char_indices().filter(|(_, char)| !char.is_ascii()) {
                let mut lower = char.to_lowercase();
                if let (Some(lower), None) = (lower.next(), lower.next())
                    && lower.len_utf8() == char.len_utf8()
                {
                    lower.encode_utf8(&mut folded[at + start..at + start + char.len_utf8()]);
                }
            }
        }
        at += chunk.valid().len() + chunk.invalid().len();
    }
    for byte in &mut folded {
        match byte {
            b'+' => *byte = b' ',
            b'_' => *byte = b'-',
            _ => {}
        }
    }
    folded
}

/// The members of the set are digests already.
#[derive(Default)]
struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("the set contains only u64");
    }

    fn write_u64(&mut self, digest: u64) {
        self.0 = digest;
    }
}
