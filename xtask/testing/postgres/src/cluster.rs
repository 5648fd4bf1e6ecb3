//! A PostgreSQL server and its data.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::binaries::Binaries;
use crate::options::Options;
use crate::place::{Place, Storage};
use crate::sql::Access;
use crate::supervised::{PATIENCE, Supervised, on_free_port, wait_for};

/// One server. It ends when this is dropped, or when the process ends that started it, in whatever way; then nothing of it
/// is left. Several threads may use it at once.
#[derive(Debug)]
pub struct Cluster {
    // In this order: its data is removed after the server has ended.
    state: Mutex<State>,
    pub(crate) place: Place,
    pub(crate) options: Options,
    pub(crate) access: Access,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) server: Option<Supervised>,
    /// What servers on this data have spent that have ended.
    pub(crate) spent: Duration,
}

impl Cluster {
    /// A server in memory, to which any local process may connect.
    ///
    /// # Errors
    /// When PostgreSQL is not installed, or does not start; then the end of its log is shown.
    pub fn start() -> anyhow::Result<Cluster> {
        Cluster::with(&Options::default())
    }

    /// # Errors
    /// As [`Cluster::start`].
    pub fn with(options: &Options) -> anyhow::Result<Cluster> {
        let place = Place::new(&options.storage)?;
        let mut initdb = place.command(&Binaries::find()?.path("initdb"));
        // What is new here need not survive the machine.
        initdb.args(["--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--pgdata"]).arg(place.data());
        if let Some(password) = &options.password {
            initdb.arg("--auth=scram-sha-256").arg("--pwfile").arg(place.write("password", password)?);
        } else {
            initdb.arg("--auth=trust");
        }
        place.run(initdb)?;
        Cluster::on(place, options)
    }

    /// Starts a server on the data in a place.
    pub(crate) fn on(place: Place, options: &Options) -> anyhow::Result<Cluster> {
        let version = Binaries::find()?.version();
        place.write("data/pg_hba.conf", &options.access())?;
        if let Some(tls) = &options.tls {
            place.write("tls.pem", &tls.certificate)?;
            place.write("tls-key.pem", &tls.key)?;
        }
        let (port, server) = on_free_port(&place, |port| {
            place.write("data/postgresql.conf", &options.configuration(version, port))?;
            start_server(&place)
        })?;
        let access = Access { port, encrypted: options.tls.is_some(), password: options.password.clone() };
        let state = Mutex::new(State { server: Some(server), spent: Duration::ZERO });
        Ok(Cluster { state, place, options: options.clone(), access })
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where a client finds a database, there or not.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        self.access.url(database)
    }

    /// At 127.0.0.1, and the same after a restart.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.access.port
    }

    /// Where it has all that it writes, as long as it is there.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.place.path()
    }

    /// What it has said since it first started.
    #[must_use]
    pub fn log(&self) -> String {
        self.place.said()
    }

    /// An empty database with a name that no other has in this process. It is there until dropped, and takes 8 MB.
    ///
    /// # Errors
    /// When the server is not there.
    pub fn create_database(&self) -> anyhow::Result<String> {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        // A copy is four times as fast where its checkpoint costs nothing. Before version 15 there is no other way.
        let copies = self.options.storage == Storage::Memory && Binaries::find()?.version() >= 15;
        let strategy = if copies { " STRATEGY file_copy" } else { "" };
        self.execute("postgres", &format!("CREATE DATABASE {name}{strategy}"))?;
        Ok(name)
    }

    /// Removes one from [`Cluster::create_database`], and ends connections to it.
    ///
    /// # Errors
    /// When there is none.
    pub fn drop_database(&self, name: &str) -> anyhow::Result<()> {
        self.execute("postgres", &format!("DROP DATABASE {name} WITH (FORCE)"))?;
        Ok(())
    }

    /// Runs statements, each on its own, as the superuser, and says their rows: a line each, `|` between values.
    ///
    /// # Errors
    /// When one fails; those after it are not run.
    pub fn execute(&self, database: &str, sql: &str) -> anyhow::Result<String> {
        self.access.execute(database, sql)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(server) = &self.state().server {
            // It would take its time where a standby does not answer. What is left is killed.
            let _ = server.stop(Duration::from_secs(10));
        }
    }
}

/// One for the whole process, in memory, started when it is first asked for.
///
/// # Panics
/// When it cannot be started, as in [`Cluster::start`].
pub fn shared() -> &'static Cluster {
    static SHARED: OnceLock<Cluster> = OnceLock::new();
    SHARED.get_or_init(|| Cluster::start().unwrap_or_else(|error| panic!("{error:#}")))
}

/// Runs the server until it can be connected to.
pub(crate) fn start_server(place: &Place) -> anyhow::Result<Supervised> {
    let data = place.data();
    let data = data.to_str().context("the path of the directory is not Unicode")?;
    let server = Supervised::start(place, &Binaries::find()?.path("postgres"), &["-D", data])?;
    let started = wait_for("PostgreSQL to start", PATIENCE, || {
        if !server.runs() {
            bail!("PostgreSQL ended at once");
        }
        Ok(is_ready(place, server.id()).then_some(()))
    });
    started.with_context(|| last_lines(&place.said()))?;
    Ok(server)
}

/// What pg_ctl looks at: lines 1 and 8 of the file. Anybody may answer at the port, but only this server writes its id here.
fn is_ready(place: &Place, id: i32) -> bool {
    let text = std::fs::read_to_string(place.data().join("postmaster.pid")).unwrap_or_default();
    let mut lines = text.lines().map(str::trim);
    lines.next() == Some(&id.to_string()) && lines.nth(6) == Some("ready")
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
