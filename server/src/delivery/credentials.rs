//! OAuth 2.0 client credentials (RFC 6749 §4.4): a token is fetched once, kept until shortly before it expires, and shared
//! by all attempts of a webhook that need one at the same time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use tokio::sync::Mutex;
use url::Url;
use url::form_urlencoded;

use super::guard::{self, Guard};
use super::outcome::{Failure, Outcome};
use crate::api::types::{ClientId, TokenAudience, TokenScope};
use crate::metrics::Metrics;

/// A token without `expires_in` (RFC 6749 §5.1 only recommends it) is kept this long.
const DEFAULT_LIFE: Duration = Duration::from_secs(300);

/// No token is kept longer, whatever the token server says: it may have been revoked.
const LONGEST_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// A token is renewed this long before it expires, or at nine tenths of its life if that is shorter.
const EARLY: Duration = Duration::from_secs(30);

/// RFC 6749 §5.1 answers are a few hundred bytes.
const ANSWER_BYTES: usize = 64 * 1024;

/// An access token is a header's value, so it cannot be of any length.
const TOKEN_BYTES: usize = 8 * 1024;

pub(super) struct TokenSource {
    client_id: String,
    client_secret: String,
    token_url: Url,
    /// Everything but the client's own credentials, as `application/x-www-form-urlencoded`.
    form: String,
    metrics: Arc<Metrics>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    token: Option<Token>,
    /// The token server refused HTTP Basic and took the credentials in the body.
    in_body: bool,
}

#[derive(Clone)]
pub(super) struct Token {
    pub(super) value: String,
    fetched: u64,
    renew_at: Instant,
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
    token_type: Option<String>,
    expires_in: Option<f64>,
}

impl TokenSource {
    pub(super) fn new(
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
            client_id: client_id.as_str().to_owned(),
            client_secret,
            token_url,
            form: form.finish(),
            metrics,
            state: Mutex::default(),
        }
    }

    /// A token that is not the refused one. Whoever comes while one is being fetched gets that.
    pub(super) async fn token(&self, guard: &Guard, refused: Option<&Token>) -> Result<Token, Failure> {
        let mut state = self.state.lock().await;
        let number = match &state.token {
            Some(token) if Instant::now() < token.renew_at && refused.is_none_or(|refused| refused.fetched != token.fetched) => {
                return Ok(token.clone());
            }
            Some(token) => token.fetched + 1,
            None => 0,
        };
        let request = self.metrics.token_request();
        let fetched = self.fetch(guard, &mut state).await;
        request.ended(fetched.as_ref().map_or_else(Failure::as_str, |_| "issued"));
        let answer = fetched?;
        let life = answer.expires_in.map_or(DEFAULT_LIFE, |seconds| Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(LONGEST_LIFE));
        let life = life.min(LONGEST_LIFE);
        let token = Token {
            value: answer.access_token,
            fetched: number,
            renew_at: Instant::now() + life.saturating_sub(EARLY).max(life * 9 / 10).min(life),
        };
        state.token = Some(token.clone());
        Ok(token)
    }

    /// HTTP Basic first, as RFC 6749 §2.3.1 prefers; the credentials in the body where the server refuses that.
    async fn fetch(&self, guard: &Guard, state: &mut State) -> Result<TokenAnswer, Failure> {
        let first = self.request(guard, state.in_body).await?;
        let refused = match first {
            Ok(answer) => return Ok(answer),
            Err(refused) => refused,
        };
        if !refused.unauthorized {
            return Err(refused.failure);
        }
        match self.request(guard, !state.in_body).await? {
            Ok(answer) => {
                state.in_body = !state.in_body;
                Ok(answer)
            }
            Err(refused) => Err(refused.failure),
        }
    }

    async fn request(&self, guard: &Guard, in_body: bool) -> Result<Result<TokenAnswer, Refused>, Failure> {
        let mut request = guard
            .request(http::Method::POST, &self.token_url)
            .map_err(|refusal| Failure::new(Outcome::AddressBlocked, format!("the token URL: {refusal}")))?
            .header(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(http::header::ACCEPT, "application/json");
        if in_body {
            let credentials = form_urlencoded::Serializer::new(String::new())
                .append_pair("client_id", &self.client_id)
                .append_pair("client_secret", &self.client_secret)
                .finish();
            request = request.body(format!("{}&{credentials}", self.form));
        } else {
            // RFC 6749 §2.3.1: both are form-encoded before they become a user-id and a password.
            let credentials = format!("{}:{}", form_encode(&self.client_id), form_encode(&self.client_secret));
            let encoded = base64::engine::general_purpose::STANDARD.encode(credentials);
            request = request.header(http::header::AUTHORIZATION, format!("Basic {encoded}")).body(self.form.clone());
        }
        let response = request.send().await.map_err(|error| Failure::of(&error).at("the token URL"))?;
        let status = response.status();
        let mut body = Vec::new();
        guard::read_at_most(response, ANSWER_BYTES, &mut body).await.map_err(|error| Failure::of(&error).at("the token URL"))?;
        if !status.is_success() {
            // RFC 6749 §5.2: invalid_client, as a 401 or a 400. Some servers say unauthorized_client or only 403.
            let unauthorized = matches!(status.as_u16(), 400 | 401 | 403);
            let failure = Failure::new(Outcome::TokenRefused, format!("the token URL answered {}", status.as_u16()));
            return Ok(Err(Refused { failure, unauthorized }));
        }
        let unusable = |why: &str| Failure::new(Outcome::TokenRefused, format!("the token URL answered {}, but {why}", status.as_u16()));
        let answer: TokenAnswer =
            serde_json::from_slice(&body).map_err(|_| unusable("not with an access token as RFC 6749 §5.1 prescribes"))?;
        if answer.token_type.as_deref().is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer")) {
            return Err(unusable("its token is not of the type Bearer"));
        }
        // RFC 6750 §2.1: b64token; anything that a header cannot carry would fail later and less clearly.
        let valid = !answer.access_token.is_empty()
            && answer.access_token.len() <= TOKEN_BYTES
            && answer.access_token.bytes().all(|byte| byte.is_ascii_graphic());
        if valid { Ok(Ok(answer)) } else { Err(unusable("its token cannot be sent in a header")) }
    }
}

struct Refused {
    failure: Failure,
    /// Another way to send the credentials may help.
    unauthorized: bool,
}

/// application/x-www-form-urlencoded leaves these as they are.
const FORM_SAFE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'*');

fn form_encode(text: &str) -> String {
    utf8_percent_encode(text, FORM_SAFE).to_string().replace("%20", "+")
}
