//! Sealing: encryption of secrets in the store.
//!
//! The operator gives one or more [`MasterKey`]s to each server. The table `keys` of the store says which of them is in
//! use: it has the id and the state of each master key, but not the key. The *current* master key encrypts. During a
//! rotation, the *retiring* master key still decrypts. A *retired* master key does nothing.
//!
//! All other keys are derived from a master key or are random keys that are sealed in the table `keys`. So no key is used
//! for two algorithms, and a master key itself encrypts nothing. [`Vault::mac`] uses a random key, so a rotation of the
//! master key does not change the digests.

use std::fmt;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use aws_lc_rs::hmac;
use chrono::{DateTime, Utc};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::context::key_context;
use super::master_key::{KEY_LEN, KeyId, MasterKey, bytes_of, derive, random_bytes};
use super::sealing_key::{self, SealError, SealingKey, key_id_of};
use crate::model::{KeyKind, KeyRecord, KeyState};

/// The value that the row of a master key contains in sealed form. It proves that a given key is this master key.
const CHECK: &[u8] = b"webhooks-server master key check";

/// Encrypts secrets, decrypts secrets, and computes keyed digests.
pub struct Vault {
    /// The master keys that were given to this process.
    given: Vec<SealingKey>,
    states: RwLock<States>,
    mac: MacKey,
}

/// The states of the master keys, as far as this process knows.
#[derive(Debug)]
struct States {
    current: KeyId,
    retired: Vec<KeyId>,
}

struct MacKey {
    id: String,
    key: Zeroizing<[u8; KEY_LEN]>,
}

/// The reason why the given master keys cannot be used with a store.
#[derive(thiserror::Error, Debug, Clone, PartialEq, Eq)]
pub enum KeysError {
    #[error("the database has no master key yet")]
    NoneInStore,
    /// The store needs this master key, which is the current or the retiring one.
    #[error("the database needs the {} master key {id}, which was not given to this process", .state.as_str())]
    NotGiven { id: String, state: KeyState },
    #[error("the given master key {id} does not decrypt the check value that the database has for it")]
    OtherKey { id: KeyId },
    #[error("the key for digests in the database cannot be decrypted")]
    Mac(#[source] SealError),
    #[error("the database has no key for digests")]
    NoMac,
}

impl Vault {
    /// Creates a vault for a new store: `master` is the only master key, and the key for digests is new. The caller must
    /// store [`Vault::initial_records`].
    pub fn new(master: MasterKey) -> Vault {
        let states = States { current: master.key_id(), retired: Vec::new() };
        let mac = MacKey { id: Uuid::now_v7().to_string(), key: random_bytes() };
        Vault { given: vec![SealingKey::of(&master)], states: RwLock::new(states), mac }
    }

    #[cfg(test)]
    pub(super) fn with_mac_key(self, key: [u8; KEY_LEN]) -> Vault {
        Vault { mac: MacKey { key: Zeroizing::new(key), ..self.mac }, ..self }
    }

    /// Creates the vault of a store that has these rows in its table `keys`. Given keys that the store does not know are
    /// not used, but a rotation can make one of them the current key.
    ///
    /// # Errors
    /// If a key that the store needs is not given, or if the rows do not belong to the given keys.
    pub fn of_store<'a>(given: impl IntoIterator<Item = &'a MasterKey>, records: &[KeyRecord]) -> Result<Vault, KeysError> {
        let given: Vec<SealingKey> = given.into_iter().map(SealingKey::of).collect();
        let states = States::of(&given, records)?;
        for key in given.iter().filter(|key| !states.retired.contains(&key.id)) {
            let id = key.id.to_string();
            let record = records.iter().find(|record| record.kind == KeyKind::Master && record.id == id);
            let find = |sealed_with| if sealed_with == key.id { Ok(key) } else { Err(SealError::Tampered) };
            let check = |record: &KeyRecord| sealing_key::open(&key_context(record.kind.as_str(), &id), &record.sealed, find);
            if record.is_some_and(|record| !check(record).is_ok_and(|check| check.as_slice() == CHECK)) {
                return Err(KeysError::OtherKey { id: key.id });
            }
        }
        let record = records.iter().find(|record| record.kind == KeyKind::Mac && record.state == KeyState::Current);
        let record = record.ok_or(KeysError::NoMac)?;
        let unlocked =
            open_with(&given, &states, &key_context(record.kind.as_str(), &record.id), &record.sealed).map_err(KeysError::Mac)?;
        let key = unlocked.as_slice().try_into().map_err(|_| KeysError::Mac(SealError::Tampered))?;
        Ok(Vault { given, states: RwLock::new(states), mac: MacKey { id: record.id.clone(), key: Zeroizing::new(key) } })
    }

    /// Learns the states of the master keys from the rows of the table `keys`.
    ///
    /// # Errors
    /// If the current or the retiring master key was not given to this process. Then the states stay as they were.
    pub fn apply(&self, records: &[KeyRecord]) -> Result<(), KeysError> {
        let states = States::of(&self.given, records)?;
        *self.states.write().unwrap_or_else(PoisonError::into_inner) = states;
        Ok(())
    }

