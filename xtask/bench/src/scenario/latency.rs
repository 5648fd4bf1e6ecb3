//! How soon.

use super::floors::Part;
use super::throughput::figure;
use crate::Bench;
use crate::figure::{Figure, Tally, percentile};
use crate::load::Done;
use crate::rig::{EVENT, Rig, Settled};

const FANS: u32 = 100;

pub(crate) fn fan_out(bench: &mut Bench) -> anyhow::Result<()> {
    let mut rig = Rig::start(bench, &[])?;
    let account = "acme";
    let url = format!("{}/ok", rig.sink.http());
    rig.register(account, &url, "", FANS)?;
    let webhooks = FANS as usize;
    let warm_up = rig.publications(&[account], EVENT, 16, bench.size(50, 5))?;
    rig.throughput(bench, &warm_up, webhooks)?;

    let (mut middle, mut bulk, mut tally) = (Vec::new(), Vec::new(), Tally::default());
    for _ in 0..bench.runs {
        let mut job = rig.publications(&[account], EVENT, 1, bench.size(100, 10))?;
        job.per_second = Some(10.0);
        let done = rig.load.run(&job)?.all()?;
        let settled = rig.settle(bench, &done, webhooks)?;
        middle.push(percentile(&last_arrivals(&done, &settled), 50.0));
        tally += settled.tally;
        let job = rig.publications(&[account], EVENT, 64, bench.size(300, 20))?;
        bulk.push(rig.throughput(bench, &job, webhooks)?);
    }
    let last = Figure::new("fan-out", format!("last of {FANS} arrivals after publishing, p50"), "ms", middle);
    bench.add(last.at_most(6.0).tally(tally));
    let bulk = figure("fan-out", "deliveries in bulk", &bulk, |run| run.delivered_per_second);
    bench.add(bulk.at_least(15_000.0).floor(bench.floors.fanned_out(Part::Request(64), 64, webhooks)));
    Ok(())
}

pub(crate) fn steady(bench: &mut Bench) -> anyhow::Result<()> {
    let mut rig = Rig::start(bench, &[])?;
    let url = format!("{}/ok", rig.sink.http());
    let accounts = rig.accounts_with_one_webhook(1, &url)?;
    let runs = super::runs(bench, |bench| {
        let mut job = rig.publications(&accounts, EVENT, 8, 50 * bench.size(10, 2))?;
        job.per_second = Some(50.0);
        let done = rig.load.run(&job)?.all()?;
        let settled = rig.settle(bench, &done, 1)?;
        Ok((last_arrivals(&done, &settled), settled.tally))
    })?;
    let tally: Tally = runs.iter().map(|(_, tally)| *tally).sum();
    for (percent, goal) in [(50.0, 1.0), (99.0, 3.0)] {
        let values = runs.iter().map(|(delays, _)| percentile(delays, percent)).collect();
        bench.add(Figure::new("latency", format!("p{percent} from publishing to arrival"), "ms", values).at_most(goal).tally(tally));
    }
    Ok(())
}

/// Milliseconds from sending each publication to the last arrival of it. One that did not come has none.
pub(crate) fn last_arrivals(done: &Done, settled: &Settled) -> Vec<f64> {
    let last = |sequence| settled.arrivals.get(sequence).and_then(|arrivals| arrivals.iter().map(|arrival| arrival.at).max());
    done.accepted.iter().filter_map(|sent| Some(last(&sent.sequence)?.saturating_sub(sent.sent_at) as f64 / 1e6)).collect()
}
