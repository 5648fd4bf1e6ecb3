//! Searches a text for secrets in all forms that the service decodes.

use std::ops::Range;

use super::Withheld;
use super::data;
use super::escapes::{self, MAX_ESCAPES};
use super::patterns::{Patterns, Repeated, folded};
use super::view::{Source, View};

/// Maximum number of nested encodings of data, such as base64 in base64.
const MAX_NESTED: usize = 2;

/// Maximum number of bytes in all forms of a text. `tests/cost.rs` checks that usual texts have fewer.
pub(super) const MAX_WORK: usize = 128 * 1024;

/// The names of the signature headers without their common beginning.
const HEADER_PREFIX: u64 = u64::from_be_bytes(*b"webhook-");
const HEADER_NAMES: [&[u8]; 3] = [b"id", b"timestamp", b"signature"];
const ALL_NAMES: u8 = 0b111;
const NOTIFICATION_ID: u8 = 0b1000;

/// Maximum number of characters between the name of a header and its value, such as `": ["`.
const MAX_BETWEEN: usize = 8;

pub(super) struct Scan<'a> {
    patterns: &'a Patterns,
    /// For each position of the text, the largest end of a secret that starts there, or 0.
    ends: Vec<u16>,
    /// Number of bytes that were searched.
    work: usize,
    /// Which header names the text contains, and whether it contains the notification identifier.
    seen: u8,
    /// Whether the text continues after its end, so that its end may truncate a secret.
    is_cut: bool,
}

impl Scan<'_> {
    pub(super) fn new(patterns: &Patterns, text_length: usize, is_cut: bool) -> Scan<'_> {
        Scan { patterns, ends: vec![0; text_length], work: 0, seen: 0, is_cut }
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
            if self.is_echo(window, &bytes[end..]) {
                return Err(Withheld::Echo);
            }
            for &length in self.patterns.lengths() {
                if length <= end && self.patterns.contains(window, length) {
                    self.mark(view.source(end - length..end));
                }
            }
        }
        if self.is_cut
            && let Some(length) = self.patterns.longest_beginning(window, bytes.len())
        {
            self.mark(view.source(bytes.len() - length..bytes.len()));
        }
        Ok(())
    }

    /// Returns whether the text up to the end of the window shows that the whole text is an echo of the callback.
    ///
    /// Errors of receivers also contain the names of the headers, for example if a header is missing. So an echo is a
    /// text with a value that was sent, with a name that has a signature as its value, or with all names and the
    /// notification identifier.
    fn is_echo(&mut self, window: u128, rest: &[u8]) -> bool {
        match self.patterns.repeated(window) {
            Some(Repeated::Value) => return true,
            Some(Repeated::NotificationId) => self.seen |= NOTIFICATION_ID,
            None => {}
        }
        #[expect(clippy::cast_possible_truncation, reason = "the last 8 bytes of the window")]
        let last = window as u64;
        if last == HEADER_PREFIX {
            for (bit, name) in HEADER_NAMES.iter().enumerate() {
                if let Some(value) = rest.strip_prefix(*name) {
                    self.seen |= 1 << bit;
                    if is_signature(value) {
                        return true;
                    }
                }
            }
        }
        self.seen == ALL_NAMES | NOTIFICATION_ID
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

    #[cfg(any(test, feature = "fuzzing"))]
    pub(super) fn work(&self) -> usize {
        self.work
    }
}

/// Returns whether a signature follows, such as `v1,` and base64 digits.
fn is_signature(after_name: &[u8]) -> bool {
    let between = after_name.iter().take(MAX_BETWEEN).take_while(|byte| !byte.is_ascii_alphanumeric()).count();
    let value = after_name[between..].strip_prefix(b"v1,");
    between > 0 && value.and_then(<[u8]>::first).is_some_and(u8::is_ascii_alphanumeric)
}
