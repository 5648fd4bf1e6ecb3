//! Servers that are really started: what they do, what is left of them, and what those who start them are told.

mod death;
mod faults;

use std::collections::HashSet;

use rcgen::CertifiedKey;
use webhooks_postgres::{Binaries, Cluster, Options, PgBouncer, Storage, shared};

#[test]
fn a_database_is_where_its_url_says() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let cluster = shared();
    let name = cluster.create_database().expect("a database");
    let answer = psql(&cluster.url(&name), "SELECT current_database()").expect("an answer");
    assert_eq!(answer, name);
    cluster.drop_database(&name).expect("it is there");
    psql(&cluster.url(&name), "SELECT 1").expect_err("it is gone");
}

#[test]
fn databases_are_made_by_many_threads_at_once() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let cluster = shared();
    let names: HashSet<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| cluster.create_database().expect("a database"))).collect();
        threads.into_iter().map(|thread| thread.join().expect("it does not panic")).collect()
    });
    assert_eq!(names.len(), 8);
    for name in names {
        cluster.drop_database(&name).expect("it is there");
    }
}

#[test]
fn committed_means_on_disk() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
        assert_eq!(shared().execute("postgres", &format!("SHOW {setting}")).expect("an answer"), "on");
    }
}

#[test]
fn what_postgresql_complains_of_is_shown() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let options = Options::default().set("no_such_setting", "on");
    let error = format!("{:#}", Cluster::with(&options).expect_err("there is no such setting"));
    assert!(error.contains("unrecognized configuration parameter \"no_such_setting\""), "{error}");
}

#[test]
fn a_setting_goes_before_what_is_set_anyway() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let cluster = Cluster::with(&Options::default().set("max_connections", "7")).expect("a cluster");
    assert_eq!(cluster.execute("postgres", "SHOW max_connections").expect("an answer"), "7");
}

#[test]
fn data_is_where_it_is_wanted() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let directory = std::env::temp_dir();
    let cluster = Cluster::with(&Options::default().storage(Storage::Disk(directory.clone()))).expect("a cluster");
    assert!(cluster.directory().starts_with(directory.canonicalize().expect("it is there")));
    let database = cluster.create_database().expect("a database");
    assert_eq!(psql(&cluster.url(&database), "SELECT 1").expect("an answer"), "1");
    let path = cluster.directory().to_owned();
    drop(cluster);
    assert!(!path.exists(), "nothing is left of it");
}

#[test]
fn one_for_tls_answers_nobody_else() {
    if webhooks_postgres::skip_without(&["postgres", "pgbouncer"]) {
        return;
    }
    let CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let options = Options::default().tls(&cert.pem(), &signing_key.serialize_pem()).password("it's a \\ secret");
    let cluster = Cluster::with(&options).expect("a cluster");
    let url = cluster.url("postgres");
    let encrypted = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    assert_eq!(psql(&url, encrypted).expect("an answer"), "t");
    let plain = psql(&url.replace("sslmode=require", "sslmode=disable"), "SELECT 1").expect_err("it is not encrypted");
    assert!(plain.contains("no pg_hba.conf entry"), "{plain}");
    let anybody = psql(&format!("postgres://postgres:guessed@127.0.0.1:{}/postgres", cluster.port()), "SELECT 1");
    let anybody = anybody.expect_err("the password is another");
    assert!(anybody.contains("password authentication failed"), "{anybody}");

    // Those that this crate has connect keep to it as well.
    let standby = cluster.standby().expect("a standby");
    assert_eq!(psql(&standby.url("postgres"), encrypted).expect("an answer"), "t");
    let pool = PgBouncer::start(&cluster).expect("PgBouncer");
    assert_eq!(psql(&pool.url("postgres"), encrypted).expect("an answer"), "t");
}

#[test]
fn a_pool_has_no_sessions() {
    if webhooks_postgres::skip_without(&["postgres", "pgbouncer"]) {
        return;
    }
    let cluster = shared();
    let name = cluster.create_database().expect("a database");
    let pool = PgBouncer::start(cluster).expect("PgBouncer");
    assert_eq!(psql(&pool.url(&name), "SELECT current_database()").expect("an answer"), name);
    let options = format!("{}?options=-cstatement_timeout%3D1000", pool.url(&name));
    let refused = psql(&options, "SELECT 1").expect_err("it cannot keep them for a session");
    assert!(refused.contains("unsupported startup parameter"), "{refused}");
    drop(pool);
    cluster.drop_database(&name).expect("it is there");
}

/// As any client that has nothing but a URL.
fn psql(url: &str, sql: &str) -> Result<String, String> {
    let psql = Binaries::find().expect("PostgreSQL is installed").path("psql");
    let output = std::process::Command::new(psql).args(["-XAtw", "-c", sql, url]).output().expect("psql runs");
    let said = |output: &[u8]| String::from_utf8_lossy(output).trim_end().to_owned();
    if output.status.success() { Ok(said(&output.stdout)) } else { Err(said(&output.stderr)) }
}
