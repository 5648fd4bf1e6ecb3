//! A scenario that measures bulk fan-out on new databases. The plans of the statements are made while the tables are
//! empty, and they must be as good as later plans.

use std::time::Duration;

use super::throughput::figure;
use crate::Bench;
use crate::figure::Figure;
use crate::rig::{EVENT, Rig};

const WEBHOOKS: u32 = 100;

/// How long the deliveries of single notifications have time to end, so that statistics may be collected from tables
/// without pending deliveries.
const PAUSE: Duration = Duration::from_secs(2);

pub(crate) fn fan_out(bench: &mut Bench) -> anyhow::Result<()> {
    let mut runs = Vec::new();
    for _ in 0..bench.size(10, 2) {
        let mut rig = Rig::start(bench, &[])?;
        let account = "acme";
        let url = format!("{}/ok", rig.sink.http());
        rig.register(account, &url, "", WEBHOOKS)?;
        let mut singles = rig.publications(&[account], EVENT, 1, bench.size(20, 5))?;
        singles.per_second = Some(10.0);
        rig.throughput(bench, &singles, WEBHOOKS as usize)?;
        std::thread::sleep(PAUSE);
        let job = rig.publications(&[account], EVENT, 16, bench.size(200, 20))?;
        runs.push(rig.throughput(bench, &job, WEBHOOKS as usize)?);
    }
    let rates = || runs.iter().map(|run| run.delivered_per_second);
    let ratio = rates().fold(f64::INFINITY, f64::min) / rates().fold(0.0, f64::max);
    bench.add(figure("new-database", "deliveries in bulk, each run on a new database", &runs, |run| run.delivered_per_second));
    bench.add(Figure::new("new-database", "slowest run compared with the fastest", "times", vec![ratio]).at_least(0.8));
    Ok(())
}
