//! The way to the database: how far it is trusted, who is let in, and a pooler on it.

use std::sync::Arc;

use serde_json::json;
use webhooks_postgres::{Cluster, Options, PgBouncer, shared};

use super::{arrivals, prove, publish};
use crate::harness::{Api, Authority, Fleet, Reply, aside, eventually, id_of};

const PASSWORD: &str = "a p@ssword/of:the tests";

/// A server that lets nobody in without TLS and the password, and shows a certificate for `localhost` alone.
struct Guarded {
    fleet: Fleet,
    port: u16,
    database: String,
    authority: String,
    other_authority: String,
    password_file: String,
}

impl Guarded {
    async fn start() -> Guarded {
        let directories = [(); 2].map(|()| tempfile::TempDir::new().expect("a temporary directory"));
        let [(authority, trusted), (_, other)] = [0, 1].map(|number| Authority::own(directories[number].path()));
        let [certificate, key] = authority.pem_for(&["localhost"]);
        let options = Options::default().tls(&certificate, &key).password(PASSWORD);
        let cluster = Arc::new(aside(move || Cluster::with(&options)).await.expect("PostgreSQL"));
        let fleet = Fleet::on(&cluster).await;
        let [authority, other_authority] = [("postgres-ca.pem", trusted), ("other-ca.pem", other)]
            .map(|(name, file)| fleet.write(name, &std::fs::read_to_string(file).expect("a certificate")));
        let url = fleet.database_url();
        let (_, database) = url.split_once("127.0.0.1").and_then(|(_, rest)| rest.split_once('/')).expect("a URL");
        let database = database.split('?').next().unwrap_or_default().to_owned();
        let password_file = fleet.write("password", &format!("{PASSWORD}\n"));
        Guarded { port: cluster.port(), fleet, database, authority, other_authority, password_file }
    }

    fn url(&self, host: &str, parameters: &str) -> String {
        format!("postgres://postgres@{host}:{}/{}?{parameters}", self.port, self.database)
    }

    /// What a node says that cannot start with this URL. It is one line, and never has the password.
    async fn refusal(&self, url: &str) -> String {
        let said = self.fleet.refusal(&["--store", url, "--store-password-file", &self.password_file]).await;
        one_line(&said)
    }
}

fn one_line(said: &str) -> String {
    let [line] = said.lines().collect::<Vec<_>>()[..] else { panic!("not one line: {said}") };
    for secret in [PASSWORD, "p@ssword", "p%40ssword", "wrong-secret"] {
        assert!(!line.contains(secret), "{line}");
    }
    line.to_owned()
}

#[tokio::test]
async fn tls_is_as_strict_as_the_url_demands() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let mut guarded = Guarded::start().await;
    let (right, wrong) = (guarded.authority.clone(), guarded.other_authority.clone());
    for (host, parameters, expected) in [
        ("localhost", "sslmode=disable".to_owned(), "no encryption"),
        ("localhost", format!("sslmode=verify-full&sslrootcert={wrong}"), "invalid peer certificate"),
        ("localhost", format!("sslmode=verify-ca&sslrootcert={wrong}"), "invalid peer certificate"),
        ("127.0.0.1", format!("sslmode=verify-full&sslrootcert={right}"), "not valid for name"),
        ("localhost", "sslmode=verify-full&sslrootcert=/nowhere.pem".to_owned(), "/nowhere.pem"),
    ] {
        let url = guarded.url(host, &parameters);
        let said = guarded.refusal(&url).await;
        assert!(said.contains(expected), "{url}: {said}");
        let shown = format!("postgres://{host}:{}/{}", guarded.port, guarded.database);
        assert!(said.contains(&shown), "it says where: {said}");
    }
    let password_file = guarded.password_file.clone();
    for (host, parameters) in [
        ("localhost", format!("sslmode=verify-full&sslrootcert={right}")),
        ("127.0.0.1", format!("sslmode=verify-ca&sslrootcert={right}")),
        ("127.0.0.1", "sslmode=require".to_owned()),
        ("127.0.0.1", String::new()),
    ] {
        let url = guarded.url(host, &parameters);
        let node = guarded.fleet.start_without_caller(&["--store", &url, "--store-password-file", &password_file]).await;
        assert!(!guarded.fleet.log(node).contains("p@ssword"), "{}", guarded.fleet.log(node));
    }
}

