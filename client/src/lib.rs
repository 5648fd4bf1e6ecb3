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
//! # When an operation fails
//!
//! Its error becomes a [`Failure`], by `?` or [`Failure::from`], and that is to match on:
//!
//! ```no_run
//! use webhooks_client::{Client, Code, Failure};
//!
//! /// Deletes a webhook, unless somebody has done so.
//! async fn delete(client: &Client, id: uuid::Uuid) -> Result<(), Failure> {
//!     match client.delete_webhook().id(id).send().await.map_err(Failure::from) {
//!         Ok(_) | Err(Failure::Problem { code: Code::NotFound, .. }) => Ok(()),
//!         Err(failure) => Err(failure),
//!     }
//! }
//! ```
//!
//! # Sending a request again
//!
//! What may pass by itself is met with a few more attempts, where sending the request twice does no harm.
//! [`RetryPolicy`] says which requests that are and how long it may take, and switches it off:
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
//! # Tokens that change
//!
//! [`ClientBuilder::token_file`] follows a file that another process rotates, and [`ClientBuilder::token_provider`] asks
//! a function of yours, again when the service has refused what it gave:
//!
//! ```
//! use webhooks_client::{AccessToken, Client, TokenError};
//!
//! async fn fetch_token() -> Result<String, TokenError> {
//!     // From wherever your tokens come.
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
//! The program `webhooks` comes with `command-line`, which is on by default; the library does not need it. `httpmock` adds
//! the module `mock`: a server for the tests of your program, on which each operation is mocked in its own types.
//!
//! What the called server does with a callback stands in [`callback`].

mod code;
mod connect;
mod exchange;
mod failure;
mod retry;
mod token;

pub mod callback;
// Generated from openapi.json; edit that instead.
#[expect(clippy::allow_attributes_without_reason, clippy::unwrap_used, reason = "the generator writes it so")]
#[rustfmt::skip]
mod generated;
/// The feature `httpmock`: a mock of each operation for [`httpmock::MockServer`], in the operation's own types.
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
/// What the types cannot say, such as another status or a header, is said to the `When` and `Then` that `into_inner`
/// gives.
// Generated as well.
#[cfg(feature = "httpmock")]
#[expect(clippy::to_string_in_format_args, clippy::unwrap_used, reason = "the generator writes it so")]
#[rustfmt::skip]
pub mod mock;

pub use code::Code;
pub use connect::{ClientBuilder, ConnectError, connect};
pub use failure::Failure;
pub use generated::*;
pub use retry::RetryPolicy;
pub use token::{AccessToken, TokenError};

/// The README's examples, compiled with the documentation's.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
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
