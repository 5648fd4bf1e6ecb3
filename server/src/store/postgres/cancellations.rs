//! Cancelling the pending deliveries of a webhook that was deactivated or deleted.

use super::*;
use crate::store::shared::CANCELLED_AT_ONCE;

/// When deliveries are looked at again that others held.
const HELD: &str = "interval '1 second'";

/// What waits in order and for its time is left alone where another holds it: whoever waited for that here, holding what others
/// wait for, might be waited for in turn. It does no harm, and goes when its time comes or with the tombstone.
pub(super) async fn insert(session: &Session, id: Uuid) -> Answer<()> {
    // Before `ready`: a recovery holds this first and that last.
    session
        .execute(
            "INSERT INTO cancellations (webhook_id, epoch) SELECT id, epoch FROM webhooks WHERE id = $1
             ON CONFLICT (webhook_id) DO UPDATE SET epoch = excluded.epoch, since = excluded.since, due_at = excluded.due_at",
            &[&id],
        )
        .await?;
    for table in ["sequences", "ready"] {
        let unheld = format!("SELECT ctid FROM {table} WHERE webhook_id = $1 FOR UPDATE SKIP LOCKED");
        session.execute(&format!("DELETE FROM {table} WHERE ctid = ANY(ARRAY({unheld}))"), &[&id]).await?;
    }
    Ok(())
}

/// Marks some deliveries cancelled that have counted as such since their webhook went. True when more may be left.
pub(super) async fn carry_out_some(session: &Session, now: DateTime<Utc>) -> Answer<bool> {
    // The node that was to record their attempts is gone.
    let abandoned = session
        .execute(
            &format!(
                "DELETE FROM pending WHERE delivery_id IN (
                     SELECT delivery_id FROM pending
                     WHERE lane = 3 AND (leased_by IS NULL OR NOT EXISTS (SELECT 1 FROM nodes WHERE nodes.incarnation = pending.leased_by))
                     LIMIT {CANCELLED_AT_ONCE} FOR UPDATE SKIP LOCKED)"
            ),
            &[],
        )
        .await?;
    let transaction = session.begin().await?;
    let cancelled = carry_out(&transaction, None, now).await?;
    transaction.commit().await?;
    Ok(cancelled || abandoned > 0)
}

/// A step of that, of one webhook or of any. Of one, true while anything is left. The row of a delivery that is being attempted
/// stays until that attempt has ended.
pub(super) async fn carry_out(session: &Session, of_webhook: Option<Uuid>, now: DateTime<Utc>) -> Answer<bool> {
    let next = match of_webhook {
        Some(id) => session.query_opt("SELECT webhook_id, epoch FROM cancellations WHERE webhook_id = $1 FOR UPDATE", &[&id]).await?,
        None => {
            let due = "SELECT webhook_id, epoch FROM cancellations WHERE due_at <= now() ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED";
            session.query_opt(due, &[]).await?
        }
    };
    let Some(row) = next else { return Ok(false) };
    let (webhook_id, epoch): (Uuid, i32) = (row.try_get(0)?, row.try_get(1)?);
    // What others hold is passed over, and comes in a later step.
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
        let later = format!("UPDATE cancellations SET due_at = now() + {HELD} WHERE webhook_id = $1");
        session.execute(&later, &[&webhook_id]).await?;
        return Ok(cancelled > 0 || of_webhook.is_some());
    }
    // It only waits for a publish that had seen the webhook active, and may come late.
    let over = format!("DELETE FROM cancellations WHERE webhook_id = $1 AND since < now() - interval '{LONGEST_STATEMENT_SECONDS} s'");
    let finished = session.execute(&over, &[&webhook_id]).await?;
    if finished == 0 {
        let once_more = format!("UPDATE cancellations SET due_at = since + interval '{LONGEST_STATEMENT_SECONDS} s' WHERE webhook_id = $1");
        session.execute(&once_more, &[&webhook_id]).await?;
    }
    Ok(cancelled > 0 || finished > 0)
}
