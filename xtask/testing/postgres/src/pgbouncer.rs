//! PgBouncer in front of a server, as many have it.

use anyhow::{Context as _, Result, ensure};

use crate::binaries::find_pgbouncer;
use crate::cluster::Cluster;
use crate::place::{Place, Storage};
use crate::sql::Access;
use crate::supervised::{PATIENCE, Supervised, on_free_port, wait_for};

/// A pool that gives a connection to a client for one transaction at a time. The next one may get another connection: what
/// belongs to a session, such as prepared statements, advisory locks and LISTEN, does not work through it.
///
/// It ends as a [Cluster] does.
#[derive(Debug)]
pub struct PgBouncer {
    // In this order, as the directory is removed after whom it belongs to has ended.
    _server: Supervised,
    place: Place,
    access: Access,
}

impl PgBouncer {
    /// # Errors
    /// When it is not installed, or does not start.
    pub fn start(cluster: &Cluster) -> Result<PgBouncer> {
        let (program, version) = find_pgbouncer()?;
        let place = Place::new(&Storage::Memory)?;
        let (port, server) = on_free_port(&place, |port| {
            let file = place.write("pgbouncer.ini", &configuration(&cluster.access, version, port))?;
            let file = file.to_str().context("the path of the directory is not Unicode")?;
            let server = Supervised::start(&place, &program, &[file])?;
            // Anybody may answer at the port, but only this one writes its log.
            let listens = format!("listening on 127.0.0.1:{port}");
            wait_for("PgBouncer to start", PATIENCE, || {
                let log = place.said();
                ensure!(server.runs(), "PgBouncer ended at once: {log}");
                Ok(log.contains(&listens).then_some(()))
            })?;
            Ok(server)
        })?;
        let access = Access { port, encrypted: false, password: None };
        Ok(PgBouncer { _server: server, place, access })
    }

    /// Where a client finds a database of the server through this.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        self.access.url(database)
    }

    /// What it has said.
    #[must_use]
    pub fn log(&self) -> String {
        self.place.said()
    }
}

/// Every database of the server, for anybody.
fn configuration(server: &Access, version: (u32, u32), port: u16) -> String {
    let password = server.password.as_ref().map(|password| format!(" password='{}'", password.replace('\'', "''"))).unwrap_or_default();
    let mode = if server.encrypted { "require" } else { "disable" };
    // Version 1.21 can keep prepared statements apart, and later ones do so unasked. Who runs an older one has to be served too.
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
