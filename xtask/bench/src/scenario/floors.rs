//! What the parts of the service cost by themselves, and what the service would cost that is no more than these.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::ensure;

use super::runs;
use crate::Bench;
use crate::database::Database;
use crate::figure::{Cpu, Figure, median};
use crate::floor::{Commits, EmptyHandler, Floor, Question, Requests, Statements, Transactions, Work};
use crate::load::{Job, Load, Target};
use crate::rig::{EVENT, publication};
use crate::sink::Sink;
use crate::store::{Engine, Store};

pub(crate) const NAME: &str = "floors";

/// As many clients as scenarios have: so many are at it at once, and so many can share a commit.
const CLIENTS: [u32; 3] = [1, 16, 64];

/// As many ordered webhooks as a scenario has, each with one delivery at a time, and as many as one that is not may have.
const WAITING: [u32; 3] = [1, 8, 64];

/// Webhooks that a notification fans out to. A commit stores the deliveries of one.
const FANS: u32 = 100;

/// Something that the service does with a request, a notification or a delivery. By what it is done with, and how many do it
/// at once, where that matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    Handler(u32),
    Registered(Engine, u32),
    StoredAndFinished(Engine, u32),
    FannedOutAndFinished(Engine),
    TakenAndFinished(Engine, u32),
    Request(u32),
    HttpsRequest,
    Http2Request,
    RequestToColdHost,
    RequestToWarmHost,
}

/// What each part computes for a thousand, in seconds.
#[derive(Default)]
pub(crate) struct Floors {
    parts: BTreeMap<Part, f64>,
    /// What the service stores with that is compared with these.
    pub(crate) engine: Engine,
}

impl Floors {
    /// None where a part was not measured.
    fn sum(&self, parts: &[Part]) -> Option<f64> {
        parts.iter().map(|part| self.parts.get(part).copied()).sum()
    }

    /// A webhook that comes in, and is stored.
    pub(crate) fn registration(&self, clients: u32) -> Option<f64> {
        self.sum(&[Part::Handler(clients), Part::Registered(self.engine, clients)])
    }

    /// A notification that comes in, is stored, and goes out to one webhook.
    pub(crate) fn notification(&self, clients: u32) -> Option<f64> {
        self.notification_by(Part::Request(clients), clients)
    }

    /// The same where it goes out in another way.
    pub(crate) fn notification_by(&self, request: Part, clients: u32) -> Option<f64> {
        self.sum(&[Part::Handler(clients), Part::StoredAndFinished(self.engine, clients), request])
    }

    /// A delivery that waits in the store, and goes out.
    pub(crate) fn waiting_delivery(&self, at_once: u32) -> Option<f64> {
        self.sum(&[Part::TakenAndFinished(self.engine, at_once), Part::Request(at_once)])
    }

    /// One of the deliveries of a notification that comes in and goes out to so many webhooks.
    pub(crate) fn fanned_out(&self, request: Part, clients: u32, webhooks: usize) -> Option<f64> {
        Some(self.sum(&[Part::Handler(clients)])? / webhooks as f64 + self.sum(&[Part::FannedOutAndFinished(self.engine), request])?)
    }
}

pub(crate) fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let count = bench.size(20_000, 2_000);
    if bench.floors.parts.is_empty() {
        measure_common(bench, count)?;
    }
    measure_commits(bench, count)
}

/// What has nothing to do with a store.
fn measure_common(bench: &mut Bench, count: u32) -> anyhow::Result<()> {
    let mut sink = Sink::start(&bench.directory.join("authority.pem"))?;
    let mut floor = Floor::start()?;
    handlers(bench, count)?;
    for at_once in CLIENTS.into_iter().chain(WAITING).collect::<BTreeSet<u32>>() {
        let urls = vec![format!("{}/ok/1", sink.http())];
        let requests = Requests { urls, count: share(count, at_once), at_once, warm: true, ca_file: None };
        let work = format!("bare reqwest to the sink, {at_once} at once");
        measure_requests(bench, &mut sink, &mut floor, Part::Request(at_once), &work, requests)?;
    }
    let question = Question::Syncs { directory: bench.directory.clone(), count: count / 10 };
    let works = runs(bench, |_| floor.measure(&question))?;
    add(bench, None, None, "bare fdatasync of 512 bytes", works.into_iter().map(Measured::alone).collect());
    Ok(())
}

/// The rows that the service at least writes, by one client with nothing around it.
fn measure_commits(bench: &mut Bench, count: u32) -> anyhow::Result<()> {
    let (engine, store) = (bench.store.engine(), bench.store);
    let mut commits: Vec<(Part, u32, Transactions, &str)> = Vec::new();
    for group in CLIENTS {
        commits.push((Part::Registered(engine, group), group, Transactions::Registered, "registered"));
        let transactions = Transactions::StoredAndFinished { webhooks: 1 };
        commits.push((Part::StoredAndFinished(engine, group), group, transactions, "stored and finished"));
    }
    for group in WAITING {
        commits.push((Part::TakenAndFinished(engine, group), group, Transactions::TakenAndFinished, "taken and finished"));
    }
    let transactions = Transactions::StoredAndFinished { webhooks: FANS };
    commits.push((Part::FannedOutAndFinished(engine), FANS, transactions, "fanned out and finished"));
    let mut floor = Floor::start()?;
    let database = match engine {
        Engine::Sqlite => None,
        Engine::Postgres => Some(Database::start(&bench.directory)?),
    };
    for (part, group, transactions, what) in commits {
        let (directory, count) = (bench.directory.clone(), share(count, group));
        let measured = runs(bench, |_| match &database {
            None => {
                let commits = Commits { directory: directory.clone(), count, group, transactions };
                Ok(Measured::alone(floor.measure(&Question::Commits(commits))?))
            }
            Some(database) => {
                floor.prepare(Statements { url: database.url(), count, group, transactions })?;
                let before = database.cpu();
                let work = floor.measure(&Question::Run)?;
                Ok(Measured { database_seconds: (database.cpu() - before).as_secs_f64(), ..Measured::alone(work) })
            }
        })?;
        let name = if database.is_some() { "PostgreSQL" } else { "SQLite" };
        add(bench, Some(part), Some(store), &format!("bare {name}, {what} in commits of {group}"), measured);
    }
    Ok(())
}

