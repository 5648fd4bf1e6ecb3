//! Access tokens.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::api::Scope;
use crate::api::types::Account;

/// The lifetime of an access token in days, unless the operator chooses another one. A token that everybody has forgotten
/// must not give access for ever. A year is long enough that rotation is rare, and short enough that it is practised.
pub const TOKEN_LIFETIME_DAYS: u32 = 365;

/// The name of an access token, which tells operators what uses the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenName(String);

impl TokenName {
    const MAX_CHARACTERS: usize = 128;

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Parses a name of 1 to 128 characters. The list of tokens is shown in terminals, so characters that a terminal does not
/// print, or that change the order of printed characters, are refused.
impl FromStr for TokenName {
    type Err = String;

    fn from_str(text: &str) -> Result<TokenName, String> {
        let count = text.chars().count();
        if text.trim() != text || text.is_empty() {
            return Err("must not be empty, and must not begin or end with a space".to_owned());
        }
        if count > TokenName::MAX_CHARACTERS {
            return Err(format!("must be at most {} characters long; it has {count}", TokenName::MAX_CHARACTERS));
        }
        match text.chars().find(|character| !is_printable(*character)) {
            Some(character) => Err(format!("must have only printable characters; it has U+{:04X}", u32::from(character))),
            None => Ok(TokenName(text.to_owned())),
        }
    }
}

impl fmt::Display for TokenName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

/// Refuses control characters, line separators, characters without a width, and characters that set the direction of text
/// (Unicode Standard Annex #9 §2).
fn is_printable(character: char) -> bool {
    let invisible = matches!(character, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    !character.is_control() && !invisible
}

/// A row of the table `tokens`. It does not contain the secret text of the token.
///
/// Somebody who can write to the database may have changed the row. So nothing may be allowed because of it before
/// `secrets::access_token::verify` has checked its MAC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredToken {
    pub id: Uuid,
    /// The SHA-256 hash of the secret text.
    pub hash: Vec<u8>,
    pub name: String,
    /// `None` for a platform token.
    pub account: Option<Account>,
    /// The names of the scopes, separated by spaces.
    pub scopes: String,
    pub created_at: DateTime<Utc>,
    /// `None` if the token never expires.
    pub expires_at: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
    /// The token that replaces this token, after a rotation.
    pub replaced_by: Option<Uuid>,
    /// The minute of the last use, as far as it is stored.
    pub last_used_at: Option<DateTime<Utc>>,
    /// Authenticates all members above, except `revoked_at`, `replaced_by` and `last_used_at`.
    pub mac: Vec<u8>,
}

impl StoredToken {
    #[must_use]
    pub fn valid_at(&self, now: DateTime<Utc>) -> bool {
        is_valid(self.revoked_at, self.expires_at, now)
    }
}

/// An access token whose row has a correct MAC.
#[derive(Clone, Debug)]
pub struct Token {
    pub id: Uuid,
    pub name: String,
    /// `None` for a platform token.
    pub account: Option<Account>,
    pub scopes: Arc<[Scope]>,
    pub expires_at: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
    pub last_used_at: Option<DateTime<Utc>>,
}

impl Token {
    #[must_use]
    pub fn valid_at(&self, now: DateTime<Utc>) -> bool {
        is_valid(self.revoked_at, self.expires_at, now)
    }
}

fn is_valid(revoked_at: Option<DateTime<Utc>>, expires_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    revoked_at.is_none() && expires_at.is_none_or(|expires_at| now < expires_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_1_to_128_printable_characters() {
        let longest = "ü".repeat(128);
        for name in ["a", "billing service (EU)", "Zahlung für Käufe", longest.as_str()] {
            assert_eq!(name.parse::<TokenName>().as_ref().map(TokenName::as_str), Ok(name));
        }
        let too_long = format!("{longest}ü");
        for name in ["", " ", " a", "a ", "a\nb", "a\u{1b}[31mb", "a\u{7f}", "a\u{202e}b", "a\u{2028}b", "a\u{200b}b", too_long.as_str()] {
            assert!(name.parse::<TokenName>().is_err(), "{name:?}");
        }
    }
}
