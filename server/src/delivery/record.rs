//! Records ended attempts and releases deliveries that were not attempted.

use super::*;

impl Engine {
    /// Records the outcome of an attempt. Repeats the call to the store until the call succeeds. Otherwise the attempt
    /// would be made again later.
    pub(super) async fn record(self: &Arc<Self>, ended: EndedAttempt, name: AttemptName) {
        let recorded =
            self.persist("record an attempt", name, || self.store.finish_attempt(ended.clone(), self.clock.now(), self.slots.clone()));
        let Some(finished) = recorded.await else { return };
        finished.event.iter().for_each(|event| self.settings.audit_log.write(event));
        if let Some(deactivated) = finished.deactivated {
            let webhook_id = ended.destination.webhook_id;
            let (account, webhook) = (&*ended.destination.account, webhook_id.to_string());
            let reason = deactivated.cause.reason();
            self.metrics.webhook_deactivated(reason);
            match deactivated.cause {
                DeactivationCause::Gone => {
                    slog::info!(self.log, # "webhook.deactivated", "webhook deactivated: the receiver returned 410 Gone"; 
                        name, "account" => account, "webhook" => webhook, "reason" => reason);
                }
                DeactivationCause::Failing(failures) => {
                    slog::info!(self.log, # "webhook.deactivated", "webhook deactivated: it has accepted nothing for too long"; 
                        name, "account" => account, "webhook" => webhook, "reason" => reason,
                        "failing_since" => failures.since.to_rfc3339(), "failed_attempts" => failures.attempts);
                }
            }
            self.webhook_changed(webhook_id, deactivated.revision);
        }
        self.begin(finished.next);
        // Wakes the lease loop even after the last attempt: a redelivery may have been requested during that attempt. A
        // recovery has published a notification, whose deliveries are due.
        if ended.next != Next::Succeeded || finished.recovered {
            self.rescheduled.notify_one();
        }
    }

    /// Releases a delivery that was not attempted. Without this release, the delivery stays leased until this node
    /// stops or dies.
    pub(super) async fn release(&self, leased: Leased, name: AttemptName) {
        let work = WorkItem { webhook_id: leased.destination.webhook_id, lane: leased.lane };
        let released = self.persist("release a delivery", name, || self.store.release_delivery(leased.delivery_id, leased.lease));
        if released.await.is_some() {
            self.slots.wake([work]);
        }
    }

    /// Releases a delivery after one second. A released delivery is leased again at once, so an immediate release could
    /// repeat a failure in a busy loop.
    pub(super) async fn release_after_pause(&self, leased: Leased, name: AttemptName) {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            () = self.cut_off.cancelled() => {}
        }
        self.release(leased, name).await;
    }

    /// Repeats a store operation until it succeeds. Returns `None` if the operation fails while the engine stops.
    async fn persist<T, F: Future<Output = store::Result<T>>>(
        &self,
        action: &'static str,
        name: AttemptName,
        operation: impl Fn() -> F,
    ) -> Option<T> {
        let mut pause = Duration::from_millis(50);
        loop {
            match operation().await {
                Ok(result) => {
                    self.store_monitor.succeeded(action);
                    return Some(result);
                }
                Err(error) if *self.stopping.borrow() => {
                    if let Some(omitted) = self.lines.not_updated.sample(action, self.clock.now()) {
                        slog::error!(self.log, # "delivery.not_updated", "cannot {action}; the delivery is attempted again after the next start";
                            name, "error" => chain(&error), "omitted" => omitted);
                    }
                    return None;
                }
                Err(error @ store::Error::Failed(_)) => {
                    if let Some(omitted) = self.lines.not_updated.sample(action, self.clock.now()) {
                        slog::error!(self.log, # "delivery.not_updated", "cannot {action}; trying again";
                            name, "error" => chain(&error), "omitted" => omitted);
                    }
                }
                Err(error) => self.store_monitor.failed(action, &error),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(5));
        }
    }
}
