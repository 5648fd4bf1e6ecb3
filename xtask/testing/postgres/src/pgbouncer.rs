//! Runs PgBouncer between clients and a server.

use anyhow::{Context as _, Result, ensure};

use crate::binaries::find_pgbouncer;
use crate::cluster::Cluster;
use crate::directory::{Storage, WorkDirectory};
use crate::sql::Access;
use crate::supervised::{Supervised, TIMEOUT, on_free_port, wait_for};

/// A PgBouncer in transaction mode: a client has a server connection only during a transaction. Session features, such as
/// prepared statements, advisory locks and LISTEN, do not work with PgBouncer in this mode.
///
/// PgBouncer ends in the same cases as the server of a [Cluster].
#[derive(Debug)]
pub struct PgBouncer {
    // Fields are dropped in this order. The process must end before its directory is removed.
    _server: Supervised,
    directory: WorkDirectory,
    access: Access,
}

impl PgBouncer {
    /// Starts a PgBouncer that connects its clients to a server.
    ///
    /// # Errors
    /// If PgBouncer is not installed or does not start.
    pub fn start(cluster: &Cluster) -> Result<PgBouncer> {
        let (program, version) = find_pgbouncer()?;
        let directory = WorkDirectory::new(&Storage::Memory)?;
        let (port, server) = on_free_port(&directory, |port| {
            let file = directory.write("pgbouncer.ini", &configuration(&cluster.access, version, port))?;
            let file = file.to_str().context("the path of the directory is not Unicode")?;
            let server = Supervised::start(&directory, &program, &[file])?;
            // A connection would not prove that PgBouncer is ready: another process may use the port.
            let listens = format!("listening on 127.0.0.1:{port}");
            wait_for("PgBouncer to start", TIMEOUT, || {
                let log = directory.read_log();
                ensure!(server.is_running(), "PgBouncer ended at its start: {log}");
                Ok(log.contains(&listens).then_some(()))
            })?;
            Ok(server)
        })?;
        let access = Access { port, encrypted: false, password: None };
        Ok(PgBouncer { _server: server, directory, access })
    }

    /// Returns the URL with which a client connects to a database through this PgBouncer.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        self.access.url(database)
    }

    /// Returns the log of PgBouncer.
    #[must_use]
    pub fn log(&self) -> String {
        self.directory.read_log()
    }
}

/// Returns a configuration that gives everyone access to all databases of the server.
fn configuration(server: &Access, version: (u32, u32), port: u16) -> String {
    let password = server.password.as_ref().map(|password| format!(" password='{}'", password.replace('\'', "''"))).unwrap_or_default();
    let mode = if server.encrypted { "require" } else { "disable" };
    // Prepared statements are disabled, because some users have a PgBouncer that does not support them. Version 1.21 is
    // the first version that supports prepared statements. Later versions enable prepared statements by default.
    let prepared = if version >= (1, 21) { "max_prepared_statements = 0" } else { "" };
    format!(
        "[databases]
* = host=127.0.0.1 port={} user=postgres{password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 20
max_client_conn = 500
server_tls_sslmode = {mode}
{prepared}
",
        server.port
    )
}
