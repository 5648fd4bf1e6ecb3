//! The store of a service, and the number of its servers.

use std::fmt;
use std::time::Duration;

/// The store on which a figure was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Store {
    /// SQLite in a single server.
    Embedded,
    /// One PostgreSQL, shared by `nodes` servers.
    Postgres { nodes: u32 },
}

/// The database engine of a store.
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

    /// Maximum time until another server takes over from a killed server: a lease of 10 s, and a check every 2 s.
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
