//! Attempts the *suspects*: deliveries during whose attempts several processes died.
//!
//! Any attempt that is in flight when a process dies gets a higher count, also the attempts of innocent deliveries. So
//! a suspect is not failed at once. It is attempted alone: no other suspect is in flight, on any node. Nothing of the
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
        let mut last = None;
        // A delivery that was in flight at a death, but is not a suspect yet, could end the process while a suspect is
        // in flight. So the suspects wait until no such attempt is in flight on this node.
        while !*self.stopping.borrow() && Arc::strong_count(&self.accused) == 1 {
            let round = match self.store.lease_suspect(self.clock.now(), self.slots.clone()).await {
                Ok(round) => round,
                Err(error) => {
                    slog::error!(self.log, "cannot look for suspects; trying again in a second"; "error" => chain(&error));
                    return;
                }
            };
            self.metrics.set_suspects(round.suspects);
            let Some(Suspect { leased, begin_at }) = round.next else { return };
            let id = leased.delivery_id;
            if leased.deaths < MAX_DEATHS {
                slog::warn!(self.log, "the process died several times during attempts of this delivery; now the delivery is attempted alone, and it fails after {MAX_DEATHS} deaths";
                    "delivery" => id.to_string(), "webhook" => leased.destination.webhook_id.to_string(),
                    "account" => &*leased.destination.account, "deaths" => leased.deaths);
            }
            self.clock.sleep_until(begin_at).await;
            self.clone().deliver(leased).await;
            // A suspect that was released is leased again. The pause prevents a busy loop.
            if last.replace(id) == Some(id) {
                return;
            }
        }
    }

    /// Records that a delivery failed because processes died during its attempts. Makes no attempt.
    pub(super) async fn abort(self: &Arc<Self>, leased: Leased, name: AttemptName) {
        let Leased { delivery_id, attempt: number, lane, lease, destination, deaths, slot, .. } = leased;
        // The webhook's health does not change, because no response is known.
        drop(slot);
        let outcome = Outcome::Aborted.as_str();
        slog::error!(self.log, "the delivery failed, because the process died during each of its last attempts; look for the cause in the log before each start, and make the delivery due again with redeliver or recoverDeliveries";
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
        };
        let policy = self.settings.policy;
        self.record(EndedAttempt { delivery_id, lane, lease, destination, attempt, next: Next::Failed, policy }, name).await;
    }
}
