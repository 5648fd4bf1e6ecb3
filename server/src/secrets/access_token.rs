//! Access tokens: their format, the hash that the store contains, and the MACs that authenticate them.
//!
//! A token is `wht_` and 48 bytes in base64url: 32 random bytes, and the first 16 bytes of a MAC of the random bytes. Only
//! a holder of the key can create a text with a correct MAC. So the server refuses guessed tokens without a look-up in
//! the database.
//!
//! The row of a token has a MAC of its own. Without this MAC, somebody who can write to the database could insert a token,
//! or give a token another account, more scopes or a later expiry. A MAC cannot detect that an older state of the row is
//! restored. So it does not cover the revocation: an older row with a correct MAC was not revoked.
//!
//! Both MACs have the same key, and the label at the beginning of their data separates them.

use std::sync::Arc;

use anyhow::Context as _;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::{digest, rand};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::api::Scope;
use crate::api::types::Account;
use crate::model::{StoredToken, Token, TokenName};
use crate::secrets::seal::Vault;

/// The purpose of both MACs (see [`Vault::mac`]).
const PURPOSE: &str = "access-token";

/// The labels at the beginning of the data of the MACs.
const TEXT: &[u8] = b"text v1";
const ROW: &[u8] = b"row v1";

const PREFIX: &str = "wht_";
const RANDOM_LEN: usize = 32;
const TAG_LEN: usize = 16;

/// The length of a token in characters.
const LENGTH: usize = PREFIX.len() + (RANDOM_LEN + TAG_LEN) / 3 * 4;

/// Returns the SHA-256 hash of an access token. The store contains this hash instead of the token. A token has 256
/// random bits, so no slow hash is needed.
#[must_use]
pub fn token_hash(token: &str) -> [u8; 32] {
    let digest = digest::digest(&digest::SHA256, token.as_bytes());
    digest.as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// Returns whether a text has the length of an access token. This check costs nothing.
#[must_use]
pub fn has_token_length(text: &str) -> bool {
    text.len() == LENGTH
}

/// Returns whether a text was created as an access token with the key of `vault`. The token may be revoked or expired.
#[must_use]
pub fn was_issued(vault: &Vault, text: &str) -> bool {
    let Some(encoded) = text.strip_prefix(PREFIX).filter(|_| has_token_length(text)) else { return false };
    let Ok(bytes) = URL_SAFE_NO_PAD.decode(encoded).map(Zeroizing::new) else { return false };
    let Some((random, tag)) = bytes.split_at_checked(RANDOM_LEN) else { return false };
    verify_slices_are_equal(&tag_of(vault, random), tag).is_ok()
}

fn tag_of(vault: &Vault, random: &[u8]) -> [u8; TAG_LEN] {
    let mac = vault.mac(PURPOSE, &encode(&[TEXT, random]));
    *mac.first_chunk().expect("a MAC has more bytes than a tag")
}

fn generate_text(vault: &Vault) -> anyhow::Result<String> {
    let mut bytes = Zeroizing::new([0; RANDOM_LEN + TAG_LEN]);
    rand::fill(&mut bytes[..RANDOM_LEN]).context("the system provides no random bytes")?;
    let tag = tag_of(vault, &bytes[..RANDOM_LEN]);
    bytes[RANDOM_LEN..].copy_from_slice(&tag);
    Ok(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(*bytes)))
}

/// Returns the row of a new access token, and the secret text of the token. The row does not contain the secret text.
///
/// # Errors
/// If the system provides no random bytes.
pub fn new_token(
    vault: &Vault,
    name: &TokenName,
    account: Option<Account>,
    scopes: &[Scope],
    created_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
) -> anyhow::Result<(StoredToken, String)> {
    let mut scopes: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
    scopes.sort_unstable();
    scopes.dedup();
    create(vault, name.as_str().to_owned(), account, scopes.join(" "), created_at, expires_at)
}

/// Returns the row and the secret text of a new token with the same name, account, scopes and lifetime as `token`.
///
/// # Errors
/// If the system provides no random bytes.
pub fn successor_of(vault: &Vault, token: &StoredToken, now: DateTime<Utc>) -> anyhow::Result<(StoredToken, String)> {
    let expires_at = token.expires_at.map(|expires_at| now + (expires_at - token.created_at));
    create(vault, token.name.clone(), token.account.clone(), token.scopes.clone(), now, expires_at)
}

