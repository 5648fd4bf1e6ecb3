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

/// A PostgreSQL server. When the `Cluster` is dropped, the server ends and its data is removed. This also happens when the
/// process that started the server ends or is killed. Several threads may use the server at the same time.
#[derive(Debug)]
pub struct Cluster {
    // Fields are dropped in this order. The server must end before its directory is removed.
    state: Mutex<State>,
    pub(crate) directory: WorkDirectory,
    pub(crate) options: Options,
    pub(crate) access: Access,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) server: Option<Supervised>,
    /// CPU time of the ended servers that used this data.
    pub(crate) ended_cpu_time: Duration,
}

impl Cluster {
    /// Starts a server whose data is in memory. Any local process may connect to the server.
    ///
    /// # Errors
    /// If PostgreSQL is not installed or does not start. The error contains the end of the log.
    pub fn start() -> anyhow::Result<Cluster> {
        Cluster::with(&Options::default())
    }

    /// Starts a server with these options.
    ///
    /// # Errors
    /// In the same cases as [`Cluster::start`], or if an option is invalid.
    pub fn with(options: &Options) -> anyhow::Result<Cluster> {
        let directory = WorkDirectory::new(&options.storage)?;
        let mut initdb = directory.command(&Binaries::find()?.path("initdb"));
        // The option `--no-sync` is safe here, because the data is not needed after a crash of the machine.
        initdb.args(["--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--pgdata"]).arg(directory.data());
        if let Some(password) = &options.password {
            initdb.arg("--auth=scram-sha-256").arg("--pwfile").arg(directory.write("password", password)?);
        } else {
            initdb.arg("--auth=trust");
        }
        directory.run(initdb)?;
        Cluster::start_in(directory, options)
    }

    /// Starts a server with the data that is in `directory`.
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

    /// Returns the port at 127.0.0.1. A restart does not change the port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.access.port
    }

    /// Returns the directory with all files of the server. The directory is removed when the `Cluster` is dropped.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Returns the log of the server since its first start.
    #[must_use]
    pub fn log(&self) -> String {
        self.directory.read_log()
    }

    /// Creates an empty database of 8 MB, and returns its name. The name is unique in this process.
    ///
    /// # Errors
    /// If the server does not respond.
    pub fn create_database(&self) -> anyhow::Result<String> {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        // In memory, the strategy `file_copy` takes a quarter of the time of the default strategy, because its
        // checkpoint costs nothing. Versions before 15 always copy files and do not know this option.
        let copies_files = self.options.storage == Storage::Memory && Binaries::find()?.version() >= 15;
        let strategy = if copies_files { " STRATEGY file_copy" } else { "" };
        self.execute("postgres", &format!("CREATE DATABASE {name}{strategy}"))?;
        Ok(name)
    }

    /// Removes a database that [`Cluster::create_database`] created. Ends all connections to the database.
    ///
    /// # Errors
    /// If there is no such database.
    pub fn drop_database(&self, name: &str) -> anyhow::Result<()> {
        self.execute("postgres", &format!("DROP DATABASE {name} WITH (FORCE)"))?;
        Ok(())
    }

    /// Runs SQL statements as the superuser, each in its own transaction. Returns the rows, one row per line. The values
    /// of a row are separated by `|`.
    ///
    /// # Errors
    /// If a statement fails. The statements after the failed statement do not run.
    pub fn execute(&self, database: &str, sql: &str) -> anyhow::Result<String> {
        self.access.execute(database, sql)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(server) = &self.state().server {
            // A standby that does not respond can delay the stop, so the timeout is short. After the timeout, the server is
            // killed when `Supervised` is dropped.
            let _ = server.stop(Duration::from_secs(10));
        }
    }
}

/// Returns the server that all tests of this process share. Its data is in memory. The first call starts the server.
///
/// # Panics
/// If [`Cluster::start`] returns an error.
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

/// Whether the server is ready. Like pg_ctl, reads lines 1 and 8 of `postmaster.pid`. A connection would not prove that
/// this server is ready, because another server may use the port.
fn is_ready(directory: &WorkDirectory, id: i32) -> bool {
    let text = std::fs::read_to_string(directory.data().join("postmaster.pid")).unwrap_or_default();
    let mut lines = text.lines().map(str::trim);
    lines.next() == Some(&id.to_string()) && lines.nth(6) == Some("ready")
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
