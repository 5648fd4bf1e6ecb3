//! What a server is started with.

use crate::place::Storage;

/// How a [Cluster](crate::Cluster) is to be. By default in memory, for every local connection, without TLS.
#[derive(Debug, Clone, Default)]
pub struct Options {
    pub(crate) storage: Storage,
    pub(crate) settings: Vec<(String, String)>,
    pub(crate) tls: Option<Tls>,
    pub(crate) password: Option<String>,
}

/// What a server shows to those who connect, as PEM.
#[derive(Debug, Clone)]
pub struct Tls {
    pub certificate: String,
    pub key: String,
}

impl Options {
    #[must_use]
    pub fn storage(self, storage: Storage) -> Options {
        Options { storage, ..self }
    }

    /// A line of postgresql.conf, which goes before what this crate has there.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Options {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Every connection has to be encrypted.
    #[must_use]
    pub fn tls(self, certificate: &str, key: &str) -> Options {
        Options { tls: Some(Tls { certificate: certificate.to_owned(), key: key.to_owned() }), ..self }
    }

    /// Every connection has to give this one, by SCRAM.
    #[must_use]
    pub fn password(self, password: &str) -> Options {
        Options { password: Some(password.to_owned()), ..self }
    }

    /// The whole postgresql.conf.
    pub(crate) fn configuration(&self, version: u32, port: u16) -> String {
        let port = port.to_string();
        let mut settings = vec![
            ("listen_addresses", "127.0.0.1"),
            ("port", &port),
            // Its path may be longer than an address of a socket can be.
            ("unix_socket_directories", ""),
            ("max_connections", "300"),
            ("password_encryption", "scram-sha-256"),
            ("timezone", "UTC"),
            ("log_timezone", "UTC"),
            ("log_line_prefix", "%m [%p] %a "),
            // Files in the data directory: others would stay where a server was killed.
            ("dynamic_shared_memory_type", "mmap"),
            // A standby that was down for a while finds what it missed.
            ("wal_keep_size", "128MB"),
        ];
        if version >= 14 {
            // So much is no file at all.
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
        // The last of several lines for one setting counts.
        settings.iter().map(|(name, value)| configured(name, value)).collect()
    }

    /// The whole pg_hba.conf.
    pub(crate) fn access(&self) -> String {
        let kind = if self.tls.is_some() { "hostssl" } else { "host" };
        let method = if self.password.is_some() { "scram-sha-256" } else { "trust" };
        ["all", "replication"].map(|database| format!("{kind} {database} all 127.0.0.1/32 {method}\n")).concat()
    }
}

/// A line of a configuration file, where a backslash has a meaning.
pub(crate) fn configured(name: &str, value: &str) -> String {
    format!("{name} = {}\n", quoted(&value.replace('\\', r"\\")))
}

/// As in SQL.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
