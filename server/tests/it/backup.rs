//! Backups: made under load, restored elsewhere, and what is refused.

use std::collections::HashSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use tempfile::TempDir;
use tokio::sync::Semaphore;

use crate::harness::{DATA_DIR, Process, Reply, binary, eventually, id_of};

/// Runs a command on a data directory: what it says if it succeeds, and what it says if not.
async fn run(command: &str, file: &Path, data_dir: &str, more: &[&str]) -> Result<String, String> {
    let file = file.display().to_string();
    let output = binary(&[&[command, &file, "--data-dir", data_dir], more].concat()).await;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(said) } else { Err(said) }
}

/// What belongs to a server beside its database.
fn copy_keys(from: &Process, data_dir: &Path) {
    std::fs::create_dir_all(data_dir).expect("a directory");
    for name in ["master-key", "access-token", "dev-ca.pem", "dev-ca-key.pem"] {
        std::fs::copy(from.file(name), data_dir.join(name)).expect("a copy");
    }
}

#[tokio::test]
async fn a_backup_made_under_load_has_all_that_was_accepted_before_and_its_deliveries_go_on() {
    let mut process = Process::start_embedded(&["--max-in-flight-per-webhook", "4"]).await;
    let mut receiver = process.receiver().await;
    receiver.always(Reply::Gate(Arc::new(Semaphore::new(0))));
    process.api().register_url(&receiver.url()).await;
    let (accepted, ended) = (Mutex::new(Vec::new()), std::sync::atomic::AtomicBool::new(false));
    let publisher = async || {
        let api = process.api();
        while !ended.load(std::sync::atomic::Ordering::Relaxed) {
            let id = id_of(&api.publish_type("a.b").await);
            accepted.lock().expect("no holder panics").push(id);
        }
    };
    let count = || accepted.lock().expect("no holder panics").len();
    let place = TempDir::new().expect("a temporary directory");
    let file = place.path().join("backup.db");
    let backup = async {
        eventually("some notifications", async || (count() >= 100).then_some(())).await;
        let before = accepted.lock().expect("no holder panics").clone();
        let said = run("backup", &file, &process.data_dir(), &[]).await.expect("a backup");
        assert!(said.contains("The master key is not in it"), "{said}");
        let during = count();
        assert!(during > before.len(), "nothing was published meanwhile");
        eventually("more notifications", async || (count() > during).then_some(())).await;
        ended.store(true, std::sync::atomic::Ordering::Relaxed);
        before
    };
    let (before, ..) = tokio::join!(backup, publisher(), publisher(), publisher(), publisher());
    assert_eq!(std::fs::metadata(&file).expect("it is there").permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(place.path()).expect("a directory").count(), 1, "nothing else is left");
    process.kill().await;

    let elsewhere = TempDir::new().expect("a temporary directory");
    let data_dir = elsewhere.path().join(DATA_DIR);
    copy_keys(&process, &data_dir);
    run("restore", &file, &data_dir.display().to_string(), &[]).await.expect("restored");
    assert_eq!(std::fs::metadata(data_dir.join("webhooks.db")).expect("it is there").permissions().mode() & 0o777, 0o600);
    receiver.always(Reply::Status(204));
    receiver.arrived();
    let restored = Process::start_on(elsewhere, &[]).await;
    let stored: HashSet<String> = restored.api().list("/notifications").await.iter().map(id_of).collect();
    assert!(before.iter().all(|id| stored.contains(id)), "{} of {}", stored.len(), before.len());
    let mut waited: HashSet<String> = before.into_iter().collect();
    while !waited.is_empty() {
        waited.remove(receiver.next().await.id());
    }
}

