//! The chaos test. Publishers publish, and receivers fail. Meanwhile servers are killed or paused, and their shared
//! PostgreSQL is killed. At the end, the [audit] checks the deliveries.
//!
//! Each publication has a sequence number. The [ledger] records each publication, callback and fault. After
//! `--seconds`, the test causes no more faults. From this time, every accepted notification must arrive at its
//! webhooks.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use clap::ValueEnum;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::watch;

mod audit;
mod faults;
mod ledger;
mod planted;
mod publisher;
mod receiver;
pub(crate) mod setup;
mod trap;

use faults::Faults;
use ledger::Ledger;
use publisher::{Publisher, Servers};
use receiver::Receiver;
use trap::Trap;

use crate::server::Peak;
use crate::service::Service;
use crate::store::{Engine, Store};

/// Number of retries of a delivery. It is so large that every delivery succeeds at the end of the test.
const RETRIES: usize = 100;

/// The attempt timeout. It is longer than the slowest response of a receiver.
const ATTEMPT_TIMEOUT_SECONDS: &str = "3";

/// The limit of attempts in flight for each webhook. The audit uses this limit to check the number of repeated
/// callbacks after a fault.
const IN_FLIGHT_PER_WEBHOOK: usize = 16;

/// If no callback arrives for the sum of this time and the maximum time of a takeover, the test stops waiting. The
/// service tries a failing webhook at least every 30 s.
const IDLE: Duration = Duration::from_secs(45);

/// Maximum time from the last fault until all deliveries have arrived.
const MAX_DRAIN: Duration = Duration::from_secs(300);

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[arg(long)]
    seconds: u32,
    /// Average time between two kills, in seconds.
    #[arg(long)]
    kill_every: f64,
    /// Number of servers on PostgreSQL. Without this option, one server uses the embedded store.
    #[arg(long, value_name = "NODES")]
    postgres: Option<u32>,
    #[arg(long, value_delimiter = ',', default_value = "nodes")]
    faults: Vec<Kind>,
}

/// The targets of faults.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Kind {
    Nodes,
    Database,
    /// A receiver that kills the server that sends a callback to it. On the embedded store, this fault always occurs.
    Planted,
}

/// # Errors
/// When a process cannot be started, when a process does not end, or when the audit finds a violation.
pub(crate) fn run(arguments: &Arguments, program: &Path, directory: &Path) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let store = arguments.postgres.map_or(Store::Embedded, |nodes| Store::Postgres { nodes });
    let schedule = vec!["1s"; RETRIES].join(",");
    let in_flight = IN_FLIGHT_PER_WEBHOOK.to_string();
    let options = ["--retry-schedule", &schedule, "--attempt-timeout-seconds", ATTEMPT_TIMEOUT_SECONDS];
    let options = [&options[..], &["--max-in-flight-per-webhook", &in_flight]].concat();
    let options: Vec<String> = options.into_iter().map(str::to_owned).collect();
    let mut service = Service::start(program, directory, store, &options, &Peak::default())?;
    let http = client()?;

    let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0)))?;
    let url = format!("http://{}", listener.local_addr()?);
    let (webhooks, identities) = runtime.block_on(setup::register(&http, &mut service, store.engine(), &url))?;
    let planted_webhook = runtime.block_on(setup::register_planted(&http, &mut service, &url))?;
    let (trap, hits) = Trap::new();
    let count = webhooks.len();
    let ledger = Arc::new(Ledger::new(webhooks, store.engine() == Engine::Postgres));
    let receiver = runtime.block_on(async { Receiver::start(listener, identities, trap, ledger.clone()) });

    let addresses = watch::Sender::new(service.addresses());
    let stopping = watch::Sender::new(false);
    let mut publishers = tokio::task::JoinSet::new();
    for account in 0..setup::ACCOUNTS {
        for ordered in [false, false, true] {
            let publisher = Publisher {
                http: http.clone(),
                servers: Servers::new(addresses.subscribe()),
                stopping: stopping.subscribe(),
                ledger: ledger.clone(),
                token: service.platform_token()?,
                reader: service.account_token(&setup::account_name(account))?,
                account,
                ordered,
                keyed: ordered && store.engine() == Engine::Postgres,
                keys: Vec::new(),
            };
            publishers.spawn_on(publisher.publish_until_stopped(), runtime.handle());
        }
    }
    let (seconds, accounts) = (arguments.seconds, setup::ACCOUNTS);
    println!("chaos for {seconds} s, {store}: {count} webhooks of {accounts} accounts, {} publishers", publishers.len());
    let faults = Faults { kill_every: arguments.kill_every, end: Instant::now() + Duration::from_secs(seconds.into()), ledger: &ledger };
    let injected = inject_faults(arguments, &faults, &mut service, &addresses);
    injected.inspect_err(|_| save_state(&service, directory))?;
    if store.engine() == Engine::Sqlite || arguments.faults.contains(&Kind::Planted) {
        println!("a receiver kills the server that sends a certain delivery");
        receiver.respond_promptly();
        let trap = (&receiver.trap, &hits);
        let planted = planted::run(&faults, &mut service, &addresses, (&runtime, &http), &planted_webhook, trap);
        planted.inspect_err(|_| save_state(&service, directory))?;
    }
    println!("the faults are over; waiting for every accepted notification");
    receiver.repair();
    stopping.send_replace(true);
    let idle = IDLE + store.takeover();
    let stopped = runtime.block_on(async { tokio::time::timeout(idle, publishers.join_all()).await });
    stopped.context("publishers get no response, although the servers run")?;
    drain(&runtime, &http, &mut service, &ledger, idle).inspect_err(|_| save_state(&service, directory))?;

    if let Some(planted) = &mut ledger.lock().planted {
        planted.recovered = receiver.trap.accepted() > 0;
    }
    let audit = audit::audit(&ledger.lock());
    println!("\n{audit}");
    if !audit.violations.is_empty() {
        save_state(&service, directory);
        bail!("data and logs of the servers are in {}", directory.display());
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "this client calls only the servers under test")]
fn client() -> anyhow::Result<reqwest::Client> {
    Ok(reqwest::Client::builder().no_proxy().build()?)
}

