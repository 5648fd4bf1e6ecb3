//! The database of a test: a separate file or PostgreSQL database for each test.

use std::path::Path;

use super::*;
use crate::store::postgres::{Options, Postgres};
use crate::store::sqlite::Sqlite;

pub(in crate::store) enum TestDatabase {
    File(tempfile::TempDir),
    /// The name of a database. The database is on the PostgreSQL server that all tests share.
    Database(String),
}

impl TestDatabase {
    /// Creates a database for the store that this test run uses.
    pub(super) fn new() -> TestDatabase {
        if webhooks_postgres::is_wanted() { TestDatabase::database() } else { TestDatabase::file() }
    }

    pub(in crate::store) fn file() -> TestDatabase {
        TestDatabase::File(tempfile::tempdir().expect("a temporary directory"))
    }

    pub(in crate::store) fn database() -> TestDatabase {
        TestDatabase::Database(webhooks_postgres::shared().create_database().expect("a database"))
    }

    /// Opens a store and does not join as a node. Administration commands open the store in the same way.
    pub(super) async fn open(&self, node: &str, limits: StorageLimits) -> Arc<dyn Store> {
        match self {
            TestDatabase::File(_) => Arc::new(Sqlite::open(&self.path(), Arc::default()).expect("opened").limited(limits)),
            TestDatabase::Database(_) => {
                let options = Options { node_name: node.to_owned(), ..self.options() };
                Arc::new(Postgres::open(options, Arc::default()).await.expect("opened").limited(limits))
            }
        }
    }

    /// Opens a store and joins as a node. A background task sends its heartbeats, as the engine does.
    pub(super) async fn join(&self, node: &str, limits: StorageLimits) -> Arc<dyn Store> {
        let store = self.open(node, limits).await;
        store.join(Vec::new()).await.expect("joined");
        let weak = Arc::downgrade(&store);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(HEARTBEAT).await;
                let Some(store) = weak.upgrade() else { return };
                let _ = store.keep_alive().await;
            }
        });
        store
    }

    /// Removes nodes with this name. In operation, another node does this some seconds after the death of a node.
    pub(super) fn mark_dead(&self, node: &str) {
        if let TestDatabase::Database(_) = self {
            self.ask(&format!(
                "WITH dead AS (DELETE FROM nodes WHERE name = '{node}' RETURNING incarnation)
                 INSERT INTO dead_incarnations (incarnation) SELECT incarnation FROM dead RETURNING 1"
            ));
        }
    }

    /// Returns the number of rows of a table. `of` is the name of the table, and may also have a condition after the
    /// name.
    pub(in crate::store) fn rows(&self, of: &str) -> u32 {
        self.ask(&format!("SELECT count(*) FROM {of}")).parse().expect("a number")
    }

    /// Runs statements on a separate connection, and returns the result of the last statement.
    pub(in crate::store) fn ask(&self, sql: &str) -> String {
        match self {
            TestDatabase::File(_) => {
                let file = rusqlite::Connection::open(self.path()).expect("opened");
                let value = file.query_row(sql, [], |row| row.get::<_, rusqlite::types::Value>(0)).expect(sql);
                match value {
                    rusqlite::types::Value::Integer(number) => number.to_string(),
                    other => panic!("{sql}: {other:?}"),
                }
            }
            TestDatabase::Database(name) => webhooks_postgres::shared().execute(name, sql).expect("a result"),
        }
    }

    /// Returns the size of the database in bytes, including free space in its tables.
    pub(super) fn bytes(&self) -> u64 {
        match self {
            TestDatabase::File(_) => std::fs::metadata(self.path()).expect("a file").len(),
            TestDatabase::Database(_) => {
                let of_tables =
                    "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace";
                self.ask(of_tables).parse().expect("a number")
            }
        }
    }

    /// Makes free space in tables reusable, as autovacuum does in operation.
    pub(super) fn vacuum(&self) {
        if let TestDatabase::Database(_) = self {
            self.ask("VACUUM");
        }
    }

    /// Returns free space to the disk. Does nothing for an SQLite file, because it shrinks by itself.
    pub(super) fn shrink(&self) {
        if let TestDatabase::Database(_) = self {
            self.ask("VACUUM FULL");
        }
    }

    pub(in crate::store) fn options(&self) -> Options {
        let TestDatabase::Database(name) = self else { panic!("a file has no options") };
        Options {
            url: webhooks_postgres::shared().url(name).parse().expect("a URL"),
            connections: 8,
            statement_timeout: Duration::from_secs(30),
            pooled: false,
            node_name: String::new(),
            delivers: true,
        }
    }

    /// The directory of an embedded store.
    pub(in crate::store) fn directory(&self) -> &Path {
        match self {
            TestDatabase::File(directory) => directory.path(),
            TestDatabase::Database(_) => panic!("a database has no directory of its own"),
        }
    }

    fn path(&self) -> std::path::PathBuf {
        self.directory().join("webhooks.db")
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let TestDatabase::Database(name) = self {
            // If the database cannot be dropped here, it is removed when the PostgreSQL server is removed.
            let _ = webhooks_postgres::shared().drop_database(name);
        }
    }
}
