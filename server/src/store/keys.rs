//! The table `keys`, and the rotation of the master key.
//!
//! A rotation has three steps. Each of them is one or more transactions, so a rotation can be interrupted at any time, and
//! continues when it is started again:
//!
//! 1. [`Store::begin_key_rotation`] makes the new key the current one and the old key the retiring one.
//! 2. Each value that is sealed with the old key is sealed again with the new key ([`Store::reseal_webhook`],
//!    [`Store::reseal_key`]). Such a statement writes only if the row still has the values that were read. The revision of
//!    a webhook stays the same, because its secrets are the same.
//! 3. [`Store::finish_key_rotation`] makes the old key a retired one. From then on, nodes refuse values that are sealed
//!    with it.
//!
//! Step 2 is complete only if no other transaction commits a value with the old key after the first step. A node may
//! have sealed such a value before it heard of the rotation, and it may be slow or suspended for any time before it
//! writes. So the writing transaction itself checks the key. Each operation that stores a new sealed value compares the
//! key of the value with the current key in the table `keys`, and stores nothing if they differ
//! ([`Error::OutdatedKey`]). The caller then reads the table `keys` and seals again. The first step and these
//! transactions exclude each other: on SQLite, because only one transaction writes at a time; on PostgreSQL, because they
//! hold the same advisory lock, exclusive in the first step and shared in the others. So each of these transactions
//! either commits before the first step, and then step 2 finds its values, or it sees the new key. No wait for other
//! nodes is necessary.
//!
//! Some transactions also copy sealed values within a row. Such a value was in the row before, so step 2 finds either the
//! row before the copy or the row after it.
//!
//! A node must hold the new key before the first step. It reports the keys that it holds in its row of `nodes`. A node
//! that joins takes the same lock, and does not join without the current key. So the first step finds each node that does
//! not hold the new key, or this node does not join.

use super::*;
use crate::secrets::context::{Origin, auth_context, headers_context, signing_context};
use crate::secrets::seal::Vault;
use crate::secrets::sealing_key::{SealError, key_id_of};

/// The result of [`Store::begin_key_rotation`].
#[derive(Debug, PartialEq, Eq)]
pub enum RotationStart {
    Begun,
    /// These nodes do not hold the new key. Nothing was changed.
    NotHeld(Vec<String>),
    /// The table `keys` has changed, so that this rotation cannot begin. Nothing was changed.
    Changed,
}

/// Why a process cannot join: it does not hold the current master key.
#[derive(Debug, thiserror::Error)]
#[error("the master key {0} became the current one, and this node does not hold it: give it with --master-key-file")]
pub(super) struct KeyNotHeld(pub(super) String);

/// The sealed values of a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedValues {
    pub auth_secret: Option<Sealed>,
    pub headers: Option<Sealed>,
    pub signing_secret: Sealed,
    pub previous_secret: Option<Sealed>,
}

impl SealedValues {
    #[must_use]
    pub fn of(webhook: &Webhook) -> SealedValues {
        SealedValues {
            auth_secret: webhook.auth_secret.clone(),
            headers: webhook.headers.as_ref().map(|headers| headers.sealed.clone()),
            signing_secret: webhook.signing_secret.clone(),
            previous_secret: webhook.previous_secret.as_ref().map(|previous| previous.secret.clone()),
        }
    }

    /// Seals the values of `webhook` again with the current master key. Values that are already sealed with it stay the
    /// same.
    ///
    /// # Errors
    /// If a value cannot be decrypted.
    pub fn resealed(webhook: &Webhook, vault: &Vault) -> std::result::Result<SealedValues, SealError> {
        let (account, target) = (webhook.account.as_str(), Origin::of_text(webhook.target_url.as_str()));
        let again = |context: &str, sealed: Sealed| {
            let resealed = vault.reseal(context, &sealed.0)?;
            Ok(resealed.map_or(sealed, Sealed))
        };
        let SealedValues { auth_secret, headers, signing_secret, previous_secret } = SealedValues::of(webhook);
        let signing = signing_context(account, webhook.id);
        Ok(SealedValues {
            auth_secret: auth_secret.map(|sealed| again(&auth_context(account, webhook.id, &webhook.auth, &target), sealed)).transpose()?,
            headers: headers.map(|sealed| again(&headers_context(account, webhook.id, &target), sealed)).transpose()?,
            signing_secret: again(&signing, signing_secret)?,
            previous_secret: previous_secret.map(|sealed| again(&signing, sealed)).transpose()?,
        })
    }
}

