//! A PostgreSQL server for one measurement. The data is on a real disk. The server has default settings, and fsync is
//! on.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
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
    /// Starts PostgreSQL with its data in `directory`. Writes the master key of the webhook servers to `directory`,
    /// too.
    pub(crate) fn start(directory: &Path) -> anyhow::Result<Database> {
        let cluster = Cluster::with(&Options::default().storage(Storage::Disk(directory.to_owned())))?;
        let name = cluster.create_database()?;
        let mut key = [0; 32];
        aws_lc_rs::rand::fill(&mut key).context("no random numbers")?;
        let master_key_file = directory.join("master-key");
        // The server refuses a key that other users can read.
        let mut file = File::options()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&master_key_file)
            .context("cannot write the master key")?;
        file.write_all(STANDARD.encode(key).as_bytes()).context("cannot write the master key")?;
        Ok(Database { cluster, name, master_key_file })
    }

    pub(crate) fn url(&self) -> String {
        self.cluster.url(&self.name)
    }

    /// Returns the command-line options with which each webhook server uses this database.
    pub(crate) fn options(&self) -> Vec<String> {
        vec!["--store".to_owned(), self.url(), "--master-key-file".to_owned(), self.master_key_file.display().to_string()]
    }

    /// Runs statements. Returns their rows, one per line, with `|` between values.
    pub(crate) fn execute(&self, sql: &str) -> anyhow::Result<String> {
        self.cluster.execute(&self.name, sql)
    }

    /// CPU time of all PostgreSQL processes, including processes that have ended.
    pub(crate) fn cpu(&self) -> Duration {
        Duration::from_secs_f64(self.cluster.cpu_seconds())
    }

    /// Memory of all PostgreSQL processes, in bytes.
    pub(crate) fn memory(&self) -> anyhow::Result<u64> {
        self.cluster.memory_bytes()
    }
}
