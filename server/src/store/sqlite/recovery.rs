//! Making many deliveries of one webhook due again, a few at a time.
//!
//! What a step costs is bounded by the rows that it looks at, whether they are recovered or not, and it finds them by an
//! index that has none but failed and cancelled deliveries: neither what succeeded nor what lies before `since` is read.

use super::*;
use crate::store::RECOVERY_STEP;

pub(super) fn step(
    connection: &Connection,
    account: &Account,
    recovery: Recovery,
    now: DateTime<Utc>,
    incarnation: Uuid,
) -> rusqlite::Result<RecoveryStep> {
    let Some(webhook) = webhook_rows::get(connection, Some(account), recovery.webhook_id)? else { return Ok(RecoveryStep::NoSuchWebhook) };
    if webhook.deactivation.is_some() {
        return Ok(RecoveryStep::WebhookDeactivated);
    }
    // Only what is marked is in the index, and in order.
    if cancellations::carry_out_some(connection, Some(webhook.id), now)? {
        return Ok(RecoveryStep::Prepared);
    }
    let start = (recovery.since, Uuid::nil());
    let after = recovery.after.map_or(start, |after| after.max(start));
    let looked_at: Vec<(Uuid, DateTime<Utc>, bool)> = connection
        .prepare_cached(
            "SELECT d.id, d.created_at, n.data IS NOT NULL
             FROM deliveries d INDEXED BY deliveries_unsuccessful JOIN notifications n ON n.id = d.notification_id
             WHERE d.webhook_id = ?1 AND d.status IN (2, 3) AND (d.created_at, d.id) > (?2, ?3) AND d.created_at < ?4
             ORDER BY d.created_at, d.id LIMIT ?5",
        )?
        .query_map(
            (Key(webhook.id), Millis(after.0), Key(after.1), Millis(recovery.until.unwrap_or(DateTime::<Utc>::MAX_UTC)), RECOVERY_STEP),
            |row| Ok((row.get::<_, Key>(0)?.0, row.get::<_, Millis>(1)?.0, row.get(2)?)),
        )?
        .collect::<rusqlite::Result<_>>()?;
    let recoverable = looked_at.iter().filter(|(_, _, has_payload)| *has_payload);
    let mut count = 0;
    let mut lane = None;
    for (id, _, _) in recoverable {
        count += 1;
        if !recovery.dry_run {
            lane = Some(redelivery::make_due(connection, *id, webhook.id, webhook.epoch, webhook.ordered, now, incarnation)?);
        }
    }
    if let Some(lane) = lane {
        ready::mark(connection, Work { webhook_id: webhook.id, lane }, now)?;
    }
    let full = looked_at.len() == RECOVERY_STEP as usize;
    let next = looked_at.last().filter(|_| full).map(|(id, created_at, _)| (*created_at, *id));
    Ok(RecoveryStep::Recovered { count, next })
}
