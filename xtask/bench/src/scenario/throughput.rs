//! Scenarios that measure throughput.

use anyhow::ensure;

use super::floors::{self, Part};
use crate::authority::DOMAIN;
use crate::figure::Figure;
use crate::floor::{Floor, Requests};
use crate::rig::{EVENT, Rig, Throughput};
use crate::{Bench, MEMORY_MB};

/// Number of accounts that get notifications. Each account has one webhook.
const ACCOUNTS: u32 = 8;

/// Number of accounts for which webhooks are registered. With 100 accounts, each account stays well below the default
/// limit of webhooks. So counting the existing webhooks of the account is only a small part of the cost of a
/// registration.
const REGISTERING_ACCOUNTS: u32 = 100;

/// Goal for the cost of the service, as a multiple of its baseline cost. The baseline cost does not include access
/// tokens, signatures, matching, records and metrics.
const TIMES_FLOOR: f64 = 3.0;

pub(crate) fn register(bench: &mut Bench) -> anyhow::Result<()> {
    let accounts: Vec<String> = (1..=bench.size(REGISTERING_ACCOUNTS, 10)).map(|number| format!("account-{number}")).collect();
    let accounts: Vec<&str> = accounts.iter().map(String::as_str).collect();
    for (clients, count, goal) in [(1, 2_000, 4_000.0), (16, 6_000, 15_000.0), (64, 6_000, 18_000.0)] {
        let mut rig = Rig::start(bench, &[])?;
        let url = format!("{}/ok", rig.sink.http());
        let count = bench.size(count, 300);
        let measured = super::runs(bench, |_| {
            let job = rig.registrations(&accounts, &url, "", clients, count)?;
            let before = rig.cpu_times()?;
            let done = rig.load.run(&job)?.all_accepted()?;
            Ok((done.per_second(), rig.cpu_since(before, done.cpu_seconds)?.per_thousand(f64::from(count))))
        })?;
        let (rates, cpu) = measured.into_iter().unzip();
        let figure = Figure::new("register", format!("{clients} clients, {} accounts", accounts.len()), "/s", rates);
        bench.add(figure.at_least(goal).cpu(cpu).floor(bench.floors.registration(clients as u32)));
    }
    Ok(())
}

pub(crate) fn publish(bench: &mut Bench) -> anyhow::Result<()> {
    let mut rig = Rig::start(bench, &[])?;
    let url = format!("{}/ok", rig.sink.http());
    let accounts = rig.accounts_with_one_webhook(ACCOUNTS, &url)?;
    for (clients, count, goal) in [(1, 4_000, 2_500.0), (16, 20_000, 9_000.0), (64, 20_000, 10_000.0)] {
        let count = bench.size(count, 500);
        let runs = throughputs(bench, &mut rig, &accounts, clients, count, 1)?;
        let work = format!("{clients} clients, while deliveries run");
        let figure = figure("publish", work, &runs, |run| run.published_per_second);
        bench.add(figure.at_least(goal).floor(bench.floors.notification(clients as u32)));
    }
    Ok(())
}

pub(crate) fn end_to_end(bench: &mut Bench) -> anyhow::Result<()> {
    for (webhooks, count) in [(ACCOUNTS, bench.size(20_000, 2_000)), (1, bench.size(20_000, 1_000))] {
        let mut rig = Rig::start(bench, &[])?;
        let url = format!("{}/ok", rig.sink.http());
        let accounts = rig.accounts_with_one_webhook(webhooks, &url)?;
        let floor = bench.floors.notification(64);
        // First measure with a load that is proportional to the number of servers.
        let nodes = bench.store.nodes();
        let runs = throughputs(bench, &mut rig, &accounts, 64 * nodes as usize, count * nodes, 1)?;
        let work = format!("64 clients and {count} notifications per server, {webhooks} webhooks");
        bench.add(figure("end-to-end", work, &runs, |run| run.delivered_per_second).floor(floor));

        let runs = throughputs(bench, &mut rig, &accounts, 64, count, 1)?;
        let work = format!("64 clients, {count} notifications, {webhooks} webhooks");
        let figure = figure("end-to-end", work, &runs, |run| run.delivered_per_second).floor(floor);
        if webhooks != ACCOUNTS {
            bench.add(figure);
            continue;
        }
        bench.add(figure.at_least(10_000.0));
        let cpu: Vec<f64> = runs.iter().map(|run| run.cpu.service()).collect();
        if let Some(floor) = floor {
            let times = cpu.iter().map(|cpu| cpu / floor).collect();
            bench.add(
                Figure::new("end-to-end", "CPU time of the service, compared with its baseline cost", "times", times).at_most(TIMES_FLOOR),
            );
        }
        bench.add(Figure::new("end-to-end", "CPU time of the service per 1,000", "s", cpu).at_most(0.1));
        let peaks = runs.iter().map(|run| run.peak as f64 / 1e6).collect();
        bench.add(Figure::new("end-to-end", "peak memory of the service", "MB", peaks).at_most(MEMORY_MB));
    }
    Ok(())
}

