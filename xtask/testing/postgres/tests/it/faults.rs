//! Tests of the faults of a server.

use std::time::{Duration, Instant};

use webhooks_postgres::Cluster;

fn with_a_row() -> Cluster {
    let cluster = Cluster::start().expect("a cluster");
    cluster.execute("postgres", "CREATE TABLE kept (number int); INSERT INTO kept VALUES (1)").expect("a table");
    cluster
}

fn rows(cluster: &Cluster) -> String {
    cluster.execute("postgres", "SELECT string_agg(number::text, ',') FROM kept").expect("a result")
}

/// Repeats a query until it has the expected result.
fn wait_until(cluster: &Cluster, sql: &str, expected: &str) {
    let timeout = Instant::now() + Duration::from_secs(60);
    while cluster.execute("postgres", sql).expect("a result") != expected {
        assert!(Instant::now() < timeout, "the result of {sql} did not become {expected}");
    }
}

#[test]
fn a_killed_server_recovers_committed_data() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let cluster = with_a_row();
    let url = cluster.url("postgres");
    for number in [2, 3] {
        cluster.kill().expect("the server was running");
        assert!(!cluster.is_up());
        cluster.execute("postgres", "SELECT 1").expect_err("the server is down");
        cluster.restart().expect("the server recovers");
        cluster.execute("postgres", &format!("INSERT INTO kept VALUES ({number})")).expect("the table exists");
    }
    assert!(cluster.log().contains("database system was not properly shut down"), "{}", cluster.log());
    assert_eq!(rows(&cluster), "1,2,3");
    assert_eq!(cluster.url("postgres"), url);
}

#[test]
fn a_stopped_server_restarts_without_recovery() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let cluster = with_a_row();
    cluster.stop().expect("the server was running");
    cluster.stop().expect_err("the server is down");
    assert!(cluster.log().contains("database system is shut down"));
    for _ in 0..2 {
        // The second restart stops a running server.
        cluster.restart().expect("the server starts");
        assert_eq!(rows(&cluster), "1");
    }
    assert!(!cluster.log().contains("not properly shut down"), "{}", cluster.log());
}

#[test]
fn a_paused_server_does_not_respond_until_it_is_resumed() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let cluster = with_a_row();
    cluster.pause().expect("the server was running");
    std::thread::scope(|scope| {
        let query = scope.spawn(|| rows(&cluster));
        // If the query is sent only after this time, the assertions are still correct.
        std::thread::sleep(Duration::from_millis(50));
        assert!(!query.is_finished());
        cluster.resume().expect("the server is running");
        assert_eq!(query.join().expect("the thread does not panic"), "1");
    });
    // A paused server can be restarted without a resume.
    cluster.pause().expect("the server was running");
    cluster.restart().expect("the server starts");
    assert_eq!(rows(&cluster), "1");
}

#[test]
fn connections_are_terminated_by_application_name() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let cluster = with_a_row();
    let connection = |name: &str| {
        let sql = format!("SET application_name = '{}'; SELECT pg_sleep(3600)", name.replace('\'', "''"));
        let cluster = &cluster;
        move || format!("{:#}", cluster.execute("postgres", &sql).expect_err("the connection is terminated"))
    };
    std::thread::scope(|scope| {
        let [one, other] = ["one", "it's another"].map(|name| scope.spawn(connection(name)));
        let sleeping = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
        wait_until(&cluster, sleeping, "2");
        assert_eq!(cluster.terminate_connections(Some("it's another")).expect("a number"), 1);
        let error = other.join().expect("the thread does not panic");
        assert!(error.contains("terminating connection due to administrator command"), "{error}");
        assert!(!one.is_finished());
        assert_eq!(cluster.terminate_connections(None).expect("a number"), 1);
        one.join().expect("the thread does not panic");
    });
}

#[test]
fn a_promoted_standby_has_the_data_of_the_primary() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let primary = with_a_row();
    let standby = primary.standby().expect("a standby");
    let refused = standby.execute("postgres", "INSERT INTO kept VALUES (0)").expect_err("a standby is read-only");
    assert!(format!("{refused:#}").contains("read-only transaction"), "{refused:#}");
    for number in 2..10 {
        primary.execute("postgres", &format!("INSERT INTO kept VALUES ({number})")).expect("the table exists");
    }
    primary.kill().expect("the server was running");
    standby.promote().expect("the server is a standby");
    assert_eq!(rows(&standby), "1,2,3,4,5,6,7,8,9");
    standby.execute("postgres", "INSERT INTO kept VALUES (10)").expect("the commit waits for no standby");
}

#[test]
fn commits_wait_for_each_standby() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let primary = with_a_row();
    let standbys = [(); 2].map(|()| primary.standby().expect("a standby"));
    assert_eq!(primary.execute("postgres", "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'").expect("a number"), "2");
    for standby in &standbys {
        standby.pause().expect("the server is running");
        std::thread::scope(|scope| {
            let commit = scope.spawn(|| primary.execute("postgres", "INSERT INTO kept VALUES (2)"));
            let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
            wait_until(&primary, waiting, "1");
            assert!(!commit.is_finished());
            standby.resume().expect("the server is running");
            commit.join().expect("the thread does not panic").expect("the standby has the commit");
        });
    }
    drop(standbys);
    primary.configure("synchronous_standby_names", "").expect("a setting");
    primary.execute("postgres", "INSERT INTO kept VALUES (3)").expect("the commit waits for no standby");
}

#[test]
fn cpu_time_is_counted_across_restarts() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let cluster = with_a_row();
    let before = cluster.cpu_seconds();
    let busy = "SELECT count(*) FROM generate_series(1, 500000)";
    cluster.execute("postgres", busy).expect("a number");
    let after = cluster.cpu_seconds();
    assert!(after > before, "{before} {after}");
    cluster.kill().expect("the server was running");
    assert!(cluster.cpu_seconds() >= after);
    cluster.memory_bytes().expect_err("the server is down");
    cluster.restart().expect("the server starts");
    cluster.execute("postgres", busy).expect("a number");
    assert!(cluster.cpu_seconds() > after);

    let megabyte = 1 << 20;
    assert!(cluster.memory_bytes().expect("the server is running") > megabyte);
    let empty = cluster.disk_bytes();
    cluster.execute("postgres", "CREATE TABLE large AS SELECT repeat('x', 1000) FROM generate_series(1, 10000)").expect("a table");
    assert!(empty > 20 * megabyte && cluster.disk_bytes() > empty + 10 * megabyte, "{empty} {}", cluster.disk_bytes());
}
