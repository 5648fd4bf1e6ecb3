//! The loops of a node from its start to its stop: leasing what is due, tidying the store, and the heartbeat.

use super::*;

/// So much that waited in the slots is looked at in one round.
const LOOKED_AT_ONCE: usize = 256;

/// How often what nobody waits for gets a step, when there is nothing of it to do.
const TIDY_INTERVAL: Duration = Duration::from_secs(1);

impl Engine {
    pub(super) async fn take_what_is_due(self: Arc<Self>) {
        let mut stopping = self.stopping.subscribe();
        let mut works = Vec::new();
        while !*stopping.borrow() {
            let now = self.clock.now();
            works.extend(self.slots.awake(now, LOOKED_AT_ONCE));
            let round = match self.store.lease_due(now, self.slots.clone(), works.clone()).await {
                Ok(round) => round,
                Err(error) => {
                    slog::error!(self.log, "cannot look for deliveries that are due; trying again in a second"; "error" => chain(&error));
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    continue;
                }
            };
            works = round.left;
            self.begin(round.leased);
            if works.is_empty() {
                self.until_something_is_due(round.next_due, &mut stopping).await;
            }
        }
        // Others need not wait until what is in flight here has ended.
        match tokio::time::timeout(GIVE_BACK_TIMEOUT, self.store.step_back()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                slog::warn!(self.log, "cannot hand over what is due; the other nodes find it when this one has ended"; "error" => chain(&error));
            }
            Err(_) => slog::warn!(self.log, "the store does not take over what is due; the other nodes find it when this one has ended"),
        }
    }

    async fn until_something_is_due(&self, next_due: Option<DateTime<Utc>>, stopping: &mut watch::Receiver<bool>) {
        let look = next_due.into_iter().chain(self.slots.next_look()).min();
        let look = async {
            match look {
                Some(look) => self.clock.sleep_until(look).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = look => {}
            () = self.rescheduled.notified() => {}
            () = self.slots.woken() => {}
            () = self.store.rung() => {}
            () = tokio::time::sleep(LOOK_INTERVAL) => {}
            _ = stopping.changed() => {}
        }
    }

    pub(super) async fn tidy(self: Arc<Self>) {
        let mut stopping = self.stopping.subscribe();
        while !*stopping.borrow() {
            let now = self.clock.now();
            let mut more = false;
            for step in [self.store.tidy(now), self.store.remove_old(now)] {
                more |= step.await.unwrap_or_else(|error| {
                    slog::error!(self.log, "cannot tidy the store; trying again"; "error" => chain(&error));
                    false
                });
            }
            let pause = if more { Duration::from_millis(10) } else { TIDY_INTERVAL };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = stopping.changed() => {}
            }
        }
    }

    /// Tells the others that this process lives, and hears from them, until what it has in flight has ended.
    pub(super) async fn keep_alive(self: Arc<Self>) {
        loop {
            match self.store.keep_alive().await {
                Ok(fleet) => self.hear(fleet),
                Err(error) => {
                    slog::error!(self.log, "cannot tell the other nodes that this one is alive; after ten seconds it begins nothing, and they take over";
                        "error" => chain(&error));
                }
            }
            tokio::time::sleep(HEARTBEAT).await;
        }
    }

    fn hear(&self, fleet: Fleet) {
        self.metrics.heard_of(&fleet);
        if fleet.was_given_up {
            slog::warn!(self.log, "this node had not been heard of for ten seconds: what it held is attempted again, here or elsewhere");
        }
        for name in &fleet.taken_over_from {
            slog::warn!(self.log, "a node has died; what it held is due again"; "node" => name);
        }
        if fleet.was_given_up || !fleet.taken_over_from.is_empty() {
            self.rescheduled.notify_one();
        }
        if fleet.is_shared {
            self.handshake_due();
        }
        self.slots.share_webhooks(fleet.delivering as usize);
        for (webhook_id, revision) in fleet.changed_webhooks {
            self.webhook_changed(webhook_id, revision);
        }
        for notification_id in fleet.deleted_notifications {
            self.notification_deleted(notification_id);
        }
    }
}
