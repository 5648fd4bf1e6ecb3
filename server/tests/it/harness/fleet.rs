//! Several nodes that work on one PostgreSQL database, each a process of its own.

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

use super::process::{Greeted, Log, drain, spawn_until_greeting};
use super::proxy::Proxy;
use super::{Api, Authority, Receiver, binary, contract, eventually, patiently};

/// The nodes, their database and what they share: the key that secrets are sealed with, and the authority whose
/// certificates receivers have.
pub(crate) struct Fleet {
    nodes: Vec<Node>,
    database: Database,
    /// How nodes and commands find the database.
    store: Vec<String>,
    directory: TempDir,
    token: Option<String>,
}

/// A database of its own, on the server that all tests share or on one that a test may harm.
struct Database {
    of_test: Option<Arc<Cluster>>,
    name: String,
}

struct Node {
    child: Child,
    flags: Vec<String>,
    /// Of one that serves the API.
    proxy: Option<Proxy>,
    /// What it wrote on standard error, over all its starts, and how much of that before the last one.
    log: Log,
    logged_before: usize,
    /// Reads that until it has ended.
    reading: JoinHandle<()>,
}

/// What a test asks of a PostgreSQL server takes the thread that it is asked on.
pub(crate) async fn aside<T: Send + 'static>(ask: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(ask).await.expect("what is asked does not panic")
}

impl Fleet {
    /// No nodes yet, on a new database.
    pub(crate) async fn new() -> Fleet {
        Fleet::with(None).await
    }

    /// The same on a server of the test's own.
    pub(crate) async fn on(cluster: &Arc<Cluster>) -> Fleet {
        Fleet::with(Some(cluster.clone())).await
    }

    async fn with(of_test: Option<Arc<Cluster>>) -> Fleet {
        let database = aside(move || Database::create(of_test)).await;
        let directory = TempDir::new().expect("a temporary directory");
        let fleet = Fleet { nodes: Vec::new(), store: vec!["--store".to_owned(), database.url()], database, directory, token: None };
        DataDir::at(&fleet.shared_dir()).development_authority().expect("an authority");
        fleet.write_master_key("master-key");
        fleet
    }

    /// Nodes that are started from now on, and commands, find the database with these flags.
    pub(crate) fn find_store_with(&mut self, flags: &[&str]) {
        self.store = flags.iter().map(|flag| (*flag).to_owned()).collect();
    }

    /// One more node; answers its number.
    pub(crate) async fn start(&mut self, flags: &[&str]) -> usize {
        self.start_many(1, flags).await;
        self.nodes.len() - 1
    }

    /// So many more nodes, at once, and after the first ones a caller.
    pub(crate) async fn start_many(&mut self, count: usize, flags: &[&str]) {
        self.add(count, flags).await;
        if self.token.is_none() {
            let scopes = Scope::ALL.map(|scope| scope.as_str()).join(",");
            let token = self.command(&["token", "create", "--account", "default", "--scope", &scopes]).await;
            contract::know_token(&token, &Scope::ALL);
            self.token = Some(token);
        }
    }

    /// One more node that nobody is going to call; answers its number.
    pub(crate) async fn start_without_caller(&mut self, flags: &[&str]) -> usize {
        self.add(1, flags).await;
        self.nodes.len() - 1
    }

    async fn add(&mut self, count: usize, flags: &[&str]) {
        let numbers = self.nodes.len()..self.nodes.len() + count;
        let all: Vec<Vec<String>> = numbers.map(|number| self.flags_of(number, flags)).collect();
        let starting = all.into_iter().map(async |flags| {
            let log = Log::default();
            let started = spawn(&flags, &log).await.unwrap_or_else(|error| panic!("a node does not start: {error}"));
            let Started { child, address, reading } = started;
            let proxy = match address {
                Some(address) => Some(Proxy::start(address.parse().expect("an address")).await),
                None => None,
            };
            Node { child, flags, proxy, log, logged_before: 0, reading }
        });
        self.nodes.extend(futures_util::future::join_all(starting).await);
    }

    /// What a node says that does not start.
    pub(crate) async fn refusal(&self, flags: &[&str]) -> String {
        match spawn(&self.flags_of(self.nodes.len(), flags), &Log::default()).await {
            Ok(_) => panic!("it starts"),
            Err(error) => error,
        }
    }

