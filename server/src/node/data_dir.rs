//! The data directory: the database, its lock, the master key, the first access token, the development authority.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use chrono::{DateTime, Utc};

use crate::api::Scope;
use crate::api::types::Account;
use crate::metrics::Metrics;
use crate::secrets::access_token::new_token;
use crate::secrets::access_token::token_hash;
use crate::secrets::seal::{MasterKey, Vault};
use crate::store::sqlite::Sqlite;

/// What the database says about the key that its secrets are sealed with.
pub(crate) const KEY_ID: &str = "master_key_id";
pub(crate) const KEY_CHECK: &str = "master_key_check";

const REMEDY: &str = "run webhooks-server as a user who may write there, or give another --data-dir";

pub struct DataDir {
    path: PathBuf,
}

impl DataDir {
    #[must_use]
    pub fn at(path: &Path) -> DataDir {
        DataDir { path: path.to_owned() }
    }

    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    #[must_use]
    pub fn access_token_file(&self) -> PathBuf {
        self.file("access-token")
    }

    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.file("webhooks.db")
    }

    /// # Errors
    /// When no server has run here.
    pub fn existing_database(&self) -> anyhow::Result<PathBuf> {
        let path = self.database();
        if !path.exists() {
            bail!("there is no database in {}: start webhooks-server once, or give its --data-dir", self.path.display());
        }
        Ok(path)
    }

    fn make(&self) -> anyhow::Result<()> {
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.path);
        made.with_context(|| format!("cannot make the data directory {}: {REMEDY}", self.path.display()))
    }

    /// Makes the directory, and makes sure that no other server uses it for as long as the file is held.
    pub fn lock(&self) -> anyhow::Result<File> {
        self.make()?;
        let shown = self.path.display();
        let file = self.file("server.lock");
        let lock = File::create(&file).with_context(|| format!("cannot write {}: {REMEDY}", file.display()))?;
        match lock.try_lock() {
            Ok(()) => Ok(lock),
            Err(TryLockError::WouldBlock) => {
                bail!("another webhooks-server is running on the data directory {shown}: stop it, or give this one another --data-dir")
            }
            Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot lock {}", file.display())),
        }
    }

    /// The database of a server that has run here.
    pub fn open_existing_store(&self) -> anyhow::Result<Sqlite> {
        Ok(Sqlite::open(&self.existing_database()?, Arc::default())?)
    }

    /// Opens the database with the key that its secrets are sealed with. A new database gets a key, unless one is given,
    /// and one access token with every scope, in a file.
    pub async fn open_store(
        &self,
        master_key_file: Option<&Path>,
        now: DateTime<Utc>,
        metrics: Arc<Metrics>,
    ) -> anyhow::Result<(Sqlite, Vault, bool)> {
        let store = Sqlite::open(&self.database(), metrics)?;
        let key_path = self.key_path(master_key_file);
        let key = read_key(&key_path)?;
        let sealed_with = store.property(KEY_ID).await.context("cannot read the database")?;
        let check = store.property(KEY_CHECK).await.context("cannot read the database")?;
        let shown = key_path.display();
        match (sealed_with, key) {
            (Some(sealed_with), key) => Ok((store, fitting_vault(&sealed_with, check.as_deref(), key, &key_path)?, false)),
            (None, None) if master_key_file.is_some() => {
                bail!("the master key file {shown} does not exist: make one with `head -c 32 /dev/urandom | base64`")
            }
            (None, key) => {
                let key = match key {
                    Some(key) => key,
                    None => {
                        let key = MasterKey::generate();
                        write_secret(&key_path, &key.expose())?;
                        key
                    }
                };
                let properties = key_properties(&key);
                let vault = Vault::new(key);
                let account = Account::parse("default").map_err(anyhow::Error::msg)?;
                let (token, secret) = new_token(Some(account), &Scope::ALL, now, None)?;
                // The file comes first: a token that is stored and in no file would be lost.
                write_secret(&self.access_token_file(), &secret)?;
                store.initialise(properties, token, token_hash(&secret)).await.context("cannot write to the database")?;
                Ok((store, vault, true))
            }
        }
    }

    pub(crate) fn key_path(&self, master_key_file: Option<&Path>) -> PathBuf {
        master_key_file.map_or_else(|| self.file("master-key"), Path::to_owned)
    }

    /// Makes sure that the master key is the one of a database with these properties.
    ///
    /// # Errors
    /// When it is missing or another, or the database says of none.
    pub fn judge_key(
        &self,
        master_key_file: Option<&Path>,
        property: impl Fn(&str) -> anyhow::Result<Option<Vec<u8>>>,
    ) -> anyhow::Result<()> {
        let key_path = self.key_path(master_key_file);
        let Some(sealed_with) = property(KEY_ID)? else { bail!("the database does not say which master key it is sealed with") };
        fitting_vault(&sealed_with, property(KEY_CHECK)?.as_deref(), read_key(&key_path)?, &key_path).map(drop)
    }

    /// The authority whose certificates callbacks may have in development, in PEM. Made once.
    pub fn development_authority(&self) -> anyhow::Result<String> {
        let (certificate_path, key_path) = (self.file("dev-ca.pem"), self.file("dev-ca-key.pem"));
        if certificate_path.exists() && key_path.exists() {
            return std::fs::read_to_string(&certificate_path).with_context(|| format!("cannot read {}", certificate_path.display()));
        }
        self.make()?;
        let key = rcgen::KeyPair::generate()?;
        let mut parameters = rcgen::CertificateParams::default();
        parameters.distinguished_name.push(rcgen::DnType::CommonName, "webhooks-server development authority");
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Constrained(0));
        parameters.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign, rcgen::KeyUsagePurpose::CrlSign];
        let certificate = parameters.self_signed(&key)?.pem();
        write_secret(&key_path, &key.serialize_pem())?;
        std::fs::write(&certificate_path, &certificate).with_context(|| format!("cannot write {}", certificate_path.display()))?;
        Ok(certificate)
    }
}

