//! A running node: the API, the engine and the store.

use std::fs::File;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context as _;
use chrono::TimeDelta;
use dropshot::ConfigDropshot;
use slog::Logger;
use tokio::task::JoinSet;

use crate::audit_log::AuditLog;
use crate::clock::Clock;
use crate::config::{Role, Settings};
use crate::delivery::guard::{Guard, NewHosts};
use crate::delivery::{Engine, StoreMonitor};
use crate::http::access_tokens::AccessTokens;
use crate::http::client_address::TrustedProxies;
use crate::http::contexts::Contexts;
use crate::http::dispatch::Dispatcher;
use crate::http::rate_limit::Limit;
use crate::http::refused_requests::RefusedRequests;
use crate::http::service_status::ServiceStatus;
use crate::http::{App, SampledLines, routes};
use crate::metrics::Metrics;
use crate::model::event_types::Catalogue;
use crate::model::{Rate, StoredToken};
use crate::node::admin::AdminListener;
use crate::node::audit::Audit;
use crate::node::data_dir::DataDir;
use crate::node::descriptors::Descriptors;
use crate::node::listener::tls::ApiCertificate;
use crate::node::listener::{self, Limits, Listener, Timeouts};
use crate::node::open_store::{self, Opened};
use crate::node::watch::Watch;
use crate::node::{otlp, outbound};
use crate::secrets::access_token::token_hash;
use crate::secrets::private_file;
use crate::slots::{Caps, NewHost, Slots};
use crate::store::{DeactivationPolicy, Store};

/// Maximum time that a stopping server waits for the end of requests to the admin listener.
const ADMIN_CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Maximum time that a stopping server needs to store when access tokens were last used.
const STORE_USES_TIMEOUT: Duration = Duration::from_secs(1);

/// Maximum time that a stopping server waits until the last spans are sent.
const STOP_SPANS_TIMEOUT: Duration = Duration::from_secs(2);

/// What to do if the database has no access token.
const CREATE_TOKEN: &str = "
There is no access token yet. Create one, with the same settings of the store and the master key as this server:

webhooks-server token create --account ACCOUNT --scope webhooks.write --scope webhooks.read
webhooks-server token create --platform --scope notifications.publish
";

/// Maximum number of requests to the API that are in progress. Further requests wait.
const MAX_REQUESTS: usize = 1024;

pub struct Server {
    /// The listener of the API. It is `None` if this node only delivers.
    http: Option<Listener<App>>,
    admin: AdminListener,
    engine: Arc<Engine>,
    access_tokens: Arc<AccessTokens>,
    /// The tasks that watch the store, store the last uses of access tokens and read renewed certificates. They end when
    /// this set is dropped.
    maintenance: JoinSet<()>,
    certificate: Option<Arc<ApiCertificate>>,
    drain_delay: Duration,
    drain_timeout: Duration,
    access_token_file: PathBuf,
    next_step: Option<NextStep>,
    audit: Audit,
    log: Logger,
    /// The lock of the data directory.
    _lock: Option<File>,
}

/// What the operator has to do before the API can be used.
#[derive(Clone, Copy, PartialEq, Eq)]
enum NextStep {
    /// Use the first access token, which is in a file.
    UseFirstToken,
    /// Create an access token.
    CreateToken,
}

impl NextStep {
    /// The first access token stays the next step until a request has used it. A start can fail after it has created the
    /// token, for example because the port is in use.
    async fn find(store: &dyn Store, first_token: &Path) -> anyhow::Result<Option<NextStep>> {
        let tokens = store.list_tokens().await.context("cannot read the access tokens")?;
        if tokens.is_empty() {
            return Ok(Some(NextStep::CreateToken));
        }
        let Some(secret) = private_file::read_secret(first_token, "access token file").ok().flatten() else { return Ok(None) };
        let hash = token_hash(secret.trim());
        let is_unused = |token: &StoredToken| token.hash == hash && token.last_used_at.is_none() && token.revoked_at.is_none();
        Ok(tokens.iter().any(is_unused).then_some(NextStep::UseFirstToken))
    }
}

