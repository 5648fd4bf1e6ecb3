//! The secrets with which callbacks are signed. Their form is defined by
//! [Standard Webhooks 1.0](https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::rand::SecureRandom;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// The prefix of every signing secret. Scanners find leaked secrets by this prefix.
const PREFIX: &str = "whsec_";

/// The length of new secrets in bytes. It is the size of a SHA-256 hash. The specification requires 24 to 64 bytes.
const NEW_LEN: usize = 32;
const MIN_LEN: usize = 24;
const MAX_LEN: usize = 64;

/// The key that signs a webhook's callbacks. The receiver uses the same key to check the signatures. Debug output does
/// not show the key.
#[derive(Clone)]
pub struct SigningSecret(Zeroizing<Vec<u8>>);

/// The reason why a text is not a signing secret. The error message never contains the text.
#[derive(thiserror::Error, Debug, Clone, PartialEq, Eq)]
pub enum SigningSecretError {
    #[error("a signing secret begins with {PREFIX}")]
    NoPrefix,
    #[error("a signing secret is base64 after {PREFIX}")]
    NotBase64,
    #[error("a signing secret has {MIN_LEN} to {MAX_LEN} bytes, not {bytes}")]
    WrongLength { bytes: usize },
}

impl SigningSecret {
    /// Returns a new secret of 32 bytes.
    pub fn generate(random: &dyn SecureRandom) -> SigningSecret {
        let mut bytes = Zeroizing::new(vec![0; NEW_LEN]);
        random.fill(&mut bytes).expect("the system's random source never fails once it is seeded");
        SigningSecret(bytes)
    }

    /// Returns the secret as text: `whsec_` and base64. Only the owner of the webhook and the vault may get this text.
    pub fn expose(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(PREFIX.len() + MAX_LEN.div_ceil(3) * 4));
        text.push_str(PREFIX);
        STANDARD.encode_string(&*self.0, &mut text);
        text
    }

    /// Returns the key for HMAC-SHA256.
    pub(crate) fn key(&self) -> &[u8] {
        &self.0
    }
}

impl FromStr for SigningSecret {
    type Err = SigningSecretError;

    fn from_str(text: &str) -> Result<SigningSecret, SigningSecretError> {
        let encoded = text.strip_prefix(PREFIX).ok_or(SigningSecretError::NoPrefix)?;
        // The error of the decoder contains a byte of the secret, so this error is dropped.
        let bytes = Zeroizing::new(STANDARD.decode(encoded).map_err(|_| SigningSecretError::NotBase64)?);
        match bytes.len() {
            MIN_LEN..=MAX_LEN => Ok(SigningSecret(bytes)),
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
    fn a_new_secret_has_32_bytes_and_can_be_parsed() {
        let random = SystemRandom::new();
        let (one, another) = (SigningSecret::generate(&random), SigningSecret::generate(&random));
        assert_ne!(one.expose(), another.expose());
        assert_eq!(one.expose().len(), "whsec_".len() + 44);
        assert_eq!(secret(&one.expose()).expose(), one.expose());
        assert_eq!(*secret(SECRET).expose(), SECRET);
    }

    #[test]
    fn an_invalid_secret_is_refused_and_not_quoted() {
        let secret_of = |bytes: usize| format!("whsec_{}", STANDARD.encode(vec![1; bytes]));
        for (text, expected) in [
            ("", SigningSecretError::NoPrefix),
            ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", SigningSecretError::NoPrefix),
            ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS!", SigningSecretError::NotBase64),
            ("whsec_", SigningSecretError::WrongLength { bytes: 0 }),
            (&secret_of(23), SigningSecretError::WrongLength { bytes: 23 }),
            (&secret_of(65), SigningSecretError::WrongLength { bytes: 65 }),
        ] {
            let error = text.parse::<SigningSecret>().expect_err("no secret");
            assert_eq!(error, expected);
            assert!(!error.to_string().contains("MfKQ"));
        }
        for bytes in [24, 64] {
            secret(&secret_of(bytes));
        }
    }

    #[test]
    fn debug_output_shows_no_secret() {
        assert_eq!(format!("{:?}", secret(SECRET)), "SigningSecret([redacted])");
    }
}
