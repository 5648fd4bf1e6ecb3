//! The types of columns, and the conversion of values from the embedded store to PostgreSQL.

use chrono::{DateTime, Utc};
use rusqlite::types::ValueRef;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::row::Value;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Small,
    Int,
    Big,
    Id,
    /// A time, in milliseconds since 1970 in the source.
    Millis,
    /// A time, in microseconds since 1970 in the source.
    Micros,
    Text,
    /// A text that may contain U+0000. PostgreSQL cannot store U+0000, so the conversion replaces it with U+FFFD.
    Excerpt,
    Bytes,
}

impl Kind {
    pub(super) fn in_target(self) -> Type {
        match self {
            Kind::Bool => Type::BOOL,
            Kind::Small => Type::INT2,
            Kind::Int => Type::INT4,
            Kind::Big => Type::INT8,
            Kind::Id => Type::UUID,
            Kind::Millis | Kind::Micros => Type::TIMESTAMPTZ,
            Kind::Text | Kind::Excerpt => Type::TEXT,
            Kind::Bytes => Type::BYTEA,
        }
    }

    /// Converts a value of the source for the target. Returns `None` if the value does not have the type of its column.
    pub(super) fn read(self, value: ValueRef<'_>) -> Option<Value> {
        Some(match (self, value) {
            (_, ValueRef::Null) => Value::Null,
            (Kind::Bool, ValueRef::Integer(number)) => Value::Bool(number != 0),
            // A number outside the range becomes the nearest number in the range. A node does the same.
            (Kind::Small, ValueRef::Integer(number)) => Value::Small(number.clamp(i16::MIN.into(), i16::MAX.into()) as i16),
            (Kind::Int, ValueRef::Integer(number)) => Value::Int(number.clamp(i32::MIN.into(), i32::MAX.into()) as i32),
            (Kind::Big, ValueRef::Integer(number)) => Value::Big(number),
            (Kind::Id, ValueRef::Blob(bytes)) => Value::Uuid(Uuid::from_slice(bytes).ok()?),
            (Kind::Millis, ValueRef::Integer(time)) => Value::Time(clamp_time(time.saturating_mul(1000))),
            (Kind::Micros, ValueRef::Integer(time)) => Value::Time(clamp_time(time)),
            (Kind::Text, ValueRef::Text(bytes)) => Value::Text(str::from_utf8(bytes).ok()?.to_owned()),
            (Kind::Excerpt, ValueRef::Text(bytes)) => Value::Text(str::from_utf8(bytes).ok()?.replace('\0', "\u{fffd}")),
            (Kind::Bytes, ValueRef::Blob(bytes)) => Value::Bytes(bytes.to_vec()),
            _ => return None,
        })
    }
}

/// The earliest time that PostgreSQL can store, in 4714 BC, in microseconds since 1970.
const MIN_TIME: i64 = -210_866_803_200_000_000;

/// Returns the nearest time in the range of both PostgreSQL and `DateTime`. If a clock was wrong, a stored time
/// can be outside of this range.
fn clamp_time(microseconds: i64) -> i64 {
    microseconds.clamp(MIN_TIME, DateTime::<Utc>::MAX_UTC.timestamp_micros())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_outside_the_target_range_becomes_the_nearest_value_in_it() {
        let last = DateTime::<Utc>::MAX_UTC.timestamp_micros();
        for (kind, value, expected) in [
            (Kind::Millis, ValueRef::Integer(-1), Value::Time(-1000)),
            (Kind::Millis, ValueRef::Integer(i64::MAX), Value::Time(last)),
            (Kind::Millis, ValueRef::Integer(i64::MIN), Value::Time(MIN_TIME)),
            (Kind::Micros, ValueRef::Integer(-1), Value::Time(-1)),
            (Kind::Micros, ValueRef::Integer(i64::MIN), Value::Time(MIN_TIME)),
            (Kind::Int, ValueRef::Integer(u32::MAX.into()), Value::Int(i32::MAX)),
            (Kind::Small, ValueRef::Integer(u16::MAX.into()), Value::Small(i16::MAX)),
            (Kind::Bool, ValueRef::Integer(1), Value::Bool(true)),
            (Kind::Excerpt, ValueRef::Text(b"a\0b"), Value::Text("a\u{fffd}b".to_owned())),
            (Kind::Bytes, ValueRef::Null, Value::Null),
        ] {
            assert_eq!(kind.read(value), Some(expected), "{kind:?} {value:?}");
        }
        for (kind, value) in [
            (Kind::Id, ValueRef::Blob(b"short")),
            (Kind::Int, ValueRef::Text(b"1")),
            (Kind::Text, ValueRef::Text(b"\xff")),
            (Kind::Bytes, ValueRef::Text(b"text")),
        ] {
            assert_eq!(kind.read(value), None, "{kind:?} {value:?}");
        }
    }
}
