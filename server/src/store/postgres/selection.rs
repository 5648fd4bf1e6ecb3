//! Changing many deliveries of one webhook, at most [`RECOVERY_STEP`] in each step. Each step examines a limited number of
//! rows.

use super::*;
use crate::api::types::OutcomeName;
use crate::store::RECOVERY_STEP;

/// Returns the condition that the notification of the delivery `d` is not deleted, and that the delivery has this cause.
/// The arguments are parameters, which are null if they select all. Each subquery returns at most one row, so the planner
/// cannot read a whole table.
pub(super) fn matches(event_type: &str, outcome: &str, status_code: &str) -> String {
    format!(
        "((SELECT n.data IS NOT NULL AND ({event_type} IS NULL OR n.type = {event_type}) FROM notifications n WHERE n.id = d.notification_id)
          AND ({outcome} IS NULL AND {status_code} IS NULL OR (
              SELECT ({outcome} IS NULL OR a.outcome = {outcome}) AND ({status_code} IS NULL OR a.status_code = {status_code})
              FROM attempts a WHERE a.delivery_id = d.id AND a.number = d.attempt_count))) IS TRUE"
    )
}

/// Runs a step, and adds the number of its deliveries to the count of the event.
pub(super) async fn recorded_step(
    session: &Session,
    webhook: Option<Webhook>,
    selection: &Selection,
    after: Option<Uuid>,
    now: DateTime<Utc>,
    event: &EventRow,
) -> SessionResult<SelectionStep> {
    let Some(webhook) = webhook else { return Ok(SelectionStep::NoSuchWebhook) };
    let step = match (webhook.deactivation.is_some(), selection.change) {
        (true, BulkChange::Redeliver) => return Ok(SelectionStep::WebhookDeactivated),
        // The pending deliveries of a deactivated webhook are cancelled already.
        (true, BulkChange::Cancel) => SelectionStep::Changed { count: 0, next: None },
        (false, _) => step(session, &webhook, selection, after, now).await?,
    };
    if let count @ Some(_) = step.changed(selection.dry_run) {
        audit::insert(session, &[EventRow { count, ..event.clone() }]).await?;
    }
    Ok(step)
}

async fn step(
    session: &Session,
    webhook: &Webhook,
    selection: &Selection,
    after: Option<Uuid>,
    now: DateTime<Utc>,
) -> SessionResult<SelectionStep> {
    let Selection { change, since, until, cause, dry_run } = selection;
    let rows = session
        .query(
            &format!(
                "SELECT d.id, d.created_at,
                     d.created_at >= $4 AND d.created_at < coalesce($5, 'infinity') AND ($6 OR d.status = 0 AND d.epoch = $7) AND {}
                 FROM deliveries d WHERE (d.webhook_id, d.id) > ($1, $2) AND d.webhook_id <= $1
                 ORDER BY d.webhook_id, d.id LIMIT $3",
                matches("$8", "$9", "$10")
            ),
            &[
                &webhook.id,
                &after.unwrap_or_else(|| selection.first_position()),
                &i64::from(RECOVERY_STEP),
                since,
                until,
                &(*change == BulkChange::Redeliver),
                &int(webhook.epoch),
                &cause.event_type.as_ref().map(EventType::as_str),
                &cause.outcome.as_ref().map(OutcomeName::as_str),
                &cause.status_code.map(|code| i16::try_from(code).unwrap_or(i16::MAX)),
            ],
        )
        .await?;
    let mut selected: Vec<Uuid> = Vec::new();
    for row in &rows {
        if row.try_get(2)? {
            selected.push(row.try_get(0)?);
        }
    }
    let last = rows.last().map(|row| SessionResult::Ok((row.try_get(0)?, row.try_get(1)?))).transpose()?;
    let count = match change {
        _ if *dry_run || selected.is_empty() => selected.len(),
        BulkChange::Redeliver => redeliver(session, webhook, &selected, now).await?,
        BulkChange::Cancel => {
            lock_order_if_needed(session, webhook, &selected).await?;
            redelivery::lock(session, &selected).await?;
            erasure::cancel(session, selected, now).await?
        }
    };
    let count = u32::try_from(count).expect("no more deliveries than were examined");
    Ok(SelectionStep::Changed { count, next: selection.next(rows.len(), last) })
}

/// A delivery can wait in order although the webhook is not ordered any more.
async fn lock_order_if_needed(session: &Session, webhook: &Webhook, ids: &[Uuid]) -> SessionResult<()> {
    let in_order = "SELECT coalesce(bool_or(sequence IS NOT NULL), false) FROM pending WHERE delivery_id = ANY($1)";
    if webhook.ordered || session.query_one(in_order, &[&ids.to_vec()]).await?.try_get(0)? {
        redelivery::lock_order(session, webhook.id).await?;
    }
    Ok(())
}

/// Makes deliveries due now. Skips deliveries that were removed or erased after they were found. Returns their number.
async fn redeliver(session: &Session, webhook: &Webhook, ids: &[Uuid], now: DateTime<Utc>) -> SessionResult<usize> {
    lock_order_if_needed(session, webhook, ids).await?;
    let in_flight = redelivery::lock(session, ids).await?;
    let rows = session
        .query(
            "SELECT d.id, d.status = 0 AND d.epoch = $2 FROM UNNEST($1) WITH ORDINALITY AS wanted (id, place)
             CROSS JOIN LATERAL (SELECT id, status, epoch, notification_id FROM deliveries WHERE id = wanted.id LIMIT 1) d
             WHERE (SELECT n.data IS NOT NULL FROM notifications n WHERE n.id = d.notification_id)
             ORDER BY wanted.place",
            &[&ids.to_vec(), &int(webhook.epoch)],
        )
        .await?;
    let (mut pending, mut ended): (Vec<Uuid>, Vec<Uuid>) = (Vec::new(), Vec::new());
    for row in &rows {
        if row.try_get(1)? { &mut pending } else { &mut ended }.push(row.try_get(0)?);
    }
    let mut due = Vec::new();
    if !pending.is_empty() {
        due.extend(redelivery::bring_forward(session, &pending, &in_flight, now).await?);
    }
    if !ended.is_empty() {
        let lane = redelivery::make_due(session, &ended, &in_flight, webhook.id, webhook.epoch, webhook.ordered, now).await?;
        due.push((lane, now));
    }
    let marks: Vec<_> = due.into_iter().map(|(lane, due_at)| (WorkItem { webhook_id: webhook.id, lane }, due_at)).collect();
    ready::mark(session, &marks).await?;
    Ok(rows.len())
}
