//! The PostgreSQL that servers share: started for one measurement, on a real disk, with its default settings and fsync on.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use webhooks_postgres::{Cluster, Options, Storage};

pub(crate) struct Database {
    pub(crate) cluster: Cluster,
    name: String,
    master_key_file: PathBuf,
}

impl Database {
    /// With its data, and the key that all servers seal with, in `directory`.
    pub(crate) fn start(directory: &Path) -> anyhow::Result<Database> {
        let cluster = Cluster::with(&Options::default().storage(Storage::Disk(directory.to_owned())))?;
        let name = cluster.create_database()?;
        let mut key = [0; 32];
        aws_lc_rs::rand::fill(&mut key).context("no random numbers")?;
        let master_key_file = directory.join("master-key");
        std::fs::write(&master_key_file, STANDARD.encode(key)).context("cannot write the master key")?;
        Ok(Database { cluster, name, master_key_file })
    }

    pub(crate) fn url(&self) -> String {
        self.cluster.url(&self.name)
    }

    /// What each server is told.
    pub(crate) fn options(&self) -> Vec<String> {
        vec!["--store".to_owned(), self.url(), "--master-key-file".to_owned(), self.master_key_file.display().to_string()]
    }

    /// The rows of statements, a line each, with `|` between values.
    pub(crate) fn execute(&self, sql: &str) -> anyhow::Result<String> {
        self.cluster.execute(&self.name, sql)
    }

    /// What all its processes have computed, those included that have ended.
    pub(crate) fn cpu(&self) -> Duration {
        Duration::from_secs_f64(self.cluster.cpu_seconds())
    }

    /// Of all its processes, in bytes.
    pub(crate) fn memory(&self) -> anyhow::Result<u64> {
        self.cluster.memory_bytes()
    }
}