impl Sealed {
    /// Returns whether the value is sealed with this master key.
    fn is_sealed_with(&self, key_id: &str) -> bool {
        key_id_of(&self.0).is_some_and(|id| id.to_string() == key_id)
    }
}

/// Returns whether all values are sealed with the current master key. A store without a master key is not in use yet.
pub(super) fn are_current(current: Option<&str>, sealed: &[&Sealed]) -> bool {
    current.is_none_or(|current| sealed.iter().all(|sealed| sealed.is_sealed_with(current)))
}

impl Webhook {
    /// Returns the sealed values of a new webhook.
    pub(super) fn sealed(&self) -> Vec<&Sealed> {
        let headers = self.headers.as_ref().map(|headers| &headers.sealed);
        self.auth_secret.iter().chain(headers).chain([&self.signing_secret]).collect()
    }
}

impl WebhookChange {
    /// Returns the new sealed values.
    pub(super) fn sealed(&self) -> Vec<&Sealed> {
        let auth = self.auth.iter().filter_map(|(_, secret)| secret.as_ref());
        auth.chain(self.headers.iter().flatten().map(|headers| &headers.sealed)).collect()
    }
}

/// Converts the ids of held keys to the text form of the column `master_keys`.
pub(super) fn held_keys_to_text(ids: &[KeyId]) -> String {
    ids.iter().map(KeyId::to_string).collect::<Vec<_>>().join(" ")
}

/// Returns whether the column `master_keys` contains this key.
pub(super) fn holds_key(held: &str, key_id: &str) -> bool {
    held.split(' ').any(|held| held == key_id)
}

/// The rows of `keys` at the most recent heartbeat.
#[derive(Default)]
pub(super) struct KnownKeys(Mutex<Vec<KeyRecord>>);

impl KnownKeys {
    /// Returns the rows if they differ from the rows at the previous call.
    pub(super) fn if_changed(&self, keys: Vec<KeyRecord>) -> Option<Vec<KeyRecord>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if *known == keys {
            return None;
        }
        known.clone_from(&keys);
        Some(keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::master_key::MasterKey;

    #[test]
    fn the_keys_are_reported_only_when_one_of_them_has_changed() {
        let known = KnownKeys::default();
        let mut keys = Vault::new(MasterKey::generate()).initial_records(DateTime::UNIX_EPOCH);
        assert_eq!(known.if_changed(Vec::new()), None);
        for _ in 0..2 {
            assert_eq!(known.if_changed(keys.clone()), Some(keys.clone()));
            assert_eq!(known.if_changed(keys.clone()), None);
            keys[0].state = crate::model::KeyState::Retired;
        }
    }

    #[test]
    fn a_value_without_a_known_form_is_not_sealed_with_any_key() {
        let vault = Vault::new(MasterKey::generate());
        let id = vault.key_id().to_string();
        let sealed = Sealed(vault.seal("context", b""));
        assert!(are_current(Some(&id), &[&sealed]) && are_current(None, &[&sealed]));
        for other in [Vec::new(), vec![1], sealed.0[1..].to_vec(), Vault::new(MasterKey::generate()).seal("context", b"")] {
            assert!(!are_current(Some(&id), &[&sealed, &Sealed(other)]));
        }
        let held = held_keys_to_text(&[vault.key_id(), MasterKey::generate().key_id()]);
        assert!(holds_key(&held, &id) && !holds_key(&held, "") && !holds_key(&held, &id[..7]) && !holds_key("", &id));
    }
}
