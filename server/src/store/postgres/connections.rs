//! The connections of this node, and the checks of the database server.

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use tokio_postgres::Client;

use super::url::PostgresUrl;
use super::*;

/// How long an operation waits for a free connection.
const WAIT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long this program still waits after the statement timeout. In this time, the server can end the statement
/// itself.
const GRACE: Duration = Duration::from_secs(5);

/// How long a transaction may be idle before the server ends the transaction. The locks of a stopped node make other
/// nodes wait. So the server must release these locks long before the takeover.
pub(super) const MAX_IDLE_IN_TRANSACTION: Duration = Duration::from_secs(2);

/// The planner settings. A prepared statement keeps its plan, and the statistics may be missing or old when the plan is
/// made. So no plan may depend on the statistics. With these settings, plans find rows by an index and join with nested
/// loops. A statement must leave only one choice of index and only one order of each nested loop:
///
/// - A search by the keys of an outer row is a subquery, or `LATERAL` with `LIMIT`. The planner cannot reverse it.
/// - An `UPDATE` with rows of another part of the statement uses `key = ANY(ARRAY[other.key])`. With `key = other.key`,
///   the planner could also scan the whole index and search the other rows for each key.
/// - An index whose first column is not in every search by its other columns has a predicate (see `0001_initial.sql`).
///
/// The test `no_plan_depends_on_the_statistics` checks all statements.
pub(super) const PLANNER_SETTINGS: [(&str, &str); 7] = [
    ("enable_seqscan", "off"),
    ("enable_bitmapscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("enable_material", "off"),
    ("jit", "off"),
    // All plans of a statement are alike, so it is planned once for each connection and not for each execution.
    ("plan_cache_mode", "force_generic_plan"),
];

/// The oldest supported version of PostgreSQL, as `server_version_num`.
const MIN_SERVER_VERSION: i32 = 130_000;

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("cannot set up TLS for {url}")]
    Tls {
        url: String,
        #[source]
        source: anyhow::Error,
    },
    #[error("cannot create the connection pool")]
    Pool(#[from] deadpool_postgres::BuildError),
    #[error("cannot connect to {url}")]
    Connect {
        url: String,
        #[source]
        source: anyhow::Error,
    },
    #[error(
        "the database {url} has schema {found}, but this program supports only schemas up to {known}: run the newer program that created it"
    )]
    TooNew { url: String, found: i32, known: i32 },
    #[error("cannot migrate the database {url} to schema {to}")]
    Migrate {
        url: String,
        to: i32,
        #[source]
        source: anyhow::Error,
    },
}

/// Why a database is refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unfit {
    #[error("the server has {0} = off, so committed data may be lost: turn it on")]
    NotDurable(&'static str),
    #[error("the server is PostgreSQL {0}; this program needs 13 or later")]
    TooOld(String),
    #[error("the database has the encoding {0}: create a database with the encoding UTF8")]
    Encoding(String),
}

#[derive(Clone)]
pub(super) struct Connections {
    pool: Pool,
    prepares: bool,
    statement_timeout: Duration,
    pub(super) shown: String,
}

impl Connections {
    /// Creates two pools: one for API calls, and one for the node's own operations.
    pub(super) fn open(options: &Options) -> std::result::Result<[Connections; 2], OpenError> {
        let callers = (options.connections / 2).max(1);
        let own = options.connections.saturating_sub(callers).max(1);
        Ok([Connections::pool(options, callers)?, Connections::pool(options, own)?])
    }

    fn pool(options: &Options, size: u32) -> std::result::Result<Connections, OpenError> {
        let PostgresUrl { config, .. } = &options.url;
        let mut config = config.clone();
        if !options.pooled {
            // A pooler refuses these settings. Behind a pooler, each transaction sets them, except the statement timeout,
            // which the operator can set for the database role.
            let given = config.get_options().map(|given| format!("{given} ")).unwrap_or_default();
            let limit = options.statement_timeout.as_millis();
            let idle = MAX_IDLE_IN_TRANSACTION.min(options.statement_timeout).as_millis();
            let planner = PLANNER_SETTINGS.map(|(name, value)| format!(" -c {name}={value}")).concat();
            config.options(format!(
                "{given}-c statement_timeout={limit} -c idle_in_transaction_session_timeout={idle}{planner} \
                 -c default_transaction_isolation=read\\ committed -c timezone=UTC"
            ));
        }
        let shown = options.url.shown();
        let tls = tls::connector(&options.url).map_err(|source| OpenError::Tls { url: shown.clone(), source })?;
        let manager = Manager::from_config(config, tls, ManagerConfig { recycling_method: RecyclingMethod::Fast });
        let check = Hook::async_fn(|client, _| {
            Box::pin(async move { check_server(client).await.map_err(|unfit| HookError::message(format!("{unfit:#}"))) })
        });
        let pool = Pool::builder(manager)
            .max_size(size as usize)
            .wait_timeout(Some(WAIT_TIMEOUT))
            .create_timeout(Some(WAIT_TIMEOUT * 3))
            .runtime(Runtime::Tokio1)
            .post_create(check)
            .build()?;
        Ok(Connections { pool, prepares: !options.pooled, statement_timeout: options.statement_timeout + GRACE, shown })
    }

    /// Creates one connection for a process that is not a node. The keepalives detect a lost server after at most 30
    /// seconds, even while a statement runs.
    pub(super) fn single(options: &Options) -> std::result::Result<Connections, OpenError> {
        let mut options = options.clone();
        options.url.config.keepalives_idle(GRACE).keepalives_interval(GRACE).keepalives_retries(3);
        Connections::pool(&options, 1)
    }

    pub(super) async fn object(&self) -> SessionResult<Object> {
        Ok(self.pool.get().await?)
    }

    pub(super) async fn session(&self) -> SessionResult<Session> {
        Ok(Session::new(self.object().await?, self.prepares, self.statement_timeout))
    }
}

/// Checks the version, the encoding and the durability settings of the server. Runs for each new connection. So after a
/// failover, the new server is checked too.
async fn check_server(client: &Client) -> anyhow::Result<()> {
    let row = client
        .query_typed(
            "SELECT current_setting('synchronous_commit'), current_setting('fsync'), current_setting('server_version'),
                 current_setting('server_version_num')::int, current_setting('server_encoding')",
            &[],
        )
        .await?
        .pop()
        .ok_or_else(|| anyhow::anyhow!("the server returned no settings"))?;
    if row.try_get::<_, i32>(3)? < MIN_SERVER_VERSION {
        return Err(Unfit::TooOld(row.try_get(2)?).into());
    }
    for (column, name) in [(0, "synchronous_commit"), (1, "fsync")] {
        if row.try_get::<_, &str>(column)? == "off" {
            return Err(Unfit::NotDurable(name).into());
        }
    }
    let encoding: &str = row.try_get(4)?;
    if encoding != "UTF8" {
        return Err(Unfit::Encoding(encoding.to_owned()).into());
    }
    Ok(())
}