impl Server {
    /// Starts the node with the roles in `settings`.
    pub async fn start(settings: Settings, clock: Clock, log: Logger) -> anyhow::Result<Server> {
        let catalogue = settings.event_types_file.as_deref().map(Catalogue::read).transpose()?.unwrap_or_default();
        let data_dir = DataDir::at(&settings.data_dir);
        let metrics = Arc::new(Metrics::default());
        let audit_log = AuditLog::start(settings.audit_log.as_ref(), metrics.clone(), log.clone())?;
        let Opened { store, vault, lock } = open_store::open(&settings, open_store::limits(&settings), &clock, metrics.clone()).await?;
        let [serves, delivers] = [Role::Api, Role::Delivery].map(|role| settings.roles.contains(&role));
        for id in vault.retired_ids() {
            slog::warn!(log, # "key.retired_given", "a retired master key is given: remove it from the settings of this server"; "key" => id.to_string());
        }
        store.join(vault.given_ids()).await.context("cannot join the nodes of the database")?;
        let store_monitor = Arc::new(StoreMonitor::new(metrics.clone(), log.clone()));
        let mut watch = Watch::new(store.clone(), &store_monitor, clock.clone(), metrics.clone(), log.clone());
        watch.look().await;
        let vault = Arc::new(vault);
        let descriptors = Descriptors::raise();
        let max_in_flight = descriptors.attempts(settings.max_in_flight);
        if max_in_flight < settings.max_in_flight {
            slog::warn!(log, # "files.too_few_for_attempts", "this process may open too few files and sockets for the configured attempts in flight: \
                raise the hard limit (ulimit -Hn, or LimitNOFILE in systemd) to at least four times that number";
                "limit" => %descriptors, "max_in_flight" => settings.max_in_flight, "in_flight_instead" => max_in_flight);
        }
        let new_host =
            NewHost { attempts: settings.new_host_attempts as usize, attempts_per_second: settings.new_host_attempts_per_second as usize };
        let caps = Caps::new(max_in_flight as usize, settings.max_in_flight_per_webhook as usize);
        let slots = Slots::new(Caps { new_host, ..caps });
        let new_hosts = NewHosts { slots: slots.clone(), clock: clock.clone() };
        let authority = if settings.dev { Some(data_dir.development_authority()?) } else { None };
        let policy = outbound::policy(&settings, descriptors, authority.as_deref(), Some(new_hosts))?;
        let guard = Guard::new(policy).context("cannot set up the requests to receivers")?;
        let engine_settings = crate::delivery::Settings {
            slots,
            retry_schedule: settings.retry_schedule.clone(),
            attempt_timeout: Duration::from_secs(settings.attempt_timeout_seconds),
            policy: (settings.deactivate_after_days > 0).then(|| DeactivationPolicy {
                time: TimeDelta::days(i64::from(settings.deactivate_after_days)),
                attempts: settings.deactivate_after_attempts,
            }),
            audit_log: audit_log.clone(),
            store_monitor: store_monitor.clone(),
            spans: otlp::spans(&settings, descriptors, &log)?,
        };
        let engine = Engine::new(engine_settings, store.clone(), vault.clone(), guard.clone(), clock.clone(), metrics.clone(), log.clone());
        let access_tokens =
            AccessTokens::new(store.clone(), vault.clone(), clock.clone(), metrics.clone(), store_monitor.clone(), log.clone());
        let access_tokens = Arc::new(access_tokens);
        let refused_requests: Arc<RefusedRequests> = Arc::default();
        let status = Arc::new(ServiceStatus::new(engine.clone(), store.clone()));
        let app = App {
            store: store.clone(),
            engine: engine.clone(),
            catalogue,
            vault,
            guard,
            tokens: access_tokens.clone(),
            requests: Limit::new(Rate::new(settings.requests_per_second, TimeDelta::seconds(1))),
            failed_authentications: Limit::new(Rate::new(settings.failed_authentications_per_minute, TimeDelta::minutes(1))),
            refused_requests: refused_requests.clone(),
            audit_log: audit_log.clone(),
            status: status.clone(),
            require_handshake: settings.require_handshake,
            require_known_accounts: settings.require_known_accounts,
            clock: clock.clone(),
            metrics: metrics.clone(),
            webhook_ids: Mutex::new(uuid::ContextV7::new()),
            webhooks_per_account: settings.webhooks_per_account,
            request_body_max_bytes: settings.request_body_bytes as usize,
            lines: SampledLines::default(),
            contexts: Contexts::default(),
        };
        let files = settings.tls_cert_file.as_deref().zip(settings.tls_key_file.as_deref());
        let certificate = files.map(|(certificate, key)| ApiCertificate::read(certificate, key)).transpose()?.map(Arc::new);
        let with_tls = certificate.is_some();
        let max_connections = descriptors.connections(settings.max_connections);
        if serves && max_connections < settings.max_connections as usize {
            slog::info!(log, # "files.too_few_for_connections", "this process may open too few files and sockets for the configured number of connections: raise the \
                hard limit (ulimit -Hn, or LimitNOFILE in systemd) to at least eight times that number";
                "limit" => %descriptors, "max_connections" => settings.max_connections, "connections_instead" => max_connections);
        }
        let timeouts = Timeouts {
            first_request: Duration::from_secs(settings.first_request_seconds.into()),
            idle: Duration::from_secs(settings.idle_connection_seconds.into()),
        };
        let options = listener::Options {
            name: "api",
            tls: certificate.as_ref().map(ApiCertificate::acceptor).transpose()?,
            limits: Limits {
                total: max_connections,
                // If the limit of the process does not allow the configured number, the number for one address shrinks too.
                per_address: (settings.max_connections_per_address as usize * max_connections).div_ceil(settings.max_connections as usize),
            },
            timeouts,
            trusted_proxies: TrustedProxies::new(settings.proxy_networks()),
        };
        let config = ConfigDropshot { default_request_body_max_bytes: settings.request_body_bytes as usize, ..Default::default() };
        let http = match serves {
            true => {
                let tcp = listener::bind(settings.listen).with_context(|| format!("cannot listen on {}", settings.listen))?;
                let dispatcher = Dispatcher::new(routes()?, app, config, MAX_REQUESTS, with_tls, log.clone()).await?;
                Some(Listener::start(tcp, options, dispatcher, metrics.clone(), &log)?)
            }
            false => None,
        };
        let admin_options = listener::Options {
            name: "admin",
            tls: None,
            limits: Limits { total: descriptors.admin_connections(), per_address: descriptors.admin_connections() },
            timeouts,
            trusted_proxies: TrustedProxies::default(),
        };
        let admin =
            AdminListener::start(settings.admin_listen, engine.clone(), status, clock.clone(), metrics, admin_options, &log).await?;
        let audit = Audit::start(refused_requests, store.clone(), audit_log, clock, store_monitor, &log);
        let next_step = NextStep::find(store.as_ref(), &data_dir.access_token_file()).await?.filter(|_| serves);
        // The engine starts last. If the engine started earlier, a server that cannot listen would exit and interrupt
        // attempts in flight.
        engine.start(delivers);
        let mut maintenance = JoinSet::new();
        maintenance.spawn(watch.run());
        if serves {
            maintenance.spawn(access_tokens.clone().maintain());
        }
        if let Some(certificate) = &certificate {
            certificate.warn_if_invalid(Clock::system().now(), &log);
            maintenance.spawn(certificate.clone().watch(log.clone()));
        }
        let roles: Vec<&str> =
            [(serves, "api"), (delivers, "delivery")].into_iter().filter(|(has, _)| *has).map(|(_, role)| role).collect();
        slog::info!(log, # "server.started", "the server has started"; "version" => env!("CARGO_PKG_VERSION"), "roles" => roles.join(","));
        Ok(Server {
            http,
            admin,
            engine,
            access_tokens,
            maintenance,
            certificate,
            drain_delay: Duration::from_secs(settings.drain_delay_seconds),
            drain_timeout: Duration::from_secs(settings.drain_timeout_seconds),
            access_token_file: data_dir.access_token_file(),
            next_step,
            audit,
            log,
            _lock: lock,
        })
    }

    /// Returns the address of the API, or `None` if this node does not serve the API.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.http.as_ref().map(Listener::address)
    }

    /// Returns the address of the admin listener, or `None` if the listener does not run.
    #[must_use]
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin.address()
    }

