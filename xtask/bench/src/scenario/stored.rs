//! The scenario with many finished deliveries in the store.
//!
//! The rows are inserted directly, because publishing and delivering them would take hours.

use anyhow::Context as _;
use rusqlite::Connection;
use uuid::Uuid;

use super::throughput::{figure, throughputs};
use crate::database::Database;
use crate::figure::{Figure, median};
use crate::rig::{EVENT, Rig, publication};
use crate::store::Engine;
use crate::{Bench, machine};

/// Bytes on disk that a delivery, its notification and its attempt need together.
fn stored_bytes(engine: Engine) -> u64 {
    match engine {
        Engine::Sqlite => 1_000,
        Engine::Postgres => 1_450,
    }
}

/// Bytes on disk that the new deliveries of the measurement and the write-ahead log need together.
fn extra_bytes(engine: Engine) -> u64 {
    match engine {
        Engine::Sqlite => 1_000_000_000,
        Engine::Postgres => 2_000_000_000,
    }
}

/// Measures the same work several times. Each time, the store has more finished deliveries.
pub(crate) fn stored(bench: &mut Bench) -> anyhow::Result<()> {
    let engine = bench.store.engine();
    let maximum = bench.size(10_000_000, 100_000);
    let levels = match engine {
        Engine::Sqlite => vec![0, maximum],
        Engine::Postgres => vec![maximum / 1000, maximum / 100, maximum / 10, maximum],
    };
    machine::ensure_room(&bench.directory, extra_bytes(engine) + u64::from(maximum) * stored_bytes(engine))?;
    let mut rig = Rig::start(bench, &[])?;
    let url = format!("{}/ok", rig.sink.http());
    let accounts = rig.accounts_with_one_webhook(8, &url)?;
    let count = bench.size(20_000, 1_000);
    let first = first_time(maximum)?;
    let (mut costs, mut filled) = (Vec::new(), 0);
    for level in &levels {
        fill(&mut rig, first, filled, *level).context("cannot fill the database")?;
        filled = filled.max(*level);
        let runs = throughputs(bench, &mut rig, &accounts, 64, count, 1)?;
        let work = format!("end to end, {level} finished deliveries stored");
        let figure = figure("stored", work, &runs, |run| run.delivered_per_second);
        bench.add(figure.floor(bench.floors.notification(64)));
        costs.push(runs.iter().map(|run| run.cpu.service()).collect::<Vec<f64>>());
    }
    let smallest = median(&costs[0]);
    for (level, costs) in levels.iter().zip(&costs).skip(1) {
        let ratios = costs.iter().map(|cost| 100.0 * cost / smallest).collect();
        let work = format!("cost of a delivery with {level} stored, compared with {}", levels[0]);
        bench.add(Figure::new("stored", work, "%", ratios).at_most(110.0).for_all_stores());
    }
    Ok(())
}

/// Returns the time of the first of `count` notifications. The times are chosen as if 1,000 notifications per second
/// were published until one minute ago.
fn first_time(count: u32) -> anyhow::Result<i64> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    Ok(now.as_millis() as i64 - i64::from(count) - 60_000)
}

/// Inserts succeeded deliveries of the existing webhooks. The deliveries have the numbers `from` to `to - 1`. Each
/// delivery has its own notification and attempt.
fn fill(rig: &mut Rig, first: i64, from: u32, to: u32) -> anyhow::Result<()> {
    if from >= to {
        return Ok(());
    }
    if let Some(database) = rig.service.database.clone() {
        return fill_postgres(&database, first, from, to);
    }
    // Kill the server first, because a running server locks the database file.
    rig.service.kill()?;
    fill_sqlite(&mut Connection::open(rig.service.embedded_database())?, first, from, to)?;
    rig.service.restart().map(drop)
}

/// Number of deliveries in one transaction.
const STEP: u32 = 100_000;

fn fill_sqlite(database: &mut Connection, first: i64, from: u32, to: u32) -> anyhow::Result<()> {
    let webhooks: Vec<([u8; 16], String)> = database
        .prepare("SELECT id, account FROM webhooks")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let (before, after) = publication("stored", EVENT);
    let data = format!("{before}1{after}");
    for begin in (from..to).step_by(STEP as usize) {
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
            for number in begin..to.min(begin + STEP) {
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

/// Returns a UUIDv7 for this time, number and kind. Equal values give the same UUID.
pub(super) fn identifier(milliseconds: i64, number: u32, kind: u8) -> Uuid {
    let mut rest = [kind; 10];
    rest[..4].copy_from_slice(&number.to_be_bytes());
    uuid::Builder::from_unix_timestamp_millis(milliseconds as u64, &rest).into_uuid()
}

fn fill_postgres(database: &Database, first: i64, from: u32, to: u32) -> anyhow::Result<()> {
    let (before, after) = publication("stored", EVENT);
    let data = format!("{before}1{after}").replace('\'', "''");
    for begin in (from..to).step_by(STEP as usize) {
        let end = to.min(begin + STEP);
        // The digits of a UUIDv7 are the time, version 7, the kind, variant 8, and the number.
        let id = |kind: u32| format!("(lpad(to_hex({first} + n), 12, '0') || '700{kind}8000' || lpad(to_hex(n), 12, '0'))::uuid");
        let (notification_id, delivery_id) = (id(0), id(1));
        let row = format!(
            "to_timestamp(({first} + n) / 1000.0) AS at, w.ids[1 + n % w.count] AS webhook_id, w.accounts[1 + n % w.count] AS account
             FROM generate_series({begin}::bigint, {end} - 1) AS n,
                 (SELECT array_agg(id ORDER BY id) AS ids, array_agg(account ORDER BY id) AS accounts, count(*) AS count FROM webhooks) w"
        );
        database.execute(&format!(
            "INSERT INTO notifications (id, account, type, created_at, delivery_count, data)
                 SELECT id, account, '{EVENT}', at, 1, '{data}' FROM (SELECT {notification_id} AS id, {row}) new;
             INSERT INTO deliveries (id, notification_id, webhook_id, account, created_at, ended_at, epoch, attempt_count, status)
                 SELECT id, notification_id, webhook_id, account, at, at, 1, 1, 1
                 FROM (SELECT {delivery_id} AS id, {notification_id} AS notification_id, {row}) new;
             INSERT INTO attempts (delivery_id, number, started_at, duration_ms, outcome, status_code, response_body, truncated)
                 SELECT id, 1, at, 2, 'accepted', 204, '', false FROM (SELECT {delivery_id} AS id, {row}) new"
        ))?;
    }
    // If these notifications had been published, autovacuum and the checkpointer would have run meanwhile.
    database.execute("VACUUM (ANALYZE); CHECKPOINT").map(drop)
}
