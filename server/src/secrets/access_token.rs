//! Access tokens: the format of a token, and the hash that the store contains.

use std::sync::Arc;

use anyhow::Context as _;
use aws_lc_rs::digest;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::api::Scope;
use crate::api::types::Account;
use crate::model::Token;

/// Returns the SHA-256 hash of an access token. The store contains this hash instead of the token. A token has 256
/// random bits, so no slow hash is needed.
#[must_use]
pub fn token_hash(token: &str) -> [u8; 32] {
    let digest = digest::digest(&digest::SHA256, token.as_bytes());
    digest.as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// Returns a new access token: `wht_` and 256 random bits in base64url.
pub fn generate_token() -> Result<String, aws_lc_rs::error::Unspecified> {
    use base64::Engine as _;
    let mut bytes = Zeroizing::new([0; 32]);
    aws_lc_rs::rand::fill(&mut *bytes)?;
    Ok(format!("wht_{}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(*bytes)))
}

/// Returns the record of a new access token, and the secret text of the token. The record does not contain the secret
/// text.
pub fn new_token(
    account: Option<Account>,
    scopes: &[Scope],
    created_at: chrono::DateTime<chrono::Utc>,
    expires_at: Option<chrono::DateTime<chrono::Utc>>,
) -> anyhow::Result<(Token, String)> {
    let secret = generate_token().context("the system provides no random bytes")?;
    let mut scopes = scopes.to_vec();
    scopes.sort_by_key(|scope| scope.as_str());
    scopes.dedup();
    let token = Token { id: Uuid::now_v7(), account, scopes: Arc::from(scopes), created_at, expires_at, revoked_at: None };
    Ok((token, secret))
}
