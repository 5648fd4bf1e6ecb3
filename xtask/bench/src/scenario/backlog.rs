//! Scenarios with waiting deliveries.

use std::time::Duration;

use crate::figure::{Cpu, Figure, Goal};
use crate::load::Job;
use crate::rig::{DeliveryResult, EVENT, IDLE, RECORDED, Rig};
use crate::{Bench, MEMORY_MB};

/// Number of webhooks that have a backlog of waiting deliveries. All these webhooks belong to one account.
const WEBHOOKS: u32 = 100;

/// A long attempt timeout, so that hanging attempts do not time out while the backlog is created.
pub(crate) const LONG_TIMEOUT: [&str; 2] = ["--attempt-timeout-seconds", "300"];

pub(crate) fn drain(bench: &mut Bench) -> anyhow::Result<()> {
    let count = bench.size(20_000, 2_000);
    for (webhooks, goal) in [(8, Some(Goal::AtLeast(15_000.0))), (1, None)] {
        let mut rig = Rig::start(bench, &LONG_TIMEOUT)?;
        let url = format!("{}/held", rig.sink.http());
        let accounts = rig.accounts_with_one_webhook(webhooks, &url)?;
        let warm_up = rig.publications(&accounts, EVENT, 64, count / 4)?;
        drained(bench, &mut rig, &warm_up)?;
        let mut runs = Vec::new();
        for _ in 0..bench.runs {
            let job = rig.publications(&accounts, EVENT, 64, count)?;
            runs.push(drained(bench, &mut rig, &job)?);
        }
        let figure = drained_figure("drain", format!("{count} waiting for {webhooks} webhooks"), &runs);
        bench.add(Figure { goal, ..figure }.floor(bench.floors.waiting_delivery(64)));
    }
    Ok(())
}

/// The result of delivering a backlog.
pub(crate) struct Drained {
    pub(crate) per_second: f64,
    /// CPU time per 1,000 deliveries.
    pub(crate) cpu: Cpu,
    pub(crate) result: DeliveryResult,
}

/// Publishes while the sink delays its responses. The attempts in flight are limited, so most deliveries wait in the
/// store. Then the sink responds, and this function measures the rate of the waiting deliveries.
pub(crate) fn drained(bench: &mut Bench, rig: &mut Rig, job: &Job) -> anyhow::Result<Drained> {
    rig.sink.hold()?;
    let done = rig.load.run(job)?.all_accepted()?;
    let before = rig.cpu_times()?;
    let released_at = rig.sink.release()?;
    rig.sink.await_callbacks(done.accepted.len(), IDLE)?;
    std::thread::sleep(RECORDED);
    let cpu = rig.cpu_since(before, 0.0)?;
    let result = rig.collect_result(bench, &done, 1)?;
    // Some callbacks arrived before the release. They are not counted, because their deliveries did not wait in the
    // store.
    let drained = result.arrivals.values().flatten().filter(|arrival| arrival.at > released_at).count() as f64;
    let seconds = result.last_at.saturating_sub(released_at) as f64 / 1e9;
    Ok(Drained { per_second: drained / seconds, cpu: cpu.per_thousand(drained), result })
}

/// Returns the figure of these runs, with CPU time and tally.
pub(crate) fn drained_figure(scenario: &'static str, work: String, runs: &[Drained]) -> Figure {
    let figure = Figure::new(scenario, work, "/s", runs.iter().map(|run| run.per_second).collect());
    figure.cpu(runs.iter().map(|run| run.cpu).collect()).tally(runs.iter().map(|run| run.result.tally).sum())
}

pub(crate) fn start(bench: &mut Bench) -> anyhow::Result<()> {
    let mut rig = Rig::start(bench, &LONG_TIMEOUT)?;
    let empty = super::runs(bench, |_| Ok(rig.service.restart()?.as_secs_f64() * 1000.0))?;
    bench.add(Figure::new("start", "nothing stored", "ms", empty).at_most(30.0));

    let count = bench.size(1_000_000, 20_000);
    let account = held_account(&mut rig)?;
    publish_backlog(&mut rig, &account, count)?;
    let times = super::runs(bench, |_| Ok(rig.service.restart()?.as_secs_f64() * 1000.0))?;
    bench.add(Figure::new("start", format!("{count} deliveries waiting"), "ms", times).at_most(100.0));
    Ok(())
}

pub(crate) fn memory(bench: &mut Bench) -> anyhow::Result<()> {
    let small = bench.size(100_000, 5_000);
    let backlogs = [(small, small), (small * 9, small * 10)];
    let mut resident = backlogs.map(|_| Vec::new());
    let mut peaks = Vec::new();
    for _ in 0..bench.runs {
        let mut rig = Rig::start(bench, &LONG_TIMEOUT)?;
        let account = held_account(&mut rig)?;
        for ((more, _), resident) in backlogs.into_iter().zip(&mut resident) {
            publish_backlog(&mut rig, &account, more)?;
            // Wait until the allocator has released the memory that publishing needed.
            std::thread::sleep(Duration::from_secs(1));
            resident.push(rig.service.memory()?.now as f64 / 1e6);
        }
        peaks.push(rig.service.memory()?.peak as f64 / 1e6);
    }
    let ratios = resident[1].iter().zip(&resident[0]).map(|(large, small)| large / small).collect();
    for ((_, waiting), resident) in backlogs.into_iter().zip(resident) {
        bench.add(Figure::new("memory", format!("{waiting} deliveries waiting"), "MB", resident).at_most(MEMORY_MB));
    }
    bench.add(Figure::new("memory", "larger backlog compared with the smaller one", "times", ratios).at_most(1.1));
    bench.add(Figure::new("memory", "peak while the backlog is published", "MB", peaks).at_most(MEMORY_MB));
    Ok(())
}

fn held_account(rig: &mut Rig) -> anyhow::Result<String> {
    let account = "backlog".to_owned();
    let url = format!("{}/held", rig.sink.http());
    rig.register(&account, &url, "", WEBHOOKS)?;
    Ok(account)
}

fn publish_backlog(rig: &mut Rig, account: &str, deliveries: u32) -> anyhow::Result<()> {
    rig.sink.hold()?;
    let job = rig.publications(&[account], EVENT, 64, deliveries / WEBHOOKS)?;
    rig.load.run(&job)?.all_accepted().map(drop)
}
