//! The service that is measured: one server with its own data, or some on one PostgreSQL.

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
    // In this order: the servers end before what they work on.
    pub(crate) nodes: Vec<Server>,
    pub(crate) database: Option<Arc<Database>>,
    program: PathBuf,
    /// Where the data of an embedded store is.
    data: PathBuf,
    /// Of the account, or of the platform, which has no name.
    tokens: BTreeMap<String, String>,
}

/// What was computed until some time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Computed {
    pub(crate) servers: Duration,
    /// By the processes of PostgreSQL, if there is one.
    pub(crate) database: Duration,
}

impl Service {
    /// With new data in `directory`, where its logs go too.
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
            let mut own = service.store_options();
            own.extend(["--node-name".to_owned(), name.clone()]);
            own.extend_from_slice(options);
            service.nodes.push(Server::start(program, directory, &name, own, peak.clone())?);
        }
        Ok(service)
    }

    /// How PostgreSQL knows the server at this place of [`Service::nodes`].
    pub(crate) fn node_name(place: usize) -> String {
        format!("node-{}", place + 1)
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

    /// All servers, as a crash would, without any warning. PostgreSQL goes on.
    pub(crate) fn kill(&mut self) -> anyhow::Result<()> {
        self.nodes.iter_mut().try_for_each(Server::kill)
    }

    /// Kills the servers and starts them again with the same data. The longest time until one answered a request.
    pub(crate) fn restart(&mut self) -> anyhow::Result<Duration> {
        let token = self.platform()?;
        self.kill()?;
        self.nodes.iter_mut().try_fold(Duration::ZERO, |longest, node| Ok(longest.max(node.start_again(&token)?)))
    }

    pub(crate) fn embedded_database(&self) -> PathBuf {
        self.data.join("webhooks.db")
    }

    pub(crate) fn cpu(&self) -> anyhow::Result<Computed> {
        let servers = self.nodes.iter().map(Server::cpu).sum::<anyhow::Result<Duration>>()?;
        Ok(Computed { servers, database: self.database.as_ref().map(|database| database.cpu()).unwrap_or_default() })
    }

    /// Of all servers, and of PostgreSQL as it is now: it has no record of its peak, and gives little back.
    pub(crate) fn memory(&self) -> anyhow::Result<Memory> {
        let database = self.database.as_ref().map_or(Ok(0), |database| database.memory())?;
        self.nodes.iter().try_fold(Memory { now: database, peak: database }, |sum, node| {
            let memory = node.memory()?;
            Ok(Memory { now: sum.now + memory.now, peak: sum.peak + memory.peak })
        })
    }

    pub(crate) fn forget_peak(&self) -> anyhow::Result<()> {
        self.nodes.iter().try_for_each(Server::forget_peak)
    }

    /// A token that publishes to every account.
    pub(crate) fn platform(&mut self) -> anyhow::Result<String> {
        self.token("", &["--platform", "--scope", "notifications.publish,notifications.read,deliveries.read"])
    }

    /// A token that registers webhooks of the account, reads their secrets, and may not publish.
    pub(crate) fn account(&mut self, account: &str) -> anyhow::Result<String> {
        self.token(account, &["--account", account, "--scope", "webhooks.write,webhooks.read,webhooks.secrets"])
    }

    fn token(&mut self, whose: &str, options: &[&str]) -> anyhow::Result<String> {
        if let Some(token) = self.tokens.get(whose) {
            return Ok(token.clone());
        }
        let output = Command::new(&self.program)
            .args(["token", "create"])
            .args(options)
            .args(self.store_options())
            .output()
            .context("cannot start the server's program")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "no access token was made: {}", said.trim());
        let token = String::from_utf8(output.stdout)?.trim().to_owned();
        self.tokens.insert(whose.to_owned(), token.clone());
        Ok(token)
    }
}
