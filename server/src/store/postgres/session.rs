//! A session is a pooled connection while it is in use. A session runs statements.
//!
//! Without a pooler, each statement is prepared once on each connection. Behind a pooler in transaction mode, the next
//! transaction may run on another server connection. So behind such a pooler, each statement is sent with its text and
//! types, and each transaction begins with the settings that it needs. A statement outside of a transaction gets a
//! transaction of its own. Its `BEGIN`, the settings, the statement and its `COMMIT` are sent together, in one round
//! trip.

use std::ops::Deref;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

use deadpool_postgres::{HookError, Object, PoolError};
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};

use super::*;
use crate::store::keys::KeyNotHeld;

/// A parameter of a statement. The type of the parameter is known, so the server does not have to describe the
/// statement first.
pub(super) trait Value: ToSql + Sync {
    fn kind(&self) -> Type;
    fn as_sql(&self) -> &(dyn ToSql + Sync);
}

macro_rules! values {
    ($($rust:ty => $one:ident, $many:ident;)*) => {$(
        values!(@is $rust, $one);
        values!(@is Option<$rust>, $one);
        values!(@is Vec<$rust>, $many);
        values!(@is Vec<Option<$rust>>, $many);
    )*};
    (@is $rust:ty, $kind:ident) => {
        impl Value for $rust {
            fn kind(&self) -> Type {
                Type::$kind
            }

            fn as_sql(&self) -> &(dyn ToSql + Sync) {
                self
            }
        }
    };
}

values! {
    bool => BOOL, BOOL_ARRAY;
    i16 => INT2, INT2_ARRAY;
    i32 => INT4, INT4_ARRAY;
    i64 => INT8, INT8_ARRAY;
    &str => TEXT, TEXT_ARRAY;
    String => TEXT, TEXT_ARRAY;
    &[u8] => BYTEA, BYTEA_ARRAY;
    Uuid => UUID, UUID_ARRAY;
    DateTime<Utc> => TIMESTAMPTZ, TIMESTAMPTZ_ARRAY;
}

/// Begins a transaction with the settings that a connection has without a pooler.
static BEGIN_WITH_SETTINGS: LazyLock<String> = LazyLock::new(|| {
    let idle = connections::MAX_IDLE_IN_TRANSACTION.as_millis();
    let planner = connections::PLANNER_SETTINGS.map(|(name, value)| format!("; SET LOCAL {name} = {value}")).concat();
    format!("BEGIN; SET LOCAL idle_in_transaction_session_timeout = {idle}{planner}")
});

/// Sends two statements of a transaction together. If both fail, returns the error that is not a consequence of the other.
pub(super) async fn both<A, B>(
    one: impl Future<Output = SessionResult<A>>,
    other: impl Future<Output = SessionResult<B>>,
) -> SessionResult<(A, B)> {
    match futures_util::future::join(one, other).await {
        (Ok(one), Ok(other)) => Ok((one, other)),
        (Err(error), Err(other)) if error.is_consequence() => Err(other),
        (Err(error), _) | (_, Err(error)) => Err(error),
    }
}

/// A connection from a pool. The connection is closed if the session is dropped inside a transaction, or after an error
/// that makes the connection unusable. A closed connection does not return to the pool.
pub(super) struct Session {
    object: Option<Object>,
    prepares: bool,
    statement_timeout: Duration,
    unusable: AtomicBool,
    in_transaction: AtomicBool,
}

impl Session {
    /// Creates a session. A statement fails if it has no result after `statement_timeout`. The server usually ends a
    /// statement earlier.
    pub(super) fn new(object: Object, prepares: bool, statement_timeout: Duration) -> Session {
        let [unusable, in_transaction] = [const { AtomicBool::new(false) }; 2];
        Session { object: Some(object), prepares, statement_timeout, unusable, in_transaction }
    }

