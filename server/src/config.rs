//! The settings of a server.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use chrono::TimeDelta;
use clap::{ArgAction, Args, ValueEnum};
use ipnet::IpNet;
use url::Url;

use crate::api::DEFAULT_LISTEN;
use crate::delivery::guard::Ports;
use crate::delivery::retry::RetrySchedule;
use crate::model::AuditLogTarget;
use crate::model::duration::parse_seconds;
use crate::store::address::StoreAddress;
use crate::store::postgres::MAX_STATEMENT_SECONDS;

pub(crate) mod concealed;
pub mod layers;
mod values;

use concealed::Concealed;
use layers::ConfigError;
use values::{name_server, network, otlp_endpoint};

const DEFAULT_ADMIN_LISTEN: &str = "127.0.0.1:8081";

#[derive(Clone, Debug, Args)]
pub struct Settings {
    /// A TOML file with settings. `webhooks-server --help` shows the name of each setting as `[setting: …]`
    #[arg(id = "config", long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,

    /// The directory with the SQLite database, the master key and the first access token
    #[arg(id = "data_dir", long = "data-dir", value_name = "DIR", default_value = "./data", global = true)]
    pub data_dir: PathBuf,

    /// The database: `sqlite` (a file in the data directory) or a PostgreSQL URL such as
    /// postgres://user@host1,host2/database. The URL may have parameters of libpq, such as `sslmode`, `sslrootcert`
    /// and `target_session_attrs`
    #[arg(id = "store", long = "store", value_name = "STORE", default_value = "sqlite", global = true, hide_env_values = true, value_parser = Concealed::<StoreAddress>::new())]
    pub store: StoreAddress,

    /// A file with the password for PostgreSQL
    #[arg(id = "store_password_file", long = "store-password-file", value_name = "FILE", global = true)]
    pub store_password_file: Option<PathBuf>,

    /// The number of connections to PostgreSQL. Without --store-pooler, a server that delivers opens one
    /// more connection for LISTEN
    #[arg(id = "store_connections", long = "store-connections", value_name = "COUNT", default_value_t = 16, global = true, value_parser = clap::value_parser!(u32).range(8..=1000))]
    pub store_connections: u32,

    /// Time limit of a PostgreSQL statement, in seconds; at most 60
    #[arg(id = "store_statement_timeout_seconds", long = "store-statement-timeout-seconds", value_name = "SECONDS", default_value_t = 30, global = true, value_parser = clap::value_parser!(u64).range(1..=MAX_STATEMENT_SECONDS))]
    pub store_statement_timeout_seconds: u64,

    /// Use PostgreSQL through a connection pooler in transaction mode. With a pooler, the server prepares no statements.
    /// Other servers cannot wake this server, because it cannot use LISTEN. So it finds their due deliveries only when it
    /// looks for them, once a second
    #[arg(id = "store_pooler", long = "store-pooler", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false, global = true, action = ArgAction::Set)]
    pub store_pooler: bool,

    /// The roles of this server: `api`, `delivery`, or both. On SQLite, the server must have both roles. Servers with
    /// the same PostgreSQL database can have different roles
    #[arg(id = "roles", long = "roles", value_name = "ROLES", default_value = "api,delivery", value_delimiter = ',')]
    pub roles: Vec<Role>,

    /// The name of this server in the logs of other servers. If the name is empty, the host name is used
    #[arg(id = "node_name", long = "node-name", value_name = "NAME", default_value = "", hide_default_value = true)]
    pub node_name: String,

    /// The address of the API. `:8080` means all addresses of this machine. If it is not a loopback address, this server
    /// or a proxy in front of it must use TLS
    #[arg(id = "listen", long = "listen", value_name = "ADDRESS:PORT", default_value = DEFAULT_LISTEN, value_parser = listen_address)]
    pub listen: SocketAddr,

    /// The address of the admin listener (health, readiness and metrics), or `off`. The admin listener has no TLS and
    /// checks no access tokens. If the default address is already in use, the server runs without the admin listener
    #[arg(id = "admin.listen", long = "admin-listen", value_name = "ADDRESS:PORT", default_value = DEFAULT_ADMIN_LISTEN, value_parser = admin_listen)]
    pub admin_listen: AdminListen,

    /// How long a stopping server reports "not ready" but still serves requests, in seconds. In this time, load
    /// balancers can stop sending requests to the server
    #[arg(id = "delivery.drain_delay_seconds", long = "drain-delay-seconds", value_name = "SECONDS", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=600))]
    pub drain_delay_seconds: u64,

