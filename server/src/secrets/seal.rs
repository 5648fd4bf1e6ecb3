//! Sealing: encryption of secrets in the store.
//!
//! The [`MasterKey`] is in a file. The [`Vault`] derives all other keys from the master key: a key for AES-256-GCM, and
//! a key for each purpose of [`Vault::mac`]. So no key is used for two algorithms, and the master key itself encrypts
//! nothing. The master key is uniformly random, so the derivation needs only one HMAC (RFC 5869 §3.3).
//!
//! The format that [`Vault::seal`] writes:
//!
//! | bytes | content |
//! |---|---|
//! | 1 | version, [`VERSION`] |
//! | 4 | id of the master key |
//! | 12 | nonce, random |
//! | n + 16 | ciphertext and tag |
//!
//! The tag also authenticates the version, the key id and the caller's context. The context names the row of the
//! secret. So a sealed value cannot be decrypted if it is copied to another row.
//!
//! Random nonces limit one key to 2^32 encryptions (NIST SP 800-38D §8.3). One hundred encryptions per second reach
//! this limit after more than a year. A secret is sealed only when a webhook is registered or a secret of the webhook
//! changes.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::{digest, hmac, rand};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use data_encoding::HEXLOWER;
use zeroize::Zeroizing;

/// The first byte of a sealed value.
pub const VERSION: u8 = 1;

const KEY_LEN: usize = 32;
const KEY_ID_LEN: usize = 4;
const TAG_LEN: usize = 16;
const HEADER_LEN: usize = 1 + KEY_ID_LEN;

/// The 32 random bytes from which every other key is derived. Debug output and errors do not show these bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey(Zeroizing<[u8; KEY_LEN]>);

/// The reason why a text is not a master key. The error message never contains the text.
#[derive(thiserror::Error, Debug, Clone, PartialEq, Eq)]
pub enum MasterKeyError {
    #[error("the master key is not base64 (make one with `openssl rand -base64 32`)")]
    NotBase64,
    #[error("the master key has {bytes} bytes and must have 32 (make one with `openssl rand -base64 32`)")]
    WrongLength { bytes: usize },
}

/// Identifies a master key, but does not reveal it. The id is the first 4 bytes of a SHA-256 hash, and is printed as 8
/// hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId([u8; KEY_ID_LEN]);

impl MasterKey {
    /// Returns a new key from the system's random source.
    pub fn generate() -> MasterKey {
        let mut bytes = Zeroizing::new([0; KEY_LEN]);
        rand::fill(&mut *bytes).expect("the system's random source never fails once it is seeded");
        MasterKey(bytes)
    }

    /// Returns the key as the text that [`FromStr`] reads. Write this text only to the key file.
    pub fn expose(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(*self.0))
    }

    /// Returns the id of this key for logs, errors and sealed values.
    pub fn key_id(&self) -> KeyId {
        let mut digest = digest::Context::new(&digest::SHA256);
        digest.update(b"webhooks-server master key id v1\0");
        digest.update(&*self.0);
        let digest = digest.finish();
        let mut id = [0; KEY_ID_LEN];
        id.copy_from_slice(&digest.as_ref()[..KEY_ID_LEN]);
        KeyId(id)
    }

    fn derive(&self, label: &str) -> Zeroizing<[u8; KEY_LEN]> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &*self.0);
        let mut derivation = hmac::Context::with_key(&key);
        derivation.update(b"webhooks-server v1\0");
        derivation.update(label.as_bytes());
        Zeroizing::new(bytes_of(&derivation.sign()))
    }
}

/// Parses the content of the key file: 32 bytes in standard base64. White space around the base64 is ignored.
impl FromStr for MasterKey {
    type Err = MasterKeyError;

