//! Checks that every JSON parser can read a text. The service returns the payloads of publications byte for byte. So a
//! payload that some parser refuses would make whole pages and callbacks unreadable.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Maximum number of nested arrays and objects. Parsers have limits of 64 or more, and responses add up to 5 levels.
pub const MAX_LEVELS: usize = 64;

/// The reason why some parsers cannot read a JSON text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    Levels,
    /// The parser of this crate refuses these.
    NumberOrSurrogate,
}

impl Reason {
    fn detail(self) -> String {
        match self {
            Reason::Levels => format!("must have at most {MAX_LEVELS} levels of arrays and objects"),
            Reason::NumberOrSurrogate => "must not contain an unpaired surrogate such as `\\ud800` (RFC 7493 §2.1) or a number outside \
                                          the range of a double such as `1e400` (RFC 7493 §2.2)"
                .to_owned(),
        }
    }
}

/// A JSON text that not every parser can read.
#[derive(Debug, PartialEq, Eq)]
pub struct NotInteroperable {
    /// The position of the value as a JSON Pointer (RFC 6901).
    pub pointer: String,
    pub detail: String,
}

/// Checks a JSON text. A text that is not JSON at all is accepted: the caller parses it later, and reports what is wrong.
///
/// # Errors
/// If the text is not UTF-8, or has unpaired surrogates, numbers that a double cannot represent, or too many levels.
pub fn check(text: &[u8]) -> Result<(), NotInteroperable> {
    if std::str::from_utf8(text).is_err() {
        return Err(NotInteroperable { pointer: String::new(), detail: "must be UTF-8 (RFC 8259 §8.1)".to_owned() });
    }
    let reason = Cell::new(Reason::NumberOrSurrogate);
    let value = Value { levels: MAX_LEVELS, reason: &reason };
    if value.deserialize(&mut serde_json::Deserializer::from_slice(text)).is_ok() {
        return Ok(());
    }
    if (&mut serde_json::Deserializer::from_slice(text)).deserialize_ignored_any(IgnoredAny).is_err() {
        return Ok(());
    }
    // The first pass does not record the position, because this is slow.
    let pointer = position_of_error(text, value);
    Err(NotInteroperable { pointer, detail: reason.get().detail() })
}

/// Returns the position at which reading a text fails, as a JSON Pointer. Without a failure, returns an empty text.
fn position_of_error(text: &[u8], value: Value<'_>) -> String {
    let mut track = serde_path_to_error::Track::new();
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let tracked = serde_path_to_error::Deserializer::new(&mut deserializer, &mut track);
    value.deserialize(tracked).map_or_else(|_| pointer(&track.path()), |()| String::new())
}

/// Returns the position of the value in which a text stops being JSON, as a JSON Pointer.
pub(crate) fn end_of_valid(text: &[u8]) -> String {
    let reason = Cell::new(Reason::NumberOrSurrogate);
    position_of_error(text, Value { levels: usize::MAX, reason: &reason })
}

/// Converts a path of `serde_path_to_error` to a JSON Pointer (RFC 6901 §3).
pub(crate) fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
            Segment::Enum { .. } | Segment::Unknown => String::new(),
        })
        .collect()
}

#[derive(Clone, Copy)]
struct Value<'a> {
    levels: usize,
    reason: &'a Cell<Reason>,
}

impl<'a> Value<'a> {
    fn inner<E: serde::de::Error>(self) -> Result<Value<'a>, E> {
        match self.levels.checked_sub(1) {
            Some(levels) => Ok(Value { levels, ..self }),
            None => Err(self.refused(Reason::Levels)),
        }
    }

    fn refused<E: serde::de::Error>(self, reason: Reason) -> E {
        self.reason.set(reason);
        E::custom("not interoperable")
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let inner = self.inner()?;
        while items.next_element_seed(inner)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let inner = self.inner()?;
        while members.next_key::<Cow<'de, str>>()?.is_some() {
            members.next_value_seed(inner)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(count: usize) -> String {
        format!("{}{}", "[".repeat(count), "]".repeat(count))
    }

    #[test]
    fn a_text_that_some_parsers_refuse_is_refused_with_its_position() {
        for (text, pointer, detail) in [
            (r#"{"a":[0,{"n":1e400}]}"#, "/a/1/n", "outside"),
            (r#"{"n":-1e309}"#, "/n", "outside"),
            (&format!(r#"{{"n":1{}}}"#, "0".repeat(400)), "/n", "outside"),
            (r#"{"s":"\ud800"}"#, "/s", "surrogate"),
            (r#"{"s":"\udc00\ud800"}"#, "/s", "surrogate"),
            (r#"{"s":"\ud800x"}"#, "/s", "surrogate"),
            (r#"{"s":"\ud800\u0041"}"#, "/s", "surrogate"),
            (r#"{"o":{"\ud800":1}}"#, "/o", "surrogate"),
            (r#"{"o":{"a~/b":{"x":1e400}}}"#, "/o/a~0~1b/x", "outside"),
            (&levels(65), &"/0".repeat(64), "at most 64 levels"),
            (&levels(127), &"/0".repeat(64), "at most 64 levels"),
            (&levels(100_000), &"/0".repeat(64), "at most 64 levels"),
        ] {
            let error = check(text.as_bytes()).expect_err(text);
            assert!(error.pointer == pointer && error.detail.contains(detail), "{text}: {error:?}");
        }
    }

    #[test]
    fn a_text_that_is_not_utf_8_is_refused() {
        let utf16: Vec<u8> = r#"{"a":1}"#.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for text in [&b"{\"a\":\"\xe4\"}"[..], b"{\"\xff\":1}", b"\x80", b"{\"a\":\"\xed\xa0\x80\"}", &[b"\xff\xfe", &utf16[..]].concat()] {
            let error = check(text).expect_err("not UTF-8");
            assert_eq!((error.pointer.as_str(), error.detail.as_str()), ("", "must be UTF-8 (RFC 8259 §8.1)"), "{text:?}");
        }
    }

    #[test]
    fn a_text_that_every_parser_reads_is_accepted() {
        for text in [
            r#"{"n":[1e308,-0,1e-400,18446744073709551616,0.1234567890123456789012345678901234567890]}"#,
            r#"{"s":"\ud83d\ude00 \u0000 \uffff","":{"":null,"a":[true,false]}}"#,
            r#"{"a":1,"\u0061":2}"#,
            &format!(r#"{{"n":1{}}}"#, "0".repeat(300)),
            &levels(64),
        ] {
            assert_eq!(check(text.as_bytes()), Ok(()), "{text}");
            assert!(serde_json::from_str::<serde_json::Value>(text).is_ok(), "{text}");
        }
        for not_json in ["", "{", "[1,]", r#"{"s":"\ud8"}"#, "nul", "{\"a\":\"\u{1}\"}"] {
            assert_eq!(check(not_json.as_bytes()), Ok(()), "{not_json}");
        }
    }
}