    /// For development: allow callbacks to loopback addresses. Also create a certificate authority in the data
    /// directory, and trust this certificate authority
    #[arg(id = "dev", long = "dev", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false, action = ArgAction::Set)]
    pub dev: bool,

    /// A file with the TLS certificate chain of the API, in PEM
    #[arg(id = "tls.cert_file", long = "tls-cert-file", value_name = "FILE", requires = "tls.key_file")]
    pub tls_cert_file: Option<PathBuf>,

    /// A file with the private key of the API's TLS certificate, in PEM
    #[arg(id = "tls.key_file", long = "tls-key-file", value_name = "FILE", requires = "tls.cert_file")]
    pub tls_key_file: Option<PathBuf>,

    /// Give this option if a proxy in front of this server uses TLS. Then --listen need not be a loopback address. Without
    /// --trusted-proxy, the server then trusts proxies with loopback addresses and private addresses
    #[arg(id = "tls.behind_proxy", long = "behind-tls-proxy", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false, action = ArgAction::Set)]
    pub behind_tls_proxy: bool,

    /// The address or network of a proxy in front of this server. The server reads the address of a client from the headers
    /// X-Forwarded-For and Forwarded of these proxies, and ignores these headers of others. You can repeat this option
    #[arg(id = "trusted_proxies", long = "trusted-proxy", value_name = "ADDRESS|CIDR", value_delimiter = ',', action = ArgAction::Append, value_parser = network)]
    pub trusted_proxies: Vec<IpNet>,

    /// A file with the master key (32 bytes in base64), which encrypts the secrets in the database. A server on
    /// PostgreSQL needs this option or --master-key-command. During a rotation of the master key, give the files of both
    /// keys. You can repeat this option [default for SQLite: `master-key` in the data directory]
    #[arg(id = "master_key_file", long = "master-key-file", value_name = "FILE", global = true, value_delimiter = ',', action = ArgAction::Append)]
    pub master_key_files: Vec<PathBuf>,