#[tokio::test]
async fn a_backup_and_a_database_are_replaced_only_when_that_is_said() {
    let mut process = Process::start_embedded(&[]).await;
    let data_dir = process.data_dir();
    let first = process.api().register_url("https://example.com/first").await;
    let place = TempDir::new().expect("a temporary directory");
    let file = place.path().join("backup.db");
    run("backup", &file, &data_dir, &[]).await.expect("a backup");
    let again = run("backup", &file, &data_dir, &[]).await.expect_err("it is there");
    assert!(again.contains("is there already") && again.contains("--replace"), "{again}");
    run("backup", &file, &data_dir, &["--replace"]).await.expect("replaced");
    let itself = run("backup", &process.file("webhooks.db"), &data_dir, &["--replace"]).await.expect_err("it is in use");
    assert!(itself.contains("is the database itself"), "{itself}");
    let second = process.api().register_url("https://example.com/second").await;

    let running = run("restore", &file, &data_dir, &["--replace"]).await.expect_err("a server runs");
    assert!(running.contains("another webhooks-server is running"), "{running}");
    process.kill().await;
    let there = run("restore", &file, &data_dir, &[]).await.expect_err("there is a database");
    assert!(there.contains("there is a database already"), "{there}");
    let said = run("restore", &file, &data_dir, &["--replace"]).await.expect("restored");
    let kept = said.split("is kept as ").nth(1).and_then(|rest| rest.lines().next()).expect("it says where").to_owned();
    process.start_again().await;
    let api = process.api();
    api.webhook(&first).await;
    assert_eq!(api.get(&format!("/webhooks/{second}")).await.status, 404, "registered after the backup");
    // The killed server's log goes with it, so that nothing of what it held is lost.
    let kept = rusqlite::Connection::open(kept).expect("the database that was there");
    let webhooks: i64 = kept.query_row("SELECT count(*) FROM webhooks", [], |row| row.get(0)).expect("readable");
    assert_eq!(webhooks, 2);
}

#[tokio::test]
async fn what_cannot_be_used_is_not_restored_and_nothing_is_changed() {
    let process = Process::start_embedded(&[]).await;
    let place = TempDir::new().expect("a temporary directory");
    let file = place.path().join("backup.db");
    run("backup", &file, &process.data_dir(), &[]).await.expect("a backup");
    let elsewhere = place.path().join("elsewhere");
    let data_dir = elsewhere.display().to_string();
    let refused = async |file: &Path, expected: &str| {
        let error = run("restore", file, &data_dir, &[]).await.expect_err(expected);
        assert!(error.contains(expected), "{expected}: {error}");
        let left: Vec<_> = std::fs::read_dir(&elsewhere).expect("a directory").map(|entry| entry.expect("an entry").file_name()).collect();
        assert!(left.iter().all(|name| !name.to_string_lossy().starts_with("webhooks.db")), "{left:?}");
    };
    let changed = |name: &str, sql: &str| {
        let changed = place.path().join(name);
        std::fs::copy(&file, &changed).expect("a copy");
        rusqlite::Connection::open(&changed).expect("a database").execute_batch(sql).expect("changed");
        changed
    };
    refused(&file, "does not exist: put the key there").await;
    copy_keys(&process, &elsewhere);
    std::fs::write(elsewhere.join("master-key"), "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=").expect("writable");
    refused(&file, "holds the key").await;
    copy_keys(&process, &elsewhere);
    refused(&place.path().join("nothing"), "cannot read").await;
    refused(&changed("newer", "PRAGMA user_version = 1000"), "it has schema 1000").await;
    refused(&changed("other", "PRAGMA user_version = 0"), "it is no database of webhooks-server").await;
    let damaged = place.path().join("damaged");
    let mut bytes = std::fs::read(&file).expect("readable");
    let middle = bytes.len() / 2;
    bytes[middle..].fill(0xff);
    std::fs::write(&damaged, bytes).expect("writable");
    refused(&damaged, "damaged cannot be restored").await;
    std::fs::write(place.path().join("text"), "no database at all, only text that is long enough to be looked at").expect("writable");
    refused(&place.path().join("text"), "it is no database").await;
    refused(&process.file("webhooks.db"), "is a database in use and no backup").await;
    run("restore", &file, &data_dir, &[]).await.expect("the backup itself is sound");
}
