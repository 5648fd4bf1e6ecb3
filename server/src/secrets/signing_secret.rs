//! The secrets that callbacks are signed with, in the form of
//! [Standard Webhooks 1.0](https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::rand::SecureRandom;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What every signing secret begins with, so that leaked ones can be found by scanners.
const PREFIX: &str = "whsec_";

/// The specification wants 24 to 64 bytes; new secrets have 32, the strength of the hash.
const NEW_LEN: usize = 32;
const SHORTEST_LEN: usize = 24;
const LONGEST_LEN: usize = 64;

/// The key that a webhook's callbacks are signed with, and that its receiver checks them with. Debug does not show it.
#[derive(Clone)]
pub struct SigningSecret(Vec<u8>);

/// Why a text is no signing secret. The text itself is never part of the message.
#[derive(thiserror::Error, Debug, Clone, PartialEq, Eq)]
pub enum SigningSecretError {
    #[error("a signing secret begins with {PREFIX}")]
    NoPrefix,
    #[error("a signing secret is base64 after {PREFIX}")]
    NotBase64,
    #[error("a signing secret has {SHORTEST_LEN} to {LONGEST_LEN} bytes, not {bytes}")]
    WrongLength { bytes: usize },
}

impl SigningSecret {
    /// A new secret of 32 bytes.
    pub fn generate(random: &dyn SecureRandom) -> SigningSecret {
        let mut bytes = [0; NEW_LEN];
        random.fill(&mut bytes).expect("the system's random source never fails once it is seeded");
        SigningSecret(bytes.to_vec())
    }

    /// The secret as its owner reads it, `whsec_` and base64. For the owner and the vault only.
    pub fn expose(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(&self.0))
    }

    /// The key of the signature, HMAC-SHA256.
    pub(crate) fn key(&self) -> &[u8] {
        &self.0
    }
}

impl FromStr for SigningSecret {
    type Err = SigningSecretError;

    fn from_str(text: &str) -> Result<SigningSecret, SigningSecretError> {
        let encoded = text.strip_prefix(PREFIX).ok_or(SigningSecretError::NoPrefix)?;
        // The decoder's own error quotes a byte of the secret, so it goes no further.
        let bytes = STANDARD.decode(encoded).map_err(|_| SigningSecretError::NotBase64)?;
        match bytes.len() {
            SHORTEST_LEN..=LONGEST_LEN => Ok(SigningSecret(bytes)),
            bytes => Err(SigningSecretError::WrongLength { bytes }),
        }
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::rand::SystemRandom;

    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn secret(text: &str) -> SigningSecret {
        text.parse().expect("a signing secret")
    }

    #[test]
    fn a_new_secret_has_32_bytes_and_reads_back() {
        let random = SystemRandom::new();
        let (one, another) = (SigningSecret::generate(&random), SigningSecret::generate(&random));
        assert_ne!(one.expose(), another.expose());
        assert_eq!(one.expose().len(), "whsec_".len() + 44);
        assert_eq!(secret(&one.expose()).expose(), one.expose());
        assert_eq!(secret(SECRET).expose(), SECRET);
    }

    #[test]
    fn a_text_that_is_no_secret_is_refused_without_being_quoted() {
        let of_len = |bytes: usize| format!("whsec_{}", STANDARD.encode(vec![1; bytes]));
        for (text, expected) in [
            ("", SigningSecretError::NoPrefix),
            ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", SigningSecretError::NoPrefix),
            ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS!", SigningSecretError::NotBase64),
            ("whsec_", SigningSecretError::WrongLength { bytes: 0 }),
            (&of_len(23), SigningSecretError::WrongLength { bytes: 23 }),
            (&of_len(65), SigningSecretError::WrongLength { bytes: 65 }),
        ] {
            let error = text.parse::<SigningSecret>().expect_err("no secret");
            assert_eq!(error, expected);
            assert!(!error.to_string().contains("MfKQ"));
        }
        for bytes in [24, 64] {
            secret(&of_len(bytes));
        }
    }

    #[test]
    fn debug_output_shows_no_secret() {
        assert_eq!(format!("{:?}", secret(SECRET)), "SigningSecret([redacted])");
    }
}
