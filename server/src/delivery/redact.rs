//! Removes secrets from the responses of receivers: many servers echo the request, including its `Authorization` header.
//!
//! The text may contain a secret unchanged or encoded. The module `scan` produces the text in all forms that the service
//! decodes, and searches each form for parts of the secrets. Each found part is replaced by `[redacted]`. No list of
//! encodings is complete. So a text that looks like an echo of a callback is withheld as a whole: it repeats a signature
//! or an `Authorization` value of the callback, or names its headers together with their values.
//!
//! The cost of a text is limited, whatever the secrets and the text are: the module `patterns` limits the memory for the
//! secrets, and the module `scan` limits the number of bytes that it searches. A text that needs more is withheld.

use std::borrow::Cow;
use std::fmt;
use std::sync::{LazyLock, OnceLock};
use std::thread::available_parallelism;
use std::time::Duration;

use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use self::patterns::{MIN_SECRET, Patterns};
use self::scan::Scan;
use self::view::{Source, View};

mod data;
mod escapes;
#[cfg(any(test, feature = "fuzzing"))]
pub(super) mod fuzz_target;
mod patterns;
mod scan;
mod view;

const REDACTED: &str = "[redacted]";

/// Number of bytes after the limit of an excerpt that are also searched. So a secret is found if the limit truncates it.
/// A found part has at most 12 bytes. An escape has at most 12 characters in two nested encodings.
const MARGIN: usize = 256;

/// Minimum number of letters and digits of a word that is redacted because it looks like encoded data. A SHA-256 hash in
/// hexadecimal has 64 digits, and is often the identifier of a request.
const MIN_ENCODED_WORD: usize = 65;

/// Minimum number of different characters in such a word.
const MIN_DISTINCT: usize = 16;

/// Maximum number of bytes of the secrets and of the text for a search on the caller's thread. Such a search takes at
/// most about 0.1 ms, and 0.01 ms for a usual response.
const MAX_INLINE_SECRETS: usize = 2048;
const MAX_INLINE_TEXT: usize = 256;

/// Limits the threads that search at the same time. More threads than processors would only use memory.
static SEARCHES: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(available_parallelism().map_or(2, |count| count.get().max(2))));

/// Maximum time that a search waits for its turn. So expensive texts of one receiver delay no other attempt for long.
const MAX_WAIT: Duration = Duration::from_millis(250);

/// The reason why no part of a text is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Withheld {
    /// The text repeats headers of the callback.
    Echo,
    NotText,
    /// The text or the secrets exceed a limit, or too many other searches run.
    Expensive,
}

impl Withheld {
    fn note(self) -> &'static str {
        match self {
            Withheld::Echo => {
                "[redacted] The service does not keep this text: it repeats headers of the callback, so it may also repeat credentials."
            }
            Withheld::NotText => "[redacted] The service does not keep this text: it is not UTF-8.",
            Withheld::Expensive => "[redacted] The service does not keep this text: a search for secrets in it takes too long.",
        }
    }

    fn result(self) -> (String, bool) {
        (self.note().to_owned(), true)
    }
}

/// The header values that an attempt sent. The response may repeat them.
#[derive(Clone, Default)]
pub struct SentValues {
    pub notification_id: String,
    /// The value of `webhook-signature`.
    pub signatures: String,
    /// Each value of `Authorization`: a scheme and credentials.
    pub authorizations: Vec<Zeroizing<String>>,
}

/// Finds the secrets that were given to `new`. The `Debug` output shows no secret.
pub struct Redactor {
    secrets: Vec<Zeroizing<Vec<u8>>>,
    sent: SentValues,
    /// `None` if the secrets have too many parts.
    patterns: OnceLock<Option<Patterns>>,
}

impl Redactor {
    /// The credentials in `sent` are secrets too. The schemes before them, such as `Bearer`, are not.
    pub fn new<S: AsRef<[u8]>>(secrets: impl IntoIterator<Item = S>, sent: SentValues) -> Redactor {
        let copied = |secret: &[u8]| Zeroizing::new(secret.to_vec());
        let credentials = sent.authorizations.iter().filter_map(|value| value.split_once(' '));
        let secrets = secrets.into_iter().map(|secret| copied(secret.as_ref()));
        let secrets = secrets.chain(credentials.map(|(_, credentials)| copied(credentials.as_bytes())));
        let secrets = secrets.filter(|secret| secret.len() >= MIN_SECRET).collect();
        Redactor { secrets, sent, patterns: OnceLock::new() }
    }

    /// Returns the text with each secret replaced by `[redacted]`. Only the first 4 KiB of the text are returned. If the
    /// text looks like an echo of a callback, returns a note instead of the text.
    #[cfg(test)]
    fn redact(&self, text: &str) -> String {
        self.excerpt(text.as_bytes(), 4096, true).0
    }

