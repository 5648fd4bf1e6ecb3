//! Checks that no plan depends on the statistics of the tables.
//!
//! A prepared statement keeps the plan that PostgreSQL made for it, and the statistics at that time may be missing, may
//! come from an empty table, or may be old. So each statement must have the same plan with any statistics. The test does
//! not fill tables: it stores numbers in `pg_class`, from which PostgreSQL estimates the sizes of tables and indexes.

use std::collections::BTreeSet;

use super::*;

/// The numbers of rows that the statistics can claim. `-1` means that the table was never analyzed. Zero rows in several
/// pages are the statistics of a table from which all rows were removed, for example of `pending` after all deliveries
/// have ended.
const CLAIMS: [(&str, f64); 4] = [("never analyzed", -1.0), ("empty", 0.0), ("small", 20.0), ("large", 1e7)];

/// A set of statistics: the SQL statements that store it, and a description.
struct Situation {
    name: String,
    sql: String,
}

impl Situation {
    /// All tables have the same number of rows, or one table has another number.
    fn all(tables: &[String]) -> Vec<Situation> {
        let uniform = CLAIMS.into_iter().map(|(name, rows)| Situation { name: format!("all tables {name}"), sql: claim(None, rows) });
        let mut all: Vec<Situation> = uniform.collect();
        for table in tables {
            for [(_, others), (name, rows)] in [[CLAIMS[3], CLAIMS[1]], [CLAIMS[1], CLAIMS[3]]] {
                let sql = format!("{}{}", claim(None, others), claim(Some(table), rows));
                all.push(Situation { name: format!("only {table} {name}"), sql });
            }
        }
        all
    }
}

/// Returns the SQL statement that stores a number of rows for a table and its indexes, or for all of them.
pub(super) fn claim(table: Option<&str>, rows: f64) -> String {
    let of = table.map_or("true".to_owned(), |table| format!("'{table}' IN (c.relname, t.relname)"));
    format!(
        "UPDATE pg_class SET reltuples = {rows}, relallvisible = 0,
             relpages = CASE WHEN {rows} < 0 THEN 0 ELSE pg_relation_size(pg_class.oid) / 8192 END
         WHERE oid IN (
             SELECT c.oid FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid LEFT JOIN pg_class t ON t.oid = i.indrelid
             WHERE c.relkind IN ('r', 'i') AND c.relnamespace = 'public'::regnamespace AND {of});\n"
    )
}

/// Returns a message for each statement that has different plans with different statistics, or whose plan scans a growing
/// table.
fn dependent(world: &World, statements: &BTreeMap<String, Vec<String>>, tables: &[String]) -> Vec<String> {
    let mut complaints = Vec::new();
    for parameters in [Parameters::Generic, Parameters::Custom(1), Parameters::Custom(100)] {
        let mut first: Vec<(String, Plan)> = Vec::new();
        let mut known = BTreeSet::new();
        let situations = if parameters == Parameters::Generic { tables } else { &[] };
        for Situation { name, sql } in Situation::all(situations) {
            let plans = world.explained(statements, parameters, &sql);
            assert_eq!(plans.len(), statements.len());
            for (position, plan) in plans.into_iter().enumerate() {
                if first.len() == position {
                    for problem in world.problems(&plan) {
                        complaints.push(format!("{parameters:?}, {name}: {problem}\n{plan}"));
                    }
                    first.push((name.clone(), plan));
                } else if world.accesses(&first[position].1) != world.accesses(&plan) && known.insert(position) {
                    let (other, expected) = &first[position];
                    complaints.push(format!("{parameters:?}, {other}:\n{expected}\n{name}:\n{plan}"));
                }
            }
        }
    }
    complaints
}

/// A world in which every operation has run once, and its prepared statements.
async fn prepared() -> (World, BTreeMap<String, Vec<String>>) {
    let world = World::new().await;
    world.add_webhooks(0..GROWING.start).await;
    world.fill(40, 40, 1, CONSTANT, "fresh").await;
    world.fill(10, 40, 1, BUSY..BUSY + 1, "fresh").await;
    let store = Measured::new(&world, PlanMode::Generic).await;
    store.costs(1).await;
    let statements = prepared_statements(&store.store).await;
    assert!(statements.len() > 100, "{} statements", statements.len());
    (world, statements)
}

#[tokio::test]
async fn no_plan_depends_on_the_statistics() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let (world, statements) = prepared().await;
    let tables = world.tables().await;
    assert!(tables.len() > 15, "{tables:?}");
    let complaints = dependent(&world, &statements, &tables);
    assert!(complaints.is_empty(), "{} plans\n{}", complaints.len(), complaints.join("\n"));
}

/// The check of [`no_plan_depends_on_the_statistics`] must find a statement whose join can run in both directions.
#[tokio::test]
async fn a_join_that_can_run_in_both_directions_is_found() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let world = World::new().await;
    world.add_webhooks(0..GROWING.start).await;
    world.fill(40, 40, 1, CONSTANT, "fresh").await;
    let statement = "WITH f AS MATERIALIZED (SELECT * FROM UNNEST($1, $2) AS f (id, lease))
                     UPDATE pending p SET leased_by = NULL FROM f WHERE p.delivery_id = f.id AND p.leased_by = f.lease";
    let statements = BTreeMap::from([(statement.to_owned(), vec!["uuid[]".to_owned(); 2])]);
    let complaints = dependent(&world, &statements, &["pending".to_owned()]);
    assert!(complaints.iter().any(|complaint| complaint.contains("pending_pkey where (delivery_id = f.id)")), "{complaints:?}");
}
