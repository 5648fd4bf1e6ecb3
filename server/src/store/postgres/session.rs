//! A connection that is in use, and what is said on it.
//!
//! Statements are prepared once for each connection. Behind a pooler in transaction mode the next transaction may be on
//! another connection of the server, so there each statement brings its text and its types with it, in one round trip.

use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};

use deadpool_postgres::{HookError, Object, PoolError};
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};

use super::*;

/// A parameter of a statement. It says its type, so that a statement need not be described by the server first.
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

/// As [`connections::SILENCE`].
const PATIENT_BEGIN: &str = "BEGIN; SET LOCAL idle_in_transaction_session_timeout = '2s'";

/// A connection taken from a pool. One that is given back in the middle of a transaction, or after an answer that says that it
/// is of no use any more, is closed instead.
pub(super) struct Session {
    object: Option<Object>,
    prepares: bool,
    patience: Duration,
    spoilt: AtomicBool,
}

impl Session {
    /// A statement that has not been answered after `patience` never will be: the server itself gives up before.
    pub(super) fn new(object: Object, prepares: bool, patience: Duration) -> Session {
        Session { object: Some(object), prepares, patience, spoilt: AtomicBool::new(false) }
    }

    pub(super) async fn query(&self, sql: &str, values: &[&dyn Value]) -> Answer<Vec<Row>> {
        self.bounded(async {
            if self.prepares {
                let kinds: Vec<Type> = values.iter().map(|value| value.kind()).collect();
                let statement = self.client().prepare_typed_cached(sql, &kinds).await?;
                let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value.as_sql()).collect();
                self.client().query(&statement, &values).await
            } else {
                let values: Vec<_> = values.iter().map(|value| (value.as_sql(), value.kind())).collect();
                self.client().query_typed(sql, &values).await
            }
        })
        .await
    }

    pub(super) async fn query_opt(&self, sql: &str, values: &[&dyn Value]) -> Answer<Option<Row>> {
        Ok(self.query(sql, values).await?.into_iter().next())
    }

    /// The one row of a statement that always answers one.
    pub(super) async fn query_one(&self, sql: &str, values: &[&dyn Value]) -> Answer<Row> {
        self.query_opt(sql, values).await?.ok_or_else(|| Trouble::damaged("a statement that answers one row answered none"))
    }

    /// How many rows were changed.
    pub(super) async fn execute(&self, sql: &str, values: &[&dyn Value]) -> Answer<u64> {
        self.bounded(async {
            if self.prepares {
                let kinds: Vec<Type> = values.iter().map(|value| value.kind()).collect();
                let statement = self.client().prepare_typed_cached(sql, &kinds).await?;
                let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value.as_sql()).collect();
                self.client().execute(&statement, &values).await
            } else {
                let values: Vec<_> = values.iter().map(|value| (value.as_sql(), value.kind())).collect();
                self.client().execute_typed(sql, &values).await
            }
        })
        .await
    }

    /// Statements without parameters, one after another.
    pub(super) async fn run(&self, sql: &str) -> Answer<()> {
        self.bounded(self.client().batch_execute(sql)).await
    }

    /// Begins a transaction. What is said on the connection until its commit belongs to it.
    pub(super) async fn begin(&self) -> Answer<Transaction<'_>> {
        let transaction = Transaction { session: self, settled: false };
        // Behind a pooler this is no setting of the connection.
        let begin = if self.prepares { "BEGIN" } else { PATIENT_BEGIN };
        self.run(begin).await?;
        Ok(transaction)
    }

    fn client(&self) -> &Object {
        self.object.as_ref().expect("it is taken out only when the session ends")
    }

    async fn bounded<T>(&self, statement: impl Future<Output = std::result::Result<T, tokio_postgres::Error>>) -> Answer<T> {
        let answer = match tokio::time::timeout(self.patience, statement).await {
            Ok(answer) => answer.map_err(Trouble::from),
            Err(_) => Err(Trouble::Silent(self.patience)),
        };
        if answer.as_ref().is_err_and(Trouble::spoils_connection) {
            self.spoilt.store(true, Ordering::Relaxed);
        }
        answer
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if self.spoilt.load(Ordering::Relaxed)
            && let Some(object) = self.object.take()
        {
            drop(Object::take(object));
        }
    }
}

