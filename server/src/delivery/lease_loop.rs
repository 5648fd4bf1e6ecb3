//! The background tasks of a node: leasing due deliveries, tidying the store, and the heartbeat.

use super::*;
use crate::model::KeyRecord;

/// Maximum number of ready work items that one iteration of the lease loop takes from the slots.
const MAX_WORK_ITEMS: usize = 256;

/// Interval between two steps of tidying when there is nothing to do.
const TIDY_INTERVAL: Duration = Duration::from_secs(1);

impl Engine {
    /// Leases due deliveries and starts their attempts until the engine stops.
    pub(super) async fn lease_due_deliveries(self: Arc<Self>, look: PeriodicOperation) {
        let mut stopping = self.stopping.subscribe();
        let mut work_items = Vec::new();
        self.apply_holds().await;
        while !*stopping.borrow() {
            let now = self.clock.now();
            work_items.extend(self.slots.take_ready(now, MAX_WORK_ITEMS));
            let leased = self.store.lease_due(now, self.slots.clone(), work_items.clone()).await;
            let Some(round) = look.observe(leased) else {
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            };
            work_items = round.left;
            self.begin(round.leased);
            if work_items.is_empty() {
                self.wait_for_due_work(round.next_due, &mut stopping).await;
            }
        }
        // Lets other nodes lease the due deliveries now. The other nodes do not wait until the attempts in flight on
        // this node have ended.
        match tokio::time::timeout(RELEASE_TIMEOUT, self.store.stop_leasing()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                slog::warn!(self.log, # "leases.not_released", "cannot hand over due deliveries; the other nodes lease them after this node ends"; "error" => chain(&error));
            }
            Err(_) => {
                slog::warn!(self.log, # "leases.not_released", "timeout while handing over due deliveries; the other nodes lease them after this node ends"; "error" => "timeout")
            }
        }
    }

    async fn wait_for_due_work(&self, next_due: Option<DateTime<Utc>>, stopping: &mut watch::Receiver<bool>) {
        let next_check = next_due.into_iter().chain(self.slots.next_check()).min();
        let next_check = async {
            match next_check {
                Some(next_check) => self.clock.sleep_until(next_check).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = next_check => {}
            () = self.rescheduled.notified() => {}
            () = self.slots.woken() => {}
            () = self.store.wait_for_wakeup() => {}
            () = tokio::time::sleep(POLL_INTERVAL) => {}
            _ = stopping.changed() => {}
        }
    }

    pub(super) async fn tidy(self: Arc<Self>, tidy: PeriodicOperation, remove: PeriodicOperation) {
        let mut stopping = self.stopping.subscribe();
        while !*stopping.borrow() {
            let now = self.clock.now();
            let tidied = tidy.observe(self.store.tidy(now).await);
            let removed = remove.observe(self.store.remove_old(now).await);
            let more = tidied == Some(true) || removed == Some(true);
            let pause = if more { Duration::from_millis(10) } else { TIDY_INTERVAL };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = stopping.changed() => {}
            }
        }
    }

    /// Sends heartbeats and applies the changes that other nodes made, until the engine is drained.
    pub(super) async fn keep_alive(self: Arc<Self>, heartbeat: PeriodicOperation) {
        loop {
            // Without a heartbeat, this node starts no attempts after nine seconds, and the other nodes take over after ten.
            if let Some(fleet) = heartbeat.observe(self.store.keep_alive().await) {
                let is_shared = fleet.is_shared;
                self.apply_changes(fleet);
                if is_shared {
                    self.apply_holds().await;
                }
            }
            tokio::time::sleep(HEARTBEAT).await;
        }
    }

    fn apply_changes(&self, fleet: Fleet) {
        self.metrics.set_fleet(&fleet);
        if fleet.was_given_up {
            slog::warn!(self.log, # "node.given_up", "this node sent no heartbeat for ten seconds; its deliveries are attempted again by any node");
        }
        for name in &fleet.taken_over_from {
            slog::warn!(self.log, # "node.dead", "node is dead; its leases are void"; "node" => name);
        }
        if fleet.was_given_up || !fleet.taken_over_from.is_empty() {
            self.rescheduled.notify_one();
        }
        if fleet.is_shared {
            self.handshake_due();
        }
        if let Some(keys) = &fleet.keys {
            self.apply_keys(keys);
        }
        self.slots.share_webhooks(fleet.delivering as usize);
        for (webhook_id, revision) in fleet.changed_webhooks {
            self.webhook_changed(webhook_id, revision);
        }
        for notification_id in fleet.deleted_notifications {
            self.notification_deleted(notification_id);
        }
    }

    /// Applies the pauses for which receivers have asked, also those that other nodes have stored.
    async fn apply_holds(&self) {
        let now = self.clock.now();
        let holds = self
            .store
            .list_holds(now)
            .await
            .map_err(|error| {
                self.store_monitor.report("read for which webhooks a receiver has asked for a pause", &error, now);
            })
            .ok();
        for (webhook_id, until) in holds.into_iter().flatten() {
            self.slots.hold(webhook_id, until, now);
        }
    }

    /// Learns the states of the master keys. During a rotation, this node then encrypts with the new key. After the
    /// rotation, it no longer decrypts with the old key.
    fn apply_keys(&self, keys: &[KeyRecord]) {
        let before = self.vault.key_id();
        match self.vault.apply(keys) {
            Ok(()) if self.vault.key_id() == before => {}
            Ok(()) => {
                slog::info!(self.log, # "key.replaced", "the master key was replaced"; "before" => before.to_string(), "now" => self.vault.key_id().to_string())
            }
            Err(error) => {
                slog::error!(self.log, # "key.missing", "this node does not hold a master key that is in use, so it cannot store secrets and cannot decrypt all secrets; \
                    start it again with this key"; "error" => chain(&error));
            }
        }
    }
}