    /// Returns the id of the current master key.
    pub fn key_id(&self) -> KeyId {
        self.states().current
    }

    /// Returns the ids of all master keys that were given to this process.
    pub fn given_ids(&self) -> Vec<KeyId> {
        self.given.iter().map(|key| key.id).collect()
    }

    /// Returns the ids of the given master keys that are retired. The operator should no longer give them.
    pub fn retired_ids(&self) -> Vec<KeyId> {
        let states = self.states();
        self.given.iter().map(|key| key.id).filter(|id| states.retired.contains(id)).collect()
    }

    /// Encrypts `plaintext` with the current master key. `context` names the place of the value ([`super::context`]).
    pub fn seal(&self, context: &str, plaintext: &[u8]) -> Vec<u8> {
        self.current_key().seal(context, plaintext)
    }

    /// Decrypts a value that [`Vault::seal`] encrypted with the same `context`. Accepts each given master key that is not
    /// retired: another node may already use a key of whose rotation this node has not heard yet.
    pub fn open(&self, context: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        open_with(&self.given, &self.states(), context, sealed)
    }

    /// Encrypts a sealed value again with the current master key. Returns `None` if the value is already encrypted with
    /// this key.
    pub fn reseal(&self, context: &str, sealed: &[u8]) -> Result<Option<Vec<u8>>, SealError> {
        if key_id_of(sealed) == Some(self.key_id()) {
            return Ok(None);
        }
        self.open(context, sealed).map(|plaintext| Some(self.seal(context, &plaintext)))
    }

    /// Returns the HMAC-SHA256 of `data`. Each `purpose` has a separate key. All servers of a store compute the same
    /// digest, also after a rotation of the master key.
    pub fn mac(&self, purpose: &str, data: &[u8]) -> [u8; 32] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &*derive(&self.mac.key, &format!("mac:{purpose}")));
        bytes_of(&hmac::sign(&key, data))
    }

    /// Returns the rows of the table `keys` for a new store.
    pub fn initial_records(&self, now: DateTime<Utc>) -> Vec<KeyRecord> {
        let mac = (KeyKind::Mac, self.mac.id.clone(), &self.mac.key[..]);
        let master = (KeyKind::Master, self.key_id().to_string(), CHECK);
        let record = |(kind, id, plaintext): (KeyKind, String, &[u8])| {
            let sealed = self.seal(&key_context(kind.as_str(), &id), plaintext);
            KeyRecord { id, kind, state: KeyState::Current, sealed, created_at: now }
        };
        [master, mac].map(record).into()
    }

    /// Returns the row of a given master key that will become the current one. Returns `None` if the key was not given.
    pub fn next_record(&self, id: KeyId, now: DateTime<Utc>) -> Option<KeyRecord> {
        let key = self.given.iter().find(|key| key.id == id)?;
        let (kind, id) = (KeyKind::Master, id.to_string());
        let sealed = key.seal(&key_context(kind.as_str(), &id), CHECK);
        Some(KeyRecord { id, kind, state: KeyState::Current, sealed, created_at: now })
    }

    /// Encrypts the key in a row of the table `keys` again with the current master key. Returns `None` if this is not
    /// necessary.
    pub fn reseal_record(&self, record: &KeyRecord) -> Result<Option<Vec<u8>>, SealError> {
        match record.kind {
            // The value in the row of a master key belongs to this master key.
            KeyKind::Master => Ok(None),
            KeyKind::Mac => self.reseal(&key_context(record.kind.as_str(), &record.id), &record.sealed),
        }
    }

    fn current_key(&self) -> &SealingKey {
        let current = self.key_id();
        self.given.iter().find(|key| key.id == current).expect("`States::of` accepts only a given key as the current key")
    }

    fn states(&self) -> RwLockReadGuard<'_, States> {
        self.states.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl States {
    fn of(given: &[SealingKey], records: &[KeyRecord]) -> Result<States, KeysError> {
        let in_state = |state| records.iter().filter(move |record| record.is_master(state));
        let given_id = |record: &KeyRecord| {
            let id = record.id.parse().ok().filter(|id| given.iter().any(|key| key.id == *id));
            id.ok_or_else(|| KeysError::NotGiven { id: record.id.clone(), state: record.state })
        };
        let current = given_id(in_state(KeyState::Current).next().ok_or(KeysError::NoneInStore)?)?;
        in_state(KeyState::Retiring).try_for_each(|record| given_id(record).map(drop))?;
        Ok(States { current, retired: in_state(KeyState::Retired).filter_map(|record| record.id.parse().ok()).collect() })
    }
}

fn open_with(given: &[SealingKey], states: &States, context: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
    sealing_key::open(context, sealed, |id| {
        let key = given.iter().find(|key| key.id == id && !states.retired.contains(&id));
        key.ok_or(SealError::WrongKey { sealed_with: id, current: states.current })
    })
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vault({})", self.key_id())
    }
}

#[cfg(test)]
mod tests;