/// A transaction. Dropped without a commit it is undone.
pub(super) struct Transaction<'a> {
    session: &'a Session,
    settled: bool,
}

impl Transaction<'_> {
    /// An error says nothing about whether it is committed.
    pub(super) async fn commit(mut self) -> Answer<()> {
        let committed = self.session.run("COMMIT").await;
        // With an error the connection is of no use, and closed.
        self.settled = committed.is_ok();
        committed
    }

    /// Undoes it, and keeps the connection.
    pub(super) async fn roll_back(mut self) -> Answer<()> {
        let undone = self.session.run("ROLLBACK").await;
        self.settled = undone.is_ok();
        undone
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
            self.session.spoilt.store(true, Ordering::Relaxed);
        }
    }
}

pub(super) type Answer<T> = std::result::Result<T, Trouble>;

/// Why a statement was not carried out.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error("no connection to the database")]
    NoConnection(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the database refused a statement")]
    Statement(#[from] tokio_postgres::Error),
    #[error("the database has not answered for {} s", .0.as_secs())]
    Silent(Duration),
    #[error("not everything has been moved to the database yet: `webhooks-server migrate`, run again, goes on where it was")]
    HalfMoved,
    /// A stored value that this program cannot have written.
    #[error("the database holds what it should not: {0}")]
    Damaged(String),
}

/// Only the cause: what a pool says of it would be on several lines, and say the same twice.
impl From<PoolError> for Trouble {
    fn from(error: PoolError) -> Trouble {
        Trouble::NoConnection(match error {
            PoolError::Backend(cause) | PoolError::PostCreateHook(HookError::Backend(cause)) => cause.into(),
            PoolError::PostCreateHook(HookError::Message(unfit)) => unfit.into(),
            error => error.into(),
        })
    }
}

impl Trouble {
    pub(super) fn damaged(what: impl ToString) -> Trouble {
        Trouble::Damaged(what.to_string())
    }

    fn state(&self) -> Option<&SqlState> {
        match self {
            Trouble::Statement(error) => error.code(),
            _ => None,
        }
    }

    /// Two transactions waited for one another, and this one was undone: it can be tried again at once.
    pub(super) fn is_conflict(&self) -> bool {
        matches!(self.state(), Some(&(SqlState::T_R_DEADLOCK_DETECTED | SqlState::T_R_SERIALIZATION_FAILURE)))
    }

    /// Whether what was asked for may have been carried out all the same.
    pub(super) fn is_unknown(&self) -> bool {
        match self {
            Trouble::Statement(error) => error.code().is_none() || self.is_unavailable(),
            Trouble::Silent(_) => true,
            Trouble::NoConnection(_) | Trouble::HalfMoved | Trouble::Damaged(_) => false,
        }
    }

    /// The server cannot do it now.
    fn is_unavailable(&self) -> bool {
        match self {
            Trouble::NoConnection(_) | Trouble::Silent(_) => true,
            Trouble::HalfMoved | Trouble::Damaged(_) => false,
            Trouble::Statement(error) => match error.code() {
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

    /// The connection leads to where nothing can be written any more, as after a failover, or to nowhere.
    fn spoils_connection(&self) -> bool {
        matches!(self.state(), Some(&SqlState::READ_ONLY_SQL_TRANSACTION)) || (self.state().is_none() && self.is_unavailable())
    }
}

/// One trouble for several who asked.
pub(super) fn shared(trouble: &Arc<Trouble>) -> Error {
    if trouble.is_unavailable() { Error::Unavailable(trouble.clone().into()) } else { Error::Failed(trouble.clone().into()) }
}

impl From<Trouble> for Error {
    fn from(trouble: Trouble) -> Error {
        if trouble.is_unavailable() { Error::Unavailable(trouble.into()) } else { Error::Failed(trouble.into()) }
    }
}
