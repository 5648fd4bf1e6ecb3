//! The scenarios of the benchmark. Each scenario is one function.

use crate::Bench;
use crate::store::{Engine, Store};

mod backlog;
mod faults;
pub(crate) mod floors;
mod guarantees;
pub(crate) mod latency;
mod new_database;
mod retention;
mod stored;
mod throughput;

pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    on: RunsOn,
    pub(crate) run: fn(&mut Bench) -> anyhow::Result<()>,
}

/// The stores on which a scenario runs.
#[derive(Clone, Copy, PartialEq)]
enum RunsOn {
    Each,
    /// The scenario runs only once on each engine, because it takes long and the number of servers does not matter.
    EachEngine,
    Postgres,
}

impl Scenario {
    /// Returns the elements of `stores` on which the scenario runs.
    pub(crate) fn stores(&self, stores: &[Store]) -> Vec<Store> {
        let mut chosen: Vec<Store> = Vec::new();
        for store in stores {
            let again = chosen.iter().any(|other| other.engine() == store.engine());
            if match self.on {
                RunsOn::Each => true,
                RunsOn::EachEngine => !again,
                RunsOn::Postgres => !again && store.engine() == Engine::Postgres,
            } {
                chosen.push(*store);
            }
        }
        chosen
    }
}

/// The scenarios, in the order in which they run.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: floors::NAME,
        about: "the cost of single parts: dropshot, the database, reqwest (always runs)",
        on: RunsOn::EachEngine,
        run: floors::measure,
    },
    Scenario { name: "register", about: "webhooks registered by 1, 16 and 64 clients", on: RunsOn::Each, run: throughput::register },
    Scenario {
        name: "publish",
        about: "notifications published by 1, 16 and 64 clients while they are delivered",
        on: RunsOn::Each,
        run: throughput::publish,
    },
    Scenario {
        name: "end-to-end",
        about: "rate from the first publish to the last arrival, and its CPU time",
        on: RunsOn::Each,
        run: throughput::end_to_end,
    },
    Scenario {
        name: "drain",
        about: "deliveries that waited in the store while receivers hung, after the receivers respond again",
        on: RunsOn::Each,
        run: backlog::drain,
    },
    Scenario {
        name: "ordered",
        about: "waiting deliveries of ordered webhooks, compared with unordered ones",
        on: RunsOn::Each,
        run: guarantees::ordered,
    },
    Scenario { name: "rate-limit", about: "a webhook with a limit of callbacks per second", on: RunsOn::Each, run: guarantees::rate_limit },
    Scenario { name: "fan-out", about: "one notification to 100 webhooks, and many in bulk", on: RunsOn::Each, run: latency::fan_out },
    Scenario {
        name: "wide",
        about: "memory of the server while it sends one notification to 10,000 webhooks",
        on: RunsOn::Each,
        run: latency::wide,
    },
    Scenario {
        name: "new-database",
        about: "one notification to 100 webhooks, many in bulk, each run on a new database (only PostgreSQL)",
        on: RunsOn::Postgres,
        run: new_database::fan_out,
    },
    Scenario { name: "latency", about: "from publish to arrival, at 50 per second", on: RunsOn::Each, run: latency::steady },
    Scenario {
        name: "isolation",
        about: "a healthy webhook beside hanging webhooks with many waiting deliveries; some webhooks hang in DNS",
        on: RunsOn::Each,
        run: faults::isolation,
    },
    Scenario {
        name: "fairness",
        about: "publishing of one account, while another account publishes ten times as much",
        on: RunsOn::Each,
        run: faults::fairness,
    },
    Scenario { name: "crash", about: "kill -9 with deliveries pending, and while clients publish", on: RunsOn::Each, run: faults::crash },
    Scenario {
        name: "start",
        about: "from exec to the first response, with an empty store and with a backlog",
        on: RunsOn::Each,
        run: backlog::start,
    },
    Scenario {
        name: "memory",
        about: "memory of the server with a backlog, and with a backlog ten times as large",
        on: RunsOn::Each,
        run: backlog::memory,
    },
    Scenario {
        name: "https",
        about: "callbacks over HTTPS: to one host with HTTP/1.1 and HTTP/2, and to 1,000 hosts",
        on: RunsOn::Each,
        run: throughput::https,
    },
    Scenario {
        name: "stored",
        about: "cost of publish and delivery with 10 million finished deliveries stored (needs 11 GB of disk, 17 on PostgreSQL)",
        on: RunsOn::EachEngine,
        run: stored::stored,
    },
    Scenario {
        name: "retention",
        about: "old deliveries are removed as fast as new ones are published: cost, and sizes of tables (only PostgreSQL)",
        on: RunsOn::Postgres,
        run: retention::retention,
    },
];

/// # Errors
/// When there is no such scenario. The error lists all scenarios.
pub(crate) fn find(name: &str) -> Result<&'static Scenario, String> {
    SCENARIOS.iter().find(|scenario| scenario.name == name).ok_or_else(|| {
        let names: Vec<&str> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
        format!("unknown scenario; the scenarios are {}", names.join(", "))
    })
}

/// Calls `measure` once for each run. Without `--quick`, calls `measure` once more before the first run, to warm up.
fn runs<T>(bench: &mut Bench, mut measure: impl FnMut(&mut Bench) -> anyhow::Result<T>) -> anyhow::Result<Vec<T>> {
    if !bench.quick {
        measure(bench)?;
    }
    (0..bench.runs).map(|_| measure(bench)).collect()
}
