//! Protection of servers whose owners do not want callbacks: limits for new hosts, ports and networks.

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::harness::{Api, Receiver, Reply, Server, Setup, TokenBehaviour, eventually, id_of};

/// Registers webhooks with different URLs of one receiver, for several accounts. Returns the accounts.
async fn register_many(server: &Server, receiver: &Receiver, count: usize) -> Vec<Api> {
    let mut accounts = Vec::new();
    for account in ["a", "b", "c", "d"] {
        let api = server.api_of(account).await;
        for number in 0..count / 4 {
            api.register_url(&format!("{}/{account}{number}", receiver.url())).await;
        }
        accounts.push(api);
    }
    accounts
}

async fn publish_to_all(accounts: &[Api]) {
    for api in accounts {
        api.publish(&json!({ "type": "a.b", "data": { "text": "x".repeat(100_000) } })).await;
    }
}

/// Checks that another host gets a callback now.
async fn expect_no_delay(server: &Server) {
    let mut other = server.receiver().await;
    let api = server.api();
    api.register_url(&other.url()).await;
    let published = api.publish_type("a.b").await;
    assert_eq!(other.next().await.id(), id_of(&published));
}

#[tokio::test]
async fn a_host_that_has_agreed_to_nothing_gets_four_attempts_at_a_time() {
    // The clock does not advance, so the host gets no further attempts.
    let server = Setup::dev().manual_clock().start().await;
    let mut victim = server.receiver().await;
    victim.always_reply(Reply::Hang);
    let accounts = register_many(&server, &victim, 100).await;
    publish_to_all(&accounts).await;
    victim.next_callbacks(4).await;
    expect_no_delay(&server).await;
    server.advance(TimeDelta::seconds(10));
    expect_no_delay(&server).await;
    assert_eq!((victim.count(), victim.max_concurrent()), (4, 4));
    for api in &accounts {
        assert!(api.list("/deliveries?status=pending").await.iter().all(|delivery| delivery["attemptCount"] == 0));
    }
}

#[tokio::test]
async fn a_host_that_refuses_gets_ten_attempts_a_second() {
    let server = Setup::dev().manual_clock().start().await;
    let mut victim = server.receiver().await;
    victim.always_reply(Reply::Status(404));
    let accounts = register_many(&server, &victim, 100).await;
    publish_to_all(&accounts).await;
    victim.next_callbacks(10).await;
    expect_no_delay(&server).await;
    assert_eq!(victim.count(), 10);
    for step in 1..=10 {
        server.advance(TimeDelta::milliseconds(100));
        victim.next_callbacks(1).await;
        assert_eq!(victim.count(), 10 + step);
    }
    let count = |delivery: &Value| delivery["attemptCount"].as_u64().expect("a number");
    let recorded = async || {
        let mut counts = Vec::new();
        for api in &accounts {
            counts.extend(api.list("/deliveries").await.iter().map(count));
        }
        (counts.iter().sum::<u64>() == 20).then_some(counts)
    };
    let counts = eventually("every outcome to be recorded", recorded).await;
    assert!(counts.iter().all(|count| *count <= 1), "a delivery that waits uses up no attempt");
}

#[tokio::test]
async fn a_host_that_accepts_gets_all_callbacks_without_a_wait_for_time() {
    let server = Setup::dev().manual_clock().start().await;
    let mut receiver = server.receiver().await;
    let accounts = register_many(&server, &receiver, 100).await;
    publish_to_all(&accounts).await;
    receiver.next_callbacks(100).await;
}

#[tokio::test]
async fn the_limits_of_a_host_rise_with_accepted_callbacks() {
    let flags = ["--new-host-attempts", "2", "--new-host-attempts-per-second", "1"];
    let server = Setup::dev().flags(&flags).manual_clock().start().await;
    let mut receiver = server.receiver().await;
    let accounts = register_many(&server, &receiver, 40).await;
    let gate = Arc::new(Semaphore::new(0));
    receiver.always_reply(Reply::OkWhenReleased(gate.clone()));
    publish_to_all(&accounts).await;
    receiver.next_callbacks(2).await;
    for (released, in_flight) in [(2, 4), (4, 8), (8, 16)] {
        gate.add_permits(released);
        receiver.next_callbacks(in_flight).await;
        assert_eq!(receiver.max_concurrent(), in_flight);
    }
    gate.add_permits(100);
    receiver.next_callbacks(10).await;
}

