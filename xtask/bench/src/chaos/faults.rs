//! What happens to the servers, and to what they share.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rustix::process::Signal;
use tokio::sync::watch;

use super::ledger::{Fault, Held, Ledger, What};
use crate::database::Database;
use crate::process::monotonic;
use crate::server::Server;
use crate::service::Service;

/// A node is paused for longer than it is believed to live.
const SHORTEST_PAUSE: Duration = Duration::from_secs(12);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// One that was killed is away for so long at most.
const AWAY: Duration = Duration::from_secs(2);

/// A server that finds no database ends, and whoever watches over it starts it again, for so long.
const COMES_BACK: Duration = Duration::from_secs(60);

/// Between faults of the database, and how long it is away: mostly for less than a node is believed to live.
const DATABASE_LIVES: Duration = Duration::from_secs(8);
const DATABASE_AWAY: Duration = Duration::from_secs(3);
const DATABASE_LONG_AWAY: Duration = Duration::from_secs(14);

const TICK: Duration = Duration::from_millis(10);

pub(super) struct Faults<'a> {
    /// Seconds, on average.
    pub(super) kill_every: f64,
    pub(super) end: Instant,
    pub(super) ledger: &'a Ledger,
}

/// A node of several.
enum State {
    Up,
    AwayUntil(Instant),
    PausedUntil(Instant),
}

fn up_to(longest: Duration) -> Duration {
    longest.mul_f64(fastrand::f64())
}

