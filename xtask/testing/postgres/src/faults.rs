//! Methods that cause faults of a server, and methods that measure its resource usage.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rustix::process::Signal;

use crate::cluster::{Cluster, start_server};
use crate::options::quoted;
use crate::process;
use crate::supervised::{Supervised, TIMEOUT};

const DOWN: &str = "the server is down";

impl Cluster {
    /// Kills the server and its children. Data that was not written to files is lost. The kernel keeps running, so
    /// written data is kept even if it was not synced. After a power failure, such data could be lost.
    ///
    /// # Errors
    /// If the server is down.
    pub fn kill(&self) -> Result<()> {
        self.end(Supervised::kill)
    }

    /// Stops the server: it rolls back open transactions, ends connections and writes all data to disk.
    ///
    /// # Errors
    /// If the server is down or does not stop.
    pub fn stop(&self) -> Result<()> {
        self.end(|server| server.stop(TIMEOUT))
    }

    fn end(&self, operation: impl FnOnce(&Supervised) -> Result<()>) -> Result<()> {
        let mut state = self.state();
        let server = state.server.take().context(DOWN)?;
        let before = process::cpu_time(server.id());
        let result = operation(&server);
        // After a kill, the second value does not include the CPU time of the killed children, so the larger value is used.
        state.ended_cpu_time += before.max(process::cpu_time(server.id()));
        result
    }

    /// Starts the server again on the same port. If the server is running, stops it first. If the server was killed, it
    /// recovers its data.
    ///
    /// # Errors
    /// If the server does not stop or does not start.
    pub fn restart(&self) -> Result<()> {
        if self.is_up() {
            self.stop()?;
        }
        self.state().server = Some(start_server(&self.directory)?);
        Ok(())
    }

    /// Returns whether the server is running.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.state().server.as_ref().is_some_and(Supervised::is_running)
    }

    /// Pauses the server and its children until [`Cluster::resume`]. Connections stay open, but clients get no response.
    ///
    /// # Errors
    /// If the server is down.
    pub fn pause(&self) -> Result<()> {
        self.state().server.as_ref().context(DOWN)?.signal_all(Signal::STOP);
        Ok(())
    }

    /// Resumes a paused server.
    ///
    /// # Errors
    /// If the server is down.
    pub fn resume(&self) -> Result<()> {
        self.state().server.as_ref().context(DOWN)?.signal_all(Signal::CONT);
        Ok(())
    }

    /// Ends the connections of clients with this `application_name`. If `application_name` is `None`, ends the
    /// connections of all clients. Returns the number of ended connections.
    ///
    /// # Errors
    /// If the server does not respond.
    pub fn terminate_connections(&self, application_name: Option<&str>) -> Result<usize> {
        let condition = application_name.map(|name| format!("AND application_name = {}", quoted(name))).unwrap_or_default();
        let sql = format!(
            "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity
             WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() {condition}"
        );
        Ok(self.execute("postgres", &sql)?.parse()?)
    }

    /// Changes a setting of the running server. Some settings have no effect before a restart.
    ///
    /// # Errors
    /// If the setting or the value is invalid.
    pub fn configure(&self, name: &str, value: &str) -> Result<()> {
        self.execute("postgres", &format!("ALTER SYSTEM SET {name} = {}; SELECT pg_reload_conf()", quoted(value)))?;
        Ok(())
    }

    /// Returns the CPU time of this server and its children since the first start. The time includes all runs before a
    /// restart.
    #[must_use]
    pub fn cpu_seconds(&self) -> f64 {
        let state = self.state();
        let now = state.server.as_ref().map_or(Duration::ZERO, |server| process::cpu_time(server.id()));
        (state.ended_cpu_time + now).as_secs_f64()
    }

    /// Returns the current memory of the server and its children. Shared memory is counted once.
    ///
    /// # Errors
    /// If the server is down.
    pub fn memory_bytes(&self) -> Result<u64> {
        process::memory_bytes(self.state().server.as_ref().context(DOWN)?.id())
    }

    /// Returns the disk space of the data directory, including the write-ahead log.
    #[must_use]
    pub fn disk_bytes(&self) -> u64 {
        process::disk_bytes(&self.directory.data())
    }

    /// Promotes this standby to primary. The old primary must be down or paused.
    ///
    /// # Errors
    /// If the server is not a standby, or the promotion takes too long.
    pub fn promote(&self) -> Result<()> {
        let promoted = self.execute("postgres", &format!("SELECT pg_promote(true, {})", TIMEOUT.as_secs()))?;
        ensure!(promoted == "t", "the standby was not promoted");
        Ok(())
    }
}
