//! One attempt of a leased delivery.

use super::*;

impl Engine {
    /// One attempt of a leased delivery, from its start to its record.
    pub(super) async fn deliver(self: Arc<Self>, leased: Leased) {
        let name = AttemptName { delivery: leased.delivery_id, number: leased.attempt };
        if *self.stopping.borrow() {
            return self.release(leased, name).await;
        }
        if !self.store.holds(leased.lease) {
            // It may be another's by now.
            return self.release_soon(leased, name).await;
        }
        let destination = match self.destination_now(&leased).await {
            Ok(Some(destination)) => destination,
            Ok(None) => return self.release(leased, name).await,
            Err(error) => {
                slog::error!(self.log, "cannot read the webhook again; the delivery goes back in a second"; name, "error" => chain(&error));
                return self.release_soon(leased, name).await;
            }
        };
        let target = match self.targets.get(&destination) {
            Ok(target) => target,
            Err(error) => {
                // Ours, not the receiver's: it costs no attempt. The key is checked at start, so the row is damaged.
                slog::error!(self.log, "cannot open the webhook's secrets, which an update of it can replace; its deliveries wait, and one is tried every 30 s";
                    name, "webhook" => destination.webhook_id.to_string(), "error" => chain(&*error));
                self.slots.put_off(destination.webhook_id, self.clock.now() + LONGEST_PAUSE);
                return self.release(leased, name).await;
            }
        };
        let call = Call {
            notification_id: leased.notification.id,
            body: leased.notification.body.to(destination.webhook_id),
            trace: leased.notification.trace.clone(),
            deadline: tokio::time::Instant::now() + self.settings.attempt_timeout,
        };
        let started_at = self.clock.now();
        self.metrics.attempt_begins(leased.lane, started_at - leased.due_at);
        let sent = tokio::select! {
            sent = attempt::send(&self.guard, &target, call, started_at) => sent,
            () = self.cut_off.cancelled() => return self.release(leased, name).await,
        };
        let sent = match sent {
            Ok(sent) => sent,
            Err(error) => {
                self.metrics.attempt_not_made();
                slog::error!(self.log, "an attempt could not be made, and costs the receiver none; the delivery goes back in a second"; name, "error" => chain(&error));
                return self.release_soon(leased, name).await;
            }
        };
        let now = self.clock.now();
        let next = self.next(&sent, leased.attempt.saturating_sub(leased.schedule_start), now, random_fraction());
        self.metrics.attempt_ended(sent.outcome.as_str(), sent.duration, next);
        if sent.accepted() {
            // What is as it should be is told only to those who look closely.
            slog::debug!(self.log, "attempt ended"; name, &sent);
        } else {
            slog::info!(self.log, "attempt ended"; name, &sent, "next" => ?next);
        }
        let Leased { delivery_id, attempt, lane, lease, notification, slot, .. } = leased;
        // Another may go while this one is recorded.
        let _unrecorded = slot.end(sent.accepted(), now);
        drop(notification);
        let attempt = sent.into_record(attempt);
        let patience = self.settings.patience;
        self.record(Finish { delivery_id, lane, lease, destination, attempt, next, patience }, name).await;
    }

    /// The destination as it is now, unless the one that was leased still holds. None when nothing is to be sent there.
    async fn destination_now(&self, leased: &Leased) -> store::Result<Option<Arc<Destination>>> {
        if self.deleted(leased.notification.id) {
            return Ok(None);
        }
        if !self.outdated(&leased.destination) {
            return Ok(Some(leased.destination.clone()));
        }
        let current = self.store.current_destination(leased.destination.webhook_id).await?;
        Ok(current.filter(|current| current.epoch == leased.destination.epoch).map(Arc::new))
    }

    /// `attempts_made` are those of the present schedule. `random` is from 0 up to 1, and spreads retries.
    fn next(&self, sent: &Sent, attempts_made: u32, now: DateTime<Utc>, random: f64) -> Next {
        if sent.accepted() {
            return Next::Succeeded;
        }
        if sent.answer == Some(Answer::Gone) {
            return Next::Gone;
        }
        match self.settings.retry_schedule.next(attempts_made, now, sent.retry_after, random) {
            Some(due_at) => Next::RetryAt(due_at),
            None => Next::Failed,
        }
    }
}