fn create(
    vault: &Vault,
    name: String,
    account: Option<Account>,
    scopes: String,
    created_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
) -> anyhow::Result<(StoredToken, String)> {
    let text = generate_text(vault)?;
    let token = StoredToken {
        id: Uuid::now_v7(),
        hash: token_hash(&text).to_vec(),
        name,
        account,
        scopes,
        created_at,
        expires_at,
        revoked_at: None,
        replaced_by: None,
        last_used_at: None,
        mac: Vec::new(),
    };
    Ok((with_mac(vault, token), text))
}

/// Sets the MAC of a row. The caller must have verified the row before it changed the row.
#[must_use]
pub fn with_mac(vault: &Vault, token: StoredToken) -> StoredToken {
    StoredToken { mac: mac_of(vault, &token).to_vec(), ..token }
}

/// Returns the token of a row, or `None` if the MAC of the row is wrong.
#[must_use]
pub fn verify(vault: &Vault, stored: &StoredToken) -> Option<Token> {
    verify_slices_are_equal(&mac_of(vault, stored), &stored.mac).ok()?;
    Some(Token {
        id: stored.id,
        name: stored.name.clone(),
        account: stored.account.clone(),
        // A newer program may have stored a scope that this program does not know. Such a scope allows nothing.
        scopes: stored.scopes.split(' ').filter_map(Scope::parse).collect::<Arc<[Scope]>>(),
        expires_at: stored.expires_at,
        revoked_at: stored.revoked_at,
        last_used_at: stored.last_used_at,
    })
}

fn mac_of(vault: &Vault, token: &StoredToken) -> [u8; 32] {
    // A present value begins with 1, so it differs from an absent value also if it is empty.
    let present = |value: &[u8]| [&[1], value].concat();
    let milliseconds = |time: DateTime<Utc>| time.timestamp_millis().to_be_bytes();
    let account = token.account.as_ref().map(|account| present(account.as_str().as_bytes())).unwrap_or_default();
    let expires_at = token.expires_at.map(|time| present(&milliseconds(time))).unwrap_or_default();
    let data = encode(&[
        ROW,
        token.id.as_bytes(),
        &token.hash,
        token.name.as_bytes(),
        &account,
        token.scopes.as_bytes(),
        &milliseconds(token.created_at),
        &expires_at,
    ]);
    vault.mac(PURPOSE, &data)
}

