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
use crate::node::master_keys::GivenKeys;
use crate::secrets::access_token::new_token;
use crate::secrets::master_key::MasterKey;
use crate::secrets::private_file;
use crate::secrets::seal::Vault;
use crate::store::Store as _;
use crate::store::sqlite::Sqlite;

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

    /// Records that everything in this directory was moved, so that no server starts here by mistake.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub(crate) fn mark_as_moved(&self, target: &str) -> anyhow::Result<()> {
        let file = self.moved_file();
        let written = private_file::create_or_restrict(&file).and_then(|()| std::fs::write(&file, format!("{target}\n")));
        written.with_context(|| format!("cannot write {}", file.display()))
    }

    /// # Errors
    /// If everything in this directory was moved to another store.
    pub(crate) fn refuse_if_moved(&self) -> anyhow::Result<()> {
        let file = self.moved_file();
        let target = match std::fs::read_to_string(&file) {
            Ok(target) => target,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.display())),
        };
        bail!(
            "the data in {} was moved to {}: start servers with --store for this database; a server here would make the pending \
             deliveries a second time. To use the old data all the same, remove the file {}",
            self.path.display(),
            target.trim(),
            file.display()
        )
    }

    fn moved_file(&self) -> PathBuf {
        self.file("moved-to")
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
        let shown = self.path.display();
        self.try_lock()?.with_context(|| {
            format!("another webhooks-server is running on the data directory {shown}: stop it, or give this one another --data-dir")
        })
    }

    /// Like [`DataDir::lock`], but returns `None` if a server is running on the directory.
    pub(crate) fn try_lock(&self) -> anyhow::Result<Option<File>> {
        self.create()?;
        let file = self.file("server.lock");
        let lock = private_file::create_or_restrict(&file).and_then(|()| File::options().write(true).open(&file));
        let lock = lock.with_context(|| format!("cannot write {}: {REMEDY}", file.display()))?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(lock)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot lock {}", file.display())),
        }
    }

    /// Opens the database that a server has created in this directory.
    pub fn open_existing_store(&self) -> anyhow::Result<Sqlite> {
        Ok(Sqlite::open(&self.existing_database()?, Arc::default())?)
    }

    /// Opens the database, or creates it if it is missing, and returns its vault. For a new database, writes an access
    /// token with every scope to a file. Also creates a master key if none is given.
    pub(crate) async fn open_store(&self, given: &GivenKeys, now: DateTime<Utc>, metrics: Arc<Metrics>) -> anyhow::Result<(Sqlite, Vault)> {
        let store = Sqlite::open(&self.database(), metrics)?;
        let keys = store.list_keys().await.context("cannot read the database")?;
        if !keys.is_empty() {
            return Ok((store, given.vault(&keys)?));
        }
        let key = match given.only_key()? {
            Some(key) => key.clone(),
            None => {
                let key = MasterKey::generate();
                write_secret(&self.master_key_file(), &key.expose())?;
                key
            }
        };
        let vault = Vault::new(key);
        let account = Account::parse("default").map_err(anyhow::Error::msg)?;
        let name = "first start".parse::<TokenName>().map_err(anyhow::Error::msg)?;
        let expires_at = now + TimeDelta::days(TOKEN_LIFETIME_DAYS.into());
        let scopes: Vec<Scope> = Scope::ALL.into_iter().filter(|scope| scope.for_account()).collect();
        let (token, secret) = new_token(&vault, &name, Some(account), &scopes, now, Some(expires_at))?;
        // The file is written before the database. If the process dies between the two writes, the next start repeats
        // both writes.
        write_secret(&self.access_token_file(), &secret)?;
        store.initialise(vault.initial_records(now), token).await.context("cannot write to the database")?;
        Ok((store, vault))
    }

    /// Returns the default file of the master key.
    #[must_use]
    pub fn master_key_file(&self) -> PathBuf {
        self.file("master-key")
    }

    /// Returns the certificate of the certificate authority for development, in PEM, if it exists.
    pub(crate) fn existing_development_authority(&self) -> Option<String> {
        std::fs::read_to_string(self.file("dev-ca.pem")).ok()
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
