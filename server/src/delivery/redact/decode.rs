//! What the escapes of URLs, JSON and HTML mean.

/// An encoding whose escapes all begin with the same byte.
pub(super) struct Decoder {
    pub(super) lead: u8,
    /// Reads the escape that its argument, which begins with the lead, begins with.
    pub(super) meaning: fn(&[u8]) -> Meaning,
}

pub(super) const DECODERS: [Decoder; 3] =
    [Decoder { lead: b'%', meaning: percent }, Decoder { lead: b'\\', meaning: backslash }, Decoder { lead: b'&', meaning: entity }];

/// What stands where an escape may begin.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// No escape.
    Itself,
    /// An escape of `length` bytes.
    Bytes { bytes: Vec<u8>, length: usize },
    /// The beginning of an escape, and then the end of the text.
    Cut,
}

/// `%2F` (RFC 3986 §2.1), in either case.
fn percent(rest: &[u8]) -> Meaning {
    byte_in_hex(rest, 1)
}

/// `\"`, `\n`, `\u002f` and pairs of surrogates (RFC 8259 §7), and `\x2f` and `\'`, which JavaScript and Python have beside them.
fn backslash(rest: &[u8]) -> Meaning {
    let byte = match rest.get(1) {
        None => return Meaning::Cut,
        Some(b'u') => return utf16(rest),
        Some(b'x') => return byte_in_hex(rest, 2),
        Some(byte @ (b'"' | b'\'' | b'\\' | b'/')) => *byte,
        Some(b'b') => 8,
        Some(b'f') => 12,
        Some(b'n') => b'\n',
        Some(b'r') => b'\r',
        Some(b't') => b'\t',
        Some(_) => return Meaning::Itself,
    };
    Meaning::Bytes { bytes: vec![byte], length: 2 }
}

/// `&amp;`, `&#47;` and `&#x2f;` (HTML §13.5), of the names those that escaping functions write.
fn entity(rest: &[u8]) -> Meaning {
    const LONGEST: usize = 10;
    let body = &rest[1..rest.len().min(LONGEST)];
    let Some(length) = body.iter().position(|&byte| byte == b';') else {
        let may_go_on = rest.len() < LONGEST && body.iter().all(|&byte| byte == b'#' || byte.is_ascii_alphanumeric());
        return if may_go_on { Meaning::Cut } else { Meaning::Itself };
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
    // The length is that of the body between `&` and `;`.
    char.map_or(Meaning::Itself, |char| character(char, length + 2))
}

/// Two hexadecimal digits, at `at`.
fn byte_in_hex(rest: &[u8], at: usize) -> Meaning {
    match hex(rest, at, 2) {
        Ok(byte) => Meaning::Bytes { bytes: byte.to_be_bytes()[3..].to_vec(), length: at + 2 },
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
    // Half of a pair; the other half should follow.
    if r"\u".as_bytes().starts_with(&rest[6..rest.len().min(8)]) {
        match hex(rest, 8, 4) {
            Ok(second) => {
                let pair = [first, second].map(|unit| u16::try_from(unit).expect("four digits"));
                if let Some(Ok(char)) = char::decode_utf16(pair).next() {
                    return character(char, 12);
                }
            }
            Err(Meaning::Cut) => return Meaning::Cut,
            Err(_) => {}
        }
    }
    character(char::REPLACEMENT_CHARACTER, 6)
}

fn character(char: char, length: usize) -> Meaning {
    Meaning::Bytes { bytes: char.to_string().into_bytes(), length }
}

/// The number that `count` hexadecimal digits at `at` make; or what it means that they are not there.
fn hex(rest: &[u8], at: usize, count: usize) -> Result<u32, Meaning> {
    let there = rest.get(at..rest.len().min(at + count)).unwrap_or_default();
    match number(there, 16) {
        Some(number) if there.len() == count => Ok(number),
        _ if there.len() < count && there.iter().all(u8::is_ascii_hexdigit) => Err(Meaning::Cut),
        _ => Err(Meaning::Itself),
    }
}

/// Digits only: the parser of the standard library would take a sign as well.
fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let digits = std::str::from_utf8(digits).ok()?;
    if digits.starts_with('+') { None } else { u32::from_str_radix(digits, radix).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escape_means_its_character_and_anything_else_itself() {
        let means = |text: &str, length| Meaning::Bytes { bytes: text.as_bytes().to_vec(), length };
        for (text, expected) in [
            ("%2fx", means("/", 3)),
            ("%2Fx", means("/", 3)),
            ("%", Meaning::Cut),
            ("%2", Meaning::Cut),
            ("%2g", Meaning::Itself),
            ("%+2", Meaning::Itself),
            ("% 2", Meaning::Itself),
            (r"\", Meaning::Cut),
            (r#"\"x"#, means("\"", 2)),
            (r"\nx", means("\n", 2)),
            (r"\\x", means("\\", 2)),
            (r"\qx", Meaning::Itself),
            (r"\x2fx", means("/", 4)),
            (r"\x2", Meaning::Cut),
            (r"\u002Fx", means("/", 6)),
            (r"\u00e4x", means("ä", 6)),
            (r"\u", Meaning::Cut),
            (r"\u00e", Meaning::Cut),
            (r"\u00ex", Meaning::Itself),
            (r"\ud83d\ude00x", means("😀", 12)),
            (r"\ud83d", Meaning::Cut),
            (r"\ud83d\", Meaning::Cut),
            (r"\ud83d\ude0", Meaning::Cut),
            (r"\ud83dx", means("\u{fffd}", 6)),
            (r"\ud83d\u0041", means("\u{fffd}", 6)),
            (r"\ude00x", means("\u{fffd}", 6)),
            ("&amp;x", means("&", 5)),
            ("&#47;x", means("/", 5)),
            ("&#x2F;x", means("/", 6)),
            ("&#X2f;x", means("/", 6)),
            ("&#0000047;x", means("/", 10)),
            ("&#128512;", means("😀", 9)),
            ("&", Meaning::Cut),
            ("&am", Meaning::Cut),
            ("&#x2", Meaning::Cut),
            ("& x", Meaning::Itself),
            ("&unknown;", Meaning::Itself),
            ("&name=a&other=b", Meaning::Itself),
            ("&#xd800;", Meaning::Itself),
            ("&#;", Meaning::Itself),
        ] {
            let decoder = DECODERS.iter().find(|decoder| decoder.lead == text.as_bytes()[0]).expect("a lead");
            assert_eq!((decoder.meaning)(text.as_bytes()), expected, "{text}");
        }
    }
}
