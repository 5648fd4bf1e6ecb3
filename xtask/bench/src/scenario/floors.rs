//! Measures the costs of single parts of the service. Computes baseline costs. A baseline cost is the cost of a service
//! that has only these parts.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::ensure;

use super::runs;
use crate::Bench;
use crate::database::Database;
use crate::figure::{Cpu, Figure, median};
use crate::floor::{Command, Commits, EmptyHandler, Floor, Requests, Statements, Transactions, Work};
use crate::load::{Job, Load, Route, Target};
use crate::rig::{EVENT, publication};
use crate::sink::Sink;
use crate::store::{Engine, Store};

pub(crate) const NAME: &str = "floors";

/// Numbers of clients in the scenarios. With 16 clients, 16 requests run at the same time, and one commit can store the
/// rows of all 16 requests.
const CLIENTS: [u32; 3] = [1, 16, 64];

/// Numbers of concurrent deliveries. 1 or 8 ordered webhooks have one delivery each, and an unordered webhook has up to
/// 64 deliveries.
const CONCURRENT_DELIVERIES: [u32; 3] = [1, 8, 64];

/// Number of webhooks of a notification with many deliveries. One commit stores all deliveries of the notification.
const FAN_OUT: u32 = 100;

/// A part of the service. It handles a request, a notification or a delivery. If the cost depends on the engine, or on
/// the number of concurrent requests or rows, the variant has these values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    Handler(u32),
    Registered(Engine, u32),
    StoredAndFinished(Engine, u32),
    FannedOutAndFinished(Engine),
    LeasedAndFinished(Engine, u32),
    Request(u32),
    HttpsRequest,
    Http2Request,
    RequestToColdHost,
    RequestToWarmHost,
}

/// CPU seconds of each part per 1,000 requests, notifications or deliveries.
#[derive(Default)]
pub(crate) struct Floors {
    parts: BTreeMap<Part, f64>,
    /// The engine of the service that is compared with the baseline costs.
    pub(crate) engine: Engine,
}

impl Floors {
    /// Returns the sum of the parts, or `None` if a part was not measured.
    fn sum(&self, parts: &[Part]) -> Option<f64> {
        parts.iter().map(|part| self.parts.get(part).copied()).sum()
    }

    /// The baseline cost of a registration: request and commit.
    pub(crate) fn registration(&self, clients: u32) -> Option<f64> {
        self.sum(&[Part::Handler(clients), Part::Registered(self.engine, clients)])
    }

    /// The baseline cost of a notification to one webhook: request, commits and callback.
    pub(crate) fn notification(&self, clients: u32) -> Option<f64> {
        self.notification_by(Part::Request(clients), clients)
    }

    /// The baseline cost of a notification to one webhook, with the given kind of callback request.
    pub(crate) fn notification_by(&self, request: Part, clients: u32) -> Option<f64> {
        self.sum(&[Part::Handler(clients), Part::StoredAndFinished(self.engine, clients), request])
    }

    /// The baseline cost of a delivery that waits in the store: commits and callback.
    pub(crate) fn waiting_delivery(&self, concurrency: u32) -> Option<f64> {
        self.sum(&[Part::LeasedAndFinished(self.engine, concurrency), Part::Request(concurrency)])
    }

