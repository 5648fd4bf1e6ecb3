//! Scenarios with faults: hanging receivers, an account that publishes much, and killed servers.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::ensure;

use super::latency::last_arrivals;
use crate::Bench;
use crate::figure::{Figure, Tally, percentile};
use crate::load::Load;
use crate::process::monotonic;
use crate::rig::{EVENT, IDLE, Rig, event_type_member};
use crate::sink::Sink;
use crate::table::number;

/// Publications per second to the healthy webhook.
const HEALTHY_RATE: f64 = 50.0;

/// If no late callback arrives for this time, the wait ends. This time is four times the default attempt timeout.
const LATE_ARRIVAL_TIMEOUT: Duration = Duration::from_secs(60);

/// The hanging webhooks of a measurement.
struct Hanging {
    /// Number of accounts with hanging webhooks. If it is 0, the hanging webhooks belong to the account of the healthy
    /// webhook.
    accounts: u32,
    /// Number of hanging webhooks of each account.
    webhooks: u32,
    /// Number of notifications of each account with hanging webhooks. Each notification is for all hanging webhooks of
    /// the account.
    notifications: u32,
    /// Whether half of the hanging webhooks have host names that a hanging name server never resolves.
    half_without_address: bool,
}

pub(crate) fn isolation(bench: &mut Bench) -> anyhow::Result<()> {
    let one = Hanging { accounts: 0, webhooks: 1, notifications: bench.size(2_000, 200), half_without_address: false };
    let many_waiting = Hanging { notifications: bench.size(100_000, 1_000), ..one };
    let many_webhooks = Hanging { accounts: 20, webhooks: bench.size(50, 4), notifications: 100, half_without_address: true };
    [one, many_waiting, many_webhooks].iter().try_for_each(|hanging| beside(bench, hanging))
}

fn beside(bench: &mut Bench, hanging: &Hanging) -> anyhow::Result<()> {
    const HANGING_EVENT: &str = "bench.hanging";
    let (mut medians, mut p99s, mut rates, mut tally) = (Vec::new(), Vec::new(), Vec::new(), Tally::default());
    for _ in 0..bench.runs {
        let sink = Sink::start(&bench.directory.join("authority.pem"))?;
        let name_server = sink.name_server();
        let mut options = if bench.quick { vec!["--attempt-timeout-seconds", "2"] } else { Vec::new() };
        if hanging.half_without_address {
            options.extend(["--name-server", &name_server]);
        }
        let mut rig = Rig::with_sink(sink, bench, &options)?;
        let (ok, hang) = (format!("{}/ok", rig.sink.http()), format!("{}/hang", rig.sink.http()));
        rig.register("healthy", &ok, &event_type_member(EVENT), 1)?;
        // All webhooks have the same host. The server limits a host that has accepted no callback. A webhook that accepts
        // callbacks does not wait for its host.
        let warm_up = rig.publications(&["healthy"], EVENT, 16, bench.size(50, 5))?;
        rig.throughput(bench, &warm_up, 1)?;
        let accounts: Vec<String> = match hanging.accounts {
            0 => vec!["healthy".to_owned()],
            count => (1..=count).map(|number| format!("hanging-{number}")).collect(),
        };
        let without_address = if hanging.half_without_address { hanging.webhooks / 2 } else { 0 };
        for account in &accounts {
            rig.register(account, &hang, &event_type_member(HANGING_EVENT), hanging.webhooks - without_address)?;
            for webhook in 1..=without_address {
                // Each webhook has its own host name, in a reserved domain (RFC 6761, section 6.2).
                rig.register(account, &format!("http://{webhook}.{account}.bench.test/hang"), &event_type_member(HANGING_EVENT), 1)?;
            }
        }
        let job = rig.publications(&accounts, HANGING_EVENT, 64, hanging.notifications * accounts.len() as u32)?;
        rig.load.run(&job)?.all_accepted()?;

        let seconds = bench.size(30, 3);
        let mut job = rig.publications(&["healthy"], EVENT, 16, HEALTHY_RATE as u32 * seconds)?;
        job.per_second = Some(HEALTHY_RATE);
        let done = rig.load.run(&job)?.all_accepted()?;
        // A late delivery is not lost. Wait until the hanging attempts have timed out, so that late deliveries get
        // their slots.
        rig.sink.await_callbacks(done.accepted.len(), LATE_ARRIVAL_TIMEOUT)?;
        let result = rig.collect_result(bench, &done, 1)?;
        ensure!(result.dns_queries > 0 || !hanging.half_without_address, "the hanging name server got no query");
        // Count the callbacks that arrived at most one second after the end of publishing.
        let in_time = result.arrivals.values().flatten().filter(|arrival| arrival.at <= done.ended_at + 1_000_000_000).count();
        let delays = last_arrivals(&done, &result);
        rates.push(in_time as f64 / f64::from(seconds));
        medians.push(percentile(&delays, 50.0));
        p99s.push(percentile(&delays, 99.0));
        tally += result.tally;
    }
    let work = |what: &str| format!("{what}, beside {}", hanging.describe());
    bench.add(Figure::new("isolation", work("arrivals"), "/s", rates).at_least(HEALTHY_RATE).for_all_stores().tally(tally));
    bench.add(Figure::new("isolation", work("p50"), "ms", medians).tally(tally));
    bench.add(Figure::new("isolation", work("p99"), "ms", p99s).at_most(20.0).for_all_stores().tally(tally));
    Ok(())
}

impl Hanging {
    fn describe(&self) -> String {
        let hanging = self.webhooks * self.accounts.max(1);
        let waiting = self.notifications * hanging;
        let owner = if self.accounts == 0 { "of the same account".to_owned() } else { format!("of {} other accounts", self.accounts) };
        let dns = if self.half_without_address { ", half in DNS" } else { "" };
        format!("{hanging} hanging {owner}{dns}, {waiting} waiting")
    }
}

