//! The data directory. It contains the database, a lock file, the master key, the first access token, and the
//! certificate authority for development.

use std::fs::{File, TryLockError};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use chrono::{DateTime, TimeDelta, Utc};

use crate::api::Scope;
use crate::api::types::Account;
use crate::metrics::Metrics;
use crate::model::{TOKEN_LIFETIME_DAYS, TokenName};
use crate::secrets::access_token::new_token;
use crate::secrets::private_file;
use crate::secrets::seal::{MasterKey, Vault};
use crate::store::sqlite::Sqlite;

/// The properties of a database that identify its master key.
pub(crate) const KEY_ID: &str = "master_key_id";
pub(crate) const KEY_CHECK: &str = "master_key_check";

const NO_KEY_ID: &str = "the database does not name the master key of its secrets";

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

    /// Returns the path of the database.
    ///
    /// # Errors
    /// If the directory contains no database.
    pub fn existing_database(&self) -> anyhow::Result<PathBuf> {
        let path = self.database();
        if !path.exists() {
            bail!("there is no database in {}: start webhooks-server once, or set --data-dir to its data directory", self.path.display());
        }
        Ok(path)
    }

    fn create(&self) -> anyhow::Result<()> {
        let created = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.path);
        let shown = self.path.display();
        created.with_context(|| format!("cannot create the data directory {shown}: {REMEDY}"))?;
        let mode = self.path.metadata().with_context(|| format!("cannot read the data directory {shown}"))?.mode();
        // In a directory with the sticky bit, users can replace only their own files.
        if mode & 0o002 != 0 && mode & 0o1000 == 0 {
            bail!("every user can replace files in the data directory {shown}: run `chmod o-w {shown}`");
        }
        Ok(())
    }

    /// Creates the directory and locks it. No other server can use the directory until the returned file is dropped.
    pub fn lock(&self) -> anyhow::Result<File> {
        self.create()?;
        let shown = self.path.display();
        let file = self.file("server.lock");
        let lock = private_file::create_or_restrict(&file).and_then(|()| File::options().write(true).open(&file));
        let lock = lock.with_context(|| format!("cannot write {}: {REMEDY}", file.display()))?;
        match lock.try_lock() {
            Ok(()) => Ok(lock),
            Err(TryLockError::WouldBlock) => {
                bail!("another webhooks-server is running on the data directory {shown}: stop it, or give this one another --data-dir")
            }
            Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot lock {}", file.display())),
        }
    }

    /// Opens the database that a server has created in this directory.
    pub fn open_existing_store(&self) -> anyhow::Result<Sqlite> {
        Ok(Sqlite::open(&self.existing_database()?, Arc::default())?)
    }

    /// Returns the vault with the master key of a database that a server has created in this directory.
    ///
    /// # Errors
    /// If the key is missing or belongs to another database, or if the database cannot be read.
    pub async fn existing_vault(&self, store: &Sqlite, master_key_file: Option<&Path>) -> anyhow::Result<Vault> {
        let sealed_with = store.property(KEY_ID).await.context("cannot read the database")?;
        let check = store.property(KEY_CHECK).await.context("cannot read the database")?;
        let Some(sealed_with) = sealed_with else { bail!("{NO_KEY_ID}") };
        let key_path = self.key_path(master_key_file);
        matching_vault(&sealed_with, check.as_deref(), read_key(&key_path)?, &key_path)
    }

    /// Opens the database, or creates it if it is missing, and reads its master key. For a new database, writes an
    /// access token with every scope to a file. Also creates a master key if there is none. The last returned value is
    /// true if the database is new.
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
            (Some(sealed_with), key) => Ok((store, matching_vault(&sealed_with, check.as_deref(), key, &key_path)?, false)),
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
                let name = "first start".parse::<TokenName>().map_err(anyhow::Error::msg)?;
                let expires_at = now + TimeDelta::days(TOKEN_LIFETIME_DAYS.into());
                let (token, secret) = new_token(&vault, &name, Some(account), &Scope::ALL, now, Some(expires_at))?;
                // The file is written before the database. If the process dies between the two writes, the next start
                // repeats both writes.
                write_secret(&self.access_token_file(), &secret)?;
                store.initialise(properties, token).await.context("cannot write to the database")?;
                Ok((store, vault, true))
            }
        }
    }

    pub(crate) fn key_path(&self, master_key_file: Option<&Path>) -> PathBuf {
        master_key_file.map_or_else(|| self.file("master-key"), Path::to_owned)
    }

    /// Checks that the master key is the key of the database. `property` reads a property of the database.
    ///
    /// # Errors
    /// If the key is missing or belongs to another database, or if the database contains no id of a master key.
    pub fn check_key(
        &self,
        master_key_file: Option<&Path>,
        property: impl Fn(&str) -> anyhow::Result<Option<Vec<u8>>>,
    ) -> anyhow::Result<()> {
        let key_path = self.key_path(master_key_file);
        let Some(sealed_with) = property(KEY_ID)? else { bail!("{NO_KEY_ID}") };
        matching_vault(&sealed_with, property(KEY_CHECK)?.as_deref(), read_key(&key_path)?, &key_path).map(drop)
    }

    /// Returns the certificate of the certificate authority for development, in PEM. Creates the authority if it does
    /// not exist. With `--dev`, the server trusts receivers whose certificates this authority has issued.
    pub fn development_authority(&self) -> anyhow::Result<String> {
        let (certificate_path, key_path) = (self.file("dev-ca.pem"), self.file("dev-ca-key.pem"));
        if certificate_path.exists() && key_path.exists() {
            return std::fs::read_to_string(&certificate_path).with_context(|| format!("cannot read {}", certificate_path.display()));
        }
        self.create()?;
        let key = rcgen::KeyPair::generate()?;
        let mut parameters = rcgen::CertificateParams::default();
        parameters.distinguished_name.push(rcgen::DnType::CommonName, "webhooks-server development authority");
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Constrained(0));
        parameters.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign, rcgen::KeyUsagePurpose::CrlSign];
        let certificate = parameters.self_signed(&key)?.pem();
        write_secret(&key_path, &key.serialize_pem())?;
        write_secret(&certificate_path, &certificate)?;
        Ok(certificate)
    }
}

