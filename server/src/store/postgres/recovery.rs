//! Recovery: many deliveries of one webhook become due again, at most [`RECOVERY_STEP`] in each step.
//!
//! Each step examines a limited number of rows, so its cost is limited. Each step reads the table `unsuccessful`, which
//! contains only failed and cancelled deliveries. So a step reads no succeeded deliveries. It also reads no deliveries
//! before its start position.

use super::*;
use crate::api::types::OutcomeName;
use crate::store::RECOVERY_STEP;

/// Runs a step, and adds the number of its deliveries to the count of the recovery's event.
pub(super) async fn recorded_step(
    session: &Session,
    account: &Account,
    recovery: Recovery,
    cause: &Cause,
    now: DateTime<Utc>,
    event: &EventRow,
) -> SessionResult<RecoveryStep> {
    let step = step(session, account, recovery, cause, now).await?;
    if let count @ Some(_) = step.recovered(recovery.dry_run) {
        audit::insert(session, &[EventRow { count, ..event.clone() }]).await?;
    }
    Ok(step)
}

async fn step(session: &Session, account: &Account, recovery: Recovery, cause: &Cause, now: DateTime<Utc>) -> SessionResult<RecoveryStep> {
    let Some(webhook) = webhook_rows::get(session, Some(account), recovery.webhook_id).await? else {
        return Ok(RecoveryStep::NoSuchWebhook);
    };
    if webhook.deactivation.is_some() {
        return Ok(RecoveryStep::WebhookDeactivated);
    }
    // Deliveries that a deactivation has cancelled are in `unsuccessful` only after `cancel_step` has stored the status
    // `cancelled`. So the cancellation must be complete before the recovery.
    if cancellations::cancel_step(session, Some(webhook.id), now).await? {
        return Ok(RecoveryStep::Prepared);
    }
    let start = (recovery.since, Uuid::nil());
    let after = recovery.after.map_or(start, |after| after.max(start));
    let rows = session
        .query(
            &format!(
                "SELECT u.delivery_id, u.created_at, coalesce((
                     SELECT {} FROM deliveries d WHERE d.id = u.delivery_id), false)
                 FROM unsuccessful u
                 WHERE u.webhook_id = $1 AND (u.created_at, u.delivery_id) > ($2, $3) AND u.created_at < coalesce($4, 'infinity')
                 ORDER BY u.created_at, u.delivery_id LIMIT $5",
                selection::matches("$6", "$7", "$8")
            ),
            &[
                &webhook.id,
                &after.0,
                &after.1,
                &recovery.until,
                &i64::from(RECOVERY_STEP),
                &cause.event_type.as_ref().map(EventType::as_str),
                &cause.outcome.as_ref().map(OutcomeName::as_str),
                &cause.status_code.map(|code| i16::try_from(code).unwrap_or(i16::MAX)),
            ],
        )
        .await?;
    let examined: Vec<(Uuid, DateTime<Utc>, bool)> =
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))).collect::<SessionResult<_>>()?;
    let mut recoverable: Vec<Uuid> = examined.iter().filter(|(_, _, has_payload)| *has_payload).map(|(id, _, _)| *id).collect();
    if !recovery.dry_run && !recoverable.is_empty() {
        recoverable = recover(session, &webhook, recoverable, now).await?;
    }
    let count = u32::try_from(recoverable.len()).expect("no more deliveries than were examined");
    let is_full = examined.len() == RECOVERY_STEP as usize;
    let next = examined.last().filter(|_| is_full).map(|(id, created_at, _)| (*created_at, *id));
    Ok(RecoveryStep::Recovered { count, next })
}

/// Makes deliveries due again and returns their identifiers. Skips deliveries that were redelivered, removed or erased
/// after they were found.
async fn recover(session: &Session, webhook: &Webhook, recoverable: Vec<Uuid>, now: DateTime<Utc>) -> SessionResult<Vec<Uuid>> {
    if webhook.ordered {
        redelivery::lock_order(session, webhook.id).await?;
    }
    let in_flight = redelivery::lock(session, &recoverable).await?;
    let rows = session
        .query(
            "SELECT d.id FROM UNNEST($1) WITH ORDINALITY AS wanted (id, place)
             CROSS JOIN LATERAL (SELECT id, status, notification_id FROM deliveries WHERE id = wanted.id LIMIT 1) d
             WHERE d.status IN (2, 3) AND (SELECT n.data IS NOT NULL FROM notifications n WHERE n.id = d.notification_id)
             ORDER BY wanted.place",
            &[&recoverable],
        )
        .await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| Ok(row.try_get(0)?)).collect::<SessionResult<_>>()?;
    if !ids.is_empty() {
        let lane = redelivery::make_due(session, &ids, &in_flight, webhook.id, webhook.epoch, webhook.ordered, now).await?;
        ready::mark(session, &[(WorkItem { webhook_id: webhook.id, lane }, now)]).await?;
    }
    Ok(ids)
}