    /// A command that prints master keys, one per line, for example a client of a key management service. It runs once at
    /// the start, without a shell, and must end within 30 s. Its words are separated by spaces; for anything else, name a
    /// script
    #[arg(
        id = "master_key_command",
        long = "master-key-command",
        value_name = "COMMAND",
        global = true,
        default_value = "",
        hide_default_value = true
    )]
    pub master_key_command: String,

    /// A JSON file with the catalogue of event types. Only types in this catalogue can be published [default: no
    /// catalogue; every type can be published]
    #[arg(id = "event_types_file", long = "event-types-file", value_name = "FILE")]
    pub event_types_file: Option<PathBuf>,

    /// Require a handshake for each new webhook, each new target URL and each new token URL: the token server must issue a
    /// token, and the receiver must return a challenge, before the receiver gets notifications
    #[arg(id = "require_handshake", long = "require-handshake", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false, action = ArgAction::Set)]
    pub require_handshake: bool,

    /// Refuse a publication with a platform token (404) if the named account has no webhook. So a publisher notices a
    /// misspelled account
    #[arg(id = "require_known_accounts", long = "require-known-accounts", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false, action = ArgAction::Set)]
    pub require_known_accounts: bool,

    /// Allow callbacks to this network, although its addresses are not public. You can repeat this option
    #[arg(id = "outbound.allow_networks", long = "allow-network", value_name = "CIDR", value_delimiter = ',', action = ArgAction::Append)]
    pub allow_networks: Vec<IpNet>,

    /// Send no callbacks and token requests to this network. This option takes precedence over --allow-network. You can
    /// repeat this option
    #[arg(id = "outbound.deny_networks", long = "deny-network", value_name = "CIDR", value_delimiter = ',', action = ArgAction::Append)]
    pub deny_networks: Vec<IpNet>,

    /// Send callbacks and token requests only to this port, or to this range of ports such as 1024-65535. You can repeat
    /// this option [default: 443 and 1024-65535; with --allow-http also 80]
    #[arg(id = "outbound.allowed_ports", long = "allowed-port", value_name = "PORT[-PORT]", value_delimiter = ',', action = ArgAction::Append)]
    pub allowed_ports: Vec<Ports>,

    /// Allow http URLs for callbacks and token requests; openapi.json allows only https. With http, credentials and
    /// payloads are sent unencrypted
    #[arg(id = "outbound.allow_http", long = "allow-http", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false, action = ArgAction::Set)]
    pub allow_http: bool,

    /// A PEM file with certificate authorities to trust in addition to the public certificate authorities. You can
    /// repeat this option
    #[arg(id = "outbound.ca_files", long = "ca-file", value_name = "FILE", value_delimiter = ',', action = ArgAction::Append)]
    pub ca_files: Vec<PathBuf>,

    /// A DNS server to use instead of this machine's DNS servers, for the hosts of callback URLs and token URLs. You can
    /// repeat this option
    #[arg(id = "outbound.name_servers", long = "name-server", value_name = "ADDRESS[:PORT]", value_delimiter = ',', action = ArgAction::Append, value_parser = name_server)]
    pub name_servers: Vec<SocketAddr>,

    /// Look up the hosts of callback URLs and token URLs also in the hosts file and the search domains of this machine.
    /// Then customers can use names of your internal network. A name with a private address still needs --allow-network
    #[arg(id = "outbound.use_hosts_file", long = "use-hosts-file", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false, action = ArgAction::Set)]
    pub use_hosts_file: bool,

    /// Maximum number of normal attempts in flight. One account can have at most a quarter of this maximum. Slow
    /// attempts (longer than 1 s) have a separate maximum with the same value. The limit of open files must be at least
    /// four times this maximum
    #[arg(id = "delivery.max_in_flight", long = "max-in-flight", value_name = "COUNT", default_value_t = 1024, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub max_in_flight: u32,

    /// Maximum number of attempts in flight to one webhook
    #[arg(id = "delivery.max_in_flight_per_webhook", long = "max-in-flight-per-webhook", value_name = "COUNT", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub max_in_flight_per_webhook: u32,

    /// Maximum number of attempts in flight to a host that has accepted no callback yet, over all webhooks and accounts.
    /// Each accepted callback adds one, and failures halve the addition. After 1000 accepted callbacks, the host has no
    /// limit. All new names of one address may have four times this number together
    #[arg(id = "delivery.new_host_attempts", long = "new-host-attempts", value_name = "COUNT", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub new_host_attempts: u32,

    /// Maximum number of attempts per second to a host that has accepted no callback yet. The number grows and falls like
    /// --new-host-attempts
    #[arg(id = "delivery.new_host_attempts_per_second", long = "new-host-attempts-per-second", value_name = "COUNT", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub new_host_attempts_per_second: u32,

    /// Time limit for one attempt, in seconds. This time includes name resolution and the token request
    #[arg(id = "delivery.attempt_timeout_seconds", long = "attempt-timeout-seconds", value_name = "SECONDS", default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=300))]
    pub attempt_timeout_seconds: u64,

    /// Time limit for opening a connection to a callback URL or token URL, in seconds
    #[arg(id = "delivery.connect_timeout_seconds", long = "connect-timeout-seconds", value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=300))]
    pub connect_timeout_seconds: u64,

    /// The waiting times after failed attempts, one per failed attempt (units s, m, h, d; `none` means no retries). The server adds
    /// a random time to each wait: at most 20 % of this wait
    #[arg(
        id = "delivery.retry_schedule",
        long = "retry-schedule",
        value_name = "WAITS",
        default_value = "5s,5m,30m,2h,5h,10h,14h,20h,24h"
    )]
    pub retry_schedule: RetrySchedule,

    /// Deactivate a webhook when all its attempts have failed for more than this number of days. With 0, failed
    /// attempts never deactivate a webhook
    #[arg(id = "delivery.deactivate_after_days", long = "deactivate-after-days", value_name = "DAYS", default_value_t = 5, value_parser = clap::value_parser!(u32).range(0..=365))]
    pub deactivate_after_days: u32,

    /// Failed attempts deactivate a webhook only if at least this number of attempts has failed since the last accepted
    /// callback
    #[arg(id = "delivery.deactivate_after_attempts", long = "deactivate-after-attempts", value_name = "COUNT", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub deactivate_after_attempts: u32,

    /// How long a stopping server waits for the end of requests and attempts in flight, in seconds
    #[arg(id = "delivery.drain_timeout_seconds", long = "drain-timeout-seconds", value_name = "SECONDS", default_value_t = 20, value_parser = clap::value_parser!(u64).range(0..=600))]
    pub drain_timeout_seconds: u64,

    /// Minimum time between the end of a succeeded delivery and its removal (units h, d). A notification is removed
    /// when none of its deliveries remains
    #[arg(id = "storage.keep_succeeded", long = "keep-succeeded", value_name = "TIME", default_value = "7d", value_parser = keep)]
    pub keep_succeeded: TimeDelta,

    /// Minimum time between the end of a failed or cancelled delivery and its removal (units h, d). Until its removal,
    /// you can make the delivery due again
    #[arg(id = "storage.keep_failed", long = "keep-failed", value_name = "TIME", default_value = "30d", value_parser = keep)]
    pub keep_failed: TimeDelta,

    /// Minimum time for which an event of the audit log is kept (units h, d)
    #[arg(id = "storage.keep_audit_events", long = "keep-audit-events", value_name = "TIME", default_value = "365d", value_parser = keep)]
    pub keep_audit_events: TimeDelta,

    /// Maximum size of the database without its write-ahead log, in bytes. Above this size, requests that add data get
    /// status 503 until enough old data is removed. 0 means no limit
    #[arg(id = "storage.max_bytes", long = "max-bytes", value_name = "BYTES", default_value_t = 0)]
    pub max_bytes: u64,

    /// Minimum free space on the disk of the SQLite database, in bytes. With less free space, requests that add data
    /// get status 503. 0 means no limit
    #[arg(id = "storage.min_free_bytes", long = "min-free-bytes", value_name = "BYTES", default_value_t = 134_217_728)]
    pub min_free_bytes: u64,

    /// Maximum number of webhooks per account
    #[arg(id = "limits.webhooks_per_account", long = "webhooks-per-account", value_name = "COUNT", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub webhooks_per_account: u32,

    /// Maximum size of a request body, in bytes
    #[arg(id = "limits.request_body_bytes", long = "request-body-bytes", value_name = "BYTES", default_value_t = 262_144, value_parser = clap::value_parser!(u32).range(1024..=8_388_608))]
    pub request_body_bytes: u32,

    /// Maximum number of requests per second to this server with one access token. 0 means no limit
    #[arg(id = "limits.requests_per_second", long = "requests-per-second", value_name = "COUNT", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub requests_per_second: u32,

    /// Maximum number of requests per minute that one address sends without a valid access token. It does not limit requests
    /// with a valid access token. 0 means no limit
    #[arg(id = "limits.failed_authentications_per_minute", long = "failed-authentications-per-minute", value_name = "COUNT", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub failed_authentications_per_minute: u32,

    /// Maximum number of open connections of clients to the API. The limit of open files must be at least eight times this
    /// maximum
    #[arg(id = "limits.connections", long = "max-connections", value_name = "COUNT", default_value_t = 1024, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub max_connections: u32,

    /// Maximum number of open connections to the API from one address (IPv6: from one /64 network). It does not apply to
    /// trusted proxies
    #[arg(id = "limits.connections_per_address", long = "max-connections-per-address", value_name = "COUNT", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub max_connections_per_address: u32,

    /// How long the server waits for the first request of a connection, in seconds. This time includes the TLS handshake
    #[arg(id = "limits.first_request_seconds", long = "first-request-seconds", value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=600))]
    pub first_request_seconds: u32,

    /// How long a connection stays open after a response without a further request, in seconds
    #[arg(id = "limits.idle_connection_seconds", long = "idle-connection-seconds", value_name = "SECONDS", default_value_t = 75, value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub idle_connection_seconds: u32,

    /// The format of the log
    #[arg(id = "log.format", long = "log-format", value_name = "FORMAT", default_value = "text")]
    pub log_format: LogFormat,

    /// The least severe level that is logged. `debug` logs each request and each attempt. `info` logs only the
    /// attempts that fail
    #[arg(id = "log.level", long = "log-level", value_name = "LEVEL", default_value = "info")]
    pub log_level: LogLevel,

    /// Send OpenTelemetry traces to this collector, by OTLP over HTTP with protobuf. The path is v1/traces, if the URL has
    /// none [default: no traces]
    #[arg(id = "traces.otlp_endpoint", long = "otlp-endpoint", value_name = "URL", value_parser = otlp_endpoint)]
    pub otlp_endpoint: Option<Url>,

    /// A file to which each event of the audit log is appended as a line of JSON, or `stderr`. Only the owner can read the
    /// file. If the file is renamed or removed, the server creates it again within seconds [default: the events are only in
    /// the database]
    #[arg(id = "log.audit_file", long = "audit-log", value_name = "FILE|stderr", global = true)]
    pub audit_log: Option<AuditLogTarget>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Serve the API
    Api,
    /// Deliver notifications
    Delivery,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdminListen {
    Off,
    At(SocketAddr),
}

