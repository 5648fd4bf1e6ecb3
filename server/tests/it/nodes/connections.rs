//! Connections to PostgreSQL: TLS, authentication, and a pooler.

use std::sync::Arc;

use serde_json::json;
use webhooks_postgres::{Cluster, Options, PgBouncer, shared};

use super::{publish, raise_in_flight_limit, receive_all};
use crate::harness::{Api, Authority, Fleet, Reply, eventually, id_of, run_blocking};

const PASSWORD: &str = "a p@ssword/of:the tests";

/// A PostgreSQL server that requires TLS and a password. Its certificate is valid only for `localhost`.
struct SecuredCluster {
    fleet: Fleet,
    port: u16,
    database: String,
    authority: String,
    other_authority: String,
    password_file: String,
}

impl SecuredCluster {
    async fn start() -> SecuredCluster {
        let directories = [(); 2].map(|()| tempfile::TempDir::new().expect("a temporary directory"));
        let [(authority, trusted), (_, other)] = [0, 1].map(|number| Authority::create(directories[number].path()));
        let [certificate, key] = authority.pem_for(&["localhost"]);
        let options = Options::default().tls(&certificate, &key).password(PASSWORD);
        let cluster = Arc::new(run_blocking(move || Cluster::with(&options)).await.expect("PostgreSQL"));
        let fleet = Fleet::on(&cluster).await;
        let [authority, other_authority] = [("postgres-ca.pem", trusted), ("other-ca.pem", other)]
            .map(|(name, file)| fleet.write(name, &std::fs::read_to_string(file).expect("a certificate")));
        let url = fleet.database_url();
        let (_, database) = url.split_once("127.0.0.1").and_then(|(_, rest)| rest.split_once('/')).expect("a URL");
        let database = database.split('?').next().unwrap_or_default().to_owned();
        let password_file = fleet.write("password", &format!("{PASSWORD}\n"));
        SecuredCluster { port: cluster.port(), fleet, database, authority, other_authority, password_file }
    }

    fn url(&self, host: &str, parameters: &str) -> String {
        format!("postgres://postgres@{host}:{}/{}?{parameters}", self.port, self.database)
    }

    /// Starts a node that must fail to start with this URL. Returns its error. The error must have exactly one line,
    /// and must not contain the password.
    async fn start_error(&self, url: &str) -> String {
        let error = self.fleet.start_error(&["--store", url, "--store-password-file", &self.password_file]).await;
        one_line(&error)
    }
}

fn one_line(error: &str) -> String {
    let [line] = error.lines().collect::<Vec<_>>()[..] else { panic!("not one line: {error}") };
    for secret in [PASSWORD, "p@ssword", "p%40ssword", "wrong-secret"] {
        assert!(!line.contains(secret), "{line}");
    }
    line.to_owned()
}

#[tokio::test]
async fn tls_is_as_strict_as_the_url_requires() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let mut secured = SecuredCluster::start().await;
    let (right, wrong) = (secured.authority.clone(), secured.other_authority.clone());
    for (host, parameters, expected) in [
        ("localhost", "sslmode=disable".to_owned(), "no encryption"),
        ("localhost", format!("sslmode=verify-full&sslrootcert={wrong}"), "invalid peer certificate"),
        ("localhost", format!("sslmode=verify-ca&sslrootcert={wrong}"), "invalid peer certificate"),
        ("127.0.0.1", format!("sslmode=verify-full&sslrootcert={right}"), "not valid for name"),
        ("localhost", "sslmode=verify-full&sslrootcert=/nowhere.pem".to_owned(), "/nowhere.pem"),
    ] {
        let url = secured.url(host, &parameters);
        let error = secured.start_error(&url).await;
        assert!(error.contains(expected), "{url}: {error}");
        let shown = format!("postgres://{host}:{}/{}", secured.port, secured.database);
        assert!(error.contains(&shown), "the error has the address: {error}");
    }
    let password_file = secured.password_file.clone();
    for (host, parameters) in [
        ("localhost", format!("sslmode=verify-full&sslrootcert={right}")),
        ("127.0.0.1", format!("sslmode=verify-ca&sslrootcert={right}")),
        ("127.0.0.1", "sslmode=require".to_owned()),
        ("127.0.0.1", String::new()),
    ] {
        let url = secured.url(host, &parameters);
        let node = secured.fleet.start_without_token(&["--store", &url, "--store-password-file", &password_file]).await;
        assert!(!secured.fleet.log(node).contains("p@ssword"), "{}", secured.fleet.log(node));
    }
}

