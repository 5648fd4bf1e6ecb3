//! Who calls: a bearer token (RFC 6750) becomes a [`Caller`], an account or the platform, with its scopes.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_lc_rs::digest;
use dropshot::RequestContext;

use crate::App;
use crate::api::Scope;
use crate::api::problem::{ApiError, Kind};
use crate::api::types::Account;
use crate::limits;
use crate::store::{self, Store};

/// Who sent a request.
#[derive(Clone, Debug)]
pub struct Caller {
    /// `None` is the platform itself, which acts for every account.
    pub account: Option<Account>,
}

impl Caller {
    /// The account that a customer's operation works on. A platform token never holds a scope that leads here.
    pub fn account(&self) -> Result<&Account, ApiError> {
        self.account
            .as_ref()
            .ok_or_else(|| ApiError::new(Kind::InsufficientScope, "a platform token cannot do this: use a token of the account"))
    }
}

/// The SHA-256 of an access token: all that the store keeps of it. Tokens are 256 random bits, so no slow hash is needed.
#[must_use]
pub fn token_hash(token: &str) -> [u8; 32] {
    let digest = digest::digest(&digest::SHA256, token.as_bytes());
    digest.as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// A fresh access token: `wht_` and 256 random bits in base64url.
pub fn generate_token() -> Result<String, aws_lc_rs::error::Unspecified> {
    use base64::Engine as _;
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes)?;
    Ok(format!("wht_{}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)))
}

/// Tokens that were looked up in the last moment. A revocation takes effect when its entry has grown old, within a second.
#[derive(Default)]
pub struct TokenCache(Mutex<HashMap<[u8; 32], (Instant, store::Token)>>);

impl TokenCache {
    const LIFE: Duration = Duration::from_millis(750);
    const CAPACITY: usize = 10_000;

    async fn look_up(&self, store: &dyn Store, hash: [u8; 32]) -> Result<Option<store::Token>, store::Error> {
        let cached = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&hash).cloned();
        if let Some((read_at, token)) = cached
            && read_at.elapsed() < TokenCache::LIFE
        {
            return Ok(Some(token));
        }
        let read_at = Instant::now();
        let token = store.find_token(hash).await?;
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= TokenCache::CAPACITY {
            entries.clear();
        }
        match &token {
            Some(token) => entries.insert(hash, (read_at, token.clone())),
            None => entries.remove(&hash),
        };
        Ok(token)
    }
}

/// The caller of a request, if its token is valid, has not come too often, and has `scope`.
pub async fn caller(rqctx: &RequestContext<App>, scope: Scope) -> Result<Caller, ApiError> {
    let app = rqctx.context();
    let now = app.clock.now();
    let address = limits::network_of(client_address(rqctx));
    app.failed_authentications.look(&address, now).map_err(|seconds| {
        ApiError::rate_limited("too many requests from this address had no valid access token: wait, and send one", seconds)
    })?;
    let token = authenticate(rqctx).await.inspect_err(|error| {
        if error.kind == Kind::Unauthenticated {
            // What it owes already says more than whether this one fits in.
            let _ = app.failed_authentications.take(address, now);
        }
    })?;
    app.requests.take(token.id, now).map_err(|seconds| {
        ApiError::rate_limited("this access token has sent too many requests: send fewer, or wait as long as Retry-After says", seconds)
    })?;
    if !token.scopes.contains(&scope) {
        return Err(ApiError::new(Kind::InsufficientScope, format!("the access token lacks the scope `{}`", scope.as_str())));
    }
    Ok(Caller { account: token.account })
}

/// Whose request it is: the peer, or behind a proxy the last address in X-Forwarded-For. What stands
/// before that may be the caller's own invention.
fn client_address(rqctx: &RequestContext<App>) -> IpAddr {
    let peer = rqctx.request.remote_addr().ip();
    if !rqctx.context().behind_proxy {
        return peer;
    }
    let forwarded = rqctx.request.headers().get_all("x-forwarded-for").iter().next_back();
    let last = forwarded.and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
    last.unwrap_or(peer)
}

async fn authenticate(rqctx: &RequestContext<App>) -> Result<store::Token, ApiError> {
    let app = rqctx.context();
    let unauthenticated = |detail: &str| ApiError::new(Kind::Unauthenticated, detail);
    let mut values = rqctx.request.headers().get_all(http::header::AUTHORIZATION).iter();
    let value = values.next().ok_or_else(|| unauthenticated("send an access token: `Authorization: Bearer <token>`"))?;
    if values.next().is_some() {
        return Err(unauthenticated("send one Authorization header"));
    }
    let token = value
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .ok_or_else(|| unauthenticated("the Authorization header must be `Bearer <token>`"))?;
    let invalid = || unauthenticated("the access token is unknown, expired or revoked");
    let found = app.tokens.look_up(&*app.store, token_hash(token)).await?.ok_or_else(invalid)?;
    if !found.valid_at(app.clock.now()) {
        return Err(invalid());
    }
    Ok(found)
}
