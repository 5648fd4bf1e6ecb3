//! HOT updates. In such an update, the new version of a row stays in the page of the row. So the update does not change
//! the indexes.

use futures_util::future::try_join_all;

use super::operations::{prove, publication, record, work};
use super::*;

const COUNT: usize = 600;
const HEARTBEATS: usize = 50;

#[tokio::test]
async fn updates_of_each_attempt_do_not_touch_the_indexes() {
    if webhooks_postgres::skip_without(&["postgres"]) {
        return;
    }
    let world = World::new().await;
    world.add_webhooks(0..GROWING.start).await;
    let store = world.store(PlanMode::Custom).await;
    store.join(Vec::new()).await.expect("joined");
    let webhooks: Vec<Uuid> = CONSTANT.filter(|number| number % 10 < 7).map(|number| world.webhook(number)).collect();
    let publish = async |slots: &Arc<Slots>| {
        let to_one = |id: &Uuid| publication(world.now, Audience::Webhook { id: *id, account: None }, None);
        let published = webhooks.iter().cycle().take(COUNT).map(|id| store.publish_notification(to_one(id), slots.clone()));
        let published = try_join_all(published).await.expect("published");
        published.into_iter().flat_map(|published| match published {
            Published::New { leased, .. } => leased,
            other => panic!("{other:?}"),
        })
    };
    // The test simulates a burst: all deliveries are published together and end together.
    let slots = Slots::new(Caps::new(10_000, COUNT));
    webhooks.iter().for_each(|id| prove(&slots, *id, world.now));
    let leased: Vec<Leased> = publish(&slots).await.collect();
    assert_eq!(leased.len(), COUNT);
    try_join_all(leased.into_iter().map(|leased| record(&store, &slots, world.now, leased, Next::Succeeded))).await.expect("recorded");

    assert_eq!(publish(&Slots::new(Caps::new(0, 0))).await.count(), 0, "there are no slots");
    let mut leased = Vec::new();
    while leased.len() < COUNT {
        let work_items = webhooks.iter().map(|id| work(*id, Lane::Fresh)).collect();
        let _ = slots.take_ready(world.now, COUNT);
        let round = store.lease_due(world.now, slots.clone(), work_items).await.expect("leased");
        assert!(!round.leased.is_empty(), "deliveries are waiting");
        leased.extend(round.leased);
    }
    for _ in 0..HEARTBEATS {
        store.keep_alive().await.expect("alive");
    }
    drop((leased, store));

    for (table, min) in [("deliveries", COUNT), ("pending", COUNT), ("nodes", HEARTBEATS)] {
        let (all, hot) = updates(&world, table, min as i64).await;
        assert!(all >= min as i64 && hot * 20 >= all * 19, "{table}: {hot} of {all} updates stayed in their page");
    }
}

/// Waits until a table has at least `min` updates, but not longer than 20 seconds. Returns the number of updates and the
/// number of HOT updates.
async fn updates(world: &World, table: &str, min: i64) -> (i64, i64) {
    let started = Instant::now();
    loop {
        let (all, hot) = world.updates(table).await;
        // PostgreSQL may count the last updates of a connection only when the connection is closed.
        if all >= min || started.elapsed() > Duration::from_secs(20) {
            return (all, hot);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