    fn from_str(text: &str) -> Result<MasterKey, MasterKeyError> {
        // The error of the decoder contains a byte of the key, so this error is dropped.
        let bytes = Zeroizing::new(STANDARD.decode(text.trim()).map_err(|_| MasterKeyError::NotBase64)?);
        let key = bytes.as_slice().try_into().map_err(|_| MasterKeyError::WrongLength { bytes: bytes.len() })?;
        Ok(MasterKey(Zeroizing::new(key)))
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({})", self.key_id())
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// Encrypts secrets, decrypts secrets, and computes keyed digests. All keys of a vault are derived from one master key.
pub struct Vault {
    master: MasterKey,
    id: KeyId,
    sealing: RandomizedNonceKey,
}

/// The reason why a sealed value cannot be decrypted.
#[derive(thiserror::Error, Debug, Clone, PartialEq, Eq)]
pub enum SealError {
    #[error("an encrypted value has {bytes} bytes, which is too short")]
    TooShort { bytes: usize },
    #[error("an encrypted value has version {version}, but this server knows only version {VERSION}")]
    UnknownVersion { version: u8 },
    #[error("a value was encrypted with master key {sealed_with}, but this server has master key {have}")]
    WrongKey { sealed_with: KeyId, have: KeyId },
    #[error("an encrypted value was changed, or belongs to another record")]
    Tampered,
}

impl Vault {
    pub fn new(master: MasterKey) -> Vault {
        let sealing = RandomizedNonceKey::new(&AES_256_GCM, &*master.derive("seal")).expect("AES-256-GCM takes any key of 32 bytes");
        Vault { id: master.key_id(), master, sealing }
    }

    /// Returns the id of the master key of this vault.
    pub fn key_id(&self) -> KeyId {
        self.id
    }

    /// Encrypts `plaintext` for the record that `context` names, such as `webhook-auth:<uuid>`.
    pub fn seal(&self, context: &str, plaintext: &[u8]) -> Vec<u8> {
        let mut ciphertext = plaintext.to_vec();
        let nonce = self
            .sealing
            .seal_in_place_append_tag(self.aad(context), &mut ciphertext)
            .expect("AES-GCM seals up to 64 GiB, and a secret is a few bytes");
        let mut sealed = Vec::with_capacity(HEADER_LEN + NONCE_LEN + ciphertext.len());
        sealed.extend_from_slice(&self.header());
        sealed.extend_from_slice(nonce.as_ref());
        sealed.extend_from_slice(&ciphertext);
        sealed
    }

    /// Decrypts a value that [`Vault::seal`] encrypted with the same `context`.
    pub fn open(&self, context: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        if sealed.len() < HEADER_LEN + NONCE_LEN + TAG_LEN {
            return Err(SealError::TooShort { bytes: sealed.len() });
        }
        let (header, rest) = sealed.split_at(HEADER_LEN);
        let (nonce, ciphertext) = rest.split_at(NONCE_LEN);
        if header[0] != VERSION {
            return Err(SealError::UnknownVersion { version: header[0] });
        }
        if header[1..] != self.id.0 {
            let mut sealed_with = [0; KEY_ID_LEN];
            sealed_with.copy_from_slice(&header[1..]);
            return Err(SealError::WrongKey { sealed_with: KeyId(sealed_with), have: self.id });
        }
        let nonce = Nonce::try_assume_unique_for_key(nonce).expect("the nonce has its fixed length");
        let mut buffer = Zeroizing::new(ciphertext.to_vec());
        let plaintext_len = self.sealing.open_in_place(nonce, self.aad(context), &mut buffer).map_err(|_| SealError::Tampered)?.len();
        buffer.truncate(plaintext_len);
        Ok(buffer)
    }

    /// Returns the HMAC-SHA256 of `data`. Only a holder of the master key can compute this digest. Each `purpose` has a
    /// separate key.
    pub fn mac(&self, purpose: &str, data: &[u8]) -> [u8; 32] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &*self.master.derive(&format!("mac:{purpose}")));
        bytes_of(&hmac::sign(&key, data))
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

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vault({})", self.id)
    }
}

