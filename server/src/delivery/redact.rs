//! Keeps secrets out of what a receiver sends back: many servers echo the request, its `Authorization` header included, in their answers.
//!
//! A secret comes back raw or encoded. Hexadecimal and base64 have few forms, and all of them are searched for. In percent-encoding, JSON
//! and HTML each character may be escaped or not, in several ways; there the text is decoded, and the secret is searched for in what it means.
//! Two encodings on top of each other, such as a URL in a JSON string, are seen through, three are not.
//!
//! Whatever overlaps a secret goes, so that of two secrets that overlap neither is left in part.

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

/// How many encodings on top of each other are seen through.
const DEPTH: usize = 2;

/// Encoded forms shorter than these are found in any text, and redacting them would tell more than it hides.
const SHORTEST_ENCODED_SECRET: usize = 4;
const SHORTEST_BASE64_PART: usize = 8;

/// A text that ends with so many bytes of a secret ends within that secret, and not by chance.
const SHORTEST_CUT_SECRET: usize = 4;

/// Finds the secrets that it was built from. Debug shows none of them.
pub struct Redactor {
    forms: Forms,
    hex_forms: Forms,
}

impl Redactor {
    /// Building takes a time and a space that grow with the secrets' length, so build one only when there is something to redact.
    pub fn new<S: AsRef<[u8]>>(secrets: impl IntoIterator<Item = S>) -> Redactor {
        let (mut forms, mut hex_forms) = (BTreeSet::new(), BTreeSet::new());
        for secret in secrets {
            let secret = secret.as_ref();
            if secret.is_empty() {
                continue;
            }
            forms.extend(raw_forms(secret));
            forms.extend(base64_forms(secret));
            if secret.len() >= SHORTEST_ENCODED_SECRET {
                hex_forms.insert(HEXLOWER.encode(secret).into_bytes());
            }
        }
        Redactor { forms: Forms::new(forms, false), hex_forms: Forms::new(hex_forms, true) }
    }

    /// The text with `[redacted]` in place of each secret.
    pub fn redact(&self, text: &str) -> String {
        replace(text.as_bytes(), &self.spans(&views(text.as_bytes())))
    }

    /// Where secrets are in the text that `views` show: in order, and apart from each other.
    fn spans(&self, views: &[View]) -> Vec<Range<usize>> {
        let mut spans: Vec<_> = views.iter().flat_map(|view| self.all_forms().flat_map(|forms| forms.find(view))).collect();
        spans.sort_by_key(|span| span.start);
        let mut apart: Vec<Range<usize>> = Vec::new();
        for span in spans {
            match apart.last_mut() {
                Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
                _ => apart.push(span),
            }
        }
        apart
    }

    /// Where a secret begins that the end of the text cuts off.
    fn cut_secret(&self, views: &[View]) -> Option<usize> {
        views.iter().flat_map(|view| self.all_forms().filter_map(|forms| forms.find_cut(view))).min()
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

/// The beginning of a response body as text: at most `limit` bytes (so at most `limit` characters), secrets redacted before it is cut,
/// and whether anything of `body` is missing.
///
/// `body` may itself be only the beginning of what was sent, so a secret may be cut by its end; that part is left out as well.
pub fn excerpt(body: &[u8], limit: usize, redactor: &Redactor) -> (String, bool) {
    // An excerpt needs no more, unless secrets longer than their replacement fill it; and decoding a long body takes its time.
    let beginning = &body[..body.len().min(limit.saturating_mul(4))];
    let views = views(beginning);
    let spans = redactor.spans(&views);
    let end = match redactor.cut_secret(&views) {
        // What ends with a whole secret is not cut by its end.
        Some(_) if spans.last().is_some_and(|last| last.end == beginning.len()) => beginning.len(),
        Some(start) => start,
        None => beginning.len(),
    };
    let spans: Vec<_> = spans.into_iter().filter(|span| span.start < end).map(|span| span.start..span.end.min(end)).collect();
    let mut text = replace(&beginning[..end], &spans);
    let is_cut = text.len() > limit || end < body.len();
    let boundary = (0..=limit.min(text.len())).rev().find(|&at| text.is_char_boundary(at));
    text.truncate(boundary.unwrap_or(0));
    (text, is_cut)
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

/// As it is, with `+` for a space (the form encoding of HTML), and in Latin-1.
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

/// The secret in base64 by itself, and the part that stays the same wherever in a longer text (`user:password`) the secret stands.
fn base64_forms(secret: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = vec![STANDARD.encode(secret), URL_SAFE.encode(secret)];
    if secret.len() >= SHORTEST_ENCODED_SECRET {
        forms.extend([STANDARD_NO_PAD.encode(secret), URL_SAFE_NO_PAD.encode(secret)]);
    }
    for bytes_before in 0..3 {
        let shifted = [&vec![0; bytes_before], secret].concat();
        // A digit holds 6 bits. Only those digits count that hold nothing of what stands before or behind.
        let digits = (bytes_before * 8).div_ceil(6)..shifted.len() * 8 / 6;
        if digits.len() >= SHORTEST_BASE64_PART {
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
            // The one chosen by default takes some megabytes for an access token of some kilobytes.
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(&forms)
            .expect("secrets are bounded by kilobytes, and the automaton by gigabytes");
        Forms { forms, automaton, ignore_ascii_case }
    }

    fn find(&self, view: &View) -> Vec<Range<usize>> {
        self.automaton.find_overlapping_iter(&view.bytes).map(|found| view.source(found.range())).collect()
    }

    fn find_cut(&self, view: &View) -> Option<usize> {
        let longest = self.forms.iter().filter_map(|form| {
            let longest = form.len().saturating_sub(1).min(view.bytes.len());
            (SHORTEST_CUT_SECRET..=longest).rev().find(|&length| {
                let tail = &view.bytes[view.bytes.len() - length..];
                if self.ignore_ascii_case { tail.eq_ignore_ascii_case(&form[..length]) } else { tail == &form[..length] }
            })
        });
        longest.max().map(|length| view.source(view.bytes.len() - length..view.bytes.len()).start)
    }
}

/// A text, or what it means when it is decoded; and where each byte of that comes from.
struct View {
    bytes: Vec<u8>,
    sources: Vec<Range<usize>>,
}

/// The text itself, and every other reading of it.
fn views(text: &[u8]) -> Vec<View> {
    let mut views = vec![View { bytes: text.to_vec(), sources: (0..text.len()).map(|at| at..at + 1).collect() }];
    let mut undecoded = 0;
    for _ in 0..DEPTH {
        let decoded: Vec<_> =
            views[undecoded..].iter().flat_map(|view| DECODERS.iter().filter_map(|decoder| view.decoded(decoder))).collect();
        undecoded = views.len();
        views.extend(decoded);
    }
    views
}

impl View {
    /// Where a part of this view, which is not empty, comes from.
    fn source(&self, part: Range<usize>) -> Range<usize> {
        self.sources[part.start].start..self.sources[part.end - 1].end
    }

    /// `None` if there is nothing to decode.
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
                // The secret that the end of the text cuts off may be cut within an escape.
                Meaning::Cut => break,
            }
        }
        Some(view)
    }
}

#[cfg(test)]
mod tests;
