//! The embedded store: one SQLite file, nothing to set up.
//!
//! One thread writes. It takes everything that waits, runs it in one transaction and commits once, so that concurrent
//! callers share a sync (group commit); each command has a savepoint, so one that fails costs the others nothing.
//! A few read-only connections serve look-ups beside it. An answer means that the commit is on disk (`synchronous=FULL`).

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension as _, ToSql, types::FromSql, types::FromSqlResult, types::ToSqlOutput, types::ValueRef};
use uuid::Uuid;

use super::queue::{Share, Urgency};
use super::*;
use crate::metrics::Metrics;

mod census;
pub(crate) mod copy;
#[cfg(test)]
mod costs;
mod deliveries;
mod directory;
mod erasure;
mod failures;
mod handshakes;
mod leases;
mod notifications;
mod operational;
mod pages;
mod pauses;
mod readers;
mod recovery;
mod redelivery;
mod retention;
mod signing_secrets;
mod space;
mod tokens;
mod webhooks;
mod writer;

use directory::Directory;
use leases::Leasing;
use readers::Readers;
#[cfg(test)]
pub(super) use retention::OF_WEBHOOK;
use space::Space;
use writer::Writer;

/// The schema, oldest first. A released file never changes.
const MIGRATIONS: [&str; 1] = [include_str!("schema/sqlite/0001_initial.sql")];

/// The log that grew longer in a burst is cut to this, in bytes.
const JOURNAL_KEPT: i64 = 16 << 20;

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
    #[error("cannot write the database {path}: run webhooks-server as a user who may write it, and make files beside it")]
    NotWritable {
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
    #[error("cannot copy the database {path} before its schema changes")]
    Copy {
        path: String,
        #[source]
        source: anyhow::Error,
    },
    #[error("cannot start the writing thread")]
    Thread(#[source] std::io::Error),
}

impl OpenError {
    fn of(path: &Path, source: rusqlite::Error) -> OpenError {
        use rusqlite::ErrorCode::{CannotOpen, PermissionDenied, ReadOnly};
        let path = path.display().to_string();
        match source.sqlite_error_code() {
            Some(CannotOpen | PermissionDenied | ReadOnly) => OpenError::NotWritable { path, source },
            _ => OpenError::Open { path, source },
        }
    }
}

pub struct Sqlite {
    writer: Writer,
    /// For callers who list and look up.
    readers: Arc<Readers>,
    /// For what every request and every attempt may need: however much is listed, it does not wait for that.
    own_readers: Arc<Readers>,
    metrics: Arc<Metrics>,
    directory: Arc<Directory>,
    /// Names this process's leases. Those of other incarnations are void: one server at a time runs on a file.
    incarnation: Uuid,
    limits: StorageLimits,
    space: Arc<Space>,
}

impl Sqlite {
    /// Opens the database, bringing its schema up to date. Administration commands open it so beside a running server.
    pub fn open(path: &Path, metrics: Arc<Metrics>) -> std::result::Result<Sqlite, OpenError> {
        let open = |source| OpenError::of(path, source);
        let mut connection = connect(path).map_err(open)?;
        // Only a new database takes this, before its first page is written: what is free in the file can be given back.
        connection.pragma_update(None, "auto_vacuum", "incremental").map_err(open)?;
        connection.pragma_update(None, "journal_mode", "wal").map_err(open)?;
        connection.pragma_update(None, "journal_size_limit", JOURNAL_KEPT).map_err(open)?;
        // What moves from one page to another is overwritten where it was, so that an erasure finds all of it; only that pays
        // for overwriting pages that come free, too.
        connection.pragma_update(None, "secure_delete", "fast").map_err(open)?;
        migrate(&mut connection, path, &MIGRATIONS)?;
        let [readers, own_readers] = [Readers::open(path).map_err(open)?, Readers::open(path).map_err(open)?].map(Arc::new);
        let directory = Arc::new(Directory::default());
        let writer = Writer::start(connection, directory.clone(), metrics.clone()).map_err(OpenError::Thread)?;
        let limits = StorageLimits::default();
        let space = Arc::new(Space::new(path, &limits));
        Ok(Sqlite { writer, readers, own_readers, metrics, directory, incarnation: Uuid::now_v7(), limits, space })
    }

    /// With these limits in the place of the default ones.
    #[must_use]
    pub fn limited(self, limits: StorageLimits) -> Sqlite {
        let space = Arc::new(self.space.limited(&limits));
        Sqlite { limits, space, ..self }
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
        self.write(Share::Own, Urgency::Now, move |connection| {
            for (name, value) in &properties {
                connection.execute("INSERT INTO properties (name, value) VALUES (?1, ?2)", (name, value))?;
            }
            tokens::insert(connection, &token, hash)
        })
        .await
    }

    async fn write<T: Send + 'static>(
        &self,
        share: Share,
        urgency: Urgency,
        command: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        self.writer.write(share, urgency, command).await
    }

    /// As [`Sqlite::write`], for what publishing and leasing are told or tell.
    async fn write_with<T: Send + 'static>(
        &self,
        share: Share,
        urgency: Urgency,
        command: impl FnOnce(&Connection, &Directory) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let directory = self.directory.clone();
        self.writer.write(share, urgency, move |connection| command(connection, &directory)).await
    }

    /// As [`Sqlite::write_with`], for what adds to the store on a caller's behalf: refused while that is full.
    async fn add<T: Send + 'static>(
        &self,
        share: Share,
        urgency: Urgency,
        bytes: usize,
        command: impl FnOnce(&Connection, &Directory) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let space = self.space.clone();
        let command = move |connection: &Connection, directory: &Directory| {
            if space.admits(connection, bytes)? { command(connection, directory).map(Some) } else { Ok(None) }
        };
        self.write_with(share, urgency, command).await?.ok_or(Error::Full)
    }

    async fn read<T: Send + 'static>(&self, query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static) -> Result<T> {
        let asked = Instant::now();
        let outcome = self.readers.read(query).await;
        self.metrics.read(asked.elapsed());
        outcome
    }

    async fn read_own<T: Send + 'static>(&self, query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static) -> Result<T> {
        self.own_readers.read(query).await
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