/// Writes each part after its length. So two different lists of parts never give the same bytes.
fn encode(parts: &[&[u8]]) -> Vec<u8> {
    let with_length = |part: &&[u8]| [&(part.len() as u64).to_be_bytes()[..], part].concat();
    parts.iter().flat_map(with_length).collect()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::secrets::master_key::MasterKey;

    const CREATED: DateTime<Utc> = DateTime::from_timestamp(1_700_000_000, 0).expect("a time");

    fn new_vault() -> Vault {
        Vault::new(MasterKey::generate())
    }

    fn token(vault: &Vault) -> (StoredToken, String) {
        let name = "a name".parse().expect("a name");
        let account = Account::parse("acme").expect("an account");
        let scopes = [Scope::WebhooksWrite, Scope::WebhooksRead, Scope::WebhooksWrite];
        new_token(vault, &name, Some(account), &scopes, CREATED, Some(CREATED + TimeDelta::days(1))).expect("random bytes")
    }

    #[test]
    fn only_a_text_that_was_created_with_the_key_counts_as_issued() {
        let vault = new_vault();
        let (_, text) = token(&vault);
        assert!(was_issued(&vault, &text) && text.len() == 68, "{}", text.len());
        assert!(!was_issued(&new_vault(), &text), "another key");
        for position in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[position] = if changed[position] == b'A' { b'B' } else { b'A' };
            assert!(!was_issued(&vault, &String::from_utf8(changed).expect("ASCII")), "{position}");
            assert!(!was_issued(&vault, &text[..position]));
        }
        assert!(!was_issued(&vault, &format!("{text}A")));
        assert!(!was_issued(&vault, &format!("{PREFIX}{}", "ü".repeat(32))));
    }

    #[test]
    fn the_mac_of_a_row_covers_everything_that_decides_what_its_token_may_do() {
        type Change = fn(&mut StoredToken);
        let vault = new_vault();
        let (row, _) = token(&vault);
        let scopes = verify(&vault, &row).expect("a correct MAC").scopes;
        assert_eq!(*scopes, [Scope::WebhooksRead, Scope::WebhooksWrite]);
        let changes: [(&str, Change); 14] = [
            ("id", |row| row.id = Uuid::now_v7()),
            ("hash", |row| row.hash = token_hash("another").to_vec()),
            ("hash and name", |row| {
                row.name.insert(0, 'x');
                row.hash.pop();
            }),
            ("name", |row| row.name = "another".to_owned()),
            ("account", |row| row.account = Some(Account::stored("other".to_owned()))),
            ("no account", |row| row.account = None),
            ("empty account", |row| row.account = Some(Account::stored(String::new()))),
            ("scopes", |row| row.scopes += " deliveries.write"),
            ("unknown scope", |row| row.scopes += " x"),
            ("account and scopes", |row| {
                row.account = Some(Account::stored("acmew".to_owned()));
                row.scopes.remove(0);
            }),
            ("creation", |row| row.created_at -= TimeDelta::milliseconds(1)),
            ("expiry", |row| row.expires_at = row.expires_at.map(|time| time + TimeDelta::milliseconds(1))),
            ("no expiry", |row| row.expires_at = None),
            ("2cd64980365e755d30df6571bb79c928a32c6e7cbad496667abdd96dc2c2bb18", |row| row.mac.truncate(31)),
        ];
        for (name, change) in changes {
            let mut changed = row.clone();
            change(&mut changed);
            assert!(verify(&vault, &changed).is_none(), "{name}");
        }
        assert!(verify(&new_vault(), &row).is_none(), "another key");
        let ended = StoredToken { revoked_at: Some(CREATED), last_used_at: Some(CREATED), ..row };
        assert!(verify(&vault, &ended).is_some_and(|token| !token.valid_at(CREATED)));
    }

    #[test]
    fn the_mac_of_a_row_without_a_value_differs_from_an_empty_value() {
        let vault = new_vault();
        let (row, _) = token(&vault);
        let of_platform = with_mac(&vault, StoredToken { account: None, expires_at: None, ..row });
        assert!(verify(&vault, &of_platform).is_some());
        assert!(verify(&vault, &StoredToken { account: Some(Account::stored(String::new())), ..of_platform }).is_none());
    }

    #[test]
    fn a_successor_has_the_same_rights_and_lifetime_and_another_text() {
        let vault = new_vault();
        let (row, text) = token(&vault);
        let now = CREATED + TimeDelta::hours(20);
        let (successor, successor_text) = successor_of(&vault, &row, now).expect("random bytes");
        assert_ne!(successor_text, text);
        assert!(was_issued(&vault, &successor_text) && verify(&vault, &successor).is_some());
        let StoredToken { id, hash, mac, .. } = successor.clone();
        assert_ne!(id, row.id);
        let expected = StoredToken { id, hash, mac, created_at: now, expires_at: Some(now + TimeDelta::days(1)), ..row.clone() };
        assert_eq!(successor, expected);
        let unlimited = StoredToken { expires_at: None, ..row };
        assert_eq!(successor_of(&vault, &unlimited, now).expect("random bytes").0.expires_at, None);
    }

    /// Stored rows and issued tokens must stay valid. If this test fails, every access token becomes invalid.
    #[test]
    fn the_format_of_tokens_and_rows_never_changes() {
        let vault = new_vault().with_mac_key([7; 32]);
        assert!(was_issued(&vault, FIXED_TEXT), "{}", data_encoding::HEXLOWER.encode(&tag_of(&vault, &[5; RANDOM_LEN])));
        let row = StoredToken {
            id: Uuid::from_u128(1),
            hash: token_hash(FIXED_TEXT).to_vec(),
            name: "a name".to_owned(),
            account: Some(Account::stored("acme".to_owned())),
            scopes: "webhooks.read webhooks.write".to_owned(),
            created_at: CREATED,
            expires_at: Some(CREATED + TimeDelta::days(1)),
            revoked_at: None,
            replaced_by: None,
            last_used_at: None,
            mac: Vec::new(),
        };
        assert_eq!(data_encoding::HEXLOWER.encode(&mac_of(&vault, &row)), FIXED_MAC);
    }

    /// Computed by another program (Python's `hmac`) with the key of 32 bytes 7.
    const FIXED_TEXT: &str = "wht_BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUdQ2gu_e5kTogYLF1EUtaQ";
    const FIXED_MAC: &str = "2cd64980365e755d30df6571bb79c928a32c6e7cbad496667abdd96dc2c2bb18";
}