fn bytes_of(tag: &hmac::Tag) -> [u8; 32] {
    tag.as_ref().try_into().expect("an HMAC-SHA256 tag has 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTEXT: &str = "webhook-auth:0197d6d4-3c11-7d2e-9a53-0a4ee2b1c001";

    /// `PASSWORD`, sealed with the key [`fixed_key`] and the context `context`. Another program (Python's
    /// `cryptography`) computed this value.
    const SEALED_BY_VERSION_1: &str = "01cbc5b302000102030405060708090a0b2fc652240375c7293c9d1dcca26e17c327515c3d0936bd3b";

    fn fixed_key() -> MasterKey {
        MasterKey(Zeroizing::new([7; KEY_LEN]))
    }

    #[test]
    fn a_sealed_value_opens_with_the_same_context() {
        let vault = Vault::new(fixed_key());
        for plaintext in [&b""[..], b"PASSWORD", &[0; 4096]] {
            let sealed = vault.seal(CONTEXT, plaintext);
            assert_eq!(sealed.len(), 1 + 4 + 12 + plaintext.len() + 16);
            assert_eq!(vault.open(CONTEXT, &sealed).expect("opens").as_slice(), plaintext);
        }
    }

    #[test]
    fn sealing_the_same_secret_twice_gives_different_bytes() {
        let vault = Vault::new(fixed_key());
        assert_ne!(vault.seal(CONTEXT, b"PASSWORD"), vault.seal(CONTEXT, b"PASSWORD"));
    }

    #[test]
    fn a_sealed_value_does_not_open_in_another_record() {
        let vault = Vault::new(fixed_key());
        let sealed = vault.seal(CONTEXT, b"PASSWORD");
        assert_eq!(vault.open("webhook-auth:another", &sealed), Err(SealError::Tampered));
        assert_eq!(vault.open("", &sealed), Err(SealError::Tampered));
    }

    #[test]
    fn the_error_about_another_master_key_names_both_keys() {
        let (ours, theirs) = (Vault::new(fixed_key()), Vault::new(MasterKey(Zeroizing::new([8; KEY_LEN]))));
        let error = theirs.open(CONTEXT, &ours.seal(CONTEXT, b"PASSWORD")).expect_err("another key");
        assert_eq!(error, SealError::WrongKey { sealed_with: ours.key_id(), have: theirs.key_id() });
        let message = error.to_string();
        assert!(message.contains(&ours.key_id().to_string()) && message.contains(&theirs.key_id().to_string()));
    }

    #[test]
    fn a_change_of_any_bit_is_detected() {
        let vault = Vault::new(fixed_key());
        let sealed = vault.seal(CONTEXT, b"PASSWORD");
        for index in 0..sealed.len() {
            for bit in 0..8 {
                let mut changed = sealed.clone();
                changed[index] ^= 1 << bit;
                let error = vault.open(CONTEXT, &changed).expect_err("a changed value does not open");
                match index {
                    0 => assert!(matches!(error, SealError::UnknownVersion { .. })),
                    1..5 => assert!(matches!(error, SealError::WrongKey { .. })),
                    _ => assert_eq!(error, SealError::Tampered),
                }
            }
        }
        for length in 0..sealed.len() {
            vault.open(CONTEXT, &sealed[..length]).expect_err("a shortened value does not open");
        }
    }

    #[test]
    fn a_mac_depends_on_the_key_the_purpose_and_the_data() {
        let vault = Vault::new(fixed_key());
        let mac = vault.mac("idempotency-body", b"body");
        assert_eq!(mac, Vault::new(fixed_key()).mac("idempotency-body", b"body"));
        assert_ne!(mac, vault.mac("key-check", b"body"));
        assert_ne!(mac, vault.mac("idempotency-body", b"other"));
        assert_ne!(mac, Vault::new(MasterKey(Zeroizing::new([8; KEY_LEN]))).mac("idempotency-body", b"body"));
    }

    /// Later releases must be able to decrypt stored values. If the expected values in this test change, the stored
    /// credentials of every customer are lost.
    #[test]
    fn the_key_derivation_and_the_format_never_change() {
        let vault = Vault::new(fixed_key());
        assert_eq!(vault.key_id().to_string(), "cbc5b302");
        assert_eq!(HEXLOWER.encode(&vault.mac("key-check", b"")), "eae34a5a79a81beaa60c33528b964700304ebd978e36a19b51dc11b93e08a27d");
        assert_eq!(
            vault
                .open("context", &HEXLOWER.decode(SEALED_BY_VERSION_1.as_bytes()).expect("hex"))
                .expect("a value sealed by version 1")
                .as_slice(),
            b"PASSWORD"
        );
    }

    #[test]
    fn a_key_file_is_base64_of_32_bytes() {
        let key = MasterKey::generate();
        assert_eq!(format!(" {}\r\n", *key.expose()).parse::<MasterKey>().expect("its own text"), key);
        for (text, error) in [
            ("", MasterKeyError::WrongLength { bytes: 0 }),
            ("c2hvcnQ=", MasterKeyError::WrongLength { bytes: 5 }),
            ("not base64!", MasterKeyError::NotBase64),
            (
                // The same key as hex digits. They are also valid base64, but of 48 bytes.
                "0707070707070707070707070707070707070707070707070707070707070707",
                MasterKeyError::WrongLength { bytes: 48 },
            ),
        ] {
            assert_eq!(text.parse::<MasterKey>(), Err(error), "{text:?}");
        }
    }

    #[test]
    fn debug_output_shows_the_key_id_and_not_the_key() {
        let key = fixed_key();
        assert_eq!(format!("{key:?}"), format!("MasterKey({})", key.key_id()));
        assert_eq!(format!("{:?}", Vault::new(key.clone())), format!("Vault({})", key.key_id()));
        assert_eq!(format!("{:?}", key.key_id()), "KeyId(cbc5b302)");
    }
}
