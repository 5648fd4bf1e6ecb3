//! Migration from the embedded store to PostgreSQL.

mod everything; // a store with every kind of data, and its behaviour after the migration
mod interrupted; // migrations that are interrupted and resumed
mod refused; // sources and targets that are refused

use std::path::Path;
use std::process::Output;

use tempfile::TempDir;
use webhooks_postgres::shared;

use crate::harness::{DATA_DIR, Process, run_binary};

/// A PostgreSQL database that is removed on drop.
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

/// Returns the command argument that names a data directory as the source.
fn address(data_dir: &str) -> String {
    format!("sqlite:{data_dir}")
}

async fn migrate(data_dir: &str, to: &str) -> Output {
    run_binary(&["migrate", "--from", &address(data_dir), "--to", to]).await
}

/// Runs a migration that must succeed. Returns its standard output and standard error.
async fn migrate_successfully(data_dir: &str, to: &str) -> (String, String) {
    let output = migrate(data_dir, to).await;
    let error = text(&output.stderr);
    assert!(output.status.success(), "{error}");
    (text(&output.stdout), error)
}

/// Runs a command that must fail. Returns its standard error. Apart from lines about progress, it must have exactly one line.
async fn command_error(arguments: &[&str]) -> String {
    let output = run_binary(arguments).await;
    let error = text(&output.stderr);
    assert!(!output.status.success() && output.stdout.is_empty(), "{error}");
    assert_eq!(error.lines().filter(|line| !line.starts_with("copied ") && !line.starts_with("compared ")).count(), 1, "{error}");
    error
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Creates a data directory with copies of the source's keys. After the migration, a node uses this directory.
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

fn bytes(data_dir: &Path) -> [Vec<u8>; 2] {
    ["webhooks.db", "webhooks.db-wal"].map(|name| std::fs::read(data_dir.join(name)).unwrap_or_default())
}