    /// Prints the address of the API to standard output, and the next step of the operator. Never prints an access token.
    pub fn greet(&self) {
        let scheme = if self.certificate.is_some() { "https" } else { "http" };
        let version = env!("CARGO_PKG_VERSION");
        let greeting = match self.address() {
            Some(address) => {
                let next = match self.next_step {
                    Some(NextStep::UseFirstToken) => self.use_first_token(scheme, address),
                    Some(NextStep::CreateToken) => CREATE_TOKEN.to_owned(),
                    None => String::new(),
                };
                format!("webhooks-server {version} listens on {scheme}://{address}\n{next}")
            }
            None => format!("webhooks-server {version} delivers\n"),
        };
        // The server also works if its standard output is closed, so an error is ignored.
        let _ = std::io::stdout().write_all(greeting.as_bytes());
    }

    fn use_first_token(&self, scheme: &str, address: SocketAddr) -> String {
        format!(
            r#"
An access token with every scope, for the account `default`, is in {token}.
In another terminal, register a webhook:

export API_BASE_URL={scheme}://{address}
export API_ACCESS_TOKEN=$(cat {token})
curl --location "${{API_BASE_URL}}/api/notifications/v1/webhooks" \
--header "Content-Type: application/json" \
--header "Accept: application/json, application/problem+json" \
--header "Authorization: Bearer ${{API_ACCESS_TOKEN}}" \
--data '{{
"targetURL": "https://example.com",
"auth": {{
"type": "basic",
"username": "USERNAME",
"password": "PASSWORD"
}}
}}'
"#,
            token = self.access_token_file.display(),
        )
    }

    /// Reads the certificate of the API again.
    pub fn reload(&self) {
        match &self.certificate {
            Some(certificate) => certificate.request_reload(),
            None => slog::info!(self.log, # "server.nothing_to_reload", "there is nothing to reload: the API has no TLS certificate"),
        }
    }

    /// Stops the node. During the drain delay, it reports that it is not ready, but still serves requests. After the
    /// delay, it refuses new requests and leases no more deliveries. It waits for requests and attempts in flight, but
    /// not longer than the drain timeout.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.admin.set_stopping();
        if !self.drain_delay.is_zero() {
            slog::info!(self.log, # "server.draining", "draining: reporting not ready, still serving"; "seconds" => self.drain_delay.as_secs());
            tokio::time::sleep(self.drain_delay).await;
        }
        slog::info!(self.log, # "server.stopping", "stopping: no new requests or attempts; waiting for those in flight; a second signal ends the server at once";
            "attempts" => self.engine.slots().in_flight(), "until" => (Clock::system().now() + self.drain_timeout).to_rfc3339());
        let deadline = tokio::time::Instant::now() + self.drain_timeout;
        self.engine.stop();
        // The API closes before the engine is drained. The last requests can still publish notifications. Another node
        // delivers these notifications, or this node delivers them after its next start.
        let close = async {
            if let Some(http) = self.http {
                http.close().await;
            }
        };
        let closed = tokio::time::timeout_at(deadline, close).await;
        // The task has a reference to the store. The store closes only when the last reference is dropped.
        self.maintenance.shutdown().await;
        // If the store is not available, the last uses of the last minute are lost.
        let _ = tokio::time::timeout(STORE_USES_TIMEOUT, self.access_tokens.store_uses()).await;
        self.engine.drain(deadline).await;
        self.engine.spans().stop(STOP_SPANS_TIMEOUT).await;
        self.audit.stop().await;
        if closed.is_err() {
            slog::warn!(self.log, # "requests.interrupted", "requests were still in progress at the end of the drain timeout and are interrupted");
        }
        // It is harmless to interrupt requests to the admin listener.
        let _ = tokio::time::timeout(ADMIN_CLOSE_TIMEOUT, self.admin.close()).await;
        Ok(())
    }
}
