//! Cancelling the pending deliveries of deactivated and deleted webhooks.

use super::*;
use crate::store::shared::CANCELLED_AT_ONCE;

/// How long a cancellation waits before it tries again to cancel locked deliveries.
const LOCKED_RETRY: &str = "interval '1 second'";

/// Records that the pending deliveries of a webhook are cancelled. Also removes the rows of the webhook in `sequences`
/// and `ready`. Does not wait for rows that another transaction has locked, because waiting could cause a deadlock. A
/// locked row stays, and does no harm. A later operation removes the row, at the latest together with the tombstone of
/// the webhook.
pub(super) async fn insert(session: &Session, id: Uuid) -> SessionResult<()> {
    // This statement must come before the change of `ready`, because a recovery locks `cancellations` first and
    // `ready` last.
    session
        .execute(
            "INSERT INTO cancellations (webhook_id, epoch) SELECT id, epoch FROM webhooks WHERE id = $1
             ON CONFLICT (webhook_id) DO UPDATE SET epoch = excluded.epoch, since = excluded.since, due_at = excluded.due_at",
            &[&id],
        )
        .await?;
    for table in ["sequences", "ready"] {
        let unlocked = format!("SELECT ctid FROM {table} WHERE webhook_id = $1 FOR UPDATE SKIP LOCKED");
        session.execute(&format!("DELETE FROM {table} WHERE ctid = ANY(ARRAY({unlocked}))"), &[&id]).await?;
    }
    Ok(())
}

/// Stores the status `cancelled` in some deliveries. These deliveries have counted as cancelled since their webhook
/// was deactivated or deleted. Returns whether more deliveries may be left.
pub(super) async fn cancel_some(session: &Session, now: DateTime<Utc>) -> SessionResult<bool> {
    // Removes rows of deliveries that were cancelled during an attempt, if the node of that attempt has died.
    let abandoned = session
        .execute(
            &format!(
                "DELETE FROM pending WHERE delivery_id = ANY(ARRAY(
                     SELECT delivery_id FROM pending
                     WHERE lane = 3 AND (leased_by IS NULL OR NOT EXISTS (SELECT 1 FROM nodes WHERE nodes.incarnation = pending.leased_by))
                     LIMIT {CANCELLED_AT_ONCE} FOR UPDATE SKIP LOCKED))"
            ),
            &[],
        )
        .await?;
    let transaction = session.begin().await?;
    let cancelled = cancel_step(&transaction, None, now).await?;
    transaction.commit().await?;
    Ok(cancelled || abandoned > 0)
}

/// Runs one step of a cancellation, for the webhook `of_webhook`, or for any webhook if `of_webhook` is `None`. Returns
/// true if there may be more to do now. If a webhook is given, also returns true while any delivery of this webhook
/// must still be cancelled. If a delivery has an attempt in flight, the row of the delivery in `pending` stays until
/// the attempt has ended.
pub(super) async fn cancel_step(session: &Session, of_webhook: Option<Uuid>, now: DateTime<Utc>) -> SessionResult<bool> {
    let next = match of_webhook {
        Some(id) => session.query_opt("SELECT webhook_id, epoch FROM cancellations WHERE webhook_id = $1 FOR UPDATE", &[&id]).await?,
        None => {
            let due = "SELECT webhook_id, epoch FROM cancellations WHERE due_at <= now() ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED";
            session.query_opt(due, &[]).await?
        }
    };
    let Some(row) = next else { return Ok(false) };
    let (webhook_id, epoch): (Uuid, i32) = (row.try_get(0)?, row.try_get(1)?);
    // A later step cancels the deliveries whose rows other transactions have locked now.
    let cancel = format!(
        "WITH found AS (
             SELECT delivery_id FROM pending WHERE webhook_id = $1 AND epoch <= $2 AND lane <> 3
             ORDER BY epoch, lane, due_at, delivery_id LIMIT {CANCELLED_AT_ONCE}),
         held AS (
             SELECT d.id FROM (SELECT delivery_id FROM found ORDER BY delivery_id) AS found
             CROSS JOIN LATERAL (SELECT id FROM deliveries WHERE id = found.delivery_id FOR UPDATE SKIP LOCKED) d),
         taken AS (
             SELECT p.* FROM held
             CROSS JOIN LATERAL (
                 SELECT delivery_id, EXISTS (SELECT 1 FROM nodes WHERE nodes.incarnation = pending.leased_by) AS is_attempted
                 FROM pending WHERE delivery_id = held.id AND epoch <= $2 AND lane <> 3 FOR UPDATE SKIP LOCKED) p),
         kept AS (UPDATE pending SET lane = 3 WHERE delivery_id = ANY(ARRAY(SELECT delivery_id FROM taken WHERE is_attempted))),
         removed AS (DELETE FROM pending WHERE delivery_id = ANY(ARRAY(SELECT delivery_id FROM taken WHERE NOT is_attempted))),
         cancelled AS (
             UPDATE deliveries SET status = 3, ended_at = $3 WHERE id = ANY(ARRAY(SELECT delivery_id FROM taken)) AND status = 0
             RETURNING id, webhook_id, account, created_at),
         noted AS (
             INSERT INTO unsuccessful (delivery_id, webhook_id, account, created_at, status)
             SELECT id, webhook_id, account, created_at, 3 FROM cancelled
             ON CONFLICT (delivery_id) DO UPDATE SET status = excluded.status)
         SELECT count(*) FROM taken"
    );
    let cancelled: i64 = session.query_one(&cancel, &[&webhook_id, &epoch, &now]).await?.try_get(0)?;
    if cancelled == CANCELLED_AT_ONCE {
        return Ok(true);
    }
    let any_left = "SELECT EXISTS (SELECT 1 FROM pending WHERE webhook_id = $1 AND epoch <= $2 AND lane <> 3)";
    let any_left: bool = session.query_one(any_left, &[&webhook_id, &epoch]).await?.try_get(0)?;
    if any_left {
        let later = format!("UPDATE cancellations SET due_at = now() + {LOCKED_RETRY} WHERE webhook_id = $1");
        session.execute(&later, &[&webhook_id]).await?;
        return Ok(cancelled > 0 || of_webhook.is_some());
    }
    // The row in `cancellations` stays for some time. The reason is that a publish may have read the webhook before the
    // deactivation and may commit later.
    let remove = format!("DELETE FROM cancellations WHERE webhook_id = $1 AND since < now() - interval '{MAX_STATEMENT_SECONDS} s'");
    let finished = session.execute(&remove, &[&webhook_id]).await?;
    if finished == 0 {
        let postpone = format!("UPDATE cancellations SET due_at = since + interval '{MAX_STATEMENT_SECONDS} s' WHERE webhook_id = $1");
        session.execute(&postpone, &[&webhook_id]).await?;
    }
    Ok(cancelled > 0 || finished > 0)
}
