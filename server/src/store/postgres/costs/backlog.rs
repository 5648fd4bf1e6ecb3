//! What a backlog costs: its own webhook and others.

use super::verbs::{prove, work};
use super::*;

const CAP: usize = 10;

/// Leases of a webhook what finds room, and says what that cost.
async fn lease(world: &World, store: &Postgres, slots: &Arc<Slots>, webhook_id: Uuid) -> (Vec<Leased>, Spent) {
    let _ = slots.awake(world.now, 1000);
    let (round, spent) = world.spent(store.lease_due(world.now, slots.clone(), vec![work(webhook_id, Lane::Fresh)])).await;
    (round.expect("leased").leased, spent)
}

async fn give_back(store: &Postgres, leased: Vec<Leased>) {
    for leased in leased {
        store.release_delivery(leased.delivery_id, leased.lease).await.expect("released");
    }
}

fn rows_looked_at(spent: &Spent, table: &str) -> f64 {
    spent.plans.iter().map(|plan| plan.most_of(table)).fold(0.0, f64::max)
}

#[tokio::test]
async fn a_backlog_whose_cap_is_reached_makes_no_lease_dearer() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let world = World::new().await;
    world.know(0..MANY.start).await;
    world.fill(400, 40, 1, FEW, "fresh").await;
    let (quiet, busy) = (world.webhook(0), world.webhook(BUSY));
    let slots = Slots::new(Caps::new(1000, CAP));
    prove(&slots, quiet, world.now);
    prove(&slots, busy, world.now);
    let stores = [world.store(Planned::Anew).await, world.store(Planned::Once).await];
    let mut before = Vec::new();
    for store in &stores {
        store.join().await.expect("joined");
        world.settle().await;
        for _ in 0..2 {
            let (leased, spent) = lease(&world, store, &slots, quiet).await;
            assert_eq!(leased.len(), CAP);
            give_back(store, leased).await;
            before.push(spent);
        }
        before.remove(before.len() - 2);
    }
    world.fill(100_000, 1, 0, BUSY..BUSY + 1, "fresh").await;
    for statistics in [false, true] {
        if statistics {
            world.run("VACUUM ANALYZE").await;
        }
        for (store, before) in stores.iter().zip(&before) {
            store.join().await.expect("joined");
            world.settle().await;
            let looks_at_no_more = |spent: &Spent, most: usize, what: &str| {
                let plans: String = spent.plans.iter().map(Plan::to_string).collect();
                assert!(rows_looked_at(spent, "pending") <= most as f64, "{what}: it may look at {most} deliveries\n{plans}");
            };
            let (mut leased, spent) = lease(&world, store, &slots, busy).await;
            assert_eq!(leased.len(), CAP);
            looks_at_no_more(&spent, CAP + 1, "all of the cap");
            let (none, spent) = lease(&world, store, &slots, busy).await;
            assert!(none.is_empty(), "the cap is reached");
            looks_at_no_more(&spent, CAP + 2, "nothing, as the cap is reached");
            give_back(store, leased.split_off(CAP / 2)).await;
            let (more, spent) = lease(&world, store, &slots, busy).await;
            assert_eq!(more.len(), CAP - CAP / 2);
            looks_at_no_more(&spent, CAP + 1, "the rest of the cap");

            let (others, spent) = lease(&world, store, &slots, quiet).await;
            assert_eq!(others.len(), CAP);
            looks_at_no_more(&spent, CAP + 1, "another webhook");
            let plans: String = spent.plans.iter().map(Plan::to_string).collect();
            assert!(spent.pages <= before.pages * 3 / 2 + 10, "from {} pages to {}\n{plans}", before.pages, spent.pages);
            give_back(store, [leased, more, others].into_iter().flatten().collect()).await;
        }
    }
}
