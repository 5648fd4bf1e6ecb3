//! Health and readiness, for whoever runs the server.

use std::net::TcpListener;
use std::sync::Arc;

use http::Method;
use serde_json::json;
use tokio::sync::Semaphore;

use crate::harness::{Answer, Api, IMPATIENT, Reply, Server, Setup, binary, eventually, id_of, incompressible};

async fn get(operations: &Api, path: &str) -> Answer {
    operations.send(Method::GET, path, &[], "").await
}

#[tokio::test]
async fn a_running_server_is_alive_and_ready() {
    let server = Server::start().await;
    let operations = server.operations();
    let health = get(&operations, "/healthz").await;
    assert_eq!((health.status, &health.body[..]), (200, &b"ok\n"[..]));
    let readiness = get(&operations, "/readyz").await;
    assert_eq!(readiness.headers["cache-control"], "no-store");
    assert_eq!(readiness.expect(200), json!({ "ready": true, "reasons": [] }));
    assert_eq!(server.api().send(Method::GET, "/readyz", &[], "").await.status, 404, "the API's address has none of it");
}

#[tokio::test]
async fn a_server_whose_store_takes_no_writes_is_alive_and_not_ready_until_it_does() {
    let server = Setup::dev().flags(&IMPATIENT).start().await;
    let operations = server.operations();
    let lock = server.database().lock().await;
    let refused = eventually("the server to notice", async || {
        let answer = get(&operations, "/readyz").await;
        (answer.status == 503).then_some(answer)
    });
    let refused = refused.await.json();
    assert_eq!(refused["ready"], false);
    let reason = refused["reasons"][0].as_str().expect("a reason");
    assert!(reason.starts_with("the store takes no writes: "), "{reason}");
    assert_eq!(get(&operations, "/healthz").await.status, 200);
    lock.let_go().await;
    eventually("the server to be ready again", async || (get(&operations, "/readyz").await.status == 200).then_some(())).await;
}

#[tokio::test]
async fn a_full_storage_is_not_ready_until_there_is_room() {
    let server = Setup::dev().room(2_000_000).start().await;
    let (api, operations) = (server.api(), server.operations());
    assert_eq!(get(&operations, "/readyz").await.status, 200);
    let notification = json!({ "type": "a.b", "data": { "text": incompressible(200_000) } });
    let mut taken = Vec::new();
    let refused = loop {
        let answer = api.post("/notifications", &notification).await;
        if answer.status != 202 {
            break answer;
        }
        taken.push(id_of(&answer.json()));
        assert!(taken.len() < 20, "20 times 200,000 bytes are more than 2,000,000");
    };
    assert_eq!(refused.problem(), (503, "overloaded".to_owned()));
    let unready = eventually("the server to notice", async || {
        let answer = get(&operations, "/readyz").await;
        (answer.status == 503).then_some(answer.json())
    });
    let unready = unready.await;
    let reasons = unready["reasons"].as_array().expect("reasons");
    let reason = reasons[0].as_str().expect("a reason");
    assert!(reason.starts_with("the storage is full: ") && reason.ends_with("(storage.max_bytes)"), "{reason}");
    assert_eq!((reasons.len(), &unready["ready"]), (1, &json!(false)));
    assert_eq!(get(&operations, "/healthz").await.status, 200);
    for id in taken {
        api.delete(&format!("/notifications/{id}")).await.expect(204);
    }
    server.database().shrink().await;
    eventually("the server to be ready again", async || (get(&operations, "/readyz").await.status == 200).then_some(())).await;
    api.publish(&notification).await;
}

#[tokio::test]
async fn a_disk_without_the_room_that_it_keeps_is_not_ready() {
    // Of PostgreSQL's disk a server sees nothing.
    let server = Setup::dev().embedded().flags(&["--min-free-bytes", "9223372036854775807"]).start().await;
    assert_eq!(server.api().post("/notifications", &json!({ "type": "a.b", "data": {} })).await.status, 503);
    let unready = get(&server.operations(), "/readyz").await.expect(503);
    let reason = unready["reasons"][0].as_str().expect("a reason");
    assert!(reason.starts_with("the storage is full: its disk has ") && reason.ends_with(" (storage.min_free_bytes)"), "{reason}");
}

#[tokio::test]
async fn a_server_that_stops_is_not_ready_while_it_waits_for_what_is_in_flight() {
    let mut server = Server::start().await;
    let mut receiver = server.receiver().await;
    let gate = Arc::new(Semaphore::new(0));
    receiver.always(Reply::Gate(gate.clone()));
    let (api, operations) = (server.api(), server.operations());
    api.register_url(&receiver.url()).await;
    api.publish_type("a.b").await;
    receiver.next().await;
    let watch = async {
        let refused = eventually("the server to say so", async || {
            let answer = get(&operations, "/readyz").await;
            (answer.status == 503).then_some(answer)
        });
        assert_eq!(refused.await.json()["reasons"], json!(["the server is stopping"]));
        assert_eq!(get(&operations, "/healthz").await.status, 200);
        gate.add_permits(1);
    };
    tokio::join!(server.stop(), watch);
}

#[tokio::test]
async fn a_server_delivers_without_the_listener_where_the_default_address_is_taken() {
    // Somebody else may hold it already, which is as good.
    let _held = TcpListener::bind("127.0.0.1:8081");
    let server = Setup::dev().flags(&["--operations-listen", "127.0.0.1:8081"]).start().await;
    let mut receiver = server.receiver().await;
    let api = server.api();
    api.register_url(&receiver.url()).await;
    api.publish_type("a.b").await;
    receiver.next().await;
    assert!(server.log().contains("the default address of the operations listener cannot be had"), "{}", server.log());
}

#[tokio::test]
async fn another_address_that_is_taken_ends_the_start() {
    let held = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = held.local_addr().expect("it is bound").to_string();
    let directory = tempfile::tempdir().expect("a temporary directory");
    let data_dir = directory.path().display().to_string();
    let output = binary(&["--listen", "127.0.0.1:0", "--data-dir", &data_dir, "--operations-listen", &address]).await;
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    assert!(error.contains(&format!("cannot listen on {address} for operations")) && error.contains("in use"), "{error}");
}

#[tokio::test]
async fn the_listener_can_be_switched_off_and_nothing_else_is_taken_for_an_address() {
    let server = Setup::strict().flags(&["--operations-listen", "off"]).start().await;
    assert!(!server.log().contains("health, readiness and metrics"), "{}", server.log());
    let output = binary(&["--operations-listen", "8081"]).await;
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && error.contains("must be `off`, or an address and a port"), "{error}");
}
