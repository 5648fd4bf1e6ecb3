//! The settings of a server.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use chrono::TimeDelta;
use clap::{ArgAction, Args, ValueEnum};
use ipnet::IpNet;

use crate::api::DEFAULT_LISTEN;
use crate::delivery::guard::DNS_PORT;
use crate::delivery::retry::RetrySchedule;
use crate::model::duration::parse_seconds;
use crate::store::address::StoreAddress;
use crate::store::postgres::MAX_STATEMENT_SECONDS;

pub(crate) mod concealed;
pub mod layers;

use concealed::Concealed;
use layers::ConfigError;

const DEFAULT_ADMIN_LISTEN: &str = "127.0.0.1:8081";

#[derive(Clone, Debug, Args)]
pub struct Settings {
    /// A TOML file with any of the settings below
    #[arg(id = "config", long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,

    /// The directory for the database, the keys and the first access token
    #[arg(id = "data_dir", long = "data-dir", value_name = "DIR", default_value = "./data", global = true)]
    pub data_dir: PathBuf,

    /// `sqlite` for the database in the data directory, or a PostgreSQL URL such as postgres://user@host1,host2/database with
    /// the parameters of libpq (`sslmode`, `sslrootcert`, `target_session_attrs` and others)
    #[arg(id = "store", long = "store", value_name = "STORE", default_value = "sqlite", global = true, hide_env_values = true, value_parser = Concealed::<StoreAddress>::new())]
    pub store: StoreAddress,

    /// The file with the password for PostgreSQL
    #[arg(id = "store_password_file", long = "store-password-file", value_name = "FILE", global = true)]
    pub store_password_file: Option<PathBuf>,

    /// The number of connections to PostgreSQL, in addition to one that listens for wakeups
    #[arg(id = "store_connections", long = "store-connections", value_name = "COUNT", default_value_t = 16, global = true, value_parser = clap::value_parser!(u32).range(8..=1000))]
    pub store_connections: u32,

    /// Time limit of a PostgreSQL statement, in seconds; other nodes assume that a dead node's statements end within 60 s
    #[arg(id = "store_statement_timeout_seconds", long = "store-statement-timeout-seconds", value_name = "SECONDS", default_value_t = 30, global = true, value_parser = clap::value_parser!(u64).range(1..=MAX_STATEMENT_SECONDS))]
    pub store_statement_timeout_seconds: u64,

    /// PostgreSQL is behind a pooler in transaction mode: the node prepares no statements, and looks for work every second instead
    /// of listening for wakeups
    #[arg(id = "store_pooler", long = "store-pooler", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false, global = true, action = ArgAction::Set)]
    pub store_pooler: bool,

    /// The roles of this node: `api`, `delivery` or both; nodes on the same PostgreSQL can have different roles
    #[arg(id = "roles", long = "roles", value_name = "ROLES", default_value = "api,delivery", value_delimiter = ',')]
    pub roles: Vec<Role>,

    /// The name of this node in the logs of other nodes; if empty, the host name
    #[arg(id = "node_name", long = "node-name", value_name = "NAME", default_value = "", hide_default_value = true)]
    pub node_name: String,

    /// The address of the API; it must be a loopback address unless this server or a proxy in front of it has TLS
    #[arg(id = "listen", long = "listen", value_name = "ADDRESS:PORT", default_value = DEFAULT_LISTEN)]
    pub listen: SocketAddr,

    /// The address of the admin listener (health, readiness and metrics), or `off`; it has neither TLS nor access tokens. If the
    /// default address is taken, the server runs without this listener
    #[arg(id = "admin.listen", long = "admin-listen", value_name = "ADDRESS:PORT", default_value = DEFAULT_ADMIN_LISTEN, value_parser = admin_listen)]
    pub admin_listen: AdminListen,

    /// How long a stopping server reports not ready but still serves, in seconds; meanwhile load balancers stop using it
    #[arg(id = "delivery.drain_delay_seconds", long = "drain-delay-seconds", value_name = "SECONDS", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=600))]
    pub drain_delay_seconds: u64,

    /// For development: allow callbacks on loopback, and trust a certificate authority that is created in the data directory
    #[arg(id = "dev", long = "dev", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false, action = ArgAction::Set)]
    pub dev: bool,

    /// The API's TLS certificate chain, in PEM
    #[arg(id = "tls.cert_file", long = "tls-cert-file", value_name = "FILE", requires = "tls.key_file")]
    pub tls_cert_file: Option<PathBuf>,

