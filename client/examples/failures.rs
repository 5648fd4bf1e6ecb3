//! Lists the failed deliveries of all pages, and repeats those that may succeed now.
//!
//! ```sh
//! API_BASE_URL=http://127.0.0.1:8080 API_ACCESS_TOKEN=$(cat ./data/access-token) cargo run --example failures
//! ```

use webhooks_client::types::DeliveryStatus;
use webhooks_client::{Client, Failure, List as _, Outcome};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = webhooks_client::connect(&std::env::var("API_BASE_URL")?, &std::env::var("API_ACCESS_TOKEN")?)?;
    println!("repeated {} deliveries", repeat(&client).await?);
    Ok(())
}

/// Returns the number of repeated deliveries.
pub(crate) async fn repeat(client: &Client) -> Result<usize, Failure> {
    let mut repeated = 0;
    let mut deliveries = client.list_deliveries().status(DeliveryStatus::Failed).items();
    while let Some(delivery) = deliveries.next().await {
        let delivery = delivery?;
        let Some(attempt) = &delivery.last_attempt else { continue };
        println!("{}: {}", delivery.id, attempt.outcome);
        match &attempt.outcome {
            Outcome::TimedOut | Outcome::Unavailable | Outcome::ConnectionRefused => {
                client.redeliver().id(delivery.id).send().await?;
                repeated += 1;
            }
            // A later version of the service may send more outcomes.
            _ => {}
        }
    }
    Ok(repeated)
}
