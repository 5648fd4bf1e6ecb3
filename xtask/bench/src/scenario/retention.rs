//! Removal of what is old, at the rate at which it is published: whether the tables stay as large as they are, and what it costs.
//!
//! A server keeps what has succeeded for an hour at least. So that no run takes hours, everything is made older by more than
//! that some seconds after it was published, with and without removal, so that the cost of this is in both.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;

use super::stored::identifier;
use crate::Bench;
use crate::database::Database;
use crate::figure::{Cpu, Figure, Tally};
use crate::rig::{EVENT, RECORDED, Rig};
use crate::table::number;

/// The shortest time that a server keeps what has succeeded, and what it waits beyond.
const SHORTEST: &str = "1h";
const OLDER: &str = "interval '70 minutes'";

/// The tables that grow with what is published.
const TABLES: [&str; 4] = ["notifications", "deliveries", "attempts", "pending"];

/// How fast, and for how long.
struct Plan {
    per_second: u32,
    /// After so long it is old.
    life: Duration,
    /// So many times as long is published, so often the tables turn over.
    lives: u32,
    /// Between two looks at the sizes.
    look: Duration,
}

struct Outcome {
    /// Megabytes of all tables and indexes, at each look.
    sizes: Vec<f64>,
    rows: f64,
    published_per_second: f64,
    cpu: Cpu,
    tally: Tally,
}

pub(crate) fn retention(bench: &mut Bench) -> anyhow::Result<()> {
    let seconds = |full, quick| Duration::from_secs(bench.size(full, quick).into());
    // Autovacuum comes by once a minute.
    let (per_second, life, look) = (bench.size(1_000, 200), seconds(60, 3), seconds(30, 2));
    let kept = run(bench, &[], &Plan { per_second, life, lives: 3, look })?;
    let lives = bench.size(8, 5);
    let removed = run(bench, &["--keep-succeeded", SHORTEST], &Plan { per_second, life, lives, look })?;

    let work = |what: &str| format!("{what}, {} a second, a turnover each {} s", number(per_second.into()), life.as_secs());
    for (what, outcome) in [("nothing is removed", &kept), ("as much is removed", &removed)] {
        let figure = Figure::new("retention", work(what), "/s", vec![outcome.published_per_second]);
        bench.add(figure.cpu(vec![outcome.cpu]).tally(outcome.tally));
    }
    let cost = 100.0 * removed.cpu.service() / kept.cpu.service();
    bench.add(Figure::new("retention", "cost of a delivery with its removal, against without", "%", vec![cost]));
    let behind = removed.rows / f64::from(per_second);
    bench.add(Figure::new("retention", "deliveries left at the end, in seconds of publishing", "s", vec![behind]));
    let largest = |sizes: &[f64]| sizes.iter().copied().fold(0.0, f64::max);
    let (_, later) = removed.sizes.split_at(removed.sizes.len() / 3);
    let (middle, last) = later.split_at(later.len() / 2);
    bench.add(Figure::new("retention", "largest tables and indexes while they turn over", "MB", vec![largest(&removed.sizes)]));
    // Until autovacuum has come by some times, they only grow.
    if !bench.quick {
        let flat = vec![100.0 * largest(last) / largest(middle)];
        let flat = Figure::new("retention", "their size in the last third, against the middle one", "%", flat);
        bench.add(flat.at_most(110.0).everywhere());
    }
    Ok(())
}

fn run(bench: &mut Bench, options: &[&str], plan: &Plan) -> anyhow::Result<Outcome> {
    let mut rig = Rig::start(bench, options)?;
    let database = rig.service.database.clone().context("it needs PostgreSQL")?;
    let url = format!("{}/ok", rig.sink.http());
    let accounts = rig.accounts_with_one_webhook(8, &url)?;
    let all = plan.life * plan.lives;
    let mut job = rig.publications(&accounts, EVENT, 16, plan.per_second * all.as_secs() as u32)?;
    job.per_second = Some(plan.per_second.into());
    let (begun, mut aged, mut looked) = (Instant::now(), 0, 0);
    rig.load.begin(&job)?;
    let (mut sizes, mut computed) = (Vec::new(), None);
    while begun.elapsed() < all {
        std::thread::sleep(Duration::from_secs(1));
        aged = make_older(&database, aged, plan.life)?;
        if begun.elapsed() >= plan.look * (looked + 1) {
            looked += 1;
            sizes.push(look(&database, begun.elapsed())?);
        }
        // What is computed counts once there is something to remove.
        if computed.is_none() && begun.elapsed() >= plan.life {
            computed = Some((rig.computed()?, begun.elapsed()));
        }
    }
    let done = rig.load.end()?.all()?;
    std::thread::sleep(RECORDED);
    let (before, from) = computed.context("it was over too soon")?;
    let share = 1.0 - from.as_secs_f64() / all.as_secs_f64();
    let cpu = rig.cpu_since(before, done.cpu_seconds * share)?.per_thousand(done.accepted.len() as f64 * share);
    let rows = database.execute("SELECT count(*) FROM deliveries")?.parse()?;
    let settled = rig.settle(bench, &done, 1)?;
    Ok(Outcome { sizes, rows, published_per_second: done.per_second(), cpu, tally: settled.tally })
}

/// Of all that was published longer ago than that, and after a time in milliseconds. Where it came to.
fn make_older(database: &Database, after: i64, life: Duration) -> anyhow::Result<i64> {
    let until = SystemTime::now().duration_since(UNIX_EPOCH)?.saturating_sub(life).as_millis() as i64;
    let (from, to) = (identifier(after, 0, 0), identifier(until, 0, 0));
    database.execute(&format!(
        "SET enable_seqscan = off;
         UPDATE deliveries SET created_at = created_at - {OLDER}, ended_at = ended_at - {OLDER} WHERE id >= '{from}' AND id < '{to}'"
    ))?;
    Ok(until)
}

/// Shows what each table and its indexes take, and answers what all do, in megabytes.
fn look(database: &Database, after: Duration) -> anyhow::Result<f64> {
    let (mut shown, mut all) = (Vec::new(), 0.0);
    for table in TABLES {
        let sizes = database.execute(&format!("SELECT pg_table_size('{table}'), pg_indexes_size('{table}')"))?;
        let (rows, indexes) = sizes.split_once('|').context("not two sizes")?;
        let (rows, indexes) = (rows.parse::<f64>()? / 1e6, indexes.parse::<f64>()? / 1e6);
        all += rows + indexes;
        shown.push(format!("{table} {} + {}", number(rows), number(indexes)));
    }
    println!("  after {:3} s, MB of rows and of indexes: {}", after.as_secs(), shown.join(", "));
    Ok(all)
}
