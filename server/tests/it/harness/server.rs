//! A server under test in this process.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use tempfile::TempDir;
use webhooks_server::cli::CommandLine;
use webhooks_server::clock::Clock;
use webhooks_server::config::Settings;
use webhooks_server::secrets::access_token::new_token;
use webhooks_server::secrets::access_token::token_hash;
use webhooks_server_api::Scope;
use webhooks_server_api::types::Account;

use super::log::CapturedLog;
use super::proxy::Proxy;
use super::{Api, Authority, Database, Receiver, TokenEndpoint, contract};

/// How a server is to be started.
pub(crate) struct Setup {
    flags: Vec<String>,
    clock: Clock,
    embedded: bool,
    /// Beside what an empty store takes up.
    room: Option<u64>,
    data_dir: TempDir,
}

impl Setup {
    /// As `--dev`: loopback callbacks, trusting the data directory's own authority.
    pub(crate) fn dev() -> Setup {
        Setup::strict().flags(&["--dev"])
    }

    /// As in production: no address but public ones.
    pub(crate) fn strict() -> Setup {
        let data_dir = TempDir::new().expect("a temporary directory");
        Setup { flags: Vec::new(), clock: Clock::system(), embedded: false, room: None, data_dir }
    }

    /// On the embedded store, whatever this run is on.
    pub(crate) fn embedded(self) -> Setup {
        Setup { embedded: true, ..self }
    }

    /// With a store that is full when it has taken so many bytes.
    pub(crate) fn room(self, bytes: u64) -> Setup {
        Setup { room: Some(bytes), ..self }
    }

    pub(crate) fn flags(mut self, flags: &[&str]) -> Setup {
        self.flags.extend(flags.iter().map(|flag| (*flag).to_owned()));
        self
    }

    /// With this catalogue of event types.
    pub(crate) fn event_types(self, catalogue: &Value) -> Setup {
        let file = self.data_dir.path().join("event-types.json");
        std::fs::write(&file, catalogue.to_string()).expect("a writable directory");
        self.flags(&["--event-types-file", &file.display().to_string()])
    }

    /// Time stands still until the test moves it.
    pub(crate) fn manual_clock(mut self) -> Setup {
        let start = DateTime::parse_from_rfc3339("2026-01-02T15:04:05Z").expect("a time").to_utc();
        self.clock = Clock::manual(start);
        self
    }

    pub(crate) async fn start(mut self) -> Server {
        let data_dir = self.data_dir.path();
        let database = if self.embedded { Database::embedded(data_dir) } else { Database::new(data_dir) };
        database.prepare(&self.flags, self.clock.now()).await;
        if let Some(room) = self.room {
            self.flags.extend(["--max-bytes".to_owned(), (database.empty_bytes().await + room).to_string()]);
        }
        let log = CapturedLog::default();
        let settings = settings(&database, &self.flags);
        let running = webhooks_server::node::server::Server::start(settings, self.clock.clone(), log.logger()).await;
        let running = running.unwrap_or_else(|error| panic!("the server does not start: {error:#}"));
        let proxy = Proxy::start(running.address().expect("it serves the API")).await;
        Server { proxy, running: Some(running), log, setup: self, database }
    }
}

const OPERATIONS_LISTEN: &str = "--operations-listen";

fn settings(database: &Database, flags: &[String]) -> Settings {
    let of_database = database.flags(flags);
    let fixed = ["webhooks-server", "--listen", "127.0.0.1:0"];
    // Tests run at the same time, and the default is one port.
    let operations = if flags.iter().any(|flag| flag == OPERATIONS_LISTEN) { &[][..] } else { &[OPERATIONS_LISTEN, "127.0.0.1:0"] };
    let arguments = fixed.iter().chain(operations).copied().chain(of_database.iter().chain(flags).map(String::as_str)).map(OsString::from);
    CommandLine::load(arguments).unwrap_or_else(|error| panic!("{error}")).settings
}

pub(crate) struct Server {
    // Dropped first, so that a broken contract is the failure that is shown.
    proxy: Proxy,
    running: Option<webhooks_server::node::server::Server>,
    log: CapturedLog,
    setup: Setup,
    database: Database,
}