#[tokio::test]
async fn tests_of_webhooks_count_against_the_limits_of_their_host() {
    let server = Setup::dev().manual_clock().start().await;
    let mut victim = server.receiver().await;
    victim.always_reply(Reply::Hang);
    let accounts = register_many(&server, &victim, 4).await;
    let mut running = Vec::new();
    for api in &accounts[..2] {
        let id = id_of(&api.list("/webhooks").await[0]);
        for _ in 0..2 {
            let (api, path) = (api.clone(), format!("/webhooks/{id}/test"));
            running.push(tokio::spawn(async move { api.post(&path, &json!({})).await }));
        }
    }
    victim.next_callbacks(4).await;
    let id = id_of(&accounts[2].list("/webhooks").await[0]);
    let refused = accounts[2].post(&format!("/webhooks/{id}/test"), &json!({})).await;
    assert_eq!(refused.problem(), (429, "rate_limited".to_owned()));
    publish_to_all(&accounts).await;
    expect_no_delay(&server).await;
    assert_eq!(victim.count(), 4, "callbacks wait too");
    running.iter().for_each(|test| test.abort());
}

#[tokio::test]
async fn token_requests_count_against_the_limits_of_the_token_host() {
    let server = Setup::dev().manual_clock().start().await;
    let (mut receiver, token_server) = (server.receiver().await, server.token_endpoint("client", "secret").await);
    token_server.behave(TokenBehaviour::Hang);
    let api = server.api();
    for number in 0..40 {
        let auth = json!({ "type": "client_credential", "clientID": "client", "clientSecret": "secret", "tokenURL": token_server.url() });
        api.register(&json!({ "targetURL": format!("{}/{number}", receiver.url()), "auth": auth })).await;
    }
    api.publish_type("a.b").await;
    eventually("four token requests", async || (token_server.requests().len() == 4).then_some(())).await;
    expect_no_delay(&server).await;
    assert_eq!((token_server.requests().len(), receiver.take_arrived().len()), (4, 0));
}

#[tokio::test]
async fn a_port_or_network_that_the_operator_does_not_allow_is_refused_at_registration_and_at_each_attempt() {
    let server = Setup::dev().start().await;
    let (api, receiver) = (server.api(), server.receiver().await);
    for (url, message) in [
        ("https://example.com:22/", "the port 22 is not allowed; the allowed ports are 443, 1024-65535"),
        ("https://example.com:80/", "the port 80 is not allowed; the allowed ports are 443, 1024-65535"),
    ] {
        let auth = json!({ "type": "client_credential", "clientID": "c", "clientSecret": "s", "tokenURL": url });
        for (registration, pointer) in
            [(json!({ "targetURL": url }), "/targetURL"), (json!({ "targetURL": "https://example.com", "auth": auth }), "/auth/tokenURL")]
        {
            let refused = api.post("/webhooks", &registration).await;
            assert_eq!((refused.status, refused.pointer().as_deref()), (400, Some(pointer)));
            assert_eq!(refused.json()["errors"][0]["detail"], message);
        }
    }
    let id = api.register_url(&receiver.url()).await;
    // A URL in the database may be older than the settings.
    server.database().change_webhooks("target_url = 'https://127.0.0.1:25/'").await;
    let attempt = api.test(&id).await;
    let error = "the port 25 is not allowed; the allowed ports are 443, 1024-65535";
    assert_eq!((&attempt["outcome"], &attempt["error"]), (&json!("address_blocked"), &json!(error)));

    let flags = ["--deny-network", "127.0.0.0/9", "--allowed-port", "1024-65535", "--allowed-port", "25", "--use-hosts-file"];
    let server = Setup::dev().flags(&flags).start().await;
    let (api, receiver) = (server.api(), server.receiver().await);
    let refused = api.post("/webhooks", &json!({ "targetURL": receiver.url() })).await;
    let message = "the operator of this service allows no requests to the address 127.0.0.1; use another server";
    assert_eq!((refused.status, &refused.json()["errors"][0]["detail"]), (400, &json!(message)));
    api.register_url("https://127.128.0.1:25/").await;
    let id = api.register_url(&receiver.url().replace("127.0.0.1", "localhost")).await;
    assert_eq!(api.test(&id).await["outcome"], "name_not_found");
    assert_eq!(receiver.connections(), 0);
}