/// What a database says about the key that its secrets are sealed with.
pub(crate) fn key_properties(key: &MasterKey) -> Vec<(&'static str, Vec<u8>)> {
    vec![(KEY_ID, key.key_id().to_string().into_bytes()), (KEY_CHECK, Vault::new(key.clone()).mac("key-check", b"").to_vec())]
}

/// A vault of the key, if it is the one that the database is sealed with.
pub(crate) fn fitting_vault(sealed_with: &[u8], check: Option<&[u8]>, key: Option<MasterKey>, key_path: &Path) -> anyhow::Result<Vault> {
    let (expected, shown) = (String::from_utf8_lossy(sealed_with), key_path.display());
    let Some(key) = key else {
        bail!(
            "the database is sealed with the master key {expected}, and {shown} does not exist: put the key there, or give --master-key-file"
        )
    };
    let (given, vault) = (key.key_id(), Vault::new(key));
    if check != Some(&vault.mac("key-check", b"")[..]) {
        bail!(
            "the database is sealed with the master key {expected}, and {shown} holds the key {given}: give the right one with --master-key-file"
        );
    }
    Ok(vault)
}

pub(crate) fn read_key(path: &Path) -> anyhow::Result<Option<MasterKey>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text.parse().with_context(|| format!("the master key file {} is not usable", path.display()))?)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read the master key file {}", path.display())),
    }
}

/// A file that only its owner reads, complete or not there at all.
fn write_secret(path: &Path, text: &str) -> anyhow::Result<()> {
    let partial = path.with_extension("partial");
    let write = || {
        let _ = std::fs::remove_file(&partial);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial)?;
        writeln!(file, "{}", text.trim_end())?;
        file.sync_all()?;
        std::fs::rename(&partial, path)
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}
