//! What is measured, one function a scenario.

use crate::Bench;
use crate::store::{Engine, Store};

mod agreed;
mod backlog;
mod faults;
pub(crate) mod floors;
mod latency;
mod retention;
mod stored;
mod throughput;

pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    on: On,
    pub(crate) run: fn(&mut Bench) -> anyhow::Result<()>,
}

/// Which stores a scenario is for.
#[derive(Clone, Copy, PartialEq)]
enum On {
    Each,
    /// Once on each engine: the number of servers changes nothing, and it takes long.
    EachEngine,
    Postgres,
}

impl Scenario {
    /// Those of these that it runs on.
    pub(crate) fn stores(&self, stores: &[Store]) -> Vec<Store> {
        let mut chosen: Vec<Store> = Vec::new();
        for store in stores {
            let again = chosen.iter().any(|other| other.engine() == store.engine());
            if match self.on {
                On::Each => true,
                On::EachEngine => !again,
                On::Postgres => !again && store.engine() == Engine::Postgres,
            } {
                chosen.push(*store);
            }
        }
        chosen
    }
}

/// In the order in which they run.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: floors::NAME,
        about: "what the parts cost by themselves: dropshot, the database, reqwest (always measured)",
        on: On::EachEngine,
        run: floors::measure,
    },
    Scenario { name: "register", about: "webhooks registered by 1, 16 and 64 clients", on: On::Each, run: throughput::register },
    Scenario {
        name: "publish",
        about: "notifications published by 1, 16 and 64 clients while they are delivered",
        on: On::Each,
        run: throughput::publish,
    },
    Scenario {
        name: "end-to-end",
        about: "from the first publish to the last arrival, and what that costs",
        on: On::Each,
        run: throughput::end_to_end,
    },
    Scenario {
        name: "drain",
        about: "deliveries that wait in the store while receivers hang, once these answer again",
        on: On::Each,
        run: backlog::drain,
    },
    Scenario { name: "ordered", about: "what waits for ordered webhooks, and for others", on: On::Each, run: agreed::ordered },
    Scenario { name: "paced", about: "what waits for a webhook with a limit of callbacks in a second", on: On::Each, run: agreed::paced },
    Scenario { name: "fan-out", about: "one notification to 100 webhooks, and many", on: On::Each, run: latency::fan_out },
    Scenario { name: "latency", about: "from publishing to arrival, at 50 a second", on: On::Each, run: latency::steady },
    Scenario {
        name: "isolation",
        about: "a healthy webhook beside ones that hang, some at their name server, with much that waits for them",
        on: On::Each,
        run: faults::isolation,
    },
    Scenario {
        name: "fairness",
        about: "publishing alone, and while another account publishes ten times as much",
        on: On::Each,
        run: faults::fairness,
    },
    Scenario { name: "crash", about: "kill -9 with deliveries pending, and while clients publish", on: On::Each, run: faults::crash },
    Scenario {
        name: "start",
        about: "from exec to an answered request, with nothing and with a backlog",
        on: On::Each,
        run: backlog::start,
    },
    Scenario { name: "memory", about: "of the server, with a backlog and with one ten times as large", on: On::Each, run: backlog::memory },
    Scenario {
        name: "https",
        about: "callbacks over HTTPS, to one host by HTTP/1.1 and by HTTP/2, and to 1,000 hosts",
        on: On::Each,
        run: throughput::https,
    },
    Scenario {
        name: "stored",
        about: "what publish and delivery cost with 10 million finished deliveries in the store (takes 11 GB of disk, 17 on PostgreSQL)",
        on: On::EachEngine,
        run: stored::stored,
    },
    Scenario {
        name: "retention",
        about: "what is old is removed as fast as it is published: sizes of tables, and what that costs (on PostgreSQL)",
        on: On::Postgres,
        run: retention::retention,
    },
];

/// # Errors
/// When there is no such scenario: which there are.
pub(crate) fn find(name: &str) -> Result<&'static Scenario, String> {
    SCENARIOS.iter().find(|scenario| scenario.name == name).ok_or_else(|| {
        let names: Vec<&str> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
        format!("the scenarios are {}", names.join(", "))
    })
}

/// Measures once to warm up, and then as often as was asked for.
fn runs<T>(bench: &mut Bench, mut measure: impl FnMut(&mut Bench) -> anyhow::Result<T>) -> anyhow::Result<Vec<T>> {
    if !bench.quick {
        measure(bench)?;
    }
    (0..bench.runs).map(|_| measure(bench)).collect()
}
