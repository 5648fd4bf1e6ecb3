//! A typed client for every operation of the webhook service, and verification of callbacks.
//!
//! ```no_run
//! use webhooks_client::types::{AuthInput, NotificationPublication, WebhookRegistration};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let token = std::env::var("API_ACCESS_TOKEN")?;
//! let client = webhooks_client::connect("http://127.0.0.1:8080", &token)?;
//!
//! // After the registration, the service sends notifications to this URL.
//! let auth = AuthInput::Basic { username: "USERNAME".parse()?, password: "PASSWORD".parse()? };
//! let registration = WebhookRegistration::builder().target_url("https://example.com/notify").auth(auth);
//! let webhook = client.register_webhook().body(registration).send().await?;
//! println!("registered {}", webhook.id);
//!
//! // The platform publishes a notification when an event happens.
//! let publication = NotificationPublication::builder().type_("catalog.purchase.closed").data(r#"{"purchase": {"id": "p-1"}}"#);
//! let notification = client.publish_notification().idempotency_key("p-1-closed").body(publication).send().await?;
//! println!("{} goes to {} webhooks", notification.id, notification.delivery_count);
//! # Ok(())
//! # }
//! ```
//!
//! # Errors
//!
//! The error of an operation converts to a [`Failure`] with `?` or [`Failure::from`]. Match on the failure:
//!
//! ```no_run
//! use webhooks_client::{Client, Code, Failure};
//!
//! /// Deletes a webhook. Also succeeds if the webhook does not exist.
//! async fn delete(client: &Client, id: uuid::Uuid) -> Result<(), Failure> {
//!     match client.delete_webhook().id(id).send().await.map_err(Failure::from) {
//!         Ok(_) | Err(Failure::Problem { code: Code::NotFound, .. }) => Ok(()),
//!         Err(failure) => Err(failure),
//!     }
//! }
//! ```
//!
//! # Lists
//!
//! [`List::items`] returns the items of all pages:
//!
//! ```no_run
//! use webhooks_client::{Client, Failure, List as _};
//!
//! async fn print_webhooks(client: &Client) -> Result<(), Failure> {
//!     let mut webhooks = client.list_webhooks().items();
//!     while let Some(webhook) = webhooks.next().await {
//!         println!("{}", webhook?.id);
//!     }
//!     Ok(())
//! }
//! ```
//!
//! # Payloads
//!
//! The data of a notification is a [`Payload`]: it keeps the bytes of the JSON text, so callbacks contain exactly what you
//! published. A `Payload` can be made from a text, or from a value with [`Payload::serialize`].
//!
//! # Retries
//!
//! After a temporary failure, the client sends the request again if a repetition is safe. The documentation of
//! [`RetryPolicy`] lists the safe requests and the temporary failures. Use a `RetryPolicy` to change the limits, or to
//! disable retries:
//!
//! ```
//! use std::time::Duration;
//! use webhooks_client::{Client, RetryPolicy};
//!
//! # fn main() -> Result<(), webhooks_client::ConnectError> {
//! let patient = RetryPolicy::default().attempts(10).within(Duration::from_secs(300));
//! let client = Client::builder("https://api.example.com").token("token").retry(patient).build()?;
//! let hasty = Client::builder("https://api.example.com").token("token").retry(RetryPolicy::never()).build()?;
//! # Ok(())
//! # }
//! ```
//!
//! # Token rotation
//!
//! [`ClientBuilder::token_file`] reads the token from a file. Another process may replace the token in this file.
//! [`ClientBuilder::token_provider`] calls your function. When the service refuses a token, the client reads the file or calls
//! the function again:
//!
//! ```
//! use webhooks_client::{AccessToken, Client, TokenError};
//!
//! async fn fetch_token() -> Result<String, TokenError> {
//!     // Get the token from your secret store.
//!     Ok("token".to_owned())
//! }
//!
//! # fn main() -> Result<(), webhooks_client::ConnectError> {
//! let rotated = Client::builder("https://api.example.com").token_file("/run/secrets/webhooks-token").build()?;
//! let provided = Client::builder("https://api.example.com")
//!     .token_provider(|_refused| async { Ok(AccessToken::new(&fetch_token().await?)?) })
//!     .build()?;
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! No feature is enabled by default.
//!
//! - `command-line`: the program `webhooks`. The library does not need this feature.
//! - `httpmock`: the module `mock`. The tests of your program can use it to mock each operation with typed parameters.
//!
//! The module [`callback`] is for servers that receive callbacks.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod connect;
mod curl;
mod exchange;
mod failure;
mod pages;
mod payload;
mod retry;
mod token;
mod vocabulary;

pub mod callback;
// `cargo xtask client` generates this module from openapi.json. Edit openapi.json, not this module.
#[expect(clippy::allow_attributes_without_reason, clippy::unwrap_used, reason = "generated code")]
#[rustfmt::skip]
mod generated;
/// Typed mocks of each operation for [`httpmock::MockServer`]. Requires the feature `httpmock`.
///
/// ```
/// use httpmock::MockServer;
/// use webhooks_client::mock::MockServerExt as _;
/// use webhooks_client::types::WebhookPage;
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = MockServer::start_async().await;
/// let page: WebhookPage = WebhookPage::builder().data(vec![]).try_into()?;
/// let mock = server.list_webhooks(|when, then| {
///     when.cursor(None);
///     then.ok(&page);
/// });
///
/// let client = webhooks_client::connect(&server.base_url(), "token")?;
/// assert!(client.list_webhooks().send().await?.data.is_empty());
/// mock.assert();
/// # Ok(())
/// # }
/// ```
///
/// The typed methods do not support everything, for example response headers. For these cases, call `into_inner`, which
/// returns the `When` or `Then` of httpmock.
// `cargo xtask client` generates this module, too.
#[cfg(feature = "httpmock")]
#[expect(clippy::to_string_in_format_args, clippy::unwrap_used, reason = "generated code")]
#[rustfmt::skip]
pub mod mock;

pub use connect::{ClientBuilder, ConnectError, connect, is_loopback};
pub use failure::Failure;
pub use generated::*;
pub use pages::{Items, List, Page};
pub use payload::{Payload, PayloadError};
pub use retry::RetryPolicy;
pub use token::{AccessToken, TokenError};
pub use vocabulary::{Code, DeactivationReason, HealthState, Outcome, WaitingReason};

/// Compiles the examples of the README as documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(test)]
mod tests {
    use super::types::{AuthInput, CustomHeaderInput, SigningSecret};

    #[test]
    fn debug_of_generated_types_shows_no_secret() {
        let password = "marked".parse().expect("a password");
        let basic = AuthInput::Basic { username: "USERNAME".parse().expect("a user name"), password };
        let secret =
            SigningSecret { secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse().expect("a secret"), previous_valid_until: None };
        let header = CustomHeaderInput { name: "X-API-Key".parse().expect("a name"), value: "marked".parse().expect("a value") };
        assert!(!format!("{basic:?}").contains("marked"));
        assert!(!format!("{header:?}").contains("marked"));
        assert!(!format!("{secret:?}").contains("MfKQ9r8GKY"));
    }
}
