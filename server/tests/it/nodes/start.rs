//! What a node wants of its database, its key and its commands before it works.

use std::sync::Arc;

use webhooks_postgres::{Cluster, Options};

use crate::harness::{Fleet, aside, binary, eventually};

#[tokio::test]
async fn a_server_that_may_lose_what_it_has_confirmed_is_refused() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    for setting in ["synchronous_commit", "fsync"] {
        let options = Options::default().set(setting, "off");
        let cluster = Arc::new(aside(move || Cluster::with(&options)).await.expect("PostgreSQL"));
        let fleet = Fleet::on(&cluster).await;
        let said = fleet.refusal(&[]).await;
        assert!(said.contains(&format!("the server has {setting} = off")), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[tokio::test]
async fn every_node_has_to_have_the_key_that_the_first_one_had() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let mut fleet = Fleet::new().await;
    let without_key = ["--store", &fleet.database_url(), "--listen", "127.0.0.1:0"].map(str::to_owned);
    let without_key: Vec<&str> = without_key.iter().map(String::as_str).collect();
    let output = binary(&without_key).await;
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(!output.status.success() && said.contains("give each node its file with --master-key-file"), "{said}");
    let said = fleet.refusal(&["--master-key-file", "/nowhere"]).await;
    assert!(said.contains("the master key file /nowhere does not exist"), "{said}");
    fleet.start(&[]).await;
    let other = fleet.write_master_key("other-key");
    let said = fleet.refusal(&["--master-key-file", &other]).await;
    assert!(said.contains("the database is sealed with the master key") && said.contains(&other), "{said}");
}

#[tokio::test]
async fn nodes_that_start_at_once_on_an_empty_database_all_come_up() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let mut fleet = Fleet::new().await;
    fleet.start_many(4, &[]).await;
    let (apis, mut receiver) = ([0, 1, 2, 3].map(|node| fleet.api(node)), fleet.receiver().await);
    apis[0].register_url(&receiver.url()).await;
    for api in &apis {
        let notification = api.publish_type("a.b").await;
        receiver.next().await;
        api.after_attempts(&notification, 1).await;
    }
    for node in 0..4 {
        let operations = fleet.operations(node).await;
        eventually("a node to be ready", async || (operations.readiness().await == Some(200)).then_some(())).await;
    }
}

#[tokio::test]
async fn whoever_asks_for_a_backup_is_told_how_postgresql_makes_one() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let fleet = Fleet::new().await;
    for command in [["backup", "/tmp/file"], ["restore", "/tmp/file"]] {
        let output = binary(&[&command[..], &["--store", &fleet.database_url()]].concat()).await;
        let said = String::from_utf8(output.stderr).expect("UTF-8");
        assert!(!output.status.success() && said.contains("pg_dump"), "{said}");
    }
}
