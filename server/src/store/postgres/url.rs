//! The address of the database: a connection URI as in libpq (PostgreSQL documentation, 34.1.1.2). The URI may have
//! several hosts and the TLS parameters of libpq.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use tokio_postgres::config::{Config, Host, TargetSessionAttrs};

/// The `sslmode` of libpq: whether TLS is required, and what is verified.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SslMode {
    Disable,
    /// TLS if the server supports it. This is the default, as in libpq.
    #[default]
    Prefer,
    /// TLS without verification of the server. With `sslrootcert`, this mode means `verify-ca`, as in libpq.
    Require,
    /// TLS is required, and a trusted certificate authority must have issued the server's certificate. The host name is
    /// not checked.
    VerifyCa,
    /// Like `VerifyCa`, but the certificate must also match the host name.
    VerifyFull,
}

#[derive(Clone)]
pub struct PostgresUrl {
    pub(super) config: Config,
    pub(super) ssl_mode: SslMode,
    /// A PEM file with the trusted certificate authorities. `None` means the certificate authorities of the operating
    /// system.
    pub(super) ssl_root_cert: Option<PathBuf>,
    /// A PEM file with the client certificate.
    pub(super) ssl_cert: Option<PathBuf>,
    /// A PEM file with the private key of the client certificate.
    pub(super) ssl_key: Option<PathBuf>,
}

/// The parameters that a URL may have. They have the names and meanings of libpq (PostgreSQL documentation, 34.1.2), but
/// `sslnegotiation`, `channel_binding` and `load_balance_hosts` are limited to what tokio-postgres supports.
const PARAMETERS: [&str; 24] = [
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "sslnegotiation",
    "channel_binding",
    "connect_timeout",
    "tcp_user_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "target_session_attrs",
    "load_balance_hosts",
    "host",
    "hostaddr",
    "port",
    "user",
    "password",
    "dbname",
    "application_name",
    "fallback_application_name",
    "options",
    "client_encoding",
];

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// If the server acknowledges no data for this time, the connection is closed, so that another host can be tried.
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(10);

impl PostgresUrl {
    #[must_use]
    pub fn with_password(mut self, password: &str) -> PostgresUrl {
        self.config.password(password);
        self
    }

    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// Returns a short form of the URL for logs and errors. It contains only the hosts, the ports and the database.
    #[must_use]
    pub fn shown(&self) -> String {
        let hosts = self.config.get_hosts().iter().zip(self.config.get_ports().iter().cycle()).map(|(host, port)| match host {
            Host::Tcp(name) => format!("{name}:{port}"),
            Host::Unix(path) => path.display().to_string(),
        });
        let database = self.config.get_dbname().or(self.config.get_user()).unwrap_or_default();
        format!("postgres://{}/{database}", hosts.collect::<Vec<_>>().join(","))
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.shown())
    }
}

impl FromStr for PostgresUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<PostgresUrl, String> {
        // Errors must not contain the URL, because a URL may contain a password.
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return Err("must be a URL such as postgres://user@host/database".to_owned());
        }
        let (base, query) = text.split_once('?').unwrap_or((text, ""));
        // After a password with `@` or `?`, a part of the password would count as a host or a parameter, and errors and logs show these.
        if query.contains('@') || base.matches('@').count() > 1 {
            return Err("must have only one `@`, before the host: write `%40` for `@` and `%3F` for `?` in other places".to_owned());
        }
        let (mut ssl_mode, mut files, mut others) = (SslMode::default(), [const { None }; 3], Vec::new());
        let mut fallback_application_name = None;
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            // The name is not shown: it is a part of a password if the password contains `?` and the `@` is missing.
            if !PARAMETERS.contains(&name) {
                return Err(format!("has an unknown parameter after `?`; the parameters are {}", PARAMETERS.join(", ")));
            }
            let value = percent_decode_str(value).decode_utf8().map_err(|_| format!("the value of {name} is not UTF-8"))?;
            match name {
                "sslmode" => ssl_mode = value.parse()?,
                "sslrootcert" => files[0] = Some(PathBuf::from(&*value)),
                "sslcert" => files[1] = Some(PathBuf::from(&*value)),
                "sslkey" => files[2] = Some(PathBuf::from(&*value)),
                "fallback_application_name" => fallback_application_name = Some(value.into_owned()),
                // This program reads and writes UTF-8 only.
                "client_encoding" if ["auto", "utf8", "utf-8"].contains(&value.to_lowercase().as_str()) => {}
                "client_encoding" => return Err("client_encoding must be UTF8 or auto".to_owned()),
                // tokio-postgres has another name for this parameter.
                "keepalives_count" => others.push(format!("keepalives_retries={value}")),
                _ => others.push(parameter.to_owned()),
            }
        }
        let rest = if others.is_empty() { base.to_owned() } else { format!("{base}?{}", others.join("&")) };
        let mut config: Config = rest.parse().map_err(|error| match std::error::Error::source(&error) {
            Some(source) => format!("must be a URL such as postgres://user@host/database: {source}"),
            None => "must be a URL such as postgres://user@host/database".to_owned(),
        })?;
        if config.get_hosts().is_empty() {
            return Err("must name a host: postgres://user@host/database".to_owned());
        }
        if config.get_user().is_none() {
            return Err("must name a user: postgres://user@host/database".to_owned());
        }
        let [ssl_root_cert, ssl_cert, ssl_key] = files;
        if ssl_cert.is_some() != ssl_key.is_some() {
            return Err("sslcert and sslkey must be set together".to_owned());
        }
        if ssl_root_cert.is_some() && ssl_mode == SslMode::Require {
            ssl_mode = SslMode::VerifyCa;
        }
        config.ssl_mode(match ssl_mode {
            SslMode::Disable => tokio_postgres::config::SslMode::Disable,
            SslMode::Prefer => tokio_postgres::config::SslMode::Prefer,
            SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => tokio_postgres::config::SslMode::Require,
        });
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(TCP_USER_TIMEOUT);
        }
        if config.get_application_name().is_none() {
            config.application_name(fallback_application_name.as_deref().unwrap_or("webhooks-server"));
        }
        // This program writes to the database. So if the URL has several hosts, it can use only the primary server.
        if !others.iter().any(|parameter| parameter.starts_with("target_session_attrs=")) {
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        Ok(PostgresUrl { config, ssl_mode, ssl_root_cert, ssl_cert, ssl_key })
    }
}

