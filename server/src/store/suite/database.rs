//! Where the stores of tests have what they keep: a file or a database for each test.

use std::path::Path;

use super::*;
use crate::store::postgres::{Options, Postgres};
use crate::store::sqlite::Sqlite;

pub(in crate::store) enum Place {
    File(tempfile::TempDir),
    /// By its name, on the server that all tests share.
    Database(String),
}

impl Place {
    /// Of the store that this run is on.
    pub(super) fn new() -> Place {
        if webhooks_postgres::is_wanted() { Place::database() } else { Place::file() }
    }

    pub(in crate::store) fn file() -> Place {
        Place::File(tempfile::tempdir().expect("a temporary directory"))
    }

    pub(in crate::store) fn database() -> Place {
        Place::Database(webhooks_postgres::shared().create_database().expect("a database"))
    }

    /// A store that does not work, as a command has it.
    pub(super) async fn open(&self, node: &str, limits: StorageLimits) -> Arc<dyn Store> {
        match self {
            Place::File(_) => Arc::new(Sqlite::open(&self.path(), Arc::default()).expect("opened").limited(limits)),
            Place::Database(_) => {
                let options = Options { node_name: node.to_owned(), ..self.options() };
                Arc::new(Postgres::open(options, Arc::default()).await.expect("opened").limited(limits))
            }
        }
    }

    /// A store that works, and says so from time to time as the engine does, however long the test takes.
    pub(super) async fn join(&self, node: &str, limits: StorageLimits) -> Arc<dyn Store> {
        let store = self.open(node, limits).await;
        store.join().await.expect("taken over");
        let alive = Arc::downgrade(&store);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(HEARTBEAT).await;
                let Some(store) = alive.upgrade() else { return };
                let _ = store.keep_alive().await;
            }
        });
        store
    }

    /// Notes that nodes of that name are dead, as another would find out in some seconds.
    pub(super) fn bury(&self, node: &str) {
        if let Place::Database(_) = self {
            self.ask(&format!("DELETE FROM nodes WHERE name = '{node}'"));
        }
    }

    /// How many rows there are of a table, which may be followed by a condition.
    pub(in crate::store) fn rows(&self, of: &str) -> u32 {
        self.ask(&format!("SELECT count(*) FROM {of}")).parse().expect("a number")
    }

    /// Statements beside the store, and what the last one answers.
    pub(in crate::store) fn ask(&self, sql: &str) -> String {
        match self {
            Place::File(_) => {
                let file = rusqlite::Connection::open(self.path()).expect("opened");
                let answered = file.query_row(sql, [], |row| row.get::<_, rusqlite::types::Value>(0)).expect(sql);
                match answered {
                    rusqlite::types::Value::Integer(number) => number.to_string(),
                    other => panic!("{sql}: {other:?}"),
                }
            }
            Place::Database(name) => webhooks_postgres::shared().execute(name, sql).expect("answered"),
        }
    }

    /// What all tables take up, with what came free in them.
    pub(super) fn bytes(&self) -> u64 {
        match self {
            Place::File(_) => std::fs::metadata(self.path()).expect("a file").len(),
            Place::Database(_) => {
                let of_tables =
                    "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace";
                self.ask(of_tables).parse().expect("a number")
            }
        }
    }

    /// What autovacuum does from time to time.
    pub(super) fn vacuum(&self) {
        if let Place::Database(_) = self {
            self.ask("VACUUM");
        }
    }

    /// Gives back to the disk what came free, which a file does by itself.
    pub(super) fn shrink(&self) {
        if let Place::Database(_) = self {
            self.ask("VACUUM FULL");
        }
    }

    /// Of PostgreSQL.
    pub(in crate::store) fn options(&self) -> Options {
        let Place::Database(name) = self else { panic!("a file has no options") };
        Options {
            url: webhooks_postgres::shared().url(name).parse().expect("a URL"),
            connections: 8,
            statement_timeout: Duration::from_secs(30),
            pooled: false,
            node_name: String::new(),
            delivers: true,
        }
    }

    /// Of the embedded store.
    pub(super) fn directory(&self) -> &Path {
        match self {
            Place::File(directory) => directory.path(),
            Place::Database(_) => panic!("a database has no directory of its own"),
        }
    }

    fn path(&self) -> std::path::PathBuf {
        self.directory().join("webhooks.db")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Place::Database(name) = self {
            // What is left goes with the server.
            let _ = webhooks_postgres::shared().drop_database(name);
        }
    }
}
