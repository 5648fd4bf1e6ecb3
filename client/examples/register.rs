//! Registers a webhook with a password, and shows where its signing secret comes from.
//!
//! ```sh
//! API_BASE_URL=http://127.0.0.1:8080 API_ACCESS_TOKEN=$(cat ./data/access-token) cargo run --example register
//! ```

use webhooks_client::types::{AuthInput, WebhookRegistration};
use webhooks_client::{Client, Code, Failure};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = webhooks_client::connect(&std::env::var("API_BASE_URL")?, &std::env::var("API_ACCESS_TOKEN")?)?;
    println!("{}", register(&client).await?);
    Ok(())
}

/// Returns a message for the owner of the receiver.
pub(crate) async fn register(client: &Client) -> Result<String, Box<dyn std::error::Error>> {
    let auth = AuthInput::Basic { username: "USERNAME".parse()?, password: "PASSWORD".parse()? };
    let registration = WebhookRegistration::builder().target_url("https://example.com/notify").auth(auth);
    match client.register_webhook().body(registration).send().await.map_err(Failure::from) {
        Ok(webhook) => {
            let secret = client.get_signing_secret().id(webhook.id).send().await?;
            // Give the secret to the receiver. Never log it.
            Ok(format!("registered {}; its signing secret has {} characters", webhook.id, secret.secret.len()))
        }
        Err(Failure::Problem { code: Code::WebhookLimit, .. }) => Ok("delete a webhook first".to_owned()),
        Err(failure) => Err(failure.into()),
    }
}