    /// The baseline cost of one delivery of a notification to several webhooks.
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

/// Measures the parts that do not depend on a store.
fn measure_common(bench: &mut Bench, count: u32) -> anyhow::Result<()> {
    let mut sink = Sink::start(&bench.directory.join("authority.pem"))?;
    let mut floor = Floor::start()?;
    handlers(bench, count)?;
    for concurrency in CLIENTS.into_iter().chain(CONCURRENT_DELIVERIES).collect::<BTreeSet<u32>>() {
        let urls = vec![format!("{}/ok/1", sink.http())];
        let requests = Requests { urls, count: reduced(count, concurrency), concurrency, warm: true, ca_file: None };
        let work = format!("bare reqwest to the sink, {concurrency} at once");
        measure_requests(bench, &mut sink, &mut floor, Part::Request(concurrency), &work, requests)?;
    }
    let command = Command::Syncs { directory: bench.directory.clone(), count: count / 10 };
    let works = runs(bench, |_| floor.measure(&command))?;
    add(bench, None, None, "bare fdatasync of 512 bytes", works.into_iter().map(Measured::new).collect());
    Ok(())
}

/// Measures how one client commits the rows that the service must write.
fn measure_commits(bench: &mut Bench, count: u32) -> anyhow::Result<()> {
    let (engine, store) = (bench.store.engine(), bench.store);
    let mut commits: Vec<(Part, u32, Transactions, &str)> = Vec::new();
    for group in CLIENTS {
        commits.push((Part::Registered(engine, group), group, Transactions::Registered, "registered"));
        let transactions = Transactions::StoredAndFinished { webhooks: 1 };
        commits.push((Part::StoredAndFinished(engine, group), group, transactions, "stored and finished"));
    }
    for group in CONCURRENT_DELIVERIES {
        commits.push((Part::LeasedAndFinished(engine, group), group, Transactions::LeasedAndFinished, "leased and finished"));
    }
    let transactions = Transactions::StoredAndFinished { webhooks: FAN_OUT };
    commits.push((Part::FannedOutAndFinished(engine), FAN_OUT, transactions, "fanned out and finished"));
    let mut floor = Floor::start()?;
    let database = match engine {
        Engine::Sqlite => None,
        Engine::Postgres => Some(Database::start(&bench.directory)?),
    };
    for (part, group, transactions, what) in commits {
        let (directory, count) = (bench.directory.clone(), reduced(count, group));
        let measured = runs(bench, |_| match &database {
            None => {
                let commits = Commits { directory: directory.clone(), count, group, transactions };
                Ok(Measured::new(floor.measure(&Command::Commits(commits))?))
            }
            Some(database) => {
                floor.prepare(Statements { url: database.url(), count, group, transactions })?;
                let before = database.cpu();
                let work = floor.measure(&Command::Run)?;
                Ok(Measured { database_seconds: (database.cpu() - before).as_secs_f64(), ..Measured::new(work) })
            }
        })?;
        let name = if database.is_some() { "PostgreSQL" } else { "SQLite" };
        add(bench, Some(part), Some(store), &format!("bare {name}, {what} in commits of {group}"), measured);
    }
    Ok(())
}

/// Measures requests to the sink, with a connection for each concurrent request.
pub(crate) fn measure_requests(
    bench: &mut Bench,
    sink: &mut Sink,
    floor: &mut Floor,
    part: Part,
    work: &str,
    requests: Requests,
) -> anyhow::Result<()> {
    let command = Command::Requests(requests);
    let measured = runs(bench, |_| {
        let before = sink.cpu()?;
        let work = floor.measure(&command)?;
        let sink_seconds = (sink.cpu()? - before).as_secs_f64();
        let http2 = sink.report()?.http2 > 0;
        ensure!(http2 == (part == Part::Http2Request), "{part:?} was measured with the wrong HTTP version");
        Ok(Measured { sink_seconds, ..Measured::new(work) })
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
            route: Route::default(),
            path: "/notifications".to_owned(),
            clients: clients as usize,
            first: 1,
            count: reduced(count, clients),
            per_second: None,
            in_order: false,
            targets: vec![Target { token: "none".to_owned(), before: before.clone(), after: after.clone() }],
        };
        let measured = runs(bench, |_| {
            let cpu = handler.cpu()?;
            let done = load.run(&job)?.all_accepted()?;
            let work = Work { count: job.count, seconds: done.seconds(), cpu_seconds: (handler.cpu()? - cpu).as_secs_f64() };
            Ok(Measured { load_seconds: done.cpu_seconds, ..Measured::new(work) })
        })?;
        add(bench, Some(Part::Handler(clients)), None, &format!("an empty dropshot handler, {clients} clients"), measured);
    }
    Ok(())
}

/// Returns the number of requests or rows to measure. Without concurrency the number is smaller, because each request
/// or row takes longer.
fn reduced(count: u32, concurrency: u32) -> u32 {
    if concurrency == 1 { count / 5 } else { count }
}

/// The measured work of a part, and the CPU time of other processes during the measurement.
struct Measured {
    work: Work,
    database_seconds: f64,
    sink_seconds: f64,
    load_seconds: f64,
}

impl Measured {
    fn new(work: Work) -> Measured {
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
            (Part::LeasedAndFinished(Engine::Sqlite, 64), 8.0),
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
    fn a_floor_with_an_unmeasured_part_is_unknown() {
        let parts = [(Part::Handler(64), 1.0), (Part::StoredAndFinished(Engine::Sqlite, 64), 2.0)].into_iter().collect();
        let floors = Floors { parts, engine: Engine::Sqlite };
        assert_eq!((floors.notification(64), floors.notification(16), floors.notification_by(Part::HttpsRequest, 64)), (None, None, None));
    }
}
