//! The access token that requests show, and where a new one comes from.

use std::fmt;
use std::path::PathBuf;
use std::pin::Pin;

use http::HeaderValue;
use tokio::sync::Mutex;

use crate::ConnectError;

/// An access token. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken(HeaderValue);

impl AccessToken {
    /// # Errors
    /// When `token` is empty or has other than visible ASCII characters.
    pub fn new(token: &str) -> Result<AccessToken, ConnectError> {
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ConnectError::Token);
        }
        let mut bearer = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| ConnectError::Token)?;
        bearer.set_sensitive(true);
        Ok(AccessToken(bearer))
    }

    /// The value of the header `Authorization` (RFC 6750 §2.1), which `Debug` does not show either.
    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AccessToken([redacted])")
    }
}

/// Why a provider has no token. Its text reaches whoever sent the request: it must not hold a secret.
pub type TokenError = Box<dyn std::error::Error + Send + Sync>;

type Fetched = Pin<Box<dyn Future<Output = Result<AccessToken, TokenError>> + Send>>;
type Provider = Box<dyn Fn(Option<AccessToken>) -> Fetched + Send + Sync>;

/// The token of a client, kept until the service refuses it.
pub(crate) struct Tokens {
    provider: Provider,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    token: Option<AccessToken>,
    /// How often the provider was asked.
    fetches: u64,
}

/// A token for one request. It knows which fetch it came from.
pub(crate) struct Issued {
    pub(crate) token: AccessToken,
    fetch: u64,
}

impl Tokens {
    pub(crate) fn new<P, F>(provider: P) -> Tokens
    where
        P: Fn(Option<AccessToken>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<AccessToken, TokenError>> + Send + 'static,
    {
        Tokens { provider: Box::new(move |refused| Box::pin(provider(refused))), kept: Mutex::default() }
    }

    pub(crate) async fn issue(&self) -> Result<Issued, TokenError> {
        let mut kept = self.kept.lock().await;
        let token = match &kept.token {
            Some(token) => token.clone(),
            None => {
                let token = (self.provider)(None).await?;
                kept.fetches += 1;
                kept.token.insert(token).clone()
            }
        };
        Ok(Issued { token, fetch: kept.fetches })
    }

    /// Another token than the one that was refused, if there is one. Of all requests that were refused with the same
    /// token only the first asks the provider, and the others get what came of that.
    pub(crate) async fn renew(&self, refused: &Issued) -> Result<Option<Issued>, TokenError> {
        let mut kept = self.kept.lock().await;
        if kept.fetches == refused.fetch {
            let fetched = (self.provider)(Some(refused.token.clone())).await;
            // Only now: a request that is given up while it waits leaves the asking to the next.
            kept.fetches += 1;
            kept.token = Some(fetched?);
        }
        let token = kept.token.clone().filter(|token| *token != refused.token);
        Ok(token.map(|token| Issued { token, fetch: kept.fetches }))
    }
}

/// Reads a token file. Line ends behind the token, as editors and `echo` make them, are no part of it.
pub(crate) async fn read_file(file: PathBuf) -> Result<AccessToken, TokenError> {
    let text = tokio::fs::read_to_string(&file).await.map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    AccessToken::new(text.trim_end_matches(['\r', '\n'])).map_err(|error| format!("{}: {error}", file.display()).into())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// Counts its calls, and gives `token-1`, `token-2` and so on, or always the same one, or none at all.
    fn counting(token: impl Fn(u32) -> Option<String> + Send + Sync + 'static) -> (Tokens, Arc<AtomicU32>) {
        let calls = Arc::new(AtomicU32::new(0));
        let counter = calls.clone();
        let provider = move |_| {
            let token = token(counter.fetch_add(1, Ordering::Relaxed) + 1);
            // As one that asks another server: others come meanwhile.
            async move {
                tokio::task::yield_now().await;
                token.map(|token| AccessToken::new(&token).expect("a token")).ok_or_else(|| "the provider is down".into())
            }
        };
        (Tokens::new(provider), calls)
    }

    #[tokio::test]
    async fn a_token_is_kept_until_it_is_refused() {
        let (tokens, calls) = counting(|call| Some(format!("token-{call}")));
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
        let (tokens, calls) = counting(|call| Some(format!("token-{call}")));
        let [a, b, c] = [tokens.issue().await, tokens.issue().await, tokens.issue().await].map(|issued| issued.expect("a token"));
        let (a, b, c) = tokio::join!(tokens.renew(&a), tokens.renew(&b), tokens.renew(&c));
        for renewed in [a, b, c] {
            assert!(renewed.expect("no failure").expect("another token").token == AccessToken::new("token-2").expect("a token"));
        }
        assert_eq!(calls.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn a_provider_that_fails_is_asked_once_for_all_that_wait() {
        let (tokens, calls) = counting(|call| (call == 1).then(|| "token".to_owned()));
        let [a, b] = [tokens.issue().await, tokens.issue().await].map(|issued| issued.expect("a token"));
        let (a, b) = tokio::join!(tokens.renew(&a), tokens.renew(&b));
        assert_eq!(a.err().expect("a failure").to_string(), "the provider is down");
        assert!(b.expect("no failure of its own").is_none());
        assert_eq!(calls.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn the_same_token_again_is_no_other_token() {
        let (tokens, _) = counting(|_| Some("token".to_owned()));
        let issued = tokens.issue().await.expect("a token");
        assert!(tokens.renew(&issued).await.expect("no failure").is_none());
    }

    #[test]
    fn what_cannot_be_a_token_is_refused_and_none_is_shown() {
        for text in ["", "a b", "a\n", "ä"] {
            assert!(matches!(AccessToken::new(text), Err(ConnectError::Token)), "{text:?}");
        }
        let token = AccessToken::new("whk_secret").expect("a token");
        assert_eq!(format!("{token:?} {:?}", token.header()), "AccessToken([redacted]) Sensitive");
    }
}
