//! Health and readiness endpoints at the admin listener.

use std::net::TcpListener;
use std::sync::Arc;

use http::Method;
use serde_json::json;
use tokio::sync::Semaphore;

use crate::harness::{Api, ApiResponse, Reply, SHORT_STATEMENT_TIMEOUT, Server, Setup, eventually, id_of, incompressible, run_binary};

async fn get(admin_api: &Api, path: &str) -> ApiResponse {
    admin_api.send(Method::GET, path, &[], "").await
}

#[tokio::test]
async fn a_running_server_is_alive_and_ready() {
    let server = Server::start().await;
    let admin_api = server.admin_api();
    let health = get(&admin_api, "/healthz").await;
    assert_eq!((health.status, &health.body[..]), (200, &b"ok\n"[..]));
    let readiness = get(&admin_api, "/readyz").await;
    assert_eq!(readiness.headers["cache-control"], "no-store");
    assert_eq!(readiness.expect(200), json!({ "ready": true, "reasons": [] }));
    assert_eq!(server.api().send(Method::GET, "/readyz", &[], "").await.status, 404, "the API's listener does not serve /readyz");
}

#[tokio::test]
async fn a_server_whose_store_accepts_no_writes_is_alive_but_not_ready() {
    let server = Setup::dev().flags(&SHORT_STATEMENT_TIMEOUT).start().await;
    let admin_api = server.admin_api();
    let lock = server.database().lock().await;
    let refused = eventually("the server to report that it is not ready", async || {
        let response = get(&admin_api, "/readyz").await;
        (response.status == 503).then_some(response)
    });
    let refused = refused.await.json();
    assert_eq!(refused["ready"], false);
    let reason = refused["reasons"][0].as_str().expect("a reason");
    assert!(reason.starts_with("the store takes no writes: "), "{reason}");
    assert_eq!(get(&admin_api, "/healthz").await.status, 200);
    // Several failures of each background task are one change of the state.
    let repeated = async || (server.events("store.operation_failed").len() >= 5).then_some(());
    eventually("repeated failures", repeated).await;
    assert!(has_metric(&admin_api, "webhooks_store_unavailable 1").await);
    lock.release().await;
    eventually("the server to be ready again", async || (get(&admin_api, "/readyz").await.status == 200).then_some(())).await;
    eventually("the end of the outage", async || (!server.events("store.available").is_empty()).then_some(())).await;
    assert_eq!((server.events("store.unavailable").len(), server.events("store.available").len()), (1, 1), "{}", server.log());
    assert!(server.events("store.available")[0]["failures"].as_u64() >= Some(5));
    assert!(has_metric(&admin_api, "webhooks_store_unavailable 0").await);
}

async fn has_metric(admin_api: &Api, sample: &str) -> bool {
    String::from_utf8_lossy(&get(admin_api, "/metrics").await.body).lines().any(|line| line == sample)
}

#[tokio::test]
async fn a_server_with_full_storage_is_not_ready_until_space_is_free() {
    let server = Setup::dev().capacity(2_000_000).start().await;
    let (api, admin_api) = (server.api(), server.admin_api());
    assert_eq!(get(&admin_api, "/readyz").await.status, 200);
    let notification = json!({ "type": "a.b", "data": { "text": incompressible(200_000) } });
    let mut accepted = Vec::new();
    let refused = loop {
        let response = api.post("/notifications", &notification).await;
        if response.status != 202 {
            break response;
        }
        accepted.push(id_of(&response.json()));
        assert!(accepted.len() < 20, "20 times 200,000 bytes are more than 2,000,000");
    };
    assert_eq!(refused.problem(), (503, "overloaded".to_owned()));
    let unready = eventually("the server to report that it is not ready", async || {
        let response = get(&admin_api, "/readyz").await;
        (response.status == 503).then_some(response.json())
    });
    let unready = unready.await;
    let reasons = unready["reasons"].as_array().expect("reasons");
    let reason = reasons[0].as_str().expect("a reason");
    assert!(reason.starts_with("the storage is full: ") && reason.ends_with("(storage.max_bytes)"), "{reason}");
    assert_eq!((reasons.len(), &unready["ready"]), (1, &json!(false)));
    assert_eq!(get(&admin_api, "/healthz").await.status, 200);
    eventually("the line", async || (!server.events("storage.full").is_empty()).then_some(())).await;
    for id in accepted {
        api.delete(&format!("/notifications/{id}")).await.expect(204);
    }
    server.database().shrink().await;
    eventually("the server to be ready again", async || (get(&admin_api, "/readyz").await.status == 200).then_some(())).await;
    api.publish(&notification).await;
    eventually("the line", async || (!server.events("storage.available").is_empty()).then_some(())).await;
    assert_eq!((server.events("storage.full").len(), server.events("storage.available").len()), (1, 1), "{}", server.log());
}

