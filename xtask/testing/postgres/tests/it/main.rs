//! Tests with real servers. The tests check the behaviour, the errors and the removal of the servers.

mod death;
mod faults;

use std::collections::HashSet;

use rcgen::CertifiedKey;
use webhooks_postgres::{Binaries, Cluster, Options, PgBouncer, Storage, shared};

#[test]
fn the_url_leads_to_the_database() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let cluster = shared();
    let name = cluster.create_database().expect("a database");
    let database = psql(&cluster.url(&name), "SELECT current_database()").expect("a result");
    assert_eq!(database, name);
    cluster.drop_database(&name).expect("the database exists");
    psql(&cluster.url(&name), "SELECT 1").expect_err("the database was dropped");
}

#[test]
fn many_threads_can_create_databases_at_once() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let cluster = shared();
    let names: HashSet<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| cluster.create_database().expect("a database"))).collect();
        threads.into_iter().map(|thread| thread.join().expect("the thread does not panic")).collect()
    });
    assert_eq!(names.len(), 8);
    for name in names {
        cluster.drop_database(&name).expect("the database exists");
    }
}

#[test]
fn commits_are_synced_to_disk() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
        assert_eq!(shared().execute("postgres", &format!("SHOW {setting}")).expect("a result"), "on");
    }
}

#[test]
fn an_error_of_postgresql_is_shown() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let options = Options::default().set("no_such_setting", "on");
    let error = format!("{:#}", Cluster::with(&options).expect_err("there is no such setting"));
    assert!(error.contains("unrecognized configuration parameter \"no_such_setting\""), "{error}");
}

#[test]
fn a_setting_overrides_the_default() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let cluster = Cluster::with(&Options::default().set("max_connections", "7")).expect("a cluster");
    assert_eq!(cluster.execute("postgres", "SHOW max_connections").expect("a result"), "7");
}

#[test]
fn data_is_stored_in_the_given_directory() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let directory = std::env::temp_dir();
    let cluster = Cluster::with(&Options::default().storage(Storage::Disk(directory.clone()))).expect("a cluster");
    assert!(cluster.directory().starts_with(directory.canonicalize().expect("the directory exists")));
    let database = cluster.create_database().expect("a database");
    assert_eq!(psql(&cluster.url(&database), "SELECT 1").expect("a result"), "1");
    let path = cluster.directory().to_owned();
    drop(cluster);
    assert!(!path.exists(), "the directory must be removed");
}

#[test]
fn a_server_with_tls_and_a_password_refuses_other_connections() {
    if webhooks_postgres::skip_without(&["postgres", "pgbouncer"]) {
        return;
    }
    let CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let options = Options::default().tls(&cert.pem(), &signing_key.serialize_pem()).password("it's a \\ secret");
    let cluster = Cluster::with(&options).expect("a cluster");
    let url = cluster.url("postgres");
    let encrypted = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    assert_eq!(psql(&url, encrypted).expect("a result"), "t");
    let unencrypted = psql(&url.replace("sslmode=require", "sslmode=disable"), "SELECT 1").expect_err("the connection is not encrypted");
    assert!(unencrypted.contains("no pg_hba.conf entry"), "{unencrypted}");
    let wrong_password = psql(&format!("postgres://postgres:guessed@127.0.0.1:{}/postgres", cluster.port()), "SELECT 1");
    let error = wrong_password.expect_err("the password is wrong");
    assert!(error.contains("password authentication failed"), "{error}");

    // The standby and PgBouncer also use TLS and the password.
    let standby = cluster.standby().expect("a standby");
    assert_eq!(psql(&standby.url("postgres"), encrypted).expect("a result"), "t");
    let pool = PgBouncer::start(&cluster).expect("PgBouncer");
    assert_eq!(psql(&pool.url("postgres"), encrypted).expect("a result"), "t");
}

#[test]
fn pgbouncer_refuses_session_options() {
    if webhooks_postgres::skip_without(&["postgres", "pgbouncer"]) {
        return;
    }
    let cluster = shared();
    let name = cluster.create_database().expect("a database");
    let pool = PgBouncer::start(cluster).expect("PgBouncer");
    assert_eq!(psql(&pool.url(&name), "SELECT current_database()").expect("a result"), name);
    let options = format!("{}?options=-cstatement_timeout%3D1000", pool.url(&name));
    let refused = psql(&options, "SELECT 1").expect_err("PgBouncer does not support session options");
    assert!(refused.contains("unsupported startup parameter"), "{refused}");
    drop(pool);
    cluster.drop_database(&name).expect("the database exists");
}

/// Runs a statement as a client that knows only the URL.
fn psql(url: &str, sql: &str) -> Result<String, String> {
    let psql = Binaries::find().expect("PostgreSQL is installed").path("psql");
    let output = std::process::Command::new(psql).args(["-XAtw", "-c", sql, url]).output().expect("psql runs");
    let text = |output: &[u8]| String::from_utf8_lossy(output).trim_end().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}
