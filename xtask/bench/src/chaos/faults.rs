//! The faults of servers and of the shared database.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rustix::process::Signal;
use tokio::sync::watch;

use super::ledger::{Fault, FaultKind, LeasedDelivery, Ledger};
use crate::database::Database;
use crate::process::monotonic;
use crate::server::Server;
use crate::service::Service;

/// The minimum duration of a pause. It is longer than the duration of a lease.
const MIN_PAUSE: Duration = Duration::from_secs(12);
const MAX_PAUSE: Duration = Duration::from_secs(15);

/// Maximum time from a kill of a server to its restart.
const MAX_RESTART_DELAY: Duration = Duration::from_secs(2);

/// Maximum time to start a server again. If the database is down, the starting server ends, and the test starts the
/// server again.
const RESTART_TIMEOUT: Duration = Duration::from_secs(60);

/// Three limits: the maximum time between two faults of the database, the maximum usual downtime, and the long
/// downtime. Only the long downtime is longer than a lease.
const MAX_DATABASE_UPTIME: Duration = Duration::from_secs(8);
const MAX_DATABASE_DOWNTIME: Duration = Duration::from_secs(3);
const LONG_DATABASE_DOWNTIME: Duration = Duration::from_secs(14);

const TICK: Duration = Duration::from_millis(10);

pub(super) struct Faults<'a> {
    /// Average time between two kills, in seconds.
    pub(super) kill_every: f64,
    pub(super) end: Instant,
    pub(super) ledger: &'a Ledger,
}

/// The state of a node.
enum State {
    Up,
    DownUntil(Instant),
    PausedUntil(Instant),
}

fn random_up_to(maximum: Duration) -> Duration {
    maximum.mul_f64(fastrand::f64())
}

