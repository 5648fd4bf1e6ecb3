//! Several nodes on one PostgreSQL database, each in its own process.

use std::path::PathBuf;
use std::process::{ExitStatus, Output};
use std::sync::{Arc, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::process::Child;
use tokio::task::JoinHandle;
use webhooks_postgres::{Cluster, shared};
use webhooks_server::node::data_dir::DataDir;
use webhooks_server_api::Scope;

use super::database::MASTER_KEY;
use super::process::{Log, SpawnedServer, drain, spawn_until_listening};
use super::proxy::Proxy;
use super::{Api, Authority, Receiver, contract, eventually, run_binary, with_timeout};

/// The nodes, their database, and the files that they share. These files are the master key and the certificate authority of the
/// receivers.
pub(crate) struct Fleet {
    nodes: Vec<Node>,
    database: Database,
    /// The flags that set the database of nodes and commands.
    store: Vec<String>,
    directory: TempDir,
    token: Option<String>,
}

/// The database of a fleet. It is on the shared cluster, or on `own_cluster`, which the test may damage.
struct Database {
    own_cluster: Option<Arc<Cluster>>,
    name: String,
}

struct Node {
    child: Child,
    flags: Vec<String>,
    /// `None` if the node does not serve the API.
    proxy: Option<Proxy>,
    /// The standard error of all starts.
    log: Log,
    /// The length of `log` before the most recent start.
    log_length_at_start: usize,
    /// The task that reads the standard error of the node until the node closes it.
    log_reader: JoinHandle<()>,
}

/// Runs a blocking call, such as one to a PostgreSQL server, on another thread.
pub(crate) async fn run_blocking<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(run).await.expect("the call does not panic")
}

impl Fleet {
    /// Creates a fleet without nodes, on a new database.
    pub(crate) async fn new() -> Fleet {
        Fleet::with(None).await
    }

    /// Creates a fleet without nodes, on a cluster that only this test uses.
    pub(crate) async fn on(cluster: &Arc<Cluster>) -> Fleet {
        Fleet::with(Some(cluster.clone())).await
    }

    async fn with(own_cluster: Option<Arc<Cluster>>) -> Fleet {
        let database = run_blocking(move || Database::create(own_cluster)).await;
        let directory = TempDir::new().expect("a temporary directory");
        let fleet = Fleet { nodes: Vec::new(), store: vec!["--store".to_owned(), database.url()], database, directory, token: None };
        DataDir::at(&fleet.shared_dir()).development_authority().expect("an authority");
        fleet.write_master_key("master-key");
        fleet
    }

    /// Sets the database flags for all nodes and commands that are started after this call.
    pub(crate) fn set_store_flags(&mut self, flags: &[&str]) {
        self.store = flags.iter().map(|flag| (*flag).to_owned()).collect();
    }

    /// Starts one more node, and returns its number.
    pub(crate) async fn start(&mut self, flags: &[&str]) -> usize {
        self.start_many(1, flags).await;
        self.nodes.len() - 1
    }

    /// Starts `count` more nodes at the same time. Creates an access token if the fleet has none.
    pub(crate) async fn start_many(&mut self, count: usize, flags: &[&str]) {
        self.add(count, flags).await;
        if self.token.is_none() {
            let scopes: Vec<&str> = Scope::ALL.into_iter().filter(|scope| scope.for_account()).map(Scope::as_str).collect();
            let scopes = scopes.join(",");
            let create = ["token", "create", "--account", "default", "--scope", &scopes];
            let keys: Vec<&str> = flags.windows(2).filter(|pair| pair[0] == MASTER_KEY).flatten().copied().collect();
            let token = self.command(&[&create[..], &keys].concat()).await;
            contract::register_token(&token, false, &Scope::ALL);
            self.token = Some(token);
        }
    }

    /// Starts one more node, and returns its number. Does not create an access token.
    pub(crate) async fn start_without_token(&mut self, flags: &[&str]) -> usize {
        self.add(1, flags).await;
        self.nodes.len() - 1
    }

