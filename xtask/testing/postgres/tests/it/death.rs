//! Tests that servers end and their data is removed when the process that started the servers is killed.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use webhooks_postgres::{Cluster, PgBouncer, shared};

/// This environment variable is set only for the process that the test kills.
const ROLE: &str = "TO_BE_KILLED";

#[test]
fn servers_and_data_do_not_outlive_a_killed_parent() {
    if webhooks_postgres::skip_without(&["postgres", "pgbouncer"]) {
        return;
    }
    let mut child = Command::new(std::env::current_exe().expect("a path"))
        .args(["--exact", "death::to_be_killed", "--nocapture"])
        .env(ROLE, "1")
        .stdout(Stdio::piped())
        .spawn()
        .expect("this program runs");
    let lines = BufReader::new(child.stdout.take().expect("standard output is piped")).lines().map(|line| line.expect("text"));
    let directories: Vec<String> =
        lines.take_while(|line| line != "ready").filter_map(|line| line.strip_prefix("in ").map(str::to_owned)).collect();
    assert_eq!(directories.len(), 3);
    let segments: Vec<String> = directories.iter().map(|directory| segment(directory)).collect();
    assert!(segments.iter().all(|segment| segment_exists(segment)), "{segments:?}");
    assert!(directories.iter().any(|directory| is_used(directory)));

    child.kill().expect("the process was running");
    child.wait().expect("the process was killed");
    let timeout = Instant::now() + Duration::from_secs(60);
    let remaining = || -> Vec<&String> {
        let directories = directories.iter().filter(|directory| Path::new(directory).exists() || is_used(directory));
        directories.chain(segments.iter().filter(|segment| segment_exists(segment))).collect()
    };
    while !remaining().is_empty() {
        assert!(Instant::now() < timeout, "not removed: {:?}", remaining());
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// This is not a real test. The process that the test kills runs this code. The code starts servers, pauses one of them
/// and kills another one.
#[test]
fn to_be_killed() {
    if std::env::var_os(ROLE).is_none() {
        return;
    }
    // The shared server is never dropped.
    let running = shared();
    let [paused, killed] = [(); 2].map(|()| Cluster::start().expect("a cluster"));
    let _pool = PgBouncer::start(&paused).expect("PgBouncer");
    paused.pause().expect("the server is running");
    killed.kill().expect("the server is running");
    for cluster in [running, &paused, &killed] {
        println!("\nin {}", cluster.directory().display());
    }
    println!("ready");
    loop {
        std::thread::park();
    }
}

/// Returns the id of the shared memory segment of a server.
fn segment(directory: &str) -> String {
    let text = fs::read_to_string(Path::new(directory).join("data/postmaster.pid")).expect("the file of a running server");
    let line = text.lines().nth(6).expect("a seventh line");
    line.split_whitespace().nth(1).expect("a key and an id").to_owned()
}

fn segment_exists(segment: &str) -> bool {
    let segments = fs::read_to_string("/proc/sysvipc/shm").expect("a list of segments");
    segments.lines().any(|line| line.split_whitespace().nth(1) == Some(segment))
}

/// Whether a process has its working directory in `directory`, or names `directory` in its arguments. All processes of
/// PostgreSQL have their working directory there.
fn is_used(directory: &str) -> bool {
    fs::read_dir("/proc").expect("a list of processes").flatten().any(|entry| {
        let works_there = fs::read_link(entry.path().join("cwd")).is_ok_and(|path| path.starts_with(directory));
        let arguments = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        works_there || String::from_utf8_lossy(&arguments).contains(directory)
    })
}