pub(crate) fn https(bench: &mut Bench) -> anyhow::Result<()> {
    for (name, part) in [("HTTP/1.1", Part::HttpsRequest), ("HTTP/2", Part::Http2Request)] {
        let mut rig = Rig::start(bench, &[])?;
        let http2 = part == Part::Http2Request;
        let url = format!("{}/ok", if http2 { rig.sink.http2(DOMAIN) } else { rig.sink.https(DOMAIN) });
        let accounts = rig.accounts_with_one_webhook(ACCOUNTS, &url)?;
        let count = bench.size(20_000, 1_000);
        let work = format!("bare reqwest over HTTPS to one host, {name}");
        measure_floor(bench, &mut rig, part, &work, vec![format!("{url}/1")], count, true)?;
        let runs = throughputs(bench, &mut rig, &accounts, 64, count, 1)?;
        for run in &runs {
            let expected = if http2 { u64::from(count) + run.tally.repeated - run.tally.lost } else { 0 };
            ensure!(run.http2 == expected, "{} of {count} callbacks used HTTP/2 although {name} was expected", run.http2);
        }
        let figure = figure("https", format!("one host, {name}, end to end"), &runs, |run| run.delivered_per_second);
        bench.add(figure.floor(bench.floors.notification_by(part, 64)));
    }
    https_to_many_hosts(bench)
}

/// Goal for the memory of the service with 20 callbacks to each of 1,000 hosts at once, in megabytes.
const MANY_HOSTS_MEMORY_MB: f64 = 96.0;

fn https_to_many_hosts(bench: &mut Bench) -> anyhow::Result<()> {
    let mut rig = Rig::start(bench, &[])?;
    let hosts = bench.size(1_000, 40);
    // Use four accounts, because one account may have only a quarter of all attempts in flight.
    let accounts: Vec<String> = (1..=4).map(|number| format!("hosts-{number}")).collect();
    let urls: Vec<String> = (0..hosts).map(|host| format!("{}/ok", rig.sink.https(&format!("host{host}.{DOMAIN}")))).collect();
    for (host, url) in urls.iter().enumerate() {
        rig.register(&accounts[host % accounts.len()], url, "", 1)?;
    }
    let webhooks = hosts as usize / accounts.len();
    let (mut cold, mut warm, mut burst) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..bench.runs {
        // The restarted service has no open connections.
        rig.service.restart()?;
        let job = rig.publications(&accounts, EVENT, 4, 4)?;
        cold.push(rig.throughput(bench, &job, webhooks)?);
        // At this rate, a host responds to each callback before the service sends the next callback to this host. The
        // idle connection to the host stays open between two callbacks.
        let mut job = rig.publications(&accounts, EVENT, 4, bench.size(40, 8))?;
        job.per_second = Some(8.0);
        warm.push(rig.throughput(bench, &job, webhooks)?);
        // Concurrent callbacks to a host need several connections.
        let job = rig.publications(&accounts, EVENT, 16, bench.size(80, 8))?;
        burst.push(rig.throughput(bench, &job, webhooks)?);
    }
    let urls: Vec<String> = urls.into_iter().map(|url| format!("{url}/1")).collect();
    for (name, part, count) in [("cold", Part::RequestToColdHost, hosts), ("warm", Part::RequestToWarmHost, bench.size(20_000, 400))] {
        let work = format!("bare reqwest over HTTPS to {hosts} hosts, {name}");
        measure_floor(bench, &mut rig, part, &work, urls.clone(), count, name == "warm")?;
    }
    let peaks = burst.iter().map(|run| run.peak as f64 / 1e6).collect();
    let work = format!("{hosts} hosts, several at once to each, peak memory");
    bench.add(Figure::new("https", work, "MB", peaks).at_most(MANY_HOSTS_MEMORY_MB));
    for (name, runs, part) in [
        ("cold", cold, Part::RequestToColdHost),
        ("warm, at a rate", warm, Part::RequestToWarmHost),
        ("several at once to each", burst, Part::RequestToWarmHost),
    ] {
        let figure = figure("https", format!("{hosts} hosts, {name}, deliveries"), &runs, |run| run.delivered_per_second);
        bench.add(figure.floor(bench.floors.fanned_out(part, 16, webhooks)));
    }
    Ok(())
}

/// Measures bare requests over HTTPS to the sink.
fn measure_floor(
    bench: &mut Bench,
    rig: &mut Rig,
    part: Part,
    work: &str,
    urls: Vec<String>,
    count: u32,
    warm: bool,
) -> anyhow::Result<()> {
    let ca_file = Some(bench.directory.join("authority.pem"));
    let requests = Requests { urls, count, concurrency: 64, warm, ca_file };
    floors::measure_requests(bench, &mut rig.sink, &mut Floor::start()?, part, work, requests)
}

/// Measures the same kind of job in each run. Each run publishes new notifications on the same service.
pub(crate) fn throughputs(
    bench: &mut Bench,
    rig: &mut Rig,
    accounts: &[String],
    clients: usize,
    count: u32,
    webhooks: usize,
) -> anyhow::Result<Vec<Throughput>> {
    let warm_up = rig.publications(accounts, EVENT, clients, count / 4)?;
    rig.throughput(bench, &warm_up, webhooks)?;
    let mut runs = Vec::new();
    for _ in 0..bench.runs {
        let job = rig.publications(accounts, EVENT, clients, count)?;
        runs.push(rig.throughput(bench, &job, webhooks)?);
    }
    Ok(runs)
}

/// Returns a figure of these runs, with CPU time and tally.
pub(crate) fn figure(scenario: &'static str, work: impl Into<String>, runs: &[Throughput], rate: impl Fn(&Throughput) -> f64) -> Figure {
    let tally = runs.iter().map(|run| run.tally).sum();
    Figure::new(scenario, work, "/s", runs.iter().map(rate).collect()).cpu(runs.iter().map(|run| run.cpu).collect()).tally(tally)
}
