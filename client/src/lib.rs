//! A client of the webhook service: every operation of its API, typed, and the check that a callback is genuine.
//!
//! ```no_run
//! use webhooks_client::types::{AuthInput, NotificationPublication, WebhookRegistration};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let token = std::env::var("API_ACCESS_TOKEN")?;
//! let client = webhooks_client::connect("http://127.0.0.1:8080", &token)?;
//!
//! // From now on this server is called when something happens.
//! let auth = AuthInput::Basic { username: "USERNAME".parse()?, password: "PASSWORD".parse()? };
//! let registration = WebhookRegistration::builder().target_url("https://example.com/notify").auth(auth);
//! let webhook = client.register_webhook().body(registration).send().await?;
//! println!("registered {}", webhook.id);
//!
//! // What the platform does when it happens.
//! let data: serde_json::Map<_, _> = serde_json::from_str(r#"{"purchase": {"id": "p-1"}}"#)?;
//! let publication = NotificationPublication::builder().type_("catalog.purchase.closed").data(data);
//! let notification = client.publish_notification().idempotency_key("p-1-closed").body(publication).send().await?;
//! println!("{} goes to {} webhooks", notification.id, notification.delivery_count);
//! # Ok(())
//! # }
//! ```
//!
//! What the called server does with a callback stands in [`callback`].
//!
//! The program `webhooks` comes with the feature `command-line`, which is on by default; the library does not need it.

use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};

pub mod callback;
// Generated from openapi.json; edit that instead.
#[expect(clippy::allow_attributes_without_reason, clippy::disallowed_methods, clippy::unwrap_used, reason = "the generator writes it so")]
#[rustfmt::skip]
mod generated;

pub use generated::*;

const TIMEOUT: Duration = Duration::from_secs(30);

/// A client of the service at `base_url` (its scheme and authority, such as `https://api.example.com`) that shows
/// `token` with every request. A request may take 30 seconds.
///
/// # Errors
/// When the address or the token cannot be used at all; nothing is sent yet.
pub fn connect(base_url: &str, token: &str) -> Result<Client, ConnectError> {
    connect_trusting(base_url, token, b"")
}

/// As [`connect`], and certificate authorities in PEM are trusted beside the public ones.
///
/// # Errors
/// As [`connect`], and when the authorities cannot be read.
#[expect(clippy::disallowed_methods, reason = "the guard is for URLs that customers choose; this one its user chose")]
pub fn connect_trusting(base_url: &str, token: &str, authorities: &[u8]) -> Result<Client, ConnectError> {
    let url = reqwest::Url::parse(base_url).map_err(|_| ConnectError::BaseUrl)?;
    if !matches!(url.scheme(), "http" | "https") || url.query().is_some() || url.fragment().is_some() {
        return Err(ConnectError::BaseUrl);
    }
    let mut bearer = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| ConnectError::Token)?;
    bearer.set_sensitive(true);
    // The token is for this service alone, and the API redirects nobody.
    let mut builder = reqwest::Client::builder()
        .default_headers(HeaderMap::from_iter([(AUTHORIZATION, bearer)]))
        .redirect(reqwest::redirect::Policy::none())
        .timeout(TIMEOUT);
    if !authorities.is_empty() {
        let certificates = reqwest::Certificate::from_pem_bundle(authorities).map_err(ConnectError::Authorities)?;
        builder = builder.tls_certs_merge(certificates);
    }
    let client = builder.build().map_err(ConnectError::Client)?;
    Ok(Client::new_with_client(base_url.trim_end_matches('/'), client))
}

/// Why a client cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    #[error("the API's address must be an absolute http or https URL, such as `http://127.0.0.1:8080`")]
    BaseUrl,
    #[error("an access token is visible ASCII characters only")]
    Token,
    #[error("the certificate authorities are not certificates in PEM")]
    Authorities(#[source] reqwest::Error),
    #[error("the HTTP client cannot be set up")]
    Client(#[source] reqwest::Error),
}

/// The README's examples, compiled with the documentation's.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

#[cfg(test)]
mod tests {
    use super::types::{AuthInput, SigningSecret};
    use super::*;

    #[test]
    fn what_cannot_work_is_refused_before_anything_is_sent() {
        for address in ["", "127.0.0.1:8080", "localhost", "ftp://example.com", "https://example.com?a=b"] {
            assert!(matches!(connect(address, "token"), Err(ConnectError::BaseUrl)), "{address}");
        }
        assert!(matches!(connect("http://127.0.0.1:8080", "to\nken"), Err(ConnectError::Token)));
        let error = connect_trusting("http://127.0.0.1:8080", "token", b"-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----\n");
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

    #[test]
    fn debug_of_generated_types_shows_no_secret() {
        let password = "marked".parse().expect("a password");
        let basic = AuthInput::Basic { username: "USERNAME".parse().expect("a user name"), password };
        let secret = SigningSecret { secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse().expect("a secret") };
        assert!(!format!("{basic:?}").contains("marked"));
        assert!(!format!("{secret:?}").contains("MfKQ9r8GKY"));
    }
}
