//! The progress of a move. The target stores the progress until the move has finished.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::row::Value;

/// Identifies a source and its state, but contains no data of the source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Identity {
    pub(super) source: String,
    /// This value changes at each start of a server on the source, and with its master key.
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
    /// The key of the last copied row.
    pub(super) key: Option<Vec<Value>>,
}

impl Progress {
    pub(super) fn new(of: Identity) -> Progress {
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
        serde_json::to_vec(self).expect("progress can be written as JSON")
    }

    /// Returns `None` if another version of this program wrote the bytes.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Progress> {
        serde_json::from_slice(bytes).ok()
    }
}
