//! The servers that the attacks use.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::harness::{Api, Authority, NameServer, Receiver, Server, Setup};

/// The only address that the operator of [`World::server`] allows.
pub(super) const ALLOWED: &str = "127.0.0.1";
/// The address of an internal server. The operator does not allow it.
pub(super) const INTERNAL: &str = "127.0.0.2";

pub(super) struct World {
    /// A server that reaches only public addresses.
    pub(super) strict: Server,
    /// A server that also reaches [`ALLOWED`], where the receivers listen.
    pub(super) server: Server,
    /// Like `server`, but it requires handshakes.
    pub(super) with_handshake: Server,
    pub(super) name_server: NameServer,
    pub(super) authority: Authority,
    internal: CountingListener,
    _directory: TempDir,
}

impl World {
    pub(super) async fn start() -> World {
        let directory = TempDir::new().expect("a temporary directory");
        let (authority, file) = Authority::create(directory.path());
        let name_server = NameServer::start().await;
        let (file, names, network) = (file.display().to_string(), name_server.address(), format!("{ALLOWED}/32"));
        let strict = ["--name-server", &names, "--ca-file", &file];
        // Some receivers accept nothing. The limits of new hosts would delay their attempts.
        let no_limits = ["--new-host-attempts", "1000", "--new-host-attempts-per-second", "1000"];
        let allowing = [&strict[..], &no_limits, &["--allow-network", &network]].concat();
        let with_handshake = [&allowing[..], &["--require-handshake"]].concat();
        World {
            strict: Setup::production().flags(&strict).start().await,
            server: Setup::production().flags(&allowing).start().await,
            with_handshake: Setup::production().flags(&with_handshake).start().await,
            name_server,
            authority,
            internal: CountingListener::start(INTERNAL).await,
            _directory: directory,
        }
    }

    /// Starts a receiver at [`ALLOWED`]. It uses HTTP/1.1, so that a response can close the connection.
    pub(super) async fn receiver(&self) -> Receiver {
        Receiver::start_http_1(&self.authority).await
    }

    /// Clients of two accounts that this attack alone uses.
    pub(super) async fn attacker_and_victim(&self, attack: &str) -> (Api, Api) {
        (self.server.api_of(&format!("attacker-{attack}")).await, self.server.api_of(&format!("victim-{attack}")).await)
    }

    /// The address and port where the internal server listens.
    pub(super) fn internal_address(&self) -> SocketAddr {
        self.internal.address
    }

    pub(super) fn internal_connections(&self) -> usize {
        self.internal.connections()
    }
}

pub(super) fn ip(text: &str) -> IpAddr {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// A server that counts connections and drops them.
pub(super) struct CountingListener {
    pub(super) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    accepting: tokio::task::JoinHandle<()>,
}

impl CountingListener {
    pub(super) async fn start(ip: &str) -> CountingListener {
        let listener = TcpListener::bind((ip, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a bound listener");
        let connections = Arc::new(AtomicUsize::new(0));
        let count = connections.clone();
        let accepting = tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
        CountingListener { address, connections, accepting }
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

impl Drop for CountingListener {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
