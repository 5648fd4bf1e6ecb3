//! Chaos: publishers at work, receivers with moods, and servers that are killed and paused again and again, as is the
//! PostgreSQL that they may share. Then the [audit].
//!
//! What is published carries a sequence number, and each publication, callback and fault is written into the [ledger]. When
//! the time is over everything is mended, and what was accepted must come.

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
mod publisher;
mod receiver;
mod world;

use faults::Faults;
use ledger::Ledger;
use publisher::{Publisher, Servers};
use receiver::Receiver;

use crate::server::Peak;
use crate::service::Service;
use crate::store::{Engine, Store};

/// A failed delivery is tried again so soon and so often that each is accepted in the end.
const RETRIES: usize = 100;

/// Longer than any receiver takes that answers at all.
const ATTEMPT_TIMEOUT_SECONDS: &str = "3";

/// So few that it matters which of them had been recorded when the server was killed.
const IN_FLIGHT_PER_WEBHOOK: usize = 16;

/// When nothing is delivered for so long, nothing is any more: a webhook that failed is left alone for 30 s at most.
const IDLE: Duration = Duration::from_secs(45);

/// And in all, however slowly it goes on.
const DRAIN: Duration = Duration::from_secs(300);

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[arg(long)]
    seconds: u32,
    /// How many seconds nothing is killed, on average.
    #[arg(long)]
    kill_every: f64,
    /// Servers on PostgreSQL, instead of one with the embedded store.
    #[arg(long, value_name = "NODES")]
    postgres: Option<u32>,
    #[arg(long, value_delimiter = ',', default_value = "nodes")]
    faults: Vec<Kind>,
}

/// What faults happen to.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Kind {
    Nodes,
    Database,
}

/// # Errors
/// When something cannot be started, does not end, or a rule is broken.
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
    let (webhooks, identities) = runtime.block_on(world::register(&http, &mut service, store.engine(), &url))?;
    let count = webhooks.len();
    let ledger = Arc::new(Ledger::of(webhooks, store.engine() == Engine::Postgres));
    let receiver = runtime.block_on(async { Receiver::start(listener, identities, ledger.clone()) });

    let addresses = watch::Sender::new(service.addresses());
    let stopping = watch::Sender::new(false);
    let mut publishers = tokio::task::JoinSet::new();
    for account in 0..world::ACCOUNTS {
        for ordered in [false, false, true] {
            let publisher = Publisher {
                http: http.clone(),
                servers: Servers::at(addresses.subscribe()),
                stopping: stopping.subscribe(),
                ledger: ledger.clone(),
                token: service.platform()?,
                reader: service.account(&world::account_name(account))?,
                account,
                ordered,
                keyed: ordered && store.engine() == Engine::Postgres,
                keys: Vec::new(),
            };
            publishers.spawn_on(publisher.publish_until_stopped(), runtime.handle());
        }
    }
    let (seconds, accounts) = (arguments.seconds, world::ACCOUNTS);
    println!("chaos for {seconds} s, {store}: {count} webhooks of {accounts} accounts, {} publishers", publishers.len());
    let faults = Faults { kill_every: arguments.kill_every, end: Instant::now() + Duration::from_secs(seconds.into()), ledger: &ledger };
    let happened = happen(arguments, &faults, &mut service, &addresses);
    happened.inspect_err(|_| keep_log(&service, directory))?;
    println!("the faults are over: what was accepted must come");
    receiver.mend();
    stopping.send_replace(true);
    let idle = IDLE + store.takeover();
    let stopped = runtime.block_on(async { tokio::time::timeout(idle, publishers.join_all()).await });
    stopped.context("publishers are not answered, though the servers run")?;
    drain(&runtime, &http, &mut service, &ledger, idle).inspect_err(|_| keep_log(&service, directory))?;

    let audit = audit::audit(&ledger.lock());
    println!("\n{audit}");
    if !audit.breaches.is_empty() {
        keep_log(&service, directory);
        bail!("what is left of the servers is in {}", directory.display());
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "it calls the servers that are tested, and nobody else")]
fn client() -> anyhow::Result<reqwest::Client> {
    Ok(reqwest::Client::builder().no_proxy().build()?)
}

/// Lets everything happen that was asked for, until the time is over and all is up again.
fn happen(arguments: &Arguments, faults: &Faults<'_>, service: &mut Service, addresses: &watch::Sender<Vec<String>>) -> anyhow::Result<()> {
    let Some(database) = service.database.clone() else { return faults.kill_again_and_again(service, addresses) };
    let of = |kind| arguments.faults.contains(&kind);
    std::thread::scope(|scope| {
        let of_database = scope.spawn(|| if of(Kind::Database) { faults.break_database(&database) } else { Ok(()) });
        let nodes = if of(Kind::Nodes) { faults.kill_and_pause(service, addresses) } else { faults.none() };
        let database = of_database.join().map_err(|_| anyhow::anyhow!("a thread panicked"))?;
        nodes.and(database)
    })
}

/// What PostgreSQL has logged, and who waits in it for what, goes with its data.
fn keep_log(service: &Service, directory: &Path) {
    let Some(database) = &service.database else { return };
    let _ = std::fs::write(directory.join("postgres.log"), database.cluster.log());
    let left = database.execute("SELECT now(); TABLE nodes; TABLE ready; TABLE pending ORDER BY webhook_id, sequence, due_at");
    let _ = std::fs::write(directory.join("left.txt"), left.unwrap_or_else(|error| format!("{error:#}")));
}

/// Waits until everything has come, and the servers know it.
fn drain(runtime: &Runtime, http: &reqwest::Client, service: &mut Service, ledger: &Ledger, idle: Duration) -> anyhow::Result<()> {
    let begun = Instant::now();
    let (mut last, mut last_at) = (0, Instant::now());
    let patience = loop {
        let (outstanding, came) = {
            let records = ledger.lock();
            (audit::outstanding(&records), records.arrivals.len())
        };
        if came != last {
            (last, last_at) = (came, Instant::now());
        }
        // What is lost is for the audit to tell.
        if outstanding == 0 {
            break idle;
        }
        if last_at.elapsed() > idle || begun.elapsed() > DRAIN {
            break Duration::ZERO;
        }
        std::thread::sleep(Duration::from_millis(200));
    };
    let token = service.platform()?;
    let address = service.nodes.first().context("there is no server")?.address.clone();
    let begun = Instant::now();
    while let Some(pending) = runtime.block_on(world::delivery(http, &address, &token, "pending"))? {
        if begun.elapsed() > patience {
            ledger.breach("still pending at the end", pending.to_string());
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    for status in ["failed", "cancelled"] {
        if let Some(delivery) = runtime.block_on(world::delivery(http, &address, &token, status))? {
            ledger.breach("given up, though the receiver is well again", delivery.to_string());
        }
    }
    for node in &mut service.nodes {
        ensure!(node.is_running()?, "a server has ended by itself");
    }
    Ok(())
}
