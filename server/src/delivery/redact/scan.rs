//! Searches a text for secrets in all forms that the service decodes.

use std::ops::Range;

use super::Withheld;
use super::data;
use super::escapes::{self, MAX_ESCAPES};
use super::patterns::{Patterns, folded};
use super::view::{Source, View};

/// Maximum number of nested encodings of data, such as base64 in base64.
const MAX_NESTED: usize = 2;

/// Maximum number of bytes in all forms of a text. `tests/cost.rs` checks that usual texts have fewer.
pub(super) const MAX_WORK: usize = 128 * 1024;

/// The names of the signature headers without their common beginning. Servers that echo a request repeat these names.
const HEADER_PREFIX: u64 = u64::from_be_bytes(*b"webhook-");
const HEADER_NAMES: [&[u8]; 3] = [b"id", b"signature", b"timestamp"];

/// A signature is `v1,` and 43 base64 digits.
const SIGNATURE_PREFIX: u128 = 0x76_31_2c;
const SIGNATURE_DIGITS: usize = 43;

pub(super) struct Scan<'a> {
    patterns: &'a Patterns,
    /// For each position of the text, the largest end of a secret that starts there, or 0.
    ends: Vec<u16>,
    /// Number of bytes that were searched.
    work: usize,
}

impl Scan<'_> {
    pub(super) fn new(patterns: &Patterns, text_length: usize) -> Scan<'_> {
        Scan { patterns, ends: vec![0; text_length], work: 0 }
    }

    /// Searches all forms of the text.
    ///
    /// # Errors
    /// If the text looks like an echo of a callback, or has too many forms.
    pub(super) fn search_all_forms(&mut self, text: &View) -> Result<(), Withheld> {
        self.search_forms(text, 0)
    }

    fn search_forms(&mut self, view: &View, nested: usize) -> Result<(), Withheld> {
        self.search(view)?;
        let mut last: Option<View> = None;
        for _ in 0..MAX_ESCAPES {
            let Some(unescaped) = escapes::unescaped(last.as_ref().unwrap_or(view)) else { break };
            self.search(&unescaped)?;
            last = Some(unescaped);
        }
        if nested == MAX_NESTED {
            return Ok(());
        }
        data::forms(view, |decoded| self.search_forms(&decoded, nested + 1))?;
        match last {
            Some(last) => data::forms(&last, |decoded| self.search_forms(&decoded, nested + 1)),
            None => Ok(()),
        }
    }

    /// Marks the secrets in this form of the text.
    fn search(&mut self, view: &View) -> Result<(), Withheld> {
        self.work += view.bytes.len();
        if self.work > MAX_WORK {
            return Err(Withheld::Expensive);
        }
        let bytes = folded(&view.bytes);
        let mut window = 0;
        for (at, &byte) in bytes.iter().enumerate() {
            window = window << 8 | u128::from(byte);
            let end = at + 1;
            if is_echo(window, &bytes[end..]) {
                return Err(Withheld::Echo);
            }
            for &length in self.patterns.lengths() {
                if length <= end && self.patterns.contains(window, length) {
                    self.mark(view.source(end - length..end));
                }
            }
        }
        if let Some(length) = self.patterns.longest_beginning(window, bytes.len()) {
            self.mark(view.source(bytes.len() - length..bytes.len()));
        }
        Ok(())
    }

    pub(super) fn mark(&mut self, secret: Source) {
        let end = &mut self.ends[usize::from(secret.start)];
        *end = (*end).max(secret.end);
    }

    /// Returns the marked ranges of the text, sorted. Overlapping and adjacent ranges are merged.
    pub(super) fn spans(&self) -> Vec<Range<usize>> {
        let mut spans: Vec<Range<usize>> = Vec::new();
        for (start, end) in self.ends.iter().map(|&end| usize::from(end)).enumerate().filter(|(_, end)| *end > 0) {
            match spans.last_mut() {
                Some(last) if start <= last.end => last.end = last.end.max(end),
                _ => spans.push(start..end),
            }
        }
        spans
    }

    #[cfg(test)]
    pub(super) fn work(&self) -> usize {
        self.work
    }
}

/// Returns whether a header name or a signature of a callback is at the end of the window and in the text after it.
fn is_echo(window: u128, rest: &[u8]) -> bool {
    #[expect(clippy::cast_possible_truncation, reason = "the last 8 bytes of the window")]
    let last = window as u64;
    if last == HEADER_PREFIX {
        return HEADER_NAMES.iter().any(|name| rest.starts_with(name));
    }
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || b" /-".contains(byte);
    window & 0xff_ff_ff == SIGNATURE_PREFIX && rest.get(..SIGNATURE_DIGITS).is_some_and(|digits| digits.iter().all(is_digit))
}
