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
use crate::store::postgres::LONGEST_STATEMENT_SECONDS;

pub(crate) mod concealed;
pub mod layers;

use concealed::Concealed;
use layers::ConfigError;

const DEFAULT_OPERATIONS_LISTEN: &str = "127.0.0.1:8081";

#[derive(Clone, Debug, Args)]
pub struct Settings {
    /// A TOML file with any of the settings below
    #[arg(id = "config", long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,

    /// Where the database, the keys and the first access token are kept
    #[arg(id = "data_dir", long = "data-dir", value_name = "DIR", default_value = "./data", global = true)]
    pub data_dir: PathBuf,

    /// `sqlite`, the database in the data directory; or a URL of PostgreSQL such as postgres://user@host1,host2/database, with
    /// the parameters of libpq (`sslmode`, `sslrootcert`, `target_session_attrs` and others)
    #[arg(id = "store", long = "store", value_name = "STORE", default_value = "sqlite", global = true, hide_env_values = true, value_parser = Concealed::<StoreAddress>::new())]
    pub store: StoreAddress,

    /// The password for PostgreSQL
    #[arg(id = "store_password_file", long = "store-password-file", value_name = "FILE", global = true)]
    pub store_password_file: Option<PathBuf>,

    /// Connections to PostgreSQL, beside one that listens
    #[arg(id = "store_connections", long = "store-connections", value_name = "COUNT", default_value_t = 16, global = true, value_parser = clap::value_parser!(u32).range(8..=1000))]
    pub store_connections: u32,

    /// Time limit of a statement of PostgreSQL, in seconds: a minute at most, after which nodes count on a dead one's last to be over
    #[arg(id = "store_statement_timeout_seconds", long = "store-statement-timeout-seconds", value_name = "SECONDS", default_value_t = 30, global = true, value_parser = clap::value_parser!(u64).range(1..=LONGEST_STATEMENT_SECONDS))]
    pub store_statement_timeout_seconds: u64,

    /// There is a pooler before PostgreSQL, in transaction mode: nothing is prepared, and nodes wake one another within a second
    #[arg(id = "store_pooler", long = "store-pooler", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false, global = true, action = ArgAction::Set)]
    pub store_pooler: bool,

    /// What this node does of `api` and `delivery`; others on the same PostgreSQL do the rest
    #[arg(id = "roles", long = "roles", value_name = "ROLES", default_value = "api,delivery", value_delimiter = ',')]
    pub roles: Vec<Role>,

    /// What the log of other nodes calls this one; empty: the name of its host
    #[arg(id = "node_name", long = "node-name", value_name = "NAME", default_value = "", hide_default_value = true)]
    pub node_name: String,

    /// The address that the API listens on; loopback only, unless it has TLS or stands behind a proxy that has
    #[arg(id = "listen", long = "listen", value_name = "ADDRESS:PORT", default_value = DEFAULT_LISTEN)]
    pub listen: SocketAddr,

    /// The address of health, readiness and metrics, or `off`; it has neither TLS nor access tokens. A server does without
    /// it where the default is taken
    #[arg(id = "operations.listen", long = "operations-listen", value_name = "ADDRESS:PORT", default_value = DEFAULT_OPERATIONS_LISTEN, value_parser = operations_listen)]
    pub operations_listen: OperationsListen,

    /// How long a stopping server goes on as before after it has said that it is not ready, in seconds: as long as whoever
    /// spreads requests over several nodes needs to notice
    #[arg(id = "operations.drain_delay_seconds", long = "drain-delay-seconds", value_name = "SECONDS", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=600))]
    pub drain_delay_seconds: u64,

    /// For development: callbacks on loopback, trusting a certificate authority made in the data directory
    #[arg(id = "dev", long = "dev", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false, action = ArgAction::Set)]
    pub dev: bool,

    /// The API's TLS certificate chain, in PEM
    #[arg(id = "tls.cert_file", long = "tls-cert-file", value_name = "FILE", requires = "tls.key_file")]
    pub tls_cert_file: Option<PathBuf>,

    /// The key of the TLS certificate, in PEM
    #[arg(id = "tls.key_file", long = "tls-key-file", value_name = "FILE", requires = "tls.cert_file")]
    pub tls_key_file: Option<PathBuf>,

    /// Listen without TLS beyond loopback, because a proxy in front of this server has it; a caller's address is then the
    /// last one in X-Forwarded-For
    #[arg(id = "tls.behind_proxy", long = "behind-tls-proxy", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false, action = ArgAction::Set)]
    pub behind_tls_proxy: bool,

