//! What the verbs cost, in pages that the server looks at, and how it finds what they ask for. Unlike time these are the same
//! on every machine.
//!
//! A database grows from ten thousand deliveries to a hundred thousand, with the statistics of each size or with none, and at
//! each size every verb is asked for. No plan may read from end to end what grows, and neither the rows that are looked at nor
//! the pages may become more, except for the page that a search of an index takes more when that has become one higher.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::*;
use crate::api::types::DeliveryStatus;
use crate::slots::{Caps, Slots, Work};
use crate::store::backlog_counts::Place;
use crate::store::suite::webhook_of;

mod backlog;
mod hot;
mod plans;
mod verbs;
mod world;

use plans::Plan;
use verbs::Round;
use world::{BUSY, DEACTIVATED, FEW, MANY, Planned, World};

/// With each size, so many deliveries have been added since so many days ago.
const GROWTH: [(usize, i64); 2] = [(10_000, 10), (90_000, 9)];

/// What becomes of them.
const BECOMES: &str = "succeeded succeeded succeeded succeeded succeeded succeeded succeeded succeeded succeeded succeeded succeeded \
                       succeeded failed failed cancelled fresh fresh retry retry retry";

/// What a verb did in the database.
struct Spent {
    /// So often a page of a table or an index was asked for, whether that was in memory or not.
    pages: i64,
    plans: Vec<Plan>,
}

/// What one verb cost, each time that it was asked for.
struct Cost {
    name: &'static str,
    pages: Vec<i64>,
    rows: Vec<f64>,
    /// Of the last time.
    plans: Vec<Plan>,
}

impl Cost {
    /// What is remembered from then on is looked up in the first round, and now and then a page is split.
    fn least_pages(&self) -> i64 {
        self.pages.iter().copied().min().unwrap_or_default()
    }

    fn least_rows(&self) -> f64 {
        self.rows.iter().copied().fold(f64::INFINITY, f64::min)
    }
}

/// A store, and what its verbs have cost.
struct Asked<'a> {
    world: &'a World,
    store: Postgres,
    planned: Planned,
    /// Of an account that has ten.
    wide: Webhook,
    costs: Mutex<Vec<Cost>>,
}

