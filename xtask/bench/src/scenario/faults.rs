//! What becomes of the others when something goes wrong.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::ensure;

use super::latency::last_arrivals;
use crate::Bench;
use crate::figure::{Figure, Tally, percentile};
use crate::load::Load;
use crate::process::monotonic;
use crate::rig::{EVENT, IDLE, Rig, only};
use crate::sink::Sink;
use crate::table::number;

/// Publications of the healthy webhook's account in a second.
const HEALTHY: f64 = 50.0;

/// The time limit of an attempt, some times over.
const HANGING_MAKE_ROOM: Duration = Duration::from_secs(60);

/// Webhooks that hang beside the healthy one.
struct Trouble {
    /// 0: they are of the account that the healthy one is of.
    accounts: u32,
    /// Of each account.
    webhooks: u32,
    /// Notifications to all webhooks of each account.
    notifications: u32,
    /// Half of the webhooks do not even get as far as a connection: their hosts have names, and the name server never answers.
    half_without_address: bool,
}

pub(crate) fn isolation(bench: &mut Bench) -> anyhow::Result<()> {
    let one = Trouble { accounts: 0, webhooks: 1, notifications: bench.size(2_000, 200), half_without_address: false };
    let many_waiting = Trouble { notifications: bench.size(100_000, 1_000), ..one };
    let many_webhooks = Trouble { accounts: 20, webhooks: bench.size(50, 4), notifications: 100, half_without_address: true };
    [one, many_waiting, many_webhooks].iter().try_for_each(|trouble| beside(bench, trouble))
}

fn beside(bench: &mut Bench, trouble: &Trouble) -> anyhow::Result<()> {
    const HANGING: &str = "bench.hanging";
    let (mut middle, mut slow, mut came, mut tally) = (Vec::new(), Vec::new(), Vec::new(), Tally::default());
    for _ in 0..bench.runs {
        let sink = Sink::start(&bench.directory.join("authority.pem"))?;
        let name_server = sink.name_server();
        let mut options = if bench.quick { vec!["--attempt-timeout-seconds", "2"] } else { Vec::new() };
        if trouble.half_without_address {
            options.extend(["--name-server", &name_server]);
        }
        let mut rig = Rig::before(sink, bench, &options)?;
        let (ok, hang) = (format!("{}/ok", rig.sink.http()), format!("{}/hang", rig.sink.http()));
        rig.register("healthy", &ok, &only(EVENT), 1)?;
        let accounts: Vec<String> = match trouble.accounts {
            0 => vec!["healthy".to_owned()],
            count => (1..=count).map(|number| format!("hanging-{number}")).collect(),
        };
        let without_address = if trouble.half_without_address { trouble.webhooks / 2 } else { 0 };
        for account in &accounts {
            rig.register(account, &hang, &only(HANGING), trouble.webhooks - without_address)?;
            for webhook in 1..=without_address {
                // A name of its own for each, in a domain that is nobody's (RFC 6761, section 6.2).
                rig.register(account, &format!("http://{webhook}.{account}.bench.test/hang"), &only(HANGING), 1)?;
            }
        }
        let job = rig.publications(&accounts, HANGING, 64, trouble.notifications * accounts.len() as u32)?;
        rig.load.run(&job)?.all()?;

        let seconds = bench.size(30, 3);
        let mut job = rig.publications(&["healthy"], EVENT, 16, HEALTHY as u32 * seconds)?;
        job.per_second = Some(HEALTHY);
        let done = rig.load.run(&job)?.all()?;
        // Late is not lost, however late: it is waited for as long as hanging attempts may take to make room.
        rig.sink.await_callbacks(done.accepted.len(), HANGING_MAKE_ROOM)?;
        let settled = rig.settle(bench, &done, 1)?;
        ensure!(settled.names > 0 || !trouble.half_without_address, "the name server that never answers was never asked");
        // Of those that came while they were published, how many a second.
        let in_time = settled.arrivals.values().flatten().filter(|arrival| arrival.at <= done.ended_at + 1_000_000_000).count();
        let delays = last_arrivals(&done, &settled);
        came.push(in_time as f64 / f64::from(seconds));
        middle.push(percentile(&delays, 50.0));
        slow.push(percentile(&delays, 99.0));
        tally += settled.tally;
    }
    let work = |what: &str| format!("{what}, beside {}", trouble.describe());
    bench.add(Figure::new("isolation", work("arrivals"), "/s", came).at_least(HEALTHY).everywhere().tally(tally));
    bench.add(Figure::new("isolation", work("p50"), "ms", middle).tally(tally));
    bench.add(Figure::new("isolation", work("p99"), "ms", slow).at_most(20.0).everywhere().tally(tally));
    Ok(())
}

impl Trouble {
    fn describe(&self) -> String {
        let hanging = self.webhooks * self.accounts.max(1);
        let waiting = self.notifications * hanging;
        let whose = if self.accounts == 0 { "of its account".to_owned() } else { format!("of {} others", self.accounts) };
        let names = if self.half_without_address { ", half at their name server" } else { "" };
        format!("{hanging} hanging {whose}{names}, {waiting} waiting")
    }
}

