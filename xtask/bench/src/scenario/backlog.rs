//! What waits, and what is done and stays.

use std::time::Duration;

use anyhow::Context as _;
use rusqlite::Connection;
use uuid::Uuid;

use super::throughput::{server_cpu, throughputs};
use crate::Bench;
use crate::figure::{Figure, median};
use crate::rig::{EVENT, IDLE, Rig, publication};

/// Webhooks that share a backlog, all of one account.
const WEBHOOKS: u32 = 100;

/// Receivers that hang are waited for, so that nothing becomes a retry while a backlog is made.
const PATIENT: [&str; 2] = ["--attempt-timeout-seconds", "300"];

/// The sink holds its answers, and almost everything that is published stays in the store, because attempts in flight are
/// bounded. Then it answers.
pub(crate) fn drain(bench: &mut Bench) -> anyhow::Result<()> {
    let count = bench.size(20_000, 2_000);
    for (webhooks, goal) in [(8, Some(15_000.0)), (1, None)] {
        let mut rig = Rig::start(bench, &PATIENT)?;
        let url = format!("{}/held", rig.sink.http());
        let accounts = rig.accounts_with_one_webhook(webhooks, &url)?;
        let (mut rates, mut cpu) = (Vec::new(), Vec::new());
        for run in 0..=bench.runs {
            rig.sink.hold()?;
            let job = rig.publications(&accounts, EVENT, 64, if run == 0 { count / 4 } else { count })?;
            let done = rig.load.run(&job)?.all()?;
            let before = rig.server.cpu()?;
            let released_at = rig.sink.release()?;
            rig.sink.await_callbacks(done.accepted.len(), IDLE)?;
            std::thread::sleep(Duration::from_millis(100));
            let computed = rig.server.cpu()? - before;
            let settled = rig.settle(&done, 1)?.none_lost(bench)?;
            // Those in flight had come before.
            let drained = settled.arrivals.values().flatten().filter(|at| **at > released_at).count() as f64;
            if run > 0 {
                rates.push(drained / ((settled.last_at - released_at) as f64 / 1e9));
                cpu.push(computed.as_secs_f64() / drained * 1000.0);
            }
        }
        let figure = Figure::new("drain", format!("{count} that wait for {webhooks} webhooks"), "/s", rates).cpu(cpu);
        bench.add(Figure { goal: goal.map(crate::figure::Goal::AtLeast), ..figure });
    }
    Ok(())
}

pub(crate) fn start(bench: &mut Bench) -> anyhow::Result<()> {
    let mut rig = Rig::start(bench, &PATIENT)?;
    let empty = super::runs(bench, || Ok(rig.server.restart()?.as_secs_f64() * 1000.0))?;
    bench.add(Figure::new("start", "nothing stored", "ms", empty).at_most(30.0));

    let count = bench.size(1_000_000, 20_000);
    let account = held_account(&mut rig)?;
    publish_backlog(&mut rig, &account, count)?;
    let times = super::runs(bench, || Ok(rig.server.restart()?.as_secs_f64() * 1000.0))?;
    bench.add(Figure::new("start", format!("{count} deliveries waiting"), "ms", times).at_most(100.0));
    Ok(())
}

pub(crate) fn memory(bench: &mut Bench) -> anyhow::Result<()> {
    let mut rig = Rig::start(bench, &PATIENT)?;
    let account = held_account(&mut rig)?;
    let small = bench.size(100_000, 5_000);
    let mut resident = Vec::new();
    for (more, waiting) in [(small, small), (small * 9, small * 10)] {
        publish_backlog(&mut rig, &account, more)?;
        // What publishing took goes back to the system, if it does.
        std::thread::sleep(Duration::from_secs(1));
        let megabytes = rig.server.memory()?.now as f64 / 1e6;
        resident.push(megabytes);
        bench.add(Figure::new("memory", format!("{waiting} deliveries waiting"), "MB", vec![megabytes]).at_most(48.0));
    }
    bench.add(Figure::new("memory", "the larger backlog against the smaller", "times", vec![resident[1] / resident[0]]).at_most(1.1));
    Ok(())
}