#[tokio::test]
async fn who_is_not_let_in_is_told_why_in_one_line_without_the_password() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let guarded = Guarded::start().await;
    let Guarded { fleet, port, database, .. } = &guarded;
    let wrong = fleet.write("wrong-password", "wrong-secret");
    for (url, file, expected) in [
        (guarded.url("localhost", ""), Some(wrong.as_str()), "password authentication failed for user \"postgres\""),
        (format!("postgres://postgres:wrong-secret@localhost:{port}/{database}"), None, "password authentication failed"),
        (guarded.url("localhost", ""), None, "password missing"),
        (format!("postgres://nobody@localhost:{port}/{database}"), Some(&guarded.password_file), "failed for user \"nobody\""),
        (format!("postgres://postgres@localhost:{port}/nothing"), Some(&guarded.password_file), "database \"nothing\" does not exist"),
        (guarded.url("localhost", ""), Some("/nowhere"), "cannot read the password file /nowhere"),
        (format!("postgres://postgres@localhost:1/{database}"), Some(&guarded.password_file), "Connection refused"),
        ("postgres://postgres:wrong-secret@localhost:port/x".to_owned(), None, "must be a URL"),
    ] {
        let file = file.map(|file| ["--store-password-file", file]);
        let flags: Vec<&str> = ["--store", &url].into_iter().chain(file.into_iter().flatten()).collect();
        let said = fleet.refusal(&flags).await;
        // The command line's mistakes are followed by how to get help.
        let said = one_line(said.trim_end().trim_end_matches("For more information, try '--help'.").trim_end());
        assert!(said.contains(expected), "{url}: {said}");
    }
}

/// No nodes yet, on a database that they find behind a pooler.
async fn behind_a_pooler() -> (PgBouncer, Fleet) {
    let pooler = aside(|| PgBouncer::start(shared())).await.expect("PgBouncer");
    let mut fleet = Fleet::new().await;
    let url = fleet.database_url();
    let (_, name) = url.rsplit_once('/').expect("a URL");
    fleet.find_store_with(&["--store", &pooler.url(name), "--store-pooler"]);
    (pooler, fleet)
}

#[tokio::test]
async fn nodes_work_through_a_pooler_in_transaction_mode() {
    if webhooks_postgres::skip_without(&["postgres", "pgbouncer"]) {
        return;
    }
    let (_pooler, mut fleet) = behind_a_pooler().await;
    fleet.start_many(2, &["--retry-schedule", "none"]).await;
    let apis: [Api; 2] = [0, 1].map(|node| fleet.api(node));
    let mut receiver = fleet.receiver().await;
    apis[0].register_url(&receiver.url()).await;
    prove(&apis, &mut receiver).await;
    let published = publish(&apis, 40).await;
    assert_eq!(arrivals(&mut receiver, &published).await.len(), published.len());

    receiver.then([Reply::Status(500)]);
    let notification = apis[0].publish_type("a.b").await;
    let failed = apis[1].after_attempts(&notification, 1).await;
    apis[1].redeliver(&id_of(&failed)).await;
    assert_eq!(apis[0].after_attempts(&notification, 2).await["status"], "succeeded");

    let mut ordered = fleet.receiver().await;
    apis[1].register(&json!({ "targetURL": ordered.url(), "ordered": true })).await;
    let published = publish(&apis, 40).await;
    assert_eq!(arrivals(&mut ordered, &published).await, published);
    eventually("every outcome", async || apis[0].list("/deliveries?status=pending").await.is_empty().then_some(())).await;
}

#[tokio::test]
async fn what_is_stored_after_its_publisher_was_refused_goes_out_all_the_same() {
    if webhooks_postgres::skip_without(&["postgres", "pgbouncer"]) {
        return;
    }
    // Behind a pooler nothing ends a statement whose node has given it up.
    let (_pooler, mut fleet) = behind_a_pooler().await;
    let node = fleet.start(&["--store-statement-timeout-seconds", "1"]).await;
    let (api, mut receiver) = (fleet.api(node), fleet.receiver().await);
    api.register_url(&receiver.url()).await;
    let lock = fleet.lock("notifications").await;
    let publication = json!({ "type": "a.b", "data": {} });
    let refused = api.try_publish(&publication, "the-key").await.expect("an answer");
    assert_eq!(refused.problem(), (503, "overloaded".to_owned()));
    fleet.heartbeats().await;
    lock.release().await;
    let callback = receiver.next().await;
    let accepted = api.try_publish(&publication, "the-key").await.expect("an answer").expect(202);
    assert_eq!(callback.id(), id_of(&accepted));
}
