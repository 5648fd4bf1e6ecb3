//! The address of the store: SQLite or PostgreSQL.

use std::fmt;
use std::str::FromStr;

use super::postgres::url::PostgresUrl;

#[derive(Clone, Default)]
pub enum StoreAddress {
    /// The database in the data directory.
    #[default]
    Sqlite,
    Postgres(Box<PostgresUrl>),
}

impl FromStr for StoreAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<StoreAddress, String> {
        match text {
            "sqlite" => Ok(StoreAddress::Sqlite),
            _ if text.starts_with("postgres://") || text.starts_with("postgresql://") => {
                Ok(StoreAddress::Postgres(Box::new(text.parse()?)))
            }
            _ => Err("must be `sqlite`, or a URL such as postgres://user@host/database".to_owned()),
        }
    }
}

/// Shows the URL without the password.
impl fmt::Display for StoreAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreAddress::Sqlite => formatter.write_str("sqlite"),
            StoreAddress::Postgres(url) => formatter.write_str(&url.shown()),
        }
    }
}

impl fmt::Debug for StoreAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")
    }
}
