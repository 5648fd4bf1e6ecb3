//! The database of a server under test: the file of the embedded store, or a PostgreSQL database that no other test uses. Tests
//! can read and change the database while the server is running.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::TryStreamExt as _;
use webhooks_server::cli::CommandLine;
use webhooks_server::config::Settings;
use webhooks_server::node::open_store::{open_beside, open_beside_with_vault};
use webhooks_server::secrets::access_token::new_token;
use webhooks_server::secrets::seal::Vault;
use webhooks_server::store::{Store, token_created};
use webhooks_server_api::Scope;
use webhooks_server_api::types::{Account, AuditEvent};

use super::eventually;

pub(crate) struct Database {
    data_dir: PathBuf,
    /// The name of the database on the shared PostgreSQL. `None` means the file in the data directory.
    name: Option<String>,
}

/// Flags that set the statement timeout to one second. The timeout also limits the wait for a lock.
pub(crate) const SHORT_STATEMENT_TIMEOUT: [&str; 2] = ["--store-statement-timeout-seconds", "1"];

pub(super) const MASTER_KEY: &str = "--master-key-file";

impl Database {
    /// Creates a database on the kind of store that this test run uses.
    pub(super) fn new(data_dir: &Path) -> Database {
        if webhooks_postgres::is_wanted() { Database::postgres(data_dir) } else { Database::embedded(data_dir) }
    }

    pub(super) fn embedded(data_dir: &Path) -> Database {
        Database { data_dir: data_dir.to_owned(), name: None }
    }

    pub(super) fn postgres(data_dir: &Path) -> Database {
        let name = webhooks_postgres::shared().create_database().expect("a database");
        Database { data_dir: data_dir.to_owned(), name: Some(name) }
    }

    pub(crate) fn is_embedded(&self) -> bool {
        self.name.is_none()
    }

    /// Prepares the first start on PostgreSQL: creates a master key, and an access token of account `default` with every
    /// scope. On the embedded store, the server creates the key and the token.
    pub(super) async fn prepare(&self, flags: &[impl AsRef<str>], now: DateTime<Utc>) {
        if self.is_embedded() {
            return;
        }
        std::fs::create_dir_all(&self.data_dir).expect("a data directory");
        if !flags.iter().any(|flag| flag.as_ref() == MASTER_KEY) {
            super::write_private(&self.key_file(), "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\n");
        }
        let account = Account::parse("default").expect("an account");
        let (store, vault) = self.store_with_vault(flags).await;
        let name = "harness".parse().expect("a name");
        let (token, secret) = new_token(&vault, &name, Some(account), &Scope::ALL, now, None).expect("a token");
        let event = token_created(&token, AuditEvent::SERVICE);
        store.create_token(token, &event).await.expect("a stored token");
        std::fs::write(self.data_dir.join("access-token"), secret).expect("a written token");
    }

    /// Returns the database flags of a server or command. `others` are its other flags. If they set the master key, the
    /// returned flags do not set it.
    pub(crate) fn flags(&self, others: &[String]) -> Vec<String> {
        let mut flags = vec!["--data-dir".to_owned(), self.data_dir.display().to_string()];
        if let Some(url) = self.url() {
            flags.extend(["--store".to_owned(), url]);
            if !others.iter().any(|flag| flag == MASTER_KEY) {
                flags.extend([MASTER_KEY.to_owned(), self.key_file().display().to_string()]);
            }
        }
        flags
    }

    pub(crate) fn url(&self) -> Option<String> {
        self.name.as_ref().map(|name| webhooks_postgres::shared().url(name))
    }

    fn key_file(&self) -> PathBuf {
        self.data_dir.join("master-key")
    }