#[tokio::test]
async fn a_refused_connection_has_a_one_line_error_without_the_password() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let secured = SecuredCluster::start().await;
    let SecuredCluster { fleet, port, database, .. } = &secured;
    let wrong = fleet.write("wrong-password", "wrong-secret");
    for (url, file, expected) in [
        (secured.url("localhost", ""), Some(wrong.as_str()), "password authentication failed for user \"postgres\""),
        (format!("postgres://postgres:wrong-secret@localhost:{port}/{database}"), None, "password authentication failed"),
        (secured.url("localhost", ""), None, "password missing"),
        (format!("postgres://nobody@localhost:{port}/{database}"), Some(&secured.password_file), "failed for user \"nobody\""),
        (format!("postgres://postgres@localhost:{port}/nothing"), Some(&secured.password_file), "database \"nothing\" does not exist"),
        (secured.url("localhost", ""), Some("/nowhere"), "cannot read the password file /nowhere"),
        (format!("postgres://postgres@localhost:1/{database}"), Some(&secured.password_file), "Connection refused"),
        ("postgres://postgres:wrong-secret@localhost:port/x".to_owned(), None, "must be a URL"),
    ] {
        let file = file.map(|file| ["--store-password-file", file]);
        let flags: Vec<&str> = ["--store", &url].into_iter().chain(file.into_iter().flatten()).collect();
        let error = fleet.start_error(&flags).await;
        // An error of the command line also has a last line with a hint to `--help`.
        let error = one_line(error.trim_end().trim_end_matches("For more information, try '--help'.").trim_end());
        assert!(error.contains(expected), "{url}: {error}");
    }
}

/// Creates a fleet without nodes that connects through a pooler.
async fn behind_a_pooler() -> (PgBouncer, Fleet) {
    let pooler = run_blocking(|| PgBouncer::start(shared())).await.expect("PgBouncer");
    let mut fleet = Fleet::new().await;
    let url = fleet.database_url();
    let (_, name) = url.rsplit_once('/').expect("a URL");
    fleet.set_store_flags(&["--store", &pooler.url(name), "--store-pooler"]);
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
    raise_in_flight_limit(&apis, &mut receiver).await;
    let published = publish(&apis, 40).await;
    assert_eq!(receive_all(&mut receiver, &published).await.len(), published.len());

    receiver.reply_to_next([Reply::Status(500)]);
    let notification = apis[0].publish_type("a.b").await;
    let failed = apis[1].after_attempts(&notification, 1).await;
    apis[1].redeliver(&id_of(&failed)).await;
    assert_eq!(apis[0].after_attempts(&notification, 2).await["status"], "succeeded");

    let mut ordered = fleet.receiver().await;
    apis[1].register(&json!({ "targetURL": ordered.url(), "ordered": true })).await;
    let published = publish(&apis, 40).await;
    assert_eq!(receive_all(&mut ordered, &published).await, published);
    eventually("every outcome", async || apis[0].list("/deliveries?status=pending").await.is_empty().then_some(())).await;
}

#[tokio::test]
async fn a_publication_that_is_stored_after_a_refusal_is_delivered() {
    if webhooks_postgres::skip_without(&["postgres", "pgbouncer"]) {
        return;
    }
    // With a pooler, PostgreSQL continues a statement after the statement timeout of the node.
    let (_pooler, mut fleet) = behind_a_pooler().await;
    let node = fleet.start(&["--store-statement-timeout-seconds", "1"]).await;
    let (api, mut receiver) = (fleet.api(node), fleet.receiver().await);
    api.register_url(&receiver.url()).await;
    let lock = fleet.lock("notifications").await;
    let publication = json!({ "type": "a.b", "data": {} });
    let refused = api.try_publish(&publication, "the-key").await.expect("a response");
    assert_eq!(refused.problem(), (503, "overloaded".to_owned()));
    fleet.wait_for_heartbeats().await;
    lock.release().await;
    let callback = receiver.next().await;
    let accepted = api.try_publish(&publication, "the-key").await.expect("a response").expect(202);
    assert_eq!(callback.id(), id_of(&accepted));
}