impl FromStr for SslMode {
    type Err = String;

    fn from_str(text: &str) -> Result<SslMode, String> {
        Ok(match text {
            "disable" => SslMode::Disable,
            // For `allow`, libpq first tries a connection without TLS. This program tries TLS first, which is at least
            // as secure.
            "allow" | "prefer" => SslMode::Prefer,
            "require" => SslMode::Require,
            "verify-ca" => SslMode::VerifyCa,
            "verify-full" => SslMode::VerifyFull,
            _ => return Err("sslmode must be disable, allow, prefer, require, verify-ca or verify-full".to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libpq_parameters_are_accepted() {
        let url: PostgresUrl =
            "postgres://me:se%40cret@one,two:5433/hooks?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem&target_session_attrs=read-write&connect_timeout=3"
                .parse()
                .expect("a URL");
        assert_eq!((url.ssl_mode, url.ssl_root_cert.as_deref()), (SslMode::VerifyFull, Some(std::path::Path::new("/etc/ca.pem"))));
        assert_eq!(url.config.get_hosts().len(), 2);
        assert_eq!(url.config.get_connect_timeout(), Some(&Duration::from_secs(3)));
        let url: PostgresUrl = "postgresql://me@one/hooks?sslmode=require&sslrootcert=ca.pem".parse().expect("a URL");
        assert_eq!(url.ssl_mode, SslMode::VerifyCa);
        assert_eq!(url.config.get_target_session_attrs(), TargetSessionAttrs::ReadWrite, "the primary of several hosts is used");
    }

    #[test]
    fn each_listed_parameter_is_accepted() {
        for name in PARAMETERS {
            let value = match name {
                "sslmode" | "channel_binding" | "load_balance_hosts" => "disable",
                "sslnegotiation" => "postgres",
                "sslcert" => "a.pem&sslkey=a.key",
                "sslkey" => "a.key&sslcert=a.pem",
                "hostaddr" => "127.0.0.1",
                "target_session_attrs" => "any",
                "client_encoding" => "UTF8",
                _ => "1",
            };
            let text = format!("postgres://me@one/hooks?{name}={value}");
            text.parse::<PostgresUrl>().unwrap_or_else(|error| panic!("{text}: {error}"));
        }
        let url: PostgresUrl =
            "postgres://me@one/hooks?fallback_application_name=billing&keepalives_count=3&client_encoding=utf8".parse().expect("a URL");
        assert_eq!((url.config.get_application_name(), url.config.get_keepalives_retries()), (Some("billing"), Some(3)));
    }

    #[test]
    fn errors_and_debug_output_do_not_contain_the_password() {
        let url: PostgresUrl = "postgres://me:secret@one,two:5433/hooks".parse().expect("a URL");
        assert_eq!(format!("{url:?}"), "postgres://one:5432,two:5433/hooks");
        for (text, expected) in [
            ("postgres://me:secret@one/hooks?sslmode=strict", "sslmode must be"),
            ("postgres://me:secret@one/hooks?color=red", "unknown parameter after `?`; the parameters are sslmode, "),
            ("postgres://me:a?secret=b", "unknown parameter"),
            ("postgres://me:a?secret=%ff", "unknown parameter"),
            ("postgres://me:secret@one/hooks?client_encoding=latin1", "client_encoding must be UTF8 or auto"),
            ("postgres://me:secret@one/hooks?keepalives_count=many", "invalid value for option `keepalives_retries`"),
            ("postgres://me:secret@one/hooks?sslcert=a", "must be set together"),
            ("postgres://me:secret@one:port/hooks", "must be a URL"),
            ("postgres://me:a@secret@one/hooks", "must have only one `@`"),
            ("postgres://me:a?secret@one/hooks", "must have only one `@`"),
            ("postgres://me:a?b=secret@one/hooks", "must have only one `@`"),
            ("postgres://me:a?secret=b@one/hooks", "must have only one `@`"),
            ("host=one user=me password=secret", "must be a URL"),
            ("mysql://me:secret@one/hooks", "must be a URL"),
            ("postgres://one/hooks", "must name a user"),
            ("postgres:///hooks", "must name a host"),
        ] {
            let error = text.parse::<PostgresUrl>().expect_err(text);
            assert!(error.contains(expected) && !error.contains("secret"), "{text}: {error}");
        }
    }
}