impl Default for AdminListen {
    fn default() -> AdminListen {
        AdminListen::At(DEFAULT_ADMIN_LISTEN.parse().expect("the default is an address"))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Text for people
    Text,
    /// One JSON object per line, for machines
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
}

fn admin_listen(text: &str) -> Result<AdminListen, String> {
    if text == "off" {
        Ok(AdminListen::Off)
    } else {
        listen_address(text).map(AdminListen::At).map_err(|error| format!("{error}, or `off`"))
    }
}

/// Parses an address and a port. Without an address, all addresses of this machine are meant. Other names than
/// `localhost` are not looked up, so the listener does not depend on name servers.
fn listen_address(text: &str) -> Result<SocketAddr, String> {
    let port = |text: &str| text.parse::<u16>().ok();
    let named = match text.rsplit_once(':') {
        Some(("", number)) => port(number).map(|port| SocketAddr::from(([0, 0, 0, 0], port))),
        Some(("localhost", number)) => port(number).map(|port| SocketAddr::from(([127, 0, 0, 1], port))),
        _ => text.parse().ok(),
    };
    named.ok_or_else(|| "must be an address and a port such as 127.0.0.1:8080, localhost:8080, [::1]:8080 or :8080".to_owned())
}

/// Parses a retention time. The minimum is far longer than any attempt. The maximum prevents dates that are out of range.
fn keep(text: &str) -> Result<TimeDelta, String> {
    const BOUNDS: std::ops::RangeInclusive<u64> = 3600..=3650 * 24 * 3600;
    let seconds = parse_seconds(text).ok_or("must be a whole number and the unit h or d, such as 7d")?;
    if !BOUNDS.contains(&seconds) {
        return Err("must be at least 1h and at most 3650d".to_owned());
    }
    Ok(TimeDelta::seconds(seconds as i64))
}

impl Settings {
    /// Checks that the settings do not contradict each other.
    ///
    /// # Errors
    /// If two settings contradict each other.
    pub fn check(&self) -> Result<(), ConfigError> {
        if matches!(self.store, StoreAddress::Sqlite) && !Role::value_variants().iter().all(|role| self.roles.contains(role)) {
            return Err(ConfigError::Contradiction(
                "on SQLite one server does everything: set --roles to api,delivery, or set --store to a PostgreSQL that nodes share",
            ));
        }
        let loopback = self.listen.ip().to_canonical().is_loopback();
        if self.dev && !loopback {
            return Err(ConfigError::Contradiction(
                "--dev is only for this machine: --listen must be a loopback address such as 127.0.0.1:8080",
            ));
        }
        if self.dev && (self.behind_tls_proxy || !self.trusted_proxies.is_empty()) {
            return Err(ConfigError::Contradiction(
                "--dev is only for this machine, and through a proxy, other machines can reach the server: remove --dev, or remove \
                 --behind-tls-proxy and --trusted-proxy",
            ));
        }
        if !loopback && self.tls_cert_file.is_none() && !self.behind_tls_proxy {
            return Err(ConfigError::Contradiction(
                "--listen is not a loopback address, and access tokens must not be sent unencrypted: give --tls-cert-file and \
                 --tls-key-file, or --behind-tls-proxy if a proxy in front of this server has TLS",
            ));
        }
        Ok(())
    }

