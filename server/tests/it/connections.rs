//! The connections that callbacks use.

use std::sync::Arc;

use http::Version;
use serde_json::json;
use tokio::sync::Semaphore;

use crate::harness::{Api, HostileBehaviour, HostileReceiver, Nginx, Receiver, Reply, Server, Setup, eventually};

/// Publishes `count` notifications. After each notification, waits until its delivery has succeeded.
async fn publish_sequentially(api: &Api, count: usize) {
    for _ in 0..count {
        assert_eq!(api.after_attempts(&api.publish_type("a.b").await, 1).await["status"], "succeeded");
    }
}

#[tokio::test]
async fn sequential_callbacks_share_one_connection() {
    let server = Server::start().await;
    let (http_2, http_1) = (server.receiver().await, Receiver::start_http_1(&server.authority()).await);
    for mut receiver in [http_2, http_1] {
        let api = server.api();
        let webhook = api.register_url(&receiver.url()).await;
        publish_sequentially(&api, 50).await;
        assert_eq!((receiver.next_callbacks(50).await.len(), receiver.connections()), (50, 1));
        api.delete_webhook(&webhook).await;
    }
}

#[tokio::test]
async fn concurrent_callbacks_share_one_http_2_connection_and_reuse_http_1_connections() {
    const CONCURRENT: usize = 10;
    const WARM_UP: usize = 50;
    let server = Server::start().await;
    let (http_2, http_1) = (server.receiver().await, Receiver::start_http_1(&server.authority()).await);
    for (mut receiver, version, connections) in [(http_2, Version::HTTP_2, 1), (http_1, Version::HTTP_11, CONCURRENT)] {
        let api = server.api();
        let webhook = api.register_url(&receiver.url()).await;
        // After `WARM_UP` successes, the server allows at least `CONCURRENT` attempts in flight for this webhook.
        publish_sequentially(&api, WARM_UP).await;
        let mut callbacks = receiver.next_callbacks(WARM_UP).await;
        for _ in 0..2 {
            let gate = Arc::new(Semaphore::new(0));
            receiver.always_reply(Reply::OkWhenReleased(gate.clone()));
            futures_util::future::join_all((0..CONCURRENT).map(|_| api.publish_type("a.b"))).await;
            callbacks.extend(receiver.next_callbacks(CONCURRENT).await);
            assert_eq!((receiver.max_concurrent(), receiver.connections()), (CONCURRENT, connections));
            gate.add_permits(CONCURRENT);
            let recorded = async || api.list(&format!("/deliveries?webhookID={webhook}&status=pending")).await.is_empty().then_some(());
            eventually("all outcomes to be recorded", recorded).await;
        }
        assert!(callbacks.iter().all(|callback| callback.version == version), "{version:?}: {callbacks:?}");
        api.delete_webhook(&webhook).await;
    }
}

#[tokio::test]
async fn callbacks_use_plain_http_only_if_the_operator_allows_it() {
    for (flags, outcome, callbacks) in [(&[][..], "address_blocked", 0), (&["--allow-http"], "accepted", 2)] {
        let server = Setup::dev().flags(flags).start().await;
        let (api, receiver) = (server.api(), Receiver::start_without_tls().await);
        let webhook = api.register_url("https://example.com").await;
        // openapi.json does not allow http URLs, so a registration of this URL would be a contract violation. The test writes
        // the URL to the database instead.
        server.database().change_webhooks(&format!("target_url = '{}'", receiver.url())).await;
        assert_eq!(api.test(&webhook).await["outcome"], outcome, "{flags:?}");
        let delivery = api.after_attempts(&api.publish_type("a.b").await, 1).await;
        assert_eq!(delivery["lastAttempt"]["outcome"], outcome, "{flags:?}: {delivery}");
        assert_eq!((receiver.count(), receiver.connections() > 0), (callbacks, callbacks > 0), "{flags:?}");
    }
}

#[tokio::test]
async fn connecting_and_the_whole_attempt_have_separate_time_limits() {
    // The shorter of the two time limits ends the attempt. All values differ from the defaults.
    for (connect, attempt, error) in [
        (
            "1",
            "4",
            "no connection within the connect timeout of 1 s: the TLS handshake was not complete; check that the server is reachable from the internet",
        ),
        ("300", "1", "no connection within the attempt timeout of 1 s; check that the server is reachable from the internet"),
    ] {
        let flags = ["--connect-timeout-seconds", connect, "--attempt-timeout-seconds", attempt];
        let server = Setup::dev().flags(&flags).start().await;
        let receiver = HostileReceiver::start(&server.authority(), HostileBehaviour::Silent).await;
        server.api().register_url(&receiver.url()).await;
        let delivery = server.api().after_attempts(&server.api().publish_type("a.b").await, 1).await;
        assert_eq!((&delivery["lastAttempt"]["outcome"], &delivery["lastAttempt"]["error"]), (&json!("timed_out"), &json!(error)));
        assert_eq!(receiver.connections(), 1);
    }
}

/// When a server closes a connection after some requests, requests that it has not processed arrive on the connection.
#[tokio::test]
async fn requests_that_nginx_did_not_process_are_charged_no_attempt() {
    const DELIVERIES: usize = 1_000;
    if Nginx::is_missing() {
        return;
    }
    let server = Setup::dev().flags(&["--retry-schedule", "none"]).start().await;
    let api = server.api();
    for (http2, requests) in [(true, 1), (true, 10), (false, 1), (false, 10)] {
        let nginx = Nginx::start(&server.authority(), http2, requests).await;
        let webhook = api.register_url(&nginx.url()).await;
        for _ in 0..DELIVERIES / 50 {
            futures_util::future::join_all((0..50).map(|_| api.publish_type("a.b"))).await;
        }
        let path = format!("/deliveries?webhookID={webhook}");
        eventually("all outcomes to be recorded", async || api.list(&format!("{path}&status=pending")).await.is_empty().then_some(()))
            .await;
        let (mut deliveries, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = api.get(&format!("{path}&limit=200{cursor}")).await.expect(200);
            deliveries.extend(page["data"].as_array().expect("an array").clone());
            match page["cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(deliveries.len(), DELIVERIES);
        for delivery in &deliveries {
            assert_eq!(
                (&delivery["status"], &delivery["attemptCount"]),
                (&json!("succeeded"), &json!(1)),
                "{http2} {requests}: {delivery}"
            );
        }
        // nginx served no request twice.
        eventually("nginx to write its log", async || (nginx.served() >= DELIVERIES).then_some(())).await;
        assert_eq!(nginx.served(), DELIVERIES, "{http2} {requests}");
        api.delete_webhook(&webhook).await;
    }
}
