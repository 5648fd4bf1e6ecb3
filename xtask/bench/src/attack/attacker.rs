//! The attacker: a process with all hostile clients and receivers, and their name server. It has a lower priority than
//! the server. A real attacker uses other machines and takes no CPU time from the server.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use super::clients::{Clients, Victim};
use super::counts::Row;
use super::names::{self, NameCounts};
use super::receivers::Running;
use crate::process::{Worker, respond};
use crate::sink::read_commands;

/// The increase of the nice value of this process (nice(2)).
const NICE: i32 = 10;

#[derive(Serialize, Deserialize)]
enum Command {
    /// Starts the hostile clients. The receivers already run.
    Attack(Victim),
    /// Returns the counts. The attacks continue.
    Report,
}

/// The ports of the receivers and the address of the name server.
#[derive(Serialize, Deserialize)]
pub(super) struct Started {
    /// The port of each element of [`super::receivers::RECEIVERS`].
    pub(super) ports: Vec<u16>,
    pub(super) name_server: SocketAddr,
}

/// The counts of all attacks.
#[derive(Serialize, Deserialize)]
pub(super) struct Report {
    pub(super) clients: Vec<Row>,
    /// The receivers, and the names for which the name server is hostile.
    pub(super) receivers: Vec<Row>,
}

/// The process of the attacker. The attacks end when this value is dropped.
pub(super) struct Attacker {
    worker: Worker,
    pub(super) started: Started,
}

impl Attacker {
    /// Starts the receivers and the name server. Writes the certificate of their authority to `ca_file`.
    pub(super) fn start(ca_file: &Path) -> anyhow::Result<Attacker> {
        let ca_file = ca_file.to_str().context("the path of the checkout is not UTF-8")?;
        let mut worker = Worker::start("attacker", &["--ca-file", ca_file])?;
        let started = worker.receive()?;
        Ok(Attacker { worker, started })
    }

    pub(super) fn attack(&mut self, victim: &Victim) -> anyhow::Result<()> {
        self.worker.call(&Command::Attack(victim.clone()))
    }

    pub(super) fn report(&mut self) -> anyhow::Result<Report> {
        self.worker.call(&Command::Report)
    }
}

/// Runs the process of the attacker.
pub(crate) fn serve(ca_file: &Path) -> anyhow::Result<()> {
    rustix::process::nice(NICE).context("cannot lower the priority of the attacker")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let receivers = Running::start(ca_file).await?;
        let counts = NameCounts::default();
        let name_server = names::start(counts.clone()).await?;
        respond(&Started { ports: receivers.ports.clone(), name_server })?;
        let mut clients = None;
        let mut commands = read_commands();
        while let Some(command) = commands.recv().await {
            match command {
                Command::Attack(victim) => {
                    clients = Some(Clients::start(&victim)?);
                    respond(&())?;
                }
                Command::Report => {
                    let clients = clients.as_ref().map(Clients::report).unwrap_or_default();
                    let names = [("DNS: 4,000 addresses", &counts.many), ("DNS: no answer", &counts.silent)];
                    let names = names.map(|(name, counts)| Row { name: name.to_owned(), counts: counts.get() });
                    respond(&Report { clients, receivers: receivers.report().into_iter().chain(names).collect() })?;
                }
            }
        }
        Ok(())
    })
}