    /// The key of the TLS certificate, in PEM
    #[arg(id = "tls.key_file", long = "tls-key-file", value_name = "FILE", requires = "tls.cert_file")]
    pub tls_key_file: Option<PathBuf>,

    /// Allow addresses other than loopback without TLS, because a proxy in front of this server has TLS. The address of a
    /// caller is then the last one in X-Forwarded-For
    #[arg(id = "tls.behind_proxy", long = "behind-tls-proxy", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false, action = ArgAction::Set)]
    pub behind_tls_proxy: bool,

    /// The file with the master key, which encrypts secrets in the store: 32 bytes in base64 [default: `master-key` in the data
    /// directory]
    #[arg(id = "master_key_file", long = "master-key-file", value_name = "FILE", global = true)]
    pub master_key_file: Option<PathBuf>,

    /// The catalogue of event types, in JSON: only its types can be published [default: no catalogue, any type can be published]
    #[arg(id = "event_types_file", long = "event-types-file", value_name = "FILE")]
    pub event_types_file: Option<PathBuf>,

    /// Require a handshake for new webhooks and new target URLs: the callback server must agree before it gets notifications
    #[arg(id = "require_handshake", long = "require-handshake", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false, action = ArgAction::Set)]
    pub require_handshake: bool,

    /// A network that is not public but may receive callbacks; may be given more than once
    #[arg(id = "outbound.allow_networks", long = "allow-network", value_name = "CIDR", value_delimiter = ',', action = ArgAction::Append)]
    pub allow_networks: Vec<IpNet>,

    /// Allow plain HTTP for callbacks and token URLs, although openapi.json allows only https: credentials and payloads are
    /// then sent unencrypted
    #[arg(id = "outbound.allow_http", long = "allow-http", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false, action = ArgAction::Set)]
    pub allow_http: bool,

    /// Certificate authorities to trust in addition to the public ones, in PEM; may be given more than once
    #[arg(id = "outbound.ca_files", long = "ca-file", value_name = "FILE", value_delimiter = ',', action = ArgAction::Append)]
    pub ca_files: Vec<PathBuf>,

    /// A name server for the hosts of callbacks and token URLs, instead of this machine's name servers; may be given more
    /// than once
    #[arg(id = "outbound.name_servers", long = "name-server", value_name = "ADDRESS[:PORT]", value_delimiter = ',', action = ArgAction::Append, value_parser = name_server)]
    pub name_servers: Vec<SocketAddr>,

    /// Maximum number of attempts in flight; the limit of open files must be four times as high. An account gets a quarter
    /// of the attempts
    #[arg(id = "delivery.max_in_flight", long = "max-in-flight", value_name = "COUNT", default_value_t = 1024, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub max_in_flight: u32,

    /// Maximum number of attempts in flight to one webhook
    #[arg(id = "delivery.max_in_flight_per_webhook", long = "max-in-flight-per-webhook", value_name = "COUNT", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub max_in_flight_per_webhook: u32,

    /// Time limit of one attempt, in seconds, including name resolution and token request
    #[arg(id = "delivery.attempt_timeout_seconds", long = "attempt-timeout-seconds", value_name = "SECONDS", default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=300))]
    pub attempt_timeout_seconds: u64,

    /// Time limit for connecting, in seconds
    #[arg(id = "delivery.connect_timeout_seconds", long = "connect-timeout-seconds", value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=300))]
    pub connect_timeout_seconds: u64,

