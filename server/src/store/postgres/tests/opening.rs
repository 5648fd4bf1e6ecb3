//! These tests check which databases are accepted, and which errors other databases cause.

use super::*;

async fn refusal(database: &TestDatabase) -> String {
    match open(database, |options| options).await {
        Ok(_) => panic!("the database is accepted"),
        Err(error) => format!("{:#}", anyhow::Error::from(error)),
    }
}

#[tokio::test]
async fn nodes_that_open_an_empty_database_at_once_migrate_it_once() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let database = TestDatabase::database();
    let opened =
        futures_util::future::join_all((0..4).map(|number| open(&database, move |options| options.node_name(&name(number))))).await;
    for opened in opened {
        opened.expect("opened").join(Vec::new()).await.expect("joined");
    }
    assert_eq!(database.ask("SELECT count(*) = max(version) FROM schema_migrations"), "t");
    assert_eq!(database.rows("nodes"), 4);
}

#[tokio::test]
async fn a_newer_schema_is_refused_unless_it_supports_this_program() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [node] = nodes().await;
    let known = node.database.ask("SELECT max(version) FROM schema_migrations");
    node.database.ask(&format!("INSERT INTO schema_migrations (version, fits) VALUES (1000, {known})"));
    open(&node.database, |options| options).await.expect("the newer schema supports this program");
    let webhook = node.webhook("acme").await;
    assert_eq!(node.publish_to(&webhook).await.len(), 1, "the node works with the newer schema");
    node.database.ask("UPDATE schema_migrations SET fits = 1000 WHERE version = 1000");
    let refused = refusal(&node.database).await;
    assert!(refused.contains("has schema 1000") && refused.contains(&format!("up to {known}")), "{refused}");
}

#[tokio::test]
async fn a_server_that_may_lose_committed_data_is_refused() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let database = TestDatabase::database();
    database.ask(&format!("ALTER DATABASE {} SET synchronous_commit = off", database.ask("SELECT current_database()")));
    let refused = refusal(&database).await;
    assert!(refused.contains("synchronous_commit = off") && refused.contains("turn it on"), "{refused}");

    let cluster = webhooks_postgres::Cluster::with(&webhooks_postgres::Options::default().set("fsync", "off")).expect("a server");
    let url = cluster.url("postgres").parse().expect("a URL");
    let refused = Postgres::open(Options { url, ..database.options() }, Arc::default()).await.map(drop);
    let refused = format!("{:#}", anyhow::Error::from(refused.expect_err("the server is not durable")));
    assert!(refused.contains("fsync = off"), "{refused}");
}

#[tokio::test]
async fn the_error_for_a_missing_database_does_not_contain_the_password() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let database = TestDatabase::database();
    let url = webhooks_postgres::shared().url("nowhere").replace("postgres@", "postgres:secret@").parse().expect("a URL");
    let refused = Postgres::open(Options { url, ..database.options() }, Arc::default()).await.map(drop);
    let refused = format!("{:#}", anyhow::Error::from(refused.expect_err("the database does not exist")));
    assert!(refused.contains("/nowhere") && refused.contains("does not exist") && !refused.contains("secret"), "{refused}");
}

#[tokio::test]
async fn rows_of_a_webhook_are_removed_with_its_tombstone_or_before() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [node] = nodes().await;
    let tables = node
        .database
        .ask("SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'webhook_id' ORDER BY 1");
    // Rows of `pending` and `unsuccessful` are removed with the deliveries. Rows of `changes` are removed after two
    // minutes.
    let mut cleared = [&crate::store::shared::retention::OF_WEBHOOK[..], &["changes", "deliveries", "pending", "unsuccessful"]].concat();
    cleared.sort_unstable();
    assert_eq!(tables.lines().collect::<Vec<_>>(), cleared);
}
