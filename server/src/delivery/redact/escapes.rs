//! Decodes escapes of single characters: of URLs, JSON, HTML and quoted-printable.

use super::view::View;

/// Maximum number of nested escapes that are decoded, such as a percent-encoded secret in a JSON string.
pub(super) const MAX_ESCAPES: usize = 4;

/// Maximum number of bytes that an escape stands for: a character in UTF-8.
const MAX_BYTES: usize = 4;

/// The result of decoding at a byte.
#[derive(Debug, PartialEq, Eq)]
enum Meaning {
    /// Not an escape.
    Itself,
    /// An escape. The encoded text has `length` bytes. The decoded value is the first `count` bytes of `bytes`.
    Bytes { bytes: [u8; MAX_BYTES], count: usize, length: usize },
    /// An escape that the end of the text truncates.
    Truncated,
}

/// Returns the view with the escapes of URLs, JSON and HTML decoded once, or `None` if there are none.
pub(super) fn unescaped(view: &View) -> Option<View> {
    decoded(view, meaning)
}

fn meaning(rest: &[u8]) -> Meaning {
    match rest[0] {
        b'%' => byte_in_hex(rest, 1),
        b'\\' => backslash(rest),
        b'&' => entity(rest),
        _ => Meaning::Itself,
    }
}

/// Returns the view with all nested escapes decoded, or `None` if there are none.
pub(super) fn unescaped_completely(view: &View) -> Option<View> {
    let mut last = unescaped(view)?;
    for _ in 1..MAX_ESCAPES {
        match unescaped(&last) {
            Some(next) => last = next,
            None => break,
        }
    }
    Some(last)
}

/// Returns the view with the escapes of quoted-printable decoded (RFC 2045 §6.7), or `None` if there are none. In the
/// query of a URL, `=` is not an escape. So these escapes are decoded separately.
pub(super) fn without_quoted_printable(view: &View) -> Option<View> {
    decoded(view, |rest| match rest {
        [b'=', b'\r', b'\n', ..] => Meaning::Bytes { bytes: [0; MAX_BYTES], count: 0, length: 3 },
        [b'=', b'\n', ..] => Meaning::Bytes { bytes: [0; MAX_BYTES], count: 0, length: 2 },
        [b'=', ..] => byte_in_hex(rest, 1),
        _ => Meaning::Itself,
    })
}

fn decoded(view: &View, meaning: impl Fn(&[u8]) -> Meaning) -> Option<View> {
    let mut decoded = View::with_capacity(view.bytes.len());
    let mut at = 0;
    while at < view.bytes.len() {
        match meaning(&view.bytes[at..]) {
            Meaning::Itself => {
                decoded.push(view.bytes[at], view.source(at..at + 1));
                at += 1;
            }
            Meaning::Bytes { bytes, count, length } => {
                let source = view.source(at..at + length);
                for &byte in &bytes[..count] {
                    decoded.push(byte, source);
                }
                at += length;
            }
            // An incomplete escape at the end of the text is left out. It may be part of a truncated secret.
            Meaning::Truncated => break,
        }
    }
    (decoded.bytes.len() < view.bytes.len()).then_some(decoded)
}

/// Decodes `\"`, `\n`, `\u002f` and surrogate pairs (RFC 8259 §7), and `\x2f`, `\057` and `\'` of other
/// languages.
fn backslash(rest: &[u8]) -> Meaning {
    let byte = match rest.get(1) {
        None => return Meaning::Truncated,
        Some(b'u') => return utf16(rest),
        Some(b'x') => return byte_in_hex(rest, 2),
        Some(b'0'..=b'3') => return octal(rest),
        Some(byte @ (b'"' | b'\'' | b'\\' | b'/')) => *byte,
        Some(b'b') => 8,
        Some(b'f') => 12,
        Some(b'n') => b'\n',
        Some(b'r') => b'\r',
        Some(b't') => b'\t',
        Some(_) => return Meaning::Itself,
    };
    single(byte, 2)
}

/// Decodes `&amp;`, `&#47;` and `&#x2f;` (HTML §13.5). Decodes only the entity names that common escaping functions
/// write.
fn entity(rest: &[u8]) -> Meaning {
    const MAX_LEN: usize = 10;
    let body = &rest[1..rest.len().min(MAX_LEN)];
    let Some(length) = body.iter().position(|&byte| byte == b';') else {
        let may_continue = rest.len() < MAX_LEN && body.iter().all(|&byte| byte == b'#' || byte.is_ascii_alphanumeric());
        return if may_continue { Meaning::Truncated } else { Meaning::Itself };
    };
    let char = match &body[..length] {
        b"amp" => Some('&'),
        b"lt" => Some('<'),
        b"gt" => Some('>'),
        b"quot" => Some('"'),
        b"apos" => Some('\''),
        [b'#', b'x' | b'X', digits @ ..] => number(digits, 16).and_then(char::from_u32),
        [b'#', digits @ ..] => number(digits, 10).and_then(char::from_u32),
        _ => None,
    };
    // `length` excludes `&` and `;`.
    char.map_or(Meaning::Itself, |char| character(char, length + 2))
}

