//! Deleting notifications: the payload, and what receivers answered, which may repeat it.
//!
//! What is erased here no statement finds any more. Its bytes stay for a while where PostgreSQL keeps what was: in dead rows
//! until these are vacuumed and their room is used again, and in the log (WAL), its archive and backups until those go.
//!
//! Whoever deletes a notification holds its deliveries, and so does whoever records an attempt of one, before it looks whether the
//! notification is there: an answer is recorded before the deletion, and wiped, or not at all.

use super::*;
use crate::store::shared::WIPED_AT_ONCE;

/// The payload goes, and so does every pending delivery. They are as many as were published in one transaction.
pub(super) async fn delete_notification(session: &Session, account: Option<&Account>, id: Uuid, now: DateTime<Utc>) -> Answer<bool> {
    let exists = "SELECT 1 FROM notifications WHERE id = $1 AND data IS NOT NULL AND ($2 IS NULL OR account = $2)";
    if session.query_opt(exists, &[&id, &account.map(Account::as_str)]).await?.is_none() {
        return Ok(false);
    }
    // Nobody takes or redelivers anything of it from here on, or sees that it is deleted.
    hold_orders(session, id).await?;
    let held = "SELECT id FROM deliveries WHERE notification_id BETWEEN $1 AND $1 ORDER BY notification_id, id FOR UPDATE";
    let held = session.query(held, &[&id]).await?;
    let held: Vec<Uuid> = held.iter().map(|row| Ok(row.try_get(0)?)).collect::<Answer<_>>()?;
    let erased = session.execute("UPDATE notifications SET data = NULL WHERE id = $1 AND data IS NOT NULL", &[&id]).await?;
    if erased == 0 {
        return Ok(false);
    }
    cancel(session, held, now).await?;
    session
        .execute(
            "WITH change AS (INSERT INTO changes (notification_id) VALUES ($1))
             INSERT INTO erasures (notification_id, wiped_up_to) VALUES ($1, $2)",
            &[&id, &Uuid::nil()],
        )
        .await?;
    Ok(true)
}

/// Until the end of the transaction nobody takes the next delivery of those ordered webhooks that this one waits for.
async fn hold_orders(session: &Session, notification_id: Uuid) -> Answer<()> {
    let rows = session
        .query(
            "SELECT DISTINCT d.webhook_id FROM deliveries d WHERE d.notification_id = $1 AND d.status = 0
                 AND (SELECT p.sequence IS NOT NULL FROM pending p WHERE p.delivery_id = d.id)
             ORDER BY d.webhook_id",
            &[&notification_id],
        )
        .await?;
    let webhooks: Vec<Uuid> = rows.iter().map(|row| Ok(row.try_get(0)?)).collect::<Answer<_>>()?;
    if !webhooks.is_empty() {
        session.query("SELECT 1 FROM sequences WHERE webhook_id = ANY($1) ORDER BY webhook_id FOR UPDATE", &[&webhooks]).await?;
    }
    Ok(())
}

/// Cancels those of some deliveries that are pending. An attempt that is under way keeps its lease until it ends.
async fn cancel(session: &Session, deliveries: Vec<Uuid>, now: DateTime<Utc>) -> Answer<()> {
    let rows = session
        .query(
            &format!(
                "SELECT delivery_id, coalesce({}, false), webhook_id, sequence IS NOT NULL FROM pending
                 WHERE delivery_id = ANY($1) AND lane < 3 ORDER BY delivery_id FOR UPDATE",
                redelivery::UNDER_WAY
            ),
            &[&deliveries],
        )
        .await?;
    if rows.is_empty() {
        return Ok(());
    }
    let (mut under_way, mut waiting, mut behind) = (Vec::new(), Vec::new(), Vec::new());
    for row in &rows {
        let (id, is_under_way, webhook_id, in_order): (Uuid, bool, Uuid, bool) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
        if is_under_way {
            under_way.push(id);
            continue;
        }
        waiting.push(id);
        if in_order {
            behind.push((Work { webhook_id, lane: Lane::Ordered }, DateTime::UNIX_EPOCH));
        }
    }
    session
        .execute(
            "WITH cancelled AS (
                 UPDATE deliveries SET status = 3, ended_at = $3 WHERE id = ANY($1 || $2) AND status = 0
                 RETURNING id, webhook_id, account, created_at),
             noted AS (
                 INSERT INTO unsuccessful (delivery_id, webhook_id, account, created_at, status)
                 SELECT id, webhook_id, account, created_at, 3 FROM cancelled),
             over AS (DELETE FROM pending WHERE delivery_id = ANY($2))
             UPDATE pending SET lane = 3 WHERE delivery_id = ANY($1)",
            &[&under_way, &waiting, &now],
        )
        .await?;
    // What stands behind it in order need not wait for it any more, unless an attempt of it is under way, which looks after that.
    ready::mark(session, &behind).await
}

/// A step of any erasure that was cut off or is under way. True when more may be left.
pub(super) async fn erase_some_answers(session: &Session) -> Answer<bool> {
    // Nearly always there is none, and no need of a transaction.
    let next = "SELECT notification_id, wiped_up_to FROM erasures ORDER BY notification_id LIMIT 1";
    if session.query_opt(next, &[]).await?.is_none() {
        return Ok(false);
    }
    let transaction = session.begin().await?;
    let next = transaction.query_opt(&format!("{next} FOR UPDATE SKIP LOCKED"), &[]).await?;
    if let Some(next) = &next {
        wipe(&transaction, next.try_get(0)?, next.try_get(1)?).await?;
    }
    transaction.commit().await?;
    Ok(next.is_some())
}

/// True when more is left.
pub(super) async fn erase_answers(session: &Session, notification_id: Uuid) -> Answer<bool> {
    let reached = session.query_opt("SELECT wiped_up_to FROM erasures WHERE notification_id = $1 FOR UPDATE", &[&notification_id]).await?;
    match reached {
        Some(reached) => wipe(session, notification_id, reached.try_get(0)?).await,
        None => Ok(false),
    }
}

/// Wipes the answers of deliveries behind one, and notes how far that is. True when more is left.
async fn wipe(session: &Session, notification_id: Uuid, after: Uuid) -> Answer<bool> {
    // Held, so that nobody removes them or their attempts meanwhile.
    let deliveries = session
        .query(
            "SELECT id FROM deliveries WHERE (notification_id, id) > ($1, $2) AND notification_id <= $1
             ORDER BY notification_id, id LIMIT $3 FOR KEY SHARE",
            &[&notification_id, &after, &i64::from(WIPED_AT_ONCE)],
        )
        .await?;
    let deliveries: Vec<Uuid> = deliveries.iter().map(|row| Ok(row.try_get(0)?)).collect::<Answer<_>>()?;
    let wiped = "UPDATE attempts SET response_body = NULL WHERE delivery_id = ANY($1) AND response_body IS NOT NULL";
    session.execute(wiped, &[&deliveries]).await?;
    match deliveries.last().filter(|_| deliveries.len() == WIPED_AT_ONCE as usize) {
        Some(last) => {
            session.execute("UPDATE erasures SET wiped_up_to = $2 WHERE notification_id = $1", &[&notification_id, last]).await?;
            Ok(true)
        }
        None => {
            session.execute("DELETE FROM erasures WHERE notification_id = $1", &[&notification_id]).await?;
            Ok(false)
        }
    }
}