fn held_account(rig: &mut Rig) -> anyhow::Result<String> {
    let account = "backlog".to_owned();
    let url = format!("{}/held", rig.sink.http());
    rig.register(&account, &url, None, WEBHOOKS)?;
    Ok(account)
}

fn publish_backlog(rig: &mut Rig, account: &str, deliveries: u32) -> anyhow::Result<()> {
    rig.sink.hold()?;
    let job = rig.publications(&[account], EVENT, 64, deliveries / WEBHOOKS)?;
    rig.load.run(&job)?.all().map(drop)
}

/// The same work before and after the store is filled with what is done. The rows are written into the file, because to
/// publish and deliver them would take hours.
pub(crate) fn stored(bench: &mut Bench) -> anyhow::Result<()> {
    let mut rig = Rig::start(bench, &[])?;
    let url = format!("{}/ok", rig.sink.http());
    let accounts = rig.accounts_with_one_webhook(8, &url)?;
    let count = bench.size(20_000, 1_000);
    let finished = bench.size(10_000_000, 100_000);
    let mut costs = Vec::new();
    for stored in [0, finished] {
        if stored > 0 {
            rig.server.kill()?;
            fill(&mut Connection::open(rig.server.database())?, stored).context("cannot fill the database")?;
            rig.server.restart()?;
        }
        let runs = throughputs(bench, &mut rig, &accounts, 64, count, 1)?;
        let rates = runs.iter().map(|run| run.delivered_per_second).collect();
        let figure = Figure::new("stored", format!("end to end, {stored} finished deliveries stored"), "/s", rates);
        bench.add(figure.cpu(server_cpu(&runs)).floor(bench.floors.notification()));
        costs.push(median(&server_cpu(&runs)));
    }
    bench.add(Figure::new("stored", "the server's cost against that of an empty store", "times", vec![costs[1] / costs[0]]).at_most(1.1));
    Ok(())
}

/// So many rows make one transaction.
const STEP: u32 = 100_000;

/// Deliveries that succeeded, each with its notification and attempt, of the webhooks that are there.
fn fill(database: &mut Connection, count: u32) -> anyhow::Result<()> {
    let webhooks: Vec<([u8; 16], String)> = database
        .prepare("SELECT id, account FROM webhooks")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let (before, after) = publication("stored", EVENT);
    let data = format!("{before}1{after}");
    // As if they had come in over the last hours, a thousand a second.
    let first = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_millis() as i64 - i64::from(count) - 60_000;
    for begin in (0..count).step_by(STEP as usize) {
        let transaction = database.transaction()?;
        {
            let mut notification = transaction.prepare(
                "INSERT INTO notifications (id, account, type, data, created_at, delivery_count) VALUES (?1, ?2, ?3, ?4, ?5, 1)",
            )?;
            let mut delivery = transaction.prepare(
                "INSERT INTO deliveries (id, notification_id, webhook_id, account, epoch, status, lane, attempt_count, due_at, created_at)
                 VALUES (?1, ?2, ?3, ?4, 1, 1, 0, 1, ?5, ?5)",
            )?;
            let mut attempt = transaction.prepare(
                "INSERT INTO attempts (delivery_id, number, started_at, duration_ms, outcome, status_code, response_body, truncated)
                 VALUES (?1, 1, ?2, 2, 'accepted', 204, '', 0)",
            )?;
            for number in begin..count.min(begin + STEP) {
                let time = first + i64::from(number);
                let (webhook, account) = &webhooks[number as usize % webhooks.len()];
                let (notification_id, delivery_id) = (identifier(time, number, 0), identifier(time, number, 1));
                notification.execute((notification_id.as_bytes(), account, EVENT, &data, time))?;
                delivery.execute((delivery_id.as_bytes(), notification_id.as_bytes(), webhook, account, time))?;
                attempt.execute((delivery_id.as_bytes(), time))?;
            }
        }
        transaction.commit()?;
    }
    Ok(())
}

/// A UUIDv7 of that time, the same for the same number.
fn identifier(milliseconds: i64, number: u32, kind: u8) -> Uuid {
    let mut rest = [kind; 10];
    rest[..4].copy_from_slice(&number.to_be_bytes());
    uuid::Builder::from_unix_timestamp_millis(milliseconds as u64, &rest).into_uuid()
}
