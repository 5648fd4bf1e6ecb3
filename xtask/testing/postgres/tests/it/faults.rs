//! What a server has after something happened to it.

use std::time::{Duration, Instant};

use webhooks_postgres::Cluster;

fn with_a_row() -> Cluster {
    let cluster = Cluster::start().expect("a cluster");
    cluster.execute("postgres", "CREATE TABLE kept (number int); INSERT INTO kept VALUES (1)").expect("a table");
    cluster
}

fn rows(cluster: &Cluster) -> String {
    cluster.execute("postgres", "SELECT string_agg(number::text, ',') FROM kept").expect("an answer")
}

/// Asks again and again.
fn until(cluster: &Cluster, sql: &str, expected: &str) {
    let patience = Instant::now() + Duration::from_secs(60);
    while cluster.execute("postgres", sql).expect("an answer") != expected {
        assert!(Instant::now() < patience, "waited in vain for {expected} from {sql}");
    }
}

#[test]
fn a_killed_server_comes_back_with_what_was_committed() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let cluster = with_a_row();
    let url = cluster.url("postgres");
    for number in [2, 3] {
        cluster.kill().expect("it was up");
        assert!(!cluster.is_up());
        cluster.execute("postgres", "SELECT 1").expect_err("it is down");
        cluster.restart().expect("it repairs its data");
        cluster.execute("postgres", &format!("INSERT INTO kept VALUES ({number})")).expect("the table is there");
    }
    assert!(cluster.log().contains("database system was not properly shut down"), "{}", cluster.log());
    assert_eq!(rows(&cluster), "1,2,3");
    assert_eq!(cluster.url("postgres"), url);
}

#[test]
fn a_stopped_server_comes_back_with_nothing_to_repair() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let cluster = with_a_row();
    cluster.stop().expect("it was up");
    cluster.stop().expect_err("it is down");
    assert!(cluster.log().contains("database system is shut down"));
    for _ in 0..2 {
        // The second time it is up.
        cluster.restart().expect("it starts");
        assert_eq!(rows(&cluster), "1");
    }
    assert!(!cluster.log().contains("not properly shut down"), "{}", cluster.log());
}

#[test]
fn a_paused_server_says_nothing_until_it_goes_on() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let cluster = with_a_row();
    cluster.pause().expect("it was up");
    std::thread::scope(|scope| {
        let question = scope.spawn(|| rows(&cluster));
        // The test is good whether or not it has been asked by now.
        std::thread::sleep(Duration::from_millis(50));
        assert!(!question.is_finished());
        cluster.resume().expect("it is up");
        assert_eq!(question.join().expect("it does not panic"), "1");
    });
    // Nor does it have to be told to go on before it is to end.
    cluster.pause().expect("it was up");
    cluster.restart().expect("it starts");
    assert_eq!(rows(&cluster), "1");
}

#[test]
fn connections_are_ended_by_name() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let cluster = with_a_row();
    let held = |name: &str| {
        let sql = format!("SET application_name = '{}'; SELECT pg_sleep(3600)", name.replace('\'', "''"));
        let cluster = &cluster;
        move || format!("{:#}", cluster.execute("postgres", &sql).expect_err("it is ended"))
    };
    std::thread::scope(|scope| {
        let [one, other] = ["one", "it's another"].map(|name| scope.spawn(held(name)));
        let asleep = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
        until(&cluster, asleep, "2");
        assert_eq!(cluster.terminate_connections(Some("it's another")).expect("a number"), 1);
        let error = other.join().expect("it does not panic");
        assert!(error.contains("terminating connection due to administrator command"), "{error}");
        assert!(!one.is_finished());
        assert_eq!(cluster.terminate_connections(None).expect("a number"), 1);
        one.join().expect("it does not panic");
    });
}

#[test]
fn a_standby_takes_over_with_what_the_primary_had() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let primary = with_a_row();
    let standby = primary.standby().expect("a standby");
    let refused = standby.execute("postgres", "INSERT INTO kept VALUES (0)").expect_err("it only follows");
    assert!(format!("{refused:#}").contains("read-only transaction"), "{refused:#}");
    for number in 2..10 {
        primary.execute("postgres", &format!("INSERT INTO kept VALUES ({number})")).expect("the table is there");
    }
    primary.kill().expect("it was up");
    standby.promote().expect("it is a standby");
    assert_eq!(rows(&standby), "1,2,3,4,5,6,7,8,9");
    standby.execute("postgres", "INSERT INTO kept VALUES (10)").expect("it waits for no standby of its own");
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
        standby.pause().expect("it is up");
        std::thread::scope(|scope| {
            let commit = scope.spawn(|| primary.execute("postgres", "INSERT INTO kept VALUES (2)"));
            let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
            until(&primary, waits, "1");
            assert!(!commit.is_finished());
            standby.resume().expect("it is up");
            commit.join().expect("it does not panic").expect("the standby has it");
        });
    }
    drop(standbys);
    primary.configure("synchronous_standby_names", "").expect("a setting");
    primary.execute("postgres", "INSERT INTO kept VALUES (3)").expect("nothing to wait for");
}

#[test]
fn what_a_server_costs_is_counted_over_its_lives() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let cluster = with_a_row();
    let before = cluster.cpu_seconds();
    let busy = "SELECT count(*) FROM generate_series(1, 500000)";
    cluster.execute("postgres", busy).expect("a number");
    let after = cluster.cpu_seconds();
    assert!(after > before, "{before} {after}");
    cluster.kill().expect("it was up");
    assert!(cluster.cpu_seconds() >= after);
    cluster.memory_bytes().expect_err("it has none");
    cluster.restart().expect("it starts");
    cluster.execute("postgres", busy).expect("a number");
    assert!(cluster.cpu_seconds() > after);

    let megabyte = 1 << 20;
    assert!(cluster.memory_bytes().expect("it is up") > megabyte);
    let empty = cluster.disk_bytes();
    cluster.execute("postgres", "CREATE TABLE large AS SELECT repeat('x', 1000) FROM generate_series(1, 10000)").expect("a table");
    assert!(empty > 20 * megabyte && cluster.disk_bytes() > empty + 10 * megabyte, "{empty} {}", cluster.disk_bytes());
}
