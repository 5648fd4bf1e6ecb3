//! The cost of reading statistics.

use super::*;

impl Round<'_> {
    pub(super) async fn statistics(&self) {
        let (webhook_id, until) = (self.world.webhook(BUSY), self.now + TimeDelta::hours(1));
        let range = StatisticsRange { since: self.now - TimeDelta::days(1), until, interval: TimeDelta::minutes(5) };
        let of_webhook = self.store.get_statistics(StatisticsOf::Webhook(webhook_id), range);
        assert!(!self.cost("read the statistics of a webhook", of_webhook).await.is_empty());
        let account = self.world.account(BUSY);
        self.cost("read the statistics of an account", self.store.get_statistics(StatisticsOf::Account(&account), range)).await;
        let latest = self.store.latest_attempts(vec![webhook_id, self.world.webhook(0), Uuid::now_v7()]);
        assert!(!self.cost("find the latest attempts", latest).await.is_empty());
    }
}
