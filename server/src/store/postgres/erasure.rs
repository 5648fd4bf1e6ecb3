//! Deleting the payloads of notifications, and erasing the responses of receivers. A response may repeat the payload.
//!
//! After an erasure, statements do not find the data. But PostgreSQL keeps the bytes in dead rows until the space is
//! vacuumed and reused. The write-ahead log (WAL), its archive and backups also keep the bytes until these files are
//! removed.
//!
//! A deletion locks the deliveries of the notification. A transaction that records an attempt also locks the delivery,
//! and then checks whether the notification is deleted. If a response is recorded before the deletion, the erasure
//! removes it. After the deletion, no response is recorded.

use super::*;
use crate::store::shared::WIPED_AT_ONCE;

/// Deletes the payload of a notification and cancels its pending deliveries. One publish created all deliveries of the
/// notification, so the number of deliveries is limited. Returns the account of the notification, which the event
/// concerns.
pub(super) async fn delete_notification(
    session: &Session,
    account: Option<&Account>,
    id: Uuid,
    now: DateTime<Utc>,
    event: &EventRow,
) -> SessionResult<Option<Account>> {
    let owner = "SELECT account FROM notifications WHERE id = $1 AND data IS NOT NULL AND ($2 IS NULL OR account = $2)";
    let Some(owner) = session.query_opt(owner, &[&id, &account.map(Account::as_str)]).await? else { return Ok(None) };
    let event = EventRow { account: owner.try_get(0)?, ..event.clone() };
    // These locks make other transactions that lease or redeliver the deliveries wait. So those transactions see the
    // deletion.
    lock_orders(session, id).await?;
    let lock = "SELECT id FROM deliveries WHERE notification_id BETWEEN $1 AND $1 ORDER BY notification_id, id FOR UPDATE";
    let rows = session.query(lock, &[&id]).await?;
    let deliveries: Vec<Uuid> = rows.iter().map(|row| Ok(row.try_get(0)?)).collect::<SessionResult<_>>()?;
    let erased = session.execute("UPDATE notifications SET data = NULL WHERE id = $1 AND data IS NOT NULL", &[&id]).await?;
    if erased == 0 {
        return Ok(None);
    }
    cancel(session, deliveries, now).await?;
    let begun = "WITH change AS (INSERT INTO changes (notification_id) VALUES ($1))
                 INSERT INTO erasures (notification_id, wiped_up_to) VALUES ($1, $2)";
    audit::insert_with(session, &event, session.execute(begun, &[&id, &Uuid::nil()])).await?;
    Ok(event.account.map(Account::stored))
}

/// Locks the row in `sequences` of each ordered webhook that has a pending delivery of the notification.
async fn lock_orders(session: &Session, notification_id: Uuid) -> SessionResult<()> {
    let rows = session
        .query(
            "SELECT DISTINCT d.webhook_id FROM deliveries d WHERE d.notification_id = $1 AND d.status = 0
                 AND (SELECT p.sequence IS NOT NULL FROM pending p WHERE p.delivery_id = d.id)
             ORDER BY d.webhook_id",
            &[&notification_id],
        )
        .await?;
    let webhooks: Vec<Uuid> = rows.iter().map(|row| Ok(row.try_get(0)?)).collect::<SessionResult<_>>()?;
    if !webhooks.is_empty() {
        session.query("SELECT 1 FROM sequences WHERE webhook_id = ANY($1) ORDER BY webhook_id FOR UPDATE", &[&webhooks]).await?;
    }
    Ok(())
}

/// Cancels the deliveries in `deliveries` that are pending. If an attempt is in flight, its delivery keeps the lease
/// until the attempt ends. The caller must have locked the deliveries. Returns the number of cancelled deliveries.
pub(super) async fn cancel(session: &Session, deliveries: Vec<Uuid>, now: DateTime<Utc>) -> SessionResult<usize> {
    let rows = session
        .query(
            &format!(
                "SELECT delivery_id, coalesce({}, false), webhook_id, sequence IS NOT NULL FROM pending
                 WHERE delivery_id = ANY($1) AND lane <> 3 ORDER BY delivery_id FOR UPDATE",
                redelivery::IN_FLIGHT
            ),
            &[&deliveries],
        )
        .await?;
    if rows.is_empty() {
        return Ok(0);
    }
    let (mut in_flight, mut waiting, mut marks) = (Vec::new(), Vec::new(), Vec::new());
    for row in &rows {
        let (id, is_in_flight, webhook_id, in_order): (Uuid, bool, Uuid, bool) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
        if is_in_flight {
            in_flight.push(id);
            continue;
        }
        waiting.push(id);
        if in_order {
            marks.push((WorkItem { webhook_id, lane: Lane::Ordered }, DateTime::UNIX_EPOCH));
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
            &[&in_flight, &waiting, &now],
        )
        .await?;
    // Lets nodes lease the next delivery of each ordered webhook. If an attempt of the cancelled delivery is in flight,
    // the transaction that records its outcome leases the next delivery.
    ready::mark(session, &marks).await?;
    Ok(rows.len())
}

/// Runs one step of an unfinished erasure. Returns whether more responses may be left.
pub(super) async fn erase_some_responses(session: &Session) -> SessionResult<bool> {
    // Usually there is no unfinished erasure. In that case, no transaction is needed.
    let next = "SELECT notification_id, wiped_up_to FROM erasures ORDER BY notification_id LIMIT 1";
    if session.query_opt(next, &[]).await?.is_none() {
        return Ok(false);
    }
    let transaction = session.begin().await?;
    let next = transaction.query_opt(&format!("{next} FOR UPDATE SKIP LOCKED"), &[]).await?;
    if let Some(next) = &next {
        erase_step(&transaction, next.try_get(0)?, next.try_get(1)?).await?;
    }
    transaction.commit().await?;
    Ok(next.is_some())
}

/// Runs one step of the erasure of a notification's responses. Returns whether more responses are left.
pub(super) async fn erase_responses(session: &Session, notification_id: Uuid) -> SessionResult<bool> {
    let row = session.query_opt("SELECT wiped_up_to FROM erasures WHERE notification_id = $1 FOR UPDATE", &[&notification_id]).await?;
    match row {
        Some(row) => erase_step(session, notification_id, row.try_get(0)?).await,
        None => Ok(false),
    }
}

/// Erases the responses of some deliveries whose identifiers are greater than `after`, and stores the progress. Returns
/// whether more responses are left.
async fn erase_step(session: &Session, notification_id: Uuid, after: Uuid) -> SessionResult<bool> {
    // The lock keeps other transactions from removing the deliveries or their attempts.
    let deliveries = session
        .query(
            "SELECT id FROM deliveries WHERE (notification_id, id) > ($1, $2) AND notification_id <= $1
             ORDER BY notification_id, id LIMIT $3 FOR KEY SHARE",
            &[&notification_id, &after, &i64::from(WIPED_AT_ONCE)],
        )
        .await?;
    let deliveries: Vec<Uuid> = deliveries.iter().map(|row| Ok(row.try_get(0)?)).collect::<SessionResult<_>>()?;
    let erase = "UPDATE attempts SET response_body = NULL, exchange = NULL
        WHERE delivery_id = ANY($1) AND (response_body IS NOT NULL OR exchange IS NOT NULL)";
    session.execute(erase, &[&deliveries]).await?;
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
