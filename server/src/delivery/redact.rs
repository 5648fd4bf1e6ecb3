//! Removes secrets from the responses of receivers: many servers echo the request, including its `Authorization` header.
//!
//! A response may contain a secret unchanged or encoded. In hexadecimal and base64, a secret has only a few forms, and
//! the redactor searches for all these forms. Percent-encoding, JSON and HTML can escape each character in several
//! ways. The redactor decodes these three encodings and searches the decoded text. It decodes at most two nested
//! encodings, such as a percent-encoded secret in a JSON string.
//!
//! Overlapping secrets are redacted together, so that no part of them remains.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use data_encoding::HEXLOWER;

use self::decode::{DECODERS, Decoder, Meaning};

mod decode;

const REDACTED: &str = "[redacted]";

/// Maximum number of nested encodings that are decoded.
const MAX_DEPTH: usize = 2;

/// Minimum length of a secret whose encoded forms are redacted. `MIN_BASE64_PART` is the minimum length of a base64
/// part. Shorter forms also occur by chance in any text. The redaction of such short forms could disclose the secret.
const MIN_ENCODED_SECRET: usize = 4;
const MIN_BASE64_PART: usize = 8;

/// Minimum number of bytes of a truncated secret at the end of a text. Fewer bytes may match by chance.
const MIN_TRUNCATED_SECRET: usize = 4;

/// Finds the secrets that were given to `new`. The `Debug` output shows no secret.
pub struct Redactor {
    forms: Forms,
    hex_forms: Forms,
}

impl Redactor {
    /// Builds a redactor. The time and the memory for this call grow with the length of the secrets. So build a
    /// redactor only if there is text to redact.
    pub fn new<S: AsRef<[u8]>>(secrets: impl IntoIterator<Item = S>) -> Redactor {
        let (mut forms, mut hex_forms) = (BTreeSet::new(), BTreeSet::new());
        for secret in secrets {
            let secret = secret.as_ref();
            if secret.is_empty() {
                continue;
            }
            forms.extend(raw_forms(secret));
            forms.extend(base64_forms(secret));
            if secret.len() >= MIN_ENCODED_SECRET {
                hex_forms.insert(HEXLOWER.encode(secret).into_bytes());
            }
        }
        Redactor { forms: Forms::new(forms, false), hex_forms: Forms::new(hex_forms, true) }
    }

    /// Returns the text with each secret replaced by `[redacted]`.
    pub fn redact(&self, text: &str) -> String {
        replace(text.as_bytes(), &self.spans(&views(text.as_bytes())))
    }

    /// Returns the ranges of the secrets in the original text of `views`, sorted and merged.
    fn spans(&self, views: &[View]) -> Vec<Range<usize>> {
        let mut spans: Vec<_> = views.iter().flat_map(|view| self.all_forms().flat_map(|forms| forms.find(view))).collect();
        spans.sort_by_key(|span| span.start);
        let mut merged: Vec<Range<usize>> = Vec::new();
        for span in spans {
            match merged.last_mut() {
                Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
                _ => merged.push(span),
            }
        }
        merged
    }

    /// If the end of the text truncates a secret, returns the start of that secret.
    fn truncated_secret(&self, views: &[View]) -> Option<usize> {
        views.iter().flat_map(|view| self.all_forms().filter_map(|forms| forms.find_truncated(view))).min()
    }

    fn all_forms(&self) -> impl Iterator<Item = &Forms> {
        [&self.forms, &self.hex_forms].into_iter()
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor([redacted])")
    }
}

/// Returns the beginning of a response body as text, and whether this text is truncated. The text has at most `limit` bytes (so
/// at most `limit` characters). Secrets are redacted before the text is truncated.
///
/// `body` may be only the beginning of the response, so its end may truncate a secret. Such a truncated secret is removed as
/// well.
pub fn excerpt(body: &[u8], limit: usize, redactor: &Redactor) -> (String, bool) {
    // Decoding a long body is slow, so only its beginning is decoded. This beginning is long enough for the excerpt,
    // unless long secrets are most of the text.
    let beginning = &body[..body.len().min(limit.saturating_mul(4))];
    let views = views(beginning);
    let spans = redactor.spans(&views);
    let end = match redactor.truncated_secret(&views) {
        // If the text ends with a complete secret, the end of the text truncates no secret.
        Some(_) if spans.last().is_some_and(|last| last.end == beginning.len()) => beginning.len(),
        Some(start) => start,
        None => beginning.len(),
    };
    let spans: Vec<_> = spans.into_iter().filter(|span| span.start < end).map(|span| span.start..span.end.min(end)).collect();
    let mut text = replace(&beginning[..end], &spans);
    let is_truncated = text.len() > limit || end < body.len();
    let boundary = (0..=limit.min(text.len())).rev().find(|&at| text.is_char_boundary(at));
    text.truncate(boundary.unwrap_or(0));
    (text, is_truncated)
}

fn replace(text: &[u8], spans: &[Range<usize>]) -> String {
    let mut replaced = String::with_capacity(text.len());
    let mut copied = 0;
    for span in spans {
        replaced.push_str(&String::from_utf8_lossy(&text[copied..span.start]));
        replaced.push_str(REDACTED);
        copied = span.end;
    }
    replaced.push_str(&String::from_utf8_lossy(&text[copied..]));
    replaced
}

