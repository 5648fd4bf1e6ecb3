//! What is left when a process is killed that has started others: nothing.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Set for the process that is to die.
const ROLE: &str = "TO_BE_KILLED";

#[test]
fn no_server_outlives_a_process_that_is_killed() {
    let mut parent = Command::new(std::env::current_exe().expect("a path"))
        .args(["--exact", "to_be_killed", "--nocapture"])
        .env(ROLE, "1")
        .stdout(Stdio::piped())
        .spawn()
        .expect("this program runs");
    let mut lines = BufReader::new(parent.stdout.take().expect("it is piped")).lines().map(|line| line.expect("text"));
    let child = lines.find_map(|line| line.strip_prefix("started ").map(str::to_owned)).expect("it says what it started");
    assert!(runs(&child), "it runs while its parent does");
    parent.kill().expect("it was running");
    parent.wait().expect("it was killed");
    // Far more often than it takes on a busy machine.
    let ended = (0..6000).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        !runs(&child)
    });
    assert!(ended, "process {child} outlives its parent");
}

/// Not a test by itself: the process that is to die.
#[test]
fn to_be_killed() {
    if std::env::var_os(ROLE).is_none() {
        return;
    }
    // From a thread that has ended: what it started goes on.
    let child = std::thread::spawn(|| webhooks_process::command("sleep").arg("3600").stdout(Stdio::null()).spawn().expect("sleep runs"));
    println!("\nstarted {}", child.join().expect("no panic").id());
    loop {
        std::thread::park();
    }
}

/// A process that has ended and that nobody has waited for is a zombie, Z.
fn runs(process: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}
