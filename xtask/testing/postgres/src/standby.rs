//! A standby server that has all commits of its primary.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;

use crate::binaries::Binaries;
use crate::cluster::Cluster;
use crate::directory::WorkDirectory;
use crate::options::setting_line;
use crate::sql::Access;
use crate::supervised::{TIMEOUT, wait_for};

impl Cluster {
    /// Starts a standby of this server with the same options. After this call, each commit waits until the standby has
    /// stored the commit, so [`Cluster::promote`] loses no commit. While the standby does not respond, no commit returns.
    ///
    /// If commits must not wait for standbys, [set](Cluster::configure) `synchronous_standby_names` to an empty value.
    ///
    /// # Errors
    /// If the standby does not start, or does not receive the commits of this server.
    pub fn standby(&self) -> Result<Cluster> {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let name = format!("standby_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let directory = WorkDirectory::new(&self.options.storage)?;
        let mut copy = directory.command(&Binaries::find()?.path("pg_basebackup"));
        self.access.environment(&mut copy);
        copy.args(["--wal-method=stream", "--checkpoint=fast", "--no-sync", "--no-password", "--pgdata"]).arg(directory.data());
        directory.run(copy)?;
        directory.write("data/standby.signal", "")?;
        // Replaces the copied file, because it may list other standbys. After its promotion, the new server would wait
        // for those standbys.
        let primary = self.access.parameters(&name);
        directory.write("data/postgresql.auto.conf", &setting_line("primary_conninfo", &primary))?;
        let standby = Cluster::start_in(directory, &self.options)?;

        let follows = format!("SELECT sync_state FROM pg_stat_replication WHERE application_name = '{name}' AND state = 'streaming'");
        let state = || self.execute("postgres", &follows);
        wait_for("the standby to follow", TIMEOUT, || Ok((!state()?.is_empty()).then_some(())))?;
        let names = "SELECT format('FIRST %s (%s)', count(*), string_agg(application_name, ', ')) FROM pg_stat_replication
                     WHERE application_name LIKE 'standby\\_%' AND state = 'streaming'";
        self.configure("synchronous_standby_names", &self.execute("postgres", names)?)?;
        wait_for("commits to wait for the standby", TIMEOUT, || Ok((state()? == "sync").then_some(())))?;
        Ok(standby)
    }
}

impl Access {
    /// Returns the connection parameters for libpq. The application name is `name`.
    fn parameters(&self, name: &str) -> String {
        let mode = if self.encrypted { "require" } else { "disable" };
        let password = self.password.as_ref().map(|password| password.replace('\\', "\\\\").replace('\'', "\\'"));
        let password = password.map(|password| format!(" password='{password}'")).unwrap_or_default();
        format!("host=127.0.0.1 port={} user=postgres application_name={name} sslmode={mode}{password}", self.port)
    }
}
