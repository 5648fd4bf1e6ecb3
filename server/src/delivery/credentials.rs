//! OAuth 2.0 client credentials (RFC 6749 §4.4). A token is fetched once, kept until shortly before it expires, and shared by all
//! attempts of a webhook.

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use http::{HeaderMap, HeaderValue, Method, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Deserializer};
use tokio::sync::Mutex;
use url::Url;
use url::form_urlencoded;

use super::callback::USER_AGENT;
use super::error_text::ErrorText;
use super::guard::{Guard, Observed, Request};
use super::outcome::{Failure, Outcome};
use crate::api::types::{ClientId, TokenAudience, TokenScope, parse_object};
use crate::metrics::Metrics;

/// How long a token without `expires_in` is kept (RFC 6749 §5.1 only recommends `expires_in`).
const DEFAULT_LIFETIME: Duration = Duration::from_secs(300);

/// Maximum time that a token is kept, even if `expires_in` is longer, because the token may have been revoked.
const MAX_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// A token is renewed this long before its expiry. If one tenth of the token's lifetime is shorter than this constant,
/// the tenth is used instead.
const RENEWAL_MARGIN: Duration = Duration::from_secs(30);

/// Maximum size of a token response. A usual response (RFC 6749 §5.1) has a few hundred bytes.
const MAX_RESPONSE_BYTES: usize = 64 * 1024;

/// Maximum length of an access token, which is sent in a header. openapi.json states this limit.
const MAX_TOKEN_BYTES: usize = 8 * 1024;

pub(super) struct TokenSource {
    account: Arc<str>,
    client_id: String,
    client_secret: String,
    token_url: Url,
    /// The request body without the client credentials, as `application/x-www-form-urlencoded`.
    form: String,
    metrics: Arc<Metrics>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    token: Option<Token>,
    /// Whether the token server refused HTTP Basic and accepted the credentials in the body.
    in_body: bool,
}

#[derive(Clone)]
pub(super) struct Token {
    pub(super) value: String,
    number: u64,
    renew_at: Instant,
}

#[derive(Deserialize)]
pub(super) struct TokenResponse {
    pub(super) access_token: String,
    token_type: Option<String>,
    #[serde(default, deserialize_with = "seconds")]
    expires_in: Option<f64>,
}

/// Reads a number of seconds. Some servers send it as a string. A value that is not a number counts as absent, because
/// the token itself can be used.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    Ok(match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::Number(number) => number.as_f64(),
        serde_json::Value::String(text) => text.trim().parse().ok().filter(|seconds: &f64| seconds.is_finite()),
        _ => None,
    })
}

/// The body of a refusal (RFC 6749 §5.2).
#[derive(Default, Deserialize)]
struct TokenError {
    error: Option<String>,
    error_description: Option<String>,
}

impl TokenSource {
    pub(super) fn new(
        account: Arc<str>,
        client_id: &ClientId,
        client_secret: String,
        token_url: Url,
        scope: Option<&TokenScope>,
        audience: Option<&TokenAudience>,
        metrics: Arc<Metrics>,
    ) -> TokenSource {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials");
        if let Some(scope) = scope {
            form.append_pair("scope", scope.as_str());
        }
        if let Some(audience) = audience {
            form.append_pair("audience", audience.as_str());
        }
        TokenSource {
            account,
            client_id: client_id.as_str().to_owned(),
            client_secret,
            token_url,
            form: form.finish(),
            metrics,
            state: Mutex::default(),
        }
    }

    /// Returns a token other than `refused`. Concurrent callers share one token request.
    pub(super) async fn token(&self, guard: &Guard, refused: Option<&Token>) -> Result<Token, Failure> {
        let mut state = self.state.lock().await;
        let number = match &state.token {
            Some(token) if Instant::now() < token.renew_at && refused.is_none_or(|refused| refused.number != token.number) => {
                return Ok(token.clone());
            }
            Some(token) => token.number + 1,
            None => 0,
        };
        let request = self.metrics.token_request();
        // Most attempts find a token in memory. So the large future is not a part of the future of each attempt.
        let fetched = Box::pin(self.fetch(guard, &mut state)).await;
        request.ended(fetched.as_ref().map_or_else(Failure::as_str, |_| "issued"));
        let response = fetched?;
        let lifetime = response.lifetime();
        let token = Token {
            value: response.access_token,
            number,
            renew_at: Instant::now() + lifetime.saturating_sub(RENEWAL_MARGIN).max(lifetime * 9 / 10).min(lifetime),
        };
        state.token = Some(token.clone());
        Ok(token)
    }

    /// Requests a token with HTTP Basic first, as RFC 6749 §2.3.1 prefers. If the server refuses HTTP Basic, sends the
    /// credentials in the body. The next call first tries the method that worked.
    async fn fetch(&self, guard: &Guard, state: &mut State) -> Result<TokenResponse, Failure> {
        let refused = match self.request(guard, state.in_body).await? {
            Ok(response) => return Ok(response),
            Err(refused) => refused,
        };
        if !refused.of_client() {
            return Err(refused.into());
        }
        match self.request(guard, !state.in_body).await? {
            Ok(response) => {
                state.in_body = !state.in_body;
                Ok(response)
            }
            // Most servers refuse the other method without a reason. Then the first refusal says more.
            Err(second) if second.of_client() => Err(refused.into()),
            Err(second) => Err(second.into()),
        }
    }

