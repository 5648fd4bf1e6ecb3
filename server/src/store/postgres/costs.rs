//! These tests measure the cost of the store's operations: read pages, examined rows, and the plans of the statements.
//! Unlike times, these values are the same on every machine.
//!
//! A test database grows from ten thousand to a hundred thousand deliveries. One test updates the statistics at each
//! size, and another test does not. At each size, every operation runs. No plan may scan a growing table or index
//! completely. The numbers of examined rows and read pages must not grow. Only one exception is allowed: an index
//! search may read one more page when the index has one more level.
//!
//! The module `statistics` checks that every statement has the same plan with any statistics.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::*;
use crate::api::types::DeliveryStatus;
use crate::slots::{Caps, Slots, WorkItem};
use crate::store::backlog_counts::ScanPosition;
use crate::store::suite::{event, webhook_of};

mod backlog;
mod hot;
mod operations;
mod plans;
mod statistics;
mod world;

use operations::Round;
use plans::Plan;
use world::{BUSY, CONSTANT, DEACTIVATED, GROWING, Parameters, PlanMode, World};

/// For each size of the database: the number of added deliveries, and the age of the first added delivery in days.
const GROWTH: [(usize, i64); 2] = [(10_000, 10), (90_000, 9)];

/// The states of the added deliveries. `fill` uses the states one after another, repeatedly.
const STATES: &str = "succeeded succeeded succeeded succeeded succeeded succeeded succeeded succeeded succeeded succeeded succeeded \
                       succeeded failed failed cancelled fresh fresh retry retry retry";

/// The measured work that the database did for an operation.
struct Usage {
    /// The number of accesses to pages of tables and indexes, in memory or on disk.
    pages: i64,
    plans: Vec<Plan>,
}

/// The cost of an operation, one value per run.
struct Cost {
    name: &'static str,
    pages: Vec<i64>,
    rows: Vec<f64>,
    /// The plans of the last run.
    plans: Vec<Plan>,
}

impl Cost {
    /// Returns the lowest number of pages of all runs, because the first run fills caches and some runs split an index
    /// page.
    fn min_pages(&self) -> i64 {
        self.pages.iter().copied().min().unwrap_or_default()
    }

    fn min_rows(&self) -> f64 {
        self.rows.iter().copied().fold(f64::INFINITY, f64::min)
    }
}

/// A store and the measured cost of its operations.
struct Measured<'a> {
    world: &'a World,
    store: Postgres,
    mode: PlanMode,
    /// A webhook whose account has ten webhooks.
    wide: Webhook,
    costs: Mutex<Vec<Cost>>,
}

