//! Tests that a server ends when the process that started it is killed.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

/// This environment variable is set only for the process that the test kills.
const ROLE: &str = "TO_BE_KILLED";

#[test]
fn no_server_outlives_a_killed_parent() {
    let mut parent = Command::new(std::env::current_exe().expect("a path"))
        .args(["--exact", "to_be_killed", "--nocapture"])
        .env(ROLE, "1")
        .stdout(Stdio::piped())
        .spawn()
        .expect("this program runs");
    let mut lines = BufReader::new(parent.stdout.take().expect("standard output is piped")).lines().map(|line| line.expect("text"));
    let child = lines.find_map(|line| line.strip_prefix("started ").map(str::to_owned)).expect("the parent prints the id of its child");
    assert!(is_running(&child), "the child must run while its parent runs");
    parent.kill().expect("the parent was running");
    parent.wait().expect("the parent was killed");
    // Waits up to 60 s. Even a busy machine needs much less time.
    let ended = (0..6000).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        !is_running(&child)
    });
    assert!(ended, "process {child} outlived its parent");
}

/// This is not a real test. The process that the test kills runs this code.
#[test]
fn to_be_killed() {
    if std::env::var_os(ROLE).is_none() {
        return;
    }
    // The child must keep running after the thread that started it ends.
    let child = std::thread::spawn(|| webhooks_process::command("sleep").arg("3600").stdout(Stdio::null()).spawn().expect("sleep runs"));
    println!("\nstarted {}", child.join().expect("no panic").id());
    loop {
        std::thread::park();
    }
}

/// Whether a process is running. A process that has ended may still be listed as a zombie (Z).
fn is_running(process: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}
