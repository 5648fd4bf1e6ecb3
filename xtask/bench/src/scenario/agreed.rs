//! What it costs to keep what a webhook was promised: its order, and its pace.

use std::collections::BTreeMap;

use anyhow::ensure;

use super::backlog::{Drained, PATIENT, drained, drained_figure};
use crate::Bench;
use crate::figure::Figure;
use crate::rig::{EVENT, Rig};
use crate::sink::Arrival;
use crate::table::number;

/// Deliveries that wait for ordered webhooks beside the same of others, on one server in turn.
pub(crate) fn ordered(bench: &mut Bench) -> anyhow::Result<()> {
    for (webhooks, count) in [(1, bench.size(5_000, 500)), (8, bench.size(20_000, 2_000))] {
        let mut rig = Rig::start(bench, &PATIENT)?;
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
                // The first one warms up.
                if run > 0 {
                    runs.push(drained);
                }
            }
        }
        for run in &runs[1] {
            let wrong = out_of_order(run.settled.arrivals.values().flatten());
            ensure!(wrong == 0, "{wrong} of {count} callbacks came out of order at {webhooks} ordered webhooks");
        }
        // One that is ordered shares no commit with the next of its webhook.
        let floors = [bench.floors.waiting_delivery(64), bench.floors.waiting_delivery(webhooks)];
        let ratios = runs[1].iter().zip(&runs[0]).map(|(ordered, other)| ordered.per_second / other.per_second).collect();
        for (((kind, _), runs), floor) in kinds.iter().zip(&runs).zip(floors) {
            bench.add(drained_figure("ordered", format!("{count} that wait for {webhooks} {kind}"), runs).floor(floor));
        }
        bench.add(Figure::new("ordered", format!("what {webhooks} ordered get, against unordered"), "times", ratios));
    }
    Ok(())
}

/// Each account has a client of its own, so that the order of publishing is known.
fn drain_in_order(bench: &mut Bench, rig: &mut Rig, accounts: &[String], count: u32) -> anyhow::Result<Drained> {
    let mut job = rig.publications(accounts, EVENT, accounts.len(), count)?;
    job.in_order = true;
    drained(bench, rig, &job)
}

/// How many callbacks came at their webhook after one that was published later.
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

/// A webhook that takes some callbacks in a second, and has many more waiting.
pub(crate) fn paced(bench: &mut Bench) -> anyhow::Result<()> {
    const ALLOWED: u32 = 100;
    // They are spread evenly, and a tenth of a second's worth may come at once.
    const MOST: u32 = ALLOWED + ALLOWED / 10;
    let mut rig = Rig::start(bench, &[])?;
    let url = format!("{}/ok", rig.sink.http());
    rig.register("paced", &url, &format!(r#""maxPerSecond":{ALLOWED}"#), 1)?;
    let runs = super::runs(bench, |bench| {
        let job = rig.publications(&["paced"], EVENT, 16, ALLOWED * bench.size(10, 2))?;
        let done = rig.load.run(&job)?.all()?;
        let settled = rig.settle(bench, &done, 1)?;
        let mut times: Vec<u64> = settled.arrivals.values().flatten().map(|arrival| arrival.at).collect();
        times.sort_unstable();
        Ok((most_in_a_second(&times), per_second(&times), settled.tally))
    })?;
    let tally = runs.iter().map(|(_, _, tally)| *tally).sum();
    let work = |what: &str| format!("{what}, where {} a second are allowed", number(ALLOWED.into()));
    let most = Figure::new("paced", work("most arrivals in any second"), "", runs.iter().map(|(most, _, _)| *most as f64).collect());
    bench.add(most.at_most(MOST.into()).everywhere().tally(tally));
    let achieved = Figure::new("paced", work("arrivals"), "/s", runs.iter().map(|(_, achieved, _)| *achieved).collect());
    bench.add(achieved.at_least(0.95 * f64::from(ALLOWED)).everywhere().tally(tally));
    Ok(())
}

const SECOND: u64 = 1_000_000_000;

/// Wherever the second begins. The times are in order.
fn most_in_a_second(times: &[u64]) -> usize {
    let within = |(index, begin): (usize, &u64)| times[index..].partition_point(|time| time - begin < SECOND);
    times.iter().enumerate().map(within).max().unwrap_or_default()
}

/// From the first to the last.
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
    fn order_is_that_of_each_webhook() {
        let mut arrivals = vec![arrival(1, 1, 10), arrival(2, 2, 5), arrival(1, 3, 30), arrival(2, 4, 20)];
        assert_eq!(out_of_order(arrivals.iter()), 0);
        arrivals.push(arrival(1, 2, 31));
        assert_eq!(out_of_order(arrivals.iter()), 1);
    }

    #[test]
    fn no_second_is_too_full_wherever_it_begins() {
        let times = [0, 600_000_000, 900_000_000, 1_100_000_000, 1_600_000_000];
        assert_eq!(most_in_a_second(&times), 3, "the last is a whole second after the second one");
        assert_eq!(most_in_a_second(&[]), 0);
        assert_eq!(per_second(&times), 2.5);
    }
}