impl Faults<'_> {
    /// On its embedded store, where a server that is started again goes on at once.
    pub(super) fn kill_again_and_again(&self, service: &mut Service, addresses: &watch::Sender<Vec<String>>) -> anyhow::Result<()> {
        let token = service.platform()?;
        loop {
            // Now and then again at once, while it still takes up what was left.
            let lives = if fastrand::u8(0..5) == 0 { up_to(Duration::from_millis(100)) } else { self.usual() };
            if Instant::now() + lives >= self.end {
                return Ok(());
            }
            std::thread::sleep(lives);
            let server = service.nodes.first_mut().context("there is no server")?;
            self.kill(0, server)?;
            self.kill_while_it_starts(0, server)?;
            self.ledger.started();
            let kills = self.ledger.lock().faults.len();
            server.start_again(&token).with_context(|| format!("the server does not come back after kill {kills}"))?;
            addresses.send_replace(service.addresses());
        }
    }

    /// On PostgreSQL, one after the other, so that there is always one at work if there are several.
    pub(super) fn kill_and_pause(&self, service: &mut Service, addresses: &watch::Sender<Vec<String>>) -> anyhow::Result<()> {
        let (token, database) = (service.platform()?, service.database.clone().context("there is no PostgreSQL")?);
        let mut witness = Witness { database: &database, known: HashSet::new() };
        let mut states: Vec<State> = service.nodes.iter().map(|_| State::Up).collect();
        let least_up = states.len().min(2);
        let (mut next_kill, mut next_pause) = (Instant::now() + self.usual(), Instant::now() + up_to(Duration::from_secs(2)));
        loop {
            let (now, over) = (Instant::now(), Instant::now() >= self.end);
            for (place, state) in states.iter_mut().enumerate() {
                let server = &mut service.nodes[place];
                match state {
                    State::AwayUntil(until) if over || *until <= now => self.bring_back(server, &token)?,
                    State::PausedUntil(until) if over || *until <= now => {
                        // Noted before: it may send from then on.
                        self.ledger.woken(place);
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
            let up: Vec<usize> = (0..states.len()).filter(|place| matches!(states[*place], State::Up)).collect();
            if let Some(&place) = fastrand::choice(&up).filter(|_| up.len() >= least_up) {
                let server = &mut service.nodes[place];
                if next_kill <= now {
                    self.kill(place, server)?;
                    self.ledger.held(place, witness.held(place));
                    self.kill_while_it_starts(place, server)?;
                    let away = if fastrand::bool() { Duration::ZERO } else { up_to(AWAY) };
                    states[place] = State::AwayUntil(Instant::now() + away);
                    next_kill = Instant::now() + self.usual();
                } else if next_pause <= now {
                    server.signal(Signal::STOP)?;
                    self.ledger.lock().faults.push(Fault::new(place, What::Paused { until: u64::MAX }, monotonic()));
                    self.ledger.held(place, witness.held(place));
                    let until = now + SHORTEST_PAUSE + up_to(LONGEST_PAUSE - SHORTEST_PAUSE);
                    states[place] = State::PausedUntil(until);
                    next_pause = until + up_to(SHORTEST_PAUSE);
                }
            }
            std::thread::sleep(TICK);
        }
    }

    /// Kills and restarts it, and cuts connections in the middle of what is said on them.
    pub(super) fn break_database(&self, database: &Database) -> anyhow::Result<()> {
        loop {
            let lives = up_to(DATABASE_LIVES);
            if Instant::now() + lives >= self.end {
                return Ok(());
            }
            std::thread::sleep(lives);
            let from = monotonic();
            if fastrand::bool() {
                for _ in 0..fastrand::u8(1..6) {
                    database.cluster.terminate_connections(Some("webhooks-server"))?;
                    std::thread::sleep(up_to(Duration::from_millis(500)));
                }
                self.ledger.outage(from, monotonic(), false);
                continue;
            }
            database.cluster.kill()?;
            let long = fastrand::u8(0..6) == 0 && Instant::now() + DATABASE_LONG_AWAY < self.end;
            std::thread::sleep(if long { DATABASE_LONG_AWAY } else { up_to(DATABASE_AWAY) });
            database.cluster.restart().context("PostgreSQL does not come back")?;
            self.ledger.outage(from, monotonic(), true);
        }
    }

    pub(super) fn none(&self) -> anyhow::Result<()> {
        std::thread::sleep(self.end.saturating_duration_since(Instant::now()));
        Ok(())
    }

    fn usual(&self) -> Duration {
        Duration::from_secs_f64(self.kill_every * (0.25 + 1.5 * fastrand::f64()))
    }

    fn kill(&self, place: usize, server: &mut Server) -> anyhow::Result<()> {
        // Noted when it has happened: until then callbacks may be accepted.
        server.kill()?;
        self.ledger.lock().faults.push(Fault::new(place, What::Killed, monotonic()));
        Ok(())
    }

    fn kill_while_it_starts(&self, place: usize, server: &mut Server) -> anyhow::Result<()> {
        while fastrand::u8(0..6) == 0 {
            // Before it says that it is there.
            self.ledger.started();
            server.begin_again()?;
            std::thread::sleep(up_to(Duration::from_millis(50)));
            self.kill(place, server)?;
        }
        Ok(())
    }

    fn bring_back(&self, server: &mut Server, token: &str) -> anyhow::Result<()> {
        let begun = Instant::now();
        loop {
            self.ledger.started();
            match server.start_again(token) {
                Ok(_) => return Ok(()),
                Err(error) if begun.elapsed() > COMES_BACK => return Err(error.context("a node does not come back")),
                Err(_) => std::thread::sleep(TICK * 10),
            }
        }
    }
}

/// Reads in PostgreSQL what a node was on that was stopped just now.
struct Witness<'a> {
    database: &'a Database,
    /// The lives of nodes that have ended, whose leases are those of an earlier fault.
    known: HashSet<String>,
}

impl Witness<'_> {
    fn held(&mut self, place: usize) -> Vec<Held> {
        let name = Service::node_name(place);
        let rows = self.database.execute(&format!(
            "SELECT n.incarnation, p.webhook_id, d.notification_id
             FROM nodes n LEFT JOIN pending p ON p.leased_by = n.incarnation LEFT JOIN deliveries d ON d.id = p.delivery_id
             WHERE n.incarnation = (SELECT incarnation FROM nodes WHERE name = '{name}' ORDER BY started_at DESC LIMIT 1)"
        ));
        // While PostgreSQL is away nobody can tell.
        let Ok(rows) = rows else { return Vec::new() };
        let rows: Vec<Vec<&str>> = rows.lines().map(|row| row.split('|').collect()).collect();
        let [incarnation, ..] = rows.first().map_or(&[][..], Vec::as_slice) else { return Vec::new() };
        if !self.known.insert((*incarnation).to_owned()) {
            return Vec::new();
        }
        let held = rows.iter().filter_map(|row| match row[..] {
            [_, webhook, notification] if !webhook.is_empty() => {
                Some(Held { webhook: webhook.to_owned(), notification: notification.to_owned() })
            }
            _ => None,
        });
        held.collect()
    }
}
