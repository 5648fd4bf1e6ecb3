//! What is left when a process is killed that has started servers: nothing.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use webhooks_postgres::{Cluster, PgBouncer, shared};

/// Set for the process that is to die.
const ROLE: &str = "TO_BE_KILLED";

#[test]
fn nothing_survives_whoever_started_it() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let mut child = Command::new(std::env::current_exe().expect("a path"))
        .args(["--exact", "death::to_be_killed", "--nocapture"])
        .env(ROLE, "1")
        .stdout(Stdio::piped())
        .spawn()
        .expect("this program runs");
    let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines().map(|line| line.expect("text"));
    let directories: Vec<String> =
        lines.take_while(|line| line != "ready").filter_map(|line| line.strip_prefix("in ").map(str::to_owned)).collect();
    assert_eq!(directories.len(), 3);
    let segments: Vec<String> = directories.iter().map(|directory| segment(directory)).collect();
    assert!(segments.iter().all(|segment| is_there(segment)), "{segments:?}");
    assert!(directories.iter().any(|directory| is_used(directory)));

    child.kill().expect("it was running");
    child.wait().expect("it was killed");
    let patience = Instant::now() + Duration::from_secs(60);
    let left = || -> Vec<&String> {
        let directories = directories.iter().filter(|directory| Path::new(directory).exists() || is_used(directory));
        directories.chain(segments.iter().filter(|segment| is_there(segment))).collect()
    };
    while !left().is_empty() {
        assert!(Instant::now() < patience, "left: {:?}", left());
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Not a test by itself: the process that is to die, with servers in each state that they can be in.
#[test]
fn to_be_killed() {
    if webhooks_postgres::skip_without(&["postgres", "pgbouncer"]) {
        return;
    }
    if std::env::var_os(ROLE).is_none() {
        return;
    }
    // One that is never dropped, as it would be otherwise.
    let up = shared();
    let [paused, killed] = [(); 2].map(|()| Cluster::start().expect("a cluster"));
    let _pool = PgBouncer::start(&paused).expect("PgBouncer");
    paused.pause().expect("it is up");
    killed.kill().expect("it is up");
    for cluster in [up, &paused, &killed] {
        println!("\nin {}", cluster.directory().display());
    }
    println!("ready");
    loop {
        std::thread::park();
    }
}

/// The id of a server's shared memory.
fn segment(directory: &str) -> String {
    let text = fs::read_to_string(Path::new(directory).join("data/postmaster.pid")).expect("a running server's file");
    let line = text.lines().nth(6).expect("a seventh line");
    line.split_whitespace().nth(1).expect("a key and an id").to_owned()
}

fn is_there(segment: &str) -> bool {
    let segments = fs::read_to_string("/proc/sysvipc/shm").expect("what there is");
    segments.lines().any(|line| line.split_whitespace().nth(1) == Some(segment))
}

/// Whether any process works in a directory, all of which PostgreSQL's do, or was started with it.
fn is_used(directory: &str) -> bool {
    fs::read_dir("/proc").expect("processes").flatten().any(|entry| {
        let working = fs::read_link(entry.path().join("cwd")).is_ok_and(|path| path.starts_with(directory));
        let started = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        working || String::from_utf8_lossy(&started).contains(directory)
    })
}
