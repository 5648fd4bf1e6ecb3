//! A row of a table. A row of the embedded store and a row of PostgreSQL have the same form.

use std::error::Error;
use std::fmt;

use aws_lc_rs::digest;
use bytes::{BufMut as _, BytesMut};
use rusqlite::types::{ToSqlOutput, ValueRef};
use serde::{Deserialize, Serialize};
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use uuid::Uuid;

pub(super) type Row = Vec<Value>;

/// A value of a column. The order of two values of one column is the same here, in the embedded store and in PostgreSQL.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Value {
    Null,
    Bool(bool),
    Small(i16),
    Int(i32),
    Big(i64),
    /// Microseconds since 1970.
    Time(i64),
    Uuid(Uuid),
    Text(String),
    Bytes(Vec<u8>),
}

/// Microseconds from 1970 to 2000. In PostgreSQL, times are relative to the year 2000.
const MICROSECONDS_TO_2000: i64 = 946_684_800_000_000;

impl Value {
    /// Returns the approximate size in bytes.
    pub(super) fn size(&self) -> usize {
        match self {
            Value::Text(text) => text.len(),
            Value::Bytes(bytes) => bytes.len(),
            _ => 8,
        }
    }

    /// Adds the value to a hash. Two rows that differ in a value never add the same bytes.
    pub(super) fn digest(&self, into: &mut digest::Context) {
        let mut with_length = |kind: u8, bytes: &[u8]| {
            into.update(&[kind]);
            into.update(&(bytes.len() as u64).to_be_bytes());
            into.update(bytes);
        };
        match self {
            Value::Null => with_length(0, &[]),
            Value::Bool(value) => with_length(1, &[u8::from(*value)]),
            Value::Small(number) => with_length(2, &number.to_be_bytes()),
            Value::Int(number) => with_length(3, &number.to_be_bytes()),
            Value::Big(number) => with_length(4, &number.to_be_bytes()),
            Value::Time(time) => with_length(5, &time.to_be_bytes()),
            Value::Uuid(id) => with_length(6, id.as_bytes()),
            Value::Text(text) => with_length(7, text.as_bytes()),
            Value::Bytes(bytes) => with_length(8, bytes),
        }
    }
}

/// Formats a value of a key for messages. Other values may be secret, so messages do not contain them.
impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Uuid(id) => id.fmt(formatter),
            Value::Text(text) => write!(formatter, "{text:?}"),
            Value::Int(number) => number.fmt(formatter),
            Value::Small(number) => number.fmt(formatter),
            _ => formatter.write_str("…"),
        }
    }
}

/// Passes the value of a key as a parameter of a query on the embedded store.
impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Bool(value) => ValueRef::Integer((*value).into()),
            Value::Small(number) => ValueRef::Integer((*number).into()),
            Value::Int(number) => ValueRef::Integer((*number).into()),
            Value::Big(number) | Value::Time(number) => ValueRef::Integer(*number),
            Value::Uuid(id) => ValueRef::Blob(id.as_bytes()),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl ToSql for Value {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Value::Null => return Ok(IsNull::Yes),
            Value::Bool(value) => out.put_u8((*value).into()),
            Value::Small(number) => out.put_i16(*number),
            Value::Int(number) => out.put_i32(*number),
            Value::Big(number) => out.put_i64(*number),
            Value::Time(time) => out.put_i64(time.saturating_sub(MICROSECONDS_TO_2000)),
            Value::Uuid(id) => out.put_slice(id.as_bytes()),
            Value::Text(text) => out.put_slice(text.as_bytes()),
            Value::Bytes(bytes) => out.put_slice(bytes),
        }
        Ok(IsNull::No)
    }

    /// Returns true for every type, because a value always has the type of its column.
    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Value {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Value, Box<dyn Error + Sync + Send>> {
        Ok(match *kind {
            Type::BOOL => Value::Bool(bool::from_sql(kind, raw)?),
            Type::INT2 => Value::Small(i16::from_sql(kind, raw)?),
            Type::INT4 => Value::Int(i32::from_sql(kind, raw)?),
            Type::INT8 => Value::Big(i64::from_sql(kind, raw)?),
            // A time that is out of range becomes the largest time.
            Type::TIMESTAMPTZ => Value::Time(i64::from_sql(&Type::INT8, raw)?.saturating_add(MICROSECONDS_TO_2000)),
            Type::UUID => Value::Uuid(Uuid::from_sql(kind, raw)?),
            Type::TEXT => Value::Text(String::from_sql(kind, raw)?),
            Type::BYTEA => Value::Bytes(raw.to_vec()),
            _ => return Err(format!("no table has a column of type {kind}").into()),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Value, Box<dyn Error + Sync + Send>> {
        Ok(Value::Null)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}
