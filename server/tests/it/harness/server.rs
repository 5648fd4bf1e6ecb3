//! A server under test that runs in this process.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use tempfile::TempDir;
use webhooks_server::cli::CommandLine;
use webhooks_server::clock::Clock;
use webhooks_server::config::Settings;
use webhooks_server::secrets::access_token::{new_token, token_hash};
use webhooks_server::store::token_created;
use webhooks_server_api::Scope;
use webhooks_server_api::types::{Account, AuditEvent};

use super::log::CapturedLog;
use super::proxy::Proxy;
use super::{Api, Authority, Database, Receiver, TokenEndpoint, contract};

/// The configuration of a server that a test will start.
pub(crate) struct Setup {
    flags: Vec<String>,
    clock: Clock,
    embedded: bool,
    /// Maximum number of bytes that the store may add to its initial size.
    capacity: Option<u64>,
    data_dir: TempDir,
}

impl Setup {
    /// Returns a setup with `--dev`: the server allows callbacks to loopback addresses, and trusts its development authority.
    pub(crate) fn dev() -> Setup {
        Setup::production().flags(&["--dev"])
    }

    /// Returns a setup without `--dev`: the server allows callbacks only to public addresses.
    pub(crate) fn production() -> Setup {
        let data_dir = TempDir::new().expect("a temporary directory");
        Setup { flags: Vec::new(), clock: Clock::system(), embedded: false, capacity: None, data_dir }
    }

    /// Uses the embedded store, even if the test run uses PostgreSQL.
    pub(crate) fn embedded(self) -> Setup {
        Setup { embedded: true, ..self }
    }

    /// Limits the store to its initial size plus `bytes`.
    pub(crate) fn capacity(self, bytes: u64) -> Setup {
        Setup { capacity: Some(bytes), ..self }
    }

    pub(crate) fn flags(mut self, flags: &[&str]) -> Setup {
        self.flags.extend(flags.iter().map(|flag| (*flag).to_owned()));
        self
    }

    /// Returns the path of a file in the data directory of the server.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.data_dir.path().join(name)
    }

    /// Sets the catalogue of event types.
    pub(crate) fn event_types(self, catalogue: &Value) -> Setup {
        let file = self.data_dir.path().join("event-types.json");
        std::fs::write(&file, catalogue.to_string()).expect("a writable directory");
        self.flags(&["--event-types-file", &file.display().to_string()])
    }

    /// Uses a clock that only the test advances.
    pub(crate) fn manual_clock(mut self) -> Setup {
        let start = DateTime::parse_from_rfc3339("2026-01-02T15:04:05Z").expect("a time").to_utc();
        self.clock = Clock::manual(start);
        self
    }

    pub(crate) async fn start(mut self) -> Server {
        let data_dir = self.data_dir.path();
        let database = if self.embedded { Database::embedded(data_dir) } else { Database::new(data_dir) };
        database.prepare(&self.flags, self.clock.now()).await;
        if let Some(capacity) = self.capacity {
            self.flags.extend(["--max-bytes".to_owned(), (database.empty_bytes().await + capacity).to_string()]);
        }
        let log = CapturedLog::default();
        let settings = settings(&database, &self.flags);
        let running = webhooks_server::node::server::Server::start(settings, self.clock.clone(), log.logger()).await;
        let running = running.unwrap_or_else(|error| panic!("the server does not start: {error:#}"));
        let proxy = Proxy::start(running.address().expect("an API listener")).await;
        Server { proxy, running: Some(running), log, setup: self, database }
    }
}

const ADMIN_LISTEN_FLAG: &str = "--admin-listen";

fn settings(database: &Database, flags: &[String]) -> Settings {
    let database_flags = database.flags(flags);
    let fixed = ["webhooks-server", "--listen", "127.0.0.1:0"];
    // Tests run at the same time, so they cannot all use the default port.
    let admin_flags = if flags.iter().any(|flag| flag == ADMIN_LISTEN_FLAG) { &[][..] } else { &[ADMIN_LISTEN_FLAG, "127.0.0.1:0"] };
    let arguments =
        fixed.iter().chain(admin_flags).copied().chain(database_flags.iter().chain(flags).map(String::as_str)).map(OsString::from);
    CommandLine::load(arguments).unwrap_or_else(|error| panic!("{error}")).settings
}

pub(crate) struct Server {
    // The proxy is dropped first, so that a contract violation is reported before other failures.
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

    /// A client with the token from the first start. The token belongs to account `default`, and has every scope.
    pub(crate) fn api(&self) -> Api {
        let token = std::fs::read_to_string(self.file("access-token")).expect("a first start writes it");
        let scopes: Vec<Scope> = Scope::ALL.into_iter().filter(|scope| scope.for_account()).collect();
        contract::register_token(token.trim(), false, &scopes);
        self.api_with(token.trim())
    }