/// Returns the forms of the secret: unchanged, with `+` for each space (HTML form encoding), and in Latin-1.
fn raw_forms(secret: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = vec![secret.to_vec()];
    if secret.contains(&b' ') {
        forms.push(secret.iter().map(|&byte| if byte == b' ' { b'+' } else { byte }).collect());
    }
    if let Ok(text) = std::str::from_utf8(secret)
        && let Ok(latin1) = text.chars().map(u8::try_from).collect::<Result<Vec<_>, _>>()
    {
        forms.push(latin1);
    }
    forms
}

/// Returns the base64 forms of the secret. Also returns the base64 digits that the secret has within any longer text,
/// such as `user:password`.
fn base64_forms(secret: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = vec![STANDARD.encode(secret), URL_SAFE.encode(secret)];
    if secret.len() >= MIN_ENCODED_SECRET {
        forms.extend([STANDARD_NO_PAD.encode(secret), URL_SAFE_NO_PAD.encode(secret)]);
    }
    for bytes_before in 0..3 {
        let shifted = [&vec![0; bytes_before], secret].concat();
        // A base64 digit has 6 bits. Only digits without bits of the surrounding text are used.
        let digits = (bytes_before * 8).div_ceil(6)..shifted.len() * 8 / 6;
        if digits.len() >= MIN_BASE64_PART {
            forms.extend([STANDARD, URL_SAFE].map(|engine| engine.encode(&shifted)[digits.clone()].to_owned()));
        }
    }
    forms.into_iter().map(String::into_bytes).collect()
}

/// Byte strings to look for.
struct Forms {
    forms: Vec<Vec<u8>>,
    automaton: AhoCorasick,
    ignore_ascii_case: bool,
}

impl Forms {
    fn new(forms: BTreeSet<Vec<u8>>, ignore_ascii_case: bool) -> Forms {
        let forms: Vec<_> = forms.into_iter().collect();
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(ignore_ascii_case)
            // The default kind of automaton needs megabytes for an access token of some kilobytes.
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(&forms)
            .expect("the secrets have kilobytes, and the limit of the automaton is gigabytes");
        Forms { forms, automaton, ignore_ascii_case }
    }

    fn find(&self, view: &View) -> Vec<Range<usize>> {
        self.automaton.find_overlapping_iter(&view.bytes).map(|found| view.source(found.range())).collect()
    }

    fn find_truncated(&self, view: &View) -> Option<usize> {
        let longest = self.forms.iter().filter_map(|form| {
            let longest = form.len().saturating_sub(1).min(view.bytes.len());
            (MIN_TRUNCATED_SECRET..=longest).rev().find(|&length| {
                let tail = &view.bytes[view.bytes.len() - length..];
                if self.ignore_ascii_case { tail.eq_ignore_ascii_case(&form[..length]) } else { tail == &form[..length] }
            })
        });
        longest.max().map(|length| view.source(view.bytes.len() - length..view.bytes.len()).start)
    }
}

/// The original text or a decoded text. For each byte, the view has the source range: the range in the original text.
struct View {
    bytes: Vec<u8>,
    sources: Vec<Range<usize>>,
}

/// Returns the text itself and all its decoded forms.
fn views(text: &[u8]) -> Vec<View> {
    let mut views = vec![View { bytes: text.to_vec(), sources: (0..text.len()).map(|at| at..at + 1).collect() }];
    let mut undecoded = 0;
    for _ in 0..MAX_DEPTH {
        let decoded: Vec<_> =
            views[undecoded..].iter().flat_map(|view| DECODERS.iter().filter_map(|decoder| view.decoded(decoder))).collect();
        undecoded = views.len();
        views.extend(decoded);
    }
    views
}

impl View {
    /// Returns the source range of a non-empty part of this view.
    fn source(&self, part: Range<usize>) -> Range<usize> {
        self.sources[part.start].start..self.sources[part.end - 1].end
    }

    /// Returns the decoded view, or `None` if there is nothing to decode.
    fn decoded(&self, decoder: &Decoder) -> Option<View> {
        if !self.bytes.contains(&decoder.lead) {
            return None;
        }
        let mut view = View { bytes: Vec::with_capacity(self.bytes.len()), sources: Vec::with_capacity(self.bytes.len()) };
        let mut at = 0;
        while at < self.bytes.len() {
            let meaning = if self.bytes[at] == decoder.lead { (decoder.meaning)(&self.bytes[at..]) } else { Meaning::Itself };
            match meaning {
                Meaning::Itself => {
                    view.bytes.push(self.bytes[at]);
                    view.sources.push(self.sources[at].clone());
                    at += 1;
                }
                Meaning::Bytes { bytes, length } => {
                    let source = self.source(at..at + length);
                    view.sources.extend(bytes.iter().map(|_| source.clone()));
                    view.bytes.extend(bytes);
                    at += length;
                }
                // An incomplete escape at the end of the text is left out. It may be part of a truncated secret.
                Meaning::Truncated => break,
            }
        }
        Some(view)
    }
}

#[cfg(test)]
mod tests;
