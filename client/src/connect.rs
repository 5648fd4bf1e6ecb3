//! Construction of a client.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::Client;
use crate::exchange::Exchange;
use crate::retry::RetryPolicy;
use crate::token::{self, AccessToken, TokenError, Tokens};

/// Default time limit of an attempt. The slowest operation is `testWebhook`, which takes up to 8 seconds.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// Returns a client of the service at `base_url`. The client sends `token` with every request. All other settings have the
/// defaults of [`ClientBuilder`].
///
/// # Errors
/// If the address or the token is not valid. This function sends no request.
pub fn connect(base_url: &str, token: &str) -> Result<Client, ConnectError> {
    Client::builder(base_url).token(token).build()
}

impl Client {
    /// Returns a builder for a client of the service at `base_url`, such as `https://api.example.com`.
    pub fn builder(base_url: &str) -> ClientBuilder {
        ClientBuilder {
            base_url: base_url.to_owned(),
            tokens: Ok(None),
            authorities: Vec::new(),
            retry: RetryPolicy::default(),
            timeout: DEFAULT_TIMEOUT,
            user_agent: concat!("webhooks-client/", env!("CARGO_PKG_VERSION")).to_owned(),
            proxy: None,
        }
    }
}

/// Whether the host of the URL is this machine: `localhost` or a loopback address. A proxy cannot reach such a host.
#[must_use]
pub fn is_loopback(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The settings of a client. [`Client::builder`] creates this builder. If no token is set, every request fails with
/// [`Code::Unauthenticated`](crate::Code::Unauthenticated).
#[must_use]
pub struct ClientBuilder {
    base_url: String,
    tokens: Result<Option<Tokens>, ConnectError>,
    authorities: Vec<u8>,
    retry: RetryPolicy,
    timeout: Duration,
    user_agent: String,
    proxy: Option<String>,
}

impl ClientBuilder {
    /// Sends this token with every request.
    pub fn token(self, token: &str) -> ClientBuilder {
        let tokens = AccessToken::new(token).map(|token| {
            Some(Tokens::new(move |_| {
                let token = token.clone();
                async { Ok(token) }
            }))
        });
        ClientBuilder { tokens, ..self }
    }

    /// Reads the token from a file before the first request, and again each time the service refuses the token. To rotate
    /// the token, first write the new token to the file, and then revoke the old token.
    pub fn token_file(self, file: impl Into<PathBuf>) -> ClientBuilder {
        let file = file.into();
        self.token_provider(move |_| token::read_file(file.clone()))
    }

    /// Gets the token from `provider`. Before the first request, the client calls `provider` with `None`. If the service
    /// refuses a token (401), the client calls `provider` with the refused token. If `provider` returns another token,
    /// the client sends the request once more.
    ///
    /// If the service refuses several requests with the same token, the client calls `provider` only once. All these
    /// requests wait for the call. The client sets no time limit for `provider`.
    ///
    /// If the provider fails, the request fails with [`Failure::Token`](crate::Failure::Token). This failure contains the
    /// texts of the provider's error and of the causes of the error. These texts must not contain a secret.
    pub fn token_provider<P, F>(self, provider: P) -> ClientBuilder
    where
        P: Fn(Option<AccessToken>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<AccessToken, TokenError>> + Send + 'static,
    {
        ClientBuilder { tokens: Ok(Some(Tokens::new(provider))), ..self }
    }

    /// Trusts these certificate authorities (PEM) in addition to the public certificate authorities.
    pub fn authorities(self, pem: &[u8]) -> ClientBuilder {
        ClientBuilder { authorities: pem.to_owned(), ..self }
    }

    /// Sets the policy for sending a failed request again. The default is [`RetryPolicy::default`].
    pub fn retry(self, retry: RetryPolicy) -> ClientBuilder {
        ClientBuilder { retry, ..self }
    }

    /// Sets the time limit of one attempt. The time includes connecting and reading the whole response. The default is 30
    /// seconds. The service takes up to 8 seconds to test a webhook.
    pub fn timeout(self, timeout: Duration) -> ClientBuilder {
        ClientBuilder { timeout, ..self }
    }

    /// Sets the `User-Agent` of the requests, such as `billing/2.1`. The default names this library and its version.
    pub fn user_agent(self, name: &str) -> ClientBuilder {
        ClientBuilder { user_agent: name.to_owned(), ..self }
    }

    /// Sends all requests through this proxy, such as `http://proxy.example.com:3128`. The default is the proxy in the
    /// environment variables `HTTP_PROXY`, `HTTPS_PROXY` and `ALL_PROXY`, without the hosts in `NO_PROXY`. If the service
    /// is on this machine, the client uses no proxy of the environment, because the proxy would receive the access token.
    pub fn proxy(self, url: &str) -> ClientBuilder {
        ClientBuilder { proxy: Some(url.to_owned()), ..self }
    }

    /// Returns the client.
    ///
    /// # Errors
    /// If the address, the token, the user agent, the proxy or the authorities are not valid. This function sends no request.
    #[expect(clippy::disallowed_methods, reason = "the lint protects requests to URLs of customers; here the caller chose the URL")]
    pub fn build(self) -> Result<Client, ConnectError> {
        let url = reqwest::Url::parse(&self.base_url).map_err(|_| ConnectError::BaseUrl)?;
        if !matches!(url.scheme(), "http" | "https") || url.query().is_some() || url.fragment().is_some() {
            return Err(ConnectError::BaseUrl);
        }
        // Only the service may receive the token, so the client follows no redirects. The API never redirects.
        let mut builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        builder = builder.user_agent(reqwest::header::HeaderValue::try_from(self.user_agent).map_err(|_| ConnectError::UserAgent)?);
        if let Some(proxy) = &self.proxy {
            // The error of the library contains the URL, and the URL may contain a password.
            builder = builder.proxy(reqwest::Proxy::all(proxy).map_err(|_| ConnectError::Proxy)?);
        } else if is_loopback(&url) {
            builder = builder.no_proxy();
        }
        if !self.authorities.is_empty() {
            let certificates = reqwest::Certificate::from_pem_bundle(&self.authorities).map_err(ConnectError::Authorities)?;
            builder = builder.tls_certs_merge(certificates);
        }
        let client = builder.build().map_err(ConnectError::Client)?;
        let exchange = Exchange { tokens: self.tokens?.map(Arc::new), retry: self.retry, timeout: self.timeout };
        Ok(Client::new_with_client(self.base_url.trim_end_matches('/'), client, exchange))
    }
}

/// The reason why a client cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    #[error("the address of the API must be an absolute http or https URL, such as `http://127.0.0.1:8080`")]
    BaseUrl,
    #[error("an access token must consist of one or more visible ASCII characters")]
    Token,
    #[error("a user agent must be a valid header value, such as `billing/2.1`")]
    UserAgent,
    #[error("the proxy must be a URL, such as `http://proxy.example.com:3128`")]
    Proxy,
    #[error("the certificate authorities are not PEM certificates")]
    Authorities(#[source] reqwest::Error),
    #[error("cannot set up the HTTP client")]
    Client(#[source] reqwest::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_settings_are_refused_before_a_request_is_sent() {
        for address in ["", "127.0.0.1:8080", "localhost", "ftp://example.com", "https://example.com?a=b"] {
            assert!(matches!(connect(address, "token"), Err(ConnectError::BaseUrl)), "{address}");
        }
        assert!(matches!(connect("http://127.0.0.1:8080", "to\nken"), Err(ConnectError::Token)));
        let builder = || Client::builder("https://api.example.com");
        assert!(matches!(builder().user_agent("a\nb").build(), Err(ConnectError::UserAgent)));
        assert!(matches!(builder().proxy("http://user:password@").build(), Err(ConnectError::Proxy)));
        let authority = b"-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----\n";
        let error = Client::builder("http://127.0.0.1:8080").authorities(authority).build();
        assert!(matches!(error, Err(ConnectError::Authorities(_))));
    }

    #[test]
    fn a_trailing_slash_of_the_address_is_ignored() {
        use progenitor_client::ClientInfo as _;
        assert_eq!(connect("http://127.0.0.1:8080/", "token").expect("an address").baseurl(), "http://127.0.0.1:8080");
    }

    #[test]
    fn debug_does_not_show_the_token() {
        let client = connect("http://127.0.0.1:8080", "whk_secret").expect("an address and a token");
        assert!(!format!("{client:?}").contains("whk_secret"));
    }
}
