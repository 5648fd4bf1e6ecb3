//! What can happen to a server, and what it costs.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rustix::process::Signal;

use crate::cluster::{Cluster, start_server};
use crate::options::quoted;
use crate::process;
use crate::supervised::{PATIENCE, Supervised};

const DOWN: &str = "the server is down";

impl Cluster {
    /// Kills the server and its children at one stroke. What it had not written into files is lost, as when the machine loses
    /// power; what it had written is not, as the kernel lives.
    ///
    /// # Errors
    /// When it is down.
    pub fn kill(&self) -> Result<()> {
        self.end(Supervised::kill)
    }

    /// Has the server roll back what is open, end its connections and write everything down.
    ///
    /// # Errors
    /// When it is down, or does not manage to.
    pub fn stop(&self) -> Result<()> {
        self.end(|server| server.stop(PATIENCE))
    }

    fn end(&self, how: impl FnOnce(&Supervised) -> Result<()>) -> Result<()> {
        let mut state = self.state();
        let server = state.server.take().context(DOWN)?;
        let before = process::cpu(server.id());
        let ended = how(&server);
        // Only one that had the time to ask its children has their time.
        state.spent += before.max(process::cpu(server.id()));
        ended
    }

    /// Starts a server again on the same port, which repairs its data where it was killed. One that is up is stopped first.
    ///
    /// # Errors
    /// When it does not start.
    pub fn restart(&self) -> Result<()> {
        if self.is_up() {
            self.stop()?;
        }
        self.state().server = Some(start_server(&self.place)?);
        Ok(())
    }

    /// Whether it was neither killed nor stopped, nor has ended by itself.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.state().server.as_ref().is_some_and(Supervised::runs)
    }

    /// Has the server and its children do nothing at all until [`Cluster::resume`]: connections stay open, and are not
    /// answered.
    ///
    /// # Errors
    /// When it is down.
    pub fn pause(&self) -> Result<()> {
        self.state().server.as_ref().context(DOWN)?.signal_all(Signal::STOP);
        Ok(())
    }

    /// # Errors
    /// When it is down.
    pub fn resume(&self) -> Result<()> {
        self.state().server.as_ref().context(DOWN)?.signal_all(Signal::CONT);
        Ok(())
    }

    /// Ends the connections of clients with this `application_name`, or of all, and says how many.
    ///
    /// # Errors
    /// When the server is not there.
    pub fn terminate_connections(&self, application_name: Option<&str>) -> Result<usize> {
        let only = application_name.map(|name| format!("AND application_name = {}", quoted(name))).unwrap_or_default();
        let sql = format!(
            "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity
             WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() {only}"
        );
        Ok(self.execute("postgres", &sql)?.parse()?)
    }

    /// Changes a setting of the running server. Some need a restart.
    ///
    /// # Errors
    /// When there is no such setting or value.
    pub fn configure(&self, name: &str, value: &str) -> Result<()> {
        self.execute("postgres", &format!("ALTER SYSTEM SET {name} = {}; SELECT pg_reload_conf()", quoted(value)))?;
        Ok(())
    }

    /// Processor time that the servers on this data have spent so far, with all of their children.
    #[must_use]
    pub fn cpu_seconds(&self) -> f64 {
        let state = self.state();
        let now = state.server.as_ref().map_or(Duration::ZERO, |server| process::cpu(server.id()));
        (state.spent + now).as_secs_f64()
    }

    /// Memory that the server has now, with all of its children; what they share is counted once.
    ///
    /// # Errors
    /// When it is down.
    pub fn memory_bytes(&self) -> Result<u64> {
        process::memory(self.state().server.as_ref().context(DOWN)?.id())
    }

    /// What its data takes up, with the log that it recovers from.
    #[must_use]
    pub fn disk_bytes(&self) -> u64 {
        process::disk(&self.place.data())
    }

    /// Has a standby take over. Its primary is to be down, or to be kept from answering.
    ///
    /// # Errors
    /// When it is no standby.
    pub fn promote(&self) -> Result<()> {
        let promoted = self.execute("postgres", &format!("SELECT pg_promote(true, {})", PATIENCE.as_secs()))?;
        ensure!(promoted == "t", "the standby does not take over");
        Ok(())
    }
}
