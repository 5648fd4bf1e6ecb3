//! How far a move has come, as it stands in the target until it is over.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::row::Value;

/// Which source it is, and in which state, without telling anything of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Identity {
    pub(super) source: String,
    /// Another one after each start of a server.
    pub(super) state: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Progress {
    pub(super) of: Identity,
    tables: BTreeMap<String, Reached>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Reached {
    pub(super) rows: u64,
    /// The last key that is there.
    pub(super) key: Option<Vec<Value>>,
}

impl Progress {
    pub(super) fn none(of: Identity) -> Progress {
        Progress { of, tables: BTreeMap::new() }
    }

    pub(super) fn reached(&self, table: &str) -> Reached {
        self.tables.get(table).cloned().unwrap_or_default()
    }

    pub(super) fn advance(&mut self, table: &str, rows: u64, key: &[Value]) {
        let reached = self.tables.entry(table.to_owned()).or_default();
        reached.rows += rows;
        reached.key = Some(key.to_vec());
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("names, numbers and texts are JSON")
    }

    /// `None` when another program wrote it.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Progress> {
        serde_json::from_slice(bytes).ok()
    }
}