    /// Every flag of a node. What is given counts instead of what all nodes have.
    fn flags_of(&self, number: usize, given: &[&str]) -> Vec<String> {
        let data_dir = self.directory.path().join(format!("node-{number}"));
        std::fs::create_dir_all(&data_dir).expect("a writable directory");
        for name in ["dev-ca.pem", "dev-ca-key.pem"] {
            std::fs::copy(self.shared_dir().join(name), data_dir.join(name)).expect("a writable directory");
        }
        let of_all = [
            ("--master-key-file", self.master_key()),
            ("--data-dir", data_dir.display().to_string()),
            ("--node-name", name_of(number)),
            ("--listen", "127.0.0.1:0".to_owned()),
            ("--operations-listen", "127.0.0.1:0".to_owned()),
        ];
        let of_all = of_all.into_iter().filter(|(flag, _)| !given.contains(flag));
        let of_all = of_all.flat_map(|(flag, value)| [flag.to_owned(), value]);
        let store = if given.contains(&"--store") { Vec::new() } else { self.store.clone() };
        ["--dev".to_owned()].into_iter().chain(store).chain(of_all).chain(given.iter().map(|flag| (*flag).to_owned())).collect()
    }

    /// As a power cut: nothing of it runs on.
    pub(crate) async fn kill(&mut self, node: usize) {
        self.nodes[node].child.kill().await.expect("it is killed");
    }

    /// It does nothing any more, and does not know.
    pub(crate) async fn pause(&self, node: usize) {
        self.signal(node, Signal::STOP);
        // Its other threads go on until one of them has had the time to take the signal.
        let id = self.nodes[node].child.id().expect("it runs");
        eventually("every thread to stop", async || all_stopped(id).then_some(())).await;
    }

    pub(crate) fn resume(&self, node: usize) {
        self.signal(node, Signal::CONT);
    }

    /// Asks for a polite stop.
    pub(crate) fn ask_to_stop(&self, node: usize) {
        self.signal(node, Signal::TERM);
    }

    fn signal(&self, node: usize, signal: Signal) {
        let id = self.nodes[node].child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        kill_process(id.expect("it runs"), signal).expect("it runs");
    }

    /// How it ends by itself, once all that it wrote is in its log.
    pub(crate) async fn end(&mut self, node: usize) -> ExitStatus {
        let Node { child, reading, .. } = &mut self.nodes[node];
        let status = patiently("the node to end", child.wait()).await.expect("it ends");
        patiently("the end of its log", reading).await.expect("reading does not panic");
        status
    }

    /// One that has ended, with the flags that it had. Callers find it where it was.
    pub(crate) async fn start_again(&mut self, node: usize) {
        let Node { child, flags, proxy, log, logged_before, reading } = &mut self.nodes[node];
        *logged_before = log.lock().unwrap_or_else(PoisonError::into_inner).len();
        let started = spawn(flags, log).await.unwrap_or_else(|error| panic!("a node does not start again: {error}"));
        (*child, *reading) = (started.child, started.reading);
        if let (Some(proxy), Some(address)) = (proxy, started.address) {
            proxy.move_to(address.parse().expect("an address"));
        }
    }

    /// The caller of account `default`, with every scope, at one of the nodes.
    pub(crate) fn api(&self, node: usize) -> Api {
        self.api_with(node, self.token.as_deref().expect("a node has been started"))
    }

    pub(crate) fn api_with(&self, node: usize, token: &str) -> Api {
        Api::new(&self.nodes[node].proxy.as_ref().expect("it serves the API").base(), Some(token))
    }

    /// The same without anything between, which keeps its connections.
    pub(crate) fn direct_api(&self, node: usize) -> Api {
        let proxy = self.nodes[node].proxy.as_ref().expect("it serves the API");
        Api::new(&format!("http://{}", proxy.upstream()), self.token.as_deref())
    }

    /// Where health, readiness and metrics of a node are.
    pub(crate) async fn operations(&self, node: usize) -> Api {
        let address = async || {
            let log = self.log(node);
            let (_, rest) = log.get(self.nodes[node].logged_before..)?.split_once("operations: ")?;
            rest.split_once('\n').map(|(address, _)| address.trim().to_owned())
        };
        Api::new(&eventually("the address of operations", address).await, None)
    }

