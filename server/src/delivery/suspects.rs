//! Attempts the *suspects*: deliveries during whose attempts several processes died.
//!
//! When a process dies, the counts of all deliveries in flight rise, also those of innocent deliveries. So a suspect is
//! not failed at once. It is attempted alone: no other suspect is in flight, on any node. Nothing of the
//! response is read or kept. An outcome clears the count, whatever the outcome is. If the process dies twice more during
//! such attempts, the delivery fails with the outcome `aborted`.

use super::*;
use crate::store::{MAX_DEATHS, Suspect};

impl Engine {
    /// Attempts the suspects, one after another, until the engine stops. A suspect does not delay other deliveries,
    /// except the later deliveries of the same ordered webhook.
    pub(super) async fn attempt_suspects(self: Arc<Self>) {
        let mut stopping = self.stopping.subscribe();
        while !*stopping.borrow() {
            // The first look comes after the first round of leasing. So other deliveries that may end the process are
            // already known as accused.
            tokio::select! {
                () = tokio::time::sleep(POLL_INTERVAL) => {}
                _ = stopping.changed() => {}
            }
            self.attempt_waiting_suspects().await;
        }
    }

    async fn attempt_waiting_suspects(self: &Arc<Self>) {
        // Each suspect is attempted at most once in one call. So a suspect that cannot be attempted now, for example
        // because a secret cannot be decrypted, does not block the other suspects, and there is no busy loop.
        let mut seen = Vec::new();
        // A delivery that was in flight at a death, but is not a suspect yet, could end the process while a suspect is
        // in flight. So the suspects wait until no such attempt is in flight on this node.
        while !*self.stopping.borrow() && Arc::strong_count(&self.accused) == 1 {
            let leased = self.store.lease_suspect(self.clock.now(), self.slots.clone(), seen.clone()).await;
            let round = match leased {
                Ok(round) => round,
                Err(error) => return self.store_monitor.report("look for suspects", &error, self.clock.now()),
            };
            self.metrics.set_suspects(round.suspects);
            let Some(Suspect { leased, begin_at }) = round.next else { return };
            let (id, lease) = (leased.delivery_id, leased.lease);
            seen.push(id);
            if leased.deaths < MAX_DEATHS {
                slog::warn!(self.log, # "suspect.found", "the process died several times during attempts of this delivery; from now on, no other suspect is attempted at the same time; the delivery fails if the process dies {MAX_DEATHS} times in total";
                    "delivery" => id.to_string(), "webhook" => leased.destination.webhook_id.to_string(),
                    "account" => &*leased.destination.account, "deaths" => leased.deaths);
            }
            self.clock.sleep_until(begin_at).await;
            // In a task of its own, a panic of the attempt does not end this task.
            if let Err(error) = self.attempts.spawn(self.clone().deliver(leased)).await {
                slog::error!(self.log, # "suspect.panicked", "the attempt of a suspect panicked; the delivery is released and attempted again in a second; report this error to the developers";
                    "delivery" => id.to_string(), "error" => chain(&error));
                if let Err(error) = self.store.release_delivery(id, lease).await {
                    slog::error!(self.log, # "suspect.not_released", "cannot release a suspect; restart this node to release it"; "delivery" => id.to_string(), "error" => chain(&error));
                }
            }
        }
    }

    /// Records that a delivery failed because processes died during its attempts. Makes no attempt.
    pub(super) async fn abort(self: &Arc<Self>, leased: Leased, name: AttemptName) {
        let Leased { delivery_id, attempt: number, lane, lease, schedule_start, destination, deaths, slot, .. } = leased;
        // The webhook's health does not change, because no response is known.
        drop(slot);
        let outcome = Outcome::Aborted.as_str();
        slog::error!(self.log, # "delivery.aborted", "the delivery failed, because the process died during each of its last attempts; look for the cause in the log before each start, and make the delivery due again with redeliver or recoverDeliveries";
            name, "webhook" => destination.webhook_id.to_string(), "account" => &*destination.account,
            "outcome" => outcome, "deaths" => deaths);
        self.metrics.attempt_ended(outcome, Duration::ZERO, Next::Failed);
        let error = format!("the service ended unexpectedly during {deaths} attempts of this delivery; no response is known");
        let attempt = store::Attempt {
            number,
            started_at: self.clock.now(),
            duration_ms: 0,
            outcome: outcome.to_owned(),
            status_code: None,
            error: Some(error),
            response_body: None,
            truncated: false,
            facts: AttemptFacts::default(),
            exchange: None,
        };
        let policy = self.settings.policy;
        self.record(
            EndedAttempt { delivery_id, lane, lease, schedule_start, destination, attempt, next: Next::Failed, policy, hold_until: None },
            name,
        )
        .await;
    }
}