impl<'a> Asked<'a> {
    async fn new(world: &'a World, planned: Planned) -> Asked<'a> {
        let store = world.store(planned).await;
        let wide = webhook_of(&format!("wide-{}", planned.name()));
        for _ in 0..10 {
            let webhook = Webhook { id: Uuid::now_v7(), ..wide.clone() };
            assert!(store.register_webhook(webhook, None, 10).await.expect("stored"));
        }
        Asked { world, store, planned, wide, costs: Mutex::default() }
    }

    fn note(&self, name: &'static str, Spent { pages, plans }: Spent) {
        let mut costs = self.costs.lock().expect("no panic");
        let place = costs.iter().position(|cost| cost.name == name).unwrap_or(costs.len());
        if place == costs.len() {
            costs.push(Cost { name, pages: Vec::new(), rows: Vec::new(), plans: Vec::new() });
        }
        costs[place].pages.push(pages);
        costs[place].rows.push(plans.iter().map(Plan::looked_at).sum());
        costs[place].plans = plans;
    }

    /// What all verbs cost now.
    async fn costs(&self, rounds: usize) -> Vec<Cost> {
        for _ in 0..rounds {
            Round::new(self).ask().await;
        }
        std::mem::take(&mut self.costs.lock().expect("no panic"))
    }
}

/// What the verbs ask about, the same at each size.
async fn begin(world: &World) {
    // What is old is behind where these have come, if they have gone anywhere.
    world.run("TRUNCATE walks").await;
    world.fill(10_000, 45, 1, MANY, "succeeded succeeded succeeded failed cancelled").await;
    world.fill(2_000, 40, 1, MANY, "fresh retry").await;
    world.fill(400, 40, 1, FEW, "fresh").await;
    world.fill(200, 40, 1, BUSY..BUSY + 1, "fresh").await;
    world.fill(10_500, 20, 1, BUSY..BUSY + 1, "succeeded succeeded failed failed cancelled").await;
}

/// Lets the world grow, and says what is dearer for that or would be soon.
async fn compare(world: &World, asked: &[Asked<'_>], analyze: bool) -> Vec<String> {
    let mut of_sizes = Vec::new();
    for (count, days_ago) in GROWTH {
        world.fill(count / 10 * 9, days_ago, 7, MANY, BECOMES).await;
        world.fill(count / 10, days_ago, 7, BUSY..BUSY + 1, BECOMES).await;
        if analyze {
            world.run("VACUUM ANALYZE").await;
        }
        let mut costs = Vec::new();
        for asked in asked {
            costs.extend(asked.costs(2).await.into_iter().map(|cost| (asked.planned, cost)));
        }
        of_sizes.push(costs);
    }
    let mut complaints: Vec<String> = Vec::new();
    for ((planned, small), (_, large)) in of_sizes[0].iter().zip(&of_sizes[1]) {
        let case = format!("{}, planned {}", small.name, planned.name());
        assert_eq!(small.name, large.name);
        println!("{case:60} pages {:?} {:?} rows {:?} {:?}", small.pages, large.pages, small.rows, large.rows);
        for plan in small.plans.iter().chain(&large.plans) {
            for offence in world.offences(plan).iter().map(|offence| format!("{case}: {offence}\n")) {
                if !complaints.iter().any(|complaint| complaint.starts_with(&offence)) {
                    complaints.push(format!("{offence}{plan}"));
                }
            }
        }
        let (pages, rows) = ((small.least_pages(), large.least_pages()), (small.least_rows(), large.least_rows()));
        if costs_more(pages, rows) {
            let plans: String = large.plans.iter().map(Plan::to_string).collect();
            complaints.push(format!("{case}: from {} pages and {} rows to {} and {}\n{plans}", pages.0, rows.0, pages.1, rows.1));
        }
    }
    complaints
}

/// A search of an index with two levels looks at two pages and one of the table, and of one with three at a page more. If it
/// looked at fewer rows, that would say that not the same was asked for.
fn costs_more(pages: (i64, i64), rows: (f64, f64)) -> bool {
    pages.1 > pages.0 + pages.0 / 2 + 10 || (rows.1 - rows.0).abs() > rows.0 * 0.1 + 10.0
}

#[tokio::test]
async fn nothing_costs_more_for_what_is_stored() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let world = World::new().await;
    world.know(0..MANY.end).await;
    begin(&world).await;
    let asked = [Asked::new(&world, Planned::Anew).await, Asked::new(&world, Planned::Once).await];
    let complaints = compare(&world, &asked, true).await;
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// As in a burst: what is planned once is planned while there is next to nothing.
#[tokio::test]
async fn nothing_costs_more_for_what_is_stored_with_the_statistics_of_empty_tables() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let world = World::new().await;
    world.run("ANALYZE").await;
    world.know(0..MANY.start).await;
    world.fill(40, 40, 1, FEW, "fresh").await;
    world.fill(10, 40, 1, BUSY..BUSY + 1, "fresh").await;
    let asked = [Asked::new(&world, Planned::Anew).await, Asked::new(&world, Planned::Once).await];
    for asked in &asked {
        asked.costs(1).await;
    }
    world.know(MANY).await;
    begin(&world).await;
    let complaints = compare(&world, &asked, false).await;
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[tokio::test]
async fn no_statement_reads_what_grows_from_end_to_end_where_it_is_planned_for_one_delivery() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let world = World::new().await;
    world.know(0..MANY.start).await;
    world.fill(40, 40, 1, FEW, "fresh").await;
    world.fill(10, 40, 1, BUSY..BUSY + 1, "fresh").await;
    let asked = Asked::new(&world, Planned::Once).await;
    asked.costs(1).await;
    let statements = prepared(&asked.store).await;
    for analyze in [false, true] {
        let world = World::new().await;
        if analyze {
            world.run("ANALYZE").await;
        }
        world.know(0..1).await;
        world.fill(1, 1, 1, 0..1, "fresh").await;
        let plans = world.explained(&statements);
        assert!(plans.len() > 100 && plans.len() == statements.len(), "{} plans of {} statements", plans.len(), statements.len());
        let offences = plans.iter().flat_map(|plan| world.offences(plan).into_iter().map(move |offence| format!("{offence}\n{plan}")));
        let offences: Vec<String> = offences.collect();
        assert!(offences.is_empty(), "{}", offences.join("\n"));
    }
}

/// The statements of a store, and the types of their parameters.
async fn prepared(store: &Postgres) -> BTreeMap<String, Vec<String>> {
    let sessions = [store.callers.session().await, store.own.session().await, store.own.session().await];
    let mut prepared = BTreeMap::new();
    for session in sessions {
        let told =
            "SELECT statement, parameter_types::text[] FROM pg_prepared_statements WHERE statement NOT LIKE '%pg_prepared_statements%'";
        let rows = session.expect("a session").query(told, &[]).await.expect("statements");
        prepared.extend(rows.iter().map(|row| (row.get::<_, String>(0), row.get::<_, Vec<String>>(1))));
    }
    prepared
}
