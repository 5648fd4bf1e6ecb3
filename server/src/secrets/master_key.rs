//! The master key. The operator keeps it outside of the database, and gives it to each server.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::{digest, hmac, rand};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use data_encoding::HEXLOWER;
use zeroize::Zeroizing;

pub(super) const KEY_LEN: usize = 32;
pub(super) const KEY_ID_LEN: usize = 4;

/// The 32 random bytes from which the key that encrypts secrets is derived. Debug output and errors do not show these
/// bytes.
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
pub struct KeyId(pub(super) [u8; KEY_ID_LEN]);

impl MasterKey {
    /// Returns a new key from the system's random source.
    pub fn generate() -> MasterKey {
        MasterKey(random_bytes())
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

    /// Returns the key for one purpose. The master key is uniformly random, so the derivation needs only one HMAC (RFC
    /// 5869 §3.3).
    pub(super) fn derive(&self, label: &str) -> Zeroizing<[u8; KEY_LEN]> {
        derive(&self.0, label)
    }

    #[cfg(test)]
    pub(super) fn of_bytes(byte: u8) -> MasterKey {
        MasterKey(Zeroizing::new([byte; KEY_LEN]))
    }
}

/// Derives a key for one purpose from a random key.
pub(super) fn derive(key: &[u8; KEY_LEN], label: &str) -> Zeroizing<[u8; KEY_LEN]> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    let mut derivation = hmac::Context::with_key(&key);
    derivation.update(b"webhooks-server v1\0");
    derivation.update(label.as_bytes());
    Zeroizing::new(bytes_of(&derivation.sign()))
}

pub(super) fn random_bytes() -> Zeroizing<[u8; KEY_LEN]> {
    let mut bytes = Zeroizing::new([0; KEY_LEN]);
    rand::fill(&mut *bytes).expect("the system's random source never fails once it is seeded");
    bytes
}

pub(super) fn bytes_of(tag: &hmac::Tag) -> [u8; 32] {
    tag.as_ref().try_into().expect("an HMAC-SHA256 tag has 32 bytes")
}

/// Parses the content of a key file: 32 bytes in standard base64. White space around the base64 is ignored.
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

/// Parses 8 hex digits.
impl FromStr for KeyId {
    type Err = ();

    fn from_str(text: &str) -> Result<KeyId, ()> {
        let bytes = HEXLOWER.decode(text.as_bytes()).map_err(|_| ())?;
        Ok(KeyId(bytes.try_into().map_err(|_| ())?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_key_id_can_be_parsed_and_nothing_else() {
        let id = MasterKey::of_bytes(7).key_id();
        assert_eq!(id.to_string().parse(), Ok(id));
        for text in ["", "cbc5b3", "cbc5b30200", "CBC5B302", "cbc5b30g"] {
            assert_eq!(text.parse::<KeyId>(), Err(()), "{text}");
        }
    }

    #[test]
    fn debug_output_shows_the_key_id_and_not_the_key() {
        let key = MasterKey::of_bytes(7);
        assert_eq!(format!("{key:?}"), format!("MasterKey({})", key.key_id()));
        assert_eq!(format!("{:?}", key.key_id()), "KeyId(cbc5b302)");
    }
}
