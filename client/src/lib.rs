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
    use super::types::{AuthInput, SigningSecret};

    #[test]
    fn debug_of_generated_types_shows_no_secret() {
        let password = "marked".parse().expect("a password");
        let basic = AuthInput::Basic { username: "USERNAME".parse().expect("a user name"), password };
        let secret = SigningSecret { secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse().expect("a secret") };
        assert!(!format!("{basic:?}").contains("marked"));
        assert!(!format!("{secret:?}").contains("MfKQ9r8GKY"));
    }
}
