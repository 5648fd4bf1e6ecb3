//! Nodes with the role `api`, and nodes with the role `delivery`.

use std::time::{Duration, Instant};

use http::Method;
use serde_json::json;

use super::{publish, sorted_ids};
use crate::harness::{Fleet, Reply, SHORT_STATEMENT_TIMEOUT, eventually, id_of, run_binary};

const API: usize = 0;
const DELIVERY: usize = 1;

async fn start_one_of_each(flags: &[&str]) -> Fleet {
    let mut fleet = Fleet::new().await;
    fleet.start(&[&["--roles", "api"], flags].concat()).await;
    fleet.start(&[&["--roles", "delivery"], flags].concat()).await;
    fleet
}

#[tokio::test]
async fn a_delivery_node_delivers_at_once_what_an_api_node_accepts() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let fleet = start_one_of_each(&[]).await;
    let (api, mut receiver) = (fleet.api(API), fleet.receiver().await);
    api.register_url(&receiver.url()).await;
    publish(std::slice::from_ref(&api), 1).await;
    receiver.next().await;
    let started = Instant::now();
    for _ in 0..20 {
        let published = publish(std::slice::from_ref(&api), 1).await;
        assert_eq!(sorted_ids(receiver.next_callbacks(1).await), published);
    }
    // If a node gets no wakeup, it looks for due deliveries only once per second. Without wakeups, the 20 deliveries
    // would need more than 6 s.
    assert!(started.elapsed() < Duration::from_secs(6), "{:?}", started.elapsed());
    let delivered = async || api.list("/deliveries?status=pending").await.is_empty().then_some(());
    eventually("every outcome", delivered).await;
    for (node, attempts) in [(API, 0), (DELIVERY, 21)] {
        let metrics = fleet.admin_api(node).await.send(Method::GET, "/metrics", &[], "").await;
        let metrics = String::from_utf8_lossy(&metrics.body).into_owned();
        let accepted = metrics.lines().find_map(|line| line.strip_prefix("webhooks_attempts_total{outcome=\"accepted\"} "));
        assert_eq!(accepted, Some(attempts.to_string().as_str()), "{metrics}");
    }
}

#[tokio::test]
async fn handshakes_tests_redeliveries_and_recoveries_work_through_an_api_node() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let fleet = start_one_of_each(&["--require-handshake", "--retry-schedule", "none"]).await;
    let (api, mut receiver) = (fleet.api(API), fleet.receiver().await);
    receiver.reply_to_next([Reply::ConfirmHandshake]);
    let webhook = api.register_url(&receiver.url()).await;
    assert_eq!(receiver.next().await.json()["type"], "webhook.handshake");
    eventually("the activation", async || (api.webhook(&webhook).await["status"] == "active").then_some(())).await;
    assert_eq!(api.test(&webhook).await["outcome"], "accepted");
    assert_eq!(receiver.next().await.json()["type"], "webhook.test");

    receiver.reply_to_next([Reply::Status(500), Reply::Status(500)]);
    let notification = api.publish_type("a.b").await;
    let failed = api.after_attempts(&notification, 1).await;
    assert_eq!(failed["status"], "failed");
    api.redeliver(&id_of(&failed)).await;
    assert_eq!(api.after_attempts(&notification, 2).await["status"], "failed");
    let recovered = api.recover(&webhook, &json!({ "since": notification["createdAt"] })).await;
    assert_eq!(recovered["count"], 1);
    assert_eq!(api.after_attempts(&notification, 3).await["status"], "succeeded");
    assert_eq!(sorted_ids(receiver.next_callbacks(3).await), [id_of(&notification), id_of(&notification), id_of(&notification)]);
}

#[tokio::test]
async fn a_delivery_node_serves_only_health_and_metrics() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let fleet = start_one_of_each(&SHORT_STATEMENT_TIMEOUT).await;
    let admin_api = fleet.admin_api(DELIVERY).await;
    for (path, status) in [("/healthz", 200), ("/readyz", 200), ("/metrics", 200), ("/api/notifications/v1/webhooks", 404), ("/", 404)] {
        assert_eq!(admin_api.send(Method::GET, path, &[], "").await.status, status, "{path}");
    }
    // The node has no request that could fail. It is not ready, because its background tasks cannot use the store.
    let lock = fleet.lock("nodes").await;
    let refused = async || {
        let response = admin_api.send(Method::GET, "/readyz", &[], "").await;
        (response.status == 503).then(|| response.json())
    };
    let refused = eventually("the node to report that it has lost its store", refused).await;
    let reason = refused["reasons"][0].as_str().expect("a reason");
    assert!(reason.starts_with("the store is not available: cannot send the heartbeat: "), "{reason}");
    lock.release().await;
    let ready = async || (admin_api.send(Method::GET, "/readyz", &[], "").await.status == 200).then_some(());
    eventually("the node to be ready again", ready).await;
    assert!(!fleet.log(DELIVERY).contains("local_addr"), "the delivery node has no API listener: {}", fleet.log(DELIVERY));
    fleet.logged(API, "local_addr").await;
}

#[tokio::test]
async fn a_server_on_sqlite_must_have_every_role() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    for roles in ["api", "delivery"] {
        let output = run_binary(&["--roles", roles]).await;
        let error = String::from_utf8(output.stderr).expect("UTF-8");
        assert!(!output.status.success() && error.contains("on SQLite one server does everything"), "{error}");
    }
}
