//! Attempts of leased deliveries.

use chrono::SubsecRound as _;

use super::target::Target;
use super::*;

/// A webhook with its decrypted secrets.
type Opened = (Arc<Destination>, Arc<Target>);

impl Engine {
    /// Makes one attempt of a leased delivery and records its outcome.
    pub(super) async fn deliver(self: Arc<Self>, leased: Leased) {
        let name = AttemptName { delivery: leased.delivery_id, number: leased.attempt };
        if *self.stopping.borrow() {
            return self.release(leased, name).await;
        }
        if !self.store.holds(leased.lease) {
            // Another node may have leased the delivery by now.
            return self.release_after_pause(leased, name).await;
        }
        if leased.deaths >= store::MAX_DEATHS {
            return self.abort(leased, name).await;
        }
        let _accused = (leased.deaths > 0 && !leased.is_suspect()).then(|| self.accused.clone());
        let destination = match self.current_destination(&leased).await {
            Ok(Some(destination)) => destination,
            Ok(None) => return self.release(leased, name).await,
            Err(error) => return self.release_unread(leased, name, &error).await,
        };
        // The slot counts against the previous hosts. The released delivery is leased again with the current hosts.
        if destination.hosts != leased.destination.hosts {
            return self.release(leased, name).await;
        }
        let (destination, target) = match self.open(destination, &leased).await {
            Ok(Ok(Some(opened))) => opened,
            Ok(Ok(None)) => return self.release(leased, name).await,
            Ok(Err(error)) => {
                // The receiver did not cause this error, so no attempt is counted.
                self.report_undecryptable(&leased.destination, &*error);
                self.slots.defer(leased.destination.webhook_id, self.clock.now() + MAX_PAUSE);
                return self.release(leased, name).await;
            }
            Err(error) => return self.release_unread(leased, name, &error).await,
        };
        let call = Call {
            notification_id: leased.notification.id,
            body: leased.notification.body.to(destination.webhook_id),
            trace: leased.notification.trace.clone(),
            timeout: self.settings.attempt_timeout,
            discards_response: leased.is_suspect(),
            is_test: false,
        };
        let started_at = self.clock.now();
        self.metrics.attempt_begins(leased.lane, started_at - leased.due_at);
        let sent = tokio::select! {
            sent = attempt::send(&self.guard, &target, call, started_at) => sent,
            () = self.cut_off.cancelled() => return self.release(leased, name).await,
        };
        let sent = match sent {
            Ok(sent) => sent,
            // The next call of `try_take` lets the work wait for the address.
            Err(NotMade::HostLimit(_)) => return self.release(leased, name).await,
            Err(error) => {
                self.metrics.attempt_not_made();
                if let Some(omitted) = self.lines.not_made.sample((), self.clock.now()) {
                    slog::error!(self.log, # "attempt.not_made", "an attempt could not be made and is not counted; the delivery is released in a second";
                        name, "webhook" => destination.webhook_id.to_string(), "account" => &*destination.account,
                        "error" => chain(&error), "omitted" => omitted);
                }
                return self.release_after_pause(leased, name).await;
            }
        };
        let now = self.clock.now();
        let next = self.next(&sent, leased.attempt.saturating_sub(leased.schedule_start), now, random_fraction());
        self.metrics.attempt_ended(sent.outcome.as_str(), sent.duration, next);
        self.log_attempt(&leased, &target.url, &sent, next, now);
        self.send_spans(&leased, &target.url, &sent, next, now);
        let Leased { delivery_id, attempt, lane, lease, schedule_start, notification, mut slot, .. } = leased;
        // Frees the slot: another attempt may start while this attempt is recorded.
        slot.set_reached(sent.reached());
        let hold_until = sent.retry_after.map(|retry_after| retry_after.time(now).trunc_subsecs(3));
        slot.set_hold(hold_until);
        let (_unrecorded, health) = slot.end(sent.accepted(), now);
        if let Some(change) = health {
            self.log_health(&destination, change, now);
        }
        drop(notification);
        let attempt = sent.into_record(attempt);
        let policy = self.settings.policy;
        self.record(EndedAttempt { delivery_id, lane, lease, schedule_start, destination, attempt, next, policy, hold_until }, name).await;
    }

    async fn release_unread(&self, leased: Leased, name: AttemptName, error: &store::Error) {
        self.store_monitor.report("read a webhook again", error, self.clock.now());
        self.release_after_pause(leased, name).await;
    }

    /// Decrypts the secrets of a webhook. If this fails, reads the webhook again: after a rotation of the master key, the
    /// data in memory may still be encrypted with the old key. Returns `None` if the delivery must be leased again.
    async fn open(&self, destination: Arc<Destination>, leased: &Leased) -> store::Result<anyhow::Result<Option<Opened>>> {
        if let Ok(target) = self.targets.get(&destination) {
            return Ok(Ok(Some((destination, target))));
        }
        let current = self.store.current_destination(destination.webhook_id).await?;
        let Some(current) = current.filter(|current| current.epoch == destination.epoch) else { return Ok(Ok(None)) };
        let opened = self.targets.get(&current).map(|target| (Arc::new(current), target));
        Ok(opened.map(|opened| Some(opened).filter(|(current, _)| current.hosts == leased.destination.hosts)))
    }

    /// Logs that the secrets of a webhook cannot be decrypted, once for each revision.
    pub(super) fn report_undecryptable(&self, destination: &Destination, error: &(dyn std::error::Error + 'static)) {
        if self.targets.is_new_failure(destination) {
            slog::error!(self.log, # "webhook.undecryptable", "cannot decrypt the webhook's secrets, so nothing is sent to it; its deliveries wait, and one is tried every 30 s; \
                find out who has changed its row in the database, or let its owner update `targetURL`, `auth` and `headers` and rotate the signing secret";
                "webhook" => destination.webhook_id.to_string(), "account" => &*destination.account, "error" => chain(error));
        }
    }

    /// Returns the current destination, or `None` if the delivery must not be sent any more.
    async fn current_destination(&self, leased: &Leased) -> store::Result<Option<Arc<Destination>>> {
        if self.deleted(leased.notification.id) {
            return Ok(None);
        }
        if !self.outdated(&leased.destination) {
            return Ok(Some(leased.destination.clone()));
        }
        let current = self.store.current_destination(leased.destination.webhook_id).await?;
        Ok(current.filter(|current| current.epoch == leased.destination.epoch).map(Arc::new))
    }

    /// Returns what happens to the delivery after an attempt. `attempts_made` counts the attempts of the current retry
    /// schedule. `random` is in `0.0..1.0` and gives the jitter of retries.
    fn next(&self, sent: &Sent, attempts_made: u32, now: DateTime<Utc>, random: f64) -> Next {
        if sent.accepted() {
            return Next::Succeeded;
        }
        if sent.response_class == Some(ResponseClass::Gone) {
            return Next::Gone;
        }
        match self.settings.retry_schedule.next(attempts_made, now, sent.retry_after, random) {
            Some(due_at) => Next::RetryAt(due_at),
            None => Next::Failed,
        }
    }
}