    pub(super) async fn query(&self, sql: &str, values: &[&dyn Value]) -> SessionResult<Vec<Row>> {
        self.bounded(async {
            if self.prepares {
                let kinds: Vec<Type> = values.iter().map(|value| value.kind()).collect();
                let statement = self.client().prepare_typed_cached(sql, &kinds).await?;
                let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value.as_sql()).collect();
                self.client().query(&statement, &values).await
            } else {
                let values: Vec<_> = values.iter().map(|value| (value.as_sql(), value.kind())).collect();
                self.with_settings(self.client().query_typed(sql, &values)).await
            }
        })
        .await
    }

    pub(super) async fn query_opt(&self, sql: &str, values: &[&dyn Value]) -> SessionResult<Option<Row>> {
        Ok(self.query(sql, values).await?.into_iter().next())
    }

    /// Returns the row of a statement that always returns exactly one row.
    pub(super) async fn query_one(&self, sql: &str, values: &[&dyn Value]) -> SessionResult<Row> {
        self.query_opt(sql, values).await?.ok_or_else(|| SessionError::damaged("a statement that always returns a row returned none"))
    }

    pub(super) async fn execute(&self, sql: &str, values: &[&dyn Value]) -> SessionResult<u64> {
        self.bounded(async {
            if self.prepares {
                let kinds: Vec<Type> = values.iter().map(|value| value.kind()).collect();
                let statement = self.client().prepare_typed_cached(sql, &kinds).await?;
                let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value.as_sql()).collect();
                self.client().execute(&statement, &values).await
            } else {
                let values: Vec<_> = values.iter().map(|value| (value.as_sql(), value.kind())).collect();
                self.with_settings(self.client().execute_typed(sql, &values)).await
            }
        })
        .await
    }

    /// Runs statements without parameters, one after another.
    pub(super) async fn run(&self, sql: &str) -> SessionResult<()> {
        self.bounded(self.client().batch_execute(sql)).await
    }

    /// Begins a transaction. Until the transaction ends, all statements of this session belong to the transaction.
    pub(super) async fn begin(&self) -> SessionResult<Transaction<'_>> {
        let transaction = Transaction { session: self, settled: false };
        self.run(self.begin_statement()).await?;
        self.in_transaction.store(true, Ordering::Relaxed);
        Ok(transaction)
    }

    /// Begins a transaction, and runs its first statement in the same round trip.
    pub(super) async fn begin_with(&self, first: &str) -> SessionResult<Transaction<'_>> {
        let transaction = Transaction { session: self, settled: false };
        self.run(&format!("{}; {first}", self.begin_statement())).await?;
        self.in_transaction.store(true, Ordering::Relaxed);
        Ok(transaction)
    }

    fn begin_statement(&self) -> &'static str {
        if self.prepares { "BEGIN" } else { &BEGIN_WITH_SETTINGS }
    }

    /// Runs a statement behind a pooler. If no transaction has begun, the statement runs in a transaction of its own, so
    /// that the settings apply to it. The three futures are first polled in this order, and each of them sends its
    /// messages when it is first polled. After an error of the statement, `COMMIT` rolls the transaction back.
    async fn with_settings<T>(
        &self,
        statement: impl Future<Output = std::result::Result<T, tokio_postgres::Error>>,
    ) -> std::result::Result<T, tokio_postgres::Error> {
        if self.in_transaction.load(Ordering::Relaxed) {
            return statement.await;
        }
        let (begin, commit) = (self.client().batch_execute(&BEGIN_WITH_SETTINGS), self.client().batch_execute("COMMIT"));
        let (begun, result, committed) = futures_util::future::join3(begin, statement, commit).await;
        begun?;
        let result = result?;
        committed.map(|()| result)
    }

    fn client(&self) -> &Object {
        self.object.as_ref().expect("the connection is present until the session is dropped")
    }

    async fn bounded<T>(&self, statement: impl Future<Output = std::result::Result<T, tokio_postgres::Error>>) -> SessionResult<T> {
        let result = match tokio::time::timeout(self.statement_timeout, statement).await {
            Ok(result) => result.map_err(SessionError::from),
            Err(_) => Err(SessionError::Timeout(self.statement_timeout)),
        };
        if result.as_ref().is_err_and(SessionError::makes_connection_unusable) {
            self.unusable.store(true, Ordering::Relaxed);
        }
        result
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if self.unusable.load(Ordering::Relaxed)
            && let Some(object) = self.object.take()
        {
            drop(Object::take(object));
        }
    }
}

/// A transaction. It is rolled back if it is dropped without a commit.
pub(super) struct Transaction<'a> {
    session: &'a Session,
    settled: bool,
}

impl Transaction<'_> {
    /// Commits the transaction. After an error, it is unknown whether the transaction is committed.
    pub(super) async fn commit(mut self) -> SessionResult<()> {
        let committed = self.session.run("COMMIT").await;
        self.session.in_transaction.store(false, Ordering::Relaxed);
        // If the commit fails, the connection is closed when the transaction is dropped.
        self.settled = committed.is_ok();
        committed
    }

    /// Rolls the transaction back and keeps the connection.
    pub(super) async fn roll_back(mut self) -> SessionResult<()> {
        let rolled_back = self.session.run("ROLLBACK").await;
        self.session.in_transaction.store(false, Ordering::Relaxed);
        self.settled = rolled_back.is_ok();
        rolled_back
    }
}