pub(crate) fn fairness(bench: &mut Bench) -> anyhow::Result<()> {
    const RATE: f64 = 300.0;
    // The rates of the other account: zero, `RATE`, and ten times `RATE`.
    const OTHER_RATES: [f64; 3] = [0.0, RATE, 10.0 * RATE];
    let seconds = bench.size(10, 2);
    let mut rig = Rig::start(bench, &[])?;
    let url = format!("{}/ok", rig.sink.http());
    let accounts = rig.accounts_with_one_webhook(2, &url)?;
    let mut other = Load::start()?;
    let runs = super::runs(bench, |bench| {
        let mut tally = Tally::default();
        let mut response_times = OTHER_RATES;
        for (rate, response_time) in OTHER_RATES.into_iter().zip(&mut response_times) {
            // The other account publishes for one second longer than the measured account.
            let mut other_job = rig.publications(&accounts[..1], EVENT, 64, rate as u32 * (seconds + 1))?;
            other_job.per_second = Some(rate);
            other.begin(&other_job)?;
            let mut job = rig.publications(&accounts[1..], EVENT, 16, RATE as u32 * seconds)?;
            job.per_second = Some(RATE);
            let mut done = rig.load.run(&job)?.all_accepted()?;
            *response_time = percentile(&done.response_times(), 99.0);
            done.accepted.extend(other.end()?.all_accepted()?.accepted);
            tally += rig.collect_result(bench, &done, 1)?.tally;
        }
        Ok((response_times, tally))
    })?;
    let tally: Tally = runs.iter().map(|(_, tally)| *tally).sum();
    for (index, rate) in OTHER_RATES.into_iter().enumerate() {
        let work = match rate {
            0.0 => format!("p99 of publishing {RATE} per second, alone"),
            rate => format!("p99 while another account publishes {} per second", number(rate)),
        };
        let values = runs.iter().map(|(response_times, _)| response_times[index]).collect();
        bench.add(Figure::new("fairness", work, "ms", values).tally(tally));
    }
    let ratios = runs.iter().map(|(response_times, _)| response_times[2] / response_times[0]).collect();
    bench.add(Figure::new("fairness", "p99 beside ten times as much, compared with alone", "times", ratios).at_most(2.0).for_all_stores());
    Ok(())
}

pub(crate) fn crash(bench: &mut Bench) -> anyhow::Result<()> {
    let count = bench.size(5_000, 500);
    let (mut repeated, mut until_last, mut tally) = (Vec::new(), Vec::new(), Tally::default());
    for _ in 0..bench.runs {
        // All deliveries stay pending, because the sink delays its responses.
        let mut rig = Rig::start(bench, &[])?;
        let url = format!("{}/held", rig.sink.http());
        let accounts = rig.accounts_with_one_webhook(8, &url)?;
        rig.sink.hold()?;
        let job = rig.publications(&accounts, EVENT, 64, count)?;
        let done = rig.load.run(&job)?.all_accepted()?;
        rig.service.kill()?;
        let in_flight: HashSet<u32> = rig.sink.report()?.arrivals.iter().map(|arrival| arrival.sequence).collect();
        rig.sink.release()?;
        let restarted_at = monotonic();
        rig.service.restart()?;
        rig.sink.await_callbacks(done.accepted.len(), IDLE)?;
        // The sink responded to no callback before the kill, so each delivery must arrive after the kill.
        let result = rig.collect_result(bench, &done, 1)?;
        let again = result.arrivals.keys().filter(|sequence| in_flight.contains(sequence)).count() as u64 + result.tally.repeated;
        ensure!(
            again <= in_flight.len() as u64,
            "{again} callbacks were sent twice, but only {} were in flight when the server was killed",
            in_flight.len()
        );
        repeated.push(again as f64);
        tally += Tally { repeated: again, ..result.tally };
        until_last.push((result.last_at.saturating_sub(restarted_at)) as f64 / 1e9);
    }
    bench.add(Figure::new("crash", format!("{count} pending: sent twice, all were in flight"), "", repeated).tally(tally));
    let until_last = Figure::new("crash", format!("{count} pending: restart to last arrival"), "s", until_last);
    bench.add(until_last.at_most(2.0).tally(tally));

    let (mut accepted, mut repeated, mut tally) = (Vec::new(), Vec::new(), Tally::default());
    for _ in 0..bench.runs {
        let mut rig = Rig::start(bench, &[])?;
        let url = format!("{}/ok", rig.sink.http());
        let accounts = rig.accounts_with_one_webhook(8, &url)?;
        // The server is killed while clients publish. The kill ends the connections of the clients.
        let job = rig.publications(&accounts, EVENT, 64, count * 100)?;
        rig.load.begin(&job)?;
        rig.sink.await_callbacks(count as usize, IDLE)?;
        rig.service.kill()?;
        let done = rig.load.end()?;
        rig.service.restart()?;
        // Publications without a response may arrive, too. So the wait uses the number of all publications that were
        // sent.
        std::thread::sleep(bench.store.takeover());
        let sent = done.accepted.len() + done.refused.values().sum::<u32>() as usize;
        rig.sink.await_callbacks(sent, Duration::from_secs(2))?;
        let result = rig.collect_result(bench, &done, 1)?;
        accepted.push(done.accepted.len() as f64);
        repeated.push(result.tally.repeated as f64);
        tally += result.tally;
    }
    bench.add(Figure::new("crash", "killed while 64 clients publish: accepted, none lost", "", accepted).tally(tally));
    bench.add(Figure::new("crash", "killed while 64 clients publish: sent twice", "", repeated).tally(tally));
    Ok(())
}