/// Decodes two hexadecimal digits at `at`.
fn byte_in_hex(rest: &[u8], at: usize) -> Meaning {
    match hex(rest, at, 2) {
        Ok(byte) => single(byte.to_be_bytes()[3], at + 2),
        Err(other) => other,
    }
}

fn utf16(rest: &[u8]) -> Meaning {
    let first = match hex(rest, 2, 4) {
        Ok(unit) => unit,
        Err(other) => return other,
    };
    if let Some(char) = char::from_u32(first) {
        return character(char, 6);
    }
    // `first` is one half of a surrogate pair. The other half should follow.
    if r"\u".as_bytes().starts_with(&rest[6..rest.len().min(8)]) {
        match hex(rest, 8, 4) {
            Ok(second) => {
                let pair = [first, second].map(|unit| u16::try_from(unit).expect("four digits"));
                if let Some(Ok(char)) = char::decode_utf16(pair).next() {
                    return character(char, 12);
                }
            }
            Err(Meaning::Truncated) => return Meaning::Truncated,
            Err(_) => {}
        }
    }
    character(char::REPLACEMENT_CHARACTER, 6)
}

fn character(char: char, length: usize) -> Meaning {
    let mut bytes = [0; MAX_BYTES];
    let count = char.encode_utf8(&mut bytes).len();
    Meaning::Bytes { bytes, count, length }
}

fn single(byte: u8, length: usize) -> Meaning {
    Meaning::Bytes { bytes: [byte, 0, 0, 0], count: 1, length }
}

/// Decodes `\` and three octal digits.
fn octal(rest: &[u8]) -> Meaning {
    match rest.get(1..4).and_then(|digits| number(digits, 8)).map(u8::try_from) {
        Some(Ok(byte)) => single(byte, 4),
        _ => Meaning::Itself,
    }
}

/// Returns the value of `count` hexadecimal digits at `at`.
///
/// # Errors
/// Returns the meaning of the text if digits are missing.
fn hex(rest: &[u8], at: usize, count: usize) -> Result<u32, Meaning> {
    let digits = rest.get(at..rest.len().min(at + count)).unwrap_or_default();
    match number(digits, 16) {
        Some(number) if digits.len() == count => Ok(number),
        _ if digits.len() < count && digits.iter().all(u8::is_ascii_hexdigit) => Err(Meaning::Truncated),
        _ => Err(Meaning::Itself),
    }
}

/// Parses digits only. The parser of the standard library also accepts a sign.
fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let digits = std::str::from_utf8(digits).ok()?;
    if digits.starts_with('+') { None } else { u32::from_str_radix(digits, radix).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escape_is_decoded_and_other_text_is_unchanged() {
        let means = |text: &str, length| {
            let mut bytes = [0; MAX_BYTES];
            bytes[..text.len()].copy_from_slice(text.as_bytes());
            Meaning::Bytes { bytes, count: text.len(), length }
        };
        for (text, expected) in [
            ("%2fx", means("/", 3)),
            ("%2Fx", means("/", 3)),
            ("%", Meaning::Truncated),
            ("%2", Meaning::Truncated),
            ("%2g", Meaning::Itself),
            ("%+2", Meaning::Itself),
            ("% 2", Meaning::Itself),
            (r"\", Meaning::Truncated),
            (r#"\"x"#, means("\"", 2)),
            (r"\nx", means("\n", 2)),
            (r"\\x", means("\\", 2)),
            (r"\qx", Meaning::Itself),
            (r"\x2fx", means("/", 4)),
            (r"\x2", Meaning::Truncated),
            (r"\057x", means("/", 4)),
            (r"\05", Meaning::Itself),
            (r"\400", Meaning::Itself),
            (r"\u002Fx", means("/", 6)),
            (r"\u00e4x", means("ä", 6)),
            (r"\u", Meaning::Truncated),
            (r"\u00e", Meaning::Truncated),
            (r"\u00ex", Meaning::Itself),
            (r"\ud83d\ude00x", means("😀", 12)),
            (r"\ud83d", Meaning::Truncated),
            (r"\ud83d\", Meaning::Truncated),
            (r"\ud83d\ude0", Meaning::Truncated),
            (r"\ud83dx", means("\u{fffd}", 6)),
            (r"\ud83d\u0041", means("\u{fffd}", 6)),
            (r"\ude00x", means("\u{fffd}", 6)),
            ("&amp;x", means("&", 5)),
            ("&#47;x", means("/", 5)),
            ("&#x2F;x", means("/", 6)),
            ("&#X2f;x", means("/", 6)),
            ("&#0000047;x", means("/", 10)),
            ("&#128512;", means("😀", 9)),
            ("&", Meaning::Truncated),
            ("&am", Meaning::Truncated),
            ("&#x2", Meaning::Truncated),
            ("& x", Meaning::Itself),
            ("&unknown;", Meaning::Itself),
            ("&name=a&other=b", Meaning::Itself),
            ("&#xd800;", Meaning::Itself),
            ("&#;", Meaning::Itself),
        ] {
            assert_eq!(meaning(text.as_bytes()), expected, "{text}");
        }
    }
}
