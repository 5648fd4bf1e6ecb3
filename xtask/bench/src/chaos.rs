//! Chaos: publishers at work, receivers with moods, and a server that is killed again and again. Then the [audit].
//!
//! What is published carries a sequence number, and each publication and callback is written into the [ledger]. When the
//! time is over the receivers are mended, and everything that was accepted must come.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::watch;

mod audit;
mod ledger;
mod publisher;
mod receiver;
mod world;

use ledger::Ledger;
use publisher::Publisher;
use receiver::Receiver;

use crate::process::monotonic;
use crate::server::{Peak, Server};

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
    #[arg(long)]
    kill_every: f64,
}

/// # Errors
/// When something cannot be started, does not end, or a rule is broken.
pub(crate) fn run(arguments: &Arguments, program: &Path, directory: &Path) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let schedule = vec!["1s"; RETRIES].join(",");
    let in_flight = IN_FLIGHT_PER_WEBHOOK.to_string();
    let options = ["--retry-schedule", &schedule, "--attempt-timeout-seconds", ATTEMPT_TIMEOUT_SECONDS];
    let options = [&options[..], &["--max-in-flight-per-webhook", &in_flight]].concat();
    let options: Vec<String> = options.into_iter().map(str::to_owned).collect();
    let started_at = monotonic();
    let mut server = Server::start(program, directory, &options, Peak::default())?;
    let http = client()?;

    let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0)))?;
    let url = format!("http://{}", listener.local_addr()?);
    let (webhooks, identities) = runtime.block_on(world::register(&http, &mut server, &url))?;
    let count = webhooks.len();
    let ledger = Arc::new(Ledger::of(webhooks, started_at));
    let receiver = runtime.block_on(async { Receiver::start(listener, identities, ledger.clone()) });

    let address = watch::Sender::new(server.address.clone());
    let stopping = watch::Sender::new(false);
    let mut publishers = tokio::task::JoinSet::new();
    for account in 0..world::ACCOUNTS {
        for ordered in [false, false, true] {
            let publisher = Publisher {
                http: http.clone(),
                address: address.subscribe(),
                stopping: stopping.subscribe(),
                ledger: ledger.clone(),
                token: server.platform()?,
                reader: server.account(&world::account_name(account))?,
                account,
                ordered,
                keys: Vec::new(),
            };
            publishers.spawn_on(publisher.publish_until_stopped(), runtime.handle());
        }
    }
    println!("chaos for {} s: {count} webhooks of {} accounts, {} publishers", arguments.seconds, world::ACCOUNTS, publishers.len());
    kill_again_and_again(arguments, &mut server, &ledger, &address)?;
    println!("the faults are over: what was accepted must come");
    receiver.mend();
    stopping.send_replace(true);
    let stopped = runtime.block_on(async { tokio::time::timeout(IDLE, publishers.join_all()).await });
    stopped.context("publishers are not answered, though the server runs")?;
    drain(&runtime, &http, &mut server, &ledger)?;

    let audit = audit::audit(&ledger.lock());
    println!("\n{audit}");
    if !audit.breaches.is_empty() {
        bail!("the data and the log of the server are in {}", directory.display());
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "it calls the server that is tested, and nobody else")]
fn client() -> anyhow::Result<reqwest::Client> {
    Ok(reqwest::Client::builder().no_proxy().build()?)
}

fn kill_again_and_again(
    arguments: &Arguments,
    server: &mut Server,
    ledger: &Ledger,
    address: &watch::Sender<String>,
) -> anyhow::Result<()> {
    let end = Instant::now() + Duration::from_secs(arguments.seconds.into());
    loop {
        let usual = Duration::from_secs_f64(arguments.kill_every * (0.25 + 1.5 * fastrand::f64()));
        // Now and then again at once, while it still takes up what was left.
        let lives = if fastrand::u8(0..5) == 0 { Duration::from_millis(fastrand::u64(0..100)) } else { usual };
        if Instant::now() + lives >= end {
            return Ok(());
        }
        std::thread::sleep(lives);
        kill(server, ledger)?;
        while fastrand::u8(0..6) == 0 {
            // Before it says that it is there.
            ledger.lock().starts.push(monotonic());
            server.begin_again()?;
            std::thread::sleep(Duration::from_millis(fastrand::u64(0..50)));
            kill(server, ledger)?;
        }
        ledger.lock().starts.push(monotonic());
        let kills = ledger.lock().kills.len();
        server.restart().with_context(|| format!("the server does not come back after kill {kills}"))?;
        address.send_replace(server.address.clone());
    }
}

fn kill(server: &mut Server, ledger: &Ledger) -> anyhow::Result<()> {
    // Noted when it has happened: until then callbacks may be accepted.
    server.kill()?;
    ledger.lock().kills.push(monotonic());
    Ok(())
}

/// Waits until everything has come, and the server knows it.
fn drain(runtime: &Runtime, http: &reqwest::Client, server: &mut Server, ledger: &Ledger) -> anyhow::Result<()> {
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
            break IDLE;
        }
        if last_at.elapsed() > IDLE || begun.elapsed() > DRAIN {
            break Duration::ZERO;
        }
        std::thread::sleep(Duration::from_millis(200));
    };
    let token = server.platform()?;
    let begun = Instant::now();
    while let Some(pending) = runtime.block_on(world::delivery(http, &server.address, &token, "pending"))? {
        if begun.elapsed() > patience {
            ledger.breach("still pending at the end", pending.to_string());
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    for status in ["failed", "cancelled"] {
        if let Some(delivery) = runtime.block_on(world::delivery(http, &server.address, &token, status))? {
            ledger.breach("given up, though the receiver is well again", delivery.to_string());
        }
    }
    ensure!(server.is_running()?, "the server has ended by itself");
    Ok(())
}
