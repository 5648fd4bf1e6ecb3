//! The cost of leasing deliveries during whose attempts nodes died.

use super::*;

impl Round<'_> {
    pub(super) async fn suspects(&self) {
        let lease = || self.store.lease_suspect(self.now, self.slots.clone(), vec![Uuid::now_v7()]);
        assert_eq!(self.cost("look for suspects", lease()).await.suspects, 0);
        let limited = self.register("suspected", |webhook| webhook.max_per_second = Some(1000)).await;
        let id = self.publish("publish under a rate limit", Audience::Account(limited.account.clone()), None).await.1.remove(0).delivery_id;
        // A node dies, and another node leases its deliveries.
        let dead = Uuid::now_v7();
        self.world.run(&format!("INSERT INTO dead_incarnations (incarnation) VALUES ('{dead}')")).await;
        self.world.run(&format!("UPDATE pending SET leased_by = '{dead}' WHERE delivery_id = '{id}'")).await;
        let round = self.store.lease_due(self.now, self.slots.clone(), vec![work(limited.id, Lane::Fresh)]);
        let leased = self.cost("lease a delivery of a dead node", round).await.leased.remove(0);
        assert_eq!(leased.deaths, 1);
        drop(leased);
        // It becomes a suspect when the next node has died.
        self.world.run(&format!("UPDATE pending SET leased_by = '{dead}', deaths = 2 WHERE delivery_id = '{id}'")).await;
        let round = self.store.lease_due(self.now, self.slots.clone(), vec![work(limited.id, Lane::Fresh)]);
        assert!(self.cost("find a suspect", round).await.leased.is_empty());
        let suspect = self.cost("lease a suspect", lease()).await.next.expect("a suspect").leased;
        assert_eq!(suspect.deaths, 3);
        assert!(self.cost("look for suspects while one is in flight", lease()).await.next.is_none());
        self.finish("record a success of a suspect", suspect, Next::Succeeded).await;
        self.delete(limited.account, limited.id).await;
    }
}