    /// Opens the store in the same way as a command that runs while servers use the store.
    pub(crate) async fn store(&self) -> Arc<dyn Store> {
        open_beside(&settings(self.flags(&[]))).await.unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// Like [`Database::store`], and also returns the vault. `others` are the other flags of the server. They may set the
    /// master key.
    pub(super) async fn store_with_vault(&self, others: &[impl AsRef<str>]) -> (Arc<dyn Store>, Vault) {
        let others: Vec<String> = others.iter().map(|flag| flag.as_ref().to_owned()).collect();
        let master_key = others.windows(2).find(|flag| flag[0] == MASTER_KEY).unwrap_or_default();
        let flags = [self.flags(&others), master_key.to_vec()].concat();
        open_beside_with_vault(&settings(flags)).await.unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// Runs SQL statements, which must be valid on the store of this test run.
    pub(crate) async fn run(&self, sql: &str) {
        match &self.name {
            None => self.file().execute_batch(sql).expect(sql),
            Some(_) => self.client().await.batch_execute(sql).await.expect(sql),
        }
    }

    /// Returns the number of rows in a table. A WHERE clause may follow the table name.
    pub(crate) async fn count(&self, table: &str) -> u64 {
        let sql = format!("SELECT count(*) FROM {table}");
        let count: i64 = match &self.name {
            None => self.file().query_row(&sql, [], |row| row.get(0)).expect(&sql),
            Some(_) => self.client().await.query_one(&sql, &[]).await.expect(&sql).get(0),
        };
        u64::try_from(count).expect("a count")
    }

    /// Sets columns of all webhooks. Increases the versions as a server does, so that caches are updated.
    pub(crate) async fn change_webhooks(&self, columns: &str) {
        self.run(&format!("UPDATE webhooks SET {columns}, revision = revision + 1")).await;
        if !self.is_embedded() {
            self.run("UPDATE accounts SET version = version + 1").await;
        }
    }

    /// Sets columns of one webhook, as somebody does who can write to the database. Increases the versions as a server does.
    pub(crate) async fn change_webhook(&self, id: &str, columns: &str) {
        self.run(&format!("UPDATE webhooks SET {columns}, revision = revision + 1 WHERE id = {}", self.id(id))).await;
        if !self.is_embedded() {
            self.run("UPDATE accounts SET version = version + 1").await;
        }
    }

    /// Returns the SQL literal of an identifier.
    pub(crate) fn id(&self, id: &str) -> String {
        if self.is_embedded() { format!("x'{}'", id.replace('-', "")) } else { format!("'{id}'") }
    }

    /// Returns an SQL expression for the id of the master key with which the value of a column is sealed.
    pub(crate) fn key_of(&self, column: &str) -> String {
        if self.is_embedded() { format!("lower(substr(hex({column}), 3, 8))") } else { format!("substr(encode({column}, 'hex'), 3, 8)") }
    }

    /// Returns an SQL expression for these bytes.
    pub(crate) fn literal(&self, bytes: &[u8]) -> String {
        let hex = data_encoding::HEXLOWER.encode(bytes);
        if self.is_embedded() { format!("x'{hex}'") } else { format!("decode('{hex}', 'hex')") }
    }

    /// Returns an SQL expression for `bytes` zero bytes.
    pub(crate) fn zeros(&self, bytes: usize) -> String {
        if self.is_embedded() { format!("zeroblob({bytes})") } else { format!("decode(repeat('00', {bytes}), 'hex')") }
    }

    /// Locks the database against writes until the lock is released. Reads still work.
    pub(crate) async fn lock(&self) -> Lock {
        if self.is_embedded() {
            let file = self.file();
            file.execute_batch("BEGIN IMMEDIATE").expect("the lock");
            return Lock::File(file);
        }
        let client = self.client().await;
        let tables = "SELECT string_agg(quote_ident(tablename), ', ') FROM pg_tables WHERE schemaname = 'public'";
        let tables: String = client.query_one(tables, &[]).await.expect("the tables").get(0);
        client.batch_execute(&format!("BEGIN; LOCK TABLE {tables} IN SHARE MODE")).await.expect("the locks");
        Lock::Tables(client)
    }

    /// Waits until no transaction is open.
    pub(crate) async fn wait_for_no_transaction(&self) {
        if self.is_embedded() {
            let file = self.file();
            file.busy_timeout(std::time::Duration::ZERO).expect("the timeout is set");
            // Other connections have this lock only for short times, so a later try succeeds.
            eventually("the lock for writing", async || file.execute_batch("BEGIN IMMEDIATE").ok()).await;
            file.execute_batch("ROLLBACK").expect("the rollback succeeds");
            // The checkpoint fails while a reader still uses an older snapshot.
            let truncate = || file.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0));
            eventually("the log to be empty", async || (!truncate().expect("a result")).then_some(())).await;
            return;
        }
        let open = "pg_stat_activity WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()";
        eventually("no open transaction", async || (self.count(open).await == 0).then_some(())).await;
    }