pub(crate) fn fairness(bench: &mut Bench) -> anyhow::Result<()> {
    const QUIET: f64 = 300.0;
    // What the other account publishes in a second: nothing, as much, and ten times as much.
    const OTHER: [f64; 3] = [0.0, QUIET, 10.0 * QUIET];
    let seconds = bench.size(10, 2);
    let mut rig = Rig::start(bench, &[])?;
    let url = format!("{}/ok", rig.sink.http());
    let accounts = rig.accounts_with_one_webhook(2, &url)?;
    let mut other = Load::start()?;
    let runs = super::runs(bench, |bench| {
        let mut tally = Tally::default();
        let mut waits = OTHER;
        for (share, wait) in OTHER.into_iter().zip(&mut waits) {
            // It is at it a little longer.
            let mut greedy = rig.publications(&accounts[..1], EVENT, 64, share as u32 * (seconds + 1))?;
            greedy.per_second = Some(share);
            other.begin(&greedy)?;
            let mut job = rig.publications(&accounts[1..], EVENT, 16, QUIET as u32 * seconds)?;
            job.per_second = Some(QUIET);
            let mut done = rig.load.run(&job)?.all()?;
            *wait = percentile(&done.waits(), 99.0);
            done.accepted.extend(other.end()?.all()?.accepted);
            tally += rig.settle(bench, &done, 1)?.tally;
        }
        Ok((waits, tally))
    })?;
    let tally: Tally = runs.iter().map(|(_, tally)| *tally).sum();
    for (index, share) in OTHER.into_iter().enumerate() {
        let work = match share {
            0.0 => format!("p99 of publishing {QUIET} a second, and nobody else publishes"),
            share => format!("the same while another account publishes {}", number(share)),
        };
        let waits = runs.iter().map(|(waits, _)| waits[index]).collect();
        bench.add(Figure::new("fairness", work, "ms", waits).tally(tally));
    }
    let ratios = runs.iter().map(|(waits, _)| waits[2] / waits[0]).collect();
    bench.add(Figure::new("fairness", "the last against the first", "times", ratios).at_most(2.0).everywhere());
    Ok(())
}

pub(crate) fn crash(bench: &mut Bench) -> anyhow::Result<()> {
    let count = bench.size(5_000, 500);
    let (mut repeated, mut until_last, mut tally) = (Vec::new(), Vec::new(), Tally::default());
    for _ in 0..bench.runs {
        // Every one of them is pending: the sink holds its answers.
        let mut rig = Rig::start(bench, &[])?;
        let url = format!("{}/held", rig.sink.http());
        let accounts = rig.accounts_with_one_webhook(8, &url)?;
        rig.sink.hold()?;
        let job = rig.publications(&accounts, EVENT, 64, count)?;
        let done = rig.load.run(&job)?.all()?;
        rig.service.kill()?;
        let in_flight: HashSet<u32> = rig.sink.report()?.arrivals.iter().map(|arrival| arrival.sequence).collect();
        rig.sink.release()?;
        let restarted_at = monotonic();
        rig.service.restart()?;
        rig.sink.await_callbacks(done.accepted.len(), IDLE)?;
        // None was answered before the kill, so each must come after it.
        let settled = rig.settle(bench, &done, 1)?;
        let again = settled.arrivals.keys().filter(|sequence| in_flight.contains(sequence)).count() as u64 + settled.tally.repeated;
        ensure!(
            again <= in_flight.len() as u64,
            "{again} were sent twice, and only {} were in flight when the server was killed",
            in_flight.len()
        );
        repeated.push(again as f64);
        tally += Tally { repeated: again, ..settled.tally };
        until_last.push((settled.last_at.saturating_sub(restarted_at)) as f64 / 1e9);
    }
    bench.add(Figure::new("crash", format!("{count} pending: sent twice, all in flight"), "", repeated).tally(tally));
    let until_last = Figure::new("crash", format!("{count} pending: restart to last arrival"), "s", until_last);
    bench.add(until_last.at_most(2.0).tally(tally));

    let (mut accepted, mut repeated, mut tally) = (Vec::new(), Vec::new(), Tally::default());
    for _ in 0..bench.runs {
        let mut rig = Rig::start(bench, &[])?;
        let url = format!("{}/ok", rig.sink.http());
        let accounts = rig.accounts_with_one_webhook(8, &url)?;
        // Killed while clients publish: it ends their connections.
        let job = rig.publications(&accounts, EVENT, 64, count * 100)?;
        rig.load.begin(&job)?;
        rig.sink.await_callbacks(count as usize, IDLE)?;
        rig.service.kill()?;
        let done = rig.load.end()?;
        rig.service.restart()?;
        // Some that were not answered come too, so as many as were accepted may be there before those are that were.
        std::thread::sleep(bench.store.takeover());
        let sent = done.accepted.len() + done.refused.values().sum::<u32>() as usize;
        rig.sink.await_callbacks(sent, Duration::from_secs(2))?;
        let settled = rig.settle(bench, &done, 1)?;
        accepted.push(done.accepted.len() as f64);
        repeated.push(settled.tally.repeated as f64);
        tally += settled.tally;
    }
    bench.add(Figure::new("crash", "killed while 64 clients publish: accepted, none lost", "", accepted).tally(tally));
    bench.add(Figure::new("crash", "killed while 64 clients publish: sent twice", "", repeated).tally(tally));
    Ok(())
}
