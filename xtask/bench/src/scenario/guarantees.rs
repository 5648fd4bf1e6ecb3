//! Scenarios for ordered webhooks and for rate limits. They check these two guarantees and measure the costs.

use std::collections::BTreeMap;

use anyhow::ensure;

use super::backlog::{Drained, LONG_TIMEOUT, drained, drained_figure};
use crate::Bench;
use crate::figure::Figure;
use crate::rig::{EVENT, Rig};
use crate::sink::Arrival;
use crate::table::number;

/// Measures waiting deliveries of unordered and ordered webhooks on the same service. The two kinds are measured
/// alternately.
pub(crate) fn ordered(bench: &mut Bench) -> anyhow::Result<()> {
    for (webhooks, count) in [(1, bench.size(5_000, 500)), (8, bench.size(20_000, 2_000))] {
        let mut rig = Rig::start(bench, &LONG_TIMEOUT)?;
        let url = format!("{}/held", rig.sink.http());
        let kinds = [("unordered", ""), ("ordered", r#""ordered":true"#)];
        let accounts = kinds.map(|(kind, _)| (1..=webhooks).map(|number| format!("{kind}-{number}")).collect::<Vec<_>>());
        for ((_, members), accounts) in kinds.iter().zip(&accounts) {
            accounts.iter().try_for_each(|account| rig.register(account, &url, members, 1))?;
        }
        let mut runs: [Vec<Drained>; 2] = Default::default();
        for run in 0..=bench.runs {
            for (accounts, runs) in accounts.iter().zip(&mut runs) {
                let drained = drain_in_order(bench, &mut rig, accounts, count)?;
                // Run 0 is the warm-up.
                if run > 0 {
                    runs.push(drained);
                }
            }
        }
        for run in &runs[1] {
            let wrong = out_of_order(run.result.arrivals.values().flatten());
            ensure!(wrong == 0, "{wrong} of {count} callbacks arrived out of order at {webhooks} ordered webhooks");
        }
        // Deliveries of the same ordered webhook cannot share a commit.
        let floors = [bench.floors.waiting_delivery(64), bench.floors.waiting_delivery(webhooks)];
        let ratios = runs[1].iter().zip(&runs[0]).map(|(ordered, other)| ordered.per_second / other.per_second).collect();
        for (((kind, _), runs), floor) in kinds.iter().zip(&runs).zip(floors) {
            bench.add(drained_figure("ordered", format!("{count} waiting for {webhooks} {kind} webhooks"), runs).floor(floor));
        }
        bench.add(Figure::new("ordered", format!("{webhooks} ordered webhooks, compared with unordered"), "times", ratios));
    }
    Ok(())
}

/// Measures waiting deliveries. One client publishes for each account, so that the order of its publications is known.
fn drain_in_order(bench: &mut Bench, rig: &mut Rig, accounts: &[String], count: u32) -> anyhow::Result<Drained> {
    let mut job = rig.publications(accounts, EVENT, accounts.len(), count)?;
    job.in_order = true;
    drained(bench, rig, &job)
}

/// Returns the number of callbacks in the wrong order. A callback is in the wrong order if the previous callback of
/// the same webhook has a later notification.
fn out_of_order<'a>(arrivals: impl Iterator<Item = &'a Arrival>) -> usize {
    let mut webhooks: BTreeMap<u32, Vec<(u64, u32)>> = BTreeMap::new();
    for arrival in arrivals {
        webhooks.entry(arrival.webhook).or_default().push((arrival.at, arrival.sequence));
    }
    let wrong = webhooks.values_mut().map(|arrivals| {
        arrivals.sort_unstable();
        arrivals.windows(2).filter(|pair| pair[1].1 < pair[0].1).count()
    });
    wrong.sum()
}

/// Measures a webhook with a rate limit and many more waiting deliveries.
pub(crate) fn rate_limit(bench: &mut Bench) -> anyhow::Result<()> {
    const ALLOWED: u32 = 100;
    // The service distributes attempts evenly. But it may start a tenth of the attempts of one second at the same time.
    const MAX_IN_A_SECOND: u32 = ALLOWED + ALLOWED / 10;
    let mut rig = Rig::start(bench, &[])?;
    let url = format!("{}/ok", rig.sink.http());
    rig.register("rate-limit", &url, &format!(r#""maxPerSecond":{ALLOWED}"#), 1)?;
    let runs = super::runs(bench, |bench| {
        let job = rig.publications(&["rate-limit"], EVENT, 16, ALLOWED * bench.size(10, 2))?;
        let done = rig.load.run(&job)?.all_accepted()?;
        let result = rig.collect_result(bench, &done, 1)?;
        let mut times: Vec<u64> = result.arrivals.values().flatten().map(|arrival| arrival.at).collect();
        times.sort_unstable();
        Ok((max_in_a_second(&times), per_second(&times), result.tally))
    })?;
    let tally = runs.iter().map(|(_, _, tally)| *tally).sum();
    let work = |what: &str| format!("{what}, limit {} per second", number(ALLOWED.into()));
    let maximum = Figure::new(
        "rate-limit",
        work("maximum of arrivals in a second"),
        "",
        runs.iter().map(|(maximum, _, _)| *maximum as f64).collect(),
    );
    bench.add(maximum.at_most(MAX_IN_A_SECOND.into()).for_all_stores().tally(tally));
    let achieved = Figure::new("rate-limit", work("arrivals"), "/s", runs.iter().map(|(_, achieved, _)| *achieved).collect());
    bench.add(achieved.at_least(0.95 * f64::from(ALLOWED)).for_all_stores().tally(tally));
    Ok(())
}

const SECOND: u64 = 1_000_000_000;

/// Returns the largest number of `times` in any period of one second. `times` must be sorted.
fn max_in_a_second(times: &[u64]) -> usize {
    let within = |(index, begin): (usize, &u64)| times[index..].partition_point(|time| time - begin < SECOND);
    times.iter().enumerate().map(within).max().unwrap_or_default()
}

/// Returns the average rate per second between the first and the last of `times`.
fn per_second(times: &[u64]) -> f64 {
    let (Some(first), Some(last)) = (times.first(), times.last()) else { return f64::NAN };
    (times.len() - 1) as f64 / ((last - first) as f64 / SECOND as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrival(webhook: u32, sequence: u32, at: u64) -> Arrival {
        Arrival { webhook, sequence, at, times: 1 }
    }

    #[test]
    fn order_is_checked_for_each_webhook() {
        let mut arrivals = vec![arrival(1, 1, 10), arrival(2, 2, 5), arrival(1, 3, 30), arrival(2, 4, 20)];
        assert_eq!(out_of_order(arrivals.iter()), 0);
        arrivals.push(arrival(1, 2, 31));
        assert_eq!(out_of_order(arrivals.iter()), 1);
    }

    #[test]
    fn the_maximum_is_taken_over_all_seconds() {
        let times = [0, 600_000_000, 900_000_000, 1_100_000_000, 1_600_000_000];
        assert_eq!(max_in_a_second(&times), 3, "the fifth time is a whole second after the second one");
        assert_eq!(max_in_a_second(&[]), 0);
        assert_eq!(per_second(&times), 2.5);
    }
}