    /// Returns the ports to which callbacks and token requests may be sent.
    #[must_use]
    pub fn allowed_ports(&self) -> Vec<Ports> {
        if self.allowed_ports.is_empty() { Ports::default_for(self.allow_http) } else { self.allowed_ports.clone() }
    }

    /// Returns the networks of the trusted proxies. If there is a proxy but the operator has not named it, these are the
    /// loopback networks and the private networks (RFC 1918, RFC 4193).
    #[must_use]
    pub fn proxy_networks(&self) -> Vec<IpNet> {
        if !self.trusted_proxies.is_empty() || !self.behind_tls_proxy {
            return self.trusted_proxies.clone();
        }
        let networks = ["127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"];
        networks.map(|network| network.parse().expect("the constant is a network")).to_vec()
    }

    /// Returns the networks that may receive callbacks although they are not public: `allow_networks`, and also the
    /// loopback networks if `dev` is true.
    #[must_use]
    pub fn allowed_networks(&self) -> Vec<IpNet> {
        let loopback = [IpNet::from(IpAddr::from([127, 0, 0, 0])), IpNet::from(IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]))];
        let mut networks = self.allow_networks.clone();
        if self.dev {
            networks.push(IpNet::new(loopback[0].addr(), 8).expect("8 bits are fewer than 32"));
            networks.push(loopback[1]);
        }
        networks
    }
}
