//! The cost of changing webhooks, and of handshakes.

use super::*;

impl Round<'_> {
    pub(super) async fn webhooks(&self) {
        let now = self.now;
        let webhook = webhook_of("new");
        let (account, id) = (webhook.account.clone(), webhook.id);
        assert!(self.cost("register a webhook", self.store.register_webhook(webhook, None, 1000, Registrant::of_test())).await);
        self.cost("get a webhook", self.store.get_webhook(Some(account.clone()), id)).await.expect("found");
        self.cost("look up a destination", self.store.current_destination(id)).await.expect("active");
        let change = WebhookChange { description: Some(None), ..WebhookChange::default() };
        self.cost("update a webhook", self.store.update_webhook(account.clone(), id, change, now, event()))
            .await
            .expect("found")
            .expect("allowed");
        let rotated = self.store.rotate_signing_secret(account.clone(), id, Sealed(vec![3]), TimeDelta::days(1), now, event());
        self.cost("rotate a secret", rotated).await.expect("found");
        self.cost("deactivate a webhook", self.store.deactivate_webhook(account.clone(), id, now, event())).await.expect("found");
        self.cost("activate a webhook", self.store.activate_webhook(account.clone(), id, None, now, event())).await.expect("found");
        self.cost("delete a webhook", self.store.delete_webhook(account, id, now, event())).await.expect("found");
    }

    pub(super) async fn webhook_lists(&self) {
        let of_ten = WebhookFilter { account: Some(self.world.account(0)), ..WebhookFilter::default() };
        self.cost("list webhooks", self.store.list_webhooks(of_ten.clone(), self.page(100))).await;
        self.cost("list all webhooks", self.store.list_webhooks(WebhookFilter::default(), self.page(100))).await;
        let deactivated = WebhookFilter { status: Some(WebhookStatus::Deactivated), ..WebhookFilter::default() };
        self.cost("list deactivated webhooks", self.store.list_webhooks(deactivated, self.page(100))).await;
        let failing = WebhookFilter { health: Some(WebhookHealthState::Failing), ..of_ten };
        self.cost("list failing webhooks", self.store.list_webhooks(failing.clone(), self.page(100))).await;
        let failing = WebhookFilter { account: None, ..failing };
        let part = self.cost("list all failing webhooks", self.store.list_webhooks(failing, self.page(100))).await;
        assert!(part.next.is_none(), "no other webhook is examined");
        let of_failing = BacklogScan { position: ScanPosition::Failing { after: Uuid::nil() }, ..BacklogScan::default() };
        self.cost("count failing webhooks", self.store.scan_backlog(of_failing)).await;
        // The backlog of this webhook does not grow. The test of the store checks that no more than a thousand are counted.
        let webhook = self.store.get_webhook(None, self.world.webhook(CONSTANT.start)).await.expect("readable").expect("found");
        self.cost("get the health of a webhook", self.store.health_of(vec![HealthQuery::of(&webhook)])).await;
    }

    pub(super) async fn handshakes(&self) {
        let webhook = webhook_of("new");
        let (account, id) = (webhook.account.clone(), webhook.id);
        let challenge = Challenge::stored("challenge".to_owned());
        assert!(
            self.cost(
                "register for a handshake",
                self.store.register_webhook(webhook, Some(challenge.clone()), 1000, Registrant::of_test())
            )
            .await
        );
        let due = self.cost("look for handshakes", self.store.due_handshakes(self.now)).await.due;
        assert_eq!(due.iter().map(|due| due.webhook_id).collect::<Vec<_>>(), [id]);
        let later = HandshakeEnd::RetryAt(self.now + TimeDelta::hours(1));
        self.cost("postpone a handshake", self.store.finish_handshake(id, challenge.clone(), later, self.now)).await;
        let finished = self.store.finish_handshake(id, challenge, HandshakeEnd::Verified, self.now);
        self.cost("end a handshake", finished).await.expect("verified");
        self.delete(account, id).await;
    }
}