/// 0 is a new database.
fn schema_version(connection: &Connection) -> rusqlite::Result<usize> {
    connection.pragma_query_value(None, "user_version", |row| row.get::<_, u32>(0)).map(|version| version as usize)
}

/// Brings the schema up to date. Of a database that is not new a copy is made first, `webhooks.db.before-schema-N`, so that
/// there is a way back to the program before.
fn migrate(connection: &mut Connection, file: &Path, migrations: &[&str]) -> std::result::Result<(), OpenError> {
    let path = file.display().to_string();
    let open = |source| OpenError::of(file, source);
    let found = schema_version(connection).map_err(open)?;
    if found > 0 && found < migrations.len() {
        let copied = copy::copy_to(connection, &copy::with_ending(file, &format!(".before-schema-{}", found + 1)));
        copied.map_err(|source| OpenError::Copy { path: path.clone(), source })?;
    }
    loop {
        let failed = |to, source| OpenError::Migrate { path: path.clone(), to, source };
        let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(open)?;
        // Read inside the transaction: another process may be migrating the same file.
        let found = schema_version(&transaction).map_err(open)?;
        if found > migrations.len() {
            return Err(OpenError::TooNew { path, found });
        }
        let Some(migration) = migrations.get(found) else { return Ok(()) };
        transaction
            .execute_batch(migration)
            .and_then(|()| transaction.pragma_update(None, "user_version", found as u32 + 1))
            .and_then(|()| transaction.commit())
            .map_err(|source| failed(found + 1, source))?;
    }
}

/// About what a row takes beside what its caller sent, in bytes.
const ROW: usize = 1024;

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

/// A time as its microseconds since 1970.
struct Micros(DateTime<Utc>);

impl ToSql for Micros {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.0.timestamp_micros()))
    }
}

