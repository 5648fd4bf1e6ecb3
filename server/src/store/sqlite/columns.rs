//! The column formats: identifiers as 16 bytes, times as whole milliseconds or microseconds, lanes as numbers.

use chrono::{DateTime, Utc};
use rusqlite::{ToSql, types::FromSql, types::FromSqlResult, types::ToSqlOutput, types::ValueRef};
use uuid::Uuid;

use crate::model::{KeyKind, KeyState, Lane};
use crate::store::Error;

/// An identifier, stored as 16 bytes.
pub(super) struct Key(pub(super) Uuid);

impl ToSql for Key {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.0.as_bytes().as_slice()))
    }
}

impl FromSql for Key {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Key> {
        <[u8; 16]>::column_result(value).map(|bytes| Key(Uuid::from_bytes(bytes)))
    }
}

/// A time, stored as milliseconds since 1970.
pub(super) struct Millis(pub(super) DateTime<Utc>);

impl ToSql for Millis {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.0.timestamp_millis()))
    }
}

impl FromSql for Millis {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Millis> {
        let millis = i64::column_result(value)?;
        DateTime::from_timestamp_millis(millis).map(Millis).ok_or(rusqlite::types::FromSqlError::OutOfRange(millis))
    }
}

/// A time, stored as microseconds since 1970.
pub(super) struct Micros(pub(super) DateTime<Utc>);

impl ToSql for Micros {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.0.timestamp_micros()))
    }
}

impl FromSql for Micros {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Micros> {
        let micros = i64::column_result(value)?;
        DateTime::from_timestamp_micros(micros).map(Micros).ok_or(rusqlite::types::FromSqlError::OutOfRange(micros))
    }
}

impl ToSql for Lane {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(*self as u8))
    }
}

impl FromSql for Lane {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Lane> {
        let number = i64::column_result(value)?;
        Lane::ALL.into_iter().find(|lane| *lane as i64 == number).ok_or(rusqlite::types::FromSqlError::OutOfRange(number))
    }
}

impl FromSql for KeyKind {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<KeyKind> {
        KeyKind::parse(value.as_str()?).ok_or(rusqlite::types::FromSqlError::InvalidType)
    }
}

impl FromSql for KeyState {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<KeyState> {
        KeyState::parse(value.as_str()?).ok_or(rusqlite::types::FromSqlError::InvalidType)
    }
}

/// Returns the error that reports a stored value which this program cannot have written.
pub(super) fn corrupt(column: usize, error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Error {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            Some(
                ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::DiskFull
                | ErrorCode::ReadOnly
                | ErrorCode::CannotOpen
                | ErrorCode::SystemIoFailure
                | ErrorCode::OutOfMemory,
            ) => Error::Unavailable(error.into()),
            _ => Error::Failed(error.into()),
        }
    }
}
