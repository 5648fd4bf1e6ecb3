//! The form of sealed values.
//!
//! | bytes | content |
//! |---|---|
//! | 1 | version, `VERSION` |
//! | 4 | id of the master key |
//! | 12 | nonce, random |
//! | n + 16 | ciphertext and tag |
//!
//! The tag also authenticates the version, the key id and the caller's context ([`super::context`]).
//!
//! Random nonces limit one key to 2^32 encryptions (NIST SP 800-38D §8.3). One hundred encryptions per second reach
//! this limit after more than a year. A secret is sealed only when a webhook is registered, when a secret of the webhook
//! changes, or once by a rotation of the master key.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use zeroize::Zeroizing;

use super::master_key::{KEY_ID_LEN, KeyId, MasterKey};

/// The first byte of a sealed value. Version 1 did not bind credentials to their destination.
pub(super) const VERSION: u8 = 2;

const TAG_LEN: usize = 16;
const HEADER_LEN: usize = 1 + KEY_ID_LEN;

/// The key that encrypts and decrypts, derived from a master key.
pub(super) struct SealingKey {
    pub(super) id: KeyId,
    key: RandomizedNonceKey,
}

/// The reason why a sealed value cannot be decrypted.
#[derive(thiserror::Error, Debug, Clone, PartialEq, Eq)]
pub enum SealError {
    #[error("an encrypted value has {bytes} bytes, which is too short")]
    TooShort { bytes: usize },
    #[error("an encrypted value has version {version}, but this server knows only version {VERSION}")]
    UnknownVersion { version: u8 },
    #[error("a value was encrypted with master key {sealed_with}, but this server uses master key {current}")]
    WrongKey { sealed_with: KeyId, current: KeyId },
    #[error("an encrypted value was changed, or belongs to another record, account or destination")]
    Tampered,
}

/// Returns the id of the key that has sealed a value. Returns `None` if the value is not in the current form.
pub fn key_id_of(sealed: &[u8]) -> Option<KeyId> {
    let (header, _) = sealed.split_at_checked(HEADER_LEN)?;
    (header[0] == VERSION).then(|| KeyId(header[1..].try_into().expect("the header has a fixed length")))
}

impl SealingKey {
    pub(super) fn of(master: &MasterKey) -> SealingKey {
        let key = RandomizedNonceKey::new(&AES_256_GCM, &*master.derive("seal")).expect("AES-256-GCM takes any key of 32 bytes");
        SealingKey { id: master.key_id(), key }
    }

    pub(super) fn seal(&self, context: &str, plaintext: &[u8]) -> Vec<u8> {
        let mut ciphertext = plaintext.to_vec();
        let nonce = self
            .key
            .seal_in_place_append_tag(self.aad(context), &mut ciphertext)
            .expect("AES-GCM seals up to 64 GiB, and a secret is a few bytes");
        [&self.header()[..], nonce.as_ref(), &ciphertext].concat()
    }

    /// Decrypts a value. `header` has been checked: it is the version and the id of this key.
    fn open(&self, context: &str, nonce: &[u8], ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let nonce = Nonce::try_assume_unique_for_key(nonce).expect("the nonce has its fixed length");
        let mut buffer = Zeroizing::new(ciphertext.to_vec());
        let plaintext_len = self.key.open_in_place(nonce, self.aad(context), &mut buffer).map_err(|_| SealError::Tampered)?.len();
        buffer.truncate(plaintext_len);
        Ok(buffer)
    }

    fn header(&self) -> [u8; HEADER_LEN] {
        let mut header = [VERSION; HEADER_LEN];
        header[1..].copy_from_slice(&self.id.0);
        header
    }

    /// Returns the additional authenticated data. The header has a fixed length. So two different pairs of a header and
    /// a context never give the same bytes.
    fn aad(&self, context: &str) -> Aad<Vec<u8>> {
        Aad::from([&self.header()[..], context.as_bytes()].concat())
    }
}

/// Decrypts a value with the key that its header names. `find` returns this key, or the error if the value must not be
/// decrypted with it.
pub(super) fn open<'a>(
    context: &str,
    sealed: &[u8],
    find: impl FnOnce(KeyId) -> Result<&'a SealingKey, SealError>,
) -> Result<Zeroizing<Vec<u8>>, SealError> {
    if sealed.len() < HEADER_LEN + NONCE_LEN + TAG_LEN {
        return Err(SealError::TooShort { bytes: sealed.len() });
    }
    let Some(id) = key_id_of(sealed) else { return Err(SealError::UnknownVersion { version: sealed[0] }) };
    let (nonce, ciphertext) = sealed[HEADER_LEN..].split_at(NONCE_LEN);
    find(id)?.open(context, nonce, ciphertext)
}
