//! How much in a second.

use crate::Bench;
use crate::authority::DOMAIN;
use crate::figure::Figure;
use crate::rig::{EVENT, Rig, Throughput};

/// Accounts that are published to in turn, each with one webhook.
const ACCOUNTS: u32 = 8;

/// Accounts that webhooks are registered for in turn, so that each stays well below the default limit of an account: what
/// one registration costs must not be what counting the others costs.
const REGISTERING_ACCOUNTS: u32 = 100;

pub(crate) fn register(bench: &mut Bench) -> anyhow::Result<()> {
    let accounts: Vec<String> = (1..=bench.size(REGISTERING_ACCOUNTS, 10)).map(|number| format!("account-{number}")).collect();
    let accounts: Vec<&str> = accounts.iter().map(String::as_str).collect();
    for (clients, count, goal) in [(1, 2_000, 4_000.0), (16, 6_000, 15_000.0), (64, 6_000, 18_000.0)] {
        let mut rig = Rig::start(bench, &[])?;
        let url = format!("{}/ok", rig.sink.http());
        let count = bench.size(count, 300);
        let mut cpu = Vec::new();
        let rates = super::runs(bench, || {
            let job = rig.registrations(&accounts, &url, None, clients, count)?;
            let before = rig.server.cpu()?;
            let done = rig.load.run(&job)?.all()?;
            cpu.push((rig.server.cpu()? - before).as_secs_f64() / f64::from(count) * 1000.0);
            Ok(done.per_second())
        })?;
        let work = format!("{clients} clients, {} accounts", accounts.len());
        bench.add(Figure::new("register", work, "/s", rates).at_least(goal).cpu(cpu));
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
        let rates = runs.iter().map(|run| run.published_per_second).collect();
        let figure = Figure::new("publish", format!("{clients} clients, deliveries running alongside"), "/s", rates);
        bench.add(figure.at_least(goal).cpu(server_cpu(&runs)).floor(bench.floors.notification()));
    }
    Ok(())
}

pub(crate) fn end_to_end(bench: &mut Bench) -> anyhow::Result<()> {
    for (webhooks, count) in [(ACCOUNTS, bench.size(20_000, 2_000)), (1, bench.size(20_000, 1_000))] {
        let mut rig = Rig::start(bench, &[])?;
        let url = format!("{}/ok", rig.sink.http());
        let accounts = rig.accounts_with_one_webhook(webhooks, &url)?;
        let runs = throughputs(bench, &mut rig, &accounts, 64, count, 1)?;
        let rates = runs.iter().map(|run| run.delivered_per_second).collect();
        let work = format!("64 clients, {count} to {webhooks} webhooks");
        let figure = Figure::new("end-to-end", work, "/s", rates).cpu(server_cpu(&runs)).floor(bench.floors.notification());
        if webhooks != ACCOUNTS {
            bench.add(figure);
            continue;
        }
        bench.add(figure.at_least(10_000.0));
        let cpu = Figure::new("end-to-end", "the server computes for 1,000", "s", server_cpu(&runs));
        bench.add(cpu.at_most(0.1));
        bench.add(Figure::new("end-to-end", "the sink for 1,000", "s", runs.iter().map(|run| run.sink_cpu).collect()));
        bench.add(Figure::new("end-to-end", "the load for 1,000", "s", runs.iter().map(|run| run.load_cpu).collect()));
        let peak = rig.server.memory()?.peak as f64 / 1e6;
        bench.add(Figure::new("end-to-end", "peak memory of the server", "MB", vec![peak]).at_most(48.0));
    }
    Ok(())
}

pub(crate) fn https(bench: &mut Bench) -> anyhow::Result<()> {
    let mut rig = Rig::start(bench, &[])?;
    let url = format!("{}/ok", rig.sink.https(DOMAIN));
    let accounts = rig.accounts_with_one_webhook(ACCOUNTS, &url)?;
    let runs = throughputs(bench, &mut rig, &accounts, 64, bench.size(20_000, 1_000), 1)?;
    let rates = runs.iter().map(|run| run.delivered_per_second).collect();
    bench.add(Figure::new("https", "one host, end to end", "/s", rates).cpu(server_cpu(&runs)).floor(bench.floors.notification()));

    let hosts = bench.size(1_000, 40);
    // Of four accounts, because one may have only a quarter of all attempts in flight.
    let accounts: Vec<String> = (1..=4).map(|number| format!("hosts-{number}")).collect();
    for host in 0..hosts {
        let url = format!("{}/ok", rig.sink.https(&format!("host{host}.{DOMAIN}")));
        rig.register(&accounts[host as usize % accounts.len()], &url, None, 1)?;
    }
    let webhooks = hosts as usize / accounts.len();
    let (mut cold, mut warm) = (Vec::new(), Vec::new());
    for _ in 0..bench.runs {
        // It has no connection yet.
        rig.server.restart()?;
        let job = rig.publications(&accounts, EVENT, 4, 4)?;
        cold.push(rig.throughput(bench, &job, webhooks)?);
        let job = rig.publications(&accounts, EVENT, 16, bench.size(80, 8))?;
        warm.push(rig.throughput(bench, &job, webhooks)?);
    }
    for (work, runs) in [("cold", cold), ("warm", warm)] {
        let rates = runs.iter().map(|run| run.delivered_per_second).collect();
        bench.add(Figure::new("https", format!("{hosts} hosts, {work}, deliveries"), "/s", rates).cpu(server_cpu(&runs)));
    }
    Ok(())
}

/// The same in each run, with new notifications, on a server that goes on.
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

pub(crate) fn server_cpu(runs: &[Throughput]) -> Vec<f64> {
    runs.iter().map(|run| run.server_cpu).collect()
}