impl FromSql for Micros {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Micros> {
        let micros = i64::column_result(value)?;
        DateTime::from_timestamp_micros(micros).map(Micros).ok_or(rusqlite::types::FromSqlError::OutOfRange(micros))
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
    async fn register_webhook(&self, webhook: Webhook, handshake: Option<Challenge>, limit: u32) -> Result<bool> {
        let share = Share::of(Some(&webhook.account), 0);
        self.add(share, Urgency::Now, ROW, move |connection, directory| {
            webhooks::register(connection, directory, &webhook, handshake.as_ref(), limit)
        })
        .await
    }

    async fn list_webhooks(&self, account: Option<Account>, status: Option<WebhookStatus>, page: Page) -> Result<Part<Webhook>> {
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
        let share = Share::of(Some(&account), 0);
        self.write_with(share, Urgency::Now, move |connection, directory| {
            webhooks::update(connection, directory, &account, id, change, now)
        })
        .await
    }

    async fn deactivate_webhook(&self, account: Account, id: Uuid, now: DateTime<Utc>) -> Result<Option<Webhook>> {
        let share = Share::of(Some(&account), 0);
        self.write_with(share, Urgency::Now, move |connection, directory| webhooks::deactivate(connection, directory, &account, id, now))
            .await
    }

    async fn activate_webhook(
        &self,
        account: Account,
        id: Uuid,
        handshake: Option<Challenge>,
        now: DateTime<Utc>,
    ) -> Result<Option<Webhook>> {
        let share = Share::of(Some(&account), 0);
        self.write_with(share, Urgency::Now, move |connection, directory| {
            webhooks::activate(connection, directory, &account, id, handshake.as_ref(), now)
        })
        .await
    }

    async fn due_handshakes(&self, now: DateTime<Utc>) -> Result<DueHandshakes> {
        self.read_own(move |connection| handshakes::due(connection, now)).await
    }

    async fn finish_handshake(&self, webhook_id: Uuid, challenge: Challenge, end: HandshakeEnd, now: DateTime<Utc>) -> Result<Option<u32>> {
        self.write_with(Share::Own, Urgency::Now, move |connection, directory| {
            handshakes::finish(connection, directory, webhook_id, &challenge, end, now)
        })
        .await
    }

    async fn rotate_signing_secret(
        &self,
        account: Account,
        id: Uuid,
        secret: Sealed,
        overlap: TimeDelta,
        now: DateTime<Utc>,
    ) -> Result<Option<Webhook>> {
        let share = Share::of(Some(&account), 0);
        self.write_with(share, Urgency::Now, move |connection, directory| {
            signing_secrets::rotate(connection, directory, &account, id, &secret, overlap, now)
        })
        .await
    }

    async fn delete_webhook(&self, account: Account, id: Uuid, now: DateTime<Utc>) -> Result<Option<u32>> {
        let share = Share::of(Some(&account), 0);
        self.write_with(share, Urgency::Now, move |connection, directory| webhooks::delete(connection, directory, &account, id, now)).await
    }

    async fn publish_notification(&self, publication: Publication, slots: Arc<Slots>) -> Result<Published> {
        let share = Share::of(publication.audience.account(), publication.data.get().len());
        let incarnation = self.incarnation;
        self.add(share, Urgency::Now, ROW + publication.data.get().len(), move |connection, directory| {
            notifications::publish(&Leasing { connection, directory, slots: &slots, incarnation, now: publication.created_at }, publication)
        })
        .await
    }

    async fn list_notifications(&self, account: Option<Account>, event_type: Option<EventType>, page: Page) -> Result<Part<Notification>> {
        self.read(move |connection| notifications::list(connection, account.as_ref(), event_type.as_ref(), page)).await
    }

    async fn get_notification(&self, account: Option<Account>, id: Uuid) -> Result<Option<Notification>> {
        self.read(move |connection| notifications::get(connection, account.as_ref(), id)).await
    }

    async fn delete_notification(&self, account: Option<Account>, id: Uuid, now: DateTime<Utc>) -> Result<bool> {
        let share = Share::of(account.as_ref(), 0);
        let incarnation = self.incarnation;
        self.write(share, Urgency::Now, move |connection| erasure::delete_notification(connection, account.as_ref(), id, now, incarnation))
            .await
    }

