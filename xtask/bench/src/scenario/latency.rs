//! Scenarios that measure latency.

use super::floors::Part;
use super::throughput::figure;
use crate::Bench;
use crate::figure::{Figure, Tally, percentile};
use crate::load::LoadResult;
use crate::rig::{DeliveryResult, EVENT, Rig};

const FAN_OUT: u32 = 100;

pub(crate) fn fan_out(bench: &mut Bench) -> anyhow::Result<()> {
    let mut rig = Rig::start(bench, &[])?;
    let account = "acme";
    let url = format!("{}/ok", rig.sink.http());
    rig.register(account, &url, "", FAN_OUT)?;
    let webhooks = FAN_OUT as usize;
    let warm_up = rig.publications(&[account], EVENT, 16, bench.size(50, 5))?;
    rig.throughput(bench, &warm_up, webhooks)?;

    let (mut medians, mut bulk, mut tally) = (Vec::new(), Vec::new(), Tally::default());
    for _ in 0..bench.runs {
        let mut job = rig.publications(&[account], EVENT, 1, bench.size(100, 10))?;
        job.per_second = Some(10.0);
        let done = rig.load.run(&job)?.all_accepted()?;
        let result = rig.collect_result(bench, &done, webhooks)?;
        medians.push(percentile(&last_arrivals(&done, &result), 50.0));
        tally += result.tally;
        let job = rig.publications(&[account], EVENT, 64, bench.size(300, 20))?;
        bulk.push(rig.throughput(bench, &job, webhooks)?);
    }
    let last = Figure::new("fan-out", format!("last of {FAN_OUT} arrivals after publishing, p50"), "ms", medians);
    bench.add(last.at_most(6.0).tally(tally));
    let bulk = figure("fan-out", "deliveries in bulk", &bulk, |run| run.delivered_per_second);
    bench.add(bulk.at_least(15_000.0).floor(bench.floors.fanned_out(Part::Request(64), 64, webhooks)));
    Ok(())
}

/// Goal for the memory of a server while it sends one notification to [`WIDE`] webhooks, in megabytes.
const WIDE_MEMORY_MB: f64 = 96.0;

const WIDE: u32 = 10_000;

pub(crate) fn wide(bench: &mut Bench) -> anyhow::Result<()> {
    let webhooks = bench.size(WIDE, 500);
    let mut rig = Rig::start(bench, &["--webhooks-per-account", &webhooks.to_string()])?;
    let url = format!("{}/ok", rig.sink.http());
    let registrations = rig.registrations(&["acme"], &url, "", 16, webhooks)?;
    rig.load.run(&registrations)?.all_accepted()?;
    let runs = super::runs(bench, |bench| {
        let job = rig.publications(&["acme"], EVENT, 1, 1)?;
        let run = rig.throughput(bench, &job, webhooks as usize)?;
        Ok((run, rig.service.peak_of_servers()? as f64 / 1e6))
    })?;
    let (runs, peaks): (Vec<_>, Vec<f64>) = runs.into_iter().unzip();
    let work = format!("peak of a server with one notification to {webhooks} webhooks");
    bench.add(Figure::new("wide", work, "MB", peaks).at_most(WIDE_MEMORY_MB));
    bench.add(figure("wide", format!("deliveries to {webhooks} webhooks"), &runs, |run| run.delivered_per_second));
    Ok(())
}

pub(crate) fn steady(bench: &mut Bench) -> anyhow::Result<()> {
    let mut rig = Rig::start(bench, &[])?;
    let url = format!("{}/ok", rig.sink.http());
    let accounts = rig.accounts_with_one_webhook(1, &url)?;
    let runs = super::runs(bench, |bench| {
        let mut job = rig.publications(&accounts, EVENT, 8, 50 * bench.size(10, 2))?;
        job.per_second = Some(50.0);
        let done = rig.load.run(&job)?.all_accepted()?;
        let result = rig.collect_result(bench, &done, 1)?;
        Ok((last_arrivals(&done, &result), result.tally))
    })?;
    let tally: Tally = runs.iter().map(|(_, tally)| *tally).sum();
    for (percent, goal) in [(50.0, 1.0), (99.0, 3.0)] {
        let values = runs.iter().map(|(delays, _)| percentile(delays, percent)).collect();
        bench.add(Figure::new("latency", format!("p{percent} from publish to arrival"), "ms", values).at_most(goal).tally(tally));
    }
    Ok(())
}

/// Returns the time from sending each publication to its last arrival, in milliseconds. Publications that did not
/// arrive are omitted.
pub(crate) fn last_arrivals(done: &LoadResult, result: &DeliveryResult) -> Vec<f64> {
    let last = |sequence| result.arrivals.get(sequence).and_then(|arrivals| arrivals.iter().map(|arrival| arrival.at).max());
    done.accepted.iter().filter_map(|sent| Some(last(&sent.sequence)?.saturating_sub(sent.sent_at) as f64 / 1e6)).collect()
}
