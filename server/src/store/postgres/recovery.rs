//! Making many deliveries of one webhook due again, some hundreds at a time.
//!
//! What a step costs is bounded by the rows that it looks at, whether they are recovered or not, and it finds them in a table
//! that has none but failed and cancelled deliveries: neither what succeeded nor what lies before `since` is read.

use super::*;
use crate::store::RECOVERY_STEP;

pub(super) async fn step(session: &Session, account: &Account, recovery: Recovery, now: DateTime<Utc>) -> Answer<RecoveryStep> {
    let Some(webhook) = webhook_rows::get(session, Some(account), recovery.webhook_id).await? else {
        return Ok(RecoveryStep::NoSuchWebhook);
    };
    if webhook.deactivation.is_some() {
        return Ok(RecoveryStep::WebhookDeactivated);
    }
    // Only what is marked is in the table.
    if cancellations::carry_out(session, Some(webhook.id), now).await? {
        return Ok(RecoveryStep::Prepared);
    }
    let start = (recovery.since, Uuid::nil());
    let after = recovery.after.map_or(start, |after| after.max(start));
    let rows = session
        .query(
            "SELECT u.delivery_id, u.created_at, coalesce((
                 SELECT n.data IS NOT NULL FROM deliveries d JOIN notifications n ON n.id = d.notification_id WHERE d.id = u.delivery_id), false)
             FROM unsuccessful u
             WHERE u.webhook_id = $1 AND (u.created_at, u.delivery_id) > ($2, $3) AND u.created_at < coalesce($4, 'infinity')
             ORDER BY u.created_at, u.delivery_id LIMIT $5",
            &[&webhook.id, &after.0, &after.1, &recovery.until, &i64::from(RECOVERY_STEP)],
        )
        .await?;
    let looked_at: Vec<(Uuid, DateTime<Utc>, bool)> =
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))).collect::<Answer<_>>()?;
    let mut recoverable: Vec<Uuid> = looked_at.iter().filter(|(_, _, has_payload)| *has_payload).map(|(id, _, _)| *id).collect();
    if !recovery.dry_run && !recoverable.is_empty() {
        recoverable = recover(session, &webhook, recoverable, now).await?;
    }
    let count = u32::try_from(recoverable.len()).expect("no more than were looked at");
    let full = looked_at.len() == RECOVERY_STEP as usize;
    let next = looked_at.last().filter(|_| full).map(|(id, created_at, _)| (*created_at, *id));
    Ok(RecoveryStep::Recovered { count, next })
}

/// Answers those that are due again: others may have been redelivered or deleted since they were looked at.
async fn recover(session: &Session, webhook: &Webhook, recoverable: Vec<Uuid>, now: DateTime<Utc>) -> Answer<Vec<Uuid>> {
    if webhook.ordered {
        redelivery::hold_order(session, webhook.id).await?;
    }
    let under_way = redelivery::hold(session, &recoverable).await?;
    let still = session
        .query(
            "SELECT d.id FROM UNNEST($1) WITH ORDINALITY AS wanted (id, place)
             CROSS JOIN LATERAL (SELECT id, status, notification_id FROM deliveries WHERE id = wanted.id LIMIT 1) d
             WHERE d.status IN (2, 3) AND (SELECT n.data IS NOT NULL FROM notifications n WHERE n.id = d.notification_id)
             ORDER BY wanted.place",
            &[&recoverable],
        )
        .await?;
    let ids: Vec<Uuid> = still.iter().map(|row| Ok(row.try_get(0)?)).collect::<Answer<_>>()?;
    if !ids.is_empty() {
        let lane = redelivery::make_due(session, &ids, &under_way, webhook.id, webhook.epoch, webhook.ordered, now).await?;
        ready::mark(session, &[(Work { webhook_id: webhook.id, lane }, now)]).await?;
    }
    Ok(ids)
}
