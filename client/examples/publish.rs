//! Publishes a notification once, even if the program is started again.
//!
//! ```sh
//! API_BASE_URL=http://127.0.0.1:8080 API_ACCESS_TOKEN=$(cat ./data/access-token) cargo run --example publish
//! ```

use serde::Serialize;
use webhooks_client::types::NotificationPublication;
use webhooks_client::{Client, Payload};

#[derive(Serialize)]
struct Purchase {
    id: &'static str,
    state: &'static str,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = webhooks_client::connect(&std::env::var("API_BASE_URL")?, &std::env::var("API_ACCESS_TOKEN")?)?;
    println!("{} webhooks get the notification", publish(&client).await?);
    Ok(())
}

/// Returns the number of webhooks that get the notification.
pub(crate) async fn publish(client: &Client) -> Result<i32, Box<dyn std::error::Error>> {
    let purchase = Purchase { id: "p-1042", state: "delivered" };
    // The callbacks contain exactly these bytes.
    let data = Payload::serialize(&purchase)?;
    let publication = NotificationPublication::builder().type_("catalog.purchase.closed").data(data);
    // With a key, the client also repeats the request after a temporary failure.
    let notification = client.publish_notification().idempotency_key("p-1042-delivered").body(publication).send().await?;
    Ok(notification.delivery_count)
}
