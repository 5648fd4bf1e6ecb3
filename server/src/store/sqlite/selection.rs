//! Changing many deliveries of one webhook. This work is done in small steps, and each step examines a limited number of
//! rows.

use super::audit::audited;
use super::*;
use crate::api::types::OutcomeName;
use crate::store::RECOVERY_STEP;

/// The condition that the delivery `d` of the notification `n` has this cause. The parameters are null if they select all.
pub(super) const MATCHES: &str = "(:type IS NULL OR n.type = :type)
     AND (:outcome IS NULL AND :status_code IS NULL OR (
         SELECT (:outcome IS NULL OR a.outcome = :outcome) AND (:status_code IS NULL OR a.status_code = :status_code)
         FROM attempts a WHERE a.delivery_id = d.id AND a.number = d.attempt_count) IS TRUE)";

/// A delivery that a step has examined.
struct Examined {
    id: Uuid,
    created_at: DateTime<Utc>,
    is_selected: bool,
    is_pending: bool,
    due_at: DateTime<Utc>,
    lane: Lane,
    /// Whether the next delivery of an ordered webhook can be leased after the cancellation of this one.
    blocks_next: bool,
}

/// Runs a step, and adds the number of its deliveries to the count of the event.
pub(super) fn recorded_step(
    connection: &Connection,
    account: &Account,
    selection: &Selection,
    start: SelectionStart,
    now: DateTime<Utc>,
    incarnation: Uuid,
    event: &EventRow,
) -> rusqlite::Result<SelectionStep> {
    let step = step(connection, account, selection, start, now, incarnation)?;
    let event = EventRow { count: step.changed(selection.dry_run), ..event.clone() };
    audited(connection, &event, step, |_| event.count.is_some())
}

pub(super) fn step(
    connection: &Connection,
    account: &Account,
    selection: &Selection,
    start: SelectionStart,
    now: DateTime<Utc>,
    incarnation: Uuid,
) -> rusqlite::Result<SelectionStep> {
    let Some(webhook) = webhook_rows::get(connection, Some(account), start.webhook_id)? else { return Ok(SelectionStep::NoSuchWebhook) };
    if webhook.deactivation.is_some() {
        // The pending deliveries of a deactivated webhook are cancelled already.
        let is_cancellation = selection.change == BulkChange::Cancel;
        return Ok(if is_cancellation { SelectionStep::Changed { count: 0, next: None } } else { SelectionStep::WebhookDeactivated });
    }
    let examined = examine(connection, &webhook, selection, start.after, incarnation)?;
    let selected: Vec<&Examined> = examined.iter().filter(|delivery| delivery.is_selected).collect();
    if !selection.dry_run {
        match selection.change {
            BulkChange::Redeliver => redeliver(connection, &webhook, &selected, now, incarnation)?,
            BulkChange::Cancel => cancel(connection, webhook.id, &selected, now)?,
        }
    }
    let count = u32::try_from(selected.len()).expect("a step examines some hundreds of deliveries");
    let next = selection.next(examined.len(), examined.last().map(|last| (last.id, last.created_at)));
    Ok(SelectionStep::Changed { count, next })
}

fn examine(
    connection: &Connection,
    webhook: &Webhook,
    selection: &Selection,
    after: Option<Uuid>,
    incarnation: Uuid,
) -> rusqlite::Result<Vec<Examined>> {
    let status = match selection.change {
        BulkChange::Redeliver => "1",
        BulkChange::Cancel => "d.status = 0 AND d.epoch = :epoch",
    };
    connection
        .prepare_cached(&format!(
            "SELECT d.id, d.created_at, d.created_at >= :since AND d.created_at < :until AND {status} AND n.data IS NOT NULL AND {MATCHES},
                    d.status = 0 AND d.epoch = :epoch, d.due_at, d.lane, d.sequence IS NOT NULL AND d.leased_by IS NOT :incarnation
             FROM deliveries d INDEXED BY deliveries_of_webhook JOIN notifications n ON n.id = d.notification_id
             WHERE d.webhook_id = :webhook AND d.id > :after ORDER BY d.id LIMIT :limit"
        ))?
        .query_map(
            rusqlite::named_params! {
                ":webhook": Key(webhook.id),
                ":epoch": webhook.epoch,
                ":after": Key(after.unwrap_or_else(|| selection.first_position())),
                ":since": Millis(selection.since),
                ":until": Millis(selection.until.unwrap_or(DateTime::<Utc>::MAX_UTC)),
                ":incarnation": Key(incarnation),
                ":limit": RECOVERY_STEP,
                ":type": selection.cause.event_type.as_ref().map(EventType::as_str),
                ":outcome": selection.cause.outcome.as_ref().map(OutcomeName::as_str),
                ":status_code": selection.cause.status_code,
            },
            |row| {
                Ok(Examined {
                    id: row.get::<_, Key>(0)?.0,
                    created_at: row.get::<_, Millis>(1)?.0,
                    is_selected: row.get(2)?,
                    is_pending: row.get(3)?,
                    due_at: row.get::<_, Millis>(4)?.0,
                    lane: row.get(5)?,
                    blocks_next: row.get(6)?,
                })
            },
        )?
        .collect()
}

fn redeliver(
    connection: &Connection,
    webhook: &Webhook,
    selected: &[&Examined],
    now: DateTime<Utc>,
    incarnation: Uuid,
) -> rusqlite::Result<()> {
    for delivery in selected {
        let (lane, due_at) = if delivery.is_pending {
            let due_at = delivery.due_at.min(now);
            redelivery::bring_forward(connection, delivery.id, due_at, incarnation)?;
            (delivery.lane, due_at)
        } else {
            (redelivery::make_due(connection, delivery.id, webhook.id, webhook.epoch, webhook.ordered, now, incarnation)?, now)
        };
        ready::mark(connection, WorkItem { webhook_id: webhook.id, lane }, due_at)?;
    }
    Ok(())
}

/// Cancels pending deliveries. A delivery with an attempt in flight keeps its lease until the attempt ends.
fn cancel(connection: &Connection, webhook_id: Uuid, selected: &[&Examined], now: DateTime<Utc>) -> rusqlite::Result<()> {
    let mut cancel = connection.prepare_cached("UPDATE deliveries SET status = 3, due_at = ?2 WHERE id = ?1 AND status = 0")?;
    for delivery in selected {
        cancel.execute((Key(delivery.id), Millis(now)))?;
    }
    if selected.iter().any(|delivery| delivery.blocks_next) {
        ready::mark(connection, WorkItem { webhook_id, lane: Lane::Ordered }, DateTime::UNIX_EPOCH)?;
    }
    Ok(())
}
