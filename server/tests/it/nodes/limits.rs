//! Limits of a webhook that apply to all nodes together: attempts in flight, and callbacks per second.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::Semaphore;

use super::{publish, raise_in_flight_limit, receive_all};
use crate::harness::{Fleet, Reply, eventually};

#[tokio::test]
async fn all_nodes_together_respect_the_in_flight_limit_of_a_webhook() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let mut fleet = Fleet::new().await;
    fleet.start_many(3, &["--max-in-flight-per-webhook", "6"]).await;
    let apis = [0, 1, 2].map(|node| fleet.api(node));
    let mut receiver = fleet.receiver().await;
    apis[0].register_url(&receiver.url()).await;
    raise_in_flight_limit(&apis, &mut receiver).await;
    fleet.wait_for_heartbeats().await;
    let gate = Arc::new(Semaphore::new(0));
    receiver.always_reply(Reply::OkWhenReleased(gate.clone()));
    let published = publish(&apis, 60).await;
    eventually("the maximum number of attempts in flight", async || (receiver.max_concurrent() == 6).then_some(())).await;
    gate.add_permits(published.len());
    assert_eq!(receive_all(&mut receiver, &published).await.len(), published.len());
    assert_eq!(receiver.max_concurrent(), 6);
}

#[tokio::test]
async fn all_nodes_together_respect_the_rate_limit_of_a_webhook() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    const RATE: u32 = 20;
    let mut fleet = Fleet::new().await;
    fleet.start_many(3, &[]).await;
    let apis = [0, 1, 2].map(|node| fleet.api(node));
    let mut receiver = fleet.receiver().await;
    apis[0].register(&json!({ "targetURL": receiver.url(), "maxPerSecond": RATE })).await;
    raise_in_flight_limit(&apis, &mut receiver).await;
    let started = Instant::now();
    let published = publish(&apis, 60).await;
    assert_eq!(receive_all(&mut receiver, &published).await.len(), published.len());
    // The maximum burst is the number of callbacks that the limit allows in 0.1 s.
    let burst = RATE / 10;
    let min_elapsed = Duration::from_secs(1) * (60 - burst) / RATE;
    let elapsed = started.elapsed();
    assert!(elapsed >= min_elapsed, "{elapsed:?} instead of {min_elapsed:?}");
}