/// Returns the properties of a database that identify its master key.
pub(crate) fn key_properties(key: &MasterKey) -> Vec<(&'static str, Vec<u8>)> {
    vec![(KEY_ID, key.key_id().to_string().into_bytes()), (KEY_CHECK, Vault::new(key.clone()).mac("key-check", b"").to_vec())]
}

/// Returns a vault with the key. Fails if the secrets of the database are not encrypted with that key.
pub(crate) fn matching_vault(sealed_with: &[u8], check: Option<&[u8]>, key: Option<MasterKey>, key_path: &Path) -> anyhow::Result<Vault> {
    let (expected, shown) = (String::from_utf8_lossy(sealed_with), key_path.display());
    let Some(key) = key else {
        bail!(
            "secrets are encrypted with the master key {expected}, and {shown} does not exist: put the key there, or give --master-key-file"
        )
    };
    let (given, vault) = (key.key_id(), Vault::new(key));
    if check != Some(&vault.mac("key-check", b"")[..]) {
        bail!(
            "secrets are encrypted with the master key {expected}, but {shown} contains the key {given}: give the right key with --master-key-file"
        );
    }
    Ok(vault)
}

/// Returns the master key in the file, or `None` if the file does not exist. Fails if other users can read the file.
pub(crate) fn read_key(path: &Path) -> anyhow::Result<Option<MasterKey>> {
    let text = private_file::read_secret(path, "master key file")?;
    text.map(|text| text.parse().with_context(|| format!("the master key file {} is not usable", path.display()))).transpose()
}

/// Writes a file that only its owner can read. After a crash the file is complete or does not exist.
fn write_secret(path: &Path, text: &str) -> anyhow::Result<()> {
    let partial = path.with_extension("partial");
    let write = || {
        let _ = std::fs::remove_file(&partial);
        let mut file = private_file::create_new(&partial)?;
        writeln!(file, "{}", text.trim_end())?;
        file.sync_all()?;
        std::fs::rename(&partial, path)
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}
