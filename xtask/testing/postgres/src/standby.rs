//! A second server that has whatever the first one has committed.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;

use crate::binaries::Binaries;
use crate::cluster::Cluster;
use crate::options::configured;
use crate::place::Place;
use crate::sql::Access;
use crate::supervised::{PATIENCE, wait_for};

impl Cluster {
    /// A copy of this server with the same options that follows it. From now on each commit waits until the copy has it, so
    /// that none is lost in [`Cluster::promote`]; while the copy does not answer, none returns.
    ///
    /// To have commits wait for none again, [configure](Cluster::configure) `synchronous_standby_names` to be empty.
    ///
    /// # Errors
    /// When the copy does not start, or does not follow.
    pub fn standby(&self) -> Result<Cluster> {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let name = format!("standby_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let place = Place::new(&self.options.storage)?;
        let mut copy = place.command(&Binaries::find()?.path("pg_basebackup"));
        self.access.environment(&mut copy);
        copy.args(["--wal-method=stream", "--checkpoint=fast", "--no-sync", "--no-password", "--pgdata"]).arg(place.data());
        place.run(copy)?;
        place.write("data/standby.signal", "")?;
        // The primary's has standbys that a promoted one would wait for.
        let primary = self.access.parameters(&name);
        place.write("data/postgresql.auto.conf", &configured("primary_conninfo", &primary))?;
        let standby = Cluster::on(place, &self.options)?;

        let follows = format!("SELECT sync_state FROM pg_stat_replication WHERE application_name = '{name}' AND state = 'streaming'");
        let state = || self.execute("postgres", &follows);
        wait_for("the standby to follow", PATIENCE, || Ok((!state()?.is_empty()).then_some(())))?;
        let names = "SELECT format('FIRST %s (%s)', count(*), string_agg(application_name, ', ')) FROM pg_stat_replication
                     WHERE application_name LIKE 'standby\\_%' AND state = 'streaming'";
        self.configure("synchronous_standby_names", &self.execute("postgres", names)?)?;
        wait_for("commits to wait for the standby", PATIENCE, || Ok((state()? == "sync").then_some(())))?;
        Ok(standby)
    }
}

impl Access {
    /// As libpq takes them, for a connection with a name.
    fn parameters(&self, name: &str) -> String {
        let mode = if self.encrypted { "require" } else { "disable" };
        let password = self.password.as_ref().map(|password| password.replace('\\', "\\\\").replace('\'', "\\'"));
        let password = password.map(|password| format!(" password='{password}'")).unwrap_or_default();
        format!("host=127.0.0.1 port={} user=postgres application_name={name} sslmode={mode}{password}", self.port)
    }
}
