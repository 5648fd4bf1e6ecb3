//! How soon.

use crate::Bench;
use crate::figure::{Figure, percentile};
use crate::load::Done;
use crate::rig::{EVENT, Rig, Settled};

const FANS: u32 = 100;

pub(crate) fn fan_out(bench: &mut Bench) -> anyhow::Result<()> {
    let mut rig = Rig::start(bench, &[])?;
    let account = "acme";
    let url = format!("{}/ok", rig.sink.http());
    rig.register(account, &url, None, FANS)?;
    let webhooks = FANS as usize;
    let warm_up = rig.publications(&[account], EVENT, 16, bench.size(50, 5))?;
    rig.throughput(bench, &warm_up, webhooks)?;

    let (mut middle, mut bulk, mut cpu) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..bench.runs {
        let mut job = rig.publications(&[account], EVENT, 1, bench.size(100, 10))?;
        job.per_second = Some(10.0);
        let done = rig.load.run(&job)?.all()?;
        let settled = rig.settle(&done, webhooks)?.none_lost(bench)?;
        middle.push(percentile(&last_arrivals(&done, &settled), 50.0));
        let job = rig.publications(&[account], EVENT, 64, bench.size(300, 20))?;
        let run = rig.throughput(bench, &job, webhooks)?;
        bulk.push(run.delivered_per_second);
        cpu.push(run.server_cpu);
    }
    bench.add(Figure::new("fan-out", format!("last of {FANS} arrivals after publishing, p50"), "ms", middle).at_most(6.0));
    bench.add(Figure::new("fan-out", "deliveries in bulk", "/s", bulk).at_least(15_000.0).cpu(cpu));
    Ok(())
}

pub(crate) fn steady(bench: &mut Bench) -> anyhow::Result<()> {
    let mut rig = Rig::start(bench, &[])?;
    let url = format!("{}/ok", rig.sink.http());
    let accounts = rig.accounts_with_one_webhook(1, &url)?;
    let runs = super::runs(bench, || {
        let mut job = rig.publications(&accounts, EVENT, 8, 50 * bench.size(10, 2))?;
        job.per_second = Some(50.0);
        let done = rig.load.run(&job)?.all()?;
        let settled = rig.settle(&done, 1)?;
        Ok((last_arrivals(&done, &settled), settled))
    })?;
    let mut delays = Vec::new();
    for (delay, settled) in runs {
        settled.none_lost(bench)?;
        delays.push(delay);
    }
    for (percent, goal) in [(50.0, 1.0), (99.0, 3.0)] {
        let values = delays.iter().map(|delays| percentile(delays, percent)).collect();
        bench.add(Figure::new("latency", format!("p{percent} from publishing to arrival"), "ms", values).at_most(goal));
    }
    Ok(())
}

/// Milliseconds from sending each publication to the last arrival of it. One that did not come has none.
pub(crate) fn last_arrivals(done: &Done, settled: &Settled) -> Vec<f64> {
    let last = |sequence| settled.arrivals.get(sequence).and_then(|arrivals| arrivals.iter().max());
    done.accepted.iter().filter_map(|sent| Some((last(&sent.sequence)?.saturating_sub(sent.sent_at)) as f64 / 1e6)).collect()
}
