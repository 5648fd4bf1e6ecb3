//! Requirements of a node for its database and its master key.

use std::sync::Arc;

use webhooks_postgres::{Cluster, Options};

use crate::harness::{Fleet, eventually, run_binary, run_blocking};

#[tokio::test]
async fn a_database_that_may_lose_committed_data_is_refused() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    for setting in ["synchronous_commit", "fsync"] {
        let options = Options::default().set(setting, "off");
        let cluster = Arc::new(run_blocking(move || Cluster::with(&options)).await.expect("PostgreSQL"));
        let fleet = Fleet::on(&cluster).await;
        let error = fleet.start_error(&[]).await;
        assert!(error.contains(&format!("the server has {setting} = off")), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[tokio::test]
async fn every_node_needs_the_master_key_of_the_first_node() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let mut fleet = Fleet::new().await;
    let without_key = ["--store", &fleet.database_url(), "--listen", "127.0.0.1:0"].map(str::to_owned);
    let without_key: Vec<&str> = without_key.iter().map(String::as_str).collect();
    let output = run_binary(&without_key).await;
    let error = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(!output.status.success() && error.contains("give each node its file with --master-key-file"), "{error}");
    let error = fleet.start_error(&["--master-key-file", "/nowhere"]).await;
    assert!(error.contains("the master key file /nowhere does not exist"), "{error}");
    fleet.start(&[]).await;
    let other = fleet.write_master_key("other-key");
    let error = fleet.start_error(&["--master-key-file", &other]).await;
    assert!(error.contains("secrets are encrypted with the master key") && error.contains(&other), "{error}");
}

#[tokio::test]
async fn several_nodes_can_start_on_an_empty_database_at_the_same_time() {
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
        let admin_api = fleet.admin_api(node).await;
        eventually("a node to be ready", async || (admin_api.readiness().await == Some(200)).then_some(())).await;
    }
}

#[tokio::test]
async fn backup_and_restore_on_postgresql_refer_to_pg_dump() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let fleet = Fleet::new().await;
    for command in [["backup", "/tmp/file"], ["restore", "/tmp/file"]] {
        let output = run_binary(&[&command[..], &["--store", &fleet.database_url()]].concat()).await;
        let error = String::from_utf8(output.stderr).expect("UTF-8");
        assert!(!output.status.success() && error.contains("pg_dump"), "{error}");
    }
}
