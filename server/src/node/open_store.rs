//! Opens the store that the settings name, and reads the master key of this store.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::clock::Clock;
use crate::config::{Role, Settings};
use crate::metrics::Metrics;
use crate::node::data_dir::DataDir;
use crate::node::master_keys::GivenKeys;
use crate::secrets::private_file;
use crate::secrets::seal::Vault;
use crate::store::address::StoreAddress;
use crate::store::postgres::migration_guard::UNFINISHED_MOVE;
use crate::store::postgres::url::PostgresUrl;
use crate::store::postgres::{Options, Postgres};
use crate::store::{StorageLimits, Store};

/// The open store of a server.
pub struct Opened {
    pub store: Arc<dyn Store>,
    pub vault: Vault,
    /// The lock of the data directory. While this file is open, no other server can use the database. On PostgreSQL,
    /// this member is `None`.
    pub lock: Option<File>,
}

/// Opens the store for a server. A new embedded store gets a master key and a first access token. On PostgreSQL, the
/// operator provides the master key and creates the access tokens.
pub async fn open(settings: &Settings, limits: StorageLimits, clock: &Clock, metrics: Arc<Metrics>) -> anyhow::Result<Opened> {
    let data_dir = DataDir::at(&settings.data_dir);
    match &settings.store {
        StoreAddress::Sqlite => {
            let lock = data_dir.lock()?;
            data_dir.refuse_if_moved()?;
            let given = GivenKeys::read(settings, data_dir.master_key_file()).await?;
            let (store, vault) = data_dir.open_store(&given, clock.now(), metrics).await?;
            Ok(Opened { store: Arc::new(store.limited(limits)), vault, lock: Some(lock) })
        }
        StoreAddress::Postgres(url) => {
            let given = GivenKeys::read(settings, data_dir.master_key_file()).await?;
            let store = open_postgres(settings, url, metrics).await?.limited(limits);
            let vault = vault_of(&store, &given, clock).await?;
            Ok(Opened { store: Arc::new(store), vault, lock: None })
        }
    }
}

/// Opens the store for a command of the operator. Servers may use the store at the same time.
pub async fn open_beside(settings: &Settings) -> anyhow::Result<Arc<dyn Store>> {
    match &settings.store {
        StoreAddress::Sqlite => Ok(Arc::new(DataDir::at(&settings.data_dir).open_existing_store()?)),
        StoreAddress::Postgres(url) => Ok(Arc::new(open_postgres(settings, url, Arc::default()).await?)),
    }
}

/// Like [`open_beside`], and also returns the vault of the store. Stores the keys of a new PostgreSQL.
pub async fn open_beside_with_vault(settings: &Settings) -> anyhow::Result<(Arc<dyn Store>, Vault)> {
    let data_dir = DataDir::at(&settings.data_dir);
    let given = GivenKeys::read(settings, data_dir.master_key_file()).await?;
    Ok(match &settings.store {
        StoreAddress::Sqlite => {
            let store = data_dir.open_existing_store()?;
            let vault = given.vault(&store.list_keys().await.context("cannot read the keys")?)?;
            (Arc::new(store), vault)
        }
        StoreAddress::Postgres(url) => {
            let store = open_postgres(settings, url, Arc::default()).await?;
            let vault = vault_of(&store, &given, &Clock::system()).await?;
            (Arc::new(store), vault)
        }
    })
}

/// Returns whether a master key is given, or whether the data directory has one.
#[must_use]
pub fn has_master_key(settings: &Settings) -> bool {
    let is_given = !settings.master_key_files.is_empty() || !settings.master_key_command.is_empty();
    is_given || matches!(settings.store, StoreAddress::Sqlite) && DataDir::at(&settings.data_dir).master_key_file().exists()
}

/// Returns the limits of the store.
#[must_use]
pub(super) fn limits(settings: &Settings) -> StorageLimits {
    StorageLimits {
        keep_succeeded: settings.keep_succeeded,
        keep_failed: settings.keep_failed,
        keep_audit_events: settings.keep_audit_events,
        max_bytes: settings.max_bytes,
        min_free_bytes: settings.min_free_bytes,
    }
}

/// Returns how this process uses a PostgreSQL database.
///
/// # Errors
/// If the file with the password cannot be used.
pub(super) fn postgres_options(settings: &Settings, url: &PostgresUrl) -> anyhow::Result<Options> {
    Ok(Options {
        url: with_password(url, settings.store_password_file.as_deref())?,
        connections: settings.store_connections,
        statement_timeout: Duration::from_secs(settings.store_statement_timeout_seconds),
        pooled: settings.store_pooler,
        node_name: if settings.node_name.is_empty() { host_name() } else { settings.node_name.clone() },
        delivers: settings.roles.contains(&Role::Delivery),
    })
}

async fn open_postgres(settings: &Settings, url: &PostgresUrl, metrics: Arc<Metrics>) -> anyhow::Result<Postgres> {
    let store = Postgres::open(postgres_options(settings, url)?, metrics).await?;
    if store.property(UNFINISHED_MOVE).await.context("cannot read the database")?.is_some() {
        bail!(
            "not everything has been moved to {} yet: run the same `webhooks-server migrate` again to continue the move, and \
             repeat this command when the move has finished",
            url.shown()
        );
    }
    Ok(store)
}

/// Returns the URL. If there is a file, adds the password from this file. Commands such as `ps` show command-line
/// arguments, but not the content of a file.
pub fn with_password(url: &PostgresUrl, file: Option<&Path>) -> anyhow::Result<PostgresUrl> {
    let Some(file) = file else { return Ok(url.clone()) };
    let text = private_file::read_secret(file, "password file")?;
    let text = text.with_context(|| format!("cannot read the password file {}: it does not exist", file.display()))?;
    let password = text.trim_end_matches(['\r', '\n']);
    anyhow::ensure!(!password.is_empty(), "the password file {} is empty", file.display());
    Ok(url.clone().with_password(password))
}

fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Returns the vault of the database. The first node stores the keys. All other nodes must have the same master key.
async fn vault_of(store: &Postgres, given: &GivenKeys, clock: &Clock) -> anyhow::Result<Vault> {
    let unreadable = "cannot read the keys";
    if store.list_keys().await.context(unreadable)?.is_empty()
        && let Some(key) = given.only_key()?
    {
        let keys = Vault::new(key.clone()).initial_records(clock.now());
        store.initialise(keys).await.context("cannot write to the database")?;
    }
    given.vault(&store.list_keys().await.context(unreadable)?)
}
