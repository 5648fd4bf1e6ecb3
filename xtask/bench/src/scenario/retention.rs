//! The scenario in which the service removes old deliveries as fast as new deliveries are published. It measures the
//! cost of the removal, and checks that the tables stop growing.
//!
//! A server keeps succeeded deliveries for an hour or longer. To shorten the run, the scenario moves the stored times
//! of deliveries into the past. It does this some seconds after publishing. The scenario measures the cost once with
//! and once without removal. Both measurements include the cost of changing the times.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;

use super::stored::identifier;
use crate::Bench;
use crate::database::Database;
use crate::figure::{Cpu, Figure, Tally};
use crate::rig::{EVENT, RECORDED, Rig};
use crate::table::number;

/// The smallest value of `--keep-succeeded`. The scenario subtracts this time from the stored times of deliveries.
const MIN_RETENTION: &str = "1h";
const AGE_STEP: &str = "interval '70 minutes'";

/// The tables that grow with each notification.
const TABLES: [&str; 4] = ["notifications", "deliveries", "attempts", "pending"];

/// The parameters of a measurement.
struct Plan {
    per_second: u32,
    /// Time from publishing a delivery until its stored times are made older.
    life: Duration,
    /// Duration of publishing, as a multiple of `life`.
    turnovers: u32,
    /// Time between two measurements of the table sizes.
    interval: Duration,
}

struct Outcome {
    /// Megabytes of all tables and indexes, one value for each measurement.
    sizes: Vec<f64>,
    rows: f64,
    published_per_second: f64,
    cpu: Cpu,
    tally: Tally,
}

pub(crate) fn retention(bench: &mut Bench) -> anyhow::Result<()> {
    let seconds = |full, quick| Duration::from_secs(bench.size(full, quick).into());
    // `life` is one minute, which is also the interval of autovacuum.
    let (per_second, life, interval) = (bench.size(1_000, 200), seconds(60, 3), seconds(30, 2));
    let kept = run(bench, &[], &Plan { per_second, life, turnovers: 3, interval })?;
    let turnovers = bench.size(8, 5);
    let removed = run(bench, &["--keep-succeeded", MIN_RETENTION], &Plan { per_second, life, turnovers, interval })?;

    let work = |what: &str| format!("{what}, {} per second, made old after {} s", number(per_second.into()), life.as_secs());
    for (what, outcome) in [("without removal", &kept), ("with removal", &removed)] {
        let figure = Figure::new("retention", work(what), "/s", vec![outcome.published_per_second]);
        bench.add(figure.cpu(vec![outcome.cpu]).tally(outcome.tally));
    }
    let cost = 100.0 * removed.cpu.service() / kept.cpu.service();
    bench.add(Figure::new("retention", "cost of a delivery with removal, compared with none", "%", vec![cost]));
    let backlog = removed.rows / f64::from(per_second);
    bench.add(Figure::new("retention", "deliveries stored at the end, in seconds of publishing", "s", vec![backlog]));
    let largest = |sizes: &[f64]| sizes.iter().copied().fold(0.0, f64::max);
    let (_, later) = removed.sizes.split_at(removed.sizes.len() / 3);
    let (middle, last) = later.split_at(later.len() / 2);
    bench.add(Figure::new("retention", "largest size of tables and indexes with removal", "MB", vec![largest(&removed.sizes)]));
    // The tables grow until autovacuum has run a few times. A quick run is too short, so the growth is not checked.
    if !bench.quick {
        let growth = vec![100.0 * largest(last) / largest(middle)];
        let growth = Figure::new("retention", "size of tables and indexes in the last third, compared with the middle third", "%", growth);
        bench.add(growth.at_most(110.0).for_all_stores());
    }
    Ok(())
}

fn run(bench: &mut Bench, options: &[&str], plan: &Plan) -> anyhow::Result<Outcome> {
    let mut rig = Rig::start(bench, options)?;
    let database = rig.service.database.clone().context("the scenario needs PostgreSQL")?;
    let url = format!("{}/ok", rig.sink.http());
    let accounts = rig.accounts_with_one_webhook(8, &url)?;
    let all = plan.life * plan.turnovers;
    let mut job = rig.publications(&accounts, EVENT, 16, plan.per_second * all.as_secs() as u32)?;
    job.per_second = Some(plan.per_second.into());
    let (started, mut aged, mut measurements) = (Instant::now(), 0, 0);
    rig.load.begin(&job)?;
    let (mut sizes, mut cpu_times) = (Vec::new(), None);
    while started.elapsed() < all {
        std::thread::sleep(Duration::from_secs(1));
        aged = make_older(&database, aged, plan.life)?;
        if started.elapsed() >= plan.interval * (measurements + 1) {
            measurements += 1;
            sizes.push(measure_sizes(&database, started.elapsed())?);
        }
        // Measure CPU time from the moment when the first deliveries can be removed.
        if cpu_times.is_none() && started.elapsed() >= plan.life {
            cpu_times = Some((rig.cpu_times()?, started.elapsed()));
        }
    }
    let done = rig.load.end()?.all_accepted()?;
    std::thread::sleep(RECORDED);
    let (before, from) = cpu_times.context("the run was too short")?;
    let share = 1.0 - from.as_secs_f64() / all.as_secs_f64();
    let cpu = rig.cpu_since(before, done.cpu_seconds * share)?.per_thousand(done.accepted.len() as f64 * share);
    let rows = database.execute("SELECT count(*) FROM deliveries")?.parse()?;
    let result = rig.collect_result(bench, &done, 1)?;
    Ok(Outcome { sizes, rows, published_per_second: done.per_second(), cpu, tally: result.tally })
}

/// Makes the stored times of deliveries older, if they were published after `after` (Unix time in milliseconds) and
/// more than `life` ago. Returns the value of `after` for the next call.
fn make_older(database: &Database, after: i64, life: Duration) -> anyhow::Result<i64> {
    let until = SystemTime::now().duration_since(UNIX_EPOCH)?.saturating_sub(life).as_millis() as i64;
    let (from, to) = (identifier(after, 0, 0), identifier(until, 0, 0));
    database.execute(&format!(
        "SET enable_seqscan = off;
         UPDATE deliveries SET created_at = created_at - {AGE_STEP}, ended_at = ended_at - {AGE_STEP} WHERE id >= '{from}' AND id < '{to}'"
    ))?;
    Ok(until)
}

/// Prints the size of each table and of its indexes. Returns the sum of all these sizes in megabytes.
fn measure_sizes(database: &Database, after: Duration) -> anyhow::Result<f64> {
    let (mut shown, mut all) = (Vec::new(), 0.0);
    for table in TABLES {
        let sizes = database.execute(&format!("SELECT pg_table_size('{table}'), pg_indexes_size('{table}')"))?;
        let (rows, indexes) = sizes.split_once('|').context("expected two sizes")?;
        let (rows, indexes) = (rows.parse::<f64>()? / 1e6, indexes.parse::<f64>()? / 1e6);
        all += rows + indexes;
        shown.push(format!("{table} {} + {}", number(rows), number(indexes)));
    }
    println!("  after {:3} s, MB of rows + indexes: {}", after.as_secs(), shown.join(", "));
    Ok(all)
}
