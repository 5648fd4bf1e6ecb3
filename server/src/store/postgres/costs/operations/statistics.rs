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

        // Rows of two processes, of each five minutes of two hours.
        // The subject is new, because index entries of rows that an earlier round has removed would cost more pages. It is
        // after all others but the last, because a step also reads the subjects after it, and each round adds some.
        let webhook_id = Uuid::from_u128(0xffff << 112 | Uuid::now_v7().as_u128() >> 16);
        // The rows are in neighbouring pages. In the free space of other pages, each row could need a page of its own.
        self.world.run("TRUNCATE statistics").await;
        let begin = (self.now - TimeDelta::days(10)).to_rfc3339();
        self.world
            .run(&format!(
                "INSERT INTO statistics (subject, started_at, process, value)
                 SELECT '{webhook_id}', date_trunc('hour', timestamptz '{begin}') + n * interval '5 minutes', process, '\\x010000000000'
                 FROM generate_series(0, 23) AS n CROSS JOIN (VALUES ('{}'::uuid), ('{}')) AS p (process)",
                Uuid::now_v7(),
                Uuid::now_v7()
            ))
            .await;
        let session = self.store.own.session().await.expect("a session");
        let before = Uuid::from_u128(webhook_id.as_u128() - 1);
        let merge = async { Ok(crate::store::postgres::statistics::merge_old(&session, before, self.now).await?) };
        assert!(self.cost("merge old statistics", merge).await.reached > Some(before));
    }
}
