//! A PostgreSQL server and its data.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::binaries::Binaries;
use crate::directory::{Storage, WorkDirectory};
use crate::options::Options;
use crate::sql::Access;
use crate::supervised::{Supervised, TIMEOUT, on_free_port, wait_for};

/// A PostgreSQL server. On drop, the server ends and its data is removed. This also happens when the process that started it
/// ends, even if that process is killed. Several threads may use the server at once.
#[derive(Debug)]
pub struct Cluster {
    // The order matters: the server must end before its directory is removed.
    state: Mutex<State>,
    pub(crate) directory: WorkDirectory,
    pub(crate) options: Options,
    pub(crate) access: Access,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) server: Option<Supervised>,
    /// CPU time of the servers on this data that have ended.
    pub(crate) ended_cpu_time: Duration,
}

impl Cluster {
    /// Starts a server in memory. Any local process may connect to it.
    ///
    /// # Errors
    /// If PostgreSQL is not installed or does not start. The error contains the end of the log.
    pub fn start() -> anyhow::Result<Cluster> {
        Cluster::with(&Options::default())
    }

    /// Starts a server with these options.
    ///
    /// # Errors
    /// As [`Cluster::start`].
    pub fn with(options: &Options) -> anyhow::Result<Cluster> {
        let directory = WorkDirectory::new(&options.storage)?;
        let mut initdb = directory.command(&Binaries::find()?.path("initdb"));
        // No sync: the data need not survive a crash of the machine.
        initdb.args(["--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--pgdata"]).arg(directory.data());
        if let Some(password) = &options.password {
            initdb.arg("--auth=scram-sha-256").arg("--pwfile").arg(directory.write("password", password)?);
        } else {
            initdb.arg("--auth=trust");
        }
        directory.run(initdb)?;
        Cluster::start_in(directory, options)
    }

    /// Starts a server on the data in a directory.
    pub(crate) fn start_in(directory: WorkDirectory, options: &Options) -> anyhow::Result<Cluster> {
        let version = Binaries::find()?.version();
        directory.write("data/pg_hba.conf", &options.access())?;
        if let Some(tls) = &options.tls {
            directory.write("tls.pem", &tls.certificate)?;
            directory.write("tls-key.pem", &tls.key)?;
        }
        let (port, server) = on_free_port(&directory, |port| {
            directory.write("data/postgresql.conf", &options.configuration(version, port))?;
            start_server(&directory)
        })?;
        let access = Access { port, encrypted: options.tls.is_some(), password: options.password.clone() };
        let state = Mutex::new(State { server: Some(server), ended_cpu_time: Duration::ZERO });
        Ok(Cluster { state, directory, options: options.clone(), access })
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the URL of a database. The database need not exist.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        self.access.url(database)
    }

    /// Returns the port at 127.0.0.1. It stays the same after a restart.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.access.port
    }

    /// Returns the directory with all files of the server. It is removed on drop.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Returns the log since the first start.
    #[must_use]
    pub fn log(&self) -> String {
        self.directory.read_log()
    }

    /// Creates an empty database, and returns its name, which is unique in this process. The database takes 8 MB.
    ///
    /// # Errors
    /// If the server does not respond.
    pub fn create_database(&self) -> anyhow::Result<String> {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        // A file copy is four times as fast if its checkpoint costs nothing. Before version 15 it is the only strategy.
        let copies_files = self.options.storage == Storage::Memory && Binaries::find()?.version() >= 15;
        let strategy = if copies_files { " STRATEGY file_copy" } else { "" };
        self.execute("postgres", &format!("CREATE DATABASE {name}{strategy}"))?;
        Ok(name)
    }

    /// Removes a database from [`Cluster::create_database`], and ends connections to it.
    ///
    /// # Errors
    /// If there is no such database.
    pub fn drop_database(&self, name: &str) -> anyhow::Result<()> {
        self.execute("postgres", &format!("DROP DATABASE {name} WITH (FORCE)"))?;
        Ok(())
    }

    /// Runs SQL statements as the superuser, each in its own transaction. Returns the rows: one per line, values separated by
    /// `|`.
    ///
    /// # Errors
    /// If a statement fails. Later statements do not run.
    pub fn execute(&self, database: &str, sql: &str) -> anyhow::Result<String> {
        self.access.execute(database, sql)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(server) = &self.state().server {
            // The timeout is short because a standby may not respond. A server that does not stop is killed.
            let _ = server.stop(Duration::from_secs(10));
        }
    }
}

/// Returns the shared server of this process, in memory. The first call starts it.
///
/// # Panics
/// If the server cannot be started, as in [`Cluster::start`].
pub fn shared() -> &'static Cluster {
    static SHARED: OnceLock<Cluster> = OnceLock::new();
    SHARED.get_or_init(|| Cluster::start().unwrap_or_else(|error| panic!("{error:#}")))
}

/// Starts the server and waits until it accepts connections.
pub(crate) fn start_server(directory: &WorkDirectory) -> anyhow::Result<Supervised> {
    let data = directory.data();
    let data = data.to_str().context("the path of the directory is not Unicode")?;
    let server = Supervised::start(directory, &Binaries::find()?.path("postgres"), &["-D", data])?;
    let started = wait_for("PostgreSQL to start", TIMEOUT, || {
        if !server.is_running() {
            bail!("PostgreSQL ended at its start");
        }
        Ok(is_ready(directory, server.id()).then_some(()))
    });
    started.with_context(|| last_lines(&directory.read_log()))?;
    Ok(server)
}

/// Whether the server is ready, by lines 1 and 8 of `postmaster.pid`, as in pg_ctl. A connection would not prove it: another
/// server may use the port.
fn is_ready(directory: &WorkDirectory, id: i32) -> bool {
    let text = std::fs::read_to_string(directory.data().join("postmaster.pid")).unwrap_or_default();
    let mut lines = text.lines().map(str::trim);
    lines.next() == Some(&id.to_string()) && lines.nth(6) == Some("ready")
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