    pub(crate) fn log(&self, node: usize) -> String {
        String::from_utf8_lossy(&self.nodes[node].log.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }

    pub(crate) async fn receiver(&self) -> Receiver {
        Receiver::start(&Authority::of_data_dir(&self.shared_dir())).await
    }

    /// Until every node has said twice more that it lives, and so has heard at least once how many there are.
    pub(crate) async fn heartbeats(&self) {
        let now = self.sql("SELECT clock_timestamp()").await;
        let said_twice = format!("SELECT bool_and(alive_until > timestamptz '{now}' + interval '12.5 seconds') FROM nodes");
        eventually("the nodes to say that they live", async || (self.sql(&said_twice).await == "t").then_some(())).await;
    }

    /// The name under which a node leases; none while it is not one of the nodes.
    pub(crate) async fn incarnation(&self, node: usize) -> String {
        self.sql(&format!("SELECT incarnation FROM nodes WHERE name = '{}'", name_of(node))).await
    }

    /// Runs statements on the database: rows as lines, `|` between values.
    pub(crate) async fn sql(&self, statements: &str) -> String {
        let (of_test, name, statements) = (self.database.of_test.clone(), self.database.name.clone(), statements.to_owned());
        aside(move || server(of_test.as_deref()).execute(&name, &statements)).await.expect("PostgreSQL answers")
    }

    /// Has nobody write to a table until the lock is released.
    pub(crate) async fn lock(&self, table: &str) -> Lock {
        let (client, connection) = tokio_postgres::connect(&self.database.url(), tokio_postgres::NoTls).await.expect("PostgreSQL answers");
        let connection = tokio::spawn(async move { drop(connection.await) });
        client.batch_execute(&format!("BEGIN; LOCK TABLE {table} IN SHARE MODE")).await.expect("nobody else has locked it for long");
        Lock { client, connection }
    }

    /// Until a statement waits for a lock that has these words.
    pub(crate) async fn waits_for_a_lock(&self, words: &str) {
        let waiting = format!(
            "SELECT count(*) > 0 FROM pg_stat_activity
             WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%{words}%'"
        );
        eventually("a statement that waits", async || (self.sql(&waiting).await == "t").then_some(())).await;
    }

    /// Ends every connection to the database, as an administrator does; answers how many there were.
    pub(crate) async fn cut_connections(&self) -> usize {
        let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                   WHERE datname = current_database() AND pid <> pg_backend_pid()";
        self.sql(cut).await.parse().expect("a number")
    }

    /// Where the database is, past what may stand before it.
    pub(crate) fn database_url(&self) -> String {
        self.database.url()
    }

    /// `webhooks-server …` beside the nodes; what it prints, without line end.
    pub(crate) async fn command(&self, arguments: &[&str]) -> String {
        let store: Vec<&str> = self.store.iter().map(String::as_str).collect();
        let Output { status, stdout, stderr } = binary(&[arguments, &store].concat()).await;
        assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
        String::from_utf8(stdout).expect("UTF-8").trim_end().to_owned()
    }

    /// A master key that nobody has yet, as a file.
    pub(crate) fn write_master_key(&self, name: &str) -> String {
        let mut key = [0; 32];
        aws_lc_rs::rand::fill(&mut key).expect("randomness");
        self.write(name, &STANDARD.encode(key))
    }

    fn master_key(&self) -> String {
        self.shared_dir().join("master-key").display().to_string()
    }

    /// A file beside those that all nodes share; answers its path.
    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        let path = self.shared_dir().join(name);
        std::fs::write(&path, text).expect("a writable directory");
        path.display().to_string()
    }

    pub(crate) fn shared_dir(&self) -> PathBuf {
        self.directory.path().join("shared")
    }
}

/// A table that nobody writes to.
pub(crate) struct Lock {
    client: tokio_postgres::Client,
    connection: JoinHandle<()>,
}

impl Lock {
    pub(crate) async fn release(self) {
        self.client.batch_execute("COMMIT").await.expect("PostgreSQL answers");
        drop(self.client);
        self.connection.await.expect("it does not panic");
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for (number, node) in self.nodes.iter_mut().enumerate() {
            let _ = node.child.start_kill();
            if std::thread::panicking() {
                let log = node.log.lock().unwrap_or_else(PoisonError::into_inner);
                eprintln!("{} said:\n{}", name_of(number), String::from_utf8_lossy(&log));
            }
        }
    }
}

impl Database {
    fn create(of_test: Option<Arc<Cluster>>) -> Database {
        let name = server(of_test.as_deref()).create_database().unwrap_or_else(|error| panic!("{error:#}"));
        Database { of_test, name }
    }

    fn url(&self) -> String {
        server(self.of_test.as_deref()).url(&self.name)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // One of the test's own may be down, and goes as a whole.
        if self.of_test.is_none() {
            let _ = shared().drop_database(&self.name);
        }
    }
}

fn server(of_test: Option<&Cluster>) -> &Cluster {
    match of_test {
        Some(cluster) => cluster,
        None => shared(),
    }
}

/// Whether each thread of a process stands still, as proc(5) shows it behind the name in parentheses.
fn all_stopped(process: u32) -> bool {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).expect("it runs");
    let stopped = |stat: String| stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T'));
    threads.flatten().all(|thread| std::fs::read_to_string(thread.path().join("stat")).is_ok_and(stopped))
}

fn name_of(node: usize) -> String {
    format!("node-{node}")
}

struct Started {
    child: Child,
    /// Where it serves the API, if it does.
    address: Option<String>,
    reading: JoinHandle<()>,
}

/// Runs a node until it greets, or else says what it said instead.
async fn spawn(flags: &[String], log: &Log) -> Result<Started, String> {
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let Greeted { child, greeting, output, reading } = spawn_until_greeting(&[], &flags, log).await?;
    drain(output);
    // A node that only delivers listens nowhere.
    let address = webhooks_process::address_in(&greeting).map(str::to_owned);
    Ok(Started { child, address, reading })
}
