//! Backup under load, restore to another directory, and refused backup and restore commands.

use std::collections::HashSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use tempfile::TempDir;
use tokio::sync::Semaphore;

use crate::harness::{DATA_DIR, Process, Reply, eventually, id_of, run_binary, write_private};

/// Runs a command on a data directory. Returns its standard error: `Ok` if the command succeeded, `Err` if it failed.
async fn run(command: &str, file: &Path, data_dir: &str, more: &[&str]) -> Result<String, String> {
    let file = file.display().to_string();
    let command = run_binary(&[&[command, &file, "--data-dir", data_dir], more].concat()).await;
    let output = String::from_utf8_lossy(&command.stderr).into_owned();
    if command.status.success() { Ok(output) } else { Err(output) }
}

/// Copies the files that a server needs besides its database.
fn copy_keys(from: &Process, data_dir: &Path) {
    std::fs::create_dir_all(data_dir).expect("a directory");
    for name in ["master-key", "access-token", "dev-ca.pem", "dev-ca-key.pem"] {
        std::fs::copy(from.file(name), data_dir.join(name)).expect("a copy");
    }
}

#[tokio::test]
async fn a_backup_under_load_has_everything_accepted_before_and_its_deliveries_continue() {
    let mut process = Process::start_embedded(&["--max-in-flight-per-webhook", "4"]).await;
    let mut receiver = process.receiver().await;
    receiver.always_reply(Reply::OkWhenReleased(Arc::new(Semaphore::new(0))));
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
    let directory = TempDir::new().expect("a temporary directory");
    let file = directory.path().join("backup.db");
    let backup = async {
        eventually("some notifications", async || (count() >= 100).then_some(())).await;
        let before = accepted.lock().expect("no holder panics").clone();
        let output = run("backup", &file, &process.data_dir(), &[]).await.expect("a backup");
        assert!(output.contains("The backup does not contain the master key"), "{output}");
        let during = count();
        assert!(during > before.len(), "nothing was published during the backup");
        eventually("more notifications", async || (count() > during).then_some(())).await;
        ended.store(true, std::sync::atomic::Ordering::Relaxed);
        before
    };
    let (before, ..) = tokio::join!(backup, publisher(), publisher(), publisher(), publisher());
    assert_eq!(std::fs::metadata(&file).expect("an existing file").permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(directory.path()).expect("a directory").count(), 1, "no other file is left");
    process.kill().await;

    let elsewhere = TempDir::new().expect("a temporary directory");
    let data_dir = elsewhere.path().join(DATA_DIR);
    copy_keys(&process, &data_dir);
    run("restore", &file, &data_dir.display().to_string(), &[]).await.expect("restored");
    assert_eq!(std::fs::metadata(data_dir.join("webhooks.db")).expect("an existing file").permissions().mode() & 0o777, 0o600);
    receiver.always_reply(Reply::Status(204));
    receiver.take_arrived();
    let restored = Process::start_on(elsewhere, &[]).await;
    let stored: HashSet<String> = restored.api().list("/notifications").await.iter().map(id_of).collect();
    assert!(before.iter().all(|id| stored.contains(id)), "{} of {}", stored.len(), before.len());
    let mut waiting: HashSet<String> = before.into_iter().collect();
    while !waiting.is_empty() {
        waiting.remove(receiver.next().await.id());
    }
}

#[tokio::test]
async fn a_backup_or_database_is_replaced_only_with_replace() {
    let mut process = Process::start_embedded(&[]).await;
    let data_dir = process.data_dir();
    let first = process.api().register_url("https://example.com/first").await;
    let directory = TempDir::new().expect("a temporary directory");
    let file = directory.path().join("backup.db");
    run("backup", &file, &data_dir, &[]).await.expect("a backup");
    let again = run("backup", &file, &data_dir, &[]).await.expect_err("the file exists");
    assert!(again.contains("exists already") && again.contains("--replace"), "{again}");
    run("backup", &file, &data_dir, &["--replace"]).await.expect("replaced");
    let itself = run("backup", &process.file("webhooks.db"), &data_dir, &["--replace"]).await.expect_err("the database is in use");
    assert!(itself.contains("is the database itself"), "{itself}");
    let second = process.api().register_url("https://example.com/second").await;

    let running = run("restore", &file, &data_dir, &["--replace"]).await.expect_err("a server runs");
    assert!(running.contains("another webhooks-server is running"), "{running}");
    process.kill().await;
    let there = run("restore", &file, &data_dir, &[]).await.expect_err("there is a database");
    assert!(there.contains("exists already: --replace"), "{there}");
    let output = run("restore", &file, &data_dir, &["--replace"]).await.expect("restored");
    let kept = output.split("is kept as ").nth(1).and_then(|rest| rest.lines().next()).expect("the printed path").to_owned();
    process.start_again().await;
    let api = process.api();
    api.webhook(&first).await;
    assert_eq!(api.get(&format!("/webhooks/{second}")).await.status, 404, "the second webhook is not in the backup");
    // The restore keeps the previous database together with its write-ahead log, which has the latest changes.
    let kept = rusqlite::Connection::open(kept).expect("the previous database");
    let webhooks: i64 = kept.query_row("SELECT count(*) FROM webhooks", [], |row| row.get(0)).expect("readable");
    assert_eq!(webhooks, 2);
}

#[tokio::test]
async fn an_unusable_backup_is_refused_and_changes_nothing() {
    let process = Process::start_embedded(&[]).await;
    let directory = TempDir::new().expect("a temporary directory");
    let file = directory.path().join("backup.db");
    run("backup", &file, &process.data_dir(), &[]).await.expect("a backup");
    let elsewhere = directory.path().join("elsewhere");
    let data_dir = elsewhere.display().to_string();
    let refused = async |file: &Path, expected: &str| {
        let error = run("restore", file, &data_dir, &[]).await.expect_err(expected);
        assert!(error.contains(expected), "{expected}: {error}");
        let left: Vec<_> = std::fs::read_dir(&elsewhere).expect("a directory").map(|entry| entry.expect("an entry").file_name()).collect();
        assert!(left.iter().all(|name| !name.to_string_lossy().starts_with("webhooks.db")), "{left:?}");
    };
    let changed = |name: &str, sql: &str| {
        let changed = directory.path().join(name);
        std::fs::copy(&file, &changed).expect("a copy");
        rusqlite::Connection::open(&changed).expect("a database").execute_batch(sql).expect("changed");
        changed
    };
    refused(&file, "does not exist: put the key there").await;
    copy_keys(&process, &elsewhere);
    write_private(&elsewhere.join("master-key"), "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=");
    refused(&file, "contains the key").await;
    copy_keys(&process, &elsewhere);
    refused(&directory.path().join("nothing"), "cannot read").await;
    refused(&changed("newer", "PRAGMA user_version = 1000"), "it has schema 1000").await;
    refused(&changed("other", "PRAGMA user_version = 0"), "it is not a database of webhooks-server").await;
    let damaged = directory.path().join("damaged");
    let mut bytes = std::fs::read(&file).expect("readable");
    let middle = bytes.len() / 2;
    bytes[middle..].fill(0xff);
    std::fs::write(&damaged, bytes).expect("writable");
    refused(&damaged, "damaged cannot be restored").await;
    std::fs::write(directory.path().join("text"), "no database at all, only text that is long enough to be looked at").expect("writable");
    refused(&directory.path().join("text"), "it is not a database").await;
    refused(&process.file("webhooks.db"), "is a database in use and not a backup").await;
    run("restore", &file, &data_dir, &[]).await.expect("the backup is valid");
}