#[tokio::test]
async fn a_server_without_the_minimum_free_disk_space_is_not_ready() {
    // A server cannot measure PostgreSQL's disk, so the test uses the embedded store.
    let server = Setup::dev().embedded().flags(&["--min-free-bytes", "9223372036854775807"]).start().await;
    assert_eq!(server.api().post("/notifications", &json!({ "type": "a.b", "data": {} })).await.status, 503);
    let unready = get(&server.admin_api(), "/readyz").await.expect(503);
    let reason = unready["reasons"][0].as_str().expect("a reason");
    assert!(reason.starts_with("the storage is full: its disk has ") && reason.ends_with(" (storage.min_free_bytes)"), "{reason}");
}

#[tokio::test]
async fn a_stopping_server_is_not_ready_while_it_waits_for_attempts_in_flight() {
    let mut server = Server::start().await;
    let mut receiver = server.receiver().await;
    let gate = Arc::new(Semaphore::new(0));
    receiver.always_reply(Reply::OkWhenReleased(gate.clone()));
    let (api, admin_api) = (server.api(), server.admin_api());
    api.register_url(&receiver.url()).await;
    api.publish_type("a.b").await;
    receiver.next().await;
    let watch = async {
        let refused = eventually("the server to notice the stop", async || {
            let response = get(&admin_api, "/readyz").await;
            (response.status == 503).then_some(response)
        });
        assert_eq!(refused.await.json()["reasons"], json!(["the server is stopping"]));
        assert_eq!(get(&admin_api, "/healthz").await.status, 200);
        gate.add_permits(1);
    };
    tokio::join!(server.stop(), watch);
}

#[tokio::test]
async fn a_server_runs_without_the_admin_listener_if_the_default_address_is_in_use() {
    // The result is ignored: if another process already uses the address, the test still works.
    let _held = TcpListener::bind("127.0.0.1:8081");
    let server = Setup::dev().flags(&["--admin-listen", "127.0.0.1:8081"]).start().await;
    let mut receiver = server.receiver().await;
    let api = server.api();
    api.register_url(&receiver.url()).await;
    api.publish_type("a.b").await;
    receiver.next().await;
    assert!(server.log().contains("the default address of the admin listener is not available"), "{}", server.log());
}

#[tokio::test]
async fn a_configured_address_that_is_in_use_prevents_the_start() {
    let held = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = held.local_addr().expect("a bound listener").to_string();
    let directory = tempfile::tempdir().expect("a temporary directory");
    let data_dir = directory.path().display().to_string();
    let output = run_binary(&["--listen", "127.0.0.1:0", "--data-dir", &data_dir, "--admin-listen", &address]).await;
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    assert!(error.contains(&format!("the admin listener cannot listen on {address}")) && error.contains("in use"), "{error}");
}

#[tokio::test]
async fn the_admin_listener_can_be_switched_off_and_an_invalid_address_is_refused() {
    let server = Setup::production().flags(&["--admin-listen", "off"]).start().await;
    assert!(!server.log().contains("health, readiness and metrics"), "{}", server.log());
    let output = run_binary(&["--admin-listen", "8081"]).await;
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success() && error.contains("must be an address and a port such as ") && error.contains(", or `off`"),
        "{error}"
    );
}
