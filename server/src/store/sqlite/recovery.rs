//! Making many deliveries of one webhook due again. This work is done in small steps.
//!
//! A step examines a limited number of rows. The limit includes the rows that the step does not recover. The step uses
//! an index of failed and cancelled deliveries. So it does not read succeeded deliveries or deliveries before `since`.

use super::selection::MATCHES;
use super::*;
use crate::api::types::OutcomeName;
use crate::store::RECOVERY_STEP;

pub(super) fn step(
    connection: &Connection,
    account: &Account,
    recovery: Recovery,
    cause: &Cause,
    now: DateTime<Utc>,
    incarnation: Uuid,
) -> rusqlite::Result<RecoveryStep> {
    let Some(webhook) = webhook_rows::get(connection, Some(account), recovery.webhook_id)? else { return Ok(RecoveryStep::NoSuchWebhook) };
    if webhook.deactivation.is_some() {
        return Ok(RecoveryStep::WebhookDeactivated);
    }
    // Cancelled deliveries are in the index only after their rows have the status `cancelled`. So this status is stored
    // first.
    if cancellations::cancel_step(connection, Some(webhook.id), now)? {
        return Ok(RecoveryStep::Prepared);
    }
    let start = (recovery.since, Uuid::nil());
    let after = recovery.after.map_or(start, |after| after.max(start));
    let examined: Vec<(Uuid, DateTime<Utc>, bool)> = connection
        .prepare_cached(&format!(
            "SELECT d.id, d.created_at, n.data IS NOT NULL AND {MATCHES}
             FROM deliveries d INDEXED BY deliveries_unsuccessful JOIN notifications n ON n.id = d.notification_id
             WHERE d.webhook_id = :webhook AND d.status IN (2, 3) AND (d.created_at, d.id) > (:time, :id) AND d.created_at < :until
             ORDER BY d.created_at, d.id LIMIT :limit"
        ))?
        .query_map(
            rusqlite::named_params! {
                ":webhook": Key(webhook.id),
                ":time": Millis(after.0),
                ":id": Key(after.1),
                ":until": Millis(recovery.until.unwrap_or(DateTime::<Utc>::MAX_UTC)),
                ":limit": RECOVERY_STEP,
                ":type": cause.event_type.as_ref().map(EventType::as_str),
                ":outcome": cause.outcome.as_ref().map(OutcomeName::as_str),
                ":status_code": cause.status_code,
            },
            |row| Ok((row.get::<_, Key>(0)?.0, row.get::<_, Millis>(1)?.0, row.get(2)?)),
        )?
        .collect::<rusqlite::Result<_>>()?;
    let recoverable = examined.iter().filter(|(_, _, has_payload)| *has_payload);
    let mut count = 0;
    let mut lane = None;
    for (id, _, _) in recoverable {
        count += 1;
        if !recovery.dry_run {
            lane = Some(redelivery::make_due(connection, *id, webhook.id, webhook.epoch, webhook.ordered, now, incarnation)?);
        }
    }
    if let Some(lane) = lane {
        ready::mark(connection, WorkItem { webhook_id: webhook.id, lane }, now)?;
    }
    let full = examined.len() == RECOVERY_STEP as usize;
    let next = examined.last().filter(|_| full).map(|(id, created_at, _)| (*created_at, *id));
    Ok(RecoveryStep::Recovered { count, next })
}