impl Faults<'_> {
    /// Kills the server with the embedded store repeatedly.
    pub(super) fn kill_repeatedly(&self, service: &mut Service, addresses: &watch::Sender<Vec<String>>) -> anyhow::Result<()> {
        let token = service.platform_token()?;
        loop {
            // In one of five cases, the server is killed again after at most 100 ms, while it still recovers.
            let uptime = if fastrand::u8(0..5) == 0 { random_up_to(Duration::from_millis(100)) } else { self.random_interval() };
            if Instant::now() + uptime >= self.end {
                return Ok(());
            }
            std::thread::sleep(uptime);
            let server = service.nodes.first_mut().context("the service has no server")?;
            self.kill(0, server)?;
            self.kill_while_it_starts(0, server)?;
            self.ledger.add_start();
            let kills = self.ledger.lock().faults.len();
            server.restart(&token).with_context(|| format!("the server does not start after kill {kills}"))?;
            addresses.send_replace(service.addresses());
        }
    }

    /// Kills and pauses servers on PostgreSQL. If there are several servers, at least one of them keeps running.
    pub(super) fn kill_and_pause(&self, service: &mut Service, addresses: &watch::Sender<Vec<String>>) -> anyhow::Result<()> {
        let (token, database) = (service.platform_token()?, service.database.clone().context("the service has no PostgreSQL")?);
        let mut lease_reader = LeaseReader { database: &database, read_before: HashSet::new() };
        let mut states: Vec<State> = service.nodes.iter().map(|_| State::Up).collect();
        let min_up = states.len().min(2);
        let (mut next_kill, mut next_pause) =
            (Instant::now() + self.random_interval(), Instant::now() + random_up_to(Duration::from_secs(2)));
        loop {
            let (now, over) = (Instant::now(), Instant::now() >= self.end);
            for (index, state) in states.iter_mut().enumerate() {
                let server = &mut service.nodes[index];
                match state {
                    State::DownUntil(until) if over || *until <= now => self.restart_server(server, &token)?,
                    State::PausedUntil(until) if over || *until <= now => {
                        // Record the end of the pause first, because the server may send callbacks as soon as it continues.
                        self.ledger.set_resumed(index);
                        server.signal(Signal::CONT)?;
                    }
                    _ => continue,
                }
                *state = State::Up;
                addresses.send_replace(service.addresses());
            }
            if over {
                return Ok(());
            }
            let up: Vec<usize> = (0..states.len()).filter(|index| matches!(states[*index], State::Up)).collect();
            if let Some(&index) = fastrand::choice(&up).filter(|_| up.len() >= min_up) {
                let server = &mut service.nodes[index];
                if next_kill <= now {
                    self.kill(index, server)?;
                    self.ledger.set_leased(index, lease_reader.leased_deliveries(index));
                    self.kill_while_it_starts(index, server)?;
                    let delay = if fastrand::bool() { Duration::ZERO } else { random_up_to(MAX_RESTART_DELAY) };
                    states[index] = State::DownUntil(Instant::now() + delay);
                    next_kill = Instant::now() + self.random_interval();
                } else if next_pause <= now {
                    server.signal(Signal::STOP)?;
                    self.ledger.lock().faults.push(Fault::new(index, FaultKind::Paused { until: u64::MAX }, monotonic()));
                    self.ledger.set_leased(index, lease_reader.leased_deliveries(index));
                    let until = now + MIN_PAUSE + random_up_to(MAX_PAUSE - MIN_PAUSE);
                    states[index] = State::PausedUntil(until);
                    next_pause = until + random_up_to(MIN_PAUSE);
                }
            }
            std::thread::sleep(TICK);
        }
    }

    /// Kills and restarts the database. Also cuts connections that are in use.
    pub(super) fn break_database(&self, database: &Database) -> anyhow::Result<()> {
        loop {
            let uptime = random_up_to(MAX_DATABASE_UPTIME);
            if Instant::now() + uptime >= self.end {
                return Ok(());
            }
            std::thread::sleep(uptime);
            let from = monotonic();
            if fastrand::bool() {
                for _ in 0..fastrand::u8(1..6) {
                    database.cluster.terminate_connections(Some("webhooks-server"))?;
                    std::thread::sleep(random_up_to(Duration::from_millis(500)));
                }
                self.ledger.add_outage(from, monotonic(), false);
                continue;
            }
            database.cluster.kill()?;
            let long = fastrand::u8(0..6) == 0 && Instant::now() + LONG_DATABASE_DOWNTIME < self.end;
            std::thread::sleep(if long { LONG_DATABASE_DOWNTIME } else { random_up_to(MAX_DATABASE_DOWNTIME) });
            database.cluster.restart().context("PostgreSQL does not start again")?;
            self.ledger.add_outage(from, monotonic(), true);
        }
    }

    pub(super) fn wait_until_end(&self) -> anyhow::Result<()> {
        std::thread::sleep(self.end.saturating_duration_since(Instant::now()));
        Ok(())
    }

    fn random_interval(&self) -> Duration {
        Duration::from_secs_f64(self.kill_every * (0.25 + 1.5 * fastrand::f64()))
    }

    pub(super) fn kill(&self, index: usize, server: &mut Server) -> anyhow::Result<()> {
        // Record the fault after the kill, because callbacks may be accepted until the server is killed.
        server.kill()?;
        self.ledger.lock().faults.push(Fault::new(index, FaultKind::Killed, monotonic()));
        Ok(())
    }

    fn kill_while_it_starts(&self, index: usize, server: &mut Server) -> anyhow::Result<()> {
        while fastrand::u8(0..6) == 0 {
            // The server is killed less than 50 ms after its start, usually before it is ready.
            self.ledger.add_start();
            server.spawn_again()?;
            std::thread::sleep(random_up_to(Duration::from_millis(50)));
            self.kill(index, server)?;
        }
        Ok(())
    }

    pub(super) fn restart_server(&self, server: &mut Server, token: &str) -> anyhow::Result<()> {
        let started = Instant::now();
        loop {
            self.ledger.add_start();
            match server.restart(token) {
                Ok(_) => return Ok(()),
                Err(error) if started.elapsed() > RESTART_TIMEOUT => return Err(error.context("a node does not start again")),
                Err(_) => std::thread::sleep(TICK * 10),
            }
        }
    }
}

/// Reads from PostgreSQL which deliveries a node had leased when it was killed or paused.
struct LeaseReader<'a> {
    database: &'a Database,
    /// Incarnations whose leases were read at an earlier fault. These leases belong to that fault.
    read_before: HashSet<String>,
}

impl LeaseReader<'_> {
    fn leased_deliveries(&mut self, index: usize) -> Vec<LeasedDelivery> {
        let name = Service::node_name(index);
        let rows = self.database.execute(&format!(
            "SELECT n.incarnation, p.webhook_id, d.notification_id
             FROM nodes n LEFT JOIN pending p ON p.leased_by = n.incarnation LEFT JOIN deliveries d ON d.id = p.delivery_id
             WHERE n.incarnation = (SELECT incarnation FROM nodes WHERE name = '{name}' ORDER BY started_at DESC LIMIT 1)"
        ));
        // While PostgreSQL is down, the leases are unknown.
        let Ok(rows) = rows else { return Vec::new() };
        let rows: Vec<Vec<&str>> = rows.lines().map(|row| row.split('|').collect()).collect();
        let [incarnation, ..] = rows.first().map_or(&[][..], Vec::as_slice) else { return Vec::new() };
        if !self.read_before.insert((*incarnation).to_owned()) {
            return Vec::new();
        }
        let leased = rows.iter().filter_map(|row| match row[..] {
            [_, webhook, notification] if !webhook.is_empty() => {
                Some(LeasedDelivery { webhook: webhook.to_owned(), notification: notification.to_owned() })
            }
            _ => None,
        });
        leased.collect()
    }
}
