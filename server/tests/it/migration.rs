//! Moving from the embedded store to PostgreSQL.

mod everything; // a store of every kind of thing, and what it does after its move
mod interrupted; // moves that end before their time, and go on
mod refused; // what is not moved, and where to

use std::path::Path;
use std::process::Output;

use tempfile::TempDir;
use webhooks_postgres::shared;

use crate::harness::{DATA_DIR, Process, binary};

/// A database of its own, which goes with this.
struct Database {
    name: String,
    url: String,
}

impl Database {
    fn create() -> Database {
        let name = shared().create_database().expect("a database");
        Database { url: shared().url(&name), name }
    }

    fn execute(&self, sql: &str) -> String {
        shared().execute(&self.name, sql).expect("the statement succeeds")
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let _ = shared().drop_database(&self.name);
    }
}

/// The source's address, as the command takes it.
fn address(data_dir: &str) -> String {
    format!("sqlite:{data_dir}")
}

async fn migrate(data_dir: &str, to: &str) -> Output {
    binary(&["migrate", "--from", &address(data_dir), "--to", to]).await
}

/// What it says on standard output, and beside it, when it succeeds.
async fn migrated(data_dir: &str, to: &str) -> (String, String) {
    let output = migrate(data_dir, to).await;
    let said = text(&output.stderr);
    assert!(output.status.success(), "{said}");
    (text(&output.stdout), said)
}

/// The one line that it says when it does not.
async fn refused(arguments: &[&str]) -> String {
    let output = binary(arguments).await;
    let said = text(&output.stderr);
    assert!(!output.status.success() && output.stdout.is_empty(), "{said}");
    assert_eq!(said.lines().filter(|line| !line.starts_with("copied ") && !line.starts_with("compared ")).count(), 1, "{said}");
    said
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A directory for a node that takes over from a server, with that one's keys.
fn directory_beside(source: &Process) -> (TempDir, String) {
    let directory = TempDir::new().expect("a temporary directory");
    let data_dir = directory.path().join(DATA_DIR);
    std::fs::create_dir(&data_dir).expect("a directory");
    for name in ["master-key", "access-token", "dev-ca.pem", "dev-ca-key.pem"] {
        std::fs::copy(source.file(name), data_dir.join(name)).expect("a copy");
    }
    let key = data_dir.join("master-key").display().to_string();
    (directory, key)
}

/// What a database file and its log hold.
fn bytes(data_dir: &Path) -> [Vec<u8>; 2] {
    ["webhooks.db", "webhooks.db-wal"].map(|name| std::fs::read(data_dir.join(name)).unwrap_or_default())
}
