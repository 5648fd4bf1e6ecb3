//! No webhook delays another, and the caps on what is in flight.

use serde_json::json;

use crate::harness::{Reply, Server, Setup, eventually, id_of};

#[tokio::test]
async fn a_hanging_webhook_delays_no_other() {
    let server = Server::start().await;
    let (mut hanging, mut healthy) = (server.receiver().await, server.receiver().await);
    hanging.always(Reply::Hang);
    let api = server.api();
    let bad = api.register(&json!({ "targetURL": hanging.url(), "eventTypes": ["bad"] })).await;
    api.register(&json!({ "targetURL": healthy.url(), "eventTypes": ["good"] })).await;
    // More than it may have in flight: the rest of them waits in the store.
    for _ in 0..100 {
        api.publish_type("bad").await;
    }
    hanging.next_of(64).await;
    for _ in 0..20 {
        let published = api.publish_type("good").await;
        assert_eq!(healthy.next().await.id(), id_of(&published));
    }
    assert_eq!(hanging.most_open(), 64);
    assert_eq!(api.list(&format!("/deliveries?webhookID={}&status=pending", id_of(&bad))).await.len(), 100);
}

#[tokio::test]
async fn an_account_that_hangs_delays_no_other() {
    let server = Setup::dev().flags(&["--max-in-flight", "8"]).start().await;
    let (mut hanging, mut healthy) = (server.receiver().await, server.receiver().await);
    hanging.always(Reply::Hang);
    let (bad, good) = (server.api_of("bad").await, server.api_of("good").await);
    for _ in 0..5 {
        bad.register_url(&hanging.url()).await;
    }
    good.register_url(&healthy.url()).await;
    for _ in 0..4 {
        bad.publish_type("a.b").await;
    }
    hanging.next_of(2).await;
    for _ in 0..20 {
        let published = good.publish_type("a.b").await;
        assert_eq!(healthy.next().await.id(), id_of(&published));
    }
    assert_eq!(hanging.most_open(), 2, "an account has a quarter of what may be in flight");
}

#[tokio::test]
async fn a_webhook_has_no_more_in_flight_than_its_cap_and_gets_everything() {
    let server = Setup::dev().flags(&["--max-in-flight-per-webhook", "3"]).start().await;
    let mut receiver = server.receiver().await;
    let gate = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    receiver.always(Reply::Gate(gate.clone()));
    let api = server.api();
    api.register_url(&receiver.url()).await;
    let mut published = Vec::new();
    for _ in 0..20 {
        published.push(id_of(&api.publish_type("a.b").await));
    }
    let mut received: Vec<String> = receiver.next_of(3).await.iter().map(|callback| callback.id().to_owned()).collect();
    assert_eq!(receiver.count(), 3);
    gate.add_permits(20);
    received.extend(receiver.next_of(17).await.iter().map(|callback| callback.id().to_owned()));
    received.sort();
    published.sort();
    assert_eq!(received, published);
    assert!(receiver.most_open() <= 3);
    eventually("every delivery to be recorded", async || (api.list("/deliveries?status=succeeded").await.len() == 20).then_some(())).await;
}

#[tokio::test]
async fn retries_keep_no_fresh_delivery_waiting() {
    let server = Setup::dev().manual_clock().flags(&["--max-in-flight-per-webhook", "4"]).start().await;
    let mut receiver = server.receiver().await;
    receiver.then((0..30).map(|_| Reply::Status(500)));
    let api = server.api();
    api.register_url(&receiver.url()).await;
    for _ in 0..30 {
        api.publish_type("a.b").await;
    }
    receiver.next_of(30).await;
    eventually("all attempts to be recorded", async || {
        api.list("/deliveries").await.iter().all(|delivery| delivery["attemptCount"] == 1).then_some(())
    })
    .await;
    let gate = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    receiver.always(Reply::Gate(gate.clone()));
    server.advance(chrono::TimeDelta::seconds(6));
    receiver.next_of(4).await;
    let fresh = id_of(&api.publish_type("a.b").await);
    gate.add_permits(1);
    assert_eq!(receiver.next().await.id(), fresh);
    gate.add_permits(100);
    receiver.next_of(26).await;
}