impl Deref for Transaction<'_> {
    type Target = Session;

    fn deref(&self) -> &Session {
        self.session
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if !self.settled {
            self.session.unusable.store(true, Ordering::Relaxed);
        }
    }
}

pub(super) type SessionResult<T> = std::result::Result<T, SessionError>;

/// Why a statement failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum SessionError {
    #[error("no connection to the database")]
    NoConnection(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the database refused a statement")]
    Statement(#[from] tokio_postgres::Error),
    #[error("no response from the database for {} s", .0.as_secs())]
    Timeout(Duration),
    #[error("not everything has been moved to the database yet: run `webhooks-server migrate` again to continue")]
    UnfinishedMove,
    /// See [`Error::OutdatedKey`].
    #[error("the master key was replaced meanwhile")]
    OutdatedKey,
    #[error(transparent)]
    KeyNotHeld(KeyNotHeld),
    /// A stored value that this program cannot have written.
    #[error("unexpected value in the database: {0}")]
    Damaged(String),
}

/// Keeps only the cause of the pool's error. The text of the pool's error has several lines and repeats the cause.
impl From<PoolError> for SessionError {
    fn from(error: PoolError) -> SessionError {
        SessionError::NoConnection(match error {
            PoolError::Backend(cause) | PoolError::PostCreateHook(HookError::Backend(cause)) => cause.into(),
            PoolError::PostCreateHook(HookError::Message(message)) => message.into(),
            error => error.into(),
        })
    }
}

impl SessionError {
    pub(super) fn damaged(what: impl ToString) -> SessionError {
        SessionError::Damaged(what.to_string())
    }

    fn state(&self) -> Option<&SqlState> {
        match self {
            SessionError::Statement(error) => error.code(),
            _ => None,
        }
    }

    /// Whether the transaction was rolled back because of a conflict with another transaction. After such a conflict,
    /// the transaction can be tried again immediately.
    pub(super) fn is_conflict(&self) -> bool {
        matches!(self.state(), Some(&(SqlState::T_R_DEADLOCK_DETECTED | SqlState::T_R_SERIALIZATION_FAILURE)))
    }

    /// Whether the statement failed only because another statement of its transaction had failed.
    fn is_consequence(&self) -> bool {
        matches!(self.state(), Some(&SqlState::IN_FAILED_SQL_TRANSACTION))
    }

    /// Whether the statement may have been executed in spite of the error.
    pub(super) fn is_unknown(&self) -> bool {
        match self {
            SessionError::Statement(error) => error.code().is_none() || self.is_unavailable(),
            SessionError::Timeout(_) => true,
            SessionError::NoConnection(_) | SessionError::UnfinishedMove | SessionError::OutdatedKey | SessionError::KeyNotHeld(_) => false,
            SessionError::Damaged(_) => false,
        }
    }

    /// Whether the server is temporarily unable to run the statement.
    fn is_unavailable(&self) -> bool {
        match self {
            SessionError::NoConnection(_) | SessionError::Timeout(_) => true,
            SessionError::UnfinishedMove | SessionError::OutdatedKey | SessionError::KeyNotHeld(_) | SessionError::Damaged(_) => false,
            SessionError::Statement(error) => match error.code() {
                // Classes of SQLSTATE: connection exception, insufficient resources, operator intervention, system error.
                Some(state) => {
                    ["08", "53", "57", "58"].contains(&state.code().get(..2).unwrap_or_default())
                        || [
                            SqlState::READ_ONLY_SQL_TRANSACTION,
                            SqlState::LOCK_NOT_AVAILABLE,
                            SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
                        ]
                        .contains(state)
                        || self.is_conflict()
                }
                None => error.is_closed() || std::error::Error::source(error).is_some_and(|source| source.is::<std::io::Error>()),
            },
        }
    }

    /// Whether the connection is lost, or its server is read-only, for example after a failover.
    fn makes_connection_unusable(&self) -> bool {
        matches!(self.state(), Some(&SqlState::READ_ONLY_SQL_TRANSACTION)) || (self.state().is_none() && self.is_unavailable())
    }
}

/// Converts an error that several commands share.
pub(super) fn shared(error: &Arc<SessionError>) -> Error {
    if matches!(**error, SessionError::OutdatedKey) {
        return Error::OutdatedKey;
    }
    if error.is_unavailable() { Error::Unavailable(error.clone().into()) } else { Error::Failed(error.clone().into()) }
}

impl From<SessionError> for Error {
    fn from(error: SessionError) -> Error {
        match error {
            SessionError::OutdatedKey => Error::OutdatedKey,
            error if error.is_unavailable() => Error::Unavailable(error.into()),
            error => Error::Failed(error.into()),
        }
    }
}
