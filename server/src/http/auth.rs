//! Authentication and authorization: finds the [`Caller`] of a bearer token (RFC 6750), and checks the scopes of the
//! token.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use dropshot::RequestContext;
use uuid::Uuid;

use crate::api::Scope;
use crate::api::problem::{ApiError, Kind};
use crate::api::types::Account;
use crate::http::App;
use crate::http::rate_limit;
use crate::http::refused_requests::{self, Reason};
use crate::model::Token;
use crate::secrets::access_token::token_hash;
use crate::store::{self, Store};

/// The sender of a request.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The identifier of the access token.
    pub token_id: Uuid,
    /// The account of the sender. `None` means the platform, which may act for every account.
    pub account: Option<Account>,
}

impl Caller {
    /// Returns the account of the caller. Only operations of customers call this function. A platform token never has
    /// the scopes of these operations.
    pub fn account(&self) -> Result<&Account, ApiError> {
        self.account
            .as_ref()
            .ok_or_else(|| ApiError::new(Kind::InsufficientScope, "a platform token cannot do this: use a token of the account"))
    }
}

/// A cache of tokens that were looked up recently. A revocation takes effect when the cache entry expires, after less
/// than one second.
#[derive(Default)]
pub struct TokenCache(Mutex<HashMap<[u8; 32], (Instant, Token)>>);

impl TokenCache {
    const MAX_AGE: Duration = Duration::from_millis(750);
    const CAPACITY: usize = 10_000;

    async fn look_up(&self, store: &dyn Store, hash: [u8; 32]) -> Result<Option<Token>, store::Error> {
        let cached = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&hash).cloned();
        if let Some((read_at, token)) = cached
            && read_at.elapsed() < TokenCache::MAX_AGE
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

/// Returns the caller of a request. The token must be valid, must have `scope`, and must not exceed its rate limit.
pub async fn caller(rqctx: &RequestContext<App>, scope: Scope) -> Result<Caller, ApiError> {
    let app = rqctx.context();
    let now = app.clock.now();
    let address = rate_limit::network_of(rqctx.request.remote_addr().ip());
    app.failed_authentications.check(&address, now).map_err(|seconds| {
        ApiError::rate_limited("too many requests from this address had no valid access token: wait, then send one", seconds)
    })?;
    let token = authenticate(rqctx).await.inspect_err(|error| {
        if error.kind == Kind::Unauthenticated {
            // This call only counts the request. Its result is ignored, because the limit was checked above.
            let _ = app.failed_authentications.take(address, now);
        }
    })?;
    app.requests.take(token.id, now).map_err(|seconds| {
        ApiError::rate_limited("this access token has sent too many requests: send fewer, or wait as long as Retry-After says", seconds)
    })?;
    if !token.scopes.contains(&scope) {
        return Err(ApiError::new(Kind::InsufficientScope, format!("the access token lacks the scope `{}`", scope.as_str())));
    }
    Ok(Caller { token_id: token.id, account: token.account })
}

async fn authenticate(rqctx: &RequestContext<App>) -> Result<Token, ApiError> {
    let app = rqctx.context();
    let refused = |reason: Reason, token: Option<&Token>, detail: &str| {
        refused_requests::count(rqctx, reason, token);
        ApiError::new(Kind::Unauthenticated, detail)
    };
    let missing = || refused(Reason::MissingToken, None, "send an access token: `Authorization: Bearer <token>`");
    let malformed = |detail: &str| refused(Reason::MalformedToken, None, detail);
    let invalid = |reason, token| refused(reason, token, "the access token is unknown, expired or revoked");
    let mut values = rqctx.request.headers().get_all(http::header::AUTHORIZATION).iter();
    let value = values.next().ok_or_else(missing)?;
    if values.next().is_some() {
        return Err(malformed("send one Authorization header"));
    }
    let token = value
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .ok_or_else(|| malformed("the Authorization header must be `Bearer <token>`"))?;
    let found = app.tokens.look_up(&*app.store, token_hash(token)).await?;
    let found = found.ok_or_else(|| invalid(Reason::UnknownToken, None))?;
    if !found.valid_at(app.clock.now()) {
        let reason = if found.revoked_at.is_some() { Reason::RevokedToken } else { Reason::ExpiredToken };
        return Err(invalid(reason, Some(&found)));
    }
    Ok(found)
}
