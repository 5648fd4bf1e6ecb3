//! The text of a failed attempt. It consists of the service's own words and of foreign text.
//!
//! Only foreign text is redacted. A secret may equal a word of the service, and redaction of the service's own words
//! would destroy the sentence and disclose the secret.

use std::borrow::Cow;

use super::redact::{self, Redactor};

/// Maximum number of characters that are shown of a foreign text.
const MAX_SHOWN_CHARS: usize = 256;

/// Maximum number of characters of a foreign text that are kept. The redactor also searches the text after the shown
/// characters, because the last shown characters may be the beginning of a secret.
const MAX_RAW_CHARS: usize = 4 * MAX_SHOWN_CHARS;

/// Maximum number of characters of the whole text. openapi.json has the same limit.
const MAX_CHARS: usize = 1024;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    /// The service's own words, numbers, and parts of the configuration of the webhook that are no secrets.
    Own(Cow<'static, str>),
    /// A text from a receiver, a token server or a certificate.
    Foreign(String),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ErrorText(Vec<Piece>);

impl<T: Into<Cow<'static, str>>> From<T> for ErrorText {
    fn from(own: T) -> ErrorText {
        ErrorText(vec![Piece::Own(own.into())])
    }
}

impl ErrorText {
    #[must_use]
    pub(super) fn own(mut self, text: impl Into<Cow<'static, str>>) -> ErrorText {
        self.0.push(Piece::Own(text.into()));
        self
    }

    #[must_use]
    pub(super) fn foreign(mut self, text: &str) -> ErrorText {
        self.0.push(Piece::Foreign(text.chars().take(MAX_RAW_CHARS).collect()));
        self
    }

    /// Puts `place`, for example `the token URL`, before the text.
    #[must_use]
    pub(super) fn at(mut self, place: &'static str) -> ErrorText {
        self.0.splice(0..0, [Piece::Own(place.into()), Piece::Own(": ".into())]);
        self
    }

    /// Returns the text without the secrets in foreign texts.
    pub(super) async fn redacted(&self, redactor: Redactor) -> String {
        let foreign = self.0.iter().filter_map(|piece| match piece {
            Piece::Own(_) => None,
            Piece::Foreign(text) => Some(text.as_str()),
        });
        let foreign: Vec<&str> = foreign.collect();
        let mut kept = redact::beginnings(&foreign, MAX_SHOWN_CHARS, redactor).await.into_iter();
        self.render(|_| kept.next().unwrap_or_default())
    }

    /// Returns the text. `redact` removes the secrets from a foreign text.
    pub(super) fn render(&self, mut redact: impl FnMut(&str) -> String) -> String {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Own(own) => text.push_str(own),
                Piece::Foreign(foreign) => text.extend(redact(foreign).chars().flat_map(escaped).take(MAX_SHOWN_CHARS)),
            }
        }
        text.chars().take(MAX_CHARS).collect()
    }
}

/// Returns the character, or its escape sequence if it controls the display: a control character, or a character that
/// changes the direction of the text or is invisible (Unicode UAX #9 §2).
fn escaped(character: char) -> impl Iterator<Item = char> {
    let controls = character.is_control()
        || matches!(character, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    let (escape, itself) = if controls { (Some(character.escape_default()), None) } else { (None, Some(character)) };
    escape.into_iter().flatten().chain(itself)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::redact::SentValues;

    #[test]
    fn only_foreign_text_is_redacted() {
        let text = ErrorText::from("the token URL returned ").foreign("secret s\u{202e}\n").own(" s");
        let redact = |text: &str| text.replace('s', "[redacted]");
        assert_eq!(text.render(redact), r"the token URL returned [redacted]ecret [redacted]\u{202e}\n s");
        assert_eq!(ErrorText::from("refused").at("the token URL").render(redact), "the token URL: refused");
    }

    #[test]
    fn the_length_is_limited() {
        let text = ErrorText::from("a").foreign(&"é".repeat(10_000)).own("b");
        assert_eq!(text.render(str::to_owned), format!("a{}b", "é".repeat(MAX_SHOWN_CHARS)));
        let many = (0..10).fold(ErrorText::default(), |text, _| text.foreign(&"x".repeat(300)));
        assert_eq!(many.render(str::to_owned).len(), MAX_CHARS);
    }

    #[tokio::test]
    async fn a_secret_in_each_foreign_text_is_redacted() {
        let secret = "a secret of the webhook";
        for (before, expected) in [(0, "[redacted]"), (250, "[redac"), (256, "")] {
            let foreign = format!("{}{secret}, {}", "é".repeat(before), "x".repeat(2000));
            let text = ErrorText::from("1: ").foreign(&foreign).own(" 2: ").foreign(secret);
            let text = text.redacted(Redactor::new([secret], SentValues::default())).await;
            let rest = text.strip_prefix(&format!("1: {}{expected}", "é".repeat(before))).unwrap_or_else(|| panic!("{text}"));
            assert!(rest.ends_with(" 2: [redacted]") && !rest.contains("secret"), "{text}");
        }
    }
}