    /// The key that seals secrets in the store, as 32 bytes in base64 [default: `master-key` in the data directory]
    #[arg(id = "master_key_file", long = "master-key-file", value_name = "FILE", global = true)]
    pub master_key_file: Option<PathBuf>,

    /// The catalogue of event types, in JSON: only these can then be published [default: none, and any type can]
    #[arg(id = "event_types_file", long = "event-types-file", value_name = "FILE")]
    pub event_types_file: Option<PathBuf>,

    /// Require that the callback of a new webhook, or at a new target URL, agrees in a handshake before it gets anything
    #[arg(id = "require_handshake", long = "require-handshake", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false, action = ArgAction::Set)]
    pub require_handshake: bool,

    /// A network that callbacks may be in although it is not public; may be given more than once
    #[arg(id = "outbound.allow_networks", long = "allow-network", value_name = "CIDR", value_delimiter = ',', action = ArgAction::Append)]
    pub allow_networks: Vec<IpNet>,

    /// Allow callbacks and token URLs over plain HTTP, which openapi.json does not know: credentials and payloads then travel
    /// in the clear
    #[arg(id = "outbound.allow_http", long = "allow-http", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false, action = ArgAction::Set)]
    pub allow_http: bool,

    /// Certificate authorities to trust beside the public ones, in PEM; may be given more than once
    #[arg(id = "outbound.ca_files", long = "ca-file", value_name = "FILE", value_delimiter = ',', action = ArgAction::Append)]
    pub ca_files: Vec<PathBuf>,

    /// A name server to ask for the hosts of callbacks and token URLs, instead of those of this machine; may be given more
    /// than once
    #[arg(id = "outbound.name_servers", long = "name-server", value_name = "ADDRESS[:PORT]", value_delimiter = ',', action = ArgAction::Append, value_parser = name_server)]
    pub name_servers: Vec<SocketAddr>,

    /// Attempts in flight at once, if the limit of open files is four times as high; an account gets a quarter of them
    #[arg(id = "delivery.max_in_flight", long = "max-in-flight", value_name = "COUNT", default_value_t = 1024, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub max_in_flight: u32,

    /// Attempts in flight at once to one webhook
    #[arg(id = "delivery.max_in_flight_per_webhook", long = "max-in-flight-per-webhook", value_name = "COUNT", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub max_in_flight_per_webhook: u32,

    /// Time limit of one attempt, in seconds, name resolution and token request included
    #[arg(id = "delivery.attempt_timeout_seconds", long = "attempt-timeout-seconds", value_name = "SECONDS", default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=300))]
    pub attempt_timeout_seconds: u64,

    /// Time limit of connecting, in seconds
    #[arg(id = "delivery.connect_timeout_seconds", long = "connect-timeout-seconds", value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=300))]
    pub connect_timeout_seconds: u64,

