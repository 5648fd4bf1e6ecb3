//! What a webhook may get at once, and in a second, from all nodes together.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::Semaphore;

use super::{arrivals, prove, publish};
use crate::harness::{Fleet, Reply, eventually};

#[tokio::test]
async fn all_nodes_together_have_no_more_in_flight_to_a_webhook_than_one_may() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let mut fleet = Fleet::new().await;
    fleet.start_many(3, &["--max-in-flight-per-webhook", "6"]).await;
    let apis = [0, 1, 2].map(|node| fleet.api(node));
    let mut receiver = fleet.receiver().await;
    apis[0].register_url(&receiver.url()).await;
    prove(&apis, &mut receiver).await;
    fleet.heartbeats().await;
    let gate = Arc::new(Semaphore::new(0));
    receiver.always(Reply::Gate(gate.clone()));
    let published = publish(&apis, 60).await;
    eventually("all that may be in flight", async || (receiver.most_open() == 6).then_some(())).await;
    gate.add_permits(published.len());
    assert_eq!(arrivals(&mut receiver, &published).await.len(), published.len());
    assert_eq!(receiver.most_open(), 6);
}

#[tokio::test]
async fn all_nodes_together_send_no_more_in_a_second_than_the_webhook_allows() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    const RATE: u32 = 20;
    let mut fleet = Fleet::new().await;
    fleet.start_many(3, &[]).await;
    let apis = [0, 1, 2].map(|node| fleet.api(node));
    let mut receiver = fleet.receiver().await;
    apis[0].register(&json!({ "targetURL": receiver.url(), "maxPerSecond": RATE })).await;
    prove(&apis, &mut receiver).await;
    let started = Instant::now();
    let published = publish(&apis, 60).await;
    assert_eq!(arrivals(&mut receiver, &published).await.len(), published.len());
    // What comes at once is no more than a tenth of a second's worth.
    let burst = RATE / 10;
    let least = Duration::from_secs(1) * (60 - burst) / RATE;
    let took = started.elapsed();
    assert!(took >= least, "{took:?} instead of {least:?}");
}
