//! Where a service keeps what it is told, and how many servers it has.

use std::fmt;
use std::time::Duration;

/// What a figure was measured on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Store {
    /// SQLite, within one server.
    Embedded,
    /// One PostgreSQL, and so many servers.
    Postgres { nodes: u32 },
}

/// What commits are made with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Engine {
    #[default]
    Sqlite,
    Postgres,
}

impl Store {
    pub(crate) fn engine(self) -> Engine {
        match self {
            Store::Embedded => Engine::Sqlite,
            Store::Postgres { .. } => Engine::Postgres,
        }
    }

    /// How long what a killed server was on waits at most: a lease of 10 s, and others look every 2 s.
    pub(crate) fn takeover(self) -> Duration {
        match self {
            Store::Embedded => Duration::ZERO,
            Store::Postgres { .. } => Duration::from_secs(12),
        }
    }

    pub(crate) fn nodes(self) -> u32 {
        match self {
            Store::Embedded => 1,
            Store::Postgres { nodes } => nodes,
        }
    }
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Store::Embedded => "embedded",
            Store::Postgres { nodes: 1 } => "PostgreSQL, 1 node",
            Store::Postgres { nodes } => return f.pad(&format!("PostgreSQL, {nodes} nodes")),
        };
        f.pad(name)
    }
}
