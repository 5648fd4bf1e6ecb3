//! What the parts of the service cost by themselves, and what the service would cost that is no more than these.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::ensure;

use super::runs;
use crate::Bench;
use crate::figure::{Cpu, Figure, median};
use crate::floor::{Commits, EmptyHandler, Floor, Question, Requests, Transactions, Work};
use crate::load::{Job, Load, Target};
use crate::rig::{EVENT, publication};
use crate::sink::Sink;

pub(crate) const NAME: &str = "floors";

/// As many clients as scenarios have: so many are at it at once, and so many can share a commit.
const CLIENTS: [u32; 3] = [1, 16, 64];

/// As many ordered webhooks as a scenario has, each with one delivery at a time, and as many as one that is not may have.
const WAITING: [u32; 3] = [1, 8, 64];

/// Webhooks that a notification fans out to. A commit stores the deliveries of one.
const FANS: u32 = 100;

/// Something that the service does with a request, a notification or a delivery. By how many do it at once, where that
/// matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    Handler(u32),
    Registered(u32),
    StoredAndFinished(u32),
    FannedOutAndFinished,
    TakenAndFinished(u32),
    Request(u32),
    HttpsRequest,
    Http2Request,
    RequestToColdHost,
    RequestToWarmHost,
}

/// What each part computes for a thousand, in seconds.
#[derive(Default)]
pub(crate) struct Floors(BTreeMap<Part, f64>);

impl Floors {
    /// None where a part was not measured.
    fn sum(&self, parts: &[Part]) -> Option<f64> {
        parts.iter().map(|part| self.0.get(part).copied()).sum()
    }

    /// A webhook that comes in, and is stored.
    pub(crate) fn registration(&self, clients: u32) -> Option<f64> {
        self.sum(&[Part::Handler(clients), Part::Registered(clients)])
    }

    /// A notification that comes in, is stored, and goes out to one webhook.
    pub(crate) fn notification(&self, clients: u32) -> Option<f64> {
        self.notification_by(Part::Request(clients), clients)
    }

    /// The same where it goes out in another way.
    pub(crate) fn notification_by(&self, request: Part, clients: u32) -> Option<f64> {
        self.sum(&[Part::Handler(clients), Part::StoredAndFinished(clients), request])
    }

    /// A delivery that waits in the store, and goes out.
    pub(crate) fn waiting_delivery(&self, at_once: u32) -> Option<f64> {
        self.sum(&[Part::TakenAndFinished(at_once), Part::Request(at_once)])
    }

    /// One of the deliveries of a notification that comes in and goes out to so many webhooks.
    pub(crate) fn fanned_out(&self, request: Part, clients: u32, webhooks: usize) -> Option<f64> {
        Some(self.sum(&[Part::Handler(clients)])? / webhooks as f64 + self.sum(&[Part::FannedOutAndFinished, request])?)
    }
}

pub(crate) fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let count = bench.size(20_000, 2_000);
    let mut sink = Sink::start(&bench.directory.join("authority.pem"))?;
    let mut floor = Floor::start()?;
    handlers(bench, count)?;
    for at_once in CLIENTS.into_iter().chain(WAITING).collect::<BTreeSet<u32>>() {
        let urls = vec![format!("{}/ok/1", sink.http())];
        let requests = Requests { urls, count: share(count, at_once), at_once, warm: true, ca_file: None };
        let work = format!("bare reqwest to the sink, {at_once} at once");
        measure_requests(bench, &mut sink, &mut floor, Part::Request(at_once), &work, requests)?;
    }
    let mut commits: Vec<(Part, u32, Transactions, String)> = Vec::new();
    for group in CLIENTS {
        let work = format!("bare SQLite, registered in commits of {group}");
        commits.push((Part::Registered(group), group, Transactions::Registered, work));
        let work = format!("bare SQLite, stored and finished in commits of {group}");
        commits.push((Part::StoredAndFinished(group), group, Transactions::StoredAndFinished { webhooks: 1 }, work));
    }
    for group in WAITING {
        let work = format!("bare SQLite, taken and finished in commits of {group}");
        commits.push((Part::TakenAndFinished(group), group, Transactions::TakenAndFinished, work));
    }
    let work = format!("bare SQLite, fanned out and finished in commits of {FANS}");
    commits.push((Part::FannedOutAndFinished, FANS, Transactions::StoredAndFinished { webhooks: FANS }, work));
    for (part, group, transactions, work) in commits {
        let directory = bench.directory.clone();
        let question = Question::Commits(Commits { directory, count: share(count, group), group, transactions });
        let works = runs(bench, |_| floor.measure(&question))?;
        add(bench, Some(part), &work, works.into_iter().map(Measured::alone).collect());
    }
    let question = Question::Syncs { directory: bench.directory.clone(), count: count / 10 };
    let works = runs(bench, |_| floor.measure(&question))?;
    add(bench, None, "bare fdatasync of 512 bytes", works.into_iter().map(Measured::alone).collect());
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
        Ok(Measured { work, sink_seconds, load_seconds: 0.0 })
    })?;
    add(bench, Some(part), work, measured);
    Ok(())
}

fn handlers(bench: &mut Bench, count: u32) -> anyhow::Result<()> {
    let mut load = Load::start()?;
    let handler = EmptyHandler::start()?;
    let (before, after) = publication("floor", EVENT);
    for clients in CLIENTS {
        let job = Job {
            address: handler.address.clone(),
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
            Ok(Measured { work, sink_seconds: 0.0, load_seconds: done.cpu_seconds })
        })?;
        add(bench, Some(Part::Handler(clients)), &format!("an empty dropshot handler, {clients} clients"), measured);
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
    sink_seconds: f64,
    load_seconds: f64,
}

impl Measured {
    fn alone(work: Work) -> Measured {
        Measured { work, sink_seconds: 0.0, load_seconds: 0.0 }
    }
}

fn add(bench: &mut Bench, part: Option<Part>, work: &str, measured: Vec<Measured>) {
    let cpu: Vec<Cpu> = measured
        .iter()
        .map(|measured| {
            let cpu = Cpu { server: measured.work.cpu_seconds, sink: measured.sink_seconds, load: measured.load_seconds };
            cpu.per_thousand(measured.work.count.into())
        })
        .collect();
    if let Some(part) = part {
        bench.floors.0.insert(part, median(&cpu.iter().map(|cpu| cpu.server).collect::<Vec<_>>()));
    }
    let rates = measured.iter().map(|measured| measured.work.per_second()).collect();
    bench.add(Figure::new(NAME, work, "/s", rates).cpu(cpu));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_floor_is_the_sum_of_its_parts() {
        let parts = [
            (Part::Handler(64), 1.0),
            (Part::StoredAndFinished(64), 2.0),
            (Part::Request(64), 4.0),
            (Part::TakenAndFinished(64), 8.0),
            (Part::FannedOutAndFinished, 16.0),
            (Part::Registered(64), 32.0),
        ];
        let floors = Floors(parts.into_iter().collect());
        assert_eq!(floors.notification(64), Some(7.0));
        assert_eq!(floors.registration(64), Some(33.0));
        assert_eq!(floors.waiting_delivery(64), Some(12.0));
        assert_eq!(floors.fanned_out(Part::Request(64), 64, 4), Some(20.25));
    }

    #[test]
    fn without_one_of_its_parts_there_is_no_floor() {
        let floors = Floors([(Part::Handler(64), 1.0), (Part::StoredAndFinished(64), 2.0)].into_iter().collect());
        assert_eq!((floors.notification(64), floors.notification(16), floors.notification_by(Part::HttpsRequest, 64)), (None, None, None));
    }
}