    async fn request(&self, guard: &Guard, in_body: bool) -> Result<Result<TokenResponse, Refused>, Failure> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        // Some firewalls refuse a request without this header.
        headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
        let body = if in_body {
            let credentials = form_urlencoded::Serializer::new(String::new())
                .append_pair("client_id", &self.client_id)
                .append_pair("client_secret", &self.client_secret)
                .finish();
            format!("{}&{credentials}", self.form)
        } else {
            // RFC 6749 §2.3.1: the client id and the secret are form-encoded first.
            let credentials = format!("{}:{}", form_encode(&self.client_id), form_encode(&self.client_secret));
            let encoded = base64::engine::general_purpose::STANDARD.encode(credentials);
            let mut value = HeaderValue::try_from(format!("Basic {encoded}"))
                .map_err(|_| Failure::new(Outcome::TokenRefused, "the client credentials are not a valid header value"))?;
            value.set_sensitive(true);
            headers.insert(header::AUTHORIZATION, value);
            self.form.clone()
        };
        let request =
            Request { account: self.account.clone(), method: Method::POST, headers, body: body.into(), observed: Observed::default() };
        let response = guard.send(&self.token_url, &request).await.map_err(|error| Failure::from(error).at_token_url())?;
        let status = response.status;
        let mut body = Vec::new();
        let truncated = response.read_at_most(MAX_RESPONSE_BYTES, &mut body).await;
        if !status.is_success() {
            return Ok(Err(Refused { status: status.as_u16(), error: parse_object(&body).unwrap_or_default() }));
        }
        let unusable = |why: &str| Failure::new(Outcome::TokenFailed, format!("the token URL returned {}, but {why}", status.as_u16()));
        if truncated {
            return Err(unusable("the body is incomplete or has more than 64 KiB"));
        }
        TokenResponse::parse(&body).map(Ok).map_err(unusable)
    }
}

impl TokenResponse {
    /// Parses the body of a token response (RFC 6749 §5.1).
    ///
    /// # Errors
    /// Returns the reason if the token cannot be used. The reason has no part of the body.
    pub(super) fn parse(body: &[u8]) -> Result<TokenResponse, &'static str> {
        let response: TokenResponse = parse_object(body).map_err(|_| "the body is not a token response (RFC 6749 §5.1)")?;
        if response.token_type.as_deref().is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer")) {
            return Err("the token type is not Bearer");
        }
        // RFC 6750 §2.1 defines the valid characters of a token. This check gives a clearer error than a later failure
        // to build the header.
        let token = &response.access_token;
        match () {
            () if token.is_empty() => Err("the access token is empty"),
            () if token.len() > MAX_TOKEN_BYTES => Err("the access token has more than 8,192 characters"),
            () if !token.bytes().all(|byte| byte.is_ascii_graphic()) => Err("the access token has characters that a header cannot have"),
            () => Ok(response),
        }
    }

    /// Returns how long the token is kept.
    pub(super) fn lifetime(&self) -> Duration {
        let given = self.expires_in.map(|seconds| Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(MAX_LIFETIME));
        given.unwrap_or(DEFAULT_LIFETIME).min(MAX_LIFETIME)
    }
}

/// A response of the token server without a token.
struct Refused {
    status: u16,
    error: TokenError,
}

impl Refused {
    /// Whether the server refused the authentication of the client. Then the server may accept the other method. RFC 6749
    /// §5.2 specifies the error `invalid_client`, with the status 401 or 400.
    fn of_client(&self) -> bool {
        self.status == 401 || self.error.error.as_deref() == Some("invalid_client")
    }

    /// Returns what the customer can do.
    fn remedy(&self) -> Option<&'static str> {
        Some(match self.error.error.as_deref().unwrap_or_default() {
            "invalid_scope" => "check the scope of the webhook",
            "unauthorized_client" => "allow the grant `client_credentials` for this client at the token server",
            "unsupported_grant_type" => "the token server does not support the grant `client_credentials`; use another token URL",
            _ if self.of_client() || self.status == 403 => "check the client id and the client secret of the webhook",
            _ if self.status == 404 => "check the token URL of the webhook",
            _ => return None,
        })
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Failure {
        let outcome = if matches!(refused.status, 400 | 401 | 403) { Outcome::TokenRefused } else { Outcome::TokenFailed };
        let TokenError { error, error_description } = &refused.error;
        let mut text = ErrorText::from(format!("the token URL returned {}", refused.status));
        if let Some(error) = error.as_deref().filter(|error| !error.is_empty()) {
            text = text.own(" (").foreign(error);
            if let Some(description) = error_description.as_deref().filter(|description| !description.is_empty()) {
                text = text.own(": ").foreign(description);
            }
            text = text.own(")");
        }
        Failure::new(outcome, refused.remedy().map_or(text.clone(), |remedy| text.own("; ").own(remedy)))
    }
}

/// The ASCII characters that `application/x-www-form-urlencoded` escapes.
const FORM_ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'*');

/// Encodes a client id or a secret (RFC 6749 §2.3.1). A space becomes `%20` and not `+`: some servers decode only percent
/// encoding, and others both forms.
fn form_encode(text: &str) -> String {
    utf8_percent_encode(text, FORM_ESCAPED).to_string()
}