    async fn add(&mut self, count: usize, flags: &[&str]) {
        let numbers = self.nodes.len()..self.nodes.len() + count;
        let all: Vec<Vec<String>> = numbers.map(|number| self.flags_of(number, flags)).collect();
        let starting = all.into_iter().map(async |flags| {
            let log = Log::default();
            let started = spawn(&flags, &log).await.unwrap_or_else(|error| panic!("a node does not start: {error}"));
            let Started { child, address, log_reader } = started;
            let proxy = match address {
                Some(address) => Some(Proxy::start(address.parse().expect("an address")).await),
                None => None,
            };
            Node { child, flags, proxy, log, log_length_at_start: 0, log_reader }
        });
        self.nodes.extend(futures_util::future::join_all(starting).await);
    }

    /// Starts a node that must fail to start, and returns its error.
    pub(crate) async fn start_error(&self, flags: &[&str]) -> String {
        match spawn(&self.flags_of(self.nodes.len(), flags), &Log::default()).await {
            Ok(_) => panic!("the node starts"),
            Err(error) => error,
        }
    }

    /// Returns all flags of a node. The given flags override the common flags.
    fn flags_of(&self, number: usize, given: &[&str]) -> Vec<String> {
        let data_dir = self.directory.path().join(format!("node-{number}"));
        std::fs::create_dir_all(&data_dir).expect("a writable directory");
        for name in ["dev-ca.pem", "dev-ca-key.pem"] {
            std::fs::copy(self.shared_dir().join(name), data_dir.join(name)).expect("a writable directory");
        }
        let common_flags = [
            (MASTER_KEY, self.master_key()),
            ("--data-dir", data_dir.display().to_string()),
            ("--node-name", name_of(number)),
            ("--listen", "127.0.0.1:0".to_owned()),
            ("--admin-listen", "127.0.0.1:0".to_owned()),
        ];
        let common_flags = common_flags.into_iter().filter(|(flag, _)| !given.contains(flag));
        let common_flags = common_flags.flat_map(|(flag, value)| [flag.to_owned(), value]);
        let store = if given.contains(&"--store") { Vec::new() } else { self.store.clone() };
        ["--dev".to_owned()].into_iter().chain(store).chain(common_flags).chain(given.iter().map(|flag| (*flag).to_owned())).collect()
    }

    /// Kills the process (SIGKILL), so that it cannot stop gracefully.
    pub(crate) async fn kill(&mut self, node: usize) {
        self.nodes[node].child.kill().await.expect("the kill succeeds");
    }

    /// Kills the process (SIGKILL) without waiting for its exit.
    pub(crate) fn kill_without_waiting(&self, node: usize) {
        self.signal(node, Signal::KILL);
    }

    /// Suspends the process (SIGSTOP).
    pub(crate) async fn pause(&self, node: usize) {
        self.signal(node, Signal::STOP);
        // The threads of the process do not stop at the same time, so the test waits for all of them.
        let id = self.nodes[node].child.id().expect("a running process");
        eventually("every thread to stop", async || all_stopped(id).then_some(())).await;
    }

    pub(crate) fn resume(&self, node: usize) {
        self.signal(node, Signal::CONT);
    }

    /// Asks for a graceful stop (SIGTERM).
    pub(crate) fn request_stop(&self, node: usize) {
        self.signal(node, Signal::TERM);
    }

    fn signal(&self, node: usize, signal: Signal) {
        let id = self.nodes[node].child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        kill_process(id.expect("a running process"), signal).expect("the signal is sent");
    }

    /// Waits for the exit and for the end of the log.
    pub(crate) async fn wait_for_exit(&mut self, node: usize) -> ExitStatus {
        let Node { child, log_reader, .. } = &mut self.nodes[node];
        let status = with_timeout("the node to exit", child.wait()).await.expect("an exit status");
        with_timeout("the end of its log", log_reader).await.expect("the log reader does not panic");
        status
    }

    /// Starts an exited node again with the same flags. Its proxy's address stays the same.
    pub(crate) async fn start_again(&mut self, node: usize) {
        let Node { child, flags, proxy, log, log_length_at_start, log_reader } = &mut self.nodes[node];
        *log_length_at_start = log.lock().unwrap_or_else(PoisonError::into_inner).len();
        let started = spawn(flags, log).await.unwrap_or_else(|error| panic!("a node does not start again: {error}"));
        (*child, *log_reader) = (started.child, started.log_reader);
        if let (Some(proxy), Some(address)) = (proxy, started.address) {
            proxy.set_upstream(address.parse().expect("an address"));
        }
    }

