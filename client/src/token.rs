//! The access token of requests, and the renewal of this token.

use std::fmt;
use std::path::PathBuf;
use std::pin::Pin;

use http::HeaderValue;
use tokio::sync::Mutex;

use crate::ConnectError;

/// An access token. `Debug` does not show the token.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken(HeaderValue);

impl AccessToken {
    /// Creates an access token from its text.
    ///
    /// # Errors
    /// If `token` is empty or contains a character that is not visible ASCII.
    pub fn new(token: &str) -> Result<AccessToken, ConnectError> {
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ConnectError::Token);
        }
        let mut bearer = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| ConnectError::Token)?;
        bearer.set_sensitive(true);
        Ok(AccessToken(bearer))
    }

    /// Returns the value of the header `Authorization` (RFC 6750 §2.1). `Debug` does not show this value.
    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AccessToken([redacted])")
    }
}

/// The reason why a provider returns no token. The text of this error becomes part of
/// [`Failure::Token`](crate::Failure::Token), so the text must not contain a secret.
pub type TokenError = Box<dyn std::error::Error + Send + Sync>;

type Fetched = Pin<Box<dyn Future<Output = Result<AccessToken, TokenError>> + Send>>;
type Provider = Box<dyn Fn(Option<AccessToken>) -> Fetched + Send + Sync>;

/// Gets the token of a client from the provider, and caches the token until the service refuses it.
pub(crate) struct Tokens {
    provider: Provider,
    cache: Mutex<Cache>,
}

#[derive(Default)]
struct Cache {
    token: Option<AccessToken>,
    /// Number of ended calls of the provider. Failed calls in [`Tokens::issue`] do not count.
    fetches: u64,
}

/// A token for one request.
pub(crate) struct Issued {
    pub(crate) token: AccessToken,
    /// The value of [`Cache::fetches`] when the token was issued.
    fetch: u64,
}

impl Tokens {
    pub(crate) fn new<P, F>(provider: P) -> Tokens
    where
        P: Fn(Option<AccessToken>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<AccessToken, TokenError>> + Send + 'static,
    {
        Tokens { provider: Box::new(move |refused| Box::pin(provider(refused))), cache: Mutex::default() }
    }

    pub(crate) async fn issue(&self) -> Result<Issued, TokenError> {
        let mut cache = self.cache.lock().await;
        let token = match &cache.token {
            Some(token) => token.clone(),
            None => {
                let token = (self.provider)(None).await?;
                cache.fetches += 1;
                cache.token.insert(token).clone()
            }
        };
        Ok(Issued { token, fetch: cache.fetches })
    }

    /// Returns a token other than the refused token, or `None` if there is no other token. If several requests were
    /// refused with the same token, only the first request calls the provider. The other requests get the new token of
    /// this call, or `None` if the call failed.
    pub(crate) async fn renew(&self, refused: &Issued) -> Result<Option<Issued>, TokenError> {
        let mut cache = self.cache.lock().await;
        if cache.fetches == refused.fetch {
            let fetched = (self.provider)(Some(refused.token.clone())).await;
            // `fetches` counts the call only after its end. If this request is cancelled during the call, the next
            // request that was refused calls the provider again.
            cache.fetches += 1;
            cache.token = Some(fetched?);
        }
        let token = cache.token.clone().filter(|token| *token != refused.token);
        Ok(token.map(|token| Issued { token, fetch: cache.fetches }))
    }
}

/// Reads a token file. Removes the line ends after the token, because editors and `echo` add a line end.
pub(crate) async fn read_file(file: PathBuf) -> Result<AccessToken, TokenError> {
    let text = tokio::fs::read_to_string(&file).await.map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    AccessToken::new(text.trim_end_matches(['\r', '\n'])).map_err(|error| format!("{}: {error}", file.display()).into())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// Returns a `Tokens` whose provider counts its calls, and the counter of the calls. The closure `token` gets the
    /// number of the call.
    fn counting_tokens(token: impl Fn(u32) -> Option<String> + Send + Sync + 'static) -> (Tokens, Arc<AtomicU32>) {
        let calls = Arc::new(AtomicU32::new(0));
        let counter = calls.clone();
        let provider = move |_| {
            let token = token(counter.fetch_add(1, Ordering::Relaxed) + 1);
            // Lets other requests run during the call, because a real provider often waits for a server.
            async move {
                tokio::task::yield_now().await;
                token.map(|token| AccessToken::new(&token).expect("a token")).ok_or_else(|| "the provider is down".into())
            }
        };
        (Tokens::new(provider), calls)
    }

    #[tokio::test]
    async fn a_token_is_kept_until_it_is_refused() {
        let (tokens, calls) = counting_tokens(|call| Some(format!("token-{call}")));
        let first = tokens.issue().await.expect("a token");
        assert!(tokens.issue().await.expect("a token").token == first.token);
        assert_eq!(calls.load(Ordering::Relaxed), 1);
        let second = tokens.renew(&first).await.expect("no failure").expect("another token");
        assert!(second.token != first.token);
        assert!(tokens.issue().await.expect("a token").token == second.token);
        assert_eq!(calls.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn concurrent_requests_renew_once() {
        let (tokens, calls) = counting_tokens(|call| Some(format!("token-{call}")));
        let [a, b, c] = [tokens.issue().await, tokens.issue().await, tokens.issue().await].map(|issued| issued.expect("a token"));
        let (a, b, c) = tokio::join!(tokens.renew(&a), tokens.renew(&b), tokens.renew(&c));
        for renewed in [a, b, c] {
            assert!(renewed.expect("no failure").expect("another token").token == AccessToken::new("token-2").expect("a token"));
        }
        assert_eq!(calls.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn a_failing_provider_is_called_once_for_all_waiting_requests() {
        let (tokens, calls) = counting_tokens(|call| (call == 1).then(|| "token".to_owned()));
        let [a, b] = [tokens.issue().await, tokens.issue().await].map(|issued| issued.expect("a token"));
        let (a, b) = tokio::join!(tokens.renew(&a), tokens.renew(&b));
        assert_eq!(a.err().expect("a failure").to_string(), "the provider is down");
        assert!(b.expect("the second request does not call the provider").is_none());
        assert_eq!(calls.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn renewal_with_the_same_token_returns_none() {
        let (tokens, _) = counting_tokens(|_| Some("token".to_owned()));
        let issued = tokens.issue().await.expect("a token");
        assert!(tokens.renew(&issued).await.expect("no failure").is_none());
    }

    #[test]
    fn invalid_tokens_are_refused_and_debug_shows_no_token() {
        for text in ["", "a b", "a\n", "ä"] {
            assert!(matches!(AccessToken::new(text), Err(ConnectError::Token)), "{text:?}");
        }
        let token = AccessToken::new("whk_secret").expect("a token");
        assert_eq!(format!("{token:?} {:?}", token.header()), "AccessToken([redacted]) Sensitive");
    }
}