/// Injects the selected faults until the end of the test. Then restarts killed servers and resumes paused servers.
fn inject_faults(
    arguments: &Arguments,
    faults: &Faults<'_>,
    service: &mut Service,
    addresses: &watch::Sender<Vec<String>>,
) -> anyhow::Result<()> {
    let Some(database) = service.database.clone() else { return faults.kill_repeatedly(service, addresses) };
    let is_selected = |kind| arguments.faults.contains(&kind);
    std::thread::scope(|scope| {
        let database_thread = scope.spawn(|| if is_selected(Kind::Database) { faults.break_database(&database) } else { Ok(()) });
        let nodes = if is_selected(Kind::Nodes) { faults.kill_and_pause(service, addresses) } else { faults.wait_until_end() };
        let database = database_thread.join().map_err(|_| anyhow::anyhow!("a thread panicked"))?;
        nodes.and(database)
    })
}

/// Saves the log of PostgreSQL and the tables with pending deliveries. The test removes the data of PostgreSQL when the
/// test ends.
fn save_state(service: &Service, directory: &Path) {
    let Some(database) = &service.database else { return };
    let _ = std::fs::write(directory.join("postgres.log"), database.cluster.log());
    let left = database.execute("SELECT now(); TABLE nodes; TABLE ready; TABLE pending ORDER BY webhook_id, sequence, due_at");
    let _ = std::fs::write(directory.join("left.txt"), left.unwrap_or_else(|error| format!("{error:#}")));
}

/// Waits until every accepted notification has arrived and no delivery is pending. Adds a violation if a delivery
/// stays pending, has failed, or is cancelled.
fn drain(runtime: &Runtime, http: &reqwest::Client, service: &mut Service, ledger: &Ledger, idle: Duration) -> anyhow::Result<()> {
    let started = Instant::now();
    let (mut last, mut last_at) = (0, Instant::now());
    let timeout = loop {
        let (outstanding, arrived) = {
            let records = ledger.lock();
            (audit::outstanding(&records), records.arrivals.len())
        };
        if arrived != last {
            (last, last_at) = (arrived, Instant::now());
        }
        // If the wait ends too early, the audit reports the missing deliveries as lost.
        if outstanding == 0 {
            break idle;
        }
        if last_at.elapsed() > idle || started.elapsed() > MAX_DRAIN {
            break Duration::ZERO;
        }
        std::thread::sleep(Duration::from_millis(200));
    };
    let token = service.platform_token()?;
    let address = service.nodes.first().context("the service has no server")?.address.clone();
    let started = Instant::now();
    while let Some(pending) = runtime.block_on(setup::find_delivery(http, &address, &token, "pending"))? {
        if started.elapsed() > timeout {
            ledger.add_violation("still pending at the end", pending.to_string());
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    for status in ["failed", "cancelled"] {
        if let Some(delivery) = runtime.block_on(setup::find_delivery(http, &address, &token, status))? {
            ledger.add_violation("failed or cancelled, although the receiver works again", delivery.to_string());
        }
    }
    for node in &mut service.nodes {
        ensure!(node.is_running()?, "a server has ended unexpectedly");
    }
    Ok(())
}
