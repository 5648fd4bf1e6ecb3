//! Which databases are opened, and what is said of others.

use super::*;

async fn refusal(place: &Place) -> String {
    match open(place, |options| options).await {
        Ok(_) => panic!("it is opened"),
        Err(error) => format!("{:#}", anyhow::Error::from(error)),
    }
}

#[tokio::test]
async fn nodes_that_open_an_empty_database_at_once_migrate_it_once() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let place = Place::database();
    let opened = futures_util::future::join_all((0..4).map(|number| open(&place, move |options| options.node_name(&name(number))))).await;
    for opened in opened {
        opened.expect("opened").join().await.expect("it is one of the nodes");
    }
    assert_eq!(place.ask("SELECT count(*) = max(version) FROM schema_migrations"), "t");
    assert_eq!(place.rows("nodes"), 4);
}

#[tokio::test]
async fn a_newer_schema_is_refused_unless_it_says_that_this_program_fits() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [node] = nodes().await;
    let known = node.place.ask("SELECT max(version) FROM schema_migrations");
    node.place.ask(&format!("INSERT INTO schema_migrations (version, fits) VALUES (1000, {known})"));
    open(&node.place, |options| options).await.expect("it only added to what this program knows");
    let webhook = node.webhook("acme").await;
    assert_eq!(node.publish_to(&webhook).await.len(), 1, "and goes on");
    node.place.ask("UPDATE schema_migrations SET fits = 1000 WHERE version = 1000");
    let refused = refusal(&node.place).await;
    assert!(refused.contains("has schema 1000") && refused.contains(&format!("up to {known}")), "{refused}");
}

#[tokio::test]
async fn a_server_that_confirms_what_may_be_lost_is_refused() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let place = Place::database();
    place.ask(&format!("ALTER DATABASE {} SET synchronous_commit = off", place.ask("SELECT current_database()")));
    let refused = refusal(&place).await;
    assert!(refused.contains("synchronous_commit = off") && refused.contains("turn it on"), "{refused}");

    let cluster = webhooks_postgres::Cluster::with(&webhooks_postgres::Options::default().set("fsync", "off")).expect("a server");
    let url = cluster.url("postgres").parse().expect("a URL");
    let refused = Postgres::open(Options { url, ..place.options() }, Arc::default()).await.map(drop);
    let refused = format!("{:#}", anyhow::Error::from(refused.expect_err("it is not durable")));
    assert!(refused.contains("fsync = off"), "{refused}");
}

#[tokio::test]
async fn a_database_that_is_not_there_is_named_without_the_password() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let place = Place::database();
    let url = webhooks_postgres::shared().url("nowhere").replace("postgres@", "postgres:secret@").parse().expect("a URL");
    let refused = Postgres::open(Options { url, ..place.options() }, Arc::default()).await.map(drop);
    let refused = format!("{:#}", anyhow::Error::from(refused.expect_err("there is none")));
    assert!(refused.contains("/nowhere") && refused.contains("does not exist") && !refused.contains("secret"), "{refused}");
}

#[tokio::test]
async fn every_table_that_names_a_webhook_is_cleared_with_it_or_before_it() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let [node] = nodes().await;
    let tables = node
        .place
        .ask("SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'webhook_id' ORDER BY 1");
    // Two go with the deliveries that name the webhook, and one after some minutes.
    let mut cleared = [&crate::store::shared::retention::OF_WEBHOOK[..], &["changes", "deliveries", "pending", "unsuccessful"]].concat();
    cleared.sort_unstable();
    assert_eq!(tables.lines().collect::<Vec<_>>(), cleared);
}