    async fn erase_answers(&self, notification_id: Uuid) -> Result<bool> {
        self.write(Share::Own, Urgency::Soon, move |connection| erasure::erase_answers(connection, notification_id)).await
    }

    async fn list_deliveries(&self, filter: DeliveryFilter, page: Page) -> Result<Part<Delivery>> {
        self.read(move |connection| deliveries::list(connection, &filter, page)).await
    }

    async fn get_delivery(&self, account: Option<Account>, id: Uuid) -> Result<Option<(Delivery, Vec<Attempt>)>> {
        self.read(move |connection| deliveries::get(connection, account.as_ref(), id)).await
    }

    async fn redeliver(&self, account: Account, id: Uuid, now: DateTime<Utc>) -> Result<Redelivered> {
        let share = Share::of(Some(&account), 0);
        let incarnation = self.incarnation;
        self.add(share, Urgency::Now, ROW, move |connection, _| redelivery::redeliver(connection, &account, id, now, incarnation)).await
    }

    /// Steps that nobody else's commit carries wait for one a little while, so that a recovery leaves room between them.
    async fn recover_deliveries(&self, account: Account, recovery: Recovery, now: DateTime<Utc>) -> Result<RecoveryStep> {
        let share = Share::of(Some(&account), 0);
        let incarnation = self.incarnation;
        self.add(share, Urgency::Soon, ROW, move |connection, _| recovery::step(connection, &account, recovery, now, incarnation)).await
    }

    async fn lease_due(&self, now: DateTime<Utc>, slots: Arc<Slots>, works: Vec<Work>) -> Result<DueRound> {
        let incarnation = self.incarnation;
        self.write_with(Share::Own, Urgency::Now, move |connection, directory| {
            Leasing { connection, directory, slots: &slots, incarnation, now }.lease_due(works)
        })
        .await
    }

    async fn current_destination(&self, webhook_id: Uuid) -> Result<Option<Destination>> {
        self.read_own(move |connection| webhooks::destination(connection, webhook_id)).await
    }

    async fn release_delivery(&self, delivery_id: Uuid, lease: Uuid) -> Result<()> {
        self.write(Share::Own, Urgency::Soon, move |connection| leases::release(connection, delivery_id, lease)).await
    }

    async fn finish_attempt(&self, finish: Finish, now: DateTime<Utc>, slots: Arc<Slots>) -> Result<Finished> {
        let incarnation = self.incarnation;
        // What comes next in order waits for it.
        let urgency = if finish.lane == Lane::Ordered { Urgency::Now } else { Urgency::Soon };
        self.write_with(Share::Own, urgency, move |connection, directory| {
            Leasing { connection, directory, slots: &slots, incarnation, now }.finish(&finish)
        })
        .await
    }

    async fn tidy(&self, now: DateTime<Utc>) -> Result<bool> {
        self.write(Share::Own, Urgency::Soon, move |connection| {
            let cancelled = webhooks::cancel_some(connection, None, now)?;
            let expired = notifications::expire_some_keys(connection, now)?;
            let erased = erasure::erase_some_answers(connection)?;
            signing_secrets::forget_expired(connection, now)?;
            Ok(cancelled || expired || erased)
        })
        .await
    }

    async fn probe_write(&self) -> Result<()> {
        self.write(Share::Own, Urgency::Now, |connection| {
            let probed = "INSERT INTO properties (name, value) VALUES ('write_probe', randomblob(8))
                          ON CONFLICT DO UPDATE SET value = excluded.value";
            connection.prepare_cached(probed)?.execute([]).map(|_| ())
        })
        .await
    }

    async fn count_some(&self, census: Census) -> Result<Census> {
        let incarnation = self.incarnation;
        self.read(move |connection| census::count_some(connection, incarnation, census)).await
    }

    async fn oldest_due(&self, waiting: Vec<Work>) -> Result<DuePerLane> {
        let incarnation = self.incarnation;
        self.read(move |connection| census::oldest_due(connection, incarnation, &waiting)).await
    }

    async fn storage_use(&self) -> Result<StorageUse> {
        let space = self.space.clone();
        self.read_own(move |connection| space.measure(connection)).await
    }

