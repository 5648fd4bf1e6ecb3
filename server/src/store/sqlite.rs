//! The embedded store: one SQLite file, nothing to set up.
//!
//! One thread writes. It takes everything that waits, runs it in one transaction and commits once, so that concurrent
//! callers share a sync (group commit); each command has a savepoint, so one that fails costs the others nothing.
//! A few read-only connections serve look-ups beside it. An answer means that the commit is on disk (`synchronous=FULL`).

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension as _, ToSql, types::FromSql, types::FromSqlResult, types::ToSqlOutput, types::ValueRef};
use uuid::Uuid;

use super::*;

mod deliveries;
mod leases;
mod notifications;
mod readers;
mod tokens;
mod webhooks;
mod writer;

use readers::Readers;
use writer::{Urgency, Writer};

/// The schema, oldest first. A released file never changes.
const MIGRATIONS: [&str; 1] = [include_str!("schema/sqlite/0001_initial.sql")];

/// How long a statement waits for another process (a token command) to finish its write.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("cannot open the database {path}")]
    Open {
        path: String,
        #[source]
        source: rusqlite::Error,
    },
    #[error("the database {path} has schema {found}, and this program knows schemas up to {}: run the newer program that made it", MIGRATIONS.len())]
    TooNew { path: String, found: usize },
    #[error("cannot migrate the database {path} to schema {to}")]
    Migrate {
        path: String,
        to: usize,
        #[source]
        source: rusqlite::Error,
    },
    #[error("cannot start the writing thread")]
    Thread(#[source] std::io::Error),
}

pub struct Sqlite {
    writer: Writer,
    readers: Arc<Readers>,
    /// Names this process's leases. Those of other incarnations are void: one server at a time runs on a file.
    incarnation: Uuid,
}

impl Sqlite {
    /// Opens the database, bringing its schema up to date. Administration commands open it so beside a running server.
    pub fn open(path: &Path) -> std::result::Result<Sqlite, OpenError> {
        let shown = path.display().to_string();
        let open = |source| OpenError::Open { path: shown.clone(), source };
        let mut connection = connect(path).map_err(open)?;
        connection.pragma_update(None, "journal_mode", "wal").map_err(open)?;
        migrate(&mut connection, &shown)?;
        let readers = Readers::open(path).map_err(open)?;
        let writer = Writer::start(connection).map_err(OpenError::Thread)?;
        Ok(Sqlite { writer, readers: Arc::new(readers), incarnation: Uuid::now_v7() })
    }

    /// Makes this process the one that delivers: earlier leases are void, and what they held is due again.
    pub async fn take_over(&self, now: DateTime<Utc>) -> Result<()> {
        let incarnation = self.incarnation;
        self.write(Urgency::Now, move |connection| {
            connection.execute("DELETE FROM nodes", [])?;
            connection.execute("INSERT INTO nodes (incarnation, started_at) VALUES (?1, ?2)", (Key(incarnation), Millis(now)))?;
            leases::rebuild_ready(connection)
        })
        .await
    }

    /// A value that belongs to the whole database.
    pub async fn property(&self, name: &'static str) -> Result<Option<Vec<u8>>> {
        self.read(move |connection| {
            connection.prepare_cached("SELECT value FROM properties WHERE name = ?1")?.query_row([name], |row| row.get(0)).optional()
        })
        .await
    }

    /// Sets what a new database needs, all or nothing.
    pub async fn initialise(&self, properties: Vec<(&'static str, Vec<u8>)>, token: Token, hash: [u8; 32]) -> Result<()> {
        self.write(Urgency::Now, move |connection| {
            for (name, value) in &properties {
                connection.execute("INSERT INTO properties (name, value) VALUES (?1, ?2)", (name, value))?;
            }
            tokens::insert(connection, &token, hash)
        })
        .await
    }

    async fn write<T: Send + 'static>(
        &self,
        urgency: Urgency,
        command: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        self.writer.write(urgency, command).await
    }

    async fn read<T: Send + 'static>(&self, query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static) -> Result<T> {
        self.readers.read(query).await
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "temp_store", "memory")?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

fn migrate(connection: &mut Connection, path: &str) -> std::result::Result<(), OpenError> {
    let version = |connection: &Connection| {
        connection.pragma_query_value(None, "user_version", |row| row.get::<_, u32>(0)).map(|version| version as usize)
    };
    loop {
        let failed = |to, source| OpenError::Migrate { path: path.to_owned(), to, source };
        let transaction =
            connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(|source| failed(0, source))?;
        // Read inside the transaction: another process may be migrating the same file.
        let found = version(&transaction).map_err(|source| failed(0, source))?;
        if found > MIGRATIONS.len() {
            return Err(OpenError::TooNew { path: path.to_owned(), found });
        }
        let Some(migration) = MIGRATIONS.get(found) else { return Ok(()) };
        transaction
            .execute_batch(migration)
            .and_then(|()| transaction.pragma_update(None, "user_version", found as u32 + 1))
            .and_then(|()| transaction.commit())
            .map_err(|source| failed(found + 1, source))?;
    }
}

/// An identifier as its 16 bytes.
struct Key(Uuid);

impl ToSql for Key {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.0.as_bytes().as_slice()))
    }
}

impl FromSql for Key {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Key> {
        <[u8; 16]>::column_result(value).map(|bytes| Key(Uuid::from_bytes(bytes)))
    }
}

/// A time as its milliseconds since 1970.
struct Millis(DateTime<Utc>);

