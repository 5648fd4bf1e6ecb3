//! Key material in the store.

use std::fmt;

use chrono::{DateTime, Utc};

/// A row of the table `keys`. It contains no key in plain text.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyRecord {
    /// For a master key, the id that sealed values name.
    pub id: String,
    pub kind: KeyKind,
    pub state: KeyState,
    /// For a master key, a constant that this key has encrypted. For other kinds, the key, encrypted with a master key.
    pub sealed: Vec<u8>,
    pub created_at: DateTime<Utc>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// A key that encrypts secrets in the store. The operator gives it to each server.
    Master,
    /// The key of keyed digests, such as the fingerprints of idempotency keys.
    Mac,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Announced, but not in use.
    Next,
    /// In use. Only the current master key encrypts.
    Current,
    /// Replaced, but still needed: it decrypts the values that a rotation has not encrypted again yet.
    Retiring,
    /// Replaced. It decrypts nothing.
    Retired,
}

impl KeyKind {
    const ALL: [KeyKind; 2] = [KeyKind::Master, KeyKind::Mac];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            KeyKind::Master => "master",
            KeyKind::Mac => "mac",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<KeyKind> {
        KeyKind::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

impl KeyState {
    const ALL: [KeyState; 4] = [KeyState::Next, KeyState::Current, KeyState::Retiring, KeyState::Retired];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            KeyState::Next => "next",
            KeyState::Current => "current",
            KeyState::Retiring => "retiring",
            KeyState::Retired => "retired",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<KeyState> {
        KeyState::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

impl KeyRecord {
    /// Returns whether this is a master key in this state.
    #[must_use]
    pub fn is_master(&self, state: KeyState) -> bool {
        self.kind == KeyKind::Master && self.state == state
    }
}

impl fmt::Debug for KeyRecord {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let KeyRecord { id, kind, state, sealed: _, created_at } = self;
        formatter
            .debug_struct("KeyRecord")
            .field("id", id)
            .field("kind", kind)
            .field("state", state)
            .field("created_at", created_at)
            .finish_non_exhaustive()
    }
}
