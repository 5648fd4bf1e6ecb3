//! The cost of leasing from a webhook with a backlog, and from another webhook.

use super::operations::{prove, work};
use super::*;

const CAP: usize = 10;

/// Leases deliveries of a webhook while slots are free. Returns the leased deliveries and the cost.
async fn lease(world: &World, store: &Postgres, slots: &Arc<Slots>, webhook_id: Uuid) -> (Vec<Leased>, Usage) {
    let _ = slots.take_ready(world.now, 1000);
    let (round, usage) = world.measure(store.lease_due(world.now, slots.clone(), vec![work(webhook_id, Lane::Fresh)])).await;
    (round.expect("leased").leased, usage)
}

async fn release_all(store: &Postgres, leased: Vec<Leased>) {
    for leased in leased {
        store.release_delivery(leased.delivery_id, leased.lease).await.expect("released");
    }
}

/// Returns the maximum number of rows of `table` that a single plan node has examined.
fn max_examined_rows(usage: &Usage, table: &str) -> f64 {
    usage.plans.iter().map(|plan| plan.max_examined_rows(table)).fold(0.0, f64::max)
}

#[tokio::test]
async fn a_backlog_at_its_cap_makes_no_lease_more_expensive() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let world = World::new().await;
    world.add_webhooks(0..GROWING.start).await;
    world.fill(400, 40, 1, CONSTANT, "fresh").await;
    let (quiet, busy) = (world.webhook(0), world.webhook(BUSY));
    let slots = Slots::new(Caps::new(1000, CAP));
    prove(&slots, quiet, world.now);
    prove(&slots, busy, world.now);
    let stores = [world.store(PlanMode::Custom).await, world.store(PlanMode::Generic).await];
    let mut before = Vec::new();
    for store in &stores {
        store.join(Vec::new()).await.expect("joined");
        world.hide_due_work().await;
        for _ in 0..2 {
            let (leased, usage) = lease(&world, store, &slots, quiet).await;
            assert_eq!(leased.len(), CAP);
            release_all(store, leased).await;
            before.push(usage);
        }
        before.remove(before.len() - 2);
    }
    world.fill(100_000, 1, 0, BUSY..BUSY + 1, "fresh").await;
    for statistics in [false, true] {
        if statistics {
            world.run("VACUUM ANALYZE").await;
        }
        for (store, before) in stores.iter().zip(&before) {
            store.join(Vec::new()).await.expect("joined");
            world.hide_due_work().await;
            let assert_examines_at_most = |usage: &Usage, limit: usize, what: &str| {
                let plans: String = usage.plans.iter().map(Plan::to_string).collect();
                assert!(max_examined_rows(usage, "pending") <= limit as f64, "{what}: at most {limit} deliveries may be examined\n{plans}");
            };
            let (mut leased, usage) = lease(&world, store, &slots, busy).await;
            assert_eq!(leased.len(), CAP);
            assert_examines_at_most(&usage, CAP + 1, "as many as the cap");
            let (none, usage) = lease(&world, store, &slots, busy).await;
            assert!(none.is_empty(), "the cap is reached");
            assert_examines_at_most(&usage, CAP + 2, "nothing, because the cap is reached");
            release_all(store, leased.split_off(CAP / 2)).await;
            let (more, usage) = lease(&world, store, &slots, busy).await;
            assert_eq!(more.len(), CAP - CAP / 2);
            assert_examines_at_most(&usage, CAP + 1, "the rest of the cap");

            let (others, usage) = lease(&world, store, &slots, quiet).await;
            assert_eq!(others.len(), CAP);
            assert_examines_at_most(&usage, CAP + 1, "another webhook");
            let plans: String = usage.plans.iter().map(Plan::to_string).collect();
            assert!(usage.pages <= before.pages * 3 / 2 + 10, "from {} pages to {}\n{plans}", before.pages, usage.pages);
            release_all(store, [leased, more, others].into_iter().flatten().collect()).await;
        }
    }
}
