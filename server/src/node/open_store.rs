//! Opens the store that the settings name, and reads the master key of this store.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::clock::Clock;
use crate::config::{Role, Settings};
use crate::metrics::Metrics;
use crate::node::data_dir::{self, DataDir};
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
    /// Whether this start created the database and wrote its first access token to a file.
    pub first_start: bool,
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
            let (store, vault, first_start) = data_dir.open_store(settings.master_key_file.as_deref(), clock.now(), metrics).await?;
            Ok(Opened { store: Arc::new(store.limited(limits)), vault, first_start, lock: Some(lock) })
        }
        StoreAddress::Postgres(url) => {
            let (store, vault) = open_postgres_with_vault(settings, url, metrics).await?;
            Ok(Opened { store: Arc::new(store.limited(limits)), vault, first_start: false, lock: None })
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

/// Like [`open_beside`], for a command that needs the master key.
pub async fn open_beside_with_vault(settings: &Settings) -> anyhow::Result<(Arc<dyn Store>, Vault)> {
    match &settings.store {
        StoreAddress::Sqlite => {
            let data_dir = DataDir::at(&settings.data_dir);
            let store = data_dir.open_existing_store()?;
            let vault = data_dir.existing_vault(&store, settings.master_key_file.as_deref()).await?;
            Ok((Arc::new(store), vault))
        }
        StoreAddress::Postgres(url) => {
            let (store, vault) = open_postgres_with_vault(settings, url, Arc::default()).await?;
            Ok((Arc::new(store), vault))
        }
    }
}

/// Returns whether the settings name a master key file, or whether the data directory has one.
#[must_use]
pub fn has_master_key(settings: &Settings) -> bool {
    match (&settings.master_key_file, &settings.store) {
        (Some(_), _) => true,
        (None, StoreAddress::Sqlite) => DataDir::at(&settings.data_dir).key_path(None).exists(),
        (None, StoreAddress::Postgres(_)) => false,
    }
}

async fn open_postgres_with_vault(settings: &Settings, url: &PostgresUrl, metrics: Arc<Metrics>) -> anyhow::Result<(Postgres, Vault)> {
    let Some(key_file) = settings.master_key_file.as_deref() else {
        bail!(
            "all nodes on a PostgreSQL need the same master key: create it once with `head -c 32 /dev/urandom | base64`, keep it \
             safe, and give each node its file with --master-key-file; the commands that create access tokens need it too"
        )
    };
    let store = open_postgres(settings, url, metrics).await?;
    let vault = vault_of(&store, key_file).await?;
    Ok((store, vault))
}

async fn open_postgres(settings: &Settings, url: &PostgresUrl, metrics: Arc<Metrics>) -> anyhow::Result<Postgres> {
    let options = Options {
        url: with_password(url, settings.store_password_file.as_deref())?,
        connections: settings.store_connections,
        statement_timeout: Duration::from_secs(settings.store_statement_timeout_seconds),
        pooled: settings.store_pooler,
        node_name: if settings.node_name.is_empty() { host_name() } else { settings.node_name.clone() },
        delivers: settings.roles.contains(&Role::Delivery),
    };
    let store = Postgres::open(options, metrics).await?;
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

/// Returns the vault that encrypts and decrypts the secrets of the database. The first node stores the id of its master
/// key. All other nodes must have the same master key.
async fn vault_of(store: &Postgres, key_file: &Path) -> anyhow::Result<Vault> {
    let shown = key_file.display();
    let Some(key) = data_dir::read_key(key_file)? else {
        bail!("the master key file {shown} does not exist: make one with `head -c 32 /dev/urandom | base64`")
    };
    let unreadable = || "cannot read the database";
    if store.property(data_dir::KEY_ID).await.with_context(unreadable)?.is_none() {
        store.initialise(data_dir::key_properties(&key)).await.context("cannot write to the database")?;
    }
    let sealed_with = store.property(data_dir::KEY_ID).await.with_context(unreadable)?;
    let check = store.property(data_dir::KEY_CHECK).await.with_context(unreadable)?;
    data_dir::matching_vault(&sealed_with.unwrap_or_default(), check.as_deref(), Some(key), key_file)
}
