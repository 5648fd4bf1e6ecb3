//! Authentication and authorization: finds the [`Caller`] of a bearer token (RFC 6750), and checks the scopes of the
//! token.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use dropshot::RequestContext;
use uuid::Uuid;

use crate::api::Scope;
use crate::api::problem::{ApiError, Kind};
use crate::api::types::Account;
use crate::http::App;
use crate::http::access_tokens::KnownToken;
use crate::http::rate_limit::network_of;
use crate::http::refused_requests::{self, Reason};
use crate::model::Token;

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

    /// Refuses a token of an account.
    pub fn require_platform(&self) -> Result<(), ApiError> {
        match self.account {
            None => Ok(()),
            Some(_) => Err(ApiError::new(Kind::InsufficientScope, "a token of an account cannot do this: use a platform token")),
        }
    }

    /// Returns the account that a request concerns: the account of the token, or the named account. `None` means all
    /// accounts. If a token of an account names another account, returns the error that `refuse` makes.
    pub fn concerned_account(
        &self,
        named: Option<Account>,
        refuse: impl FnOnce(&'static str) -> ApiError,
    ) -> Result<Option<Account>, ApiError> {
        match (&self.account, named) {
            (Some(own), Some(named)) if *own != named => {
                Err(refuse("the access token belongs to another account: leave `account` out, or use a platform token"))
            }
            (Some(own), _) => Ok(Some(own.clone())),
            (None, named) => Ok(named),
        }
    }

    /// Like [`Caller::concerned_account`], for the query of a list.
    pub fn listed_account(&self, named: Option<Account>) -> Result<Option<Account>, ApiError> {
        self.concerned_account(named, |detail| ApiError::new(Kind::InvalidRequest, detail))
    }
}

/// Returns the caller of a request. The token must be valid, must have `scope`, and must not exceed its rate limit.
pub async fn caller(rqctx: &RequestContext<App>, scope: Scope) -> Result<Caller, ApiError> {
    let known = known_token(rqctx).await?;
    let token = &known.token;
    if !token.scopes.contains(&scope) {
        log_refusal(rqctx, 403, "insufficient_scope", Some(token), rqctx.context().clock.now());
        return Err(ApiError::new(Kind::InsufficientScope, format!("the access token lacks the scope `{}`", scope.as_str())));
    }
    Ok(Caller { token_id: token.id, account: token.account.clone() })
}

/// Returns the access token of a request. The token must be valid, and must not exceed its rate limit.
pub async fn known_token(rqctx: &RequestContext<App>) -> Result<Arc<KnownToken>, ApiError> {
    let app = rqctx.context();
    let now = app.clock.now();
    let known = authenticate(rqctx, now).await.map_err(|error| count_failure(rqctx, error, now))?;
    app.tokens.note_use(&known, now);
    app.requests.take(known.token.id, now).map_err(|seconds| {
        ApiError::rate_limited("this access token has sent too many requests: send fewer, or wait as long as Retry-After says", seconds)
    })?;
    Ok(known)
}

/// Counts a failed authentication for the address of the client. Returns the error for the response. Only failures are
/// limited: several clients can have the same address, and a client with a valid token must not have to wait because of
/// the others.
fn count_failure(rqctx: &RequestContext<App>, error: ApiError, now: DateTime<Utc>) -> ApiError {
    if error.kind != Kind::Unauthenticated {
        return error;
    }
    let address = network_of(rqctx.request.remote_addr().ip());
    match rqctx.context().failed_authentications.take(address, now) {
        Ok(()) => error,
        Err(seconds) => ApiError::rate_limited(
            "this request has no valid access token, and neither had too many others from this address: send a valid token, or wait",
            seconds,
        ),
    }
}

/// Finds the valid token of a request. Each failure is counted for the audit log, also if the response is 429.
async fn authenticate(rqctx: &RequestContext<App>, now: DateTime<Utc>) -> Result<Arc<KnownToken>, ApiError> {
    let refused = |reason: Reason, token: Option<&Token>, detail: &str| {
        refused_requests::count(rqctx, reason, token);
        log_refusal(rqctx, 401, reason.as_str(), token, now);
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
    let text = value
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, text)| text.trim())
        .ok_or_else(|| malformed("the Authorization header must be `Bearer <token>`"))?;
    let known = rqctx.context().tokens.find(text).await?.ok_or_else(|| invalid(Reason::UnknownToken, None))?;
    if !known.token.valid_at(now) {
        let reason = if known.token.revoked_at.is_some() { Reason::RevokedToken } else { Reason::ExpiredToken };
        return Err(invalid(reason, Some(&known.token)));
    }
    Ok(known)
}

/// Logs that a request was refused because of its access token. Anyone can send such requests, so the lines are sampled.
fn log_refusal(rqctx: &RequestContext<App>, status: u16, reason: &'static str, token: Option<&Token>, now: DateTime<Utc>) {
    let app = rqctx.context();
    let id = token.map_or_else(|| "none".to_owned(), |token| token.id.to_string());
    let account = token.and_then(|token| token.account.as_ref()).map_or("none", Account::as_str);
    match app.lines.unauthenticated.sample(reason, now) {
        Some(omitted) => slog::info!(rqctx.log, # "authentication.refused", "the access token of a request was refused";
            "status" => status, "reason" => reason, "token" => id, "account" => account, "omitted" => omitted),
        None => slog::debug!(rqctx.log, # "authentication.refused", "the access token of a request was refused";
            "status" => status, "reason" => reason, "token" => id, "account" => account, "omitted" => 0),
    }
}
