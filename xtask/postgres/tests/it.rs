//! Servers that are really started: what they do, what is left of them, and what those who start them are told.

use std::collections::HashSet;

use webhooks_postgres::{Cluster, shared};

#[test]
fn a_database_is_where_its_url_says() {
    let cluster = shared();
    let name = cluster.create_database().expect("a database");
    let answer = psql(&cluster.url(&name), "SELECT current_database()").expect("an answer");
    assert_eq!(answer, name);
    cluster.drop_database(&name).expect("it is there");
    psql(&cluster.url(&name), "SELECT 1").expect_err("it is gone");
}

#[test]
fn databases_are_made_by_many_threads_at_once() {
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
    for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
        assert_eq!(shared().execute("postgres", &format!("SHOW {setting}")).expect("an answer"), "on");
    }
}

#[test]
fn what_postgresql_complains_of_is_shown() {
    let options = webhooks_postgres::Options::default().set("no_such_setting", "on");
    let error = format!("{:#}", Cluster::with(&options).expect_err("there is no such setting"));
    assert!(error.contains("unrecognized configuration parameter \"no_such_setting\""), "{error}");
}

/// As any client that has nothing but a URL.
fn psql(url: &str, sql: &str) -> Result<String, String> {
    let psql = webhooks_postgres::Binaries::find().expect("PostgreSQL is installed").path("psql");
    let output = std::process::Command::new(psql).args(["-XAtw", "-c", sql, url]).output().expect("psql runs");
    let said = |output: &[u8]| String::from_utf8_lossy(output).trim_end().to_owned();
    if output.status.success() { Ok(said(&output.stdout)) } else { Err(said(&output.stderr)) }
}