    /// See [`excerpt`].
    fn excerpt(&self, body: &[u8], limit: usize, is_complete: bool) -> (String, bool) {
        let searched = &body[..body.len().min(limit + MARGIN)];
        let is_cut = !is_complete || searched.len() < body.len();
        let kept = text_of(searched).and_then(|text| {
            if text.len() < MIN_SECRET || self.secrets.is_empty() { Ok(Cow::Borrowed(text)) } else { self.replaced(text, limit, is_cut) }
        });
        match kept {
            Ok(text) => {
                let end = (0..=limit.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
                (text[..end].to_owned(), end < text.len() || body.len() > limit)
            }
            Err(withheld) => withheld.result(),
        }
    }

    /// Returns the first `limit` bytes of the text with each secret replaced.
    fn replaced<'a>(&self, text: &'a str, limit: usize, is_cut: bool) -> Result<Cow<'a, str>, Withheld> {
        let patterns = self.patterns.get_or_init(|| Patterns::new(&self.secrets, &self.sent));
        let mut scan = Scan::new(patterns.as_ref().ok_or(Withheld::Expensive)?, text.len(), is_cut);
        scan.search_all_forms(&View::of(text.as_bytes()))?;
        mark_encoded_words(text, &mut scan);
        let floor = |at: usize| (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        let end = floor(limit);
        let mut replaced = String::with_capacity(text.len());
        let mut copied = 0;
        for span in scan.spans() {
            // A span may begin or end within a character, because an escape may stand for a part of a character.
            let start = floor(span.start);
            if start >= end {
                break;
            }
            replaced.push_str(&text[copied.min(start)..start]);
            replaced.push_str(REDACTED);
            copied = (span.end..text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(text.len());
        }
        replaced.push_str(&text[copied.min(end)..end]);
        Ok(replaced.into())
    }

    fn is_cheap(&self, text_bytes: usize) -> bool {
        text_bytes < MIN_SECRET
            || text_bytes <= MAX_INLINE_TEXT && self.secrets.iter().map(|secret| secret.len()).sum::<usize>() <= MAX_INLINE_SECRETS
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor([redacted])")
    }
}

/// Returns the beginning of a response body as text, and whether this text is incomplete. The text has at most `limit`
/// bytes (so at most `limit` characters), and contains no secret. If the body looks like an echo of a callback or is not
/// text, the returned text is a note with the reason.
///
/// If the body is not complete, its end may truncate a secret. Such a truncated secret is replaced as well.
///
/// The search runs outside the threads of the runtime, unless the body and the secrets are short.
pub async fn excerpt(body: &[u8], limit: usize, is_complete: bool, redactor: Redactor) -> (String, bool) {
    if redactor.is_cheap(body.len()) {
        return redactor.excerpt(body, limit, is_complete);
    }
    let beginning = body[..body.len().min(limit + MARGIN + 1)].to_vec();
    search(&SEARCHES, move || redactor.excerpt(&beginning, limit, is_complete)).await.unwrap_or_else(|| Withheld::Expensive.result())
}

/// Returns the first `max_chars` characters of each text without secrets, like [`excerpt`].
pub async fn beginnings(texts: &[&str], max_chars: usize, redactor: Redactor) -> Vec<String> {
    let limit = |text: &str| text.char_indices().nth(max_chars).map_or(text.len(), |(at, _)| at);
    let cut = |text: &&str| text.as_bytes()[..text.len().min(limit(text) + MARGIN + 1)].to_vec();
    let limits: Vec<(Vec<u8>, usize)> = texts.iter().map(|text| (cut(text), limit(text))).collect();
    let is_cheap = redactor.is_cheap(limits.iter().map(|(text, _)| text.len()).sum());
    let run = move || limits.iter().map(|(text, limit)| redactor.excerpt(text, *limit, true).0).collect();
    let kept = if is_cheap { Some(run()) } else { search(&SEARCHES, run).await };
    kept.unwrap_or_else(|| vec![Withheld::Expensive.note().to_owned(); texts.len()])
}

/// Runs a search outside the threads of the runtime. Returns `None` if too many other searches run.
async fn search<T: Send + 'static>(searches: &'static Semaphore, run: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let permit = tokio::time::timeout(MAX_WAIT, searches.acquire()).await.ok()?.ok()?;
    let search = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        run()
    });
    // The search fails only if the runtime stops.
    search.await.ok()
}

/// Returns the bytes as text. A character that the end of the bytes truncates is left out.
fn text_of(bytes: &[u8]) -> Result<&str, Withheld> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => std::str::from_utf8(&bytes[..error.valid_up_to()]).map_err(|_| Withheld::NotText)?,
        Err(_) => return Err(Withheld::NotText),
    };
    // UTF-16 and UTF-32 contain this character.
    if text.contains('\0') { Err(Withheld::NotText) } else { Ok(text) }
}

/// Marks long words of letters and digits. They may be secrets in an encoding that the service does not decode.
fn mark_encoded_words(text: &str, scan: &mut Scan<'_>) {
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || b"+_".contains(byte);
    let text = text.as_bytes();
    let mut start = 0;
    for word in text.split(|byte| !is_digit(byte)) {
        let end = start + word.len();
        // The name of a function in a stack trace of C++ or Rust.
        if word.len() >= MIN_ENCODED_WORD && !word.starts_with(b"_ZN") {
            let distinct = word.iter().fold(0_u128, |seen, byte| seen | 1 << (byte & 127)).count_ones();
            if distinct as usize >= MIN_DISTINCT {
                let padding = text[end..].iter().take_while(|byte| **byte == b'=').count();
                scan.mark(Source::new(start, end + padding));
            }
        }
        start = end + 1;
    }
}

#[cfg(test)]
mod tests;
