//! Decodes encodings of binary data: base64, hexadecimal, lists of decimal numbers, UTF-16 and quoted-printable.
//!
//! Servers print such data with different separators: in lines, in groups, or with quotes and commas. So only the digits
//! matter, and all other characters are skipped. The first digit may belong to other text. So the digits are decoded at
//! each alignment.

use super::escapes;
use super::patterns::MIN_SECRET;
use super::view::{Source, View};

/// Minimum number of digits between two bytes that are not text. Fewer digits occur by chance in binary data.
const MIN_RUN: usize = 6;

/// A digit or a number.
struct Digit {
    value: u8,
    source: Source,
}

/// Calls `visit` with each decoded form of the view.
pub(super) fn forms<E>(view: &View, mut visit: impl FnMut(View) -> Result<(), E>) -> Result<(), E> {
    let mut visit = |decoded: View| if decoded.bytes.len() < MIN_SECRET { Ok(()) } else { visit(decoded) };
    for (value, bits, alignments) in [(base64_value as fn(&[u8]) -> Option<u8>, 6, 4), (hex_value, 4, 2)] {
        let digits = digits(view, value);
        for skipped in 0..alignments {
            visit(packed(digits.get(skipped..).unwrap_or_default(), bits))?;
        }
    }
    let numbers = numbers(view);
    visit(unpacked(numbers.iter()))?;
    // A JSON object such as `{"0":104,"1":105}` also has the position of each byte.
    for skipped in 0..2 {
        visit(unpacked(numbers.iter().skip(skipped).step_by(2)))?;
    }
    visit(without_zero_bytes(view))?;
    escapes::without_quoted_printable(view).map_or(Ok(()), visit)
}

/// Returns the digits of the view.
fn digits(view: &View, value: fn(&[u8]) -> Option<u8>) -> Vec<Digit> {
    let mut digits = Vec::with_capacity(view.bytes.len());
    let mut run = 0;
    for (at, byte) in view.bytes.iter().enumerate() {
        if !byte.is_ascii_graphic() && !byte.is_ascii_whitespace() {
            if digits.len() - run < MIN_RUN {
                digits.truncate(run);
            }
            run = digits.len();
        } else if let Some(value) = value(&view.bytes[at..]) {
            digits.push(Digit { value, source: view.source(at..at + 1) });
        } else if *byte == b'='
            && let Some(last) = digits.last_mut()
        {
            // The padding of base64.
            last.source.end = view.source(at..at + 1).end;
        }
    }
    if digits.len() - run < MIN_RUN {
        digits.truncate(run);
    }
    digits
}

/// Returns the value of the first byte in base64 or base64url (RFC 4648 §4 and §5).
fn base64_value(rest: &[u8]) -> Option<u8> {
    match *rest.first()? {
        byte @ b'A'..=b'Z' => Some(byte - b'A'),
        byte @ b'a'..=b'z' => Some(byte - b'a' + 26),
        byte @ b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

fn hex_value(rest: &[u8]) -> Option<u8> {
    match *rest.first()? {
        // The prefix of a number, such as `0x73`.
        b'0' if matches!(rest.get(1), Some(b'x' | b'X')) => None,
        byte @ b'0'..=b'9' => Some(byte - b'0'),
        byte @ b'a'..=b'f' => Some(byte - b'a' + 10),
        byte @ b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// Joins digits of `bits` bits each to bytes. A byte has bits of at most 3 digits.
fn packed(digits: &[Digit], bits: usize) -> View {
    let count = digits.len() * bits / 8;
    let mut view = View::with_capacity(count);
    for byte in 0..count {
        let (first, last) = (byte * 8 / bits, (byte * 8 + 7) / bits);
        let value = |at: usize| digits.get(at).map_or(0, |digit| u32::from(digit.value));
        let three = value(first) << (2 * bits) | value(first + 1) << bits | value(first + 2);
        let shifted = three >> (3 * bits - byte * 8 % bits - 8);
        view.push(shifted.to_be_bytes()[3], Source { start: digits[first].source.start, end: digits[last].source.end });
    }
    view
}

/// Returns the decimal numbers of at most 3 digits that fit a byte.
fn numbers(view: &View) -> Vec<Digit> {
    let mut numbers = Vec::new();
    let mut start = 0;
    for digits in view.bytes.split(|byte| !byte.is_ascii_digit()) {
        if (1..=3).contains(&digits.len())
            && let Ok(value) = u8::try_from(digits.iter().fold(0_u32, |number, digit| number * 10 + u32::from(digit - b'0')))
        {
            numbers.push(Digit { value, source: view.source(start..start + digits.len()) });
        }
        start += digits.len() + 1;
    }
    numbers
}

fn unpacked<'a>(numbers: impl Iterator<Item = &'a Digit>) -> View {
    let mut view = View::default();
    for number in numbers {
        view.push(number.value, number.source);
    }
    view
}

/// Returns the bytes beside zero bytes. UTF-16 has one zero byte for each character of ASCII and Latin-1.
fn without_zero_bytes(view: &View) -> View {
    let is_zero = |at: usize| view.bytes.get(at) == Some(&0);
    let mut kept = View::default();
    for (at, &byte) in view.bytes.iter().enumerate() {
        if byte != 0 && (is_zero(at + 1) || at > 0 && is_zero(at - 1)) {
            kept.push(byte, view.source(at..at + 1));
        }
    }
    kept
}
