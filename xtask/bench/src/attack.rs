//! `cargo xtask attack`: hostile clients and hostile receivers attack a server with limited resources, while an honest
//! customer uses it.
//!
//! The server may open 1,024 files and allocate 768 MB. The [`attacker`] is a process with the hostile [`clients`], which
//! attack both listeners, and with the hostile [`receivers`] of other customers. The honest customer publishes at a
//! constant rate over few connections, and has a receiver of its own. Every notification of the honest customer must
//! arrive while the attack continues, and the server must not end. The [`report`] lists all conditions.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use clap::ValueEnum;
use rustix::process::{Resource, Signal, getrlimit};

mod attacker;
mod clients;
mod conduct;
mod counts;
mod frames;
mod names;
mod receivers;
mod report;
mod responses;
mod secret;
mod setup;
mod watch;

pub(crate) use attacker::serve;

use attacker::Attacker;
use clients::Victim;
use report::Outcome;
use setup::{Api, HONEST_ACCOUNT, HONEST_PATHS};

use crate::authority::{self, HONEST_HOST};
use crate::load::{Job, Load, LoadResult, Route, Target};
use crate::rig::{DeliveryResult, EVENT, NOTIFICATIONS, publication};
use crate::scenario::latency;
use crate::server::{Peak, Server};
use crate::service::Service;
use crate::sink::Sink;
use crate::store::Store;

/// Number of notifications per second of the honest customer.
const HONEST_RATE: u32 = 50;

/// The addresses and the numbers of connections of the publishers. A limit of connections per address must not affect
/// the honest customer, because it uses few connections.
const HONEST_ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 9);
const HONEST_CLIENTS: usize = 4;
const PLATFORM_ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 8);
const PLATFORM_CLIENTS: usize = 2;

/// Number of notifications per second to the customers with hostile receivers.
const HOSTILE_RATE: u32 = 20;

/// Number of notifications before the attack. The service may limit callbacks to a host that is new to it.
const WARM_UP: u32 = 500;

/// If no callback arrives for this time, the honest customer stops waiting for callbacks.
const IDLE: Duration = Duration::from_secs(10);

/// Minimum limit of open files of the attacker.
const ATTACKER_FILES: u64 = 8192;

/// The setting `drain_timeout_seconds` of the server.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(3);

/// Time to stop in addition to the drain timeout. Hanging callbacks use the whole drain timeout.
const STOP_MARGIN: Duration = Duration::from_secs(1);

/// Maximum time from SIGTERM to the end of the server.
const MAX_STOP: Duration = Duration::from_secs(30);

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[arg(long)]
    seconds: u32,
    #[arg(long, value_delimiter = ',', default_value = "clients,receivers")]
    by: Vec<Peers>,
    /// The API uses TLS.
    #[arg(long)]
    tls: bool,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Peers {
    Clients,
    Receivers,
}