impl<'a> Measured<'a> {
    async fn new(world: &'a World, mode: PlanMode) -> Measured<'a> {
        let store = world.store(mode).await;
        let wide = webhook_of(&format!("wide-{}", mode.name()));
        for _ in 0..10 {
            let webhook = Webhook { id: Uuid::now_v7(), ..wide.clone() };
            assert!(store.register_webhook(webhook, None, 10, Registrant::of_test()).await.expect("stored"));
        }
        Measured { world, store, mode, wide, costs: Mutex::default() }
    }

    fn record(&self, name: &'static str, Usage { pages, plans }: Usage) {
        let mut costs = self.costs.lock().expect("no panic");
        let index = costs.iter().position(|cost| cost.name == name).unwrap_or(costs.len());
        if index == costs.len() {
            costs.push(Cost { name, pages: Vec::new(), rows: Vec::new(), plans: Vec::new() });
        }
        costs[index].pages.push(pages);
        costs[index].rows.push(plans.iter().map(Plan::examined_rows).sum());
        costs[index].plans = plans;
    }

    /// Runs all operations and returns their costs.
    async fn costs(&self, rounds: usize) -> Vec<Cost> {
        for _ in 0..rounds {
            Round::new(self).run().await;
        }
        std::mem::take(&mut self.costs.lock().expect("no panic"))
    }
}

/// Stores the deliveries that the operations use at each size.
async fn fill_initial(world: &World) {
    // `remove_old` must start from the beginning, because the positions in `walks` may be after these old deliveries.
    world.run("TRUNCATE walks").await;
    world.fill(10_000, 45, 1, GROWING, "succeeded succeeded succeeded failed cancelled").await;
    world.fill(2_000, 40, 1, GROWING, "fresh retry").await;
    world.fill(400, 40, 1, CONSTANT, "fresh").await;
    world.fill(200, 40, 1, BUSY..BUSY + 1, "fresh").await;
    world.fill(10_500, 20, 1, BUSY..BUSY + 1, "succeeded succeeded failed failed cancelled").await;
}

/// Lets the database grow. Returns a message for each operation whose cost grows, or may grow according to its plan.
async fn compare(world: &World, stores: &[Measured<'_>], analyze: bool) -> Vec<String> {
    let mut costs_by_size = Vec::new();
    for (count, days_ago) in GROWTH {
        world.fill(count / 10 * 9, days_ago, 7, GROWING, STATES).await;
        world.fill(count / 10, days_ago, 7, BUSY..BUSY + 1, STATES).await;
        if analyze {
            world.run("VACUUM ANALYZE").await;
        }
        let mut costs = Vec::new();
        for store in stores {
            costs.extend(store.costs(2).await.into_iter().map(|cost| (store.mode, cost)));
        }
        costs_by_size.push(costs);
    }
    let mut complaints: Vec<String> = Vec::new();
    for ((mode, small), (_, large)) in costs_by_size[0].iter().zip(&costs_by_size[1]) {
        let case = format!("{}, {} plan", small.name, mode.name());
        assert_eq!(small.name, large.name);
        println!("{case:60} pages {:?} {:?} rows {:?} {:?}", small.pages, large.pages, small.rows, large.rows);
        for plan in small.plans.iter().chain(&large.plans) {
            for problem in world.problems(plan).iter().map(|problem| format!("{case}: {problem}\n")) {
                if !complaints.iter().any(|complaint| complaint.starts_with(&problem)) {
                    complaints.push(format!("{problem}{plan}"));
                }
            }
        }
        let (pages, rows) = ((small.min_pages(), large.min_pages()), (small.min_rows(), large.min_rows()));
        if cost_grows(pages, rows) {
            let plans: String = large.plans.iter().map(Plan::to_string).collect();
            complaints.push(format!("{case}: from {} pages and {} rows to {} and {}\n{plans}", pages.0, rows.0, pages.1, rows.1));
        }
    }
    complaints
}

/// A search in an index with two levels reads two pages of the index and one page of the table. With three levels, it
/// reads one page more. A lower number of rows also counts as growth, because then the runs are not comparable.
fn cost_grows(pages: (i64, i64), rows: (f64, f64)) -> bool {
    pages.1 > pages.0 + pages.0 / 2 + 10 || (rows.1 - rows.0).abs() > rows.0 * 0.1 + 10.0
}

#[tokio::test]
async fn no_cost_grows_with_the_database() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let world = World::new().await;
    world.add_webhooks(0..GROWING.end).await;
    fill_initial(&world).await;
    let stores = [Measured::new(&world, PlanMode::Custom).await, Measured::new(&world, PlanMode::Generic).await];
    let complaints = compare(&world, &stores, true).await;
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// This test simulates a burst: PostgreSQL makes generic plans while the tables are nearly empty. The statistics claim
/// that the tables have pages but no rows, as after an `ANALYZE` of a table whose rows were all removed. From other
/// statistics of a small table, PostgreSQL would estimate more than one row.
#[tokio::test]
async fn no_cost_grows_with_the_statistics_of_empty_tables() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let world = World::new().await;
    world.add_webhooks(0..GROWING.start).await;
    world.fill(40, 40, 1, CONSTANT, "fresh").await;
    world.fill(10, 40, 1, BUSY..BUSY + 1, "fresh").await;
    world.run(&statistics::claim(None, 0.0)).await;
    let stores = [Measured::new(&world, PlanMode::Custom).await, Measured::new(&world, PlanMode::Generic).await];
    for store in &stores {
        store.costs(1).await;
    }
    world.add_webhooks(GROWING).await;
    fill_initial(&world).await;
    let complaints = compare(&world, &stores, false).await;
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// Returns the prepared statements of a store, and the types of their parameters.
async fn prepared_statements(store: &Postgres) -> BTreeMap<String, Vec<String>> {
    let sessions = [store.callers.session().await, store.own.session().await, store.own.session().await];
    let mut prepared = BTreeMap::new();
    for session in sessions {
        let sql =
            "SELECT statement, parameter_types::text[] FROM pg_prepared_statements WHERE statement NOT LIKE '%pg_prepared_statements%'";
        let rows = session.expect("a session").query(sql, &[]).await.expect("statements");
        prepared.extend(rows.iter().map(|row| (row.get::<_, String>(0), row.get::<_, Vec<String>>(1))));
    }
    prepared
}
