//! The challenge of a handshake.

use std::fmt;

use aws_lc_rs::rand::SecureRandom;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The length of a challenge in bytes. Nobody can guess 256 random bits.
const CHALLENGE_LEN: usize = 32;

/// The text that a receiver must send back. Anyone who knows this text could agree in place of the receiver. So `Debug`
/// does not show this text.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Challenge(String);

impl Challenge {
    pub fn generate(random: &dyn SecureRandom) -> Challenge {
        let mut bytes = [0; CHALLENGE_LEN];
        random.fill(&mut bytes).expect("the system's random source never fails once it is seeded");
        Challenge(URL_SAFE_NO_PAD.encode(bytes))
    }

    #[must_use]
    pub fn stored(text: String) -> Challenge {
        Challenge(text)
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Challenge {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[challenge]")
    }
}
