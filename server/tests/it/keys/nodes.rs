//! Rotations with several nodes on one PostgreSQL database.

use http::Method;
use serde_json::{Value, json};

use super::load::{Load, check_deliveries, register};
use super::{KeyFiles, id_in, outcome};
use crate::harness::{Fleet, eventually, id_of, run_binary, spawn_binary};

const RETIRING: &str = "SELECT count(*) FROM keys WHERE kind = 'master' AND state = 'retiring'";

fn command<'a>(url: &'a str, keys: &[&'a str]) -> Vec<&'a str> {
    [&["key", "rotate", "--store", url], keys].concat()
}

async fn rotate(fleet: &Fleet, keys: &[&str]) -> Result<String, String> {
    outcome(run_binary(&command(&fleet.database_url(), keys)).await)
}

async fn sealed_otherwise(fleet: &Fleet, key_id: &str) -> String {
    let key =
        |column: &str| format!("count(*) FILTER (WHERE length({column}) > 0 AND substr(encode({column}, 'hex'), 3, 8) <> '{key_id}')");
    let columns = ["auth_secret", "headers", "signing_secret", "previous_secret"].map(key).join(" + ");
    fleet.sql(&format!("SELECT {columns} FROM webhooks")).await
}

fn registration() -> Value {
    let auth = json!({ "type": "basic", "username": "u", "password": "p" });
    json!({ "targetURL": "https://example.com", "auth": auth, "headers": [{ "name": "X-Test-Key", "value": "KEY" }] })
}

/// Starts `N` nodes with both keys, on a database whose current key is the old one.
async fn start<const N: usize>(keys: &KeyFiles) -> (Fleet, [usize; N]) {
    let mut fleet = Fleet::new().await;
    let first = fleet.start(&keys.only_old()).await;
    fleet.request_stop(first);
    assert!(fleet.wait_for_exit(first).await.success());
    fleet.start_many(N, &keys.both()).await;
    (fleet, std::array::from_fn(|number| first + 1 + number))
}

#[tokio::test]
async fn a_rotation_begins_only_when_each_node_holds_the_new_key() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let keys = KeyFiles::create();
    let (mut fleet, [node]) = start(&keys).await;
    let without = fleet.start(&keys.only_old()).await;
    let error = rotate(&fleet, &keys.both()).await.expect_err("one node does not hold the new key");
    assert!(error.contains(&format!("the server node-2 does not hold the new master key {}", id_in(&keys.new))), "{error}");
    assert_eq!(fleet.sql("SELECT count(*) FROM keys").await, "2", "nothing was changed");
    fleet.request_stop(without);
    assert!(fleet.wait_for_exit(without).await.success());
    rotate(&fleet, &keys.both()).await.expect("rotated");
    let error = fleet.start_error(&keys.only_old()).await;
    assert!(error.contains("which a rotation has retired"), "{error}");
    let new = fleet.start(&keys.only_new()).await;
    let webhook = fleet.api(node).register(&registration()).await;
    fleet.api(new).signing_secret(&id_of(&webhook)).await;
}

/// The node is suspended during the whole rotation. Then it seals with the old key, because it has not heard of the rotation.
#[tokio::test]
async fn a_slow_node_stores_nothing_that_is_sealed_with_the_old_key() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let keys = KeyFiles::create();
    let (fleet, [node, slow]) = start(&keys).await;
    let webhook = id_of(&fleet.api(node).register(&registration()).await);
    // The node has the webhook and its secrets in memory.
    let api = fleet.direct_api(slow);
    api.webhook(&webhook).await;
    let new = id_in(&keys.new);
    for round in 0..3 {
        if round == 0 {
            fleet.pause(slow).await;
            rotate(&fleet, &keys.both()).await.expect("rotated");
        }
        let write = async {
            match round {
                0 => api.call(Method::POST, "/webhooks", &[], registration().to_string()).await,
                1 => api.patch(&format!("/webhooks/{webhook}"), &json!({ "auth": registration()["auth"] })).await,
                _ => api.post(&format!("/webhooks/{webhook}/signing-secret/rotation"), &json!({ "overlapSeconds": 60 })).await,
            }
        };
        let resume = async {
            if round == 0 {
                fleet.resume(slow)
            }
        };
        let (response, ()) = tokio::join!(write, resume);
        response.expect(200);
        assert_eq!(sealed_otherwise(&fleet, &new).await, "0", "round {round}");
    }
    api.signing_secret(&webhook).await;
}

