//! Recording an attempt, or giving its delivery back.

use super::*;

impl Engine {
    /// Records what an attempt came to: an outcome that is lost is an attempt that is made twice.
    pub(super) async fn record(self: &Arc<Self>, finish: Finish, name: AttemptName) {
        let recorded =
            self.persist("record an attempt", name, || self.store.finish_attempt(finish.clone(), self.clock.now(), self.slots.clone()));
        let Some(finished) = recorded.await else { return };
        if let Some(deactivated) = finished.deactivated {
            let webhook_id = finish.destination.webhook_id;
            let webhook = webhook_id.to_string();
            match deactivated.cause {
                DeactivationCause::Gone => {
                    slog::info!(self.log, "webhook deactivated: its callback answered 410 Gone"; name, "webhook" => webhook);
                }
                DeactivationCause::Failing(failures) => {
                    slog::info!(self.log, "webhook deactivated: it has accepted nothing for too long"; name, "webhook" => webhook,
                        "failing_since" => failures.since.to_rfc3339(), "failed_attempts" => failures.attempts);
                }
            }
            self.webhook_changed(webhook_id, deactivated.revision);
        }
        self.begin(finished.next);
        // Whatever it is, a redelivery may have been asked for meanwhile.
        if finish.next != Next::Succeeded {
            self.rescheduled.notify_one();
        }
    }

    /// Gives a delivery back that has not been attempted: a lease that nobody is on keeps it waiting until the next start.
    pub(super) async fn release(&self, leased: Leased, name: AttemptName) {
        let work = Work { webhook_id: leased.destination.webhook_id, lane: leased.lane };
        let released = self.persist("give a delivery back", name, || self.store.release_delivery(leased.delivery_id, leased.lease));
        if released.await.is_some() {
            self.slots.wake([work]);
        }
    }

    /// As [`Engine::release`], after a moment: it is leased again at once, and what was missing should not be asked for
    /// without end.
    pub(super) async fn release_soon(&self, leased: Leased, name: AttemptName) {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            () = self.cut_off.cancelled() => {}
        }
        self.release(leased, name).await;
    }

    /// Asks the store until it answers. `None` when it does not, and the server stops.
    async fn persist<T, F: Future<Output = store::Result<T>>>(&self, what: &str, name: AttemptName, ask: impl Fn() -> F) -> Option<T> {
        let mut pause = Duration::from_millis(50);
        loop {
            match ask().await {
                Ok(answer) => return Some(answer),
                Err(error) if *self.stopping.borrow() => {
                    slog::error!(self.log, "cannot {what}; the delivery is attempted again after the next start"; name, "error" => chain(&error));
                    return None;
                }
                Err(error) => slog::error!(self.log, "cannot {what}; trying again"; name, "error" => chain(&error)),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(5));
        }
    }
}
