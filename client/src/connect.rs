//! Making a client.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::Client;
use crate::exchange::Exchange;
use crate::retry::RetryPolicy;
use crate::token::{self, AccessToken, TokenError, Tokens};

/// Longer than the service takes for its longest answer, a test of a webhook.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A client of the service at `base_url` that shows `token` with every request: [`Client::builder`] with nothing else
/// said.
///
/// # Errors
/// When the address or the token cannot be used at all; nothing is sent yet.
pub fn connect(base_url: &str, token: &str) -> Result<Client, ConnectError> {
    Client::builder(base_url).token(token).build()
}

impl Client {
    /// A client of the service at `base_url`, its scheme and authority, such as `https://api.example.com`.
    pub fn builder(base_url: &str) -> ClientBuilder {
        ClientBuilder {
            base_url: base_url.to_owned(),
            tokens: Ok(None),
            authorities: Vec::new(),
            retry: RetryPolicy::default(),
            timeout: TIMEOUT,
        }
    }
}

/// How a client is to be; from [`Client::builder`]. Without a token every request is answered with
/// [`Code::Unauthenticated`](crate::Code::Unauthenticated).
#[must_use]
pub struct ClientBuilder {
    base_url: String,
    tokens: Result<Option<Tokens>, ConnectError>,
    authorities: Vec<u8>,
    retry: RetryPolicy,
    timeout: Duration,
}

impl ClientBuilder {
    /// Shows this token always.
    pub fn token(self, token: &str) -> ClientBuilder {
        let tokens = AccessToken::new(token).map(|token| {
            Some(Tokens::new(move |_| {
                let token = token.clone();
                async { Ok(token) }
            }))
        });
        ClientBuilder { tokens, ..self }
    }

    /// Reads the token from a file when the first request is sent, and again when the service has refused it: another
    /// process may rotate the token, if it writes the new one before the old one is revoked.
    pub fn token_file(self, file: impl Into<PathBuf>) -> ClientBuilder {
        let file = file.into();
        self.token_provider(move |_| token::read_file(file.clone()))
    }

    /// Asks `provider` for the token when the first request is sent, and again with the token that the service refused
    /// (401). If another one comes of that, the request is sent once more with it. Requests that are refused at the same
    /// time ask once, and wait for it: a provider that may hang needs a time limit of its own.
    ///
    /// A provider that fails ends the request with [`Failure::Token`](crate::Failure::Token), which holds its error and
    /// that error's causes as text: they must not have a secret in them.
    pub fn token_provider<P, F>(self, provider: P) -> ClientBuilder
    where
        P: Fn(Option<AccessToken>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<AccessToken, TokenError>> + Send + 'static,
    {
        ClientBuilder { tokens: Ok(Some(Tokens::new(provider))), ..self }
    }

    /// Trusts these certificate authorities, in PEM, beside the public ones.
    pub fn authorities(self, pem: &[u8]) -> ClientBuilder {
        ClientBuilder { authorities: pem.to_owned(), ..self }
    }

    /// Which failures are met by sending the request again; [`RetryPolicy::default`] unless said.
    pub fn retry(self, retry: RetryPolicy) -> ClientBuilder {
        ClientBuilder { retry, ..self }
    }

    /// How long one attempt may take, from the connection to the end of the answer; 30 seconds unless said. The service
    /// takes up to 8 for a test of a webhook.
    pub fn timeout(self, timeout: Duration) -> ClientBuilder {
        ClientBuilder { timeout, ..self }
    }

    /// # Errors
    /// When the address, the token or the authorities cannot be used at all; nothing is sent yet.
    #[expect(clippy::disallowed_methods, reason = "the guard is for URLs that customers choose; this one its user chose")]
    pub fn build(self) -> Result<Client, ConnectError> {
        let url = reqwest::Url::parse(&self.base_url).map_err(|_| ConnectError::BaseUrl)?;
        if !matches!(url.scheme(), "http" | "https") || url.query().is_some() || url.fragment().is_some() {
            return Err(ConnectError::BaseUrl);
        }
        // The token is for this service alone, and the API redirects nobody.
        let mut builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        if !self.authorities.is_empty() {
            let certificates = reqwest::Certificate::from_pem_bundle(&self.authorities).map_err(ConnectError::Authorities)?;
            builder = builder.tls_certs_merge(certificates);
        }
        let client = builder.build().map_err(ConnectError::Client)?;
        let exchange = Exchange { tokens: self.tokens?.map(Arc::new), retry: self.retry, timeout: self.timeout };
        Ok(Client::new_with_client(self.base_url.trim_end_matches('/'), client, exchange))
    }
}

/// Why a client cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    #[error("the API's address must be an absolute http or https URL, such as `http://127.0.0.1:8080`")]
    BaseUrl,
    #[error("an access token is one or more visible ASCII characters")]
    Token,
    #[error("the certificate authorities are not certificates in PEM")]
    Authorities(#[source] reqwest::Error),
    #[error("the HTTP client cannot be set up")]
    Client(#[source] reqwest::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_work_is_refused_before_anything_is_sent() {
        for address in ["", "127.0.0.1:8080", "localhost", "ftp://example.com", "https://example.com?a=b"] {
            assert!(matches!(connect(address, "token"), Err(ConnectError::BaseUrl)), "{address}");
        }
        assert!(matches!(connect("http://127.0.0.1:8080", "to\nken"), Err(ConnectError::Token)));
        let authority = b"-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----\n";
        let error = Client::builder("http://127.0.0.1:8080").authorities(authority).build();
        assert!(matches!(error, Err(ConnectError::Authorities(_))));
    }

    #[test]
    fn a_slash_at_the_end_of_the_address_does_no_harm() {
        use progenitor_client::ClientInfo as _;
        assert_eq!(connect("http://127.0.0.1:8080/", "token").expect("an address").baseurl(), "http://127.0.0.1:8080");
    }

    #[test]
    fn the_token_is_not_shown() {
        let client = connect("http://127.0.0.1:8080", "whk_secret").expect("an address and a token");
        assert!(!format!("{client:?}").contains("whk_secret"));
    }
}