/// The registration has checked its key and waits for a lock. The rotation must wait for it.
#[tokio::test]
async fn a_rotation_waits_for_writes_in_flight() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let keys = KeyFiles::create();
    let (fleet, [node]) = start(&keys).await;
    let api = fleet.api(node);
    let lock = fleet.lock("accounts").await;
    let registering = tokio::spawn({
        let api = api.clone();
        async move { api.register(&registration()).await }
    });
    fleet.wait_for_blocked_statement("INSERT INTO accounts").await;
    let url = fleet.database_url();
    let rotating = tokio::spawn({
        let keys: Vec<String> = keys.both().map(str::to_owned).into();
        async move {
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            outcome(run_binary(&command(&url, &keys)).await)
        }
    });
    fleet.wait_for_blocked_statement("pg_advisory_xact_lock(").await;
    assert_eq!(fleet.sql(RETIRING).await, "0");
    lock.release().await;
    registering.await.expect("no panic");
    rotating.await.expect("no panic").expect("rotated");
    assert_eq!(fleet.sql("SELECT count(*) FROM webhooks").await, "1");
    assert_eq!(sealed_otherwise(&fleet, &id_in(&keys.new)).await, "0");
}

#[tokio::test]
async fn a_rotation_of_two_nodes_under_load_survives_kills() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let keys = KeyFiles::create();
    let (mut fleet, [one, two]) = start(&keys).await;
    let mut receiver = fleet.receiver().await;
    let [delivered, updated, rotated] = register(&fleet.api(one), &receiver).await;
    fleet
        .sql(
            "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.2); RETURN NEW; END';
             CREATE TRIGGER slow AFTER UPDATE OF signing_secret ON webhooks FOR EACH ROW EXECUTE FUNCTION slow()",
        )
        .await;
    let load = Load::start(&[fleet.api(one), fleet.api(two)], [&updated, &rotated]);
    load.wait_for_writes(10).await;
    let new = id_in(&keys.new);
    let url = fleet.database_url();
    let both = keys.both();
    let mut killed = spawn_binary(&command(&url, &both));
    let sealed_with_new = format!("SELECT count(*) > 0 FROM webhooks WHERE substr(encode(signing_secret, 'hex'), 3, 8) = '{new}'");
    eventually("the first values with the new key", async || (fleet.sql(&sealed_with_new).await == "t").then_some(())).await;
    killed.kill().await.expect("the kill succeeds");
    assert_eq!(fleet.sql(RETIRING).await, "1", "the command had finished before it was killed");
    load.wait_for_writes(10).await;
    fleet.kill(two).await;
    fleet.start_again(two).await;
    let rotating = rotate(&fleet, &both);
    let kill = async {
        load.wait_for_writes(10).await;
        fleet.kill_without_waiting(one);
    };
    let (done, ()) = tokio::join!(rotating, kill);
    done.expect("the rotation continues");
    fleet.start_again(one).await;
    load.wait_for_writes(10).await;
    let accepted = load.stop().await;
    check_deliveries(&fleet.api(two), &mut receiver, &accepted, &delivered).await;
    assert_eq!(sealed_otherwise(&fleet, &new).await, "0");
    for node in [one, two] {
        assert!(!fleet.log(node).contains("cannot decrypt"), "{}", fleet.log(node));
        fleet.request_stop(node);
        assert!(fleet.wait_for_exit(node).await.success());
    }
    let error = fleet.start_error(&keys.only_old()).await;
    assert!(error.contains("which a rotation has retired"), "{error}");
    fleet.start(&keys.only_new()).await;
}
