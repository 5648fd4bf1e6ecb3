//! Recording the result of an attempt.

use super::*;
use crate::store::shared::statistics::CountedOutcome;

impl LeaseTransaction<'_> {
    pub(super) fn finish(&self, finish: &EndedAttempt) -> rusqlite::Result<FinishedAttempt> {
        let (mut finished, lane_now) = self.record(finish)?;
        // A redelivery during the attempt may have moved the delivery to the lane `ordered`, or from there to another
        // lane.
        if (finish.lane == Lane::Ordered || lane_now == Some(Lane::Ordered))
            && finished.deactivated.is_none()
            && let Some(destination) = self.cache.destination(self.connection, finish.destination.webhook_id)?
        {
            let work = WorkItem { webhook_id: destination.webhook_id, lane: Lane::Ordered };
            finished.next = self.lease_of_webhook(&destination, work, 1)?.pop();
        }
        Ok(finished)
    }

    /// Records the attempt. Returns the effects of the attempt. Also returns the current lane of the delivery if the
    /// row of the delivery was updated.
    fn record(&self, finish: &EndedAttempt) -> rusqlite::Result<(FinishedAttempt, Option<Lane>)> {
        let connection = self.connection;
        let delivery = Key(finish.delivery_id);
        let attempt = &finish.attempt;
        let erased = attempt.has_texts() && erasure::is_notification_deleted(connection, finish.delivery_id)?;
        let inserted = connection
            .prepare_cached(
                "INSERT OR IGNORE INTO attempts
                     (delivery_id, number, started_at, duration_ms, outcome, status_code, error, response_body, truncated, facts, exchange)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            )?
            .execute((
                &delivery,
                attempt.number,
                Millis(attempt.started_at),
                attempt.duration_ms,
                &attempt.outcome,
                attempt.status_code,
                &attempt.error,
                attempt.response_body.as_ref().filter(|_| !erased),
                attempt.truncated,
                attempt.stored_facts(),
                attempt.stored_exchange().filter(|_| !erased),
            ))?;

        if finish.next == Next::Succeeded {
            // The same success may be reported twice. The second report does not end a redelivery that was requested
            // after the first report.
            let lane = connection
                .prepare_cached(
                    "UPDATE deliveries SET status = 1, attempt_count = max(attempt_count, ?2), leased_by = NULL, deaths = 0, due_at = ?4
                     WHERE id = ?1 AND (?3 OR schedule_start < ?2) RETURNING lane",
                )?
                .query_row((&delivery, attempt.number, inserted == 1, Millis(self.now)), |row| row.get(0))
                .optional()?;
            let recovered = self.end_failures(finish)?;
            if inserted == 1 {
                self.cache.counter.add(CountedOutcome::of(finish, false, self.now));
            }
            return Ok((FinishedAttempt { recovered, ..FinishedAttempt::default() }, lane));
        }

        // If the delivery was cancelled during the attempt, it stays cancelled, but the attempt is counted.
        let destination = &finish.destination;
        let live = self.cache.destination(connection, destination.webhook_id)?.filter(|current| current.epoch == destination.epoch);
        if let Some(until) = finish.hold_until.filter(|_| live.is_some()) {
            holds::store(connection, destination.webhook_id, until, self.now)?;
        }
        let (status, due_at) = match finish.next {
            Next::RetryAt(due_at) if live.is_some() => (0, due_at),
            Next::RetryAt(_) => (3, self.now),
            Next::Failed | Next::Gone | Next::Succeeded => (2, self.now),
        };
        let lane = if finish.lane == Lane::Ordered { Lane::Ordered } else { Lane::Retry };
        // If the retry schedule starts after this attempt, a redelivery was requested during the attempt. In that case,
        // the schedule does not change.
        let still_due = connection
            .prepare_cached(
                "UPDATE deliveries SET attempt_count = ?2, leased_by = NULL, deaths = 0,
                     status = iif(status = 0 AND schedule_start < ?2, ?3, status),
                     lane = iif(schedule_start < ?2, ?5, lane),
                     due_at = iif(schedule_start < ?2, ?4, due_at)
                 WHERE id = ?1 AND attempt_count = ?2 - 1 AND status <> 1 RETURNING status, due_at, lane",
            )?
            .query_row((&delivery, attempt.number, status, Millis(due_at), lane), |row| {
                Ok((row.get::<_, u8>(0)?, row.get::<_, Millis>(1)?.0, row.get(2)?))
            })
            .optional()?;
        if inserted == 1 {
            let failed = matches!(still_due, Some((2, ..)));
            self.cache.counter.add(CountedOutcome::of(finish, failed, self.now));
        }
        if let Some((0, due_at, lane)) = still_due {
            ready::mark(connection, WorkItem { webhook_id: destination.webhook_id, lane }, due_at)?;
        }
        let lane_now = still_due.map(|(_, _, lane)| lane);

        // The webhook is deactivated only if it still has the target URL of the attempt.
        let Some(current) = live.filter(|current| current.target_url == destination.target_url) else {
            return Ok((FinishedAttempt::default(), lane_now));
        };
        let at = attempt.ended_at(self.now);
        let cause = if finish.next == Next::Gone {
            deactivation::deactivate(connection, self.cache, &destination.account, destination.webhook_id, REASON_GONE, at)?;
            Some(DeactivationCause::Gone)
        } else if inserted == 1 {
            deactivation::count_failure(connection, self.cache, &current, finish.policy, at)?.map(DeactivationCause::Failing)
        } else {
            None
        };
        let Some(cause) = cause else { return Ok((FinishedAttempt::default(), lane_now)) };
        let deactivated = Some(Deactivated { revision: current.revision + 1, cause });
        let event = AuditEvent::of_service(DEACTIVATED, &destination.account, destination.webhook_id, cause.reason(), at);
        audit::insert(connection, &EventRow::from(&event))?;
        Ok((FinishedAttempt { deactivated, event: Some(event), ..FinishedAttempt::default() }, lane_now))
    }

    /// Resets the failures of a webhook after a success. If the account was warned about them, publishes that the webhook
    /// has recovered, and returns true.
    fn end_failures(&self, finish: &EndedAttempt) -> rusqlite::Result<bool> {
        let destination = &finish.destination;
        let Some(failures) = failures::remove(self.connection, self.cache, destination.webhook_id)? else { return Ok(false) };
        let at = finish.attempt.ended_at(self.now);
        let event = shared::failures::recovered(destination, failures, at);
        operational::publish(self.connection, self.cache, &destination.account, &event, at)?;
        Ok(true)
    }
}