    async fn pause_deliveries(&self, scope: PauseScope, now: DateTime<Utc>) -> Result<bool> {
        self.write_with(Share::Own, Urgency::Now, move |connection, directory| pauses::pause(connection, directory, &scope, now)).await
    }

    async fn resume_deliveries(&self, scope: PauseScope, now: DateTime<Utc>) -> Result<bool> {
        self.write_with(Share::Own, Urgency::Now, move |connection, directory| pauses::resume(connection, directory, &scope, now)).await
    }

    async fn list_pauses(&self) -> Result<Vec<Pause>> {
        self.read_own(pauses::list).await
    }

    async fn remove_old(&self, now: DateTime<Utc>) -> Result<bool> {
        let (limits, incarnation) = (self.limits.clone(), self.incarnation);
        let more = self.write(Share::Own, Urgency::Soon, move |connection| retention::step(connection, &limits, incarnation, now)).await?;
        Ok(more)
    }

    async fn create_token(&self, token: Token, hash: [u8; 32]) -> Result<()> {
        self.write(Share::Own, Urgency::Now, move |connection| tokens::insert(connection, &token, hash)).await
    }

    async fn list_tokens(&self) -> Result<Vec<Token>> {
        self.read(tokens::list).await
    }

    async fn find_token(&self, hash: [u8; 32]) -> Result<Option<Token>> {
        self.read_own(move |connection| tokens::find(connection, hash)).await
    }

    async fn revoke_token(&self, id: Uuid, now: DateTime<Utc>) -> Result<bool> {
        self.write(Share::Own, Urgency::Now, move |connection| tokens::revoke(connection, id, now)).await
    }

    /// Earlier leases are void: one server at a time runs on a file.
    async fn join(&self) -> Result<()> {
        let incarnation = self.incarnation;
        self.write(Share::Own, Urgency::Now, move |connection| {
            connection.execute("DELETE FROM nodes", [])?;
            connection.execute("INSERT INTO nodes (incarnation, started_at) VALUES (?1, ?2)", (Key(incarnation), Millis(Utc::now())))?;
            leases::rebuild_ready(connection)
        })
        .await
    }

    async fn keep_alive(&self) -> Result<Fleet> {
        Ok(Fleet { delivering: 1, ..Fleet::default() })
    }

    fn holds(&self, lease: Uuid) -> bool {
        lease == self.incarnation
    }

    /// There are no others before the next start, which finds all of it.
    async fn step_back(&self) -> Result<()> {
        Ok(())
    }

    async fn rung(&self) {
        std::future::pending().await
    }

    /// The next process makes earlier leases void as it starts.
    async fn leave(&self) -> Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_copied_before_its_schema_changes() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("webhooks.db");
        let copy = directory.path().join("webhooks.db.before-schema-2");
        let mut connection = connect(&path).expect("a database");
        connection.pragma_update(None, "journal_mode", "wal").expect("set");
        migrate(&mut connection, &path, &MIGRATIONS[..1]).expect("migrated");
        assert!(!copy.exists(), "a new database holds nothing to keep");
        connection.execute("INSERT INTO properties (name, value) VALUES ('kept', x'01')", []).expect("written");
        let next = [MIGRATIONS[0], "DELETE FROM properties; ALTER TABLE properties ADD COLUMN more TEXT;"];
        migrate(&mut connection, &path, &next).expect("migrated");
        assert_eq!(schema_version(&connection).expect("readable"), 2);
        let before = Connection::open(&copy).expect("the copy");
        assert_eq!(schema_version(&before).expect("readable"), 1);
        let kept: i64 = before.query_row("SELECT count(*) FROM properties WHERE name = 'kept'", [], |row| row.get(0)).expect("readable");
        assert_eq!(kept, 1);
        std::fs::remove_file(&copy).expect("it is there");
        migrate(&mut connection, &path, &next).expect("nothing to do");
        assert!(!copy.exists(), "nothing changes");
        let error = migrate(&mut connection, &path, &MIGRATIONS[..1]).expect_err("it is too new").to_string();
        assert!(error.contains("has schema 2"), "{error}");
    }
}