    /// A client that calls the API of one node, with a token of account `default` and every scope.
    pub(crate) fn api(&self, node: usize) -> Api {
        self.api_with(node, self.token.as_deref().expect("a node was started"))
    }

    pub(crate) fn api_with(&self, node: usize, token: &str) -> Api {
        Api::new(&self.nodes[node].proxy.as_ref().expect("an API listener").base(), Some(token))
    }

    /// Like [`Fleet::api`], but the client calls the node without the proxy, and reuses its connections.
    pub(crate) fn direct_api(&self, node: usize) -> Api {
        let proxy = self.nodes[node].proxy.as_ref().expect("an API listener");
        Api::new(&format!("http://{}", proxy.upstream()), self.token.as_deref())
    }

    /// A client for health, readiness and metrics of a node.
    pub(crate) async fn admin_api(&self, node: usize) -> Api {
        let address = async || {
            let log = self.log(node);
            let (_, rest) = log.get(self.nodes[node].log_length_at_start..)?.split_once("admin: ")?;
            rest.split_once([',', '\n']).map(|(address, _)| address.trim().to_owned())
        };
        Api::new(&eventually("the address of the admin listener", address).await, None)
    }

    pub(crate) fn log(&self, node: usize) -> String {
        String::from_utf8_lossy(&self.nodes[node].log.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }

    /// Waits until the log of the node contains the text. The node writes its log in a thread of its own.
    pub(crate) async fn logged(&self, node: usize, text: &str) {
        eventually(text, async || self.log(node).contains(text).then_some(())).await;
    }

    pub(crate) async fn receiver(&self) -> Receiver {
        Receiver::start(&Authority::of_data_dir(&self.shared_dir())).await
    }

    /// Waits until every node has sent two more heartbeats. After these heartbeats, every node knows the current number
    /// of nodes.
    pub(crate) async fn wait_for_heartbeats(&self) {
        let now = self.sql("SELECT clock_timestamp()").await;
        let sent_twice = format!("SELECT bool_and(alive_until > timestamptz '{now}' + interval '12.5 seconds') FROM nodes");
        eventually("two heartbeats of every node", async || (self.sql(&sent_twice).await == "t").then_some(())).await;
    }

    /// The incarnation of the node, to which its leases belong. The text is empty while the node is not in the table `nodes`.
    pub(crate) async fn incarnation(&self, node: usize) -> String {
        self.sql(&format!("SELECT incarnation FROM nodes WHERE name = '{}'", name_of(node))).await
    }

    /// Runs SQL on the database. Returns rows as lines, with `|` between values.
    pub(crate) async fn sql(&self, statements: &str) -> String {
        let (own_cluster, name, statements) = (self.database.own_cluster.clone(), self.database.name.clone(), statements.to_owned());
        run_blocking(move || server(own_cluster.as_deref()).execute(&name, &statements)).await.expect("PostgreSQL responds")
    }

    /// Blocks writes to a table until the lock is released.
    pub(crate) async fn lock(&self, table: &str) -> Lock {
        let (client, connection) = tokio_postgres::connect(&self.database.url(), tokio_postgres::NoTls).await.expect("PostgreSQL responds");
        let connection = tokio::spawn(async move { drop(connection.await) });
        client.batch_execute(&format!("BEGIN; LOCK TABLE {table} IN SHARE MODE")).await.expect("the lock is granted");
        Lock { client, connection }
    }

    /// Waits until PostgreSQL runs a statement that contains these words and waits for a lock.
    pub(crate) async fn wait_for_blocked_statement(&self, words: &str) {
        let waiting = format!(
            "SELECT count(*) > 0 FROM pg_stat_activity
             WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%{words}%'"
        );
        eventually("a statement that waits", async || (self.sql(&waiting).await == "t").then_some(())).await;
    }

    /// Terminates every other connection to the database, and returns their number.
    pub(crate) async fn terminate_connections(&self) -> usize {
        let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                   WHERE datname = current_database() AND pid <> pg_backend_pid()";
        self.sql(cut).await.parse().expect("a number")
    }

    /// The URL for direct connections to the database, without a pooler.
    pub(crate) fn database_url(&self) -> String {
        self.database.url()
    }

    /// Runs `webhooks-server …` while the nodes are running. Returns its standard output without the line end. If the
    /// arguments set the master key, they replace the default.
    pub(crate) async fn command(&self, arguments: &[&str]) -> String {
        let key = self.master_key();
        let default_key = [MASTER_KEY, &key].into_iter().filter(|_| !arguments.contains(&MASTER_KEY));
        let flags: Vec<&str> = self.store.iter().map(String::as_str).chain(default_key).collect();
        let Output { status, stdout, stderr } = run_binary(&[arguments, &flags].concat()).await;
        assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
        String::from_utf8(stdout).expect("UTF-8").trim_end().to_owned()
    }

    pub(crate) fn write_master_key(&self, name: &str) -> String {
        let mut key = [0; 32];
        aws_lc_rs::rand::fill(&mut key).expect("randomness");
        self.write(name, &STANDARD.encode(key))
    }

    fn master_key(&self) -> String {
        self.shared_dir().join("master-key").display().to_string()
    }

    /// Writes a file to the shared directory, and returns its path.
    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        let path = self.shared_dir().join(name);
        super::write_private(&path, text);
        path.display().to_string()
    }

