//! What is measured, one function a scenario.

use crate::Bench;
use crate::figure::Figure;
use crate::floor::{EmptyHandler, Floor, Question, Work};
use crate::load::{Job, Load, Target};
use crate::rig::{EVENT, publication};
use crate::sink::Sink;

mod backlog;
mod faults;
mod latency;
mod throughput;

pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) run: fn(&mut Bench) -> anyhow::Result<()>,
}

pub(crate) const FLOORS: &str = "floors";

/// In the order in which they run.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario { name: FLOORS, about: "what the parts cost by themselves: dropshot, SQLite, reqwest (always measured)", run: floors },
    Scenario { name: "register", about: "webhooks registered by 1, 16 and 64 clients", run: throughput::register },
    Scenario {
        name: "publish",
        about: "notifications published by 1, 16 and 64 clients while they are delivered",
        run: throughput::publish,
    },
    Scenario { name: "end-to-end", about: "from the first publish to the last arrival, and what that costs", run: throughput::end_to_end },
    Scenario {
        name: "drain",
        about: "deliveries that wait in the store while receivers hang, once these answer again",
        run: backlog::drain,
    },
    Scenario { name: "fan-out", about: "one notification to 100 webhooks, and many", run: latency::fan_out },
    Scenario { name: "latency", about: "from publishing to arrival, at 50 a second", run: latency::steady },
    Scenario { name: "isolation", about: "a healthy webhook beside ones that hang, with much that waits for them", run: faults::isolation },
    Scenario { name: "fairness", about: "publishing while another account publishes ten times as much as before", run: faults::fairness },
    Scenario { name: "crash", about: "kill -9 with deliveries pending, and while clients publish", run: faults::crash },
    Scenario { name: "start", about: "from exec to an answered request, with nothing and with a backlog", run: backlog::start },
    Scenario { name: "memory", about: "of the server, with a backlog and with one ten times as large", run: backlog::memory },
    Scenario { name: "https", about: "callbacks over HTTPS, to one host and to 1,000", run: throughput::https },
    Scenario { name: "stored", about: "what publish and delivery cost with finished deliveries in the store", run: backlog::stored },
];

/// # Errors
/// When there is no such scenario: which there are.
pub(crate) fn find(name: &str) -> Result<&'static Scenario, String> {
    SCENARIOS.iter().find(|scenario| scenario.name == name).ok_or_else(|| {
        let names: Vec<&str> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
        format!("the scenarios are {}", names.join(", "))
    })
}

/// What the parts compute for a thousand, in seconds.
#[derive(Clone, Copy, Default)]
pub(crate) struct Floors {
    empty_handler: Option<f64>,
    commit: Option<f64>,
    request: Option<f64>,
}

impl Floors {
    /// A notification that comes in, is stored, and goes out to one webhook.
    fn notification(&self) -> Option<f64> {
        Some(self.empty_handler? + self.commit? + self.request?)
    }
}

fn floors(bench: &mut Bench) -> anyhow::Result<()> {
    let count = bench.size(20_000, 2_000);
    let mut sink = Sink::start(&bench.directory.join("authority.pem"))?;
    let mut load = Load::start()?;
    let mut floor = Floor::start()?;

    let handler = EmptyHandler::start()?;
    let (before, after) = publication("floor", EVENT);
    let job = Job {
        address: handler.address.clone(),
        path: "/notifications".to_owned(),
        clients: 64,
        first: 1,
        count,
        per_second: None,
        targets: vec![Target { token: "none".to_owned(), before, after }],
    };
    let works = runs(bench, || {
        let cpu = handler.cpu()?;
        let done = load.run(&job)?.all()?;
        Ok(Work { count, seconds: done.seconds(), cpu_seconds: (handler.cpu()? - cpu).as_secs_f64() })
    })?;
    bench.floors.empty_handler = Some(add(bench, "an empty dropshot handler, 64 clients", &works));

    let url = format!("{}/ok/1", sink.http());
    let works = runs(bench, || {
        let work = floor.measure(&Question::Requests { url: url.clone(), count });
        sink.report()?;
        work
    })?;
    bench.floors.request = Some(add(bench, "bare reqwest to the sink, 64 at once", &works));

    let directory = bench.directory.clone();
    for group in [64, 1] {
        let count = if group == 1 { count / 10 } else { count };
        let works = runs(bench, || floor.measure(&Question::Commits { directory: directory.clone(), count, group }))?;
        let cpu = add(bench, &format!("bare SQLite, stored and finished in commits of {group}"), &works);
        if group == 64 {
            bench.floors.commit = Some(cpu);
        }
    }
    let works = runs(bench, || floor.measure(&Question::Syncs { directory: directory.clone(), count: count / 10 }))?;
    add(bench, "bare fdatasync of 512 bytes", &works);
    Ok(())
}

fn add(bench: &mut Bench, work: &str, works: &[Work]) -> f64 {
    let cpu: Vec<f64> = works.iter().map(Work::cpu_per_thousand).collect();
    let median = crate::figure::median(&cpu);
    bench.add(Figure::new(FLOORS, work, "/s", works.iter().map(Work::per_second).collect()).cpu(cpu));
    median
}

/// Measures once to warm up, and then as often as was asked for.
fn runs<T>(bench: &Bench, mut measure: impl FnMut() -> anyhow::Result<T>) -> anyhow::Result<Vec<T>> {
    if !bench.quick {
        measure()?;
    }
    (0..bench.runs).map(|_| measure()).collect()
}