impl ToSql for Millis {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.0.timestamp_millis()))
    }
}

impl FromSql for Millis {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Millis> {
        let millis = i64::column_result(value)?;
        DateTime::from_timestamp_millis(millis).map(Millis).ok_or(rusqlite::types::FromSqlError::OutOfRange(millis))
    }
}

/// A stored value that this program cannot have written.
fn corrupt(column: usize, error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Error {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            Some(
                ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::DiskFull
                | ErrorCode::ReadOnly
                | ErrorCode::CannotOpen
                | ErrorCode::SystemIoFailure
                | ErrorCode::OutOfMemory,
            ) => Error::Unavailable(error.into()),
            _ => Error::Failed(error.into()),
        }
    }
}

/// Each verb of [`Store`] stands in the file of its noun; here is only how it runs.
#[async_trait]
impl Store for Sqlite {
    async fn register_webhook(&self, webhook: Webhook, limit: u32) -> Result<bool> {
        self.write(Urgency::Now, move |connection| webhooks::register(connection, &webhook, limit)).await
    }

    async fn list_webhooks(&self, account: Option<Account>, status: Option<WebhookStatus>, page: Page) -> Result<Vec<Webhook>> {
        self.read(move |connection| webhooks::list(connection, account.as_ref(), status, page)).await
    }

    async fn get_webhook(&self, account: Option<Account>, id: Uuid) -> Result<Option<Webhook>> {
        self.read(move |connection| webhooks::get(connection, account.as_ref(), id)).await
    }

    async fn update_webhook(
        &self,
        account: Account,
        id: Uuid,
        change: WebhookChange,
        now: DateTime<Utc>,
    ) -> Result<Option<std::result::Result<Webhook, CredentialsRequired>>> {
        self.write(Urgency::Now, move |connection| webhooks::update(connection, &account, id, change, now)).await
    }

    async fn deactivate_webhook(&self, account: Account, id: Uuid, now: DateTime<Utc>) -> Result<Option<Webhook>> {
        self.write(Urgency::Now, move |connection| webhooks::deactivate(connection, &account, id, now)).await
    }

    async fn activate_webhook(&self, account: Account, id: Uuid, now: DateTime<Utc>) -> Result<Option<Webhook>> {
        self.write(Urgency::Now, move |connection| webhooks::activate(connection, &account, id, now)).await
    }

    async fn delete_webhook(&self, account: Account, id: Uuid, now: DateTime<Utc>) -> Result<Option<u32>> {
        self.write(Urgency::Now, move |connection| webhooks::delete(connection, &account, id, now)).await
    }

    async fn publish_notification(&self, publication: Publication, slots: Arc<Slots>) -> Result<Published> {
        let incarnation = self.incarnation;
        self.write(Urgency::Now, move |connection| notifications::publish(connection, publication, &slots, incarnation)).await
    }

    async fn list_notifications(&self, account: Option<Account>, event_type: Option<EventType>, page: Page) -> Result<Vec<Notification>> {
        self.read(move |connection| notifications::list(connection, account.as_ref(), event_type.as_ref(), page)).await
    }

    async fn get_notification(&self, account: Option<Account>, id: Uuid) -> Result<Option<Notification>> {
        self.read(move |connection| notifications::get(connection, account.as_ref(), id)).await
    }

    async fn list_deliveries(&self, filter: DeliveryFilter, page: Page) -> Result<Vec<Delivery>> {
        self.read(move |connection| deliveries::list(connection, &filter, page)).await
    }

    async fn get_delivery(&self, account: Option<Account>, id: Uuid) -> Result<Option<(Delivery, Vec<Attempt>)>> {
        self.read(move |connection| deliveries::get(connection, account.as_ref(), id)).await
    }

    async fn lease_due(&self, now: DateTime<Utc>, slots: Arc<Slots>) -> Result<DueRound> {
        let incarnation = self.incarnation;
        self.write(Urgency::Now, move |connection| leases::lease_due(connection, now, &slots, incarnation)).await
    }

    async fn current_destination(&self, webhook_id: Uuid) -> Result<Option<Destination>> {
        self.read(move |connection| webhooks::destination(connection, webhook_id)).await
    }

    async fn release_delivery(&self, delivery_id: Uuid) -> Result<()> {
        let incarnation = self.incarnation;
        self.write(Urgency::Soon, move |connection| leases::release(connection, delivery_id, incarnation)).await
    }

    async fn finish_attempt(&self, finish: Finish) -> Result<Finished> {
        self.write(Urgency::Soon, move |connection| leases::finish(connection, &finish)).await
    }

    async fn tidy(&self, now: DateTime<Utc>) -> Result<bool> {
        self.write(Urgency::Soon, move |connection| {
            let cancelled = webhooks::cancel_some(connection)?;
            let expired = notifications::expire_some_keys(connection, now)?;
            Ok(cancelled || expired)
        })
        .await
    }

    async fn create_token(&self, token: Token, hash: [u8; 32]) -> Result<()> {
        self.write(Urgency::Now, move |connection| tokens::insert(connection, &token, hash)).await
    }

    async fn list_tokens(&self) -> Result<Vec<Token>> {
        self.read(tokens::list).await
    }

    async fn find_token(&self, hash: [u8; 32]) -> Result<Option<Token>> {
        self.read(move |connection| tokens::find(connection, hash)).await
    }

    async fn revoke_token(&self, id: Uuid, now: DateTime<Utc>) -> Result<bool> {
        self.write(Urgency::Now, move |connection| tokens::revoke(connection, id, now)).await
    }
}