    pub(crate) fn api_with(&self, token: &str) -> Api {
        Api::new(&self.proxy.base(), Some(token))
    }

    pub(crate) fn api_without_token(&self) -> Api {
        Api::new(&self.proxy.base(), None)
    }

    /// A client with a new token of an account. The token has every scope.
    pub(crate) async fn api_of(&self, account: &str) -> Api {
        self.api_with(&self.token(Some(account), &Scope::ALL, None).await)
    }

    /// A client with a new platform token. The token has every scope that a platform token may have.
    pub(crate) async fn platform(&self) -> Api {
        let scopes: Vec<Scope> = Scope::ALL.into_iter().filter(|scope| scope.for_platform()).collect();
        self.api_with(&self.token(None, &scopes, None).await)
    }

    /// Creates an access token while the server is running, like `webhooks-server token create`.
    pub(crate) async fn token(&self, account: Option<&str>, scopes: &[Scope], expires_at: Option<DateTime<Utc>>) -> String {
        self.named_token("harness", account, scopes, expires_at).await
    }

    /// Like [`Server::token`], with the name of the token.
    pub(crate) async fn named_token(
        &self,
        name: &str,
        account: Option<&str>,
        scopes: &[Scope],
        expires_at: Option<DateTime<Utc>>,
    ) -> String {
        let account = account.map(|account| Account::parse(account).expect("an account"));
        let name = name.parse().expect("a name");
        let (store, vault) = self.database.store_with_vault(&self.setup.flags).await;
        let (token, secret) = new_token(&vault, &name, account.clone(), scopes, self.now(), expires_at).expect("a token");
        let mut event = token_created(&token, AuditEvent::OPERATOR);
        event.details.user = Some("tester".to_owned());
        store.create_token(token, &event).await.expect("a stored token");
        let counts = |scope: &&Scope| if account.is_some() { scope.for_account() } else { scope.for_platform() };
        contract::register_token(&secret, account.is_none(), &scopes.iter().filter(counts).copied().collect::<Vec<_>>());
        secret
    }

    /// Revokes an access token while the server is running, like `webhooks-server token revoke`.
    pub(crate) async fn revoke_token(&self, secret: &str) {
        let store = self.database.store().await;
        let token = store.find_token(token_hash(secret)).await.expect("a readable store").expect("a stored token");
        let event = AuditEvent::new("token.revoked", AuditEvent::OPERATOR, self.now());
        assert!(store.revoke_token(token.id, self.now(), &event).await.expect("a revoked token"));
    }

    /// Returns an access token that this server may have created, and that its store does not have.
    pub(crate) async fn unknown_token(&self) -> String {
        let (_, vault) = self.database.store_with_vault(&self.setup.flags).await;
        let account = Account::parse("ours").expect("an account");
        new_token(&vault, &"unknown".parse().expect("a name"), Some(account), &Scope::ALL, self.now(), None).expect("a token").1
    }

    /// The base URL of the proxy.
    pub(crate) fn base(&self) -> String {
        self.proxy.base()
    }

    /// The address where the server itself listens, without the proxy.
    pub(crate) fn address(&self) -> SocketAddr {
        self.running.as_ref().expect("a running server").address().expect("an API listener")
    }

    /// A client for health, readiness and metrics.
    pub(crate) fn admin_api(&self) -> Api {
        let address = self.running.as_ref().expect("a running server").admin_address().expect("an admin listener");
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

    /// All log messages of the server until now, at every level.
    pub(crate) fn log(&self) -> String {
        self.log.text()
    }

    /// The log lines about an event, as JSON objects.
    pub(crate) fn events(&self, event: &str) -> Vec<Value> {
        let lines = self.log();
        let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON"));
        lines.filter(|line| line["event"] == event).collect()
    }

    /// The headers and body of every response until now.
    pub(crate) fn responses(&self) -> Vec<u8> {
        self.proxy.responses()
    }

    /// Stops gracefully and starts again on the same data. The proxy's address stays the same.
    pub(crate) async fn restart(&mut self) {
        self.stop().await;
        self.start_again().await;
    }

    pub(crate) async fn start_again(&mut self) {
        let settings = settings(&self.database, &self.setup.flags);
        let started = webhooks_server::node::server::Server::start(settings, self.setup.clock.clone(), self.log.logger()).await;
        let running = started.unwrap_or_else(|error| panic!("the server does not start again: {error:#}"));
        self.proxy.set_upstream(running.address().expect("an API listener"));
        self.running = Some(running);
    }

    pub(crate) async fn stop(&mut self) {
        self.running.take().expect("a running server").stop().await.expect("the server stops");
    }
}
