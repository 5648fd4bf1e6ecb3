//! The connections that callbacks travel over.

use std::sync::Arc;

use http::Version;
use serde_json::json;
use tokio::sync::Semaphore;

use crate::harness::{Api, HostileReceiver, Hostility, Receiver, Reply, Server, Setup, eventually};

/// Publishes so many notifications, each after the one before it was recorded as accepted.
async fn one_after_the_other(api: &Api, count: usize) {
    for _ in 0..count {
        assert_eq!(api.after_attempts(&api.publish_type("a.b").await, 1).await["status"], "succeeded");
    }
}

#[tokio::test]
async fn callbacks_one_after_the_other_share_one_connection() {
    let server = Server::start().await;
    let (newer, older) = (server.receiver().await, Receiver::of_http_1(&server.authority()).await);
    for mut receiver in [newer, older] {
        let api = server.api();
        let webhook = api.register_url(&receiver.url()).await;
        one_after_the_other(&api, 50).await;
        assert_eq!((receiver.next_of(50).await.len(), receiver.connections()), (50, 1));
        api.delete_webhook(&webhook).await;
    }
}

#[tokio::test]
async fn callbacks_at_once_share_a_connection_over_http_2_and_keep_those_that_they_need_over_http_1() {
    const AT_ONCE: usize = 10;
    const ENOUGH: usize = 50;
    let server = Server::start().await;
    let (newer, older) = (server.receiver().await, Receiver::of_http_1(&server.authority()).await);
    for (mut receiver, version, connections) in [(newer, Version::HTTP_2, 1), (older, Version::HTTP_11, AT_ONCE)] {
        let api = server.api();
        let webhook = api.register_url(&receiver.url()).await;
        // After so many that it accepted, as many may be in flight.
        one_after_the_other(&api, ENOUGH).await;
        let mut callbacks = receiver.next_of(ENOUGH).await;
        for _ in 0..2 {
            let gate = Arc::new(Semaphore::new(0));
            receiver.always(Reply::Gate(gate.clone()));
            futures_util::future::join_all((0..AT_ONCE).map(|_| api.publish_type("a.b"))).await;
            callbacks.extend(receiver.next_of(AT_ONCE).await);
            assert_eq!((receiver.most_open(), receiver.connections()), (AT_ONCE, connections));
            gate.add_permits(AT_ONCE);
            let recorded = async || api.list(&format!("/deliveries?webhookID={webhook}&status=pending")).await.is_empty().then_some(());
            eventually("all of them to be recorded", recorded).await;
        }
        assert!(callbacks.iter().all(|callback| callback.version == version), "{version:?}: {callbacks:?}");
        api.delete_webhook(&webhook).await;
    }
}

#[tokio::test]
async fn callbacks_go_over_plain_http_only_where_the_operator_allows_it() {
    for (flags, outcome, callbacks) in [(&[][..], "address_blocked", 0), (&["--allow-http"], "accepted", 2)] {
        let server = Setup::dev().flags(flags).start().await;
        let (api, receiver) = (server.api(), Receiver::without_tls().await);
        let webhook = api.register_url("https://example.com").await;
        // The document knows no such URL, so it is put where a server that was allowed to take it has left it.
        server.database().change_webhooks(&format!("target_url = '{}'", receiver.url())).await;
        assert_eq!(api.test(&webhook).await["outcome"], outcome, "{flags:?}");
        let delivery = api.after_attempts(&api.publish_type("a.b").await, 1).await;
        assert_eq!(delivery["lastAttempt"]["outcome"], outcome, "{flags:?}: {delivery}");
        assert_eq!((receiver.count(), receiver.connections() > 0), (callbacks, callbacks > 0), "{flags:?}");
    }
}

#[tokio::test]
async fn connecting_and_the_whole_attempt_have_a_time_limit_each() {
    // Whichever is shorter ends it, and neither is what it is by default.
    for (connect, attempt, error) in [("1", "4", "no connection within the time limit"), ("300", "1", "no answer within the time limit")] {
        let flags = ["--connect-timeout-seconds", connect, "--attempt-timeout-seconds", attempt];
        let server = Setup::dev().flags(&flags).start().await;
        let receiver = HostileReceiver::start(&server.authority(), Hostility::Silent).await;
        server.api().register_url(&receiver.url()).await;
        let delivery = server.api().after_attempts(&server.api().publish_type("a.b").await, 1).await;
        assert_eq!((&delivery["lastAttempt"]["outcome"], &delivery["lastAttempt"]["error"]), (&json!("timed_out"), &json!(error)));
        assert_eq!(receiver.connections(), 1);
    }
}
