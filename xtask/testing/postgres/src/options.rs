//! The options of a server.

use crate::directory::Storage;

/// The options of a [Cluster](crate::Cluster). By default, the data is in memory. The server accepts every local
/// connection, and uses neither a password nor TLS.
#[derive(Debug, Clone, Default)]
pub struct Options {
    pub(crate) storage: Storage,
    pub(crate) settings: Vec<(String, String)>,
    pub(crate) tls: Option<Tls>,
    pub(crate) password: Option<String>,
}

/// The TLS certificate of a server and its key, as PEM.
#[derive(Debug, Clone)]
pub struct Tls {
    pub certificate: String,
    pub key: String,
}

impl Options {
    /// Sets where the data is stored.
    #[must_use]
    pub fn storage(self, storage: Storage) -> Options {
        Options { storage, ..self }
    }

    /// Adds a setting to postgresql.conf. The setting overrides the default of this crate.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Options {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Requires TLS for every connection.
    #[must_use]
    pub fn tls(self, certificate: &str, key: &str) -> Options {
        Options { tls: Some(Tls { certificate: certificate.to_owned(), key: key.to_owned() }), ..self }
    }

    /// Requires this password for every connection. The authentication method is SCRAM.
    #[must_use]
    pub fn password(self, password: &str) -> Options {
        Options { password: Some(password.to_owned()), ..self }
    }

    /// Returns the content of postgresql.conf.
    pub(crate) fn configuration(&self, version: u32, port: u16) -> String {
        let port = port.to_string();
        let mut settings = vec![
            ("listen_addresses", "127.0.0.1"),
            ("port", &port),
            // The server has no Unix socket, because the path of the socket could be too long for a socket address.
            ("unix_socket_directories", ""),
            ("max_connections", "300"),
            ("password_encryption", "scram-sha-256"),
            ("timezone", "UTC"),
            ("log_timezone", "UTC"),
            ("log_line_prefix", "%m [%p] %a "),
            // `mmap` uses files in the data directory. After a kill, shared memory of another kind would not be removed.
            ("dynamic_shared_memory_type", "mmap"),
            // Keeps write-ahead log for a standby that was down for a while.
            ("wal_keep_size", "128MB"),
        ];
        if version >= 14 {
            // Shared memory up to this size needs no file.
            settings.push(("min_dynamic_shared_memory", "16MB"));
        }
        match self.storage {
            Storage::Memory => settings.extend([("shared_buffers", "64MB"), ("max_wal_size", "256MB")]),
            Storage::Disk(_) => settings.push(("shared_buffers", "128MB")),
        }
        if self.tls.is_some() {
            settings.extend([("ssl", "on"), ("ssl_cert_file", "../tls.pem"), ("ssl_key_file", "../tls-key.pem")]);
        }
        settings.extend(self.settings.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        // If the file has several lines for a setting, PostgreSQL uses the last line.
        settings.iter().map(|(name, value)| setting_line(name, value)).collect()
    }

    /// Returns the content of pg_hba.conf.
    pub(crate) fn access(&self) -> String {
        let kind = if self.tls.is_some() { "hostssl" } else { "host" };
        let method = if self.password.is_some() { "scram-sha-256" } else { "trust" };
        ["all", "replication"].map(|database| format!("{kind} {database} all 127.0.0.1/32 {method}\n")).concat()
    }
}

/// Returns a line of a configuration file. A backslash in the file starts an escape, so this function doubles backslashes.
pub(crate) fn setting_line(name: &str, value: &str) -> String {
    format!("{name} = {}\n", quoted(&value.replace('\\', r"\\")))
}

/// Returns an SQL string literal.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
