//! The connections of this node, and what the database must be like.

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use tokio_postgres::Client;

use super::url::PostgresUrl;
use super::*;

/// How long a command waits for a connection that is free.
const WAIT_TIMEOUT: Duration = Duration::from_secs(5);

/// What the server is given to end a statement by itself, beyond its own time limit for it.
const GRACE: Duration = Duration::from_secs(5);

/// How long this program says nothing in the middle of a transaction. What it holds then keeps others waiting, so it has to be
/// free long before they take over from a node that has stopped.
pub(super) const SILENCE: Duration = Duration::from_secs(2);

/// Of what this program keeps in the database: older ones cannot do what it needs.
const OLDEST_SERVER: i32 = 130_000;

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("cannot use TLS as {url} asks for it")]
    Tls {
        url: String,
        #[source]
        source: anyhow::Error,
    },
    #[error("cannot make a pool of connections")]
    Pool(#[from] deadpool_postgres::BuildError),
    #[error("cannot connect to {url}")]
    Connect {
        url: String,
        #[source]
        source: anyhow::Error,
    },
    #[error(
        "the database {url} has schema {found}, which this program does not know (it knows up to {known}): run the newer program that made it"
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

/// Why a database is not used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unfit {
    #[error("the server has {0} = off, so what it has confirmed may be lost: turn it on")]
    NotDurable(&'static str),
    #[error("the server is PostgreSQL {0}; this program needs 13 or later")]
    TooOld(String),
    #[error("the database has the encoding {0}: make one with the encoding UTF8")]
    Encoding(String),
}

#[derive(Clone)]
pub(super) struct Connections {
    pool: Pool,
    prepares: bool,
    patience: Duration,
    pub(super) shown: String,
}

impl Connections {
    /// Two pools, for callers and for this node itself.
    pub(super) fn open(options: &Options) -> std::result::Result<[Connections; 2], OpenError> {
        let of_callers = (options.connections / 2).max(1);
        let own = options.connections.saturating_sub(of_callers).max(1);
        Ok([Connections::pool(options, of_callers)?, Connections::pool(options, own)?])
    }

    fn pool(options: &Options, size: u32) -> std::result::Result<Connections, OpenError> {
        let PostgresUrl { config, .. } = &options.url;
        let mut config = config.clone();
        if !options.pooled {
            // A pooler would refuse these; they can be set for the role instead. What is planned while a table is empty must
            // hold when it has grown; nothing here is better read from end to end.
            let given = config.get_options().map(|given| format!("{given} ")).unwrap_or_default();
            let limit = options.statement_timeout.as_millis();
            let silence = SILENCE.min(options.statement_timeout).as_millis();
            config.options(format!(
                "{given}-c statement_timeout={limit} -c idle_in_transaction_session_timeout={silence} -c enable_seqscan=off -c jit=off \
                 -c default_transaction_isolation=read\\ committed -c timezone=UTC"
            ));
        }
        let shown = options.url.shown();
        let tls = tls::connector(&options.url).map_err(|source| OpenError::Tls { url: shown.clone(), source })?;
        let manager = Manager::from_config(config, tls, ManagerConfig { recycling_method: RecyclingMethod::Fast });
        let fit = Hook::async_fn(|client, _| {
            Box::pin(async move { judge(client).await.map_err(|unfit| HookError::message(format!("{unfit:#}"))) })
        });
        let pool = Pool::builder(manager)
            .max_size(size as usize)
            .wait_timeout(Some(WAIT_TIMEOUT))
            .create_timeout(Some(WAIT_TIMEOUT * 3))
            .runtime(Runtime::Tokio1)
            .post_create(fit)
            .build()?;
        Ok(Connections { pool, prepares: !options.pooled, patience: options.statement_timeout + GRACE, shown })
    }

    /// For one who is no node. A server that is gone is noticed within half a minute, also while it has nothing to say.
    pub(super) fn alone(options: &Options) -> std::result::Result<Connections, OpenError> {
        let mut options = options.clone();
        options.url.config.keepalives_idle(GRACE).keepalives_interval(GRACE).keepalives_retries(3);
        Connections::pool(&options, 1)
    }

    pub(super) async fn object(&self) -> Answer<Object> {
        Ok(self.pool.get().await?)
    }

    pub(super) async fn session(&self) -> Answer<Session> {
        Ok(Session::new(self.object().await?, self.prepares, self.patience))
    }
}

/// Whether what this server confirms stays, here and after a failover to another.
async fn judge(client: &Client) -> anyhow::Result<()> {
    let row = client
        .query_typed(
            "SELECT current_setting('synchronous_commit'), current_setting('fsync'), current_setting('server_version'),
                 current_setting('server_version_num')::int, current_setting('server_encoding')",
            &[],
        )
        .await?
        .pop()
        .ok_or_else(|| anyhow::anyhow!("the server does not tell its settings"))?;
    if row.try_get::<_, i32>(3)? < OLDEST_SERVER {
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