    pub(crate) fn shared_dir(&self) -> PathBuf {
        self.directory.path().join("shared")
    }
}

/// A lock that prevents writes to a table.
pub(crate) struct Lock {
    client: tokio_postgres::Client,
    connection: JoinHandle<()>,
}

impl Lock {
    pub(crate) async fn release(self) {
        self.client.batch_execute("COMMIT").await.expect("PostgreSQL responds");
        drop(self.client);
        self.connection.await.expect("the connection task does not panic");
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for (number, node) in self.nodes.iter_mut().enumerate() {
            let _ = node.child.start_kill();
            if std::thread::panicking() {
                let log = node.log.lock().unwrap_or_else(PoisonError::into_inner);
                eprintln!("log of {}:\n{}", name_of(number), String::from_utf8_lossy(&log));
            }
        }
    }
}

impl Database {
    fn create(own_cluster: Option<Arc<Cluster>>) -> Database {
        let name = server(own_cluster.as_deref()).create_database().unwrap_or_else(|error| panic!("{error:#}"));
        Database { own_cluster, name }
    }

    fn url(&self) -> String {
        server(self.own_cluster.as_deref()).url(&self.name)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // A cluster that only this test uses may be down. Such a cluster is removed together with its databases.
        if self.own_cluster.is_none() {
            let _ = shared().drop_database(&self.name);
        }
    }
}

fn server(own_cluster: Option<&Cluster>) -> &Cluster {
    match own_cluster {
        Some(cluster) => cluster,
        None => shared(),
    }
}

/// Whether every thread of a process is stopped. The file `stat` has the state after the name in parentheses (proc(5)).
fn all_stopped(process: u32) -> bool {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).expect("a running process");
    let stopped = |stat: String| stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T'));
    threads.flatten().all(|thread| std::fs::read_to_string(thread.path().join("stat")).is_ok_and(stopped))
}

fn name_of(node: usize) -> String {
    format!("node-{node}")
}

struct Started {
    child: Child,
    /// The API's address, if the node serves the API.
    address: Option<String>,
    log_reader: JoinHandle<()>,
}

/// Starts a node, and waits for its first line of output. If the node exits without output, returns its log as the error.
async fn spawn(flags: &[String], log: &Log) -> Result<Started, String> {
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let SpawnedServer { child, startup_output, output, log_reader } = spawn_until_listening(&[], &flags, log).await?;
    drain(output, Log::default());
    // A node that only delivers has no API address.
    let address = webhooks_process::address_in(&startup_output).map(str::to_owned);
    Ok(Started { child, address, log_reader })
}