    /// Returns the name and the bytes of every database file (embedded store) or every table (PostgreSQL).
    pub(crate) async fn contents(&self) -> Vec<(String, Vec<u8>)> {
        if self.is_embedded() {
            let files = std::fs::read_dir(&self.data_dir).expect("the data directory").map(|entry| entry.expect("an entry").path());
            let database = files.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("webhooks.db")));
            return database.map(|path| (path.display().to_string(), std::fs::read(&path).expect("a readable file"))).collect();
        }
        let client = self.client().await;
        let tables = client.query("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'", &[]).await;
        let mut contents = Vec::new();
        for table in tables.expect("the tables").iter().map(|row| row.get::<_, String>(0)) {
            let copy = client.copy_out(&format!("COPY {table} TO STDOUT (FORMAT binary)")).await.expect("a copy");
            let bytes = copy.try_fold(Vec::new(), async |bytes, part| Ok([bytes, part.to_vec()].concat())).await;
            contents.push((table, bytes.expect("a copy")));
        }
        contents
    }

    /// The used bytes of a new PostgreSQL database. Returns 0 for the embedded store.
    pub(super) async fn empty_bytes(&self) -> u64 {
        if self.is_embedded() { 0 } else { self.store().await.storage_use().await.expect("measured").used_bytes }
    }

    /// The size of the database, including the write-ahead log of the embedded store.
    pub(crate) async fn bytes(&self) -> u64 {
        if self.is_embedded() {
            let bytes = |name| std::fs::metadata(self.data_dir.join(name)).expect("a file").len();
            return bytes("webhooks.db") + bytes("webhooks.db-wal");
        }
        let bytes: i64 = self.client().await.query_one("SELECT pg_database_size(current_database())", &[]).await.expect("measured").get(0);
        u64::try_from(bytes).expect("a size")
    }

    /// Frees unused space. The embedded store frees unused space automatically.
    pub(crate) async fn shrink(&self) {
        if !self.is_embedded() {
            self.run("VACUUM FULL").await;
        }
    }

    /// Removes all nodes from the database, so that the test need not wait until they count as dead. All nodes must have been
    /// killed.
    pub(super) async fn remove_dead_nodes(&self) {
        if self.is_embedded() {
            return;
        }
        // PostgreSQL may still run statements for the killed nodes.
        let left = "pg_stat_activity WHERE datname = current_database() AND application_name = 'webhooks-server'";
        eventually("the nodes' connections to end", async || {
            self.count(&format!("(SELECT pg_terminate_backend(pid) FROM {left}) AS ended")).await;
            (self.count(left).await == 0).then_some(())
        })
        .await;
        let recorded = "WITH dead AS (DELETE FROM nodes RETURNING incarnation)
            INSERT INTO dead_incarnations (incarnation) SELECT incarnation FROM dead";
        self.run(recorded).await;
    }

    fn file(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.data_dir.join("webhooks.db")).expect("the database")
    }

    async fn client(&self) -> tokio_postgres::Client {
        let url = self.url().expect("a PostgreSQL database");
        let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.expect("a connection");
        tokio::spawn(connection);
        client
    }
}

fn settings(flags: Vec<String>) -> Settings {
    let arguments = ["webhooks-server".to_owned()].into_iter().chain(flags).map(OsString::from);
    CommandLine::load(arguments).unwrap_or_else(|error| panic!("{error}")).settings
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            // The error can be ignored, because the removal of the whole PostgreSQL cluster also removes the database.
            let _ = webhooks_postgres::shared().drop_database(name);
        }
    }
}

/// A lock that blocks the writes of all other connections.
pub(crate) enum Lock {
    File(rusqlite::Connection),
    Tables(tokio_postgres::Client),
}

impl Lock {
    pub(crate) async fn release(self) {
        match self {
            Lock::File(file) => file.execute_batch("ROLLBACK").expect("the rollback succeeds"),
            Lock::Tables(client) => client.batch_execute("ROLLBACK").await.expect("the rollback succeeds"),
        }
    }
}