/// # Errors
/// When a process cannot be started, or when the server fails the test.
pub(crate) fn run(arguments: &Arguments, program: &Path, directory: &Path) -> anyhow::Result<()> {
    crate::allow_files()?;
    let files = getrlimit(Resource::Nofile).current;
    let advice = "raise the hard limit of open files (ulimit -Hn)";
    ensure!(files.is_none_or(|files| files >= ATTACKER_FILES), "the attacker needs {ATTACKER_FILES} open files: {advice}");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (honest_ca, hostile_ca) = (directory.join("honest.pem"), directory.join("hostile.pem"));
    let mut sink = Sink::start(&honest_ca)?;
    let mut attacker = Attacker::start(&hostile_ca)?;
    let admin = free_address()?;
    let mut options = vec![
        ("--ca-file", honest_ca.display().to_string()),
        ("--ca-file", hostile_ca.display().to_string()),
        ("--name-server", attacker.started.name_server.to_string()),
        ("--admin-listen", admin.to_string()),
        ("--drain-timeout-seconds", DRAIN_TIMEOUT.as_secs().to_string()),
    ];
    let api_ca = arguments.tls.then(|| directory.join("api.pem"));
    if let Some(api_ca) = &api_ca {
        let (certificate, key) = (directory.join("api-certificate.pem"), directory.join("api-key.pem"));
        authority::write_certificate(api_ca, &certificate, &key)?;
        options.extend([("--tls-cert-file", certificate.display().to_string()), ("--tls-key-file", key.display().to_string())]);
    }
    let options: Vec<String> = options.into_iter().flat_map(|(name, value)| [name.to_owned(), value]).collect();
    let limited = setup::limited(program, directory)?;
    let mut service = Service::start(&limited, directory, Store::Embedded, &options, &Peak::default())?;

    let address: SocketAddr = service.addresses().first().context("the service has no server")?.parse()?;
    let scheme = if arguments.tls { "https" } else { "http" };
    let api = Api { http: setup::client(api_ca.as_deref())?, url: format!("{scheme}://{address}") };
    let honest_url = sink.https(HONEST_HOST);
    runtime.block_on(setup::register_honest(&api, &mut service, &honest_url))?;
    let hostile_targets = runtime.block_on(setup::register_hostile(&api, &mut service, &attacker.started, &honest_url))?;
    drop(api);
    let victim = Victim { api: address, admin, token: service.account_token("intruder")?, ca_file: api_ca.clone() };

    let mut honest = Load::start()?;
    let route = |source| Route { source: Some(source), ca_file: api_ca.clone() };
    let warm_up = honest_job(&mut service, route(HONEST_ADDRESS), 1, WARM_UP)?;
    let expected = honest.run(&warm_up)?.all_accepted()?.accepted.len() * HONEST_PATHS.len();
    let arrived = sink.await_callbacks(expected, IDLE)?;
    ensure!(arrived == expected, "{} of {expected} callbacks did not arrive before the attack", expected - arrived);
    sink.report()?;

    let seconds = arguments.seconds;
    println!(
        "attack for {seconds} s: a server with {} files and {} MB, and an honest customer at {HONEST_RATE} notifications per second",
        setup::FILES,
        setup::ALLOCATION_BYTES / 1_000_000
    );
    let is_by = |peers| arguments.by.contains(&peers);
    let wanted = HONEST_RATE * seconds;
    let mut paced = honest_job(&mut service, route(HONEST_ADDRESS), WARM_UP + 1, wanted)?;
    paced.per_second = Some(HONEST_RATE.into());
    honest.begin(&paced)?;
    // The attack begins after the honest customer has connected.
    sink.await_callbacks(HONEST_PATHS.len(), IDLE)?;
    let mut platform = Load::start()?;
    let count = if is_by(Peers::Receivers) { HOSTILE_RATE * seconds } else { 0 };
    let hostile = job(&service, hostile_targets, route(PLATFORM_ADDRESS), PLATFORM_CLIENTS, 1, count);
    platform.begin(&Job { per_second: Some(HOSTILE_RATE.into()), ..hostile })?;
    if is_by(Peers::Clients) {
        attacker.attack(&victim)?;
    }
    let (started, cpu) = (Instant::now(), service.cpu()?.servers);
    let server = service.nodes.first_mut().context("the service has no server")?;
    let mut observed = runtime.block_on(watch::watch(server, admin, Duration::from_secs(seconds.into())))?;

    let cpu_share = server.cpu().map(|now| now.saturating_sub(cpu).as_secs_f64() / started.elapsed().as_secs_f64()).ok();

    let published = honest.end()?;
    sink.await_callbacks(published.accepted.len() * HONEST_PATHS.len(), IDLE)?;
    let arrivals = DeliveryResult::new(&published, sink.report()?, HONEST_PATHS.len());
    let of_platform = platform.end()?;
    let mut attacks = attacker.report()?;
    if !is_by(Peers::Receivers) {
        attacks.receivers.clear();
    }
    if let Some(status) = server.ended()? {
        observed.ended.get_or_insert((status, started.elapsed()));
    } else if let Ok(memory) = server.memory() {
        observed.peak = observed.peak.max(memory.peak);
    }
    let stopped = stop(server)?;
    drop(attacker);
    let log = std::fs::read(directory.join("server.log")).context("cannot read the log of the server")?;
    let outcome = Outcome {
        attacks,
        wanted,
        arrivals: latency::last_arrivals(&published, &arrivals),
        lost: arrivals.tally.lost,
        published,
        observed,
        cpu_share,
        stopped,
        stop_goal: DRAIN_TIMEOUT + STOP_MARGIN,
        stored_secrets: secret::stored_in(service.data_directory())?,
        panics: String::from_utf8_lossy(&log).matches("panicked at").count(),
        log_bytes: log.len() as u64,
    };
    println!("\n{}", outcome.render());
    println!("{}", of_customers(&of_platform));
    let failures = outcome.failures();
    if !failures.is_empty() {
        bail!("{} failures; the log of the server is in {}:\n{}", failures.len(), directory.display(), failures.join("\n"));
    }
    Ok(())
}

fn of_customers(published: &LoadResult) -> String {
    let (accepted, refused) = (published.accepted.len(), &published.refused);
    format!("{accepted} notifications to customers with hostile receivers were accepted; not accepted: {refused:?}.")
}

/// Returns a job that publishes notifications to the honest customer.
fn honest_job(service: &mut Service, route: Route, first: u32, count: u32) -> anyhow::Result<Job> {
    let (before, after) = publication(HONEST_ACCOUNT, EVENT);
    let target = Target { token: service.platform_token()?, before, after };
    Ok(job(service, vec![target], route, HONEST_CLIENTS, first, count))
}

fn job(service: &Service, targets: Vec<Target>, route: Route, clients: usize, first: u32, count: u32) -> Job {
    let (addresses, path) = (service.addresses(), NOTIFICATIONS.to_owned());
    Job { addresses, route, path, clients, first, count, per_second: None, targets, in_order: false }
}

/// Sends SIGTERM, and waits for the end of the server. Returns the duration and the status. Returns `None` if the server
/// has already ended or does not end in time.
fn stop(server: &mut Server) -> anyhow::Result<Option<(Duration, std::process::ExitStatus)>> {
    if server.ended()?.is_some() {
        return Ok(None);
    }
    server.signal(Signal::TERM)?;
    let started = Instant::now();
    while started.elapsed() < MAX_STOP {
        if let Some(status) = server.ended()? {
            return Ok(Some((started.elapsed(), status)));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(None)
}

/// Returns a loopback address with a port that is free now.
fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