    /// Waiting time after each failed attempt (units s, m, h); up to a fifth is added at random
    #[arg(
        id = "delivery.retry_schedule",
        long = "retry-schedule",
        value_name = "WAITS",
        default_value = "5s,5m,30m,2h,5h,10h,14h,20h,24h"
    )]
    pub retry_schedule: RetrySchedule,

    /// Deactivate a failing webhook after more than this many days without an accepted callback; 0 never deactivates
    #[arg(id = "delivery.deactivate_after_days", long = "deactivate-after-days", value_name = "DAYS", default_value_t = 5, value_parser = clap::value_parser!(u32).range(0..=365))]
    pub deactivate_after_days: u32,

    /// Minimum number of failed attempts since the last accepted callback before a webhook is deactivated
    #[arg(id = "delivery.deactivate_after_attempts", long = "deactivate-after-attempts", value_name = "COUNT", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub deactivate_after_attempts: u32,

    /// How long a stopping server waits for requests and attempts in flight, in seconds
    #[arg(id = "delivery.drain_timeout_seconds", long = "drain-timeout-seconds", value_name = "SECONDS", default_value_t = 20, value_parser = clap::value_parser!(u64).range(0..=600))]
    pub drain_timeout_seconds: u64,

    /// Minimum time to keep a succeeded delivery after it ended (units h, d); a notification is removed with its last
    /// delivery
    #[arg(id = "storage.keep_succeeded", long = "keep-succeeded", value_name = "TIME", default_value = "7d", value_parser = keep)]
    pub keep_succeeded: TimeDelta,

    /// Minimum time to keep a failed or cancelled delivery after it ended (units h, d); until then it can be delivered again
    #[arg(id = "storage.keep_failed", long = "keep-failed", value_name = "TIME", default_value = "30d", value_parser = keep)]
    pub keep_failed: TimeDelta,

    /// Maximum size of the database without its log, in bytes; above this size, new data is refused (503) until old data has
    /// been removed; 0 sets no limit
    #[arg(id = "storage.max_bytes", long = "max-bytes", value_name = "BYTES", default_value_t = 0)]
    pub max_bytes: u64,

    /// Free space on the database's disk that is reserved for accepted notifications, in bytes; with less, new data is refused
    /// (503); 0 sets no limit
    #[arg(id = "storage.min_free_bytes", long = "min-free-bytes", value_name = "BYTES", default_value_t = 134_217_728)]
    pub min_free_bytes: u64,

    /// Maximum number of webhooks of an account
    #[arg(id = "limits.webhooks_per_account", long = "webhooks-per-account", value_name = "COUNT", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub webhooks_per_account: u32,

    /// Maximum size of a request's body, in bytes
    #[arg(id = "limits.request_body_bytes", long = "request-body-bytes", value_name = "BYTES", default_value_t = 262_144, value_parser = clap::value_parser!(u32).range(1024..=8_388_608))]
    pub request_body_bytes: u32,

    /// Maximum number of requests per second with one access token, on this server; 0 sets no limit
    #[arg(id = "limits.requests_per_second", long = "requests-per-second", value_name = "COUNT", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub requests_per_second: u32,

    /// Maximum number of requests per minute without a valid access token from one address; 0 sets no limit
    #[arg(id = "limits.failed_authentications_per_minute", long = "failed-authentications-per-minute", value_name = "COUNT", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub failed_authentications_per_minute: u32,

    /// The format of the log
    #[arg(id = "log.format", long = "log-format", value_name = "FORMAT", default_value = "text")]
    pub log_format: LogFormat,

    /// The least severe level that is logged; `debug` logs each request and each attempt, `info` only failures
    #[arg(id = "log.level", long = "log-level", value_name = "LEVEL", default_value = "info")]
    pub log_level: LogLevel,
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

fn name_server(text: &str) -> Result<SocketAddr, String> {
    let alone = text.parse().map(|address: IpAddr| SocketAddr::new(address, DNS_PORT));
    alone.or_else(|_| text.parse()).map_err(|_| "must be an address such as 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:53".to_owned())
}

fn admin_listen(text: &str) -> Result<AdminListen, String> {
    match text {
        "off" => Ok(AdminListen::Off),
        address => {
            address.parse().map(AdminListen::At).map_err(|_| "must be `off`, or an address and a port such as 127.0.0.1:8081".to_owned())
        }
    }
}

/// Parses a retention time. The minimum is far longer than any attempt, and the maximum keeps dates in range.
fn keep(text: &str) -> Result<TimeDelta, String> {
    const BOUNDS: std::ops::RangeInclusive<u64> = 3600..=3650 * 24 * 3600;
    let seconds = parse_seconds(text).ok_or("must be a whole number and the unit h or d, such as 7d")?;
    if !BOUNDS.contains(&seconds) {
        return Err("must be at least 1h and at most 3650d".to_owned());
    }
    Ok(TimeDelta::seconds(seconds as i64))
}

impl Settings {
    /// Checks that the settings fit each other.
    ///
    /// # Errors
    /// If settings contradict each other.
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
        if !loopback && self.tls_cert_file.is_none() && !self.behind_tls_proxy {
            return Err(ConfigError::Contradiction(
                "--listen is not a loopback address, and access tokens must not be sent unencrypted: give --tls-cert-file and \
                 --tls-key-file, or --behind-tls-proxy if a proxy in front of this server has TLS",
            ));
        }
        Ok(())
    }

    /// Returns the networks that may receive callbacks although they are not public: the configured ones, and loopback in
    /// development.
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