    /// How long to wait after each failed attempt (units s, m, h); each wait grows by up to a fifth at random
    #[arg(
        id = "delivery.retry_schedule",
        long = "retry-schedule",
        value_name = "WAITS",
        default_value = "5s,5m,30m,2h,5h,10h,14h,20h,24h"
    )]
    pub retry_schedule: RetrySchedule,

    /// Days without an accepted callback after which a webhook that fails is deactivated; 0 never deactivates
    #[arg(id = "delivery.deactivate_after_days", long = "deactivate-after-days", value_name = "DAYS", default_value_t = 5, value_parser = clap::value_parser!(u32).range(0..=365))]
    pub deactivate_after_days: u32,

    /// Attempts that must have failed in those days
    #[arg(id = "delivery.deactivate_after_attempts", long = "deactivate-after-attempts", value_name = "COUNT", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub deactivate_after_attempts: u32,

    /// How long a stopping server waits for attempts in flight, in seconds
    #[arg(id = "delivery.drain_timeout_seconds", long = "drain-timeout-seconds", value_name = "SECONDS", default_value_t = 20, value_parser = clap::value_parser!(u64).range(0..=600))]
    pub drain_timeout_seconds: u64,

    /// How long a succeeded delivery is kept after it ended, at least (units h, d); a notification goes with the last of its
    /// deliveries
    #[arg(id = "storage.keep_succeeded", long = "keep-succeeded", value_name = "TIME", default_value = "7d", value_parser = keep)]
    pub keep_succeeded: TimeDelta,

    /// How long a failed or cancelled delivery is kept after it ended, at least (units h, d), and can be delivered again
    #[arg(id = "storage.keep_failed", long = "keep-failed", value_name = "TIME", default_value = "30d", value_parser = keep)]
    pub keep_failed: TimeDelta,

    /// Size of the database without its log, in bytes: beyond it nothing new is taken (503) until something has been removed; 0
    /// sets no limit
    #[arg(id = "storage.max_bytes", long = "max-bytes", value_name = "BYTES", default_value_t = 0)]
    pub max_bytes: u64,

    /// Space on the database's disk, in bytes, that stays free for what has been taken already: below it nothing new is taken
    /// (503); 0 sets no limit
    #[arg(id = "storage.min_free_bytes", long = "min-free-bytes", value_name = "BYTES", default_value_t = 134_217_728)]
    pub min_free_bytes: u64,

    /// Webhooks that an account may have
    #[arg(id = "limits.webhooks_per_account", long = "webhooks-per-account", value_name = "COUNT", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub webhooks_per_account: u32,

    /// Size of a request's body, in bytes
    #[arg(id = "limits.request_body_bytes", long = "request-body-bytes", value_name = "BYTES", default_value_t = 262_144, value_parser = clap::value_parser!(u32).range(1024..=8_388_608))]
    pub request_body_bytes: u32,

    /// Requests that an access token may send in a second, on this server; 0 sets no limit
    #[arg(id = "limits.requests_per_second", long = "requests-per-second", value_name = "COUNT", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub requests_per_second: u32,

    /// Requests without a valid access token that an address may send in a minute; 0 sets no limit
    #[arg(id = "limits.failed_authentications_per_minute", long = "failed-authentications-per-minute", value_name = "COUNT", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub failed_authentications_per_minute: u32,

    /// What the log is written for
    #[arg(id = "log.format", long = "log-format", value_name = "FORMAT", default_value = "text")]
    pub log_format: LogFormat,

    /// The least severe messages that are logged; `debug` has a line for each request and each attempt, `info` for those that fail
    #[arg(id = "log.level", long = "log-level", value_name = "LEVEL", default_value = "info")]
    pub log_level: LogLevel,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Serve the API
    Api,
    /// Bring notifications to callbacks
    Delivery,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationsListen {
    Off,
    At(SocketAddr),
}

impl Default for OperationsListen {
    fn default() -> OperationsListen {
        OperationsListen::At(DEFAULT_OPERATIONS_LISTEN.parse().expect("the default is an address"))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people
    Text,
    /// One JSON object a line, for machines
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

fn operations_listen(text: &str) -> Result<OperationsListen, String> {
    match text {
        "off" => Ok(OperationsListen::Off),
        address => address
            .parse()
            .map(OperationsListen::At)
            .map_err(|_| "must be `off`, or an address and a port such as 127.0.0.1:8081".to_owned()),
    }
}

/// Far longer than any attempt is under way, and no longer than dates reach.
fn keep(text: &str) -> Result<TimeDelta, String> {
    const BOUNDS: std::ops::RangeInclusive<u64> = 3600..=3650 * 24 * 3600;
    let seconds = parse_seconds(text).ok_or("write a whole number and one of the units h and d, such as 7d")?;
    if !BOUNDS.contains(&seconds) {
        return Err("the shortest is 1h and the longest 3650d".to_owned());
    }
    Ok(TimeDelta::seconds(seconds as i64))
}

impl Settings {
    /// # Errors
    /// When settings contradict each other.
    pub fn check(&self) -> Result<(), ConfigError> {
        if matches!(self.store, StoreAddress::Sqlite) && !Role::value_variants().iter().all(|role| self.roles.contains(role)) {
            return Err(ConfigError::Contradiction(
                "on SQLite one server does everything: --roles must be api,delivery, or --store must name a PostgreSQL that others share",
            ));
        }
        let loopback = self.listen.ip().to_canonical().is_loopback();
        if self.dev && !loopback {
            return Err(ConfigError::Contradiction(
                "--dev is for this machine alone: --listen must be a loopback address such as 127.0.0.1:8080",
            ));
        }
        if !loopback && self.tls_cert_file.is_none() && !self.behind_tls_proxy {
            return Err(ConfigError::Contradiction(
                "--listen names an address beyond loopback, where access tokens must not travel in the clear: give --tls-cert-file and \
                 --tls-key-file, or --behind-tls-proxy if a proxy in front of this server has TLS",
            ));
        }
        Ok(())
    }

    /// Networks that callbacks may be in: those that are named, and loopback in development.
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
