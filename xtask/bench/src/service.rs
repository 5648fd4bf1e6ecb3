//! The service that is measured: one server with an embedded store, or one or more servers on one PostgreSQL.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};

use crate::database::Database;
use crate::process::Memory;
use crate::server::{Peak, Server};
use crate::store::Store;

pub(crate) struct Service {
    // The order of these two members matters: the servers are dropped before their database.
    pub(crate) nodes: Vec<Server>,
    pub(crate) database: Option<Arc<Database>>,
    program: PathBuf,
    /// The data directory of the servers.
    data: PathBuf,
    /// The access token of each account. The key of the platform token is an empty string.
    tokens: BTreeMap<String, String>,
}

/// CPU time that the service has used since its start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ServiceCpu {
    pub(crate) servers: Duration,
    /// CPU time of PostgreSQL, if there is one.
    pub(crate) database: Duration,
}

impl Service {
    /// Starts a service with new data. The data and the logs are in `directory`.
    pub(crate) fn start(program: &Path, directory: &Path, store: Store, options: &[String], peak: &Peak) -> anyhow::Result<Service> {
        let data = directory.join("data");
        if data.exists() {
            std::fs::remove_dir_all(&data).context("cannot remove the data of the last run")?;
        }
        let database = match store {
            Store::Embedded => None,
            Store::Postgres { .. } => Some(Arc::new(Database::start(directory)?)),
        };
        let mut service = Service { nodes: Vec::new(), database, program: program.to_owned(), data, tokens: BTreeMap::new() };
        for number in 0..store.nodes() as usize {
            let name = if service.database.is_some() { Service::node_name(number) } else { "server".to_owned() };
            let mut node_options = service.store_options();
            node_options.extend(["--node-name".to_owned(), name.clone()]);
            node_options.extend_from_slice(options);
            service.nodes.push(Server::start(program, directory, &name, node_options, peak.clone())?);
        }
        Ok(service)
    }

    /// The node name of the server at this index of [`Service::nodes`].
    pub(crate) fn node_name(index: usize) -> String {
        format!("node-{}", index + 1)
    }

    fn store_options(&self) -> Vec<String> {
        let mut options = vec!["--data-dir".to_owned(), self.data.display().to_string()];
        options.extend(self.database.iter().flat_map(|database| database.options()));
        options
    }

    /// The hosts and ports of all servers.
    pub(crate) fn addresses(&self) -> Vec<String> {
        self.nodes.iter().map(|node| node.address.clone()).collect()
    }

    /// Kills all servers with SIGKILL. PostgreSQL keeps running.
    pub(crate) fn kill(&mut self) -> anyhow::Result<()> {
        self.nodes.iter_mut().try_for_each(Server::kill)
    }

    /// Kills the servers and starts them again with the same data. Returns the longest time from the start of a server
    /// to its first response.
    pub(crate) fn restart(&mut self) -> anyhow::Result<Duration> {
        let token = self.platform_token()?;
        self.kill()?;
        self.nodes.iter_mut().try_fold(Duration::ZERO, |longest, node| Ok(longest.max(node.restart(&token)?)))
    }

    /// The folder with the data of the servers.
    pub(crate) fn data_directory(&self) -> &Path {
        &self.data
    }

    pub(crate) fn embedded_database(&self) -> PathBuf {
        self.data.join("webhooks.db")
    }

    pub(crate) fn cpu(&self) -> anyhow::Result<ServiceCpu> {
        let servers = self.nodes.iter().map(Server::cpu).sum::<anyhow::Result<Duration>>()?;
        Ok(ServiceCpu { servers, database: self.database.as_ref().map(|database| database.cpu()).unwrap_or_default() })
    }

    /// Memory of all servers and PostgreSQL. PostgreSQL records no peak and releases little memory, so its current
    /// memory counts as its peak.
    pub(crate) fn memory(&self) -> anyhow::Result<Memory> {
        let database = self.database.as_ref().map_or(Ok(0), |database| database.memory())?;
        self.nodes.iter().try_fold(Memory { now: database, peak: database }, |sum, node| {
            let memory = node.memory()?;
            Ok(Memory { now: sum.now + memory.now, peak: sum.peak + memory.peak })
        })
    }

    /// The largest peak memory of a server since the last reset, in bytes. PostgreSQL is not counted.
    pub(crate) fn peak_of_servers(&self) -> anyhow::Result<u64> {
        self.nodes.iter().try_fold(0, |largest, node| Ok(node.memory()?.peak.max(largest)))
    }

    pub(crate) fn reset_peak(&self) -> anyhow::Result<()> {
        self.nodes.iter().try_for_each(Server::reset_peak)
    }

    /// Returns a token that may publish to every account.
    pub(crate) fn platform_token(&mut self) -> anyhow::Result<String> {
        self.token("", &["--platform", "--scope", "notifications.publish,notifications.read,deliveries.read"])
    }

    /// Returns a token that permits registering webhooks of the account, reading their secrets, and repeating deliveries.
    /// The token does not permit publishing.
    pub(crate) fn account_token(&mut self, account: &str) -> anyhow::Result<String> {
        self.token(account, &["--account", account, "--scope", "webhooks.write,webhooks.read,webhooks.secrets,deliveries.write"])
    }

    fn token(&mut self, owner: &str, options: &[&str]) -> anyhow::Result<String> {
        if let Some(token) = self.tokens.get(owner) {
            return Ok(token.clone());
        }
        let output = Command::new(&self.program)
            .args(["token", "create"])
            .args(options)
            .args(self.store_options())
            .output()
            .context("cannot start the server program")?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "cannot create an access token: {}", errors.trim());
        let token = String::from_utf8(output.stdout)?.trim().to_owned();
        self.tokens.insert(owner.to_owned(), token.clone());
        Ok(token)
    }
}