impl Server {
    pub(crate) async fn start() -> Server {
        Setup::dev().start().await
    }

    /// The caller that a first start makes: account `default`, every scope.
    pub(crate) fn api(&self) -> Api {
        let token = std::fs::read_to_string(self.file("access-token")).expect("a first start writes it");
        contract::know_token(token.trim(), &Scope::ALL);
        self.api_with(token.trim())
    }

    pub(crate) fn api_with(&self, token: &str) -> Api {
        Api::new(&self.proxy.base(), Some(token))
    }

    pub(crate) fn api_without_token(&self) -> Api {
        Api::new(&self.proxy.base(), None)
    }

    /// A caller of an account with every scope.
    pub(crate) async fn api_of(&self, account: &str) -> Api {
        self.api_with(&self.token(Some(account), &Scope::ALL, None).await)
    }

    /// A platform caller with every scope that it may have.
    pub(crate) async fn platform(&self) -> Api {
        let scopes: Vec<Scope> = Scope::ALL.into_iter().filter(|scope| scope.for_platform()).collect();
        self.api_with(&self.token(None, &scopes, None).await)
    }

    /// Makes an access token beside the running server, as `webhooks-server token create` does.
    pub(crate) async fn token(&self, account: Option<&str>, scopes: &[Scope], expires_at: Option<DateTime<Utc>>) -> String {
        let account = account.map(|account| Account::parse(account).expect("an account"));
        let (token, secret) = new_token(account.clone(), scopes, self.now(), expires_at).expect("a token");
        self.database.store().await.create_token(token, token_hash(&secret)).await.expect("a stored token");
        let counts = |scope: &&Scope| account.is_some() || scope.for_platform();
        contract::know_token(&secret, &scopes.iter().filter(counts).copied().collect::<Vec<_>>());
        secret
    }

    /// Where callers reach it.
    pub(crate) fn base(&self) -> String {
        self.proxy.base()
    }

    /// Where it really listens, past the proxy.
    pub(crate) fn address(&self) -> SocketAddr {
        self.running.as_ref().expect("it runs").address().expect("it serves the API")
    }

    /// Where health, readiness and metrics are.
    pub(crate) fn operations(&self) -> Api {
        let address = self.running.as_ref().expect("it runs").operations_address().expect("it has the listener");
        Api::new(&format!("http://{address}"), None)
    }

    pub(crate) fn authority(&self) -> Authority {
        Authority::of_data_dir(self.data_dir())
    }

    pub(crate) async fn receiver(&self) -> Receiver {
        Receiver::start(&self.authority()).await
    }

    pub(crate) async fn token_endpoint(&self, client_id: &str, client_secret: &str) -> TokenEndpoint {
        TokenEndpoint::start(&self.authority(), client_id, client_secret).await
    }

    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    pub(crate) fn data_dir(&self) -> &Path {
        self.setup.data_dir.path()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.data_dir().join(name)
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.setup.clock.now()
    }

    pub(crate) fn advance(&self, by: TimeDelta) {
        self.setup.clock.advance(by);
    }

    /// Everything that the server logged so far, at the lowest level.
    pub(crate) fn log(&self) -> String {
        self.log.text()
    }

    /// Every answer's headers and body so far.
    pub(crate) fn answers(&self) -> Vec<u8> {
        self.proxy.answers()
    }

    /// Stops in good order and starts again on the same data; callers find it where it was.
    pub(crate) async fn restart(&mut self) {
        self.stop().await;
        self.start_again().await;
    }

    /// After it was stopped.
    pub(crate) async fn start_again(&mut self) {
        let settings = settings(&self.database, &self.setup.flags);
        let started = webhooks_server::node::server::Server::start(settings, self.setup.clock.clone(), self.log.logger()).await;
        let running = started.unwrap_or_else(|error| panic!("the server does not start again: {error:#}"));
        self.proxy.move_to(running.address().expect("it serves the API"));
        self.running = Some(running);
    }

    pub(crate) async fn stop(&mut self) {
        self.running.take().expect("it runs").stop().await.expect("it stops");
    }
}