/// By a client with a connection for each of those at once.
pub(crate) fn measure_requests(
    bench: &mut Bench,
    sink: &mut Sink,
    floor: &mut Floor,
    part: Part,
    work: &str,
    requests: Requests,
) -> anyhow::Result<()> {
    let question = Question::Requests(requests);
    let measured = runs(bench, |_| {
        let before = sink.cpu()?;
        let work = floor.measure(&question)?;
        let sink_seconds = (sink.cpu()? - before).as_secs_f64();
        let http2 = sink.report()?.http2 > 0;
        ensure!(http2 == (part == Part::Http2Request), "{part:?} was measured over the wrong version of HTTP");
        Ok(Measured { sink_seconds, ..Measured::alone(work) })
    })?;
    add(bench, Some(part), None, work, measured);
    Ok(())
}

fn handlers(bench: &mut Bench, count: u32) -> anyhow::Result<()> {
    let mut load = Load::start()?;
    let handler = EmptyHandler::start()?;
    let (before, after) = publication("floor", EVENT);
    for clients in CLIENTS {
        let job = Job {
            addresses: vec![handler.address.clone()],
            path: "/notifications".to_owned(),
            clients: clients as usize,
            first: 1,
            count: share(count, clients),
            per_second: None,
            in_order: false,
            targets: vec![Target { token: "none".to_owned(), before: before.clone(), after: after.clone() }],
        };
        let measured = runs(bench, |_| {
            let cpu = handler.cpu()?;
            let done = load.run(&job)?.all()?;
            let work = Work { count: job.count, seconds: done.seconds(), cpu_seconds: (handler.cpu()? - cpu).as_secs_f64() };
            Ok(Measured { load_seconds: done.cpu_seconds, ..Measured::alone(work) })
        })?;
        add(bench, Some(Part::Handler(clients)), None, &format!("an empty dropshot handler, {clients} clients"), measured);
    }
    Ok(())
}

/// What is done one by one takes longer for each.
fn share(count: u32, at_once: u32) -> u32 {
    if at_once == 1 { count / 5 } else { count }
}

/// A floor, and what others computed while it was measured.
struct Measured {
    work: Work,
    database_seconds: f64,
    sink_seconds: f64,
    load_seconds: f64,
}

impl Measured {
    fn alone(work: Work) -> Measured {
        Measured { work, database_seconds: 0.0, sink_seconds: 0.0, load_seconds: 0.0 }
    }
}

fn add(bench: &mut Bench, part: Option<Part>, store: Option<Store>, work: &str, measured: Vec<Measured>) {
    let cpu: Vec<Cpu> = measured
        .iter()
        .map(|measured| {
            let Measured { work, database_seconds, sink_seconds, load_seconds } = *measured;
            let cpu = Cpu { servers: work.cpu_seconds, database: database_seconds, sink: sink_seconds, load: load_seconds };
            cpu.per_thousand(measured.work.count.into())
        })
        .collect();
    if let Some(part) = part {
        bench.floors.parts.insert(part, median(&cpu.iter().map(|cpu| cpu.service()).collect::<Vec<_>>()));
    }
    let rates = measured.iter().map(|measured| measured.work.per_second()).collect();
    bench.add_as(store, Figure::new(NAME, work, "/s", rates).cpu(cpu));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_floor_is_the_sum_of_its_parts() {
        let parts = [
            (Part::Handler(64), 1.0),
            (Part::StoredAndFinished(Engine::Sqlite, 64), 2.0),
            (Part::Request(64), 4.0),
            (Part::TakenAndFinished(Engine::Sqlite, 64), 8.0),
            (Part::FannedOutAndFinished(Engine::Sqlite), 16.0),
            (Part::Registered(Engine::Sqlite, 64), 32.0),
            (Part::StoredAndFinished(Engine::Postgres, 64), 64.0),
        ];
        let mut floors = Floors { parts: parts.into_iter().collect(), engine: Engine::Sqlite };
        assert_eq!(floors.notification(64), Some(7.0));
        assert_eq!(floors.registration(64), Some(33.0));
        assert_eq!(floors.waiting_delivery(64), Some(12.0));
        assert_eq!(floors.fanned_out(Part::Request(64), 64, 4), Some(20.25));
        floors.engine = Engine::Postgres;
        assert_eq!(floors.notification(64), Some(69.0));
    }

    #[test]
    fn without_one_of_its_parts_there_is_no_floor() {
        let parts = [(Part::Handler(64), 1.0), (Part::StoredAndFinished(Engine::Sqlite, 64), 2.0)].into_iter().collect();
        let floors = Floors { parts, engine: Engine::Sqlite };
        assert_eq!((floors.notification(64), floors.notification(16), floors.notification_by(Part::HttpsRequest, 64)), (None, None, None));
    }
}
